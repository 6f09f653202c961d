// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include <regex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "io/file_system.h"

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

std::string SourceFile(const std::string& path) {
  const auto bytes = io::ReadFile(io::PosixFileSystem(), TRESOR_SOURCE_DIR "/" + path);
  EXPECT_OK(bytes);
  return bytes.ok() ? ToString(*bytes) : std::string();
}

/// What the first group of `pattern` matches, everywhere in the text.
std::set<std::string> AllMatches(const std::string& text, const std::string& pattern) {
  std::set<std::string> found;
  const std::regex regex(pattern);
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match) {
    found.insert((*match)[1]);
  }
  return found;
}

/// /metrics of a server that has seen everything once.
std::string Everything() {
  Metrics metrics;
  metrics.BackupEnded({.cluster = {"demo", "prod"}, .config = "nightly", .destination = "default"});
  metrics.ConfigSeen({"demo", "nightly"}, {"demo", "prod"}, WallTime{}, 0, 1, true);
  metrics.SlotSkipped({"demo", "nightly"}, "Paused");
  metrics.RestoreEnded({.cluster = {"demo", "prod"}, .phase = "Completed"});
  metrics.ClusterSeen({"demo", "prod"}, "Running");
  metrics.DestinationSeen("default", true, 1, 2);
  metrics.BackupQueue(0, 1, 2);
  metrics.Reconciled("cluster", std::chrono::seconds(1), false);
  metrics.QueueLength("cluster", 1);
  api::ServerStats api;
  api.requests.push_back({.verb = "list", .code = 200, .requests = 3, .seconds = 0.5});
  return metrics.Render(api, {});
}

TEST(MetricsTest, WhatAlertsAndTheDashboardAskForIsThere) {
  const std::string text = Everything();
  const std::set<std::string> samples = AllMatches(text, "\n(tresor_[a-z_]+)[{ ]");
  const std::set<std::string> labels = AllMatches(text, "[{,]([a-z]+)=\"");

  for (const char* path : {"deploy/prometheus-rules.yaml", "deploy/grafana-dashboard.json"}) {
    const std::string asking = SourceFile(path);
    const std::set<std::string> names = AllMatches(asking, "\\b(tresor_[a-z_]+)");
    EXPECT_GT(names.size(), 7U) << path;
    for (const std::string& name : names) {
      EXPECT_TRUE(samples.contains(name)) << path << ": " << name;
    }
    for (const std::string& label :
         AllMatches(asking, "(?:\\$labels\\.|\\{\\{|by \\(|tresor_[a-z_]+\\{)([a-z]+)")) {
      EXPECT_TRUE(labels.contains(label)) << path << ": " << label;
    }
  }
}

TEST(MetricsTest, EveryOneIsInTheOperationsGuide) {
  const std::string guide = SourceFile("docs/operations.md");
  for (const std::string& name : AllMatches(Everything(), "# TYPE (tresor_[a-z_]+) ")) {
    EXPECT_THAT(guide, HasSubstr("`" + name)) << "and what it tells";
  }
}

}  // namespace
}  // namespace tresor::server
