// SPDX-License-Identifier: Apache-2.0
// The steps of a restore that only move folders. Each may be cut anywhere and done again; what is
// true on disk after each cut: runtime/FORMAT.md.
#pragma once

#include <string>

#include "base/status.h"
#include "io/file_system.h"
#include "runtime/member/journal.h"
#include "runtime/member/layout.h"

namespace tresor::launcher {

/// A member that etcd has run on (or that was restored) has a write-ahead log.
[[nodiscard]] Result<bool> HasData(io::FileSystem& fs, const runtime::MemberFiles& files);

/// kSetAside: the data directory gets its other name. kDataLoss: neither is there, and
/// `record.had_data`; or both are.
[[nodiscard]] Status SetAside(io::FileSystem& fs, const runtime::MemberFiles& files,
                              const runtime::RestoreRecord& record);
/// Before kRebuild: removes what an earlier attempt of it left. kDataLoss: what lies there may be
/// the old data, as that is not aside.
[[nodiscard]] Status ClearForRebuild(io::FileSystem& fs, const runtime::MemberFiles& files,
                                     const runtime::RestoreRecord& record);
/// Roll-back, from whatever step: afterwards the data directory is the one of before.
[[nodiscard]] Status BringBack(io::FileSystem& fs, const runtime::MemberFiles& files,
                               const runtime::RestoreRecord& record);
/// kForget: the old data goes.
[[nodiscard]] Status Forget(io::FileSystem& fs, const runtime::MemberFiles& files,
                            const runtime::RestoreRecord& record);

}  // namespace tresor::launcher
