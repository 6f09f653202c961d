// SPDX-License-Identifier: Apache-2.0
#include "etcd/rpc_status.h"

#include <optional>
#include <string>

#include <fmt/format.h>

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

constexpr std::string_view kCannotConnect = "cannot connect: ";

/// What follows `marker` in `text`, or all of it.
std::string_view After(std::string_view text, std::string_view marker) {
  const std::size_t at = text.find(marker);
  return at == std::string_view::npos ? text : text.substr(at + marker.size());
}

bool IsUpper(std::string_view word) {
  return !word.empty() &&
         word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string_view::npos;
}

/// gRPC's texts of a connection that did not come about, without its inner life. grpc v1.51.1
/// pick_first.cc, tcp_client_posix.cc and dns_resolver_ares.cc:
///   failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect
///   to remote host: Connection refused
///   DNS resolution failed for host:2379: C-ares status is not ARES_SUCCESS qtype=AAAA name=host
///   is_balancer=0: Domain name not found
std::string PlainText(std::string_view text) {
  if (text.starts_with("DNS resolution failed for ")) {
    std::string_view why = text;
    if (const std::size_t ares = text.find("is_balancer="); ares != std::string_view::npos) {
      why = After(text.substr(ares), ": ");
    }
    return fmt::format("{}the host's name is not known ({})", kCannotConnect, why);
  }
  if (!text.starts_with("failed to connect to all addresses")) {
    return std::string(text);
  }
  std::string_view why = After(text, "last error: ");
  if (const std::size_t colon = why.find(": ");
      colon != std::string_view::npos && IsUpper(why.substr(0, colon))) {
    why.remove_prefix(colon + 2);
  }
  if (why.starts_with("ipv4:") || why.starts_with("ipv6:")) {
    why = After(why, ": ");
  }
  why = After(why, "Failed to connect to remote host: ");
  return fmt::format("{}{}", kCannotConnect, why);
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
  return Error(code, "{}", text.empty() ? std::string(CodeName(code)) : PlainText(text));
}

Status FromRpcText(std::string_view text) {
  return Error(CodeOfText(text).value_or(Code::kUnknown), "{}", text);
}

bool NeverSent(const Status& status) {
  return status.code() == Code::kUnavailable &&
         Message(status).find(kCannotConnect) != std::string_view::npos;
}

bool IsDistrusted(const Status& status) {
  return status.code() == Code::kUnavailable &&
         (Message(status).find("certificate verify failed") != std::string_view::npos ||
          Message(status).find("is not in peer certificate") != std::string_view::npos);
}

}  // namespace tresor::etcd
