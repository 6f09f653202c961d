// SPDX-License-Identifier: Apache-2.0
// The progress line: phase, share, bytes, rate and time left, redrawn in place on a terminal;
// nothing anywhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/guarded.h"
#include "cli/terminal.h"

namespace tresor::cli {

/// What one drawing shows.
struct ProgressView {
  std::string_view phase;
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;  // 0: not known
  std::chrono::nanoseconds elapsed{0};
};

/// One line of at most `width` columns: "storing  [=====>    ]  52%  512 MiB of 1.00 GiB  120 MiB/s
/// 4 s left". What does not fit is left out, the bar first.
[[nodiscard]] std::string RenderProgress(const ProgressView& view, std::size_t width);

/// Threads: all methods, from any thread.
class ProgressLine {
 public:
  /// Draws on `out` when `enabled`. All three outlive this.
  ProgressLine(const Clock& clock, const Terminal& terminal, std::ostream& out, bool enabled);
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// A phase of another name than the last one's starts the rate anew. Draws at most ten times a
  /// second.
  void Update(std::string_view phase, std::uint64_t done_bytes, std::uint64_t total_bytes);
  /// Takes the line away, so that other text can be written.
  void Clear();

 private:
  struct State {
    std::string phase;
    MonotonicTime phase_start;
    std::optional<MonotonicTime> drawn;
  };
  const Clock& clock_;
  const Terminal& terminal_;
  std::ostream& out_;
  const bool enabled_;
  Guarded<State> state_;
};

}  // namespace tresor::cli
