// SPDX-License-Identifier: Apache-2.0
// The vault with real repositories on a file system in memory, and an etcd that is its history.
#include "control/repository_vault.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/fake_cluster.h"
#include "backup/restore.h"
#include "backup/test_util.h"
#include "backup/verify.h"
#include "base/status_matchers.h"
#include "blob/local.h"
#include "control/destinations.h"
#include "control/test_world.h"
#include "io/faults.h"
#include "objects/secret.h"

namespace tresor::control {
namespace {

using backup::testing::FakeCluster;
using backup::testing::RandomStore;
using backup::testing::StoreModel;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::tresor::testing::IsOkAndHolds;
using ::tresor::testing::StatusIs;

const RepositoryAddress kAddress{"disk", "p", "0f3c"};

class VaultTest : public ::testing::Test {
 protected:
  VaultTest() {
    MakeDestination("disk", "/backups");
    MakeSecret("disk-key", "a key of more than sixteen bytes");
  }
  void MakeDestination(const std::string& name, const std::string& path) {
    world_.Make(objects::kBackupDestinations, objects::kApiVersion, "BackupDestination", "", name,
                {{"local", {{"path", path}}},
                 {"encryption", {{"keySecretRef", {{"name", name + "-key"}}}}}});
  }
  void MakeSecret(const std::string& name, const std::string& key) {
    EXPECT_OK(world_.store
                  ->Create(world_.context(), objects::kSecrets,
                           objects::MakeSecret("tresor-system", name, {{"key", key}}),
                           TestWorld::Person(), nullptr)
                  .status());
  }
  Result<StoredBackup> Take(const std::string& tag) {
    return vault_.Take(world_.context(), kAddress,
                       {.identity_tag = tag, .tags = {tag, "more"}, .source = {}, .progress = {}});
  }
  RepositoryVaultOptions Options() {
    RepositoryVaultOptions options;
    options.spool.fs = &fs_;
    options.spool.dir = "/";
    options.connect = [this](const etcd::ClientOptions&) -> Result<std::unique_ptr<etcd::Client>> {
      ++connected_;
      return std::make_unique<FakeCluster>(model_, 3);
    };
    return options;
  }
  /// What etcd would answer from a restored member: read from the database on disk, as launchers
  /// do.
  repo::HashKv Restored(const std::string& id, std::int64_t bump) {
    const Context context = world_.context();
    Place place = destinations_.Open(context, "disk").value();
    const auto store = blob::OpenLocalStore(fs_, place.RepositoryPath(kAddress)).value();
    const auto repository = repo::Repository::Open(context, *store, place.key).value();
    const auto stored = repository->OpenBackup(context, repo::ParseId(id).value()).value();
    const auto source = backup::MakeSource(*stored);
    backup::RestoreOptions options;
    options.fs = &fs_;
    const std::string dir = "/m" + std::to_string(bump);
    options.members = {{.name = "default", .peer_urls = {}, .data_dir = dir, .wal_dir = {}}};
    options.bump_revision = bump;
    options.mark_compacted = bump > 0;
    options.wal_file_bytes = 1 << 20;
    EXPECT_OK(backup::Restore(context, *source, options).status());
    const auto db = fs_.Open(dir + "/member/snap/db", io::OpenMode::kRead, 0).value();
    const auto image = backup::MakeSource(*db, "restored").value();
    return backup::Verify(context, *image)->hash_kv;
  }

  TestWorld world_;
  io::MemoryFs fs_;
  StoreModel model_ = RandomStore(5, 2000, true);
  int connected_ = 0;
  Destinations destinations_{*world_.store, fs_, "/data/keys"};
  RepositoryVault vault_{destinations_, Options()};
};

TEST_F(VaultTest, TakesABackupOnceAndDescribesIt) {
  ASSERT_OK_AND_ASSIGN(const StoredBackup taken, Take("uid=1"));

  EXPECT_EQ(taken.description.revision, model_.revision());
  EXPECT_EQ(taken.records, model_.record_count());
  EXPECT_EQ(taken.new_records, taken.records);
  EXPECT_GT(taken.new_bytes, 0U);
  EXPECT_THAT(taken.description.evidence, Not(IsEmpty()));
  ASSERT_OK_AND_ASSIGN(const StoredBackup again, Take("uid=1"));
  EXPECT_EQ(again.id, taken.id);
  EXPECT_EQ(connected_, 1);
  ASSERT_OK_AND_ASSIGN(const auto found, vault_.FindByTag(world_.context(), kAddress, "uid=1"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, taken.id);
  ASSERT_OK_AND_ASSIGN(const StoredBackup read, vault_.Read(world_.context(), kAddress, taken.id));
  EXPECT_EQ(read.description.hash_kv, taken.description.hash_kv);
}

TEST_F(VaultTest, ListsForgetsAndPrunes) {
  ASSERT_OK_AND_ASSIGN(const StoredBackup first, Take("uid=1"));
  model_.Put("/registry/new", "value");
  ASSERT_OK_AND_ASSIGN(const StoredBackup second, Take("uid=2"));
  EXPECT_EQ(second.new_records, 1U);
  EXPECT_THAT(*vault_.List(world_.context(), kAddress), SizeIs(2));

  ASSERT_OK(vault_.Forget(world_.context(), kAddress, {first.id}));
  ASSERT_OK(vault_.Forget(world_.context(), kAddress, {first.id}));  // it is gone
  ASSERT_OK(vault_.Prune(world_.context(), kAddress));

  ASSERT_OK_AND_ASSIGN(const auto left, vault_.List(world_.context(), kAddress));
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].id, second.id);
  EXPECT_OK(vault_.Prove(world_.context(), kAddress, {.id = second.id}).status());
  EXPECT_THAT(vault_.Read(world_.context(), kAddress, first.id), StatusIs(Code::kNotFound));
}

TEST_F(VaultTest, ARepositoryThatIsNotThereHasNothing) {
  EXPECT_THAT(*vault_.List(world_.context(), kAddress), IsEmpty());
  EXPECT_EQ(*vault_.FindByTag(world_.context(), kAddress, "uid=1"), std::nullopt);
  EXPECT_OK(vault_.Forget(world_.context(), kAddress, {"0123456789abcdef0123456789abcdef"}));
  EXPECT_OK(vault_.Prune(world_.context(), kAddress));
  EXPECT_THAT(*vault_.Repositories(world_.context(), "disk"), IsEmpty());
}

TEST_F(VaultTest, FindsRepositoriesAndCountsWhatIsStored) {
  EXPECT_THAT(vault_.StoredBytes(world_.context(), kAddress), IsOkAndHolds(0U));
  ASSERT_OK(Take("uid=1").status());
  ASSERT_OK(vault_.Probe(world_.context(), "disk"));

  EXPECT_THAT(vault_.Repositories(world_.context(), "disk"), IsOkAndHolds(ElementsAre(kAddress)));
  ASSERT_OK_AND_ASSIGN(const std::uint64_t bytes, vault_.StoredBytes(world_.context(), kAddress));
  EXPECT_GT(bytes, 1000U);
}

TEST_F(VaultTest, SaysWhatIsWrongWithADestination) {
  const Context context = world_.context();
  EXPECT_THAT(vault_.Probe(context, "nowhere"),
              StatusIs(Code::kNotFound, HasSubstr("\"nowhere\" does not exist")));
  MakeDestination("keyless", "/other");
  EXPECT_THAT(vault_.Probe(context, "keyless"),
              StatusIs(Code::kNotFound, HasSubstr("tresor-system/keyless-key")));
  MakeSecret("keyless-key", "short");
  EXPECT_THAT(vault_.Probe(context, "keyless"),
              StatusIs(Code::kInvalidArgument, HasSubstr("16 bytes")));
  world_.Make(objects::kBackupDestinations, objects::kApiVersion, "BackupDestination", "", "bucket",
              {{"s3",
                {{"endpoint", "https://s3.example"},
                 {"bucket", "backups"},
                 {"credentialsSecretRef", {{"name", "c"}}}}},
               {"encryption", {{"keySecretRef", {{"name", "k"}}}}}});
  EXPECT_THAT(vault_.Probe(context, "bucket"),
              StatusIs(Code::kUnimplemented, HasSubstr("not supported yet by this build")));
}

TEST_F(VaultTest, AnotherKeyOpensNothing) {
  ASSERT_OK(Take("uid=1").status());
  ASSERT_OK(
      store::Modify(
          world_.context(), *world_.store, {objects::kSecrets, "tresor-system", "disk-key"},
          TestWorld::Person(),
          [](Object& secret) -> Result<bool> {
            secret.json["data"] =
                objects::MakeSecret("x", "y", {{"key", "another key of 22 bytes"}}).json["data"];
            return true;
          })
          .status());
  EXPECT_THAT(vault_.List(world_.context(), kAddress), StatusIs(Code::kUnauthenticated));
}

TEST_F(VaultTest, LaunchersGetAKeyFileThatOnlyWeCanRead) {
  ASSERT_OK_AND_ASSIGN(const LauncherAccess access,
                       vault_.AccessForLaunchers(world_.context(), kAddress));
  EXPECT_EQ(access.repository, "/backups/p/0f3c");
  EXPECT_EQ(fs_.Stat(access.key_file)->mode, 0600U);
  EXPECT_EQ(tresor::ToString(*io::ReadFile(fs_, access.key_file, 1000)),
            "a key of more than sixteen bytes");
  EXPECT_EQ(vault_.AccessForLaunchers(world_.context(), kAddress)->key_file, access.key_file);
}

TEST_F(VaultTest, ForetellsWhatARestoredClusterAnswers) {
  ASSERT_OK_AND_ASSIGN(const StoredBackup taken, Take("uid=1"));
  for (const std::int64_t bump : {0, 1, 1'000'000'000}) {
    SCOPED_TRACE(bump);
    ASSERT_OK_AND_ASSIGN(
        const ProvenBackup proven,
        vault_.Prove(world_.context(), kAddress,
                     {.id = taken.id, .revision_bump = bump, .mark_compacted = bump > 0}));

    const repo::HashKv restored = Restored(taken.id, bump);

    EXPECT_EQ(proven.expected.revision, restored.revision);
    EXPECT_EQ(proven.expected.compact_revision, restored.compact_revision);
    EXPECT_EQ(proven.expected.hash, restored.hash);
    EXPECT_EQ(proven.backup.id, taken.id);
    EXPECT_GT(proven.data_bytes, 0U);
  }
}

TEST_F(VaultTest, AlsoOfAStoreThatWasNeverCompactedAndOneThatWasNeverWritten) {
  for (const int operations : {0, 300}) {
    model_ = RandomStore(6, operations, false);
    ASSERT_OK_AND_ASSIGN(const StoredBackup taken, Take("uid=" + std::to_string(operations)));
    const std::int64_t bump = 1000 + operations;
    ASSERT_OK_AND_ASSIGN(
        const ProvenBackup proven,
        vault_.Prove(world_.context(), kAddress,
                     {.id = taken.id, .revision_bump = bump, .mark_compacted = true}));
    const repo::HashKv restored = Restored(taken.id, bump);
    EXPECT_EQ(proven.expected.revision, restored.revision);
    EXPECT_EQ(proven.expected.hash, restored.hash);
  }
}

TEST_F(VaultTest, ADamagedBackupIsNotProven) {
  ASSERT_OK_AND_ASSIGN(const StoredBackup taken, Take("uid=1"));
  const std::string segments = "/backups/p/0f3c/segments";
  std::string victim = segments;
  while (fs_.Stat(victim)->type == io::FileType::kDirectory) {
    victim += "/" + fs_.List(victim)->front().name;
  }
  Bytes bytes = *io::ReadFile(fs_, victim, 1 << 20);
  bytes[bytes.size() / 2] ^= std::byte{1};
  ASSERT_OK(io::WriteFileAtomically(fs_, victim, bytes));

  EXPECT_THAT(vault_.Prove(world_.context(), kAddress, {.id = taken.id}),
              StatusIs(Code::kDataLoss));
}

}  // namespace
}  // namespace tresor::control
