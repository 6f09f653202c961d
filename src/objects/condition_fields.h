// SPDX-License-Identifier: Apache-2.0
// Condition's fields, as metav1.Condition names them. Internal to objects.
#pragma once

#include "objects/condition.h"
#include "objects/fields.h"

namespace tresor::objects {

template <>
inline constexpr auto kTexts<ConditionStatus> =
    std::array<std::string_view, 3>{"Unknown", "True", "False"};

template <>
struct FieldsOf<Condition> {
  static void Visit(auto& visit, auto& value) {
    visit("type", value.type);
    visit("status", value.status);
    visit("reason", value.reason);
    visit("message", value.message);
    visit("lastTransitionTime", value.last_transition);
    visit("observedGeneration", value.observed_generation);
  }
};

}  // namespace tresor::objects
