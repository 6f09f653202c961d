// SPDX-License-Identifier: Apache-2.0
// The tags of records that a repository stores, to be asked for in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tresor::repo {

/// A set of tags. Tags are secret and random, so no outsider can make them collide.
///
/// Threads: const methods from any thread.
class KnownTags {
 public:
  KnownTags() = default;
  /// Room for `count`, but for no more than fit into `limit_bytes`.
  KnownTags(std::uint64_t count, std::size_t limit_bytes);

  /// False: no room. Nothing is wrong then, it is only not known.
  bool Add(std::uint64_t tag);
  [[nodiscard]] bool Contains(std::uint64_t tag) const;
  [[nodiscard]] bool empty() const { return used_ == 0; }

 private:
  [[nodiscard]] std::size_t Find(std::uint64_t tag) const;

  std::vector<std::uint64_t> slots_;  // open addressing, a power of two; 0: free
  std::size_t used_ = 0;
  std::size_t most_ = 0;
};

}  // namespace tresor::repo
