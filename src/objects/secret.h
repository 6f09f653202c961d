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

// Keys of the Secrets that an external EtcdCluster names, as in Kubernetes' kubernetes.io/tls and
// kubernetes.io/basic-auth: spec.tlsSecretRef (PEM) …
inline constexpr std::string_view kCaKey = "ca.crt";
inline constexpr std::string_view kCertificateKey = "tls.crt";
inline constexpr std::string_view kPrivateKeyKey = "tls.key";
// … and spec.authSecretRef.
inline constexpr std::string_view kUsernameKey = "username";
inline constexpr std::string_view kPasswordKey = "password";

/// `data`, decoded. kInvalidArgument names the key that is not base64.
[[nodiscard]] Result<SecretValues> SecretData(const Object& secret);
/// A Secret of type Opaque; `name_space` and `name` as given.
[[nodiscard]] Object MakeSecret(std::string_view name_space, std::string_view name,
                                const SecretValues& values);

}  // namespace tresor::objects
