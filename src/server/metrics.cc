// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include "base/guarded.h"

namespace tresor::server {
namespace {

using prometheus::ClientMetric;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::map<std::string, std::string>;

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

/// From a small cluster's backup to a large one's restore.
Histogram::BucketBoundaries JobBuckets() {
  return {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600};
}
/// How late: seconds matter, minutes are all alike.
Histogram::BucketBoundaries DelayBuckets() {
  return {0.01, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 1800};
}
Histogram::BucketBoundaries CallBuckets() {
  return {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 20, 60};
}

Labels OfConfig(const control::Key& config, const control::Key& cluster) {
  return {{"project", config.name_space}, {"config", config.name}, {"cluster", cluster.name}};
}
Labels OfCluster(const control::Key& cluster) {
  return {{"project", cluster.name_space}, {"cluster", cluster.name}};
}
Labels With(Labels labels, std::string name, std::string value) {
  labels.emplace(std::move(name), std::move(value));
  return labels;
}

MetricFamily MakeFamily(std::string name, std::string help, MetricType type) {
  MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  return family;
}

void AddValue(MetricFamily& family, double value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

MetricFamily Single(std::string name, std::string help, MetricType type, double value) {
  MetricFamily family = MakeFamily(std::move(name), std::move(help), type);
  AddValue(family, value);
  return family;
}

}  // namespace

struct Metrics::State {
  [[nodiscard]] Family<Counter>& MakeCounter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  [[nodiscard]] Family<Gauge>& MakeGauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  [[nodiscard]] Family<Histogram>& MakeHistogram(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }

  prometheus::Registry registry;
  Family<Counter>& backups = MakeCounter("tresor_backups_total", "Backups that ended, by result.");
  Family<Histogram>& backup_duration =
      MakeHistogram("tresor_backup_duration_seconds",
                    "Duration of backups, from the start of the first attempt.");
  Family<Histogram>& start_delay =
      MakeHistogram("tresor_backup_start_delay_seconds", "From a backup's slot to its start.");
  Family<Counter>& bytes_read =
      MakeCounter("tresor_backup_read_bytes_total", "Bytes of snapshots that were read.");
  Family<Counter>& bytes_stored =
      MakeCounter("tresor_backup_stored_bytes_total", "Bytes that backups added to repositories.");
  Family<Counter>& evidence =
      MakeCounter("tresor_backup_evidence_total", "Checks of backups, by result.");
  Family<Counter>& skipped =
      MakeCounter("tresor_backup_slots_skipped_total", "Slots at which no backup could run.");
  Family<Gauge>& last_success = MakeGauge("tresor_backup_last_success_timestamp_seconds",
                                          "Time of the newest good backup; 0: none yet.");
  Family<Gauge>& failures = MakeGauge("tresor_backup_consecutive_failures",
                                      "Backups that failed since the last good one.");
  Family<Gauge>& completed =
      MakeGauge("tresor_backup_config_backups", "Completed backups that are kept.");
  Family<Gauge>& healthy =
      MakeGauge("tresor_backup_config_healthy", "1: condition Healthy of the configuration.");
  Family<Counter>& restores =
      MakeCounter("tresor_restores_total", "Restores that ended, by phase.");
  Family<Histogram>& restore_duration =
      MakeHistogram("tresor_restore_duration_seconds", "Duration of restores.");
  Family<Gauge>& cluster_phase =
      MakeGauge("tresor_cluster_phase", "1 for the phase that a cluster is in.");
  Family<Gauge>& destination_ready =
      MakeGauge("tresor_destination_ready", "1: the last probe of the destination succeeded.");
  Family<Gauge>& destination_repositories =
      MakeGauge("tresor_destination_repositories", "Repositories in the destination.");
  Family<Gauge>& destination_bytes =
      MakeGauge("tresor_destination_stored_bytes", "Bytes that repositories take there.");
  Gauge& queue_waiting =
      MakeGauge("tresor_backup_queue_waiting", "Backups that wait for their turn.").Add({});
  Gauge& queue_running = MakeGauge("tresor_backup_queue_running", "Backups that run.").Add({});
  Gauge& queue_memory =
      MakeGauge("tresor_backup_queue_memory_bytes", "Memory that running backups may take.")
          .Add({});
  Family<Histogram>& reconcile_duration = MakeHistogram(
      "tresor_reconcile_duration_seconds", "Duration of a controller's look at one object.");
  Family<Counter>& reconcile_errors =
      MakeCounter("tresor_reconcile_errors_total", "Looks that failed and are repeated.");
  Family<Gauge>& queue_length =
      MakeGauge("tresor_queue_length", "Objects that wait for a controller.");

  // What can go away again.
  struct OfOneConfig {
    Gauge* last_success = nullptr;
    Gauge* failures = nullptr;
    Gauge* completed = nullptr;
    Gauge* healthy = nullptr;
  };
  struct OfOneDestination {
    Gauge* ready = nullptr;
    Gauge* repositories = nullptr;
    Gauge* bytes = nullptr;
  };
  struct Removable {
    std::map<control::Key, OfOneConfig> configs;
    std::map<control::Key, Gauge*> phases;
    std::map<control::Key, std::string> phase_names;
    std::map<std::string, OfOneDestination> destinations;
  };
  Guarded<Removable> removable;

  void Remove(const OfOneConfig& config) {
    last_success.Remove(config.last_success);
    failures.Remove(config.failures);
    completed.Remove(config.completed);
    healthy.Remove(config.healthy);
  }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {
  // From the start, so that the first one that fails is an increase.
  for (const char* result : {"passed", "unproven", "failed"}) {
    state_->evidence.Add({{"result", result}});
  }
}
Metrics::~Metrics() = default;

void Metrics::BackupEnded(const control::BackupOutcome& outcome) {
  const Labels labels = {{"project", outcome.cluster.name_space},
                         {"cluster", outcome.cluster.name},
                         {"config", outcome.config}};
  state_->backups.Add(With(labels, "result", outcome.completed ? "completed" : "failed"))
      .Increment();
  state_->backup_duration.Add({}, JobBuckets()).Observe(Seconds(outcome.duration));
  state_->start_delay.Add({}, DelayBuckets()).Observe(Seconds(outcome.start_delay));
  const Labels destination = {{"destination", outcome.destination}};
  state_->bytes_read.Add(destination).Increment(static_cast<double>(outcome.bytes_read));
  state_->bytes_stored.Add(destination).Increment(static_cast<double>(outcome.bytes_stored));
  for (const auto& [result, count] : {std::pair{"passed", outcome.evidence_passed},
                                      {"unproven", outcome.evidence_unproven},
                                      {"failed", outcome.evidence_failed}}) {
    state_->evidence.Add({{"result", result}}).Increment(count);
  }
}

void Metrics::ConfigSeen(const control::Key& config, const control::Key& cluster,
                         WallTime last_good, int consecutive_failures, std::size_t completed,
                         bool healthy) {
  auto removable = state_->removable.Lock();
  const auto [place, is_new] = removable->configs.try_emplace(config);
  State::OfOneConfig& gauges = place->second;
  if (is_new) {
    const Labels labels = OfConfig(config, cluster);
    gauges = {.last_success = &state_->last_success.Add(labels),
              .failures = &state_->failures.Add(labels),
              .completed = &state_->completed.Add(labels),
              .healthy = &state_->healthy.Add(labels)};
  }
  gauges.last_success->Set(Seconds(last_good.time_since_epoch()));
  gauges.failures->Set(consecutive_failures);
  gauges.completed->Set(static_cast<double>(completed));
  gauges.healthy->Set(healthy ? 1 : 0);
}

void Metrics::ConfigGone(const control::Key& config) {
  auto removable = state_->removable.Lock();
  if (const auto node = removable->configs.extract(config)) {
    state_->Remove(node.mapped());
  }
}

void Metrics::SlotSkipped(const control::Key& config, std::string_view reason) {
  state_->skipped
      .Add({{"project", config.name_space},
            {"config", config.name},
            {"reason", std::string(reason)}})
      .Increment();
}

void Metrics::RestoreEnded(const control::RestoreOutcome& outcome) {
  state_->restores.Add(With(OfCluster(outcome.cluster), "phase", outcome.phase)).Increment();
  state_->restore_duration.Add({}, JobBuckets()).Observe(Seconds(outcome.duration));
}

void Metrics::ClusterSeen(const control::Key& cluster, std::string_view phase) {
  auto removable = state_->removable.Lock();
  Gauge*& gauge = removable->phases[cluster];
  std::string& name = removable->phase_names[cluster];
  if (gauge != nullptr && name == phase) {
    return;
  }
  if (gauge != nullptr) {
    state_->cluster_phase.Remove(gauge);
  }
  name = phase;
  gauge = &state_->cluster_phase.Add(With(OfCluster(cluster), "phase", name));
  gauge->Set(1);
}

void Metrics::ClusterGone(const control::Key& cluster) {
  auto removable = state_->removable.Lock();
  if (const auto node = removable->phases.extract(cluster)) {
    state_->cluster_phase.Remove(node.mapped());
  }
  removable->phase_names.erase(cluster);
}

void Metrics::DestinationSeen(const std::string& destination, bool ready,
                              std::uint64_t repositories, std::uint64_t stored_bytes) {
  auto removable = state_->removable.Lock();
  const auto [place, is_new] = removable->destinations.try_emplace(destination);
  State::OfOneDestination& gauges = place->second;
  if (is_new) {
    const Labels labels = {{"destination", destination}};
    gauges = {.ready = &state_->destination_ready.Add(labels),
              .repositories = &state_->destination_repositories.Add(labels),
              .bytes = &state_->destination_bytes.Add(labels)};
  }
  gauges.ready->Set(ready ? 1 : 0);
  if (ready) {  // else the numbers are not known
    gauges.repositories->Set(static_cast<double>(repositories));
    gauges.bytes->Set(static_cast<double>(stored_bytes));
  }
}

void Metrics::DestinationGone(const std::string& destination) {
  auto removable = state_->removable.Lock();
  if (const auto node = removable->destinations.extract(destination)) {
    state_->destination_ready.Remove(node.mapped().ready);
    state_->destination_repositories.Remove(node.mapped().repositories);
    state_->destination_bytes.Remove(node.mapped().bytes);
  }
}

void Metrics::BackupQueue(std::size_t waiting, std::size_t running, std::uint64_t memory_bytes) {
  state_->queue_waiting.Set(static_cast<double>(waiting));
  state_->queue_running.Set(static_cast<double>(running));
  state_->queue_memory.Set(static_cast<double>(memory_bytes));
}

void Metrics::Reconciled(std::string_view controller, std::chrono::nanoseconds duration, bool ok) {
  const Labels labels = {{"controller", std::string(controller)}};
  state_->reconcile_duration.Add(labels, CallBuckets()).Observe(Seconds(duration));
  if (!ok) {
    state_->reconcile_errors.Add(labels).Increment();
  }
}

void Metrics::QueueLength(std::string_view controller, std::size_t waiting) {
  state_->queue_length.Add({{"controller", std::string(controller)}})
      .Set(static_cast<double>(waiting));
}

std::string Metrics::Render(const api::ServerStats& api, const store::ApiStoreStats& store) const {
  std::vector<MetricFamily> families = state_->registry.Collect();
  const auto add = [&](const char* name, const char* help, MetricType type, auto value) {
    families.push_back(Single(name, help, type, static_cast<double>(value)));
  };
  add("tresor_store_revision", "Newest resourceVersion.", MetricType::Gauge, store.revision);
  add("tresor_store_compacted_revision", "History is kept from here on.", MetricType::Gauge,
      store.compacted);
  add("tresor_store_watchers", "Watches of the store, controllers' included.", MetricType::Gauge,
      store.watchers);
  add("tresor_http_connections", "Open connections.", MetricType::Gauge, api.http.connections);
  add("tresor_http_watches", "Watches that clients have open.", MetricType::Gauge, api.watches);
  add("tresor_http_buffered_bytes", "Request bodies and unsent responses.", MetricType::Gauge,
      api.http.buffered_bytes);
  add("tresor_http_refused_connections_total", "Connections beyond the limit.", MetricType::Counter,
      api.http.refused_connections);
  add("tresor_http_refused_requests_total", "Requests that were malformed or over a limit.",
      MetricType::Counter, api.http.refused_requests);
  MetricFamily requests =
      MakeFamily("tresor_http_requests_total", "Requests that were answered.", MetricType::Counter);
  MetricFamily seconds = MakeFamily("tresor_http_request_seconds_total",
                                    "Time that they took, all together.", MetricType::Counter);
  for (const api::ServerStats::Count& count : api.requests) {
    const std::vector<ClientMetric::Label> labels = {{"verb", count.verb},
                                                     {"code", fmt::format("{}", count.code)}};
    AddValue(requests, static_cast<double>(count.requests), labels);
    AddValue(seconds, count.seconds, labels);
  }
  families.push_back(std::move(requests));
  families.push_back(std::move(seconds));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace tresor::server
