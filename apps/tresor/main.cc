// SPDX-License-Identifier: Apache-2.0
// tresor: wires the real world to cli::Run.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <stop_token>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/thread.h"
#include "build_info.h"
#include "cli/run.h"
#include "etcd/client.h"
#include "io/file_system.h"

namespace tresor {
namespace {

/// SIGINT and SIGTERM ask to stop; the second one does not ask. Signals are blocked in every thread
/// and taken by one, so nothing runs inside a handler.
class StopOnSignals {
 public:
  StopOnSignals() {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, kEnd}) {
      sigaddset(&signals_, signal);
    }
    // Before any other thread: all of them inherit the mask.
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    waiter_ = Thread([this] { Wait(); });
  }
  ~StopOnSignals() { pthread_kill(waiter_.native_handle(), kEnd); }
  StopOnSignals(const StopOnSignals&) = delete;
  StopOnSignals& operator=(const StopOnSignals&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  /// The signal that came; 0: none.
  [[nodiscard]] int signal() const { return signal_; }

 private:
  static constexpr int kEnd = SIGUSR2;

  void Wait() {
    int signal = 0;
    while (sigwait(&signals_, &signal) == 0 && signal != kEnd) {
      if (signal_ != 0) {
        _exit(128 + signal);
      }
      signal_ = signal;
      source_.request_stop();
    }
  }

  sigset_t signals_{};
  std::stop_source source_;
  std::atomic<int> signal_ = 0;
  Thread waiter_;
};

int Main(int argc, char** argv) {
  // A file over the limit (ulimit -f) is then an error like a full disk, not the end.
  (void)std::signal(SIGXFSZ, SIG_IGN);
  StopOnSignals stop;
  cli::Host host{.file_system = io::PosixFileSystem(),
                 .clock = SystemClock(),
                 .random = SystemRandom(),
                 .terminal = cli::PosixTerminal(),
                 .out = std::cout,
                 .error = std::cerr,
                 .environment = GetEnvironment,
                 .connect = etcd::Client::Connect,
                 .build = GetBuildInfo(),
                 .file_creation_mask = FileCreationMask()};
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  const cli::ExitCode code = cli::Run(host, Context::Background().WithStop(stop.token()), words);
  if (code == cli::ExitCode::kInterrupted && stop.signal() != 0) {
    return 128 + stop.signal();
  }
  return static_cast<int>(code);
}

}  // namespace
}  // namespace tresor

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  return tresor::Main(argc, argv);
}
