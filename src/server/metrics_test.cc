// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tresor::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, TellsOfBackupsAndWhatTheyProved) {
  Metrics metrics;
  metrics.BackupEnded({.cluster = {"demo", "prod"},
                       .config = "nightly",
                       .destination = "default",
                       .completed = true,
                       .duration = std::chrono::seconds(3),
                       .bytes_read = 100,
                       .bytes_stored = 7,
                       .evidence_passed = 4});

  const std::string text = metrics.Render({}, {.revision = 12});

  EXPECT_THAT(text, HasSubstr("tresor_backups_total{cluster=\"prod\",config=\"nightly\","
                              "project=\"demo\",result=\"completed\"} 1"));
  EXPECT_THAT(text, HasSubstr("tresor_backup_stored_bytes_total{destination=\"default\"} 7"));
  EXPECT_THAT(text, HasSubstr("tresor_backup_evidence_total{result=\"passed\"} 4"));
  EXPECT_THAT(text, HasSubstr("tresor_store_revision 12"));
}

TEST(MetricsTest, ForgetsWhatIsGone) {
  Metrics metrics;
  metrics.ConfigSeen({"demo", "nightly"}, {"demo", "prod"}, WallTime{}, 0, 1, true);
  metrics.ClusterSeen({"demo", "prod"}, "Running");
  metrics.DestinationSeen("away", true, 1, 2);
  ASSERT_THAT(metrics.Render({}, {}), HasSubstr("nightly"));

  metrics.ConfigGone({"demo", "nightly"});
  metrics.ClusterGone({"demo", "prod"});
  metrics.DestinationGone("away");

  const std::string text = metrics.Render({}, {});
  EXPECT_THAT(text, Not(HasSubstr("nightly")));
  EXPECT_THAT(text, Not(HasSubstr("prod")));
  EXPECT_THAT(text, Not(HasSubstr("away")));
}

TEST(MetricsTest, AClusterIsInOnePhase) {
  Metrics metrics;
  metrics.ClusterSeen({"demo", "prod"}, "Running");
  metrics.ClusterSeen({"demo", "prod"}, "Restoring");

  const std::string text = metrics.Render({}, {});
  EXPECT_THAT(text, HasSubstr("phase=\"Restoring\""));
  EXPECT_THAT(text, Not(HasSubstr("phase=\"Running\"")));
}

TEST(MetricsTest, CountsRequestsByVerbAndCode) {
  api::ServerStats api;
  api.requests.push_back({.verb = "list", .code = 200, .requests = 3, .seconds = 0.5});

  EXPECT_THAT(Metrics().Render(api, {}),
              HasSubstr("tresor_http_requests_total{verb=\"list\",code=\"200\"} 3"));
}

}  // namespace
}  // namespace tresor::server
