// SPDX-License-Identifier: Apache-2.0
// Files made by the real bbolt (test/gotools/boltfixture) read as bbolt reads them.
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "bolt/fixture_test_util.h"
#include "bolt/reader.h"
#include "bolt/test_util.h"
#include "io/file_system.h"

namespace tresor::bolt {
namespace {

using ::testing::HasSubstr;
using ::tresor::testing::StatusIs;

std::string LoadDump(const std::string& name) {
  const Result<Bytes> dump =
      io::ReadFile(io::PosixFileSystem(), testing::kFixtureFolder + name + ".dump");
  return dump.ok() ? ToString(*dump) : "no dump";
}

std::vector<std::string> FixtureNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(testing::kFixtureFolder)) {
    if (const std::string name = entry.path().filename(); name.ends_with(".dump")) {
      names.push_back(name.substr(0, name.size() - 5));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

class FixtureTest : public ::testing::TestWithParam<std::string> {};

TEST_P(FixtureTest, ReadsWhatBboltReads) {
  const Bytes image = testing::LoadFixture(GetParam());
  const io::BytesReader reader(image);
  ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader));
  testing::Dump dump;

  ASSERT_OK_AND_ASSIGN(const WalkStats stats, database->Walk(Context::Background(), &dump));

  EXPECT_EQ(dump.text, LoadDump(GetParam()));
  EXPECT_EQ(database->image_bytes(), image.size());
  const std::uint64_t freelist_and_metas =
      database->meta().high_water_mark - stats.branch_pages - stats.leaf_pages - stats.free_pages;
  EXPECT_GE(freelist_and_metas, 2U);
  EXPECT_EQ(database->meta().freelist.has_value(), freelist_and_metas > 2);
}

TEST_P(FixtureTest, ChecksTheSameWithoutAVisitor) {
  const Bytes image = testing::LoadFixture(GetParam());
  const io::BytesReader reader(image);
  ASSERT_OK_AND_ASSIGN(const auto database, Database::Open(reader));
  testing::Dump dump;

  ASSERT_OK_AND_ASSIGN(const WalkStats visited, database->Walk(Context::Background(), &dump));
  ASSERT_OK_AND_ASSIGN(const WalkStats checked, database->Walk(Context::Background(), nullptr));

  EXPECT_EQ(checked.pairs, visited.pairs);
  EXPECT_EQ(checked.pair_bytes, visited.pair_bytes);
  EXPECT_EQ(checked.buckets, visited.buckets);
  EXPECT_EQ(checked.leaf_pages, visited.leaf_pages);
  EXPECT_EQ(checked.free_pages, visited.free_pages);
}

TEST_P(FixtureTest, IsAStreamedSnapshotUnlessAMetaIsDestroyed) {
  const Bytes image = testing::LoadFixture(GetParam());
  const io::BytesReader reader(image);

  const auto database = Database::Open(reader, {.exact_size = true});

  EXPECT_EQ(database.ok(), GetParam().find("destroyed") == std::string::npos)
      << Message(database.status());
}

INSTANTIATE_TEST_SUITE_P(All, FixtureTest, ::testing::ValuesIn(FixtureNames()),
                         [](const auto& tested) { return tested.param; });

struct Copied {
  Bytes key;
  Bytes value;
  PageId leaf{};
};

/// The pairs directly in bucket `name` at the top, from a full walk.
class Collect final : public Visitor {
 public:
  explicit Collect(std::string name) : name_(std::move(name)) {}
  Status BeginBucket(ByteView name, std::uint64_t) override {
    path_.push_back(ToString(name));
    return OkStatus();
  }
  Status Pairs(Leaf leaf) override {
    if (path_ == std::vector<std::string>{name_}) {
      for (const Pair& pair : leaf.pairs) {
        pairs.push_back({ToBytes(pair.key), ToBytes(pair.value), leaf.page});
      }
    }
    return OkStatus();
  }
  Status EndBucket() override {
    path_.pop_back();
    return OkStatus();
  }
  std::vector<Copied> pairs;

 private:
  std::string name_;
  std::vector<std::string> path_;
};

struct Lookup {
  std::string fixture;
  std::string bucket;
};

class LookupTest : public ::testing::TestWithParam<Lookup> {
 protected:
  LookupTest() : image_(testing::LoadFixture(GetParam().fixture)), reader_(image_) {}
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(database_, Database::Open(reader_));
    Collect collect(GetParam().bucket);
    ASSERT_OK(database_->Walk(Context::Background(), &collect));
    pairs_ = std::move(collect.pairs);
    ASSERT_FALSE(pairs_.empty());
  }
  ByteView bucket() const { return bucket_; }

  const Bytes bucket_ = ToBytes(GetParam().bucket);
  const Bytes image_;
  const io::BytesReader reader_;
  std::unique_ptr<Database> database_;
  std::vector<Copied> pairs_;
};

TEST_P(LookupTest, GetsEveryKeyAndNoOther) {
  for (const Copied& pair : pairs_) {
    ASSERT_OK_AND_ASSIGN(const std::optional<Bytes> value, database_->Get(bucket(), pair.key));
    EXPECT_EQ(value, pair.value);
    Bytes other = pair.key;
    other.push_back(std::byte{0});
    ASSERT_OK_AND_ASSIGN(const std::optional<Bytes> none, database_->Get(bucket(), other));
    EXPECT_EQ(none, std::nullopt);
  }
  ASSERT_OK_AND_ASSIGN(const std::optional<Bytes> below, database_->Get(bucket(), AsBytes("!")));
  EXPECT_EQ(below, std::nullopt);
}

TEST_P(LookupTest, FindsTheLastKey) {
  ASSERT_OK_AND_ASSIGN(const std::optional<Bytes> last, database_->LastKey(bucket()));

  EXPECT_EQ(last, pairs_.back().key);
}

TEST_P(LookupTest, WalksFromEveryKeyOn) {
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    Collect collect(GetParam().bucket);
    ASSERT_OK(database_->WalkBucket(Context::Background(), bucket(), pairs_[i].key, collect));
    ASSERT_EQ(collect.pairs.size(), pairs_.size() - i);
    EXPECT_EQ(collect.pairs.front().key, pairs_[i].key);
    EXPECT_EQ(collect.pairs.back().value, pairs_.back().value);
  }
}

TEST_P(LookupTest, WalksNothingPastTheLastKey) {
  Bytes after = pairs_.back().key;
  after.push_back(std::byte{0});
  Collect collect(GetParam().bucket);

  ASSERT_OK(database_->WalkBucket(Context::Background(), bucket(), after, collect));

  EXPECT_TRUE(collect.pairs.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Buckets, LookupTest,
    ::testing::Values(Lookup{"etcd_1024", "key"}, Lookup{"etcd_4096", "key"},
                      Lookup{"etcd_65536", "key"}, Lookup{"etcd_4096", "meta"},  // inline
                      Lookup{"nested_1024", "a"}, Lookup{"overflow_1024", "b"}),
    [](const auto& tested) { return tested.param.fixture + "_" + tested.param.bucket; });

class ReaderTest : public ::testing::Test {
 protected:
  void Load(const std::string& fixture) {
    image_ = testing::LoadFixture(fixture);
    reader_ = std::make_unique<io::BytesReader>(image_);
    ASSERT_OK_AND_ASSIGN(database_, Database::Open(*reader_));
  }
  Bytes image_;
  std::unique_ptr<io::BytesReader> reader_;
  std::unique_ptr<Database> database_;
};

TEST_F(ReaderTest, ReadsALeafAgainAsTheWalkGaveIt) {
  Load("etcd_4096");
  Collect walked("key");
  ASSERT_OK(database_->WalkBucket(Context::Background(), AsBytes("key"), {}, walked));
  const PageId page = walked.pairs.front().leaf;

  ASSERT_OK_AND_ASSIGN(const Leaf leaf, database_->ReadLeaf(page));

  EXPECT_EQ(leaf.page, page);
  ASSERT_FALSE(leaf.pairs.empty());
  for (std::size_t i = 0; i < leaf.pairs.size(); ++i) {
    EXPECT_TRUE(Equal(leaf.pairs[i].key, walked.pairs[i].key));
    EXPECT_TRUE(Equal(leaf.pairs[i].value, walked.pairs[i].value));
  }
}

TEST_F(ReaderTest, RefusesToReadABranchOrAMetaAsALeaf) {
  Load("etcd_1024");
  int branches = 0;
  for (std::uint64_t id = 2; id < database_->meta().high_water_mark; ++id) {
    const auto leaf = database_->ReadLeaf(PageId{id});
    branches +=
        !leaf.ok() && Message(leaf.status()).find("is not a leaf") != std::string_view::npos;
  }
  EXPECT_GT(branches, 0);
  EXPECT_THAT(database_->ReadLeaf(PageId{1}),
              StatusIs(Code::kDataLoss, HasSubstr("page 1: not between")));
}

TEST_F(ReaderTest, TellsAMissingBucketFromAnEmptyOne) {
  Load("etcd_4096");
  testing::Dump dump;
  EXPECT_THAT(database_->WalkBucket(Context::Background(), AsBytes("nope"), {}, dump),
              StatusIs(Code::kNotFound, HasSubstr("nope")));
  EXPECT_OK(database_->WalkBucket(Context::Background(), AsBytes("lease"), {}, dump));
  ASSERT_OK_AND_ASSIGN(const std::optional<Bytes> missing, database_->LastKey(AsBytes("nope")));
  EXPECT_EQ(missing, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const std::optional<Bytes> empty, database_->LastKey(AsBytes("lease")));
  EXPECT_EQ(empty, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const std::optional<Bytes> value,
                       database_->Get(AsBytes("nope"), AsBytes("k")));
  EXPECT_EQ(value, std::nullopt);
}

TEST_F(ReaderTest, StopsWhenTold) {
  Load("etcd_4096");
  std::stop_source stop;
  stop.request_stop();

  EXPECT_THAT(database_->Walk(Context::Background().WithStop(stop.get_token()), nullptr),
              StatusIs(Code::kCancelled));
}

TEST_F(ReaderTest, EndsTheWalkWithTheVisitorsError) {
  Load("etcd_4096");
  class Refuse final : public Visitor {
    Status BeginBucket(ByteView, std::uint64_t) override { return OkStatus(); }
    Status Pairs(Leaf) override { return Error(Code::kAborted, "enough"); }
    Status EndBucket() override { return OkStatus(); }
  } refuse;

  EXPECT_THAT(database_->Walk(Context::Background(), &refuse),
              StatusIs(Code::kAborted, HasSubstr("enough")));
}

TEST_F(ReaderTest, FindsOverflowPagesOfTheFreelist) {
  Load("long_freelist_1024");

  ASSERT_OK_AND_ASSIGN(const WalkStats stats, database_->Walk(Context::Background(), nullptr));

  EXPECT_GT(stats.free_pages, 65535U);
}

}  // namespace
}  // namespace tresor::bolt
