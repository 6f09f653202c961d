// SPDX-License-Identifier: Apache-2.0
#include "objects/rules.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/time_zone.h"
#include "objects/backup_destination.h"
#include "objects/duration.h"
#include "objects/etcd_backup_config.h"
#include "objects/etcd_cluster.h"
#include "objects/json_text.h"
#include "objects/names.h"
#include "objects/schedule.h"
#include "objects/well_known.h"

namespace tresor::objects {
namespace {

constexpr std::size_t kMaxAnnotationBytes = std::size_t{256} << 10;
constexpr std::size_t kMaxSecretBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxSecretKey = 253;

/// Collects errors, worded as k8s.io/apimachinery's validation/field words them.
class Errors {
 public:
  void Invalid(std::string field, const Json& value, std::string_view why) {
    Add("FieldValueInvalid", std::move(field),
        fmt::format("Invalid value: {}: {}", JsonText(value), why));
  }
  void Required(std::string field, std::string_view why) {
    Add("FieldValueRequired", std::move(field), fmt::format("Required value: {}", why));
  }
  void Forbidden(std::string field, std::string_view why) {
    Add("FieldValueForbidden", std::move(field), fmt::format("Forbidden: {}", why));
  }
  void TooLong(std::string field, std::size_t limit) {
    Add("FieldValueTooLong", std::move(field),
        fmt::format("Too long: may not be more than {} bytes", limit));
  }
  /// Each of what names.h found.
  void Invalid(const std::string& field, std::string_view value,
               const std::vector<std::string>& problems) {
    for (const std::string& problem : problems) {
      Invalid(field, Json(value), problem);
    }
  }
  [[nodiscard]] std::vector<FieldError> Take() { return std::move(errors_); }

 private:
  void Add(std::string_view reason, std::string field, std::string message) {
    errors_.push_back(
        {.reason = std::string(reason), .field = std::move(field), .message = std::move(message)});
  }
  std::vector<FieldError> errors_;
};

constexpr std::string_view kImmutable = "field is immutable";

// What lies at `path` must be what it was; where there is nothing is a value like others.
void CheckSame(Errors& errors, const Object& now, const Object& before, std::string_view path) {
  const Json* a = now.Find(path);
  const Json* b = before.Find(path);
  const Json none;
  if ((a == nullptr ? none : *a) != (b == nullptr ? none : *b)) {
    errors.Invalid(std::string(path), a == nullptr ? none : *a, kImmutable);
  }
}

// Everything in spec must be what it was, but for one field.
void CheckSpecSame(Errors& errors, const Object& now, const Object& before, std::string_view but) {
  std::vector<std::string> names;
  for (const Object* object : {&now, &before}) {
    if (const Json* spec = object->Find("spec"); spec != nullptr && spec->is_object()) {
      for (const auto& [name, value] : spec->items()) {
        names.push_back(name);
      }
    }
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) {
    if (name != but) {
      CheckSame(errors, now, before, "spec." + name);
    }
  }
}

// ---- metadata ----

void CheckNames(Errors& errors, const Kind& kind, const Object& now) {
  const auto problems = kind.name_is_dns_label ? DnsLabelProblems : DnsSubdomainProblems;
  const std::string name = now.name();
  if (const std::string prefix = now.Text("metadata.generateName"); !prefix.empty()) {
    // A prefix may end as a name may not.
    std::string whole = prefix;
    if (whole.back() == '-') {
      whole.back() = 'a';
    }
    errors.Invalid("metadata.generateName", prefix, problems(whole));
  }
  if (!name.empty()) {
    errors.Invalid("metadata.name", name, problems(name));
  } else if (now.Text("metadata.generateName").empty()) {
    errors.Required("metadata.name", "name or generateName is required");
  }
  const std::string name_space = now.name_space();
  if (!kind.namespaced && !name_space.empty()) {
    errors.Forbidden("metadata.namespace", "not allowed on this type");
  } else if (kind.namespaced && name_space.empty()) {
    errors.Required("metadata.namespace", "this kind lives in a namespace");
  } else if (kind.namespaced) {
    errors.Invalid("metadata.namespace", name_space, DnsLabelProblems(name_space));
  }
}

void CheckLabels(Errors& errors, const Object& now) {
  for (const auto& [name, value] : now.labels()) {
    errors.Invalid("metadata.labels", name, QualifiedNameProblems(name));
    errors.Invalid("metadata.labels", value, LabelValueProblems(value));
  }
  std::size_t bytes = 0;
  for (const auto& [name, value] : now.annotations()) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    errors.Invalid("metadata.annotations", name, QualifiedNameProblems(lower));
    bytes += name.size() + value.size();
  }
  if (bytes > kMaxAnnotationBytes) {
    errors.TooLong("metadata.annotations", kMaxAnnotationBytes);
  }
}

void CheckOwners(Errors& errors, const Object& now, const Object* before) {
  const std::vector<std::string> finalizers = now.finalizers();
  for (const std::string& finalizer : finalizers) {
    errors.Invalid("metadata.finalizers", finalizer, QualifiedNameProblems(finalizer));
  }
  if (before != nullptr && before->deletion_time().has_value()) {
    const std::vector<std::string> held = before->finalizers();
    for (const std::string& finalizer : finalizers) {
      if (std::ranges::find(held, finalizer) == held.end()) {
        errors.Forbidden("metadata.finalizers",
                         fmt::format("no new finalizers can be added if the object is being "
                                     "deleted, found new finalizer \"{}\"",
                                     finalizer));
      }
    }
  }
  const std::vector<OwnerReference> owners = now.owner_references();
  for (std::size_t i = 0; i < owners.size(); ++i) {
    const std::string at = fmt::format("metadata.ownerReferences[{}]", i);
    for (const auto& [field, value] :
         {std::pair("apiVersion", &owners[i].api_version), std::pair("kind", &owners[i].kind),
          std::pair("name", &owners[i].name), std::pair("uid", &owners[i].uid)}) {
      if (value->empty()) {
        errors.Invalid(fmt::format("{}.{}", at, field), "", "must not be empty");
      }
    }
  }
  if (std::ranges::count_if(owners, &OwnerReference::controller) > 1) {
    errors.Invalid("metadata.ownerReferences", *now.Find("metadata.ownerReferences"),
                   "Only one reference can have Controller set to true");
  }
}

// ---- kinds ----

// What Tresor itself gives to etcd.
constexpr std::array<std::string_view, 33> kReservedArgs{"name",
                                                         "data-dir",
                                                         "wal-dir",
                                                         "listen-peer-urls",
                                                         "listen-client-urls",
                                                         "listen-client-http-urls",
                                                         "listen-metrics-urls",
                                                         "advertise-client-urls",
                                                         "initial-advertise-peer-urls",
                                                         "initial-cluster",
                                                         "initial-cluster-state",
                                                         "initial-cluster-token",
                                                         "discovery",
                                                         "discovery-srv",
                                                         "discovery-fallback",
                                                         "discovery-proxy",
                                                         "discovery-srv-name",
                                                         "discovery-endpoints",
                                                         "discovery-token",
                                                         "force-new-cluster",
                                                         "config-file",
                                                         "cert-file",
                                                         "key-file",
                                                         "client-cert-auth",
                                                         "trusted-ca-file",
                                                         "auto-tls",
                                                         "peer-cert-file",
                                                         "peer-key-file",
                                                         "peer-client-cert-auth",
                                                         "peer-trusted-ca-file",
                                                         "peer-auto-tls",
                                                         "quota-backend-bytes",
                                                         "unsafe-no-fsync"};

void CheckExtraArgs(Errors& errors, const std::vector<std::string>& args) {
  std::vector<std::string_view> seen;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string at = fmt::format("spec.extraArgs[{}]", i);
    std::string_view name = std::string_view(args[i]).substr(0, args[i].find('='));
    name.remove_prefix(std::min<std::size_t>(name.size(), 2));  // the dashes
    if (std::ranges::find(kReservedArgs, name) != kReservedArgs.end()) {
      errors.Forbidden(at, name == "unsafe-no-fsync"
                               ? std::string("etcd would lose data at a power cut")
                               : fmt::format("Tresor sets --{} itself", name));
    } else if (std::ranges::find(seen, name) != seen.end()) {
      errors.Invalid(at, args[i], "is there twice");
    }
    if (args[i].find('\0') != std::string::npos) {
      errors.Invalid(at, args[i], "no argument can hold a zero byte");
    }
    seen.push_back(name);
  }
}

void CheckCluster(Errors& errors, const Object& now, const Object* before) {
  const auto spec = EtcdClusterSpec::FromObject(now);
  if (before != nullptr) {
    CheckSame(errors, now, *before, "spec.runtime");
  }
  constexpr std::string_view kOurs = "only for clusters that Tresor runs: runtime is external";
  constexpr std::string_view kTheirs = "only for runtime external";
  if (spec.runtime == RuntimeKind::kExternal) {
    if (spec.endpoints.empty()) {
      errors.Required("spec.endpoints", "an external cluster needs the client URLs of its members");
    }
    if (!spec.version.empty()) {
      errors.Forbidden("spec.version", kOurs);
    }
    if (!spec.extra_args.empty()) {
      errors.Forbidden("spec.extraArgs", kOurs);
    }
    if (spec.quota_backend_bytes != 0) {
      errors.Forbidden("spec.quotaBackendBytes", kOurs);
    }
    return;
  }
  if (!spec.endpoints.empty()) {
    errors.Forbidden("spec.endpoints", kTheirs);
  }
  if (!spec.tls_secret.empty()) {
    errors.Forbidden("spec.tlsSecretRef", kTheirs);
  }
  if (!spec.auth_secret.empty()) {
    errors.Forbidden("spec.authSecretRef", kTheirs);
  }
  CheckExtraArgs(errors, spec.extra_args);
}

void CheckBackupConfig(Errors& errors, const Object& now, const Object* before) {
  const auto spec = EtcdBackupConfigSpec::FromObject(now);
  if (before != nullptr) {
    CheckSame(errors, now, *before, "spec.cluster.name");
  }
  if (const Result<TimeZone> zone = TimeZone::Load(spec.time_zone); !zone.ok()) {
    errors.Invalid("spec.timeZone", spec.time_zone, Message(zone.status()));
  }
  if (spec.schedule.empty()) {
    return;
  }
  const Result<Schedule> schedule = Schedule::Parse(spec.schedule);
  if (!schedule.ok()) {
    errors.Invalid("spec.schedule", spec.schedule, Message(schedule.status()));
  } else if (!schedule->Next(TimeZone(), WallTime{}).has_value()) {
    errors.Invalid("spec.schedule", spec.schedule, "there is no such day: it would never run");
  }
}

void CheckRestore(Errors& errors, const Object& now, const Object* before) {
  if (before != nullptr) {
    CheckSpecSame(errors, now, *before, "cancel");
    const Json* cancelled = before->Find("spec.cancel");
    if (cancelled != nullptr && *cancelled == true && *now.Find("spec.cancel") != true) {
      errors.Forbidden("spec.cancel", "what is cancelled stays so; create another restore");
    }
  }
  const Result<std::chrono::nanoseconds> timeout = ParseDuration(now.Text("spec.timeout"));
  if (!timeout.ok()) {
    errors.Invalid("spec.timeout", now.Text("spec.timeout"), Message(timeout.status()));
  } else if (*timeout < std::chrono::minutes{1} || *timeout > std::chrono::hours{168}) {
    errors.Invalid("spec.timeout", now.Text("spec.timeout"), "must be between 1m and 168h");
  }
}

// "a/b": names between single slashes, none of them "." or "..".
bool IsCleanPath(std::string_view path) {
  while (true) {
    const auto slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos) {
      return false;
    }
    if (slash == std::string_view::npos) {
      return true;
    }
    path.remove_prefix(slash + 1);
  }
}

void CheckDestination(Errors& errors, const Object& now, const Object* before) {
  const auto spec = BackupDestinationSpec::FromObject(now);
  if (!spec.local.has_value() && !spec.s3.has_value()) {
    errors.Required("spec", "exactly one of local and s3");
  } else if (spec.local.has_value() && spec.s3.has_value()) {
    errors.Forbidden("spec.s3", "exactly one of local and s3");
  }
  if (spec.local.has_value() &&
      (!spec.local->path.starts_with('/') || !IsCleanPath(spec.local->path.substr(1)))) {
    errors.Invalid("spec.local.path", spec.local->path,
                   "must be an absolute path below /, without . and .. and a slash at the end");
  }
  if (spec.s3.has_value() && !spec.s3->prefix.empty() && !IsCleanPath(spec.s3->prefix)) {
    errors.Invalid("spec.s3.prefix", spec.s3->prefix,
                   "must be names between single slashes, without . and ..");
  }
  if (before != nullptr) {
    for (const std::string_view path : {"spec.local.path", "spec.s3.bucket", "spec.s3.prefix"}) {
      CheckSame(errors, now, *before, path);
    }
  }
  for (std::size_t i = 0; i < spec.allowed_projects.size(); ++i) {
    errors.Invalid(fmt::format("spec.allowedProjects[{}]", i), spec.allowed_projects[i],
                   DnsLabelProblems(spec.allowed_projects[i]));
  }
}

void CheckSecret(Errors& errors, const Object& now, const Object* before) {
  std::size_t bytes = 0;
  if (const Json* data = now.Find("data"); data != nullptr && data->is_object()) {
    for (const auto& [name, value] : data->items()) {
      const bool good = !name.empty() && name.size() <= kMaxSecretKey && name != "." &&
                        name != ".." && std::ranges::all_of(name, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                        });
      if (!good) {
        errors.Invalid("data[" + name + "]", name,
                       "a valid config key must consist of alphanumeric characters, '-', '_' or "
                       "'.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for "
                       "validation is '[-._a-zA-Z0-9]+')");
      }
      bytes += value.is_string() ? value.get_ref<const std::string&>().size() / 4 * 3 : 0;
    }
  }
  if (bytes > kMaxSecretBytes) {
    errors.TooLong("data", kMaxSecretBytes);
  }
  if (before == nullptr) {
    return;
  }
  CheckSame(errors, now, *before, "type");
  const Json* fixed = before->Find("immutable");
  if (fixed != nullptr && *fixed == true) {
    constexpr std::string_view kFixed = "field is immutable when `immutable` is set";
    const Json* still = now.Find("immutable");
    if (still == nullptr || *still != true) {
      errors.Forbidden("immutable", kFixed);
    }
    const Json none;
    const Json* a = now.Find("data");
    const Json* b = before->Find("data");
    if ((a == nullptr ? none : *a) != (b == nullptr ? none : *b)) {
      errors.Forbidden("data", kFixed);
    }
  }
}

void CheckEvent(Errors& errors, const Object& now) {
  const std::string about = now.Text("involvedObject.namespace");
  if (!about.empty() && about != now.name_space()) {
    errors.Invalid("involvedObject.namespace", about, "does not match event.namespace");
  }
}

}  // namespace

std::vector<FieldError> CheckMetadata(const Kind& kind, const Object& now, const Object* before) {
  Errors errors;
  CheckNames(errors, kind, now);
  CheckLabels(errors, now);
  CheckOwners(errors, now, before);
  if (before != nullptr) {
    for (const std::string_view path : {"metadata.name", "metadata.namespace", "metadata.uid"}) {
      CheckSame(errors, now, *before, path);
    }
  }
  return errors.Take();
}

std::vector<FieldError> CheckObject(const Kind& kind, const Object& now, const Object* before) {
  Errors errors;
  if (kind.resource == kEtcdClusters) {
    CheckCluster(errors, now, before);
  } else if (kind.resource == kEtcdBackupConfigs) {
    CheckBackupConfig(errors, now, before);
  } else if (kind.resource == kEtcdBackups && before != nullptr) {
    CheckSpecSame(errors, now, *before, "pinned");
  } else if (kind.resource == kEtcdRestores) {
    CheckRestore(errors, now, before);
  } else if (kind.resource == kBackupDestinations) {
    CheckDestination(errors, now, before);
  } else if (kind.resource == kSecrets) {
    CheckSecret(errors, now, before);
  } else if (kind.resource == kEvents) {
    CheckEvent(errors, now);
  }
  return errors.Take();
}

}  // namespace tresor::objects
