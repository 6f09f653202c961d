// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/raft.h"

#include "etcd/format/json.h"
#include "etcd/format/proto_wire.h"

namespace tresor::etcd {

Bytes EncodeConfState(const ConfState& state) {
  ProtoWriter out;
  const auto list = [&out](std::uint32_t field, const std::vector<MemberId>& ids) {
    for (const MemberId id : ids) {
      out.Uint64(field, static_cast<std::uint64_t>(id));
    }
  };
  list(1, state.voters);
  list(2, state.learners);
  list(3, state.voters_outgoing);
  list(4, state.learners_next);
  out.Uint64(5, state.auto_leave ? 1 : 0);
  return out.Take();
}

Result<ConfState> DecodeConfState(ByteView bytes) {
  ConfState state;
  ProtoReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        reader.RepeatedUint64(state.voters);
        break;
      case 2:
        reader.RepeatedUint64(state.learners);
        break;
      case 3:
        reader.RepeatedUint64(state.voters_outgoing);
        break;
      case 4:
        reader.RepeatedUint64(state.learners_next);
        break;
      case 5:
        state.auto_leave = reader.Bool();
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "conf_state of {} bytes: not a ConfState", bytes.size());
  }
  return state;
}

std::string EncodeConfStateJson(const ConfState& state) {
  std::string out = "{";
  const auto list = [&out](std::string_view name, const std::vector<MemberId>& ids) {
    if (ids.empty()) {
      return;
    }
    out += fmt::format("\"{}\":[", name);
    for (const MemberId id : ids) {
      out += fmt::format("{}{}", out.back() == '[' ? "" : ",", static_cast<std::uint64_t>(id));
    }
    out += "],";
  };
  list("voters", state.voters);
  list("learners", state.learners);
  list("voters_outgoing", state.voters_outgoing);
  list("learners_next", state.learners_next);
  return out + fmt::format("\"auto_leave\":{}}}", state.auto_leave);
}

Result<ConfState> DecodeConfStateJson(ByteView json) {
  const JsonObject object(json);
  ConfState state;
  if (!object.ok() || !object.Ids("voters", state.voters) ||
      !object.Ids("learners", state.learners) ||
      !object.Ids("voters_outgoing", state.voters_outgoing) ||
      !object.Ids("learners_next", state.learners_next) ||
      !object.Bool("auto_leave", state.auto_leave)) {
    return Error(Code::kDataLoss, "confState of {} bytes: not the JSON of a ConfState",
                 json.size());
  }
  return state;
}

Bytes EncodeHardState(const HardState& state) {
  ProtoWriter out;
  out.Uint64(1, state.term);
  out.Uint64(2, static_cast<std::uint64_t>(state.vote));
  out.Uint64(3, state.commit);
  return out.Take();
}

Result<HardState> DecodeHardState(ByteView bytes) {
  HardState state;
  ProtoReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        state.term = reader.Uint64();
        break;
      case 2:
        state.vote = MemberId{reader.Uint64()};
        break;
      case 3:
        state.commit = reader.Uint64();
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "state of {} bytes: not a HardState", bytes.size());
  }
  return state;
}

Bytes EncodeEntry(const Entry& entry) {
  ProtoWriter out;
  out.Uint64(1, static_cast<std::uint64_t>(entry.type));
  out.Uint64(2, entry.term);
  out.Uint64(3, entry.index);
  if (!entry.data.empty()) {
    out.Bytes(4, entry.data);
  }
  return out.Take();
}

Result<Entry> DecodeEntry(ByteView bytes) {
  Entry entry;
  ProtoReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        entry.type = EntryType{reader.Uint32()};
        break;
      case 2:
        entry.term = reader.Uint64();
        break;
      case 3:
        entry.index = reader.Uint64();
        break;
      case 4:
        entry.data = reader.Bytes();
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "entry of {} bytes: not an Entry", bytes.size());
  }
  return entry;
}

Bytes EncodeConfChange(const ConfChange& change) {
  ProtoWriter out;
  out.Uint64(1, change.id);
  out.Uint64(2, static_cast<std::uint64_t>(change.type));
  out.Uint64(3, static_cast<std::uint64_t>(change.node));
  if (!change.context.empty()) {
    out.Bytes(4, change.context);
  }
  return out.Take();
}

Result<ConfChange> DecodeConfChange(ByteView bytes) {
  ConfChange change;
  ProtoReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        change.id = reader.Uint64();
        break;
      case 2:
        change.type = ConfChangeType{reader.Uint32()};
        break;
      case 3:
        change.node = MemberId{reader.Uint64()};
        break;
      case 4:
        change.context = reader.Bytes();
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "conf change of {} bytes: not a ConfChange", bytes.size());
  }
  return change;
}

}  // namespace tresor::etcd
