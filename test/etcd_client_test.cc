// SPDX-License-Identifier: Apache-2.0
// Every call of the client against real servers of every line.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status_matchers.h"
#include "etcd/client.h"
#include "etcd/select.h"
#include "test/etcd_fixture.h"

namespace tresor::etcd {
namespace {

using ::testing::ElementsAre;
using testing::EtcdCluster;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

Context Soon() { return Context::Background().WithTimeout(std::chrono::seconds(30)); }

/// SIGSTOP, which works when every thread has noticed.
void Freeze(process::Process& process) {
  ASSERT_OK(process.Signal(SIGSTOP));
  const Context context = Soon();
  const std::string tasks = fmt::format("/proc/{}/task", process.pid());
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::string state;
    while (state.find(") T ") == std::string::npos) {
      ASSERT_OK(context.Sleep(std::chrono::milliseconds(1)));
      std::ifstream stat(task.path() / "stat");
      std::getline(stat, state);
    }
  }
}

class Collect final : public SnapshotSink {
 public:
  Status Begin(std::uint64_t image_bytes) override {
    announced = image_bytes;
    return OkStatus();
  }
  Status Append(ByteView bytes) override {
    size += bytes.size();
    return on_append ? on_append() : OkStatus();
  }
  std::uint64_t announced = 0;
  std::uint64_t size = 0;
  std::function<Status()> on_append;
};

class EtcdTest : public ::testing::TestWithParam<const char*> {
 protected:
  void Start(testing::EtcdOptions options) {
    options.line = GetParam();
    ASSERT_OK_AND_ASSIGN(etcd_, EtcdCluster::Start(options));
  }
  void TearDown() override {
    if (HasFailure() && etcd_ != nullptr) {
      ADD_FAILURE() << etcd_->LogTails();
    }
  }
  Client& client() { return etcd_->client(); }
  const std::string& endpoint(int i = 0) { return etcd_->endpoint(i); }
  std::int64_t MustPut(const std::string& key, const std::string& value, std::int64_t lease = 0) {
    const auto put = client().Put(Soon(), {.key = key, .value = value, .lease = lease});
    EXPECT_THAT(put, IsOk());
    return put.ok() ? put->header.revision : 0;
  }

  std::unique_ptr<EtcdCluster> etcd_;
};

INSTANTIATE_TEST_SUITE_P(Lines, EtcdTest, ::testing::Values("3.4", "3.5", "3.6", "3.7"),
                         [](const auto& line) {
                           return std::string("v") + line.param[0] + "_" + line.param[2];
                         });

TEST_P(EtcdTest, KeysLeasesAndTransactions) {
  ASSERT_NO_FATAL_FAILURE(Start({}));

  ASSERT_OK_AND_ASSIGN(const auto lease,
                       client().LeaseGrant(Soon(), std::chrono::seconds(600), 77));
  EXPECT_EQ(lease.id, 77);
  EXPECT_THAT(client().LeaseGrant(Soon(), std::chrono::seconds(600), 77),
              StatusIs(Code::kFailedPrecondition));
  const std::int64_t first = MustPut("a/1", "one");
  MustPut("a/2", "two", 77);
  MustPut("b", "three");
  EXPECT_THAT(client().Put(Soon(), {.key = "x", .lease = 1234}), StatusIs(Code::kNotFound));

  ASSERT_OK_AND_ASSIGN(const auto range,
                       client().Range(Soon(), {.key = "a/", .range_end = PrefixEnd("a/")}));
  ASSERT_THAT(range.key_values, SizeIs(2));
  EXPECT_EQ(range.key_values[1].key, "a/2");
  EXPECT_EQ(range.key_values[1].value, "two");
  EXPECT_EQ(range.key_values[1].lease, 77);
  EXPECT_EQ(range.key_values[0].mod_revision, first);
  EXPECT_EQ(range.key_values[0].version, 1);
  EXPECT_EQ(range.count, 2);
  ASSERT_OK_AND_ASSIGN(
      const auto limited,
      client().Range(Soon(), {.key = kFromKey, .range_end = kFromKey, .limit = 1}));
  EXPECT_TRUE(limited.more);
  EXPECT_EQ(limited.count, 3);

  ASSERT_OK_AND_ASSIGN(
      const auto txn,
      client().Txn(
          Soon(),
          {.compares = {{.key = "a/1", .operand = std::string("one")},
                        {.key = "b",
                         .op = Compare::Operator::kGreater,
                         .operand = CompareNumber{CompareTarget::kModRevision, first}},
                        {.key = "none", .operand = CompareNumber{CompareTarget::kVersion, 0}},
                        {.key = "a/2", .operand = CompareNumber{CompareTarget::kLease, 77}}},
           .success = {PutRequest{.key = "c", .value = "x"}, RangeRequest{.key = "c"},
                       DeleteRangeRequest{.key = "b"}},
           .failure = {}}));
  EXPECT_TRUE(txn.succeeded);
  ASSERT_THAT(txn.responses, SizeIs(3));
  EXPECT_EQ(std::get<RangeResponse>(txn.responses[1]).key_values.at(0).value, "x");
  EXPECT_EQ(std::get<DeleteRangeResponse>(txn.responses[2]).deleted, 1);
  ASSERT_OK_AND_ASSIGN(const auto untrue,
                       client().Txn(Soon(), {.compares = {{.key = "a/1",
                                                           .op = Compare::Operator::kNotEqual,
                                                           .operand = std::string("one")}},
                                             .success = {RangeRequest{.key = "a/1"}},
                                             .failure = {}}));
  EXPECT_FALSE(untrue.succeeded);
  EXPECT_THAT(untrue.responses, IsEmpty());

  ASSERT_OK_AND_ASSIGN(const auto alive, client().LeaseKeepAlive(Soon(), 77));
  EXPECT_EQ(alive, std::chrono::seconds(600));
  ASSERT_OK_AND_ASSIGN(const auto ttl, client().LeaseTimeToLive(Soon(), 77, true));
  EXPECT_EQ(ttl.granted_ttl, std::chrono::seconds(600));
  EXPECT_THAT(ttl.keys, ElementsAre("a/2"));
  EXPECT_THAT(client().Leases(Soon()), testing::IsOkAndHolds(ElementsAre(77)));
  EXPECT_OK(client().LeaseRevoke(Soon(), 77));
  EXPECT_THAT(client().LeaseKeepAlive(Soon(), 77), StatusIs(Code::kNotFound));
  EXPECT_THAT(client().LeaseTimeToLive(Soon(), 77, false), StatusIs(Code::kNotFound));
  EXPECT_THAT(client().LeaseRevoke(Soon(), 77), StatusIs(Code::kNotFound));
  ASSERT_OK_AND_ASSIGN(const auto gone, client().Range(Soon(), {.key = "a/2", .count_only = true}));
  EXPECT_EQ(gone.count, 0);
  ASSERT_OK_AND_ASSIGN(const auto deleted, client().DeleteRange(Soon(), {.key = "c"}));
  EXPECT_EQ(deleted.deleted, 1);
}

TEST_P(EtcdTest, CompactionAndHashKv) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  MustPut("k", "1");
  const std::int64_t revision = MustPut("k", "2");
  MustPut("k", "3");

  ASSERT_OK_AND_ASSIGN(const auto before, client().HashKv(Soon(), endpoint(), revision));
  EXPECT_EQ(before.compact_revision, -1);
  ASSERT_OK(client().Compact(Soon(), revision, true));
  EXPECT_THAT(client().Compact(Soon(), revision, true),
              StatusIs(Code::kOutOfRange, HasSubstr("Compact: ")));
  EXPECT_THAT(client().Range(Soon(), {.key = "k", .revision = revision - 1}),
              StatusIs(Code::kOutOfRange, HasSubstr("compacted")));
  EXPECT_THAT(client().Range(Soon(), {.key = "k", .revision = revision + 100}),
              StatusIs(Code::kOutOfRange, HasSubstr("future")));
  ASSERT_OK_AND_ASSIGN(const auto after, client().HashKv(Soon(), endpoint(), 0));
  EXPECT_EQ(after.compact_revision, revision);
  EXPECT_EQ(after.header.revision, revision + 1);
  EXPECT_THAT(client().HashKv(Soon(), endpoint(), revision - 1), StatusIs(Code::kOutOfRange));
  EXPECT_THAT(client().HashKv(Soon(), endpoint(), revision + 100), StatusIs(Code::kOutOfRange));
}

TEST_P(EtcdTest, WatchSeesEventsAndItsEnd) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  const std::int64_t first = MustPut("w/1", "one");

  ASSERT_OK_AND_ASSIGN(const auto watch, client().Watch(Soon(), {.key = "w/",
                                                                 .range_end = PrefixEnd("w/"),
                                                                 .start_revision = first,
                                                                 .prev_key_values = true}));
  ASSERT_OK_AND_ASSIGN(const auto put, watch->Next(Soon()));
  ASSERT_THAT(put.events, SizeIs(1));
  EXPECT_FALSE(put.events[0].deleted);
  EXPECT_EQ(put.events[0].key_value.value, "one");
  EXPECT_THAT(watch->Next(Context::Background().WithTimeout(std::chrono::milliseconds(5))),
              StatusIs(Code::kDeadlineExceeded));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(watch->Next(Context::Background().WithStop(stop.get_token())),
              StatusIs(Code::kCancelled));

  ASSERT_OK(client().DeleteRange(Soon(), {.key = "w/1"}));
  ASSERT_OK_AND_ASSIGN(const auto deletion, watch->Next(Soon()));
  ASSERT_THAT(deletion.events, SizeIs(1));
  EXPECT_TRUE(deletion.events[0].deleted);
  ASSERT_TRUE(deletion.events[0].previous.has_value());
  EXPECT_EQ(deletion.events[0].previous->value, "one");

  const std::int64_t last = MustPut("w/2", "x");
  ASSERT_OK(client().Compact(Soon(), last, true));
  ASSERT_OK_AND_ASSIGN(const auto late,
                       client().Watch(Soon(), {.key = "w/1", .start_revision = first}));
  EXPECT_THAT(late->Next(Soon()), StatusIs(Code::kOutOfRange, HasSubstr("Watch: ")));
  EXPECT_EQ(late->compact_revision(), last);
  EXPECT_THAT(late->Next(Soon()), StatusIs(Code::kOutOfRange));

  ASSERT_OK(watch->Next(Soon()));
  etcd_->KillMember(0);
  EXPECT_THAT(watch->Next(Soon()), StatusIs(Code::kUnavailable, HasSubstr("127.0.0.1")));
}

TEST_P(EtcdTest, SnapshotIsWhatStatusSays) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  for (int i = 0; i < 20; ++i) {
    MustPut("key" + std::to_string(i), std::string(10000, 'v'));
  }

  Collect sink;
  SnapshotVerifier verifier(sink);
  ASSERT_OK_AND_ASSIGN(const auto summary, client().Snapshot(Soon(), endpoint(), verifier));
  EXPECT_OK(verifier.Verify(summary));
  EXPECT_EQ(sink.size, summary.image_bytes);
  EXPECT_EQ(sink.announced, summary.image_bytes);
  ASSERT_OK_AND_ASSIGN(const auto status, client().StatusOf(Soon(), endpoint()));
  EXPECT_EQ(status.db_bytes % 4096, 0U);
  EXPECT_THAT(status.db_bytes, Gt(200'000U));
  EXPECT_THAT(status.version, HasSubstr(GetParam()));
  EXPECT_EQ(status.leader, status.header.member);
}

TEST_P(EtcdTest, SnapshotEndsWithTheSinksError) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  MustPut("k", "v");
  Collect sink;
  sink.on_append = [] { return Error(Code::kResourceExhausted, "disk full"); };

  EXPECT_THAT(client().Snapshot(Soon(), endpoint(), sink),
              StatusIs(Code::kResourceExhausted, HasSubstr("Snapshot: disk full")));
  EXPECT_THAT(client().StatusOf(Soon(), endpoint()), IsOk());
}

TEST_P(EtcdTest, SnapshotOfAServerThatDiesIsUnavailable) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  // More than the windows and socket buffers hold, so that the server cannot be done already.
  for (int i = 0; i < 40; ++i) {
    MustPut("big" + std::to_string(i), std::string(1 << 20, 'v'));
  }
  Collect sink;
  sink.on_append = [&] {
    etcd_->KillMember(0);
    return OkStatus();
  };

  EXPECT_THAT(client().Snapshot(Soon(), endpoint(), sink),
              StatusIs(Code::kUnavailable, HasSubstr("Snapshot: ")));
  EXPECT_LT(sink.size, sink.announced);
}

TEST_P(EtcdTest, SnapshotStopsWhenToldTo) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  for (int i = 0; i < 40; ++i) {
    MustPut("big" + std::to_string(i), std::string(1 << 20, 'v'));
  }
  std::stop_source stop;
  Collect sink;
  sink.on_append = [&] {
    stop.request_stop();
    return OkStatus();
  };

  EXPECT_THAT(client().Snapshot(Soon().WithStop(stop.get_token()), endpoint(), sink),
              StatusIs(Code::kCancelled));
}

TEST_P(EtcdTest, AlarmsAreSeenAndDisarmed) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  ASSERT_OK_AND_ASSIGN(const auto members, client().MemberList(Soon()));
  ASSERT_THAT(members, SizeIs(1));
  EXPECT_EQ(members[0].name, "m0");
  EXPECT_THAT(members[0].client_urls, ElementsAre(endpoint()));
  EXPECT_THAT(client().AlarmList(Soon()), testing::IsOkAndHolds(IsEmpty()));

  const Alarm alarm{.member = members[0].id, .type = AlarmType::kNoSpace};
  ASSERT_OK(client().ActivateAlarm(Soon(), alarm));
  EXPECT_THAT(client().AlarmList(Soon()), testing::IsOkAndHolds(ElementsAre(alarm)));
  EXPECT_THAT(client().Put(Soon(), {.key = "k"}), StatusIs(Code::kResourceExhausted));
  ASSERT_OK(client().DisarmAlarm(Soon(), alarm));
  EXPECT_OK(client().Put(Soon(), {.key = "k"}));
  EXPECT_OK(client().Defragment(Soon(), endpoint()));
}

TEST_P(EtcdTest, TlsNeedsTheRightAuthorityNameAndCertificate) {
  ASSERT_NO_FATAL_FAILURE(Start({.tls = true}));
  MustPut("k", "v");
  Collect sink;
  SnapshotVerifier verifier(sink);
  ASSERT_OK_AND_ASSIGN(const auto summary, client().Snapshot(Soon(), endpoint(), verifier));
  EXPECT_OK(verifier.Verify(summary));

  const auto connect = [&](auto change) {
    ClientOptions options = etcd_->client_options();
    change(*options.tls);
    const auto other = Client::Connect(options);
    return other.ok() ? (*other)->StatusOf(Soon(), endpoint()).status() : other.status();
  };
  EXPECT_OK(connect([](TlsOptions& tls) { tls.server_name = "etcd.test"; }));
  EXPECT_THAT(connect([](TlsOptions& tls) { tls.server_name = "other.test"; }),
              StatusIs(Code::kUnavailable));
  EXPECT_THAT(connect([](TlsOptions& tls) { tls.certificate_pem = tls.key_pem = ""; }),
              StatusIs(Code::kUnavailable));
  EXPECT_THAT(connect([](TlsOptions& tls) { tls.ca_pem = ""; }), StatusIs(Code::kUnavailable));
  EXPECT_THAT(connect([](TlsOptions& tls) { tls.key_pem = ""; }), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(connect([](TlsOptions& tls) { tls.ca_pem = "no pem"; }),
              StatusIs(Code::kInvalidArgument));
}

TEST_P(EtcdTest, RenewsATokenThatTheServerForgot) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  ASSERT_OK(etcd_->EnableAuth("secret"));
  MustPut("k", "v");
  const auto everything = [&] {
    Collect sink;
    EXPECT_OK(client().Snapshot(Soon(), endpoint(), sink));
    EXPECT_OK(client().HashKv(Soon(), endpoint(), 0));
    EXPECT_OK(client().StatusOf(Soon(), endpoint()));
    EXPECT_OK(client().AlarmList(Soon()));
    EXPECT_OK(client().MemberList(Soon()));
    EXPECT_OK(client().Watch(Soon(), {.key = "k"}));
  };
  everything();

  // Simple tokens live in memory: a restart forgets them.
  const auto restart = [&] {
    etcd_->KillMember(0);  // in good order it would wait for us
    ASSERT_OK(etcd_->StartAll());
  };
  restart();
  everything();
  // The old token meets a stream first.
  restart();
  Collect sink;
  EXPECT_OK(client().Snapshot(Soon(), endpoint(), sink));
  restart();
  EXPECT_OK(client().Watch(Soon(), {.key = "k"}));
  restart();
  MustPut("k", "v");
}

TEST_P(EtcdTest, TellsWrongPasswordFromMissingRight) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  // Also: user and password are no harm before authentication is on, and count once it is.
  ClientOptions early_options = etcd_->client_options();
  early_options.user = "root";
  early_options.password = "secret";
  ASSERT_OK_AND_ASSIGN(const auto early, Client::Connect(early_options));
  EXPECT_OK(early->Put(Soon(), {.key = "k"}));
  ASSERT_OK(client().UserAdd(Soon(), "guest", "guest"));
  ASSERT_OK(etcd_->EnableAuth("secret"));
  EXPECT_OK(early->Put(Soon(), {.key = "k"}));

  const auto as = [&](const std::string& user, const std::string& password) {
    ClientOptions options = etcd_->client_options();
    options.user = user;
    options.password = password;
    return *Client::Connect(options);
  };
  Collect sink;
  EXPECT_THAT(as("root", "wrong")->Range(Soon(), {.key = "k"}),
              StatusIs(Code::kUnauthenticated, HasSubstr("user \"root\"")));
  EXPECT_THAT(as("root", "wrong")->Snapshot(Soon(), endpoint(), sink),
              StatusIs(Code::kUnauthenticated));
  EXPECT_THAT(as("", "")->Range(Soon(), {.key = "k"}), StatusIs(Code::kUnauthenticated));
  EXPECT_THAT(as("", "")->Snapshot(Soon(), endpoint(), sink), StatusIs(Code::kUnauthenticated));
  EXPECT_THAT(as("guest", "guest")->Range(Soon(), {.key = "k"}),
              StatusIs(Code::kPermissionDenied, HasSubstr("Range: ")));
  EXPECT_THAT(as("guest", "guest")->Snapshot(Soon(), endpoint(), sink),
              StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(as("guest", "guest")->HashKv(Soon(), endpoint(), 0),
              StatusIs(Code::kPermissionDenied));
  EXPECT_THAT(as("guest", "guest")->Watch(Soon(), {.key = "k"}), StatusIs(Code::kPermissionDenied));
}

TEST_P(EtcdTest, ThreeMembersFailOverAndAreChosenFrom) {
  ASSERT_NO_FATAL_FAILURE(Start({.members = 3}));
  MustPut("k", "v");

  ASSERT_OK_AND_ASSIGN(auto observed, ObserveMembers(Soon(), client(), std::chrono::seconds(10)));
  ASSERT_THAT(observed, SizeIs(3));
  ASSERT_OK_AND_ASSIGN(const auto chosen, SelectMember(observed, ""));
  const MemberStatus& status = *observed[chosen.index].status;
  EXPECT_NE(status.leader, status.header.member);
  EXPECT_THAT(chosen.passed_over, SizeIs(2));
  ASSERT_OK_AND_ASSIGN(const auto named, SelectMember(observed, "m1"));
  EXPECT_EQ(observed[named.index].member.name, "m1");

  // The leader gives its office away; others may not give it.
  int leader = 0;
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto one, client().StatusOf(Soon(), endpoint(i)));
    leader = one.leader == one.header.member ? i : leader;
  }
  ASSERT_OK_AND_ASSIGN(const auto next, client().StatusOf(Soon(), endpoint((leader + 1) % 3)));
  EXPECT_THAT(client().MoveLeader(Soon(), endpoint((leader + 1) % 3), next.header.member),
              StatusIs(Code::kFailedPrecondition));
  EXPECT_OK(client().MoveLeader(Soon(), endpoint(leader), next.header.member));

  // The member that the client spoke to dies: reads go on, and so do writes once it is known.
  etcd_->KillMember(0);
  ASSERT_OK(etcd_->WaitHealthy(1, Soon()));
  EXPECT_OK(client().Range(Soon(), {.key = "k"}));
  EXPECT_OK(client().Put(Soon(), {.key = "k", .value = "w"}));
  EXPECT_THAT(client().StatusOf(Soon(), endpoint(0)),
              StatusIs(Code::kUnavailable, HasSubstr("Status: ")));
  ASSERT_OK_AND_ASSIGN(observed, ObserveMembers(Soon(), client(), std::chrono::seconds(10)));
  ASSERT_OK_AND_ASSIGN(const auto survivor, SelectMember(observed, ""));
  EXPECT_NE(observed[survivor.index].member.name, "m0");
}

TEST_P(EtcdTest, AHangingMemberCostsNoMoreThanTheDeadline) {
  ASSERT_NO_FATAL_FAILURE(Start({}));
  MustPut("k", "v");
  ASSERT_NO_FATAL_FAILURE(Freeze(*etcd_->member(0)));

  const auto start = SystemClock().Monotonic();
  EXPECT_THAT(client().Range(Context::Background().WithTimeout(std::chrono::milliseconds(100)),
                             {.key = "k"}),
              StatusIs(Code::kDeadlineExceeded, HasSubstr("Range: ")));
  EXPECT_LT(SystemClock().Monotonic() - start, std::chrono::seconds(10));
}

TEST(EtcdClientTest, RefusesBadOptions) {
  EXPECT_THAT(Client::Connect({}), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(Client::Connect({.endpoints = {"nowhere"}}),
              StatusIs(Code::kInvalidArgument, HasSubstr("nowhere")));
}

}  // namespace
}  // namespace tresor::etcd
