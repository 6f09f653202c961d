// SPDX-License-Identifier: Apache-2.0
// Somebody changes, cuts, swaps, removes or puts back objects: check names them, and no backup
// reads back as something that it never was.
#include <algorithm>
#include <map>

#include "base/status_matchers.h"
#include "blob/memory.h"
#include "repo/format/names.h"
#include "repo/lease.h"
#include "repo/test_repository.h"

namespace tresor::repo {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class TamperTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(InitTestRepository(context_, *store_, random_));
    ASSERT_OK(Reopen());
    for (int i = 0; i < 3; ++i) {
      etcd_.Churn(60, 20, 60);
      etcd_.Compact(etcd_.revision() - 30);
      Snapshot snapshot = etcd_.snapshot();
      // Large enough for a blob.
      snapshot.buckets.push_back({"lease", 0, {{"k", std::string(100, 'l')}}});
      std::string noise;
      while (noise.size() < 4000) {
        noise += ToString(ByteView(MakeId(etcd_.random()).bytes));
      }
      snapshot.buckets.push_back({"meta", 0, {{"confState", noise}}});
      ASSERT_OK_AND_ASSIGN(const SaveResult saved, Save(context_, *repository_, snapshot));
      snapshots_[saved.info.id] = std::move(snapshot);
    }
    objects_ = ReadStore(*store_);
  }

  Status Reopen() {
    ASSIGN_OR_RETURN(repository_, OpenTestRepository(context_, *store_, random_));
    return OkStatus();
  }

  std::map<std::string, Bytes> ReadStore(blob::BlobStore& store) {
    std::map<std::string, Bytes> objects;
    const auto blobs = store.List(context_, "");
    for (const auto& blob : blobs.value()) {
      objects[blob.name] = store.GetAll(context_, blob.name, blob.size_bytes).value();
    }
    return objects;
  }

  void Replace(const std::string& name, ByteView bytes) {
    ASSERT_OK(store_->Delete(context_, name));
    ASSERT_OK(store_->Put(context_, name, bytes));
  }
  void PutBack(const std::string& name) { Replace(name, objects_.at(name)); }

  [[nodiscard]] const Finding* FindingOf(const CheckReport& report, const std::string& name) {
    const auto found = std::ranges::find(report.findings, name, &Finding::object);
    return found == report.findings.end() ? nullptr : &*found;
  }

  // Check names `name`; every backup is what it was, or can't be read and says why. What a finding
  // says is harmed can't be read unless it is only found by looking closer.
  void ExpectFound(const std::string& name, bool read = true) {
    ASSERT_OK_AND_ASSIGN(const CheckReport report,
                         repository_->Check(context_, {.read_data = true}));
    const Finding* finding = FindingOf(report, name);
    ASSERT_NE(finding, nullptr) << "not found: " << name;
    if (!read) {
      return;
    }
    for (const auto& [id, snapshot] : snapshots_) {
      const auto back = ReadAll(context_, *repository_, id);
      if (back.ok()) {
        EXPECT_TRUE(*back == snapshot) << "other data than was saved";
        continue;
      }
      EXPECT_TRUE(finding->fatal);
      EXPECT_NE(std::ranges::find(finding->backups, id), finding->backups.end());
      EXPECT_THAT(back.status().code(),
                  ::testing::AnyOf(Code::kDataLoss, Code::kNotFound, Code::kUnimplemented));
      EXPECT_THAT(std::string(Message(back.status())), HasSubstr(name));
    }
  }

  [[nodiscard]] std::vector<std::string> NamesOf(std::string_view prefix) const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : objects_) {
      if (name.starts_with(prefix)) {
        names.push_back(name);
      }
    }
    return names;
  }

  FakeClock clock_;
  Context context_ = Context::Background().WithClock(clock_);
  SeededRandom random_{5};
  FakeEtcd etcd_{2};
  std::unique_ptr<blob::BlobStore> store_ = blob::MakeMemoryStore();
  std::unique_ptr<RepositoryImpl> repository_;
  std::map<Id, Snapshot> snapshots_;
  std::map<std::string, Bytes> objects_;
};

TEST_F(TamperTest, HasEveryKindOfObject) {
  for (const std::string_view prefix :
       {"config", "keys/", "segments/", "blobs/", "manifests/", "catalog/", "locks/"}) {
    EXPECT_FALSE(NamesOf(prefix).empty()) << prefix;
  }
  ASSERT_OK_AND_ASSIGN(const CheckReport report, repository_->Check(context_, {.read_data = true}));
  EXPECT_TRUE(report.findings.empty()) << Message(report.findings.front().status);
  EXPECT_EQ(report.backups, 3U);
}

TEST_F(TamperTest, AFlippedByteIsFoundWhereverItIs) {
  for (const auto& [name, bytes] : objects_) {
    SCOPED_TRACE(name);
    // Every byte of the ends, where the structure is; a sample of the sealed middle.
    constexpr std::size_t kEnds = 64;
    constexpr std::size_t kStep = 29;
    for (std::size_t i = 0; i < bytes.size();
         i += i < kEnds || i + kEnds + kStep > bytes.size() ? 1 : kStep) {
      Bytes flipped = bytes;
      flipped[i] ^= std::byte{0x10};
      Replace(name, flipped);
      ExpectFound(name, i % 5 == 0);
      ASSERT_FALSE(HasFailure()) << "byte " << i;
    }
    PutBack(name);
  }
}

TEST_F(TamperTest, ACutOrGrownObjectIsFound) {
  for (const auto& [name, bytes] : objects_) {
    SCOPED_TRACE(name);
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{8}, std::size_t{31},
                                   std::size_t{32}, std::size_t{48}, bytes.size() / 2,
                                   bytes.size() - 24, bytes.size() - 1, bytes.size() + 1}) {
      if (size == bytes.size()) {
        continue;
      }
      Replace(name, ByteView(longer).first(std::min(size, longer.size())));
      ExpectFound(name);
      ASSERT_FALSE(HasFailure()) << "size " << size;
    }
    PutBack(name);
  }
}

TEST_F(TamperTest, AMissingObjectIsFound) {
  for (const std::string_view prefix : {"config", "segments/", "blobs/", "manifests/"}) {
    for (const std::string& name : NamesOf(prefix)) {
      SCOPED_TRACE(name);
      ASSERT_OK(store_->Delete(context_, name));
      ExpectFound(name);
      PutBack(name);
    }
  }
}

TEST_F(TamperTest, AMissingNewestCatalogShowsByTheManifestThatIsNewer) {
  ASSERT_OK(store_->Delete(context_, NamesOf("catalog/").back()));

  ASSERT_OK_AND_ASSIGN(const CheckReport report, repository_->Check(context_, {.read_data = true}));

  EXPECT_TRUE(std::ranges::any_of(report.findings, [](const Finding& finding) {
    return finding.object.starts_with("manifests/") &&
           Message(finding.status).find("above the newest") != std::string_view::npos;
  }));
}

TEST_F(TamperTest, SwappedObjectsOfOneKindAreFound) {
  for (const std::string_view prefix : {"segments/", "blobs/", "manifests/", "catalog/"}) {
    const auto names = NamesOf(prefix);
    ASSERT_GE(names.size(), 2U);
    Replace(names[0], objects_.at(names[1]));
    Replace(names[1], objects_.at(names[0]));
    ExpectFound(names[0], false);
    ExpectFound(names[1], false);
    for (const auto& [id, snapshot] : snapshots_) {
      const auto back = ReadAll(context_, *repository_, id);
      EXPECT_TRUE(!back.ok() || *back == snapshot);
    }
    PutBack(names[0]);
    PutBack(names[1]);
  }
}

TEST_F(TamperTest, AnObjectOfAnotherRepositoryWithTheSameKeyIsFound) {
  SeededRandom other_random(99);
  const auto other = blob::MakeMemoryStore();
  ASSERT_OK(InitTestRepository(context_, *other, other_random));
  ASSERT_OK_AND_ASSIGN(const auto repository, OpenTestRepository(context_, *other, other_random));
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(Save(context_, *repository, snapshots_.begin()->second));
  }
  const auto foreign = ReadStore(*other);
  for (const auto& [name, bytes] : objects_) {
    SCOPED_TRACE(name);
    const std::string prefix = name.substr(0, name.find('/'));
    const auto same_kind = std::ranges::find_if(
        foreign, [&](const auto& object) { return object.first.starts_with(prefix); });
    ASSERT_NE(same_kind, foreign.end());
    Replace(name, same_kind->second);
    ExpectFound(name);
    PutBack(name);
  }
}

TEST_F(TamperTest, OldObjectsThatArePutBackComeIntoNoBackup) {
  const Id first = repository_->List(context_)->front().id;
  ASSERT_OK(repository_->Forget(context_, {first}));
  snapshots_.erase(first);
  ASSERT_OK(repository_->Prune(context_, {.max_unused = 0}).status());
  const auto now = ReadStore(*store_);

  for (const auto& [name, bytes] : objects_) {
    if (!now.contains(name) && !name.starts_with("locks/")) {
      SCOPED_TRACE(name);
      ASSERT_OK(store_->Put(context_, name, bytes));
      if (!name.starts_with("catalog/")) {  // an older catalog is no more than an old catalog
        ExpectFound(name);
      }
      ASSERT_OK(store_->Delete(context_, name));
    }
  }
  EXPECT_EQ(repository_->List(context_)->size(), 2U);
}

TEST_F(TamperTest, ADamagedLockHoldsNobodyUp) {
  const auto read = [&] { return ReadStore(*store_); };
  {
    ASSERT_OK_AND_ASSIGN(const auto writer, repository_->BeginBackup(context_));
    for (const auto& [name, bytes] : read()) {
      if (name.starts_with("locks/")) {
        Bytes damaged = bytes;
        damaged.back() ^= std::byte{1};
        Replace(name, damaged);
      }
    }
    ASSERT_OK(repository_->Prune(context_, {}).status());
  }
  EXPECT_OK(Save(context_, *repository_, snapshots_.begin()->second));
}

TEST_F(TamperTest, EveryObjectOfANewerVersionIsRefused) {
  for (const auto& [name, bytes] : objects_) {
    SCOPED_TRACE(name);
    Bytes newer = bytes;
    StoreU16(newer.data() + 8, 2);
    Replace(name, newer);
    ASSERT_OK_AND_ASSIGN(const CheckReport report,
                         repository_->Check(context_, {.read_data = true}));
    const Finding* finding = FindingOf(report, name);
    ASSERT_NE(finding, nullptr);
    EXPECT_THAT(finding->status, StatusIs(Code::kUnimplemented));
    PutBack(name);
  }
}

}  // namespace
}  // namespace tresor::repo
