// SPDX-License-Identifier: Apache-2.0
// What is special to the local store: crashes, power cuts, several processes. The rest of it is in
// contract_test.h.
#include "blob/local.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "base/thread.h"
#include "io/faults.h"

namespace tresor::blob {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;
using Unsynced = io::MemoryFs::Unsynced;

constexpr std::uint64_t kLimit = 1 << 20;

const Context& Background() {
  static const Context context = Context::Background();
  return context;
}
std::unique_ptr<BlobStore> Open(io::FileSystem& fs) {
  Result<std::unique_ptr<BlobStore>> store = OpenLocalStore(fs, "/store");
  EXPECT_OK(store);
  return *std::move(store);
}
void CreateRoot(io::FileSystem& fs) { ASSERT_OK(io::CreateDirs(fs, "/store")); }
std::vector<std::string> Names(BlobStore& store) {
  std::vector<std::string> names;
  const std::vector<BlobInfo> infos = *store.List(Background(), "");
  for (const BlobInfo& info : infos) {
    names.push_back(info.name);
  }
  return names;
}
// Larger than a block, so that a torn one shows.
std::string TextOf(std::string_view name) { return std::string(5000, 'x') + std::string(name); }
Status Put(BlobStore& store, std::string_view name) {
  return store.Put(Background(), name, AsBytes(TextOf(name)));
}

TEST(LocalStoreTest, OpeningWhatIsNotThereNamesIt) {
  io::MemoryFs fs;
  EXPECT_THAT(OpenLocalStore(fs, "/store"), StatusIs(Code::kNotFound, HasSubstr("/store")));
  EXPECT_THAT(*fs.List("/"), IsEmpty());
  ASSERT_OK(io::WriteFileAtomically(fs, "/file", {}));
  EXPECT_THAT(OpenLocalStore(fs, "/file"), StatusIs(Code::kFailedPrecondition, HasSubstr("/file")));
}

TEST(LocalStoreTest, CreatedStoresAreDurable) {
  io::MemoryFs fs;
  ASSERT_OK(CreateLocalStore(fs, "/a/b/store"));
  ASSERT_OK(CreateLocalStore(fs, "/a/b/store"));
  EXPECT_OK(OpenLocalStore(*fs.AfterPowerCut(Unsynced::kLost), "/a/b/store"));
}

TEST(LocalStoreTest, ReadingChangesNothing) {
  io::MemoryFs memory;
  CreateRoot(memory);
  ASSERT_OK(Put(*Open(memory), "a/b"));
  io::FaultyFs fs(memory);
  const auto store = Open(fs);
  EXPECT_OK(store->Get(Background(), "a/b", {.offset = 1, .size = 1}));
  EXPECT_OK(store->GetAll(Background(), "a/b", kLimit));
  EXPECT_OK(store->Stat(Background(), "a/b"));
  EXPECT_OK(store->List(Background(), ""));
  EXPECT_EQ(fs.calls(), 0);
}

TEST(LocalStoreTest, KeepsBlobsToTheOwner) {
  io::MemoryFs fs;
  ASSERT_OK(CreateLocalStore(fs, "/store"));
  ASSERT_OK(Put(*Open(fs), "a/b"));
  EXPECT_EQ(fs.Stat("/store")->mode, 0700U);
  EXPECT_EQ(fs.Stat("/store/a")->mode, 0700U);
  EXPECT_EQ(fs.Stat("/store/a/b")->mode, 0600U);
}

TEST(LocalStoreTest, IgnoresFilesThatAreNoBlobs) {
  io::MemoryFs fs;
  CreateRoot(fs);
  ASSERT_OK(fs.CreateDir("/store/lost+found", 0700));
  ASSERT_OK(io::WriteFileAtomically(fs, "/store/lost+found/a", {}));
  ASSERT_OK(io::WriteFileAtomically(fs, "/store/.nfs0001", {}));
  const auto store = Open(fs);
  ASSERT_OK(Put(*store, "a"));
  EXPECT_THAT(Names(*store), ElementsAre("a"));
}

TEST(LocalStoreTest, StaleTemporariesAreNoBlobsAndGoWithTheFirstPut) {
  io::MemoryFs fs;
  CreateRoot(fs);
  ASSERT_OK(fs.CreateDir("/store/.tmp", 0700));
  ASSERT_OK(io::WriteFileAtomically(fs, "/store/.tmp/0123-0", {}));
  const auto store = Open(fs);
  EXPECT_THAT(Names(*store), IsEmpty());
  ASSERT_OK(Put(*store, "a"));
  EXPECT_THAT(*fs.List("/store/.tmp"), IsEmpty());
}

// The first Put of each store empties .tmp, while others are writing there.
TEST(LocalStoreTest, SurvivesOthersThatEmptyTheTemporaries) {
  io::MemoryFs fs;
  CreateRoot(fs);
  constexpr int kThreads = 4;
  {
    std::vector<Thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < 10; ++n) {
          EXPECT_OK(Put(*Open(fs), fmt::format("a/{}-{}", i, n)));
        }
      });
    }
  }
  const auto store = Open(fs);
  EXPECT_THAT(Names(*store), ::testing::SizeIs(kThreads * 10));
  for (const std::string& name : Names(*store)) {
    EXPECT_THAT(store->GetAll(Background(), name, kLimit),
                IsOkAndHolds(ToBytes(AsBytes(TextOf(name)))));
  }
}

TEST(LocalStoreTest, AFullDiskLeavesNothingBehind) {
  io::MemoryFs fs;
  CreateRoot(fs);
  const auto store = Open(fs);
  ASSERT_OK(Put(*store, "a"));
  fs.SetCapacity(6000);
  EXPECT_THAT(Put(*store, "b"), StatusIs(Code::kResourceExhausted, HasSubstr("blob b")));
  EXPECT_THAT(Names(*store), ElementsAre("a"));
  EXPECT_THAT(*fs.List("/store/.tmp"), IsEmpty());
  fs.SetCapacity(20'000);
  EXPECT_OK(Put(*store, "b"));
}

TEST(LocalStoreTest, PutCostsFewCallsOnceTheFolderIsKnown) {
  io::MemoryFs memory;
  io::FaultyFs fs(memory);
  CreateRoot(fs);
  const auto store = Open(fs);
  ASSERT_OK(Put(*store, "a/1"));
  const std::uint64_t before = fs.calls();
  ASSERT_OK(Put(*store, "a/2"));
  EXPECT_EQ(fs.calls() - before, 6U);  // create, write, sync, link, remove, sync the folder
}

// A small history. What was said to be done, by name: there or gone.
class History {
 public:
  void Run(BlobStore& store) {
    Did("a/1", Put(store, "a/1"), true);
    Did("b/c/2", Put(store, "b/c/2"), true);
    Did("a/3", Put(store, "a/3"), true);
    Did("a/1", store.Delete(Background(), "a/1"), false);
    Did("4", Put(store, "4"), true);
  }

  void Check(BlobStore& store) const {
    const std::vector<std::string> names = Names(store);
    for (const std::string& name : names) {
      EXPECT_TRUE(tried_.contains(name)) << name;
      EXPECT_THAT(store.GetAll(Background(), name, kLimit),
                  IsOkAndHolds(ToBytes(AsBytes(TextOf(name)))));
    }
    for (const auto& [name, is_there] : done_) {
      if (is_there) {
        EXPECT_OK(store.Stat(Background(), name)) << name;
      } else {
        EXPECT_THAT(store.Stat(Background(), name), StatusIs(Code::kNotFound)) << name;
      }
    }
    for (const auto& [name, _] : tried_) {
      const Status again = Put(store, name);
      EXPECT_TRUE(again.ok() || again.code() == Code::kAlreadyExists) << again;
      EXPECT_OK(store.Stat(Background(), name));
    }
  }

 private:
  void Did(const std::string& name, const Status& status, bool is_there) {
    tried_[name] = true;
    if (status.ok()) {
      done_[name] = is_there;
    } else {
      done_.erase(name);  // either way is right
    }
  }
  std::map<std::string, bool> tried_;
  std::map<std::string, bool> done_;
};

TEST(LocalStorePowerCutTest, BlobsAreWholeOrAbsentAndDoneIsDone) {
  for (std::uint64_t n = 1;; ++n) {
    io::PowerCutFs fs;
    CreateRoot(fs.memory());
    fs.CutAtCall(n);
    History history;
    history.Run(*Open(fs));
    for (std::uint64_t seed = 0; seed < 22; ++seed) {
      const Unsynced unsynced = seed == 0   ? Unsynced::kLost
                                : seed == 1 ? Unsynced::kKept
                                            : Unsynced::kMixed;
      SCOPED_TRACE(fmt::format("cut at {}, seed {}", n, seed));
      const auto survivor = fs.AfterPowerCut(unsynced, seed);
      history.Check(*Open(*survivor));
    }
    if (!fs.was_cut()) {
      EXPECT_GT(n, 30U);
      break;
    }
  }
}

// A process that ends between any two calls, and an error at any call, followed by a power cut
// after the next process (or the same) has been told that all is well.
TEST(LocalStorePowerCutTest, WhatWasSeenOrSaidAfterAFailureIsDurable) {
  for (const bool same_process : {true, false}) {
    for (std::uint64_t n = 1;; ++n) {
      SCOPED_TRACE(fmt::format("same process {}, failure at {}", same_process, n));
      io::MemoryFs memory;
      CreateRoot(memory);
      io::FaultyFs fs(memory);
      fs.FailCall(n, Error(Code::kUnavailable, "try again"));
      const auto first = Open(fs);
      (void)Put(*first, "a/b/1");
      if (fs.calls() < n) {
        EXPECT_GT(n, 10U);
        break;
      }

      const auto second = same_process ? nullptr : Open(memory);
      BlobStore& store = same_process ? *first : *second;
      std::vector<std::string> seen = Names(store);
      ASSERT_OK(Put(store, "c/2"));  // in another folder
      seen.emplace_back("c/2");

      const auto survivor = memory.AfterPowerCut(Unsynced::kLost);
      for (const std::string& name : seen) {
        EXPECT_OK(Open(*survivor)->Stat(Background(), name)) << name;
      }
    }
  }
}

// Somebody else has linked the blob and not yet synced the folder.
TEST(LocalStorePowerCutTest, AlreadyExistsMeansThatItIsDurable) {
  io::MemoryFs memory;
  CreateRoot(memory);
  const auto store = Open(memory);
  ASSERT_OK(Put(*store, "a/1"));
  io::FaultyFs fs(memory);
  const auto other = Open(fs);
  ASSERT_OK(Put(*other, "a/2"));
  fs.CutAtCall(fs.calls() + 6);  // its last call

  ASSERT_FALSE(Put(*other, "a/3").ok());
  ASSERT_THAT(Put(*store, "a/3"), StatusIs(Code::kAlreadyExists));

  EXPECT_OK(Open(*memory.AfterPowerCut(Unsynced::kLost))->Stat(Background(), "a/3"));
}

TEST(LocalStorePowerCutTest, ADeleteThatIsRepeatedAfterAFailureIsDurable) {
  for (std::uint64_t n = 1; n <= 2; ++n) {
    io::MemoryFs memory;
    CreateRoot(memory);
    ASSERT_OK(Put(*Open(memory), "a/1"));
    io::FaultyFs fs(memory);
    fs.FailCall(n, Error(Code::kUnavailable, "try again"));
    const auto store = Open(fs);
    ASSERT_THAT(store->Delete(Background(), "a/1"), StatusIs(Code::kUnavailable));
    ASSERT_OK(store->Delete(Background(), "a/1"));
    EXPECT_THAT(Names(*Open(*memory.AfterPowerCut(Unsynced::kLost))), IsEmpty());
  }
}

}  // namespace
}  // namespace tresor::blob
