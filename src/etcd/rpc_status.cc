// SPDX-License-Identifier: Apache-2.0
#include "etcd/rpc_status.h"

#include <optional>

namespace tresor::etcd {
namespace {

struct TextRule {
  std::string_view text;
  Code code;
};

// First match wins. Texts are those of etcd's own errors, without their "etcdserver: ", "auth: " or
// "mvcc: ", which differ between calls and lines.
constexpr TextRule kTextRules[] = {
    {"user name is empty", Code::kUnauthenticated},
    {"invalid auth token", Code::kUnauthenticated},
    {"revision of auth store is old", Code::kUnauthenticated},
    {"authentication failed", Code::kUnauthenticated},
    {"permission denied", Code::kPermissionDenied},
    {"required revision has been compacted", Code::kOutOfRange},
    {"required revision is a future revision", Code::kOutOfRange},
    {"database space exceeded", Code::kResourceExhausted},
    {"requested lease not found", Code::kNotFound},
    {"corrupt", Code::kDataLoss},
    {"not leader", Code::kFailedPrecondition},
    // Go's own, of a member that cannot reach the others in time.
    {"context deadline exceeded", Code::kUnavailable},
};

// Only codes that say little may be overruled by a text: a message can quote anything.
bool IsVague(Code code) {
  return code == Code::kUnknown || code == Code::kInvalidArgument || code == Code::kInternal;
}

std::optional<Code> CodeOfText(std::string_view text) {
  for (const TextRule& rule : kTextRules) {
    if (text.find(rule.text) != std::string_view::npos) {
      return rule.code;
    }
  }
  return std::nullopt;
}

}  // namespace

Status FromRpcStatus(int grpc_code, std::string_view text) {
  if (grpc_code == 0) {
    return OkStatus();
  }
  // The numbers are the same; what is outside of them is nobody's code.
  Code code = grpc_code > 0 && grpc_code <= 16 ? static_cast<Code>(grpc_code) : Code::kUnknown;
  if (IsVague(code)) {
    code = CodeOfText(text).value_or(code);
  }
  // A stream that is cut in the middle; the transport calls it so when a peer resets it.
  if (code == Code::kInternal && text.find("RST_STREAM") != std::string_view::npos) {
    code = Code::kUnavailable;
  }
  return Error(code, "{}", text.empty() ? CodeName(code) : text);
}

Status FromRpcText(std::string_view text) {
  return Error(CodeOfText(text).value_or(Code::kUnknown), "{}", text);
}

bool NeverSent(const Status& status) {
  return status.code() == Code::kUnavailable &&
         Message(status).find("failed to connect to all addresses") != std::string_view::npos;
}

bool IsDistrusted(const Status& status) {
  return status.code() == Code::kUnavailable &&
         (Message(status).find("certificate verify failed") != std::string_view::npos ||
          Message(status).find("is not in peer certificate") != std::string_view::npos);
}

}  // namespace tresor::etcd
