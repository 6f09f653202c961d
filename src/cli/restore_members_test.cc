// SPDX-License-Identifier: Apache-2.0
#include "cli/restore_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "cli/run.h"

namespace tresor::cli {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

Result<std::vector<backup::RestoreMember>> Read(std::vector<std::string> words) {
  words.insert(words.begin(), {"snapshot", "restore", "latest"});
  ASSIGN_OR_RETURN(const ParsedCommand parsed,
                   Parse(RootCommand(), words, [](const std::string&) { return std::nullopt; }));
  return ReadRestoreMembers(parsed.arguments);
}

TEST(ReadRestoreMembersTest, DefaultsAreThoseOfEtcdutl) {
  ASSERT_OK_AND_ASSIGN(const auto members, Read({}));

  ASSERT_EQ(members.size(), 1U);
  EXPECT_EQ(members[0].name, "default");
  EXPECT_EQ(members[0].data_dir, "default.etcd");
  EXPECT_EQ(members[0].wal_dir, "");
  EXPECT_EQ(members[0].peer_urls, "http://localhost:2380");
}

TEST(ReadRestoreMembersTest, TheDataDirectoryIsNamedAfterTheMember) {
  ASSERT_OK_AND_ASSIGN(const auto members, Read({"--name", "m1"}));
  EXPECT_EQ(members[0].data_dir, "m1.etcd");
}

TEST(ReadRestoreMembersTest, SeveralMembersTakeTheirUrlsFromTheCluster) {
  ASSERT_OK_AND_ASSIGN(const auto members,
                       Read({"--member", "a=/srv/a", "--member", "b=/srv/b,/wal/b"}));

  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].data_dir, "/srv/a");
  EXPECT_EQ(members[0].peer_urls, "");
  EXPECT_EQ(members[1].wal_dir, "/wal/b");
}

TEST(ReadRestoreMembersTest, RefusesBothWaysMixed) {
  EXPECT_THAT(Read({"--member", "a=/a", "--data-dir", "/b"}),
              StatusIs(Code::kInvalidArgument, HasSubstr("--data-dir")));
  EXPECT_THAT(Read({"--member", "a=/a", "--member", "a=/b"}),
              StatusIs(Code::kInvalidArgument, HasSubstr("twice")));
  for (const char* bad : {"a", "=/a", "a=", "a=/a,", "a=/a,/b,/c"}) {
    EXPECT_THAT(Read({"--member", bad}),
                StatusIs(Code::kInvalidArgument, HasSubstr("NAME=DATA_DIR")))
        << bad;
  }
}

}  // namespace
}  // namespace tresor::cli
