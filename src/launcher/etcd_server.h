// SPDX-License-Identifier: Apache-2.0
// EtcdServer: one etcd as the launcher's child. Started again when it ends by itself, after a while
// that grows; asked whether it answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "etcd/client.h"
#include "io/file_system.h"
#include "process/process.h"
#include "runtime/member/layout.h"
#include "runtime/member/order.h"
#include "runtime/member/status_file.h"

namespace tresor::launcher {

/// The kernel kills the child when the thread that calls Serve ends.
/// Threads: one, which outlives the object.
class EtcdServer {
 public:
  static constexpr std::chrono::seconds kStopGrace{15};  // etcd waits 5 s for its clients by itself
  /// During a restore: nobody is served, and where all members stop no leader finds another one.
  static constexpr std::chrono::seconds kShortGrace{2};

  /// All references outlive this.
  EtcdServer(io::FileSystem& fs, const Clock& clock, Random& random,
             const runtime::MemberFiles& files)
      : fs_(fs), clock_(clock), random_(random), files_(files) {}
  ~EtcdServer();

  /// Sees to it that etcd runs as `order` says; one that runs otherwise is stopped before. Not
  /// before its time, when it ended by itself. The error is why it could not be started.
  [[nodiscard]] Status Serve(const runtime::MemberOrder& order, bool closed);
  /// SIGTERM, and after `grace` SIGKILL. What etcd has acknowledged is in its log either way; what
  /// takes it long is a leader that looks for another one.
  void Stop(std::chrono::seconds grace = kStopGrace);
  /// Looks whether it has ended, and asks it when it is time to.
  void Poll(const Context& context);

  [[nodiscard]] bool running() const { return process_ != nullptr; }
  /// It has answered since it was started.
  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] const std::string& url() const { return url_; }
  /// Of the running one.
  [[nodiscard]] runtime::ProcessIdentity identity() const;
  /// How often it ended by itself.
  [[nodiscard]] std::uint32_t restarts() const { return restarts_; }
  [[nodiscard]] bool port_taken() const { return port_taken_; }
  /// Why it does not run or answer; empty: it does.
  [[nodiscard]] std::string trouble() const;
  /// As Tresor, to the running one.
  [[nodiscard]] etcd::Client* client() { return client_.get(); }

 private:
  [[nodiscard]] Status Start(const runtime::MemberOrder& order, std::vector<std::string> arguments,
                             bool closed);
  [[nodiscard]] Status Connect();
  void NoteExit(const process::ExitStatus& exit);

  io::FileSystem& fs_;
  const Clock& clock_;
  Random& random_;
  const runtime::MemberFiles files_;

  std::unique_ptr<process::Process> process_;
  std::vector<std::string> arguments_;  // of the running one, but for those that only count once
  std::unique_ptr<etcd::Client> client_;
  std::string url_;
  bool closed_ = false;
  bool answered_ = false;
  MonotonicTime started_;
  MonotonicTime last_answer_;
  MonotonicTime next_question_;
  MonotonicTime connected_;

  std::uint32_t restarts_ = 0;
  int failures_ = 0;  // in a row
  MonotonicTime next_start_;
  std::string last_words_;
  bool port_taken_ = false;
};

/// What etcd's log says about its end: the last message that is at least an error, else the last
/// line. `log` is the log's end. Pure.
[[nodiscard]] std::string LastWords(std::string_view log);

/// When the file has more than `limit_bytes`, its content becomes `path`.1, .1 becomes .2 and so
/// on, up to `keep`; the file goes on empty, for writers that append and keep it open. What they
/// write meanwhile may be lost.
[[nodiscard]] Status RotateLog(io::FileSystem& fs, const std::string& path,
                               std::uint64_t limit_bytes, int keep);

}  // namespace tresor::launcher
