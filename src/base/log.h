// SPDX-License-Identifier: Apache-2.0
// Log lines for people and machines, on standard error unless told otherwise.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace tresor {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Receives every line whose level is at least the one set. Called from any thread, one call at a
/// time.
using LogSink = std::function<void(LogLevel level, std::string_view line)>;

/// Process-wide; set once at start. The default writes "warning: text" to standard error from
/// kWarning on.
void SetLogSink(LogLevel minimum, LogSink sink);
void LogLine(LogLevel level, std::string_view line);

template <typename... Args>
void Log(LogLevel level, fmt::format_string<Args...> text, Args&&... args) {
  LogLine(level, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace tresor
