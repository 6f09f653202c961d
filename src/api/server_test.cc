// SPDX-License-Identifier: Apache-2.0
#include "api/server.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_client_test_util.h"
#include "api/errors.h"
#include "base/gzip.h"
#include "base/status_matchers.h"
#include "crypto/x509.h"
#include "io/temp_dir.h"
#include "net/http_client.h"
#include "objects/yaml.h"
#include "store/memory/memory_store.h"

namespace tresor::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kConfigs[] = "/apis/tresor.dev/v1/namespaces/demo/etcdbackupconfigs";

std::string Config(std::string_view name, std::string_view more = "") {
  return fmt::format(
      R"({{"apiVersion":"tresor.dev/v1","kind":"EtcdBackupConfig","metadata":{{"name":"{}"}},)"
      R"("spec":{{"cluster":{{"name":"prod"}},"schedule":"@every 20m"{}}}}})",
      name, more);
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options_.data_dir = io::JoinPath(dir_.path(), "data");
    options_.plain_http = true;
    options_.argon2 = {.passes = 1, .memory_kib = 64};
    options_.http.stop_grace = std::chrono::seconds{1};
  }

  void SetUp() override {
    store_ = store::NewMemoryStore();
    Start();
    admin_ = std::make_unique<ApiClient>(server_->port(), AdminToken());
    ASSERT_EQ(Admin()
                  .Call("POST", "/api/v1/namespaces",
                        R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"demo"}})")
                  .code,
              201);
    audit_.Lock()->clear();
  }

  void Start() {
    auto server = Server::Start(
        options_, {.store = *store_,
                   .kinds = objects::KindRegistry::BuiltIn(),
                   .authorizer = authorizer_,
                   .routes = {{.prefix = "/metrics",
                               .handle =
                                   [](const Context&, const net::Request&, const User& user) {
                                     return net::Response{.body = "metrics for " + user.name};
                                   }}},
                   .page = [](const net::Request& request) -> std::optional<net::Response> {
                     return request.target.path == "/index.html" || request.target.path == "/"
                                ? std::optional(net::Response{.body = "page"})
                                : std::nullopt;
                   },
                   .audit = [this](const AuditEntry& entry) { audit_.Lock()->push_back(entry); }});
    ASSERT_OK(server);
    server_ = *std::move(server);
    if (server_->first_start()) {
      password_ = server_->first_start()->admin_password;
    }
  }

  std::string AdminToken() {
    const auto text = ToString(*io::ReadFile(io::PosixFileSystem(), server_->kubeconfig_path()));
    const auto json = objects::ParseYaml(text);
    EXPECT_OK(json);
    return (*json)["users"][0]["user"]["token"].get<std::string>();
  }

  ApiClient& Admin() { return *admin_; }
  Reply CreateConfig(std::string_view name, std::string_view more = "") {
    return Admin().Call("POST", kConfigs, Config(name, more));
  }

  // A person who is no administrator.
  std::string SomebodysToken() {
    const auto token =
        server_->credentials().AddToken({.name = "bob", .groups = {"team-a"}}, "test");
    EXPECT_OK(token);
    return *token;
  }

  io::TempDir dir_;
  ServerOptions options_;
  std::unique_ptr<store::ApiStore> store_;
  AdminsOnly authorizer_;
  Guarded<std::vector<AuditEntry>> audit_;
  std::string password_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<ApiClient> admin_;
};

// --- start

TEST_F(ServerTest, RefusesPlainHttpOnAnythingButLoopback) {
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1"}) {
    ServerOptions options = options_;
    options.address = address;
    const auto server = Server::Start(
        options,
        {.store = *store_, .kinds = objects::KindRegistry::BuiltIn(), .authorizer = authorizer_});
    EXPECT_EQ(server.status().code(), Code::kFailedPrecondition) << address;
    EXPECT_THAT(std::string(Message(server.status())), HasSubstr(address));
  }
}

TEST_F(ServerTest, WritesAKubeconfigForTheOwnerAloneAndKeepsItsToken) {
  EXPECT_EQ(io::PosixFileSystem().Stat(server_->kubeconfig_path())->mode, 0600u);
  EXPECT_FALSE(password_.empty());
  const std::string token = AdminToken();

  server_.reset();
  Start();

  EXPECT_FALSE(server_->first_start().has_value());
  EXPECT_EQ(AdminToken(), token);
  ApiClient client(server_->port(), token);
  EXPECT_EQ(client.Get("/whoami").Text("/user"), "admin");
}

TEST_F(ServerTest, MakesANewTokenWhenTheKubeconfigIsLost) {
  const std::string token = AdminToken();
  const std::string path = server_->kubeconfig_path();
  server_.reset();
  ASSERT_OK(io::PosixFileSystem().RemoveFile(path));
  Start();
  EXPECT_NE(AdminToken(), token);
  ApiClient client(server_->port(), AdminToken());
  EXPECT_EQ(client.Get("/whoami").code, 200);
}

// --- who, and whether they may

TEST_F(ServerTest, AnswersNobodyUnknown) {
  ApiClient nobody(server_->port());
  ApiClient liar(server_->port(), "wrong");
  for (const char* path : {"/api", "/apis", "/api/v1/namespaces", "/openapi/v2", "/whoami",
                           "/metrics", "/api/v1/nothing", "/page/watch?watch=events",
                           "/page/schedule?schedule=@daily", "/none.html"}) {
    EXPECT_EQ(nobody.Get(path).code, 401) << path;
    EXPECT_EQ(liar.Get(path).code, 401) << path;
  }
  const Reply reply = nobody.Get("/api/v1/namespaces");
  EXPECT_EQ(reply.Text("/reason"), "Unauthorized");
  EXPECT_EQ(reply.Text("/kind"), "Status");
  EXPECT_TRUE(reply.headers.Find("WWW-Authenticate").has_value());
  for (const char* path : {"/healthz", "/livez", "/readyz", "/version", "/", "/index.html"}) {
    EXPECT_EQ(nobody.Get(path).code, 200) << path;
  }
  EXPECT_EQ(nobody.Get("/version").Text("/major"), "1");
}

TEST_F(ServerTest, ForbidsWhatTheAuthorizerDoesNotAllow) {
  ApiClient bob(server_->port(), SomebodysToken());
  const Reply reply = bob.Get("/apis/tresor.dev/v1/namespaces/demo/etcdclusters/prod");
  EXPECT_EQ(reply.code, 403);
  EXPECT_EQ(reply.Text("/reason"), "Forbidden");
  EXPECT_THAT(reply.Text("/message"),
              HasSubstr("etcdclusters.tresor.dev \"prod\" is forbidden: User \"bob\" cannot get "
                        "resource \"etcdclusters\" in API group \"tresor.dev\" in the namespace "
                        "\"demo\""));
  EXPECT_EQ(reply.Text("/details/name"), "prod");
  EXPECT_EQ(bob.Call("POST", kConfigs, Config("x")).code, 403);
  EXPECT_EQ(bob.Get("/metrics").code, 403);
  EXPECT_EQ(bob.Get("/apis").code, 200);
  EXPECT_EQ(Admin().Get("/metrics").text, "metrics for admin");
}

TEST_F(ServerTest, RefusesToActAsSomebodyElse) {
  EXPECT_EQ(Admin().Get("/api/v1/namespaces", {{"Impersonate-User", "bob"}}).code, 403);
}

TEST_F(ServerTest, TellsWhatOneMayDo) {
  const char* review =
      R"({"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview",
          "spec":{"resourceAttributes":{"verb":"delete","group":"tresor.dev","resource":"etcdclusters"}}})";
  const char* path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  EXPECT_EQ(Admin().Call("POST", path, review).json["status"]["allowed"], true);
  ApiClient bob(server_->port(), SomebodysToken());
  EXPECT_EQ(bob.Call("POST", path, review).json["status"]["allowed"], false);
  const Reply rules = Admin().Call(
      "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
      R"({"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview","spec":{"namespace":"demo"}})");
  EXPECT_FALSE(rules.json["status"]["resourceRules"].empty());
  const Reply me =
      bob.Call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
               R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})");
  EXPECT_EQ(me.Text("/status/userInfo/username"), "bob");
  const Reply odd = bob.Call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                             R"({"metadata":"a text","status":[]})");
  EXPECT_EQ(odd.Text("/status/userInfo/username"), "bob");
}

TEST_F(ServerTest, LogsInByCookieAndDemandsTheCsrfTokenOnWrites) {
  ApiClient browser(server_->port());
  const std::string login = fmt::format(R"({{"user":"admin","password":"{}"}})", password_);
  // What a form of another site could send.
  EXPECT_EQ(browser.Call("POST", "/login", login, {{"Content-Type", "text/plain"}}).code, 415);
  EXPECT_EQ(browser.Call("POST", "/login", R"({"user":"admin","password":"wrong one"})").code, 401);

  const Reply reply = browser.Call("POST", "/login", login);
  ASSERT_EQ(reply.code, 200) << reply.text;
  const std::string cookie(reply.headers.Find("Set-Cookie").value_or(""));
  EXPECT_THAT(cookie, HasSubstr("; HttpOnly; SameSite=Strict"));
  const std::string pair = cookie.substr(0, cookie.find(';'));
  const std::string csrf = reply.Text("/csrfToken");

  EXPECT_EQ(browser.Get("/whoami", {{"Cookie", pair}}).Text("/csrfToken"), csrf);
  EXPECT_EQ(browser.Get(kConfigs, {{"Cookie", pair}}).code, 200);
  EXPECT_EQ(browser.Call("POST", kConfigs, Config("a"), {{"Cookie", pair}}).code, 403);
  EXPECT_EQ(
      browser.Call("POST", kConfigs, Config("a"), {{"Cookie", pair}, {"X-CSRF-Token", "x"}}).code,
      403);
  EXPECT_EQ(
      browser.Call("POST", kConfigs, Config("a"), {{"Cookie", pair}, {"X-CSRF-Token", csrf}}).code,
      201);

  EXPECT_EQ(browser.Call("POST", "/logout", "", {{"Cookie", pair}, {"X-CSRF-Token", csrf}}).code,
            204);
  EXPECT_EQ(browser.Get("/whoami", {{"Cookie", pair}}).code, 401);
}

TEST_F(ServerTest, SlowsDownWhoeverGuessesPasswords) {
  ApiClient browser(server_->port());
  int code = 0;
  for (int i = 0; i < 20 && code != 429; ++i) {
    const Reply reply = browser.Call("POST", "/login", R"({"user":"admin","password":"guess"})");
    code = reply.code;
    if (code == 429) {
      EXPECT_TRUE(reply.headers.Find("Retry-After").has_value());
      EXPECT_EQ(reply.Text("/reason"), "TooManyRequests");
    }
  }
  EXPECT_EQ(code, 429);
}

TEST_F(ServerTest, LimitsWhatOneUserAsksFor) {
  server_.reset();
  options_.requests_per_second_per_user = 0.01;
  options_.request_burst_per_user = 3;
  Start();
  ApiClient greedy(server_->port(), AdminToken());
  ApiClient bob(server_->port(), SomebodysToken());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(greedy.Get("/whoami").code, 200);
  }
  const Reply refused = greedy.Get("/whoami");
  EXPECT_EQ(refused.code, 429);
  EXPECT_FALSE(refused.headers.Find("Retry-After").value_or("").empty());
  EXPECT_EQ(bob.Get("/whoami").code, 200);
  EXPECT_EQ(greedy.Get("/healthz").code, 200);
}

TEST_F(ServerTest, SaysWhenItIsNotReady) {
  server_.reset();
  const auto server = Server::Start(
      options_, {.store = *store_,
                 .kinds = objects::KindRegistry::BuiltIn(),
                 .authorizer = authorizer_,
                 .ready = [] { return Error(Code::kUnavailable, "controllers are starting"); }});
  ASSERT_OK(server);
  ApiClient nobody((*server)->port());
  const Reply reply = nobody.Get("/readyz");
  EXPECT_EQ(reply.code, 503);
  EXPECT_THAT(reply.text, HasSubstr("controllers are starting"));
  EXPECT_EQ(nobody.Get("/livez").code, 200);
}

TEST_F(ServerTest, WritesAnAuditEntryPerWrite) {
  (void)CreateConfig("a");
  (void)Admin().Get(kConfigs);
  (void)Admin().Call("DELETE", std::string(kConfigs) + "/nothing");
  const auto audit = audit_.Lock();
  ASSERT_EQ(audit->size(), 2u);
  EXPECT_EQ((*audit)[0].user, "admin");
  EXPECT_EQ((*audit)[0].verb, "create");
  EXPECT_EQ((*audit)[0].code, 201);
  EXPECT_EQ((*audit)[1].verb, "delete");
  EXPECT_EQ((*audit)[1].code, 404);
  EXPECT_THAT((*audit)[1].object, HasSubstr("etcdbackupconfigs.tresor.dev \"demo/nothing\""));
}

// --- discovery

TEST_F(ServerTest, DescribesItsResources) {
  EXPECT_EQ(Admin().Get("/api").json["versions"], objects::Json::array({"v1"}));
  const Reply groups = Admin().Get("/apis");
  EXPECT_THAT(groups.text, HasSubstr(R"("groupVersion":"tresor.dev/v1")"));
  EXPECT_EQ(Admin().Get("/apis/tresor.dev").Text("/kind"), "APIGroup");
  const Reply resources = Admin().Get("/apis/tresor.dev/v1");
  EXPECT_EQ(resources.Text("/kind"), "APIResourceList");
  std::vector<std::string> names;
  for (const auto& resource : resources.json["resources"]) {
    names.push_back(resource["name"]);
  }
  EXPECT_THAT(names,
              ::testing::IsSupersetOf({"etcdclusters", "etcdclusters/status", "etcdbackups",
                                       "etcdrestores", "etcdbackupconfigs", "backupdestinations"}));
  EXPECT_EQ(Admin().Get("/api/v1").Text("/groupVersion"), "v1");
  for (const char* path :
       {"/api/v2", "/apis/nothing", "/apis/tresor.dev/v9", "/apis/tresor.dev/v1/x", "/openapi/v4",
        "/api/v1/namespaces/demo/nothing"}) {
    const Reply reply = Admin().Get(path);
    EXPECT_EQ(reply.code, 404) << path;
    EXPECT_EQ(reply.Text("/kind"), "Status") << path;
  }
}

TEST_F(ServerTest, PublishesOpenApiDocuments) {
  EXPECT_EQ(Admin().Get("/openapi/v2").Text("/swagger"), "2.0");
  for (const char* type : {"application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
                           "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"}) {
    const Reply reply = Admin().Get("/openapi/v2", {{"Accept", type}});
    EXPECT_EQ(reply.headers.Find("Content-Type"),
              "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    EXPECT_TRUE(reply.json.is_null());
    EXPECT_GT(reply.text.size(), 1000u);
  }
  const Reply index = Admin().Get("/openapi/v3");
  const std::string url = index.json["paths"]["apis/tresor.dev/v1"]["serverRelativeURL"];
  EXPECT_THAT(Admin().Get(url).text, HasSubstr("EtcdCluster"));
  EXPECT_EQ(Admin().Get("/openapi/v3/apis/none/v1").code, 404);
}

// --- objects

TEST_F(ServerTest, CreatesGetsUpdatesAndDeletes) {
  const Reply created = CreateConfig("a");
  ASSERT_EQ(created.code, 201) << created.text;
  EXPECT_EQ(created.Text("/metadata/namespace"), "demo");
  EXPECT_FALSE(created.Text("/metadata/uid").empty());
  const std::string path = std::string(kConfigs) + "/a";
  EXPECT_EQ(Admin().Get(path).json, created.json);
  EXPECT_EQ(CreateConfig("a").Text("/reason"), "AlreadyExists");

  objects::Json changed = created.json;
  changed["spec"]["keep"] = 7;
  const Reply updated = Admin().Call("PUT", path, changed.dump());
  EXPECT_EQ(updated.code, 200) << updated.text;
  EXPECT_EQ(updated.json["spec"]["keep"], 7);
  EXPECT_EQ(updated.json["metadata"]["generation"], 2);
  const Reply stale = Admin().Call("PUT", path, created.json.dump());
  EXPECT_EQ(stale.code, 409);
  EXPECT_EQ(stale.Text("/reason"), "Conflict");

  const Reply deleted = Admin().Call("DELETE", path);
  EXPECT_EQ(deleted.code, 200);
  EXPECT_EQ(deleted.Text("/status"), "Success");
  EXPECT_EQ(deleted.Text("/details/uid"), created.Text("/metadata/uid"));
  const Reply gone = Admin().Get(path);
  EXPECT_EQ(gone.code, 404);
  EXPECT_EQ(gone.Text("/message"), "etcdbackupconfigs.tresor.dev \"a\" not found");
}

TEST_F(ServerTest, TakesYamlAndGivesYaml) {
  const Reply created = Admin().Call(
      "POST", kConfigs,
      "apiVersion: tresor.dev/v1\nkind: EtcdBackupConfig\nmetadata:\n  generateName: y-\n"
      "spec:\n  cluster: {name: prod}\n  schedule: '@hourly'\n",
      {{"Content-Type", "application/yaml"}, {"Accept", "application/yaml"}});
  EXPECT_EQ(created.code, 201) << created.text;
  EXPECT_EQ(created.headers.Find("Content-Type"), "application/yaml");
  EXPECT_THAT(created.text, HasSubstr("\n  name: y-"));
}

TEST_F(ServerTest, SaysWhatIsWrongWithAnObjectFieldByField) {
  const Reply reply = CreateConfig("a", R"(,"keep":0)");
  EXPECT_EQ(reply.code, 422);
  EXPECT_EQ(reply.Text("/reason"), "Invalid");
  EXPECT_EQ(reply.Text("/details/causes/0/field"), "spec.keep");
  EXPECT_EQ(reply.Text("/details/group"), "tresor.dev");
  EXPECT_THAT(reply.Text("/message"),
              StartsWith("EtcdBackupConfig.tresor.dev \"a\" is invalid: spec.keep"));
}

TEST_F(ServerTest, RefusesBodiesThatAreNotTheObjectOfTheUrl) {
  const std::string path = std::string(kConfigs) + "/a";
  ASSERT_EQ(CreateConfig("a").code, 201);
  EXPECT_EQ(Admin().Call("PUT", path, Config("b")).code, 400);
  EXPECT_EQ(Admin().Call("POST", kConfigs, "{").code, 400);
  EXPECT_EQ(Admin().Call("POST", kConfigs, "[]").code, 400);
  EXPECT_EQ(Admin().Call("POST", kConfigs, "{}").code, 400);
  EXPECT_EQ(Admin().Call("POST", kConfigs, "x", {{"Content-Type", "text/html"}}).code, 415);
  EXPECT_EQ(Admin()
                .Call("POST", "/apis/tresor.dev/v1/namespaces/other/etcdbackupconfigs",
                      R"({"apiVersion":"tresor.dev/v1","kind":"EtcdBackupConfig",
                             "metadata":{"name":"a","namespace":"demo"}})")
                .code,
            400);
  EXPECT_EQ(
      Admin()
          .Call("POST", kConfigs, R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}})")
          .code,
      400);
  EXPECT_EQ(Admin().Call("POST", path, Config("a")).code, 405);
  EXPECT_EQ(Admin().Call("PUT", kConfigs, Config("a")).code, 405);
  EXPECT_EQ(Admin().Call("BREW", kConfigs, Config("a")).code, 405);
}

TEST_F(ServerTest, TreatsUnknownFieldsAsAsked) {
  const std::string body = Config("a", R"(,"kepe":3)");
  const std::string path(kConfigs);
  const Reply strict = Admin().Call("POST", path + "?fieldValidation=Strict", body);
  EXPECT_EQ(strict.code, 400);
  EXPECT_THAT(strict.Text("/message"),
              HasSubstr("strict decoding error: unknown field \"spec.kepe\""));
  EXPECT_EQ(Admin().Call("POST", path + "?fieldValidation=Sometimes", body).code, 400);
  const Reply silent = Admin().Call("POST", path + "?fieldValidation=Ignore&dryRun=All", body);
  EXPECT_EQ(silent.code, 201);
  EXPECT_FALSE(silent.headers.Find("Warning").has_value());
  const Reply warned = Admin().Call("POST", path, body);
  EXPECT_EQ(warned.code, 201);
  EXPECT_EQ(warned.headers.Find("Warning"), "299 - \"unknown field \\\"spec.kepe\\\"\"");
}

TEST_F(ServerTest, DryRunWritesNothing) {
  const std::string path(kConfigs);
  EXPECT_EQ(Admin().Call("POST", path + "?dryRun=All", Config("a")).code, 201);
  EXPECT_EQ(Admin().Get(path + "/a").code, 404);
  ASSERT_EQ(CreateConfig("a").code, 201);
  EXPECT_EQ(Admin().Call("DELETE", path + "/a?dryRun=All").code, 200);
  EXPECT_EQ(Admin().Call("DELETE", path + "/a", R"({"dryRun":["All"]})").code, 200);
  EXPECT_EQ(Admin().Get(path + "/a").code, 200);
  EXPECT_EQ(Admin().Call("POST", path + "?dryRun=Some", Config("b")).code, 422);
}

TEST_F(ServerTest, PatchesInEveryForm) {
  ASSERT_EQ(CreateConfig("a").code, 201);
  const std::string path = std::string(kConfigs) + "/a";
  EXPECT_EQ(Admin()
                .Call("PATCH", path, R"({"spec":{"keep":5}})",
                      {{"Content-Type", "application/merge-patch+json"}})
                .json["spec"]["keep"],
            5);
  EXPECT_EQ(Admin()
                .Call("PATCH", path, R"([{"op":"replace","path":"/spec/keep","value":6}])",
                      {{"Content-Type", "application/json-patch+json"}})
                .json["spec"]["keep"],
            6);
  EXPECT_EQ(Admin()
                .Call("PATCH", path, R"({"metadata":{"labels":{"x":"y"}}})",
                      {{"Content-Type", "application/strategic-merge-patch+json"}})
                .Text("/metadata/labels/x"),
            "y");
  EXPECT_EQ(Admin()
                .Call("PATCH", path, "spec: {}", {{"Content-Type", "application/apply-patch+yaml"}})
                .code,
            415);
  EXPECT_EQ(Admin()
                .Call("PATCH", path, R"({"metadata":{"resourceVersion":"1"}})",
                      {{"Content-Type", "application/merge-patch+json"}})
                .code,
            409);
  EXPECT_EQ(Admin()
                .Call("PATCH", path, R"({"metadata":{"name":"b"}})",
                      {{"Content-Type", "application/merge-patch+json"}})
                .code,
            400);
  EXPECT_EQ(Admin()
                .Call("PATCH", std::string(kConfigs) + "/none", "{}",
                      {{"Content-Type", "application/merge-patch+json"}})
                .code,
            404);
}

TEST_F(ServerTest, ChangesStatusOnlyThroughItsSubresource) {
  ASSERT_EQ(CreateConfig("a").code, 201);
  const std::string path = std::string(kConfigs) + "/a";
  const net::Headers merge{{"Content-Type", "application/merge-patch+json"}};
  const char* patch = R"({"spec":{"keep":9},"status":{"completed":3}})";

  const Reply spec = Admin().Call("PATCH", path, patch, merge);
  EXPECT_EQ(spec.json["spec"]["keep"], 9);
  EXPECT_FALSE(spec.json.contains("status"));
  const Reply status = Admin().Call("PATCH", path + "/status",
                                    R"({"spec":{"keep":8},"status":{"completed":3}})", merge);
  EXPECT_EQ(status.code, 200) << status.text;
  EXPECT_EQ(status.json["spec"]["keep"], 9);
  EXPECT_EQ(status.json["status"]["completed"], 3);
  EXPECT_EQ(Admin().Get(path + "/status").json, status.json);
  EXPECT_EQ(Admin().Call("DELETE", path + "/status").code, 405);
  EXPECT_EQ(Admin().Get(path + "/scale").code, 404);
}

TEST_F(ServerTest, ListsByPageSelectorAndNamespace) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(CreateConfig("c" + std::to_string(i)).code, 201);
  }
  (void)Admin().Call("PATCH", std::string(kConfigs) + "/c3", R"({"metadata":{"labels":{"x":"y"}}})",
                     {{"Content-Type", "application/merge-patch+json"}});
  const std::string path(kConfigs);
  const Reply first = Admin().Get(path + "?limit=2");
  EXPECT_EQ(first.Text("/kind"), "EtcdBackupConfigList");
  EXPECT_EQ(first.json["items"].size(), 2u);
  EXPECT_EQ(first.json["metadata"]["remainingItemCount"], 3);
  const Reply second = Admin().Get(
      path + "?limit=9&continue=" + net::PercentEncode(first.Text("/metadata/continue")));
  EXPECT_EQ(second.json["items"].size(), 3u);
  EXPECT_EQ(second.Text("/metadata/resourceVersion"), first.Text("/metadata/resourceVersion"));
  EXPECT_EQ(Admin().Get(path + "?labelSelector=x%3Dy").json["items"].size(), 1u);
  EXPECT_EQ(Admin().Get(path + "?fieldSelector=metadata.name%3Dc1").json["items"].size(), 1u);
  EXPECT_EQ(Admin().Get("/apis/tresor.dev/v1/etcdbackupconfigs").json["items"].size(), 5u);
  EXPECT_EQ(
      Admin().Get("/apis/tresor.dev/v1/namespaces/none/etcdbackupconfigs").json["items"].size(),
      0u);
  for (const char* bad : {"?limit=x", "?labelSelector=a%20b", "?fieldSelector=a", "?continue=zz",
                          "?resourceVersion=x", "?resourceVersionMatch=Exact",
                          "?resourceVersion=1&resourceVersionMatch=Maybe"}) {
    EXPECT_EQ(Admin().Get(path + bad).code, 400) << bad;
  }
}

TEST_F(ServerTest, PrintsTables) {
  ASSERT_EQ(CreateConfig("a").code, 201);
  const net::Headers table{
      {"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}};
  const Reply list = Admin().Get(kConfigs, table);
  EXPECT_EQ(list.Text("/kind"), "Table");
  EXPECT_EQ(list.Text("/apiVersion"), "meta.k8s.io/v1");
  EXPECT_EQ(list.Text("/columnDefinitions/0/name"), "Name");
  EXPECT_EQ(list.Text("/rows/0/cells/0"), "a");
  EXPECT_EQ(list.Text("/rows/0/object/kind"), "PartialObjectMetadata");
  EXPECT_EQ(list.json["rows"][0]["cells"].size(), list.json["columnDefinitions"].size());
  const Reply one = Admin().Get(std::string(kConfigs) + "/a?includeObject=Object", table);
  EXPECT_EQ(one.Text("/rows/0/object/kind"), "EtcdBackupConfig");
  const Reply none = Admin().Get(std::string(kConfigs) + "?includeObject=None", table);
  EXPECT_FALSE(none.json["rows"][0].contains("object"));
  const Reply metadata = Admin().Get(
      kConfigs, {{"Accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}});
  EXPECT_EQ(metadata.Text("/kind"), "PartialObjectMetadataList");
  EXPECT_FALSE(metadata.json["items"][0].contains("spec"));
  EXPECT_EQ(Admin().Get(kConfigs, {{"Accept", "application/vnd.kubernetes.protobuf"}}).code, 406);
}

TEST_F(ServerTest, DeletesUnderPreconditionsAndByFinalizers) {
  const Reply created = CreateConfig("a");
  const std::string path = std::string(kConfigs) + "/a";
  EXPECT_EQ(Admin().Call("DELETE", path, R"({"preconditions":{"uid":"other"}})").code, 409);
  EXPECT_EQ(Admin().Call("DELETE", path, R"({"propagationPolicy":"Sideways"})").code, 400);
  (void)Admin().Call("PATCH", path, R"({"metadata":{"finalizers":["test.dev/hold"]}})",
                     {{"Content-Type", "application/merge-patch+json"}});

  const Reply waiting =
      Admin().Call("DELETE", path, R"({"kind":"DeleteOptions","apiVersion":"v1"})");
  EXPECT_EQ(waiting.Text("/kind"), "EtcdBackupConfig");
  EXPECT_FALSE(waiting.Text("/metadata/deletionTimestamp").empty());
  (void)Admin().Call("PATCH", path, R"({"metadata":{"finalizers":null}})",
                     {{"Content-Type", "application/merge-patch+json"}});
  EXPECT_EQ(Admin().Get(path).code, 404);
}

TEST_F(ServerTest, DeletesACollectionBySelector) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(CreateConfig("c" + std::to_string(i)).code, 201);
  }
  const Reply some =
      Admin().Call("DELETE", std::string(kConfigs) + "?fieldSelector=metadata.name!%3Dc2");
  EXPECT_EQ(some.code, 200) << some.text;
  EXPECT_EQ(some.json["items"].size(), 3u);
  EXPECT_EQ(Admin().Get(kConfigs).json["items"].size(), 1u);
  EXPECT_EQ(Admin().Call("DELETE", "/apis/tresor.dev/v1/etcdbackupconfigs").code, 405);
}

// --- watch

TEST_F(ServerTest, WatchesEveryChangeOnceInOrder) {
  ASSERT_EQ(CreateConfig("before").code, 201);
  const std::string version = Admin().Get(kConfigs).Text("/metadata/resourceVersion");
  ApiClient watcher(server_->port(), AdminToken());
  const Reply head = watcher.Watch(std::string(kConfigs) + "?watch=1&resourceVersion=" + version);
  ASSERT_EQ(head.code, 200);

  ASSERT_EQ(CreateConfig("a").code, 201);
  (void)Admin().Call("PATCH", std::string(kConfigs) + "/a", R"({"spec":{"keep":5}})",
                     {{"Content-Type", "application/merge-patch+json"}});
  (void)Admin().Call("DELETE", std::string(kConfigs) + "/a");

  for (const char* type : {"ADDED", "MODIFIED", "DELETED"}) {
    const auto event = watcher.NextEvent();
    EXPECT_EQ(event["type"], type);
    EXPECT_EQ(event["object"]["metadata"]["name"], "a");
  }
}

TEST_F(ServerTest, WatchesAsTablesWithColumnsOnce) {
  ASSERT_EQ(CreateConfig("a").code, 201);
  ASSERT_EQ(CreateConfig("b").code, 201);
  ApiClient watcher(server_->port(), AdminToken());
  (void)watcher.Watch(std::string(kConfigs) + "?watch=true",
                      {{"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}});
  const auto first = watcher.NextEvent();
  EXPECT_EQ(first["object"]["kind"], "Table");
  EXPECT_FALSE(first["object"]["columnDefinitions"].is_null());
  EXPECT_TRUE(watcher.NextEvent()["object"]["columnDefinitions"].is_null());
}

TEST_F(ServerTest, EndsAWatchAfterItsTimeWithABookmark) {
  ApiClient watcher(server_->port(), AdminToken());
  (void)watcher.Watch(std::string(kConfigs) + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=1");
  const auto bookmark = watcher.NextEvent();
  EXPECT_EQ(bookmark["type"], "BOOKMARK");
  EXPECT_EQ(bookmark["object"]["kind"], "EtcdBackupConfig");
  EXPECT_FALSE(bookmark["object"]["metadata"]["resourceVersion"].get<std::string>().empty());
  EXPECT_EQ(watcher.NextEvent(), nullptr);
  EXPECT_EQ(watcher.Get(kConfigs).code, 200);
}

TEST_F(ServerTest, StreamsAListAsAWatchWhenAsked) {
  ASSERT_EQ(CreateConfig("a").code, 201);
  ASSERT_EQ(CreateConfig("b").code, 201);
  ApiClient watcher(server_->port(), AdminToken());
  (void)watcher.Watch(std::string(kConfigs) +
                      "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&"
                      "allowWatchBookmarks=true");
  EXPECT_EQ(watcher.NextEvent()["object"]["metadata"]["name"], "a");
  EXPECT_EQ(watcher.NextEvent()["object"]["metadata"]["name"], "b");
  const auto end = watcher.NextEvent();
  EXPECT_EQ(end["type"], "BOOKMARK");
  EXPECT_EQ(end["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
  ASSERT_EQ(CreateConfig("c").code, 201);
  EXPECT_EQ(watcher.NextEvent()["object"]["metadata"]["name"], "c");
}

// --- what the web page asks besides

TEST_F(ServerTest, TellsThePageWhoIsLoggedIn) {
  ApiClient nobody(server_->port());
  EXPECT_EQ(nobody.Get("/page/session").json, objects::Json({{"user", nullptr}}));
  EXPECT_EQ(Admin().Get("/page/session").Text("/user"), "admin");
}

TEST_F(ServerTest, WatchesSeveralKindsInOneResponse) {
  ASSERT_EQ(CreateConfig("a").code, 201);
  ApiClient watcher(server_->port(), AdminToken());
  const Reply head = watcher.Watch(
      "/page/watch?watch=etcdbackupconfigs.tresor.dev&namespace=demo&fields=metadata.name,"
      "spec.keep&watch=namespaces&fieldSelector=metadata.name%3Ddemo");
  ASSERT_EQ(head.code, 200) << head.text;
  const auto first = watcher.NextEvent();
  EXPECT_EQ(first["watch"], 0);
  EXPECT_EQ(first["type"], "ADDED");
  EXPECT_EQ(first["object"], objects::Json({{"apiVersion", "tresor.dev/v1"},
                                            {"kind", "EtcdBackupConfig"},
                                            {"metadata", {{"name", "a"}}},
                                            {"spec", {{"keep", 20}}}}));
  const auto bookmark = watcher.NextEvent();
  EXPECT_EQ(bookmark["type"], "BOOKMARK");
  EXPECT_EQ(bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
  EXPECT_EQ(watcher.NextEvent()["object"]["metadata"]["name"], "demo");
  EXPECT_EQ(watcher.NextEvent()["watch"], 1);
  ASSERT_EQ(CreateConfig("b").code, 201);
  EXPECT_EQ(watcher.NextEvent()["object"]["metadata"]["name"], "b");

  // From where it was.
  const std::string version = bookmark["object"]["metadata"]["resourceVersion"];
  ApiClient again(server_->port(), AdminToken());
  (void)again.Watch(
      "/page/watch?watch=etcdbackupconfigs.tresor.dev&namespace=demo&resourceVersion=" + version);
  EXPECT_EQ(again.NextEvent()["object"]["metadata"]["name"], "b");
}

TEST_F(ServerTest, RefusesWatchesThatMakeNoSense) {
  for (const char* query : {"", "?namespace=demo", "?watch=nothing", "?watch=secrets",
                            "?watch=namespaces&namespace=demo", "?watch=events&fields=a..b",
                            "?watch=events&resourceVersion=x", "?watch=events&other=1"}) {
    EXPECT_EQ(Admin().Get(std::string("/page/watch") + query).code, 400) << query;
  }
  ApiClient bob(server_->port(), SomebodysToken());
  EXPECT_EQ(bob.Get("/page/watch?watch=events&namespace=demo").code, 403);
}

TEST_F(ServerTest, ForetellsAScheduleInItsTimeZone) {
  const Reply daily =
      Admin().Get("/page/schedule?schedule=0+22+*+*+*&timeZone=Europe/Berlin&count=3");
  ASSERT_EQ(daily.code, 200) << daily.text;
  ASSERT_EQ(daily.json["runs"].size(), 3u);
  const std::string run = daily.json["runs"][0];
  EXPECT_TRUE(run.ends_with("T20:00:00Z") || run.ends_with("T21:00:00Z")) << run;
  EXPECT_THAT(Admin().Get("/page/schedule?schedule=61+*+*+*+*").Text("/message"),
              HasSubstr("minute"));
  EXPECT_EQ(Admin().Get("/page/schedule?schedule=@daily&timeZone=Nowhere/At").code, 400);
  EXPECT_EQ(Admin().Get("/page/schedule?schedule=0+0+30+2+*").code, 400);
  EXPECT_EQ(Admin().Get("/page/other").code, 404);
}

TEST_F(ServerTest, CountsWhatItAnswered) {
  (void)Admin().Get(kConfigs);
  (void)Admin().Get(std::string(kConfigs) + "/none");
  std::uint64_t lists = 0;
  std::uint64_t misses = 0;
  for (const auto& count : server_->stats().requests) {
    lists += count.verb == "list" && count.code == 200 ? count.requests : 0;
    misses += count.verb == "get" && count.code == 404 ? count.requests : 0;
  }
  EXPECT_EQ(lists, 1u);
  EXPECT_EQ(misses, 1u);
}

TEST_F(ServerTest, LargeAnswersArePackedForWhoAsks) {
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(Admin().Call("POST", kConfigs, Config(fmt::format("config-{:03}", i))).code, 201);
  }
  const Reply plain = Admin().Get(kConfigs);
  EXPECT_FALSE(plain.headers.Find("Content-Encoding"));
  ASSERT_GT(plain.text.size(), std::size_t{128} << 10);

  const Reply packed = Admin().Get(kConfigs, {{"Accept-Encoding", "br, gzip;q=0.8"}});
  EXPECT_EQ(packed.headers.Find("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.headers.Find("Vary"), "Accept-Encoding");
  EXPECT_EQ(packed.text, Gzip(plain.text));

  const Reply small =
      Admin().Get(std::string(kConfigs) + "/config-000", {{"Accept-Encoding", "gzip"}});
  EXPECT_FALSE(small.headers.Find("Content-Encoding"));
}

TEST_F(ServerTest, ANewCertificateIsServedWithoutARestart) {
  const std::string certificate = io::JoinPath(dir_.path(), "tls.crt");
  const std::string key = io::JoinPath(dir_.path(), "tls.key");
  const crypto::Validity validity{.not_before = SystemClock().Now() - std::chrono::hours(1),
                                  .not_after = SystemClock().Now() + std::chrono::hours(1)};
  const auto put = [&](const std::string& path, const std::string& text) {
    ASSERT_OK(io::WriteFileAtomically(io::PosixFileSystem(), path, AsBytes(text)));
  };
  struct Identity {
    std::string authority_pem;
    crypto::CertifiedKey own;
  };
  const auto make = [&](const std::string& name) {
    const auto authority = crypto::MakeAuthority(name, validity);
    EXPECT_OK(authority);
    const auto own = crypto::IssueCertificate(
        *authority, {.common_name = "tresor", .ip_addresses = {"127.0.0.1"}, .server = true},
        validity);
    EXPECT_OK(own);
    return Identity{.authority_pem = authority->certificate_pem, .own = *own};
  };
  const auto reach = [&](const Identity& trusted) {
    const auto client = net::HttpClient::Open(
        {.server = *net::Url::Parse(server_->url()), .authority_pem = trusted.authority_pem});
    EXPECT_OK(client);
    return (*client)->Call(Context::Background(), {.target = "/healthz"}).status();
  };
  const Identity first = make("first");
  const Identity second = make("second");
  put(certificate, first.own.certificate_pem);
  put(key, first.own.key_pem);
  server_.reset();
  options_.plain_http = false;
  options_.certificate_file = certificate;
  options_.key_file = key;
  Start();
  EXPECT_OK(reach(first));

  put(certificate, second.own.certificate_pem);  // the key is yet to come
  EXPECT_THAT(server_->ReloadTls(), testing::StatusIs(Code::kInvalidArgument));
  EXPECT_OK(reach(first));

  put(key, second.own.key_pem);
  EXPECT_OK(server_->ReloadTls());
  EXPECT_OK(reach(second));
  EXPECT_THAT(reach(first), testing::StatusIs(Code::kUnauthenticated));
}

}  // namespace
}  // namespace tresor::api
