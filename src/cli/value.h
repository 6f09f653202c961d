// SPDX-License-Identifier: Apache-2.0
// Keys and values of etcd as people and scripts read them. Pure.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/bytes.h"

namespace tresor::cli {

/// One or more lines, the last with its end: JSON set out in lines, the head of a Kubernetes
/// object, text as it is, else a hex dump of the first bytes. Nothing in it can control a terminal.
[[nodiscard]] std::string RenderValue(ByteView value);

/// Adds "key" (or, when it is not UTF-8, "keyBase64").
void AddKeyTo(nlohmann::ordered_json& object, std::string_view key);
/// Adds "value" (or "valueBase64"), and "kubernetes" {apiVersion, kind, namespace, name, uid,
/// creationTime} when the value is a Kubernetes object in protobuf form.
void AddValueTo(nlohmann::ordered_json& object, ByteView value);

}  // namespace tresor::cli
