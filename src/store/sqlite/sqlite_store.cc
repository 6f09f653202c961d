// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_store.h"

#include <utility>

#include "base/hex.h"
#include "store/sqlite/sqlite_log.h"

namespace tresor::store {
namespace {

constexpr std::string_view kDatabaseName = "tresor.db";
constexpr std::string_view kKeyName = "tresor.key";
constexpr std::uint64_t kMaxKeyFileBytes = 4096;

Result<crypto::SecretKey> MakeKeyFile(io::FileSystem& fs, const std::string& path, Random& random) {
  crypto::SecretKey key = crypto::SecretKey::Generate(random);
  std::string text = ToHex(key.bytes()) + "\n";
  const Status written = io::WriteFileAtomically(fs, path, AsBytes(text), 0600);
  crypto::Wipe(std::as_writable_bytes(std::span(text)));
  RETURN_IF_ERROR(written);
  return key;
}

}  // namespace

Result<crypto::SecretKey> ReadKeyFile(io::FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(Bytes text, io::ReadFile(fs, path, kMaxKeyFileBytes));
  std::string_view digits = AsText(text);
  while (!digits.empty() && (digits.back() == '\n' || digits.back() == '\r')) {
    digits.remove_suffix(1);
  }
  Result<Bytes> bytes = FromHex(digits);
  crypto::Wipe(text);
  if (!bytes.ok() || bytes->size() != crypto::SecretKey::kSize) {
    return Error(Code::kDataLoss, "{} holds no key: 64 hex digits are expected", path);
  }
  Result<crypto::SecretKey> key = crypto::SecretKey::FromBytes(*bytes);
  crypto::Wipe(*bytes);
  return key;
}

Result<std::unique_ptr<ApiStore>> OpenSqliteStore(const Context& context,
                                                  const std::string& directory,
                                                  const ApiStoreOptions& options) {
  io::FileSystem& fs = io::PosixFileSystem();
  const std::string database_path = io::JoinPath(directory, kDatabaseName);
  const std::string key_path = io::JoinPath(directory, kKeyName);
  // The log first: its lock keeps two servers from making two keys.
  ASSIGN_OR_RETURN(std::unique_ptr<RevisionLog> log, OpenSqliteLog(database_path));
  ASSIGN_OR_RETURN(const LogBounds bounds, log->Bounds());
  ASSIGN_OR_RETURN(const bool has_key, io::Exists(fs, key_path));
  if (!has_key && bounds.revision > 0) {
    return Error(Code::kFailedPrecondition,
                 "{} is there, but not {}, the key of the secrets in it: put the key back from the "
                 "backup of the data directory",
                 database_path, key_path);
  }
  ASSIGN_OR_RETURN(crypto::SecretKey key, has_key ? ReadKeyFile(fs, key_path)
                                                  : MakeKeyFile(fs, key_path, *options.random));
  return ApiStore::Open(context, std::move(log), std::move(key), options);
}

}  // namespace tresor::store
