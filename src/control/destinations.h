// SPDX-License-Identifier: Apache-2.0
// Destinations: from a BackupDestination's name to where repositories lie and what opens them.
//
// A local destination is a directory; a repository is `<path>/<project>/<cluster uid>/`. The key of
// all its repositories is the value `key` of the Secret that the destination names. Launchers read
// repositories by themselves: for them the key is also a file (0600) in the server's data
// directory.
#pragma once

#include <string>

#include "base/context.h"
#include "base/status.h"
#include "control/vault.h"
#include "io/file_system.h"
#include "objects/backup_destination.h"
#include "repo/repository.h"
#include "store/object_store.h"

namespace tresor::control {

/// The Secret's value that unlocks repositories.
inline constexpr std::string_view kKeyValue = "key";

struct Place {
  std::string path;  // of the destination
  repo::KeyFile key;
  objects::BackupDestinationSpec spec;

  [[nodiscard]] std::string RepositoryPath(const RepositoryAddress& address) const {
    return path + "/" + address.project + "/" + address.cluster_uid;
  }
};

/// Threads: all methods, from any thread. Store and file system outlive it.
class Destinations {
 public:
  /// `key_dir`: where key files lie; made if missing.
  Destinations(store::ObjectStore& store, io::FileSystem& fs, std::string key_dir)
      : store_(store), fs_(fs), key_dir_(std::move(key_dir)) {}

  /// kNotFound: no such destination, or no such Secret or value. kUnimplemented: S3.
  /// kInvalidArgument: the key is too short, the path is not absolute.
  [[nodiscard]] Result<Place> Open(const Context& context, const std::string& destination);
  /// The key as a file. Durable on return.
  [[nodiscard]] Result<std::string> KeyFile(const std::string& destination, const Place& place);

  [[nodiscard]] io::FileSystem& fs() { return fs_; }

 private:
  store::ObjectStore& store_;
  io::FileSystem& fs_;
  const std::string key_dir_;
};

}  // namespace tresor::control
