// SPDX-License-Identifier: Apache-2.0
// Forget, prune, check and stats, on saved histories.
#include <map>
#include <set>

#include "base/status_matchers.h"
#include "blob/local.h"
#include "blob/memory.h"
#include "etcd/format/hash_kv.h"
#include "io/faults.h"
#include "repo/format/names.h"
#include "repo/hooked_store.h"
#include "repo/key_slots.h"
#include "repo/objects.h"
#include "repo/prune_plan.h"
#include "repo/test_repository.h"

namespace tresor::repo {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

std::string Show(const CheckReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    text += fmt::format("{}{}: {}\n", finding.fatal ? "! " : "  ", finding.object,
                        Message(finding.status));
  }
  return text;
}

std::vector<Id> IdsOf(const std::vector<BackupInfo>& backups) {
  std::vector<Id> ids;
  for (const BackupInfo& backup : backups) {
    ids.push_back(backup.id);
  }
  return ids;
}

// A repository in a store, and what each of its backups must give back.
struct History {
  explicit History(blob::BlobStore& blobs) : store(blobs) {}

  Status Init() {
    RETURN_IF_ERROR(InitTestRepository(context, store, random));
    return Reopen();
  }
  Status Reopen() {
    ASSIGN_OR_RETURN(repository, OpenTestRepository(context, store, random));
    return OkStatus();
  }
  Status Save() {
    ASSIGN_OR_RETURN(const SaveResult saved, repo::Save(context, *repository, etcd.snapshot()));
    snapshots[saved.info.id] = etcd.snapshot();
    return OkStatus();
  }
  // One interval: writes, a compaction that keeps the last ones, a backup.
  Status Interval(int operations = 60, int keys = 40, std::size_t value_size = 60) {
    etcd.Churn(operations, keys, value_size);
    etcd.Compact(etcd.revision() - operations / 3);
    return Save();
  }
  // Forgets all but the newest `keep`.
  Status Keep(std::size_t keep) {
    ASSIGN_OR_RETURN(auto backups, repository->List(context));
    if (backups.size() <= keep) {
      return OkStatus();
    }
    backups.resize(backups.size() - keep);
    return repository->Forget(context, IdsOf(backups));
  }
  Result<PruneReport> Prune(double max_unused = 0.1) {
    return repository->Prune(context, {.max_unused = max_unused});
  }
  // All listed backups read back as they were saved.
  void ExpectAllEqual() const {
    const auto backups = repository->List(context);
    ASSERT_OK(backups);
    for (const BackupInfo& backup : *backups) {
      const auto read = ReadAll(context, *repository, backup.id);
      ASSERT_OK(read);
      EXPECT_TRUE(*read == snapshots.at(backup.id)) << backup.id.ToString();
    }
  }
  void ExpectClean() const {
    const auto report = repository->Check(context, {.read_data = true});
    ASSERT_OK(report);
    EXPECT_THAT(report->findings, IsEmpty()) << Show(*report);
  }
  [[nodiscard]] std::set<std::string> Names(std::string_view prefix) const {
    std::set<std::string> names;
    const auto blobs = store.List(context, prefix);
    for (const auto& blob : blobs.value()) {
      names.insert(blob.name);
    }
    return names;
  }

  blob::BlobStore& store;
  FakeClock clock;
  Context context = Context::Background().WithClock(clock);
  SeededRandom random{7};
  std::unique_ptr<RepositoryImpl> repository;
  FakeEtcd etcd{1};
  std::map<Id, Snapshot> snapshots;
};

class PruneTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(history_.Init()); }
  std::unique_ptr<blob::BlobStore> store_ = blob::MakeMemoryStore();
  History history_{*store_};
};

TEST_F(PruneTest, AFreshRepositoryIsCleanAndHasNothingToPrune) {
  history_.ExpectClean();
  ASSERT_OK_AND_ASSIGN(const PruneReport report, history_.Prune());
  EXPECT_EQ(report.written_bytes, 0U);
  EXPECT_THAT(history_.Names("catalog/"), IsEmpty());
}

TEST_F(PruneTest, ForgetTakesBackupsOffTheListAndAnUnknownOneChangesNothing) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(history_.Interval());
  }
  const auto backups = history_.repository->List(history_.context).value();
  EXPECT_THAT(history_.repository->Forget(history_.context, {backups[0].id, Id{}}),
              StatusIs(Code::kNotFound));
  EXPECT_EQ(history_.repository->List(history_.context)->size(), 3U);

  ASSERT_OK(history_.repository->Forget(history_.context, {backups[0].id, backups[2].id}));

  const auto left = history_.repository->List(history_.context).value();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, backups[1].id);
  history_.ExpectAllEqual();
}

TEST_F(PruneTest, RemovesWhatOnlyForgottenBackupsNeeded) {
  for (int i = 0; i < 8; ++i) {
    ASSERT_OK(history_.Interval());
  }
  ASSERT_OK(history_.Keep(2));

  ASSERT_OK_AND_ASSIGN(const PruneReport report, history_.Prune(0));

  EXPECT_LT(report.stored_bytes_after, report.stored_bytes_before);
  EXPECT_EQ(report.segments_after, history_.Names("segments/").size());
  history_.ExpectAllEqual();
  history_.ExpectClean();
  ASSERT_OK_AND_ASSIGN(const Stats stats, history_.repository->GetStats(history_.context));
  EXPECT_EQ(stats.dead_bytes, 0U);
  EXPECT_EQ(stats.backups.size(), 2U);
  EXPECT_EQ(stats.segments, history_.Names("segments/").size());
}

TEST_F(PruneTest, ADryRunChangesNothing) {
  for (int i = 0; i < 6; ++i) {
    ASSERT_OK(history_.Interval());
  }
  ASSERT_OK(history_.Keep(1));
  const auto before = history_.Names("");

  ASSERT_OK_AND_ASSIGN(
      const PruneReport report,
      history_.repository->Prune(history_.context, {.max_unused = 0, .dry_run = true}));

  EXPECT_GT(report.segments_rewritten, 0U);
  EXPECT_LT(report.stored_bytes_after, report.stored_bytes_before);
  EXPECT_EQ(history_.Names(""), before);
}

TEST_F(PruneTest, RemovesOrphansAndCommitsACatalogBeforeIt) {
  ASSERT_OK(history_.Interval());
  SeededRandom random(3);
  const std::string segment = SegmentName(MakeId(random));
  const std::string blob = BlobName(MakeId(random));
  const std::string manifest = ManifestName(MakeId(random));
  for (const std::string& name : {segment, blob, manifest}) {
    ASSERT_OK(store_->Put(history_.context, name, AsBytes("orphan")));
  }
  ASSERT_OK(store_->Put(history_.context, "somebody/else", AsBytes("x")));

  ASSERT_OK_AND_ASSIGN(const PruneReport report, history_.Prune());

  EXPECT_EQ(report.orphans_removed, 3U);
  EXPECT_EQ(report.orphan_bytes, 18U);
  EXPECT_FALSE(history_.Names("").contains(segment));
  EXPECT_TRUE(history_.Names("").contains("somebody/else"));
  EXPECT_TRUE(history_.Names("catalog/").contains(CatalogName(2)));
  history_.ExpectAllEqual();
}

TEST_F(PruneTest, RefusesWhenAManifestCannotBeRead) {
  ASSERT_OK(history_.Interval());
  ASSERT_OK(history_.Interval());
  const std::string manifest = *history_.Names("manifests/").begin();
  ASSERT_OK(store_->Delete(history_.context, manifest));
  const auto before = history_.Names("segments/");

  EXPECT_THAT(history_.Prune(0), StatusIs(Code::kNotFound, HasSubstr(manifest)));
  EXPECT_EQ(history_.Names("segments/"), before);
}

TEST_F(PruneTest, KeepsLineagesApart) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(history_.Interval());
  }
  for (int i = 0; i < 4; ++i) {
    history_.etcd.Corrupt();
    ASSERT_OK(history_.Interval());
  }
  ASSERT_OK(history_.Keep(4));

  ASSERT_OK(history_.Prune(0));

  history_.ExpectAllEqual();
  history_.ExpectClean();
}

// 200 intervals with keep 20 and prune: what is stored stays near what lives, and what prune writes
// near what the backups wrote.
TEST_F(PruneTest, ManyIntervalsStayNearWhatLives) {
  std::uint64_t written = 0;
  std::uint64_t added = 0;
  for (int i = 0; i < 300; ++i) {
    history_.etcd.Put("/registry/base/" + std::to_string(i), 300);
  }
  for (int i = 0; i < 200; ++i) {
    ASSERT_OK(history_.Interval(80, 60, 300));
    added += history_.repository->Find(history_.context, "latest")->added_bytes;
    ASSERT_OK(history_.Keep(20));
    ASSERT_OK_AND_ASSIGN(const PruneReport report, history_.Prune());
    written += report.written_bytes;
  }
  ASSERT_OK_AND_ASSIGN(const Stats stats, history_.repository->GetStats(history_.context));
  std::uint64_t segments = 0;
  const auto blobs = store_->List(history_.context, "segments/");
  for (const auto& blob : blobs.value()) {
    segments += blob.size_bytes;
  }
  const std::uint64_t live = segments - stats.dead_bytes;
  RecordProperty("segment_bytes_over_live", std::to_string(double(segments) / double(live)));
  RecordProperty("stored_bytes_over_live",
                 std::to_string(double(stats.stored_bytes) / double(live)));
  RecordProperty("prune_written_over_added", std::to_string(double(written) / double(added)));
  fmt::print("segments/live {:.3f} stored/live {:.3f} prune written/added {:.2f} segments {}\n",
             double(segments) / double(live), double(stats.stored_bytes) / double(live),
             double(written) / double(added), stats.segments);
  EXPECT_LE(double(segments), 1.35 * double(live));
  EXPECT_LE(double(written), 4 * double(added));
  EXPECT_LE(stats.dead_bytes, segments / 9);
  history_.ExpectAllEqual();
  history_.ExpectClean();
}

TEST_F(PruneTest, CheckRecomputesTheHashKvOfCompactedStores) {
  for (int i = 0; i < 6; ++i) {
    history_.etcd.Churn(80, 25, 40);
    const std::int64_t compacted = history_.etcd.revision() - 20;
    const bool finished = i % 2 == 0;  // else the compaction is asked for, not carried out
    if (finished) {
      history_.etcd.Compact(compacted);
    }
    const Snapshot& snapshot = history_.etcd.snapshot();
    SaveResult result;
    ASSERT_OK_AND_ASSIGN(
        auto writer, SaveUncommitted(history_.context, *history_.repository, snapshot, &result));
    BackupDescription description = DescriptionOf(snapshot);
    description.compact_revision = compacted;
    description.scheduled_compact_revision = compacted;
    description.finished_compact_revision = finished ? compacted : -1;
    const crypto::KeyedHash hash(crypto::SecretKey::Generate(history_.random));
    etcd::HashKvFilter filter({.revision = description.revision, .compact_revision = compacted},
                              {.compacted = finished}, hash);
    while (const auto from = filter.BeginPass()) {
      for (const auto& [key, bytes] : snapshot.records) {
        if (key.main >= *from) {
          ASSERT_OK(filter.Observe(key, bytes));
        }
      }
      filter.EndPass();
    }
    etcd::HashKv sum(filter);
    for (const auto& [key, bytes] : snapshot.records) {
      ASSERT_OK(sum.Add(etcd::EncodeRecordKey(key), bytes));
    }
    description.hash_kv = {
        .hash = sum.Finish(), .revision = description.revision, .compact_revision = compacted};
    ASSERT_OK(writer->Commit(history_.context, description));
  }
  history_.ExpectClean();
}

TEST_F(PruneTest, CheckTellsAWrongHashKv) {
  ASSERT_OK(history_.Interval());
  SaveResult result;
  history_.etcd.Churn(10, 5, 10);
  ASSERT_OK_AND_ASSIGN(auto writer, SaveUncommitted(history_.context, *history_.repository,
                                                    history_.etcd.snapshot(), &result));
  BackupDescription description = DescriptionOf(history_.etcd.snapshot());
  ++description.hash_kv.hash;
  ASSERT_OK_AND_ASSIGN(const BackupInfo info, writer->Commit(history_.context, description));

  ASSERT_OK_AND_ASSIGN(const CheckReport report,
                       history_.repository->Check(history_.context, {.read_data = true}));

  ASSERT_EQ(report.findings.size(), 1U) << Show(report);
  EXPECT_EQ(report.findings[0].object, ManifestName(info.manifest));
  EXPECT_THAT(std::string(Message(report.findings[0].status)), HasSubstr("HashKV"));
  EXPECT_THAT(report.findings[0].backups, ::testing::ElementsAre(info.id));
}

// --- readers, while others write ----------------------------------------------------------------

// Opens a backup and reads all of it, while `others` happen before the n-th read of an object, for
// each n. `judge` is told what came of it.
class ReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(history_.Init());
    for (int i = 0; i < 12; ++i) {
      history_.etcd.Churn(60, 40, 60);
      history_.etcd.Compact(history_.etcd.revision() - 20);
      Snapshot snapshot = history_.etcd.snapshot();
      snapshot.buckets = {{"lease", 0, {{"k", std::string(5000, static_cast<char>('a' + i))}}}};
      ASSERT_OK_AND_ASSIGN(const SaveResult saved,
                           Save(history_.context, *history_.repository, snapshot));
      newest_ = saved.info.id;
      expected_ = std::move(snapshot);
    }
  }

  using Others = std::function<void(blob::BlobStore&, RepositoryImpl&)>;
  void ForEachRead(const Others& others,
                   const std::function<void(const Result<Snapshot>&)>& judge) {
    for (std::uint64_t n = 1;; ++n) {
      SCOPED_TRACE(n);
      const auto copy = blob::MakeMemoryStore();
      const auto blobs = store_->List(history_.context, "");
      for (const auto& blob : blobs.value()) {
        ASSERT_OK(copy->Put(history_.context, blob.name,
                            store_->GetAll(history_.context, blob.name, 1 << 24).value()));
      }
      ASSERT_OK_AND_ASSIGN(const auto writer,
                           OpenTestRepository(history_.context, *copy, history_.random));
      HookedStore hooked(*copy);
      ASSERT_OK_AND_ASSIGN(const auto reader,
                           OpenTestRepository(history_.context, hooked, history_.random));
      Guarded<std::uint64_t> reads{0};  // held while others work: all reads wait for them
      bool done = false;
      hooked.before_read = [&](std::string_view name) {
        const auto count = reads.Lock();
        if (++*count == n) {
          others(*copy, *writer);
          done = true;
        }
        if (done && !copy->Stat(history_.context, name).ok()) {
          ++not_found_;
        }
      };

      judge(ReadAll(history_.context, *reader, newest_));

      if (!done || HasFailure()) {
        EXPECT_GT(n, 20U);  // or nothing was tested
        return;
      }
    }
  }
  Status Keep(RepositoryImpl& repository, std::size_t keep) const {
    ASSIGN_OR_RETURN(auto backups, repository.List(history_.context));
    backups.resize(backups.size() - keep);
    return repository.Forget(history_.context, IdsOf(backups));
  }

  std::unique_ptr<blob::BlobStore> store_ = blob::MakeMemoryStore();
  History history_{*store_};
  Id newest_;
  Snapshot expected_;
  std::uint64_t not_found_ = 0;  // reads of what the others had removed
};

TEST_F(ReaderTest, GoesOnThroughTheRewrittenManifestWhereverPruneCame) {
  ForEachRead(
      [&](blob::BlobStore&, RepositoryImpl& writer) {
        ASSERT_OK(Keep(writer, 1));
        ASSERT_OK_AND_ASSIGN(const PruneReport report,
                             writer.Prune(history_.context, {.max_unused = 0}));
        ASSERT_GT(report.segments_rewritten, 0U);
      },
      [&](const Result<Snapshot>& read) {
        ASSERT_OK(read);
        EXPECT_TRUE(*read == expected_);
      });
  EXPECT_GT(not_found_, 20U);  // it was in the midst
}

TEST_F(ReaderTest, IsToldWhenTheBackupIsForgotten) {
  int aborted = 0;
  ForEachRead(
      [&](blob::BlobStore&, RepositoryImpl& writer) {
        ASSERT_OK(Keep(writer, 0));
        ASSERT_OK(writer.Prune(history_.context, {.max_unused = 0}));
      },
      [&](const Result<Snapshot>& read) {
        if (read.ok()) {
          EXPECT_TRUE(*read == expected_);
        } else if (read.status().code() == Code::kAborted) {
          EXPECT_THAT(read, StatusIs(Code::kAborted, HasSubstr("forgotten")));
          ++aborted;
        } else {
          EXPECT_THAT(read, StatusIs(Code::kNotFound, HasSubstr(newest_.ToString())));
        }
      });
  EXPECT_GT(aborted, 20);
}

// A store that is far away: each read takes long, whatever it reads.
TEST_F(ReaderTest, OpensSegmentsAndManifestsSeveralAtATime) {
  for (const std::string& prefix : {std::string(kSegmentsPrefix), std::string(kManifestsPrefix)}) {
    SCOPED_TRACE(prefix);
    HookedStore hooked(*store_);
    ASSERT_OK_AND_ASSIGN(const auto repository,
                         OpenTestRepository(history_.context, hooked, history_.random));
    ASSERT_GT(history_.Names(prefix).size(), kParallelReads);
    struct State {
      std::size_t under_way = 0;
      std::size_t most = 0;
    };
    Guarded<State> state;
    hooked.before_read = [&](std::string_view name) {
      const auto locked = state.Lock();
      if (name.starts_with(prefix)) {
        locked->most = std::max(locked->most, ++locked->under_way);
      }
    };
    // Each answer waits until as many are asked for as may be: in vain only when they are not.
    hooked.after_read = [&](std::string_view name) {
      if (!name.starts_with(prefix)) {
        return;
      }
      for (int i = 0; i < 1000 && state.Lock()->most < kParallelReads; ++i) {
        ASSERT_OK(Context::Background().Sleep(std::chrono::milliseconds(1)));
      }
      --state.Lock()->under_way;
    };

    ASSERT_OK(repository->BeginBackup(history_.context));  // looks at all of them

    EXPECT_EQ(state.Lock()->most, kParallelReads);
  }
}

// What prune does, twice in a row: between a reader's look at the catalog and at the manifest.
TEST_F(ReaderTest, FindsTheNewestManifestAlsoWhenItIsRewrittenAgainMeanwhile) {
  ASSERT_OK_AND_ASSIGN(const KeyRing keys, Unlock(history_.context, *store_, TestCredential()));
  const auto rewrite = [&](blob::BlobStore& store) {
    const Objects objects(store, keys, history_.random, 1);
    ASSERT_OK_AND_ASSIGN(Catalog catalog, objects.ReadCatalog(history_.context));
    ++catalog.sequence;
    const Id old = catalog.backups.back().info.manifest;
    ASSERT_OK_AND_ASSIGN(Manifest manifest, objects.ReadManifest(history_.context, old));
    manifest.catalog_sequence = catalog.sequence;
    const Id id = MakeId(history_.random);
    ASSERT_OK_AND_ASSIGN(catalog.backups.back().manifest_stored_size,
                         objects.Write(history_.context, ObjectKind::kManifest, ManifestName(id),
                                       EncodeManifest(manifest)));
    catalog.backups.back().info.manifest = id;
    ASSERT_OK(objects.CommitCatalog(history_.context, catalog));
    ASSERT_OK(store.Delete(history_.context, ManifestName(old)));
  };
  HookedStore hooked(*store_);
  ASSERT_OK_AND_ASSIGN(const auto reader,
                       OpenTestRepository(history_.context, hooked, history_.random));
  ASSERT_OK_AND_ASSIGN(const auto backup, reader->OpenBackup(history_.context, newest_));
  ASSERT_OK(Keep(*history_.repository, 1));
  ASSERT_OK(history_.Prune(0));
  int rewritten = 0;
  hooked.after_read = [&](std::string_view name) {
    if (name.starts_with(kCatalogPrefix) && ++rewritten <= 3) {
      rewrite(*store_);
    }
  };

  ASSERT_OK_AND_ASSIGN(const Snapshot read, ReadAll(history_.context, *backup));

  EXPECT_TRUE(read == expected_);
  EXPECT_GT(rewritten, 3);
}

// --- writers that stall -------------------------------------------------------------------------

// A bucket that is stored as a blob, under a name that its content gives.
Snapshot::Bucket BlobBucket(char content) {
  return {"lease", 0, {{"k", std::string(5000, content)}}};
}

// One writer stalls in the middle of its work, loses its lease, and wakes up after another one has
// taken over and worked.
class StalledWriterTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(history_.Init()); }

  Status SaveWith(RepositoryImpl& repository, char content) {
    Snapshot snapshot = history_.etcd.snapshot();
    snapshot.buckets = {BlobBucket(content)};
    ASSIGN_OR_RETURN(const SaveResult saved, Save(history_.context, repository, snapshot));
    history_.snapshots[saved.info.id] = std::move(snapshot);
    return OkStatus();
  }
  // Leaves two blobs, of 'a' and 'b', that no backup names any more.
  void MakeOrphanBlobs() {
    history_.etcd.Churn(60, 40, 60);
    for (const char content : {'a', 'b', 'c'}) {
      ASSERT_OK(SaveWith(*history_.repository, content));
    }
    ASSERT_OK(history_.Keep(1));
  }
  // The stalled writer's repository, open in a store whose hooks tell where it stalls.
  Result<std::unique_ptr<RepositoryImpl>> OpenStalling() {
    return OpenTestRepository(history_.context, stalling_, history_.random);
  }
  // What happens while it sleeps; once.
  void Stall(const std::function<void(RepositoryImpl&)>& others, bool lease_expires = true) {
    if (stalled_) {
      return;
    }
    stalled_ = true;
    if (lease_expires) {
      history_.clock.Advance(std::chrono::minutes(3));
    }
    others(*history_.repository);
  }
  // Two saves that need the blobs which the stalled prune is about to delete.
  void SaveBothAgain(RepositoryImpl& other) {
    EXPECT_OK(SaveWith(other, 'a'));
    EXPECT_OK(SaveWith(other, 'b'));
  }

  std::unique_ptr<blob::BlobStore> store_ = blob::MakeMemoryStore();
  History history_{*store_};
  HookedStore stalling_{*store_};
  bool stalled_ = false;
};

TEST_F(StalledWriterTest, APruneThatLostItsLeaseAfterItsCommitDeletesNothing) {
  MakeOrphanBlobs();
  ASSERT_OK_AND_ASSIGN(const auto repository, OpenStalling());
  stalling_.after_put = [&](std::string_view name) {
    if (name.starts_with(kCatalogPrefix)) {
      Stall([&](RepositoryImpl& other) { SaveBothAgain(other); });
    }
  };

  EXPECT_THAT(repository->Prune(history_.context, {.max_unused = 0}), StatusIs(Code::kAborted));

  EXPECT_TRUE(stalled_);
  history_.ExpectAllEqual();
}

TEST_F(StalledWriterTest, APruneThatLosesItsLeaseBetweenDeletionsDeletesNothingMore) {
  MakeOrphanBlobs();
  ASSERT_OK_AND_ASSIGN(const auto repository, OpenStalling());
  stalling_.after_delete = [&](std::string_view name) {
    if (name.starts_with(kBlobsPrefix)) {
      Stall([&](RepositoryImpl& other) { SaveBothAgain(other); });
    }
  };

  EXPECT_THAT(repository->Prune(history_.context, {.max_unused = 0}),
              StatusIs(Code::kAborted, HasSubstr("the next prune")));

  EXPECT_TRUE(stalled_);
  history_.ExpectAllEqual();
}

// Its clock and the lock say that the lease is held; only the catalog tells.
TEST_F(StalledWriterTest, APruneStopsWhenSomebodyHasCommittedAfterIt) {
  MakeOrphanBlobs();
  ASSERT_OK_AND_ASSIGN(const auto repository, OpenStalling());
  stalling_.after_put = [&](std::string_view name) {
    if (name.starts_with(kCatalogPrefix)) {
      Stall(
          [&](RepositoryImpl& other) {
            for (const std::string& lock : history_.Names(kLocksPrefix)) {
              EXPECT_OK(store_->Delete(history_.context, lock));
            }
            SaveBothAgain(other);
          },
          false);
    }
  };

  EXPECT_THAT(repository->Prune(history_.context, {.max_unused = 0}),
              StatusIs(Code::kAborted, HasSubstr("catalog/")));

  EXPECT_TRUE(stalled_);
  history_.ExpectAllEqual();
}

// Both write the same live maps, so the same blob.
TEST_F(StalledWriterTest, APruneThatIsAbortedLeavesBlobsThatAnotherMayHaveTakenUp) {
  for (int i = 0; i < 8; ++i) {
    ASSERT_OK(history_.Interval());
  }
  ASSERT_OK(history_.Keep(3));
  ASSERT_OK_AND_ASSIGN(const auto repository, OpenStalling());
  bool wrote_maps = false;
  stalling_.after_put = [&](std::string_view name) {
    wrote_maps |= name.starts_with(kBlobsPrefix);
    if (name.starts_with(kManifestsPrefix)) {
      Stall([&](RepositoryImpl& other) {
        EXPECT_OK(other.Prune(history_.context, {.max_unused = 0}));
      });
    }
  };

  EXPECT_THAT(repository->Prune(history_.context, {.max_unused = 0}), StatusIs(Code::kAborted));

  EXPECT_TRUE(stalled_);
  EXPECT_TRUE(wrote_maps);
  history_.ExpectAllEqual();
}

// Others commit so often that the number which the stalled forget wants is free again.
TEST_F(StalledWriterTest, AForgetThatLostItsLeaseForgetsNothing) {
  MakeOrphanBlobs();
  const Id backup = history_.repository->Find(history_.context, "latest")->id;
  ASSERT_OK_AND_ASSIGN(const auto repository, OpenStalling());
  stalling_.after_read = [&](std::string_view name) {
    if (name.starts_with(kCatalogPrefix)) {
      Stall(
          [&](RepositoryImpl& other) {
            for (const std::string& lock : history_.Names(kLocksPrefix)) {
              EXPECT_OK(store_->Delete(history_.context, lock));
            }
            for (const char content : {'d', 'e', 'f'}) {
              EXPECT_OK(SaveWith(other, content));
            }
          },
          false);
    }
  };

  EXPECT_THAT(repository->Forget(history_.context, {backup}), StatusIs(Code::kAborted));

  EXPECT_TRUE(stalled_);
  EXPECT_EQ(history_.repository->List(history_.context)->size(), 4U);
  history_.ExpectAllEqual();
}

// Its commit was done; another saved the same records on top of it, which it did not store again,
// and forgot the first. What the stalled writer stored is the other backup's now.
TEST_F(StalledWriterTest, ASaveThatIsForgottenBeforeItLooksLeavesWhatOthersBuiltOn) {
  ASSERT_OK_AND_ASSIGN(const auto repository, OpenStalling());
  history_.etcd.Churn(60, 40, 60);
  stalling_.after_put = [&](std::string_view name) {
    if (name.starts_with(kCatalogPrefix)) {
      Stall([&](RepositoryImpl& other) {
        EXPECT_OK(SaveWith(other, 'b'));
        EXPECT_OK(other.Forget(history_.context, {other.List(history_.context)->front().id}));
      });
    }
  };

  EXPECT_THAT(SaveWith(*repository, 'a'), StatusIs(Code::kAborted));

  EXPECT_TRUE(stalled_);
  EXPECT_EQ(history_.repository->List(history_.context)->size(), 1U);
  history_.ExpectAllEqual();
}

// --- power cuts ---------------------------------------------------------------------------------

// Forgets and prunes with the power cut at each call; after it, every backup that was kept reads
// back, and a prune leaves nothing that is not needed.
void CutEverywhere(bool prune) {
  using Unsynced = io::MemoryFs::Unsynced;
  std::uint64_t cuts = 0;
  for (std::uint64_t n = 1;; ++n) {
    io::PowerCutFs fs;
    ASSERT_OK_AND_ASSIGN(const auto store, blob::CreateLocalStore(fs, "/repo"));
    History history(*store);
    ASSERT_OK(history.Init());
    for (int i = 0; i < 5; ++i) {
      ASSERT_OK(history.Interval(30, 10, 40));
    }
    std::set<Id> kept;
    const auto backups = history.repository->List(history.context).value();
    for (std::size_t i = 3; i < backups.size(); ++i) {
      kept.insert(backups[i].id);
    }
    if (prune) {
      ASSERT_OK(history.Keep(2));
    }
    fs.CutAtCall(fs.calls() + n);
    const Status done = prune ? history.Prune(0).status() : history.Keep(2);
    history.repository.reset();
    if (!fs.was_cut()) {
      ASSERT_OK(done);
      break;
    }
    ++cuts;
    for (const Unsynced unsynced : {Unsynced::kLost, Unsynced::kKept, Unsynced::kMixed}) {
      SCOPED_TRACE(fmt::format("cut at {}, unsynced {}", n, static_cast<int>(unsynced)));
      const auto after = fs.AfterPowerCut(unsynced, n);
      ASSERT_OK_AND_ASSIGN(const auto left, blob::OpenLocalStore(*after, "/repo"));
      History later(*left);
      later.clock.Advance(std::chrono::minutes(10));
      later.snapshots = history.snapshots;
      ASSERT_OK(later.Reopen());
      std::set<Id> listed;
      const auto present = later.repository->List(later.context);
      ASSERT_OK(present);
      for (const BackupInfo& backup : *present) {
        listed.insert(backup.id);
      }
      for (const Id& id : kept) {
        EXPECT_TRUE(listed.contains(id));
      }
      EXPECT_TRUE(listed.size() == 2 || listed.size() == 5);
      later.ExpectAllEqual();
      ASSERT_OK_AND_ASSIGN(const CheckReport report,
                           later.repository->Check(later.context, {.read_data = true}));
      EXPECT_TRUE(report.ok()) << Show(report);
      ASSERT_OK(later.Prune(0));
      later.ExpectAllEqual();
      later.ExpectClean();
      if (::testing::Test::HasFailure()) {
        return;
      }
    }
  }
  EXPECT_GT(cuts, prune ? 20U : 5U);
}

TEST(PrunePowerCutTest, ForgetCutAtEveryCallLosesNoKeptBackup) { CutEverywhere(false); }
TEST(PrunePowerCutTest, PruneCutAtEveryCallLosesNoKeptBackup) { CutEverywhere(true); }

// --- the plan -----------------------------------------------------------------------------------

using Groups = std::vector<std::vector<std::size_t>>;

SegmentWaste Waste(std::uint64_t first, std::uint64_t stored, std::uint64_t dead, int lineage = 0) {
  SegmentWaste waste{
      .lineage = {}, .first = {.main = first}, .stored_bytes = stored, .dead_bytes = dead};
  waste.lineage.bytes[0] = static_cast<std::byte>(lineage);
  return waste;
}

TEST(PrunePlanTest, TakesTheMostWastefulUntilTheLimitHolds) {
  EXPECT_EQ(PlanPrune({Waste(1, 100, 10), Waste(2, 100, 60), Waste(3, 100, 5)},
                      {.max_unused = 0.1, .segment_size_bytes = 100}),
            Groups({{1}}));
  EXPECT_EQ(PlanPrune({Waste(1, 100, 10), Waste(2, 100, 5)},
                      {.max_unused = 0.1, .segment_size_bytes = 100}),
            Groups());
  EXPECT_EQ(
      PlanPrune({Waste(1, 100, 1), Waste(2, 100, 0)}, {.max_unused = 0, .segment_size_bytes = 100}),
      Groups({{0}}));
}

TEST(PrunePlanTest, JoinsNeighboursOfOneLineageOnly) {
  EXPECT_EQ(PlanPrune({Waste(3, 100, 50), Waste(1, 100, 50), Waste(2, 100, 50, 1)},
                      {.max_unused = 0, .segment_size_bytes = 100}),
            Groups({{1, 0}, {2}}));
}

TEST(PrunePlanTest, MergesSmallNeighboursOnlyWhenThatDoublesThem) {
  const PrunePlanOptions options{.max_unused = 0.1, .segment_size_bytes = 1000};
  EXPECT_EQ(PlanPrune({Waste(1, 10, 0), Waste(2, 10, 0), Waste(3, 10, 0)}, options), Groups());
  EXPECT_EQ(
      PlanPrune({Waste(1, 10, 0), Waste(2, 10, 0), Waste(3, 10, 0), Waste(4, 10, 0)}, options),
      Groups({{0, 1, 2, 3}}));
  EXPECT_EQ(PlanPrune({Waste(1, 200, 0), Waste(2, 10, 0), Waste(3, 10, 0), Waste(4, 10, 0),
                       Waste(5, 10, 0)},
                      options),
            Groups({{1, 2, 3, 4}}));
  EXPECT_EQ(PlanPrune({Waste(1, 10, 0), Waste(2, 10, 0), Waste(3, 900, 0), Waste(4, 10, 0),
                       Waste(5, 10, 0)},
                      options),
            Groups());
}

}  // namespace
}  // namespace tresor::repo
