// SPDX-License-Identifier: Apache-2.0
// Randomness comes in from outside: SystemRandom() for keys and names, SeededRandom for tests and
// generated load.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace tresor {

/// Threads: SystemRandom's methods from any thread; a SeededRandom belongs to one thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(MutableByteView out) = 0;

  [[nodiscard]] std::uint64_t Next();
  /// Uniform in [0, bound); bound > 0.
  [[nodiscard]] std::uint64_t Below(std::uint64_t bound);
};

/// The operating system's, fit for keys. Lives for ever.
[[nodiscard]] Random& SystemRandom();

/// The same numbers for the same seed, on every machine and release (xoshiro256**, seeded by
/// splitmix64).
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void Fill(MutableByteView out) override;

 private:
  std::uint64_t NextWord();
  std::uint64_t state_[4];
};

}  // namespace tresor
