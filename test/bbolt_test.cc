// SPDX-License-Identifier: Apache-2.0
// Our builder and reader against the real bbolt, on random content: buckets in buckets, inline and
// not, pairs of all sizes, every page size.
#include <string>

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "bolt/model_test_util.h"
#include "bolt/reader.h"
#include "bolt/test_util.h"
#include "io/file_system.h"
#include "test/etcd_fixture.h"

namespace tresor::testing {
namespace {

const Context kBackground = Context::Background();

// What the program says about a file; nothing is wrong with it.
std::string Say(const std::string& program, const std::vector<std::string>& arguments) {
  const auto output = RunTool(kBackground, program, arguments);
  EXPECT_OK(output);
  return output.ok() ? output->standard_output : "failed";
}

// A file as our reader sees it, after all its checks.
std::string DumpOf(const std::string& path, bool exact_size) {
  const auto file = io::PosixFileSystem().Open(path, io::OpenMode::kRead);
  EXPECT_OK(file);
  if (!file.ok()) {
    return "";
  }
  const auto database = bolt::Database::Open(**file, {.exact_size = exact_size});
  EXPECT_OK(database);
  if (!database.ok()) {
    return "";
  }
  bolt::testing::Dump dump;
  EXPECT_OK((*database)->Walk(kBackground, &dump));
  return dump.text;
}

// Each of the seven page sizes, twice.
class BboltTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(scratch_, ScratchDir::Create());
    path_ = scratch_->path() + "/db";
  }
  std::unique_ptr<ScratchDir> scratch_;
  std::string path_;
};

TEST_P(BboltTest, AcceptsWhatOurBuilderMakesAndGoesOnWithIt) {
  SeededRandom random(static_cast<std::uint64_t>(GetParam()));
  const bolt::testing::Model model = bolt::testing::RandomModel(random);
  bolt::BuilderOptions options{.page_size = 1024U << (GetParam() % 7)};
  if (GetParam() % 2 == 0) {
    options.leaf_bytes = options.page_size * 4;  // leaves of several pages, as restore makes them
  }
  bolt::testing::MemorySink sink;
  ASSERT_OK(bolt::testing::BuildModel(model, options, sink));
  ASSERT_OK(io::WriteFileAtomically(io::PosixFileSystem(), path_, sink.image));

  EXPECT_EQ(Say("bbolt", {"check", path_}), "OK\n");
  Say("boltfixture", {"check", path_});  // also that every page is free or in use
  EXPECT_EQ(Say("boltfixture", {"dump", path_}), bolt::testing::DumpModel(model));

  // Puts and deletes by bbolt, each transaction followed by its check; then it is our turn to read.
  Say("boltfixture", {"exercise", path_, std::to_string(GetParam())});
  EXPECT_EQ(DumpOf(path_, false), Say("boltfixture", {"dump", path_}));
}

TEST_P(BboltTest, OurReaderAcceptsWhatItMakes) {
  Say("boltfixture", {"random", path_, std::to_string(GetParam())});

  EXPECT_EQ(DumpOf(path_, true), Say("boltfixture", {"dump", path_}));
}

INSTANTIATE_TEST_SUITE_P(Seeds, BboltTest, ::testing::Range(1, 15));

}  // namespace
}  // namespace tresor::testing
