// SPDX-License-Identifier: Apache-2.0
#include "bench/kube_load.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/status.h"

namespace tresor::bench {
namespace {

// A protobuf message under construction; only what these objects need.
class Message {
 public:
  Message& Text(std::uint64_t field, std::string_view text) {
    writer_.Varint(field << 3 | 2);
    writer_.LengthPrefixed(text);
    return *this;
  }
  Message& Number(std::uint64_t field, std::uint64_t value) {
    writer_.Varint(field << 3);
    writer_.Varint(value);
    return *this;
  }
  Message& Nested(std::uint64_t field, const Message& message) {
    writer_.Varint(field << 3 | 2);
    writer_.LengthPrefixed(message.writer_.view());
    return *this;
  }
  Message& Pair(std::uint64_t field, std::string_view key, std::string_view value) {
    return Nested(field, Message().Text(1, key).Text(2, value));
  }
  [[nodiscard]] std::string Take() const { return ToString(writer_.view()); }

 private:
  ByteWriter writer_;
};

/// Random words for one object: the same for the same object and version.
class Words {
 public:
  Words(std::uint64_t seed, std::uint64_t kind, std::uint64_t index, std::uint64_t version)
      : random_(seed * 0x9e3779b97f4a7c15 ^ kind << 56 ^ index << 20 ^ version) {}

  std::string Hex(std::size_t bytes) {
    Bytes raw(bytes);
    random_.Fill(raw);
    return ToHex(raw);
  }
  std::string Uid() {
    const std::string hex = Hex(16);
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                       hex.substr(16, 4), hex.substr(20));
  }
  std::string Alphanumeric(std::size_t length) {
    constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
    std::string text(length, ' ');
    std::ranges::generate(text, [&] { return kLetters[random_.Below(kLetters.size())]; });
    return text;
  }
  std::string Base64(std::size_t length) {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text(length, ' ');
    std::ranges::generate(text, [&] { return kLetters[random_.Below(kLetters.size())]; });
    return text;
  }
  std::string Time() {
    return fmt::format("2026-0{}-{:02}T{:02}:{:02}:{:02}Z", 1 + random_.Below(9),
                       1 + random_.Below(28), random_.Below(24), random_.Below(60),
                       random_.Below(60));
  }
  template <std::size_t n>
  std::string_view Pick(const std::array<std::string_view, n>& from) {
    return from[random_.Below(n)];
  }
  std::uint64_t Below(std::uint64_t bound) { return random_.Below(bound); }

 private:
  SeededRandom random_;
};

constexpr std::array<std::string_view, 16> kApps = {
    "checkout",     "catalog-api",   "payment-gateway", "session-store",
    "frontend",     "report-worker", "mail-relay",      "search-indexer",
    "image-resize", "audit-trail",   "billing-export",  "user-profile",
    "rate-limit",   "feature-flags", "stock-service",   "recommendation"};
constexpr std::array<std::string_view, 8> kManagers = {
    "kube-controller-manager", "kubelet", "kubectl-client-side-apply", "helm", "argocd-controller",
    "deployment-controller",   "manager", "cluster-autoscaler"};
constexpr std::array<std::string_view, 6> kEventReasons = {"Scheduled", "Pulled",    "Created",
                                                           "Started",   "Unhealthy", "BackOff"};

enum Kind : std::uint64_t {
  kNamespace = 1,
  kNode,
  kLease,
  kPod,
  kReplicaSet,
  kDeployment,
  kSecret,
  kConfigMap,
  kEvent,
  kService,
  kServiceAccount
};

Message ManagedFields(Words& words, std::string_view api_version, std::string_view fields) {
  return Message()
      .Text(1, words.Pick(kManagers))
      .Text(2, "Update")
      .Text(3, api_version)
      .Nested(4, Message().Text(1, words.Time()))
      .Text(6, "FieldsV1")
      .Nested(7, Message().Text(1, fields));
}

constexpr std::string_view kMetadataFields =
    R"({"f:metadata":{"f:annotations":{".":{},"f:kubectl.kubernetes.io/restartedAt":{},"f:prometheus.io/scrape":{}},"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:app.kubernetes.io/instance":{},"f:app.kubernetes.io/managed-by":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"OWNER\"}":{}}},)"
    R"("f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:env":{".":{},"k:{\"name\":\"LOG_LEVEL\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:imagePullPolicy":{},"f:livenessProbe":{".":{},"f:failureThreshold":{},"f:httpGet":{".":{},"f:path":{},"f:port":{},"f:scheme":{}},"f:periodSeconds":{}},"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:resources":{".":{},"f:limits":{".":{},"f:cpu":{},"f:memory":{}},"f:requests":{".":{},"f:cpu":{},"f:memory":{}}},"f:terminationMessagePath":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}})";
constexpr std::string_view kStatusFields =
    R"({"f:status":{"f:conditions":{"k:{\"type\":\"ContainersReady\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Initialized\"}":{".":{},"f:status":{}},"k:{\"type\":\"Ready\"}":{".":{},"f:status":{}}},"f:containerStatuses":{},"f:hostIP":{},"f:phase":{},"f:podIP":{},"f:podIPs":{".":{},"k:{\"ip\":\"IP\"}":{".":{},"f:ip":{}}},"f:startTime":{}}})";

std::string Replace(std::string_view text, std::string_view what, std::string_view with) {
  std::string result(text);
  if (const std::size_t at = result.find(what); at != std::string::npos) {
    result.replace(at, what.size(), with);
  }
  return result;
}

Message Metadata(Words& words, std::string_view name, std::string_view space, std::string_view app,
                 std::string_view owner_kind, bool spec_fields, bool status_fields) {
  const std::string owner = words.Uid();
  Message metadata;
  metadata.Text(1, name)
      .Text(3, space)
      .Text(5, words.Uid())
      .Nested(8, Message().Number(1, 1'767'000'000 + words.Below(20'000'000)));
  metadata.Pair(11, "app", app)
      .Pair(11, "app.kubernetes.io/instance", fmt::format("{}-{}", app, words.Below(40)))
      .Pair(11, "app.kubernetes.io/managed-by", "Helm")
      .Pair(11, "pod-template-hash", words.Hex(5));
  metadata.Pair(12, "kubectl.kubernetes.io/restartedAt", words.Time())
      .Pair(12, "prometheus.io/scrape", "true")
      .Pair(12, "checksum/config", words.Hex(32))
      .Pair(12, "checksum/secrets", words.Hex(32))
      .Pair(12, "backup.example.com/last-seen-state", words.Base64(150))
      .Pair(
          12, "policy.example.com/exemptions",
          R"([{"rule":"run-as-non-root","reason":"legacy image, to be rebuilt"},{"rule":"read-only-root-filesystem","reason":"writes its cache below /var"}])");
  if (!owner_kind.empty()) {
    metadata.Nested(13, Message()
                            .Text(1, owner_kind)
                            .Text(3, fmt::format("{}-{}", app, words.Hex(5)))
                            .Text(4, owner)
                            .Text(5, "apps/v1")
                            .Number(6, 1)
                            .Number(7, 1));
  }
  if (spec_fields) {
    metadata.Nested(17, ManagedFields(words, "v1", Replace(kMetadataFields, "OWNER", owner)));
  }
  if (status_fields) {
    metadata.Nested(17, ManagedFields(words, "v1",
                                      Replace(kStatusFields, "IP",
                                              fmt::format("10.{}.{}.{}", words.Below(256),
                                                          words.Below(256), words.Below(256)))));
  }
  return metadata;
}

Message Container(Words& words, std::string_view app) {
  Message container;
  container.Text(1, "main").Text(2, fmt::format("registry.example.com/platform/{}:v{}.{}.{}", app,
                                                words.Below(4), words.Below(30), words.Below(10)));
  for (const std::string_view variable :
       {"LOG_LEVEL", "DATABASE_URL", "POD_NAMESPACE", "HTTP_PROXY", "FEATURE_SET",
        "OTEL_EXPORTER_OTLP_ENDPOINT", "CACHE_TTL_SECONDS", "SESSION_KEY", "BUILD_ID"}) {
    container.Nested(
        7, Message()
               .Text(1, variable)
               .Text(2, fmt::format("{}.{}.svc.cluster.local:{}", app, words.Alphanumeric(16),
                                    1024 + words.Below(60000))));
  }
  container.Nested(6, Message().Number(3, 8080).Text(4, "TCP"));
  container.Nested(8, Message()
                          .Pair(1, "cpu", fmt::format("{}m", 100 * (1 + words.Below(20))))
                          .Pair(1, "memory", fmt::format("{}Mi", 64 * (1 + words.Below(32))))
                          .Pair(2, "cpu", "100m")
                          .Pair(2, "memory", "128Mi"));
  container.Nested(9, Message()
                          .Text(1, fmt::format("kube-api-access-{}", words.Alphanumeric(5)))
                          .Number(2, 1)
                          .Text(3, "/var/run/secrets/kubernetes.io/serviceaccount"));
  container.Nested(10, Message().Text(1, "/healthz").Number(2, 8080).Text(4, "HTTP").Number(5, 30))
      .Text(13, "/dev/termination-log")
      .Text(14, "IfNotPresent");
  return container;
}

std::string Wrap(std::string_view api_version, std::string_view kind, const Message& object) {
  Message unknown;
  unknown.Nested(1, Message().Text(1, api_version).Text(2, kind))
      .Nested(2, object)
      .Text(3, "")
      .Text(4, "");
  return std::string("k8s\0", 4) + unknown.Take();
}

std::uint64_t Scaled(double factor, double scale, std::uint64_t least) {
  return std::max(least, static_cast<std::uint64_t>(factor * scale));
}

}  // namespace

KubeLoad::KubeLoad(const LoadOptions& options) : options_(options) {
  const double s = options.scale;
  counts_ = {.namespaces = Scaled(200, s, 5),
             .nodes = Scaled(500, s, 3),
             .leases = Scaled(500, s, 10),
             .pods = Scaled(70'000, s, 20),
             .replica_sets = Scaled(40'000, s, 8),
             .deployments = Scaled(20'000, s, 4),
             .secrets = Scaled(30'000, s, 6),
             .config_maps = Scaled(30'000, s, 6),
             .events = Scaled(50'000, s, 10),
             .services = Scaled(14'000, s, 4),
             .service_accounts = Scaled(10'000, s, 3)};
  base_size_ = counts_.namespaces + counts_.nodes + counts_.leases + counts_.pods +
               counts_.replica_sets + counts_.deployments + counts_.secrets + counts_.config_maps +
               counts_.events + counts_.services + counts_.service_accounts;
}

std::string KubeLoad::Namespace(std::uint64_t index) const {
  return fmt::format("team-{:03}", index * 2'654'435'761 % counts_.namespaces);
}

Operation KubeLoad::Pod(std::uint64_t index, std::uint64_t version) const {
  Words words(options_.seed, kPod, index, 0);  // what stays
  Words changes(options_.seed, kPod, index, version + 1);
  const std::string_view app = words.Pick(kApps);
  const std::string space = Namespace(index);
  const std::string name = fmt::format("{}-{}-{}", app, words.Hex(5), words.Alphanumeric(5));
  Message spec;
  spec.Nested(
      1,
      Message().Text(1, fmt::format("kube-api-access-{}", words.Alphanumeric(5))).Number(2, 420));
  spec.Nested(2, Container(words, app));
  spec.Text(3, "Always")
      .Number(4, 30)
      .Text(6, "ClusterFirst")
      .Text(8, app)
      .Text(10, fmt::format("node-{:04}", words.Below(counts_.nodes)))
      .Text(19, "default-scheduler");
  Message status;
  status.Text(1, "Running");
  for (const std::string_view condition :
       {"Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    status.Nested(2,
                  Message()
                      .Text(1, condition)
                      .Text(2, version % 7 == 6 ? "False" : "True")
                      .Nested(4, Message().Number(1, 1'767'000'000 + changes.Below(20'000'000))));
  }
  status.Text(5, fmt::format("10.{}.{}.{}", words.Below(256), words.Below(256), words.Below(256)))
      .Text(6, fmt::format("10.0.{}.{}", words.Below(256), words.Below(256)));
  status.Nested(8, Message()
                       .Text(1, "main")
                       .Number(4, 1)
                       .Number(5, version)
                       .Text(6, fmt::format("registry.example.com/platform/{}", app))
                       .Text(7, fmt::format("registry.example.com/platform/{}@sha256:{}", app,
                                            Words(options_.seed, 99, words.Below(64), 0).Hex(32)))
                       .Text(8, fmt::format("containerd://{}", changes.Hex(32))));
  Message pod;
  pod.Nested(1, Metadata(words, name, space, app, "ReplicaSet", true, true))
      .Nested(2, spec)
      .Nested(3, status);
  return {.kind = Operation::Kind::kPut,
          .key = fmt::format("/registry/pods/{}/{}", space, name),
          .value = Wrap("v1", "Pod", pod),
          .group = 0};
}

Operation KubeLoad::Lease(std::uint64_t index, std::uint64_t version) const {
  Words words(options_.seed, kLease, index, 0);
  const std::string name = fmt::format("node-{:04}", index);
  Message metadata;
  metadata.Text(1, name)
      .Text(3, "kube-node-lease")
      .Text(5, words.Uid())
      .Nested(8, Message().Number(1, 1'767'000'000));
  metadata.Nested(13, Message().Text(1, "Node").Text(3, name).Text(4, words.Uid()).Text(5, "v1"));
  metadata.Nested(
      17,
      ManagedFields(
          words, "coordination.k8s.io/v1",
          R"({"f:metadata":{"f:ownerReferences":{".":{},"k:{\"uid\":\"x\"}":{}}},"f:spec":{"f:holderIdentity":{},"f:leaseDurationSeconds":{},"f:renewTime":{}}})"));
  Message spec;
  spec.Text(1, name).Number(2, 40).Nested(
      4, Message()
             .Number(1, 1'767'000'000 + 10 * version)
             .Number(2, 1000 * Words(options_.seed, kLease, index, version + 1).Below(1'000'000)));
  Message lease;
  lease.Nested(1, metadata).Nested(2, spec);
  return {.kind = Operation::Kind::kPut,
          .key = fmt::format("/registry/leases/kube-node-lease/{}", name),
          .value = Wrap("coordination.k8s.io/v1", "Lease", lease),
          .group = 0};
}

Operation KubeLoad::Event(std::uint64_t index, std::uint64_t group) const {
  Words words(options_.seed, kEvent, index, 0);
  const std::string_view app = words.Pick(kApps);
  const std::string space = Namespace(index);
  const std::string object = fmt::format("{}-{}-{}", app, words.Hex(5), words.Alphanumeric(5));
  const std::string name = fmt::format("{}.{}", object, words.Hex(8));
  Message event;
  event.Nested(
      1,
      Message()
          .Text(1, name)
          .Text(3, space)
          .Text(5, words.Uid())
          .Nested(8, Message().Number(1, 1'767'000'000 + words.Below(20'000'000)))
          .Nested(
              17,
              ManagedFields(
                  words, "v1",
                  R"({"f:count":{},"f:firstTimestamp":{},"f:involvedObject":{},"f:lastTimestamp":{},"f:message":{},"f:reason":{},"f:source":{"f:component":{},"f:host":{}},"f:type":{}})")));
  event.Nested(2, Message()
                      .Text(1, "Pod")
                      .Text(2, space)
                      .Text(3, object)
                      .Text(4, words.Uid())
                      .Text(5, "v1")
                      .Number(6, words.Below(100'000'000)));
  event.Text(3, words.Pick(kEventReasons))
      .Text(4, fmt::format("Container image \"registry.example.com/platform/{}:v{}.{}\" already "
                           "present on machine",
                           app, words.Below(4), words.Below(30)));
  event
      .Nested(5, Message()
                     .Text(1, "kubelet")
                     .Text(2, fmt::format("node-{:04}", words.Below(counts_.nodes))))
      .Number(8, 1 + words.Below(20))
      .Text(9, "Normal");
  return {.kind = Operation::Kind::kPutWithLease,
          .key = fmt::format("/registry/events/{}/{}", space, name),
          .value = Wrap("v1", "Event", event),
          .group = group};
}

Operation KubeLoad::ConfigMap(std::uint64_t index) const {
  Words words(options_.seed, kConfigMap, index, 0);
  const std::string_view app = words.Pick(kApps);
  const std::string space = Namespace(index);
  const std::string name = fmt::format("{}-config-{}", app, words.Alphanumeric(6));
  std::string text;
  const std::uint64_t lines = 10 + words.Below(60);
  for (std::uint64_t line = 0; line < lines; ++line) {
    text += fmt::format("server.{}.{} = {}.{}.svc.cluster.local:{}\n", words.Pick(kApps), line,
                        words.Pick(kApps), words.Alphanumeric(3), words.Below(10'000));
  }
  Message config_map;
  config_map.Nested(1, Metadata(words, name, space, app, "", true, false))
      .Pair(2, "application.properties", text);
  return {.kind = Operation::Kind::kPut,
          .key = fmt::format("/registry/configmaps/{}/{}", space, name),
          .value = Wrap("v1", "ConfigMap", config_map),
          .group = 0};
}

Operation KubeLoad::Secret(std::uint64_t index) const {
  Words words(options_.seed, kSecret, index, 0);
  const std::string_view app = words.Pick(kApps);
  const std::string space = Namespace(index);
  const std::string name = fmt::format("{}-tls-{}", app, words.Alphanumeric(6));
  Message secret;
  secret.Nested(1, Metadata(words, name, space, app, "", false, false))
      .Pair(2, "tls.crt", "-----BEGIN CERTIFICATE-----\n" + words.Base64(500))
      .Pair(2, "token", words.Base64(60 + words.Below(500)))
      .Text(3, "kubernetes.io/tls");
  return {.kind = Operation::Kind::kPut,
          .key = fmt::format("/registry/secrets/{}/{}", space, name),
          .value = Wrap("v1", "Secret", secret),
          .group = 0};
}

Operation KubeLoad::Base(std::uint64_t index) const {
  // Kinds come mixed, as in a cluster's history: the index is spread over all of them by a fixed
  // permutation.
  std::uint64_t at = index * 2'654'435'761U % base_size_;
  if (base_size_ % 2'654'435'761U == 0) {
    at = index;
  }
  const auto take = [&](std::uint64_t count) {
    if (at < count) {
      return true;
    }
    at -= count;
    return false;
  };
  if (take(counts_.pods)) {
    return Pod(at, 0);
  }
  if (take(counts_.leases)) {
    return Lease(at, 0);
  }
  if (take(counts_.secrets)) {
    return Secret(at);
  }
  if (take(counts_.config_maps)) {
    return ConfigMap(at);
  }
  if (take(counts_.events)) {
    Operation event = Event(at, 0);
    event.kind = Operation::Kind::kPut;  // those of before the first interval stay
    return event;
  }
  const auto object = [&](Kind kind, std::string_view resource, std::string_view api_version,
                          std::string_view kind_name, bool containers, bool spaced) {
    Words words(options_.seed, kind, at, 0);
    const std::string_view app = words.Pick(kApps);
    const std::string space = spaced ? Namespace(at) : "";
    const std::string name = kind == kNode        ? fmt::format("node-{:04}", at)
                             : kind == kNamespace ? fmt::format("team-{:03}", at)
                                                  : fmt::format("{}-{}", app, words.Hex(5));
    Message message;
    message.Nested(1, Metadata(words, name, space, app, kind == kReplicaSet ? "Deployment" : "",
                               containers, false));
    if (containers) {
      message.Nested(
          2, Message()
                 .Number(1, 1 + words.Below(8))
                 .Nested(2, Message().Pair(1, "app", app))
                 .Nested(3, Message().Nested(2, Message().Nested(2, Container(words, app)))));
      message.Nested(
          3, Message().Number(1, words.Below(8)).Number(2, words.Below(8)).Text(6, words.Time()));
    }
    if (kind == kNode) {
      Message status;
      for (int image = 0; image < 40; ++image) {
        status.Nested(
            8, Message()
                   .Text(1, fmt::format("registry.example.com/platform/{}@sha256:{}",
                                        words.Pick(kApps),
                                        Words(options_.seed, 99, words.Below(64), 0).Hex(32)))
                   .Number(2, words.Below(900'000'000)));
      }
      message.Nested(3, status);
    }
    return Operation{.kind = Operation::Kind::kPut,
                     .key = spaced ? fmt::format("/registry/{}/{}/{}", resource, space, name)
                                   : fmt::format("/registry/{}/{}", resource, name),
                     .value = Wrap(api_version, kind_name, message),
                     .group = 0};
  };
  if (take(counts_.replica_sets)) {
    return object(kReplicaSet, "replicasets", "apps/v1", "ReplicaSet", true, true);
  }
  if (take(counts_.deployments)) {
    return object(kDeployment, "deployments", "apps/v1", "Deployment", true, true);
  }
  if (take(counts_.services)) {
    return object(kService, "services/specs", "v1", "Service", false, true);
  }
  if (take(counts_.service_accounts)) {
    return object(kServiceAccount, "serviceaccounts", "v1", "ServiceAccount", false, true);
  }
  if (take(counts_.nodes)) {
    return object(kNode, "minions", "v1", "Node", false, false);
  }
  return object(kNamespace, "namespaces", "v1", "Namespace", false, false);
}

std::vector<Operation> KubeLoad::Interval(std::uint64_t number) const {
  using K = Operation::Kind;
  const std::uint64_t renewals = Scaled(60'000, options_.churn, 20);
  const std::uint64_t updates = Scaled(5'000, options_.churn, 8);
  const std::uint64_t events = Scaled(3'000, options_.churn, 4);
  const std::uint64_t made = Scaled(200, options_.churn, 2);
  const std::uint64_t total = renewals + updates + events + 2 * made;
  SeededRandom random(options_.seed * 77 + number);

  // Which of the kinds comes next is drawn in proportion, so that they mix as in real time.
  std::array<std::uint64_t, 5> left = {renewals, updates, events, made, made};
  std::uint64_t left_total = total;
  std::array<std::uint64_t, 5> done = {};
  std::vector<Operation> operations;
  operations.reserve(total + 16);
  for (std::uint64_t step = 0; step < total; ++step) {
    if (step % (total / 4) == 0 && step / (total / 4) < 4) {
      if (step > 0) {
        operations.push_back({.kind = K::kCompact});
      }
      operations.push_back({.kind = K::kMark});
    }
    std::uint64_t draw = random.Below(left_total);
    std::size_t kind = 0;
    while (draw >= left[kind]) {
      draw -= left[kind++];
    }
    --left[kind];
    --left_total;
    const std::uint64_t nth = done[kind]++;
    switch (kind) {
      case 0: {
        const std::uint64_t renewal = number * renewals + nth;
        operations.push_back(Lease(renewal % counts_.leases, 1 + renewal / counts_.leases));
        break;
      }
      case 1:
        operations.push_back(Pod(random.Below(counts_.pods), 1 + number * updates + nth));
        break;
      case 2: {
        // Ten leases an interval; each ends one interval after it began.
        const std::uint64_t tenth = std::max<std::uint64_t>(1, events / 10);
        const std::uint64_t group = 1 + number * 10 + std::min<std::uint64_t>(9, nth / tenth);
        if (nth % tenth == 0 && nth / tenth < 10 && group > 10) {
          operations.push_back({.kind = K::kExpireLease, .group = group - 10});
        }
        operations.push_back(Event(counts_.events + number * events + nth, group));
        break;
      }
      case 3:
        operations.push_back(nth % 2 == 0 ? ConfigMap(counts_.config_maps + number * made + nth)
                                          : Secret(counts_.secrets + number * made + nth));
        break;
      default: {
        // What was made in the interval before goes; in the first interval what the base has.
        Operation gone =
            number == 0 ? (nth % 2 == 0 ? ConfigMap(nth % counts_.config_maps)
                                        : Secret(nth % counts_.secrets))
                        : (nth % 2 == 0 ? ConfigMap(counts_.config_maps + (number - 1) * made + nth)
                                        : Secret(counts_.secrets + (number - 1) * made + nth));
        operations.push_back({.kind = K::kDelete, .key = std::move(gone.key)});
      }
    }
  }
  operations.push_back({.kind = K::kCompact});
  return operations;
}

}  // namespace tresor::bench
