// SPDX-License-Identifier: Apache-2.0
// Numbers, times, bytes and tables as people read them. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace tresor::cli {

/// "0 B", "1023 B", "1.50 KiB", "12.3 MiB", "245 GiB"
[[nodiscard]] std::string FormatSize(std::uint64_t bytes);
/// "1,234,567"
[[nodiscard]] std::string FormatCount(std::uint64_t count);
/// "1 record", "2,345 records"; `noun` is the singular of a word whose plural ends in s.
[[nodiscard]] std::string FormatCount(std::uint64_t count, std::string_view noun);
/// "85 ms", "4.2 s", "3 min 5 s", "2 h 3 min", "5 d 1 h"
[[nodiscard]] std::string FormatDuration(std::chrono::nanoseconds duration);
/// "4 s ago", "3 min ago", "5 h ago", "12 d ago"; "in 5 s" when `then` is later than `now` (a clock
/// that was set back)
[[nodiscard]] std::string FormatAge(WallTime now, WallTime then);
/// "2026-01-02T03:04:05Z (3 h ago)"
[[nodiscard]] std::string FormatMoment(WallTime now, WallTime then);
/// "4.2:1"; "-" when `stored` is zero
[[nodiscard]] std::string FormatRatio(std::uint64_t logical, std::uint64_t stored);

/// Bytes from outside as they may go to a terminal: printable UTF-8 stays, a backslash is doubled,
/// everything else (control characters, so escape sequences; directional overrides; bad UTF-8)
/// becomes \n, \t, or \xNN for each byte.
[[nodiscard]] std::string Escape(ByteView bytes);
/// Like Escape, but newlines and tabs stay: for values of several lines.
[[nodiscard]] std::string EscapeLines(ByteView bytes);
/// Well-formed UTF-8 (no overlong forms, no surrogates).
[[nodiscard]] bool IsUtf8(ByteView bytes);
/// IsUtf8, and every character can be shown as it is (newlines and tabs too).
[[nodiscard]] bool IsPrintable(ByteView bytes);
/// RFC 4648, with padding.
[[nodiscard]] std::string Base64(ByteView bytes);

/// Columns that a terminal needs for `text`: its characters, combining ones not counted twice is
/// not attempted.
[[nodiscard]] std::size_t DisplayWidth(std::string_view text);

enum class Align { kLeft, kRight };

/// Rows under a header line, columns aligned and two blanks apart; nothing at all when there are no
/// rows.
class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as columns.
  void Add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  void Print(std::ostream& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// "Name:      value" lines, values aligned; a value may be empty and is then left out.
class Sheet {
 public:
  void Add(std::string name, std::string value);
  void Print(std::ostream& out) const;

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

/// `text` broken at blanks into lines of at most `width` columns, each after `indent` blanks.
/// Paragraphs are kept.
[[nodiscard]] std::string Wrap(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace tresor::cli
