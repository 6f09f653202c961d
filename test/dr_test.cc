// SPDX-License-Identifier: Apache-2.0
// The machine is lost. A new server that is given only the backups' directory and their key finds
// them all and brings a cluster back: docs/operations.md, "When the server is lost".
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "io/file_system.h"
#include "test/serve_program.h"

namespace tresor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;
using testing::ServeOptions;
using testing::ServeProgram;

Json Make(const std::string& kind, const std::string& name, Json spec) {
  return {{"apiVersion", "tresor.dev/v1"},
          {"kind", kind},
          {"metadata", {{"name", name}, {"namespace", "demo"}}},
          {"spec", std::move(spec)}};
}

class DisasterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto safe = testing::ScratchDir::Create();
    ASSERT_OK(safe);
    safe_ = *std::move(safe);
  }
  void TearDown() override {
    if (HasFailure() && serve_ != nullptr) {
      std::cerr << serve_->Log();
    }
  }
  [[nodiscard]] std::string backup_dir() const { return safe_->path() + "/backups"; }
  [[nodiscard]] std::string key_file() const { return safe_->path() + "/backup.key"; }

  void Start(std::vector<std::string> arguments) {
    serve_.reset();
    arguments.insert(arguments.end(), {"--backup-dir", backup_dir()});
    auto started = ServeProgram::Start({.arguments = std::move(arguments)});
    ASSERT_OK(started);
    serve_ = *std::move(started);
  }
  void MakeCluster(const std::string& name) {
    ASSERT_OK(serve_->Apply(
        Make("EtcdCluster", name,
             {{"runtime", "local"},
              {"replicas", 1},
              {"extraArgs", {"--heartbeat-interval=100", "--election-timeout=1000"}}})));
    ASSERT_OK(serve_->AwaitCondition("ec/" + name, "Ready"));
  }
  std::unique_ptr<etcd::Client> Connect(const std::string& cluster) {
    auto access = serve_->Credentials(cluster);
    EXPECT_OK(access);
    auto client = etcd::Client::Connect(*access);
    EXPECT_OK(client);
    return *std::move(client);
  }
  static Context Soon() { return Context::Background().WithTimeout(std::chrono::seconds(10)); }
  void BackUp(const std::string& name, const std::string& state) {
    ASSERT_OK(Connect("prod")->Put(Soon(), {.key = "state", .value = state}).status());
    ASSERT_OK(serve_->Apply(Make("EtcdBackup", name, {{"cluster", {{"name", "prod"}}}})));
    ASSERT_OK(serve_->AwaitCondition("eb/" + name, "Completed"));
  }
  void RestoreInto(const std::string& cluster, const std::string& backup,
                   const std::string& state) {
    ASSERT_OK(
        serve_->Apply(Make("EtcdRestore", backup + "-back",
                           {{"cluster", {{"name", cluster}}}, {"backup", {{"name", backup}}}})));
    ASSERT_OK(serve_->AwaitCondition("er/" + backup + "-back", "Completed"));
    const auto read = Connect(cluster)->Range(Soon(), {.key = "state"});
    ASSERT_OK(read);
    ASSERT_EQ(read->key_values.size(), 1U);
    EXPECT_EQ(read->key_values[0].value, state);
  }
  [[nodiscard]] std::string Backups() const {
    return serve_->Kubectl({"get", "eb", "-o", "jsonpath={.items[*].metadata.name}"}).value_or("");
  }

  std::unique_ptr<testing::ScratchDir> safe_;
  std::unique_ptr<ServeProgram> serve_;
};

TEST_F(DisasterTest, ANewServerWithTheKeyFindsAndRestoresAllBackups) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  ASSERT_OK(serve_->Kubectl({"create", "namespace", "demo"}));
  ASSERT_NO_FATAL_FAILURE(MakeCluster("prod"));
  ASSERT_NO_FATAL_FAILURE(BackUp("first", "one"));
  ASSERT_NO_FATAL_FAILURE(BackUp("second", "two"));
  const std::string evidence = serve_->Value("eb", "first", ".status.evidence[*].result");
  const std::string sha256 = serve_->Value("eb", "first", ".status.snapshot.sha256");
  const auto keys = io::PosixFileSystem().List(serve_->data_dir() + "/keys");
  ASSERT_OK(keys);
  ASSERT_EQ(keys->size(), 1U);
  const auto key =
      io::ReadFile(io::PosixFileSystem(), serve_->data_dir() + "/keys/" + keys->front().name);
  ASSERT_OK(key);
  ASSERT_OK(io::WriteFileAtomically(io::PosixFileSystem(), key_file(), *key, 0600));

  // Members, objects, tokens, certificates: all gone but what was kept elsewhere.
  ASSERT_NO_FATAL_FAILURE(Start({"--backup-key-file", key_file()}));

  ASSERT_OK(serve_->Await("both backups are there", [&] {
    return serve_->Value("eb", "first", ".status.phase") == "Completed" &&
           serve_->Value("eb", "second", ".status.phase") == "Completed";
  }));
  EXPECT_EQ(serve_->Value("eb", "first", ".status.evidence[*].result"), evidence);
  EXPECT_EQ(serve_->Value("eb", "first", ".status.snapshot.sha256"), sha256);
  EXPECT_EQ(serve_->Value("eb", "first", ".spec.cluster.name"), "prod");

  ASSERT_NO_FATAL_FAILURE(MakeCluster("fresh"));
  ASSERT_NO_FATAL_FAILURE(RestoreInto("fresh", "first", "one"));
  ASSERT_NO_FATAL_FAILURE(RestoreInto("fresh", "second", "two"));
  // A cluster of the old name is another one, and its backups lie beside those of the old one.
  ASSERT_NO_FATAL_FAILURE(MakeCluster("prod"));
  ASSERT_NO_FATAL_FAILURE(BackUp("third", "three"));
  EXPECT_THAT(Backups(), AllOf(HasSubstr("first"), HasSubstr("second"), HasSubstr("third")));

  // The project goes in order, members and stored data with it.
  ASSERT_OK(serve_->Kubectl({"delete", "namespace", "demo", "--wait", "--timeout=100s"}));
  EXPECT_THAT(serve_->Kubectl({"get", "namespaces", "-o", "name"}).value_or("demo"),
              Not(HasSubstr("demo")));
  const auto left = io::PosixFileSystem().List(serve_->data_dir() + "/clusters");
  EXPECT_TRUE(!left.ok() || left->empty());
}

TEST_F(DisasterTest, WithoutTheKeyItSaysWhatIsMissing) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  ASSERT_OK(serve_->Kubectl({"create", "namespace", "demo"}));
  ASSERT_NO_FATAL_FAILURE(MakeCluster("prod"));
  ASSERT_NO_FATAL_FAILURE(BackUp("first", "one"));

  // It doesn't even begin, so that nothing is stored there with another key.
  serve_.reset();
  const auto refused = ServeProgram::Start({.arguments = {"--backup-dir", backup_dir()}});
  EXPECT_THAT(std::string(Message(refused.status())), HasSubstr("has no key for what lies there"));

  // Another key: it serves, finds nothing, and says so where people look.
  ASSERT_OK(io::WriteFileAtomically(io::PosixFileSystem(), key_file(),
                                    AsBytes("some other key of thirty-two byte"), 0600));
  ASSERT_NO_FATAL_FAILURE(Start({"--backup-key-file", key_file()}));
  ASSERT_OK(serve_->Await("it complains", [&] {
    return serve_->Kubectl({"get", "events", "-n", "default"})
               .value_or("")
               .find("RepositoriesUnreadable") != std::string::npos;
  }));
  EXPECT_EQ(Backups(), "");
}

}  // namespace
}  // namespace tresor
