// SPDX-License-Identifier: Apache-2.0
// What every RevisionLog must do. Include in one test file and say for which ones:
//   INSTANTIATE_TEST_SUITE_P(Memory, RevisionLogContract, ::testing::Values(&MakeMemory));
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/status_matchers.h"
#include "store/revision_log.h"

namespace tresor::store {

inline void PrintTo(const LogRow& row, std::ostream* out) {
  *out << fmt::format("{}: {}/{}/{} created {} previous {} {}", row.revision, row.key.resource,
                      row.key.name_space, row.key.name, row.created, row.previous,
                      row.deleted ? "deleted" : row.value);
}

/// An empty log, and the same one opened again.
class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;
  [[nodiscard]] virtual RevisionLog& log() = 0;
  /// False: it cannot be closed and opened.
  [[nodiscard]] virtual bool Reopen() { return false; }
};
using MakeLog = std::unique_ptr<LogUnderTest> (*)();

class RevisionLogContract : public ::testing::TestWithParam<MakeLog> {
 protected:
  [[nodiscard]] RevisionLog& log() { return under_test_->log(); }
  [[nodiscard]] LogUnderTest& under_test() { return *under_test_; }

  static LogKey Key(std::string name) { return {"things.example.com", "demo", std::move(name)}; }
  static LogWrite PutOf(LogKey key, std::uint64_t expected, std::string value) {
    return {.key = std::move(key),
            .expected = expected,
            .deleted = false,
            .value = std::move(value),
            .guard = std::nullopt};
  }
  static LogWrite DeleteOf(LogKey key, std::uint64_t expected) {
    return {.key = std::move(key),
            .expected = expected,
            .deleted = true,
            .value = {},
            .guard = std::nullopt};
  }
  /// The revision; 0: refused.
  std::uint64_t Write(const LogWrite& write) {
    const Result<std::vector<std::uint64_t>> revisions = log().Commit(std::span(&write, 1));
    EXPECT_OK(revisions);
    return revisions.ok() ? revisions->at(0) : 0;
  }
  std::uint64_t Put(LogKey key, std::uint64_t expected, std::string value) {
    return Write(PutOf(std::move(key), expected, std::move(value)));
  }
  std::uint64_t Delete(LogKey key, std::uint64_t expected) {
    return Write(DeleteOf(std::move(key), expected));
  }
  /// "name=value" of each row.
  std::vector<std::string> List(LogListOptions options) {
    const Result<std::vector<LogRow>> rows = log().List(options);
    EXPECT_OK(rows);
    std::vector<std::string> texts;
    if (rows.ok()) {
      for (const LogRow& row : *rows) {
        texts.push_back(row.key.name + "=" + row.value);
      }
    }
    return texts;
  }
  std::vector<std::string> ListAt(std::uint64_t revision) {
    return List({.resource = "things.example.com",
                 .name_space = "demo",
                 .after = std::nullopt,
                 .revision = revision,
                 .limit = 0});
  }

  const Context context_ = Context::Background();

 private:
  std::unique_ptr<LogUnderTest> under_test_ = GetParam()();
};

namespace log_contract {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tresor::testing::IsOk;
using tresor::testing::StatusIs;

TEST_P(RevisionLogContract, BeginsEmptyAtRevisionZero) {
  ASSERT_OK_AND_ASSIGN(const LogBounds bounds, log().Bounds());

  EXPECT_EQ(bounds.revision, 0u);
  EXPECT_EQ(bounds.compacted, 0u);
  EXPECT_THAT(ListAt(0), IsEmpty());
}

TEST_P(RevisionLogContract, CountsRevisionsUpByOne) {
  EXPECT_EQ(Put(Key("a"), 0, "1"), 1u);
  EXPECT_EQ(Put(Key("b"), 0, "1"), 2u);
  EXPECT_EQ(Put(Key("a"), 1, "2"), 3u);
  EXPECT_EQ(Delete(Key("b"), 2), 4u);
  ASSERT_OK_AND_ASSIGN(const LogBounds bounds, log().Bounds());
  EXPECT_EQ(bounds.revision, 4u);
}

TEST_P(RevisionLogContract, RefusesWhatExpectsAnotherVersion) {
  ASSERT_EQ(Put(Key("a"), 0, "1"), 1u);

  EXPECT_EQ(Put(Key("a"), 0, "2"), 0u);
  EXPECT_EQ(Put(Key("a"), 7, "2"), 0u);
  EXPECT_EQ(Delete(Key("a"), 7), 0u);
  EXPECT_EQ(Delete(Key("b"), 1), 0u);
  EXPECT_THAT(ListAt(0), ElementsAre("a=1"));
}

TEST_P(RevisionLogContract, RefusedWritesDoNotHoldUpTheOthers) {
  const std::vector<LogWrite> writes = {PutOf(Key("a"), 0, "1"), PutOf(Key("b"), 5, "no"),
                                        PutOf(Key("c"), 0, "1")};

  ASSERT_OK_AND_ASSIGN(const std::vector<std::uint64_t> revisions, log().Commit(writes));

  EXPECT_THAT(revisions, ElementsAre(1, 0, 2));
  EXPECT_THAT(ListAt(0), ElementsAre("a=1", "c=1"));
}

TEST_P(RevisionLogContract, WritesOfOneCommitSeeThoseBefore) {
  const std::vector<LogWrite> writes = {PutOf(Key("a"), 0, "1"), PutOf(Key("a"), 1, "2"),
                                        DeleteOf(Key("a"), 2), PutOf(Key("a"), 0, "4")};

  ASSERT_OK_AND_ASSIGN(const std::vector<std::uint64_t> revisions, log().Commit(writes));

  EXPECT_THAT(revisions, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(ListAt(0), ElementsAre("a=4"));
}

TEST_P(RevisionLogContract, AGuardMustHold) {
  ASSERT_EQ(Put(Key("guard"), 0, "x"), 1u);
  LogWrite write = PutOf(Key("a"), 0, "1");
  write.guard = LogGuard{Key("guard"), 2};
  EXPECT_EQ(Write(write), 0u);
  write.guard = LogGuard{Key("guard"), 1};
  EXPECT_EQ(Write(write), 2u);
  ASSERT_EQ(Delete(Key("guard"), 1), 3u);

  write = PutOf(Key("b"), 0, "1");
  write.guard = LogGuard{Key("guard"), 1};

  EXPECT_EQ(Write(write), 0u);
}

TEST_P(RevisionLogContract, ListsEveryPastState) {
  Put(Key("a"), 0, "1");
  Put(Key("b"), 0, "2");
  Put(Key("a"), 1, "3");
  Delete(Key("b"), 2);

  EXPECT_THAT(ListAt(1), ElementsAre("a=1"));
  EXPECT_THAT(ListAt(2), ElementsAre("a=1", "b=2"));
  EXPECT_THAT(ListAt(3), ElementsAre("a=3", "b=2"));
  EXPECT_THAT(ListAt(4), ElementsAre("a=3"));
  EXPECT_THAT(
      log().List(
          {.resource = {}, .name_space = {}, .after = std::nullopt, .revision = 5, .limit = 0}),
      StatusIs(Code::kOutOfRange));
}

TEST_P(RevisionLogContract, ListsInTheOrderOfKeysInPages) {
  for (const LogKey& key : {LogKey{"b", "n2", "a"}, LogKey{"a", "", "x"}, LogKey{"b", "n1", "b"},
                            LogKey{"b", "n1", "a"}, LogKey{"b", "n10", "a"}}) {
    Put(key, 0, key.resource + "/" + key.name_space);
  }
  LogListOptions all;
  EXPECT_THAT(List(all), ElementsAre("x=a/", "a=b/n1", "b=b/n1", "a=b/n10", "a=b/n2"));

  all.limit = 2;
  all.after = LogKey{"b", "n1", "a"};
  EXPECT_THAT(List(all), ElementsAre("b=b/n1", "a=b/n10"));

  LogListOptions one{.resource = "b",
                     .name_space = "n1",
                     .after = LogKey{"b", "n1", "a"},
                     .revision = 0,
                     .limit = 0};
  EXPECT_THAT(List(one), ElementsAre("b=b/n1"));
  one.after = LogKey{"b", "n10", "a"};
  EXPECT_THAT(List(one), IsEmpty());
  one.after = LogKey{"b", "", "z"};
  EXPECT_THAT(List(one), ElementsAre("a=b/n1", "b=b/n1"));
}

TEST_P(RevisionLogContract, TellsChangesWithWhatWasBefore) {
  Put(Key("a"), 0, "1");
  Put({"others", "", "o"}, 0, "x");
  Put(Key("a"), 1, "2");
  Delete(Key("a"), 3);
  Put(Key("a"), 0, "3");

  ASSERT_OK_AND_ASSIGN(const std::vector<LogChange> changes,
                       log().Changes("things.example.com", 0, 10));

  ASSERT_EQ(changes.size(), 4u);
  EXPECT_EQ(changes[0].row, (LogRow{1, Key("a"), 1, 0, false, "1"}));
  EXPECT_EQ(changes[0].before, "");
  EXPECT_EQ(changes[1].row, (LogRow{3, Key("a"), 1, 1, false, "2"}));
  EXPECT_EQ(changes[1].before, "1");
  EXPECT_EQ(changes[2].row, (LogRow{4, Key("a"), 1, 3, true, ""}));
  EXPECT_EQ(changes[2].before, "2");
  EXPECT_EQ(changes[3].row, (LogRow{5, Key("a"), 5, 0, false, "3"}));
}

TEST_P(RevisionLogContract, TellsChangesInPages) {
  Put(Key("a"), 0, "1");
  Put({"others", "", "o"}, 0, "x");
  Put(Key("b"), 0, "1");

  ASSERT_OK_AND_ASSIGN(const std::vector<LogChange> first,
                       log().Changes("things.example.com", 0, 1));
  ASSERT_OK_AND_ASSIGN(const std::vector<LogChange> rest,
                       log().Changes("things.example.com", 1, 10));
  ASSERT_OK_AND_ASSIGN(const std::vector<LogChange> all, log().Changes("", 0, 10));

  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].row.revision, 1u);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].row.revision, 3u);
  EXPECT_EQ(all.size(), 3u);
}

TEST_P(RevisionLogContract, CompactionKeepsStatesAndChangesFromThereOn) {
  Put(Key("a"), 0, "1");
  Put(Key("b"), 0, "2");
  Put(Key("a"), 1, "3");
  Delete(Key("b"), 2);
  Put(Key("a"), 3, "5");

  ASSERT_OK(log().Compact(context_, 3));

  EXPECT_THAT(
      log().List(
          {.resource = {}, .name_space = {}, .after = std::nullopt, .revision = 2, .limit = 0}),
      StatusIs(Code::kOutOfRange));
  EXPECT_THAT(ListAt(3), ElementsAre("a=3", "b=2"));
  EXPECT_THAT(ListAt(4), ElementsAre("a=3"));
  EXPECT_THAT(ListAt(5), ElementsAre("a=5"));
  EXPECT_THAT(log().Changes("", 2, 10), StatusIs(Code::kOutOfRange));
  ASSERT_OK_AND_ASSIGN(const std::vector<LogChange> changes, log().Changes("", 3, 10));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].before, "2");
  EXPECT_EQ(changes[1].before, "3");
}

TEST_P(RevisionLogContract, CompactionGoesForwardOnly) {
  Put(Key("a"), 0, "1");
  Put(Key("a"), 1, "2");
  ASSERT_OK(log().Compact(context_, 2));

  EXPECT_OK(log().Compact(context_, 1));
  EXPECT_THAT(log().Compact(context_, 3), StatusIs(Code::kOutOfRange));
  ASSERT_OK_AND_ASSIGN(const LogBounds bounds, log().Bounds());
  EXPECT_EQ(bounds.compacted, 2u);
}

TEST_P(RevisionLogContract, RevisionsGoOnWhenTheNewestWasADeletionThatIsCompacted) {
  Put(Key("a"), 0, "1");
  Delete(Key("a"), 1);
  ASSERT_OK(log().Compact(context_, 2));

  under_test().Reopen();

  EXPECT_THAT(ListAt(0), IsEmpty());
  EXPECT_EQ(Put(Key("a"), 0, "3"), 3u);
}

TEST_P(RevisionLogContract, ReopeningFindsEverything) {
  Put(Key("a"), 0, "1");
  Put(Key("a"), 1, "2");
  Put(Key("z"), 0, std::string("\0binary\xff", 8));
  Delete(Key("a"), 2);
  ASSERT_OK(log().Compact(context_, 1));
  (void)under_test().Reopen();  // a log that lives in memory only goes on

  EXPECT_THAT(ListAt(2), ElementsAre("a=2"));
  EXPECT_THAT(ListAt(4), ElementsAre("z=" + std::string("\0binary\xff", 8)));
  EXPECT_EQ(Put(Key("b"), 0, "5"), 5u);
}

// Random writes, compactions and reopenings, against the simplest thing that can be right: all
// states and all changes, kept for ever.
TEST_P(RevisionLogContract, BehavesAsTheModelAtRandom) {
  struct Model {
    std::vector<std::map<LogKey, LogRow>> states{{}};  // by revision
    std::vector<LogChange> changes;
    std::uint64_t compacted = 0;
  } model;
  SeededRandom random(20'26);
  const auto random_key = [&] {
    return LogKey{fmt::format("r{}", random.Below(2)), fmt::format("n{}", random.Below(2)),
                  fmt::format("k{}", random.Below(4))};
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<LogWrite> writes;
    std::vector<std::uint64_t> expected;
    for (std::uint64_t n = random.Below(4); n > 0; --n) {
      const std::map<LogKey, LogRow>& now = model.states.back();
      const std::uint64_t next = model.states.size();
      const LogKey key = random_key();
      const auto present = now.find(key);
      const std::uint64_t revision = present == now.end() ? 0 : present->second.revision;
      LogWrite write = PutOf(key, revision, fmt::format("v{}", next));
      if (revision != 0 && random.Below(3) == 0) {
        write = DeleteOf(key, revision);
      }
      bool holds = true;
      if (random.Below(8) == 0) {
        write.expected = revision + 1;
        holds = false;
      }
      if (random.Below(4) == 0) {
        const LogKey guard = random_key();
        const auto guarded = now.find(guard);
        write.guard = LogGuard{guard, guarded == now.end() ? 0 : guarded->second.revision};
        if (random.Below(4) == 0) {
          ++write.guard->revision;
          holds = false;
        }
      }
      writes.push_back(write);
      expected.push_back(holds ? next : 0);
      if (!holds) {
        continue;
      }
      const LogRow row{.revision = next,
                       .key = key,
                       .created = revision == 0 ? next : present->second.created,
                       .previous = revision,
                       .deleted = write.deleted,
                       .value = write.value};
      model.changes.push_back({.row = row, .before = revision == 0 ? "" : present->second.value});
      std::map<LogKey, LogRow> after = now;
      if (row.deleted) {
        after.erase(key);
      } else {
        after[key] = row;
      }
      model.states.push_back(std::move(after));
    }
    ASSERT_OK_AND_ASSIGN(const std::vector<std::uint64_t> revisions, log().Commit(writes));
    ASSERT_EQ(revisions, expected);
    const std::uint64_t newest = model.states.size() - 1;
    if (random.Below(10) == 0) {
      const std::uint64_t to = random.Below(newest + 1);
      ASSERT_OK(log().Compact(context_, to));
      model.compacted = std::max(model.compacted, to);
    }
    if (random.Below(40) == 0) {
      under_test().Reopen();
    }
    ASSERT_OK_AND_ASSIGN(const LogBounds bounds, log().Bounds());
    ASSERT_EQ(bounds.revision, newest);
    ASSERT_EQ(bounds.compacted, model.compacted);

    const std::uint64_t at = random.Below(newest + 1);
    const std::string resource = fmt::format("r{}", random.Below(2));
    const Result<std::vector<LogRow>> rows = log().List({.resource = resource,
                                                         .name_space = {},
                                                         .after = std::nullopt,
                                                         .revision = at,
                                                         .limit = 0});
    const Result<std::vector<LogChange>> changes = log().Changes(resource, at, 1000);
    if (at < model.compacted) {
      ASSERT_THAT(changes, StatusIs(Code::kOutOfRange));
      if (at != 0) {
        ASSERT_THAT(rows, StatusIs(Code::kOutOfRange));
      }
      continue;
    }
    std::vector<LogRow> expected_rows;
    for (const auto& [key, row] : model.states[at == 0 ? newest : at]) {
      if (key.resource == resource) {
        expected_rows.push_back(row);
      }
    }
    std::vector<LogChange> expected_changes;
    for (const LogChange& change : model.changes) {
      if (change.row.revision > at && change.row.key.resource == resource) {
        expected_changes.push_back(change);
      }
    }
    ASSERT_OK(rows);
    ASSERT_EQ(*rows, expected_rows);
    ASSERT_OK(changes);
    ASSERT_EQ(*changes, expected_changes);
  }
}

}  // namespace log_contract
}  // namespace tresor::store
