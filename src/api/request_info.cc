// SPDX-License-Identifier: Apache-2.0
#include "api/request_info.h"

#include <algorithm>
#include <span>

namespace tresor::api {
namespace {

std::string VerbOf(const net::Request& request, const RequestInfo& info) {
  if (request.method == "GET" || request.method == "HEAD") {
    if (IsTrue(request.target.query.Find("watch").value_or(""))) {
      return "watch";
    }
    return info.name.empty() ? "list" : "get";
  }
  if (request.method == "POST") {
    return "create";
  }
  if (request.method == "PUT") {
    return "update";
  }
  if (request.method == "PATCH") {
    return "patch";
  }
  if (request.method == "DELETE") {
    return info.name.empty() ? "deletecollection" : "delete";
  }
  return {};
}

}  // namespace

bool IsTrue(std::string_view text) {
  return text == "1" || text == "t" || text == "T" || text == "true" || text == "True" ||
         text == "TRUE";
}

RequestInfo RequestInfo::Of(const net::Request& request) {
  RequestInfo info;
  info.verb = request.method;
  std::transform(info.verb.begin(), info.verb.end(), info.verb.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::span<const std::string> rest = request.target.segments;
  if (rest.size() >= 3 && rest[0] == "api") {
    info.version = rest[1];
    rest = rest.subspan(2);
  } else if (rest.size() >= 4 && rest[0] == "apis") {
    info.group = rest[1];
    info.version = rest[2];
    rest = rest.subspan(3);
  } else {
    return info;
  }
  // "namespaces/x" is the object x; "namespaces/x/y" is collection y in it, but for the
  // subresources of a namespace.
  if (rest[0] == "namespaces" && rest.size() >= 3 && rest[2] != "status" && rest[2] != "finalize") {
    info.name_space = rest[1];
    rest = rest.subspan(2);
  }
  if (rest.size() > 3) {
    return info;
  }
  info.is_resource = true;
  info.resource = rest[0];
  info.name = rest.size() > 1 ? rest[1] : "";
  info.subresource = rest.size() > 2 ? rest[2] : "";
  info.verb = VerbOf(request, info);
  return info;
}

}  // namespace tresor::api
