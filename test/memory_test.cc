// SPDX-License-Identifier: Apache-2.0
// The most anonymous memory that the real program holds: alone on a database of 300 MB, and as a
// server that backs up many clusters at once.
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "base/thread.h"
#include "bench/kube_load.h"
#include "bolt/builder.h"
#include "etcd/format/meta.h"
#include "etcd/format/record.h"
#include "io/file_system.h"
#include "test/etcd_fixture.h"
#include "test/serve_program.h"
#include "test/tresor_program.h"

namespace tresor {
namespace {

using testing::EtcdCluster;
using testing::ProgramRun;
using testing::ServeProgram;
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
Status WriteDatabase(const std::string& path, std::uint64_t database_bytes) {
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
  for (std::uint64_t i = 0; bytes < database_bytes; ++i) {
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
  ASSERT_OK(WriteDatabase(file, kDatabaseBytes));
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

/// The value of a metric without labels; -1: it is not there.
double MetricOf(const std::string& text, const std::string& name) {
  const std::size_t place = text.find("\n" + name + " ");
  return place == std::string::npos ? -1
                                    : std::strtod(text.c_str() + place + name.size() + 2, nullptr);
}

TEST(MemoryTest, BackupsOfManyClustersStayWithinTheServersLimit) {
  constexpr std::uint64_t kServerLimitBytes = std::uint64_t{320} << 20;
  constexpr int kClusters = 5;
  ASSERT_OK_AND_ASSIGN(const auto tresor, TresorProgram::CreateRepository());
  const std::string file = tresor->dir() + "/db";
  ASSERT_OK(WriteDatabase(file, std::uint64_t{120} << 20));
  ASSERT_OK_AND_ASSIGN(const auto etcd, EtcdCluster::Plan({.line = "3.5"}));
  ASSERT_OK_AND_ASSIGN(
      const ProgramRun restored,
      tresor->Run({"snapshot", "restore", file, "--skip-hash-check", "--data-dir",
                   etcd->data_dir(0), "--name", etcd->name(0), "--initial-cluster",
                   etcd->initial_cluster(), "--initial-advertise-peer-urls", etcd->peer_url(0)}));
  ASSERT_TRUE(restored.status.success()) << ToString(restored);
  ASSERT_OK(etcd->StartAll());

  ASSERT_OK_AND_ASSIGN(const auto serve,
                       ServeProgram::Start({.default_schedule = "none",
                                            .arguments = {"--memory-limit", "320MiB",
                                                          "--max-parallel-backups", "8"}}));
  ASSERT_OK(serve->Kubectl({"create", "namespace", "demo"}));
  const auto make = [&](const char* kind, const std::string& name, nlohmann::json spec) {
    return serve->Apply({{"apiVersion", "tresor.dev/v1"},
                         {"kind", kind},
                         {"metadata", {{"name", name}, {"namespace", "demo"}}},
                         {"spec", std::move(spec)}});
  };
  for (int i = 0; i < kClusters; ++i) {
    // Clusters of their own, for all that the server knows.
    ASSERT_OK(make("EtcdCluster", fmt::format("c{}", i),
                   {{"runtime", "external"}, {"endpoints", {etcd->endpoint(0)}}}));
  }
  for (int i = 0; i < kClusters; ++i) {
    ASSERT_OK(serve->AwaitCondition(fmt::format("ec/c{}", i), "Ready"));
  }
  const std::uint64_t idle = AnonymousBytes(serve->pid());
  std::atomic<std::uint64_t> peak = 0;
  const Thread watching([&](const std::stop_token& stop) {
    const Context context = Context::Background().WithStop(stop);
    while (context.Sleep(std::chrono::milliseconds(2)).ok()) {
      peak = std::max(peak.load(), AnonymousBytes(serve->pid()));
    }
  });
  for (int i = 0; i < kClusters; ++i) {
    ASSERT_OK(make("EtcdBackup", fmt::format("b{}", i),
                   {{"cluster", {{"name", fmt::format("c{}", i)}}}}));
  }
  double most_at_once = 0;
  double most_expected = 0;
  ASSERT_OK(serve->Await("all backups are over", [&] {
    const std::string metrics = serve->Kubectl({"get", "--raw", "/metrics"}).value_or("");
    most_at_once = std::max(most_at_once, MetricOf(metrics, "tresor_backup_queue_running"));
    most_expected = std::max(most_expected, MetricOf(metrics, "tresor_backup_queue_memory_bytes"));
    return most_at_once > 0 && MetricOf(metrics, "tresor_backup_queue_running") == 0 &&
           MetricOf(metrics, "tresor_backup_queue_waiting") == 0;
  }));
  for (int i = 0; i < kClusters; ++i) {
    ASSERT_OK(serve->AwaitCondition(fmt::format("eb/b{}", i), "Completed"));
  }
  std::cout << "at most " << most_at_once << " at once, " << ((peak - idle) >> 20)
            << " MiB more than the " << (idle >> 20) << " MiB of before\n";
  EXPECT_EQ(most_at_once, 2);
  EXPECT_LE(most_expected, static_cast<double>(kServerLimitBytes));
  EXPECT_LT(peak - idle, kServerLimitBytes);
}

}  // namespace
}  // namespace tresor
