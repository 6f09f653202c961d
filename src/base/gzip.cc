// SPDX-License-Identifier: Apache-2.0
#include "base/gzip.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <isa-l/igzip_lib.h>

#include "base/check.h"

namespace tresor {
namespace {

constexpr std::size_t kPartBytes = std::size_t{64} << 10;
// ISA-L counts in 32 bits.
constexpr std::size_t kMostAtOnce = std::numeric_limits<std::uint32_t>::max();

}  // namespace

std::string Gzip(std::string_view text) {
  const auto stream = std::make_unique<isal_zstream>();  // some 80 KiB
  isal_deflate_init(stream.get());
  std::vector<std::uint8_t> work(ISAL_DEF_LVL1_DEFAULT);
  stream->level = 1;
  stream->level_buf = work.data();
  stream->level_buf_size = static_cast<std::uint32_t>(work.size());
  stream->gzip_flag = IGZIP_GZIP;
  stream->flush = NO_FLUSH;
  std::string packed;
  do {
    if (stream->avail_in == 0) {
      const std::size_t count = std::min(text.size(), kMostAtOnce);
      // It takes a pointer to non-const but only reads.
      stream->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
      stream->avail_in = static_cast<std::uint32_t>(count);
      text.remove_prefix(count);
      stream->end_of_stream = text.empty() ? 1 : 0;
    }
    const std::size_t before = packed.size();
    packed.resize(before + kPartBytes);
    stream->next_out = reinterpret_cast<std::uint8_t*>(packed.data() + before);
    stream->avail_out = kPartBytes;
    TRESOR_CHECK(isal_deflate(stream.get()) == COMP_OK);
    packed.resize(packed.size() - stream->avail_out);
  } while (stream->internal_state.state != ZSTATE_END);
  return packed;
}

}  // namespace tresor
