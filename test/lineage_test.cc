// SPDX-License-Identifier: Apache-2.0
// What happens to clusters in their lives, and that each backup of each of them restores to exactly
// what was there.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/status_matchers.h"
#include "bolt/builder.h"
#include "etcd/format/record.h"
#include "io/file_system.h"
#include "test/etcd_fixture.h"
#include "test/kube_writer.h"
#include "test/tresor_program.h"

namespace tresor {
namespace {

using ::testing::Contains;
using testing::Content;
using testing::EtcdCluster;
using ::testing::HasSubstr;
using testing::Json;
using testing::KubeWriter;
using ::testing::Not;
using testing::ProgramRun;
using testing::TresorProgram;

constexpr std::uint64_t kUnchangedBytes = 16 << 10;  // the most that an unchanged database may cost
constexpr bench::LoadOptions kLoad{.seed = 7, .scale = 0.0008, .churn = 0.002};

/// A backup, and what its source was like at that moment.
struct Taken {
  std::string what;
  Json json;
  etcd::HashKvResponse hash;
  Content content;  // by a snapshot of etcdctl's
  [[nodiscard]] std::string id() const { return json["id"]; }
  [[nodiscard]] std::string lineage() const { return json["lineage"]; }
  [[nodiscard]] std::int64_t revision() const { return json["revision"]; }
  [[nodiscard]] std::uint64_t added_bytes() const { return json["addedBytes"]; }
  /// "passed"; "" when there is no such check.
  [[nodiscard]] std::string Result(const std::string& check) const { return Find(check, "result"); }
  [[nodiscard]] std::string Detail(const std::string& check) const { return Find(check, "detail"); }
  [[nodiscard]] std::string Find(const std::string& check, const char* field) const {
    for (const Json& item : json["checks"]) {
      if (item["check"] == check) {
        return item[field];
      }
    }
    return "";
  }
  [[nodiscard]] std::string warnings() const { return json["warnings"].dump(); }
};

std::string Join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : ",") + part;
  }
  return text;
}

class LineageTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK_AND_ASSIGN(tresor_, TresorProgram::CreateRepository()); }

  [[nodiscard]] Context context() const {
    return Context::Background().WithTimeout(std::chrono::minutes(2));
  }

  /// Saves `cluster` and remembers what member `witness`, which has what was read, has.
  void Take(const std::string& what, EtcdCluster& cluster, int witness,
            const std::vector<std::string>& flags = {}) {
    SCOPED_TRACE(what);
    std::vector<std::string> words = {"snapshot", "save", "--endpoints",
                                      Join(cluster.client_options().endpoints)};
    words.insert(words.end(), flags.begin(), flags.end());
    Taken taken{.what = what, .json = {}, .hash = {}, .content = {}};
    ASSERT_OK_AND_ASSIGN(taken.json, tresor_->RunJson(words));
    ASSERT_OK_AND_ASSIGN(taken.hash, cluster.client().HashKv(context(), cluster.endpoint(witness),
                                                             taken.revision()));
    EXPECT_EQ(taken.hash.header.revision, taken.revision());
    if (taken.hash.compact_revision == taken.json["hashKv"]["compactRevision"]) {
      EXPECT_EQ(taken.json["hashKv"]["hash"], taken.hash.hash);
    } else {
      // Since 3.5.5 servers answer with a hash that they made during the last compaction, over
      // records that it took away; the next start forgets it.
      EXPECT_EQ(taken.revision(), taken.json["hashKv"]["compactRevision"]);
      taken.hash.hash = taken.json["hashKv"]["hash"];
      taken.hash.compact_revision = taken.json["hashKv"]["compactRevision"];
    }
    const std::string file = fmt::format("{}/plain-{}", tresor_->dir(), taken_.size());
    ASSERT_THAT(
        testing::RunTool(context(), "etcdctl-3.5",
                         {"snapshot", "save", file, "--endpoints=" + cluster.endpoint(witness)}),
        testing::IsOk());
    ASSERT_OK_AND_ASSIGN(taken.content, testing::ReadSnapshotFile(context(), file));
    taken_.push_back(std::move(taken));
  }
  [[nodiscard]] const Taken& last() const { return taken_.back(); }

  /// A cluster of one member that is to be started from a backup.
  Result<std::unique_ptr<EtcdCluster>> Restore(const std::string& id, const std::string& line,
                                               const std::vector<std::string>& flags = {}) {
    ASSIGN_OR_RETURN(auto cluster, EtcdCluster::Plan({.line = line}));
    std::vector<std::string> words = {"snapshot",
                                      "restore",
                                      id,
                                      "--data-dir",
                                      cluster->data_dir(0),
                                      "--name",
                                      cluster->name(0),
                                      "--initial-cluster",
                                      cluster->initial_cluster(),
                                      "--initial-advertise-peer-urls",
                                      cluster->peer_url(0)};
    words.insert(words.end(), flags.begin(), flags.end());
    RETURN_IF_ERROR(tresor_->RunJson(words).status());
    RETURN_IF_ERROR(cluster->StartAll());
    return cluster;
  }

  static void RestartAll(EtcdCluster& cluster) {
    for (int i = 0; i < cluster.size(); ++i) {
      cluster.KillMember(i);
    }
    ASSERT_OK(cluster.StartAll());
  }

  void ExpectEveryBackupRestores(const std::string& line) {
    ASSERT_OK_AND_ASSIGN(const Json check, tresor_->RunJson({"repo", "check", "--read-data"}));
    EXPECT_EQ(check["backups"], taken_.size());
    ASSERT_OK_AND_ASSIGN(const auto opened, testing::OpenRepository(*tresor_));
    for (const Taken& taken : taken_) {
      SCOPED_TRACE(taken.what);
      ASSERT_OK_AND_ASSIGN(const Content stored,
                           testing::ReadBackup(context(), *opened.repository, taken.id()));
      const auto difference = testing::Difference(stored, taken.content);
      EXPECT_FALSE(difference.has_value()) << *difference;

      ASSERT_OK_AND_ASSIGN(const auto cluster, Restore(taken.id(), line));
      ASSERT_OK_AND_ASSIGN(const auto hash, cluster->client().HashKv(
                                                context(), cluster->endpoint(0), taken.revision()));
      EXPECT_EQ(hash.header.revision, taken.revision());
      EXPECT_EQ(hash.hash, taken.hash.hash);
      EXPECT_EQ(hash.compact_revision, taken.hash.compact_revision);
      // What it serves is what it was started from.
      cluster->KillMember(0);
      ASSERT_OK_AND_ASSIGN(const Content served,
                           testing::ReadMember(context(), cluster->data_dir(0)));
      EXPECT_EQ(served.at("key"), taken.content.at("key"));
      EXPECT_EQ(served.at("lease"), taken.content.at("lease"));
    }
  }

  std::unique_ptr<TresorProgram> tresor_;
  std::vector<Taken> taken_;
};

TEST_F(LineageTest, EachBackupOfAnEventfulLifeRestoresToWhatWasThere) {
  // The strict check lets nobody change members in a cluster's first five seconds.
  ASSERT_OK_AND_ASSIGN(
      const auto first,
      EtcdCluster::Start(
          {.line = "3.5", .members = 3, .flags = {"--strict-reconfig-check=false"}}));
  KubeWriter writer(first->client(), kLoad);
  ASSERT_OK(writer.Base(context()));
  ASSERT_NO_FATAL_FAILURE(Take("the first", *first, 0));
  const Taken base = last();
  EXPECT_EQ(base.Result("lineage"), "passed");
  EXPECT_GT(base.added_bytes(), kUnchangedBytes);

  ASSERT_NO_FATAL_FAILURE(Take("unchanged", *first, 0));
  EXPECT_LE(last().added_bytes(), kUnchangedBytes);

  ASSERT_THAT(first->client().Put(context(), {.key = "/written/on", .value = "1"}),
              testing::IsOk());
  ASSERT_OK(writer.Interval(context(), 0));
  ASSERT_NO_FATAL_FAILURE(Take("written on", *first, 0));
  const Taken grown = last();
  EXPECT_GT(grown.revision(), base.revision());

  for (int i = 0; i < first->size(); ++i) {
    ASSERT_OK(first->client().Defragment(context(), first->endpoint(i)));
  }
  ASSERT_NO_FATAL_FAILURE(Take("defragmented", *first, 0));
  EXPECT_LE(last().added_bytes(), kUnchangedBytes);
  EXPECT_EQ(last().revision(), grown.revision());

  // A new member in the place of an old one copies the database over the network.
  ASSERT_OK_AND_ASSIGN(const auto old, first->client().StatusOf(context(), first->endpoint(2)));
  const std::string old_id = etcd::ToString(old.header.member);
  const std::string etcdctl_endpoint = "--endpoints=" + first->endpoint(0);
  ASSERT_THAT(
      testing::RunTool(context(), "etcdctl-3.5", {"member", "remove", old_id, etcdctl_endpoint}),
      testing::IsOk());
  first->KillMember(2);
  std::filesystem::remove_all(first->data_dir(2));
  ASSERT_OK(first->WaitHealthy(0, context()));  // it may have been the leader
  ASSERT_THAT(testing::RunTool(context(), "etcdctl-3.5",
                               {"member", "add", first->name(2),
                                "--peer-urls=" + first->peer_url(2), etcdctl_endpoint}),
              testing::IsOk());
  ASSERT_OK(first->StartMember(2, {"--initial-cluster-state=existing"}));
  ASSERT_OK(first->StartAll());
  ASSERT_NO_FATAL_FAILURE(Take("member replaced", *first, 2, {"--member", first->endpoint(2)}));
  EXPECT_NE(last().json["source"]["memberId"], old_id);
  EXPECT_LE(last().added_bytes(), kUnchangedBytes);

  ASSERT_OK(first->client().Compact(context(), grown.revision(), true));
  ASSERT_NO_FATAL_FAILURE(Take("compacted to the tip", *first, 1));
  const Taken compacted = last();
  EXPECT_NE(compacted.json["evidence"], "failed");
  RestartAll(*first);
  ASSERT_NO_FATAL_FAILURE(Take("compacted to the tip, restarted", *first, 1));
  EXPECT_EQ(last().json["evidence"], "passed") << last().json["checks"].dump();
  EXPECT_EQ(last().json["hashKv"], compacted.json["hashKv"]);
  EXPECT_LE(last().added_bytes(), kUnchangedBytes);
  EXPECT_LT(last().json["records"], grown.json["records"]);
  EXPECT_EQ(last().hash.compact_revision, grown.revision());
  for (const Taken& taken : taken_) {
    EXPECT_EQ(taken.lineage(), base.lineage()) << taken.what;
    if (taken.id() != compacted.id()) {
      EXPECT_EQ(taken.json["evidence"], "passed") << taken.what << taken.json["checks"].dump();
    }
  }

  // The same cluster, restored to an older state: revisions come a second time, with other content.
  ASSERT_OK_AND_ASSIGN(const auto second, Restore(base.id(), "3.5"));
  ASSERT_OK(second->client().Put(context(), {.key = "/after/restore", .value = "1"}));
  ASSERT_OK(KubeWriter(second->client(), {.seed = 8, .scale = kLoad.scale, .churn = kLoad.churn})
                .Interval(context(), 0));
  ASSERT_NO_FATAL_FAILURE(Take("restored without a bump, written on", *second, 0));
  EXPECT_NE(last().lineage(), base.lineage());
  EXPECT_EQ(last().Result("lineage"), "unproven");
  const std::string first_other = fmt::format("{}_0", base.revision() + 1);
  EXPECT_THAT(last().Detail("lineage"), HasSubstr(first_other));
  EXPECT_THAT(last().warnings(), HasSubstr(first_other));

  // With a bump the revisions are new ones.
  ASSERT_OK_AND_ASSIGN(
      const auto third,
      Restore(grown.id(), "3.5", {"--bump-revision", "100000", "--mark-compacted"}));
  ASSERT_OK(KubeWriter(third->client(), {.seed = 9, .scale = kLoad.scale, .churn = kLoad.churn})
                .Interval(context(), 0));
  ASSERT_NO_FATAL_FAILURE(Take("restored with a bump, written on", *third, 0));
  EXPECT_GT(last().revision(), grown.revision() + 100000);
  EXPECT_EQ(last().Result("lineage"), "unproven");  // it is not the newest backup's

  ASSERT_THAT(third->client().DeleteRange(
                  context(), {.key = std::string(1, '\0'), .range_end = etcd::kFromKey}),
              testing::IsOk());
  ASSERT_NO_FATAL_FAILURE(Take("emptied", *third, 0));
  ASSERT_OK(third->client().Compact(context(), last().revision(), true));
  RestartAll(*third);
  ASSERT_NO_FATAL_FAILURE(Take("emptied and compacted", *third, 0));
  EXPECT_EQ(last().json["liveKeys"], 0);
  EXPECT_EQ(last().lineage(), taken_[taken_.size() - 2].lineage());
  EXPECT_LE(last().added_bytes(), kUnchangedBytes);

  ExpectEveryBackupRestores("3.5");
}

/// Changes the value of one key in a stopped member's database, at the same revision, as a failing
/// disk or a bug does: nothing but the content tells.
Status Corrupt(const Context& context, const std::string& data_dir, const std::string& key) {
  class Sink final : public bolt::PageSink {
   public:
    explicit Sink(io::File& file) : file_(file) {}
    Status WriteAt(std::uint64_t offset, ByteView bytes) override {
      return file_.WriteAt(offset, bytes);
    }

   private:
    io::File& file_;
  };
  ASSIGN_OR_RETURN(Content content, testing::ReadMember(context, data_dir));
  bool changed = false;
  for (auto& [record_key, value] : content.at("key")) {
    ASSIGN_OR_RETURN(etcd::KeyValue decoded, etcd::DecodeKeyValue(AsBytes(value)));
    if (ToString(decoded.key) == key) {
      const std::string other = "something else";
      decoded.value = AsBytes(other);
      value = ToString(etcd::EncodeKeyValue(decoded));
      changed = true;
    }
  }
  if (!changed) {
    return Error(Code::kNotFound, "{} is not there", key);
  }
  io::FileSystem& fs = io::PosixFileSystem();
  ASSIGN_OR_RETURN(const auto file,
                   fs.Open(data_dir + "/member/snap/db", io::OpenMode::kTruncate, 0600));
  Sink sink(*file);
  ASSIGN_OR_RETURN(const auto builder, bolt::Builder::Create(sink));
  for (const auto& [bucket, pairs] : content) {
    RETURN_IF_ERROR(builder->BeginBucket(AsBytes(bucket), 0));
    for (const auto& [pair_key, value] : pairs) {
      RETURN_IF_ERROR(builder->Put(AsBytes(pair_key), AsBytes(value)));
    }
    RETURN_IF_ERROR(builder->EndBucket());
  }
  RETURN_IF_ERROR(builder->Finish().status());
  return file->Close();
}

class CorruptMemberTest : public LineageTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(CorruptMemberTest, IsNamedAndNotReadFromAndKeptApartWhenToldTo) {
  ASSERT_OK_AND_ASSIGN(const auto cluster, EtcdCluster::Start({.line = GetParam(), .members = 3}));
  for (int i = 0; i < 50; ++i) {
    ASSERT_THAT(cluster->client().Put(context(), {.key = fmt::format("/k{:02}", i % 40),
                                                  .value = fmt::format("value {}", i)}),
                testing::IsOk());
  }
  ASSERT_NO_FATAL_FAILURE(Take("healthy", *cluster, 0));
  const std::string lineage = last().lineage();

  cluster->KillMember(2);
  ASSERT_OK(Corrupt(context(), cluster->data_dir(2), "/k13"));
  ASSERT_OK(cluster->StartAll());
  const std::string& corrupt = cluster->endpoint(2);
  ASSERT_OK_AND_ASSIGN(const auto status, cluster->client().StatusOf(context(), corrupt));
  const std::string corrupt_id = etcd::ToString(status.header.member);
  ASSERT_OK_AND_ASSIGN(const auto corrupt_hash,
                       cluster->client().HashKv(context(), corrupt, last().revision()));
  ASSERT_NE(corrupt_hash.hash, last().hash.hash);
  const std::string hash_text = fmt::format("HashKV {}", corrupt_hash.hash);
  const std::string revision_text = fmt::format("revision {}", last().revision());

  // Chosen among all three: a healthy one is read, whichever was tried first.
  ASSERT_NO_FATAL_FAILURE(Take("one of three is corrupt", *cluster, 0));
  EXPECT_NE(last().json["source"]["memberId"], corrupt_id);
  EXPECT_EQ(last().lineage(), lineage);
  EXPECT_EQ(last().json["evidence"], "failed");
  EXPECT_EQ(last().Result("member " + corrupt_id), "failed");
  EXPECT_THAT(last().Detail("member " + corrupt_id), HasSubstr(hash_text));
  EXPECT_THAT(last().Detail("member " + corrupt_id), HasSubstr(revision_text));
  EXPECT_THAT(last().warnings(), HasSubstr(corrupt_id));
  EXPECT_LE(last().added_bytes(), kUnchangedBytes);

  // Nobody but the corrupt one was named.
  for (const auto& flags : std::vector<std::vector<std::string>>{
           {"--endpoints", corrupt},
           {"--endpoints", Join(cluster->client_options().endpoints), "--member", corrupt}}) {
    std::vector<std::string> words = {"snapshot", "save"};
    words.insert(words.end(), flags.begin(), flags.end());
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor_->Run(words));
    EXPECT_EQ(run.status.exit_code, 4) << ToString(run);
    EXPECT_THAT(run.standard_error, HasSubstr(corrupt_id));
    EXPECT_THAT(run.standard_error, HasSubstr(hash_text));
    EXPECT_THAT(run.standard_error, HasSubstr(revision_text));
  }
  ASSERT_OK_AND_ASSIGN(const Json list, tresor_->RunJson({"repo", "list"}));
  EXPECT_EQ(list.size(), taken_.size());

  // As told: a lineage of its own.
  ASSERT_NO_FATAL_FAILURE(Take("the corrupt member, as told", *cluster, 2,
                               {"--member", corrupt_id, "--allow-disagreement"}));
  EXPECT_EQ(last().json["source"]["memberId"], corrupt_id);
  EXPECT_NE(last().lineage(), lineage);
  EXPECT_EQ(last().json["evidence"], "failed");
  EXPECT_THAT(last().warnings(), HasSubstr(corrupt_id));
  // Record /k13 was written in: revision 2 is the first write's.
  EXPECT_THAT(last().Detail("lineage"), HasSubstr("first difference at record 15_0"));

  // And back.
  ASSERT_THAT(cluster->client().Put(context(), {.key = "/later", .value = "x"}), testing::IsOk());
  ASSERT_NO_FATAL_FAILURE(Take("healthy ones again", *cluster, 0));
  EXPECT_EQ(last().lineage(), lineage);

  ExpectEveryBackupRestores(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Lines, CorruptMemberTest, ::testing::Values("3.5", "3.6"),
                         [](const auto& line) {
                           std::string name = line.param;
                           std::ranges::replace(name, '.', '_');
                           return "Etcd" + name;
                         });

}  // namespace
}  // namespace tresor
