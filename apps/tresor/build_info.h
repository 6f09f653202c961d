// SPDX-License-Identifier: Apache-2.0
// What was built. The source of this header is made by the build (build_info.cmake).
#pragma once

#include "cli/host.h"

namespace tresor {

[[nodiscard]] cli::BuildInfo GetBuildInfo();

}  // namespace tresor
