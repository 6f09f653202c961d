// SPDX-License-Identifier: Apache-2.0
// Schedules: when automatic backups run.
//
//   ┌ minute 0-59  ┌ hour 0-23  ┌ day of month 1-31  ┌ month 1-12, JAN-DEC  ┌ day of week 0-7,
//   SUN-SAT
//   */15           8-18         *                    *                      MON-FRI
//
// Five fields of lists ("1,15"), ranges ("8-18"), steps ("*/15", "8-18/2", "5/10": from 5 on) and
// names; Sunday is 0 and 7; `?` is `*`. When both day fields are restricted a day that satisfies
// either counts, as in Vixie cron; a field that begins with `*` is not restricted. Descriptors:
// @hourly, @daily = @midnight, @weekly (Sunday), @monthly, @yearly = @annually; and `@every 1h30m`,
// Go's duration, at least a minute, whole seconds.
//
// Daylight saving. What is scheduled for every hour (`*` or `*/n` in the hour field, @hourly) runs
// by real time: the local hour that is skipped is not made up for, the one that comes twice runs
// twice. Any other schedule runs once a local time: one that a forward jump skips runs right after
// the jump (once, also when several were skipped), one that comes twice runs the first time.
// `@every` knows no local time.
#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/status.h"
#include "base/time_zone.h"

namespace tresor::objects {

/// A parsed schedule: a value.
class Schedule {
 public:
  /// kInvalidArgument says which field is wrong and how.
  [[nodiscard]] static Result<Schedule> Parse(std::string_view text);

  /// `@every`: its period. none: local times.
  [[nodiscard]] std::optional<std::chrono::seconds> period() const;

  /// The first run after `anchor`: the time of the run before, or the configuration's creation;
  /// `@every` counts from it. none: never (30 February).
  [[nodiscard]] std::optional<WallTime> Next(const TimeZone& zone, WallTime anchor) const;

  struct Window {
    WallTime anchor;  // as Next's
    WallTime until;
  };
  /// The last run after `window.anchor` and not after `window.until`: after downtime, the one slot
  /// to make up for. none: there was none.
  [[nodiscard]] std::optional<WallTime> Latest(const TimeZone& zone, const Window& window) const;

 private:
  struct Cron {
    std::bitset<60> minutes;
    std::bitset<24> hours;
    std::bitset<32> days;      // 1..31
    std::bitset<13> months;    // 1..12
    std::bitset<7> week_days;  // 0: Sunday
    bool every_hour = false;   // `*` or `*/n` hours: runs by real time
    bool any_day = false;      // of month
    bool any_week_day = false;

    using LocalMinute = std::chrono::local_time<std::chrono::minutes>;
    [[nodiscard]] bool Has(std::chrono::local_days day) const;
    [[nodiscard]] std::optional<LocalMinute> AtOrAfter(LocalMinute from) const;
    /// Not on a day before that of `end`.
    [[nodiscard]] std::optional<LocalMinute> AtOrBefore(LocalMinute from, LocalMinute end) const;
    [[nodiscard]] std::optional<WallTime> Next(const TimeZone& zone, WallTime anchor) const;
    [[nodiscard]] std::optional<WallTime> Latest(const TimeZone& zone, const Window& window) const;
  };
  std::variant<std::chrono::seconds, Cron> rule_;
};

}  // namespace tresor::objects
