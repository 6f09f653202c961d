// SPDX-License-Identifier: Apache-2.0
#include "cli/forget_plan.h"

#include <algorithm>

namespace tresor::cli {
namespace {

template <typename T>
bool Contains(const std::vector<T>& list, const T& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// The newest of `backups` with this result.
const repo::BackupInfo* Newest(const std::vector<repo::BackupInfo>& backups,
                               repo::EvidenceResult result) {
  const auto found =
      std::find_if(backups.rbegin(), backups.rend(),
                   [&](const repo::BackupInfo& info) { return info.evidence == result; });
  return found == backups.rend() ? nullptr : &*found;
}

bool IsWanted(const repo::BackupInfo& info, std::size_t newer, const ForgetRules& rules) {
  if (!rules.ids.empty()) {
    return !Contains(rules.ids, info.id);
  }
  const bool tagged = std::any_of(info.tags.begin(), info.tags.end(), [&](const std::string& tag) {
    return Contains(rules.keep_tags, tag);
  });
  return tagged || !rules.keep_last || newer < *rules.keep_last;
}

}  // namespace

Result<ForgetPlan> PlanForget(const std::vector<repo::BackupInfo>& backups,
                              const ForgetRules& rules) {
  const repo::BackupInfo* good = Newest(backups, repo::EvidenceResult::kPassed);
  if (good == nullptr) {
    good = Newest(backups, repo::EvidenceResult::kUnproven);
  }
  ForgetPlan plan;
  bool good_remains = false;
  for (std::size_t i = 0; i < backups.size(); ++i) {
    const repo::BackupInfo& info = backups[i];
    const bool wanted = IsWanted(info, backups.size() - 1 - i, rules);
    (wanted ? plan.keep : plan.remove).push_back(info);
    good_remains = good_remains || (wanted && good != nullptr && info.evidence == good->evidence);
  }
  if (good == nullptr || good_remains || rules.force) {
    return plan;
  }
  if (!rules.ids.empty()) {
    return Error(Code::kFailedPrecondition, "backup {} is the last good one", good->id.Short());
  }
  std::erase_if(plan.remove, [&](const repo::BackupInfo& info) { return info.id == good->id; });
  plan.keep.push_back(*good);
  plan.spared = *good;
  return plan;
}

}  // namespace tresor::cli
