// SPDX-License-Identifier: Apache-2.0
#include "objects/condition.h"

#include <algorithm>
#include <utility>

namespace tresor::objects {

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

bool IsTrue(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* condition = FindCondition(conditions, type);
  return condition != nullptr && condition->status == ConditionStatus::kTrue;
}

bool SetCondition(std::vector<Condition>& conditions, Condition condition, WallTime now) {
  const auto present = std::ranges::find(conditions, condition.type, &Condition::type);
  if (present == conditions.end()) {
    condition.last_transition = now;
    conditions.push_back(std::move(condition));
    return true;
  }
  condition.last_transition =
      present->status == condition.status ? present->last_transition : std::optional(now);
  if (*present == condition) {
    return false;
  }
  *present = std::move(condition);
  return true;
}

}  // namespace tresor::objects
