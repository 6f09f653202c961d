// SPDX-License-Identifier: Apache-2.0
#include "objects/schedule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "objects/duration.h"

namespace tresor::objects {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::seconds;

using LocalMinute = std::chrono::local_time<minutes>;

constexpr std::size_t kMaxText = 200;
// 29 February on a given day of the week is at most 40 years away (around 2100).
constexpr days kHorizon{41 * 366};

struct Descriptor {
  std::string_view name;
  std::string_view fields;
};
constexpr std::array<Descriptor, 7> kDescriptors{{{"@hourly", "0 * * * *"},
                                                  {"@daily", "0 0 * * *"},
                                                  {"@midnight", "0 0 * * *"},
                                                  {"@weekly", "0 0 * * 0"},
                                                  {"@monthly", "0 0 1 * *"},
                                                  {"@yearly", "0 0 1 1 *"},
                                                  {"@annually", "0 0 1 1 *"}}};

struct Field {
  std::string_view name;
  unsigned min;
  unsigned max;
  std::string_view names;  // three letters each, the first stands for `first_name`
  unsigned first_name;
  std::string_view longer;  // what to write instead of a step beyond the range
};
constexpr Field kMinute{"minute", 0, 59, "", 0, "@every 90m"};
constexpr Field kHour{"hour", 0, 23, "", 0, "@every 36h"};
constexpr Field kDay{"day of month", 1, 31, "", 0, "@every 960h"};
constexpr Field kMonth{"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", 1, "@yearly"};
// 7 is Sunday as well, so that MON-SUN can be written.
constexpr Field kWeekDay{"day of week", 0, 7, "sunmontuewedthufrisat", 0, "@every 192h"};

template <typename... Args>
Status Bad(const Field& field, fmt::format_string<Args...> text, Args&&... args) {
  return Error(Code::kInvalidArgument, "{}: {}", field.name,
               fmt::format(text, std::forward<Args>(args)...));
}

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    while (at < text.size() && !IsSpace(text[at])) {
      ++at;
    }
    if (at > start) {
      words.push_back(text.substr(start, at - start));
    } else {
      ++at;
    }
  }
  return words;
}

Result<unsigned> ParseValue(const Field& field, std::string_view text) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc() && stop == end) {
    if (value < field.min || value > field.max) {
      return Bad(field, "{} is not within {}-{}", text, field.min, field.max);
    }
    return value;
  }
  if (text.size() == 3) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    for (std::size_t i = 0; i < field.names.size(); i += 3) {
      if (field.names.substr(i, 3) == lower) {
        return static_cast<unsigned>(i / 3) + field.first_name;
      }
    }
  }
  return Bad(field, "\"{}\" is not a {}", text, field.names.empty() ? "number" : "number or name");
}

// One item of a list: `*`, `5`, `5-10`, each with `/step`. Sets what it names in `bits`.
template <std::size_t N>
Status ParseItem(const Field& field, std::string_view item, std::bitset<N>& bits) {
  const auto slash = item.find('/');
  const std::string_view range = item.substr(0, slash);
  unsigned first = field.min;
  unsigned last = field.max;
  if (range != "*") {
    const auto dash = range.find('-');
    ASSIGN_OR_RETURN(first, ParseValue(field, range.substr(0, dash)));
    if (dash != std::string_view::npos) {
      ASSIGN_OR_RETURN(last, ParseValue(field, range.substr(dash + 1)));
      if (&field == &kWeekDay && last == 0 && first > 0) {
        last = 7;  // SAT-SUN
      }
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  if (first > last) {
    return Bad(field, "the range {} ends before it begins", range);
  }
  unsigned step = 1;
  if (slash != std::string_view::npos) {
    const std::string_view text = item.substr(slash + 1);
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, step);
    if (error != std::errc() || stop != end || step == 0) {
      return Bad(field, "\"{}\" is not a step", text);
    }
    if (step > field.max) {
      return Bad(field, "the step {} is longer than the range {}-{}: is {} meant?", step, field.min,
                 field.max, field.longer);
    }
  }
  for (unsigned value = first; value <= last; value += step) {
    bits.set(value);
  }
  return OkStatus();
}

template <std::size_t N>
Status ParseField(const Field& field, std::string_view text, std::bitset<N>& bits) {
  if (text == "?" && (&field == &kDay || &field == &kWeekDay)) {
    text = "*";
  }
  while (true) {
    const auto comma = text.find(',');
    RETURN_IF_ERROR(ParseItem(field, text.substr(0, comma), bits));
    if (comma == std::string_view::npos) {
      return OkStatus();
    }
    text.remove_prefix(comma + 1);
  }
}

bool IsUnrestricted(std::string_view field) { return field.starts_with('*') || field == "?"; }

Result<seconds> ParseEvery(std::string_view text) {
  ASSIGN_OR_RETURN(const std::chrono::nanoseconds period, ParseDuration(text));
  if (period < minutes{1} || period > std::chrono::hours{8760}) {
    return Error(Code::kInvalidArgument, "@every {}: must be between 1m and 8760h (a year)", text);
  }
  const auto whole = std::chrono::floor<seconds>(period);
  if (whole != period) {
    return Error(Code::kInvalidArgument, "@every {}: must be whole seconds", text);
  }
  return whole;
}

// The smallest set bit that is at least `from`; N: none.
template <std::size_t N>
std::size_t NextBit(const std::bitset<N>& bits, std::size_t from) {
  while (from < N && !bits[from]) {
    ++from;
  }
  return from;
}
// The largest set bit below `end`; N: none.
template <std::size_t N>
std::size_t BitBefore(const std::bitset<N>& bits, std::size_t end) {
  while (end > 0) {
    if (bits[--end]) {
      return end;
    }
  }
  return N;
}

// How far back the clocks are set between the two times that they show `time`'s local time; usually
// they show it once: 0.
seconds SetBackAround(const TimeZone& zone, WallTime time) {
  const TimeZone::Instants shown = zone.ToInstants(zone.ToLocal(time));
  return shown.first.has_value() ? std::chrono::duration_cast<seconds>(*shown.last - *shown.first)
                                 : seconds{0};
}

}  // namespace

Result<Schedule> Schedule::Parse(std::string_view text) {
  const std::string_view whole = text;
  if (whole.size() > kMaxText) {
    return Error(Code::kInvalidArgument, "must be no more than {} characters", kMaxText);
  }
  std::vector<std::string_view> words = Split(text);
  Schedule schedule;
  if (words.size() == 2 && words[0] == "@every") {
    ASSIGN_OR_RETURN(schedule.rule_, ParseEvery(words[1]));
    return schedule;
  }
  if (words.size() == 1 && words[0].starts_with('@')) {
    const auto* descriptor = std::ranges::find(kDescriptors, words[0], &Descriptor::name);
    if (descriptor == kDescriptors.end()) {
      return Error(Code::kInvalidArgument,
                   "unknown descriptor {}; there are @hourly, @daily, @midnight, @weekly, "
                   "@monthly, @yearly, @annually and @every 20m",
                   words[0]);
    }
    words = Split(descriptor->fields);
  }
  if (words.size() != 5) {
    return Error(
        Code::kInvalidArgument,
        "must have five fields (minute, hour, day of month, month, day of week), not {}{}",
        words.size(),
        whole.find("TZ=") == std::string_view::npos ? "" : "; the time zone is spec.timeZone");
  }
  Cron cron;
  std::bitset<8> week_days;
  RETURN_IF_ERROR(ParseField(kMinute, words[0], cron.minutes));
  RETURN_IF_ERROR(ParseField(kHour, words[1], cron.hours));
  RETURN_IF_ERROR(ParseField(kDay, words[2], cron.days));
  RETURN_IF_ERROR(ParseField(kMonth, words[3], cron.months));
  RETURN_IF_ERROR(ParseField(kWeekDay, words[4], week_days));
  for (std::size_t day = 0; day < 8; ++day) {
    if (week_days[day]) {
      cron.week_days.set(day % 7);
    }
  }
  cron.every_hour = words[1].starts_with('*');
  cron.any_day = IsUnrestricted(words[2]);
  cron.any_week_day = IsUnrestricted(words[4]);
  schedule.rule_ = cron;
  return schedule;
}

bool Schedule::Cron::Has(std::chrono::local_days day) const {
  const std::chrono::year_month_day date{day};
  if (!months[static_cast<unsigned>(date.month())]) {
    return false;
  }
  const bool in_month = days[static_cast<unsigned>(date.day())];
  const bool in_week = week_days[std::chrono::weekday{day}.c_encoding()];
  // Vixie cron, cron.c find_jobs(): a field that begins with `*` counts by "and".
  return any_day || any_week_day ? in_month && in_week : in_month || in_week;
}

std::optional<LocalMinute> Schedule::Cron::AtOrAfter(LocalMinute from) const {
  const local_days first = std::chrono::floor<std::chrono::days>(from);
  for (local_days day = first; day < first + kHorizon; day += std::chrono::days{1}) {
    if (!Has(day)) {
      continue;
    }
    const auto earliest = static_cast<std::size_t>(day == first ? (from - day).count() : 0);
    std::size_t hour = NextBit(hours, earliest / 60);
    std::size_t minute = NextBit(minutes, hour == earliest / 60 ? earliest % 60 : 0);
    if (minute == minutes.size()) {
      hour = NextBit(hours, hour + 1);
      minute = NextBit(minutes, 0);
    }
    if (hour < hours.size()) {
      return day + std::chrono::minutes{hour * 60 + minute};
    }
  }
  return std::nullopt;
}

std::optional<LocalMinute> Schedule::Cron::AtOrBefore(LocalMinute from, LocalMinute end) const {
  const local_days first = std::chrono::floor<std::chrono::days>(from);
  const local_days last = std::chrono::floor<std::chrono::days>(end);
  for (local_days day = first; day >= last; day -= std::chrono::days{1}) {
    if (!Has(day)) {
      continue;
    }
    const auto latest = static_cast<std::size_t>(day == first ? (from - day).count() : 24 * 60 - 1);
    std::size_t hour = BitBefore(hours, latest / 60 + 1);
    std::size_t minute = BitBefore(minutes, hour == latest / 60 ? latest % 60 + 1 : 60);
    if (hour < hours.size() && minute == minutes.size()) {
      hour = BitBefore(hours, hour);
      minute = BitBefore(minutes, 60);
    }
    if (hour < hours.size()) {
      return day + std::chrono::minutes{hour * 60 + minute};
    }
  }
  return std::nullopt;
}

// Local times ascend; so do their first instants, and so do their last ones.
std::optional<WallTime> Schedule::Cron::Next(const TimeZone& zone, WallTime anchor) const {
  const auto from =
      std::chrono::floor<std::chrono::minutes>(zone.ToLocal(anchor) - SetBackAround(zone, anchor));
  std::optional<WallTime> best;
  for (auto local = AtOrAfter(from); local.has_value();
       local = AtOrAfter(*local + std::chrono::minutes{1})) {
    const TimeZone::Instants instants = zone.ToInstants(*local);
    if (!every_hour) {
      const WallTime run = instants.first.value_or(instants.jump);
      if (run > anchor) {
        return run;
      }
    } else if (instants.first.has_value()) {
      if (*instants.last > anchor && (!best.has_value() || *instants.last < *best)) {
        best = instants.last;
      }
      if (*instants.first > anchor) {
        return std::min(*best, *instants.first);
      }
    }
  }
  return best;
}

std::optional<WallTime> Schedule::Cron::Latest(const TimeZone& zone, const Window& window) const {
  const auto from = std::chrono::floor<std::chrono::minutes>(zone.ToLocal(window.until) +
                                                             SetBackAround(zone, window.until));
  const auto end = std::chrono::floor<std::chrono::minutes>(zone.ToLocal(window.anchor)) -
                   std::chrono::hours{48};  // no clock is set further
  WallTime best = window.anchor;
  bool found = false;
  for (auto local = AtOrBefore(from, end); local.has_value() && !found;
       local = AtOrBefore(*local - std::chrono::minutes{1}, end)) {
    const TimeZone::Instants instants = zone.ToInstants(*local);
    if (every_hour && !instants.first.has_value()) {
      continue;
    }
    const WallTime first = instants.first.value_or(instants.jump);
    const WallTime last = every_hour ? *instants.last : first;
    if (first <= window.until) {
      best = std::max(best, first);
    }
    if (last <= window.until) {
      best = std::max(best, last);
      found = true;  // those before have earlier instants
    }
  }
  return best > window.anchor ? std::optional(best) : std::nullopt;
}

std::optional<std::chrono::seconds> Schedule::period() const {
  const seconds* period = std::get_if<seconds>(&rule_);
  return period == nullptr ? std::nullopt : std::optional(*period);
}

std::optional<WallTime> Schedule::Next(const TimeZone& zone, WallTime anchor) const {
  if (const seconds* period = std::get_if<seconds>(&rule_); period != nullptr) {
    return anchor + *period;
  }
  return std::get<Cron>(rule_).Next(zone, anchor);
}

std::optional<WallTime> Schedule::Latest(const TimeZone& zone, const Window& window) const {
  if (window.until <= window.anchor) {
    return std::nullopt;
  }
  if (const seconds* period = std::get_if<seconds>(&rule_); period != nullptr) {
    const auto runs = (window.until - window.anchor) / *period;
    return runs == 0 ? std::nullopt : std::optional(window.anchor + runs * *period);
  }
  return std::get<Cron>(rule_).Latest(zone, window);
}

}  // namespace tresor::objects
