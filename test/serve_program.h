// SPDX-License-Identifier: Apache-2.0
// A real `tresor serve` in a scratch folder, and the real kubectl that talks to it. No gtest here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/context.h"
#include "base/status.h"
#include "etcd/client.h"
#include "process/process.h"
#include "runtime/runtime.h"
#include "test/etcd_fixture.h"

namespace tresor::testing {

struct ServeOptions {
  std::string line = "3.5";  // of etcd
  std::string default_schedule = "@every 20m";
  std::string kubectl = "kubectl-debian";   // FindTool's
  std::vector<std::string> arguments = {};  // more of them
};

/// Its clusters' members are stopped, and everything is gone, with the object.
/// Threads: one.
class ServeProgram {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ServeProgram>> Start(const ServeOptions& options);
  ~ServeProgram();

  /// SIGKILL.
  void Kill() { server_->Kill(); }
  /// Starts the program, and waits until it serves.
  [[nodiscard]] Status Start();
  /// SIGTERM, and how it ended.
  [[nodiscard]] Result<process::ExitStatus> Stop();

  /// Runs kubectl. kUnknown: it failed; with what it said.
  [[nodiscard]] Result<std::string> Kubectl(std::vector<std::string> arguments) const;
  /// kubectl apply of this object.
  [[nodiscard]] Status Apply(const nlohmann::json& object) const;
  /// Empty: there is no such value.
  [[nodiscard]] std::string Value(const std::string& kind, const std::string& name,
                                  const std::string& json_path) const;
  [[nodiscard]] Status AwaitCondition(const std::string& object,
                                      const std::string& condition) const;
  /// Until `look` says so, or kDeadlineExceeded with `what`.
  [[nodiscard]] Status Await(const std::string& what, const std::function<bool()>& look) const;

  /// `tresor WORDS…` with the server's kubeconfig and project.
  [[nodiscard]] Result<process::Output> Tresor(std::vector<std::string> words) const;
  /// What people get by `tresor cluster credentials`.
  [[nodiscard]] Result<etcd::ClientOptions> Credentials(const std::string& cluster) const;
  /// How the only cluster's members are, whether the server runs or not.
  [[nodiscard]] Result<runtime::ClusterObservation> Observe() const;

  [[nodiscard]] const std::string& dir() const { return scratch_->path(); }
  [[nodiscard]] std::string data_dir() const { return dir() + "/data"; }
  [[nodiscard]] std::int64_t pid() const { return server_->pid(); }
  /// What it said last, for a failed test to show.
  [[nodiscard]] std::string Log() const;

 private:
  explicit ServeProgram(ServeOptions options) : options_(std::move(options)) {}
  [[nodiscard]] std::vector<std::string> ClusterUids() const;
  [[nodiscard]] Result<std::unique_ptr<runtime::ClusterRuntime>> OpenRuntime() const;
  [[nodiscard]] std::vector<std::string> Environment() const;

  const ServeOptions options_;
  std::string etcd_;
  std::string kubectl_;
  std::unique_ptr<ScratchDir> scratch_;
  std::unique_ptr<process::Process> server_;
  int starts_ = 0;
};

}  // namespace tresor::testing
