// SPDX-License-Identifier: Apache-2.0
// Keys and values of the buckets. What decodes must encode to what decodes to the same.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "etcd/format/ids.h"
#include "etcd/format/meta.h"
#include "etcd/format/raft.h"
#include "etcd/format/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  const ByteView bytes = std::as_bytes(std::span(data, size));

  const auto key = etcd::DecodeRecordKey(bytes);
  TRESOR_CHECK(!key.ok() || Equal(etcd::EncodeRecordKey(*key), bytes));

  const auto value = etcd::DecodeKeyValue(bytes);
  const auto user_key = etcd::DecodeUserKey(bytes);
  // DecodeUserKey looks into fewer fields, so it may take more, never less.
  TRESOR_CHECK(!value.ok() || (user_key.ok() && Equal(*user_key, value->key)));
  if (value.ok()) {
    const Bytes encoded = etcd::EncodeKeyValue(*value);
    const auto again = etcd::DecodeKeyValue(encoded);
    TRESOR_CHECK(again.ok() && Equal(again->key, value->key) && Equal(again->value, value->value));
    TRESOR_CHECK(again->create_revision == value->create_revision && again->lease == value->lease);
    TRESOR_CHECK(again->mod_revision == value->mod_revision && again->version == value->version);
  }

  const auto alarm = etcd::DecodeAlarmMember(bytes);
  TRESOR_CHECK(!alarm.ok() || *etcd::DecodeAlarmMember(etcd::EncodeAlarmMember(*alarm)) == *alarm);
  const auto lease = etcd::DecodeLease(bytes);
  TRESOR_CHECK(!lease.ok() || *etcd::DecodeLease(etcd::EncodeLease(*lease)) == *lease);
  const auto state = etcd::DecodeConfState(bytes);
  TRESOR_CHECK(!state.ok() || *etcd::DecodeConfState(etcd::EncodeConfState(*state)) == *state);
  const auto hard_state = etcd::DecodeHardState(bytes);
  TRESOR_CHECK(!hard_state.ok() ||
               *etcd::DecodeHardState(etcd::EncodeHardState(*hard_state)) == *hard_state);
  (void)etcd::DecodeLeaseId(bytes);
  (void)etcd::DecodeAuthEnabled(bytes);
  (void)etcd::DecodeCompaction(bytes, "compaction");

  const std::string_view text = AsText(bytes);
  (void)etcd::ParseMemberId(text);
  const auto cluster = etcd::ParseInitialCluster(text, "token");
  if (cluster.ok()) {
    TRESOR_CHECK(!cluster->members.empty());
    for (const etcd::MemberSpec& member : cluster->members) {
      TRESOR_CHECK(etcd::FindLocalMember(*cluster, member.name, member.peer_urls).ok());
    }
  }
  return 0;
}
