// SPDX-License-Identifier: Apache-2.0
// Both ways with etcd's own tools: what we write they read, what they write we read, and what both
// make of one snapshot is the same.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <zlib.h>
#include <zstd.h>

#include "backup/check.h"
#include "backup/export.h"
#include "backup/restore.h"
#include "backup/snapshot_file.h"
#include "backup/source.h"
#include "backup/take.h"
#include "base/hex.h"
#include "base/status_matchers.h"
#include "blob/memory.h"
#include "bolt/reader.h"
#include "io/file_system.h"
#include "repo/repository.h"
#include "test/etcd_fixture.h"
#include "test/restored_cluster.h"
#include "test/rich_store.h"

namespace tresor::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

const std::vector<std::string> kLines{"3.4", "3.5", "3.6", "3.7"};

Context Soon() { return Context::Background().WithTimeout(std::chrono::seconds(120)); }

io::FileSystem& Disk() { return io::PosixFileSystem(); }

/// The tool of a line that knows `snapshot status` and `snapshot restore`.
std::string SnapshotTool(const std::string& line) {
  return (line == "3.4" ? "etcdctl-" : "etcdutl-") + line;
}

/// etcd's tools open what they are given for writing: they get copies.
Status Copy(const std::string& from, const std::string& to) {
  ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(Disk(), from));
  return io::WriteFileAtomically(Disk(), to, bytes);
}

/// `snapshot status -w json` as every line's tool gives it.
void ExpectToolsKnow(const std::string& path, const ScratchDir& scratch) {
  ASSERT_OK_AND_ASSIGN(const auto file, backup::SnapshotFile::Open(Soon(), path));
  ASSERT_OK_AND_ASSIGN(const backup::SnapshotFacts facts,
                       backup::CheckSnapshot(Soon(), file->image(), {.status_hash = true}));
  for (const std::string& line : kLines) {
    SCOPED_TRACE(SnapshotTool(line));
    const std::string copy = scratch.path() + "/status-of-" + line;
    ASSERT_OK(Copy(path, copy));
    ASSERT_OK_AND_ASSIGN(
        const process::Output output,
        RunTool(Soon(), SnapshotTool(line), {"snapshot", "status", copy, "--write-out=json"}));
    const auto json = nlohmann::json::parse(output.standard_output, nullptr, false);
    ASSERT_TRUE(json.is_object()) << output.standard_output;
    EXPECT_EQ(json["hash"], facts.status_hash.value());
    EXPECT_EQ(json["revision"], facts.revisions.current);
    EXPECT_EQ(json["totalSize"], facts.image_bytes);
    // 3.6 counts what users see, earlier ones what lies in all buckets.
    EXPECT_EQ(json["totalKey"], line < "3.6" ? facts.bucket_pairs : facts.live_keys);
  }
}

/// Restores `path` with the tool of `line`, starts that line's server from it, and looks at it.
void ExpectToolRestores(const std::string& path, const std::string& line,
                        const std::vector<std::string>& store) {
  ASSERT_OK_AND_ASSIGN(const auto etcd, EtcdCluster::Plan({.line = line}));
  ASSERT_OK(
      RunTool(Soon(), SnapshotTool(line),
              {"snapshot", "restore", path, "--name=" + etcd->name(0),
               "--data-dir=" + etcd->data_dir(0), "--initial-cluster=" + etcd->initial_cluster(),
               "--initial-advertise-peer-urls=" + etcd->peer_url(0)}));
  ASSERT_OK(etcd->StartAll());
  ASSERT_OK_AND_ASSIGN(const auto restored, DescribeStore(Soon(), etcd->client()));
  EXPECT_THAT(restored, ElementsAreArray(store));
  EXPECT_OK(StopAndCheck(Soon(), *etcd, line));
}

/// Restores `path` with ours, starts a server of `line` from it, and looks at it.
void ExpectWeRestore(const std::string& path, const backup::SnapshotFileOptions& options,
                     const std::string& line, const std::vector<std::string>& store) {
  ASSERT_OK_AND_ASSIGN(const auto file, backup::SnapshotFile::Open(Soon(), path, options));
  EXPECT_OK(backup::CheckSnapshot(Soon(), file->image()));
  ASSERT_OK_AND_ASSIGN(const auto source, backup::MakeSource(file->image(), path));
  ASSERT_OK_AND_ASSIGN(const RestoredCluster restored,
                       RestoreToCluster(Soon(), *source, {.line = line}));
  ASSERT_OK(restored.etcd->StartAll());
  ASSERT_OK_AND_ASSIGN(const auto described, DescribeStore(Soon(), restored.etcd->client()));
  EXPECT_THAT(described, ElementsAreArray(store));
  EXPECT_OK(StopAndCheck(Soon(), *restored.etcd, line));
}

class EtcdToolsTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(scratch_, ScratchDir::Create());
    ASSERT_OK_AND_ASSIGN(etcd_, EtcdCluster::Start({.line = line()}));
    ASSERT_OK(FillRichStore(Soon(), etcd_->client()));
    ASSERT_OK_AND_ASSIGN(store_, DescribeStore(Soon(), etcd_->client()));
  }

  [[nodiscard]] static const std::string& line() { return GetParam(); }
  [[nodiscard]] std::string Path(const std::string& name) const {
    return scratch_->path() + "/" + name;
  }
  /// `etcdctl snapshot save` of the server's line.
  [[nodiscard]] Status SaveWithEtcdctl(const std::string& path) const {
    std::vector<std::string> arguments = etcd_->EtcdctlFlags();
    arguments.insert(arguments.end(), {"snapshot", "save", path});
    return RunTool(Soon(), "etcdctl-" + line(), std::move(arguments)).status();
  }

  std::unique_ptr<ScratchDir> scratch_;
  std::unique_ptr<EtcdCluster> etcd_;
  std::vector<std::string> store_;
};

INSTANTIATE_TEST_SUITE_P(Lines, EtcdToolsTest, ::testing::ValuesIn(kLines),
                         [](const auto& test) { return "etcd_3_" + test.param.substr(2); });

TEST_P(EtcdToolsTest, TakeOurSnapshotFile) {
  const std::string path = Path("ours.db");
  ASSERT_OK_AND_ASSIGN(const backup::TakeResult taken,
                       backup::SaveSnapshotFile(Soon(), {}, etcd_->client(), Disk(), path));

  EXPECT_EQ(taken.facts.hash_kv.revision, taken.facts.revisions.current);
  ExpectToolsKnow(path, *scratch_);
  ExpectToolRestores(path, line(), store_);
}

TEST_P(EtcdToolsTest, TakeWhatWeExport) {
  const auto store = blob::MakeMemoryStore();
  const repo::Credential credential = repo::KeyFile{ToBytes("a key file of the tests")};
  ASSERT_OK(repo::Repository::Init(Soon(), *store, credential, "test"));
  ASSERT_OK_AND_ASSIGN(const auto repository, repo::Repository::Open(Soon(), *store, credential));
  ASSERT_OK_AND_ASSIGN(const backup::TakeResult taken,
                       backup::TakeBackup(Soon(), {}, etcd_->client(), *repository));
  ASSERT_OK_AND_ASSIGN(const auto opened, repository->OpenBackup(Soon(), taken.info.id));
  const std::string path = Path("exported.db");
  ASSERT_OK_AND_ASSIGN(const backup::ExportResult exported,
                       backup::Export(Soon(), *backup::MakeSource(*opened), path));

  EXPECT_EQ(exported.hash_kv, taken.info.hash_kv);
  ExpectToolsKnow(path, *scratch_);
  ExpectToolRestores(path, line(), store_);
}

TEST_P(EtcdToolsTest, GiveFilesThatWeTake) {
  const std::string path = Path("theirs.db");
  ASSERT_OK(SaveWithEtcdctl(path));

  ExpectToolsKnow(path, *scratch_);
  ExpectWeRestore(path, {}, line(), store_);
}

TEST_P(EtcdToolsTest, GiveFilesThatWeTakePacked) {
  const std::string path = Path("theirs.db");
  ASSERT_OK(SaveWithEtcdctl(path));
  ASSERT_OK_AND_ASSIGN(const Bytes bytes, io::ReadFile(Disk(), path));
  const std::string zstd = Path("theirs.db.zst");
  Bytes packed(ZSTD_compressBound(bytes.size()));
  packed.resize(ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), 3));
  ASSERT_OK(io::WriteFileAtomically(Disk(), zstd, packed));
  const std::string gzip = Path("theirs.db.gz");
  gzFile out = gzopen(gzip.c_str(), "wb");
  ASSERT_NE(out, nullptr);
  EXPECT_EQ(gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size())),
            static_cast<int>(bytes.size()));
  EXPECT_EQ(gzclose(out), Z_OK);

  for (const std::string& file : {zstd, gzip}) {
    SCOPED_TRACE(file);
    ASSERT_OK_AND_ASSIGN(const auto opened, backup::SnapshotFile::Open(Soon(), file));
    EXPECT_TRUE(opened->hash_checked());
    ExpectWeRestore(file, {}, line(), store_);
  }
}

TEST_P(EtcdToolsTest, CopiedDatabaseIsTakenOnlyWhenAskedFor) {
  ASSERT_OK(etcd_->Disconnect());
  etcd_->StopMember(0);
  const std::string path = Path("copy.db");
  ASSERT_OK(Copy(etcd_->data_dir(0) + "/member/snap/db", path));

  EXPECT_THAT(backup::SnapshotFile::Open(Soon(), path),
              StatusIs(Code::kDataLoss, AllOf(HasSubstr(path), HasSubstr("missing hash"))));
  ExpectWeRestore(path, {.skip_hash_check = true}, line(), store_);
}

TEST_P(EtcdToolsTest, DamagedFileIsRefused) {
  const std::string path = Path("theirs.db");
  ASSERT_OK(SaveWithEtcdctl(path));
  ASSERT_OK_AND_ASSIGN(const Bytes sound, io::ReadFile(Disk(), path));
  const auto write = [&](const Bytes& bytes) {
    return io::WriteFileAtomically(Disk(), path, bytes);
  };

  Bytes flipped = sound;
  flipped[flipped.size() / 2] ^= std::byte{1};
  ASSERT_OK(write(flipped));
  EXPECT_THAT(backup::SnapshotFile::Open(Soon(), path),
              StatusIs(Code::kDataLoss, AllOf(HasSubstr(path), HasSubstr("SHA-256"))));

  Bytes cut = sound;
  cut.resize(cut.size() - 4096);
  ASSERT_OK(write(cut));
  EXPECT_THAT(backup::SnapshotFile::Open(Soon(), path),
              StatusIs(Code::kDataLoss, AllOf(HasSubstr(path), HasSubstr("SHA-256"))));
  // Without the hash it is the structure that shows it.
  ASSERT_OK_AND_ASSIGN(const auto file,
                       backup::SnapshotFile::Open(Soon(), path, {.skip_hash_check = true}));
  EXPECT_THAT(backup::CheckSnapshot(Soon(), file->image()), StatusIs(Code::kDataLoss));
}

// -- one snapshot, two restores -------------------------------------------------------------------

/// Every pair of every bucket, a line each.
class Lister final : public bolt::Visitor {
 public:
  Status BeginBucket(ByteView name, std::uint64_t sequence) override {
    path_ += "/" + tresor::ToString(name);
    lines_.push_back(fmt::format("{}, sequence {}", path_, sequence));
    return OkStatus();
  }
  Status Pairs(bolt::Leaf leaf) override {
    for (const bolt::Pair& pair : leaf.pairs) {
      const ByteView shown = pair.value.first(std::min<std::size_t>(pair.value.size(), 200));
      lines_.push_back(fmt::format("{}: {} = {} bytes {} {:08x}", path_, ToHex(pair.key),
                                   pair.value.size(), ToHex(shown),
                                   crc32(0, reinterpret_cast<const Bytef*>(pair.value.data()),
                                         static_cast<uInt>(pair.value.size()))));
    }
    return OkStatus();
  }
  Status EndBucket() override {
    path_.erase(path_.rfind('/'));
    return OkStatus();
  }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::string path_;
  std::vector<std::string> lines_;
};

Result<std::vector<std::string>> ListDatabase(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, Disk().Open(path, io::OpenMode::kRead));
  ASSIGN_OR_RETURN(const auto database, bolt::Database::Open(*file));
  Lister lister;
  RETURN_IF_ERROR(database->Walk(Soon(), &lister).status());
  return lister.lines();
}

TEST_P(EtcdToolsTest, RestoreWhatWeRestore) {
  // 3.4's tool leaves the old members in; that form starts nothing after 3.5.
  const std::string tool = "etcdutl-" + (line() == "3.4" ? "3.5" : line());
  const std::string path = Path("theirs.db");
  ASSERT_OK(SecureStore(Soon(), *etcd_, line()));
  ASSERT_OK(SaveWithEtcdctl(path));
  const std::string cluster = "a=http://127.0.0.1:1,b=http://127.0.0.1:2,c=http://127.0.0.1:3";
  for (const bool bump : {false, true}) {
    SCOPED_TRACE(bump ? "bumped" : "as it was");
    const std::string theirs = Path(bump ? "their-bumped" : "their");
    const std::string ours = Path(bump ? "our-bumped" : "our");
    std::vector<std::string> arguments{"snapshot",
                                       "restore",
                                       path,
                                       "--name=b",
                                       "--data-dir=" + theirs,
                                       "--initial-cluster=" + cluster,
                                       "--initial-advertise-peer-urls=http://127.0.0.1:2"};
    backup::RestoreOptions how;
    how.members = {{.name = "b", .peer_urls = {}, .data_dir = ours, .wal_dir = {}}};
    how.initial_cluster = cluster;
    how.portable = false;
    if (bump) {
      arguments.insert(arguments.end(), {"--bump-revision=5000", "--mark-compacted"});
      how.bump_revision = 5000;
      how.mark_compacted = true;
    }

    ASSERT_OK(RunTool(Soon(), tool, arguments));
    ASSERT_OK_AND_ASSIGN(const auto file, backup::SnapshotFile::Open(Soon(), path));
    ASSERT_OK_AND_ASSIGN(const auto source, backup::MakeSource(file->image(), path));
    ASSERT_OK(backup::Restore(Soon(), *source, how));

    ASSERT_OK_AND_ASSIGN(const auto their_lines, ListDatabase(theirs + "/member/snap/db"));
    ASSERT_OK_AND_ASSIGN(const auto our_lines, ListDatabase(ours + "/member/snap/db"));
    EXPECT_THAT(our_lines, ElementsAreArray(their_lines));
  }
}

}  // namespace
}  // namespace tresor::testing
