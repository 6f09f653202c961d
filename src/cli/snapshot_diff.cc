// SPDX-License-Identifier: Apache-2.0
// tresor snapshot diff
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "backup/browse.h"
#include "cli/commands.h"
#include "cli/json_list.h"
#include "cli/key_json.h"
#include "cli/key_selection.h"
#include "cli/snapshot_source.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

using backup::Change;

std::string_view ChangeWord(Change change) {
  return change == Change::kAdded ? "added" : change == Change::kRemoved ? "removed" : "changed";
}

std::string Mark(const Invocation& invocation, Change change) {
  using Tone = Invocation::Tone;
  switch (change) {
    case Change::kAdded:
      return invocation.Paint(Tone::kGood, "+");
    case Change::kRemoved:
      return invocation.Paint(Tone::kBad, "-");
    case Change::kChanged:
      break;
  }
  return invocation.Paint(Tone::kDoubtful, "~");
}

/// A side of the comparison, and what of it is shown.
class Side {
 public:
  Side(Invocation& invocation, const OpenedSource& opened)
      : invocation_(invocation), opened_(opened) {}
  /// None when the key is not on this side, or values are not asked for.
  Result<std::optional<Bytes>> Value(const std::optional<backup::LiveKey>& key) const {
    if (!key || !invocation_.arguments().Switch("values")) {
      return std::optional<Bytes>();
    }
    ASSIGN_OR_RETURN(backup::KeyState state,
                     backup::GetKey(invocation_.context(), opened_.source(), key->key));
    return std::optional<Bytes>(std::move(state.value));
  }

 private:
  Invocation& invocation_;
  const OpenedSource& opened_;
};

Json SideJson(const std::optional<backup::LiveKey>& key, const std::optional<Bytes>& value) {
  if (!key) {
    return nullptr;
  }
  Json json = KeyJson(*key);
  json.erase("key");
  json.erase("keyBase64");
  if (value) {
    AddValueTo(json, *value);
  }
  return json;
}

void PrintValue(Invocation& invocation, std::string_view mark, const std::optional<Bytes>& value) {
  if (!value) {
    return;
  }
  std::string_view text;
  const std::string rendered = RenderValue(*value);
  text = rendered;
  while (!text.empty()) {
    const auto end = text.find('\n');
    invocation.out() << "    " << mark << ' ' << text.substr(0, end) << '\n';
    text.remove_prefix(end + 1);
  }
}

void PrintDifference(Invocation& invocation, const backup::Difference& difference,
                     const std::optional<Bytes>& before, const std::optional<Bytes>& after) {
  std::string revisions;
  if (difference.before && difference.after) {
    revisions = fmt::format("revision {} -> {}", difference.before->record.main,
                            difference.after->record.main);
  } else {
    revisions = fmt::format(
        "revision {}", (difference.after ? *difference.after : *difference.before).record.main);
  }
  invocation.out() << Mark(invocation, difference.change) << ' '
                   << Escape(AsBytes(difference.key())) << "  (" << revisions << ")\n";
  PrintValue(invocation, "-", before);
  PrintValue(invocation, "+", after);
}

Status PrintAll(Invocation& invocation, const std::vector<backup::Difference>& differences,
                const Side& left, const Side& right) {
  std::unique_ptr<JsonList> list;
  if (invocation.json()) {
    list = std::make_unique<JsonList>(invocation.out());
  }
  for (const backup::Difference& difference : differences) {
    ASSIGN_OR_RETURN(const std::optional<Bytes> before, left.Value(difference.before));
    ASSIGN_OR_RETURN(const std::optional<Bytes> after, right.Value(difference.after));
    if (invocation.json()) {
      Json json = Json::object();
      AddKeyTo(json, difference.key());
      json["change"] = ChangeWord(difference.change);
      json["before"] = SideJson(difference.before, before);
      json["after"] = SideJson(difference.after, after);
      list->Add(json);
    } else {
      PrintDifference(invocation, difference, before, after);
    }
  }
  return OkStatus();
}

Status RunDiff(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  ASSIGN_OR_RETURN(const backup::KeyFilter filter, ReadKeySelection(arguments));
  SourceOpener opener(invocation);
  ASSIGN_OR_RETURN(const auto before, opener.Open(arguments.positionals()[0], true));
  ASSIGN_OR_RETURN(const auto after, opener.Open(arguments.positionals()[1], true));
  const std::string tried = fmt::format("comparing {} with {}", before->name(), after->name());
  const Result<std::vector<backup::Difference>> differences =
      backup::DiffKeys(invocation.context(), before->source(), after->source(), filter);
  if (!differences.ok()) {
    return SourceError(invocation, *before, differences.status(), tried);
  }
  RETURN_IF_ERROR(Annotate(
      PrintAll(invocation, *differences, Side(invocation, *before), Side(invocation, *after)),
      tried));
  std::array<std::size_t, 3> counts{};
  for (const backup::Difference& difference : *differences) {
    ++counts[static_cast<std::size_t>(difference.change)];
  }
  invocation.Say(fmt::format("{} added, {} changed, {} removed",
                             counts[static_cast<std::size_t>(Change::kAdded)],
                             counts[static_cast<std::size_t>(Change::kChanged)],
                             counts[static_cast<std::size_t>(Change::kRemoved)]));
  return OkStatus();
}

}  // namespace

Command SnapshotDiffCommand() {
  Command command = {
      .name = "diff",
      .summary = "show what changed between two backups or snapshot files",
      .description =
          "Shows the keys that were added (+), changed (~) or removed (-) from the first to the "
          "second, in key order. A "
          "key that was written again with another revision counts as changed.",
      .flags = SourceFlags(),
      .positionals = {{.name = "BEFORE",
                       .help = "a backup of the repository (an id, or latest), or a file",
                       .kind = ValueKind::kFile},
                      {.name = "AFTER", .help = "likewise", .kind = ValueKind::kFile}},
      .environment = {PassphraseVariable()},
      .examples = {{"secrets that changed since a backup",
                    "tresor snapshot diff 3f2a90c1 latest --kind secrets"},
                   {"a backup against a file, with values",
                    "tresor snapshot diff latest ./etcd.db --values --prefix /app/"}},
      .run = RunDiff,
  };
  const std::vector<Flag> selection = KeySelectionFlags();
  command.flags.insert(command.flags.end(), selection.begin(), selection.end());
  command.flags.push_back({.name = "values", .help = "show the values too"});
  return command;
}

}  // namespace tresor::cli
