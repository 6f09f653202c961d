// SPDX-License-Identifier: Apache-2.0
// Decodes the hexdumps of FORMAT.md, so that the document stays true.
#include <fstream>
#include <sstream>

#include "base/hex.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "repo/format/catalog.h"
#include "repo/format/live_map.h"
#include "repo/format/names.h"
#include "repo/format/segment.h"
#include "repo/keys.h"

namespace tresor::repo {
namespace {

using testing::IsOk;

/// The bytes of the block "```hexdump <name>".
Bytes DumpOf(const std::string& name) {
  std::ifstream file(TRESOR_SOURCE_DIR "/src/repo/FORMAT.md");
  std::string line, hex;
  bool inside = false;
  while (std::getline(file, line)) {
    if (inside && line.starts_with("```")) {
      break;
    }
    if (inside) {
      std::istringstream words(line.substr(0, line.find('|')));
      std::string word;
      while (words >> word) {
        hex += word;
      }
    }
    inside = inside || line == "```hexdump " + name;
  }
  auto bytes = FromHex(hex);
  return bytes.ok() ? *bytes : Bytes();
}

KeyRing ExampleKeys() {
  Bytes master(crypto::SecretKey::kSize);
  for (std::size_t i = 0; i < master.size(); ++i) {
    master[i] = static_cast<std::byte>(i);
  }
  return {*crypto::SecretKey::FromBytes(master), Id{}};
}

TEST(FormatDocTest, FrameDecodes) {
  const Bytes raw = DumpOf("frame");
  ASSERT_OK_AND_ASSIGN(const auto records, DecodeFrame(raw));
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].key, (PackedKey{5, 0}));
  EXPECT_EQ(AsText(records[0].value), "a");
  EXPECT_EQ(records[1].key, (PackedKey{5, 2}));
  EXPECT_EQ(records[2].key, (PackedKey{900, 1}));
  EXPECT_EQ(AsText(records[2].value), "bcd");
}

TEST(FormatDocTest, LiveMapsDecode) {
  ASSERT_OK_AND_ASSIGN(const LiveSet bitmap, DecodeLiveMap(DumpOf("bitmap"), 10, 4));
  ASSERT_OK_AND_ASSIGN(const LiveSet live_gaps, DecodeLiveMap(DumpOf("live-gaps"), 1000, 2));
  ASSERT_OK_AND_ASSIGN(const LiveSet dead_gaps, DecodeLiveMap(DumpOf("dead-gaps"), 1000, 999));
  EXPECT_TRUE(bitmap.Test(0) && bitmap.Test(2) && bitmap.Test(8) && bitmap.Test(9));
  EXPECT_TRUE(live_gaps.Test(3) && live_gaps.Test(500));
  EXPECT_FALSE(dead_gaps.Test(7));
}

TEST(FormatDocTest, CatalogOpensAndDecodes) {
  const Bytes object = DumpOf("catalog");
  ASSERT_OK_AND_ASSIGN(const Bytes raw,
                       ExampleKeys().Open(ObjectKind::kCatalog, CatalogName(1), object));
  ASSERT_OK_AND_ASSIGN(const Catalog catalog, DecodeCatalog(raw));
  EXPECT_EQ(raw, DumpOf("catalog-plain"));
  EXPECT_EQ(catalog.sequence, 1U);
  EXPECT_EQ(catalog.writer_host, "host");
  ASSERT_EQ(catalog.backups.size(), 1U);
  EXPECT_EQ(catalog.backups[0].info.revision, 5);
  EXPECT_EQ(catalog.backups[0].info.tags, std::vector<std::string>{"t"});
}

}  // namespace
}  // namespace tresor::repo
