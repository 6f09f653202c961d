// SPDX-License-Identifier: Apache-2.0
// .snap files. The CRC is mended, as no fuzzer guesses it; the bytes are also read as a v2 store
// and as JSON values.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/crc32c.h"
#include "etcd/format/meta.h"
#include "etcd/format/snap.h"

namespace {

void Check(const tresor::Status& status) {
  TRESOR_CHECK(status.ok() || status.code() == tresor::Code::kDataLoss);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  const ByteView bytes = std::as_bytes(std::span(data, size));
  const auto snap = etcd::DecodeSnap(bytes);
  Check(snap.status());
  if (snap.ok()) {
    Check(etcd::DecodeV2Members(snap->v2_store).status());
  }
  // As the data of a file whose CRC is right.
  ByteWriter file;
  file.U8(0x08);
  file.Varint(Crc32c(0, bytes));
  file.U8(0x12);
  file.LengthPrefixed(bytes);
  Check(etcd::DecodeSnap(file.view()).status());

  Check(etcd::DecodeV2Members(bytes).status());
  const auto member = etcd::DecodeMemberJson(bytes);
  Check(member.status());
  if (member.ok()) {
    // What was read once, is written such that it reads the same.
    const std::string json = etcd::EncodeMemberJson(*member);
    const auto again = etcd::DecodeMemberJson(AsBytes(json));
    TRESOR_CHECK(again.ok() && *again == *member);
  }
  const auto conf_state = etcd::DecodeConfStateJson(bytes);
  Check(conf_state.status());
  if (conf_state.ok()) {
    const std::string json = etcd::EncodeConfStateJson(*conf_state);
    const auto again = etcd::DecodeConfStateJson(AsBytes(json));
    TRESOR_CHECK(again.ok() && *again == *conf_state);
  }
  return 0;
}
