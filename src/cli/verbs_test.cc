// SPDX-License-Identifier: Apache-2.0
// The commands for API objects against a real API server with a store in memory. There are no
// controllers: tests write what those would.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/server.h"
#include "base/status_matchers.h"
#include "base/thread.h"
#include "cli/test_host.h"
#include "io/temp_dir.h"
#include "objects/kinds.h"
#include "objects/secret.h"
#include "objects/well_known.h"
#include "store/memory/memory_store.h"

namespace tresor::cli {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class VerbsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    StartServer(0);
    const auto kubeconfig = io::ReadFile(io::PosixFileSystem(), server_->kubeconfig_path());
    ASSERT_OK(kubeconfig);
    host_.WriteFile("/kubeconfig", AsText(*kubeconfig));
    host_.environment = {{"KUBECONFIG", "/kubeconfig"}};
    ASSERT_EQ(Say({"project", "create", "demo"}), "project demo created\n");
  }

  void StartServer(std::uint16_t port) {
    auto server = api::Server::Start({.data_dir = io::JoinPath(dir_.path(), "data"),
                                      .port = port,
                                      .argon2 = {.passes = 1, .memory_kib = 64}},
                                     {.store = *store_,
                                      .kinds = objects::KindRegistry::BuiltIn(),
                                      .authorizer = authorizer_,
                                      .audit = [](const api::AuditEntry&) {}});
    ASSERT_OK(server);
    server_ = *std::move(server);
  }

  Outcome Run(std::vector<std::string> words) {
    if (words[0] != "project") {
      words.insert(words.end(), {"--project", "demo"});
    }
    return host_.Run(words);
  }
  /// Of a command that must work.
  std::string Say(std::vector<std::string> words) {
    const Outcome outcome = Run(std::move(words));
    EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.error;
    return outcome.out;
  }
  void CreateCluster() { ASSERT_EQ(Say({"cluster", "create", "prod"}), "cluster prod created\n"); }
  void CreateBackup() {
    ASSERT_EQ(Say({"backup", "create", "--cluster", "prod", "--name", "now"}),
              "backup now created\n");
  }

  static objects::ObjectKey Key(const objects::ResourceName& resource, const std::string& name) {
    return {resource, "demo", name};
  }
  objects::Object Find(const objects::ResourceName& resource, const std::string& name) {
    auto object = store_->Get(context_, Key(resource, name));
    EXPECT_OK(object);
    return object.ok() ? *std::move(object) : objects::Object();
  }
  void SetStatus(const objects::ResourceName& resource, const std::string& name,
                 const objects::Json& status) {
    EXPECT_OK(store::ModifyStatus(context_, *store_, Key(resource, name), {},
                                  [&](objects::Object& object) -> Result<bool> {
                                    object.json["status"].update(status);
                                    return true;
                                  }));
  }
  void AwaitWatcher() {
    const Context context = context_.WithTimeout(std::chrono::seconds{20});
    while (server_->stats().watches == 0) {
      ASSERT_OK(context.Sleep(std::chrono::milliseconds{5}));
    }
  }
  /// Runs the command, and `meanwhile` as soon as it watches.
  Outcome RunWhile(const std::vector<std::string>& words, const std::function<void()>& meanwhile) {
    Outcome outcome;
    {
      const Thread thread([&] { outcome = Run(words); });
      AwaitWatcher();
      meanwhile();
    }
    return outcome;
  }
  std::uint64_t Requests(std::string_view verb) {
    std::uint64_t requests = 0;
    for (const auto& count : server_->stats().requests) {
      requests += count.verb == verb ? count.requests : 0;
    }
    return requests;
  }

  const io::TempDir dir_;
  const Context context_ = Context::Background();
  const std::unique_ptr<store::ApiStore> store_ = store::NewMemoryStore();
  api::AdminsOnly authorizer_;
  std::unique_ptr<api::Server> server_;
  TestHost host_;
};

TEST_F(VerbsTest, ListsProjectsAndDeletesThem) {
  EXPECT_THAT(Say({"project", "list"}), AllOf(HasSubstr("NAME"), ContainsRegex("demo +Active")));
  EXPECT_EQ(Run({"project", "create", "demo"}).code, ExitCode::kInTheWay);
  EXPECT_THAT(Say({"project", "delete", "demo"}), HasSubstr("project demo "));
}

TEST_F(VerbsTest, ListsAsATableOrAsTheApiHasIt) {
  EXPECT_EQ(Run({"cluster", "list"}).error, "no clusters\n");
  CreateCluster();

  EXPECT_THAT(Say({"cluster", "list"}), AllOf(HasSubstr("PHASE"), HasSubstr("prod")));
  EXPECT_THAT(Say({"cluster", "list", "--all-projects"}), HasSubstr("demo"));
  const auto json = nlohmann::json::parse(Say({"cluster", "list", "-o", "json"}));
  EXPECT_EQ(json["items"][0]["spec"]["replicas"], 3);
}

TEST_F(VerbsTest, DescribesWithEvents) {
  CreateCluster();
  EXPECT_THAT(Say({"cluster", "describe", "prod"}), HasSubstr("replicas: 3"));
  SetStatus(objects::kEtcdClusters, "prod",
            {{"phase", "Running"},
             {"members", {{{"name", "m0"}, {"healthy", true}, {"dbSize", 77824}}}}});
  EXPECT_THAT(Say({"cluster", "describe", "prod"}),
              AllOf(HasSubstr("  phase: Running\n"),
                    ContainsRegex("\nMEMBER  PHASE  HEALTHY .*\nm0 +true .*77824")));
  EXPECT_EQ(nlohmann::json::parse(Say({"cluster", "describe", "prod", "-o", "json"}))["kind"],
            "EtcdCluster");
  const Outcome missing = Run({"cluster", "describe", "other"});
  EXPECT_EQ(missing.code, ExitCode::kNotFound);
  EXPECT_THAT(missing.error, HasSubstr("etcdclusters.tresor.dev \"other\" not found"));
}

TEST_F(VerbsTest, WaitsByAWatchNotByAsking) {
  CreateCluster();
  const std::uint64_t before = Requests("get");

  const Outcome outcome = RunWhile({"cluster", "wait", "prod"}, [&] {
    SetStatus(objects::kEtcdClusters, "prod", {{"phase", "Creating"}});
    SetStatus(objects::kEtcdClusters, "prod", {{"phase", "Running"}});
  });

  EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.error;
  EXPECT_EQ(outcome.out, "cluster prod: Running\n");
  EXPECT_THAT(outcome.error, HasSubstr("cluster prod: Creating\n"));
  EXPECT_EQ(Requests("get"), before + 1);
  EXPECT_EQ(Requests("watch"), 1U);
}

TEST_F(VerbsTest, APhaseOfBeforeTheLastChangeIsNotTheEnd) {
  CreateCluster();
  SetStatus(objects::kEtcdClusters, "prod", {{"phase", "Running"}, {"observedGeneration", 1}});
  ASSERT_OK(store::Modify(context_, *store_, Key(objects::kEtcdClusters, "prod"), {},
                          [](objects::Object& object) -> Result<bool> {
                            object.json["spec"]["replicas"] = 5;
                            return true;
                          }));

  const Outcome outcome = RunWhile({"cluster", "wait", "prod"}, [&] {
    SetStatus(objects::kEtcdClusters, "prod", {{"phase", "Running"}, {"observedGeneration", 2}});
  });

  EXPECT_EQ(outcome.out, "cluster prod: Running\n");
}

TEST_F(VerbsTest, AFailureIsToldWithItsReason) {
  CreateCluster();
  CreateBackup();

  const Outcome outcome = RunWhile({"backup", "wait", "now"}, [&] {
    SetStatus(objects::kEtcdBackups, "now", {{"phase", "Failed"}, {"message", "no room"}});
  });

  EXPECT_EQ(outcome.code, ExitCode::kFailure);
  EXPECT_EQ(outcome.error,
            "tresor: backup now is Failed: no room\nhint: see tresor backup describe now\n");
}

TEST_F(VerbsTest, DoesNotWaitForEver) {
  CreateCluster();
  SetStatus(objects::kEtcdClusters, "prod", {{"phase", "Creating"}, {"message", "m1 starts"}});

  const Outcome outcome = Run({"cluster", "wait", "prod", "--timeout", "100ms"});

  EXPECT_EQ(outcome.code, ExitCode::kTemporary);
  EXPECT_THAT(outcome.error, HasSubstr("cluster prod is still Creating: m1 starts"));
}

TEST_F(VerbsTest, WhoIsWaitedForMayBeDeleted) {
  CreateCluster();
  const Outcome outcome = RunWhile({"cluster", "wait", "prod"}, [&] {
    EXPECT_OK(store_->Delete(context_, Key(objects::kEtcdClusters, "prod"), {}));
  });
  EXPECT_EQ(outcome.code, ExitCode::kNotFound);
  EXPECT_THAT(outcome.error, HasSubstr("was deleted"));
}

TEST_F(VerbsTest, WaitsOnWhenTheServerWasAway) {
  CreateCluster();
  const std::uint16_t port = server_->port();

  const Outcome outcome = RunWhile({"cluster", "wait", "prod"}, [&] {
    server_.reset();
    SetStatus(objects::kEtcdClusters, "prod", {{"phase", "Running"}});
    StartServer(port);
  });

  EXPECT_EQ(outcome.out, "cluster prod: Running\n") << outcome.error;
}

TEST_F(VerbsTest, DeletesAndWaitsForFinalizers) {
  CreateCluster();
  CreateBackup();
  EXPECT_EQ(Say({"backup", "delete", "now"}), "backup now deleted\n");
  EXPECT_EQ(Run({"backup", "delete", "now"}).code, ExitCode::kNotFound);

  const auto hold = [&](bool held) {
    return store::Modify(context_, *store_, Key(objects::kEtcdClusters, "prod"), {},
                         [&](objects::Object& object) -> Result<bool> {
                           held ? object.AddFinalizer("test.dev/hold")
                                : object.RemoveFinalizer("test.dev/hold");
                           return true;
                         });
  };
  ASSERT_OK(hold(true));
  EXPECT_EQ(Say({"cluster", "delete", "prod"}), "cluster prod is being deleted\n");
  const Outcome late = Run({"cluster", "delete", "prod", "--wait", "--timeout", "100ms"});
  EXPECT_EQ(late.code, ExitCode::kTemporary);
  EXPECT_THAT(late.error, HasSubstr("cluster prod is still being deleted"));
  const Outcome outcome =
      RunWhile({"cluster", "delete", "prod", "--wait"}, [&] { ASSERT_OK(hold(false)); });
  EXPECT_EQ(outcome.out, "cluster prod deleted\n") << outcome.error;
}

TEST_F(VerbsTest, PausesAndUnpausesClusters) {
  CreateCluster();
  EXPECT_EQ(Say({"cluster", "pause", "prod"}), "cluster prod paused\n");
  EXPECT_TRUE(Find(objects::kEtcdClusters, "prod").Find("spec.paused")->get<bool>());
  EXPECT_EQ(Say({"cluster", "unpause", "prod"}), "cluster prod unpaused\n");
  EXPECT_FALSE(Find(objects::kEtcdClusters, "prod").Find("spec.paused")->get<bool>());
}

TEST_F(VerbsTest, ConnectsAnEtcdThatRunsElsewhere) {
  host_.WriteFile("/ca.crt", "the authority");
  host_.WriteFile("/client.crt", "the certificate");
  host_.WriteFile("/client.key", "the key");
  host_.WriteFile("/password", "secret\n");
  // Nothing is left behind by what the API refuses.
  const Outcome refused =
      Run({"cluster", "connect", "edge", "--endpoints", "10.0.0.1:2379", "--cacert", "/ca.crt"});
  EXPECT_EQ(refused.code, ExitCode::kUsage);
  EXPECT_THAT(refused.error, HasSubstr("spec.endpoints[0]"));
  EXPECT_THAT(store_->Get(context_, Key(objects::kSecrets, "edge-etcd-tls")),
              testing::StatusIs(Code::kNotFound));
  EXPECT_EQ(Run({"cluster", "connect", "edge"}).code, ExitCode::kUsage);

  ASSERT_EQ(Say({"cluster", "connect", "edge", "--endpoints",
                 "https://10.0.0.1:2379,https://10.0.0.2:2379", "--cacert", "/ca.crt", "--cert",
                 "/client.crt", "--key", "/client.key", "--user", "root", "--password-file",
                 "/password"}),
            "cluster edge created\n");
  const objects::Object cluster = Find(objects::kEtcdClusters, "edge");
  EXPECT_EQ(cluster.Text("spec.runtime"), "external");
  EXPECT_EQ(*cluster.Find("spec.endpoints"),
            nlohmann::json::array({"https://10.0.0.1:2379", "https://10.0.0.2:2379"}));
  EXPECT_EQ(cluster.Text("spec.tlsSecretRef.name"), "edge-etcd-tls");
  EXPECT_EQ(cluster.Text("spec.authSecretRef.name"), "edge-etcd-auth");
  EXPECT_EQ(
      *objects::SecretData(Find(objects::kSecrets, "edge-etcd-tls")),
      (objects::SecretValues{
          {"ca.crt", "the authority"}, {"tls.crt", "the certificate"}, {"tls.key", "the key"}}));
  EXPECT_EQ(*objects::SecretData(Find(objects::kSecrets, "edge-etcd-auth")),
            (objects::SecretValues{{"username", "root"}, {"password", "secret"}}));

  // Another try, after the cluster was deleted: what is given now holds.
  ASSERT_EQ(Say({"cluster", "delete", "edge"}), "cluster edge deleted\n");
  ASSERT_EQ(Say({"cluster", "connect", "edge", "--endpoints", "https://10.0.0.1:2379", "--cacert",
                 "/ca.crt"}),
            "cluster edge created\n");
  EXPECT_EQ(*objects::SecretData(Find(objects::kSecrets, "edge-etcd-tls")),
            (objects::SecretValues{{"ca.crt", "the authority"}}));
  EXPECT_THAT(Find(objects::kEtcdClusters, "edge").Text("spec.authSecretRef.name"), "");
}

TEST_F(VerbsTest, PinsAndUnpins) {
  CreateCluster();
  CreateBackup();
  EXPECT_EQ(Say({"backup", "pin", "now"}), "backup now pinned\n");
  EXPECT_TRUE(Find(objects::kEtcdBackups, "now").Find("spec.pinned")->get<bool>());
  EXPECT_EQ(Say({"backup", "unpin", "now"}), "backup now unpinned\n");
  EXPECT_FALSE(Find(objects::kEtcdBackups, "now").Find("spec.pinned")->get<bool>());
}

TEST_F(VerbsTest, ConfigurationsAreMadeSuspendedAndResumed) {
  CreateCluster();
  EXPECT_EQ(Say({"backup-config", "create", "nightly", "--cluster", "prod", "--schedule",
                 "30 2 * * MON-FRI", "--time-zone", "Europe/Berlin", "--keep", "5",
                 "--deletion-policy", "Delete"}),
            "backup-config nightly created\n");
  const objects::Object config = Find(objects::kEtcdBackupConfigs, "nightly");
  EXPECT_EQ(config.json["spec"], nlohmann::json::parse(R"({"cluster": {"name": "prod"},
      "schedule": "30 2 * * MON-FRI", "timeZone": "Europe/Berlin", "keep": 5,
      "suspend": false, "deletionPolicy": "Delete"})"));
  EXPECT_EQ(Say({"backup-config", "suspend", "nightly"}), "backup-config nightly suspended\n");
  EXPECT_TRUE(Find(objects::kEtcdBackupConfigs, "nightly").Find("spec.suspend")->get<bool>());
  EXPECT_EQ(Say({"backup-config", "resume", "nightly"}), "backup-config nightly resumed\n");
  EXPECT_FALSE(Find(objects::kEtcdBackupConfigs, "nightly").Find("spec.suspend")->get<bool>());

  const Outcome bad = Run({"backup-config", "create", "x", "--cluster", "prod", "--schedule",
                           "@daily", "--keep", "2000"});
  EXPECT_EQ(bad.code, ExitCode::kUsage);
  EXPECT_THAT(bad.error, HasSubstr("spec.keep"));
}

TEST_F(VerbsTest, CancelsARestoreThatIsNotOver) {
  CreateCluster();
  CreateBackup();
  ASSERT_EQ(Say({"restore", "create", "--backup", "now", "--name", "back"}),
            "restore back created\n");
  EXPECT_EQ(Say({"restore", "cancel", "back"}), "restore back is being cancelled\n");
  EXPECT_TRUE(Find(objects::kEtcdRestores, "back").Find("spec.cancel")->get<bool>());

  const Outcome outcome = RunWhile({"restore", "cancel", "back", "--wait"}, [&] {
    SetStatus(objects::kEtcdRestores, "back", {{"phase", "RollingBack"}});
    SetStatus(objects::kEtcdRestores, "back", {{"phase", "Cancelled"}});
  });
  EXPECT_EQ(outcome.out, "restore back: Cancelled\n") << outcome.error;
  EXPECT_THAT(outcome.error, HasSubstr("restore back: RollingBack\n"));

  SetStatus(objects::kEtcdRestores, "back", {{"phase", "Completed"}});
  const Outcome late = Run({"restore", "cancel", "back"});
  EXPECT_EQ(late.code, ExitCode::kInTheWay);
  EXPECT_THAT(late.error, HasSubstr("restore back is Completed already"));
}

TEST_F(VerbsTest, RefusesWordsThatAreNotUtf8) {
  const Outcome outcome = Run({"project", "create", "caf\xe9"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_THAT(outcome.error, HasSubstr("not UTF-8"));
}

TEST_F(VerbsTest, SaysSoWhenThereIsNoServer) {
  server_.reset();
  const Outcome outcome = Run({"cluster", "wait", "prod"});
  EXPECT_EQ(outcome.code, ExitCode::kTemporary);
  EXPECT_THAT(outcome.error, HasSubstr("hint: is tresor serve running at https://127.0.0.1:"));

  host_.environment = {};
  const Outcome lost = Run({"cluster", "list"});
  EXPECT_EQ(lost.code, ExitCode::kNotFound);
  EXPECT_THAT(lost.error, HasSubstr("--kubeconfig"));
}

}  // namespace
}  // namespace tresor::cli
