// SPDX-License-Identifier: Apache-2.0
#include "process/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "base/environment.h"
#include "base/status_matchers.h"
#include "base/thread.h"
#include "io/file_lock.h"

namespace tresor::process {
namespace {

using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;

Context Soon() { return Context::Background().WithTimeout(std::chrono::seconds(20)); }

ProcessOptions Shell(const std::string& script) { return {.arguments = {"sh", "-c", script}}; }

class ProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "process_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  void TearDown() override {
    (void)::unlink(Path("log").c_str());
    ASSERT_EQ(::rmdir(dir_.c_str()), 0);
  }
  [[nodiscard]] std::string Path(const std::string& name) const { return dir_ + "/" + name; }
  [[nodiscard]] std::string Log() const {
    std::ostringstream text;
    text << std::ifstream(Path("log")).rdbuf();
    return text.str();
  }

 private:
  std::string dir_;
};

TEST_F(ProcessTest, ReportsExitCode) {
  ASSERT_OK_AND_ASSIGN(const auto process, Process::Start(Shell("exit 7")));

  EXPECT_THAT(process->Wait(Soon()), IsOkAndHolds(ExitStatus{.exit_code = 7, .signal = 0}));
  EXPECT_EQ(process->Poll(), (ExitStatus{.exit_code = 7, .signal = 0}));
  EXPECT_EQ(ToString(*process->Poll()), "exit code 7");
}

TEST_F(ProcessTest, ReportsSignal) {
  ASSERT_OK_AND_ASSIGN(const auto process, Process::Start(Shell("kill -9 $$")));

  ASSERT_OK_AND_ASSIGN(const ExitStatus status, process->Wait(Soon()));
  EXPECT_EQ(status, (ExitStatus{.exit_code = 0, .signal = SIGKILL}));
  EXPECT_THAT(ToString(status), HasSubstr("signal 9"));
}

TEST_F(ProcessTest, MissingProgramIsNotFound) {
  EXPECT_THAT(Process::Start({.arguments = {"no-such-program"}}),
              StatusIs(Code::kNotFound, HasSubstr("no-such-program")));
  EXPECT_THAT(Process::Start({.arguments = {"/no/such/program"}}), StatusIs(Code::kNotFound));
}

TEST_F(ProcessTest, MissingWorkingDirectoryIsNotFoundAndNamed) {
  EXPECT_THAT(Process::Start({.arguments = {"true"}, .working_directory = "/no/such/place"}),
              StatusIs(Code::kNotFound, HasSubstr("/no/such/place")));
}

TEST_F(ProcessTest, FolderIsNotAProgram) {
  EXPECT_THAT(Process::Start({.arguments = {"/"}}), StatusIs(Code::kPermissionDenied));
}

TEST_F(ProcessTest, NoArgumentsAreInvalid) {
  EXPECT_THAT(Process::Start(ProcessOptions()), StatusIs(Code::kInvalidArgument));
}

TEST_F(ProcessTest, EnvironmentAndDirectoryAreAsGiven) {
  ProcessOptions options{.arguments = {"/bin/sh", "-c", "echo $A; pwd; env | grep -c HOME"},
                         .environment = {{"A=b c"}},
                         .working_directory = "/"};
  ASSERT_OK_AND_ASSIGN(const Output output, process::Run(Soon(), options));

  EXPECT_EQ(output.standard_output, "b c\n/\n0\n");
}

TEST_F(ProcessTest, FilesAreAppendedTo) {
  ProcessOptions options = Shell("echo out; echo err >&2");
  options.stdout_path = options.stderr_path = Path("log");
  for (int run = 0; run < 2; ++run) {
    ASSERT_OK_AND_ASSIGN(const auto process, Process::Start(options));
    ASSERT_OK(process->Wait(Soon()));
  }

  EXPECT_EQ(Log(), "out\nerr\nout\nerr\n");
}

TEST_F(ProcessTest, WaitEndsWithItsDeadlineAndTheChildRunsOn) {
  ASSERT_OK_AND_ASSIGN(const auto process, Process::Start({.arguments = {"sleep", "100"}}));

  EXPECT_THAT(process->Wait(Context::Background().WithTimeout(std::chrono::milliseconds(5))),
              StatusIs(Code::kDeadlineExceeded));
  EXPECT_EQ(process->Poll(), std::nullopt);
}

TEST_F(ProcessTest, WaitEndsWhenToldToStop) {
  ASSERT_OK_AND_ASSIGN(const auto process, Process::Start({.arguments = {"sleep", "100"}}));
  std::stop_source stop;
  Thread stopper([&] { stop.request_stop(); });

  EXPECT_THAT(process->Wait(Context::Background().WithStop(stop.get_token())),
              StatusIs(Code::kCancelled));
}

TEST_F(ProcessTest, TerminateLetsTheChildFinish) {
  ProcessOptions options = Shell("trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done");
  options.stdout_path = Path("log");
  ASSERT_OK_AND_ASSIGN(const auto process, Process::Start(options));
  while (Log().empty()) {
    ASSERT_EQ(process->Poll(), std::nullopt);
  }

  EXPECT_THAT(process->Terminate(Soon(), std::chrono::seconds(10)),
              IsOkAndHolds(ExitStatus{.exit_code = 3, .signal = 0}));
}

TEST_F(ProcessTest, TerminateKillsWhatDoesNotListen) {
  ProcessOptions options = Shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
  options.stdout_path = Path("log");
  ASSERT_OK_AND_ASSIGN(const auto process, Process::Start(options));
  while (Log().empty()) {
    ASSERT_EQ(process->Poll(), std::nullopt);
  }

  EXPECT_THAT(process->Terminate(Soon(), std::chrono::milliseconds(5)),
              IsOkAndHolds(ExitStatus{.exit_code = 0, .signal = SIGKILL}));
}

TEST_F(ProcessTest, SignalAfterTheEndFails) {
  ASSERT_OK_AND_ASSIGN(const auto process, Process::Start({.arguments = {"true"}}));
  ASSERT_OK(process->Wait(Soon()));

  EXPECT_THAT(process->Signal(SIGTERM), StatusIs(Code::kFailedPrecondition));
  EXPECT_EQ(process->Kill(), (ExitStatus{.exit_code = 0, .signal = 0}));
}

TEST_F(ProcessTest, DestructorLeavesNoProcessBehind) {
  pid_t pid = 0;
  {
    ASSERT_OK_AND_ASSIGN(const auto process, Process::Start({.arguments = {"sleep", "100"}}));
    pid = static_cast<pid_t>(process->pid());
  }

  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(ProcessTest, DiesWithItsParent) {
  // A parent that is killed; its child's number comes through a file.
  const pid_t parent = ::fork();
  if (parent == 0) {
    ProcessOptions options = Shell("echo $$; exec sleep 100");
    options.stdout_path = Path("log");
    const auto process = Process::Start(options);
    while (Log().find('\n') == std::string::npos) {
    }
    (void)::kill(::getpid(), SIGKILL);
  }
  ASSERT_GT(parent, 0);
  ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
  const std::int64_t child = std::stol(Log());

  // It becomes a zombie or vanishes; a running one would go on for 100 s.
  const Context deadline = Soon();
  while (ProcessStartTicks(child).has_value()) {
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::string line;
    std::getline(stat, line);
    if (line.find(") Z ") != std::string::npos) {
      break;
    }
    ASSERT_OK(deadline.Check());
  }
}

TEST_F(ProcessTest, HoldsItsLockAsLongAsItLives) {
  ProcessOptions options = {.arguments = {"sleep", "100"}, .lock_path = Path("log")};
  ASSERT_OK_AND_ASSIGN(const auto process, Process::Start(options));

  EXPECT_THAT(io::IsLocked(Path("log")), IsOkAndHolds(true));
  EXPECT_THAT(Process::Start(options), StatusIs(Code::kFailedPrecondition));

  process->Kill();
  EXPECT_THAT(io::IsLocked(Path("log")), IsOkAndHolds(false));
}

TEST_F(ProcessTest, DetachedOutlivesItsParent) {
  // A parent that is killed; the program's number comes through a file.
  const pid_t parent = ::fork();
  if (parent == 0) {
    ProcessOptions options = Shell("echo $$; exec sleep 100");
    options.stdout_path = Path("log");
    (void)StartDetached(options);
    while (Log().find('\n') == std::string::npos) {
    }
    (void)::kill(::getpid(), SIGKILL);
  }
  ASSERT_GT(parent, 0);
  ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
  const std::int64_t pid = std::stol(Log());

  const auto ticks = ProcessStartTicks(pid);
  ASSERT_TRUE(ticks.has_value());
  EXPECT_OK(SignalProcess(pid, *ticks, SIGKILL));
}

TEST_F(ProcessTest, DetachedIsNobodysChildAndTellsErrors) {
  ASSERT_OK_AND_ASSIGN(const std::int64_t pid, StartDetached({.arguments = {"sleep", "100"}}));
  const auto ticks = ProcessStartTicks(pid);
  ASSERT_TRUE(ticks.has_value());

  EXPECT_EQ(::waitpid(static_cast<pid_t>(pid), nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_NE(::getsid(static_cast<pid_t>(pid)), ::getsid(0));
  EXPECT_THAT(SignalProcess(pid, *ticks + 1, SIGKILL), StatusIs(Code::kNotFound));
  EXPECT_OK(SignalProcess(pid, *ticks, SIGKILL));
  EXPECT_THAT(StartDetached({.arguments = {"/no/such/program"}}), StatusIs(Code::kNotFound));
}

TEST_F(ProcessTest, RunCollectsBothStreams) {
  ASSERT_OK_AND_ASSIGN(const Output output,
                       process::Run(Soon(), Shell("echo out; echo err >&2; exit 2")));

  EXPECT_EQ(output.standard_output, "out\n");
  EXPECT_EQ(output.standard_error, "err\n");
  EXPECT_EQ(output.status, (ExitStatus{.exit_code = 2, .signal = 0}));
}

TEST_F(ProcessTest, RunRefusesEndlessOutput) {
  EXPECT_THAT(process::Run(Soon(), Shell("yes"), 1000), StatusIs(Code::kResourceExhausted));
}

TEST_F(ProcessTest, RunIsKilledAtItsDeadline) {
  EXPECT_THAT(process::Run(Context::Background().WithTimeout(std::chrono::milliseconds(5)),
                           {.arguments = {"sleep", "100"}}),
              StatusIs(Code::kDeadlineExceeded, HasSubstr("sleep")));
}

TEST_F(ProcessTest, IgnoredSignalsAreDefaultInTheChild) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  ASSERT_OK_AND_ASSIGN(const Output output, process::Run(Soon(), Shell("kill -13 $$; exit 5")));
  (void)::signal(SIGPIPE, before);

  EXPECT_EQ(output.status.signal, SIGPIPE);
}

}  // namespace
}  // namespace tresor::process
