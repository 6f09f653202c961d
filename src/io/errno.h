// SPDX-License-Identifier: Apache-2.0
// The one table from errno to Code.
#pragma once

#include <string_view>

#include "base/status.h"

namespace tresor::io {

/// "`object`: `call`: text of `error_number`", with the code that the table has for it.
[[nodiscard]] Status ErrnoError(int error_number, std::string_view object, std::string_view call);

}  // namespace tresor::io
