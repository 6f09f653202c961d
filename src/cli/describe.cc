// SPDX-License-Identifier: Apache-2.0
#include "cli/describe.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "cli/text.h"

namespace tresor::cli {

std::string_view EvidenceWord(repo::EvidenceResult result) {
  switch (result) {
    case repo::EvidenceResult::kPassed:
      return "passed";
    case repo::EvidenceResult::kUnproven:
      return "unproven";
    case repo::EvidenceResult::kFailed:
      return "failed";
  }
  return "unknown";
}

std::string PaintEvidence(const Invocation& invocation, repo::EvidenceResult result) {
  using Tone = Invocation::Tone;
  const Tone tone = result == repo::EvidenceResult::kPassed   ? Tone::kGood
                    : result == repo::EvidenceResult::kFailed ? Tone::kBad
                                                              : Tone::kDoubtful;
  return invocation.Paint(tone, EvidenceWord(result));
}

repo::EvidenceResult WorstOf(const std::vector<repo::Evidence>& evidence) {
  const auto worst =
      std::max_element(evidence.begin(), evidence.end(),
                       [](const auto& a, const auto& b) { return a.result < b.result; });
  return worst == evidence.end() ? repo::EvidenceResult::kUnproven : worst->result;
}

std::string HashText(const repo::HashKv& hash) {
  std::string text = fmt::format("{} at revision {}", hash.hash, hash.revision);
  if (hash.compact_revision >= 0) {
    text += fmt::format(", compacted at {}", hash.compact_revision);
  }
  return text;
}

void PrintEvidence(Invocation& invocation, const std::vector<repo::Evidence>& evidence) {
  // Not a Table: the painted word stands in the middle, and is as wide as it looks.
  std::size_t width = 0;
  for (const repo::Evidence& item : evidence) {
    width = std::max(width, item.check.size());
  }
  invocation.out() << fmt::format("{:<{}}  {:<8}  {}\n", "EVIDENCE",
                                  std::max<std::size_t>(width, 8), "RESULT", "DETAIL");
  for (const repo::Evidence& item : evidence) {
    const std::string padding(8 - std::min<std::size_t>(8, EvidenceWord(item.result).size()), ' ');
    invocation.out() << fmt::format(
        "{:<{}}  {}{}  {}\n", Escape(AsBytes(item.check)), std::max<std::size_t>(width, 8),
        PaintEvidence(invocation, item.result), padding, Escape(AsBytes(item.detail)));
  }
}

Json HashJson(const repo::HashKv& hash) {
  return {
      {"hash", hash.hash}, {"revision", hash.revision}, {"compactRevision", hash.compact_revision}};
}

Json BackupJson(const repo::BackupInfo& info) {
  return {{"id", info.id.ToString()},
          {"completionTime", TimeText(info.completion_unix_nanos)},
          {"revision", info.revision},
          {"clusterId", ToHex(info.cluster_id)},
          {"lineage", info.lineage.ToString()},
          {"hashKv", HashJson(info.hash_kv)},
          {"imageBytes", info.image_bytes},
          {"records", info.records},
          {"recordBytes", info.record_bytes},
          {"addedBytes", info.added_bytes},
          {"evidence", EvidenceWord(info.evidence)},
          {"tags", info.tags}};
}

Json EvidenceJson(const std::vector<repo::Evidence>& evidence) {
  Json list = Json::array();
  for (const repo::Evidence& item : evidence) {
    list.push_back({{"check", item.check},
                    {"result", EvidenceWord(item.result)},
                    {"detail", item.detail},
                    {"time", TimeText(item.time_unix_nanos)}});
  }
  return list;
}

Json SourceJson(const repo::Source& source) {
  return {{"clusterId", ToHex(source.cluster_id)}, {"memberId", ToHex(source.member_id)},
          {"memberName", source.member_name},      {"endpoint", source.endpoint},
          {"etcdVersion", source.etcd_version},    {"pageSizeBytes", source.page_size_bytes},
          {"imageBytes", source.image_bytes},      {"sha256", ToHex(ByteView(source.sha256))}};
}

std::string TimeText(std::int64_t unix_nanos) {
  return unix_nanos == 0 ? "" : FormatTime(FromUnixNanos(unix_nanos));
}

}  // namespace tresor::cli
