// SPDX-License-Identifier: Apache-2.0
// tresor snapshot export
#include <nlohmann/json.hpp>

#include "backup/export.h"
#include "base/hex.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/hint.h"
#include "cli/invocation.h"
#include "cli/snapshot_source.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

Status RunExport(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  const std::string path = arguments.Text("out");
  SourceOpener opener(invocation);
  ASSIGN_OR_RETURN(const auto opened, opener.Open(arguments.positionals()[0]));
  backup::ExportOptions options;
  options.fs = &invocation.host().file_system;
  options.progress = DrawProgress(invocation);
  const Result<backup::ExportResult> result =
      backup::Export(invocation.context(), opened->source(), path, options);
  invocation.progress().Clear();
  if (!result.ok()) {
    const std::string tried = fmt::format("exporting {} to {}", opened->name(), path);
    const Code code = result.status().code();
    if (code == Code::kDataLoss || code == Code::kAborted) {
      return SourceError(invocation, *opened, result.status(), tried);
    }
    invocation.Hint(TargetHint(result.status()));
    return Annotate(result.status(), tried);
  }
  if (invocation.json()) {
    invocation.PrintJson({{"source", opened->name()},
                          {"file", path},
                          {"fileBytes", result->file_bytes},
                          {"sha256", ToHex(ByteView(result->sha256))},
                          {"records", result->records},
                          {"hashKv", HashJson(result->hash_kv)}});
    return OkStatus();
  }
  Sheet sheet;
  sheet.Add("exported", opened->name());
  sheet.Add("file", fmt::format("{}, {}", path, FormatSize(result->file_bytes)));
  sheet.Add("sha256", ToHex(ByteView(result->sha256)));
  sheet.Add("records", FormatCount(result->records));
  sheet.Add("hashkv", HashText(result->hash_kv));
  sheet.Print(invocation.out());
  return OkStatus();
}

}  // namespace

Command SnapshotExportCommand() {
  Command command = {
      .name = "export",
      .summary = "write a backup as a plain snapshot file",
      .description =
          "Writes the file that `etcdutl snapshot restore` and `status` take: every bucket's keys, "
          "values and order as "
          "the source had them, packed as after a defragmentation, and its SHA-256. HashKV is that "
          "of the backup; the "
          "bytes are not those that etcd sent.",
      .flags = SourceFlags(),
      .positionals = {SourcePositional()},
      .environment = {PassphraseVariable()},
      .examples = {{"hand a backup to etcdutl",
                    "tresor snapshot export latest --repo /backup/prod --out /tmp/etcd.db"}},
      .run = RunExport,
  };
  command.flags.push_back({.name = "out",
                           .kind = ValueKind::kFile,
                           .value_name = "FILE",
                           .help = "file to write; it must not be there yet",
                           .required = true});
  return command;
}

}  // namespace tresor::cli
