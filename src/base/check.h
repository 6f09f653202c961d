// SPDX-License-Identifier: Apache-2.0
// CHECK: for our own bugs only. Input never reaches a CHECK; decoders return kDataLoss.
#pragma once

namespace tresor {

/// Prints "file:line: CHECK failed: text" to standard error and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* text);

}  // namespace tresor

#define TRESOR_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::tresor::CheckFailed(__FILE__, __LINE__, #condition))
