// SPDX-License-Identifier: Apache-2.0
// Schedules, durations, times and zone names: a run that comes next is also the latest when it has
// come.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "objects/duration.h"
#include "objects/object.h"
#include "objects/schedule.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor::objects;
  static const tresor::TimeZone berlin =
      tresor::TimeZone::Load("Europe/Berlin").value_or(tresor::TimeZone());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)ParseTime(text);
  (void)tresor::TimeZone::Load(text);
  if (const auto duration = ParseDuration(text); duration.ok()) {
    const auto again = ParseDuration(FormatDuration(*duration));
    TRESOR_CHECK(again.ok() && *again == *duration);
  }
  if (const auto schedule = Schedule::Parse(text); schedule.ok()) {
    // Half an hour before the clocks go forward.
    tresor::WallTime time{std::chrono::seconds{1'774'744'200}};
    for (int i = 0; i < 3; ++i) {
      const auto next = schedule->Next(berlin, time);
      if (!next.has_value()) {
        break;
      }
      TRESOR_CHECK(*next > time);
      TRESOR_CHECK(schedule->Latest(berlin, {.anchor = time, .until = *next}) == next);
      time = *next;
    }
  }
  return 0;
}
