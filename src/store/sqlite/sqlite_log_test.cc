// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_log.h"

#include "base/thread.h"
#include "io/faults.h"
#include "io/temp_dir.h"
#include "store/log_contract_test.h"
#include "store/sqlite/database.h"
#include "store/sqlite/file_system_vfs.h"
#include "store/sqlite/migrations.h"

namespace tresor::store {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using tresor::testing::IsOk;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;

// --- the contract, on a real disk and on a test's file system

class SqliteLogUnderTest final : public LogUnderTest {
 public:
  SqliteLogUnderTest() { Open(); }
  RevisionLog& log() override { return *log_; }
  bool Reopen() override {
    log_.reset();
    Open();
    return true;
  }

 private:
  void Open() {
    Result<std::unique_ptr<RevisionLog>> log = OpenSqliteLog(dir_.path() + "/tresor.db");
    EXPECT_OK(log);
    log_ = *std::move(log);
  }
  io::TempDir dir_;
  std::unique_ptr<RevisionLog> log_;
};

class VirtualLogUnderTest final : public LogUnderTest {
 public:
  VirtualLogUnderTest() { Open(); }
  RevisionLog& log() override { return *log_; }
  bool Reopen() override {
    log_.reset();
    Open();
    return true;
  }

 private:
  void Open() {
    Result<std::unique_ptr<RevisionLog>> log = OpenSqliteLog("/tresor.db", {.vfs = vfs_.name()});
    EXPECT_OK(log);
    log_ = *std::move(log);
  }
  io::MemoryFs fs_;
  FileSystemVfs vfs_{fs_};
  std::unique_ptr<RevisionLog> log_;
};

std::unique_ptr<LogUnderTest> MakeSqlite() { return std::make_unique<SqliteLogUnderTest>(); }
std::unique_ptr<LogUnderTest> MakeVirtual() { return std::make_unique<VirtualLogUnderTest>(); }

LogWrite PutOf(std::string name, std::uint64_t expected, std::string value) {
  return {.key = {"things", "demo", std::move(name)},
          .expected = expected,
          .deleted = false,
          .value = std::move(value),
          .guard = std::nullopt};
}

Result<std::uint64_t> Write(RevisionLog& log, const LogWrite& write) {
  ASSIGN_OR_RETURN(const std::vector<std::uint64_t> revisions, log.Commit(std::span(&write, 1)));
  return revisions.front();
}

class SqliteLogTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return dir_.path() + "/tresor.db"; }
  [[nodiscard]] Result<std::unique_ptr<RevisionLog>> Open() const { return OpenSqliteLog(path()); }
  [[nodiscard]] Bytes Content() const {
    Result<Bytes> bytes = io::ReadFile(io::PosixFileSystem(), path());
    EXPECT_OK(bytes);
    return *std::move(bytes);
  }
  void SetContent(ByteView bytes) const {
    EXPECT_OK(io::WriteFileAtomically(io::PosixFileSystem(), path(), bytes));
  }
  /// A closed database with `count` objects.
  void Fill(int count) const {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RevisionLog> log, Open());
    std::vector<LogWrite> writes;
    for (int i = 0; i < count; ++i) {
      writes.push_back(PutOf(fmt::format("name-{}", i), 0, std::string(200, 'v')));
    }
    ASSERT_OK(log->Commit(writes));
  }

  io::TempDir dir_;
};

TEST_F(SqliteLogTest, FilesAreReadableForTheirOwnerOnly) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RevisionLog> log, Open());
  ASSERT_OK(Write(*log, PutOf("a", 0, "1")));

  for (const char* suffix : {"", "-wal", ".lock"}) {
    ASSERT_OK_AND_ASSIGN(const io::FileInfo info, io::PosixFileSystem().Stat(path() + suffix));
    EXPECT_EQ(info.mode, 0600u) << suffix;
  }
}

TEST_F(SqliteLogTest, ASecondServerIsRefused) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<RevisionLog> log, Open());

  EXPECT_THAT(Open(), StatusIs(Code::kFailedPrecondition,
                               AllOf(HasSubstr(path()), HasSubstr("another Tresor server"))));
  log.reset();
  EXPECT_OK(Open());
}

TEST_F(SqliteLogTest, ANewerDatabaseIsRefusedAndLeftAlone) {
  Fill(1);
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Database> database, Database::Open(path(), {}));
    ASSERT_OK(database->Execute("PRAGMA user_version = 99"));
  }
  const Bytes before = Content();

  EXPECT_THAT(Open(), StatusIs(Code::kUnimplemented,
                               AllOf(HasSubstr("newer Tresor"), HasSubstr("version 99"))));
  EXPECT_TRUE(Equal(before, Content()));
}

TEST_F(SqliteLogTest, ForeignDatabasesAreRefusedAndLeftAlone) {
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Database> database, Database::Open(path(), {}));
    ASSERT_OK(database->Execute("CREATE TABLE recipes (name TEXT)"));
  }
  const Bytes before = Content();

  EXPECT_THAT(Open(), StatusIs(Code::kFailedPrecondition, HasSubstr("not Tresor's")));
  EXPECT_TRUE(Equal(before, Content()));
}

TEST_F(SqliteLogTest, WhatIsNoDatabaseIsDataLoss) {
  SetContent(AsBytes(std::string(5000, 'x')));

  EXPECT_THAT(Open(), StatusIs(Code::kDataLoss, HasSubstr(path())));
}

TEST_F(SqliteLogTest, AChangedValueIsDataLossWithItsRevision) {
  Fill(3);
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Database> database, Database::Open(path(), {}));
    ASSERT_OK(database->Execute("UPDATE log SET value = x'00' WHERE revision = 2"));
  }
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RevisionLog> log, Open());

  EXPECT_THAT(log->List({}), StatusIs(Code::kDataLoss, HasSubstr("revision 2")));
  EXPECT_THAT(log->Changes("", 0, 10), StatusIs(Code::kDataLoss, HasSubstr("revision 2")));
}

// Whatever byte of the file changes: an error, or everything as it was.
TEST_F(SqliteLogTest, AFlippedByteNeverGivesOtherData) {
  Fill(40);
  const Bytes sound = Content();
  std::vector<LogRow> expected;
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RevisionLog> log, Open());
    ASSERT_OK_AND_ASSIGN(expected, log->List({}));
  }
  SeededRandom random(7);
  int refused = 0;
  for (int i = 0; i < 60; ++i) {
    Bytes bad = sound;
    bad[random.Below(bad.size())] ^= static_cast<std::byte>(1 + random.Below(255));
    SetContent(bad);

    const Result<std::unique_ptr<RevisionLog>> log = Open();
    const Result<std::vector<LogRow>> rows = log.ok() ? (*log)->List({}) : log.status();

    if (rows.ok()) {
      EXPECT_EQ(*rows, expected);
    } else {
      ++refused;
      EXPECT_EQ(rows.status().code(), Code::kDataLoss) << Message(rows.status());
      EXPECT_THAT(Message(rows.status()), HasSubstr(path()));
    }
  }
  EXPECT_GT(refused, 5);
}

TEST_F(SqliteLogTest, ATornWriteAheadLogLosesOnlyWhatItNoLongerHas) {
  // A copy of the files as they are while the log is open: what a power cut leaves. Then the
  // write-ahead log is cut anywhere.
  Bytes database;
  Bytes wal;
  constexpr int kWrites = 12;
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RevisionLog> log, Open());
    for (int i = 0; i < kWrites; ++i) {
      ASSERT_OK(Write(*log, PutOf(fmt::format("name-{}", i), 0, "value")));
    }
    database = Content();
    ASSERT_OK_AND_ASSIGN(wal, io::ReadFile(io::PosixFileSystem(), path() + "-wal"));
  }
  SeededRandom random(3);
  std::uint64_t last = 0;
  std::vector<std::uint64_t> cuts = {0, wal.size()};
  for (int i = 0; i < 30; ++i) {
    cuts.push_back(random.Below(wal.size()));
  }
  std::ranges::sort(cuts);
  for (const std::uint64_t cut : cuts) {
    SetContent(database);
    ASSERT_OK(io::WriteFileAtomically(io::PosixFileSystem(), path() + "-wal",
                                      ByteView(wal).subspan(0, cut)));

    const Result<std::unique_ptr<RevisionLog>> log = Open();

    ASSERT_OK(log) << cut;
    ASSERT_OK_AND_ASSIGN(const LogBounds bounds, (*log)->Bounds());
    ASSERT_OK_AND_ASSIGN(const std::vector<LogRow> rows, (*log)->List({}));
    EXPECT_EQ(rows.size(), bounds.revision);
    EXPECT_GE(bounds.revision, last) << "a longer log holds more";
    last = bounds.revision;
  }
  EXPECT_EQ(last, static_cast<std::uint64_t>(kWrites));
}

TEST_F(SqliteLogTest, SpaceOfCompactedHistoryIsGivenBack) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<RevisionLog> log, Open());
  std::uint64_t revision = 0;
  for (int i = 0; i < 40; ++i) {
    std::vector<LogWrite> writes;
    for (int j = 0; j < 100; ++j) {
      writes.push_back(PutOf("a", revision++, std::string(3000, 'v')));
    }
    ASSERT_OK(log->Commit(writes));
  }
  ASSERT_OK(log->Compact(Context::Background(), revision));
  log.reset();

  EXPECT_LT(Content().size(), 6u << 20);  // of some 16 MiB
}

TEST_F(SqliteLogTest, ReadersSeeWholeCommitsWhileAnotherThreadWrites) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RevisionLog> log, Open());
  constexpr std::uint64_t kCommits = 20;
  const auto write = [&] {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    for (std::uint64_t i = 1; i <= kCommits; ++i) {
      const std::vector<LogWrite> writes = {PutOf("a", a, fmt::format("{}", i)),
                                            PutOf("b", b, fmt::format("{}", i))};
      const Result<std::vector<std::uint64_t>> revisions = log->Commit(writes);
      ASSERT_OK(revisions);
      a = (*revisions)[0];
      b = (*revisions)[1];
    }
  };
  const Thread writer(write);
  for (std::uint64_t revision = 0; revision < 2 * kCommits;) {
    ASSERT_OK_AND_ASSIGN(const std::vector<LogRow> rows, log->List({}));
    if (!rows.empty()) {
      ASSERT_EQ(rows.size(), 2u);
      ASSERT_EQ(rows[0].value, rows[1].value);
      revision = rows[1].revision;
    }
  }
}

// --- migrations

class MigrationTest : public ::testing::Test {
 protected:
  static constexpr Migration kFirst{.version = 1,
                                    .sql = "CREATE TABLE t (a); INSERT INTO t VALUES (1)"};
  static constexpr Migration kSecond{.version = 2, .sql = "UPDATE t SET a = a + 1"};
  static constexpr Migration kBroken{.version = 3, .sql = "UPDATE t SET a = 9; NONSENSE"};

  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(database_, Database::Open(dir_.path() + "/db", {}));
  }
  io::TempDir dir_;
  std::unique_ptr<Database> database_;
};

TEST_F(MigrationTest, RunsWhatIsMissingOnce) {
  const std::vector<Migration> old = {kFirst};
  const std::vector<Migration> all = {kFirst, kSecond};
  ASSERT_OK(CheckVersion(*database_, old));
  ASSERT_OK(Migrate(*database_, old));

  for (int i = 0; i < 2; ++i) {
    ASSERT_OK(CheckVersion(*database_, all));
    ASSERT_OK(Migrate(*database_, all));
  }

  EXPECT_THAT(database_->QueryNumber("SELECT a FROM t"), IsOkAndHolds(2u));
  EXPECT_THAT(database_->QueryNumber("PRAGMA user_version"), IsOkAndHolds(2u));
  EXPECT_THAT(CheckVersion(*database_, old), StatusIs(Code::kUnimplemented));
}

TEST_F(MigrationTest, LeavesACopyOfTheOldVersion) {
  ASSERT_OK(Migrate(*database_, std::vector<Migration>{kFirst}));

  ASSERT_OK(Migrate(*database_, std::vector<Migration>{kFirst, kSecond}));

  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Database> copy,
                       Database::Open(dir_.path() + "/db.v1", {}));
  EXPECT_OK(CheckVersion(*copy, std::vector<Migration>{kFirst}));
  EXPECT_THAT(copy->QueryNumber("SELECT a FROM t"), IsOkAndHolds(1u));
  ASSERT_OK_AND_ASSIGN(const io::FileInfo info, io::PosixFileSystem().Stat(dir_.path() + "/db.v1"));
  EXPECT_EQ(info.mode, 0600u);
}

TEST_F(MigrationTest, OneThatFailsChangesNothing) {
  ASSERT_OK(Migrate(*database_, std::vector<Migration>{kFirst, kSecond}));

  EXPECT_THAT(Migrate(*database_, std::vector<Migration>{kFirst, kSecond, kBroken}),
              StatusIs(Code::kInternal, HasSubstr("version 3")));

  EXPECT_THAT(database_->QueryNumber("SELECT a FROM t"), IsOkAndHolds(2u));
  EXPECT_THAT(database_->QueryNumber("PRAGMA user_version"), IsOkAndHolds(2u));
}

TEST_F(MigrationTest, TheRealOnesCountFromOne) {
  std::uint64_t version = 0;
  for (const Migration& migration : Migrations()) {
    EXPECT_EQ(migration.version, ++version);
  }
}

// --- power cuts, full and failing disks, at every call that writes

// A short life of a log: writes, replacements, deletions, a compaction. Stops at the first error.
struct Life {
  std::vector<std::map<std::string, std::string>> states{{}};  // by revision, as they should be
  std::uint64_t acknowledged = 0;
  std::uint64_t compacted = 0;

  Status Run(RevisionLog& log) {
    SeededRandom random(99);
    std::map<std::string, std::uint64_t> revisions;
    for (int round = 0; round < 7; ++round) {
      std::vector<LogWrite> writes;
      for (int n = 0; n < 3; ++n) {
        const std::string name = fmt::format("name-{}", random.Below(5));
        const std::uint64_t next = states.size();
        std::map<std::string, std::string> state = states.back();
        LogWrite write = PutOf(name, revisions[name], fmt::format("{:>600}", next));
        if (write.expected != 0 && random.Below(4) == 0) {
          write.deleted = true;
          write.value.clear();
          state.erase(name);
          revisions[name] = 0;
        } else {
          state[name] = write.value;
          revisions[name] = next;
        }
        writes.push_back(std::move(write));
        states.push_back(std::move(state));
      }
      RETURN_IF_ERROR(log.Commit(writes).status());
      acknowledged = states.size() - 1;
      if (round == 4) {
        compacted = acknowledged - 4;
        RETURN_IF_ERROR(log.Compact(Context::Background(), compacted));
      }
    }
    return OkStatus();
  }

  /// What is there after a crash: everything acknowledged, perhaps the transaction after it.
  void Check(RevisionLog& log) const {
    ASSERT_OK_AND_ASSIGN(const LogBounds bounds, log.Bounds());
    ASSERT_THAT(bounds.revision, ::testing::AnyOf(acknowledged, states.size() - 1));
    for (std::uint64_t revision = std::max<std::uint64_t>(bounds.compacted, 1);
         revision <= bounds.revision; ++revision) {
      LogListOptions options;
      options.revision = revision;
      ASSERT_OK_AND_ASSIGN(const std::vector<LogRow> rows, log.List(options));
      std::map<std::string, std::string> state;
      for (const LogRow& row : rows) {
        state[row.key.name] = row.value;
      }
      ASSERT_EQ(state, states[revision]) << "at revision " << revision;
    }
    ASSERT_OK(Write(log, PutOf("after", 0, "it goes on")));
  }
};

TEST(SqliteLogPowerCutTest, EveryAcknowledgedWriteSurvivesACutAtAnyCall) {
  bool done = false;
  std::uint64_t call = 1;
  for (; !done; ++call) {
    io::PowerCutFs fs;
    fs.CutAtCall(call);
    Life life;
    {
      const FileSystemVfs vfs(fs);
      Result<std::unique_ptr<RevisionLog>> log = OpenSqliteLog("/tresor.db", {.vfs = vfs.name()});
      done = log.ok() && life.Run(**log).ok();
    }
    done = done && !fs.was_cut();
    for (const auto& [unsynced, seed] :
         {std::pair(io::MemoryFs::Unsynced::kLost, 0), std::pair(io::MemoryFs::Unsynced::kKept, 0),
          std::pair(io::MemoryFs::Unsynced::kMixed, 1),
          std::pair(io::MemoryFs::Unsynced::kMixed, 2)}) {
      const std::unique_ptr<io::MemoryFs> after =
          fs.AfterPowerCut(unsynced, static_cast<std::uint64_t>(seed));
      const FileSystemVfs vfs(*after);
      Result<std::unique_ptr<RevisionLog>> log = OpenSqliteLog("/tresor.db", {.vfs = vfs.name()});
      ASSERT_OK(log) << "cut at call " << call;
      ASSERT_NO_FATAL_FAILURE(life.Check(**log)) << "cut at call " << call;
    }
  }
  EXPECT_GT(call, 40u);
}

TEST(SqliteLogDiskFullTest, AFullDiskAtAnyCallIsToldAndTheLogGoesOn) {
  bool done = false;
  std::uint64_t call = 1;
  for (; !done; ++call) {
    io::MemoryFs memory;
    io::FaultyFs fs(memory);
    const FileSystemVfs vfs(fs);
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RevisionLog> log,
                         OpenSqliteLog("/tresor.db", {.vfs = vfs.name()}));
    const std::uint64_t first = fs.calls() + call;
    fs.FailCall(first, Error(Code::kResourceExhausted, "disk full"), /*half_write=*/true);
    Life life;
    const Status status = life.Run(*log);
    done = fs.calls() < first;
    if (!status.ok() && status.code() != Code::kUnavailable) {  // unavailable: a sync failed
      ASSERT_THAT(status, StatusIs(Code::kResourceExhausted));
      life.states.resize(life.acknowledged + 1);
      ASSERT_NO_FATAL_FAILURE(life.Check(*log)) << "call " << call;
    }
  }
  EXPECT_GT(call, 20u);
}

TEST(SqliteLogDiskFullTest, NothingIsWrittenAfterAFailedSync) {
  int failed_syncs = 0;
  for (std::uint64_t call = 1; call <= 40; ++call) {
    io::MemoryFs memory;
    io::FaultyFs fs(memory);
    const FileSystemVfs vfs(fs);
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<RevisionLog> log,
                         OpenSqliteLog("/tresor.db", {.vfs = vfs.name()}));
    ASSERT_OK(Write(*log, PutOf("a", 0, "1")));
    fs.FailCall(fs.calls() + call, Error(Code::kDataLoss, "input/output error"));
    const Status status = Write(*log, PutOf("b", 0, "1")).status();
    if (Message(status).find("SQLite 1034") == std::string_view::npos) {  // SQLITE_IOERR_FSYNC
      continue;
    }
    ++failed_syncs;

    EXPECT_THAT(Write(*log, PutOf("c", 0, "1")),
                StatusIs(Code::kUnavailable, HasSubstr("restart Tresor")));
    EXPECT_OK(log->List({}));
  }
  EXPECT_GT(failed_syncs, 0);
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Sqlite, RevisionLogContract, ::testing::Values(&MakeSqlite, &MakeVirtual));

}  // namespace tresor::store
