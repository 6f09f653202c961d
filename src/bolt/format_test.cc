// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/status_matchers.h"
#include "bolt/format/freelist.h"
#include "bolt/format/meta.h"
#include "bolt/format/node.h"
#include "bolt/format/page.h"
#include "bolt/model_test_util.h"
#include "bolt/reader.h"
#include "bolt/test_util.h"
#include "io/file_system.h"

namespace tresor::bolt::format {
namespace {

using ::testing::HasSubstr;
using ::tresor::testing::StatusIs;

TEST(Fnv1a64Test, AgreesWithPublishedValues) {
  EXPECT_EQ(Fnv1a64({}), 0xcbf29ce484222325U);
  EXPECT_EQ(Fnv1a64(AsBytes("a")), 0xaf63dc4c8601ec8cU);
}

/// The metas of the file that bbolt creates when there is none.
Meta FreshMeta(std::uint64_t txid) {
  return {.page_size = 4096,
          .root = PageId{3},
          .root_sequence = 0,
          .freelist = PageId{2},
          .high_water_mark = 4,
          .txid = txid};
}

TEST(MetaTest, EncodesTheChecksumsOfAFreshFileOfBbolt) {
  Bytes page(kMetaPageSize);
  EncodeMetaPage(FreshMeta(0), 0, page);
  EXPECT_EQ(LoadU64(page.data() + 72), 0x07516e114689fdeeU);
  EncodeMetaPage(FreshMeta(1), 1, page);
  EXPECT_EQ(LoadU64(page.data() + 72), 0x264c351a5179480fU);
}

TEST(MetaTest, DecodesWhatItEncodes) {
  Bytes page(kMetaPageSize);
  Meta meta = FreshMeta(77);
  meta.root_sequence = 5;
  for (const std::optional<PageId> freelist : {std::optional(PageId{2}), std::optional<PageId>()}) {
    meta.freelist = freelist;
    EncodeMetaPage(meta, 1, page);
    EXPECT_THAT(DecodeMeta(page), tresor::testing::IsOkAndHolds(meta));
    EXPECT_EQ(DecodePageHeader(page), (PageHeader{.id = PageId{1}, .type = PageType::kMeta}));
  }
}

TEST(PageHeaderTest, DecodesWhatItEncodes) {
  const PageHeader header{.id = PageId{0x0102030405060708},
                          .type = PageType::kLeaf,
                          .count = 0x0910,
                          .overflow = 0x11121314};
  Bytes page(kPageHeaderSize);
  EncodePageHeader(header, page);
  EXPECT_EQ(DecodePageHeader(page), header);
  EXPECT_EQ(ToHex(page), "08070605040302010200100914131211");
}

TEST(NodeWriterTest, KeepsWhatIsNotTaken) {
  NodeWriter node;
  node.AddPair(AsBytes("a"), AsBytes("1"), false);
  node.AddPair(AsBytes("b"), AsBytes("22"), true);
  node.AddPair(AsBytes("c"), {}, false);
  EXPECT_EQ(node.SizeOf(1), 16U + 16 + 2);

  Bytes first;
  Bytes rest;
  node.TakeFront(1, {.type = PageType::kLeaf}, first);
  EXPECT_TRUE(Equal(node.first_key(), AsBytes("b")));
  node.TakeFront(2, {.type = PageType::kLeaf}, rest);

  LeafElements elements;
  ASSERT_OK(DecodeLeaf(first, 1, elements));
  EXPECT_TRUE(Equal(elements.pairs[0].value, AsBytes("1")));
  EXPECT_TRUE(elements.buckets.empty());
  ASSERT_OK(DecodeLeaf(rest, 2, elements));
  EXPECT_TRUE(Equal(elements.pairs[0].value, AsBytes("22")));
  EXPECT_TRUE(Equal(elements.pairs[1].key, AsBytes("c")));
  EXPECT_TRUE(elements.pairs[1].value.empty());
  EXPECT_EQ(elements.buckets, std::vector<std::uint32_t>{0});
  EXPECT_EQ(node.count(), 0U);
}

TEST(NodeTest, TakesDataThatIsNotPacked) {
  NodeWriter node;
  node.AddPair(AsBytes("a"), AsBytes("1"), false);
  Bytes page;
  node.TakeFront(1, {.type = PageType::kLeaf}, page);
  page.insert(page.begin() + 32, 8, std::byte{0xEE});
  StoreU32(page.data() + 20, 16 + 8);

  LeafElements elements;
  ASSERT_OK(DecodeLeaf(page, 1, elements));

  EXPECT_TRUE(Equal(elements.pairs[0].key, AsBytes("a")));
}

TEST(NodeTest, RejectsEveryPrefixOfALeaf) {
  NodeWriter node;
  node.AddPair(AsBytes("key"), AsBytes("value"), false);
  node.AddPair(AsBytes("kez"), AsBytes("value"), false);
  Bytes page;
  node.TakeFront(2, {.type = PageType::kLeaf}, page);
  LeafElements elements;
  for (std::size_t size = kPageHeaderSize; size < page.size(); ++size) {
    EXPECT_THAT(DecodeLeaf(ByteView(page).first(size), 2, elements), StatusIs(Code::kDataLoss));
  }
}

TEST(BucketValueTest, RejectsEveryPrefix) {
  NodeWriter leaf;
  const Bytes value = EncodeInlineBucketValue(3, leaf);
  ASSERT_EQ(value.size(), 32U);
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_THAT(DecodeBucketValue(ByteView(value).first(size)), StatusIs(Code::kDataLoss));
  }
  ASSERT_OK_AND_ASSIGN(const BucketValue bucket, DecodeBucketValue(value));
  EXPECT_EQ(bucket.sequence, 3U);
  EXPECT_TRUE(IsInline(bucket));
}

TEST(FreelistTest, TakesTheLongCountFromBehindTheHeader) {
  Bytes prefix(kFreelistPrefixSize);
  EncodePageHeader({.type = PageType::kFreelist, .count = 0xFFFF}, prefix);
  StoreU64(prefix.data() + 16, 70'000);

  ASSERT_OK_AND_ASSIGN(const FreelistExtent extent, DecodeFreelistExtent(prefix, 24 + 70'000 * 8));

  EXPECT_EQ(extent.count, 70'000U);
  EXPECT_EQ(extent.first_id_offset, 24U);
  EXPECT_THAT(DecodeFreelistExtent(prefix, 24 + 70'000 * 8 - 1),
              StatusIs(Code::kDataLoss, HasSubstr("70000 ids")));
}

/// The file of FORMAT.md's hexdump: lines "offset: words  text", what is left out is zero, the last
/// line is the size.
Bytes DocumentedFile() {
  const auto document =
      io::ReadFile(io::PosixFileSystem(), TRESOR_SOURCE_DIR "/src/bolt/FORMAT.md");
  TRESOR_CHECK(document.ok());
  const std::string text = ToString(*document);
  const std::size_t begin = text.find("```hexdump\n");
  TRESOR_CHECK(begin != std::string::npos);
  std::istringstream lines(text.substr(begin + 11, text.find("```", begin + 3) - begin - 11));
  Bytes file;
  for (std::string line; std::getline(lines, line);) {
    std::size_t offset = 0;
    std::from_chars(line.data(), line.data() + 8, offset, 16);
    file.resize(offset);
    if (line.size() > 10) {
      std::string hex = line.substr(10, 39);
      std::erase(hex, ' ');
      const Result<Bytes> bytes = FromHex(hex);
      TRESOR_CHECK(bytes.ok());
      file.insert(file.end(), bytes->begin(), bytes->end());
    }
  }
  return file;
}

TEST(FormatDocumentTest, TheHexdumpIsWhatTheBuilderWrites) {
  bolt::testing::Model model;
  auto bucket = std::make_unique<bolt::testing::Model>();
  bucket->sequence = 7;
  bucket->pairs["key"] = "value";
  model.buckets["b"] = std::move(bucket);
  bolt::testing::MemorySink sink;
  ASSERT_OK(
      bolt::testing::BuildModel(model, {.page_size = 1024, .leaf_bytes = 1024}, sink).status());

  EXPECT_EQ(sink.image, DocumentedFile());
}

TEST(FormatDocumentTest, TheHexdumpReadsAsDocumented) {
  const Bytes file = DocumentedFile();
  const io::BytesReader reader(file);
  ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader, {.exact_size = true}));

  ASSERT_OK_AND_ASSIGN(const auto value, database->Get(AsBytes("b"), AsBytes("key")));

  EXPECT_EQ(value, ToBytes("value"));
}

}  // namespace
}  // namespace tresor::bolt::format
