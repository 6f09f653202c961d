// SPDX-License-Identifier: Apache-2.0
// tresor repo check
#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/repository_access.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

Json ReportJson(const repo::CheckReport& report) {
  Json findings = Json::array();
  for (const repo::Finding& finding : report.findings) {
    Json backups = Json::array();
    for (const repo::Id& id : finding.backups) {
      backups.push_back(id.ToString());
    }
    findings.push_back({{"object", finding.object},
                        {"code", CodeName(finding.status.code())},
                        {"message", Message(finding.status)},
                        {"fatal", finding.fatal},
                        {"backups", backups}});
  }
  return {{"ok", report.ok()},     {"backups", report.backups}, {"segments", report.segments},
          {"blobs", report.blobs}, {"records", report.records}, {"bytesRead", report.bytes_read},
          {"findings", findings}};
}

void PrintReport(Invocation& invocation, const repo::CheckReport& report, bool read_data) {
  for (const repo::Finding& finding : report.findings) {
    std::string harmed;
    for (const repo::Id& id : finding.backups) {
      harmed += (harmed.empty() ? "; harms " : ", ") + id.Short();
    }
    invocation.out() << (finding.fatal ? invocation.Paint(Invocation::Tone::kBad, "damaged")
                                       : invocation.Paint(Invocation::Tone::kDoubtful, "note"))
                     << ": " << Escape(AsBytes(finding.object)) << ": "
                     << Escape(AsBytes(Message(finding.status))) << harmed << '\n';
  }
  // Records are only counted where they are read.
  const std::string read = read_data
                               ? fmt::format(", {}, {} read", FormatCount(report.records, "record"),
                                             FormatSize(report.bytes_read))
                               : ", their data not read";
  invocation.out() << fmt::format(
      "{}, {}, {}{}: {}\n", FormatCount(report.backups, "backup"),
      FormatCount(report.segments, "segment"), FormatCount(report.blobs, "blob"), read,
      report.ok() ? invocation.Paint(Invocation::Tone::kGood, "no damage")
                  : invocation.Paint(Invocation::Tone::kBad, "damaged"));
}

Status RunCheck(Invocation& invocation) {
  ASSIGN_OR_RETURN(const OpenedRepository opened, OpenRepository(invocation));
  repo::CheckOptions options;
  options.read_data = invocation.arguments().Switch("read-data");
  options.progress = [&](const repo::Progress& progress) {
    invocation.progress().Update("checking", progress.done, progress.total);
  };
  const Result<repo::CheckReport> report = opened.repository->Check(invocation.context(), options);
  if (!report.ok()) {
    return RepositoryError(invocation, report.status(), "checking the repository " + opened.dir);
  }
  invocation.progress().Clear();
  if (invocation.json()) {
    invocation.PrintJson(ReportJson(*report));
  } else {
    PrintReport(invocation, *report, options.read_data);
  }
  if (report->ok()) {
    return OkStatus();
  }
  const auto fatal = std::count_if(report->findings.begin(), report->findings.end(),
                                   [](const repo::Finding& finding) { return finding.fatal; });
  invocation.Hint(
      "backups that are not named above are whole and can be restored; keep a copy of the folder "
      "before anything is "
      "removed from it");
  return Error(Code::kDataLoss, "checking the repository {}: {} damaged or missing", opened.dir,
               FormatCount(static_cast<std::uint64_t>(fatal), "object"));
}

}  // namespace

Command RepoCheckCommand() {
  Command command = {
      .name = "check",
      .summary = "check that every backup can be restored",
      .description =
          "Checks that all objects that backups need are there, open with the repository's key and "
          "agree with each "
          "other. With --read-data every byte is read and opened, and count, CRC and HashKV of "
          "every backup are "
          "computed anew. Findings name the object and the backups that it harms; the exit code is "
          "then 4.",
      .flags = RepositoryFlags(true),
      .environment = {PassphraseVariable()},
      .examples = {{"everything, in a nightly job",
                    "tresor repo check --read-data --repo /backup/prod"}},
      .run = RunCheck,
  };
  command.flags.push_back(
      {.name = "read-data", .help = "read and prove all data, not only the structure"});
  return command;
}

}  // namespace tresor::cli
