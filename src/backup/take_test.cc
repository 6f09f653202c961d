// SPDX-License-Identifier: Apache-2.0
#include "backup/take.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/fake_cluster.h"
#include "backup/members.h"
#include "backup/restore.h"
#include "backup/snapshot_file.h"
#include "backup/test_util.h"
#include "backup/verify.h"
#include "base/status_matchers.h"
#include "blob/memory.h"
#include "etcd/client.h"
#include "io/faults.h"

namespace tresor::backup {
namespace {

using repo::EvidenceResult;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeCluster;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StoreModel;
using tresor::testing::IsOk;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;

const Context kContext = Context::Background();

class TakeTest : public ::testing::Test {
 protected:
  TakeTest() : store_(testing::RandomStore(4, 1500, true)), blobs_(blob::MakeMemoryStore()) {
    StoreModel::Require(fs_.CreateDir("/spool", 0700));
    const repo::KeyFile key{Bytes(32, std::byte{1})};
    StoreModel::Require(repo::Repository::Init(kContext, *blobs_, key, "test"));
    repository_ = repo::Repository::Open(kContext, *blobs_, key).value();
  }
  TakeOptions Options() {
    TakeOptions options;
    options.spool = {.fs = &fs_, .dir = "/spool", .memory_bytes = 10'000};
    return options;
  }
  std::size_t Backups() { return repository_->List(kContext).value().size(); }
  /// The stored backup has exactly what the store has.
  void ExpectStored(const TakeResult& result, const StoreModel& store) {
    ASSERT_OK_AND_ASSIGN(const auto backup, repository_->OpenBackup(kContext, result.info.id));
    const auto source = MakeSource(*backup);
    ASSERT_OK(Verify(kContext, *source));
    RestoreOptions options;
    options.fs = &fs_;
    options.portable = false;
    options.wal_file_bytes = 4096;
    options.members = {{.name = "default",
                        .peer_urls = "",
                        .data_dir = "/restored" + result.info.id.ToString(),
                        .wal_dir = ""}};
    ASSERT_OK(Restore(kContext, *source, options));
    const Bytes image = store.Image();
    const io::BytesReader before(image);
    const Bytes db = io::ReadFile(fs_, options.members[0].data_dir + "/member/snap/db").value();
    const io::BytesReader after(db);
    EXPECT_EQ(testing::ReadContent(after).buckets.at("key"),
              testing::ReadContent(before).buckets.at("key"));
    EXPECT_EQ(testing::ReadContent(after).buckets.at("lease"),
              testing::ReadContent(before).buckets.at("lease"));
  }
  static auto HasEvidence(const std::string& check, EvidenceResult result) {
    return Contains(::testing::AllOf(Field(&repo::Evidence::check, check),
                                     Field(&repo::Evidence::result, result)));
  }

  StoreModel store_;
  io::MemoryFs fs_;
  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<repo::Repository> repository_;
};

TEST_F(TakeTest, StoresAProvenBackupThatRestores) {
  FakeCluster cluster(store_, 3);
  ASSERT_OK_AND_ASSIGN(const TakeResult result,
                       TakeBackup(kContext, Options(), cluster, *repository_));

  for (const std::string check :
       {"sha256", "structure", "hashkv", "member 1", "member 2", "member 3", "lineage"}) {
    EXPECT_THAT(result.evidence, HasEvidence(check, EvidenceResult::kPassed));
  }
  EXPECT_THAT(result.warnings, IsEmpty());
  EXPECT_EQ(result.info.evidence, EvidenceResult::kPassed);
  EXPECT_EQ(result.info.revision, store_.revision());
  EXPECT_EQ(result.facts.live_keys, store_.live().size());
  ExpectStored(result, store_);
}

TEST_F(TakeTest, StoresOnlyWhatIsNewTheNextTime) {
  FakeCluster cluster(store_, 1);
  ASSERT_OK_AND_ASSIGN(const TakeResult first,
                       TakeBackup(kContext, Options(), cluster, *repository_));
  ASSERT_OK_AND_ASSIGN(const TakeResult same,
                       TakeBackup(kContext, Options(), cluster, *repository_));
  EXPECT_LT(same.info.added_bytes, std::min<std::uint64_t>(16384, first.info.added_bytes));
  StoreModel& store = cluster.nodes.begin()->second.store;
  for (int i = 0; i < 50; ++i) {
    store.Put("/registry/new" + std::to_string(i), "v");
  }
  store.Compact(store.revision() - 20);
  ASSERT_OK_AND_ASSIGN(const TakeResult next,
                       TakeBackup(kContext, Options(), cluster, *repository_));

  EXPECT_LT(next.info.added_bytes, first.info.added_bytes / 2);
  EXPECT_EQ(Backups(), 3U);
  ExpectStored(first, store_);
  ExpectStored(next, store);
}

TEST_F(TakeTest, HandlesAnEmptyAndATinyStore) {
  FakeCluster cluster(StoreModel{}, 1);
  ASSERT_OK_AND_ASSIGN(const TakeResult empty,
                       TakeBackup(kContext, Options(), cluster, *repository_));
  EXPECT_EQ(empty.info.records, 0U);
  ExpectStored(empty, StoreModel{});
  StoreModel& store = cluster.nodes.begin()->second.store;
  store.Put("a", "1");  // an inline bucket
  ASSERT_OK_AND_ASSIGN(const TakeResult tiny,
                       TakeBackup(kContext, Options(), cluster, *repository_));
  EXPECT_EQ(tiny.info.records, 1U);
  ExpectStored(tiny, store);
}

TEST_F(TakeTest, RefusesAStreamThatWasDamagedOrCut) {
  FakeCluster cluster(store_, 1);
  FakeCluster::Node& node = cluster.nodes.begin()->second;
  node.damage_stream = true;
  EXPECT_THAT(TakeBackup(kContext, Options(), cluster, *repository_).status(),
              StatusIs(Code::kDataLoss, HasSubstr("SHA-256")));
  node.damage_stream = false;
  node.stop_after = 40'000;
  EXPECT_THAT(TakeBackup(kContext, Options(), cluster, *repository_).status(),
              StatusIs(Code::kUnavailable, HasSubstr("http://m1")));
  EXPECT_EQ(Backups(), 0U);
  node.stop_after = ~std::uint64_t{0};
  EXPECT_THAT(TakeBackup(kContext, Options(), cluster, *repository_), IsOk());
}

TEST_F(TakeTest, SaysWhichMembersCouldNotBeCompared) {
  FakeCluster cluster(store_, 3);
  cluster.nodes.at("http://m3").reachable = false;
  ASSERT_OK_AND_ASSIGN(const TakeResult result,
                       TakeBackup(kContext, Options(), cluster, *repository_));

  EXPECT_THAT(result.evidence, HasEvidence("member 2", EvidenceResult::kPassed));
  EXPECT_THAT(result.evidence, HasEvidence("member 3", EvidenceResult::kUnproven));
  EXPECT_EQ(result.info.evidence, EvidenceResult::kUnproven);
}

TEST_F(TakeTest, ReadsFromTheMajorityWhenTheChosenMemberIsCorrupt) {
  FakeCluster cluster(store_, 3);
  // Member 1 leads, so 2 is chosen.
  cluster.nodes.at("http://m2")
      .store.Corrupt(cluster.nodes.at("http://m2").store.live().begin()->second.mod_revision);
  ASSERT_OK_AND_ASSIGN(const TakeResult result,
                       TakeBackup(kContext, Options(), cluster, *repository_));

  EXPECT_EQ(cluster.snapshots.at("http://m2"), 1);
  EXPECT_EQ(result.source.member_id, 3U);
  EXPECT_THAT(result.evidence, HasEvidence("member 2", EvidenceResult::kFailed));
  EXPECT_THAT(result.warnings, Contains(HasSubstr("corrupt")));
  EXPECT_EQ(Backups(), 1U);
  ExpectStored(result, store_);
}

TEST_F(TakeTest, RefusesANamedCorruptMemberUnlessTold) {
  FakeCluster cluster(store_, 3);
  StoreModel& corrupt = cluster.nodes.at("http://m2").store;
  corrupt.Corrupt(corrupt.live().begin()->second.mod_revision);
  TakeOptions options = Options();
  options.member = "m2";
  EXPECT_THAT(TakeBackup(kContext, options, cluster, *repository_).status(),
              StatusIs(Code::kDataLoss, HasSubstr("m2 (2)")));
  EXPECT_EQ(Backups(), 0U);

  options.allow_disagreement = true;
  ASSERT_OK_AND_ASSIGN(const TakeResult result,
                       TakeBackup(kContext, options, cluster, *repository_));
  EXPECT_EQ(result.info.evidence, EvidenceResult::kFailed);
  ExpectStored(result, corrupt);
}

TEST_F(TakeTest, KeepsAnotherHistoryApart) {
  FakeCluster cluster(store_, 1);
  ASSERT_OK_AND_ASSIGN(const TakeResult first,
                       TakeBackup(kContext, Options(), cluster, *repository_));
  // Set back to an older state, and written on.
  const StoreModel other = testing::RandomStore(4, 900, true);
  StoreModel branched = other;
  branched.Put("/registry/branch", "x");
  cluster.nodes.begin()->second.store = branched;
  ASSERT_OK_AND_ASSIGN(const TakeResult second,
                       TakeBackup(kContext, Options(), cluster, *repository_));

  EXPECT_NE(second.lineage.id, first.lineage.id);
  EXPECT_THAT(second.evidence, HasEvidence("lineage", EvidenceResult::kUnproven));
  EXPECT_THAT(second.warnings, Contains(HasSubstr("set back")));
  ExpectStored(first, store_);
  ExpectStored(second, branched);
}

TEST_F(TakeTest, SavesAPlainFile) {
  FakeCluster cluster(store_, 3);
  ASSERT_OK_AND_ASSIGN(const TakeResult result,
                       SaveSnapshotFile(kContext, Options(), cluster, fs_, "/spool/x.db"));

  EXPECT_THAT(result.evidence, HasEvidence("member 3", EvidenceResult::kPassed));
  EXPECT_THAT(io::ReadFile(fs_, "/spool/x.db"), IsOkAndHolds(testing::WithHash(store_.Image())));
  EXPECT_THAT(SaveSnapshotFile(kContext, Options(), cluster, fs_, "/spool/x.db").status(),
              StatusIs(Code::kAlreadyExists));
  cluster.nodes.at("http://m2").damage_stream = true;
  EXPECT_THAT(SaveSnapshotFile(kContext, Options(), cluster, fs_, "/spool/y.db").status(),
              StatusIs(Code::kDataLoss));
  ASSERT_OK_AND_ASSIGN(const auto names, fs_.List("/spool"));
  EXPECT_EQ(names.size(), 1U);
}

// --- whom to believe
// ------------------------------------------------------------------------------

MemberAnswer Answer(std::uint64_t id, std::uint32_t hash, std::int64_t compacted = 5) {
  return {.id = etcd::MemberId{id},
          .name = "",
          .endpoint = "",
          .hash_kv = repo::HashKv{.hash = hash, .revision = 10, .compact_revision = compacted}};
}

TrustDecision DecideFor(const std::vector<MemberAnswer>& answers) {
  repo::HashKv native{.hash = 1, .revision = 10, .compact_revision = 5};
  const auto verdicts =
      Judge(answers, native, [](std::int64_t) -> Result<std::uint32_t> { return 1U; }).value();
  return Decide(verdicts, etcd::MemberId{1});
}

TEST(DecideTest, BelievesTheLargestGroup) {
  EXPECT_EQ(DecideFor({Answer(1, 1)}).trust, Trust::kAgreed);
  EXPECT_EQ(DecideFor({Answer(1, 1), Answer(2, 1), Answer(3, 1)}).trust, Trust::kAgreed);
  EXPECT_EQ(DecideFor({Answer(1, 1), Answer(2, 1), Answer(3, 2)}).trust, Trust::kMajority);
  EXPECT_EQ(DecideFor({Answer(1, 1), Answer(2, 2)}).trust, Trust::kTied);
  EXPECT_EQ(DecideFor({Answer(1, 1), Answer(2, 2), Answer(3, 3)}).trust, Trust::kTied);
  EXPECT_EQ(DecideFor({Answer(1, 2)}).trust, Trust::kMinority);
  const TrustDecision minority = DecideFor({Answer(1, 1), Answer(2, 2), Answer(3, 2)});
  EXPECT_EQ(minority.trust, Trust::kMinority);
  EXPECT_THAT(minority.others, ElementsAre(etcd::MemberId{2}, etcd::MemberId{3}));
}

TEST(JudgeTest, ComparesOnlyWhatCanBeCompared) {
  repo::HashKv native{.hash = 1, .revision = 10, .compact_revision = 5};
  const ExactHash exact = [](std::int64_t compacted) -> Result<std::uint32_t> {
    return compacted == 5 ? 1U : 100U;
  };
  ASSERT_OK_AND_ASSIGN(
      const auto verdicts,
      Judge({Answer(1, 1), Answer(2, 100, 8), Answer(3, 1, 8), Answer(4, 1, 4), Answer(5, 1, 11),
             MemberAnswer{.id = etcd::MemberId{6}, .name = "", .endpoint = ""}},
            native, exact));
  std::vector<EvidenceResult> results;
  for (const MemberVerdict& verdict : verdicts) {
    results.push_back(verdict.result);
  }
  EXPECT_THAT(results, ElementsAre(EvidenceResult::kPassed, EvidenceResult::kPassed,
                                   EvidenceResult::kFailed, EvidenceResult::kUnproven,
                                   EvidenceResult::kUnproven, EvidenceResult::kUnproven));
}

TEST(JudgeTest, PutsTheFastHashRightWhenTheExactOneAgreesWithTheMember) {
  repo::HashKv native{.hash = 1, .revision = 10, .compact_revision = 5};
  ASSERT_OK_AND_ASSIGN(
      const auto verdicts,
      Judge({Answer(1, 2)}, native, [](std::int64_t) -> Result<std::uint32_t> { return 2U; }));
  EXPECT_EQ(verdicts[0].result, EvidenceResult::kPassed);
  EXPECT_EQ(native.hash, 2U);
}

TEST(SayTest, TellsACompactionOnlyWhereThereWasOne) {
  EXPECT_EQ(Say({.hash = 7, .revision = 9, .compact_revision = 5}),
            "7 at revision 9 (compacted 5)");
  EXPECT_EQ(Say({.hash = 7, .revision = 9, .compact_revision = -1}),
            "7 at revision 9 (never compacted)");
}

}  // namespace
}  // namespace tresor::backup
