// SPDX-License-Identifier: Apache-2.0
// A real `tresor serve` in a scratch folder, and what talks to it: the real kubectl, and plain
// requests. No gtest here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/context.h"
#include "base/status.h"
#include "etcd/client.h"
#include "net/http_client.h"
#include "process/process.h"
#include "runtime/runtime.h"
#include "test/etcd_fixture.h"

namespace tresor::testing {

struct ServeOptions {
  std::string line = "3.5";  // of etcd
  std::string default_schedule = "@every 20m";
  std::string kubectl = "kubectl-debian";   // FindTool's
  std::vector<std::string> arguments = {};  // more of them
  std::string etcd = {};                    // a program in place of the line's
  /// Where TRESOR_TEST_HOLD_POINTS points to (cli/hold_points.h); empty: nowhere.
  std::string hold_points = {};
  std::string data_dir = {};  // empty: in the scratch folder
};

/// What the API answered.
struct Answer {
  int status = 0;
  nlohmann::json body;
  /// Of a Status object.
  [[nodiscard]] std::string reason() const { return body.value("reason", ""); }
};

/// Its clusters' members are stopped, and everything is gone, with the object.
/// Threads: one.
class ServeProgram {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ServeProgram>> Start(const ServeOptions& options);
  ~ServeProgram();

  /// SIGKILL.
  void Kill() { server_->Kill(); }
  [[nodiscard]] bool runs() { return !server_->Poll().has_value(); }
  /// Starts the program, and waits until it serves.
  [[nodiscard]] Status Start();
  /// SIGTERM, and how it ended.
  [[nodiscard]] Result<process::ExitStatus> Stop();

  /// One request as the administrator. The error: there was no answer.
  [[nodiscard]] Result<Answer> Call(const std::string& method, const std::string& path,
                                    const nlohmann::json& body = nullptr);

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
  [[nodiscard]] std::string data_dir() const {
    return options_.data_dir.empty() ? dir() + "/data" : options_.data_dir;
  }
  /// Folders of all members of all clusters.
  [[nodiscard]] std::vector<std::string> MemberDirs() const;
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
  std::unique_ptr<net::HttpClient> http_;
  std::string token_;
  int starts_ = 0;
};

}  // namespace tresor::testing
