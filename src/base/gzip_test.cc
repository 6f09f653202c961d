// SPDX-License-Identifier: Apache-2.0
#include "base/gzip.h"

#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/random.h"

namespace tresor {
namespace {

std::string Unpack(std::string packed, std::size_t most) {
  std::string text(most + 1, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(GzipTest, WhatIsPackedIsUnpackedByZlib) {
  SeededRandom random(1);
  for (const std::size_t size : {0U, 1U, 100U, 65'535U, 65'536U, 3'000'000U}) {
    for (const bool compressible : {true, false}) {
      std::string text(size, '\0');
      for (char& c : text) {
        c = static_cast<char>(compressible ? 'a' + random.Below(3) : random.Below(256));
      }
      const std::string packed = Gzip(text);
      EXPECT_EQ(Unpack(packed, size), text) << size;
      if (compressible && size > 1000) {
        EXPECT_LT(packed.size(), size / 3);
      }
    }
  }
}

}  // namespace
}  // namespace tresor
