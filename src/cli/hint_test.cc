// SPDX-License-Identifier: Apache-2.0
#include "cli/hint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"

namespace tresor::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ExitCodeTest, TableIsWhatScriptsDependOn) {
  const std::pair<Code, int> table[] = {{Code::kOk, 0},
                                        {Code::kUnknown, 1},
                                        {Code::kInternal, 1},
                                        {Code::kInvalidArgument, 2},
                                        {Code::kNotFound, 3},
                                        {Code::kOutOfRange, 3},
                                        {Code::kDataLoss, 4},
                                        {Code::kUnauthenticated, 5},
                                        {Code::kPermissionDenied, 5},
                                        {Code::kAborted, 6},
                                        {Code::kUnavailable, 7},
                                        {Code::kDeadlineExceeded, 7},
                                        {Code::kResourceExhausted, 8},
                                        {Code::kAlreadyExists, 9},
                                        {Code::kFailedPrecondition, 9},
                                        {Code::kUnimplemented, 10},
                                        {Code::kCancelled, 130}};
  for (const auto& [code, exit_code] : table) {
    EXPECT_EQ(static_cast<int>(ExitCodeOf(code)), exit_code) << CodeName(code);
  }
}

TEST(ExitCodeTest, EveryCodeIsExplained) {
  for (const auto& [code, meaning] : ExitCodeTexts()) {
    EXPECT_FALSE(meaning.empty()) << static_cast<int>(code);
  }
  EXPECT_EQ(ExitCodeTexts().size(), 12U);
}

TEST(RepositoryHintTest, SaysWhatToDo) {
  const std::pair<Code, std::string> table[] = {
      {Code::kNotFound, "tresor repo init --repo /r"},
      {Code::kUnauthenticated, "passphrase or key file"},
      {Code::kPermissionDenied, "needs to read /r"},
      {Code::kAlreadyExists, "unchanged"},
      {Code::kAborted, "--lock-wait"},
      {Code::kDataLoss, "check --read-data --repo /r"},
      {Code::kUnimplemented, "newer tresor"},
      {Code::kResourceExhausted, "free some space"},
      {Code::kUnavailable, "again"},
  };
  for (const auto& [code, text] : table) {
    EXPECT_THAT(RepositoryHint(Status(code, "x"), "/r"), HasSubstr(text)) << CodeName(code);
  }
}

struct EtcdCase {
  Code code;
  std::string message;
  EtcdHintInput input;
  std::string hint;
};

TEST(EtcdHintTest, SaysWhatToDo) {
  const EtcdCase cases[] = {
      {Code::kUnavailable, "10.0.0.1:2379: connection refused", {}, "2379, not 2380"},
      {Code::kUnavailable, "10.0.0.1:2379: Connection reset by peer", {}, "use https://"},
      {Code::kUnavailable, "Socket closed", {.tls = true}, "try http://"},
      {Code::kUnavailable, "Endpoint read failed", {.tls = true}, "--cert and --key"},
      {Code::kUnavailable,
       "Endpoint read failed",
       {.tls = true, .client_certificate = true},
       "etcd's CA"},
      {Code::kUnavailable, "Endpoint read failed", {}, "use https://"},
      {Code::kUnavailable, "ssl: WRONG_VERSION_NUMBER", {.tls = true}, "plain HTTP"},
      {Code::kUnavailable, "CERTIFICATE_VERIFY_FAILED", {.tls = true}, "--cacert"},
      {Code::kUnavailable, "tlsv13 alert certificate required", {.tls = true}, "--cert and --key"},
      {Code::kUnavailable,
       "tls: bad certificate",
       {.tls = true, .client_certificate = true},
       "etcd's CA"},
      {Code::kUnknown, "auth: user name is empty", {}, "--user and --password-file"},
      {Code::kUnauthenticated,
       "etcdserver: authentication failed, invalid user ID or password",
       {.user = true},
       "password right"},
      {Code::kPermissionDenied, "etcdserver: permission denied", {.user = true}, "role root"},
      {Code::kUnavailable, "DNS resolution failed for nowhere:2379", {}, "--endpoints right"},
      {Code::kDeadlineExceeded, "no answer", {}, "--dial-timeout"},
  };
  for (const EtcdCase& c : cases) {
    EXPECT_THAT(EtcdHint(Status(c.code, c.message), c.input), HasSubstr(c.hint)) << c.message;
  }
}

TEST(TargetHintTest, SaysThatNothingIsOverwritten) {
  EXPECT_THAT(TargetHint(Status(Code::kFailedPrecondition, "/d: not empty")),
              HasSubstr("nothing is ever overwritten"));
  EXPECT_THAT(TargetHint(Status(Code::kResourceExhausted, "/d: disk full")),
              HasSubstr("as much room"));
}

TEST(GeneralHintTest, AddsNothingWhereTheMessageSaysAll) {
  EXPECT_THAT(GeneralHint(Code::kInvalidArgument), IsEmpty());
  EXPECT_THAT(GeneralHint(Code::kNotFound), IsEmpty());
}

}  // namespace
}  // namespace tresor::cli
