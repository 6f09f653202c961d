// SPDX-License-Identifier: Apache-2.0
// A launcher that ends, or whose etcd ends, by SIGKILL at a point of its journal that a test chose:
//   mortal_launcher --member DIR
// DIR/points gets one byte for each point that was passed; when it has as many as the number in
// DIR/die-at, this process dies (after "etcd " in that file: its etcd). So each point is fatal
// once.
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include "base/log.h"
#include "io/file_system.h"
#include "launcher/launcher.h"
#include "runtime/member/status_file.h"

namespace tresor {
namespace {

void PassPoint(const std::string& dir, std::string_view point) {
  std::ofstream(dir + "/points", std::ios::app) << '.' << std::flush;
  std::ofstream(dir + "/point-names", std::ios::app) << point << '\n' << std::flush;
  const auto points = io::PosixFileSystem().Stat(dir + "/points");
  std::string victim;
  std::uint64_t fatal = 0;
  std::ifstream die_at(dir + "/die-at");
  if (!(die_at >> victim >> fatal) || !points.ok() || points->size_bytes != fatal) {
    return;
  }
  if (victim == "launcher") {
    (void)::kill(::getpid(), SIGKILL);
  }
  const auto status = runtime::ReadStatus(io::PosixFileSystem(), dir + "/status.json");
  if (status.ok() && status->etcd.pid > 0) {
    (void)::kill(static_cast<pid_t>(status->etcd.pid), SIGKILL);
  }
}

int Main(const std::string& dir) {
  SetLogSink(LogLevel::kInfo,
             [](LogLevel, std::string_view line) { std::cerr << line << std::endl; });
  std::stop_source stop;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread waiter([&] {
    int signal = 0;
    (void)sigwait(&signals, &signal);
    stop.request_stop();
  });
  waiter.detach();
  const Status ended = launcher::RunLauncher(
      Context::Background().WithStop(stop.get_token()),
      {.member_dir = dir,
       .at_journal_write = [&](std::string_view point) { PassPoint(dir, point); }});
  if (!ended.ok()) {
    std::cerr << Message(ended) << std::endl;
  }
  return ended.ok() ? 0 : 1;
}

}  // namespace
}  // namespace tresor

int main(int argc, char** argv) {
  if (argc != 3 || std::string(argv[1]) != "--member") {
    return 2;
  }
  return tresor::Main(argv[2]);
}
