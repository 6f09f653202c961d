// SPDX-License-Identifier: Apache-2.0
#include "process/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/environment.h"
#include "base/guarded.h"

namespace tresor::process {
namespace {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { Close(); }
  void Close() {
    if (fd_ >= 0) {
      ::close(std::exchange(fd_, -1));
    }
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// The one table from errno, for calls on processes and on the files that they are given.
Status ErrnoStatus(int error, std::string_view what) {
  Code code = Code::kUnavailable;
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      code = Code::kNotFound;
      break;
    case EACCES:
    case EPERM:
    case EISDIR:
    case EROFS:
      code = Code::kPermissionDenied;
      break;
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
      code = Code::kResourceExhausted;
      break;
    case EINVAL:
    case E2BIG:
    case ENOEXEC:
    case ENAMETOOLONG:
    case ELOOP:
      code = Code::kInvalidArgument;
      break;
    default:
      break;
  }
  return Error(code, "{}: {}", what, std::generic_category().message(error));
}

Result<Fd> OpenFile(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!fd.valid()) {
    return ErrnoStatus(errno, path);
  }
  return fd;
}

struct Pipe {
  Fd read, write;
};

Result<Pipe> OpenPipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) {
    return ErrnoStatus(errno, "pipe");
  }
  return Pipe{Fd(fds[0]), Fd(fds[1])};
}

/// All that the child needs, laid out before the fork: afterwards it may only make system calls.
struct Launch {
  std::string program;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  const char* working_directory = nullptr;
  int standard_input = -1, standard_output = -1, standard_error = -1;  // -1: the parent's
  int error_pipe = -1;
  int lock = -1;      // stays open in the program; -1: none
  pid_t parent = -1;  // with which it dies; -1: none
};

enum class Step : int { kSetUp, kDirectory, kExec };
struct LaunchError {
  Step step{};
  int error = 0;
};

/// In the child, between fork and exec.
[[noreturn]] void RunChild(const Launch& launch) {
  const auto fail = [&](Step step) {
    const LaunchError error{step, errno};
    // Nothing can be done when even this fails; the parent sees the exit code then.
    [[maybe_unused]] const ssize_t written = ::write(launch.error_pipe, &error, sizeof(error));
    ::_exit(127);
  };
  if (launch.parent >= 0) {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != launch.parent) {
      fail(Step::kSetUp);  // in the second case nobody reads it
    }
    (void)::setpgid(0, 0);
  }
  for (int number = 1; number < NSIG; ++number) {
    (void)::signal(number, SIG_DFL);  // ignored ones would stay ignored after exec
  }
  sigset_t none;
  ::sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
  if ((launch.standard_input >= 0 && ::dup2(launch.standard_input, STDIN_FILENO) < 0) ||
      (launch.standard_output >= 0 && ::dup2(launch.standard_output, STDOUT_FILENO) < 0) ||
      (launch.standard_error >= 0 && ::dup2(launch.standard_error, STDERR_FILENO) < 0)) {
    fail(Step::kSetUp);
  }
  // Libraries may have opened files without O_CLOEXEC. Where the kernel lacks it, they leak.
  (void)::close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC);
  if (launch.lock >= 0 && ::fcntl(launch.lock, F_SETFD, 0) != 0) {
    fail(Step::kSetUp);
  }
  if (launch.working_directory != nullptr && ::chdir(launch.working_directory) != 0) {
    fail(Step::kDirectory);
  }
  ::execve(launch.program.c_str(), launch.arguments.data(), launch.environment.data());
  fail(Step::kExec);
  ::_exit(127);
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) {
    pointers.push_back(const_cast<char*>(string.c_str()));  // execve promises not to write
  }
  pointers.push_back(nullptr);
  return pointers;
}

ExitStatus FromWaitStatus(int status) {
  if (WIFSIGNALED(status)) {
    return {.exit_code = 0, .signal = WTERMSIG(status)};
  }
  return {.exit_code = WEXITSTATUS(status), .signal = 0};
}

/// Waits until one of `polls` is ready or the context ends. Entry 0 is overwritten with the stop's.
Status PollUntil(const Context& context, std::span<pollfd> polls) {
  const Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) {
    return ErrnoStatus(errno, "eventfd");
  }
  const std::stop_callback on_stop(context.stop(), [&wake] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake.get(), &one, sizeof(one));
  });
  polls[0] = {.fd = wake.get(), .events = POLLIN, .revents = 0};
  while (true) {
    RETURN_IF_ERROR(context.Check());
    int timeout_ms = -1;
    if (const auto remaining = context.Remaining()) {
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(*remaining).count();
      timeout_ms = static_cast<int>(std::min<std::int64_t>(ms, 60'000));
    }
    const int ready = ::poll(polls.data(), polls.size(), timeout_ms);
    if (ready < 0 && errno != EINTR) {
      return ErrnoStatus(errno, "poll");
    }
    if (ready > 0 && polls[0].revents == 0) {
      return OkStatus();
    }
  }
}

class ProcessImpl final : public Process {
 public:
  ProcessImpl(pid_t pid, Fd pidfd, std::string name)
      : pid_(pid), pidfd_(std::move(pidfd)), name_(std::move(name)) {}
  ~ProcessImpl() override { (void)Kill(); }

  [[nodiscard]] bool Waitable() const { return pidfd_.valid(); }

  [[nodiscard]] std::int64_t pid() const override { return pid_; }

  [[nodiscard]] std::optional<ExitStatus> Poll() override {
    auto ended = ended_.Lock();
    return Reap(*ended, WNOHANG);
  }

  [[nodiscard]] Result<ExitStatus> Wait(const Context& context) override {
    while (true) {
      if (const auto status = Poll()) {
        return *status;
      }
      std::array<pollfd, 2> polls{};
      polls[1] = {.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
      const Status waited = PollUntil(context, polls);
      if (!waited.ok()) {
        return Annotate(waited, name_);
      }
    }
  }

  [[nodiscard]] Status Signal(int signal) override {
    // Under the lock: as long as the child is not reaped its number is not given to another.
    auto ended = ended_.Lock();
    if (Reap(*ended, WNOHANG)) {
      return Error(Code::kFailedPrecondition, "{}: process {} has ended", name_, pid_);
    }
    if (::kill(pid_, signal) != 0) {
      return ErrnoStatus(errno, name_);
    }
    return OkStatus();
  }

  [[nodiscard]] Result<ExitStatus> Terminate(const Context& context,
                                             std::chrono::nanoseconds grace) override {
    const Status signalled = Signal(SIGTERM);
    if (!signalled.ok() && signalled.code() != Code::kFailedPrecondition) {
      return signalled;
    }
    if (auto status = Wait(context.WithTimeout(grace)); status.ok()) {
      return status;
    }
    return Kill();
  }

  ExitStatus Kill() override {
    auto ended = ended_.Lock();
    if (!Reap(*ended, WNOHANG)) {
      (void)::kill(-pid_, SIGKILL);
      (void)::kill(pid_, SIGKILL);  // between fork and setpgid there is no group yet
      (void)Reap(*ended, 0);
    }
    return ended->value_or(ExitStatus{.exit_code = 127, .signal = 0});
  }

 private:
  std::optional<ExitStatus> Reap(std::optional<ExitStatus>& ended, int flags) const {
    if (ended) {
      return ended;
    }
    int status = 0;
    pid_t reaped = 0;
    do {
      reaped = ::waitpid(pid_, &status, flags);
    } while (reaped < 0 && errno == EINTR);
    if (reaped == pid_) {
      ended = FromWaitStatus(status);
    } else if (reaped < 0) {
      // Somebody else reaped it (SIGCHLD ignored): how it ended is lost.
      ended = ExitStatus{.exit_code = 127, .signal = 0};
    }
    return ended;
  }

  const pid_t pid_;
  const Fd pidfd_;
  const std::string name_;
  Guarded<std::optional<ExitStatus>> ended_;
};

/// glibc 2.36 declares pidfd_open so that C++ cannot link it. Linux 5.3 and later.
Fd OpenPidfd(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

struct StandardFiles {
  Fd output, error;
};

Result<StandardFiles> OpenStandardFiles(const ProcessOptions& options) {
  StandardFiles files;
  constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;
  if (!options.stdout_path.empty()) {
    ASSIGN_OR_RETURN(files.output, OpenFile(options.stdout_path, kAppend));
  }
  if (!options.stderr_path.empty()) {
    ASSIGN_OR_RETURN(files.error, OpenFile(options.stderr_path, kAppend));
  }
  return files;
}

/// The lock belongs to the open file, so it goes on with the child when we close ours.
Result<Fd> OpenLock(const std::string& path) {
  if (path.empty()) {
    return Fd();
  }
  ASSIGN_OR_RETURN(Fd fd, OpenFile(path, O_RDWR | O_CREAT));
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return Error(Code::kFailedPrecondition, "{}: another process holds this lock", path);
    }
    return ErrnoStatus(errno, path);
  }
  return fd;
}

/// What a child is given, and what must stay open until it runs.
struct Prepared {
  Launch launch;
  Fd null, lock;
  Pipe errors;
};

Status Prepare(const ProcessOptions& options, const StandardFiles& files, Prepared& prepared) {
  if (options.arguments.empty()) {
    return Error(Code::kInvalidArgument, "no program given");
  }
  const std::string& name = options.arguments.front();
  ASSIGN_OR_RETURN(prepared.null, OpenFile("/dev/null", O_RDONLY));
  ASSIGN_OR_RETURN(prepared.errors, OpenPipe());
  ASSIGN_OR_RETURN(prepared.lock, OpenLock(options.lock_path));

  Launch& launch = prepared.launch;
  // Before the fork, where memory may still be allocated.
  ASSIGN_OR_RETURN(launch.program, FindProgram(name));
  launch.arguments = Pointers(options.arguments);
  if (options.environment) {
    launch.environment = Pointers(*options.environment);
  } else {
    for (char** variable = environ; *variable != nullptr; ++variable) {
      launch.environment.push_back(*variable);
    }
    launch.environment.push_back(nullptr);
  }
  if (!options.working_directory.empty()) {
    launch.working_directory = options.working_directory.c_str();
  }
  launch.standard_input = prepared.null.get();
  launch.standard_output = files.output.get();
  launch.standard_error = files.error.get();
  launch.error_pipe = prepared.errors.write.get();
  launch.lock = prepared.lock.get();
  return OkStatus();
}

/// Waits until the program runs.
Status ReadLaunchError(const ProcessOptions& options, Pipe& errors) {
  errors.write.Close();
  LaunchError error;
  ssize_t size = 0;
  do {
    size = ::read(errors.read.get(), &error, sizeof(error));
  } while (size < 0 && errno == EINTR);
  if (size == sizeof(error)) {
    return error.step == Step::kDirectory ? ErrnoStatus(error.error, options.working_directory)
                                          : ErrnoStatus(error.error, options.arguments.front());
  }
  return OkStatus();
}

Result<std::unique_ptr<Process>> StartWith(const ProcessOptions& options,
                                           const StandardFiles& files) {
  Prepared prepared;
  RETURN_IF_ERROR(Prepare(options, files, prepared));
  prepared.launch.parent = ::getpid();
  const std::string& name = options.arguments.front();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return ErrnoStatus(errno, name);
  }
  if (pid == 0) {
    RunChild(prepared.launch);
  }
  (void)::setpgid(pid, pid);  // here too: whichever comes first, so that Kill finds the group
  auto process = std::make_unique<ProcessImpl>(pid, OpenPidfd(pid), name);
  if (!process->Waitable()) {
    return ErrnoStatus(errno, "pidfd_open");
  }
  RETURN_IF_ERROR(ReadLaunchError(options, prepared.errors));
  return process;
}

/// Reads from a ready pipe; closes it at its end.
Status ReadSome(Fd& pipe, std::string& out) {
  std::array<char, 65536> buffer;
  const ssize_t size = ::read(pipe.get(), buffer.data(), buffer.size());
  if (size > 0) {
    out.append(buffer.data(), static_cast<std::size_t>(size));
  } else if (size == 0) {
    pipe.Close();
  } else if (errno != EINTR) {
    return ErrnoStatus(errno, "pipe");
  }
  return OkStatus();
}

}  // namespace

std::string ToString(const ExitStatus& status) {
  if (status.signal != 0) {
    return fmt::format("signal {} ({})", status.signal, ::strsignal(status.signal));
  }
  return fmt::format("exit code {}", status.exit_code);
}

Result<std::string> FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return name;
  }
  const std::string path = GetEnvironment("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string candidate = path.substr(begin, end - begin) + "/" + name;
    if (end > begin && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    begin = end + 1;
  }
  return Error(Code::kNotFound, "{}: no such program in PATH", name);
}

Result<std::unique_ptr<Process>> Process::Start(const ProcessOptions& options) {
  ASSIGN_OR_RETURN(const StandardFiles files, OpenStandardFiles(options));
  return StartWith(options, files);
}

Result<std::int64_t> StartDetached(const ProcessOptions& options) {
  ASSIGN_OR_RETURN(const StandardFiles files, OpenStandardFiles(options));
  Prepared prepared;
  RETURN_IF_ERROR(Prepare(options, files, prepared));
  ASSIGN_OR_RETURN(Pipe numbers, OpenPipe());
  const std::string& name = options.arguments.front();
  // A child of a child that ends at once is init's.
  const pid_t middle = ::fork();
  if (middle < 0) {
    return ErrnoStatus(errno, name);
  }
  if (middle == 0) {
    (void)::setsid();
    const pid_t pid = ::_Fork();  // async-signal-safe, unlike fork
    if (pid == 0) {
      RunChild(prepared.launch);
    }
    [[maybe_unused]] const ssize_t written = ::write(numbers.write.get(), &pid, sizeof(pid));
    ::_exit(0);
  }
  numbers.write.Close();
  pid_t pid = -1;
  ssize_t size = 0;
  do {
    size = ::read(numbers.read.get(), &pid, sizeof(pid));
  } while (size < 0 && errno == EINTR);
  while (::waitpid(middle, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (size != sizeof(pid) || pid < 0) {
    return Error(Code::kResourceExhausted, "{}: no more processes", name);
  }
  RETURN_IF_ERROR(ReadLaunchError(options, prepared.errors));
  return pid;
}

Status SignalProcess(std::int64_t pid, std::uint64_t start_ticks, int signal) {
  // First the handle, then the question whose it is: what it stands for cannot change any more.
  const Fd handle = OpenPidfd(static_cast<pid_t>(pid));
  if (!handle.valid() || ProcessStartTicks(pid) != start_ticks) {
    return Error(Code::kNotFound, "process {} is gone", pid);
  }
  if (::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0) != 0) {
    return errno == ESRCH ? Error(Code::kNotFound, "process {} is gone", pid)
                          : ErrnoStatus(errno, fmt::format("process {}", pid));
  }
  return OkStatus();
}

Result<Output> Run(const Context& context, const ProcessOptions& options,
                   std::uint64_t limit_bytes) {
  ASSIGN_OR_RETURN(Pipe output, OpenPipe());
  ASSIGN_OR_RETURN(Pipe error, OpenPipe());
  std::unique_ptr<Process> process;
  {
    const StandardFiles files{std::move(output.write), std::move(error.write)};
    ASSIGN_OR_RETURN(process, StartWith(options, files));
  }
  Output result;
  while (output.read.valid() || error.read.valid()) {
    std::array<pollfd, 3> polls{};
    polls[1] = {.fd = output.read.get(), .events = POLLIN, .revents = 0};  // -1: left out
    polls[2] = {.fd = error.read.get(), .events = POLLIN, .revents = 0};
    RETURN_IF_ERROR(Annotate(PollUntil(context, polls), options.arguments.front()));
    if (polls[1].revents != 0) {
      RETURN_IF_ERROR(ReadSome(output.read, result.standard_output));
    }
    if (polls[2].revents != 0) {
      RETURN_IF_ERROR(ReadSome(error.read, result.standard_error));
    }
    if (result.standard_output.size() + result.standard_error.size() > limit_bytes) {
      return Error(Code::kResourceExhausted, "{}: more than {} bytes of output",
                   options.arguments.front(), limit_bytes);
    }
  }
  ASSIGN_OR_RETURN(result.status, process->Wait(context));
  return result;
}

}  // namespace tresor::process
