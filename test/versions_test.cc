// SPDX-License-Identifier: Apache-2.0
// A backup of any line of etcd restores to a server of any line: source → repository → member
// directories → the real server, which has what the source had, takes writes, and has them after a
// restart.
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/check.h"
#include "backup/restore.h"
#include "backup/source.h"
#include "backup/take.h"
#include "base/status_matchers.h"
#include "blob/memory.h"
#include "io/file_system.h"
#include "repo/repository.h"
#include "test/etcd_fixture.h"
#include "test/restored_cluster.h"
#include "test/rich_store.h"

namespace tresor::testing {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::Values;

const std::vector<std::string> kLines{"3.4", "3.5", "3.6", "3.7"};

Context Soon() { return Context::Background().WithTimeout(std::chrono::seconds(120)); }

/// "from_3_4", for the names of tests.
std::string Underscored(std::string text) {
  std::replace(text.begin(), text.end(), '.', '_');
  return text;
}

/// A repository in memory with one backup of a cluster.
class TakenBackup {
 public:
  static Result<std::unique_ptr<TakenBackup>> Take(etcd::Client& client) {
    std::unique_ptr<TakenBackup> taken(new TakenBackup);
    const repo::Credential credential =
        repo::KeyFile{ToBytes("a key file of the tests' repositories")};
    RETURN_IF_ERROR(repo::Repository::Init(Soon(), *taken->store_, credential, "test"));
    ASSIGN_OR_RETURN(taken->repository_,
                     repo::Repository::Open(Soon(), *taken->store_, credential));
    ASSIGN_OR_RETURN(taken->result_, backup::TakeBackup(Soon(), {}, client, *taken->repository_));
    ASSIGN_OR_RETURN(taken->backup_,
                     taken->repository_->OpenBackup(Soon(), taken->result_.info.id));
    taken->source_ = backup::MakeSource(*taken->backup_);
    return taken;
  }

  [[nodiscard]] const backup::TakeResult& result() const { return result_; }
  [[nodiscard]] const backup::Source& source() const { return *source_; }

 private:
  TakenBackup() = default;
  std::unique_ptr<blob::BlobStore> store_ = blob::MakeMemoryStore();
  std::unique_ptr<repo::Repository> repository_;
  backup::TakeResult result_;
  std::unique_ptr<repo::Backup> backup_;
  std::unique_ptr<backup::Source> source_;
};

/// A source that is full, and its backup.
struct Source {
  std::unique_ptr<EtcdCluster> etcd;
  std::vector<std::string> store;
  std::vector<std::string> auth;  // when it is secured
  std::unique_ptr<TakenBackup> taken;
};

Result<Source> MakeSource(const EtcdOptions& options, bool secured) {
  Source source;
  ASSIGN_OR_RETURN(source.etcd, EtcdCluster::Start(options));
  RETURN_IF_ERROR(FillRichStore(Soon(), source.etcd->client()));
  if (secured) {
    RETURN_IF_ERROR(SecureStore(Soon(), *source.etcd, options.line));
    ASSIGN_OR_RETURN(source.auth, DescribeAuth(Soon(), *source.etcd, options.line));
  }
  ASSIGN_OR_RETURN(source.store, DescribeStore(Soon(), source.etcd->client()));
  ASSIGN_OR_RETURN(source.taken, TakenBackup::Take(source.etcd->client()));
  return source;
}

Result<std::int64_t> PutAfter(EtcdCluster& etcd) {
  ASSIGN_OR_RETURN(const etcd::PutResponse put,
                   etcd.client().Put(Soon(), {.key = "after", .value = "the restore"}));
  return put.header.revision;
}

Status HasPutAfter(EtcdCluster& etcd, std::int64_t revision) {
  ASSIGN_OR_RETURN(const etcd::RangeResponse read, etcd.client().Range(Soon(), {.key = "after"}));
  if (read.header.revision != revision || read.key_values.size() != 1 ||
      read.key_values[0].value != "the restore") {
    return Error(Code::kDataLoss, "the write at revision {} is gone; the store is at {}", revision,
                 read.header.revision);
  }
  return OkStatus();
}

/// What every restored cluster must bear, after it was looked at: a write, an orderly end, a
/// restart.
void WriteRestartAndCheck(const std::vector<std::pair<EtcdCluster*, std::string>>& clusters,
                          std::int64_t revision) {
  std::vector<EtcdCluster*> started;
  for (const auto& [etcd, line] : clusters) {
    SCOPED_TRACE("to " + line);
    EXPECT_THAT(PutAfter(*etcd), IsOkAndHolds(revision + 1));
    EXPECT_OK(StopAndCheck(Soon(), *etcd, line));
    started.push_back(etcd);
  }
  ASSERT_OK(StartTogether(started));
  for (const auto& [etcd, line] : clusters) {
    SCOPED_TRACE("to " + line + ", restarted");
    EXPECT_OK(HasPutAfter(*etcd, revision + 1));
    EXPECT_OK(StopAndCheck(Soon(), *etcd, line));
  }
}

class EveryLineTest : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Versions, EveryLineTest, ::testing::ValuesIn(kLines),
                         [](const auto& test) { return "from_" + Underscored(test.param); });

TEST_P(EveryLineTest, RestoresToServersOfEveryLine) {
  const std::string& line = GetParam();
  ASSERT_OK_AND_ASSIGN(const Source source, MakeSource({.line = line}, true));
  const std::int64_t revision = source.taken->result().info.revision;

  std::vector<RestoredCluster> restored;
  std::vector<EtcdCluster*> clusters;
  std::vector<std::pair<EtcdCluster*, std::string>> with_lines;
  for (const std::string& target : kLines) {
    ASSERT_OK_AND_ASSIGN(
        RestoredCluster cluster,
        RestoreToCluster(Soon(), source.taken->source(),
                         {.line = target, .user = "root", .password = kRootPassword}));
    EXPECT_TRUE(cluster.result.hash_kv_compared);
    EXPECT_EQ(cluster.result.revision, revision);
    clusters.push_back(cluster.etcd.get());
    with_lines.emplace_back(cluster.etcd.get(), target);
    restored.push_back(std::move(cluster));
  }
  ASSERT_OK(StartTogether(clusters));

  for (const auto& [etcd, target] : with_lines) {
    SCOPED_TRACE("to " + target);
    ASSERT_OK_AND_ASSIGN(const auto store, DescribeStore(Soon(), etcd->client()));
    EXPECT_THAT(store, ElementsAreArray(source.store));
    ASSERT_OK_AND_ASSIGN(const auto auth, DescribeAuth(Soon(), *etcd, target));
    EXPECT_THAT(auth, ElementsAreArray(source.auth));
  }
  WriteRestartAndCheck(with_lines, revision);
}

TEST_P(EveryLineTest, RestoresStrictlyToItsOwnLine) {
  const std::string& line = GetParam();
  ASSERT_OK_AND_ASSIGN(const Source source, MakeSource({.line = line}, false));

  backup::RestoreOptions how;
  how.portable = false;
  ASSERT_OK_AND_ASSIGN(const RestoredCluster restored,
                       RestoreToCluster(Soon(), source.taken->source(), {.line = line}, how));
  ASSERT_OK(restored.etcd->StartAll());

  ASSERT_OK_AND_ASSIGN(const auto store, DescribeStore(Soon(), restored.etcd->client()));
  EXPECT_THAT(store, ElementsAreArray(source.store));
  WriteRestartAndCheck({{restored.etcd.get(), line}}, source.taken->result().info.revision);
}

// After a bump clients that still know revisions of the lost time must notice: they are told that
// what they know is compacted.
TEST_P(EveryLineTest, BumpedRevisionsCancelOldWatches) {
  constexpr std::int64_t kBump = 1'000'000'000;
  const std::string& line = GetParam();
  ASSERT_OK_AND_ASSIGN(const Source source, MakeSource({.line = line}, false));
  const std::int64_t revision = source.taken->result().info.revision;
  ASSERT_OK_AND_ASSIGN(const etcd::RangeResponse before,
                       source.etcd->client().Range(
                           Soon(), {.key = std::string(1, '\0'), .range_end = etcd::kFromKey}));

  backup::RestoreOptions how;
  how.bump_revision = kBump;
  how.mark_compacted = true;
  ASSERT_OK_AND_ASSIGN(const RestoredCluster restored,
                       RestoreToCluster(Soon(), source.taken->source(), {.line = line}, how));
  ASSERT_OK(restored.etcd->StartAll());
  etcd::Client& client = restored.etcd->client();

  EXPECT_EQ(restored.result.revision, revision + kBump);
  EXPECT_EQ(restored.result.compact_revision, revision + kBump);
  ASSERT_OK_AND_ASSIGN(
      const etcd::RangeResponse after,
      client.Range(Soon(), {.key = std::string(1, '\0'), .range_end = etcd::kFromKey}));
  EXPECT_EQ(after.header.revision, revision + kBump);
  ASSERT_THAT(after.key_values, SizeIs(before.key_values.size()));
  for (std::size_t i = 0; i < before.key_values.size(); ++i) {
    EXPECT_EQ(after.key_values[i].key, before.key_values[i].key);
    EXPECT_EQ(after.key_values[i].value, before.key_values[i].value);
    EXPECT_EQ(after.key_values[i].mod_revision, before.key_values[i].mod_revision);
    EXPECT_EQ(after.key_values[i].version, before.key_values[i].version);
  }
  for (const std::int64_t old : {std::int64_t{1}, revision, revision + 1, revision + kBump - 1}) {
    SCOPED_TRACE(old);
    EXPECT_THAT(client.Range(Soon(), {.key = "empty", .revision = old}),
                StatusIs(Code::kOutOfRange));
    ASSERT_OK_AND_ASSIGN(const auto watcher,
                         client.Watch(Soon(), {.key = "empty", .start_revision = old}));
    EXPECT_THAT(watcher->Next(Soon()), StatusIs(Code::kOutOfRange));
    EXPECT_EQ(watcher->compact_revision(), revision + kBump);
  }
  WriteRestartAndCheck({{restored.etcd.get(), line}}, revision + kBump);
}

struct Cross {
  std::string from, to;
  friend std::ostream& operator<<(std::ostream& out, const Cross& cross) {
    return out << cross.from << " to " << cross.to;
  }
};

class ThreeMembersTest : public ::testing::TestWithParam<Cross> {};

INSTANTIATE_TEST_SUITE_P(Versions, ThreeMembersTest,
                         Values(Cross{"3.4", "3.4"}, Cross{"3.5", "3.5"}, Cross{"3.6", "3.6"},
                                Cross{"3.7", "3.7"}, Cross{"3.4", "3.7"}, Cross{"3.7", "3.5"}),
                         [](const auto& test) {
                           return Underscored("from_" + test.param.from + "_to_" + test.param.to);
                         });

TEST_P(ThreeMembersTest, ComeOutOfOneRestore) {
  const auto& [from, to] = GetParam();
  ASSERT_OK_AND_ASSIGN(Source source, MakeSource({.line = from, .members = 3}, false));
  const std::int64_t revision = source.taken->result().info.revision;
  // Each member was asked, and agrees.
  int agreed = 0;
  for (const repo::Evidence& evidence : source.taken->result().evidence) {
    EXPECT_EQ(evidence.result, repo::EvidenceResult::kPassed)
        << evidence.check << ": " << evidence.detail;
    agreed += evidence.check.starts_with("member ") ? 1 : 0;
  }
  EXPECT_EQ(agreed, 3);
  source.etcd.reset();

  ASSERT_OK_AND_ASSIGN(
      const RestoredCluster restored,
      RestoreToCluster(Soon(), source.taken->source(), {.line = to, .members = 3}));
  ASSERT_OK(restored.etcd->StartAll());

  ASSERT_OK_AND_ASSIGN(const auto store, DescribeStore(Soon(), restored.etcd->client()));
  EXPECT_THAT(store, ElementsAreArray(source.store));
  ASSERT_OK_AND_ASSIGN(const auto members, restored.etcd->client().MemberList(Soon()));
  EXPECT_THAT(members, SizeIs(3));
  WriteRestartAndCheck({{restored.etcd.get(), to}}, revision);
}

}  // namespace
}  // namespace tresor::testing
