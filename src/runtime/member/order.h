// SPDX-License-Identifier: Apache-2.0
// order.json: what one member shall be. Written by runtime/local, read by the launcher.
// Fields: runtime/FORMAT.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "io/file_system.h"
#include "runtime/runtime.h"

namespace tresor::runtime {

/// A member as its fellows know it.
struct Fellow {
  std::string name;
  std::string peer_url;
  friend bool operator==(const Fellow&, const Fellow&) = default;
};

struct MemberOrder {
  /// Goes up with every order; status.json says which one was carried out last.
  std::uint64_t generation = 1;
  ClusterId cluster;
  std::string name;
  bool run = true;
  std::string etcd;               // the program
  std::uint16_t client_port = 0;  // all on 127.0.0.1
  std::uint16_t closed_port = 0;  // for Tresor's clients alone, during a restore
  std::uint16_t peer_port = 0;
  std::vector<Fellow> members;  // of --initial-cluster, itself included
  std::string token;            // --initial-cluster-token
  bool joins = false;           // --initial-cluster-state=existing
  /// Goes up when the member begins anew with an empty data directory. What an earlier one left is
  /// removed; without data a member starts only in an incarnation in which it never had any.
  std::uint32_t incarnation = 1;
  /// It has run in this incarnation: without data it is lost.
  bool established = false;
  std::uint64_t quota_backend_bytes = 0;
  std::vector<std::string> extra_args;
  std::optional<RestoreOrder> restore;
};

[[nodiscard]] std::string ClientUrl(const MemberOrder& order);
[[nodiscard]] std::string ClosedUrl(const MemberOrder& order);
[[nodiscard]] std::string PeerUrl(std::uint16_t port);
[[nodiscard]] std::string LoopbackUrl(std::uint16_t port);

[[nodiscard]] std::string EncodeOrder(const MemberOrder& order);
/// kDataLoss, kUnimplemented: say which field of which file.
[[nodiscard]] Result<MemberOrder> DecodeOrder(ByteView bytes, const std::string& name);
/// kNotFound: no order.
[[nodiscard]] Result<MemberOrder> ReadOrder(io::FileSystem& fs, const std::string& path);
/// Atomic and durable.
[[nodiscard]] Status WriteOrder(io::FileSystem& fs, const std::string& path,
                                const MemberOrder& order);

/// The steps by their names in the files.
[[nodiscard]] std::optional<RestoreStep> ParseRestoreStep(std::string_view text);
[[nodiscard]] std::optional<MemberPhase> ParseMemberPhase(std::string_view text);

}  // namespace tresor::runtime
