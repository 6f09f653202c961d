// SPDX-License-Identifier: Apache-2.0
#include "repo/format/lock.h"

namespace tresor::repo {
namespace {

constexpr std::size_t kMaxText = 1024;

}  // namespace

Bytes EncodeLock(const Lock& lock) {
  ByteWriter writer;
  writer.LengthPrefixed(lock.host);
  writer.LengthPrefixed(lock.boot_id);
  writer.U64(static_cast<std::uint64_t>(lock.process_id));
  writer.U64(lock.process_start_ticks);
  writer.LengthPrefixed(lock.operation);
  writer.U64(static_cast<std::uint64_t>(lock.taken_unix_nanos));
  writer.U64(static_cast<std::uint64_t>(lock.expires_unix_nanos));
  return writer.Take();
}

Result<Lock> DecodeLock(ByteView bytes) {
  ByteReader reader(bytes);
  Lock lock;
  const ByteView host = reader.LengthPrefixed();
  const ByteView boot_id = reader.LengthPrefixed();
  lock.process_id = static_cast<std::int64_t>(reader.U64());
  lock.process_start_ticks = reader.U64();
  const ByteView operation = reader.LengthPrefixed();
  lock.taken_unix_nanos = static_cast<std::int64_t>(reader.U64());
  lock.expires_unix_nanos = static_cast<std::int64_t>(reader.U64());
  if (!reader.done() || host.size() > kMaxText || boot_id.size() > kMaxText ||
      operation.size() > kMaxText) {
    return Error(Code::kDataLoss, "not a lock: {} bytes that don't add up", bytes.size());
  }
  lock.host = ToString(host);
  lock.boot_id = ToString(boot_id);
  lock.operation = ToString(operation);
  return lock;
}

}  // namespace tresor::repo
