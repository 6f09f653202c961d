// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "io/faults.h"

namespace tresor::io {
namespace {

using tresor::testing::StatusIs;

Status DiskFull() { return Error(Code::kResourceExhausted, "disk full"); }

TEST(FaultyFsTest, FailsTheCallAskedForOnceAndDoesNothing) {
  MemoryFs memory;
  FaultyFs fs(memory);
  fs.FailCall(2, DiskFull());
  ASSERT_OK(fs.CreateDir("/one", 0700));
  EXPECT_THAT(fs.CreateDir("/two", 0700), StatusIs(Code::kResourceExhausted));
  EXPECT_THAT(memory.Stat("/two"), StatusIs(Code::kNotFound));
  EXPECT_OK(fs.CreateDir("/two", 0700));
  EXPECT_EQ(fs.calls(), 3);
  EXPECT_FALSE(fs.was_cut());
}

TEST(FaultyFsTest, CountsEveryChangeAndNoRead) {
  MemoryFs memory;
  FaultyFs fs(memory);
  ASSERT_OK_AND_ASSIGN(const auto file, fs.Open("/a", OpenMode::kCreateNew, 0600));
  ASSERT_OK(file->WriteAt(0, AsBytes("text")));
  ASSERT_OK(file->Truncate(3));
  ASSERT_OK(file->Allocate(3));
  ASSERT_OK(file->Sync());
  ASSERT_OK(fs.Rename("/a", "/b"));
  ASSERT_OK(fs.Link("/b", "/c"));
  ASSERT_OK(fs.RemoveFile("/c"));
  ASSERT_OK(fs.CreateDir("/d", 0700));
  ASSERT_OK(fs.RemoveDir("/d"));
  ASSERT_OK(fs.SyncDir("/"));
  ASSERT_OK(fs.OpenUnnamed("/"));
  ASSERT_OK(fs.Open("/b", OpenMode::kTruncate, 0600));
  EXPECT_EQ(fs.calls(), 13);

  ASSERT_OK(fs.Open("/b", OpenMode::kRead, 0600));
  ASSERT_OK(fs.Stat("/b"));
  ASSERT_OK(fs.List("/"));
  ASSERT_OK(fs.FreeBytes("/"));
  file->StartWriteback(0, 1);
  ASSERT_OK(file->Close());
  EXPECT_EQ(fs.calls(), 13);
}

TEST(FaultyFsTest, CanLeaveHalfAWrite) {
  MemoryFs memory;
  FaultyFs fs(memory);
  fs.FailCall(2, DiskFull(), /*half_write=*/true);
  ASSERT_OK_AND_ASSIGN(const auto file, fs.Open("/a", OpenMode::kCreateNew, 0600));
  EXPECT_THAT(file->WriteAt(0, AsBytes("12345678")), StatusIs(Code::kResourceExhausted));
  EXPECT_EQ(ToString(*ReadFile(memory, "/a")), "1234");
}

TEST(FaultyFsTest, AfterACutEverythingFailsAndNothingHappens) {
  MemoryFs memory;
  FaultyFs fs(memory);
  fs.CutAtCall(3);
  ASSERT_OK_AND_ASSIGN(const auto file, fs.Open("/a", OpenMode::kCreateNew, 0600));
  ASSERT_OK(file->WriteAt(0, AsBytes("text")));
  ASSERT_OK(fs.Stat("/a"));
  EXPECT_FALSE(fs.was_cut());

  EXPECT_THAT(file->WriteAt(0, AsBytes("TEXT")), StatusIs(Code::kUnavailable));

  EXPECT_TRUE(fs.was_cut());
  Bytes out(4);
  EXPECT_FALSE(file->ReadAt(0, out).ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(file->Close().ok());
  EXPECT_FALSE(fs.Stat("/a").ok());
  EXPECT_FALSE(fs.List("/").ok());
  EXPECT_FALSE(fs.RemoveFile("/a").ok());
  EXPECT_FALSE(fs.Open("/a", OpenMode::kRead, 0600).ok());
  EXPECT_EQ(ToString(*ReadFile(memory, "/a")), "text");
}

}  // namespace
}  // namespace tresor::io
