// SPDX-License-Identifier: Apache-2.0
// The product's story, with real kubectl, real tresor serve, real launchers and real etcd: a new
// cluster is backed up by itself, and one object brings it back while nobody can touch it.
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "io/file_system.h"
#include "test/serve_program.h"

namespace tresor {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using Json = nlohmann::json;
using testing::ServeProgram;

constexpr std::int64_t kBump = 1'000'000'000;

Json Make(const std::string& kind, const std::string& name, Json spec) {
  return {{"apiVersion", "tresor.dev/v1"},
          {"kind", kind},
          {"metadata", {{"name", name}, {"namespace", "demo"}}},
          {"spec", std::move(spec)}};
}

class StoryTest : public ::testing::Test {
 protected:
  void StartWith(const testing::ServeOptions& options, int replicas) {
    auto started = ServeProgram::Start(options);
    ASSERT_OK(started);
    serve_ = *std::move(started);
    ASSERT_OK(serve_->Kubectl({"create", "namespace", "demo"}));
    // etcd's own second would make every start a slow one.
    ASSERT_OK(serve_->Apply(
        Make("EtcdCluster", "prod",
             {{"runtime", "local"},
              {"replicas", replicas},
              {"extraArgs", {"--heartbeat-interval=100", "--election-timeout=1000"}}})));
    ASSERT_OK(serve_->AwaitCondition("ec/prod", "Ready"));
    Connect();
  }
  void TearDown() override {
    if (HasFailure() && serve_ != nullptr) {
      std::cerr << serve_->Log();
    }
  }

  void Connect() {
    client_.reset();
    auto access = serve_->Credentials("prod");
    ASSERT_OK(access);
    auto client = etcd::Client::Connect(*access);
    ASSERT_OK(client);
    client_ = *std::move(client);
  }
  static Context Soon() { return Context::Background().WithTimeout(std::chrono::seconds(10)); }

  std::int64_t Put(const std::string& key, const std::string& value) {
    const auto put = client_->Put(Soon(), {.key = key, .value = value});
    EXPECT_OK(put);
    return put.ok() ? put->header.revision : 0;
  }
  /// Key and value; empty: there is no such key.
  std::string Get(const std::string& key) {
    const auto found = client_->Range(Soon(), {.key = key});
    EXPECT_OK(found);
    return found.ok() && !found->key_values.empty() ? found->key_values[0].value : "";
  }
  bool Reachable() {
    return client_
        ->Range(Context::Background().WithTimeout(std::chrono::milliseconds(300)), {.key = "a"})
        .ok();
  }
  std::string Value(const std::string& kind, const std::string& name, const std::string& path) {
    return serve_->Value(kind, name, path);
  }
  void Restore(const std::string& name, const std::string& backup) {
    ASSERT_OK(serve_->Apply(Make(
        "EtcdRestore", name, {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", backup}}}})));
  }
  /// Its restore has it, so nobody else may.
  void AwaitTaken(const std::string& restore) {
    ASSERT_OK(serve_->Await("the restore has the cluster", [&] {
      return Value("ec", "prod", ".status.activeRestore") == restore;
    }));
  }

  std::unique_ptr<ServeProgram> serve_;
  std::unique_ptr<etcd::Client> client_;
};

TEST_F(StoryTest, AClusterIsBackedUpByItselfAndComesBackAsOne) {
  // Every minute, so that nobody waits for twenty.
  ASSERT_NO_FATAL_FAILURE(StartWith({.default_schedule = "* * * * *"}, 3));
  Put("a", "1");

  // Backups come by themselves.
  ASSERT_OK(serve_->Await("default-backups appears", [&] {
    return Value("ebc", "default-backups", ".spec.schedule") == "* * * * *";
  }));
  EXPECT_EQ(Value("ebc", "default-backups", ".spec.keep"), "20");
  std::string backup;
  ASSERT_OK(serve_->Await("the first backup appears", [&] {
    backup =
        serve_->Kubectl({"get", "eb", "-o", "jsonpath={.items[*].metadata.name}"}).value_or("");
    return !backup.empty();
  }));
  backup = backup.substr(0, backup.find(' '));
  ASSERT_OK(serve_->AwaitCondition("eb/" + backup, "Completed"));
  const auto evidence = Value("eb", backup, ".status.evidence[*].result");
  EXPECT_THAT(evidence, AllOf(HasSubstr("Passed"), ::testing::Not(HasSubstr("Failed"))));
  EXPECT_EQ(Value("eb", backup, ".status.snapshot.totalKeys"), "1");

  // A second configuration.
  ASSERT_OK(serve_->Apply(
      Make("EtcdBackupConfig", "nightly",
           {{"cluster", {{"name", "prod"}}}, {"schedule", "30 2 * * MON-FRI"}, {"keep", 5}})));
  ASSERT_OK(serve_->Await("nightly has a next time", [&] {
    return Value("ebc", "nightly", ".status.nextScheduleTime").find("T02:30:00Z") !=
           std::string::npos;
  }));

  // Later writes, and the way back.
  Put("a", "2");
  const std::int64_t before = Put("b", "new");
  ASSERT_NO_FATAL_FAILURE(Restore("back", backup));
  ASSERT_NO_FATAL_FAILURE(AwaitTaken("back"));
  const auto refused = serve_->Kubectl({"patch", "ec", "prod", "--type=merge", "-p",
                                        R"({"spec":{"quotaBackendBytes":4294967296}})"});
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("being restored"));
  bool closed = false;
  ASSERT_OK(serve_->Await("the restore is over", [&] {
    closed = closed || !Reachable();
    return !Value("er", "back", ".status.completionTime").empty();
  }));
  EXPECT_TRUE(closed);
  ASSERT_OK(serve_->AwaitCondition("er/back", "Completed"));

  Connect();
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(Get("b"), "");
  EXPECT_GT(Put("c", "after"), before + kBump / 2);
  ASSERT_OK(serve_->AwaitCondition("ec/prod", "Ready"));
  EXPECT_EQ(Value("ec", "prod", ".status.phase"), "Running");
  EXPECT_EQ(Value("ec", "prod", ".status.activeRestore"), "");
  EXPECT_EQ(Value("er", "back", ".status.phase"), "Completed");
  EXPECT_EQ(
      Value("er", "back", ".status.steps[*].name"),
      "Preflight SafetyBackup Pausing StoppingMembers Rebuilding StartingMembers Verifying Opening "
      "RemovingOldData Releasing");
}

TEST_F(StoryTest, AServerThatIsKilledGoesOn) {
  ASSERT_NO_FATAL_FAILURE(StartWith({}, 1));
  Put("a", "1");

  // In the middle of a backup.
  ASSERT_OK(serve_->Apply(Make("EtcdBackup", "first", {{"cluster", {{"name", "prod"}}}})));
  serve_->Kill();
  const auto members = serve_->Observe();
  ASSERT_OK(members);
  EXPECT_EQ(Get("a"), "1") << "members run on";
  ASSERT_OK(serve_->Start());
  ASSERT_OK(serve_->AwaitCondition("eb/first", "Completed"));
  ASSERT_OK(serve_->AwaitCondition("ec/prod", "Ready"));

  // In the middle of a restore.
  Put("a", "2");
  ASSERT_NO_FATAL_FAILURE(Restore("back", "first"));
  ASSERT_NO_FATAL_FAILURE(AwaitTaken("back"));
  serve_->Kill();
  ASSERT_OK(serve_->Start());
  ASSERT_OK(serve_->AwaitCondition("er/back", "Completed"));
  ASSERT_OK(serve_->AwaitCondition("ec/prod", "Ready"));
  Connect();
  EXPECT_EQ(Get("a"), "1");

  // The launcher is the one of before, and the end is a graceful one.
  const auto adopted = serve_->Observe();
  ASSERT_OK(adopted);
  EXPECT_EQ(adopted->members[0].launcher_pid, members->members[0].launcher_pid);
  EXPECT_THAT(serve_->Stop(), testing::IsOkAndHolds(process::ExitStatus{}));
}

TEST_F(StoryTest, OurOwnCommandsDoWhatKubectlDoes) {
  ASSERT_NO_FATAL_FAILURE(StartWith({}, 1));
  Put("a", "1");

  const auto listed = serve_->Tresor({"cluster", "list"});
  ASSERT_OK(listed);
  EXPECT_THAT(listed->standard_output,
              AllOf(HasSubstr("PHASE"), HasSubstr("prod"), HasSubstr("Running")));
  const auto taken =
      serve_->Tresor({"backup", "create", "--cluster", "prod", "--name", "now", "--wait"});
  ASSERT_OK(taken);
  EXPECT_EQ(taken->standard_output, "backup now: Completed\n") << taken->standard_error;
  Put("a", "2");
  const auto restored = serve_->Tresor({"restore", "create", "--backup", "now", "--wait"});
  ASSERT_OK(restored);
  EXPECT_THAT(restored->standard_output, HasSubstr(": Completed\n")) << restored->standard_error;
  Connect();
  EXPECT_EQ(Get("a"), "1");
  const auto described = serve_->Tresor({"backup", "describe", "now"});
  ASSERT_OK(described);
  EXPECT_THAT(described->standard_output, AllOf(HasSubstr("EVIDENCE"), HasSubstr("hashkv")));
  const auto missing = serve_->Tresor({"backup", "describe", "other"});
  ASSERT_OK(missing);
  EXPECT_EQ(missing->status.exit_code, 3);
  EXPECT_THAT(missing->standard_error, HasSubstr("not found"));
  const auto garbled = serve_->Call("GET", "/etcd-credentials/demo/%FF");
  ASSERT_OK(garbled);
  EXPECT_EQ(garbled->status, 404);

  const auto metrics = serve_->Kubectl({"get", "--raw", "/metrics"});
  ASSERT_OK(metrics);
  // What alerts and the dashboard look at, but for what comes with an error alone.
  for (const char* file : {"deploy/prometheus-rules.yaml", "deploy/grafana-dashboard.json"}) {
    const auto bytes =
        io::ReadFile(io::PosixFileSystem(), std::string(TRESOR_SOURCE_DIR "/") + file);
    ASSERT_OK(bytes);
    const std::string text = ToString(*bytes);
    const std::regex name("tresor_[a-z_]+");
    for (std::sregex_iterator match(text.begin(), text.end(), name), end; match != end; ++match) {
      if (match->str() != "tresor_reconcile_errors_total") {
        EXPECT_THAT(*metrics, ::testing::ContainsRegex("\n" + match->str() + "[{ ]")) << file;
      }
    }
  }

  const auto deleted = serve_->Tresor({"cluster", "delete", "prod", "--wait"});
  ASSERT_OK(deleted);
  EXPECT_EQ(deleted->standard_output, "cluster prod deleted\n") << deleted->standard_error;
  EXPECT_EQ(Value("eb", "now", ".status.phase"), "Completed") << "backups stay";
}

}  // namespace
}  // namespace tresor
