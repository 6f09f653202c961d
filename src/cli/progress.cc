// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/text.h"

namespace tresor::cli {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{100};
/// Rates of the first moments are noise.
constexpr std::chrono::milliseconds kRateAfter{500};
constexpr std::size_t kBarWidth = 24;

std::string Bar(double share) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(kBarWidth));
  std::string bar(std::min(full, kBarWidth), '=');
  if (bar.size() < kBarWidth) {
    bar += '>';
  }
  return "[" + bar + std::string(kBarWidth - std::min(bar.size(), kBarWidth), ' ') + "]";
}

}  // namespace

std::string RenderProgress(const ProgressView& view, std::size_t width) {
  const bool has_total = view.total_bytes > 0;
  const std::uint64_t done =
      has_total ? std::min(view.done_bytes, view.total_bytes) : view.done_bytes;
  const double share =
      has_total ? static_cast<double>(done) / static_cast<double>(view.total_bytes) : 0;
  const double seconds = std::chrono::duration<double>(view.elapsed).count();
  const double rate = view.elapsed >= kRateAfter ? static_cast<double>(done) / seconds : 0;

  // In order of worth: what comes last is the first to go when the terminal is narrow.
  std::vector<std::string> parts;
  parts.push_back(has_total ? fmt::format("{:3}%", static_cast<int>(share * 100)) : "");
  parts.push_back(has_total
                      ? fmt::format("{} of {}", FormatSize(done), FormatSize(view.total_bytes))
                      : FormatSize(done));
  parts.push_back(rate > 0 ? FormatSize(static_cast<std::uint64_t>(rate)) + "/s" : "");
  if (has_total && rate > 0 && done < view.total_bytes) {
    const double left = static_cast<double>(view.total_bytes - done) / rate;
    // Whole seconds, rounded up: a figure that flickers in tenths helps nobody.
    const auto whole =
        std::chrono::seconds(static_cast<std::int64_t>(std::min(std::ceil(left), 1e7)));
    parts.push_back(
        (whole.count() < 60 ? fmt::format("{} s", whole.count()) : FormatDuration(whole)) +
        " left");
  }
  std::string line(view.phase);
  std::string tail;
  for (const std::string& part : parts) {
    const std::size_t needed = DisplayWidth(line) + DisplayWidth(tail) + 2 + DisplayWidth(part);
    if (!part.empty() && needed < width) {
      tail += "  " + part;
    }
  }
  if (has_total && DisplayWidth(line) + DisplayWidth(tail) + kBarWidth + 4 < width) {
    line += "  " + Bar(share);
  }
  line += tail;
  if (DisplayWidth(line) >= width) {
    line.resize(width > 0 ? width - 1 : 0);
  }
  return line;
}

ProgressLine::ProgressLine(const Clock& clock, const Terminal& terminal, std::ostream& out,
                           bool enabled)
    : clock_(clock), terminal_(terminal), out_(out), enabled_(enabled) {}

void ProgressLine::Update(std::string_view phase, std::uint64_t done_bytes,
                          std::uint64_t total_bytes) {
  if (!enabled_) {
    return;
  }
  const MonotonicTime now = clock_.Monotonic();
  auto state = state_.Lock();
  const bool new_phase = state->phase != phase;
  if (new_phase) {
    state->phase = std::string(phase);
    state->phase_start = now;
  }
  if (!new_phase && state->drawn && now - *state->drawn < kRedrawEvery) {
    return;
  }
  state->drawn = now;
  const ProgressView view{.phase = phase,
                          .done_bytes = done_bytes,
                          .total_bytes = total_bytes,
                          .elapsed = now - state->phase_start};
  // Back to the first column, the line, and the rest of the old one erased.
  out_ << '\r' << RenderProgress(view, terminal_.width()) << "\x1b[K" << std::flush;
}

void ProgressLine::Clear() {
  auto state = state_.Lock();
  if (enabled_ && state->drawn) {
    out_ << "\r\x1b[K" << std::flush;
  }
  state->drawn.reset();
}

}  // namespace tresor::cli
