// SPDX-License-Identifier: Apache-2.0
// Which member directories `snapshot restore` makes: etcdutl's flags, or --member for several at
// once. Pure.
#pragma once

#include <string>
#include <vector>

#include "backup/restore.h"
#include "base/status.h"
#include "cli/parser.h"

namespace tresor::cli {

/// "NAME=DATA_DIR[,WAL_DIR]". kInvalidArgument.
[[nodiscard]] Result<backup::RestoreMember> ParseRestoreMember(const std::string& text);

/// From --member, or --name, --data-dir (default NAME.etcd), --wal-dir and
/// --initial-advertise-peer-urls. kInvalidArgument: both ways mixed.
[[nodiscard]] Result<std::vector<backup::RestoreMember>> ReadRestoreMembers(
    const Arguments& arguments);

}  // namespace tresor::cli
