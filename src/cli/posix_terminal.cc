// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "cli/terminal.h"

namespace tresor::cli {
namespace {

/// How soon a prompt notices that it was told to stop.
constexpr int kPollMillis = 100;
constexpr std::size_t kSecretLimitBytes = 4096;

/// /dev/tty with echo off; puts everything back when it goes.
class SilentTty {
 public:
  explicit SilentTty(int fd) : fd_(fd) {
    if (tcgetattr(fd_, &before_) == 0) {
      termios silent = before_;
      silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      silent.c_lflag |= ECHONL | ICANON;
      changed_ = tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
    }
  }
  ~SilentTty() {
    if (changed_) {
      (void)tcsetattr(fd_, TCSAFLUSH, &before_);
    }
    (void)close(fd_);
  }
  SilentTty(const SilentTty&) = delete;
  SilentTty& operator=(const SilentTty&) = delete;
  [[nodiscard]] bool silent() const { return changed_; }

 private:
  int fd_;
  termios before_{};
  bool changed_ = false;
};

class RealTerminal final : public Terminal {
 public:
  [[nodiscard]] bool error_is_terminal() const override { return isatty(STDERR_FILENO) == 1; }
  [[nodiscard]] bool output_is_terminal() const override { return isatty(STDOUT_FILENO) == 1; }

  [[nodiscard]] std::size_t width() const override {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
      return size.ws_col;
    }
    return 80;
  }

  [[nodiscard]] Result<std::string> ReadSecret(const Context& context,
                                               const std::string& prompt) override {
    const int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
      return Error(Code::kFailedPrecondition, "there is no terminal to ask on");
    }
    const SilentTty tty(fd);
    if (!tty.silent()) {
      return Error(Code::kFailedPrecondition, "the terminal cannot hide what is typed");
    }
    (void)!write(fd, prompt.data(), prompt.size());
    return ReadLine(context, fd);
  }

 private:
  static Result<std::string> ReadLine(const Context& context, int fd) {
    std::string line;
    while (true) {
      RETURN_IF_ERROR(context.Check());
      pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
      if (poll(&waiting, 1, kPollMillis) <= 0) {
        continue;
      }
      char buffer[256];
      const ssize_t count = read(fd, buffer, sizeof buffer);
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count <= 0) {
        return Error(Code::kCancelled, "the input ended");
      }
      line.append(buffer, static_cast<std::size_t>(count));
      if (const auto end = line.find('\n'); end != std::string::npos) {
        line.resize(end);
        return line;
      }
      if (line.size() > kSecretLimitBytes) {
        return Error(Code::kInvalidArgument, "more than {} bytes were typed", kSecretLimitBytes);
      }
    }
  }
};

}  // namespace

Terminal& PosixTerminal() {
  static RealTerminal terminal;
  return terminal;
}

}  // namespace tresor::cli
