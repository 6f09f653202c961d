// SPDX-License-Identifier: Apache-2.0
// What names, label keys and label values may be, with Kubernetes' own words for what they may not.
//
// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
// kubernetes/apimachinery pkg/util/validation/validation.go
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tresor::objects {

/// Each returns what is wrong with the text; empty: nothing.

/// Lower case letters, digits and '-', at most 63: a namespace.
[[nodiscard]] std::vector<std::string> DnsLabelProblems(std::string_view text);
/// Labels joined by '.', at most 253 in all: most objects' names.
[[nodiscard]] std::vector<std::string> DnsSubdomainProblems(std::string_view text);
/// "name" or "dns.prefix/name": keys of labels and annotations, finalizers.
[[nodiscard]] std::vector<std::string> QualifiedNameProblems(std::string_view text);
/// May be empty, at most 63.
[[nodiscard]] std::vector<std::string> LabelValueProblems(std::string_view text);

}  // namespace tresor::objects
