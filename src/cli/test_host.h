// SPDX-License-Identifier: Apache-2.0
// Runs commands in this process: files in memory, a clock that stands still, a scripted terminal,
// captured streams. Tests only.
#pragma once

#include <deque>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "cli/host.h"
#include "cli/run.h"
#include "io/faults.h"

namespace tresor::cli {

class FakeTerminal final : public Terminal {
 public:
  [[nodiscard]] bool error_is_terminal() const override { return error_terminal; }
  [[nodiscard]] bool output_is_terminal() const override { return output_terminal; }
  [[nodiscard]] std::size_t width() const override { return columns; }
  [[nodiscard]] Result<std::string> ReadSecret(const Context& /*context*/,
                                               const std::string& prompt) override {
    prompts.push_back(prompt);
    if (secrets.empty()) {
      return Error(Code::kFailedPrecondition, "there is no terminal to ask on");
    }
    std::string secret = secrets.front();
    secrets.pop_front();
    return secret;
  }

  bool error_terminal = false;
  bool output_terminal = false;
  std::size_t columns = 80;
  std::deque<std::string> secrets;   // what will be typed
  std::vector<std::string> prompts;  // what was asked
};

struct Outcome {
  ExitCode code = ExitCode::kOk;
  std::string out;
  std::string error;
};

class TestHost {
 public:
  /// Runs the words; streams start empty each time.
  Outcome Run(const std::vector<std::string>& words,
              const Context& context = Context::Background()) {
    std::ostringstream out;
    std::ostringstream error;
    Host host{
        .file_system = *file_system,
        .clock = clock,
        .random = SystemRandom(),
        .terminal = terminal,
        .out = out,
        .error = error,
        .environment =
            [this](const std::string& name) {
              const auto found = environment.find(name);
              return found == environment.end() ? std::nullopt : std::optional(found->second);
            },
        .connect =
            [this](const etcd::ClientOptions& options) -> Result<std::unique_ptr<etcd::Client>> {
          connected.push_back(options);
          return Error(Code::kUnavailable, "127.0.0.1:2379: connection refused");
        },
        .build = {.version = "1.2.3", .commit = "abc"}};
    const ExitCode code = cli::Run(host, context, words);
    return {code, out.str(), error.str()};
  }
  void WriteFile(const std::string& path, std::string_view text, std::uint32_t mode = 0600) {
    TRESOR_CHECK(io::WriteFileAtomically(*file_system, path, AsBytes(text), mode).ok());
  }

  std::unique_ptr<io::MemoryFs> file_system = std::make_unique<io::MemoryFs>();
  FakeClock clock;
  FakeTerminal terminal;
  std::map<std::string, std::string> environment;
  std::vector<etcd::ClientOptions> connected;  // what etcd clients were asked for
};

}  // namespace tresor::cli
