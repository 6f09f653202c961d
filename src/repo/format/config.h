// SPDX-License-Identifier: Apache-2.0
// Object `config`: that this is a repository, of which version, and its id. FORMAT.md 3. Pure.
#pragma once

#include "base/bytes.h"
#include "base/status.h"
#include "repo/id.h"

namespace tresor::repo {

inline constexpr std::size_t kConfigSize = 64;

struct Config {
  Id repository;
};

[[nodiscard]] Bytes EncodeConfig(const Config& config);
/// kDataLoss; kUnimplemented: a newer version.
[[nodiscard]] Result<Config> DecodeConfig(ByteView bytes);

}  // namespace tresor::repo
