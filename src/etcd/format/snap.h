// SPDX-License-Identifier: Apache-2.0
// etcd's .snap files: raft's snapshot of the membership, as JSON of the old v2 store. Pure.
//
// etcd server/etcdserver/api/snap/snapshotter.go and .../v2store/ at v3.5;
// etcd/format/FORMAT.md. 3.7 ignores them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "etcd/format/ids.h"
#include "etcd/format/meta.h"
#include "etcd/format/raft.h"

namespace tresor::etcd {

struct SnapFile {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  ConfState conf_state;
  ByteView v2_store;  // JSON; borrowed from the file
};

/// kDataLoss: not a .snap file, CRC 0 or not that of the data, no data, or no metadata.
[[nodiscard]] Result<SnapFile> DecodeSnap(ByteView file);
/// The members of a v2 store's JSON, ascending by id: peer URLs and learner flag, and name and
/// client URLs where the member has published them. kDataLoss: not such JSON.
[[nodiscard]] Result<std::vector<StoredMember>> DecodeV2Members(ByteView v2_store);

/// "<term>-<index>.snap", 16 hex digits each.
[[nodiscard]] std::string SnapFileName(std::uint64_t term, std::uint64_t index);

/// The .snap file that `snapshot restore` of 3.4 and 3.5 makes, byte for byte: term 1, index =
/// number of members. The same on every member. Its name is RestoredSnapFileName().
[[nodiscard]] Bytes EncodeRestoredSnap(const InitialCluster& cluster);
[[nodiscard]] std::string RestoredSnapFileName(const InitialCluster& cluster);

}  // namespace tresor::etcd
