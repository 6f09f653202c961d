// SPDX-License-Identifier: Apache-2.0
#include "backup/sieve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/check.h"
#include "backup/sieve_test_util.h"
#include "backup/test_util.h"
#include "base/status_matchers.h"
#include "bolt/format/page.h"
#include "io/faults.h"

namespace tresor::backup {
namespace {

using testing::FakeTagger;
using testing::StoreModel;
using tresor::testing::StatusIs;

const Context kContext = Context::Background();

class SieveTest : public ::testing::TestWithParam<std::uint64_t> {  // memory_bytes
 protected:
  SieveTest() { StoreModel::Require(fs_.CreateDir("/spool", 0700)); }

  std::unique_ptr<Sieve> Sift(ByteView image, repo::KnownTags known) {
    auto sieve = std::make_unique<Sieve>(
        SpoolOptions{.fs = &fs_, .dir = "/spool", .memory_bytes = GetParam()}, hash_,
        std::make_unique<FakeTagger>(), std::move(known));
    StoreModel::Require(testing::Feed(*sieve, image));
    return sieve;
  }
  Result<SnapshotFacts> Check(const Sieve& sieve) {
    ASSIGN_OR_RETURN(const auto database,
                     bolt::Database::Open(sieve, {.exact_size = true, .reduced = sieve.reduced()}));
    return CheckDatabase(kContext, *database, {.exact_size = true, .user_key_hash = hash_});
  }

  io::MemoryFs fs_;
  const crypto::KeyedHash hash_ = NewUserKeyHash();
};

TEST_P(SieveTest, WhatTheCheckFindsIsWhatItFindsInTheWholeImage) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    for (const std::uint32_t leaf_bytes : {1024U, 4096U, 16384U}) {
      StoreModel store = testing::RandomStore(seed, 1500, seed != 2);
      const repo::KnownTags known = testing::TagsOf(store.Image());
      for (int i = 0; i < 100; ++i) {
        store.Put("/registry/new" + std::to_string(i), std::string(200, 'n'));
      }
      store.Compact(store.revision() - 500);
      const Bytes image = store.Image(leaf_bytes);
      const auto sieve = Sift(image, known);
      ASSERT_NE(sieve->reduced(), nullptr);
      ASSERT_OK_AND_ASSIGN(const SnapshotFacts sifted, Check(*sieve));
      ASSERT_OK_AND_ASSIGN(const SnapshotFacts whole,
                           CheckSnapshot(kContext, io::BytesReader(image), {.exact_size = true}));
      EXPECT_TRUE(testing::SameFacts(sifted, whole));
      EXPECT_FALSE(sieve->missed());

      ASSERT_OK_AND_ASSIGN(
          const auto database,
          bolt::Database::Open(*sieve, {.exact_size = true, .reduced = sieve->reduced()}));
      EXPECT_THAT(
          ExactHashKv(kContext, *database, hash_,
                      {.revision = store.revision(), .compact_revision = store.compacted()}),
          tresor::testing::IsOkAndHolds(whole.hash_kv.hash));
    }
  }
}

TEST_P(SieveTest, AReducedPageCannotBeReadAndAllOthersAreAsTheyCame) {
  StoreModel store = testing::RandomStore(1, 1500, true);
  const repo::KnownTags known = testing::TagsOf(store.Image());
  store.Put("/registry/new", "new");
  const Bytes image = store.Image();
  const auto sieve = Sift(image, known);
  ASSERT_EQ(sieve->size(), image.size());
  std::size_t reduced = 0;
  Bytes page(4096);
  for (std::uint64_t number = 0; number * 4096 < image.size(); ++number) {
    const Status status = sieve->ReadAt(number * 4096, page);
    if (status.ok()) {
      EXPECT_TRUE(Equal(page, ByteView(image).subspan(number * 4096, 4096)));
    } else {
      EXPECT_THAT(status, StatusIs(Code::kFailedPrecondition));
      ++reduced;
    }
  }
  EXPECT_GT(reduced, 10U);
  EXPECT_TRUE(sieve->missed());
  EXPECT_THAT(sieve->ReadAt(image.size() - 1, page), StatusIs(Code::kOutOfRange));
}

TEST_P(SieveTest, KeepsEverythingWhenNothingIsKnown) {
  const Bytes image = testing::RandomStore(1, 500, true).Image();
  const auto sieve = Sift(image, {});
  EXPECT_EQ(sieve->reduced(), nullptr);
  Bytes all(image.size());
  ASSERT_OK(sieve->ReadAt(0, all));
  EXPECT_EQ(all, image);
}

TEST_P(SieveTest, KeepsAnImageThatIsNone) {
  const repo::KnownTags known = testing::TagsOf(testing::RandomStore(1, 500, true).Image());
  for (const std::size_t size : {0U, 1U, 79U, 4096U, 5000U}) {
    const Bytes image(size, std::byte{7});
    const auto sieve = Sift(image, known);
    EXPECT_EQ(sieve->reduced(), nullptr);
    Bytes all(size);
    ASSERT_OK(sieve->ReadAt(0, all));
    EXPECT_EQ(all, image);
  }
}

// A freed run of two pages, whose second page has got another use since.
TEST_P(SieveTest, AFreedRunDoesNotSwallowAPageInUse) {
  StoreModel store;
  store.Put("/a", std::string(5000, 'a'));
  for (int i = 0; i < 40; ++i) {
    store.Put("/k", std::string(500, 'k'));
  }
  const repo::KnownTags known = testing::TagsOf(store.Image());
  const Bytes image = store.Image();
  // The first record fills a run of its own.
  std::uint64_t run = 0;
  for (std::uint64_t number = 2; number * 4096 < image.size(); ++number) {
    const auto header = bolt::format::DecodePageHeader(ByteView(image).subspan(number * 4096));
    if (bolt::ToNumber(header.id) == number && header.overflow > 0 &&
        header.type == bolt::format::PageType::kLeaf) {
      run = number;
      break;
    }
  }
  ASSERT_NE(run, 0U);
  Bytes page(4096);
  EXPECT_THAT(Sift(image, known)->ReadAt(run * 4096, page), StatusIs(Code::kFailedPrecondition));

  Bytes reused = image;
  bolt::format::EncodePageHeader(
      {.id = bolt::PageId{run + 1}, .type = bolt::format::PageType::kBranch, .count = 1},
      MutableByteView(reused).subspan((run + 1) * 4096));
  const auto sieve = Sift(reused, known);
  for (const std::uint64_t number : {run, run + 1}) {
    ASSERT_OK(sieve->ReadAt(number * 4096, page));
    EXPECT_TRUE(Equal(page, ByteView(reused).subspan(number * 4096, 4096)));
  }
}

INSTANTIATE_TEST_SUITE_P(InFilesAndInMemory, SieveTest,
                         ::testing::Values(std::uint64_t{10'000}, std::uint64_t{32} << 20),
                         ::testing::PrintToStringParamName());

TEST(RecordSummaryTest, ComesBackFromItsBytes) {
  const std::vector<RecordSummary> records = {
      {.key = {1, 0, false}, .no_user_key = true},
      {.key = {5, 0, false},
       .user_key_hash = 7,
       .tag = ~std::uint64_t{0},
       .record = {.crc = 0xdeadbeef, .size_bytes = std::uint64_t{1} << 40},
       .first_version = true},
      {.key = {5, 3, true}, .user_key_hash = ~std::uint64_t{0}},
      {.key = {std::int64_t{1} << 62, std::int64_t{1} << 61, false}},
  };
  Bytes bytes;
  AppendSummaries(records, bytes);
  std::vector<RecordSummary> decoded;
  ASSERT_OK(DecodeSummaries(bytes, decoded));
  EXPECT_EQ(decoded, records);
  EXPECT_THAT(DecodeSummaries(ByteView(bytes).first(bytes.size() - 1), decoded),
              StatusIs(Code::kDataLoss));
}

}  // namespace
}  // namespace tresor::backup
