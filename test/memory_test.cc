// SPDX-License-Identifier: Apache-2.0
// The most anonymous memory that the real program holds while it works on a database of 300 MB.
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "bench/kube_load.h"
#include "bolt/builder.h"
#include "etcd/format/meta.h"
#include "etcd/format/record.h"
#include "io/file_system.h"
#include "test/etcd_fixture.h"
#include "test/tresor_program.h"

namespace tresor {
namespace {

using testing::EtcdCluster;
using testing::ProgramRun;
using testing::TresorProgram;

constexpr std::uint64_t kLimitBytes = 128 << 20;
constexpr std::uint64_t kDatabaseBytes = std::uint64_t{300} << 20;

/// RssAnon of a running process; 0: it has ended.
std::uint64_t AnonymousBytes(std::int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  std::string word;
  while (file >> word) {
    if (word == "RssAnon:") {
      std::uint64_t kib = 0;
      file >> kib;
      return kib << 10;
    }
  }
  return 0;
}

/// A database of Kubernetes-like objects, without a server: it would take minutes to fill one.
Status WriteDatabase(const std::string& path) {
  class Sink final : public bolt::PageSink {
   public:
    explicit Sink(io::File& file) : file_(file) {}
    Status WriteAt(std::uint64_t offset, ByteView bytes) override {
      return file_.WriteAt(offset, bytes);
    }

   private:
    io::File& file_;
  };
  ASSIGN_OR_RETURN(const auto file,
                   io::PosixFileSystem().Open(path, io::OpenMode::kCreateNew, 0600));
  Sink sink(*file);
  ASSIGN_OR_RETURN(const auto builder, bolt::Builder::Create(sink));
  const auto bucket = [&](std::string_view name,
                          const std::vector<std::pair<Bytes, Bytes>>& pairs) -> Status {
    RETURN_IF_ERROR(builder->BeginBucket(AsBytes(name), 0));
    for (const auto& [key, value] : pairs) {
      RETURN_IF_ERROR(builder->Put(key, value));
    }
    return builder->EndBucket();
  };
  RETURN_IF_ERROR(bucket("alarm", {}));
  RETURN_IF_ERROR(bucket("auth", {{ToBytes(etcd::kAuthRevision), etcd::EncodeCounter(1)}}));
  RETURN_IF_ERROR(bucket("authRoles", {}));
  RETURN_IF_ERROR(bucket("authUsers", {}));
  RETURN_IF_ERROR(bucket("cluster", {}));

  RETURN_IF_ERROR(builder->BeginBucket(AsBytes(etcd::kBucketKey), 0));
  const bench::KubeLoad load({.seed = 3, .scale = 0.3});
  std::uint64_t bytes = 0;
  std::int64_t revision = 1;
  for (std::uint64_t i = 0; bytes < kDatabaseBytes; ++i) {
    const bench::Operation object = load.Base(i % load.base_size());
    ++revision;
    const Bytes key = etcd::EncodeRecordKey({.main = revision});
    const Bytes value = etcd::EncodeKeyValue({.key = AsBytes(object.key),
                                              .create_revision = revision,
                                              .mod_revision = revision,
                                              .version = 1,
                                              .value = AsBytes(object.value)});
    RETURN_IF_ERROR(builder->Put(key, value));
    bytes += key.size() + value.size();
  }
  RETURN_IF_ERROR(builder->EndBucket());

  RETURN_IF_ERROR(bucket("lease", {}));
  RETURN_IF_ERROR(bucket("members", {}));
  RETURN_IF_ERROR(bucket("members_removed", {}));
  RETURN_IF_ERROR(bucket("meta", {{ToBytes(etcd::kMetaConsistentIndex), etcd::EncodeCounter(1)},
                                  {ToBytes(etcd::kMetaTerm), etcd::EncodeCounter(1)}}));
  RETURN_IF_ERROR(builder->Finish().status());
  return file->Close();
}

TEST(MemoryTest, StaysBoundedWhateverTheDatabasesSize) {
  ASSERT_OK_AND_ASSIGN(const auto tresor, TresorProgram::CreateRepository());
  const std::string file = tresor->dir() + "/db";
  ASSERT_OK(WriteDatabase(file));
  const auto expect_bounded = [&](const std::vector<std::string>& words) {
    std::uint64_t peak = 0;
    ASSERT_OK_AND_ASSIGN(const ProgramRun run,
                         tresor->RunAndWatch(words, [&](const process::Process& process) {
                           peak = std::max(peak, AnonymousBytes(process.pid()));
                           (void)Context::Background().Sleep(std::chrono::milliseconds(1));
                         }));
    ASSERT_TRUE(run.status.success()) << ToString(run);
    std::cout << words[0] << " " << words[1] << ": at most " << (peak >> 20) << " MiB\n";
    EXPECT_GT(peak, 1U << 20) << words[1];
    EXPECT_LT(peak, kLimitBytes) << words[1];
  };

  ASSERT_OK_AND_ASSIGN(const auto etcd, EtcdCluster::Plan({.line = "3.5"}));
  ASSERT_NO_FATAL_FAILURE(expect_bounded({"snapshot", "restore", file, "--skip-hash-check",
                                          "--data-dir", etcd->data_dir(0), "--name", etcd->name(0),
                                          "--initial-cluster", etcd->initial_cluster(),
                                          "--initial-advertise-peer-urls", etcd->peer_url(0)}));
  ASSERT_OK(etcd->StartAll());
  ASSERT_NO_FATAL_FAILURE(expect_bounded(
      {"snapshot", "save", "--endpoints", etcd->endpoint(0), "--spool-dir", tresor->dir()}));
  ASSERT_OK(etcd->client().Put(Context::Background(), {.key = "/one/more", .value = "1"}));
  ASSERT_NO_FATAL_FAILURE(expect_bounded(
      {"snapshot", "save", "--endpoints", etcd->endpoint(0), "--spool-dir", tresor->dir()}));
  etcd->KillMember(0);
  ASSERT_NO_FATAL_FAILURE(expect_bounded({"repo", "check", "--read-data"}));
  ASSERT_NO_FATAL_FAILURE(
      expect_bounded({"snapshot", "restore", "latest", "--data-dir", tresor->dir() + "/restored"}));
}

}  // namespace
}  // namespace tresor
