// SPDX-License-Identifier: Apache-2.0
// Which backups `repo forget` removes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "repo/repository.h"

namespace tresor::cli {

struct ForgetRules {
  std::vector<repo::Id> ids;               // these; or
  std::optional<std::uint64_t> keep_last;  // all but the newest so many,
  std::vector<std::string> keep_tags;      // and but those with one of these tags
  bool force = false;                      // the last good one may go too
};

struct ForgetPlan {
  std::vector<repo::BackupInfo> remove;
  std::vector<repo::BackupInfo> keep;
  /// In `keep` only because it is the last good one.
  std::optional<repo::BackupInfo> spared;
};

/// The last good backup is the newest whose evidence all passed; if there is none, the newest
/// without a failed check.
///
/// `backups` oldest first. kFailedPrecondition: `ids` name the last good one, and not `force`.
[[nodiscard]] Result<ForgetPlan> PlanForget(const std::vector<repo::BackupInfo>& backups,
                                            const ForgetRules& rules);

}  // namespace tresor::cli
