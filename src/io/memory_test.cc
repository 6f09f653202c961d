// SPDX-License-Identifier: Apache-2.0
// What a power cut leaves in MemoryFs. The rest of it is in contract_test.cc.
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "io/faults.h"

namespace tresor::io {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using tresor::testing::StatusIs;
using Unsynced = MemoryFs::Unsynced;

std::unique_ptr<File> Create(FileSystem& fs, const std::string& path, std::string_view text) {
  auto file = fs.Open(path, OpenMode::kTruncate);
  EXPECT_OK(file);
  EXPECT_OK((*file)->WriteAt(0, AsBytes(text)));
  return *std::move(file);
}

// All files, by path.
void Collect(FileSystem& fs, const std::string& dir, std::map<std::string, std::string>& files) {
  const std::vector<DirEntry> entries = *fs.List(dir);
  for (const DirEntry& entry : entries) {
    const std::string path = JoinPath(dir, entry.name);
    if (entry.type == FileType::kDirectory) {
      Collect(fs, path, files);
    } else {
      files[path] = ToString(*ReadFile(fs, path));
    }
  }
}
using Files = std::map<std::string, std::string>;
Files After(const MemoryFs& fs, Unsynced unsynced, std::uint64_t seed = 0) {
  Files files;
  Collect(*fs.AfterPowerCut(unsynced, seed), "/", files);
  return files;
}
// What kMixed leaves for many seeds.
std::set<Files> Mixes(const MemoryFs& fs) {
  std::set<Files> mixes;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    mixes.insert(After(fs, Unsynced::kMixed, seed));
  }
  return mixes;
}

TEST(PowerCutTest, LosesContentThatWasNotSynced) {
  MemoryFs fs;
  const auto file = Create(fs, "/a", "old");
  ASSERT_OK(file->Sync());
  ASSERT_OK(fs.SyncDir("/"));
  ASSERT_OK(file->WriteAt(0, AsBytes("newer")));

  EXPECT_EQ(After(fs, Unsynced::kLost), (Files{{"/a", "old"}}));
  EXPECT_EQ(After(fs, Unsynced::kKept), (Files{{"/a", "newer"}}));
  EXPECT_THAT(Mixes(fs), UnorderedElementsAre(Files{{"/a", "old"}}, Files{{"/a", "new"}},
                                              Files{{"/a", std::string("old\0\0", 5)}},
                                              Files{{"/a", "newer"}}));

  ASSERT_OK(file->Sync());
  EXPECT_EQ(After(fs, Unsynced::kLost), (Files{{"/a", "newer"}}));
  EXPECT_THAT(Mixes(fs), ElementsAre(Files{{"/a", "newer"}}));
}

TEST(PowerCutTest, MixesBlocksOf4KiB) {
  MemoryFs fs;
  const auto file = Create(fs, "/a", std::string(3 * 4096, 'o'));
  ASSERT_OK(file->Sync());
  ASSERT_OK(fs.SyncDir("/"));
  ASSERT_OK(file->WriteAt(0, Bytes(3 * 4096, std::byte{'n'})));
  std::set<std::string> blocks;
  for (const Files& files : Mixes(fs)) {
    const std::string& content = files.at("/a");
    ASSERT_EQ(content.size(), 3 * 4096);
    blocks.insert({content[0], content[4095], content[4096], content[8191], content[8192]});
  }
  EXPECT_THAT(blocks, UnorderedElementsAre("ooooo", "oooon", "oonno", "oonnn", "nnooo", "nnoon",
                                           "nnnno", "nnnnn"));
}

TEST(PowerCutTest, LosesNamesThatWereNotSynced) {
  MemoryFs fs;
  ASSERT_OK(Create(fs, "/a", "text")->Sync());
  EXPECT_THAT(After(fs, Unsynced::kLost), IsEmpty()) << "a synced file needs its name synced too";
  EXPECT_THAT(Mixes(fs), UnorderedElementsAre(Files{}, Files{{"/a", "text"}}));
  ASSERT_OK(fs.SyncDir("/"));
  EXPECT_EQ(After(fs, Unsynced::kLost), (Files{{"/a", "text"}}));
  ASSERT_OK(fs.RemoveFile("/a"));
  EXPECT_EQ(After(fs, Unsynced::kLost), (Files{{"/a", "text"}}));
  EXPECT_THAT(After(fs, Unsynced::kKept), IsEmpty());
  ASSERT_OK(fs.SyncDir("/"));
  EXPECT_THAT(After(fs, Unsynced::kLost), IsEmpty());
}

TEST(PowerCutTest, KeepsASyncedNameOfAnUnsyncedFileAsAnEmptyFile) {
  MemoryFs fs;
  const auto file = Create(fs, "/a", "text");
  ASSERT_OK(fs.SyncDir("/"));
  EXPECT_EQ(After(fs, Unsynced::kLost), (Files{{"/a", ""}}));
}

TEST(PowerCutTest, LosesFoldersWhoseParentWasNotSynced) {
  MemoryFs fs;
  ASSERT_OK(fs.CreateDir("/dir", 0700));
  ASSERT_OK(Create(fs, "/dir/a", "text")->Sync());
  ASSERT_OK(fs.SyncDir("/dir"));
  EXPECT_THAT(After(fs, Unsynced::kLost), IsEmpty());
  ASSERT_OK(fs.SyncDir("/"));
  EXPECT_EQ(After(fs, Unsynced::kLost), (Files{{"/dir/a", "text"}}));
}

TEST(PowerCutTest, RenamesWithinAFolderWhollyOrNotAtAll) {
  MemoryFs fs;
  ASSERT_OK(Create(fs, "/from", "new")->Sync());
  ASSERT_OK(Create(fs, "/to", "old")->Sync());
  ASSERT_OK(fs.SyncDir("/"));
  ASSERT_OK(fs.Rename("/from", "/to"));
  const Files before = {{"/from", "new"}, {"/to", "old"}};
  const Files after = {{"/to", "new"}};
  EXPECT_EQ(After(fs, Unsynced::kLost), before);
  EXPECT_EQ(After(fs, Unsynced::kKept), after);
  EXPECT_THAT(Mixes(fs), UnorderedElementsAre(before, after));
}

TEST(PowerCutTest, TearsARenameBetweenFoldersWhenOneIsSynced) {
  MemoryFs fs;
  ASSERT_OK(fs.CreateDir("/d", 0700));
  ASSERT_OK(Create(fs, "/a", "text")->Sync());
  ASSERT_OK(fs.SyncDir("/"));
  ASSERT_OK(fs.Rename("/a", "/d/a"));
  ASSERT_OK(fs.SyncDir("/d"));
  EXPECT_EQ(After(fs, Unsynced::kLost), (Files{{"/a", "text"}, {"/d/a", "text"}}));
  ASSERT_OK(fs.SyncDir("/"));
  EXPECT_EQ(After(fs, Unsynced::kLost), (Files{{"/d/a", "text"}}));
}

TEST(PowerCutTest, LinksShareTheirContentAfterwardsToo) {
  MemoryFs fs;
  ASSERT_OK(Create(fs, "/a", "text")->Sync());
  ASSERT_OK(fs.Link("/a", "/b"));
  ASSERT_OK(fs.SyncDir("/"));
  const auto survivor = fs.AfterPowerCut(Unsynced::kLost);
  Create(*survivor, "/a", "changed");
  EXPECT_EQ(ToString(*ReadFile(*survivor, "/b")), "changed");
  EXPECT_EQ(ToString(*ReadFile(fs, "/b")), "text") << "the old file system stays as it is";
}

TEST(PowerCutTest, LosesUnnamedFiles) {
  MemoryFs fs;
  ASSERT_OK_AND_ASSIGN(const auto file, fs.OpenUnnamed("/"));
  ASSERT_OK(file->WriteAt(0, AsBytes("text")));
  ASSERT_OK(file->Sync());
  EXPECT_THAT(After(fs, Unsynced::kKept), IsEmpty());
}

TEST(PowerCutTest, IsTheSameForTheSameSeed) {
  MemoryFs fs;
  for (char name = 'a'; name < 'k'; ++name) {
    Create(fs, std::string("/") + name, "text");
  }
  EXPECT_EQ(After(fs, Unsynced::kMixed, 7), After(fs, Unsynced::kMixed, 7));
  EXPECT_GT(Mixes(fs).size(), 50U);
}

TEST(CapacityTest, RefusesWhatDoesNotFitAndGivesBackWhatIsRemoved) {
  MemoryFs fs;
  fs.SetCapacity(10);
  const auto file = Create(fs, "/a", "12345678");
  EXPECT_THAT(file->WriteAt(8, AsBytes("abc")), StatusIs(Code::kResourceExhausted));
  EXPECT_THAT(file->Allocate(11), StatusIs(Code::kResourceExhausted));
  EXPECT_EQ(file->size(), 8);
  EXPECT_OK(file->WriteAt(8, AsBytes("ab")));
  EXPECT_EQ(*fs.FreeBytes("/"), 0);
  ASSERT_OK(fs.RemoveFile("/a"));
  EXPECT_EQ(*fs.FreeBytes("/"), 0) << "it is still open";
  ASSERT_OK(file->Close());
  EXPECT_EQ(*fs.FreeBytes("/"), 10);
}

}  // namespace
}  // namespace tresor::io
