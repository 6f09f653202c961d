// SPDX-License-Identifier: Apache-2.0
#include "server/bootstrap.h"

#include <utility>
#include <vector>

#include "base/hex.h"
#include "control/destinations.h"
#include "control/names.h"
#include "objects/backup_destination.h"
#include "objects/secret.h"
#include "objects/well_known.h"

namespace tresor::server {
namespace {

using objects::Object;

constexpr std::string_view kName = "bootstrap";
/// On the system's namespace: all of this was done.
constexpr std::string_view kDoneAnnotation = "tresor.dev/first-start-done";
constexpr std::string_view kKeySecret = "default-destination-key";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kLeastKeyBytes = 16;
constexpr std::uint64_t kKeyFileLimitBytes = 1 << 20;

/// OK also when it is there already.
Status Make(const Context& context, store::ObjectStore& store,
            const objects::ResourceName& resource, const Object& object) {
  const Status made = store.Create(context, resource, object, control::WriteAs(kName)).status();
  return made.code() == Code::kAlreadyExists ? OkStatus() : made;
}

Result<std::string> KeyText(io::FileSystem& fs, Random& random, const BootstrapOptions& options) {
  if (!options.backup_key_file.empty()) {
    ASSIGN_OR_RETURN(const Bytes key,
                     io::ReadFile(fs, options.backup_key_file, kKeyFileLimitBytes));
    if (key.size() < kLeastKeyBytes) {
      return Error(Code::kInvalidArgument, "{} has fewer than {} bytes: that is no key",
                   options.backup_key_file, kLeastKeyBytes);
    }
    return std::string(AsText(key));
  }
  const Result<std::vector<io::DirEntry>> present = fs.List(options.backup_dir);
  if (present.ok() && !present->empty()) {
    return Error(Code::kFailedPrecondition,
                 "{} is not empty, and this server has no key for what lies there",
                 options.backup_dir);
  }
  Bytes key(kKeyBytes);
  random.Fill(key);
  return ToHex(key);
}

Object FirstDestination(const std::string& backup_dir) {
  Object destination{{{"apiVersion", objects::kApiVersion},
                      {"kind", "BackupDestination"},
                      {"metadata", {{"name", kFirstDestination}}}}};
  objects::BackupDestinationSpec spec;
  spec.local = {.path = backup_dir};
  spec.encryption_key.name = kKeySecret;
  spec.is_default = true;
  spec.WriteTo(destination);
  return destination;
}

}  // namespace

Result<bool> Bootstrap(const Context& context, store::ObjectStore& store, io::FileSystem& fs,
                       Random& random, const BootstrapOptions& options) {
  const objects::ObjectKey system{objects::kNamespaces, "", std::string(objects::kSystemNamespace)};
  const Result<Object> present = store.Get(context, system);
  if (!present.ok() && present.status().code() != Code::kNotFound) {
    return present.status();
  }
  if (present.ok() && present->annotations().contains(std::string(kDoneAnnotation))) {
    return false;
  }
  ASSIGN_OR_RETURN(std::string key, KeyText(fs, random, options));
  RETURN_IF_ERROR(Make(context, store, objects::kNamespaces,
                       Object{{{"apiVersion", "v1"},
                               {"kind", "Namespace"},
                               {"metadata", {{"name", objects::kSystemNamespace}}}}}));
  RETURN_IF_ERROR(Make(context, store, objects::kSecrets,
                       objects::MakeSecret(objects::kSystemNamespace, kKeySecret,
                                           {{std::string(control::kKeyValue), std::move(key)}})));
  RETURN_IF_ERROR(
      Make(context, store, objects::kBackupDestinations, FirstDestination(options.backup_dir)));
  RETURN_IF_ERROR(store::Modify(context, store, system, control::WriteAs(kName),
                                [](Object& object) -> Result<bool> {
                                  object.SetAnnotation(kDoneAnnotation, "true");
                                  return true;
                                })
                      .status());
  return true;
}

}  // namespace tresor::server
