// SPDX-License-Identifier: Apache-2.0
// What every FileSystem must do. Include in one test file and say for which ones:
//   INSTANTIATE_TEST_SUITE_P(Memory, FileSystemContract, ::testing::Values(&MakeMemory), …);
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "base/thread.h"
#include "io/file_system.h"

namespace tresor::io {

/// A file system and an empty folder in it.
class Sandbox {
 public:
  virtual ~Sandbox() = default;
  [[nodiscard]] virtual FileSystem& fs() = 0;
  [[nodiscard]] virtual std::string root() = 0;
};
using MakeSandbox = std::unique_ptr<Sandbox> (*)();

class FileSystemContract : public ::testing::TestWithParam<MakeSandbox> {
 protected:
  [[nodiscard]] FileSystem& fs() { return sandbox_->fs(); }
  [[nodiscard]] std::string Path(std::string_view name) { return JoinPath(sandbox_->root(), name); }

  void Write(std::string_view name, std::string_view text) {
    ASSERT_OK_AND_ASSIGN(const auto file, fs().Open(Path(name), OpenMode::kTruncate));
    ASSERT_OK(file->WriteAt(0, AsBytes(text)));
    ASSERT_OK(file->Close());
  }
  [[nodiscard]] std::string Read(std::string_view name) {
    const Result<Bytes> bytes = ReadFile(fs(), Path(name));
    return bytes.ok() ? ToString(*bytes) : std::string(Message(bytes.status()));
  }
  [[nodiscard]] std::vector<std::string> Names(std::string_view dir = "") {
    std::vector<std::string> names;
    const Result<std::vector<DirEntry>> entries = fs().List(Path(dir));
    EXPECT_OK(entries);
    for (const DirEntry& entry : entries.value_or(std::vector<DirEntry>())) {
      names.push_back(entry.name);
    }
    return names;
  }

 private:
  std::unique_ptr<Sandbox> sandbox_ = GetParam()();
};

namespace contract {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;

TEST_P(FileSystemContract, ReadsBackWhatWasWritten) {
  ASSERT_OK_AND_ASSIGN(const auto file, fs().Open(Path("file"), OpenMode::kCreateNew));
  ASSERT_OK(file->WriteAt(0, AsBytes("hello world")));
  ASSERT_OK(file->WriteAt(6, AsBytes("etcd")));
  EXPECT_EQ(file->size(), 11);
  Bytes out(5);
  ASSERT_OK(file->ReadAt(6, out));
  EXPECT_EQ(ToString(out), "etcdd");
  EXPECT_OK(file->Sync());
  EXPECT_OK(file->Close());
  EXPECT_EQ(Read("file"), "hello etcdd");
}

TEST_P(FileSystemContract, FillsGapsWithZeros) {
  ASSERT_OK_AND_ASSIGN(const auto file, fs().Open(Path("file"), OpenMode::kCreateNew));
  ASSERT_OK(file->WriteAt(3, AsBytes("x")));
  ASSERT_OK(file->Truncate(6));
  EXPECT_EQ(Read("file"), std::string("\0\0\0x\0\0", 6));
  ASSERT_OK(file->Truncate(4));
  ASSERT_OK(file->Truncate(5));
  EXPECT_EQ(Read("file"), std::string("\0\0\0x\0", 5));
}

TEST_P(FileSystemContract, AllocateGrowsButNeverShrinksOrChanges) {
  ASSERT_OK_AND_ASSIGN(const auto file, fs().Open(Path("file"), OpenMode::kCreateNew));
  ASSERT_OK(file->WriteAt(0, AsBytes("text")));
  ASSERT_OK(file->Allocate(6));
  EXPECT_EQ(Read("file"), std::string("text\0\0", 6));
  ASSERT_OK(file->Allocate(2));
  ASSERT_OK(file->Allocate(0));
  EXPECT_EQ(Read("file"), std::string("text\0\0", 6));
  file->StartWriteback(0, 6);
  EXPECT_EQ(file->size(), 6);
}

TEST_P(FileSystemContract, ReadingPastTheEndIsOutOfRange) {
  Write("file", "text");
  ASSERT_OK_AND_ASSIGN(const auto file, fs().Open(Path("file"), OpenMode::kRead));
  Bytes out(3);
  EXPECT_OK(file->ReadAt(1, out));
  EXPECT_THAT(file->ReadAt(2, out), StatusIs(Code::kOutOfRange, HasSubstr(Path("file"))));
  EXPECT_THAT(file->ReadAt(100, out), StatusIs(Code::kOutOfRange));
  EXPECT_OK(file->ReadAt(4, MutableByteView()));
}

TEST_P(FileSystemContract, OpenModesDoWhatTheySay) {
  EXPECT_THAT(fs().Open(Path("no"), OpenMode::kRead),
              StatusIs(Code::kNotFound, HasSubstr(Path("no"))));
  EXPECT_THAT(fs().Open(Path("no"), OpenMode::kReadWrite), StatusIs(Code::kNotFound));
  Write("file", "text");
  EXPECT_THAT(fs().Open(Path("file"), OpenMode::kCreateNew),
              StatusIs(Code::kAlreadyExists, HasSubstr(Path("file"))));
  EXPECT_EQ(Read("file"), "text");
  {
    ASSERT_OK_AND_ASSIGN(const auto file, fs().Open(Path("file"), OpenMode::kReadWrite));
    ASSERT_OK(file->WriteAt(0, AsBytes("T")));
  }
  EXPECT_EQ(Read("file"), "Text");
  EXPECT_OK(fs().Open(Path("file"), OpenMode::kTruncate));
  EXPECT_EQ(Read("file"), "");
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite, OpenMode::kTruncate}) {
    EXPECT_THAT(fs().Open(Path(""), mode), StatusIs(Code::kFailedPrecondition));
    EXPECT_THAT(fs().Open(Path("file/in"), mode), StatusIs(Code::kFailedPrecondition));
    EXPECT_THAT(fs().Open(Path("no/file"), mode), StatusIs(Code::kNotFound));
  }
}

TEST_P(FileSystemContract, RefusesWritesWhenOpenForReadingOrClosed) {
  Write("file", "text");
  ASSERT_OK_AND_ASSIGN(const auto file, fs().Open(Path("file"), OpenMode::kRead));
  EXPECT_THAT(file->WriteAt(0, AsBytes("x")), StatusIs(Code::kFailedPrecondition));
  EXPECT_OK(file->Sync());
  EXPECT_OK(file->Close());
  EXPECT_OK(file->Close());
  Bytes out(1);
  EXPECT_THAT(file->ReadAt(0, out), StatusIs(Code::kFailedPrecondition));
  EXPECT_EQ(Read("file"), "text");
}

TEST_P(FileSystemContract, GivesNewFilesExactlyTheModeAskedFor) {
  for (const std::uint32_t mode : {0600U, 0666U, 0400U, 0755U}) {
    const std::string name = fmt::format("file-{:o}", mode);
    ASSERT_OK(fs().Open(Path(name), OpenMode::kCreateNew, mode));
    ASSERT_OK_AND_ASSIGN(const FileInfo info, fs().Stat(Path(name)));
    EXPECT_EQ(info.mode, mode) << name;
  }
  ASSERT_OK(fs().Open(Path("file-666"), OpenMode::kTruncate, 0600));
  ASSERT_OK_AND_ASSIGN(const FileInfo old, fs().Stat(Path("file-666")));
  EXPECT_EQ(old.mode, 0666U) << "only new files get the mode";
  ASSERT_OK(fs().Open(Path("new"), OpenMode::kTruncate, 0666));
  ASSERT_OK_AND_ASSIGN(const FileInfo created, fs().Stat(Path("new")));
  EXPECT_EQ(created.mode, 0666U);
  ASSERT_OK(fs().CreateDir(Path("dir"), 0777));
  ASSERT_OK_AND_ASSIGN(const FileInfo dir, fs().Stat(Path("dir")));
  EXPECT_EQ(dir.mode, 0777U);
}

TEST_P(FileSystemContract, UnnamedFilesHoldBytesAndHaveNoName) {
  ASSERT_OK_AND_ASSIGN(const auto file, fs().OpenUnnamed(Path("")));
  ASSERT_OK(file->WriteAt(0, AsBytes("text")));
  EXPECT_EQ(file->size(), 4);
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_OK(file->Close());
  EXPECT_THAT(fs().OpenUnnamed(Path("no")), StatusIs(Code::kNotFound));
}

TEST_P(FileSystemContract, StatTellsTypeAndSize) {
  Write("file", "text");
  ASSERT_OK_AND_ASSIGN(const FileInfo file, fs().Stat(Path("file")));
  EXPECT_EQ(file.type, FileType::kFile);
  EXPECT_EQ(file.size_bytes, 4);
  ASSERT_OK_AND_ASSIGN(const FileInfo dir, fs().Stat(Path("")));
  EXPECT_EQ(dir.type, FileType::kDirectory);
  EXPECT_THAT(fs().Stat(Path("no")), StatusIs(Code::kNotFound));
  EXPECT_THAT(Exists(fs(), Path("file")), IsOkAndHolds(true));
  EXPECT_THAT(Exists(fs(), Path("no")), IsOkAndHolds(false));
  EXPECT_THAT(Exists(fs(), Path("no/no")), IsOkAndHolds(false));
}

TEST_P(FileSystemContract, ListsSortedWithTypes) {
  Write("b", "");
  Write("a", "");
  ASSERT_OK(fs().CreateDir(Path("c")));
  ASSERT_OK_AND_ASSIGN(const auto entries, fs().List(Path("")));
  EXPECT_THAT(Names(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(entries[0].type, FileType::kFile);
  EXPECT_EQ(entries[2].type, FileType::kDirectory);
  EXPECT_THAT(fs().List(Path("no")), StatusIs(Code::kNotFound));
  EXPECT_THAT(fs().List(Path("a")), StatusIs(Code::kFailedPrecondition));
}

TEST_P(FileSystemContract, CreatesFoldersOnce) {
  ASSERT_OK(fs().CreateDir(Path("dir")));
  EXPECT_THAT(fs().CreateDir(Path("dir")), StatusIs(Code::kAlreadyExists));
  Write("file", "");
  EXPECT_THAT(fs().CreateDir(Path("file")), StatusIs(Code::kAlreadyExists));
  EXPECT_THAT(fs().CreateDir(Path("no/dir")), StatusIs(Code::kNotFound));
}

TEST_P(FileSystemContract, RenameReplacesFiles) {
  Write("from", "new");
  Write("to", "old");
  ASSERT_OK_AND_ASSIGN(const auto reader, fs().Open(Path("to"), OpenMode::kRead));
  ASSERT_OK(fs().Rename(Path("from"), Path("to")));
  EXPECT_EQ(Read("to"), "new");
  EXPECT_THAT(Names(), ElementsAre("to"));
  Bytes out(3);
  ASSERT_OK(reader->ReadAt(0, out));
  EXPECT_EQ(ToString(out), "old") << "who has it open keeps the old file";
  EXPECT_THAT(fs().Rename(Path("from"), Path("to")), StatusIs(Code::kNotFound));
  EXPECT_OK(fs().Rename(Path("to"), Path("to")));
  EXPECT_EQ(Read("to"), "new");
}

TEST_P(FileSystemContract, RenameReplacesEmptyFoldersOnly) {
  ASSERT_OK(fs().CreateDir(Path("from")));
  Write("from/file", "text");
  ASSERT_OK(fs().CreateDir(Path("empty")));
  ASSERT_OK(fs().CreateDir(Path("full")));
  Write("full/file", "");
  EXPECT_THAT(fs().Rename(Path("from"), Path("full")), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(fs().Rename(Path("from"), Path("full/file")), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(fs().Rename(Path("full/file"), Path("from")), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(fs().Rename(Path("from"), Path("from/in")), StatusIs(Code::kInvalidArgument));
  ASSERT_OK(fs().Rename(Path("from"), Path("empty")));
  EXPECT_EQ(Read("empty/file"), "text");
  ASSERT_OK(fs().Rename(Path("empty/file"), Path("full/moved")));
  EXPECT_THAT(Names("full"), ElementsAre("file", "moved"));
}

TEST_P(FileSystemContract, LinkGivesASecondNameAndReplacesNothing) {
  Write("first", "text");
  ASSERT_OK(fs().Link(Path("first"), Path("second")));
  ASSERT_OK(fs().RemoveFile(Path("first")));
  EXPECT_EQ(Read("second"), "text");
  Write("other", "other");
  EXPECT_THAT(fs().Link(Path("second"), Path("other")), StatusIs(Code::kAlreadyExists));
  EXPECT_EQ(Read("other"), "other");
  EXPECT_THAT(fs().Link(Path("no"), Path("third")), StatusIs(Code::kNotFound));
  EXPECT_THAT(fs().Link(Path("second"), Path("no/third")), StatusIs(Code::kNotFound));
}

TEST_P(FileSystemContract, OneOfSeveralLinksAtOnceSucceeds) {
  constexpr int kThreads = 4;
  std::vector<Status> statuses(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    Write(fmt::format("from-{}", i), fmt::format("{}", i));
  }
  {
    std::vector<Thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        statuses[static_cast<std::size_t>(i)] =
            fs().Link(Path(fmt::format("from-{}", i)), Path("to"));
      });
    }
  }
  std::string winner;
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    if (statuses[i].ok()) {
      winner += fmt::format("{}", i);
    } else {
      EXPECT_THAT(statuses[i], StatusIs(Code::kAlreadyExists));
    }
  }
  EXPECT_EQ(winner, Read("to"));
}

TEST_P(FileSystemContract, RemovesFilesAndFoldersEachByItsCall) {
  Write("file", "text");
  ASSERT_OK(fs().CreateDir(Path("dir")));
  Write("dir/file", "");
  EXPECT_THAT(fs().RemoveFile(Path("dir")), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(fs().RemoveDir(Path("file")), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(fs().RemoveDir(Path("dir")), StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(fs().RemoveFile(Path("no")), StatusIs(Code::kNotFound));
  EXPECT_THAT(fs().RemoveDir(Path("no")), StatusIs(Code::kNotFound));
  EXPECT_OK(fs().RemoveFile(Path("dir/file")));
  EXPECT_OK(fs().RemoveDir(Path("dir")));
  EXPECT_OK(fs().RemoveFile(Path("file")));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_P(FileSystemContract, SyncsFoldersThatAreThere) {
  EXPECT_OK(fs().SyncDir(Path("")));
  EXPECT_THAT(fs().SyncDir(Path("no")), StatusIs(Code::kNotFound));
  Write("file", "");
  EXPECT_THAT(fs().SyncDir(Path("file")), StatusIs(Code::kFailedPrecondition));
}

TEST_P(FileSystemContract, TellsFreeBytes) {
  ASSERT_OK_AND_ASSIGN(const std::uint64_t free, fs().FreeBytes(Path("")));
  EXPECT_GT(free, 0);
  EXPECT_THAT(fs().FreeBytes(Path("no")), StatusIs(Code::kNotFound));
}

TEST_P(FileSystemContract, ReadsAndWritesDisjointRangesFromManyThreads) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kPart = 1000;
  ASSERT_OK_AND_ASSIGN(const auto file, fs().Open(Path("file"), OpenMode::kCreateNew));
  {
    std::vector<Thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        const Bytes part(kPart, static_cast<std::byte>('a' + i));
        EXPECT_OK(file->WriteAt(i * kPart, part));
        Bytes back(kPart);
        EXPECT_OK(file->ReadAt(i * kPart, back));
        EXPECT_EQ(back, part);
      });
    }
  }
  EXPECT_EQ(file->size(), kThreads * kPart);
}

TEST_P(FileSystemContract, WriteFileAtomicallyReplacesAndLeavesNothingElse) {
  ASSERT_OK(WriteFileAtomically(fs(), Path("file"), AsBytes("one"), 0640));
  ASSERT_OK(WriteFileAtomically(fs(), Path("file"), AsBytes("two"), 0644));
  EXPECT_EQ(Read("file"), "two");
  ASSERT_OK_AND_ASSIGN(const FileInfo info, fs().Stat(Path("file")));
  EXPECT_EQ(info.mode, 0644U);
  EXPECT_THAT(Names(), ElementsAre("file"));
  EXPECT_THAT(WriteFileAtomically(fs(), Path("no/file"), {}), StatusIs(Code::kNotFound));
}

TEST_P(FileSystemContract, WriteFileAtomicallyGetsPastWhatACrashLeft) {
  Write("file.tmp", "half of somethi");
  ASSERT_OK(WriteFileAtomically(fs(), Path("file"), AsBytes("whole")));
  EXPECT_EQ(Read("file"), "whole");
  EXPECT_THAT(Names(), ElementsAre("file"));
}

TEST_P(FileSystemContract, ReadFileRefusesMoreThanTheLimit) {
  Write("file", "text");
  EXPECT_THAT(ReadFile(fs(), Path("file"), 4), IsOkAndHolds(ToBytes(AsBytes("text"))));
  EXPECT_THAT(ReadFile(fs(), Path("file"), 3), StatusIs(Code::kResourceExhausted));
}

TEST_P(FileSystemContract, CreateDirsMakesWhatIsMissing) {
  ASSERT_OK(CreateDirs(fs(), Path("a/b/c"), 0750));
  ASSERT_OK(CreateDirs(fs(), Path("a/b/c/"), 0700));
  ASSERT_OK(CreateDirs(fs(), Path("a/b/d"), 0700));
  EXPECT_THAT(Names("a/b"), ElementsAre("c", "d"));
  ASSERT_OK_AND_ASSIGN(const FileInfo info, fs().Stat(Path("a")));
  EXPECT_EQ(info.mode, 0750U);
  Write("file", "");
  EXPECT_THAT(CreateDirs(fs(), Path("file")), StatusIs(Code::kAlreadyExists));
  EXPECT_FALSE(CreateDirs(fs(), Path("file/dir")).ok());
}

TEST_P(FileSystemContract, RemoveTreeRemovesAllAndNothingElse) {
  ASSERT_OK(CreateDirs(fs(), Path("tree/a/b")));
  Write("tree/a/b/file", "text");
  Write("tree/file", "text");
  Write("tree2", "text");
  ASSERT_OK(RemoveTree(fs(), Path("tree")));
  EXPECT_THAT(Names(), ElementsAre("tree2"));
  EXPECT_OK(RemoveTree(fs(), Path("tree")));
  EXPECT_OK(RemoveTree(fs(), Path("tree2")));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_P(FileSystemContract, SyncTreeTakesFilesAndFolders) {
  ASSERT_OK(CreateDirs(fs(), Path("tree/a")));
  Write("tree/a/file", "text");
  EXPECT_OK(SyncTree(fs(), Path("tree")));
  EXPECT_OK(SyncTree(fs(), Path("tree/a/file")));
  EXPECT_THAT(SyncTree(fs(), Path("no")), StatusIs(Code::kNotFound));
}

}  // namespace contract
}  // namespace tresor::io
