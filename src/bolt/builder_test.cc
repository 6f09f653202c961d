// SPDX-License-Identifier: Apache-2.0
#include "bolt/builder.h"

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/status_matchers.h"
#include "bolt/model_test_util.h"
#include "bolt/reader.h"
#include "bolt/test_util.h"
#include "io/file_system.h"

namespace tresor::bolt {
namespace {

using ::testing::HasSubstr;
using ::tresor::testing::IsOk;
using ::tresor::testing::StatusIs;

Bytes Build(const testing::Model& model, const BuilderOptions& options) {
  testing::MemorySink sink;
  const Result<BuildResult> result = testing::BuildModel(model, options, sink);
  EXPECT_THAT(result, IsOk());
  EXPECT_EQ(result.ok() ? result->image_bytes : 0, sink.image.size());
  EXPECT_EQ(result.ok() ? result->pages * options.page_size : 0, sink.image.size());
  return std::move(sink.image);
}

using Shape = std::tuple<std::uint32_t, std::uint32_t>;  // page size, leaf bytes

class BuilderModelTest : public ::testing::TestWithParam<Shape> {};

TEST_P(BuilderModelTest, BuildsWhatWasPut) {
  const auto [page_size, leaf_bytes] = GetParam();
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    const testing::Model model = testing::RandomModel(random);
    const Bytes image = Build(
        model, {.page_size = page_size, .leaf_bytes = leaf_bytes, .write_buffer_bytes = 5000});
    const io::BytesReader reader(image);

    ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader, {.exact_size = true}));
    testing::Dump dump;
    ASSERT_OK_AND_ASSIGN(const WalkStats stats, database->Walk(Context::Background(), &dump));

    EXPECT_EQ(dump.text, testing::DumpModel(model));
    EXPECT_EQ(stats.free_pages, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, BuilderModelTest,
                         ::testing::Values(Shape{1024, 1024}, Shape{1024, 8192}, Shape{4096, 4096},
                                           Shape{4096, 16384}, Shape{16384, 4096},
                                           Shape{65536, 65536}));

TEST(BuilderTest, BuildsAnEmptyFile) {
  const Bytes image = Build({}, {.page_size = 1024});
  const io::BytesReader reader(image);

  ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader, {.exact_size = true}));

  EXPECT_EQ(image.size(), 3072U);
  EXPECT_THAT(database->Walk(Context::Background(), nullptr), IsOk());
}

TEST(BuilderTest, EitherMetaAloneWillDo) {
  SeededRandom random(3);
  const testing::Model model = testing::RandomModel(random);
  for (const std::size_t destroyed : {0U, 1U}) {
    Bytes image = Build(model, {.page_size = 4096});
    std::fill_n(image.begin() + static_cast<std::ptrdiff_t>(destroyed * 4096), 4096, std::byte{0});
    const io::BytesReader reader(image);

    ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader));
    testing::Dump dump;
    ASSERT_OK(database->Walk(Context::Background(), &dump));

    EXPECT_EQ(dump.text, testing::DumpModel(model));
  }
}

/// One bucket with one pair whose value has `value_size` bytes.
testing::Model OnePair(std::size_t value_size) {
  testing::Model model;
  auto bucket = std::make_unique<testing::Model>();
  bucket->pairs["k"] = std::string(value_size, 'v');
  model.buckets["b"] = std::move(bucket);
  return model;
}

TEST(BuilderTest, KeepsABucketInlineUpToAQuarterOfAPage) {
  constexpr std::size_t kFits = 1024 - 16 - 16 - 1;
  EXPECT_EQ(Build(OnePair(kFits), {}).size(), 3U * 4096);
  EXPECT_EQ(Build(OnePair(kFits + 1), {}).size(), 4U * 4096);
}

TEST(BuilderTest, GivesABucketThatHoldsABucketItsOwnPages) {
  testing::Model model;
  auto outer = std::make_unique<testing::Model>();
  outer->buckets["inner"] = std::make_unique<testing::Model>();
  model.buckets["outer"] = std::move(outer);

  EXPECT_EQ(Build(model, {}).size(), 4U * 4096);
}

TEST(BuilderTest, ClosesALeafBeforeItsCountOverflows) {
  testing::MemorySink sink;
  ASSERT_OK_AND_ASSIGN(const auto builder, Builder::Create(sink, {.leaf_bytes = 1U << 30}));
  ASSERT_OK(builder->BeginBucket(AsBytes("b"), 0));
  for (std::uint32_t i = 0; i < 70'000; ++i) {
    std::byte key[4];
    StoreU32(key, __builtin_bswap32(i));
    ASSERT_OK(builder->Put(key, {}));
  }
  ASSERT_OK(builder->EndBucket());
  ASSERT_OK(builder->Finish().status());
  const io::BytesReader reader(sink.image);

  ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader, {.exact_size = true}));
  ASSERT_OK_AND_ASSIGN(const WalkStats stats, database->Walk(Context::Background(), nullptr));

  EXPECT_EQ(stats.pairs, 70'000U);
  EXPECT_EQ(stats.branch_pages, 1U);
}

TEST(BuilderTest, NoBranchHasASingleChild) {
  testing::MemorySink sink;
  ASSERT_OK_AND_ASSIGN(const auto builder,
                       Builder::Create(sink, {.page_size = 1024, .leaf_bytes = 1024}));
  ASSERT_OK(builder->BeginBucket(AsBytes("b"), 0));
  for (char c = 'a'; c <= 'z'; ++c) {
    ASSERT_OK(builder->Put(AsBytes(std::string(30'000, c)), AsBytes("v")));
  }
  ASSERT_OK(builder->EndBucket());
  ASSERT_OK(builder->Finish().status());

  int branches = 0;
  for (std::size_t at = 2048; at < sink.image.size();) {
    const format::PageHeader header = format::DecodePageHeader(ByteView(sink.image).subspan(at));
    if (header.type == format::PageType::kBranch) {
      ++branches;
      EXPECT_GE(header.count, 2);
    }
    at += 1024 * (std::size_t{header.overflow} + 1);
  }
  EXPECT_GT(branches, 2);
}

TEST(BuilderTest, LongerLeavesWasteLess) {
  const auto image_bytes = [](std::uint32_t leaf_bytes) {
    SeededRandom random(1);
    testing::Model model;
    auto bucket = std::make_unique<testing::Model>();
    for (int i = 0; i < 500; ++i) {
      bucket->pairs[fmt::format("{:05}", i)] = std::string(1500 + random.Below(3000), 'v');
    }
    model.buckets["b"] = std::move(bucket);
    return Build(model, {.page_size = 4096, .leaf_bytes = leaf_bytes}).size();
  };

  EXPECT_LT(image_bytes(16384), image_bytes(4096) * 92 / 100);
}

TEST(BuilderTest, WritesFrontToBackAndTheMetasLast) {
  class Recorder final : public PageSink {
   public:
    Status WriteAt(std::uint64_t offset, ByteView bytes) override {
      writes.emplace_back(offset, bytes.size());
      return OkStatus();
    }
    std::vector<std::pair<std::uint64_t, std::size_t>> writes;
  } sink;
  SeededRandom random(9);
  ASSERT_OK(testing::BuildModel(testing::RandomModel(random),
                                {.page_size = 1024, .write_buffer_bytes = 4096}, sink)
                .status());

  ASSERT_GT(sink.writes.size(), 2U);
  std::uint64_t next = 2048;
  for (std::size_t i = 0; i + 1 < sink.writes.size(); ++i) {
    EXPECT_EQ(sink.writes[i].first, next);
    next += sink.writes[i].second;
  }
  EXPECT_EQ(sink.writes.back(), std::make_pair(std::uint64_t{0}, std::size_t{2048}));
}

TEST(BuilderTest, ReportsTheSinksErrorAndIsSpent) {
  class Full final : public PageSink {
    Status WriteAt(std::uint64_t, ByteView) override {
      return Error(Code::kResourceExhausted, "full");
    }
  } sink;
  ASSERT_OK_AND_ASSIGN(const auto builder, Builder::Create(sink));

  EXPECT_THAT(builder->Finish(), StatusIs(Code::kResourceExhausted));
  EXPECT_THAT(builder->Finish(), StatusIs(Code::kInvalidArgument, HasSubstr("spent")));
}

class BuilderRefusalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(builder_, Builder::Create(sink_));
    ASSERT_OK(builder_->BeginBucket(AsBytes("m"), 0));
  }
  testing::MemorySink sink_;
  std::unique_ptr<Builder> builder_;
};

TEST_F(BuilderRefusalTest, RefusesKeysThatDoNotAscend) {
  ASSERT_OK(builder_->Put(AsBytes("k"), {}));
  EXPECT_THAT(builder_->Put(AsBytes("k"), {}),
              StatusIs(Code::kInvalidArgument, HasSubstr("ascending")));
}
TEST_F(BuilderRefusalTest, RefusesABucketNameUnderTheKeyBefore) {
  ASSERT_OK(builder_->Put(AsBytes("k"), {}));
  EXPECT_THAT(builder_->BeginBucket(AsBytes("a"), 0),
              StatusIs(Code::kInvalidArgument, HasSubstr("ascending")));
}
TEST_F(BuilderRefusalTest, RefusesAKeyEqualToTheBucketBefore) {
  ASSERT_OK(builder_->BeginBucket(AsBytes("k"), 0));
  ASSERT_OK(builder_->EndBucket());
  EXPECT_THAT(builder_->Put(AsBytes("k"), {}),
              StatusIs(Code::kInvalidArgument, HasSubstr("ascending")));
}
TEST_F(BuilderRefusalTest, RefusesAnEmptyKey) {
  EXPECT_THAT(builder_->Put({}, AsBytes("v")), StatusIs(Code::kInvalidArgument, HasSubstr("0")));
}
TEST_F(BuilderRefusalTest, TakesAKeyOf32768BytesAndNoMore) {
  EXPECT_OK(builder_->Put(AsBytes(std::string(32768, 'a')), {}));
  EXPECT_THAT(builder_->Put(AsBytes(std::string(32769, 'b')), {}),
              StatusIs(Code::kInvalidArgument, HasSubstr("32769")));
}
TEST_F(BuilderRefusalTest, RefusesAPairOutsideOfABucket) {
  ASSERT_OK(builder_->EndBucket());
  EXPECT_THAT(builder_->Put(AsBytes("z"), {}),
              StatusIs(Code::kInvalidArgument, HasSubstr("outside")));
}
TEST_F(BuilderRefusalTest, RefusesToFinishWithinABucket) {
  EXPECT_THAT(builder_->Finish(), StatusIs(Code::kInvalidArgument, HasSubstr("not ended")));
}
TEST_F(BuilderRefusalTest, RefusesToEndMoreBucketsThanBegan) {
  ASSERT_OK(builder_->EndBucket());
  EXPECT_THAT(builder_->EndBucket(), StatusIs(Code::kInvalidArgument, HasSubstr("no bucket")));
}
TEST_F(BuilderRefusalTest, RefusesToNestTooDeep) {
  for (int depth = 2; depth <= 32; ++depth) {
    ASSERT_OK(builder_->BeginBucket(AsBytes("n"), 0));
  }
  EXPECT_THAT(builder_->BeginBucket(AsBytes("n"), 0),
              StatusIs(Code::kInvalidArgument, HasSubstr("nested")));
}

TEST(BuilderCreateTest, RefusesPageSizesThatBboltFilesDoNotHave) {
  testing::MemorySink sink;
  for (const std::uint32_t size : {0U, 512U, 1025U, 3072U, 131072U}) {
    EXPECT_THAT(Builder::Create(sink, {.page_size = size}), StatusIs(Code::kInvalidArgument));
  }
}

}  // namespace
}  // namespace tresor::bolt
