// SPDX-License-Identifier: Apache-2.0
// What a lock object says: who writes, since when, until when. FORMAT.md 8. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/status.h"

namespace tresor::repo {

/// The beat by which a holder says that it is done.
inline constexpr std::uint32_t kReleasedBeat = 0xffffffff;

struct Lock {
  std::string host;
  std::string boot_id;  // tells one boot of the host from another
  std::int64_t process_id = 0;
  std::uint64_t process_start_ticks = 0;  // tells a process from a later one of its number
  std::string operation;                  // "backup", "prune" …
  std::int64_t taken_unix_nanos = 0;
  std::int64_t expires_unix_nanos = 0;
  friend bool operator==(const Lock&, const Lock&) = default;
};

/// Token and beat stand in the object's name, which its key is made of.
[[nodiscard]] Bytes EncodeLock(const Lock& lock);
/// kDataLoss.
[[nodiscard]] Result<Lock> DecodeLock(ByteView bytes);

}  // namespace tresor::repo
