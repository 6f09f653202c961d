// SPDX-License-Identifier: Apache-2.0
// Which records of a segment a backup needs, and how manifests store that. FORMAT.md 6. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace tresor::repo {

/// A set of ordinals below size(). Threads: const methods from any thread.
class LiveSet {
 public:
  LiveSet() = default;
  /// Empty.
  explicit LiveSet(std::uint64_t size) : size_(size), words_((size + 63) / 64) {}
  [[nodiscard]] static LiveSet All(std::uint64_t size);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool Test(std::uint64_t ordinal) const {
    return (words_[ordinal / 64] >> (ordinal % 64) & 1) != 0;
  }
  void Set(std::uint64_t ordinal) { words_[ordinal / 64] |= std::uint64_t{1} << (ordinal % 64); }
  void Clear(std::uint64_t ordinal) {
    words_[ordinal / 64] &= ~(std::uint64_t{1} << (ordinal % 64));
  }
  [[nodiscard]] std::uint64_t Count() const { return CountIn(0, size_); }
  /// Of the ordinals in [begin, end).
  [[nodiscard]] std::uint64_t CountIn(std::uint64_t begin, std::uint64_t end) const;
  /// Adds all of `other`, which has the same size.
  void Union(const LiveSet& other);
  /// Keeps what is also in `other`, which has the same size.
  void Intersect(const LiveSet& other);
  /// Removes all of `other`, which has the same size.
  void Subtract(const LiveSet& other);
  friend bool operator==(const LiveSet&, const LiveSet&) = default;

 private:
  friend Bytes EncodeLiveMap(const LiveSet& live);
  std::uint64_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

/// The shortest of the three forms.
[[nodiscard]] Bytes EncodeLiveMap(const LiveSet& live);
/// kDataLoss: not a map of `records` records of which `live` live.
[[nodiscard]] Result<LiveSet> DecodeLiveMap(ByteView bytes, std::uint64_t records,
                                            std::uint64_t live);

}  // namespace tresor::repo
