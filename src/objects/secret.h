// SPDX-License-Identifier: Apache-2.0
// v1 Secret: named byte strings.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "objects/object.h"

namespace tresor::objects {

using SecretValues = std::map<std::string, std::string, std::less<>>;

/// `data`, decoded. kInvalidArgument names the key that is not base64.
[[nodiscard]] Result<SecretValues> SecretData(const Object& secret);
/// A Secret of type Opaque; `name_space` and `name` as given.
[[nodiscard]] Object MakeSecret(std::string_view name_space, std::string_view name,
                                const SecretValues& values);

}  // namespace tresor::objects
