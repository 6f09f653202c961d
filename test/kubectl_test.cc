// SPDX-License-Identifier: Apache-2.0
// Real clients against the API server over TLS, with a store in memory and no controllers: kubectl
// of Debian (1.20 on Debian 12), a current kubectl, and an informer of client-go.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/server.h"
#include "base/status_matchers.h"
#include "io/temp_dir.h"
#include "objects/kinds.h"
#include "process/process.h"
#include "store/memory/memory_store.h"
#include "test/etcd_fixture.h"

namespace tresor {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kConfigYaml[] = R"(apiVersion: tresor.dev/v1
kind: EtcdBackupConfig
metadata:
  name: nightly
  namespace: demo
spec:
  cluster:
    name: prod
  schedule: "@every 20m"
  keep: 20
)";

objects::Object MakeObject(objects::Json json) {
  objects::Object object;
  object.json = std::move(json);
  return object;
}

class ApiFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = api::Server::Start(
        {.data_dir = io::JoinPath(dir_.path(), "data"), .argon2 = {.passes = 1, .memory_kib = 64}},
        {.store = *store_,
         .kinds = objects::KindRegistry::BuiltIn(),
         .authorizer = authorizer_,
         .audit = [](const api::AuditEntry&) {}});
    ASSERT_OK(server);
    server_ = *std::move(server);
  }

  process::ProcessOptions Options(const std::string& program, std::vector<std::string> arguments) {
    auto path = testing::FindTool(program);
    EXPECT_OK(path);
    arguments.insert(arguments.begin(), path.value_or(""));
    // A home of its own: discovery is cached there.
    return {.arguments = std::move(arguments),
            .environment = std::vector<std::string>{"PATH=/usr/bin:/bin", "HOME=" + dir_.path(),
                                                    "TMPDIR=" + dir_.path(), "EDITOR=" + editor_,
                                                    "KUBECONFIG=" + server_->kubeconfig_path()}};
  }

  std::string WriteFile(const std::string& name, std::string_view text, std::uint32_t mode = 0600) {
    const std::string path = io::JoinPath(dir_.path(), name);
    EXPECT_OK(io::WriteFileAtomically(io::PosixFileSystem(), path, AsBytes(text), mode));
    return path;
  }

  // Waits until the file that a program writes to holds `text`.
  std::string WaitForText(const std::string& path, std::string_view text) {
    const Context context = context_.WithTimeout(seconds{20});
    std::string all;
    while (all.find(text) == std::string::npos &&
           context.Sleep(std::chrono::milliseconds{10}).ok()) {
      const auto bytes = io::ReadFile(io::PosixFileSystem(), path);
      all = bytes.ok() ? ToString(*bytes) : std::string();
    }
    EXPECT_THAT(all, HasSubstr(std::string(text)));
    return all;
  }

  objects::Object Object(const objects::ResourceName& resource, const std::string& name,
                         const std::string& name_space) {
    auto object = store_->Get(context_, {resource, name_space, name});
    EXPECT_OK(object);
    return object.ok() ? *std::move(object) : objects::Object();
  }

  io::TempDir dir_;
  const Context context_ = Context::Background();
  const std::unique_ptr<store::ApiStore> store_ = store::NewMemoryStore();
  store::ObjectStore& objects_ = *store_;
  api::AdminsOnly authorizer_;
  std::string editor_ = "false";
  std::unique_ptr<api::Server> server_;
};

class KubectlTest : public ApiFixture, public ::testing::WithParamInterface<const char*> {
 protected:
  struct Ran {
    std::string out;
    std::string err;
  };

  Ran Run(std::vector<std::string> arguments, bool success = true) {
    std::string line = "kubectl";
    for (const std::string& argument : arguments) {
      line += " " + argument;
    }
    const auto output =
        process::Run(context_.WithTimeout(seconds{60}), Options(GetParam(), std::move(arguments)));
    EXPECT_OK(output) << line;
    if (!output.ok()) {
      return {};
    }
    EXPECT_EQ(output->status.success(), success)
        << line << "\n"
        << output->standard_output << output->standard_error;
    return {output->standard_output, output->standard_error};
  }
  // Must work, and must say something about it.
  std::string Out(std::vector<std::string> arguments) { return Run(std::move(arguments)).out; }

  void MakeProjectWithConfig() {
    EXPECT_EQ(Out({"create", "namespace", "demo"}), "namespace/demo created\n");
    EXPECT_EQ(Out({"apply", "-f", WriteFile("config.yaml", kConfigYaml)}),
              "etcdbackupconfig.tresor.dev/nightly created\n");
  }

  objects::Object Config() {
    return Object({"tresor.dev", "etcdbackupconfigs"}, "nightly", "demo");
  }
  objects::Json ConfigAt(std::string_view path) {
    const objects::Object config = Config();
    const objects::Json* found = config.Find(path);
    return found != nullptr ? *found : objects::Json();
  }
};

TEST_P(KubectlTest, GetsInEveryForm) {
  MakeProjectWithConfig();

  const std::string table = Out({"get", "etcdbackupconfigs", "-n", "demo"});
  EXPECT_THAT(table, StartsWith("NAME      CLUSTER   SCHEDULE     KEEP"));
  EXPECT_THAT(table, ContainsRegex("\nnightly +prod +@every 20m +20 "));
  EXPECT_THAT(Out({"get", "ebc", "-A"}), ContainsRegex("\ndemo +nightly "));
  EXPECT_THAT(Out({"get", "ebc", "nightly", "-n", "demo", "-o", "wide"}), HasSubstr("NEXT"));
  EXPECT_THAT(Out({"get", "ebc", "nightly", "-n", "demo", "-o", "yaml"}),
              AllOf(HasSubstr("kind: EtcdBackupConfig"), HasSubstr("  keep: 20")));
  EXPECT_EQ(Out({"get", "ebc", "nightly", "-n", "demo", "-o", "jsonpath={.spec.cluster.name}"}),
            "prod");
  EXPECT_EQ(Out({"get", "ebc", "-n", "demo", "-o", "name"}),
            "etcdbackupconfig.tresor.dev/nightly\n");
  EXPECT_THAT(Out({"get", "ebc", "-n", "demo", "--sort-by=.metadata.name", "--show-labels"}),
              HasSubstr("LABELS"));
  EXPECT_THAT(Out({"get", "tresor", "-n", "demo"}), HasSubstr("nightly"));
  EXPECT_THAT(Out({"get", "ns"}), ContainsRegex("\ndemo +Active "));
  EXPECT_THAT(Run({"get", "ebc", "none", "-n", "demo"}, false).err,
              HasSubstr("etcdbackupconfigs.tresor.dev \"none\" not found"));
  EXPECT_THAT(Run({"get", "nonsense"}, false).err,
              HasSubstr("the server doesn't have a resource type \"nonsense\""));
}

TEST_P(KubectlTest, AppliesAgainAndSaysWhatChanged) {
  MakeProjectWithConfig();
  const std::string path = WriteFile("config.yaml", kConfigYaml);

  EXPECT_EQ(Out({"apply", "-f", path}), "etcdbackupconfig.tresor.dev/nightly unchanged\n");
  std::string changed = kConfigYaml;
  changed.replace(changed.find("keep: 20"), 8, "keep: 7");
  const std::string changed_path = WriteFile("changed.yaml", changed);
  EXPECT_THAT(Run({"diff", "-f", changed_path}, false).out, HasSubstr("+  keep: 7"));
  EXPECT_EQ(Out({"apply", "-f", changed_path, "--dry-run=server"}),
            "etcdbackupconfig.tresor.dev/nightly configured (server dry run)\n");
  EXPECT_EQ(ConfigAt("spec.keep"), 20);
  EXPECT_EQ(Out({"apply", "-f", changed_path}), "etcdbackupconfig.tresor.dev/nightly configured\n");
  EXPECT_EQ(ConfigAt("spec.keep"), 7);
  EXPECT_EQ(Config().generation(), 2);
  EXPECT_THAT(Run({"apply", "--server-side", "-f", path}, false).err,
              HasSubstr("server-side apply is not supported"));
}

TEST_P(KubectlTest, ShowsWhatIsWrongWithAnObject) {
  EXPECT_EQ(Out({"create", "namespace", "demo"}), "namespace/demo created\n");
  std::string bad = kConfigYaml;
  bad.replace(bad.find("keep: 20"), 8, "keep: 0");
  EXPECT_THAT(Run({"create", "-f", WriteFile("bad.yaml", bad)}, false).err,
              AllOf(HasSubstr("EtcdBackupConfig"), HasSubstr("spec.keep")));
  std::string typo = kConfigYaml;
  typo.replace(typo.find("keep: 20"), 8, "kepe: 2");
  // By kubectl itself or by the server, as the version goes.
  EXPECT_THAT(Run({"create", "-f", WriteFile("typo.yaml", typo)}, false).err,
              HasSubstr("unknown field \""))
      << "spec.kepe";
}

TEST_P(KubectlTest, EditsWithAnEditor) {
  MakeProjectWithConfig();
  editor_ = WriteFile("edit", "#!/bin/sh\nexec sed -i 's/keep: 20/keep: 5/' \"$1\"\n", 0700);
  EXPECT_THAT(Out({"edit", "ebc", "nightly", "-n", "demo"}), HasSubstr("nightly edited"));
  EXPECT_EQ(ConfigAt("spec.keep"), 5);
}

TEST_P(KubectlTest, PatchesLabelsAndAnnotates) {
  MakeProjectWithConfig();
  EXPECT_THAT(Out({"patch", "ebc", "nightly", "-n", "demo", "--type=merge", "-p",
                   R"({"spec":{"suspend":true}})"}),
              HasSubstr("nightly patched"));
  EXPECT_EQ(ConfigAt("spec.suspend"), true);
  EXPECT_THAT(Out({"patch", "ebc", "nightly", "-n", "demo", "--type=json", "-p",
                   R"([{"op":"replace","path":"/spec/keep","value":9}])"}),
              HasSubstr("nightly patched"));
  EXPECT_EQ(ConfigAt("spec.keep"), 9);
  EXPECT_THAT(Out({"label", "ebc", "nightly", "-n", "demo", "tier=gold"}),
              HasSubstr("nightly labeled"));
  EXPECT_THAT(Out({"get", "ebc", "-n", "demo", "-l", "tier=gold", "-o", "name"}),
              HasSubstr("nightly"));
  EXPECT_THAT(Out({"annotate", "ns", "demo", "note=x"}), HasSubstr("namespace/demo annotated"));
  EXPECT_THAT(Out({"label", "ns", "demo", "tier=gold"}), HasSubstr("namespace/demo labeled"));
  EXPECT_EQ(Object({"", "namespaces"}, "demo", "").labels()["tier"], "gold");
}

TEST_P(KubectlTest, KeepsSecrets) {
  MakeProjectWithConfig();
  EXPECT_THAT(
      Out({"create", "secret", "generic", "key", "-n", "demo", "--from-literal=key=s3cret"}),
      HasSubstr("secret/key created"));
  EXPECT_EQ(Out({"get", "secret", "key", "-n", "demo", "-o", "jsonpath={.data.key}"}), "czNjcmV0");
  EXPECT_THAT(Out({"describe", "secret", "key", "-n", "demo"}), HasSubstr("key:  6 bytes"));
}

TEST_P(KubectlTest, DescribesWithEvents) {
  MakeProjectWithConfig();
  const objects::Object config = Config();
  const std::string now = FormatTime(SystemClock().Now());
  const objects::Object event =
      MakeObject({{"apiVersion", "v1"},
                  {"kind", "Event"},
                  {"metadata", {{"name", "nightly.1"}, {"namespace", "demo"}}},
                  {"involvedObject",
                   {{"apiVersion", "tresor.dev/v1"},
                    {"kind", "EtcdBackupConfig"},
                    {"namespace", "demo"},
                    {"name", "nightly"},
                    {"uid", config.uid()}}},
                  {"reason", "BackupStarted"},
                  {"message", "backup nightly-1 of prod has begun"},
                  {"type", "Normal"},
                  {"source", {{"component", "tresor"}}},
                  {"firstTimestamp", now},
                  {"lastTimestamp", now},
                  {"count", 1}});
  ASSERT_OK(objects_.Create(context_, {"", "events"}, event, {}));

  EXPECT_THAT(Out({"describe", "ebc", "nightly", "-n", "demo"}),
              AllOf(ContainsRegex("Name: +nightly"), HasSubstr("Schedule:"),
                    ContainsRegex("Normal +BackupStarted .*backup nightly-1 of prod has begun")));
  EXPECT_THAT(Out({"get", "events", "-n", "demo"}),
              AllOf(::testing::StartsWith("LAST SEEN   TYPE     REASON          OBJECT"),
                    ContainsRegex("Normal +BackupStarted +etcdbackupconfig/nightly +backup "
                                  "nightly-1 of prod")));
  EXPECT_THAT(Out({"get", "events", "-n", "demo", "-o", "wide"}),
              ContainsRegex("tresor +backup nightly-1 of prod has begun +[0-9]+s +1 +nightly.1"));
}

TEST_P(KubectlTest, Watches) {
  MakeProjectWithConfig();
  auto options = Options(GetParam(), {"get", "ebc", "-n", "demo", "-w"});
  options.stdout_path = io::JoinPath(dir_.path(), "watch");
  auto watching = process::Process::Start(options);
  ASSERT_OK(watching);
  EXPECT_THAT(WaitForText(options.stdout_path, "nightly"), StartsWith("NAME "));

  (void)Run(
      {"patch", "ebc", "nightly", "-n", "demo", "--type=merge", "-p", R"({"spec":{"keep":33}})"});
  const std::string all = WaitForText(options.stdout_path, " 33 ");

  // One header, however many events.
  EXPECT_EQ(all.find("NAME "), all.rfind("NAME "));
}

TEST_P(KubectlTest, WaitsForConditionsAndDeletions) {
  MakeProjectWithConfig();
  auto options = Options(GetParam(), {"wait", "ebc/nightly", "-n", "demo",
                                      "--for=condition=Healthy", "--timeout=30s"});
  options.stdout_path = io::JoinPath(dir_.path(), "waited");
  auto waiting = process::Process::Start(options);
  ASSERT_OK(waiting);
  while (server_->stats().watches == 0) {
    ASSERT_OK(context_.Sleep(std::chrono::milliseconds{10}));
  }
  ASSERT_OK(store::ModifyStatus(
      context_, *store_, {{"tresor.dev", "etcdbackupconfigs"}, "demo", "nightly"}, {},
      [](objects::Object& object) -> Result<bool> {
        object.json["status"]["conditions"] = {{{"type", "Healthy"},
                                                {"status", "True"},
                                                {"reason", "Fine"},
                                                {"message", ""},
                                                {"lastTransitionTime", "2026-01-01T00:00:00Z"}}};
        return true;
      }));
  EXPECT_EQ((*waiting)->Wait(context_.WithTimeout(seconds{30}))->exit_code, 0);
  EXPECT_THAT(WaitForText(options.stdout_path, "\n"), HasSubstr("condition met"));

  EXPECT_THAT(Out({"delete", "ebc", "nightly", "-n", "demo", "--wait"}),
              HasSubstr("\"nightly\" deleted"));
  EXPECT_EQ(store_->Get(context_, {{"tresor.dev", "etcdbackupconfigs"}, "demo", "nightly"})
                .status()
                .code(),
            Code::kNotFound);
}

TEST_P(KubectlTest, DeleteWaitsForFinalizers) {
  MakeProjectWithConfig();
  const objects::ObjectKey key{{"tresor.dev", "etcdbackupconfigs"}, "demo", "nightly"};
  ASSERT_OK(store::Modify(context_, *store_, key, {}, [](objects::Object& object) -> Result<bool> {
    object.AddFinalizer("test.dev/hold");
    return true;
  }));
  auto options = Options(GetParam(), {"delete", "ebc", "nightly", "-n", "demo", "--timeout=30s"});
  options.stdout_path = io::JoinPath(dir_.path(), "deleted");
  auto deleting = process::Process::Start(options);
  ASSERT_OK(deleting);
  (void)WaitForText(options.stdout_path, "deleted");
  while (server_->stats().watches == 0) {
    ASSERT_OK(context_.Sleep(std::chrono::milliseconds{10}));
  }
  EXPECT_FALSE((*deleting)->Poll().has_value());

  ASSERT_OK(store::Modify(context_, *store_, key, {}, [](objects::Object& object) -> Result<bool> {
    object.RemoveFinalizer("test.dev/hold");
    return true;
  }));
  EXPECT_EQ((*deleting)->Wait(context_.WithTimeout(seconds{30}))->exit_code, 0);
}

TEST_P(KubectlTest, DiscoversAndExplains) {
  EXPECT_THAT(
      Out({"api-resources"}),
      AllOf(ContainsRegex("etcdclusters +ec +tresor.dev/v1 +true +EtcdCluster"),
            ContainsRegex("backupdestinations +bd +tresor.dev/v1 +false +BackupDestination"),
            ContainsRegex("namespaces +ns +v1 +false +Namespace")));
  EXPECT_THAT(Out({"api-versions"}), HasSubstr("tresor.dev/v1\n"));
  EXPECT_THAT(Out({"explain", "etcdbackupconfig"}),
              AllOf(ContainsRegex("KIND: +EtcdBackupConfig"), HasSubstr("spec")));
  EXPECT_THAT(Out({"explain", "ebc.spec.keep"}), HasSubstr("<integer>"));
  EXPECT_THAT(Out({"explain", "etcdclusters.spec", "--recursive"}), HasSubstr("replicas"));
  EXPECT_THAT(Out({"explain", "ns"}), ContainsRegex("KIND: +Namespace"));
  EXPECT_THAT(Out({"version"}), HasSubstr("tresor"));
  EXPECT_EQ(Out({"auth", "can-i", "delete", "etcdclusters", "-n", "demo"}), "yes\n");
  EXPECT_THAT(Out({"auth", "can-i", "--list", "-n", "demo"}), HasSubstr("etcdclusters.tresor.dev"));
}

TEST_P(KubectlTest, ExplainsEveryKind) {
  struct Explained {
    const char* kind;
    const char* words;        // of its description
    const char* field;        // deep in it
    const char* field_words;  // of that field's description
  };
  for (const Explained& e :
       {Explained{"etcdclusters", "EtcdCluster is one etcd cluster", "spec.quotaBackendBytes",
                  "2 GiB"},
        Explained{"etcdbackupconfigs", "makes backups of one cluster by itself", "spec.timeZone",
                  "IANA name"},
        Explained{"etcdbackups", "one backup of one cluster", "status.evidence.result",
                  "What came out"},
        Explained{"etcdrestores", "It is a transaction", "status.steps.startTime", "When it began"},
        Explained{"backupdestinations", "a place where repositories", "spec.local.path",
                  "Absolute path"}}) {
    EXPECT_THAT(Out({"explain", e.kind}), HasSubstr(e.words));
    EXPECT_THAT(Out({"explain", e.kind, "--recursive"}),
                AllOf(HasSubstr("metadata"), HasSubstr("spec"), HasSubstr("status"),
                      HasSubstr("observedGeneration")));
    EXPECT_THAT(Out({"explain", std::string(e.kind) + "." + e.field}), HasSubstr(e.field_words));
    for (const char* part : {".spec", ".status"}) {
      EXPECT_THAT(Out({"explain", std::string(e.kind) + part}), Not(HasSubstr("<empty>")));
    }
  }
}

TEST_P(KubectlTest, CreatesReplacesAndSelects) {
  MakeProjectWithConfig();
  const std::string generated = WriteFile("generated.yaml", R"(apiVersion: tresor.dev/v1
kind: EtcdRestore
metadata: {generateName: prod-restore-, namespace: demo}
spec: {cluster: {name: prod}, backup: {name: first}}
)");
  EXPECT_THAT(Out({"create", "-f", generated}),
              ContainsRegex("etcdrestore.tresor.dev/prod-restore-[a-z0-9]+ created"));
  EXPECT_THAT(Out({"get", "ebc,er", "-n", "demo", "-o", "name"}),
              AllOf(HasSubstr("etcdbackupconfig.tresor.dev/nightly"),
                    HasSubstr("etcdrestore.tresor.dev/prod-restore-")));
  EXPECT_THAT(Out({"get", "ebc", "-n", "demo", "--field-selector=metadata.name=nightly", "-o",
                   "jsonpath={.items[*].spec.schedule}"}),
              "@every 20m");
  EXPECT_EQ(
      Out({"get", "ebc", "-n", "demo", "--field-selector=metadata.name!=nightly", "-o", "name"}),
      "");
  EXPECT_THAT(Out({"get", "ebc", "-n", "demo", "-o", "custom-columns=N:.metadata.name,K:.spec.keep",
                   "--no-headers"}),
              ContainsRegex("nightly +20"));
  std::string changed = kConfigYaml;
  changed.replace(changed.find("keep: 20"), 8, "keep: 8");
  EXPECT_THAT(Out({"replace", "-f", WriteFile("changed.yaml", changed)}),
              HasSubstr("nightly replaced"));
  EXPECT_EQ(ConfigAt("spec.keep"), 8);
}

TEST_P(KubectlTest, AnEditThatIsRefusedChangesNothing) {
  MakeProjectWithConfig();
  // kubectl opens it again, with what was wrong in it; left as it is, kubectl gives up.
  const std::string seen = io::JoinPath(dir_.path(), "seen");
  editor_ = WriteFile(
      "edit",
      fmt::format("#!/bin/sh\ncp \"$1\" {}\nexec sed -i 's/keep: 20/keep: 0/' \"$1\"\n", seen),
      0700);
  EXPECT_THAT(Run({"edit", "ebc", "nightly", "-n", "demo"}, false).err,
              HasSubstr("\"nightly\" is invalid"));
  EXPECT_THAT(WaitForText(seen, "#"), HasSubstr("spec.keep"));
  EXPECT_EQ(ConfigAt("spec.keep"), 20);
}

TEST_P(KubectlTest, WaitsUntilItIsGone) {
  MakeProjectWithConfig();
  auto options =
      Options(GetParam(), {"wait", "ebc/nightly", "-n", "demo", "--for=delete", "--timeout=30s"});
  auto waiting = process::Process::Start(options);
  ASSERT_OK(waiting);
  while (server_->stats().watches == 0) {
    ASSERT_OK(context_.Sleep(std::chrono::milliseconds{10}));
  }
  EXPECT_THAT(Out({"delete", "ebc", "--all", "-n", "demo"}), HasSubstr("deleted"));
  EXPECT_EQ((*waiting)->Wait(context_.WithTimeout(seconds{30}))->exit_code, 0);
  EXPECT_THAT(
      Run({"wait", "ebc/none", "-n", "demo", "--for=condition=Healthy", "--timeout=1s"}, false).err,
      HasSubstr("not found"));
}

INSTANTIATE_TEST_SUITE_P(, KubectlTest, ::testing::Values("kubectl-debian", "kubectl"),
                         [](const auto& test) {
                           return std::string(test.param) == "kubectl" ? "Current" : "Debian";
                         });

TEST_F(ApiFixture, AnInformerOfClientGoFollows) {
  ASSERT_OK(objects_.Create(
      context_, {"", "namespaces"},
      MakeObject({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "demo"}}}}),
      {}));
  const auto create = [&](const std::string& name) {
    const objects::Object config =
        MakeObject({{"apiVersion", "tresor.dev/v1"},
                    {"kind", "EtcdBackupConfig"},
                    {"metadata", {{"name", name}, {"namespace", "demo"}}},
                    {"spec", {{"cluster", {{"name", "prod"}}}}}});
    EXPECT_OK(objects_.Create(context_, {"tresor.dev", "etcdbackupconfigs"}, config, {}));
  };
  create("a");
  auto options =
      Options("kubewatch", {server_->kubeconfig_path(), "tresor.dev", "v1", "etcdbackupconfigs"});
  options.stdout_path = io::JoinPath(dir_.path(), "events");
  auto informer = process::Process::Start(options);
  ASSERT_OK(informer);
  (void)WaitForText(options.stdout_path, "synced\n");
  create("b");
  (void)WaitForText(options.stdout_path, "added demo/b\n");
  const objects::ObjectKey key{{"tresor.dev", "etcdbackupconfigs"}, "demo", "a"};
  ASSERT_OK(store::Modify(context_, *store_, key, {}, [](objects::Object& object) -> Result<bool> {
    object.SetLabel("x", "y");
    return true;
  }));
  (void)WaitForText(options.stdout_path, "modified demo/a\n");
  ASSERT_OK(store_->Delete(context_, key, {}));
  const std::string all = WaitForText(options.stdout_path, "deleted demo/a\n");
  EXPECT_THAT(all, StartsWith("added demo/a\nsynced\n"));
}

}  // namespace
}  // namespace tresor
