// SPDX-License-Identifier: Apache-2.0
// The conveniences, above all under power cuts. What they do without one is in contract_test.h.
#include "io/file_system.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "io/faults.h"

namespace tresor::io {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;
using Unsynced = MemoryFs::Unsynced;

// Larger than a block, so that a torn one shows.
std::string Old() { return std::string(10'000, 'o'); }
std::string New() { return std::string(9'000, 'n'); }

std::string_view Name(Unsynced unsynced) {
  return unsynced == Unsynced::kLost ? "lost" : unsynced == Unsynced::kKept ? "kept" : "mixed";
}

// Cuts the power at every call of `write`, which replaces "/dir/file" (Old()) by New(), and looks
// at what every kind of cut leaves. Returns what was wrong; empty when nothing was.
std::vector<std::string> CutEverywhere(const std::function<Status(FileSystem&)>& write) {
  std::vector<std::string> faults;
  for (std::uint64_t n = 1;; ++n) {
    PowerCutFs fs;
    EXPECT_OK(CreateDirs(fs.memory(), "/dir"));
    EXPECT_OK(WriteFileAtomically(fs.memory(), "/dir/file", AsBytes(Old())));
    fs.CutAtCall(n);

    const Status status = write(fs);

    EXPECT_EQ(status.ok(), !fs.was_cut()) << n;
    const auto look = [&](Unsynced unsynced, std::uint64_t seed) {
      const auto survivor = fs.AfterPowerCut(unsynced, seed);
      const Result<Bytes> bytes = ReadFile(*survivor, "/dir/file");
      const std::string text = bytes.ok() ? ToString(*bytes) : "";
      if (status.ok() && text != New()) {
        faults.push_back(fmt::format("cut after the last call, kind {}: not new", Name(unsynced)));
      } else if (text != Old() && text != New()) {
        faults.push_back(fmt::format("cut at {}, kind {}: neither old nor new", n, Name(unsynced)));
      }
      EXPECT_OK(WriteFileAtomically(*survivor, "/dir/file", AsBytes("later"))) << n;
    };
    look(Unsynced::kLost, 0);
    look(Unsynced::kKept, 0);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      look(Unsynced::kMixed, seed);
    }
    if (!fs.was_cut()) {
      EXPECT_GT(n, 3U);
      return faults;
    }
  }
}

TEST(WriteFileAtomicallyTest, LeavesOldOrNewAtEveryPowerCut) {
  EXPECT_THAT(CutEverywhere([](FileSystem& fs) {
                return WriteFileAtomically(fs, "/dir/file", AsBytes(New()));
              }),
              IsEmpty());
}

// The next three leave out one step each: the loop above would notice.
Status WriteTemporary(FileSystem& fs, bool sync) {
  ASSIGN_OR_RETURN(const auto file, fs.Open("/dir/file.tmp", OpenMode::kTruncate));
  RETURN_IF_ERROR(file->WriteAt(0, AsBytes(New())));
  return sync ? file->Sync() : OkStatus();
}

TEST(WriteFileAtomicallyTest, CutsFindThatTheFileIsNotSynced) {
  EXPECT_THAT(CutEverywhere([](FileSystem& fs) -> Status {
                RETURN_IF_ERROR(WriteTemporary(fs, false));
                RETURN_IF_ERROR(fs.Rename("/dir/file.tmp", "/dir/file"));
                return fs.SyncDir("/dir");
              }),
              Contains("cut at 4, kind mixed: neither old nor new"));
}

TEST(WriteFileAtomicallyTest, CutsFindThatTheFolderIsNotSynced) {
  EXPECT_THAT(CutEverywhere([](FileSystem& fs) -> Status {
                RETURN_IF_ERROR(WriteTemporary(fs, true));
                return fs.Rename("/dir/file.tmp", "/dir/file");
              }),
              Contains("cut after the last call, kind lost: not new"));
}

TEST(WriteFileAtomicallyTest, CutsFindThatTheFileIsWrittenInPlace) {
  EXPECT_THAT(CutEverywhere([](FileSystem& fs) -> Status {
                RETURN_IF_ERROR(WriteTemporary(fs, true));  // makes it as many calls
                ASSIGN_OR_RETURN(const auto file, fs.Open("/dir/file", OpenMode::kTruncate));
                RETURN_IF_ERROR(file->WriteAt(0, AsBytes(New())));
                return file->Sync();
              }),
              Contains("cut at 5, kind kept: neither old nor new"));
}

TEST(WriteFileAtomicallyTest, AfterAnErrorTheOldFileIsThereAndNoOther) {
  for (std::uint64_t n = 1; n <= 5; ++n) {
    MemoryFs memory;
    FaultyFs fs(memory);
    ASSERT_OK(WriteFileAtomically(memory, "/file", AsBytes(Old())));
    fs.FailCall(n, Error(Code::kResourceExhausted, "disk full"), /*half_write=*/true);
    EXPECT_THAT(WriteFileAtomically(fs, "/file", AsBytes(New())),
                StatusIs(Code::kResourceExhausted))
        << n;
    EXPECT_THAT(ReadFile(memory, "/file"), IsOkAndHolds(ToBytes(AsBytes(Old())))) << n;
    EXPECT_EQ(memory.List("/")->size(), 1U) << n;
  }
}

TEST(CreateDirsTest, AreDurableOnReturn) {
  MemoryFs fs;
  ASSERT_OK(CreateDirs(fs, "/a/b/c"));
  EXPECT_THAT(Exists(*fs.AfterPowerCut(Unsynced::kLost), "/a/b/c"), IsOkAndHolds(true));
}

TEST(SyncTreeTest, MakesAllOfItDurable) {
  MemoryFs fs;
  ASSERT_OK(fs.CreateDir("/tree", 0700));
  ASSERT_OK(fs.CreateDir("/tree/dir", 0700));
  for (const std::string path : {"/tree/a", "/tree/dir/b"}) {
    ASSERT_OK_AND_ASSIGN(const auto file, fs.Open(path, OpenMode::kCreateNew, 0600));
    ASSERT_OK(file->WriteAt(0, AsBytes("text")));
  }

  ASSERT_OK(SyncTree(fs, "/tree"));

  const auto survivor = fs.AfterPowerCut(Unsynced::kLost);
  EXPECT_THAT(ReadFile(*survivor, "/tree/a"), IsOkAndHolds(ToBytes(AsBytes("text"))));
  EXPECT_THAT(ReadFile(*survivor, "/tree/dir/b"), IsOkAndHolds(ToBytes(AsBytes("text"))));
}

TEST(BytesReaderTest, ReadsWithinItsBytesOnly) {
  const Bytes bytes = ToBytes(AsBytes("text"));
  const BytesReader reader(bytes);
  EXPECT_EQ(reader.size(), 4);
  Bytes out(2);
  ASSERT_OK(reader.ReadAt(2, out));
  EXPECT_EQ(ToString(out), "xt");
  EXPECT_THAT(reader.ReadAt(3, out), StatusIs(Code::kOutOfRange));
  EXPECT_THAT(reader.ReadAt(~std::uint64_t{0}, out), StatusIs(Code::kOutOfRange));
}

TEST(PathTest, JoinsWithOneSlash) {
  EXPECT_EQ(JoinPath("/a", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/a/", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/", "b"), "/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(JoinPath("a", ""), "a");
}

TEST(PathTest, TellsParentAndBase) {
  EXPECT_EQ(ParentPath("/a/b/c"), "/a/b");
  EXPECT_EQ(ParentPath("/a/b/"), "/a");
  EXPECT_EQ(ParentPath("/c"), "/");
  EXPECT_EQ(ParentPath("/"), "/");
  EXPECT_EQ(ParentPath("c"), ".");
  EXPECT_EQ(ParentPath("a//c"), "a");
  EXPECT_EQ(BaseName("/a/b"), "b");
  EXPECT_EQ(BaseName("/a/b/"), "b");
  EXPECT_EQ(BaseName("b"), "b");
}

}  // namespace
}  // namespace tresor::io
