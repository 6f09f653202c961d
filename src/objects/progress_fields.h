// SPDX-License-Identifier: Apache-2.0
// Progress' fields. Internal to objects.
#pragma once

#include "objects/fields.h"
#include "objects/progress.h"

namespace tresor::objects {

template <>
struct FieldsOf<Progress> {
  static void Visit(auto& visit, auto& value) {
    visit("bytesDone", value.bytes_done);
    visit("bytesTotal", value.bytes_total);
    visit("percent", value.percent);
  }
};

}  // namespace tresor::objects
