// SPDX-License-Identifier: Apache-2.0
#include "etcd/format/ids.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "base/bytes.h"
#include "base/hex.h"
#include "crypto/crypto.h"

namespace tresor::etcd {
namespace {

// The event queue of a .snap's v2 store has room for as many.
constexpr std::size_t kMostMembers = 1000;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// Splits at commas; empty items are skipped.
std::vector<std::string_view> SplitList(std::string_view text) {
  std::vector<std::string_view> items;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    if (!item.empty()) {
      items.push_back(item);
    }
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return items;
}

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// What Go's URL parser takes and its printer leaves as it is, in a host name and in a path.
bool IsHost(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return IsAlphanumeric(c) ||
           std::string_view("-._~!$&'()*+;=").find(c) != std::string_view::npos;
  });
}
bool IsPath(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return IsAlphanumeric(c) || std::string_view("-._~/:$&+=@").find(c) != std::string_view::npos;
  });
}

// "host:port", "[::1]:port"; host and port may be empty, as etcd lets them be.
bool IsHostPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return false;
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) {
      return false;
    }
    host = host.substr(1, host.size() - 2);
    return !host.empty() && std::ranges::all_of(host, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
             c == ':' || c == '.';
    });
  }
  return IsHost(host);
}

Result<std::string> ParsePeerUrl(std::string_view text) {
  const std::string_view url = Trim(text);
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) {
    return Error(Code::kInvalidArgument, "peer URL \"{}\": not of the form scheme://host:port",
                 url);
  }
  std::string scheme(url.substr(0, colon));
  std::ranges::transform(scheme, scheme.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const std::string_view rest = url.substr(colon + 3);
  if (scheme == "http" || scheme == "https") {
    if (rest.find('/') != std::string_view::npos) {
      return Error(Code::kInvalidArgument, "peer URL \"{}\": must not contain a path", url);
    }
    if (!IsHostPort(rest)) {
      return Error(Code::kInvalidArgument, "peer URL \"{}\": not of the form host:port", url);
    }
  } else if (scheme == "unix" || scheme == "unixs") {
    if (rest.empty() || !IsPath(rest)) {
      return Error(Code::kInvalidArgument, "peer URL \"{}\": not a socket's path", url);
    }
  } else {
    return Error(Code::kInvalidArgument,
                 "peer URL \"{}\": scheme must be http, https, unix or unixs", url);
  }
  return fmt::format("{}://{}", scheme, rest);
}

template <typename Id>
Id IdFromDigest(ByteView message) {
  return Id{LoadU64BigEndian(crypto::Sha1(message).data())};
}

}  // namespace

std::string ToString(MemberId id) { return ToHex(static_cast<std::uint64_t>(id)); }
std::string ToString(ClusterId id) { return ToHex(static_cast<std::uint64_t>(id)); }

Result<MemberId> ParseMemberId(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  // One text per id: what from_chars also takes (capitals, leading zeros, a sign) is no id of
  // etcd's.
  if (error != std::errc() || end != text.data() + text.size() || ToHex(value) != text) {
    return Error(Code::kDataLoss, "\"{}\" is not a member id", text);
  }
  return MemberId{value};
}

Result<std::vector<std::string>> ParsePeerUrls(std::string_view text) {
  std::vector<std::string> urls;
  for (const std::string_view item : SplitList(text)) {
    ASSIGN_OR_RETURN(urls.emplace_back(), ParsePeerUrl(item));
  }
  if (urls.empty()) {
    return Error(Code::kInvalidArgument, "no peer URL given");
  }
  std::ranges::sort(urls);
  return urls;
}

MemberId ComputeMemberId(std::span<const std::string> sorted_peer_urls, std::string_view token) {
  ByteWriter message;
  for (const std::string& url : sorted_peer_urls) {
    message.Append(url);
  }
  message.Append(token);
  return IdFromDigest<MemberId>(message.view());
}

ClusterId ComputeClusterId(std::span<const MemberId> ascending) {
  ByteWriter message;
  for (const MemberId id : ascending) {
    message.U64BigEndian(static_cast<std::uint64_t>(id));
  }
  return IdFromDigest<ClusterId>(message.view());
}

Result<InitialCluster> ParseInitialCluster(std::string_view text, std::string_view token) {
  std::map<std::string, std::vector<std::string>, std::less<>> urls_by_name;
  std::set<std::string> all_urls;
  for (const std::string_view item : SplitList(text)) {
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Error(Code::kInvalidArgument, "initial cluster: \"{}\" is not of the form name=URL",
                   item);
    }
    auto url = ParsePeerUrl(item.substr(equals + 1));
    if (!url.ok()) {
      return Annotate(url.status(), "initial cluster");
    }
    if (!all_urls.insert(*url).second) {
      return Error(Code::kInvalidArgument, "initial cluster: URL {} comes twice", *url);
    }
    urls_by_name[std::string(item.substr(0, equals))].push_back(*std::move(url));
  }
  if (urls_by_name.empty()) {
    return Error(Code::kInvalidArgument, "initial cluster: no member given");
  }
  if (urls_by_name.size() > kMostMembers) {
    return Error(Code::kInvalidArgument, "initial cluster: {} members, at most {} are allowed",
                 urls_by_name.size(), kMostMembers);
  }

  InitialCluster cluster;
  for (auto& [name, urls] : urls_by_name) {
    std::ranges::sort(urls);
    const MemberId id = ComputeMemberId(urls, token);
    if (id == MemberId{0}) {
      return Error(Code::kInvalidArgument,
                   "initial cluster: member {} would have the id 0; use another token", name);
    }
    cluster.members.push_back({.id = id, .name = name, .peer_urls = std::move(urls)});
  }
  std::ranges::sort(cluster.members, {}, &MemberSpec::id);
  std::vector<MemberId> ids;
  for (const MemberSpec& member : cluster.members) {
    if (!ids.empty() && ids.back() == member.id) {
      return Error(Code::kInvalidArgument,
                   "initial cluster: two members have the id {}; use another token",
                   ToString(member.id));
    }
    ids.push_back(member.id);
  }
  cluster.id = ComputeClusterId(ids);
  return cluster;
}

Result<MemberSpec> FindLocalMember(const InitialCluster& cluster, std::string_view name,
                                   std::span<const std::string> advertised) {
  const auto member = std::ranges::find(cluster.members, name, &MemberSpec::name);
  if (member == cluster.members.end()) {
    return Error(Code::kInvalidArgument, "member \"{}\" is not in the initial cluster", name);
  }
  if (!std::ranges::equal(member->peer_urls, advertised)) {
    return Error(
        Code::kInvalidArgument,
        "member \"{}\": the advertised peer URLs ({}) are not its URLs in the initial cluster ({})",
        name, fmt::join(advertised, ","), fmt::join(member->peer_urls, ","));
  }
  return *member;
}

}  // namespace tresor::etcd
