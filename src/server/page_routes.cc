// SPDX-License-Identifier: Apache-2.0
#include "server/page_routes.h"

#include <chrono>
#include <string>
#include <utility>

#include "objects/json_text.h"
#include "objects/object.h"
#include "objects/yaml.h"
#include "runtime/external/external.h"

namespace tresor::server {
namespace {

using objects::Json;

constexpr std::chrono::seconds kPatience{10};
constexpr std::size_t kMaxEndpoints = 20;

net::Response Answer(int status, const Json& json) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = objects::JsonText(json),
          .stream = nullptr};
}

Result<etcd::ClientOptions> ReadAccess(const net::Request& request) {
  ASSIGN_OR_RETURN(Json json, objects::ParseJson(request.body));
  const objects::Object body{std::move(json)};
  etcd::ClientOptions access;
  const Json* endpoints = body.Find("endpoints");
  if (endpoints != nullptr && endpoints->is_array()) {
    for (const Json& endpoint : *endpoints) {
      access.endpoints.push_back(endpoint.is_string() ? endpoint.get<std::string>() : "");
    }
  }
  if (access.endpoints.empty() || access.endpoints.size() > kMaxEndpoints) {
    return Error(Code::kInvalidArgument, "endpoints: between 1 and {} client URLs", kMaxEndpoints);
  }
  const etcd::TlsOptions tls{.ca_pem = body.Text("ca"),
                             .certificate_pem = body.Text("certificate"),
                             .key_pem = body.Text("key")};
  if (!tls.ca_pem.empty() || !tls.certificate_pem.empty() || !tls.key_pem.empty()) {
    access.tls = tls;
  }
  access.user = body.Text("user");
  access.password = body.Text("password");
  return access;
}

/// As the cluster's own controller will look at it.
Result<Json> LookAt(const Context& context, etcd::ClientOptions access) {
  const auto runtime = runtime::MakeExternalRuntime();
  runtime::ClusterSpec spec;
  spec.id = {.project = "", .name = "", .uid = "trial"};
  spec.external = std::move(access);
  RETURN_IF_ERROR(runtime->Apply(context, spec));
  ASSIGN_OR_RETURN(const runtime::ClusterObservation seen,
                   runtime->Observe(context.WithTimeout(kPatience), spec.id));
  Json members = Json::array();
  for (const runtime::MemberObservation& member : seen.members) {
    Json json = {{"name", member.name},
                 {"endpoint", member.client_url},
                 {"healthy", member.healthy},
                 {"message", member.message}};
    if (member.status) {
      json["version"] = member.status->version;
      json["dbSize"] = member.status->db_bytes;
      json["leader"] = member.status->leader == member.status->header.member;
    }
    members.push_back(std::move(json));
  }
  return Json{{"reached", seen.has_quorum}, {"members", std::move(members)}};
}

}  // namespace

net::Response AnswerSettings(const ServerOptions& options, WallTime started,
                             const net::Request& request) {
  if (request.method != "GET") {
    return Answer(405, {{"message", "only GET is answered here"}});
  }
  return Answer(200, {{"version", options.version},
                      {"startTime", FormatTime(started)},
                      {"dataDir", options.data_dir},
                      {"defaultSchedule", options.default_schedule},
                      {"defaultKeep", options.default_keep},
                      {"maxParallelBackups", options.max_parallel_backups},
                      {"memoryLimitBytes", options.memory_limit_bytes}});
}

net::Response AnswerEtcd(const Context& context, const net::Request& request) {
  if (request.method != "POST") {
    return Answer(405, {{"message", "only POST is answered here"}});
  }
  auto access = ReadAccess(request);
  if (!access.ok()) {
    return Answer(400, {{"message", Message(access.status())}});
  }
  const Result<Json> seen = LookAt(context, *std::move(access));
  // That nobody answers is an answer, too.
  return Answer(200, seen.ok() ? *seen
                               : Json{{"reached", false},
                                      {"members", Json::array()},
                                      {"message", Message(seen.status())}});
}

}  // namespace tresor::server
