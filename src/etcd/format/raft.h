// SPDX-License-Identifier: Apache-2.0
// The messages of raftpb that lie in etcd's WAL and .snap files. Pure.
//
// raft raftpb/raft.proto at v3.6. Encoders write the form of 3.4 to 3.6 (gogo: proto2 scalars also
// when zero, where that code does so); 3.7 leaves zeros out and reads both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "etcd/format/ids.h"

namespace tresor::etcd {

/// Who votes. Also the JSON value of meta/confState.
struct ConfState {
  std::vector<MemberId> voters;
  std::vector<MemberId> learners;
  std::vector<MemberId> voters_outgoing;
  std::vector<MemberId> learners_next;
  bool auto_leave = false;
  friend bool operator==(const ConfState&, const ConfState&) = default;
};
[[nodiscard]] Bytes EncodeConfState(const ConfState& state);
[[nodiscard]] Result<ConfState> DecodeConfState(ByteView bytes);
/// {"voters":[1,2],"auto_leave":false}; lists only when not empty.
[[nodiscard]] std::string EncodeConfStateJson(const ConfState& state);
[[nodiscard]] Result<ConfState> DecodeConfStateJson(ByteView json);

struct HardState {
  std::uint64_t term = 0;
  MemberId vote{};
  std::uint64_t commit = 0;
  friend bool operator==(const HardState&, const HardState&) = default;
};
[[nodiscard]] Bytes EncodeHardState(const HardState& state);
[[nodiscard]] Result<HardState> DecodeHardState(ByteView bytes);

enum class EntryType : std::uint32_t { kNormal = 0, kConfChange = 1, kConfChangeV2 = 2 };

/// Borrows `data`.
struct Entry {
  EntryType type = EntryType::kNormal;
  std::uint64_t term = 0;
  std::uint64_t index = 0;
  ByteView data;
};
[[nodiscard]] Bytes EncodeEntry(const Entry& entry);
[[nodiscard]] Result<Entry> DecodeEntry(ByteView bytes);

enum class ConfChangeType : std::uint32_t {
  kAddNode = 0,
  kRemoveNode = 1,
  kUpdateNode = 2,
  kAddLearnerNode = 3
};

/// The data of an Entry of type kConfChange. Borrows `context`, etcd's JSON of the member.
struct ConfChange {
  std::uint64_t id = 0;
  ConfChangeType type = ConfChangeType::kAddNode;
  MemberId node{};
  ByteView context;
};
[[nodiscard]] Bytes EncodeConfChange(const ConfChange& change);
[[nodiscard]] Result<ConfChange> DecodeConfChange(ByteView bytes);

}  // namespace tresor::etcd
