// SPDX-License-Identifier: Apache-2.0
#include "objects/names.h"

#include <algorithm>

#include <fmt/format.h>

namespace tresor::objects {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxSubdomain = 253;

constexpr std::string_view kDnsLabelRule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kDnsSubdomainRule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kNamePartRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kLabelValueRule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsAlphanumeric(char c) { return IsLowerOrDigit(c) || (c >= 'A' && c <= 'Z'); }

bool IsDnsLabel(std::string_view text) {
  return !text.empty() && IsLowerOrDigit(text.front()) && IsLowerOrDigit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return IsLowerOrDigit(c) || c == '-'; });
}

bool IsDnsSubdomain(std::string_view text) {
  while (true) {
    const auto dot = text.find('.');
    if (!IsDnsLabel(text.substr(0, dot))) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(dot + 1);
  }
}

bool IsName(std::string_view text) {
  return !text.empty() && IsAlphanumeric(text.front()) && IsAlphanumeric(text.back()) &&
         std::ranges::all_of(
             text, [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

std::string TooLong(std::size_t limit) {
  return fmt::format("must be no more than {} characters", limit);
}

}  // namespace

std::vector<std::string> DnsLabelProblems(std::string_view text) {
  std::vector<std::string> problems;
  if (text.size() > kMaxLabel) {
    problems.push_back(TooLong(kMaxLabel));
  }
  if (!IsDnsLabel(text)) {
    problems.emplace_back(kDnsLabelRule);
  }
  return problems;
}

std::vector<std::string> DnsSubdomainProblems(std::string_view text) {
  std::vector<std::string> problems;
  if (text.size() > kMaxSubdomain) {
    problems.push_back(TooLong(kMaxSubdomain));
  }
  if (!IsDnsSubdomain(text)) {
    problems.emplace_back(kDnsSubdomainRule);
  }
  return problems;
}

std::vector<std::string> QualifiedNameProblems(std::string_view text) {
  std::vector<std::string> problems;
  std::string_view name = text;
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view prefix = text.substr(0, slash);
    name = text.substr(slash + 1);
    if (name.find('/') != std::string_view::npos) {
      problems.push_back(
          fmt::format("a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. "
                      "'example.com/MyName')",
                      kNamePartRule));
      return problems;
    }
    if (prefix.empty()) {
      problems.emplace_back("prefix part must be non-empty");
    } else {
      for (const std::string& problem : DnsSubdomainProblems(prefix)) {
        problems.push_back("prefix part " + problem);
      }
    }
  }
  if (name.empty()) {
    problems.emplace_back("name part must be non-empty");
  } else if (name.size() > kMaxLabel) {
    problems.push_back("name part " + TooLong(kMaxLabel));
  }
  if (!IsName(name)) {
    problems.push_back(fmt::format("name part {}", kNamePartRule));
  }
  return problems;
}

std::vector<std::string> LabelValueProblems(std::string_view text) {
  std::vector<std::string> problems;
  if (text.size() > kMaxLabel) {
    problems.push_back(TooLong(kMaxLabel));
  }
  if (!text.empty() && !IsName(text)) {
    problems.emplace_back(kLabelValueRule);
  }
  return problems;
}

}  // namespace tresor::objects
