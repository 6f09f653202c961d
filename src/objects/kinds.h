// SPDX-License-Identifier: Apache-2.0
// The kinds that Tresor serves: its own, from deploy/crds/*.yaml (compiled in), and the built-in
// ones of Kubernetes that go with them: v1 Namespace, Secret, Event.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "objects/object.h"
#include "objects/schema.h"

namespace tresor::objects {

class JsonPath;

/// One column of `kubectl get`, as additionalPrinterColumns.
struct PrinterColumn {
  std::string name;
  std::string type;  // integer, number, string, boolean, date
  std::string format;
  std::string description;
  std::string json_path;  // ".status.phase"
  std::int32_t priority = 0;
  std::shared_ptr<const JsonPath> path;  // of json_path; the registry sets it
  /// In place of a path, for a string that is made of several fields.
  std::function<std::string(const Object&)> make = {};
};

/// One kind, as discovery describes it.
struct Kind {
  ResourceName resource;
  std::string version;  // "v1"
  std::string kind;     // "EtcdCluster"
  std::string list_kind;
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  std::vector<std::string> verbs;
  bool namespaced = true;
  bool has_status = false;         // the /status subresource
  bool sealed = false;             // encrypted at rest: Secrets
  bool counts_generation = false;  // metadata.generation goes up with the spec
  bool name_is_dns_label = false;  // else a DNS subdomain
  bool transient = false;          // goes by itself after a while: Events
  bool name_comes_first = true;    // as a column of its own, before `columns`
  std::vector<PrinterColumn> columns;
  Schema schema;
  std::string description;

  /// "tresor.dev/v1", "v1"
  [[nodiscard]] std::string api_version() const;
};

/// What is served. Immutable after construction. Threads: all methods, from any thread.
class KindRegistry {
 public:
  /// Their columns have paths that JsonPath understands.
  explicit KindRegistry(std::vector<Kind> kinds);
  /// All of Tresor's. Made at the first call, lives for ever; a CRD that does not compile is our
  /// bug.
  [[nodiscard]] static const KindRegistry& BuiltIn();

  /// By group and plural.
  [[nodiscard]] const std::vector<Kind>& all() const { return kinds_; }
  /// nullptr: there is none.
  [[nodiscard]] const Kind* Find(const ResourceName& resource) const;
  [[nodiscard]] const Kind* Find(std::string_view api_version, std::string_view kind) const;

 private:
  std::vector<Kind> kinds_;
};

/// A kind as its CustomResourceDefinition (JSON) describes it. kInvalidArgument.
[[nodiscard]] Result<Kind> KindFromCrd(const Json& crd);

/// A Table's columnDefinitions: the name, as a rule, and `kind.columns`.
[[nodiscard]] Json TableColumns(const Kind& kind);
/// One row's cells; `kind` is a registry's. A date is shown as its age ("5m", "2d3h"), as kubectl
/// does; what is missing as null.
[[nodiscard]] Json TableCells(const Kind& kind, const Object& object, WallTime now);

/// As `kubectl get` prints ages: "8s", "5m3s", "20m", "3h5m", "2d", "400d", "2y5d".
[[nodiscard]] std::string HumanDuration(std::chrono::nanoseconds duration);

/// What an object goes through before it is stored: unknown fields are pruned (a warning for each:
/// `unknown field "spec.foo"`), defaults set, then everything is checked: metadata, schema, and the
/// rules of rules.h. `before`: what it takes the place of; null: it is new.
///
/// Returns what is wrong; empty: nothing. The rules are not asked about what `before` had as well:
/// an object that an older Tresor accepted can still get its status.
[[nodiscard]] std::vector<FieldError> Conform(const Kind& kind, Object& object,
                                              const Object* before,
                                              std::vector<std::string>& warnings);
}  // namespace tresor::objects
