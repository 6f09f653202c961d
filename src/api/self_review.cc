// SPDX-License-Identifier: Apache-2.0
#include "api/self_review.h"

#include <array>
#include <string>
#include <utility>

#include "api/errors.h"
#include "objects/kinds.h"

namespace tresor::api {
namespace {

using objects::Json;
using objects::Object;

constexpr std::array<std::string_view, 8> kVerbs{"get",    "list",  "watch",  "create",
                                                 "update", "patch", "delete", "deletecollection"};

Attributes AttributesOf(const User& user, const Object& review) {
  if (review.Find("spec.nonResourceAttributes") != nullptr) {
    return {.user = user,
            .verb = review.Text("spec.nonResourceAttributes.verb"),
            .path = review.Text("spec.nonResourceAttributes.path")};
  }
  const std::string base = "spec.resourceAttributes.";
  return {.user = user,
          .verb = review.Text(base + "verb"),
          .group = review.Text(base + "group"),
          .resource = review.Text(base + "resource"),
          .subresource = review.Text(base + "subresource"),
          .name_space = review.Text(base + "namespace"),
          .name = review.Text(base + "name")};
}

Result<Json> RulesOf(const Context& context, Authorizer& authorizer,
                     const objects::KindRegistry& kinds, const User& user,
                     const std::string& name_space) {
  Json rules = Json::array();
  for (const objects::Kind& kind : kinds.all()) {
    Json verbs = Json::array();
    for (const std::string_view verb : kVerbs) {
      ASSIGN_OR_RETURN(
          const Decision decision,
          authorizer.Authorize(context, {.user = user,
                                         .verb = std::string(verb),
                                         .group = kind.resource.group,
                                         .resource = kind.resource.plural,
                                         .name_space = kind.namespaced ? name_space : ""}));
      if (decision.allowed) {
        verbs.push_back(verb);
      }
    }
    if (!verbs.empty()) {
      rules.push_back({{"verbs", std::move(verbs)},
                       {"apiGroups", {kind.resource.group}},
                       {"resources", {kind.resource.plural}}});
    }
  }
  return rules;
}

}  // namespace

bool IsSelfReview(std::string_view group, std::string_view plural) {
  return (group == "authorization.k8s.io" &&
          (plural == "selfsubjectaccessreviews" || plural == "selfsubjectrulesreviews")) ||
         (group == "authentication.k8s.io" && plural == "selfsubjectreviews");
}

Result<Json> AnswerSelfReview(const Context& context, Authorizer& authorizer,
                              const objects::KindRegistry& kinds, const User& user,
                              std::string_view plural, Json body) {
  if (!body.is_object()) {
    return BadRequest("the body is not an object");
  }
  Object review{std::move(body)};
  if (plural == "selfsubjectreviews") {
    review.json["status"] = {{"userInfo", {{"username", user.name}, {"groups", user.groups}}}};
  } else if (plural == "selfsubjectaccessreviews") {
    ASSIGN_OR_RETURN(const Decision decision,
                     authorizer.Authorize(context, AttributesOf(user, review)));
    review.json["status"] = {{"allowed", decision.allowed}, {"reason", decision.reason}};
  } else {
    ASSIGN_OR_RETURN(Json rules,
                     RulesOf(context, authorizer, kinds, user, review.Text("spec.namespace")));
    review.json["status"] = {{"resourceRules", std::move(rules)},
                             {"nonResourceRules", Json::array()},
                             {"incomplete", false}};
  }
  review.json["metadata"] = {{"creationTimestamp", nullptr}};
  return std::move(review.json);
}

}  // namespace tresor::api
