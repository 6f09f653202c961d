// SPDX-License-Identifier: Apache-2.0
// The kinds that Tresor serves: its own, from deploy/crds/*.yaml (compiled in), and the built-in
// ones of Kubernetes that go with them: v1 Namespace, Secret, Event.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "objects/object.h"
#include "objects/schema.h"

namespace tresor::objects {

/// One column of `kubectl get`, as additionalPrinterColumns.
struct PrinterColumn {
  std::string name;
  std::string type;  // integer, number, string, boolean, date
  std::string format;
  std::string description;
  std::string json_path;  // ".status.phase"
  std::int32_t priority = 0;
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
  bool has_status = false;             // the /status subresource
  bool counts_generation = false;      // metadata.generation goes up with the spec
  bool name_is_dns_label = false;      // else a DNS subdomain
  std::vector<PrinterColumn> columns;  // without the name, which comes first always
  Schema schema;
  std::string description;

  /// "tresor.dev/v1", "v1"
  [[nodiscard]] std::string api_version() const;
};

/// All of them, by group and plural. Made at the first call, for ever; a CRD that does not compile
/// is our bug.
[[nodiscard]] const std::vector<Kind>& AllKinds();
/// nullptr: there is none.
[[nodiscard]] const Kind* FindKind(const ResourceName& resource);
[[nodiscard]] const Kind* FindKind(std::string_view api_version, std::string_view kind);
/// The text of a CRD as under deploy/crds/, by plural; empty: there is none.
[[nodiscard]] std::string_view CrdYaml(std::string_view plural);

/// A Table's columnDefinitions: the name and `kind.columns`.
[[nodiscard]] Json TableColumns(const Kind& kind);
/// One row's cells. A date is shown as its age ("5m", "2d3h"), as kubectl does; what is missing as
/// null.
[[nodiscard]] Json TableCells(const Kind& kind, const Object& object, WallTime now);

/// As `kubectl get` prints ages: "8s", "5m3s", "20m", "3h5m", "2d", "400d", "2y5d".
[[nodiscard]] std::string HumanDuration(std::chrono::nanoseconds duration);

/// What the store does to an object before it keeps it, all in one: prunes (a warning for each
/// unknown field), sets defaults, checks metadata, schema and the rules of rules.h, and for updates
/// what must not change. `before` is null for a new object. Spec, or only status, is looked at as
/// the store's caller may change it.
///
/// kInvalidArgument with ErrorDetails (reason Invalid, causes): `EtcdBackupConfig.tresor.dev "x" is
/// invalid: spec.keep: Invalid value: …`; or BadRequest: wrong kind or apiVersion.
[[nodiscard]] Result<Object> Conform(const Kind& kind, Object object, const Object* before,
                                     std::vector<std::string>* warnings = nullptr);

}  // namespace tresor::objects
