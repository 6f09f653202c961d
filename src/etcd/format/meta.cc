// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/meta.h"

#include "etcd/format/json.h"
#include "etcd/format/proto_wire.h"
#include "etcd/format/record.h"

namespace tresor::etcd {
namespace {

constexpr std::size_t kCounterSize = 8;

// The length of the UTF-8 sequence at the front of `text`; 0: invalid. As Go's utf8.DecodeRune: no
// surrogates, no overlong forms, nothing above U+10FFFF. `rune` is its code point.
std::size_t DecodeRune(std::string_view text, std::uint32_t& rune) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(0);
  std::size_t size = 0;
  std::uint32_t least = 0;
  if (first < 0x80) {
    rune = first;
    return 1;
  }
  if (first >= 0xc2 && first < 0xe0) {
    size = 2, least = 0x80, rune = first & 0x1f;
  } else if (first >= 0xe0 && first < 0xf0) {
    size = 3, least = 0x800, rune = first & 0x0f;
  } else if (first >= 0xf0 && first < 0xf5) {
    size = 4, least = 0x10000, rune = first & 0x07;
  }
  if (size == 0 || text.size() < size) {
    return 0;
  }
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return 0;
    }
    rune = (rune << 6) | (byte(i) & 0x3f);
  }
  return rune < least || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000) ? 0 : size;
}

std::string JsonStringList(const std::vector<std::string>& strings) {
  std::string out = "[";
  for (const std::string& text : strings) {
    out += out.size() == 1 ? "" : ",";
    out += GoJsonString(text);
  }
  return out + "]";
}

}  // namespace

Bytes EncodeCounter(std::uint64_t value) {
  Bytes out(kCounterSize);
  StoreU64BigEndian(out.data(), value);
  return out;
}

Result<std::uint64_t> DecodeCounter(ByteView bytes, std::string_view what) {
  if (bytes.size() != kCounterSize) {
    return Error(Code::kDataLoss, "{}: {} bytes, not {}", what, bytes.size(), kCounterSize);
  }
  return LoadU64BigEndian(bytes.data());
}

Bytes EncodeCompaction(std::int64_t revision) { return EncodeRecordKey({.main = revision}); }

Result<std::int64_t> DecodeCompaction(ByteView bytes, std::string_view what) {
  const Result<RecordKey> key = DecodeRecordKey(bytes);
  if (!key.ok()) {
    return Annotate(key.status(), what);
  }
  if (key->tombstone) {
    return Error(Code::kDataLoss, "{}: {} is not a revision", what, ToString(*key));
  }
  return key->main;
}

Result<bool> DecodeAuthEnabled(ByteView bytes) {
  if (bytes.size() != 1 || bytes[0] > std::byte{1}) {
    return Error(Code::kDataLoss, "authEnabled: not one byte, 0 or 1");
  }
  return bytes[0] == std::byte{1};
}

std::string GoJsonString(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    std::uint32_t rune = 0;
    const std::size_t size = DecodeRune(text, rune);
    if (size == 0) {
      out += "\\ufffd";
      text.remove_prefix(1);
      continue;
    }
    switch (rune) {
      case '"':
      case '\\':
        out += '\\';
        out += static_cast<char>(rune);
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (rune < 0x20 || rune == '<' || rune == '>' || rune == '&' || rune == 0x2028 ||
            rune == 0x2029) {
          out += fmt::format("\\u{:04x}", rune);
        } else {
          out += text.substr(0, size);
        }
    }
    text.remove_prefix(size);
  }
  out += '"';
  return out;
}

StoredMember ToStoredMember(const MemberSpec& spec) {
  StoredMember member;
  member.id = spec.id;
  member.peer_urls = spec.peer_urls;
  member.name = spec.name;
  return member;
}

std::string EncodeMemberJson(const StoredMember& member) {
  std::string out =
      fmt::format("{{\"id\":{},\"peerURLs\":{}", static_cast<std::uint64_t>(member.id),
                  JsonStringList(member.peer_urls));
  if (member.is_learner) {
    out += ",\"isLearner\":true";
  }
  if (!member.name.empty()) {
    out += ",\"name\":" + GoJsonString(member.name);
  }
  if (!member.client_urls.empty()) {
    out += ",\"clientURLs\":" + JsonStringList(member.client_urls);
  }
  return out + "}";
}

Result<StoredMember> DecodeMemberJson(ByteView json) {
  const JsonObject object(json);
  StoredMember member;
  std::uint64_t id = 0;
  const bool ok =
      object.ok() && object.Uint64("id", id) && object.Strings("peerURLs", member.peer_urls) &&
      object.Bool("isLearner", member.is_learner) && object.String("name", member.name) &&
      object.Strings("clientURLs", member.client_urls);
  if (!ok || id == 0) {
    return Error(Code::kDataLoss, "member of {} bytes: not the JSON of a member", json.size());
  }
  member.id = MemberId{id};
  return member;
}

Bytes EncodeAlarmMember(const AlarmMember& alarm) {
  ProtoWriter out;
  if (alarm.member != MemberId{0}) {
    out.Uint64(1, static_cast<std::uint64_t>(alarm.member));
  }
  if (alarm.alarm != AlarmType::kNone) {
    out.Uint64(2, static_cast<std::uint64_t>(alarm.alarm));
  }
  return out.Take();
}

Result<AlarmMember> DecodeAlarmMember(ByteView bytes) {
  AlarmMember alarm;
  ProtoReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        alarm.member = MemberId{reader.Uint64()};
        break;
      case 2:
        alarm.alarm = AlarmType{reader.Uint32()};
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "alarm of {} bytes: not an AlarmMember", bytes.size());
  }
  return alarm;
}

Bytes EncodeLeaseId(std::int64_t id) { return EncodeCounter(static_cast<std::uint64_t>(id)); }

Result<std::int64_t> DecodeLeaseId(ByteView bytes) {
  ASSIGN_OR_RETURN(const std::uint64_t id, DecodeCounter(bytes, "lease id"));
  return static_cast<std::int64_t>(id);
}

Bytes EncodeLease(const Lease& lease) {
  ProtoWriter out;
  const auto number = [&out](std::uint32_t field, std::int64_t value) {
    if (value != 0) {
      out.Int64(field, value);
    }
  };
  number(1, lease.id);
  number(2, lease.ttl_seconds);
  number(3, lease.remaining_ttl_seconds);
  return out.Take();
}

Result<Lease> DecodeLease(ByteView bytes) {
  Lease lease;
  ProtoReader reader(bytes);
  while (reader.Next()) {
    switch (reader.field()) {
      case 1:
        lease.id = reader.Int64();
        break;
      case 2:
        lease.ttl_seconds = reader.Int64();
        break;
      case 3:
        lease.remaining_ttl_seconds = reader.Int64();
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) {
    return Error(Code::kDataLoss, "lease of {} bytes: not a Lease", bytes.size());
  }
  return lease;
}

}  // namespace tresor::etcd
