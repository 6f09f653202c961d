// SPDX-License-Identifier: Apache-2.0
// Time zones of the IANA database, as the machine has it installed (Debian: tzdata).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace tresor {

/// What clocks on the wall of a place show. Cheap to copy.
///
/// Threads: const methods, from any thread.
class TimeZone {
 public:
  /// UTC.
  TimeZone();
  /// "Europe/Berlin", "UTC". kInvalidArgument: there is no zone of this name.
  [[nodiscard]] static Result<TimeZone> Load(std::string_view name);

  /// Local time, to the second.
  using LocalTime = std::chrono::local_seconds;
  [[nodiscard]] LocalTime ToLocal(WallTime time) const;

  /// When a clock shows `local`. Once: first == last. Twice (clocks were set back): first < last.
  /// Never (set forward): both are none and `jump` is when they were set.
  struct Instants {
    std::optional<WallTime> first;
    std::optional<WallTime> last;
    WallTime jump;
  };
  [[nodiscard]] Instants ToInstants(LocalTime local) const;

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  struct Zone;
  std::string name_;
  std::shared_ptr<const Zone> zone_;
};

}  // namespace tresor
