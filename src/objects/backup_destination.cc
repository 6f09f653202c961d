// SPDX-License-Identifier: Apache-2.0
#include "objects/backup_destination.h"

#include <algorithm>

#include "objects/condition_fields.h"
#include "objects/fields.h"

namespace tresor::objects {

template <>
struct FieldsOf<SecretReference> {
  static void Visit(auto& visit, auto& value) {
    visit("name", value.name);
    visit("namespace", value.name_space);
  }
};

template <>
struct FieldsOf<LocalDestination> {
  static void Visit(auto& visit, auto& value) { visit("path", value.path); }
};

template <>
struct FieldsOf<S3Destination> {
  static void Visit(auto& visit, auto& value) {
    visit("endpoint", value.endpoint);
    visit("bucket", value.bucket);
    visit("prefix", value.prefix);
    visit("region", value.region);
    visit("pathStyle", value.path_style);
    visit("caBundle", value.ca_bundle);
    visit("credentialsSecretRef", value.credentials);
  }
};

template <>
struct FieldsOf<BackupDestinationSpec> {
  static void Visit(auto& visit, auto& value) {
    visit("local", value.local);
    visit("s3", value.s3);
    visit("encryption.keySecretRef", value.encryption_key);
    visit("default", value.is_default);
    visit("allowedProjects", value.allowed_projects);
  }
};

template <>
struct FieldsOf<BackupDestinationStatus> {
  static void Visit(auto& visit, auto& value) {
    visit("location", value.location);
    visit("repositories", value.repositories);
    visit("storedBytes", value.stored_bytes);
    visit("lastProbeTime", value.last_probe_time);
    visit("observedGeneration", value.observed_generation);
    visit("conditions", value.conditions);
  }
};

bool BackupDestinationSpec::Allows(std::string_view project) const {
  return allowed_projects.empty() ||
         std::ranges::find(allowed_projects, project) != allowed_projects.end();
}

BackupDestinationSpec BackupDestinationSpec::FromObject(const Object& object) {
  return ReadPart<BackupDestinationSpec>(object, "spec");
}
void BackupDestinationSpec::WriteTo(Object& object) const { WritePart(object, "spec", *this); }

BackupDestinationStatus BackupDestinationStatus::FromObject(const Object& object) {
  return ReadPart<BackupDestinationStatus>(object, "status");
}
void BackupDestinationStatus::WriteTo(Object& object) const { WritePart(object, "status", *this); }

}  // namespace tresor::objects
