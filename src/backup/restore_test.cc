// SPDX-License-Identifier: Apache-2.0
#include "backup/restore.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/browse.h"
#include "backup/check.h"
#include "backup/export.h"
#include "backup/snapshot_file.h"
#include "backup/test_util.h"
#include "backup/verify.h"
#include "base/hex.h"
#include "base/status_matchers.h"
#include "etcd/format/snap.h"
#include "etcd/format/wal.h"
#include "io/faults.h"

namespace tresor::backup {
namespace {

using testing::Content;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StoreModel;
using tresor::testing::IsOk;
using tresor::testing::StatusIs;

const Context kContext = Context::Background();
constexpr std::string_view kThree =
    "m1=http://10.0.0.1:2380,m2=http://10.0.0.2:2380,m3=http://10.0.0.3:2380";

/// A store, its image and a source over it.
struct Fixture {
  explicit Fixture(StoreModel model)
      : store(std::move(model)), image(store.Image()), reader(image) {
    source = MakeSource(reader, "image").value();
  }
  StoreModel store;
  Bytes image;
  io::BytesReader reader;
  std::unique_ptr<Source> source;
};

RestoreOptions OneMember(io::FileSystem& fs, const std::string& wal_dir = "") {
  RestoreOptions options;
  options.fs = &fs;
  options.members = {
      {.name = "default", .peer_urls = "", .data_dir = "/data/m", .wal_dir = wal_dir}};
  return options;
}

RestoreOptions ThreeMembers(io::FileSystem& fs) {
  RestoreOptions options;
  options.fs = &fs;
  options.initial_cluster = kThree;
  options.members = {{.name = "m1", .peer_urls = "", .data_dir = "/data/m1", .wal_dir = ""},
                     {.name = "m2", .peer_urls = "", .data_dir = "/data/m2", .wal_dir = "/wal/m2"},
                     {.name = "m3", .peer_urls = "", .data_dir = "/data/m3", .wal_dir = ""}};
  return options;
}

/// Without the 64 MB of a WAL, which a file system in memory really holds.
RestoreOptions SmallWal(RestoreOptions options) {
  options.wal_file_bytes = 4096;
  return options;
}

/// The content of a restored db; checks the file's structure.
Content ReadDb(io::FileSystem& fs, const std::string& data_dir) {
  const Bytes db = io::ReadFile(fs, data_dir + "/member/snap/db").value();
  const io::BytesReader reader(db);
  return testing::ReadContent(reader);
}

class RestoreTest : public ::testing::Test {
 protected:
  RestoreTest() : fixture_(testing::RandomStore(1, 2000, true)) {
    StoreModel::Require(fs_.CreateDir("/data", 0700));
    StoreModel::Require(fs_.SyncDir("/"));
  }
  io::MemoryFs fs_;
  Fixture fixture_;
};

TEST_F(RestoreTest, WritesWhatEtcdStartsFrom) {
  ASSERT_OK_AND_ASSIGN(const RestoreResult result,
                       Restore(kContext, *fixture_.source, OneMember(fs_)));

  EXPECT_EQ(etcd::ToString(result.member_ids.at(0)), "8e9e05c52164694d");
  EXPECT_EQ(etcd::ToString(result.cluster_id), "cdf818194e3a8c32");
  EXPECT_EQ(result.revision, fixture_.store.revision());
  EXPECT_EQ(result.records, fixture_.store.record_count());
  const Content before = testing::ReadContent(fixture_.reader);
  const Content after = ReadDb(fs_, "/data/m");
  EXPECT_EQ(after.buckets.at("key"), before.buckets.at("key"));
  EXPECT_EQ(after.buckets.at("lease"), before.buckets.at("lease"));
  EXPECT_EQ(after.buckets.at("auth"), before.buckets.at("auth"));
  EXPECT_EQ(after.buckets.at("alarm"), before.buckets.at("alarm"));
  EXPECT_TRUE(after.buckets.at("cluster").empty());  // clusterVersion: portable
  ASSERT_EQ(after.buckets.at("members").size(), 1U);
  EXPECT_EQ(after.buckets.at("members")[0].first, "8e9e05c52164694d");
  const std::string index(7, '\0');
  EXPECT_THAT(after.buckets.at("meta"),
              ::testing::Contains(std::pair(std::string("consistent_index"), index + '\1')));

  ASSERT_OK_AND_ASSIGN(const Bytes wal,
                       io::ReadFile(fs_, "/data/m/member/wal/" + etcd::WalFileName(0, 0)));
  EXPECT_EQ(wal.size(), etcd::kWalFileSize);
  etcd::WalReader records({ByteView(wal)});
  int count = 0;
  while (true) {
    ASSERT_OK_AND_ASSIGN(const auto record, records.Next());
    if (!record.has_value()) {
      break;
    }
    ++count;
  }
  EXPECT_EQ(count, 6);
  ASSERT_OK_AND_ASSIGN(
      const Bytes snap,
      io::ReadFile(fs_, "/data/m/member/snap/0000000000000001-0000000000000001.snap"));
  EXPECT_THAT(etcd::DecodeSnap(snap), IsOk());
  for (const auto& [path, mode] :
       std::vector<std::pair<std::string, std::uint32_t>>{{"/data/m", 0700},
                                                          {"/data/m/member", 0700},
                                                          {"/data/m/member/snap", 0700},
                                                          {"/data/m/member/wal", 0700},
                                                          {"/data/m/member/snap/db", 0600}}) {
    ASSERT_OK_AND_ASSIGN(const io::FileInfo info, fs_.Stat(path));
    EXPECT_EQ(info.mode, mode) << path;
  }
  ASSERT_OK_AND_ASSIGN(const auto entries, fs_.List("/data/m"));
  EXPECT_EQ(entries.size(), 1U);
}

TEST_F(RestoreTest, GivesAllMembersTheSameDatabase) {
  StoreModel::Require(fs_.CreateDir("/wal", 0700));
  ASSERT_OK_AND_ASSIGN(const RestoreResult result,
                       Restore(kContext, *fixture_.source, SmallWal(ThreeMembers(fs_))));

  EXPECT_EQ(result.member_ids.size(), 3U);
  ASSERT_OK_AND_ASSIGN(const Bytes db1, io::ReadFile(fs_, "/data/m1/member/snap/db"));
  ASSERT_OK_AND_ASSIGN(const Bytes db2, io::ReadFile(fs_, "/data/m2/member/snap/db"));
  ASSERT_OK_AND_ASSIGN(const Bytes db3, io::ReadFile(fs_, "/data/m3/member/snap/db"));
  EXPECT_TRUE(db1 == db2 && db1 == db3);
  EXPECT_EQ(db1.size(), result.db_bytes);
  ASSERT_OK_AND_ASSIGN(const auto wal, fs_.List("/wal/m2"));
  ASSERT_EQ(wal.size(), 1U);
  EXPECT_EQ(wal[0].name, etcd::WalFileName(0, 0));
  EXPECT_THAT(io::Exists(fs_, "/data/m2/member/wal"), tresor::testing::IsOkAndHolds(false));
}

TEST_F(RestoreTest, ComputesHashKvOfWhatItWrote) {
  ASSERT_OK_AND_ASSIGN(const RestoreResult result,
                       Restore(kContext, *fixture_.source, SmallWal(OneMember(fs_))));

  const Bytes db = io::ReadFile(fs_, "/data/m/member/snap/db").value();
  const io::BytesReader reader(db);
  ASSERT_OK_AND_ASSIGN(const SnapshotFacts facts, CheckSnapshot(kContext, reader));
  EXPECT_EQ(facts.hash_kv, result.hash_kv);
  ASSERT_OK_AND_ASSIGN(const SnapshotFacts source, CheckSnapshot(kContext, fixture_.reader));
  EXPECT_EQ(source.hash_kv, result.hash_kv);
}

TEST_F(RestoreTest, BumpsTheRevisionAndMarksCompacted) {
  RestoreOptions options = SmallWal(OneMember(fs_));
  options.bump_revision = 1'000'000;
  EXPECT_THAT(Restore(kContext, *fixture_.source, options).status(),
              StatusIs(Code::kInvalidArgument));
  options.mark_compacted = true;
  ASSERT_OK_AND_ASSIGN(const RestoreResult result, Restore(kContext, *fixture_.source, options));

  const std::int64_t bumped = fixture_.store.revision() + 1'000'000;
  EXPECT_EQ(result.revision, bumped);
  EXPECT_EQ(result.compact_revision, bumped);
  const Content after = ReadDb(fs_, "/data/m");
  EXPECT_EQ(after.buckets.at("key").size(), fixture_.store.record_count() + 1);
  EXPECT_EQ(after.buckets.at("key").back().first,
            ToString(ByteView(etcd::EncodeRecordKey({.main = bumped}))));
  const Bytes db = io::ReadFile(fs_, "/data/m/member/snap/db").value();
  const io::BytesReader reader(db);
  ASSERT_OK_AND_ASSIGN(const SnapshotFacts facts, CheckSnapshot(kContext, reader));
  EXPECT_EQ(facts.revisions.current, bumped);
  EXPECT_EQ(facts.live_keys, fixture_.store.live().size());
}

TEST_F(RestoreTest, OnlyTheSnapFileMayBeReadByOthers) {
  RestoreOptions options = SmallWal(OneMember(fs_, "/wal"));
  options.snap_mode = 0644;
  ASSERT_OK(Restore(kContext, *fixture_.source, options));
  const auto mode = [&](const std::string& path) { return fs_.Stat(path)->mode; };
  const std::string snap = "/data/m/member/snap";
  ASSERT_OK_AND_ASSIGN(const auto entries, fs_.List(snap));
  EXPECT_EQ(entries.size(), 2U);
  for (const io::DirEntry& entry : entries) {
    EXPECT_EQ(mode(snap + "/" + entry.name), entry.name == "db" ? 0600U : 0644U);
  }
  EXPECT_EQ(mode("/wal/" + etcd::WalFileName(0, 0)), 0600U);
  for (const std::string dir : {"/data/m", "/data/m/member", "/data/m/member/snap", "/wal"}) {
    EXPECT_EQ(mode(dir), 0700U) << dir;
  }
}

TEST_F(RestoreTest, RefusesATargetThatIsNotEmpty) {
  StoreModel::Require(fs_.CreateDir("/data/m", 0755));
  EXPECT_OK(Restore(kContext, *fixture_.source, SmallWal(OneMember(fs_))));
  EXPECT_THAT(Restore(kContext, *fixture_.source, SmallWal(OneMember(fs_))).status(),
              StatusIs(Code::kFailedPrecondition, HasSubstr("/data/m is not empty")));
  StoreModel::Require(fs_.CreateDir("/wal", 0700));
  StoreModel::Require(fs_.CreateDir("/wal/x", 0700));
  RestoreOptions options = OneMember(fs_, "/wal");
  options.members[0].data_dir = "/data/other";
  EXPECT_THAT(Restore(kContext, *fixture_.source, options).status(),
              StatusIs(Code::kFailedPrecondition, HasSubstr("/wal is not empty")));
}

TEST_F(RestoreTest, LeavesNothingWhenItFails) {
  Fixture damaged(fixture_.store);
  // A page in the middle of bucket `key`.
  damaged.image[damaged.image.size() / 2 / 4096 * 4096] ^= std::byte{0xff};
  EXPECT_THAT(Restore(kContext, *damaged.source, SmallWal(OneMember(fs_))).status(),
              StatusIs(Code::kDataLoss));
  ASSERT_OK_AND_ASSIGN(const auto entries, fs_.List("/data"));
  EXPECT_TRUE(entries.empty());

  fs_.SetCapacity(1000);
  EXPECT_THAT(Restore(kContext, *fixture_.source, SmallWal(OneMember(fs_))).status(),
              StatusIs(Code::kResourceExhausted));
  ASSERT_OK_AND_ASSIGN(const auto again, fs_.List("/data"));
  EXPECT_TRUE(again.empty());
}

TEST_F(RestoreTest, RefusesMembersThatMakeNoSense) {
  RestoreOptions options = ThreeMembers(fs_);
  options.members[1].name = "m4";
  EXPECT_THAT(Restore(kContext, *fixture_.source, options).status(),
              StatusIs(Code::kInvalidArgument, HasSubstr("m4")));
  options.members[1].name = "m1";
  EXPECT_THAT(Restore(kContext, *fixture_.source, options).status(),
              StatusIs(Code::kInvalidArgument, HasSubstr("twice")));
  options = ThreeMembers(fs_);
  options.members[2].data_dir = "/data/m1/x";
  EXPECT_THAT(Restore(kContext, *fixture_.source, options).status(),
              StatusIs(Code::kInvalidArgument, HasSubstr("inside")));
  options.members.clear();
  EXPECT_THAT(Restore(kContext, *fixture_.source, options).status(),
              StatusIs(Code::kInvalidArgument));
}

/// Whether a data directory holds a whole member.
void ExpectWhole(io::FileSystem& fs, const std::string& data_dir, const std::string& wal_dir,
                 const Content& expected) {
  EXPECT_EQ(ReadDb(fs, data_dir).buckets.at("key"), expected.buckets.at("key"));
  const std::string wal = wal_dir.empty() ? data_dir + "/member/wal" : wal_dir;
  ASSERT_OK_AND_ASSIGN(const auto file,
                       fs.Open(wal + "/" + etcd::WalFileName(0, 0), io::OpenMode::kRead, 0));
  Bytes used(4096);
  ASSERT_OK(file->ReadAt(0, used));
  etcd::WalReader records({ByteView(used)});
  ASSERT_OK_AND_ASSIGN(const auto first, records.Next());
  EXPECT_TRUE(first.has_value());
}

bool IsMember(io::FileSystem& fs, const std::string& data_dir) {
  return io::Exists(fs, data_dir + "/member").value();
}
// Then its text is true whether the member is there or not.
bool IsMarked(io::FileSystem& fs, const std::string& dir) {
  const auto marker = io::ReadFile(fs, dir + "/" + std::string(kUnfinishedMarker));
  if (marker.ok() && !marker->empty()) {  // it is empty if it was cut before its own sync
    EXPECT_THAT(ToString(*marker), ::testing::AllOf(HasSubstr("holds no `member`"),
                                                    HasSubstr("all of them are complete"),
                                                    HasSubstr("run the same restore again")));
  }
  return marker.ok();
}

// Cut the power at every call: afterwards each target is nothing, says that it is unfinished, or is
// whole; and the restore can be repeated unless all of it had been done.
TEST(RestoreCrashTest, LeavesNothingOrUnfinishedOrAWholeMember) {
  Fixture fixture(testing::RandomStore(2, 60, false));
  const Content expected = testing::ReadContent(fixture.reader);
  const std::vector<std::pair<std::string, std::string>> dirs = {
      {"/data/m1", ""}, {"/data/m2", "/wal/m2"}, {"/data/m3", ""}};
  bool was_cut = true;
  int repeated = 0;
  for (std::uint64_t n = 1; was_cut; ++n) {
    io::PowerCutFs fs;
    StoreModel::Require(fs.memory().CreateDir("/data", 0700));
    StoreModel::Require(fs.memory().CreateDir("/wal", 0700));
    StoreModel::Require(fs.memory().SyncDir("/"));
    fs.CutAtCall(n);
    const Status status = Restore(kContext, *fixture.source, SmallWal(ThreeMembers(fs))).status();
    was_cut = fs.was_cut();
    ASSERT_EQ(status.ok(), !was_cut) << n << ": " << Message(status);

    for (const auto unsynced : {io::MemoryFs::Unsynced::kLost, io::MemoryFs::Unsynced::kKept,
                                io::MemoryFs::Unsynced::kMixed}) {
      SCOPED_TRACE(fmt::format("cut at {}, {}", n, static_cast<int>(unsynced)));
      const auto after = fs.AfterPowerCut(unsynced, n);
      int complete = 0;
      int members = 0;
      for (const auto& [data_dir, wal_dir] : dirs) {
        if (IsMember(*after, data_dir)) {
          ExpectWhole(*after, data_dir, wal_dir, expected);
          ++members;
          complete += IsMarked(*after, data_dir) ? 0 : 1;
        }
      }
      EXPECT_TRUE(complete == 0 || members == 3);  // or the markers' text is not true
      const Status again =
          Restore(kContext, *fixture.source, SmallWal(ThreeMembers(*after))).status();
      if (complete == 0) {
        ASSERT_THAT(again, IsOk());
        ++repeated;
      } else {
        EXPECT_THAT(again, StatusIs(Code::kFailedPrecondition));
      }
      for (const auto& [data_dir, wal_dir] : dirs) {
        ASSERT_TRUE(IsMember(*after, data_dir));
        ExpectWhole(*after, data_dir, wal_dir, expected);
      }
    }
  }
  EXPECT_GT(repeated, 50);
}

RestoreOptions SmallWal(io::FileSystem& fs, const std::string& wal_dir) {
  RestoreOptions options = OneMember(fs, wal_dir);
  options.wal_file_bytes = 4096;
  return options;
}

// The restore was cut between the name `member` and the end of the marker, and an etcd was started
// there all the same: its writes must not be removed by the next restore.
TEST(RestoreCrashTest, NeverRemovesAMemberThatAnEtcdHasRunOn) {
  Fixture fixture(testing::RandomStore(2, 60, false));
  for (const std::string wal_dir : {"", "/wal"}) {
    for (const bool appended : {false, true}) {
      SCOPED_TRACE(fmt::format("{} {}", wal_dir, appended));
      io::MemoryFs fs;
      StoreModel::Require(fs.CreateDir("/data", 0700));
      ASSERT_THAT(Restore(kContext, *fixture.source, SmallWal(fs, wal_dir)), IsOk());
      const auto mark = [&](const std::string& dir) {
        ASSERT_OK(
            fs.Open(dir + "/" + std::string(kUnfinishedMarker), io::OpenMode::kCreateNew, 0600));
      };
      mark("/data/m");
      if (!wal_dir.empty()) {
        mark(wal_dir);
      }
      const std::string wal = wal_dir.empty() ? "/data/m/member/wal" : wal_dir;
      if (appended) {
        const auto path = wal + "/" + etcd::WalFileName(0, 0);
        const Bytes log = io::ReadFile(fs, path).value();
        etcd::WalReader records({ByteView(log)});
        while (records.Next().value().has_value()) {
        }
        ASSERT_OK_AND_ASSIGN(const auto file, fs.Open(path, io::OpenMode::kReadWrite, 0));
        ASSERT_OK(file->WriteAt(records.offset(), AsBytes(std::string_view("\x10"))));
      } else {
        ASSERT_OK(fs.Open(wal + "/0.tmp", io::OpenMode::kCreateNew, 0600));
      }
      const Bytes before = io::ReadFile(fs, "/data/m/member/snap/db").value();
      EXPECT_THAT(Restore(kContext, *fixture.source, SmallWal(fs, wal_dir)).status(),
                  StatusIs(Code::kFailedPrecondition, HasSubstr("not empty")));
      EXPECT_EQ(io::ReadFile(fs, "/data/m/member/snap/db").value(), before);
      // Nor one that has no log where it is looked for.
      EXPECT_THAT(Restore(kContext, *fixture.source, SmallWal(fs, "/elsewhere")).status(),
                  StatusIs(Code::kFailedPrecondition, HasSubstr("not empty")));
      EXPECT_EQ(io::ReadFile(fs, "/data/m/member/snap/db").value(), before);
    }
  }
}

// A repeated restore is cut, too: what it removes does not look like a member that ran.
TEST(RestoreCrashTest, CanBeRepeatedWhenTheRepetitionWasCut) {
  Fixture fixture(testing::RandomStore(2, 60, false));
  for (const std::string wal_dir : {"", "/wal"}) {
    bool was_cut = true;
    for (std::uint64_t n = 1; was_cut; ++n) {
      io::PowerCutFs fs;
      StoreModel::Require(fs.memory().CreateDir("/data", 0700));
      ASSERT_THAT(Restore(kContext, *fixture.source, SmallWal(fs.memory(), wal_dir)), IsOk());
      for (const std::string& dir : {std::string("/data/m"), wal_dir}) {
        if (!dir.empty()) {
          ASSERT_OK(fs.memory().Open(dir + "/" + std::string(kUnfinishedMarker),
                                     io::OpenMode::kCreateNew, 0600));
          ASSERT_OK(io::SyncTree(fs.memory(), dir));
        }
      }
      fs.CutAtCall(n);
      const Status status = Restore(kContext, *fixture.source, SmallWal(fs, wal_dir)).status();
      was_cut = fs.was_cut();
      ASSERT_EQ(status.ok(), !was_cut) << n << ": " << Message(status);
      for (const auto unsynced : {io::MemoryFs::Unsynced::kLost, io::MemoryFs::Unsynced::kKept,
                                  io::MemoryFs::Unsynced::kMixed}) {
        SCOPED_TRACE(fmt::format("cut at {}, {}", n, static_cast<int>(unsynced)));
        const auto after = fs.AfterPowerCut(unsynced, n);
        if (!IsMember(*after, "/data/m") || IsMarked(*after, "/data/m")) {
          ASSERT_THAT(Restore(kContext, *fixture.source, SmallWal(*after, wal_dir)), IsOk());
        }
      }
    }
  }
}

TEST(RestoreFaultTest, CleansUpAfterAnyCallThatFails) {
  Fixture fixture(testing::RandomStore(2, 60, false));
  for (std::uint64_t n = 1;; ++n) {
    io::MemoryFs memory;
    StoreModel::Require(memory.CreateDir("/data", 0700));
    io::FaultyFs fs(memory);
    fs.FailCall(n, Error(Code::kDataLoss, "the disk says no"));
    const Status status =
        Restore(kContext, *fixture.source, SmallWal(OneMember(fs, "/wal"))).status();
    if (fs.calls() < n) {
      EXPECT_OK(status);
      break;
    }
    SCOPED_TRACE(n);
    ASSERT_FALSE(status.ok());
    if (IsMember(memory, "/data/m")) {
      continue;  // only taking the markers away failed
    }
    EXPECT_THAT(Restore(kContext, *fixture.source, SmallWal(OneMember(memory, "/wal"))), IsOk());
  }
}

// --- export, verify, check
// ------------------------------------------------------------------------

TEST_F(RestoreTest, ExportsASnapshotFileWithTheSameContent) {
  ASSERT_OK_AND_ASSIGN(const ExportResult result,
                       Export(kContext, *fixture_.source, "/data/x.db", {.fs = &fs_}));

  ASSERT_OK_AND_ASSIGN(const auto file, SnapshotFile::Open(kContext, "/data/x.db", {.fs = &fs_}));
  EXPECT_TRUE(file->hash_checked());
  EXPECT_EQ(file->sha256(), result.sha256);
  EXPECT_EQ(result.file_bytes % 512, 32U);
  EXPECT_EQ(testing::ReadContent(file->image()).buckets,
            testing::ReadContent(fixture_.reader).buckets);
  EXPECT_THAT(Export(kContext, *fixture_.source, "/data/x.db", {.fs = &fs_}).status(),
              StatusIs(Code::kAlreadyExists));
  ASSERT_OK_AND_ASSIGN(const auto entries, fs_.List("/data"));
  EXPECT_EQ(entries.size(), 1U);
}

TEST_F(RestoreTest, VerifiesAnImage) {
  ASSERT_OK_AND_ASSIGN(const VerifyResult result, Verify(kContext, *fixture_.source));

  EXPECT_EQ(result.records, fixture_.store.record_count());
  ASSERT_OK_AND_ASSIGN(const SnapshotFacts facts, CheckSnapshot(kContext, fixture_.reader));
  EXPECT_EQ(result.hash_kv, facts.hash_kv);
}

TEST(CheckTest, CountsWhatIsThere) {
  for (const bool compact : {false, true}) {
    for (std::uint64_t seed = 1; seed < 20; ++seed) {
      const StoreModel store = testing::RandomStore(seed, 500, compact);
      const Bytes image = store.Image();
      const io::BytesReader reader(image);
      ASSERT_OK_AND_ASSIGN(const SnapshotFacts facts,
                           CheckSnapshot(kContext, reader, {.exact_size = true}));

      EXPECT_EQ(facts.live_keys, store.live().size());
      EXPECT_EQ(facts.records, store.record_count());
      EXPECT_EQ(facts.revisions.current, store.revision());
      EXPECT_EQ(facts.revisions.compacted(), store.compacted());
      EXPECT_EQ(facts.consistent_index, 99U);
      EXPECT_EQ(facts.term, 3U);
      EXPECT_EQ(facts.cluster_version, "3.5.0");
      EXPECT_EQ(facts.leases, 1U);
      EXPECT_EQ(facts.alarms.size(), 1U);
      EXPECT_EQ(facts.members.at(0).name, "old");
      EXPECT_EQ(facts.buckets.size(), 8U);
      ASSERT_OK_AND_ASSIGN(const auto database, bolt::Database::Open(reader));
      EXPECT_THAT(
          ExactHashKv(kContext, *database, NewUserKeyHash(),
                      {.revision = store.revision(), .compact_revision = store.compacted()}),
          tresor::testing::IsOkAndHolds(facts.hash_kv.hash));
    }
  }
}

TEST(CheckTest, RefusesARecordThatDoesNotBelongToItsRevision) {
  testing::MemorySink sink;
  ASSERT_OK_AND_ASSIGN(const auto builder, bolt::Builder::Create(sink));
  ASSERT_OK(builder->BeginBucket(AsBytes("key"), 0));
  ASSERT_OK(builder->Put(etcd::EncodeRecordKey({.main = 2}),
                         etcd::EncodeKeyValue({.key = AsBytes("k"), .mod_revision = 3})));
  ASSERT_OK(builder->EndBucket());
  ASSERT_OK(builder->Finish());
  const io::BytesReader reader(sink.image);

  EXPECT_THAT(CheckSnapshot(kContext, reader).status(),
              StatusIs(Code::kDataLoss, HasSubstr("record 2_0")));
}

// --- browse
// ---------------------------------------------------------------------------------------

TEST_F(RestoreTest, ListsAndGetsLiveKeys) {
  ASSERT_OK_AND_ASSIGN(const auto keys, ListKeys(kContext, *fixture_.source));

  ASSERT_EQ(keys.size(), fixture_.store.live().size());
  auto expected = fixture_.store.live().begin();
  for (const LiveKey& key : keys) {
    EXPECT_EQ(key.key, expected->first);
    EXPECT_EQ(key.record.main, expected->second.mod_revision);
    EXPECT_EQ(key.version, expected->second.version);
    EXPECT_EQ(key.value_bytes, expected->second.value.size());
    ++expected;
  }
  const auto& [name, live] = *fixture_.store.live().begin();
  ASSERT_OK_AND_ASSIGN(const KeyState state, GetKey(kContext, *fixture_.source, name));
  EXPECT_EQ(ToString(ByteView(state.value)), live.value);
  EXPECT_THAT(GetKey(kContext, *fixture_.source, "nobody").status(), StatusIs(Code::kNotFound));
  EXPECT_THAT(GetKey(kContext, *fixture_.source, name, 1).status(), StatusIs(Code::kOutOfRange));
  ASSERT_OK_AND_ASSIGN(const auto some,
                       ListKeys(kContext, *fixture_.source, {.prefix = "/registry/k1"}));
  EXPECT_LT(some.size(), keys.size());
  EXPECT_TRUE(std::ranges::all_of(
      some, [](const LiveKey& key) { return key.key.starts_with("/registry/k1"); }));

  std::size_t visited = 0;
  EXPECT_OK(ForEachLive(kContext, *fixture_.source, {}, [&](const etcd::KeyValue& value) {
    ++visited;
    EXPECT_EQ(AsText(value.value), fixture_.store.live().at(ToString(value.key)).value);
    return OkStatus();
  }));
  EXPECT_EQ(visited, keys.size());
}

TEST(DiffTest, NamesWhatWasAddedChangedAndRemoved) {
  StoreModel store;
  store.Put("a", "1");
  store.Put("b", "1");
  store.Put("c", "1");
  const Fixture before(store);
  store.Put("b", "2");
  store.Delete("c");
  store.Put("d", "1");
  const Fixture after(store);
  StoreModel other = store;
  other.Corrupt(2);
  const Fixture corrupt(other);

  ASSERT_OK_AND_ASSIGN(const auto found, DiffKeys(kContext, *before.source, *after.source));
  std::vector<std::pair<std::string, Change>> seen;
  for (const Difference& difference : found) {
    seen.emplace_back(difference.key(), difference.change);
  }
  EXPECT_THAT(seen, ElementsAre(std::pair(std::string("b"), Change::kChanged),
                                std::pair(std::string("c"), Change::kRemoved),
                                std::pair(std::string("d"), Change::kAdded)));
  ASSERT_OK_AND_ASSIGN(const auto hidden, DiffKeys(kContext, *after.source, *corrupt.source));
  ASSERT_EQ(hidden.size(), 1U);
  EXPECT_EQ(hidden[0].key(), "a");
}

}  // namespace
}  // namespace tresor::backup
