// SPDX-License-Identifier: Apache-2.0
// BackupDestination's spec and status as values. deploy/crds/backupdestinations.yaml explains the
// fields, objects/etcd_cluster.h how views read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "objects/condition.h"
#include "objects/object.h"
#include "objects/well_known.h"

namespace tresor::objects {

struct SecretReference {
  std::string name;
  std::string name_space = std::string(kSystemNamespace);
  friend bool operator==(const SecretReference&, const SecretReference&) = default;
};

struct LocalDestination {
  std::string path;
  friend bool operator==(const LocalDestination&, const LocalDestination&) = default;
};

struct S3Destination {
  std::string endpoint;  // "https://s3.eu-central-1.amazonaws.com"
  std::string bucket;
  std::string prefix;
  std::string region;
  bool path_style = false;
  std::string ca_bundle;  // PEM
  SecretReference credentials;
  friend bool operator==(const S3Destination&, const S3Destination&) = default;
};

struct BackupDestinationSpec {
  // Exactly one.
  std::optional<LocalDestination> local;
  std::optional<S3Destination> s3;
  SecretReference encryption_key;
  bool is_default = false;
  std::vector<std::string> allowed_projects;  // empty: all

  [[nodiscard]] static BackupDestinationSpec FromObject(const Object& object);
  void WriteTo(Object& object) const;  // replaces spec
  [[nodiscard]] bool Allows(std::string_view project) const;
  friend bool operator==(const BackupDestinationSpec&, const BackupDestinationSpec&) = default;
};

struct BackupDestinationStatus {
  std::string location;  // for people: a path, or "s3://bucket/prefix"
  std::int32_t repositories = 0;
  std::int64_t stored_bytes = 0;
  std::optional<WallTime> last_probe_time;
  std::int64_t observed_generation = 0;
  std::vector<Condition> conditions;  // Ready

  [[nodiscard]] static BackupDestinationStatus FromObject(const Object& object);
  void WriteTo(Object& object) const;  // replaces status
  friend bool operator==(const BackupDestinationStatus&, const BackupDestinationStatus&) = default;
};

}  // namespace tresor::objects
