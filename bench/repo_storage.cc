// SPDX-License-Identifier: Apache-2.0
// What a series of backups takes in a repository, compared with zstd of the new records alone, for
// frame sizes, levels and segment sizes; and how fast the repository saves and reads. In memory,
// without etcd: the figures of docs/design/0003-repository-frames.md.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <zstd.h>

#include "base/clock.h"
#include "base/random.h"
#include "bench/kube_load.h"
#include "blob/memory.h"
#include "etcd/format/record.h"
#include "repo/key_slots.h"
#include "repo/records_crc.h"
#include "repo/repository_impl.h"

namespace tresor::bench {
namespace {

using Records = std::map<etcd::RecordKey, Bytes>;

/// The history that an etcd would keep, without one.
class History {
 public:
  void Apply(const Operation& operation) {
    switch (operation.kind) {
      case Operation::Kind::kPutWithLease:
        groups_[operation.group].push_back(operation.key);
        Put(operation);
        break;
      case Operation::Kind::kPut:
        Put(operation);
        break;
      case Operation::Kind::kDelete:
        Delete(operation.key);
        break;
      case Operation::Kind::kExpireLease:
        for (const std::string& key : groups_[operation.group]) {
          Delete(key);
        }
        groups_.erase(operation.group);
        break;
      case Operation::Kind::kMark:
        mark_ = revision_;
        break;
      case Operation::Kind::kCompact:
        Compact();
        break;
    }
  }
  [[nodiscard]] const Records& records() const { return records_; }

 private:
  struct Key {
    std::int64_t created = 0, version = 0;
    std::vector<etcd::RecordKey> records;
  };
  void Put(const Operation& operation) {
    Key& key = keys_[operation.key];
    ++revision_;
    if (key.version++ == 0) {
      key.created = revision_;
    }
    etcd::KeyValue value;
    value.key = AsBytes(operation.key);
    value.create_revision = key.created;
    value.mod_revision = revision_;
    value.version = key.version;
    value.value = AsBytes(operation.value);
    key.records.push_back({revision_, 0, false});
    records_[key.records.back()] = etcd::EncodeKeyValue(value);
  }
  void Delete(const std::string& name) {
    Key& key = keys_[name];
    if (key.version == 0) {
      return;
    }
    key.version = 0;
    key.records.push_back({++revision_, 0, true});
    etcd::KeyValue value;
    value.key = AsBytes(name);
    records_[key.records.back()] = etcd::EncodeKeyValue(value);
  }
  void Compact() {
    for (auto& [name, key] : keys_) {
      while (!key.records.empty() && key.records.front().main <= mark_ &&
             ((key.records.size() > 1 && key.records[1].main <= mark_) ||
              key.records.front().tombstone)) {
        records_.erase(key.records.front());
        key.records.erase(key.records.begin());
      }
    }
  }
  std::int64_t revision_ = 1, mark_ = 0;
  std::map<std::string, Key> keys_;
  std::map<std::uint64_t, std::vector<std::string>> groups_;
  Records records_;
};

std::uint64_t PlainZstd(const Records& records, const Records& before) {
  Bytes all;
  for (const auto& [key, value] : records) {
    if (!before.contains(key)) {
      etcd::AppendRecordKey(key, all);
      all.insert(all.end(), value.begin(), value.end());
    }
  }
  Bytes out(ZSTD_compressBound(all.size()));
  return ZSTD_compress(out.data(), out.size(), all.data(), all.size(), 3);
}

/// Values alone in frames of 1 MiB: in revision order, or those of one user key together in each
/// frame.
std::uint64_t FramedZstd(const Records& records, const Records& before, bool clustered) {
  constexpr std::size_t kFrame = std::size_t{1} << 20;
  std::uint64_t total = 0;
  std::size_t size = 0;
  std::vector<std::pair<std::string_view, ByteView>> frame;
  const auto flush = [&] {
    if (clustered) {
      std::ranges::stable_sort(frame, {}, [](const auto& record) { return record.first; });
    }
    Bytes raw;
    for (const auto& record : frame) {
      raw.insert(raw.end(), record.second.begin(), record.second.end());
    }
    Bytes out(ZSTD_compressBound(raw.size()));
    total += ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), 3);
    frame.clear();
    size = 0;
  };
  for (const auto& [key, value] : records) {
    if (!before.contains(key)) {
      frame.emplace_back(AsText(*etcd::DecodeUserKey(value)), value);
      size += value.size();
      if (size >= kFrame) {
        flush();
      }
    }
  }
  if (!frame.empty()) {
    flush();
  }
  return total;
}

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", Message(result.status()));
    std::abort();
  }
  return *std::move(result);
}
void Must(const Status& status) {
  if (!status.ok()) {
    fmt::print(stderr, "{}\n", Message(status));
    std::abort();
  }
}

double Seconds(MonotonicTime since) {
  return std::chrono::duration<double>(SystemClock().Monotonic() - since).count();
}

struct Timing {
  double tag = 0, classify = 0, add = 0, commit = 0, read = 0, lookup = 0;
};

Timing SaveOne(repo::RepositoryImpl& repository, const Records& records) {
  const Context context = Context::Background();
  Timing timing;
  auto writer = Must(repository.BeginBackup(context));
  auto tagger = writer->MakeTagger();
  std::vector<std::uint64_t> tags;
  auto start = SystemClock().Monotonic();
  for (const auto& [key, value] : records) {
    tags.push_back(tagger->Tag(key, *etcd::DecodeUserKey(value), value));
  }
  timing.tag = Seconds(start);
  start = SystemClock().Monotonic();
  std::vector<bool> add;
  std::size_t i = 0;
  for (const auto& [key, value] : records) {
    add.push_back(Must(writer->Classify(context, key, repo::PieceOf(key, value), tags[i++])) !=
                  repo::Known::kStored);
  }
  (void)Must(writer->FinishClassify(context));
  timing.classify = Seconds(start);
  start = SystemClock().Monotonic();
  i = 0;
  for (const auto& [key, value] : records) {
    if (add[i]) {
      Must(writer->Add(context, key, value, tags[i]));
    }
    ++i;
  }
  timing.add = Seconds(start);
  start = SystemClock().Monotonic();
  (void)Must(writer->Commit(context, {}));
  timing.commit = Seconds(start);
  return timing;
}

}  // namespace
}  // namespace tresor::bench

// repo_storage [scale] [intervals]
int main(int argc, char** argv) {
  using namespace tresor;
  using namespace tresor::bench;
  const double scale = argc > 1 ? std::atof(argv[1]) : 0.1;
  const int intervals = argc > 2 ? std::atoi(argv[2]) : 20;
  const Context context = Context::Background();

  struct Variant {
    std::size_t frame_kib;
    int level;
  };
  struct Series {
    Variant variant;
    std::unique_ptr<blob::BlobStore> store = blob::MakeMemoryStore();
    std::unique_ptr<repo::RepositoryImpl> repository;
  };
  std::vector<Series> series;
  for (const Variant variant :
       {Variant{1024, 3}, {256, 3}, {2048, 3}, {4096, 3}, {1024, 1}, {1024, 5}}) {
    Series one{variant};
    const repo::Credential credential = repo::KeyFile{ToBytes("a key file for benchmarks")};
    Must(repo::Repository::Init(context, *one.store, credential, "bench"));
    repo::OpenOptions options;
    options.compression_level = variant.level;
    repo::SegmentWriterOptions sizes;
    sizes.frame_size_bytes = variant.frame_kib << 10;
    one.repository = std::make_unique<repo::RepositoryImpl>(
        *one.store, Must(repo::Unlock(context, *one.store, credential)), options, sizes);
    series.push_back(std::move(one));
  }

  const KubeLoad load({.seed = 1, .scale = scale, .churn = scale});
  History history;
  for (std::uint64_t i = 0; i < load.base_size(); ++i) {
    history.Apply(load.Base(i));
  }
  Records before;
  std::uint64_t bound = 0;
  for (int interval = 0; interval <= intervals; ++interval) {
    if (interval > 0) {
      for (const Operation& operation : load.Interval(static_cast<std::uint64_t>(interval - 1))) {
        history.Apply(operation);
      }
    }
    bound += PlainZstd(history.records(), before);
    if (interval <= 2) {
      fmt::print("interval {}: values in 1 MiB frames {} bytes, clustered by user key {}\n",
                 interval, FramedZstd(history.records(), before, false),
                 FramedZstd(history.records(), before, true));
    }
    for (Series& one : series) {
      const Timing timing = SaveOne(*one.repository, history.records());
      if (interval <= 1 && &one == series.data()) {
        fmt::print(
            "save {}: {} records, tag {:.3f} s, classify {:.3f}, add {:.3f}, commit {:.3f}\n",
            interval, history.records().size(), timing.tag, timing.classify, timing.add,
            timing.commit);
      }
    }
    before = history.records();
  }
  for (Series& one : series) {
    std::uint64_t stored = 0;
    for (const blob::BlobInfo& info : Must(one.store->List(context, ""))) {
      stored += info.size_bytes;
    }
    const auto latest = Must(one.repository->Find(context, "latest"));
    const auto backup = Must(one.repository->OpenBackup(context, latest.id));
    double best = 0;
    double best_cpu = 0;  // of all threads: what a noisy machine does not blur
    for (int run = 0; run < 3; ++run) {
      const auto start = SystemClock().Monotonic();
      const std::clock_t cpu = std::clock();
      auto stream = Must(backup->Records(context));
      while (Must(stream->Next(context))) {
      }
      best = std::max(best, static_cast<double>(latest.record_bytes) / Seconds(start) / 1e6);
      best_cpu = std::max(best_cpu, static_cast<double>(latest.record_bytes) * CLOCKS_PER_SEC /
                                        static_cast<double>(std::clock() - cpu) / 1e6);
    }
    const auto start = SystemClock().Monotonic();
    const auto found = Must(backup->Lookup(context, AsBytes(load.Base(1000).key)));
    fmt::print(
        "frame {:5} KiB level {}: stored {:.2f} MB = {:.3f} x bound, read {:.0f} MB/s, {:.0f} MB "
        "per CPU second, "
        "lookup {:.1f} ms ({} records)\n",
        one.variant.frame_kib, one.variant.level, static_cast<double>(stored) / 1e6,
        static_cast<double>(stored) / static_cast<double>(bound), best, best_cpu,
        Seconds(start) * 1e3, found.records.size());
  }
  return 0;
}
