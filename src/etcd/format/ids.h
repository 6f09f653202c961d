// SPDX-License-Identifier: Apache-2.0
// Who is in a new cluster: peer URLs, --initial-cluster, and the ids that etcd derives from them.
// Pure.
//
// etcd client/pkg/types/{urls,urlsmap}.go, server/etcdserver/api/membership/{member,cluster}.go and
// server/config/config.go (VerifyBootstrap) at v3.6; the same in 3.4 to 3.7.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace tresor::etcd {

enum class MemberId : std::uint64_t {};
enum class ClusterId : std::uint64_t {};

/// etcd's text form, also the keys of bucket `members`: lower-case hex without leading zeros.
[[nodiscard]] std::string ToString(MemberId id);
[[nodiscard]] std::string ToString(ClusterId id);
/// The text form back. kDataLoss: not 1 to 16 lower-case hex digits, or leading zeros.
[[nodiscard]] Result<MemberId> ParseMemberId(std::string_view text);

/// One member of a cluster to be.
struct MemberSpec {
  MemberId id{};
  std::string name;
  std::vector<std::string> peer_urls;  // sorted as strings, at least one
  friend bool operator==(const MemberSpec&, const MemberSpec&) = default;
};

/// All members of a cluster to be. Made by ParseInitialCluster.
struct InitialCluster {
  ClusterId id{};
  std::vector<MemberSpec> members;  // ascending by id, at least one
};

inline constexpr std::string_view kDefaultName = "default";
inline constexpr std::string_view kDefaultInitialCluster = "default=http://localhost:2380";
inline constexpr std::string_view kDefaultInitialClusterToken = "etcd-cluster";
inline constexpr std::string_view kDefaultPeerUrls = "http://localhost:2380";

/// Parses a comma list of peer URLs (--initial-advertise-peer-urls): trimmed, as Go's URL printer
/// writes them, sorted. kInvalidArgument: none at all, a scheme other than http, https, unix and
/// unixs, not `host:port`, a path. Stricter than etcd, which lets them pass: user, query and
/// fragment, and characters that Go would escape.
[[nodiscard]] Result<std::vector<std::string>> ParsePeerUrls(std::string_view text);

/// Parses "name=url,name=url,…" (a name may come again: more URLs of that member) and derives the
/// ids. kInvalidArgument: a bad URL, an item without '=', a URL that comes twice in the whole list,
/// two members with one id, id 0, no member at all, more than 1000 members.
[[nodiscard]] Result<InitialCluster> ParseInitialCluster(std::string_view text,
                                                         std::string_view token);

/// The member that is called `name`; it must be advertised under exactly its URLs in `cluster`
/// (compared as strings: unlike etcd, no name is resolved). `advertised` is what ParsePeerUrls
/// gave. kInvalidArgument otherwise.
[[nodiscard]] Result<MemberSpec> FindLocalMember(const InitialCluster& cluster,
                                                 std::string_view name,
                                                 std::span<const std::string> advertised);

/// First 8 bytes of SHA-1 over the sorted URLs, joined, and the token.
[[nodiscard]] MemberId ComputeMemberId(std::span<const std::string> sorted_peer_urls,
                                       std::string_view token);
/// First 8 bytes of SHA-1 over the ids, ascending, 8 bytes big-endian each.
[[nodiscard]] ClusterId ComputeClusterId(std::span<const MemberId> ascending);

}  // namespace tresor::etcd
