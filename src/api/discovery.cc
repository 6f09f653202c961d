// SPDX-License-Identifier: Apache-2.0
#include "api/discovery.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "objects/kinds.h"

namespace tresor::api {
namespace {

using objects::Json;
using objects::Kind;

// What is asked about oneself: kinds that are answered, not kept.
struct Review {
  const char* group;
  const char* version;
  const char* plural;
  const char* singular;
  const char* kind;
};
constexpr Review kReviews[] = {
    {"authentication.k8s.io", "v1", "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview"},
    {"authorization.k8s.io", "v1", "selfsubjectaccessreviews", "selfsubjectaccessreview",
     "SelfSubjectAccessReview"},
    {"authorization.k8s.io", "v1", "selfsubjectrulesreviews", "selfsubjectrulesreview",
     "SelfSubjectRulesReview"},
};

// Versions by group; without the core group.
std::map<std::string, std::vector<std::string>> Groups(const objects::KindRegistry& kinds) {
  std::map<std::string, std::vector<std::string>> groups;
  const auto add = [&](const std::string& group, const std::string& version) {
    auto& versions = groups[group];
    if (std::find(versions.begin(), versions.end(), version) == versions.end()) {
      versions.push_back(version);
    }
  };
  for (const Kind& kind : kinds.all()) {
    if (!kind.resource.group.empty()) {
      add(kind.resource.group, kind.version);
    }
  }
  for (const Review& review : kReviews) {
    add(review.group, review.version);
  }
  return groups;
}

Json GroupDocument(const std::string& name, const std::vector<std::string>& versions) {
  Json list = Json::array();
  for (const std::string& version : versions) {
    list.push_back({{"groupVersion", name + "/" + version}, {"version", version}});
  }
  return {{"name", name}, {"versions", list}, {"preferredVersion", list.front()}};
}

Json ResourcesOf(const Kind& kind) {
  Json main = {{"name", kind.resource.plural},
               {"singularName", kind.singular},
               {"namespaced", kind.namespaced},
               {"kind", kind.kind},
               {"verbs", kind.verbs}};
  if (!kind.short_names.empty()) {
    main["shortNames"] = kind.short_names;
  }
  if (!kind.categories.empty()) {
    main["categories"] = kind.categories;
  }
  Json resources = Json::array({std::move(main)});
  if (kind.has_status) {
    resources.push_back({{"name", kind.resource.plural + "/status"},
                         {"singularName", ""},
                         {"namespaced", kind.namespaced},
                         {"kind", kind.kind},
                         {"verbs", {"get", "patch", "update"}}});
  }
  return resources;
}

std::optional<Json> ResourceList(const objects::KindRegistry& kinds, const std::string& group,
                                 const std::string& version) {
  Json resources = Json::array();
  for (const Kind& kind : kinds.all()) {
    if (kind.resource.group == group && kind.version == version) {
      for (Json& resource : ResourcesOf(kind)) {
        resources.push_back(std::move(resource));
      }
    }
  }
  for (const Review& review : kReviews) {
    if (review.group == group && review.version == version) {
      resources.push_back({{"name", review.plural},
                           {"singularName", review.singular},
                           {"namespaced", false},
                           {"kind", review.kind},
                           {"verbs", {"create"}}});
    }
  }
  if (resources.empty()) {
    return std::nullopt;
  }
  return Json{{"kind", "APIResourceList"},
              {"apiVersion", "v1"},
              {"groupVersion", group.empty() ? version : group + "/" + version},
              {"resources", std::move(resources)}};
}

}  // namespace

std::optional<Json> DiscoveryDocument(const objects::KindRegistry& kinds,
                                      const std::vector<std::string>& segments) {
  const bool core = segments.front() == "api";
  if (core && segments.size() == 1) {
    return Json{{"kind", "APIVersions"},
                {"versions", {"v1"}},
                {"serverAddressByClientCIDRs", Json::array()}};
  }
  if (core) {
    return segments.size() == 2 ? ResourceList(kinds, "", segments[1]) : std::nullopt;
  }
  const auto groups = Groups(kinds);
  if (segments.size() == 1) {
    Json list = Json::array();
    for (const auto& [name, versions] : groups) {
      list.push_back(GroupDocument(name, versions));
    }
    return Json{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(list)}};
  }
  const auto group = groups.find(segments[1]);
  if (group == groups.end()) {
    return std::nullopt;
  }
  if (segments.size() == 2) {
    Json document = GroupDocument(group->first, group->second);
    document["kind"] = "APIGroup";
    document["apiVersion"] = "v1";
    return document;
  }
  return segments.size() == 3 ? ResourceList(kinds, segments[1], segments[2]) : std::nullopt;
}

Json VersionDocument(std::string_view tresor_version) {
  // The version whose API this follows: clients compare it with their own.
  return {{"major", "1"},
          {"minor", "32"},
          {"gitVersion", fmt::format("v1.32.0+tresor-{}", tresor_version)},
          {"gitCommit", ""},
          {"gitTreeState", ""},
          {"buildDate", ""},
          {"goVersion", ""},
          {"compiler", "g++"},
          {"platform", "linux"}};
}

}  // namespace tresor::api
