// SPDX-License-Identifier: Apache-2.0
// tresor repo keys list|add|remove|passwd
#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/invocation.h"
#include "cli/repository_access.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

Json SlotJson(const repo::KeySlot& slot) {
  return {{"id", slot.id.ToString()}, {"kind", slot.is_passphrase ? "passphrase" : "keyFile"},
          {"label", slot.label},      {"creationTime", TimeText(slot.created_unix_nanos)},
          {"ok", slot.status.ok()},   {"message", Message(slot.status)}};
}

Result<std::vector<repo::KeySlot>> ListSlots(Invocation& invocation,
                                             const OpenedRepository& opened) {
  Result<std::vector<repo::KeySlot>> slots = opened.repository->ListKeys(invocation.context());
  if (!slots.ok()) {
    return RepositoryError(invocation, slots.status(), "listing the keys of " + opened.dir);
  }
  return slots;
}

/// The slot whose id begins with `word`. kNotFound, kInvalidArgument (several).
Result<repo::KeySlot> FindSlot(Invocation& invocation, const OpenedRepository& opened,
                               const std::string& word) {
  ASSIGN_OR_RETURN(const std::vector<repo::KeySlot> slots, ListSlots(invocation, opened));
  std::vector<repo::KeySlot> found;
  std::copy_if(slots.begin(), slots.end(), std::back_inserter(found),
               [&](const repo::KeySlot& slot) { return slot.id.ToString().starts_with(word); });
  if (word.size() < 4 || found.size() > 1) {
    return Error(Code::kInvalidArgument, "key {}: not enough digits to tell which",
                 Escape(AsBytes(word)));
  }
  if (found.empty()) {
    invocation.Hint("`tresor repo keys list` shows the ids");
    return Error(Code::kNotFound, "key {}: the repository {} has no such key",
                 Escape(AsBytes(word)), opened.dir);
  }
  return found.front();
}

Status RunList(Invocation& invocation) {
  ASSIGN_OR_RETURN(const OpenedRepository opened, OpenRepository(invocation));
  ASSIGN_OR_RETURN(const std::vector<repo::KeySlot> slots, ListSlots(invocation, opened));
  if (invocation.json()) {
    Json list = Json::array();
    for (const repo::KeySlot& slot : slots) {
      list.push_back(SlotJson(slot));
    }
    invocation.PrintJson(list);
    return OkStatus();
  }
  Table table({{"ID"}, {"KIND"}, {"CREATED"}, {"LABEL"}, {"STATE"}});
  for (const repo::KeySlot& slot : slots) {
    table.Add({slot.id.Short(), slot.is_passphrase ? "passphrase" : "key file",
               TimeText(slot.created_unix_nanos), Escape(AsBytes(slot.label)),
               slot.status.ok() ? "ok" : Escape(AsBytes(Message(slot.status)))});
  }
  table.Print(invocation.out());
  return OkStatus();
}

Result<repo::KeySlot> AddKey(Invocation& invocation, const OpenedRepository& opened) {
  ASSIGN_OR_RETURN(const repo::Credential credential, ReadNewCredential(invocation));
  Result<repo::KeySlot> slot = opened.repository->AddKey(invocation.context(), credential,
                                                         invocation.arguments().Text("label"));
  if (!slot.ok()) {
    return RepositoryError(invocation, slot.status(), "adding a key to " + opened.dir);
  }
  return slot;
}

Status RunAdd(Invocation& invocation) {
  ASSIGN_OR_RETURN(const OpenedRepository opened, OpenRepository(invocation));
  ASSIGN_OR_RETURN(const repo::KeySlot slot, AddKey(invocation, opened));
  if (invocation.json()) {
    invocation.PrintJson(SlotJson(slot));
  } else {
    invocation.out() << "added key " << slot.id.Short() << '\n';
  }
  return OkStatus();
}

Status RemoveKey(Invocation& invocation, const OpenedRepository& opened,
                 const repo::KeySlot& slot) {
  const Status removed = opened.repository->RemoveKey(invocation.context(), slot.id);
  const std::string tried = fmt::format("removing the key {} of {}", slot.id.Short(), opened.dir);
  if (removed.code() == Code::kFailedPrecondition) {
    ASSIGN_OR_RETURN(const std::vector<repo::KeySlot> slots, ListSlots(invocation, opened));
    if (std::ranges::none_of(slots, [&](const repo::KeySlot& other) {
          return other.id != slot.id && other.status.ok();
        })) {
      invocation.Hint("add another key first");
      return Annotate(removed, tried);
    }
  }
  return RepositoryError(invocation, removed, tried, true);
}

Status RunRemove(Invocation& invocation) {
  ASSIGN_OR_RETURN(const OpenedRepository opened, OpenRepository(invocation));
  ASSIGN_OR_RETURN(const repo::KeySlot slot,
                   FindSlot(invocation, opened, invocation.arguments().positionals()[0]));
  RETURN_IF_ERROR(RemoveKey(invocation, opened, slot));
  if (invocation.json()) {
    invocation.PrintJson(SlotJson(slot));
  } else {
    invocation.out() << "removed key " << slot.id.Short() << '\n';
  }
  return OkStatus();
}

/// A new key, then the old one away: in between both open, and never none.
Status RunPasswd(Invocation& invocation) {
  ASSIGN_OR_RETURN(const OpenedRepository opened, OpenRepository(invocation));
  ASSIGN_OR_RETURN(const repo::KeySlot old,
                   FindSlot(invocation, opened, invocation.arguments().positionals()[0]));
  ASSIGN_OR_RETURN(const repo::KeySlot slot, AddKey(invocation, opened));
  if (const Status removed = RemoveKey(invocation, opened, old); !removed.ok()) {
    return Annotate(removed, fmt::format("the new key {} was added, but the old one is still there",
                                         slot.id.Short()));
  }
  if (invocation.json()) {
    invocation.PrintJson({{"added", SlotJson(slot)}, {"removed", SlotJson(old)}});
  } else {
    invocation.out() << "added key " << slot.id.Short() << ", removed key " << old.id.Short()
                     << '\n';
  }
  invocation.Say(
      "Whoever has an old copy of the folder and the old passphrase can still read what is in it.");
  return OkStatus();
}

Command KeyCommand(std::string name, std::string summary, std::string description, bool adds,
                   bool names_one, Example example, std::function<Status(Invocation&)> run) {
  Command command = {.name = std::move(name),
                     .summary = std::move(summary),
                     .description = std::move(description),
                     .flags = RepositoryFlags(true),
                     .environment = {PassphraseVariable()},
                     .examples = {std::move(example)},
                     .run = std::move(run)};
  if (adds) {
    const std::vector<Flag> more = NewCredentialFlags();
    command.flags.insert(command.flags.end(), more.begin(), more.end());
  }
  if (names_one) {
    command.flags.push_back(LockWaitFlag());
    command.positionals = {
        {.name = "ID", .help = "the key's id, or its first digits (at least 4)"}};
  }
  return command;
}

}  // namespace

Command RepoKeysCommand() {
  return {
      .name = "keys",
      .summary = "list, add, remove and change the keys that open a repository",
      .description =
          "Every key slot has a passphrase or a key file of its own; any of them opens the "
          "repository. Removing one "
          "takes effect at once, but not on copies of the folder that were made before.",
      .examples = {{"a second way in",
                    "tresor repo keys add --repo /backup/prod --new-key-file /etc/tresor/key"}},
      .subcommands =
          {
              KeyCommand("list", "list the keys", "", false, false,
                         {"the keys", "tresor repo keys list --repo /backup/prod"}, RunList),
              KeyCommand(
                  "add", "add a key",
                  "The present passphrase or key file opens; the new one is asked for twice.", true,
                  false,
                  {"a key file for the nightly job",
                   "tresor repo keys add --repo /backup/prod --new-key-file /etc/tresor/key "
                   "--label nightly"},
                  RunAdd),
              KeyCommand("remove", "remove a key",
                         "The last key that opens the repository cannot be removed.", false, true,
                         {"by id", "tresor repo keys remove 5c0e --repo /backup/prod"}, RunRemove),
              KeyCommand(
                  "passwd", "put a new passphrase or key file in the place of a key",
                  "Adds the new key, then removes the one that is named.", true, true,
                  {"change a passphrase", "tresor repo keys passwd 5c0e --repo /backup/prod"},
                  RunPasswd),
          },
  };
}

}  // namespace tresor::cli
