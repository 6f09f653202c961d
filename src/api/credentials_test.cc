// SPDX-License-Identifier: Apache-2.0
#include "api/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "io/temp_dir.h"

namespace tresor::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr crypto::Argon2Parameters kQuick{.passes = 1, .memory_kib = 64};
const User kAda{.name = "ada", .groups = {"system:masters"}};

class CredentialsTest : public ::testing::Test {
 protected:
  std::unique_ptr<Credentials> Open() {
    auto credentials = Credentials::Open(fs_, random_, clock_, path_, kQuick);
    EXPECT_OK(credentials);
    return *std::move(credentials);
  }
  std::string FileText() { return ToString(*io::ReadFile(fs_, path_)); }

  io::TempDir dir_;
  io::FileSystem& fs_ = io::PosixFileSystem();
  SeededRandom random_{7};
  FakeClock clock_;
  const std::string path_ = io::JoinPath(dir_.path(), "credentials.json");
};

TEST_F(CredentialsTest, KnowsATokenAlsoAfterARestart) {
  auto credentials = Open();
  EXPECT_TRUE(credentials->empty());
  const auto token = credentials->AddToken(kAda, "test");
  ASSERT_OK(token);

  credentials = Open();

  const auto user = credentials->FindToken(*token);
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->name, "ada");
  EXPECT_EQ(user->groups, kAda.groups);
  EXPECT_FALSE(credentials->FindToken(*token + "x").has_value());
  EXPECT_FALSE(credentials->FindToken("").has_value());
}

TEST_F(CredentialsTest, KeepsNoSecretInItsFileWhichOthersCannotRead) {
  auto credentials = Open();
  const auto token = credentials->AddToken(kAda, "test");
  ASSERT_OK(token);
  ASSERT_OK(credentials->SetPassword(kAda, "correct horse"));

  EXPECT_THAT(FileText(), Not(HasSubstr(*token)));
  EXPECT_THAT(FileText(), Not(HasSubstr("correct horse")));
  EXPECT_EQ(fs_.Stat(path_)->mode, 0600u);
}

TEST_F(CredentialsTest, ChecksPasswords) {
  ASSERT_OK(Open()->SetPassword(kAda, "correct horse"));
  const auto credentials = Open();

  EXPECT_OK(credentials->CheckPassword("ada", "correct horse"));
  EXPECT_EQ(credentials->CheckPassword("ada", "correct house").status().code(),
            Code::kUnauthenticated);
  EXPECT_EQ(credentials->CheckPassword("bob", "correct horse").status().code(),
            Code::kUnauthenticated);
  EXPECT_EQ(credentials->CheckPassword("ada", std::string(5000, 'x')).status().code(),
            Code::kUnauthenticated);
  EXPECT_EQ(credentials->SetPassword(kAda, "short").code(), Code::kInvalidArgument);
}

TEST_F(CredentialsTest, SaysWhichFileIsDamaged) {
  for (const char* text :
       {"", "{", "[]", R"({"version":2})", R"({"version":1,"tokens":[{"sha256":"12"}]})",
        R"({"version":1,"accounts":[{"name":"a","groups":[]}]})",
        R"({"version":1,"accounts":[{"name":"a","groups":[],"password":{"salt":"00"}}]})"}) {
    ASSERT_OK(io::WriteFileAtomically(fs_, path_, AsBytes(text)));
    const auto credentials = Credentials::Open(fs_, random_, clock_, path_, kQuick);
    EXPECT_EQ(credentials.status().code(), Code::kDataLoss) << text;
    EXPECT_THAT(std::string(Message(credentials.status())), HasSubstr(path_));
  }
}

TEST_F(CredentialsTest, SessionsEndByThemselvesAndWhenTold) {
  Sessions sessions(random_, clock_, std::chrono::hours{1});
  const auto [first, session] = sessions.Begin(kAda);
  const auto [second, other] = sessions.Begin(kAda);
  EXPECT_NE(session.csrf_token, other.csrf_token);
  ASSERT_TRUE(sessions.Find(first).has_value());
  EXPECT_EQ(sessions.Find(first)->user.name, "ada");

  sessions.End(first);
  EXPECT_FALSE(sessions.Find(first).has_value());
  EXPECT_TRUE(sessions.Find(second).has_value());
  clock_.Advance(std::chrono::hours{1});
  EXPECT_FALSE(sessions.Find(second).has_value());
  EXPECT_FALSE(sessions.Find("").has_value());
}

}  // namespace
}  // namespace tresor::api
