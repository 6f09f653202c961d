// SPDX-License-Identifier: Apache-2.0
// tresor snapshot get
#include <algorithm>
#include <map>
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

void PrintState(Invocation& invocation, const backup::KeyState& state) {
  const backup::LiveKey& key = state.key;
  invocation.out() << fmt::format("{}  (revision {}, version {}, {})\n", Escape(AsBytes(key.key)),
                                  key.record.main, key.version, FormatSize(key.value_bytes))
                   << RenderValue(state.value);
}

Json StateJson(const backup::KeyState& state) {
  Json json = KeyJson(state.key);
  AddValueTo(json, state.value);
  return json;
}

Status PrintStates(Invocation& invocation, const std::vector<backup::KeyState>& states) {
  if (invocation.arguments().Switch("raw")) {
    if (states.size() != 1) {
      return Error(Code::kInvalidArgument, "--raw writes one value, and {} keys were found",
                   states.size());
    }
    invocation.out() << AsText(states.front().value);
    return OkStatus();
  }
  if (invocation.json()) {
    JsonList list(invocation.out());
    for (const backup::KeyState& state : states) {
      list.Add(StateJson(state));
    }
    return OkStatus();
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    invocation.out() << (i > 0 ? "\n" : "");
    PrintState(invocation, states[i]);
  }
  return OkStatus();
}

/// The keys that were named, in that order.
Result<std::vector<backup::KeyState>> GetNamed(Invocation& invocation, const OpenedSource& opened,
                                               const std::vector<std::string>& keys) {
  const auto revision = static_cast<std::int64_t>(invocation.arguments().Integer("revision"));
  std::vector<backup::KeyState> states;
  for (const std::string& key : keys) {
    Result<backup::KeyState> state =
        backup::GetKey(invocation.context(), opened.source(), key, revision);
    if (!state.ok()) {
      const Status status =
          SourceError(invocation, opened, state.status(), "reading a key of " + opened.name());
      if (status.code() == Code::kNotFound) {
        invocation.Hint(
            "`tresor snapshot ls` shows the keys that are there, `get --all-revisions` what became "
            "of one");
      }
      return status;
    }
    states.push_back(*std::move(state));
  }
  return states;
}

/// The keys that are selected, in key order: first which, then their values.
Result<std::vector<backup::KeyState>> GetSelected(Invocation& invocation,
                                                  const OpenedSource& opened,
                                                  const backup::KeyFilter& filter) {
  const Context& context = invocation.context();
  ASSIGN_OR_RETURN(std::vector<backup::LiveKey> keys,
                   backup::ListKeys(context, opened.source(), filter));
  if (invocation.arguments().Has("limit")) {
    keys.resize(std::min<std::size_t>(keys.size(), invocation.arguments().Integer("limit")));
  }
  std::map<std::string, Bytes, std::less<>> values;
  for (const backup::LiveKey& key : keys) {
    values[key.key];
  }
  const backup::KeyFilter wanted{.prefix = filter.prefix, .matches = [&](std::string_view key) {
                                   return values.contains(key);
                                 }};
  RETURN_IF_ERROR(
      backup::ForEachLive(context, opened.source(), wanted, [&](const etcd::KeyValue& key_value) {
        if (const auto found = values.find(AsText(key_value.key)); found != values.end()) {
          found->second = ToBytes(key_value.value);
        }
        return OkStatus();
      }));
  std::vector<backup::KeyState> states;
  for (backup::LiveKey& key : keys) {
    Bytes value = std::move(values[key.key]);
    states.push_back({.key = std::move(key), .value = std::move(value)});
  }
  return states;
}

/// Every record of one key that is in the backup, deletions too.
Status PrintHistory(Invocation& invocation, const OpenedSource& opened, const std::string& key) {
  const std::string tried = "reading the history of a key of " + opened.name();
  const Result<repo::RecordBatch> batch =
      opened.source().Lookup(invocation.context(), AsBytes(key));
  if (!batch.ok()) {
    return SourceError(invocation, opened, batch.status(), tried);
  }
  if (batch->records.empty()) {
    return Error(Code::kNotFound, "{}: no record of key {}", tried, Escape(AsBytes(key)));
  }
  std::unique_ptr<JsonList> list;
  if (invocation.json()) {
    list = std::make_unique<JsonList>(invocation.out());
  }
  for (const repo::Record& record : batch->records) {
    const Result<etcd::KeyValue> decoded = etcd::DecodeKeyValue(record.value);
    if (!decoded.ok()) {
      return SourceError(invocation, opened, decoded.status(), tried);
    }
    const backup::KeyState state{.key = {.key = key,
                                         .record = record.key,
                                         .create_revision = decoded->create_revision,
                                         .version = decoded->version,
                                         .lease = decoded->lease,
                                         .value_bytes = decoded->value.size()},
                                 .value = ToBytes(decoded->value)};
    if (invocation.json()) {
      Json json = StateJson(state);
      json["deleted"] = record.key.tombstone;
      list->Add(json);
    } else if (record.key.tombstone) {
      invocation.out() << fmt::format("{}  (revision {}, deleted)\n", Escape(AsBytes(key)),
                                      record.key.main);
    } else {
      PrintState(invocation, state);
    }
  }
  return OkStatus();
}

Status RunGet(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  const std::vector<std::string> keys(arguments.positionals().begin() + 1,
                                      arguments.positionals().end());
  const bool selected = arguments.Has("prefix") || arguments.Has("kind") ||
                        arguments.Has("namespace") || arguments.Has("name");
  if (keys.empty() != selected) {
    return Error(Code::kInvalidArgument, "give either keys, or --prefix or --kind");
  }
  const bool history = arguments.Switch("all-revisions");
  if (history && (keys.size() != 1 || arguments.Switch("raw"))) {
    return Error(Code::kInvalidArgument, "--all-revisions takes one key, and no --raw");
  }
  if (selected && arguments.Has("revision")) {
    return Error(Code::kInvalidArgument, "--revision takes keys, not --prefix or --kind");
  }
  ASSIGN_OR_RETURN(const backup::KeyFilter filter, ReadKeySelection(arguments));
  SourceOpener opener(invocation);
  ASSIGN_OR_RETURN(const auto opened, opener.Open(arguments.positionals()[0], true));
  if (history) {
    return PrintHistory(invocation, *opened, keys[0]);
  }
  Result<std::vector<backup::KeyState>> states =
      selected ? GetSelected(invocation, *opened, filter) : GetNamed(invocation, *opened, keys);
  if (!states.ok()) {
    return selected ? SourceError(invocation, *opened, states.status(),
                                  "reading keys of " + opened->name())
                    : states.status();
  }
  if (states->empty()) {
    return Error(Code::kNotFound, "reading keys of {}: no such keys", opened->name());
  }
  return PrintStates(invocation, *states);
}

}  // namespace

Command SnapshotGetCommand() {
  Command command = {
      .name = "get",
      .summary = "show keys of a backup or a snapshot file with their values",
      .description =
          "Shows the keys that are named, or all that --prefix or --kind select. A value that is "
          "JSON is set out in "
          "lines; of a Kubernetes object in protobuf form its kind, name and times are shown; "
          "other binary values as "
          "hexadecimal. --raw writes the bytes of one value as they are. The values that are "
          "selected are held in "
          "memory.",
      .flags = SourceFlags(),
      .positionals =
          {SourcePositional(),
           {.name = "KEY", .help = "an etcd key, whole", .required = false, .repeatable = true}},
      .environment = {PassphraseVariable()},
      .examples = {{"one object",
                    "tresor snapshot get latest --kind secret --namespace prod --name db"},
                   {"its bytes",
                    "tresor snapshot get latest /registry/secrets/prod/db --raw > db.pb"},
                   {"what became of a key",
                    "tresor snapshot get latest /registry/configmaps/prod/app --all-revisions"}},
      .run = RunGet,
  };
  const std::vector<Flag> selection = KeySelectionFlags();
  command.flags.insert(command.flags.end(), selection.begin(), selection.end());
  const std::vector<Flag> own = {
      {.name = "limit",
       .kind = ValueKind::kInteger,
       .value_name = "N",
       .help = "show only the first N"},
      {.name = "revision",
       .kind = ValueKind::kInteger,
       .value_name = "N",
       .help = "the value that the key had at this revision; 0: the backup's",
       .default_text = "0"},
      {.name = "all-revisions",
       .help = "every record of one key that the backup has, deletions too"},
      {.name = "raw", .help = "the value's bytes, and nothing else"},
  };
  command.flags.insert(command.flags.end(), own.begin(), own.end());
  return command;
}

}  // namespace tresor::cli
