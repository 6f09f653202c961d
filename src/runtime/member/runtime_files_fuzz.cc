// SPDX-License-Identifier: Apache-2.0
// The files of clusters and members: whatever is decoded is encoded to something that decodes to
// the same.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "runtime/local/record.h"
#include "runtime/member/journal.h"
#include "runtime/member/order.h"
#include "runtime/member/status_file.h"

namespace tresor::runtime {
namespace {

template <typename Decode, typename Encode>
void RoundTrip(ByteView bytes, Decode decode, Encode encode) {
  const auto first = decode(bytes, "file");
  if (!first.ok()) {
    TRESOR_CHECK(first.status().code() == Code::kDataLoss ||
                 first.status().code() == Code::kUnimplemented);
    return;
  }
  const std::string text = encode(*first);
  const auto second = decode(AsBytes(text), "file");
  TRESOR_CHECK(second.ok());
  TRESOR_CHECK(encode(*second) == text);
}

}  // namespace
}  // namespace tresor::runtime

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;           // NOLINT(google-build-using-namespace)
  using namespace tresor::runtime;  // NOLINT(google-build-using-namespace)
  const ByteView bytes = std::as_bytes(std::span(data, size));
  RoundTrip(bytes, DecodeOrder, EncodeOrder);
  RoundTrip(bytes, DecodeStatus, EncodeStatus);
  RoundTrip(bytes, DecodeJournal, EncodeJournal);
  RoundTrip(bytes, DecodeRecord, EncodeRecord);
  return 0;
}
