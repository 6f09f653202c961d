// SPDX-License-Identifier: Apache-2.0
// Files that lie: each rule of FORMAT.md broken by itself must be found and named.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "bolt/fixture_test_util.h"
#include "bolt/format/meta.h"
#include "bolt/format/node.h"
#include "bolt/fuzz_util.h"
#include "bolt/model_test_util.h"
#include "bolt/reader.h"
#include "bolt/test_util.h"
#include "io/file_system.h"

namespace tresor::bolt {
namespace {

using ::testing::HasSubstr;
using ::tresor::testing::IsOk;
using ::tresor::testing::StatusIs;

constexpr std::size_t kPage = 1024;

/// An image with fields to overwrite.
struct Image {
  Bytes bytes;

  std::byte* At(std::uint64_t page, std::size_t offset) {
    return bytes.data() + page * kPage + offset;
  }
  void U16(std::uint64_t page, std::size_t offset, std::uint16_t value) {
    StoreU16(At(page, offset), value);
  }
  void U32(std::uint64_t page, std::size_t offset, std::uint32_t value) {
    StoreU32(At(page, offset), value);
  }
  void U64(std::uint64_t page, std::size_t offset, std::uint64_t value) {
    StoreU64(At(page, offset), value);
  }
  /// Sets a field of both metas and makes their checksums right.
  void Meta32(std::size_t offset, std::uint32_t value) {
    for (const std::uint64_t page : {0U, 1U}) {
      U32(page, offset, value);
      Mend(page);
    }
  }
  void Meta64(std::size_t offset, std::uint64_t value) {
    for (const std::uint64_t page : {0U, 1U}) {
      U64(page, offset, value);
      Mend(page);
    }
  }
  void Mend(std::uint64_t page) {
    U64(page, 72, format::Fnv1a64(ByteView(bytes).subspan(page * kPage + 16, 56)));
  }
};

Status WalkAll(const Bytes& image, const OpenOptions& options = {}) {
  const io::BytesReader reader(image);
  const auto database = Database::Open(reader, options);
  RETURN_IF_ERROR(database.status());
  const Status checked = (*database)->Walk(Context::Background(), nullptr).status();
  testing::Dump dump;
  const Status visited = (*database)->Walk(Context::Background(), &dump).status();
  EXPECT_EQ(checked, visited);
  testing::ReadEveryWay(image, options);
  return checked;
}

struct Lie {
  std::string name;
  std::function<void(Image&)> tell;
  std::string rule;
  Code code = Code::kDataLoss;
};

std::string LieName(const ::testing::TestParamInfo<Lie>& tested) { return tested.param.name; }

// A file of the real bbolt with a freelist: 16 pages; root leaf 14 holds bucket "b", whose branch
// 13 has the leaves 2 or later, four keys each; the freelist is 15.
constexpr std::uint64_t kRoot = 14;
constexpr std::uint64_t kBranch = 13;
constexpr std::uint64_t kFreelist = 15;
constexpr std::uint64_t kPages = 16;

class BboltFileLieTest : public ::testing::TestWithParam<Lie> {};

std::uint64_t Child(Image& image, std::size_t index) {
  return LoadU64(image.At(kBranch, 16 + 16 * index + 8));
}
/// Field `field` of element `index` of the first leaf: 0 flags, 4 position, 8 key size, 12 value
/// size.
void LeafField(Image& image, std::size_t index, std::size_t field, std::uint32_t value) {
  image.U32(Child(image, 0), 16 + 16 * index + field, value);
}
/// A byte of the key of element `index` of a leaf.
std::byte* LeafKey(Image& image, std::uint64_t leaf, std::size_t index, std::size_t byte) {
  const std::size_t element = 16 + 16 * index;
  return image.At(leaf, element + LoadU32(image.At(leaf, element + 4)) + byte);
}
std::size_t RootValue(Image& image) {
  return 16 + LoadU32(image.At(kRoot, 20)) + LoadU32(image.At(kRoot, 24));
}

TEST_P(BboltFileLieTest, IsFoundAndNamed) {
  Image image{testing::LoadFixture("small_freelist_1024")};
  ASSERT_EQ(image.bytes.size(), kPages * kPage);
  ASSERT_OK(WalkAll(image.bytes));

  GetParam().tell(image);

  EXPECT_THAT(WalkAll(image.bytes), StatusIs(GetParam().code, HasSubstr(GetParam().rule)));
}

INSTANTIATE_TEST_SUITE_P(
    Metas, BboltFileLieTest,
    ::testing::ValuesIn(std::vector<Lie>{
        {"Magic", [](Image& i) { i.Meta32(16, 0xED0CDAEE); }, "magic"},
        {"Checksum", [](Image& i) { i.U64(0, 72, 1), i.U64(1, 72, 1); }, "checksum"},
        {"BigEndian", [](Image& i) { i.Meta32(16, 0xEDDA0CED); }, "big-endian",
         Code::kUnimplemented},
        {"Version", [](Image& i) { i.Meta32(20, 3); }, "version 3", Code::kUnimplemented},
        {"PageSizeOdd", [](Image& i) { i.Meta32(24, 3000); }, "page size 3000"},
        {"PageSizeZero", [](Image& i) { i.Meta32(24, 0); }, "page size 0"},
        {"PageSizeHuge", [](Image& i) { i.Meta32(24, 1U << 31); }, "page size 2147483648"},
        {"RootIsAMeta", [](Image& i) { i.Meta64(32, 1); }, "root page 1"},
        {"RootPastTheEnd", [](Image& i) { i.Meta64(32, kPages); }, "root page 16"},
        {"FreelistIsAMeta", [](Image& i) { i.Meta64(48, 0); }, "freelist page 0"},
        {"FreelistPastTheEnd", [](Image& i) { i.Meta64(48, kPages); }, "freelist page 16"},
        {"HighWaterMarkZero", [](Image& i) { i.Meta64(56, 0); }, "root page 14"},
        {"HighWaterMarkPastTheFile", [](Image& i) { i.Meta64(56, kPages + 1); }, "do not fit"},
        {"HighWaterMarkOverflows", [](Image& i) { i.Meta64(56, std::uint64_t{1} << 60); },
         "do not fit"},
        {"WinnersPageId", [](Image& i) { i.U64(0, 0, 5); }, "page 0: header is not that of a meta"},
        {"WinnersFlags", [](Image& i) { i.U16(0, 8, 2); }, "page 0: header is not that of a meta"},
    }),
    LieName);

INSTANTIATE_TEST_SUITE_P(
    Pages, BboltFileLieTest,
    ::testing::ValuesIn(std::vector<Lie>{
        {"Id", [](Image& i) { i.U64(kRoot, 0, 9); }, "page 14: header says page 9"},
        {"TwoTypes", [](Image& i) { i.U16(kRoot, 8, 3); }, "page 14: flags 0x3"},
        {"NoType", [](Image& i) { i.U16(kRoot, 8, 0); }, "page 14: flags 0x0"},
        {"MetaInTheTree", [](Image& i) { i.U16(kBranch, 8, 4); }, "page 13: flags 0x4"},
        {"OverflowPastTheEnd", [](Image& i) { i.U32(kRoot, 12, 2); }, "page 14: 2 overflow pages"},
        {"OverflowHuge", [](Image& i) { i.U32(kRoot, 12, 0xFFFFFFFF); },
         "page 14: 4294967295 overflow"},
        {"OverflowIntoAnother", [](Image& i) { i.U32(kRoot, 12, 1); }, "page 15: used twice"},
        {"CountReserved", [](Image& i) { i.U16(kBranch, 10, 0xFFFF); },
         "page 13: element count 65535"},
        {"CountTooLarge", [](Image& i) { i.U16(kRoot, 10, 64); },
         "page 14: 64 elements do not fit"},
        {"EmptyBranch", [](Image& i) { i.U16(kBranch, 10, 0); },
         "page 13: branch page without elements"},
        {"ChildIsAMeta", [](Image& i) { i.U64(kBranch, 24, 1); },
         "page 13: element 0: child 1 is not"},
        {"ChildPastTheEnd", [](Image& i) { i.U64(kBranch, 24, kPages); },
         "page 13: element 0: child 16"},
        {"ChildIsItself", [](Image& i) { i.U64(kBranch, 24, kBranch); }, "page 13: used twice"},
        {"ChildIsTheRoot", [](Image& i) { i.U64(kBranch, 24, kRoot); }, "page 14: used twice"},
        {"ChildTwice", [](Image& i) { i.U64(kBranch, 40, Child(i, 0)); }, "used twice"},
        {"ChildIsTheFreelist", [](Image& i) { i.U64(kBranch, 24, kFreelist); },
         "page 15: flags 0x10"},
        {"BranchKeysSwapped",
         [](Image& i) { *(i.At(kBranch, 16) + LoadU32(i.At(kBranch, 16)) + 4) = std::byte{'9'}; },
         "page 13: element 1: key is not greater"},
        {"BranchKeyPastThePage", [](Image& i) { i.U32(kBranch, 16, 2000); },
         "page 13: element 0: key runs past"},
    }),
    LieName);

INSTANTIATE_TEST_SUITE_P(
    LeafElements, BboltFileLieTest,
    ::testing::ValuesIn(std::vector<Lie>{
        {"UnknownFlags", [](Image& i) { LeafField(i, 1, 0, 2); }, "element 1: unknown flags 0x2"},
        {"PositionInTheTable", [](Image& i) { LeafField(i, 1, 4, 0); },
         "element 1: key begins inside"},
        {"PositionHuge", [](Image& i) { LeafField(i, 1, 4, 0xFFFFFFFF); },
         "element 1: key runs past"},
        {"KeyEmpty", [](Image& i) { LeafField(i, 1, 8, 0); }, "element 1: empty key"},
        {"KeyTooLong", [](Image& i) { LeafField(i, 1, 8, 32769); },
         "element 1: key of 32769 bytes"},
        {"KeyPastThePage", [](Image& i) { LeafField(i, 1, 8, 1000); }, "element 1: key runs past"},
        {"ValuePastThePage", [](Image& i) { LeafField(i, 1, 12, 1000); },
         "element 1: value runs past"},
        {"ValueHuge", [](Image& i) { LeafField(i, 1, 12, 0xFFFFFFFF); },
         "element 1: value runs past"},
        {"SharedBytes", [](Image& i) { LeafField(i, 0, 12, 900); }, "elements share bytes"},
        {"KeysEqual", [](Image& i) { *LeafKey(i, Child(i, 0), 1, 5) = std::byte{'0'}; },
         "element 1: key is not greater"},
        {"KeyUnderTheParents", [](Image& i) { *LeafKey(i, Child(i, 1), 0, 4) = std::byte{'!'}; },
         "first key is under"},
        {"KeyNotUnderTheNext", [](Image& i) { *LeafKey(i, Child(i, 0), 3, 4) = std::byte{'z'}; },
         "last key is not under"},
    }),
    LieName);

INSTANTIATE_TEST_SUITE_P(
    Buckets, BboltFileLieTest,
    ::testing::ValuesIn(std::vector<Lie>{
        {"NotABucket", [](Image& i) { i.U32(kRoot, 16, 0); },
         "page 14: a pair beside the top-level buckets"},
        {"ValueShort", [](Image& i) { i.U32(kRoot, 28, 15); }, "page 14: bucket value of 15 bytes"},
        {"InlineWithoutAPage", [](Image& i) { i.U64(kRoot, RootValue(i), 0); },
         "page 14: inline bucket value of 16 bytes"},
        {"RootIsAMeta", [](Image& i) { i.U64(kRoot, RootValue(i), 1); }, "page 14: bucket root 1"},
        {"RootPastTheEnd", [](Image& i) { i.U64(kRoot, RootValue(i), kPages); },
         "page 14: bucket root 16"},
        {"RootIsItsHolder", [](Image& i) { i.U64(kRoot, RootValue(i), kRoot); },
         "page 14: used twice"},
    }),
    LieName);

INSTANTIATE_TEST_SUITE_P(
    Freelist, BboltFileLieTest,
    ::testing::ValuesIn(std::vector<Lie>{
        {"Flags", [](Image& i) { i.U16(kFreelist, 8, 2); },
         "page 15: flags 0x2 are not a freelist's"},
        {"Id", [](Image& i) { i.U64(kFreelist, 0, 3); }, "page 15: header says page 3"},
        {"OverflowPastTheEnd", [](Image& i) { i.U32(kFreelist, 12, 1); },
         "page 15: 1 overflow pages"},
        {"CountTooLarge", [](Image& i) { i.U16(kFreelist, 10, 200); },
         "page 15: freelist: 200 ids do not fit"},
        {"LongCountHuge",
         [](Image& i) { i.U16(kFreelist, 10, 0xFFFF), i.U64(kFreelist, 16, ~std::uint64_t{0}); },
         "page 15: freelist: 18446744073709551615 ids"},
        {"ListsAMeta", [](Image& i) { i.U64(kFreelist, 16, 1); }, "freelist: id 1 is not between"},
        {"ListsPastTheEnd", [](Image& i) { i.U64(kFreelist, 16 + 8 * 6, kPages); },
         "freelist: id 16 is not between"},
        {"ListsTwice", [](Image& i) { i.U64(kFreelist, 24, LoadU64(i.At(kFreelist, 16))); },
         "is not greater"},
        {"ListsItself", [](Image& i) { i.U64(kFreelist, 16 + 8 * 6, kFreelist); }, "lists itself"},
        {"ListsAUsedPage", [](Image& i) { i.U64(kFreelist, 16 + 8 * 6, kRoot); },
         "page 14: in use, but on the freelist"},
        {"MissesAPage", [](Image& i) { i.U16(kFreelist, 10, 6); },
         "neither in use nor on the freelist"},
    }),
    LieName);

// A file of our own: buckets "a" and "b" with pages, "b" with two levels of branches, "c" inline.
class OwnFileLieTest : public ::testing::TestWithParam<Lie> {
 protected:
  static Image Make() {
    testing::Model model;
    for (const char* name : {"a", "b", "c"}) {
      auto bucket = std::make_unique<testing::Model>();
      for (int i = 0; i < (*name == 'a' ? 40 : *name == 'b' ? 1200 : 2); ++i) {
        bucket->pairs[fmt::format("{:04}", i)] = std::string(60, 'v');
      }
      model.buckets[name] = std::move(bucket);
    }
    testing::MemorySink sink;
    EXPECT_THAT(testing::BuildModel(model, {.page_size = kPage, .leaf_bytes = kPage}, sink),
                IsOk());
    return {std::move(sink.image)};
  }
};

/// The root leaf is the last page; the value of its bucket `index`.
std::byte* BucketValueOf(Image& image, std::size_t index) {
  const std::size_t element = 16 + 16 * index;
  std::byte* const from = image.At(image.bytes.size() / kPage - 1, element);
  return from + LoadU32(from + 4) + LoadU32(from + 8);
}

TEST_P(OwnFileLieTest, IsFoundAndNamed) {
  Image image = Make();
  ASSERT_OK(WalkAll(image.bytes, {.exact_size = true}));

  GetParam().tell(image);

  EXPECT_THAT(WalkAll(image.bytes, {.exact_size = true}),
              StatusIs(GetParam().code, HasSubstr(GetParam().rule)));
}

INSTANTIATE_TEST_SUITE_P(
    Lies, OwnFileLieTest,
    ::testing::ValuesIn(std::vector<Lie>{
        {"RootOfAnotherBucket",
         [](Image& i) { StoreU64(BucketValueOf(i, 1), LoadU64(BucketValueOf(i, 0))); },
         "used twice"},
        {"RootInsideAnotherBucket",
         [](Image& i) { StoreU64(BucketValueOf(i, 1), LoadU64(BucketValueOf(i, 0)) - 1); },
         "used twice"},
        {"LowerBranchUnderItsParent",
         [](Image& i) {
           const std::uint64_t top = LoadU64(BucketValueOf(i, 1));
           const std::uint64_t second = LoadU64(i.At(top, 16 + 16 + 8));
           *(i.At(second, 16) + LoadU32(i.At(second, 16))) = std::byte{'!'};
         },
         "first key is under the parent's"},
        {"LowerBranchOverTheNext",
         [](Image& i) {
           const std::uint64_t top = LoadU64(BucketValueOf(i, 1));
           const std::uint64_t first = LoadU64(i.At(top, 16 + 8));
           const std::size_t last = 16 + 16 * (std::size_t{LoadU16(i.At(first, 10))} - 1);
           *(i.At(first, last) + LoadU32(i.At(first, last))) = std::byte{'z'};
         },
         "last key is not under the next page's"},
        {"InlineType", [](Image& i) { StoreU16(BucketValueOf(i, 2) + 16 + 8, 1); },
         "inline page is not a leaf"},
        {"InlineId", [](Image& i) { StoreU64(BucketValueOf(i, 2) + 16, 1); },
         "inline page is not a leaf of id 0"},
        {"InlineOverflow", [](Image& i) { StoreU32(BucketValueOf(i, 2) + 16 + 12, 1); },
         "without overflow"},
        {"InlineCount", [](Image& i) { StoreU16(BucketValueOf(i, 2) + 16 + 10, 99); },
         "inline bucket: 99 elements"},
        {"InlineHoldsABucket", [](Image& i) { StoreU32(BucketValueOf(i, 2) + 32, 1); },
         "inline bucket: element 0: is a bucket"},
        {"InlineValueLong", [](Image& i) { StoreU32(BucketValueOf(i, 2) + 32 + 12, 900); },
         "inline bucket: element 0: value runs past"},
        {"MetasOfTwoTrees", [](Image& i) { i.U64(0, 32, 2), i.Mend(0); }, "different trees"},
        {"OneMetaDestroyed", [](Image& i) { i.U64(0, 72, 0); }, "checksum"},
        {"LongerThanThePages", [](Image& i) { i.bytes.resize(i.bytes.size() + kPage); },
         "do not make up"},
    }),
    LieName);

/// A file whose bucket "b" is a chain of `branches` branches with one child each, then a leaf.
Bytes Chain(std::uint64_t branches) {
  const std::uint64_t pages = branches + 4;
  Bytes image(pages * kPage);
  const auto write = [&](std::uint64_t id, format::PageType type, format::NodeWriter& node) {
    Bytes page;
    node.TakeFront(node.count(), {.id = PageId{id}, .type = type}, page);
    std::copy(page.begin(), page.end(), image.begin() + static_cast<std::ptrdiff_t>(id * kPage));
  };
  format::NodeWriter node;
  node.AddPair(AsBytes("b"), format::EncodeBucketValue(PageId{3}, 0), true);
  write(2, format::PageType::kLeaf, node);
  for (std::uint64_t id = 3; id < 3 + branches; ++id) {
    node.AddChild(AsBytes("k"), PageId{id + 1});
    write(id, format::PageType::kBranch, node);
  }
  node.AddPair(AsBytes("k"), AsBytes("v"), false);
  write(3 + branches, format::PageType::kLeaf, node);
  for (std::uint64_t index = 0; index < 2; ++index) {
    format::EncodeMetaPage(
        {.page_size = kPage, .root = PageId{2}, .high_water_mark = pages, .txid = index}, index,
        MutableByteView(image).subspan(index * kPage));
  }
  return image;
}

TEST(HostileTest, LimitsTheDepth) {
  EXPECT_THAT(WalkAll(Chain(62)), IsOk());
  EXPECT_THAT(WalkAll(Chain(63)), StatusIs(Code::kDataLoss, HasSubstr("more than 64 pages deep")));
}

TEST(HostileTest, LookupsEndInACycle) {
  Bytes image = Chain(3);
  StoreU64(image.data() + 5 * kPage + 24, 3);  // the last branch leads back to the first
  const io::BytesReader reader(image);
  ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader));

  EXPECT_THAT(database->Get(AsBytes("b"), AsBytes("k")),
              StatusIs(Code::kDataLoss, HasSubstr("deep")));
  EXPECT_THAT(database->LastKey(AsBytes("b")), StatusIs(Code::kDataLoss));
  testing::Dump dump;
  EXPECT_THAT(database->WalkBucket(Context::Background(), AsBytes("b"), AsBytes("k"), dump),
              StatusIs(Code::kDataLoss, HasSubstr("page 3: used twice")));
}

TEST(HostileTest, RefusesEveryPrefix) {
  const Bytes whole = testing::LoadFixture("odd_txid_1024");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes prefix(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const io::BytesReader reader(prefix);
    ASSERT_THAT(Database::Open(reader), StatusIs(Code::kDataLoss)) << size;
  }
}

/// Keys and sizes may change unnoticed, as nothing but the metas has a checksum; the structure may
/// not.
TEST(HostileTest, EveryFlippedByteIsFoundOrLeavesASoundTree) {
  const Bytes whole = testing::LoadFixture("odd_txid_1024");
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes flipped = whole;
    flipped[at] ^= at % 2 == 0 ? std::byte{0xFF} : std::byte{0x01};
    testing::ReadEveryWay(flipped, {.exact_size = true});
    const io::BytesReader reader(flipped);
    const auto database = Database::Open(reader, {.exact_size = true});
    refused += !database.ok() || !(*database)->Walk(Context::Background(), nullptr).ok();
    if (at >= 16 && at < format::kMetaPageSize) {
      EXPECT_FALSE(database.ok()) << at;
    }
  }
  EXPECT_GT(refused, 300U);
}

TEST(HostileTest, FallsBackToTheOtherMeta) {
  Image image{testing::LoadFixture("odd_txid_1024")};
  ASSERT_OK_AND_ASSIGN(const std::string whole, [&]() -> Result<std::string> {
    const io::BytesReader reader(image.bytes);
    ASSIGN_OR_RETURN(const auto database, Database::Open(reader));
    testing::Dump dump;
    RETURN_IF_ERROR(database->Walk(Context::Background(), &dump).status());
    return dump.text;
  }());
  std::fill_n(image.bytes.begin(), kPage, std::byte{0xFF});
  const io::BytesReader reader(image.bytes);

  ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader));
  testing::Dump dump;
  ASSERT_OK(database->Walk(Context::Background(), &dump));

  EXPECT_EQ(dump.text, whole);
  EXPECT_EQ(database->meta().txid, 2U);
}

TEST(HostileTest, TakesAFileThatBboltGrewAhead) {
  Bytes image = testing::LoadFixture("odd_txid_1024");
  const std::size_t used = image.size();
  image.resize(used + 5000);
  const io::BytesReader reader(image);

  ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader));

  EXPECT_EQ(database->image_bytes(), used);
  EXPECT_THAT(database->Walk(Context::Background(), nullptr), IsOk());
}

TEST(HostileTest, PassesOnTheReadersError) {
  class Broken final : public io::RandomReader {
   public:
    explicit Broken(Bytes bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t size() const override { return bytes_.size(); }
    Status ReadAt(std::uint64_t offset, MutableByteView out) const override {
      if (offset >= 3 * kPage) {
        return Error(Code::kUnavailable, "no medium");
      }
      return io::BytesReader(bytes_).ReadAt(offset, out);
    }

   private:
    Bytes bytes_;
  } const reader(testing::LoadFixture("odd_txid_1024"));
  ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader));

  EXPECT_THAT(database->Walk(Context::Background(), nullptr),
              StatusIs(Code::kUnavailable, HasSubstr("no medium")));
}

}  // namespace
}  // namespace tresor::bolt
