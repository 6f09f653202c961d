// SPDX-License-Identifier: Apache-2.0
#include "objects/duration.h"

#include <array>
#include <cstdint>
#include <limits>

namespace tresor::objects {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanos;
};
// Longer names first: "ms" is not "m".
constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"\u00b5s", 1'000},
                                      {"\u03bcs", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000}}};

bool IsDigit(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

// One "1.5h" off the front, in nanoseconds; false: it is none, or too large.
bool TakePart(std::string_view& text, std::int64_t& nanos) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  std::int64_t whole = 0;
  double fraction = 0;
  bool digits = false;
  for (; IsDigit(text); text.remove_prefix(1), digits = true) {
    const std::int64_t digit = text.front() - '0';
    if (whole > (kMax - digit) / 10) {
      return false;
    }
    whole = whole * 10 + digit;
  }
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    double unit = 0.1;
    for (; IsDigit(text); text.remove_prefix(1), unit /= 10, digits = true) {
      fraction += unit * (text.front() - '0');
    }
  }
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name)) {
      text.remove_prefix(unit.name.size());
      if (!digits || whole > kMax / unit.nanos - 1) {
        return false;
      }
      nanos = whole * unit.nanos +
              static_cast<std::int64_t>(fraction * static_cast<double>(unit.nanos) + 0.5);
      return true;
    }
  }
  return false;
}

}  // namespace

Result<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) {
    rest.remove_prefix(1);
  }
  if (rest == "0") {
    return std::chrono::nanoseconds{0};
  }
  std::int64_t sum = 0;
  bool bad = rest.empty();
  while (!bad && !rest.empty()) {
    std::int64_t part = 0;
    bad = !TakePart(rest, part) || part > std::numeric_limits<std::int64_t>::max() - sum;
    sum += bad ? 0 : part;
  }
  if (bad) {
    return Error(Code::kInvalidArgument, "\"{}\" is not a duration; write it as \"1h30m\"",
                 text.substr(0, 64));
  }
  return std::chrono::nanoseconds{negative ? -sum : sum};
}

std::string FormatDuration(std::chrono::nanoseconds duration) {
  using namespace std::chrono;
  if (duration == nanoseconds{0}) {
    return "0s";
  }
  const bool negative = duration < nanoseconds{0};
  // Unsigned, as the smallest value has no opposite.
  std::uint64_t rest = negative ? ~static_cast<std::uint64_t>(duration.count()) + 1
                                : static_cast<std::uint64_t>(duration.count());
  std::string text = negative ? "-" : "";
  const std::uint64_t in_hours = rest / 3'600'000'000'000U;
  rest %= 3'600'000'000'000U;
  const std::uint64_t in_minutes = rest / 60'000'000'000U;
  rest %= 60'000'000'000U;
  if (in_hours != 0) {
    text += fmt::format("{}h", in_hours);
  }
  if (in_minutes != 0) {
    text += fmt::format("{}m", in_minutes);
  }
  if (rest != 0) {
    text += fmt::format("{}", rest / 1'000'000'000U);
    if (rest % 1'000'000'000U != 0) {
      std::string fraction = fmt::format("{:09}", rest % 1'000'000'000U);
      fraction.erase(fraction.find_last_not_of('0') + 1);
      text += "." + fraction;
    }
    text += "s";
  }
  return text;
}

}  // namespace tresor::objects
