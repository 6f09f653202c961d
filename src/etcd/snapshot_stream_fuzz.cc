// SPDX-License-Identifier: Apache-2.0
// Any sequence of messages: nothing crashes, and what counts as whole adds up.
//
// Input: messages, each a u16 length and that many bytes; the first byte of each says where it is
// cut in two buffers.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "etcd/snapshot_stream.h"

namespace {

class CountingSink final : public tresor::etcd::SnapshotSink {
 public:
  tresor::Status Begin(std::uint64_t image_bytes) override {
    TRESOR_CHECK(announced == 0 && image_bytes % 512 == 0 && image_bytes > 0);
    announced = image_bytes;
    return tresor::OkStatus();
  }
  tresor::Status Append(tresor::ByteView bytes) override {
    TRESOR_CHECK(!bytes.empty() && announced - received >= bytes.size());
    received += bytes.size();
    return tresor::OkStatus();
  }
  std::uint64_t announced = 0;
  std::uint64_t received = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tresor::ByteReader reader(std::as_bytes(std::span(data, size)));
  CountingSink sink;
  tresor::etcd::SnapshotGuard guard(sink);
  tresor::etcd::SnapshotMessage message;
  while (reader.ok() && reader.remaining() >= 3) {
    const std::size_t length = reader.U16();
    const std::size_t cut = std::min<std::size_t>(reader.U8(), length);
    const tresor::ByteView bytes = reader.View(length);
    if (!reader.ok()) {
      return 0;
    }
    const std::array<tresor::ByteView, 2> buffers = {bytes.first(cut), bytes.subspan(cut)};
    if (!tresor::etcd::DecodeSnapshotMessage(buffers, message).ok() ||
        !guard.OnMessage(message).ok()) {
      return 0;
    }
    TRESOR_CHECK(guard.received_bytes() == sink.received);
  }
  if (const auto summary = guard.Finish(); summary.ok()) {
    TRESOR_CHECK(summary->image_bytes == sink.received && sink.received == sink.announced);
  }
  return 0;
}
