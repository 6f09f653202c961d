// SPDX-License-Identifier: Apache-2.0
// What one core does with the building blocks. Not against a peer: to see where time goes before
// tuning.
#include <benchmark/benchmark.h>

#include "base/crc32c.h"
#include "base/random.h"
#include "bolt/builder.h"
#include "bolt/reader.h"
#include "crypto/crypto.h"
#include "etcd/format/record.h"

namespace tresor::bench {
namespace {

constexpr std::size_t kRecordBytes = 2900;

Bytes RandomBytes(std::size_t size) {
  SeededRandom random(size);
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}

void Throughput(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(bytes));
}

void BM_Crc32c(benchmark::State& state) {
  const Bytes bytes = RandomBytes(static_cast<std::size_t>(state.range(0)));
  std::uint32_t crc = 0;
  for (auto _ : state) {
    crc = Crc32c(crc, bytes);
  }
  benchmark::DoNotOptimize(crc);
  Throughput(state, bytes.size());
}
BENCHMARK(BM_Crc32c)->Arg(64)->Arg(kRecordBytes)->Arg(1 << 20);

void BM_Sha256(benchmark::State& state) {
  const Bytes bytes = RandomBytes(1 << 20);
  for (auto _ : state) {
    benchmark::DoNotOptimize(crypto::Sha256::Of(bytes));
  }
  Throughput(state, bytes.size());
}
BENCHMARK(BM_Sha256);

void BM_Seal(benchmark::State& state) {
  const Bytes plain = RandomBytes(static_cast<std::size_t>(state.range(0)));
  Bytes sealed(plain.size() + crypto::Aead::kTagSize);
  crypto::Aead aead(crypto::SecretKey::Generate(SystemRandom()));
  std::uint64_t counter = 0;
  for (auto _ : state) {
    aead.SealTo(counter++, {}, plain, sealed);
  }
  Throughput(state, plain.size());
}
BENCHMARK(BM_Seal)->Arg(16 << 10)->Arg(256 << 10);

void BM_Fingerprint(benchmark::State& state) {
  const Bytes value = RandomBytes(kRecordBytes);
  crypto::Fingerprinter fingerprint(crypto::SecretKey::Generate(SystemRandom()));
  std::uint64_t main = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(fingerprint(main++, 0, value));
  }
  Throughput(state, value.size());
}
BENCHMARK(BM_Fingerprint);

Bytes RecordValue() {
  const Bytes value = RandomBytes(kRecordBytes - 80);
  return etcd::EncodeKeyValue({.key = AsBytes("/registry/pods/team-001/checkout-5d4f8c7b9-x2kqp"),
                               .create_revision = 100,
                               .mod_revision = 2000,
                               .version = 7,
                               .value = value});
}

void BM_DecodeUserKey(benchmark::State& state) {
  const Bytes value = RecordValue();
  for (auto _ : state) {
    benchmark::DoNotOptimize(etcd::DecodeUserKey(value));
  }
}
BENCHMARK(BM_DecodeUserKey);

class MemorySink final : public bolt::PageSink {
 public:
  Status WriteAt(std::uint64_t offset, ByteView bytes) override {
    image.resize(std::max(image.size(), offset + bytes.size()));
    std::ranges::copy(bytes, image.begin() + static_cast<std::ptrdiff_t>(offset));
    return OkStatus();
  }
  Bytes image;
};

Bytes BuildImage(std::int64_t records) {
  const Bytes value = RecordValue();
  MemorySink sink;
  auto builder = bolt::Builder::Create(sink, {.leaf_bytes = 16384});
  if (!builder.ok() || !(*builder)->BeginBucket(AsBytes("key"), 0).ok()) {
    return {};
  }
  for (std::int64_t main = 2; main < records + 2; ++main) {
    if (!(*builder)->Put(etcd::EncodeRecordKey({.main = main}), value).ok()) {
      return {};
    }
  }
  if (!(*builder)->EndBucket().ok() || !(*builder)->Finish().ok()) {
    return {};
  }
  return std::move(sink.image);
}

void BM_BoltBuild(benchmark::State& state) {
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = BuildImage(20'000).size();
  }
  Throughput(state, bytes);
}
BENCHMARK(BM_BoltBuild)->Unit(benchmark::kMillisecond);

void BM_BoltCheck(benchmark::State& state) {
  const Bytes image = BuildImage(20'000);
  const io::BytesReader reader(image);
  const auto database = bolt::Database::Open(reader);
  for (auto _ : state) {
    if (!database.ok() || !(*database)->Walk(Context::Background(), nullptr).ok()) {
      state.SkipWithError("the image is not sound");
    }
  }
  Throughput(state, image.size());
}
BENCHMARK(BM_BoltCheck)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tresor::bench

BENCHMARK_MAIN();
