// SPDX-License-Identifier: Apache-2.0
// What every BlobStore must do. Include in one test file and say for which ones:
//   INSTANTIATE_TEST_SUITE_P(Memory, BlobStoreContract, ::testing::Values(&MakeMemory), …);
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "base/thread.h"
#include "blob/blob.h"

namespace tresor::blob {

/// What an implementation is known not to promise. The tests of it are skipped, and say so.
struct Deviations {
  bool exclusive_put = true;        // of several Puts of one name at once exactly one succeeds
  bool refuses_blob_folder = true;  // no blob has the name of another's folder
};

/// An empty store.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  [[nodiscard]] virtual BlobStore& store() = 0;
  [[nodiscard]] virtual Deviations deviations() const { return {}; }
};
using MakeStore = std::unique_ptr<StoreUnderTest> (*)();

class BlobStoreContract : public ::testing::TestWithParam<MakeStore> {
 protected:
  static constexpr std::uint64_t kLimit = 1 << 20;

  [[nodiscard]] BlobStore& store() { return under_test_->store(); }
  [[nodiscard]] Deviations deviations() const { return under_test_->deviations(); }

  [[nodiscard]] Status Put(std::string_view name, std::string_view text) {
    return store().Put(context_, name, AsBytes(text));
  }
  [[nodiscard]] Result<std::string> Get(std::string_view name) {
    ASSIGN_OR_RETURN(const Bytes bytes, store().GetAll(context_, name, kLimit));
    return ToString(bytes);
  }
  [[nodiscard]] std::vector<std::string> Names(std::string_view prefix) {
    const Result<std::vector<BlobInfo>> infos = store().List(context_, prefix);
    EXPECT_OK(infos);
    std::vector<std::string> names;
    if (infos.ok()) {
      for (const BlobInfo& info : *infos) {
        names.push_back(info.name);
      }
    }
    return names;
  }

  const Context context_ = Context::Background();

 private:
  std::unique_ptr<StoreUnderTest> under_test_ = GetParam()();
};

namespace contract {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;

TEST_P(BlobStoreContract, ReadsBackWhatWasPut) {
  ASSERT_OK(Put("segments/ab/0123", "text"));
  EXPECT_THAT(Get("segments/ab/0123"), IsOkAndHolds("text"));
  EXPECT_THAT(store().Stat(context_, "segments/ab/0123"),
              IsOkAndHolds(BlobInfo{.name = "segments/ab/0123", .size_bytes = 4}));
}

TEST_P(BlobStoreContract, KeepsEmptyAndBinaryBlobs) {
  Bytes all(100'000);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<std::byte>(i * 31 >> 3);
  }
  ASSERT_OK(Put("empty", ""));
  ASSERT_OK(store().Put(context_, "all", all));
  EXPECT_THAT(Get("empty"), IsOkAndHolds(""));
  EXPECT_THAT(store().GetAll(context_, "all", all.size()), IsOkAndHolds(all));
}

TEST_P(BlobStoreContract, ReadsExactlyTheRange) {
  ASSERT_OK(Put("a", "0123456789"));
  EXPECT_THAT(store().Get(context_, "a", {.offset = 2, .size = 3}),
              IsOkAndHolds(ToBytes(AsBytes("234"))));
  EXPECT_THAT(store().Get(context_, "a", {.offset = 0, .size = 10}),
              IsOkAndHolds(ToBytes(AsBytes("0123456789"))));
  EXPECT_THAT(store().Get(context_, "a", {.offset = 9, .size = 1}),
              IsOkAndHolds(ToBytes(AsBytes("9"))));
  EXPECT_THAT(store().Get(context_, "a", {.offset = 10, .size = 0}), IsOkAndHolds(Bytes()));
  EXPECT_THAT(store().Get(context_, "a", {.offset = 3, .size = 0}), IsOkAndHolds(Bytes()));
}

TEST_P(BlobStoreContract, ARangePastTheEndIsOutOfRange) {
  ASSERT_OK(Put("a", "0123456789"));
  for (const ByteRange range :
       {ByteRange{.offset = 9, .size = 2}, ByteRange{.offset = 10, .size = 1},
        ByteRange{.offset = 11, .size = 0}, ByteRange{.offset = 1, .size = ~std::uint64_t{0}},
        ByteRange{.offset = ~std::uint64_t{0}, .size = 2}}) {
    EXPECT_THAT(store().Get(context_, "a", range), StatusIs(Code::kOutOfRange, HasSubstr("blob a")))
        << range.offset << " " << range.size;
  }
}

TEST_P(BlobStoreContract, GetAllRefusesMoreThanTheLimit) {
  ASSERT_OK(Put("a", "0123456789"));
  EXPECT_OK(store().GetAll(context_, "a", 10));
  EXPECT_THAT(store().GetAll(context_, "a", 9),
              StatusIs(Code::kResourceExhausted, HasSubstr("blob a")));
}

TEST_P(BlobStoreContract, WhatIsNotThereIsNotFound) {
  ASSERT_OK(Put("folder/a", "text"));
  for (const std::string_view name : {"b", "folder", "folder/b", "no/b", "folder/a/b"}) {
    EXPECT_THAT(store().Get(context_, name, {}), StatusIs(Code::kNotFound, HasSubstr(name)));
    EXPECT_THAT(store().GetAll(context_, name, 1), StatusIs(Code::kNotFound, HasSubstr(name)));
    EXPECT_THAT(store().Stat(context_, name), StatusIs(Code::kNotFound, HasSubstr(name)));
  }
}

TEST_P(BlobStoreContract, NeverReplacesABlob) {
  ASSERT_OK(Put("a", "first"));
  EXPECT_THAT(Put("a", "second"), StatusIs(Code::kAlreadyExists, HasSubstr("blob a")));
  EXPECT_THAT(Put("a", "first"), StatusIs(Code::kAlreadyExists));
  EXPECT_THAT(Get("a"), IsOkAndHolds("first"));
}

TEST_P(BlobStoreContract, DeletesOneBlobAndAllowsItsNameAgain) {
  ASSERT_OK(Put("folder/a", "first"));
  ASSERT_OK(Put("folder/b", "other"));
  EXPECT_OK(store().Delete(context_, "folder/a"));
  EXPECT_THAT(Get("folder/a"), StatusIs(Code::kNotFound));
  EXPECT_THAT(Names(""), ElementsAre("folder/b"));
  EXPECT_OK(Put("folder/a", "second"));
  EXPECT_THAT(Get("folder/a"), IsOkAndHolds("second"));
}

TEST_P(BlobStoreContract, DeletingWhatIsNotThereIsFine) {
  ASSERT_OK(Put("folder/a", "text"));
  for (const std::string_view name : {"b", "folder", "folder/b", "no/b", "folder/a/b"}) {
    EXPECT_OK(store().Delete(context_, name));
  }
  EXPECT_THAT(Names(""), ElementsAre("folder/a"));
}

TEST_P(BlobStoreContract, ListsByPrefixSortedByName) {
  EXPECT_THAT(Names(""), IsEmpty());
  // In the order of bytes '-' and '.' come before '/', digits and '_' after it.
  for (const std::string_view name : {"b", "a/c/x", "a/b", "a_b", "a-b", "a/c/d", "a.b", "ab/c"}) {
    ASSERT_OK(Put(name, name));
  }
  EXPECT_THAT(Names(""), ElementsAre("a-b", "a.b", "a/b", "a/c/d", "a/c/x", "a_b", "ab/c", "b"));
  EXPECT_THAT(Names("a/"), ElementsAre("a/b", "a/c/d", "a/c/x"));
  EXPECT_THAT(Names("a/c"), ElementsAre("a/c/d", "a/c/x"));
  EXPECT_THAT(Names("a/c/x"), ElementsAre("a/c/x"));
  EXPECT_THAT(Names("a"), ElementsAre("a-b", "a.b", "a/b", "a/c/d", "a/c/x", "a_b", "ab/c"));
  EXPECT_THAT(Names("a/c/x/"), IsEmpty());
  EXPECT_THAT(Names("c"), IsEmpty());
  EXPECT_THAT(Names("no/such/"), IsEmpty());
  EXPECT_THAT(Names("."), IsEmpty());
  EXPECT_THAT(store().List(context_, "b"),
              IsOkAndHolds(ElementsAre(BlobInfo{.name = "b", .size_bytes = 1})));
}

TEST_P(BlobStoreContract, RefusesWhatIsNoName) {
  for (const std::string& name :
       {std::string(), std::string("/"), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("."), std::string(".."), std::string("../a"), std::string("a/../b"),
        std::string("A"), std::string("a b"), std::string("a\\b"), std::string("a\0b", 3),
        std::string(101, 'a'), std::string("\xc3\xa4")}) {
    EXPECT_THAT(Put(name, "text"), StatusIs(Code::kInvalidArgument)) << name;
    EXPECT_THAT(store().Get(context_, name, {}), StatusIs(Code::kInvalidArgument)) << name;
    EXPECT_THAT(store().GetAll(context_, name, 1), StatusIs(Code::kInvalidArgument)) << name;
    EXPECT_THAT(store().Stat(context_, name), StatusIs(Code::kInvalidArgument)) << name;
    EXPECT_THAT(store().Delete(context_, name), StatusIs(Code::kInvalidArgument)) << name;
  }
  EXPECT_THAT(Names(""), IsEmpty());
}

TEST_P(BlobStoreContract, NoBlobHasTheNameOfAnothersFolder) {
  if (!deviations().refuses_blob_folder) {
    GTEST_SKIP() << "declared: it has both 'a' and 'a/b'";
  }
  ASSERT_OK(Put("a/b/c", "text"));
  EXPECT_THAT(Put("a/b", "text"), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(Put("a", "text"), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(Put("a/b/c/d", "text"), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(Put("a/b/c/d/e", "text"), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(Names(""), ElementsAre("a/b/c"));
}

TEST_P(BlobStoreContract, DoesNothingWhenToldToStop) {
  ASSERT_OK(Put("a", "text"));
  std::stop_source stop;
  stop.request_stop();
  const Context stopped = context_.WithStop(stop.get_token());
  EXPECT_THAT(store().Put(stopped, "b", {}), StatusIs(Code::kCancelled));
  EXPECT_THAT(store().Delete(stopped, "a"), StatusIs(Code::kCancelled));
  EXPECT_THAT(store().Get(stopped, "a", {}), StatusIs(Code::kCancelled));
  EXPECT_THAT(store().GetAll(stopped, "a", kLimit), StatusIs(Code::kCancelled));
  EXPECT_THAT(store().Stat(stopped, "a"), StatusIs(Code::kCancelled));
  EXPECT_THAT(store().List(stopped, ""), StatusIs(Code::kCancelled));
  EXPECT_THAT(Names(""), ElementsAre("a"));
}

TEST_P(BlobStoreContract, OneOfSeveralPutsAtOnceSucceeds) {
  if (!deviations().exclusive_put) {
    GTEST_SKIP() << "declared: the last of several Puts may win";
  }
  constexpr std::size_t kThreads = 4;
  for (int round = 0; round < 10; ++round) {
    const std::string name = fmt::format("round/{}", round);
    std::vector<Status> statuses(kThreads);
    {
      std::vector<Thread> threads;
      for (std::size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] { statuses[i] = Put(name, fmt::format("{}", i)); });
      }
    }
    std::string winners;
    for (std::size_t i = 0; i < kThreads; ++i) {
      if (statuses[i].ok()) {
        winners += fmt::format("{}", i);
      } else {
        EXPECT_THAT(statuses[i], StatusIs(Code::kAlreadyExists));
      }
    }
    EXPECT_THAT(Get(name), IsOkAndHolds(winners)) << "one winner, and its bytes";
  }
}

TEST_P(BlobStoreContract, ReadersSeeWholeBlobsOnlyWhileOthersWrite) {
  const std::string text(50'000, 'x');
  Thread writer([&] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_OK(Put(fmt::format("folder-{}/a", i % 3), text));
      EXPECT_OK(store().Delete(context_, fmt::format("folder-{}/a", i % 3)));
    }
  });
  for (int i = 0; i < 300; ++i) {
    const Result<std::string> got = Get(fmt::format("folder-{}/a", i % 3));
    if (got.ok()) {
      EXPECT_EQ(*got, text);
    } else {
      EXPECT_THAT(got, StatusIs(Code::kNotFound));
    }
    const Result<std::vector<BlobInfo>> infos = store().List(context_, "");
    ASSERT_OK(infos);
    for (const BlobInfo& info : *infos) {
      EXPECT_EQ(info.size_bytes, text.size());
    }
  }
}

}  // namespace contract
}  // namespace tresor::blob
