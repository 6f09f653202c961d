// SPDX-License-Identifier: Apache-2.0
#include "launcher/rebuild.h"

#include <memory>

#include "backup/fake_cluster.h"
#include "backup/take.h"
#include "backup/test_util.h"
#include "base/status_matchers.h"
#include "blob/local.h"
#include "io/faults.h"
#include "launcher/restore_data.h"
#include "repo/repository.h"

namespace tresor::launcher {
namespace {

using runtime::MemberFiles;
using runtime::MemberOrder;
using runtime::RebuiltData;
using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;

const MemberFiles kFiles("/m0");

class RebuildTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Context context = Context::Background();
    ASSERT_OK(fs_.CreateDir("/m0", 0700));
    ASSERT_OK(fs_.CreateDir("/spool", 0700));
    const Bytes key(32, std::byte{1});
    ASSERT_OK(io::WriteFileAtomically(fs_, "/key", key));
    ASSERT_OK_AND_ASSIGN(const auto blobs, blob::CreateLocalStore(fs_, "/repo"));
    ASSERT_OK(repo::Repository::Init(context, *blobs, repo::KeyFile{key}, "test"));
    ASSERT_OK_AND_ASSIGN(const auto repository,
                         repo::Repository::Open(context, *blobs, repo::KeyFile{key}));
    backup::testing::FakeCluster cluster(backup::testing::RandomStore(4, 800, true), 1);
    backup::TakeOptions options;
    options.spool = {.fs = &fs_, .dir = "/spool", .memory_bytes = 10'000};
    ASSERT_OK_AND_ASSIGN(const backup::TakeResult taken,
                         backup::TakeBackup(context, options, cluster, *repository));
    info_ = taken.info;
    order_.name = "m0";
    order_.members = {{.name = "m0", .peer_url = runtime::PeerUrl(2380)}};
    order_.restore = runtime::RestoreOrder{
        .id = "r", .repository = "/repo", .key_file = "/key", .backup = taken.info.id.ToString()};
  }

  Result<RebuiltData> Run(io::FileSystem& fs) {
    SeededRandom random(1);
    return Rebuild(Context::Background(), fs, random, order_, kFiles, {});
  }

  io::MemoryFs fs_;
  MemberOrder order_;
  repo::BackupInfo info_;
};

TEST_F(RebuildTest, TellsTheHashThatEtcdWillAnswer) {
  ASSERT_OK_AND_ASSIGN(const RebuiltData rebuilt, Run(fs_));

  EXPECT_EQ(rebuilt.hash, info_.hash_kv.hash);
  EXPECT_EQ(rebuilt.revision, info_.revision);
  EXPECT_GT(rebuilt.db_bytes, 0U);
  EXPECT_THAT(HasData(fs_, kFiles), IsOkAndHolds(true));
}

TEST_F(RebuildTest, BumpMovesRevisionAndCompaction) {
  order_.restore->bump_revision = 1000;
  order_.restore->mark_compacted = true;
  ASSERT_OK_AND_ASSIGN(const RebuiltData rebuilt, Run(fs_));

  EXPECT_EQ(rebuilt.revision, info_.revision + 1000);
  EXPECT_EQ(rebuilt.compact_revision, rebuilt.revision);
  EXPECT_NE(rebuilt.hash, info_.hash_kv.hash);
}

TEST_F(RebuildTest, WantOfRoomIsForeseenBeforeAnythingIsWritten) {
  fs_.SetCapacity(std::uint64_t{8} << 20);
  EXPECT_THAT(Run(fs_), StatusIs(Code::kResourceExhausted, HasSubstr("MiB are free")));
  EXPECT_THAT(io::Exists(fs_, kFiles.data()), IsOkAndHolds(false));
}

TEST_F(RebuildTest, QuotaThatIsTooSmallIsSaid) {
  order_.quota_backend_bytes = 4096;
  EXPECT_THAT(Run(fs_), StatusIs(Code::kFailedPrecondition, HasSubstr("quotaBackendBytes")));
}

TEST_F(RebuildTest, DiskThatIsFullAtAnyWriteIsNoLastWord) {
  runtime::RestoreRecord record;
  record.id = "r";
  io::FaultyFs counted(fs_);
  ASSERT_OK(Run(counted));
  const std::uint64_t calls = counted.calls();
  ASSERT_GT(calls, 10U);
  for (std::uint64_t call = 1; call <= calls; call += 1 + calls / 12) {
    // Whatever an attempt left, whole data included, the next one begins anew.
    ASSERT_OK(ClearForRebuild(fs_, kFiles, record));
    io::FaultyFs full(fs_);
    full.FailCall(call, Error(Code::kResourceExhausted, "no space left"), true);
    EXPECT_THAT(Run(full), StatusIs(Code::kResourceExhausted)) << call;
  }
  ASSERT_OK(ClearForRebuild(fs_, kFiles, record));
  EXPECT_OK(Run(fs_));
}

}  // namespace
}  // namespace tresor::launcher
