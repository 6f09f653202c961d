// SPDX-License-Identifier: Apache-2.0
#include "cli/api_access.h"

#include <chrono>
#include <utility>

#include "base/base64.h"
#include "io/file_system.h"
#include "net/url.h"
#include "objects/yaml.h"

namespace tresor::cli {
namespace {

constexpr std::uint64_t kKubeconfigLimitBytes = 1 << 20;
constexpr std::string_view kServersOwn = "/var/lib/tresor/kubeconfig";
constexpr std::size_t kEventLimitBytes = std::size_t{16} << 20;
/// While the server is away.
constexpr std::chrono::milliseconds kTryAgainAfter{500};

/// The member `field` of the element of json[list] that is called `name`; null: there is none.
objects::Json FindNamed(const objects::Json& json, const char* list, const std::string& name,
                        const char* field) {
  if (json.is_object() && json.contains(list) && json.at(list).is_array()) {
    for (const objects::Json& item : json.at(list)) {
      if (objects::Object{item}.Text("name") == name && item.contains(field)) {
        return item.at(field);
      }
    }
  }
  return nullptr;
}

/// The table of api/errors.cc, backwards.
Code CodeOf(int http, const std::string& reason) {
  switch (http) {
    case 400:
    case 415:
    case 422:
      return Code::kInvalidArgument;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 409:
      return reason == "AlreadyExists" ? Code::kAlreadyExists
             : reason == "Conflict"    ? Code::kAborted
                                       : Code::kFailedPrecondition;
    case 410:
      return Code::kOutOfRange;
    case 429:
    case 507:
      return Code::kResourceExhausted;
    case 501:
      return Code::kUnimplemented;
    case 503:
    case 504:
      return Code::kUnavailable;
    default:
      return Code::kInternal;
  }
}

/// Shows one line of a watch. kOutOfRange: the server no longer knows what came since.
Result<bool> SeeEvent(std::string_view line, const ApiClient::Look& look) {
  ASSIGN_OR_RETURN(objects::Json json, objects::ParseJson(line, {.bytes = kEventLimitBytes}));
  const objects::Object event{std::move(json)};
  const std::string type = event.Text("type");
  const objects::Json* const found = event.Find("object");
  if (found == nullptr || !found->is_object()) {
    return Error(Code::kDataLoss, "an event of the watch has no object");
  }
  const objects::Object object{*found};
  if (type == "ADDED" || type == "MODIFIED") {
    return look(object);
  }
  if (type == "DELETED") {
    return Error(Code::kNotFound, "{} \"{}\" was deleted", object.kind(), object.name());
  }
  if (type == "ERROR") {
    const objects::Json* const code = object.Find("code");
    return Error(CodeOf(code != nullptr && code->is_number_integer() ? code->get<int>() : 500,
                        object.Text("reason")),
                 "{}", object.Text("message"));
  }
  return false;
}

Result<std::string> BodyOf(const objects::Json& json) {
  try {
    return json.dump();
  } catch (const objects::Json::type_error&) {
    return Error(Code::kInvalidArgument, "a word of the command line is not UTF-8");
  }
}

}  // namespace

std::vector<Flag> ApiFlags() {
  return {{.name = "kubeconfig",
           .kind = ValueKind::kFile,
           .value_name = "FILE",
           .help = "says where the server is; tresor serve makes it in its data directory",
           .default_text = std::string(kServersOwn),
           .environment = "KUBECONFIG"},
          {.name = "project",
           .letter = 'n',
           .kind = ValueKind::kText,
           .value_name = "NAME",
           .help = "the project (namespace); default: that of the kubeconfig, else \"default\""}};
}

Result<ApiAddress> ReadKubeconfig(std::string_view text) {
  ASSIGN_OR_RETURN(const objects::Json json, objects::ParseYaml(text));
  const std::string current = objects::Object{json}.Text("current-context");
  const objects::Object context{FindNamed(json, "contexts", current, "context")};
  const objects::Object cluster{FindNamed(json, "clusters", context.Text("cluster"), "cluster")};
  const objects::Object user{FindNamed(json, "users", context.Text("user"), "user")};
  ApiAddress address{.url = cluster.Text("server"),
                     .authority_pem = {},
                     .token = user.Text("token"),
                     .project = context.Text("namespace")};
  if (address.url.empty()) {
    return Error(Code::kInvalidArgument, "its current context names no server");
  }
  if (address.token.empty()) {
    return Error(Code::kInvalidArgument, "its current context has no token");
  }
  if (const std::string data = cluster.Text("certificate-authority-data"); !data.empty()) {
    ASSIGN_OR_RETURN(const Bytes pem, FromBase64(data));
    address.authority_pem = ToString(pem);
  }
  return address;
}

Result<std::unique_ptr<ApiClient>> ApiClient::Open(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  const std::string path = arguments.Text("kubeconfig");
  const Result<Bytes> text =
      io::ReadFile(invocation.host().file_system, path, kKubeconfigLimitBytes);
  if (!text.ok()) {
    invocation.Hint("name the kubeconfig of a running tresor serve with --kubeconfig");
    return text.status();
  }
  Result<ApiAddress> address = ReadKubeconfig(AsText(*text));
  if (!address.ok()) {
    return Annotate(address.status(), path);
  }
  net::HttpClientOptions options;
  ASSIGN_OR_RETURN(options.server, net::Url::Parse(address->url));
  options.authority_pem = address->authority_pem;
  ASSIGN_OR_RETURN(auto http, net::HttpClient::Open(std::move(options)));
  if (arguments.Has("project")) {
    address->project = arguments.Text("project");
  } else if (address->project.empty()) {
    address->project = "default";
  }
  return std::unique_ptr<ApiClient>(
      new ApiClient(invocation, std::move(http), *std::move(address)));
}

std::string ApiClient::PathOf(std::string_view plural, std::string_view name) const {
  return fmt::format("/apis/tresor.dev/v1/namespaces/{}/{}{}{}", net::PercentEncode(project()),
                     plural, name.empty() ? "" : "/", net::PercentEncode(name));
}

Result<objects::Json> ApiClient::Get(const Context& context, const std::string& target,
                                     const std::string& accept) {
  return Call(context, {.target = target, .headers = {{"Accept", accept}}, .body = {}});
}

Result<objects::Json> ApiClient::Post(const Context& context, const std::string& target,
                                      const objects::Json& object) {
  ASSIGN_OR_RETURN(std::string body, BodyOf(object));
  return Call(context, {.method = "POST",
                        .target = target,
                        .headers = {{"Content-Type", "application/json"}},
                        .body = std::move(body)});
}

Result<objects::Json> ApiClient::Patch(const Context& context, const std::string& target,
                                       const objects::Json& patch) {
  ASSIGN_OR_RETURN(std::string body, BodyOf(patch));
  return Call(context, {.method = "PATCH",
                        .target = target,
                        .headers = {{"Content-Type", "application/merge-patch+json"}},
                        .body = std::move(body)});
}

Result<objects::Json> ApiClient::Delete(const Context& context, const std::string& target) {
  return Call(context, {.method = "DELETE", .target = target, .headers = {}, .body = {}});
}

Status ApiClient::Follow(const Context& context, const std::string& collection,
                         const std::string& name, const Look& look) {
  bool reached = false;
  while (true) {
    const Result<bool> enough = FollowOnce(context, collection, name, look, reached);
    if (enough.ok() && *enough) {
      return OkStatus();
    }
    if (!enough.ok() && (!reached || enough.status().code() != Code::kUnavailable)) {
      return enough.status();
    }
    RETURN_IF_ERROR(context.Sleep(kTryAgainAfter));
  }
}

Result<bool> ApiClient::FollowOnce(const Context& context, const std::string& collection,
                                   const std::string& name, const Look& look, bool& reached) {
  ASSIGN_OR_RETURN(objects::Json now,
                   Get(context, fmt::format("{}/{}", collection, net::PercentEncode(name))));
  reached = true;
  const objects::Object object{std::move(now)};
  Result<bool> enough = look(object);
  if (!enough.ok() || *enough) {
    return enough;
  }
  net::ClientRequest request{
      .target = fmt::format("{}?watch=true&fieldSelector={}&resourceVersion={}", collection,
                            net::PercentEncode("metadata.name=" + name), object.resource_version()),
      .headers = {{"Accept", "application/json"}, {"Authorization", "Bearer " + address_.token}},
      .body = {}};
  std::string pending;
  const Result<net::ClientResponse> answer =
      http_->Stream(context, request, [&](std::string_view bytes) {
        pending += bytes;
        for (std::size_t end = pending.find('\n'); end != std::string::npos;
             end = pending.find('\n')) {
          enough = SeeEvent(std::string_view(pending).substr(0, end), look);
          pending.erase(0, end + 1);
          if (!enough.ok() || *enough) {
            return false;
          }
        }
        if (pending.size() > kEventLimitBytes) {
          enough = Error(Code::kDataLoss, "an event of the watch has no end");
        }
        return enough.ok();
      });
  if (enough.status().code() == Code::kOutOfRange) {
    return false;
  }
  if (!enough.ok() || *enough) {
    return enough;
  }
  if (!answer.ok() || answer->status / 100 != 2) {
    return Judge(answer).status();
  }
  return false;
}

Result<objects::Json> ApiClient::Call(const Context& context, net::ClientRequest request) {
  request.headers.Set("Authorization", "Bearer " + address_.token);
  return Judge(http_->Call(context, request));
}

Result<objects::Json> ApiClient::Judge(const Result<net::ClientResponse>& answer) {
  if (!answer.ok()) {
    invocation_.Hint(fmt::format("is tresor serve running at {}?", address_.url));
    return answer.status();
  }
  const net::ClientResponse& response = *answer;
  Result<objects::Json> json = objects::ParseJson(
      response.body, {.bytes = std::size_t{256} << 20, .nodes = std::size_t{50'000'000}});
  if (response.status >= 200 && response.status < 300) {
    return json;
  }
  const objects::Object status{json.ok() ? *json : objects::Json::object()};
  const std::string message = status.Text("message");
  return Error(CodeOf(response.status, status.Text("reason")), "{}",
               message.empty() ? fmt::format("the server answered {}", response.status) : message);
}

}  // namespace tresor::cli
