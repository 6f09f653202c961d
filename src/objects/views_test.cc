// SPDX-License-Identifier: Apache-2.0
// The typed views: what is written reads as the same, and in the fields that the CRDs have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "objects/backup_destination.h"
#include "objects/etcd_backup.h"
#include "objects/etcd_backup_config.h"
#include "objects/etcd_cluster.h"
#include "objects/etcd_restore.h"

namespace tresor::objects {
namespace {

WallTime AtSecond(std::int64_t seconds) { return WallTime{std::chrono::seconds{seconds}}; }

const std::vector<Condition> kConditions = {{.type = "Ready",
                                             .status = ConditionStatus::kTrue,
                                             .reason = "Quorum",
                                             .message = "3 of 3",
                                             .last_transition = AtSecond(1'700'000'000),
                                             .observed_generation = 2}};

template <typename View>
View Again(const View& view) {
  Object object;
  view.WriteTo(object);
  return View::FromObject(object);
}

TEST(ViewsTest, EtcdCluster) {
  const EtcdClusterSpec spec{.runtime = RuntimeKind::kExternal,
                             .replicas = 5,
                             .version = "3.5",
                             .endpoints = {"https://a:2379", "https://b:2379"},
                             .tls_secret = "tls",
                             .auth_secret = "auth",
                             .quota_backend_bytes = std::int64_t{8} << 30,
                             .extra_args = {"--snapshot-count=10000"},
                             .paused = true,
                             .pause_reason = "moving"};
  const EtcdClusterStatus status{
      .phase = ClusterPhase::kRestoring,
      .message = "m",
      .ready = "2/3",
      .version = "3.5.21",
      .members =
          {{.name = "prod-0", .id = "8e9e05c52164694d", .leader = true, .alarms = {"NOSPACE"}},
           {.name = "prod-1", .healthy = true, .restarts = 2, .db_size = 1 << 20}},
      .active_restore = "r",
      .etcd_cluster_id = "cdf818194e3a8c32",
      .last_backup_time = AtSecond(1'700'000'000),
      .observed_generation = 4,
      .conditions = kConditions};

  EXPECT_EQ(Again(spec), spec);
  EXPECT_EQ(Again(status), status);
  EXPECT_EQ(Again(EtcdClusterSpec()), EtcdClusterSpec());
  EXPECT_EQ(Again(EtcdClusterStatus()), EtcdClusterStatus());

  Object object;
  status.WriteTo(object);
  spec.WriteTo(object);
  EXPECT_EQ(object.Text("status.phase"), "Restoring");
  EXPECT_EQ(object.json["status"]["members"][0]["alarms"], Json::array({"NOSPACE"}));
  EXPECT_EQ(object.json["status"]["conditions"][0]["lastTransitionTime"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(object.Text("spec.tlsSecretRef.name"), "tls");
}

TEST(ViewsTest, EtcdBackupConfig) {
  const EtcdBackupConfigSpec spec{.cluster = "prod",
                                  .schedule = "@every 20m",
                                  .time_zone = "Europe/Berlin",
                                  .keep = 7,
                                  .destination = "s3",
                                  .suspend = true,
                                  .deletion_policy = DeletionPolicy::kDelete};
  const EtcdBackupConfigStatus status{.next_schedule_time = AtSecond(4),
                                      .last_schedule_time = AtSecond(3),
                                      .last_success_time = AtSecond(2),
                                      .last_skipped_time = AtSecond(1),
                                      .last_skipped_reason = "Paused",
                                      .active_backup = "b2",
                                      .last_backup = "b1",
                                      .consecutive_failures = 1,
                                      .completed = 20,
                                      .observed_generation = 9,
                                      .conditions = kConditions};

  EXPECT_EQ(Again(spec), spec);
  EXPECT_EQ(Again(status), status);
  EXPECT_EQ(Again(EtcdBackupConfigSpec()), EtcdBackupConfigSpec());
  EXPECT_EQ(Again(EtcdBackupConfigStatus()), EtcdBackupConfigStatus());
}

TEST(ViewsTest, EtcdBackup) {
  const EtcdBackupSpec spec{.cluster = "prod", .destination = "s3", .pinned = true};
  const EtcdBackupStatus status{.phase = BackupPhase::kCompleted,
                                .message = "m",
                                .progress = MakeProgress(50, 200),
                                .scheduled_time = AtSecond(1),
                                .start_time = AtSecond(2),
                                .completion_time = AtSecond(3),
                                .attempts = 2,
                                .destination = "s3",
                                .repository = "demo/uid",
                                .id = "3f2a",
                                .cluster_uid = "uid",
                                .snapshot = SnapshotFacts{.revision = 1'000'000'000'000,
                                                          .compact_revision = 5,
                                                          .total_keys = 6,
                                                          .db_size = 7,
                                                          .sha256 = "ab",
                                                          .hash_kv = 4'000'000'000,
                                                          .etcd_version = "3.5.21",
                                                          .member_id = "8e9e"},
                                .stored = StoredFacts{.new_records = 8, .new_bytes = 9},
                                .evidence = {{.check = "hashKV",
                                              .result = EvidenceResult::kPassed,
                                              .detail = "d",
                                              .time = AtSecond(3)}},
                                .observed_generation = 1,
                                .conditions = kConditions};

  EXPECT_EQ(Again(spec), spec);
  EXPECT_EQ(Again(status), status);
  EXPECT_EQ(Again(EtcdBackupStatus()), EtcdBackupStatus());
  EXPECT_EQ(status.progress->percent, 25);
  EXPECT_TRUE(IsOver(BackupPhase::kFailed));
  EXPECT_FALSE(IsOver(BackupPhase::kVerifying));
}

TEST(ViewsTest, EtcdRestore) {
  const EtcdRestoreSpec spec{.cluster = "prod",
                             .backup = "b1",
                             .revision_bump = 0,
                             .mark_compacted = false,
                             .safety_backup = false,
                             .timeout = std::chrono::minutes{90},
                             .cancel = true};
  const EtcdRestoreStatus status{.phase = RestorePhase::kRollingBack,
                                 .message = "m",
                                 .progress = MakeProgress(1, 0),
                                 .steps = {{.name = "Preflight",
                                            .start_time = AtSecond(1),
                                            .completion_time = AtSecond(2),
                                            .message = "ok"},
                                           {.name = "Pausing", .start_time = AtSecond(2)}},
                                 .safety_backup = "b2",
                                 .destination = "s3",
                                 .repository = "demo/uid",
                                 .backup_id = "3f2a",
                                 .start_time = AtSecond(1),
                                 .completion_time = AtSecond(9),
                                 .observed_generation = 1,
                                 .conditions = kConditions};

  EXPECT_EQ(Again(spec), spec);
  EXPECT_EQ(Again(status), status);
  EXPECT_EQ(Again(EtcdRestoreSpec()), EtcdRestoreSpec());

  Object object;
  spec.WriteTo(object);
  EXPECT_EQ(object.Text("spec.timeout"), "1h30m");
  EXPECT_EQ(object.Text("spec.backup.name"), "b1");
}

TEST(ViewsTest, BackupDestination) {
  const BackupDestinationSpec s3{
      .s3 = S3Destination{.endpoint = "https://s3.example.com",
                          .bucket = "b",
                          .prefix = "p",
                          .region = "eu",
                          .path_style = true,
                          .ca_bundle = "pem",
                          .credentials = {.name = "c", .name_space = "n"}},
      .encryption_key = {.name = "k"},
      .is_default = true,
      .allowed_projects = {"demo"}};
  const BackupDestinationSpec local{.local = LocalDestination{.path = "/var/backups"},
                                    .encryption_key = {.name = "k"}};
  const BackupDestinationStatus status{.location = "s3://b/p",
                                       .repositories = 3,
                                       .stored_bytes = 4,
                                       .last_probe_time = AtSecond(5),
                                       .observed_generation = 6,
                                       .conditions = kConditions};

  EXPECT_EQ(Again(s3), s3);
  EXPECT_EQ(Again(local), local);
  EXPECT_EQ(Again(status), status);
  EXPECT_TRUE(s3.Allows("demo"));
  EXPECT_FALSE(s3.Allows("other"));
  EXPECT_TRUE(local.Allows("other"));
}

TEST(ViewsTest, ValuesOfWrongTypesReadAsDefaults) {
  const Object object{Json::parse(R"({"spec":{"runtime":"cloud","replicas":"3","endpoints":{},
      "tlsSecretRef":[],"paused":1,"quotaBackendBytes":1e3},
      "status":{"phase":"Dreaming","members":[1,{"name":"a","restarts":99999999999}],
      "lastBackupTime":"soon","conditions":"none"}})")};

  EXPECT_EQ(EtcdClusterSpec::FromObject(object), EtcdClusterSpec());
  const EtcdClusterStatus status = EtcdClusterStatus::FromObject(object);
  EXPECT_EQ(status.phase, std::nullopt);
  EXPECT_EQ(status.last_backup_time, std::nullopt);
  ASSERT_EQ(status.members.size(), 2U);
  EXPECT_EQ(status.members[1].name, "a");
  EXPECT_EQ(status.members[1].restarts, 0);
  EXPECT_EQ(EtcdClusterSpec::FromObject(Object{Json::array()}), EtcdClusterSpec());
}

TEST(ConditionTest, TheTransitionTimeFollowsTheStatusOnly) {
  std::vector<Condition> conditions;

  EXPECT_TRUE(SetCondition(
      conditions, {.type = "Ready", .status = ConditionStatus::kTrue, .reason = "A"}, AtSecond(1)));
  EXPECT_FALSE(SetCondition(
      conditions, {.type = "Ready", .status = ConditionStatus::kTrue, .reason = "A"}, AtSecond(2)));
  EXPECT_TRUE(SetCondition(
      conditions, {.type = "Ready", .status = ConditionStatus::kTrue, .reason = "B"}, AtSecond(3)));
  EXPECT_EQ(conditions[0].last_transition, AtSecond(1));
  EXPECT_TRUE(IsTrue(conditions, "Ready"));

  EXPECT_TRUE(SetCondition(conditions,
                           {.type = "Ready", .status = ConditionStatus::kFalse, .reason = "B"},
                           AtSecond(4)));
  EXPECT_EQ(conditions[0].last_transition, AtSecond(4));
  EXPECT_FALSE(IsTrue(conditions, "Ready"));
  EXPECT_EQ(FindCondition(conditions, "Healthy"), nullptr);
}

}  // namespace
}  // namespace tresor::objects
