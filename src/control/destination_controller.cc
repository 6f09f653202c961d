// SPDX-License-Identifier: Apache-2.0
#include "control/destination_controller.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/hex.h"
#include "base/log.h"
#include "control/backup_controller.h"
#include "control/backup_view.h"
#include "control/destinations.h"
#include "control/names.h"
#include "objects/backup_destination.h"
#include "objects/names.h"
#include "objects/secret.h"

namespace tresor::control {
namespace {

using objects::BackupDestinationSpec;
using objects::BackupDestinationStatus;
using objects::ConditionStatus;

constexpr std::string_view kController = "destination";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kTellingIdChars = 8;

/// What follows `prefix` in one of the tags; empty: none has it.
std::string TagValue(const std::vector<std::string>& tags, std::string_view prefix) {
  for (const std::string& tag : tags) {
    if (tag.starts_with(prefix)) {
      return tag.substr(prefix.size());
    }
  }
  return {};
}

}  // namespace

Result<Next> DestinationController::Reconcile(const Context& context, const Key& key) {
  const objects::ObjectKey object_key = ObjectOf(objects::kBackupDestinations, key);
  const Result<Object> destination = services_.store.Get(context, object_key);
  if (!destination.ok()) {
    if (destination.status().code() != Code::kNotFound) {
      return destination.status();
    }
    services_.metrics.DestinationGone(key.name);
    searched_.Lock()->erase(key.name);
    return Next::WhenChanged();
  }
  if (destination->deletion_time().has_value()) {
    return Next::WhenChanged();
  }
  const auto before = BackupDestinationStatus::FromObject(*destination);
  // Its own status write comes back as a change: that is no reason to try again.
  const bool due = !before.last_probe_time.has_value() ||
                   before.observed_generation != destination->generation();
  const bool was_ready = objects::IsTrue(before.conditions, objects::kReadyCondition);
  const auto interval = was_ready ? options_.probe_every : options_.probe_failed_every;
  if (!due) {
    const auto age = services_.clock.Now() - *before.last_probe_time;
    if (age >= std::chrono::nanoseconds::zero() && age < interval) {
      return Next::After(interval - age);
    }
  }

  const auto probe = [&]() -> Result<std::vector<RepositoryAddress>> {
    RETURN_IF_ERROR(MakeKey(context, *destination));
    RETURN_IF_ERROR(services_.vault.Probe(context, key.name));
    return services_.vault.Repositories(context, key.name);
  };
  const Result<std::vector<RepositoryAddress>> repositories = probe();
  const Status& probed = repositories.status();
  if (probed.code() == Code::kCancelled) {
    return probed;
  }
  const BackupDestinationSpec spec = BackupDestinationSpec::FromObject(*destination);
  const WallTime now = services_.clock.Now();
  ASSIGN_OR_RETURN(
      const Object written,
      store::ModifyStatus(
          context, services_.store, object_key, WriteAs(kController),
          [&](Object& object) -> Result<bool> {
            auto status = BackupDestinationStatus::FromObject(object);
            status.observed_generation = destination->generation();
            status.last_probe_time = now;
            status.location = spec.local.has_value() ? spec.local->path
                              : spec.s3.has_value()
                                  ? "s3://" + spec.s3->bucket + "/" + spec.s3->prefix
                                  : "";
            if (probed.ok()) {
              status.repositories = static_cast<std::int32_t>(repositories->size());
            }
            objects::SetCondition(
                status.conditions,
                {.type = std::string(objects::kReadyCondition),
                 .status = probed.ok() ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                 .reason = probed.ok()                             ? "Probed"
                           : probed.code() == Code::kUnimplemented ? "NotSupported"
                                                                   : "ProbeFailed",
                 .message = probed.ok() ? "written, read, listed and deleted a probe"
                                        : std::string(Message(probed)),
                 .last_transition = {},
                 .observed_generation = destination->generation()},
                now);
            status.WriteTo(object);
            return true;
          }));
  services_.metrics.DestinationSeen(
      key.name, probed.ok(), probed.ok() ? repositories->size() : 0,
      static_cast<std::uint64_t>(BackupDestinationStatus::FromObject(written).stored_bytes));
  if (!probed.ok()) {
    if (was_ready || due) {
      services_.events.Record(context, written, EventType::kWarning, "NotReady", Message(probed));
    }
    return Next::After(options_.probe_failed_every);
  }
  if (!was_ready) {
    services_.events.Record(context, written, EventType::kNormal, "Ready",
                            "the destination can be written, read and listed");
  }
  RETURN_IF_ERROR(Search(context, written, *repositories));
  return Next::After(options_.probe_every);
}

/// Only for the default destination, and only while nothing lies there: a key that was lost must
/// not be replaced by one that opens nothing.
Status DestinationController::MakeKey(const Context& context, const Object& destination) {
  const BackupDestinationSpec spec = BackupDestinationSpec::FromObject(destination);
  const objects::SecretReference& reference = spec.encryption_key;
  if (!spec.is_default || reference.name.empty() ||
      BackupDestinationStatus::FromObject(destination).repositories > 0) {
    return OkStatus();
  }
  const Status present =
      services_.store.Get(context, {objects::kSecrets, reference.name_space, reference.name})
          .status();
  if (present.code() != Code::kNotFound) {
    return present;
  }
  Bytes key(kKeyBytes);
  options_.random->Fill(key);
  const Object secret = objects::MakeSecret(reference.name_space, reference.name,
                                            {{std::string(kKeyValue), ToHex(key)}});
  const Status made =
      services_.store.Create(context, objects::kSecrets, secret, WriteAs(kController)).status();
  if (!made.ok() && made.code() != Code::kAlreadyExists) {
    return Annotate(made, "making the destination's key");
  }
  if (made.ok()) {
    services_.events.Record(
        context, destination, EventType::kNormal, "KeyMade",
        fmt::format("Secret \"{}/{}\" has the key of all backups there: keep a copy elsewhere",
                    reference.name_space, reference.name));
  }
  return OkStatus();
}

Status DestinationController::Search(const Context& context, const Object& destination,
                                     const std::vector<RepositoryAddress>& repositories) {
  bool first = false;
  {
    auto searched = searched_.Lock();
    const MonotonicTime now = services_.clock.Monotonic();
    const auto place = searched->find(destination.name());
    first = place == searched->end();
    if (!first && now - place->second < options_.search_every) {
      return OkStatus();
    }
    searched->insert_or_assign(destination.name(), now);
  }
  std::uint64_t stored = 0;
  std::size_t unreadable = 0;
  std::string trouble;  // of the first of them
  for (const RepositoryAddress& address : repositories) {
    RETURN_IF_ERROR(context.Check());
    if (first && prune_queue_ != nullptr) {
      // The server before us may have forgotten backups and not have come to this.
      prune_queue_->AddAfter({address.destination, RepositoryText(address)}, kPruneDelay);
    }
    const Result<std::uint64_t> bytes = services_.vault.StoredBytes(context, address);
    const Status adopted = bytes.ok() ? AdoptFrom(context, address) : bytes.status();
    stored += bytes.value_or(0);
    if (!adopted.ok()) {
      // One repository that can't be read must not keep the others from being found.
      Log(LogLevel::kWarning, "destination {}: looking through {}: {}", destination.name(),
          ToString(address), Message(adopted));
      trouble = unreadable++ == 0 ? std::string(Message(adopted)) : trouble;
    }
  }
  if (unreadable > 0) {
    // Most likely it was given another key.
    services_.events.Record(context, destination, EventType::kWarning, "RepositoriesUnreadable",
                            fmt::format("{} of {} repositories can't be read: {}", unreadable,
                                        repositories.size(), trouble));
  }
  services_.metrics.DestinationSeen(destination.name(), true, repositories.size(), stored);
  return store::ModifyStatus(context, services_.store,
                             {objects::kBackupDestinations, "", destination.name()},
                             WriteAs(kController),
                             [&](Object& object) -> Result<bool> {
                               auto status = BackupDestinationStatus::FromObject(object);
                               if (status.stored_bytes == static_cast<std::int64_t>(stored)) {
                                 return false;
                               }
                               status.stored_bytes = static_cast<std::int64_t>(stored);
                               status.WriteTo(object);
                               return true;
                             })
      .status();
}

Status DestinationController::AdoptFrom(const Context& context, const RepositoryAddress& address) {
  if (!objects::DnsLabelProblems(address.project).empty()) {
    return Error(Code::kInvalidArgument, "\"{}\" can't be a project", address.project);
  }
  ASSIGN_OR_RETURN(const std::vector<ListedBackup> first, services_.vault.List(context, address));
  if (first.empty()) {
    return OkStatus();
  }
  store::ListOptions options;
  options.name_space = address.project;
  ASSIGN_OR_RETURN(const store::ListResult objects_there,
                   services_.store.List(context, objects::kEtcdBackups, options));
  std::set<std::string> ids;
  std::set<std::string> uids;
  for (const Object& backup : objects_there.items) {
    ids.insert(objects::EtcdBackupStatus::FromObject(backup).id);
    uids.insert(backup.uid());
    const std::string from = AnnotationOf(backup, objects::kAdoptedAnnotation);
    ids.insert(from.substr(from.find('#') + 1));
  }
  std::vector<ListedBackup> missing;
  for (const ListedBackup& backup : first) {
    if (!ids.contains(backup.id) && !uids.contains(TagValue(backup.tags, kUidTag))) {
      missing.push_back(backup);
    }
  }
  if (missing.empty()) {
    return OkStatus();
  }
  // A backup is forgotten before its object goes. So one that had no object a moment ago and is
  // still there was not just being deleted.
  ASSIGN_OR_RETURN(const std::vector<ListedBackup> second, services_.vault.List(context, address));
  for (const ListedBackup& backup : missing) {
    if (std::none_of(second.begin(), second.end(),
                     [&](const ListedBackup& listed) { return listed.id == backup.id; })) {
      continue;
    }
    Object project;
    project.json = {
        {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", address.project}}}};
    const Status there =
        services_.store.Create(context, objects::kNamespaces, project, WriteAs(kController))
            .status();
    if (!there.ok() && there.code() != Code::kAlreadyExists) {
      return there;
    }
    std::string name = TagValue(backup.tags, kNameTag);
    if (!objects::DnsSubdomainProblems(name).empty()) {
      name = "found-" + backup.id.substr(0, kTellingIdChars);
    }
    std::string cluster = TagValue(backup.tags, kClusterTag);
    if (!objects::DnsSubdomainProblems(cluster).empty()) {
      cluster = "unknown";
    }
    Object adopted;
    adopted.json = {{"apiVersion", objects::kApiVersion},
                    {"kind", "EtcdBackup"},
                    {"metadata", {{"namespace", address.project}}}};
    objects::EtcdBackupSpec{.cluster = cluster, .destination = address.destination}.WriteTo(
        adopted);
    adopted.SetAnnotation(objects::kAdoptedAnnotation, RepositoryText(address) + "#" + backup.id);
    SetLabelIfShort(adopted, objects::kClusterLabel, cluster);
    SetLabelIfShort(adopted, objects::kConfigLabel, TagValue(backup.tags, kConfigTag));
    if (const std::string slot = TagValue(backup.tags, kSlotTag); !slot.empty()) {
      adopted.SetAnnotation(objects::kScheduledTimeAnnotation, slot);
    }
    Status made = OkStatus();
    const std::string telling = "-" + backup.id.substr(0, kTellingIdChars);
    for (const std::string& candidate :
         {name, TrimmedName(name, kLongestName - telling.size()) + telling}) {
      adopted.json["metadata"]["name"] = candidate;
      made = services_.store.Create(context, objects::kEtcdBackups, adopted, WriteAs(kController))
                 .status();
      if (made.code() != Code::kAlreadyExists) {
        break;
      }
    }
    if (!made.ok() && made.code() != Code::kAlreadyExists) {
      return made;
    }
  }
  return OkStatus();
}

}  // namespace tresor::control
