// SPDX-License-Identifier: Apache-2.0
// The bound of what a series of snapshots needs: zstd -3 of the first one's records, and of each
// later one's new records, every time as one stream. `record_bound STATE SNAPSHOT` adds one
// snapshot to the JSON file STATE.
#include <cstdio>
#include <fstream>

#include <nlohmann/json.hpp>
#include <zstd.h>

#include "base/context.h"
#include "bolt/reader.h"
#include "etcd/format/record.h"
#include "io/file_system.h"

namespace tresor::bench {
namespace {

/// Compresses keys and values as one zstd stream and counts what comes out.
class Compressor final : public bolt::Visitor {
 public:
  Compressor() : stream_(ZSTD_createCCtx()) {
    ZSTD_CCtx_setParameter(stream_, ZSTD_c_compressionLevel, 3);
  }
  ~Compressor() override { ZSTD_freeCCtx(stream_); }

  Status BeginBucket(ByteView, std::uint64_t) override { return OkStatus(); }
  Status EndBucket() override { return OkStatus(); }
  Status Pairs(bolt::Leaf leaf) override {
    for (const bolt::Pair& pair : leaf.pairs) {
      Feed(pair.key, ZSTD_e_continue);
      Feed(pair.value, ZSTD_e_continue);
      raw_ += pair.key.size() + pair.value.size();
      ++records_;
    }
    return OkStatus();
  }
  void Finish() { Feed({}, ZSTD_e_end); }

  [[nodiscard]] std::uint64_t compressed() const { return compressed_; }
  [[nodiscard]] std::uint64_t raw() const { return raw_; }
  [[nodiscard]] std::uint64_t records() const { return records_; }

 private:
  void Feed(ByteView bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
      const std::size_t left = ZSTD_compressStream2(stream_, &out, &in, directive);
      compressed_ += out.pos;
      if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size) {
        return;
      }
    }
  }

  ZSTD_CCtx* stream_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(1 << 20);
  std::uint64_t compressed_ = 0;
  std::uint64_t raw_ = 0;
  std::uint64_t records_ = 0;
};

Status Add(const std::string& state_path, const std::string& snapshot_path) {
  nlohmann::json state = {{"lastRevision", 0},
                          {"compressedBytes", 0},
                          {"rawBytes", 0},
                          {"records", 0},
                          {"snapshots", 0}};
  if (std::ifstream file(state_path); file) {
    state = nlohmann::json::parse(file, nullptr, false);
  }
  ASSIGN_OR_RETURN(const auto file, io::PosixFileSystem().Open(snapshot_path, io::OpenMode::kRead));
  ASSIGN_OR_RETURN(const auto database, bolt::Database::Open(*file));
  Compressor compressor;
  const etcd::RecordKey from{.main = state["lastRevision"].get<std::int64_t>() + 1};
  RETURN_IF_ERROR(database->WalkBucket(Context::Background(), AsBytes("key"),
                                       etcd::EncodeRecordKey(from), compressor));
  compressor.Finish();
  ASSIGN_OR_RETURN(const auto last, database->LastKey(AsBytes("key")));
  if (last) {
    ASSIGN_OR_RETURN(const etcd::RecordKey key, etcd::DecodeRecordKey(*last));
    state["lastRevision"] = key.main;
  }
  if (state["snapshots"] == 0) {
    state["firstBytes"] = compressor.compressed();
  }
  state["compressedBytes"] =
      state["compressedBytes"].get<std::uint64_t>() + compressor.compressed();
  state["rawBytes"] = state["rawBytes"].get<std::uint64_t>() + compressor.raw();
  state["records"] = state["records"].get<std::uint64_t>() + compressor.records();
  state["snapshots"] = state["snapshots"].get<std::uint64_t>() + 1;
  std::ofstream(state_path) << state.dump(2) << "\n";
  return OkStatus();
}

}  // namespace
}  // namespace tresor::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: record_bound STATE SNAPSHOT\n", stderr);
    return 2;
  }
  const tresor::Status status = tresor::bench::Add(argv[1], argv[2]);
  if (!status.ok()) {
    fmt::print(stderr, "record_bound: {}: {}\n", argv[2], tresor::Message(status));
    return 1;
  }
  return 0;
}
