// SPDX-License-Identifier: Apache-2.0
// Which destination is meant when none is named.
#pragma once

#include <string>

#include "base/context.h"
#include "base/status.h"
#include "store/object_store.h"

namespace tresor::control {

/// The one whose spec says so; of several (admission refuses that) the first by name. Empty: there
/// is none.
[[nodiscard]] Result<std::string> FindDefaultDestination(const Context& context,
                                                         store::ObjectStore& store);

}  // namespace tresor::control
