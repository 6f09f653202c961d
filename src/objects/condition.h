// SPDX-License-Identifier: Apache-2.0
// Conditions: what holds of an object right now, as metav1.Condition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace tresor::objects {

enum class ConditionStatus { kUnknown, kTrue, kFalse };

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  std::string reason;   // one CamelCase word, never empty
  std::string message;  // for people
  std::optional<WallTime> last_transition;
  std::int64_t observed_generation = 0;
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// nullptr: there is none of this type.
[[nodiscard]] const Condition* FindCondition(const std::vector<Condition>& conditions,
                                             std::string_view type);
[[nodiscard]] bool IsTrue(const std::vector<Condition>& conditions, std::string_view type);
/// Adds or replaces the one of its type. last_transition becomes `now` only when the status
/// changes. True: anything changed.
bool SetCondition(std::vector<Condition>& conditions, Condition condition, WallTime now);

}  // namespace tresor::objects
