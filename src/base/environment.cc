// SPDX-License-Identifier: Apache-2.0
#include "base/environment.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

namespace tresor {

std::optional<std::string> GetEnvironment(const std::string& name) {
  const char* value = std::getenv(
      name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? std::string(name) : std::string("localhost");
}

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::int64_t ProcessId() { return getpid(); }

std::string ProgramPath() {
  std::error_code failed;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? std::string() : path.string();
}

std::uint32_t FileCreationMask() {
  // umask(2) can only be read by setting it, which other threads would feel.
  std::ifstream file("/proc/self/status");
  std::string word;
  while (file >> word) {
    std::uint32_t mask = 0;
    if (word == "Umask:" && file >> std::oct >> mask) {
      return mask & 0777;
    }
  }
  return 022;
}

std::optional<std::uint64_t> ProcessStartTicks(std::int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) {
    return std::nullopt;
  }
  // proc(5): field 2 is the name in parentheses and may hold anything; field 22 is the start time.
  const std::size_t close = line.rfind(')');
  if (close == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields(line.substr(close + 1));
  std::string field;
  for (int number = 3; number < 22; ++number) {
    fields >> field;
  }
  std::uint64_t ticks = 0;
  return fields >> ticks ? std::optional(ticks) : std::nullopt;
}

}  // namespace tresor
