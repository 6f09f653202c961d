// SPDX-License-Identifier: Apache-2.0
#include "cli/hold_points.h"

#include <chrono>
#include <fstream>
#include <optional>

#include "base/context.h"

namespace tresor::cli {
namespace {

constexpr std::chrono::milliseconds kInterval{5};
constexpr std::uint64_t kMostBytes = 4096;

void Pass(io::FileSystem& fs, const std::string& dir, const std::string& who,
          const std::string& point) {
  // One write, so that lines of several processes don't mix.
  std::ofstream(dir + "/passed", std::ios::app) << point + "\n" << std::flush;
  const std::string held = dir + "/held-" + who;
  const Result<Bytes> hold_at = io::ReadFile(fs, dir + "/hold-at", kMostBytes);
  if (!hold_at.ok() || AsText(*hold_at) != point || !fs.Rename(dir + "/hold-at", held).ok()) {
    return;
  }
  while (io::Exists(fs, held).value_or(false)) {
    (void)Context::Background().Sleep(kInterval);
  }
}

}  // namespace

std::function<void(std::string_view)> HoldPoints(const Host& host, const std::string& who) {
  const std::optional<std::string> dir = host.environment("TRESOR_TEST_HOLD_POINTS");
  if (!dir.has_value() || dir->empty()) {
    return {};
  }
  return [&fs = host.file_system, dir = *dir, who](std::string_view point) {
    Pass(fs, dir, who, fmt::format("{} {}", who, point));
  };
}

}  // namespace tresor::cli
