// SPDX-License-Identifier: Apache-2.0
// Members of local clusters that come, go, lose their data or their ports, with real etcd.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "base/environment.h"
#include "base/status_matchers.h"
#include "io/file_lock.h"
#include "test/local_cluster.h"

namespace tresor::testing {
namespace {

using runtime::ClusterObservation;
using runtime::MemberObservation;

class LocalMembersTest : public ::testing::Test {
 protected:
  void Start(int replicas, const std::string& line = "3.5") {
    ASSERT_OK_AND_ASSIGN(local_, LocalCluster::Make({.line = line, .replicas = replicas}));
    ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
    ASSERT_OK(local_->Put("a", "1"));
  }

  /// Launcher and etcd of one member, and their end.
  void Kill(std::size_t i) {
    ASSERT_OK_AND_ASSIGN(const ClusterObservation seen, local_->Observe());
    ASSERT_EQ(::kill(static_cast<pid_t>(seen.members[i].launcher_pid), SIGKILL), 0);
    const std::string dir = local_->member_dir(static_cast<int>(i));
    const Context deadline = Soon();
    while (io::IsLocked(dir + "/lock").value_or(true) ||
           io::IsLocked(dir + "/etcd.lock").value_or(true)) {
      ASSERT_OK(deadline.Check());
    }
  }

  [[nodiscard]] etcd::MemberId IdOf(std::size_t i) {
    const auto seen = local_->Observe();
    return seen.ok() && seen->members[i].status ? seen->members[i].status->header.member
                                                : etcd::MemberId{};
  }

  std::unique_ptr<LocalCluster> local_;
};

TEST_F(LocalMembersTest, MemberThatLostItsDataIsReplaced) {
  ASSERT_NO_FATAL_FAILURE(Start(3));
  const etcd::MemberId before = IdOf(1);
  ASSERT_NO_FATAL_FAILURE(Kill(1));
  std::filesystem::remove_all(local_->member_dir(1) + "/data");

  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));

  EXPECT_NE(IdOf(1), before);
  EXPECT_EQ(local_->Get("a"), "1");
  ASSERT_OK_AND_ASSIGN(const ClusterObservation seen, local_->Observe());
  EXPECT_FALSE(seen.members[1].status->learner);
}

TEST_F(LocalMembersTest, MemberWhoseFolderIsGoneIsReplaced) {
  ASSERT_NO_FATAL_FAILURE(Start(3, "3.4"));
  ASSERT_NO_FATAL_FAILURE(Kill(2));
  std::filesystem::remove_all(local_->member_dir(2));

  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
  EXPECT_EQ(local_->Get("a"), "1");
}

TEST_F(LocalMembersTest, OnlyMemberThatLostItsDataStaysLost) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  ASSERT_NO_FATAL_FAILURE(Kill(0));
  std::filesystem::remove_all(local_->member_dir(0) + "/data");

  ASSERT_OK(local_->ApplyUntil(Soon(), [](const ClusterObservation& seen) {
    return seen.members[0].phase == runtime::MemberPhase::kLost && seen.members[0].etcd_pid == 0;
  }));
  EXPECT_FALSE(std::filesystem::exists(local_->member_dir(0) + "/data"));
}

TEST_F(LocalMembersTest, GrowsAndShrinks) {
  ASSERT_NO_FATAL_FAILURE(Start(1));
  local_->spec().replicas = 3;
  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation three, local_->Observe());
  for (const MemberObservation& member : three.members) {
    EXPECT_FALSE(member.status->learner);
  }
  EXPECT_EQ(local_->Get("a"), "1");

  local_->spec().replicas = 1;
  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
  EXPECT_EQ(local_->Get("a"), "1");
  ASSERT_OK(local_->Put("a", "2"));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation one, local_->Observe());
  EXPECT_FALSE(std::filesystem::exists(local_->member_dir(one.members[0].name == "m2" ? 1 : 2)));
}

TEST_F(LocalMembersTest, ChangedArgumentsRestartMembersOneByOne) {
  ASSERT_NO_FATAL_FAILURE(Start(3));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation before, local_->Observe());
  local_->spec().extra_args.emplace_back("--snapshot-count=5000");

  ASSERT_OK(local_->ApplyUntil(Soon(), [&](const ClusterObservation& seen) {
    // While a new leader is chosen nobody is healthy, although two of them run.
    int down = 0;
    bool all_new = true;
    bool all_healthy = true;
    for (std::size_t i = 0; i < 3; ++i) {
      down += seen.members[i].phase == runtime::MemberPhase::kRunning ? 0 : 1;
      all_healthy = all_healthy && seen.members[i].healthy;
      all_new = all_new && seen.members[i].etcd_pid != before.members[i].etcd_pid;
    }
    EXPECT_LE(down, 1) << Describe(seen);
    return all_new && all_healthy;
  }));
  EXPECT_EQ(local_->Get("a"), "1");
}

TEST_F(LocalMembersTest, DefragmentsWhenAllowedAndItPays) {
  ASSERT_NO_FATAL_FAILURE(Start(3));
  for (int i = 0; i < 6; ++i) {
    ASSERT_OK(local_->Put("big", std::string(1 << 20, 'x')));
  }
  ASSERT_OK(local_->Put("big", ""));
  ASSERT_OK_AND_ASSIGN(const etcd::ClientOptions access,
                       local_->runtime().Access(local_->spec().id));
  ASSERT_OK_AND_ASSIGN(const auto client, etcd::Client::Connect(access));
  ASSERT_OK_AND_ASSIGN(const auto head, client->Range(Soon(), {.key = "a"}));
  ASSERT_OK(client->Compact(Soon(), head.header.revision, true));
  const auto is_large = [](const MemberObservation& member) {
    return member.status && member.status->db_bytes > (4U << 20);
  };
  ASSERT_OK(local_->ApplyUntil(Soon(), [&](const ClusterObservation& seen) {
    // bbolt counts freed pages as free with the next commit only.
    EXPECT_OK(local_->Put("a", "1"));
    return std::ranges::all_of(seen.members, [&](const MemberObservation& member) {
      return is_large(member) && member.status->db_in_use_bytes < (2U << 20);
    });
  }));

  // Not while somebody reads or restores: whoever applies the spec says so.
  for (int i = 0; i < 10; ++i) {
    ASSERT_OK(local_->runtime().Apply(Soon(), local_->spec()));
  }
  ASSERT_OK_AND_ASSIGN(const ClusterObservation waits, local_->Observe());
  EXPECT_TRUE(std::ranges::all_of(waits.members, is_large));

  local_->spec().may_defragment = true;
  ASSERT_OK(local_->ApplyUntil(Soon(), [&](const ClusterObservation& seen) {
    return std::ranges::none_of(seen.members, is_large) && seen.has_quorum;
  }));
}

TEST_F(LocalMembersTest, AlarmsAreShownAtTheMemberThatRaisedThem) {
  ASSERT_NO_FATAL_FAILURE(Start(3));
  const etcd::MemberId full = IdOf(1);
  ASSERT_OK_AND_ASSIGN(const etcd::ClientOptions access,
                       local_->runtime().Access(local_->spec().id));
  ASSERT_OK_AND_ASSIGN(const auto client, etcd::Client::Connect(access));
  const etcd::Alarm alarm{.member = full, .type = etcd::AlarmType::kNoSpace};
  ASSERT_OK(client->ActivateAlarm(Soon(), alarm));

  ASSERT_OK(local_->Await(Soon(), [](const ClusterObservation& seen) {
    return seen.members[1].alarms == std::vector{etcd::AlarmType::kNoSpace} &&
           seen.members[0].alarms.empty() && seen.members[2].alarms.empty();
  }));
  ASSERT_OK(client->DisarmAlarm(Soon(), alarm));
  ASSERT_OK(local_->Await(
      Soon(), [](const ClusterObservation& seen) { return seen.members[1].alarms.empty(); }));
}

TEST_F(LocalMembersTest, PortThatSomebodyTookBeforeTheFirstStartIsChanged) {
  // A launcher that does nothing leaves a cluster whose ports are chosen and not yet used.
  ASSERT_OK_AND_ASSIGN(local_, LocalCluster::Make({.replicas = 3, .launcher = {"/bin/true"}}));
  ASSERT_OK(local_->runtime().Apply(Soon(), local_->spec()));
  std::ifstream file(local_->dir() + "/clusters/" + local_->spec().id.uid + "/cluster.json");
  const auto record = nlohmann::json::parse(file);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(record["members"][1]["peerPort"].get<std::uint16_t>());
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(fd, 1), 0);

  ASSERT_OK(local_->UseLauncher({}));
  ASSERT_OK(local_->ApplyUntilHealthy(Soon()));
  ::close(fd);
  ASSERT_OK(local_->Put("a", "1"));
}

TEST_F(LocalMembersTest, RemovedClusterLeavesNothing) {
  ASSERT_NO_FATAL_FAILURE(Start(3));
  ASSERT_OK_AND_ASSIGN(const ClusterObservation seen, local_->Observe());

  ASSERT_OK(local_->runtime().Remove(Soon(), local_->spec().id));

  for (const MemberObservation& member : seen.members) {
    EXPECT_NE(::kill(static_cast<pid_t>(member.etcd_pid), 0), 0);
  }
  EXPECT_TRUE(std::filesystem::is_empty(local_->dir() + "/clusters"));
  EXPECT_THAT(local_->Observe(), StatusIs(Code::kNotFound));
  EXPECT_OK(local_->runtime().Remove(Soon(), local_->spec().id));
}

TEST_F(LocalMembersTest, BadSpecsAreRefusedByName) {
  ASSERT_OK_AND_ASSIGN(local_, LocalCluster::Make({}));
  const auto apply = [&](auto change) {
    runtime::ClusterSpec spec = local_->spec();
    change(spec);
    return local_->runtime().Apply(Soon(), spec);
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(apply([](auto& spec) { spec.replicas = 2; }),
              StatusIs(Code::kInvalidArgument, HasSubstr("2 replicas")));
  EXPECT_THAT(apply([](auto& spec) { spec.extra_args = {"--data-dir=/x"}; }),
              StatusIs(Code::kInvalidArgument, HasSubstr("--data-dir")));
  EXPECT_THAT(apply([](auto& spec) { spec.version = "9.9"; }),
              StatusIs(Code::kNotFound, HasSubstr("9.9")));
  EXPECT_THAT(apply([](auto& spec) { spec.id.uid = "../x"; }),
              StatusIs(Code::kInvalidArgument, HasSubstr("../x")));
  EXPECT_THAT(local_->Observe(), StatusIs(Code::kNotFound));
}

}  // namespace
}  // namespace tresor::testing
