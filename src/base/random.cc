// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "base/check.h"

namespace tresor {
namespace {

class KernelRandom final : public Random {
 public:
  void Fill(MutableByteView out) override {
    while (!out.empty()) {
      const ssize_t got = getrandom(out.data(), std::min<std::size_t>(out.size(), 256), 0);
      if (got < 0) {
        TRESOR_CHECK(errno == EINTR);
        continue;
      }
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }
};

}  // namespace

std::uint64_t Random::Next() {
  std::byte word[8];
  Fill(word);
  return LoadU64(word);
}

std::uint64_t Random::Below(std::uint64_t bound) {
  TRESOR_CHECK(bound > 0);
  const std::uint64_t unfair =
      (0 - bound) % bound;  // numbers below this would favour small results
  std::uint64_t number = Next();
  while (number < unfair) {
    number = Next();
  }
  return number % bound;
}

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

SeededRandom::SeededRandom(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

std::uint64_t SeededRandom::NextWord() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void SeededRandom::Fill(MutableByteView out) {
  while (!out.empty()) {
    std::byte word[8];
    StoreU64(word, NextWord());
    const std::size_t count = std::min<std::size_t>(out.size(), 8);
    std::copy_n(word, count, out.begin());
    out = out.subspan(count);
  }
}

}  // namespace tresor
