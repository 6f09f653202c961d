// SPDX-License-Identifier: Apache-2.0
#include "launcher/etcd_server.h"

#include "base/status_matchers.h"
#include "io/faults.h"

namespace tresor::launcher {
namespace {

using testing::IsOkAndHolds;

TEST(LastWordsTest, AreTheLastMessageThatIsAnError) {
  EXPECT_EQ(LastWords(R"({"level":"info","msg":"starting"}
{"level":"fatal","ts":"…","msg":"listening failed","error":"listen tcp 127.0.0.1:1: bind: address already in use"}
{"level":"info","msg":"closed"}
goroutine 1 [running]:
)"),
            "listening failed: listen tcp 127.0.0.1:1: bind: address already in use");
}

TEST(LastWordsTest, AreTheLastLineWhenNoneIsAnError) {
  EXPECT_EQ(LastWords("{\"level\":\"info\",\"msg\":\"a\"}\nexec: killed\n\n"), "exec: killed");
  EXPECT_EQ(LastWords(""), "");
  EXPECT_EQ(LastWords("\n\n"), "");
  EXPECT_EQ(LastWords("[1]"), "[1]");
  EXPECT_EQ(LastWords("{\"level\":7,\"msg\":[]}"), "{\"level\":7,\"msg\":[]}");
}

TEST(LastWordsTest, AreNotEndless) {
  EXPECT_LE(LastWords(std::string(100'000, 'x')).size(), 1000U);
}

TEST(RotateLogTest, OnlyALargeLogMovesOnAndTheOldestGoes) {
  io::MemoryFs fs;
  const auto write = [&](const std::string& text) {
    return io::WriteFileAtomically(fs, "/log", AsBytes(text));
  };
  const auto read = [&](const std::string& path) -> std::string {
    const auto bytes = io::ReadFile(fs, path);
    return bytes.ok() ? ToString(*bytes) : "none";
  };
  EXPECT_OK(RotateLog(fs, "/log", 3, 2));  // there is none
  ASSERT_OK(write("abc"));
  ASSERT_OK(RotateLog(fs, "/log", 3, 2));
  EXPECT_EQ(read("/log.1"), "none");
  for (const char* text : {"one.", "two.", "three."}) {
    ASSERT_OK(write(text));
    ASSERT_OK(RotateLog(fs, "/log", 3, 2));
  }

  EXPECT_EQ(read("/log"), "");
  EXPECT_EQ(read("/log.1"), "three.");
  EXPECT_EQ(read("/log.2"), "two.");
  EXPECT_THAT(io::Exists(fs, "/log.3"), IsOkAndHolds(false));
}

}  // namespace
}  // namespace tresor::launcher
