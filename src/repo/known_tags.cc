// SPDX-License-Identifier: Apache-2.0
#include "repo/known_tags.h"

#include <algorithm>
#include <bit>

namespace tresor::repo {
namespace {

// Fuller than this, a search takes long.
constexpr std::uint64_t Usable(std::uint64_t slots) { return slots / 4 * 3; }

}  // namespace

KnownTags::KnownTags(std::uint64_t count, std::size_t limit_bytes) {
  const std::uint64_t limit = std::bit_floor(limit_bytes / sizeof(std::uint64_t));
  std::uint64_t slots = std::min<std::uint64_t>(limit, 1024);
  while (slots < limit && Usable(slots) < count) {
    slots *= 2;
  }
  slots_.resize(static_cast<std::size_t>(slots));
  most_ = static_cast<std::size_t>(Usable(slots));
}

std::size_t KnownTags::Find(std::uint64_t tag) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = tag & mask;
  while (slots_[i] != 0 && slots_[i] != tag) {
    i = (i + 1) & mask;
  }
  return i;
}

bool KnownTags::Add(std::uint64_t tag) {
  if (used_ == most_ || tag == 0) {
    return false;
  }
  std::uint64_t& slot = slots_[Find(tag)];
  used_ += slot == 0 ? 1 : 0;
  slot = tag;
  return true;
}

bool KnownTags::Contains(std::uint64_t tag) const {
  return used_ != 0 && tag != 0 && slots_[Find(tag)] == tag;
}

}  // namespace tresor::repo
