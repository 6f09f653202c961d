// SPDX-License-Identifier: Apache-2.0
#include "cli/text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/check.h"

namespace tresor::cli {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

/// One UTF-8 character at the front of `bytes`.
struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;
};

std::optional<Character> FirstCharacter(ByteView bytes) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  const std::uint32_t lead = at(0);
  if (lead < 0x80) {
    return Character{lead, 1};
  }
  std::size_t size = 0;
  std::uint32_t code = 0;
  std::uint32_t least = 0;
  if ((lead & 0xE0) == 0xC0) {
    size = 2;
    code = lead & 0x1F;
    least = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    size = 3;
    code = lead & 0x0F;
    least = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    size = 4;
    code = lead & 0x07;
    least = 0x10000;
  } else {
    return std::nullopt;
  }
  if (bytes.size() < size) {
    return std::nullopt;
  }
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) {
      return std::nullopt;
    }
    code = (code << 6) | (at(i) & 0x3F);
  }
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    return std::nullopt;
  }
  return Character{code, size};
}

/// Can be shown without moving the cursor, changing colours or turning the text's direction round.
bool IsShowable(std::uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool direction = code == 0x061C || code == 0x200E || code == 0x200F ||
                         (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  const bool line = code == 0x2028 || code == 0x2029 || code == 0xFEFF;
  return !control && !direction && !line;
}

std::string EscapeWith(ByteView bytes, bool keep_lines) {
  std::string out;
  while (!bytes.empty()) {
    const std::optional<Character> character = FirstCharacter(bytes);
    const std::size_t size = character ? character->size : 1;
    const std::uint32_t code = character ? character->code : 0;
    if (keep_lines && (code == '\n' || code == '\t')) {
      out += static_cast<char>(code);
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\t') {
      out += "\\t";
    } else if (code == '\\' && !keep_lines) {
      out += "\\\\";
    } else if (character && IsShowable(code)) {
      out += AsText(bytes.first(size));
    } else {
      for (const std::byte byte : bytes.first(size)) {
        out += fmt::format("\\x{:02x}", std::to_integer<unsigned>(byte));
      }
    }
    bytes = bytes.subspan(size);
  }
  return out;
}

std::string TwoUnits(std::int64_t high, std::string_view high_name, std::int64_t low,
                     std::string_view low_name) {
  if (low == 0) {
    return fmt::format("{} {}", high, high_name);
  }
  return fmt::format("{} {} {} {}", high, high_name, low, low_name);
}

}  // namespace

std::string FormatSize(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB",
                                                             "TiB", "PiB", "EiB"};
  if (bytes < 1024) {
    return fmt::format("{} B", bytes);
  }
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, digits, kUnits[unit]);
}

std::string FormatCount(std::uint64_t count) {
  std::string digits = fmt::format("{}", count);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string FormatCount(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", FormatCount(count), noun, count == 1 ? "" : "s");
}

std::string FormatDuration(nanoseconds duration) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (millis < 1000) {
    return fmt::format("{} ms", millis);
  }
  if (millis < 59'950) {
    return fmt::format("{:.1f} s", static_cast<double>(millis) / 1000);
  }
  const std::int64_t whole = (millis + 500) / 1000;
  if (whole < 3600) {
    return TwoUnits(whole / 60, "min", whole % 60, "s");
  }
  if (whole < 86'400) {
    return TwoUnits(whole / 3600, "h", whole % 3600 / 60, "min");
  }
  return TwoUnits(whole / 86'400, "d", whole % 86'400 / 3600, "h");
}

std::string FormatAge(WallTime now, WallTime then) {
  // In seconds first: the difference of any two nanoseconds need not fit.
  const auto age = (std::chrono::floor<seconds>(now) - std::chrono::floor<seconds>(then)).count();
  const std::int64_t size = age < 0 ? -age : age;
  std::string text;
  if (size < 60) {
    text = fmt::format("{} s", size);
  } else if (size < 3600) {
    text = fmt::format("{} min", size / 60);
  } else if (size < 2 * 86'400) {
    text = fmt::format("{} h", size / 3600);
  } else {
    text = fmt::format("{} d", size / 86'400);
  }
  return age < 0 ? "in " + text : text + " ago";
}

std::string FormatMoment(WallTime now, WallTime then) {
  return fmt::format("{} ({})", FormatTime(then), FormatAge(now, then));
}

std::string FormatRatio(std::uint64_t logical, std::uint64_t stored) {
  if (stored == 0) {
    return "-";
  }
  return fmt::format("{:.1f}:1", static_cast<double>(logical) / static_cast<double>(stored));
}

std::string Escape(ByteView bytes) { return EscapeWith(bytes, false); }
std::string EscapeLines(ByteView bytes) { return EscapeWith(bytes, true); }

bool IsUtf8(ByteView bytes) {
  while (!bytes.empty()) {
    const std::optional<Character> character = FirstCharacter(bytes);
    if (!character) {
      return false;
    }
    bytes = bytes.subspan(character->size);
  }
  return true;
}

bool IsPrintable(ByteView bytes) {
  while (!bytes.empty()) {
    const std::optional<Character> character = FirstCharacter(bytes);
    if (!character || (!IsShowable(character->code) && character->code != '\n' &&
                       character->code != '\t' && character->code != '\r')) {
      return false;
    }
    bytes = bytes.subspan(character->size);
  }
  return true;
}

std::string Base64(ByteView bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8) | (j < count ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += j <= count ? kDigits[(group >> (18 - 6 * j)) & 0x3F] : '=';
    }
  }
  return out;
}

std::size_t DisplayWidth(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void Table::Add(std::vector<std::string> cells) {
  TRESOR_CHECK(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

void Table::Print(std::ostream& out) const {
  if (rows_.empty()) {
    return;
  }
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = DisplayWidth(columns_[i].title);
    for (const auto& row : rows_) {
      width = std::max(width, DisplayWidth(row[i]));
    }
    widths.push_back(width);
  }
  const auto print = [&](const auto& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::string padding(widths[i] - DisplayWidth(cell), ' ');
      line += i == 0 ? "" : "  ";
      line += columns_[i].align == Align::kRight ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  };
  print([&](std::size_t i) -> const std::string& { return columns_[i].title; });
  for (const auto& row : rows_) {
    print([&](std::size_t i) -> const std::string& { return row[i]; });
  }
}

void Sheet::Add(std::string name, std::string value) {
  if (!value.empty()) {
    lines_.emplace_back(std::move(name), std::move(value));
  }
}

void Sheet::Print(std::ostream& out) const {
  std::size_t width = 0;
  for (const auto& [name, value] : lines_) {
    width = std::max(width, DisplayWidth(name));
  }
  for (const auto& [name, value] : lines_) {
    out << name << ':' << std::string(width - DisplayWidth(name) + 2, ' ') << value << '\n';
  }
}

std::string Wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  const std::string margin(indent, ' ');
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) {
      out += margin + line + '\n';
      line.clear();
    }
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n') {
      flush();
      out += text.substr(at).starts_with("\n\n") ? "\n" : "";
      at += text.substr(at).starts_with("\n\n") ? 2U : 1U;
      continue;
    }
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (!line.empty() && indent + DisplayWidth(line) + 1 + DisplayWidth(word) > width) {
      flush();
    }
    line += line.empty() ? "" : " ";
    line += word;
    at = end;
  }
  flush();
  return out;
}

}  // namespace tresor::cli
