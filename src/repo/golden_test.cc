// SPDX-License-Identifier: Apache-2.0
// testdata/repo-v1 was written by format version 1 and must open for ever. TRESOR_ACCEPT=1 makes it
// anew, which is right only before a release: kept repositories are never rewritten after it.
#include "base/environment.h"
#include "base/status_matchers.h"
#include "blob/decorators.h"
#include "blob/local.h"
#include "repo/test_repository.h"

namespace tresor::repo {
namespace {

using testing::IsOk;
using ::testing::SizeIs;

const char* const kRoot = TRESOR_SOURCE_DIR "/src/repo/testdata/repo-v1";

std::vector<Snapshot> GoldenSnapshots() {
  FakeEtcd etcd(1);
  etcd.Churn(30, 8, 100);
  std::vector<Snapshot> snapshots{etcd.snapshot()};
  etcd.Compact(20);
  etcd.Churn(10, 8, 100);
  snapshots.push_back(etcd.snapshot());
  snapshots.back().buckets = {{"alarm", 0, {}}, {"meta", 3, {{"consistent_index", "\x05"}}}};
  snapshots.push_back(snapshots.back());
  snapshots.back().records.begin()->second.push_back(std::byte{0});  // another lineage
  return snapshots;
}

void Accept(const Context& context) {
  ASSERT_OK(io::RemoveTree(io::PosixFileSystem(), kRoot));
  ASSERT_OK_AND_ASSIGN(const auto store, blob::CreateLocalStore(io::PosixFileSystem(), kRoot));
  SeededRandom random(1);
  ASSERT_OK(InitTestRepository(context, *store, random));
  ASSERT_OK_AND_ASSIGN(const auto repository, OpenTestRepository(context, *store, random));
  for (const Snapshot& snapshot : GoldenSnapshots()) {
    ASSERT_OK(Save(context, *repository, snapshot));
  }
}

TEST(GoldenTest, RepositoryOfVersion1Opens) {
  FakeClock clock;
  const Context context = Context::Background().WithClock(clock);
  if (GetEnvironment("TRESOR_ACCEPT")) {
    Accept(context);
  }
  ASSERT_OK_AND_ASSIGN(auto files, blob::OpenLocalStore(io::PosixFileSystem(), kRoot));
  const auto store = blob::MakeReadOnlyStore(std::move(files));
  SeededRandom random(2);
  ASSERT_OK_AND_ASSIGN(const auto repository, OpenTestRepository(context, *store, random));
  const std::vector<Snapshot> expected = GoldenSnapshots();

  ASSERT_OK_AND_ASSIGN(const auto backups, repository->List(context));

  ASSERT_THAT(backups, SizeIs(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_OK_AND_ASSIGN(const Snapshot read, ReadAll(context, *repository, backups[i].id));
    EXPECT_TRUE(read == expected[i]) << i;
  }
  EXPECT_EQ(backups[0].lineage, backups[1].lineage);
  EXPECT_NE(backups[1].lineage, backups[2].lineage);
}

}  // namespace
}  // namespace tresor::repo
