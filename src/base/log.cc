// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <cstdio>

#include "base/guarded.h"

namespace tresor {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "?";
}

void WriteToStandardError(LogLevel level, std::string_view line) {
  const std::string_view name = LevelName(level);
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(name.size()), name.data(),
               static_cast<int>(line.size()), line.data());
}

struct Logger {
  LogLevel minimum = LogLevel::kWarning;
  LogSink sink = WriteToStandardError;
};

Guarded<Logger>& TheLogger() {
  static Guarded<Logger> logger;
  return logger;
}

}  // namespace

void SetLogSink(LogLevel minimum, LogSink sink) {
  auto logger = TheLogger().Lock();
  logger->minimum = minimum;
  logger->sink = sink ? std::move(sink) : LogSink(WriteToStandardError);
}

void LogLine(LogLevel level, std::string_view line) {
  auto logger = TheLogger().Lock();
  if (level >= logger->minimum) {
    logger->sink(level, line);
  }
}

}  // namespace tresor
