// SPDX-License-Identifier: Apache-2.0
// How a repository begins and how it is unlocked: objects `config` and `keys/<id>`. FORMAT.md 3.
#pragma once

#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "blob/blob.h"
#include "crypto/crypto.h"
#include "repo/keys.h"
#include "repo/lease.h"
#include "repo/repository.h"

namespace tresor::repo {

struct NewKeyOptions {
  /// Tests take cheap ones.
  crypto::Argon2Parameters argon2;
  Random* random = &SystemRandom();
};

/// Makes a repository in a store that has none: a key slot, then `config`. An init that was cut
/// short leaves a key slot that opens nothing and is in nobody's way.
///
/// kAlreadyExists: there is a repository. kFailedPrecondition: the store holds something else.
/// kInvalidArgument: an empty passphrase, a key file of less than 16 bytes, or a bad label.
[[nodiscard]] Status InitRepository(const Context& context, blob::BlobWriter& store,
                                    const Credential& credential, std::string_view label,
                                    const NewKeyOptions& options = {});

/// Finds the master key: all slots are tried; a damaged one keeps no other from opening.
///
/// kNotFound: no repository. kUnauthenticated: no slot opens. kDataLoss: `config` is damaged, or
/// no slot is left. kUnimplemented: a newer format version.
[[nodiscard]] Result<KeyRing> Unlock(const Context& context, blob::BlobReader& store,
                                     const Credential& credential);

/// Sorted by time of creation; damaged and foreign ones too, with a status that says so.
[[nodiscard]] Result<std::vector<KeySlot>> ListKeySlots(const Context& context,
                                                        blob::BlobReader& store,
                                                        const KeyRing& keys);
[[nodiscard]] Result<KeySlot> AddKeySlot(const Context& context, blob::BlobWriter& store,
                                         const KeyRing& keys, const Credential& credential,
                                         std::string_view label, const NewKeyOptions& options = {});
/// `lease`: of `store`; two removals at once could leave no slot. kNotFound; kFailedPrecondition:
/// no other slot that is whole would be left; kAborted: the lease was lost.
[[nodiscard]] Status RemoveKeySlot(const Context& context, blob::BlobStore& store,
                                   const KeyRing& keys, const Id& slot, Lease& lease);

}  // namespace tresor::repo
