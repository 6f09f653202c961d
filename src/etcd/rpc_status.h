// SPDX-License-Identifier: Apache-2.0
// The one table from gRPC's status, as etcd uses it, to our codes. Pure.
//
// etcd api/v3rpc/rpctypes/error.go at v3.6. Code numbers: https://grpc.io/docs/guides/status-codes/
#pragma once

#include <string_view>

#include "base/status.h"

namespace tresor::etcd {

/// `grpc_code` 0 is OK. The text stays as the message. Where a line has a vague code (3.4 and 3.5
/// answer many maintenance calls with Unknown) the text decides.
[[nodiscard]] Status FromRpcStatus(int grpc_code, std::string_view text);

/// For texts that come without a code (the reason of a cancelled watch); kUnknown when it says
/// nothing known.
[[nodiscard]] Status FromRpcText(std::string_view text);

/// The call never left this machine: repeating it elsewhere cannot do anything twice.
[[nodiscard]] bool NeverSent(const Status& status);

/// No connection was made because the server's certificate is not signed by the CA, or names
/// somebody else.
[[nodiscard]] bool IsDistrusted(const Status& status);

}  // namespace tresor::etcd
