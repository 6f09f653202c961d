// SPDX-License-Identifier: Apache-2.0
// Decodes the hexdumps of FORMAT.md, so that the document stays true.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/status_matchers.h"
#include "store/row_codec.h"

namespace tresor::store {
namespace {

/// The bytes of the block "```hexdump <name>".
std::string DumpOf(const std::string& name) {
  std::ifstream file(TRESOR_SOURCE_DIR "/src/store/FORMAT.md");
  std::string line;
  std::string hex;
  bool inside = false;
  while (std::getline(file, line)) {
    if (inside && line.starts_with("```")) {
      break;
    }
    if (inside) {
      std::istringstream words(line.substr(0, line.find('|')));
      for (std::string word; words >> word;) {
        hex += word;
      }
    }
    inside = inside || line == "```hexdump " + name;
  }
  const Result<Bytes> bytes = FromHex(hex);
  return bytes.ok() ? ToString(*bytes) : "";
}

/// The salt of the example.
class CountingRandom final : public Random {
 public:
  void Fill(MutableByteView out) override {
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<std::byte>(0x20 + i);
    }
  }
};

TEST(StoreFormatDocTest, TheSealedValueIsTheJson) {
  Bytes key(crypto::SecretKey::kSize);
  for (std::size_t i = 0; i < key.size(); ++i) {
    key[i] = static_cast<std::byte>(i);
  }
  CountingRandom random;
  const RowCodec codec(*crypto::SecretKey::FromBytes(key), random);
  const LogKey name{"secrets", "demo", "s"};

  ASSERT_OK_AND_ASSIGN(const auto open, codec.Decode(name, 7, DumpOf("json")));
  ASSERT_OK_AND_ASSIGN(const auto sealed, codec.Decode(name, 7, DumpOf("sealed")));

  EXPECT_EQ(*open, *sealed);
  objects::Object object = *open;
  EXPECT_EQ(ToHex(AsBytes(codec.Encode(name, object, true))), ToHex(AsBytes(DumpOf("sealed"))));
  EXPECT_EQ(codec.Encode(name, object, false), DumpOf("json"));
}

}  // namespace
}  // namespace tresor::store
