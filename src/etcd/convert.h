// SPDX-License-Identifier: Apache-2.0
// Between client.h's values and the messages of proto/. Inside this library only.
#pragma once

#include "etcd/client.h"
#include "etcd/proto/kv.pb.h"
#include "etcd/proto/rpc.pb.h"

namespace tresor::etcd {

[[nodiscard]] ResponseHeader FromProto(const etcdserverpb::ResponseHeader& from);
[[nodiscard]] OwnedKeyValue FromProto(mvccpb::KeyValue&& from);
[[nodiscard]] Member FromProto(const etcdserverpb::Member& from);
[[nodiscard]] MemberStatus FromProto(const etcdserverpb::StatusResponse& from);
[[nodiscard]] RangeResponse FromProto(etcdserverpb::RangeResponse&& from);
[[nodiscard]] DeleteRangeResponse FromProto(const etcdserverpb::DeleteRangeResponse& from);
/// kDataLoss: an answer without content, or not one per operation.
[[nodiscard]] Result<TxnResponse> FromProto(etcdserverpb::TxnResponse&& from,
                                            const TxnRequest& request);
[[nodiscard]] WatchResponse FromProto(etcdserverpb::WatchResponse&& from);

[[nodiscard]] etcdserverpb::RangeRequest ToProto(const RangeRequest& from);
[[nodiscard]] etcdserverpb::PutRequest ToProto(const PutRequest& from);
[[nodiscard]] etcdserverpb::DeleteRangeRequest ToProto(const DeleteRangeRequest& from);
[[nodiscard]] etcdserverpb::TxnRequest ToProto(const TxnRequest& from);
[[nodiscard]] etcdserverpb::WatchRequest ToProto(const WatchRequest& from);

}  // namespace tresor::etcd
