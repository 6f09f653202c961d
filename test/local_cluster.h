// SPDX-License-Identifier: Apache-2.0
// A cluster of runtime/local, with real launchers and real etcd, for tests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "runtime/local/local.h"
#include "runtime/runtime.h"
#include "test/etcd_fixture.h"

namespace tresor::testing {

[[nodiscard]] inline Context Soon() {
  return Context::Background().WithTimeout(std::chrono::seconds(60));
}

struct LocalClusterOptions {
  std::string line = "3.5";
  int replicas = 1;
  /// The launcher's program and first arguments; empty: the real tresor's.
  std::vector<std::string> launcher = {};
};

/// Everything lies in a ScratchDir, and is stopped and gone with the object.
/// Threads: one.
class LocalCluster {
 public:
  /// Nothing runs yet.
  [[nodiscard]] static Result<std::unique_ptr<LocalCluster>> Make(
      const LocalClusterOptions& options);
  ~LocalCluster();

  [[nodiscard]] runtime::ClusterRuntime& runtime() { return *runtime_; }
  [[nodiscard]] runtime::ClusterSpec& spec() { return spec_; }
  [[nodiscard]] const std::string& dir() const { return scratch_->path(); }
  [[nodiscard]] std::string member_dir(int i) const;

  /// Changes count from Reopen on.
  [[nodiscard]] runtime::LocalOptions& options() { return local_; }
  /// Forgets the runtime object and makes another, as a server that was started again.
  [[nodiscard]] Status Reopen();
  /// Likewise, with another launcher; empty: the real tresor's.
  [[nodiscard]] Status UseLauncher(const std::vector<std::string>& launcher);
  [[nodiscard]] Result<runtime::ClusterObservation> Observe();
  /// Observes until `done`; the error tells what was seen last.
  using Condition = std::function<bool(const runtime::ClusterObservation&)>;
  [[nodiscard]] Status Await(const Context& context, const Condition& done);
  /// Applies the spec before each look, as a controller does.
  [[nodiscard]] Status ApplyUntil(const Context& context, const Condition& done);
  /// As many members as the spec says, all healthy, open and without a restore under way.
  [[nodiscard]] Status ApplyUntilHealthy(const Context& context);

  /// As Tresor.
  [[nodiscard]] Status Put(const std::string& key, const std::string& value);
  /// "?" and why when it cannot be read; empty: there is no such key.
  [[nodiscard]] std::string Get(const std::string& key);
  /// A backup of what is now, in repo(); its id.
  [[nodiscard]] Result<std::string> TakeBackup();
  [[nodiscard]] std::string repo() const { return dir() + "/repo"; }
  [[nodiscard]] std::string key_file() const { return dir() + "/key"; }
  /// With a bump, as control orders it.
  [[nodiscard]] runtime::RestoreOrder RestoreOf(const std::string& backup,
                                                const std::string& id) const;
  /// The ends of all logs, for a failed test to show.
  [[nodiscard]] std::string LogTails() const;

 private:
  LocalCluster() = default;
  [[nodiscard]] Status Loop(const Context& context, bool apply, const Condition& done);

  std::unique_ptr<ScratchDir> scratch_;
  runtime::LocalOptions local_;
  runtime::ClusterSpec spec_;
  std::unique_ptr<runtime::ClusterRuntime> runtime_;
};

/// One line per member, for messages.
[[nodiscard]] std::string Describe(const runtime::ClusterObservation& observation);

}  // namespace tresor::testing
