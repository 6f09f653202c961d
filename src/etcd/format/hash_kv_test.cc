// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/hash_kv.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "etcd/format/meta.h"

namespace tresor::etcd {
namespace {

using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;

struct Record {
  RecordKey key;
  Bytes value;
};
using Records = std::vector<Record>;

crypto::KeyedHash Hasher(std::uint64_t seed = 1) {
  SeededRandom random(seed);
  return crypto::KeyedHash(crypto::SecretKey::Generate(random));
}

/// From what can be kept of records when their values are not.
std::uint32_t ComputeWithoutValues(const Records& records, const HashKvRequest& request,
                                   const HashKvOptions& options) {
  const auto user_key_hash = [](const Record& record) {
    return HashKvFilter::HashOf(Hasher(), DecodeUserKey(record.value).value());
  };
  HashKvFilter filter(request, options, Hasher());
  while (const auto from = filter.BeginPass()) {
    for (const Record& record : records) {
      if (record.key.main >= *from) {
        filter.Observe(record.key, user_key_hash(record));
      }
    }
    filter.EndPass();
  }
  HashKv hash(filter);
  for (const Record& record : records) {
    const Bytes key = EncodeRecordKey(record.key);
    EXPECT_OK(hash.Add(record.key, user_key_hash(record),
                       {.crc = Crc32c(Crc32c(0, key), record.value),
                        .size_bytes = key.size() + record.value.size()}));
  }
  return hash.Finish();
}

/// As a caller does it; also counts the passes of the filter.
Result<std::uint32_t> Compute(const Records& records, const HashKvRequest& request,
                              const HashKvOptions& options, int* passes = nullptr) {
  HashKvFilter filter(request, options, Hasher());
  while (const auto from = filter.BeginPass()) {
    for (const Record& record : records) {
      if (record.key.main >= *from) {
        RETURN_IF_ERROR(filter.Observe(record.key, record.value));
      }
    }
    filter.EndPass();
    if (passes != nullptr) {
      ++*passes;
    }
  }
  HashKv hash(filter);
  for (const Record& record : records) {
    RETURN_IF_ERROR(hash.Add(EncodeRecordKey(record.key), record.value));
  }
  const std::uint32_t sum = hash.Finish();
  EXPECT_EQ(ComputeWithoutValues(records, request, options), sum);
  return sum;
}

// ------------------------------------------------------------------------------------------------------------------
// The reference: etcd's own algorithm, with its index of generations, as FORMAT.md tells it.

class Index {
 public:
  void Put(const RecordKey& key, const std::string& user_key) {
    auto& generations = keys_[user_key];
    if (generations.empty()) {
      generations.emplace_back();
    }
    generations.back().push_back(key);
  }
  void Tombstone(const RecordKey& key, const std::string& user_key) {
    auto& generations = keys_[user_key];
    if (generations.empty()) {
      generations.emplace_back();
    } else if (generations.back().empty()) {
      return;
    }
    generations.back().push_back(key);
    generations.emplace_back();
  }
  [[nodiscard]] std::set<RecordKey> Keep(std::int64_t revision) const {
    std::set<RecordKey> keep;
    for (const auto& [user_key, generations] : keys_) {
      std::size_t chosen = 0;
      while (chosen + 1 < generations.size() && generations[chosen].back().main < revision) {
        ++chosen;
      }
      const std::vector<RecordKey>& generation = generations[chosen];
      std::size_t count = generation.size();
      while (count > 0 && generation[count - 1].main > revision) {
        --count;
      }
      const bool is_end = count == generation.size() && chosen + 1 != generations.size();
      if (count > 0 && !is_end) {
        keep.insert(generation[count - 1]);
      }
    }
    return keep;
  }

 private:
  std::map<std::string, std::vector<std::vector<RecordKey>>> keys_;
};

Index IndexOf(const Records& records) {
  Index index;
  for (const Record& record : records) {
    const std::string user_key = tresor::ToString(DecodeUserKey(record.value).value());
    record.key.tombstone ? index.Tombstone(record.key, user_key) : index.Put(record.key, user_key);
  }
  return index;
}

std::uint32_t Reference(const Records& records, std::int64_t revision,
                        std::int64_t compact_revision) {
  const std::set<RecordKey> keep = IndexOf(records).Keep(revision);
  std::uint32_t crc = Crc32c(0, AsBytes("key"));
  for (const Record& record : records) {
    const RecordKey& key = record.key;
    if (key.main > revision) {
      continue;
    }
    if (key.main <= compact_revision && !keep.empty() && !keep.contains(key)) {
      continue;
    }
    if (key.main == compact_revision && key.tombstone) {
      continue;
    }
    crc = Crc32c(Crc32c(crc, EncodeRecordKey(key)), record.value);
  }
  return crc;
}

// ------------------------------------------------------------------------------------------------------------------
// A store that is written and compacted like etcd's.

class Store {
 public:
  Store(SeededRandom& random, std::uint64_t user_keys) : random_(random), user_keys_(user_keys) {}

  /// A transaction of 1 to 4 operations on different keys, each a put or a deletion of a live key.
  void Write(std::uint64_t deletions_of_ten) {
    ++current_;
    std::set<std::uint64_t> touched;
    const std::uint64_t operations = 1 + random_.Below(4);
    for (std::uint64_t i = 0; i < operations; ++i) {
      const std::uint64_t n = random_.Below(user_keys_);
      const bool deletion = random_.Below(10) < deletions_of_ten;
      if (!touched.insert(n).second || (deletion && !live_.contains(n))) {
        continue;
      }
      const std::string user_key = fmt::format("k{}", n);
      const RecordKey key{.main = current_, .sub = sub_++, .tombstone = deletion};
      if (deletion) {
        live_.erase(n);
        records_.push_back({key, EncodeKeyValue({.key = AsBytes(user_key), .value = {}})});
      } else {
        live_.insert(n);
        records_.push_back(
            {key, EncodeKeyValue({.key = AsBytes(user_key),
                                  .create_revision = current_,
                                  .mod_revision = current_,
                                  .version = 1,
                                  .value = AsBytes(fmt::format("v{}", random_.Next() % 1000))})});
      }
    }
    if (sub_ == 0) {
      --current_;  // nothing was done, so there was no transaction
    }
    sub_ = 0;
  }

  /// Deletes what a compaction at `revision` deletes, but stops after `most` deletions, as one that
  /// was interrupted. `keeps_tombstone`: newer etcds leave a tombstone of that very revision in the
  /// store.
  void Compact(std::int64_t revision, bool keeps_tombstone, std::uint64_t most) {
    const std::set<RecordKey> keep = IndexOf(records_).Keep(revision);
    std::erase_if(records_, [&](const Record& record) {
      const bool stays = record.key.main > revision || keep.contains(record.key) ||
                         (keeps_tombstone && record.key.main == revision && record.key.tombstone);
      return !stays && most > 0 && most-- > 0;
    });
  }

  [[nodiscard]] std::int64_t current() const { return current_; }
  [[nodiscard]] const Records& records() const { return records_; }

 private:
  SeededRandom& random_;
  std::uint64_t user_keys_;
  std::int64_t current_ = 1;
  std::int64_t sub_ = 0;
  std::set<std::uint64_t> live_;
  Records records_;
};

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
// Room for 768 keys.
constexpr std::size_t kTinyTable = 16 << 10;

Records Vector() {
  Records records;
  for (const auto& [key, value] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"00000000000000025f0000000000000000", "0a01611002180220012a0178"},
           {"00000000000000035f0000000000000000", "0a01611002180320022a0179"},
           {"00000000000000045f0000000000000000", "0a01621004180420012a017a"},
           {"00000000000000045f000000000000000174", "0a0161"},
           {"00000000000000055f0000000000000000", "0a01631005180520012a0177"}}) {
    records.push_back({DecodeRecordKey(FromHex(key).value()).value(), FromHex(value).value()});
  }
  return records;
}

TEST(HashKvTest, OfAnEmptyStoreIsTheCrcOfTheBucketsName) {
  EXPECT_THAT(Compute({}, {.revision = 1}, {}), IsOkAndHolds(1084519789u));
}

TEST(HashKvTest, AgreesWithEtcdutlWithoutCompaction) {
  const std::map<std::int64_t, std::uint32_t> expected = {
      {1, 1084519789}, {2, 2750458791}, {3, 66635365}, {4, 2403693086}, {5, 2553680763}};
  for (const auto& [revision, crc] : expected) {
    int passes = 0;
    EXPECT_THAT(Compute(Vector(), {.revision = revision}, {}, &passes), IsOkAndHolds(crc))
        << revision;
    EXPECT_EQ(passes, 0);
  }
}

TEST(HashKvTest, AgreesWithEtcdutlWithCompaction) {
  EXPECT_THAT(Compute(Vector(), {.revision = 4, .compact_revision = 4}, {}),
              IsOkAndHolds(223469456u));
  EXPECT_THAT(Compute(Vector(), {.revision = 5, .compact_revision = 4}, {}),
              IsOkAndHolds(281432153u));
}

TEST(HashKvTest, HashesEverythingWhenACompactionWouldKeepNothing) {
  // The only key is put at 2 and deleted at 4, after the compaction at 3.
  const Records records = {{{2, 0, false}, EncodeKeyValue({.key = AsBytes("a"), .value = {}})},
                           {{4, 0, true}, EncodeKeyValue({.key = AsBytes("a"), .value = {}})}};
  const std::uint32_t expected = Reference(records, 4, 3);
  EXPECT_EQ(expected, Reference(records, 4, -1));
  EXPECT_THAT(Compute(records, {.revision = 4, .compact_revision = 3}, {.compacted = true}),
              IsOkAndHolds(expected));
  EXPECT_THAT(Compute(records, {.revision = 4, .compact_revision = 3}, {}), IsOkAndHolds(expected));
}

TEST(HashKvTest, AgreesWithTheReferenceOnRandomHistories) {
  SeededRandom random(7);
  for (int round = 0; round < 400; ++round) {
    Store store(random, 1 + random.Below(12));
    const std::uint64_t deletions = random.Below(8);
    std::int64_t compacted = -1;
    bool finished = true;
    for (std::uint64_t steps = random.Below(60); steps > 0; --steps) {
      store.Write(deletions);
      if (random.Below(15) == 0 && store.current() > std::max<std::int64_t>(1, compacted)) {
        const std::int64_t least = std::max<std::int64_t>(1, compacted);
        compacted = least + 1 +
                    static_cast<std::int64_t>(
                        random.Below(static_cast<std::uint64_t>(store.current() - least)));
        finished = random.Below(3) != 0;
        store.Compact(compacted, random.Below(2) == 0, finished ? kAll : random.Below(8));
      }
    }
    const std::int64_t least = std::max<std::int64_t>(1, compacted);
    for (std::int64_t revision = least; revision <= store.current(); ++revision) {
      const HashKvRequest request{.revision = revision, .compact_revision = compacted};
      const std::uint32_t expected = Reference(store.records(), revision, compacted);
      const std::string where =
          fmt::format("round {} revision {} compacted {}", round, revision, compacted);
      ASSERT_THAT(Compute(store.records(), request, {}), IsOkAndHolds(expected)) << where;
      if (finished) {
        ASSERT_THAT(Compute(store.records(), request, {.compacted = true}), IsOkAndHolds(expected))
            << where;
      }
    }
  }
}

TEST(HashKvTest, ASmallTableTakesMorePassesAndGivesTheSame) {
  SeededRandom random(8);
  Store store(random, 20'000);
  for (int i = 0; i < 10'000; ++i) {
    store.Write(3);
  }
  const std::int64_t middle = store.current() / 2;
  const HashKvRequest request{.revision = store.current() - 10, .compact_revision = middle};
  const std::uint32_t expected = Reference(store.records(), request.revision, middle);

  int passes = 0;
  EXPECT_THAT(Compute(store.records(), request, {.table_bytes = kTinyTable}, &passes),
              IsOkAndHolds(expected));
  EXPECT_GT(passes, 8);
  EXPECT_LT(passes, 200);

  passes = 0;
  EXPECT_THAT(Compute(store.records(), request, {}, &passes), IsOkAndHolds(expected));
  EXPECT_EQ(passes, 1);
}

TEST(HashKvTest, ACompactedStoreWithATailTooLongForTheTableGivesTheSame) {
  SeededRandom random(9);
  Store store(random, 5'000);
  for (int i = 0; i < 4'000; ++i) {
    store.Write(2);
  }
  const HashKvRequest request{.revision = store.current(), .compact_revision = 500};
  store.Compact(500, true, kAll);
  const std::uint32_t expected = Reference(store.records(), request.revision, 500);

  int passes = 0;
  EXPECT_THAT(
      Compute(store.records(), request, {.compacted = true, .table_bytes = kTinyTable}, &passes),
      IsOkAndHolds(expected));
  EXPECT_GT(passes, 2);
  passes = 0;
  EXPECT_THAT(Compute(store.records(), request, {.compacted = true}, &passes),
              IsOkAndHolds(expected));
  EXPECT_EQ(passes, 1);
}

TEST(HashKvTest, ACompactedStoreIsOnlyLookedAtAboveTheCompaction) {
  HashKvFilter filter({.revision = 9, .compact_revision = 7}, {.compacted = true}, Hasher());
  EXPECT_EQ(filter.BeginPass(), 8);
  HashKvFilter general({.revision = 9, .compact_revision = 7}, {}, Hasher());
  EXPECT_EQ(general.BeginPass(), 0);
}

TEST(HashKvTest, RefusesWhatIsNoRecord) {
  HashKvFilter filter({.revision = 9}, {}, Hasher());
  HashKv hash(filter);
  EXPECT_THAT(hash.Add(AsBytes("k"), {}), StatusIs(Code::kDataLoss));
  HashKvFilter general({.revision = 9, .compact_revision = 7}, {}, Hasher());
  ASSERT_TRUE(general.BeginPass().has_value());
  EXPECT_THAT(general.Observe({2, 0, false}, AsBytes("?")),
              StatusIs(Code::kDataLoss, HasSubstr("2_0: ")));
}

TEST(HashKvTest, ToldOfMoreRecordsThanObservedItRefuses) {
  HashKvFilter filter({.revision = 9, .compact_revision = 7}, {}, Hasher());
  ASSERT_TRUE(filter.BeginPass().has_value());
  filter.EndPass();
  HashKv hash(filter);
  EXPECT_THAT(hash.Add(EncodeRecordKey({2, 0, false}), {}),
              StatusIs(Code::kDataLoss, HasSubstr("more records")));
}

TEST(StoreRevisionsTest, OfANewStore) {
  ASSERT_OK_AND_ASSIGN(const StoreRevisions revisions, ReadStoreRevisions({}, {}, {}));
  EXPECT_EQ(revisions.current, 1);
  EXPECT_EQ(revisions.compacted(), -1);
  EXPECT_TRUE(revisions.compaction_finished());
}

TEST(StoreRevisionsTest, APendingCompactionCountsAsDone) {
  ASSERT_OK_AND_ASSIGN(
      const StoreRevisions revisions,
      ReadStoreRevisions(EncodeCompaction(5), EncodeCompaction(8), EncodeRecordKey({9, 2, true})));
  EXPECT_EQ(revisions.current, 9);
  EXPECT_EQ(revisions.compacted(), 8);
  EXPECT_FALSE(revisions.compaction_finished());
}

TEST(StoreRevisionsTest, ACompactionMayBeTheNewestRevisionLeft) {
  ASSERT_OK_AND_ASSIGN(
      const StoreRevisions revisions,
      ReadStoreRevisions(EncodeCompaction(8), EncodeCompaction(8), EncodeRecordKey({5, 0, false})));
  EXPECT_EQ(revisions.current, 8);
  EXPECT_TRUE(revisions.compaction_finished());
}

TEST(StoreRevisionsTest, NamesTheValueThatIsBad) {
  EXPECT_THAT(ReadStoreRevisions(Bytes(3), {}, {}),
              StatusIs(Code::kDataLoss, HasSubstr("finishedCompactRev")));
  EXPECT_THAT(ReadStoreRevisions({}, Bytes(3), {}),
              StatusIs(Code::kDataLoss, HasSubstr("scheduledCompactRev")));
  EXPECT_THAT(ReadStoreRevisions({}, {}, Bytes(3)), StatusIs(Code::kDataLoss));
}

TEST(HashKvRequestTest, AnswersBetweenTheCompactionAndNow) {
  const StoreRevisions revisions{.current = 9, .finished = 5, .scheduled = 5};
  ASSERT_OK_AND_ASSIGN(const HashKvRequest now, MakeHashKvRequest(revisions, 0));
  EXPECT_EQ(now.revision, 9);
  EXPECT_EQ(now.compact_revision, 5);
  EXPECT_OK(MakeHashKvRequest(revisions, 5));
  EXPECT_THAT(MakeHashKvRequest(revisions, 4), StatusIs(Code::kOutOfRange, HasSubstr("compacted")));
  EXPECT_THAT(MakeHashKvRequest(revisions, 10), StatusIs(Code::kOutOfRange, HasSubstr("future")));
  EXPECT_THAT(MakeHashKvRequest(revisions, -1), StatusIs(Code::kInvalidArgument));
}

}  // namespace
}  // namespace tresor::etcd
