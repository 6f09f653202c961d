// SPDX-License-Identifier: Apache-2.0
#include "control/destinations.h"

#include <utility>

#include "base/hex.h"
#include "crypto/crypto.h"
#include "objects/secret.h"

namespace tresor::control {
namespace {

constexpr std::size_t kLeastKeyBytes = 16;
constexpr std::uint64_t kKeyFileLimitBytes = 1 << 20;

}  // namespace

Result<Place> Destinations::Open(const Context& context, const std::string& destination) {
  Result<objects::Object> object =
      store_.Get(context, {objects::kBackupDestinations, "", destination});
  if (!object.ok()) {
    return object.status().code() == Code::kNotFound
               ? Error(Code::kNotFound, "destination \"{}\" does not exist", destination)
               : object.status();
  }
  Place place;
  place.spec = objects::BackupDestinationSpec::FromObject(*object);
  if (!place.spec.local.has_value()) {
    return Error(Code::kUnimplemented,
                 "destination \"{}\": S3 is not supported yet by this build; use spec.local",
                 destination);
  }
  place.path = place.spec.local->path;
  while (place.path.size() > 1 && place.path.ends_with('/')) {
    place.path.pop_back();
  }
  if (!place.path.starts_with('/')) {
    return Error(Code::kInvalidArgument, "destination \"{}\": path \"{}\" is not absolute",
                 destination, place.path);
  }
  const objects::SecretReference& reference = place.spec.encryption_key;
  const Result<objects::Object> secret =
      store_.Get(context, {objects::kSecrets, reference.name_space, reference.name});
  if (!secret.ok()) {
    return secret.status().code() == Code::kNotFound
               ? Error(Code::kNotFound, "destination \"{}\": its key, Secret \"{}/{}\", is missing",
                       destination, reference.name_space, reference.name)
               : secret.status();
  }
  ASSIGN_OR_RETURN(const objects::SecretValues values, objects::SecretData(*secret));
  const auto key = values.find(kKeyValue);
  if (key == values.end()) {
    return Error(Code::kNotFound, "destination \"{}\": Secret \"{}/{}\" has no value \"{}\"",
                 destination, reference.name_space, reference.name, kKeyValue);
  }
  if (key->second.size() < kLeastKeyBytes) {
    return Error(Code::kInvalidArgument, "destination \"{}\": its key has less than {} bytes",
                 destination, kLeastKeyBytes);
  }
  place.key.content = ToBytes(key->second);
  return place;
}

Result<std::string> Destinations::KeyFile(const std::string& destination, const Place& place) {
  // Another key is another file: who reads the old one goes on.
  const crypto::Sha256Digest digest = crypto::Sha256::Of(place.key.content);
  const std::string path =
      key_dir_ + "/" + destination + "-" + ToHex(ByteView(digest).first(8)) + ".key";
  const Result<Bytes> present = io::ReadFile(fs_, path, kKeyFileLimitBytes);
  if (present.ok() && *present == place.key.content) {
    return path;
  }
  RETURN_IF_ERROR(io::CreateDirs(fs_, key_dir_));
  RETURN_IF_ERROR(io::WriteFileAtomically(fs_, path, place.key.content, 0600));
  return path;
}

}  // namespace tresor::control
