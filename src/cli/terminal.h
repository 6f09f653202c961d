// SPDX-License-Identifier: Apache-2.0
// The terminal, if there is one: what commands ask of it, and the real one.
#pragma once

#include <cstddef>
#include <string>

#include "base/context.h"
#include "base/status.h"

namespace tresor::cli {

/// Threads: const methods from any thread; ReadSecret from one.
class Terminal {
 public:
  virtual ~Terminal() = default;
  /// Standard error is a terminal, so progress may be drawn there.
  [[nodiscard]] virtual bool error_is_terminal() const = 0;
  /// Standard output is a terminal, so results may have colours.
  [[nodiscard]] virtual bool output_is_terminal() const = 0;
  /// Columns of the terminal; 80 when it does not say.
  [[nodiscard]] virtual std::size_t width() const = 0;
  /// Prompts on the controlling terminal and reads one line that is not shown.
  /// kFailedPrecondition: there is no terminal. kCancelled: `context` was told to stop, or end of
  /// file.
  [[nodiscard]] virtual Result<std::string> ReadSecret(const Context& context,
                                                       const std::string& prompt) = 0;
};

/// That of this process. Lives for ever.
[[nodiscard]] Terminal& PosixTerminal();

}  // namespace tresor::cli
