// SPDX-License-Identifier: Apache-2.0
#include "io/file_lock.h"

#include <string>

#include "base/status_matchers.h"
#include "io/temp_dir.h"

namespace tresor::io {
namespace {

using testing::IsOkAndHolds;
using testing::StatusIs;

TEST(FileLockTest, IsHeldByOneAtATime) {
  const TempDir dir;
  const std::string path = dir.path() + "/lock";
  EXPECT_THAT(IsLocked(path), IsOkAndHolds(false));

  {
    ASSERT_OK_AND_ASSIGN(const auto lock, FileLock::TryAcquire(path));
    EXPECT_THAT(IsLocked(path), IsOkAndHolds(true));
    EXPECT_THAT(FileLock::TryAcquire(path), StatusIs(Code::kFailedPrecondition));
    // A look at the lock does not let go of it (as it would with lockf).
    EXPECT_THAT(IsLocked(path), IsOkAndHolds(true));
  }

  EXPECT_THAT(IsLocked(path), IsOkAndHolds(false));
  EXPECT_OK(FileLock::TryAcquire(path));
}

TEST(FileLockTest, ContentIsReplacedWhole) {
  const TempDir dir;
  const std::string path = dir.path() + "/lock";
  ASSERT_OK_AND_ASSIGN(const auto lock, FileLock::TryAcquire(path));

  ASSERT_OK(lock->Write("a long text"));
  ASSERT_OK(lock->Write("short"));

  ASSERT_OK_AND_ASSIGN(const Bytes content, ReadFile(PosixFileSystem(), path));
  EXPECT_EQ(AsText(content), "short");
}

TEST(FileLockTest, MissingFolderIsNotFound) {
  const TempDir dir;
  EXPECT_THAT(FileLock::TryAcquire(dir.path() + "/no/lock"), StatusIs(Code::kNotFound));
}

}  // namespace
}  // namespace tresor::io
