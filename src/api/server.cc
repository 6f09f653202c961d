// SPDX-License-Identifier: Apache-2.0
#include "api/server.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "api/bootstrap.h"
#include "api/credentials.h"
#include "api/discovery.h"
#include "api/errors.h"
#include "api/page_calls.h"
#include "api/request_info.h"
#include "api/resources.h"
#include "api/self_review.h"
#include "base/environment.h"
#include "base/guarded.h"
#include "base/gzip.h"
#include "base/log.h"
#include "base/thread.h"
#include "net/rate_limit.h"
#include "objects/json_text.h"
#include "objects/kinds.h"
#include "objects/openapi.h"
#include "objects/yaml.h"

namespace tresor::api {
namespace {

// What a request other than a watch may take.
constexpr std::chrono::seconds kRequestTimeout{60};
// Logins: nobody types faster, and a guesser gets no further than some thousand tries a day.
constexpr double kLoginsPerSecond = 0.1;
constexpr double kLoginBurst = 10;
// The prefix makes browsers insist on Secure, on our host alone, and on no path.
constexpr std::string_view kSecureCookie = "__Host-tresor-session";
constexpr std::string_view kPlainCookie = "tresor-session";
constexpr std::size_t kMaxNameBytes = 253;
// As Kubernetes: what is smaller is sooner sent than packed.
constexpr std::size_t kCompressFromBytes = std::size_t{128} << 10;
// How often the files of a given certificate are looked at.
constexpr std::chrono::seconds kTlsInterval{30};
constexpr std::string_view kPagePrefix = "/page";
constexpr std::string_view kCsrfHeader = "X-CSRF-Token";

bool IsRead(const net::Request& request) {
  return request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
}

bool IsBelow(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) &&
         (path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/');
}

net::Response PlainText(int status, std::string text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(text),
          .stream = nullptr};
}

// Who sent a request, and how that is known.
struct Caller {
  User user;
  std::optional<Sessions::Session> session;  // came by cookie
  std::string session_id;
};

Status CheckOptions(const ServerOptions& options) {
  if (options.plain_http && !net::IsLoopback(options.address)) {
    return Error(Code::kFailedPrecondition,
                 "plain HTTP on {} would send tokens and secrets unencrypted: use TLS (the "
                 "default), or listen on a loopback address behind a proxy",
                 options.address);
  }
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return Error(Code::kInvalidArgument,
                 "a certificate file needs a key file, and the other way round");
  }
  if (options.plain_http && !options.certificate_file.empty()) {
    return Error(Code::kInvalidArgument, "plain HTTP needs no certificate");
  }
  if (options.data_dir.empty()) {
    return Error(Code::kInvalidArgument, "no data directory");
  }
  return OkStatus();
}

void LogAudit(const AuditEntry& entry) {
  Log(LogLevel::kInfo, "audit: user={} from={} verb={} object={} code={}{}{}", entry.user,
      entry.remote_address, entry.verb, entry.object, entry.code, entry.message.empty() ? "" : ": ",
      entry.message);
}

class ServerImpl final : public Server {
 public:
  ServerImpl(const ServerOptions& options, const Dependencies& dependencies)
      : options_(options),
        deps_(dependencies),
        sessions_(dependencies.random, dependencies.clock, options.session_lifetime),
        user_rate_(options.requests_per_second_per_user, options.request_burst_per_user,
                   dependencies.clock),
        login_rate_(kLoginsPerSecond, kLoginBurst, dependencies.clock),
        watch_limits_{.default_timeout = options.watch_timeout,
                      .bookmark_interval = options.bookmark_interval},
        openapi_(MakeOpenApi(dependencies.kinds, options.version)) {}
  ~ServerImpl() override { Stop(); }

  Status Open() {
    RETURN_IF_ERROR(CheckOptions(options_));
    RETURN_IF_ERROR(io::CreateDirs(deps_.fs, options_.data_dir));
    ASSIGN_OR_RETURN(
        credentials_,
        Credentials::Open(deps_.fs, deps_.random, deps_.clock,
                          io::JoinPath(options_.data_dir, "credentials.json"), options_.argon2));
    net::HttpServerOptions http = options_.http;
    http.address = options_.address;
    http.port = options_.port;
    http.workers = options_.workers;
    http.clock = &deps_.clock;
    http.error_response = [](int status, std::string_view message) {
      return ErrorResponse(status, message);
    };
    std::string authority_pem;
    http.tls.reset();
    if (!options_.plain_http) {
      ASSIGN_OR_RETURN(ServerTls tls, MakeTls());
      http.tls = tls.identity;
      authority_pem = std::move(tls.authority_pem);
      *identity_.Lock() = std::move(tls.identity);
    }
    ASSIGN_OR_RETURN(std::optional<std::string> password, MakeAdmin(*credentials_, deps_.random));
    if (password) {
      first_start_ = FirstStart{.admin_user = kAdminName, .admin_password = *std::move(password)};
    }
    ASSIGN_OR_RETURN(http_, net::HttpServer::Start(
                                http, [this](const Context& context, const net::Request& request) {
                                  return Handle(context, request);
                                }));
    url_ = options_.public_url.empty() ? OwnUrl() : options_.public_url;
    kubeconfig_path_ = io::JoinPath(options_.data_dir, "kubeconfig");
    RETURN_IF_ERROR(
        UpdateKubeconfig(deps_.fs, *credentials_, kubeconfig_path_, url_, authority_pem));
    serving_ = true;
    if (!options_.certificate_file.empty()) {
      *tls_watch_.Lock() = Thread([this](const std::stop_token& stop) { WatchTls(stop); });
    }
    return OkStatus();
  }

  [[nodiscard]] std::uint16_t port() const override { return http_->port(); }
  [[nodiscard]] const std::string& url() const override { return url_; }
  [[nodiscard]] const std::string& kubeconfig_path() const override { return kubeconfig_path_; }
  [[nodiscard]] const std::optional<FirstStart>& first_start() const override {
    return first_start_;
  }
  [[nodiscard]] Credentials& credentials() override { return *credentials_; }

  [[nodiscard]] ServerStats stats() const override {
    ServerStats stats{.http = http_->stats()};
    stats.watches = stats.http.streams;
    const auto counts = counts_.Lock();
    for (const auto& [key, count] : *counts) {
      stats.requests.push_back(count);
    }
    return stats;
  }

  Status ReloadTls() override {
    if (options_.certificate_file.empty()) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(ServerTls tls, MakeTls());
    auto identity = identity_.Lock();
    if (tls.identity == *identity) {
      return OkStatus();
    }
    RETURN_IF_ERROR(Annotate(http_->SetTls(tls.identity), options_.certificate_file));
    *identity = std::move(tls.identity);
    Log(LogLevel::kInfo, "{}: new connections get the new certificate", options_.certificate_file);
    return UpdateKubeconfig(deps_.fs, *credentials_, kubeconfig_path_, url_, tls.authority_pem);
  }

  void Stop() override {
    *tls_watch_.Lock() = Thread();
    if (http_ != nullptr) {
      http_->Stop();
    }
  }

 private:
  void WatchTls(const std::stop_token& stop) {
    const Context context = Context::Background().WithStop(stop);
    std::string complaint;  // said once
    while (context.Sleep(kTlsInterval).ok()) {
      const Status status = ReloadTls();
      if (!status.ok() && complaint != Message(status)) {
        Log(LogLevel::kWarning, "the certificate in use stays: {}", Message(status));
      }
      complaint = Message(status);
    }
  }

  Result<ServerTls> MakeTls() {
    if (!options_.certificate_file.empty()) {
      return GivenTls(deps_.fs, options_.certificate_file, options_.key_file);
    }
    std::vector<std::string> names = options_.server_names;
    names.insert(names.end(), {"localhost", "127.0.0.1", "::1", HostName()});
    if (!IsAnyAddress()) {
      names.push_back(options_.address);
    }
    return OwnTls(deps_.fs, deps_.clock, io::JoinPath(options_.data_dir, "tls"), names);
  }

  [[nodiscard]] bool IsAnyAddress() const {
    return options_.address == "0.0.0.0" || options_.address == "::";
  }

  [[nodiscard]] std::string OwnUrl() const {
    const std::string host = options_.address == "0.0.0.0" ? "127.0.0.1"
                             : options_.address == "::"    ? "[::1]"
                             : options_.address.find(':') != std::string::npos
                                 ? "[" + options_.address + "]"
                                 : options_.address;
    return fmt::format("{}://{}:{}", options_.plain_http ? "http" : "https", host, http_->port());
  }

  // --- one request

  net::Response Handle(const Context& context, const net::Request& request) {
    const MonotonicTime begun = deps_.clock.Monotonic();
    const RequestInfo info = RequestInfo::Of(request);
    Caller caller;
    auto result = Answer(context, request, info, caller);
    std::string message;
    if (!result.ok()) {
      message = Message(result.status());
      if (HttpCode(result.status()) == 500) {
        Log(LogLevel::kError, "{} {}: {}", request.method, request.target.path, message);
      }
    }
    net::Response response = result.ok() ? *std::move(result) : ErrorResponse(result.status());
    // What is in here is for one reader only, and only now.
    if (!response.headers.Find("Cache-Control")) {
      response.headers.Add("Cache-Control", "no-store");
    }
    response.headers.Add("X-Content-Type-Options", "nosniff");
    Compress(request, response);
    Audit(request, info, caller, response.status, message);
    Count(info.is_resource ? info.verb : "", response.status, deps_.clock.Monotonic() - begun);
    return response;
  }

  static void Compress(const net::Request& request, net::Response& response) {
    if (response.stream != nullptr || response.body.size() < kCompressFromBytes ||
        response.headers.Find("Content-Encoding")) {
      return;
    }
    response.headers.Add("Vary", "Accept-Encoding");
    if (net::AcceptsEncoding(request.headers.Joined("Accept-Encoding"), "gzip")) {
      response.body = Gzip(response.body);
      response.headers.Add("Content-Encoding", "gzip");
    }
  }

  Result<net::Response> Answer(const Context& context, const net::Request& request,
                               const RequestInfo& info, Caller& caller) {
    if (auto response = AnswerAnybody(context, request)) {
      return *std::move(response);
    }
    const Route* route = RouteOf(request);
    if (deps_.page && route == nullptr && IsRead(request) && !IsOurs(request.target.path)) {
      if (auto file = deps_.page(request)) {
        return *std::move(file);
      }
    }
    ASSIGN_OR_RETURN(caller, Authenticate(request));
    if (const auto wait = user_rate_.Take(caller.user.name)) {
      return TooManyRequests("too many requests from this user", SecondsOf(*wait));
    }
    for (const auto& [name, value] : request.headers.fields()) {
      // To act as oneself when asked to act as somebody else would be dangerous.
      if (name.size() >= 12 && net::EqualsIgnoringCase(name.substr(0, 12), "Impersonate-")) {
        return Forbidden("impersonation is not supported");
      }
    }
    if (request.target.path == "/whoami" && IsRead(request)) {
      return JsonResponse(200, DescribeCaller(caller));
    }
    if (request.target.path == "/logout") {
      return Logout(request, caller);
    }
    if (IsBelow(request.target.path, kPagePrefix) && IsRead(request) && route == nullptr) {
      return AnswerPage(context, request, caller.user);
    }
    if (route != nullptr) {
      RETURN_IF_ERROR(Authorize(
          context, {.user = caller.user, .verb = info.verb, .path = request.target.path}));
      return route->handle(context, request, caller.user);
    }
    if (info.is_resource) {
      return AnswerResource(context, request, info, caller.user);
    }
    RETURN_IF_ERROR(
        Authorize(context, {.user = caller.user, .verb = info.verb, .path = request.target.path}));
    return AnswerDocument(request);
  }

  // What needs no credentials. None: not such a thing.
  std::optional<Result<net::Response>> AnswerAnybody(const Context& context,
                                                     const net::Request& request) {
    const std::string& path = request.target.path;
    if (path == "/login") {
      return Login(context, request);
    }
    if (!IsRead(request)) {
      return std::nullopt;
    }
    if (path == "/healthz" || path == "/livez") {
      return PlainText(200, "ok");
    }
    if (path == "/readyz") {
      const Status ready = !serving_     ? Error(Code::kUnavailable, "starting")
                           : deps_.ready ? deps_.ready()
                                         : OkStatus();
      return ready.ok() ? PlainText(200, "ok")
                        : PlainText(503, fmt::format("not ready: {}\n", Message(ready)));
    }
    if (path == "/version") {
      return JsonResponse(200, VersionDocument(options_.version));
    }
    // Nobody is an answer here, and no error: a page that was just opened has to ask.
    if (path == "/page/session") {
      const auto caller = Authenticate(request);
      return JsonResponse(200, caller.ok() ? DescribeCaller(*caller) : Json{{"user", nullptr}});
    }
    return std::nullopt;
  }

  [[nodiscard]] const Route* RouteOf(const net::Request& request) const {
    const Route* best = nullptr;
    for (const Route& route : deps_.routes) {
      if (IsBelow(request.target.path, route.prefix) &&
          (best == nullptr || route.prefix.size() > best->prefix.size())) {
        best = &route;
      }
    }
    return best;
  }

  static bool IsOurs(std::string_view path) {
    return IsBelow(path, "/api") || IsBelow(path, "/apis") || IsBelow(path, "/openapi") ||
           IsBelow(path, kPagePrefix) || path == "/whoami" || path == "/logout";
  }

  // --- who asks

  Result<Caller> Authenticate(const net::Request& request) {
    const auto authorization = request.headers.Find("Authorization");
    if (authorization) {
      constexpr std::string_view kBearer = "Bearer ";
      if (authorization->size() <= kBearer.size() ||
          !net::EqualsIgnoringCase(authorization->substr(0, kBearer.size()), kBearer)) {
        return Unauthorized("only bearer tokens are accepted");
      }
      auto user = credentials_->FindToken(authorization->substr(kBearer.size()));
      if (!user) {
        return Unauthorized("Unauthorized");
      }
      return Caller{.user = WithEverybody(*std::move(user)), .session = {}, .session_id = {}};
    }
    const std::string cookies = request.headers.Joined("Cookie");
    const auto id = net::FindCookie(cookies, CookieName(request));
    if (!id) {
      return Unauthorized("Unauthorized");
    }
    auto session = sessions_.Find(*id);
    if (!session) {
      return Unauthorized("the session has ended: log in again");
    }
    // The browser sends the cookie along with whatever a page asks for; the token only our page
    // knows.
    if (!IsRead(request) &&
        !SameSecret(request.headers.Find(kCsrfHeader).value_or(""), session->csrf_token)) {
      return Forbidden(fmt::format("the header {} is missing or wrong", kCsrfHeader));
    }
    Caller caller{
        .user = WithEverybody(session->user), .session = session, .session_id = std::string(*id)};
    return caller;
  }

  static User WithEverybody(User user) {
    user.groups.emplace_back(kAuthenticatedGroup);
    return user;
  }

  static std::string_view CookieName(const net::Request& request) {
    return request.secure ? kSecureCookie : kPlainCookie;
  }

  [[nodiscard]] static std::string Cookie(const net::Request& request, std::string_view value,
                                          std::chrono::seconds age) {
    return fmt::format("{}={}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict{}",
                       CookieName(request), value, age.count(), request.secure ? "; Secure" : "");
  }

  [[nodiscard]] static Json DescribeCaller(const Caller& caller) {
    Json json = {{"user", caller.user.name}, {"groups", caller.user.groups}};
    if (caller.session) {
      json["csrfToken"] = caller.session->csrf_token;
    }
    return json;
  }

  static std::int32_t SecondsOf(std::chrono::nanoseconds wait) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(seconds, 1, 3600));
  }

  Result<net::Response> Login(const Context& context, const net::Request& request) {
    RETURN_IF_ERROR(context.Check());
    if (request.method != "POST") {
      return MethodNotAllowed();
    }
    // A form of another site can post, but not JSON.
    const auto media = net::ParseMediaType(request.headers.Find("Content-Type").value_or(""));
    if (!media.ok() || media->type != "application/json") {
      return UnsupportedMediaType("a login is application/json: {\"user\": …, \"password\": …}");
    }
    const auto json = objects::ParseJson(request.body);
    if (!json.ok() || !json->is_object()) {
      return BadRequest("the body is not a JSON object");
    }
    const objects::Object body{*json};
    const std::string name = body.Text("user");
    if (name.empty() || name.size() > kMaxNameBytes) {
      return BadRequest("a login needs a user name");
    }
    const std::string address_key = "address " + request.remote_address;
    auto wait = login_rate_.Take(address_key);
    wait = wait ? wait : login_rate_.Take("user " + name);
    if (wait) {
      AuditLogin(request, name, 429);
      return TooManyRequests("too many logins", SecondsOf(*wait));
    }
    const auto user = credentials_->CheckPassword(name, body.Text("password"));
    if (user.status().code() == Code::kResourceExhausted) {
      return TooManyRequests(Message(user.status()), 1);
    }
    AuditLogin(request, name, user.ok() ? 200 : 401);
    if (!user.ok()) {
      return user.status().code() == Code::kUnauthenticated ? Unauthorized(Message(user.status()))
                                                            : user.status();
    }
    auto [id, session] = sessions_.Begin(*user);
    net::Response response = JsonResponse(
        200, DescribeCaller({.user = WithEverybody(*user), .session = session, .session_id = id}));
    response.headers.Add(
        "Set-Cookie",
        Cookie(request, id,
               std::chrono::duration_cast<std::chrono::seconds>(options_.session_lifetime)));
    return response;
  }

  Result<net::Response> Logout(const net::Request& request, const Caller& caller) {
    if (request.method != "POST") {
      return MethodNotAllowed();
    }
    if (caller.session) {
      sessions_.End(caller.session_id);
    }
    net::Response response{.status = 204, .headers = {}, .body = {}, .stream = nullptr};
    response.headers.Add("Set-Cookie", Cookie(request, "", std::chrono::seconds{0}));
    return response;
  }

  // --- whether they may

  Status Authorize(const Context& context, const Attributes& wish) {
    ASSIGN_OR_RETURN(const Decision decision, deps_.authorizer.Authorize(context, wish));
    if (decision.allowed) {
      return OkStatus();
    }
    if (!wish.path.empty()) {
      return Forbidden(fmt::format("forbidden: User \"{}\" cannot {} path \"{}\": {}",
                                   wish.user.name, wish.verb, wish.path, decision.reason));
    }
    // kubernetes/apiserver pkg/endpoints/handlers/responsewriters/errors.go
    const std::string resource =
        wish.subresource.empty() ? wish.resource : wish.resource + "/" + wish.subresource;
    const std::string full = objects::ToString(objects::ResourceName{wish.group, wish.resource});
    const std::string scope = wish.name_space.empty()
                                  ? "at the cluster scope"
                                  : fmt::format("in the namespace \"{}\"", wish.name_space);
    return objects::WithDetails(
        Error(Code::kPermissionDenied,
              "{}{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}: {}",
              full, wish.name.empty() ? "" : " \"" + wish.name + "\"", wish.user.name, wish.verb,
              resource, wish.group, scope, decision.reason),
        {.reason = "Forbidden", .group = wish.group, .kind = wish.resource, .name = wish.name});
  }

  // --- what is answered

  Result<net::Response> AnswerResource(const Context& context, const net::Request& request,
                                       const RequestInfo& info, const User& user) {
    RETURN_IF_ERROR(Authorize(context, {.user = user,
                                        .verb = info.verb,
                                        .group = info.group,
                                        .resource = info.resource,
                                        .subresource = info.subresource,
                                        .name_space = info.name_space,
                                        .name = info.name}));
    if (IsSelfReview(info.group, info.resource)) {
      if (info.verb != "create" || info.version != "v1") {
        return MethodNotAllowed();
      }
      ASSIGN_OR_RETURN(Json body, DecodeBody(request));
      ASSIGN_OR_RETURN(const Json review, AnswerSelfReview(context, deps_.authorizer, deps_.kinds,
                                                           user, info.resource, std::move(body)));
      return JsonResponse(201, review);
    }
    const objects::Kind* kind = deps_.kinds.Find(objects::ResourceName{info.group, info.resource});
    if (kind == nullptr || kind->version != info.version) {
      return PathNotFound();
    }
    const bool names_one = !info.name.empty() || info.verb == "create";
    if (!info.name_space.empty() && !kind->namespaced) {
      return PathNotFound();
    }
    if (info.name_space.empty() && kind->namespaced && names_one && info.verb != "watch") {
      return PathNotFound();
    }
    // Kubernetes does not delete a collection over all namespaces either.
    if (info.verb == "deletecollection" && kind->namespaced && info.name_space.empty()) {
      return MethodNotAllowed();
    }
    const Context limited = context.WithTimeout(kRequestTimeout);
    return CallResource({.context = info.verb == "watch" ? context : limited,
                         .request = request,
                         .info = info,
                         .user = user,
                         .kind = *kind,
                         .store = deps_.store,
                         .clock = deps_.clock,
                         .random = deps_.random,
                         .watch_limits = watch_limits_});
  }

  Result<net::Response> AnswerPage(const Context& context, const net::Request& request,
                                   const User& user) {
    const PageCall call{
        .context = context,
        .request = request,
        .user = user,
        .kinds = deps_.kinds,
        .store = deps_.store,
        .clock = deps_.clock,
        .random = deps_.random,
        .watch_limits = watch_limits_,
        .authorize = [&](const Attributes& wish) { return Authorize(context, wish); }};
    if (request.target.path == "/page/watch") {
      return WatchMany(call);
    }
    // Tells nothing about anybody's objects: whoever is logged in may.
    return request.target.path == "/page/schedule" ? PreviewSchedule(call) : PathNotFound();
  }

  Result<net::Response> AnswerDocument(const net::Request& request) {
    const auto& segments = request.target.segments;
    if (!IsRead(request)) {
      return segments.empty() ? MethodNotAllowed() : PathNotFound();
    }
    if (segments.empty()) {
      return JsonResponse(200, {{"paths",
                                 {"/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2",
                                  "/openapi/v3", "/readyz", "/version"}}});
    }
    if (segments[0] == "api" || segments[0] == "apis") {
      const auto document = DiscoveryDocument(deps_.kinds, segments);
      return document ? Result<net::Response>(JsonResponse(200, *document)) : PathNotFound();
    }
    if (segments[0] == "openapi") {
      return AnswerOpenApi(request);
    }
    return PathNotFound();
  }

  Result<net::Response> AnswerOpenApi(const net::Request& request) const {
    const auto& segments = request.target.segments;
    if (segments.size() == 2 && segments[1] == "v2") {
      // kubectl up to 1.22 asks with an '@', which is no media type, and cannot read that back.
      constexpr std::string_view kType =
          "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
      for (const auto& media : net::ParseAccept(request.headers.Joined("Accept"))) {
        if (media.type == kType ||
            media.type == "application/com.github.proto-openapi.spec.v2@v1.0+protobuf") {
          return net::Response{.status = 200,
                               .headers = {{"Content-Type", std::string(kType)}},
                               .body = openapi_.v2_protobuf,
                               .stream = nullptr};
        }
      }
      return JsonText(openapi_.v2);
    }
    if (segments.size() < 2 || segments[1] != "v3") {
      return PathNotFound();
    }
    std::string path;
    for (std::size_t i = 2; i < segments.size(); ++i) {
      path += (path.empty() ? "" : "/") + segments[i];
    }
    const auto document = openapi_.v3.find(path);
    return document == openapi_.v3.end() ? PathNotFound() : JsonText(document->second);
  }

  static Result<net::Response> JsonText(const std::string& text) {
    return net::Response{.status = 200,
                         .headers = {{"Content-Type", "application/json"}},
                         .body = text,
                         .stream = nullptr};
  }

  // Made once: they are large, and kubectl asks for them often.
  struct OpenApi {
    std::string v2;
    std::string v2_protobuf;
    std::map<std::string, std::string, std::less<>> v3;  // by path; "": the index
  };
  static OpenApi MakeOpenApi(const objects::KindRegistry& kinds, std::string_view version) {
    OpenApi made;
    const Json v2 = objects::OpenApiV2(kinds, version);
    made.v2 = objects::JsonText(v2);
    made.v2_protobuf = objects::OpenApiV2Protobuf(v2);
    const Json index = objects::OpenApiV3Index(kinds, version);
    made.v3[""] = objects::JsonText(index);
    for (const auto& [path, entry] : index["paths"].items()) {
      made.v3[path] = objects::JsonText(objects::OpenApiV3(kinds, path, version));
    }
    return made;
  }

  // --- what is remembered

  void Audit(const net::Request& request, const RequestInfo& info, const Caller& caller, int code,
             const std::string& message) {
    const bool review = IsSelfReview(info.group, info.resource);
    if (IsRead(request) || request.target.path == "/login" || (review && code < 400)) {
      return;
    }
    std::string object = request.target.path;
    if (info.is_resource) {
      object = objects::ToString(objects::ObjectKey{.resource = {info.group, info.resource},
                                                    .name_space = info.name_space,
                                                    .name = info.name});
      object += info.subresource.empty() ? "" : "/" + info.subresource;
    }
    Write({.time = deps_.clock.Now(),
           .user = caller.user.name,
           .remote_address = request.remote_address,
           .verb = info.verb,
           .object = std::move(object),
           .code = code,
           .message = message});
  }

  void AuditLogin(const net::Request& request, const std::string& name, int code) {
    Write({.time = deps_.clock.Now(),
           .user = name,
           .remote_address = request.remote_address,
           .verb = "login",
           .object = "/login",
           .code = code,
           .message = {}});
  }

  void Write(const AuditEntry& entry) const { deps_.audit ? deps_.audit(entry) : LogAudit(entry); }

  void Count(const std::string& verb, int code, std::chrono::nanoseconds took) {
    const auto counts = counts_.Lock();
    // Methods are text from outside; verbs of resources are few.
    ServerStats::Count& count = (*counts)[{verb, code}];
    count.verb = verb;
    count.code = code;
    ++count.requests;
    count.seconds += std::chrono::duration<double>(took).count();
  }

  const ServerOptions options_;
  const Dependencies deps_;
  std::unique_ptr<Credentials> credentials_;
  Sessions sessions_;
  net::RateLimit user_rate_;
  net::RateLimit login_rate_;
  const WatchLimits watch_limits_;
  const OpenApi openapi_;
  mutable Guarded<std::map<std::pair<std::string, int>, ServerStats::Count>> counts_;
  std::optional<FirstStart> first_start_;
  std::string url_;
  std::string kubeconfig_path_;
  std::atomic<bool> serving_{false};
  Guarded<net::TlsIdentity> identity_;  // of new connections
  // Last: its threads use all of the above.
  std::unique_ptr<net::HttpServer> http_;
  Guarded<Thread> tls_watch_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                              const Dependencies& dependencies) {
  auto server = std::make_unique<ServerImpl>(options, dependencies);
  RETURN_IF_ERROR(server->Open());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace tresor::api
