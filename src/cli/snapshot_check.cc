// SPDX-License-Identifier: Apache-2.0
// tresor snapshot check
#include <utility>

#include <nlohmann/json.hpp>

#include "backup/check.h"
#include "backup/verify.h"
#include "base/hex.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/invocation.h"
#include "cli/snapshot_source.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

/// What was found just now.
repo::Evidence Found(const Invocation& invocation, std::string check, repo::EvidenceResult result,
                     std::string detail) {
  return {.check = std::move(check),
          .result = result,
          .detail = std::move(detail),
          .time_unix_nanos = ToUnixNanos(invocation.now())};
}

/// Backups are proven by what was recorded of them: records, their CRC and HashKV.
Result<std::vector<repo::Evidence>> CheckBackup(Invocation& invocation,
                                                const OpenedSource& opened) {
  backup::VerifyOptions options;
  options.progress = DrawProgress(invocation);
  const Result<backup::VerifyResult> result =
      backup::Verify(invocation.context(), opened.source(), options);
  invocation.progress().Clear();
  if (!result.ok()) {
    return SourceError(invocation, opened, result.status(), "checking " + opened.name());
  }
  using enum repo::EvidenceResult;
  return std::vector<repo::Evidence>{
      Found(
          invocation, "records", kPassed,
          fmt::format("{}, {}, crc32c {:08x}, as recorded", FormatCount(result->records, "record"),
                      FormatSize(result->record_bytes), result->records_crc32c)),
      Found(invocation, "buckets", kPassed,
            FormatCount(result->bucket_pairs, "pair") + " of the other buckets"),
      Found(invocation, "hashkv", kPassed, HashText(result->hash_kv) + ", as recorded"),
  };
}

/// A file is proven by its hash and its structure; HashKV is shown, for there is nothing to compare
/// it with.
Result<std::vector<repo::Evidence>> CheckFile(Invocation& invocation, const OpenedSource& opened) {
  using enum repo::EvidenceResult;
  const backup::SnapshotFile& file = *opened.file();
  std::vector<repo::Evidence> evidence;
  evidence.push_back(file.hash_checked()
                         ? Found(invocation, "sha256", kPassed, ToHex(ByteView(file.sha256())))
                         : Found(invocation, "sha256", kUnproven, "not compared"));
  backup::CheckOptions options;
  options.progress = DrawProgress(invocation);
  const Result<backup::SnapshotFacts> facts =
      backup::CheckSnapshot(invocation.context(), file.image(), options);
  invocation.progress().Clear();
  if (!facts.ok()) {
    return SourceError(invocation, opened, facts.status(), "checking " + opened.name());
  }
  evidence.push_back(Found(
      invocation, "structure", kPassed,
      fmt::format(
          "{}, {} in {}", FormatCount(facts->walk.branch_pages + facts->walk.leaf_pages, "page"),
          FormatCount(facts->walk.pairs, "pair"), FormatCount(facts->walk.buckets, "bucket"))));
  evidence.push_back(Found(invocation, "hashkv", kUnproven,
                           HashText(facts->hash_kv) + ", nothing to compare it with"));
  return evidence;
}

Status RunCheck(Invocation& invocation) {
  SourceOpener opener(invocation);
  ASSIGN_OR_RETURN(const auto opened,
                   opener.Open(invocation.arguments().positionals()[0],
                               invocation.arguments().Switch("skip-hash-check")));
  const repo::BackupDetails* details = opened->details();
  ASSIGN_OR_RETURN(const std::vector<repo::Evidence> found, details != nullptr
                                                                ? CheckBackup(invocation, *opened)
                                                                : CheckFile(invocation, *opened));
  const std::vector<repo::Evidence> recorded =
      details != nullptr ? details->description.evidence : std::vector<repo::Evidence>{};
  if (invocation.json()) {
    invocation.PrintJson({{"source", opened->name()},
                          {"result", EvidenceWord(WorstOf(found))},
                          {"checks", EvidenceJson(found)},
                          {"recordedChecks", EvidenceJson(recorded)}});
  } else {
    PrintEvidence(invocation, found);
    if (!recorded.empty()) {
      invocation.out() << "\nrecorded when it was taken:\n";
      PrintEvidence(invocation, recorded);
    }
  }
  if (!recorded.empty() && WorstOf(recorded) == repo::EvidenceResult::kFailed) {
    invocation.Hint(
        "what is stored is what the member had; another member had something else at that "
        "revision");
    return Error(Code::kDataLoss, "checking {}: a check failed when it was taken", opened->name());
  }
  return OkStatus();
}

}  // namespace

Command SnapshotCheckCommand() {
  Command command = {
      .name = "check",
      .summary = "read a backup or a snapshot file whole, and prove it",
      .description =
          "Reads everything that a restore would read and computes the evidence anew: of a backup "
          "the number of records, "
          "their CRC and HashKV, compared with what was recorded; of a file its SHA-256, the "
          "structure of the database "
          "and HashKV. Writes nothing. The exit code is 4 when something is wrong, also when a "
          "check had failed when "
          "the backup was taken.",
      .flags = SourceFlags(),
      .positionals = {SourcePositional()},
      .environment = {PassphraseVariable()},
      .examples = {{"the newest backup", "tresor snapshot check latest --repo /backup/prod"},
                   {"a packed file", "tresor snapshot check ./etcd.db.gz"}},
      .run = RunCheck,
  };
  command.flags.push_back(
      {.name = "skip-hash-check",
       .help = "of a file: take it without comparing its hash, or without one"});
  return command;
}

}  // namespace tresor::cli
