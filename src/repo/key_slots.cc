// SPDX-License-Identifier: Apache-2.0
#include "repo/key_slots.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "repo/format/config.h"
#include "repo/format/key_slot.h"
#include "repo/format/names.h"

namespace tresor::repo {
namespace {

constexpr std::size_t kMinKeyFileSize = 16;
// A slot or config that is larger is damaged; read a little more than it may have, to say so.
constexpr std::uint64_t kReadLimit = 4096;

// Control characters in a label would let it draw on somebody's terminal.
Status CheckLabel(std::string_view label) {
  if (label.size() > kMaxLabelSize) {
    return Error(Code::kInvalidArgument, "a key's label has at most {} bytes", kMaxLabelSize);
  }
  std::size_t continuation = 0;
  for (const char c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) == 0x80) {
      if (continuation == 0) {
        return Error(Code::kInvalidArgument, "the key's label is not UTF-8");
      }
      --continuation;
      continue;
    }
    if (continuation != 0 || byte < 0x20 || byte == 0x7f || byte > 0xf4 || byte == 0xc0 ||
        byte == 0xc1) {
      return Error(Code::kInvalidArgument,
                   "the key's label is not UTF-8, or has control characters");
    }
    continuation = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
  }
  if (continuation != 0) {
    return Error(Code::kInvalidArgument, "the key's label is not UTF-8");
  }
  return OkStatus();
}

Status CheckNewCredential(const Credential& credential) {
  if (const auto* passphrase = std::get_if<Passphrase>(&credential)) {
    return passphrase->text.empty() ? Error(Code::kInvalidArgument, "the passphrase is empty")
                                    : OkStatus();
  }
  const std::size_t size = std::get<KeyFile>(credential).content.size();
  return size < kMinKeyFileSize
             ? Error(Code::kInvalidArgument, "the key file has {} bytes; it needs at least {}",
                     size, kMinKeyFileSize)
             : OkStatus();
}

KeySlotKind KindOf(const Credential& credential) {
  return std::holds_alternative<Passphrase>(credential) ? KeySlotKind::kPassphrase
                                                        : KeySlotKind::kKeyFile;
}

Result<crypto::SecretKey> KeyEncryptionKey(const KeySlotHead& head, const Credential& credential) {
  if (const auto* passphrase = std::get_if<Passphrase>(&credential)) {
    return crypto::DeriveFromPassphrase(passphrase->text, head.salt, head.argon2);
  }
  ASSIGN_OR_RETURN(const auto file, crypto::SecretKey::FromBytes(
                                        crypto::Sha256::Of(std::get<KeyFile>(credential).content)));
  ByteWriter info;
  info.Append("tresor key file v1");
  info.Append(ByteView(head.salt));
  return file.Derive(info.view());
}

KeySlot Describe(const Id& id, const KeySlotHead& head) {
  return {.id = id,
          .is_passphrase = head.kind == KeySlotKind::kPassphrase,
          .label = head.label,
          .created_unix_nanos = head.created_unix_nanos,
          .status = OkStatus()};
}

Result<Config> ReadConfig(const Context& context, blob::BlobReader& store) {
  auto bytes = store.GetAll(context, kConfigName, kReadLimit);
  if (bytes.status().code() == Code::kNotFound) {
    return Error(Code::kNotFound, "there is no repository: object '{}' is missing", kConfigName);
  }
  if (bytes.status().code() == Code::kResourceExhausted) {
    return Error(Code::kDataLoss, "{}: too large", kConfigName);
  }
  if (!bytes.ok()) {
    return bytes.status();
  }
  auto config = DecodeConfig(*bytes);
  return config.ok() ? config : Annotate(config.status(), kConfigName);
}

// Reads a slot's bytes. Damage is kDataLoss.
Result<Bytes> ReadSlot(const Context& context, blob::BlobReader& store, const std::string& name) {
  auto bytes = store.GetAll(context, name, kReadLimit);
  if (bytes.status().code() == Code::kResourceExhausted) {
    return Error(Code::kDataLoss, "too large");
  }
  return bytes;
}

// Opens one slot; kNotFound: it is for another kind of credential.
Result<crypto::SecretKey> TrySlot(const Context& context, blob::BlobReader& store,
                                  const std::string& name, const Id& repository,
                                  const Credential& credential) {
  ASSIGN_OR_RETURN(const Bytes slot, ReadSlot(context, store, name));
  ASSIGN_OR_RETURN(const KeySlotHead head, DecodeKeySlotHead(slot));
  if (head.kind != KindOf(credential)) {
    return Error(Code::kNotFound, "another kind of key");
  }
  ASSIGN_OR_RETURN(const auto key, KeyEncryptionKey(head, credential));
  return UnwrapMasterKey(slot, repository, key);
}

Result<KeySlot> PutSlot(const Context& context, blob::BlobWriter& store, const KeyRing& keys,
                        const Credential& credential, std::string_view label,
                        const NewKeyOptions& options) {
  RETURN_IF_ERROR(CheckNewCredential(credential));
  RETURN_IF_ERROR(CheckLabel(label));
  KeySlotHead head{.kind = KindOf(credential),
                   .argon2 = options.argon2,
                   .salt = {},
                   .created_unix_nanos = ToUnixNanos(context.clock().Now()),
                   .label = std::string(label)};
  options.random->Fill(head.salt);
  ASSIGN_OR_RETURN(const auto key, KeyEncryptionKey(head, credential));
  const Bytes slot = WrapMasterKey(head, keys.repository(), key, keys.master());
  const Id id = keys.KeySlotId(slot);
  RETURN_IF_ERROR(store.Put(context, KeyName(id), slot));
  return Describe(id, head);
}

}  // namespace

Status InitRepository(const Context& context, blob::BlobWriter& store, const Credential& credential,
                      std::string_view label, const NewKeyOptions& options) {
  const auto exists = [] {
    return Error(Code::kAlreadyExists, "there is a repository already: it has an object '{}'",
                 kConfigName);
  };
  ASSIGN_OR_RETURN(const auto blobs, store.List(context, ""));
  for (const blob::BlobInfo& blob : blobs) {
    if (blob.name == kConfigName) {
      return exists();
    }
  }
  for (const blob::BlobInfo& blob : blobs) {
    // An init that was cut short leaves a key.
    if (!blob.name.starts_with(kKeysPrefix)) {
      return Error(Code::kFailedPrecondition, "the place of a new repository is not empty: '{}'",
                   blob.name);
    }
  }
  const KeyRing keys(crypto::SecretKey::Generate(*options.random), MakeId(*options.random));
  RETURN_IF_ERROR(PutSlot(context, store, keys, credential, label, options).status());
  const Status put =
      store.Put(context, kConfigName, EncodeConfig({.repository = keys.repository()}));
  return put.code() == Code::kAlreadyExists ? exists() : put;
}

Result<KeyRing> Unlock(const Context& context, blob::BlobReader& store,
                       const Credential& credential) {
  ASSIGN_OR_RETURN(const Config config, ReadConfig(context, store));
  ASSIGN_OR_RETURN(const auto blobs, store.List(context, kKeysPrefix));
  if (blobs.empty()) {
    return Error(Code::kDataLoss, "repository {}: no key slot is left in '{}'",
                 config.repository.Short(), kKeysPrefix);
  }
  std::size_t tried = 0;
  std::string damaged;
  for (const blob::BlobInfo& blob : blobs) {
    auto master = TrySlot(context, store, blob.name, config.repository, credential);
    if (master.ok()) {
      return KeyRing(*std::move(master), config.repository);
    }
    switch (master.status().code()) {
      case Code::kNotFound:  // another kind, or just removed
        break;
      case Code::kUnauthenticated:
        ++tried;
        break;
      case Code::kDataLoss:
      case Code::kUnimplemented:
        damaged += fmt::format("; {}: {}", blob.name, Message(master.status()));
        break;
      default:
        return Annotate(master.status(), blob.name);
    }
  }
  return Error(Code::kUnauthenticated,
               "repository {}: none of its keys opens with this {} ({} of {} tried{})",
               config.repository.Short(),
               KindOf(credential) == KeySlotKind::kPassphrase ? "passphrase" : "key file", tried,
               blobs.size(), damaged);
}

Result<std::vector<KeySlot>> ListKeySlots(const Context& context, blob::BlobReader& store,
                                          const KeyRing& keys) {
  ASSIGN_OR_RETURN(const auto blobs, store.List(context, kKeysPrefix));
  std::vector<KeySlot> slots;
  for (const blob::BlobInfo& blob : blobs) {
    const auto name = ParseName(blob.name);
    if (!name) {
      continue;  // not a slot; check reports it
    }
    KeySlot slot{.id = name->id, .label = {}, .status = OkStatus()};
    auto bytes = ReadSlot(context, store, blob.name);
    if (bytes.status().code() == Code::kNotFound) {
      continue;  // removed meanwhile
    }
    if (!bytes.ok() && bytes.status().code() != Code::kDataLoss) {
      return bytes.status();
    }
    const auto head = bytes.ok() ? DecodeKeySlotHead(*bytes) : Result<KeySlotHead>(bytes.status());
    if (!head.ok()) {
      slot.status = Annotate(head.status(), blob.name);
    } else {
      slot = Describe(name->id, *head);
      if (keys.KeySlotId(*bytes) != name->id) {
        slot.status =
            Error(Code::kDataLoss, "{}: damaged, or a key of another repository", blob.name);
      }
    }
    slots.push_back(std::move(slot));
  }
  std::ranges::stable_sort(slots, {}, &KeySlot::created_unix_nanos);
  return slots;
}

Result<KeySlot> AddKeySlot(const Context& context, blob::BlobWriter& store, const KeyRing& keys,
                           const Credential& credential, std::string_view label,
                           const NewKeyOptions& options) {
  return PutSlot(context, store, keys, credential, label, options);
}

Status RemoveKeySlot(const Context& context, blob::BlobStore& store, const KeyRing& keys,
                     const Id& slot, Lease& lease) {
  ASSIGN_OR_RETURN(const auto slots, ListKeySlots(context, store, keys));
  if (std::ranges::find(slots, slot, &KeySlot::id) == slots.end()) {
    return Error(Code::kNotFound, "there is no key {}", slot.Short());
  }
  const bool another = std::ranges::any_of(
      slots, [&](const KeySlot& other) { return other.id != slot && other.status.ok(); });
  if (!another) {
    return Error(Code::kFailedPrecondition,
                 "key {} is the last one: without it nobody could open the repository",
                 slot.Short());
  }
  // It may have taken long to list them; another one's removal would not be among what we saw.
  RETURN_IF_ERROR(lease.Renew(context));
  return store.Delete(context, KeyName(slot));
}

Status Repository::Init(const Context& context, blob::BlobWriter& store,
                        const Credential& credential, std::string_view label) {
  return InitRepository(context, store, credential, label);
}

}  // namespace tresor::repo
