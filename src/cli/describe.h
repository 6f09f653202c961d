// SPDX-License-Identifier: Apache-2.0
// Backups and evidence as tables and as JSON. The JSON fields: docs/cli.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/invocation.h"
#include "repo/repository.h"

namespace tresor::cli {

[[nodiscard]] std::string_view EvidenceWord(repo::EvidenceResult result);
/// EvidenceWord, painted.
[[nodiscard]] std::string PaintEvidence(const Invocation& invocation, repo::EvidenceResult result);
/// The worst of them; unproven when there is none.
[[nodiscard]] repo::EvidenceResult WorstOf(const std::vector<repo::Evidence>& evidence);
/// 8 hex digits, and the revisions it is of.
[[nodiscard]] std::string HashText(const repo::HashKv& hash);

/// "evidence:" and a table, on standard output.
void PrintEvidence(Invocation& invocation, const std::vector<repo::Evidence>& evidence);

[[nodiscard]] Json BackupJson(const repo::BackupInfo& info);
[[nodiscard]] Json HashJson(const repo::HashKv& hash);
[[nodiscard]] Json EvidenceJson(const std::vector<repo::Evidence>& evidence);
[[nodiscard]] Json SourceJson(const repo::Source& source);
/// RFC 3339; empty for 0.
[[nodiscard]] std::string TimeText(std::int64_t unix_nanos);

}  // namespace tresor::cli
