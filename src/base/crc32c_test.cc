// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include "base/status_matchers.h"

namespace tresor {
namespace {

TEST(Crc32cTest, GivesThePublishedCheckValue) {
  EXPECT_EQ(Crc32c(0, AsBytes("123456789")), 0xe3069283);
}

// etcd's HashKV of an empty store is the CRC of the bucket's name.
TEST(Crc32cTest, GivesTheHashOfAnEmptyStore) { EXPECT_EQ(Crc32c(0, AsBytes("key")), 1084519789U); }

TEST(Crc32cTest, ContinuesAcrossPieces) {
  EXPECT_EQ(Crc32c(Crc32c(0, AsBytes("1234")), AsBytes("56789")), 0xe3069283);
  EXPECT_EQ(Crc32c(7, {}), 7U);
}

}  // namespace
}  // namespace tresor
