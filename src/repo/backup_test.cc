// SPDX-License-Identifier: Apache-2.0
// Saving and reading backups, against the snapshots that were saved.
#include <algorithm>
#include <set>

#include "base/status_matchers.h"
#include "blob/memory.h"
#include "repo/backup_reader.h"
#include "repo/format/names.h"
#include "repo/records_crc.h"
#include "repo/test_repository.h"

namespace tresor::repo {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(InitTestRepository(context_, *store_, random_));
    ASSERT_OK_AND_ASSIGN(repository_, OpenTestRepository(context_, *store_, random_));
  }

  std::vector<blob::BlobInfo> Objects(std::string_view prefix) {
    auto objects = store_->List(context_, prefix);
    return objects.ok() ? *std::move(objects) : std::vector<blob::BlobInfo>();
  }
  std::uint64_t StoredBytes() {
    std::uint64_t bytes = 0;
    for (const blob::BlobInfo& info : Objects("")) {
      bytes += info.size_bytes;
    }
    return bytes;
  }
  std::size_t CountOf(std::string_view prefix) { return Objects(prefix).size(); }

  FakeClock clock_;
  Context context_ = Context::Background().WithClock(clock_);
  SeededRandom random_{1};
  std::unique_ptr<blob::BlobStore> store_ = blob::MakeMemoryStore();
  std::unique_ptr<RepositoryImpl> repository_;
};

TEST_F(BackupTest, EmptyRepositoryHasNoBackups) {
  EXPECT_THAT(repository_->List(context_).value(), IsEmpty());
  EXPECT_THAT(repository_->Find(context_, "latest"), StatusIs(Code::kNotFound));
  EXPECT_THAT(repository_->OpenBackup(context_, Id{}), StatusIs(Code::kNotFound));
}

TEST_F(BackupTest, EmptySnapshotIsABackup) {
  ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository_, Snapshot{}));

  EXPECT_EQ(ReadAll(context_, *repository_, saved.info.id).value(), Snapshot{});
}

TEST_F(BackupTest, SaysWhatWasDescribed) {
  FakeEtcd etcd(1);
  etcd.Churn(300, 40, 100);

  ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository_, etcd.snapshot()));
  ASSERT_OK_AND_ASSIGN(const auto backup, repository_->OpenBackup(context_, saved.info.id));

  const BackupDetails& details = backup->details();
  EXPECT_EQ(details.description.revision, etcd.revision());
  EXPECT_EQ(details.description.source.member_name, "default");
  EXPECT_EQ(details.info.records, etcd.snapshot().records.size());
  EXPECT_EQ(details.added_records, etcd.snapshot().records.size());
  EXPECT_EQ(details.added_record_bytes, details.info.record_bytes);
  EXPECT_THAT(details.description.evidence, SizeIs(2));
  EXPECT_EQ(details.description.evidence.back().check, "read-back");
  EXPECT_EQ(details.info.evidence, EvidenceResult::kPassed);
  EXPECT_GT(details.segments, 2U);  // or the tests below test little
  EXPECT_EQ(repository_->Find(context_, "latest").value().id, saved.info.id);
  EXPECT_EQ(repository_->Find(context_, saved.info.id.Short()).value().id, saved.info.id);
}

// Random histories: writes, compactions, restores to older states with and without writes, corrupt
// members. Every backup ever taken reads back exactly.
TEST_F(BackupTest, EveryBackupOfARandomHistoryReadsBack) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    auto store = blob::MakeMemoryStore();
    SeededRandom random(seed);
    ASSERT_OK(InitTestRepository(context_, *store, random));
    ASSERT_OK_AND_ASSIGN(auto repository, OpenTestRepository(context_, *store, random));
    FakeEtcd etcd(seed * 100);
    std::vector<FakeEtcd> states;
    std::vector<std::pair<Id, Snapshot>> oracle;
    std::set<Id> lineages;
    for (int step = 0; step < 14; ++step) {
      etcd.Churn(static_cast<int>(etcd.random().Below(250)), 60, 120);
      switch (etcd.random().Below(6)) {
        case 0:
          etcd.Compact(etcd.revision() - static_cast<std::int64_t>(etcd.random().Below(30)));
          break;
        case 1:
          if (!states.empty()) {
            etcd = states[etcd.random().Below(states.size())];
            (void)etcd.random().Next();
            etcd.Churn(static_cast<int>(random.Below(3)) * 40, 60, 120);
          }
          break;
        case 2:
          if (!etcd.snapshot().records.empty()) {
            FakeEtcd corrupt = etcd;
            corrupt.Corrupt();
            ASSERT_OK_AND_ASSIGN(const SaveResult saved,
                                 Save(context_, *repository, corrupt.snapshot()));
            oracle.emplace_back(saved.info.id, corrupt.snapshot());
            lineages.insert(saved.lineage.id);
          }
          break;
        default:
          states.push_back(etcd);
      }
      ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository, etcd.snapshot()));
      oracle.emplace_back(saved.info.id, etcd.snapshot());
      lineages.insert(saved.lineage.id);
    }
    EXPECT_GT(lineages.size(), 1U);
    for (const auto& [id, snapshot] : oracle) {
      ASSERT_OK_AND_ASSIGN(const Snapshot read, ReadAll(context_, *repository, id));
      ASSERT_TRUE(read == snapshot) << id.ToString();
    }
  }
}

TEST_F(BackupTest, RecordsCanBeReadFromAnyPlace) {
  FakeEtcd etcd(3);
  etcd.Churn(400, 50, 100);
  ASSERT_OK(Save(context_, *repository_, etcd.snapshot()));
  etcd.Compact(200);
  etcd.Churn(100, 50, 100);
  ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository_, etcd.snapshot()));
  ASSERT_OK_AND_ASSIGN(const auto backup, repository_->OpenBackup(context_, saved.info.id));
  const auto& records = etcd.snapshot().records;

  for (std::int64_t main = 0; main <= etcd.revision() + 1; main += 17) {
    auto expected = records.lower_bound({main, 0, false});
    ASSERT_OK_AND_ASSIGN(auto stream, backup->Records(context_, {main, 0, false}));
    while (true) {
      ASSERT_OK_AND_ASSIGN(const auto batch, stream->Next(context_));
      if (!batch) {
        break;
      }
      for (const Record& record : batch->records) {
        ASSERT_NE(expected, records.end());
        ASSERT_EQ(record.key, expected->first);
        ++expected;
      }
    }
    ASSERT_EQ(expected, records.end());
  }
}

TEST_F(BackupTest, LookupFindsWhatAScanFinds) {
  FakeEtcd etcd(4);
  etcd.Churn(500, 40, 100);
  ASSERT_OK(Save(context_, *repository_, etcd.snapshot()));
  etcd.Compact(250);
  etcd.Churn(200, 40, 100);
  ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository_, etcd.snapshot()));
  ASSERT_OK_AND_ASSIGN(const auto backup, repository_->OpenBackup(context_, saved.info.id));

  for (int i = -1; i < 40; ++i) {
    const std::string key = "/registry/leases/" + std::to_string(i);
    std::map<etcd::RecordKey, Bytes> expected;
    for (const auto& [record, value] : etcd.snapshot().records) {
      if (AsText(etcd::DecodeUserKey(value).value()) == key) {
        expected.emplace(record, value);
      }
    }
    ASSERT_OK_AND_ASSIGN(const RecordBatch batch, backup->Lookup(context_, AsBytes(key)));
    std::map<etcd::RecordKey, Bytes> found;
    for (const Record& record : batch.records) {
      found.emplace(record.key, ToBytes(record.value));
    }
    EXPECT_EQ(found, expected) << key;
    EXPECT_TRUE(std::ranges::is_sorted(batch.records, {}, &Record::key));
  }
}

TEST_F(BackupTest, BucketsOfEverySizeComeBack) {
  Snapshot snapshot;
  snapshot.buckets = {{"alarm", 0, {}}, {"big", 7, {}}, {"cluster", 1, {{"v", "3.5"}}}};
  std::string value(100'000, 'x');
  for (int i = 0; i < 100; ++i) {
    value[0] = static_cast<char>(i);
    snapshot.buckets[1].pairs.emplace_back(fmt::format("{:03}", i), value);
  }

  ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository_, snapshot));

  EXPECT_TRUE(ReadAll(context_, *repository_, saved.info.id).value() == snapshot);
  EXPECT_GE(CountOf(kBlobsPrefix), 3U);  // parts of at most 4 MiB
}

TEST_F(BackupTest, AChangedSmallBucketLeavesTheLargeOneWhereItIs) {
  Snapshot snapshot;
  snapshot.buckets = {{"lease", 0, {}}, {"meta", 0, {{"consistent_index", "1"}}}};
  for (int i = 0; i < 1000; ++i) {
    snapshot.buckets[0].pairs.emplace_back(fmt::format("{:08}", i), "lease");
  }
  ASSERT_OK(Save(context_, *repository_, snapshot));
  const std::size_t blobs = CountOf(kBlobsPrefix);

  snapshot.buckets[1].pairs[0].second = "2";
  ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository_, snapshot));

  EXPECT_EQ(blobs, 1U);
  EXPECT_EQ(CountOf(kBlobsPrefix), blobs);
  EXPECT_TRUE(ReadAll(context_, *repository_, saved.info.id).value() == snapshot);
}

TEST_F(BackupTest, AnUnchangedDatabaseAddsAFewKiB) {
  FakeEtcd etcd(5);
  etcd.Churn(3000, 400, 200);
  etcd.Compact(1500);
  ASSERT_OK(Save(context_, *repository_, etcd.snapshot()));
  etcd.Churn(300, 400, 200);
  etcd.Compact(2500);
  ASSERT_OK(Save(context_, *repository_, etcd.snapshot()));
  const std::uint64_t before = StoredBytes();
  const std::size_t segments = CountOf(kSegmentsPrefix);
  const std::size_t blobs = CountOf(kBlobsPrefix);

  ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository_, etcd.snapshot()));

  EXPECT_GT(segments, 20U);
  EXPECT_EQ(CountOf(kSegmentsPrefix), segments);
  EXPECT_EQ(CountOf(kBlobsPrefix), blobs);
  EXPECT_EQ(saved.stored, etcd.snapshot().records.size());
  EXPECT_LE(StoredBytes() - before, 16U * 1024);
  EXPECT_TRUE(ReadAll(context_, *repository_, saved.info.id).value() == etcd.snapshot());
}

TEST_F(BackupTest, AnotherHistoryBecomesALineageAndThePresentOneIsTakenUpAgain) {
  FakeEtcd etcd(6);
  etcd.Churn(200, 30, 100);
  FakeEtcd restored = etcd;
  etcd.Churn(50, 30, 100);
  ASSERT_OK_AND_ASSIGN(const SaveResult first, Save(context_, *repository_, etcd.snapshot()));
  EXPECT_FALSE(first.lineage.parent.has_value());

  const std::int64_t forked_at = restored.revision();
  (void)restored.random().Next();
  restored.Churn(60, 30, 100);
  ASSERT_OK_AND_ASSIGN(const SaveResult fork, Save(context_, *repository_, restored.snapshot()));
  EXPECT_NE(fork.lineage.id, first.lineage.id);
  EXPECT_EQ(fork.lineage.parent, first.lineage.id);
  ASSERT_TRUE(fork.lineage.first_difference.has_value());
  EXPECT_GT(fork.lineage.first_difference->main, forked_at);
  EXPECT_EQ(fork.first_difference, fork.lineage.first_difference);
  EXPECT_GT(fork.differs, 0U);
  EXPECT_GT(fork.stored, 0U);

  restored.Churn(20, 30, 100);
  ASSERT_OK_AND_ASSIGN(const SaveResult on, Save(context_, *repository_, restored.snapshot()));
  EXPECT_EQ(on.lineage.id, fork.lineage.id);
  EXPECT_EQ(on.first_difference, std::nullopt);

  ASSERT_OK_AND_ASSIGN(const SaveResult back, Save(context_, *repository_, etcd.snapshot()));
  EXPECT_EQ(back.lineage.id, first.lineage.id);
  EXPECT_TRUE(back.first_difference.has_value());
  EXPECT_EQ(back.stored, etcd.snapshot().records.size());
}

TEST_F(BackupTest, ACorruptMembersRecordIsNamedAlsoInWhatALineageShares) {
  FakeEtcd etcd(7);
  etcd.Churn(200, 30, 100);
  ASSERT_OK(Save(context_, *repository_, etcd.snapshot()));
  FakeEtcd forked = etcd;
  etcd.Put("/a", 10);
  ASSERT_OK(Save(context_, *repository_, etcd.snapshot()));
  forked.Put("/b", 10);
  ASSERT_OK_AND_ASSIGN(const SaveResult fork, Save(context_, *repository_, forked.snapshot()));
  ASSERT_TRUE(fork.lineage.parent.has_value());

  // A record below the fork: only segments of the parent have it.
  Snapshot corrupt = forked.snapshot();
  corrupt.records.begin()->second.push_back(std::byte{0});
  ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository_, corrupt));

  EXPECT_EQ(saved.first_difference, corrupt.records.begin()->first);
  EXPECT_EQ(saved.differs, 1U);
  EXPECT_TRUE(ReadAll(context_, *repository_, saved.info.id).value() == corrupt);
}

TEST_F(BackupTest, AStaleWritersCommitIsAborted) {
  FakeEtcd etcd(8);
  etcd.Churn(100, 30, 100);
  ASSERT_OK_AND_ASSIGN(auto stale, SaveUncommitted(context_, *repository_, etcd.snapshot()));
  // The lease is gone, as after a long sleep, and others commit meanwhile: once, and often enough
  // that the number which the stale writer wants is free again.
  for (const blob::BlobInfo& lock : Objects(kLocksPrefix)) {
    ASSERT_OK(store_->Delete(context_, lock.name));
  }
  etcd.Churn(10, 30, 100);
  for (int i = 0; i < 4; ++i) {
    ASSERT_OK(Save(context_, *repository_, etcd.snapshot()));
  }
  const auto listed = repository_->List(context_).value();

  EXPECT_THAT(stale->Commit(context_, DescriptionOf(etcd.snapshot())), StatusIs(Code::kAborted));
  stale.reset();

  EXPECT_THAT(repository_->List(context_).value(), SizeIs(listed.size()));
  for (const BackupInfo& info : listed) {
    EXPECT_TRUE(ReadAll(context_, *repository_, info.id).value() == etcd.snapshot());
  }
  EXPECT_OK(Save(context_, *repository_, etcd.snapshot()));
}

TEST_F(BackupTest, AWriterThatIsDroppedLeavesTheRepositoryAsItWas) {
  FakeEtcd etcd(9);
  etcd.Churn(300, 30, 100);
  ASSERT_OK(Save(context_, *repository_, etcd.snapshot()));
  const std::size_t segments = CountOf(kSegmentsPrefix);
  etcd.Churn(300, 30, 100);

  {
    ASSERT_OK_AND_ASSIGN(auto writer, SaveUncommitted(context_, *repository_, etcd.snapshot()));
  }

  EXPECT_EQ(CountOf(kSegmentsPrefix), segments);
  EXPECT_THAT(repository_->List(context_).value(), SizeIs(1));
  EXPECT_OK(Save(context_, *repository_, etcd.snapshot()));
}

TEST_F(BackupTest, OneWriterAtATime) {
  ASSERT_OK_AND_ASSIGN(auto first, repository_->BeginBackup(context_));

  EXPECT_THAT(repository_->BeginBackup(context_), StatusIs(Code::kFailedPrecondition));
}

TEST_F(BackupTest, RefusesRecordsOutOfOrderAndOtherRecordsThanClassified) {
  FakeEtcd etcd(10);
  etcd.Put("/a", 10);
  etcd.Put("/b", 10);
  ASSERT_OK_AND_ASSIGN(auto writer, repository_->BeginBackup(context_));
  const Bytes value = etcd.snapshot().records.begin()->second;
  ASSERT_OK(writer->Classify(context_, {5, 0, false}, PieceOf({5, 0, false}, value), 1));
  EXPECT_THAT(writer->Classify(context_, {5, 0, false}, PieceOf({5, 0, false}, value), 1),
              StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(writer->Add(context_, {5, 0, false}, value, 1), StatusIs(Code::kInvalidArgument));
  ASSERT_OK(writer->FinishClassify(context_));
  ASSERT_OK(writer->Add(context_, {5, 0, false}, value, 2));  // another tag

  EXPECT_THAT(writer->Commit(context_, {}), StatusIs(Code::kInvalidArgument));
}

TEST_F(BackupTest, MissingAndDamagedObjectsAreNamed) {
  FakeEtcd etcd(11);
  etcd.Churn(300, 30, 100);
  etcd.Compact(150);
  ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository_, etcd.snapshot()));

  for (const blob::BlobInfo& info : Objects("")) {
    if (!info.name.starts_with(kSegmentsPrefix) && !info.name.starts_with(kManifestsPrefix)) {
      continue;
    }
    const Bytes whole = store_->GetAll(context_, info.name, info.size_bytes).value();
    ASSERT_OK(store_->Delete(context_, info.name));
    const auto read = ReadAll(context_, *repository_, saved.info.id);
    EXPECT_THAT(read, StatusIs(Code::kDataLoss, HasSubstr(info.name)));
    Bytes damaged = whole;
    damaged[damaged.size() / 2] ^= std::byte{1};
    ASSERT_OK(store_->Put(context_, info.name, damaged));
    EXPECT_THAT(ReadAll(context_, *repository_, saved.info.id),
                StatusIs(Code::kDataLoss, HasSubstr(info.name)));
    ASSERT_OK(store_->Delete(context_, info.name));
    ASSERT_OK(store_->Put(context_, info.name, whole));
  }
  EXPECT_TRUE(ReadAll(context_, *repository_, saved.info.id).value() == etcd.snapshot());
}

}  // namespace
}  // namespace tresor::repo
