// SPDX-License-Identifier: Apache-2.0
#include "etcd/convert.h"

#include <utility>

namespace tresor::etcd {
namespace {

std::uint64_t NotNegative(std::int64_t value) {
  return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

template <typename Repeated>
std::vector<std::string> Strings(const Repeated& from) {
  return {from.begin(), from.end()};
}

etcdserverpb::Compare ToProto(const Compare& from) {
  etcdserverpb::Compare to;
  to.set_key(from.key);
  to.set_result(static_cast<etcdserverpb::Compare::CompareResult>(from.op));
  if (const auto* value = std::get_if<std::string>(&from.operand)) {
    to.set_target(etcdserverpb::Compare::VALUE);
    to.set_value(*value);
    return to;
  }
  const auto& [target, number] = std::get<CompareNumber>(from.operand);
  to.set_target(static_cast<etcdserverpb::Compare::CompareTarget>(target));
  switch (target) {
    case CompareTarget::kVersion:
      to.set_version(number);
      break;
    case CompareTarget::kCreateRevision:
      to.set_create_revision(number);
      break;
    case CompareTarget::kModRevision:
      to.set_mod_revision(number);
      break;
    case CompareTarget::kLease:
      to.set_lease(number);
      break;
  }
  return to;
}

etcdserverpb::RequestOp OpToProto(const TxnOp& from) {
  etcdserverpb::RequestOp to;
  if (const auto* range = std::get_if<RangeRequest>(&from)) {
    *to.mutable_request_range() = ToProto(*range);
  } else if (const auto* put = std::get_if<PutRequest>(&from)) {
    *to.mutable_request_put() = ToProto(*put);
  } else {
    *to.mutable_request_delete_range() = ToProto(std::get<DeleteRangeRequest>(from));
  }
  return to;
}

Result<TxnOpResponse> OpFromProto(etcdserverpb::ResponseOp&& from) {
  switch (from.response_case()) {
    case etcdserverpb::ResponseOp::kResponseRange:
      return FromProto(std::move(*from.mutable_response_range()));
    case etcdserverpb::ResponseOp::kResponsePut:
      return PutResponse{.header = FromProto(from.response_put().header())};
    case etcdserverpb::ResponseOp::kResponseDeleteRange:
      return FromProto(from.response_delete_range());
    case etcdserverpb::ResponseOp::RESPONSE_NOT_SET:
      break;
  }
  return Error(Code::kDataLoss, "an operation's answer is empty");
}

}  // namespace

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') {
    prefix.pop_back();
  }
  if (prefix.empty()) {
    return kFromKey;
  }
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

ResponseHeader FromProto(const etcdserverpb::ResponseHeader& from) {
  return {.cluster = ClusterId(from.cluster_id()),
          .member = MemberId(from.member_id()),
          .revision = from.revision(),
          .raft_term = from.raft_term()};
}

OwnedKeyValue FromProto(mvccpb::KeyValue&& from) {
  return {.key = std::move(*from.mutable_key()),
          .value = std::move(*from.mutable_value()),
          .create_revision = from.create_revision(),
          .mod_revision = from.mod_revision(),
          .version = from.version(),
          .lease = from.lease()};
}

Member FromProto(const etcdserverpb::Member& from) {
  return {.id = MemberId(from.id()),
          .name = from.name(),
          .peer_urls = Strings(from.peerurls()),
          .client_urls = Strings(from.clienturls()),
          .learner = from.islearner()};
}

MemberStatus FromProto(const etcdserverpb::StatusResponse& from) {
  return {.header = FromProto(from.header()),
          .version = from.version(),
          .storage_version = from.storageversion(),
          .db_bytes = NotNegative(from.dbsize()),
          .db_in_use_bytes = NotNegative(from.dbsizeinuse()),
          .leader = MemberId(from.leader()),
          .raft_index = from.raftindex(),
          .raft_applied_index = from.raftappliedindex(),
          .raft_term = from.raftterm(),
          .learner = from.islearner(),
          .errors = Strings(from.errors())};
}

RangeResponse FromProto(etcdserverpb::RangeResponse&& from) {
  RangeResponse to{.header = FromProto(from.header()),
                   .key_values = {},
                   .more = from.more(),
                   .count = from.count()};
  to.key_values.reserve(static_cast<std::size_t>(from.kvs_size()));
  for (mvccpb::KeyValue& key_value : *from.mutable_kvs()) {
    to.key_values.push_back(FromProto(std::move(key_value)));
  }
  return to;
}

DeleteRangeResponse FromProto(const etcdserverpb::DeleteRangeResponse& from) {
  return {.header = FromProto(from.header()), .deleted = from.deleted()};
}

Result<TxnResponse> FromProto(etcdserverpb::TxnResponse&& from, const TxnRequest& request) {
  TxnResponse to{
      .header = FromProto(from.header()), .succeeded = from.succeeded(), .responses = {}};
  const std::size_t expected = (to.succeeded ? request.success : request.failure).size();
  if (static_cast<std::size_t>(from.responses_size()) != expected) {
    return Error(Code::kDataLoss, "{} answers to {} operations", from.responses_size(), expected);
  }
  for (etcdserverpb::ResponseOp& op : *from.mutable_responses()) {
    ASSIGN_OR_RETURN(TxnOpResponse response, OpFromProto(std::move(op)));
    to.responses.push_back(std::move(response));
  }
  return to;
}

WatchResponse FromProto(etcdserverpb::WatchResponse&& from) {
  WatchResponse to{
      .header = FromProto(from.header()), .events = {}, .more_of_revision = from.fragment()};
  to.events.reserve(static_cast<std::size_t>(from.events_size()));
  for (mvccpb::Event& event : *from.mutable_events()) {
    WatchEvent& added = to.events.emplace_back();
    added.deleted = event.type() == mvccpb::Event::DELETE;
    added.key_value = FromProto(std::move(*event.mutable_kv()));
    if (event.has_prev_kv()) {
      added.previous = FromProto(std::move(*event.mutable_prev_kv()));
    }
  }
  return to;
}

etcdserverpb::RangeRequest ToProto(const RangeRequest& from) {
  etcdserverpb::RangeRequest to;
  to.set_key(from.key);
  to.set_range_end(from.range_end);
  to.set_limit(from.limit);
  to.set_revision(from.revision);
  to.set_serializable(from.serializable);
  to.set_keys_only(from.keys_only);
  to.set_count_only(from.count_only);
  return to;
}

etcdserverpb::PutRequest ToProto(const PutRequest& from) {
  etcdserverpb::PutRequest to;
  to.set_key(from.key);
  to.set_value(from.value);
  to.set_lease(from.lease);
  return to;
}

etcdserverpb::DeleteRangeRequest ToProto(const DeleteRangeRequest& from) {
  etcdserverpb::DeleteRangeRequest to;
  to.set_key(from.key);
  to.set_range_end(from.range_end);
  return to;
}

etcdserverpb::TxnRequest ToProto(const TxnRequest& from) {
  etcdserverpb::TxnRequest to;
  for (const Compare& compare : from.compares) {
    *to.add_compare() = ToProto(compare);
  }
  for (const TxnOp& op : from.success) {
    *to.add_success() = OpToProto(op);
  }
  for (const TxnOp& op : from.failure) {
    *to.add_failure() = OpToProto(op);
  }
  return to;
}

etcdserverpb::WatchRequest ToProto(const WatchRequest& from) {
  etcdserverpb::WatchRequest to;
  etcdserverpb::WatchCreateRequest& create = *to.mutable_create_request();
  create.set_key(from.key);
  create.set_range_end(from.range_end);
  create.set_start_revision(from.start_revision);
  create.set_progress_notify(from.progress_notify);
  create.set_prev_kv(from.prev_key_values);
  create.set_fragment(true);  // else one answer may be as large as 2 GiB
  return to;
}

}  // namespace tresor::etcd
