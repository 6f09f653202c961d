// SPDX-License-Identifier: Apache-2.0
// What the first start puts into an empty store: the system's namespace, and a destination with
// its key.
#pragma once

#include <string>

#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "io/file_system.h"
#include "store/object_store.h"

namespace tresor::server {

inline constexpr std::string_view kFirstDestination = "default";

struct BootstrapOptions {
  std::string backup_dir;
  std::string backup_key_file;  // empty: a new key
};

/// Returns whether this was the first start; one that was cut short is a first one again. What
/// people change or delete afterwards stays so.
///
/// kFailedPrecondition: something lies in the backup directory, and no key was given.
/// kInvalidArgument: the key file has fewer than 16 bytes.
[[nodiscard]] Result<bool> Bootstrap(const Context& context, store::ObjectStore& store,
                                     io::FileSystem& fs, Random& random,
                                     const BootstrapOptions& options);

}  // namespace tresor::server
