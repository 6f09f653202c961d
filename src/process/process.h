// SPDX-License-Identifier: Apache-2.0
// Child processes: started in a group of their own, waited for with a deadline, and never left
// behind.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"

namespace tresor::process {

struct ProcessOptions {
  /// Program and arguments. Without a '/' the program is looked for in PATH. At least one.
  std::vector<std::string> arguments;
  /// "NAME=value": all of the child's environment; none: the parent's.
  std::optional<std::vector<std::string>> environment = {};
  std::string working_directory = {};  // empty: the parent's
  /// Where standard output and standard error go; a file is appended to, and made with mode 0600.
  /// The same path for both is one stream. Empty: the parent's.
  std::string stdout_path = {};
  std::string stderr_path = {};
  /// A file (made with mode 0600) that the child, and what it starts, hold locked from before it
  /// runs until the last of them is gone (io::IsLocked tells). Empty: none.
  std::string lock_path = {};
};

/// How a process ended.
struct ExitStatus {
  int exit_code = 0;  // when `signal` is 0
  int signal = 0;     // that killed it; 0: it exited by itself
  [[nodiscard]] bool success() const { return exit_code == 0 && signal == 0; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};
/// "exit code 1", "signal 9 (Killed)"
[[nodiscard]] std::string ToString(const ExitStatus& status);

/// A running child. Standard input is /dev/null. It leads a process group of its own, so that a
/// terminal's Ctrl-C reaches the parent alone, and the kernel kills it when the parent dies,
/// however that happens.
///
/// The destructor kills the group (SIGKILL) and reaps the child.
/// Threads: all methods, from any thread.
class Process {
 public:
  /// On return the program runs. kNotFound: no such program or working directory.
  /// kPermissionDenied: not executable, or a file that may not be written. kResourceExhausted: no
  /// more processes. kFailedPrecondition: somebody else holds `lock_path`. Call it from a thread
  /// that outlives the child: the kernel takes that thread's end for the parent's death.
  [[nodiscard]] static Result<std::unique_ptr<Process>> Start(const ProcessOptions& options);
  virtual ~Process() = default;

  [[nodiscard]] virtual std::int64_t pid() const = 0;
  /// How it ended; none: it runs. Does not wait.
  [[nodiscard]] virtual std::optional<ExitStatus> Poll() = 0;
  /// Waits for its end. The answer stays the same afterwards. kDeadlineExceeded, kCancelled: it
  /// runs on.
  [[nodiscard]] virtual Result<ExitStatus> Wait(const Context& context) = 0;
  /// Sends `signal` to the child alone. kFailedPrecondition: it has ended.
  [[nodiscard]] virtual Status Signal(int signal) = 0;
  /// SIGTERM to the child; after `grace`, or when `context` ends, SIGKILL to its group. Returns how
  /// it ended.
  [[nodiscard]] virtual Result<ExitStatus> Terminate(const Context& context,
                                                     std::chrono::nanoseconds grace) = 0;
  /// SIGKILL to its group; returns when the child is gone.
  virtual ExitStatus Kill() = 0;
};

/// The path of a program, as execvp looks for it: with a '/' it is what was given. kNotFound: not
/// in PATH.
[[nodiscard]] Result<std::string> FindProgram(const std::string& name);

/// Starts a program that outlives this process: in a session of its own, and not our child, so that
/// neither our end nor a terminal's reaches it and nobody here has to wait for it. On return it
/// runs; its pid. Errors as Process::Start's.
[[nodiscard]] Result<std::int64_t> StartDetached(const ProcessOptions& options);

/// Sends `signal` to the process of this number if it is the one that started at `start_ticks`
/// (ProcessStartTicks), and not a later one that was given the same number. kNotFound: it is gone.
[[nodiscard]] Status SignalProcess(std::int64_t pid, std::uint64_t start_ticks, int signal);

struct Output {
  ExitStatus status;
  std::string standard_output;
  std::string standard_error;
};

/// Runs a program to its end and returns what it wrote; `options`' paths are not used. When
/// `context` ends first the process is killed. kResourceExhausted: more than `limit_bytes` of
/// output.
[[nodiscard]] Result<Output> Run(const Context& context, const ProcessOptions& options,
                                 std::uint64_t limit_bytes = std::uint64_t{64} << 20);

}  // namespace tresor::process
