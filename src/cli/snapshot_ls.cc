// SPDX-License-Identifier: Apache-2.0
// tresor snapshot ls
#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "backup/browse.h"
#include "base/hex.h"
#include "cli/commands.h"
#include "cli/json_list.h"
#include "cli/key_json.h"
#include "cli/key_selection.h"
#include "cli/snapshot_source.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

void PrintKeys(Invocation& invocation, const std::vector<backup::LiveKey>& keys) {
  if (invocation.arguments().Switch("keys-only")) {
    for (const backup::LiveKey& key : keys) {
      invocation.out() << Escape(AsBytes(key.key)) << '\n';
    }
    return;
  }
  Table table({{"REVISION", Align::kRight},
               {"VERSION", Align::kRight},
               {"SIZE", Align::kRight},
               {"LEASE"},
               {"KEY"}});
  for (const backup::LiveKey& key : keys) {
    table.Add({fmt::format("{}", key.record.main), fmt::format("{}", key.version),
               FormatSize(key.value_bytes),
               key.lease == 0 ? "" : ToHex(static_cast<std::uint64_t>(key.lease)),
               Escape(AsBytes(key.key))});
  }
  table.Print(invocation.out());
}

Status RunLs(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  ASSIGN_OR_RETURN(const backup::KeyFilter filter, ReadKeySelection(arguments));
  SourceOpener opener(invocation);
  ASSIGN_OR_RETURN(const auto opened, opener.Open(arguments.positionals()[0], true));
  Result<std::vector<backup::LiveKey>> keys =
      backup::ListKeys(invocation.context(), opened->source(), filter);
  invocation.progress().Clear();
  if (!keys.ok()) {
    return SourceError(invocation, *opened, keys.status(), "listing the keys of " + opened->name());
  }
  const std::size_t found = keys->size();
  if (arguments.Has("limit")) {
    keys->resize(std::min<std::size_t>(found, arguments.Integer("limit")));
  }
  if (invocation.json()) {
    JsonList list(invocation.out());
    for (const backup::LiveKey& key : *keys) {
      list.Add(KeyJson(key));
    }
  } else {
    PrintKeys(invocation, *keys);
  }
  if (keys->size() < found) {
    invocation.Say(fmt::format("{} of {}", FormatCount(keys->size()), FormatCount(found, "key")));
  } else if (found == 0) {
    invocation.Say("no such keys");
  }
  return OkStatus();
}

}  // namespace

Json KeyJson(const backup::LiveKey& key) {
  Json json = Json::object();
  AddKeyTo(json, key.key);
  json["modRevision"] = key.record.main;
  json["createRevision"] = key.create_revision;
  json["version"] = key.version;
  json["lease"] = key.lease == 0 ? "" : ToHex(static_cast<std::uint64_t>(key.lease));
  json["valueBytes"] = key.value_bytes;
  return json;
}

Command SnapshotListCommand() {
  Command command = {
      .name = "ls",
      .summary = "list the keys of a backup or a snapshot file",
      .description =
          "Lists the keys that have a value at the backup's revision, in key order, with the "
          "revision of their last "
          "change, their version and the size of the value. The keys that are asked for are held "
          "in memory (their bytes "
          "and some 64 more each).",
      .flags = SourceFlags(),
      .positionals = {SourcePositional()},
      .environment = {PassphraseVariable()},
      .examples = {{"pods of a namespace",
                    "tresor snapshot ls latest --kind pods --namespace kube-system"},
                   {"how many objects there are",
                    "tresor snapshot ls latest --prefix /registry/ --keys-only | wc -l"}},
      .run = RunLs,
  };
  const std::vector<Flag> selection = KeySelectionFlags();
  command.flags.insert(command.flags.end(), selection.begin(), selection.end());
  command.flags.push_back({.name = "limit",
                           .kind = ValueKind::kInteger,
                           .value_name = "N",
                           .help = "show only the first N"});
  command.flags.push_back({.name = "keys-only", .help = "only the keys, one a line"});
  return command;
}

}  // namespace tresor::cli
