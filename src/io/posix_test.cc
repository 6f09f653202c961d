// SPDX-License-Identifier: Apache-2.0
#include "io/posix.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "io/errno.h"
#include "io/temp_dir.h"

namespace tresor::io {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;

TEST(ErrnoTest, GivesTheCodeThatTellsWhatToDo) {
  EXPECT_THAT(ErrnoError(ENOSPC, "/data/x", "write"),
              StatusIs(Code::kResourceExhausted, "/data/x: write: No space left on device"));
  EXPECT_THAT(ErrnoError(EDQUOT, "x", "write"), StatusIs(Code::kResourceExhausted));
  EXPECT_THAT(ErrnoError(EACCES, "x", "open"), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(ErrnoError(EROFS, "x", "open"), StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(ErrnoError(ENOENT, "x", "open"), StatusIs(Code::kNotFound));
  EXPECT_THAT(ErrnoError(EEXIST, "x", "open"), StatusIs(Code::kAlreadyExists));
  EXPECT_THAT(ErrnoError(EIO, "x", "read"), StatusIs(Code::kDataLoss));
  EXPECT_THAT(ErrnoError(ENOTEMPTY, "x", "remove"), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(ErrnoError(ESTALE, "x", "read"), StatusIs(Code::kUnavailable));
}

TEST(PosixTest, UnnamedFilesDoWithoutTmpfileSupport) {
  const TempDir dir;
  ASSERT_OK_AND_ASSIGN(const auto file, OpenByUnlinking(dir.path()));
  ASSERT_OK(file->WriteAt(0, AsBytes("text")));
  EXPECT_THAT(*PosixFileSystem().List(dir.path()), IsEmpty());
  Bytes out(4);
  ASSERT_OK(file->ReadAt(0, out));
  EXPECT_EQ(ToString(out), "text");
  EXPECT_THAT(OpenByUnlinking(dir.path() + "/no"), StatusIs(Code::kNotFound));
}

// Also where the file system does not offer it.
TEST(PosixTest, WhatBypassesTheCacheIsWrittenAsAnythingElse) {
  struct alignas(kBypassAlignment) Block {
    std::array<std::byte, kBypassAlignment> bytes;
  };
  const TempDir dir;
  FileSystem& fs = PosixFileSystem();
  ASSERT_OK_AND_ASSIGN(const auto file, fs.Open(dir.path() + "/file", OpenMode::kCreateNew));
  file->BypassCache();
  std::vector<Block> blocks(3);
  Bytes expected;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].bytes.fill(static_cast<std::byte>('a' + i));
  }
  const ByteView all = std::as_bytes(std::span(blocks));
  ASSERT_OK(file->WriteAt(0, all));
  ASSERT_OK(file->WriteAt(all.size(), AsBytes("tail")));                         // size
  ASSERT_OK(file->WriteAt(100, all.first(kBypassAlignment)));                    // offset
  ASSERT_OK(file->WriteAt(kBypassAlignment, all.subspan(1, kBypassAlignment)));  // address
  expected = ToBytes(all);
  expected.insert(expected.end(), {std::byte{'t'}, std::byte{'a'}, std::byte{'i'}, std::byte{'l'}});
  std::memcpy(expected.data() + 100, all.data(), kBypassAlignment);
  std::memcpy(expected.data() + kBypassAlignment, all.data() + 1, kBypassAlignment);
  ASSERT_OK(file->Sync());
  Bytes found(expected.size());
  ASSERT_OK(file->ReadAt(0, found));
  EXPECT_EQ(found, expected);
  ASSERT_OK(file->Close());
}

TEST(PosixTest, RemoveTreeDoesNotFollowSymbolicLinks) {
  const TempDir dir;
  const std::string kept = dir.path() + "/kept";
  ASSERT_OK(CreateDirs(PosixFileSystem(), kept));
  ASSERT_OK(WriteFileAtomically(PosixFileSystem(), kept + "/file", AsBytes("text")));
  ASSERT_OK(CreateDirs(PosixFileSystem(), dir.path() + "/tree"));
  ASSERT_EQ(::symlink(kept.c_str(), (dir.path() + "/tree/link").c_str()), 0);
  ASSERT_EQ(::symlink(kept.c_str(), (dir.path() + "/link").c_str()), 0);

  EXPECT_OK(RemoveTree(PosixFileSystem(), dir.path() + "/tree"));
  EXPECT_OK(RemoveTree(PosixFileSystem(), dir.path() + "/link"));

  EXPECT_THAT(Exists(PosixFileSystem(), kept + "/file"), IsOkAndHolds(true));
  EXPECT_THAT(Exists(PosixFileSystem(), dir.path() + "/link"), IsOkAndHolds(false));
}

TEST(PosixTest, RefusesSymbolicLinksToNowhere) {
  const TempDir dir;
  const std::string link = dir.path() + "/link";
  ASSERT_EQ(::symlink("nowhere", link.c_str()), 0);
  EXPECT_THAT(PosixFileSystem().Open(link, OpenMode::kTruncate), StatusIs(Code::kNotFound));
  EXPECT_THAT(CreateDirs(PosixFileSystem(), link), StatusIs(Code::kNotFound));
}

TEST(PosixTest, RefusesPipesWithoutWaitingForTheOtherEnd) {
  const TempDir dir;
  const std::string pipe = dir.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(PosixFileSystem().Open(pipe, OpenMode::kRead),
              StatusIs(Code::kFailedPrecondition, HasSubstr("not a regular file")));
}

TEST(PosixTest, RefusesSizesThatNoFileHas) {
  const TempDir dir;
  ASSERT_OK_AND_ASSIGN(const auto file,
                       PosixFileSystem().Open(dir.path() + "/file", OpenMode::kCreateNew));
  Bytes out(1);
  EXPECT_THAT(file->ReadAt(~std::uint64_t{0}, out), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(file->Truncate(~std::uint64_t{0}), StatusIs(Code::kInvalidArgument));
}

}  // namespace
}  // namespace tresor::io
