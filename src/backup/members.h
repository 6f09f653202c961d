// SPDX-License-Identifier: Apache-2.0
// Inside of backup: what the live members say about a snapshot, and whom to believe when they
// differ.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "base/thread.h"
#include "etcd/client.h"
#include "etcd/select.h"
#include "repo/repository.h"

namespace tresor::backup {

/// "436109424 at revision 643 (compacted 535)", or "(never compacted)".
[[nodiscard]] std::string Say(const repo::HashKv& hash_kv);

/// What one member answered.
struct MemberAnswer {
  etcd::MemberId id{};
  std::string name;
  std::string endpoint;
  Result<repo::HashKv> hash_kv = Error(Code::kUnavailable, "not asked");
};

/// Asks all members at once for their HashKV at one revision, each on a thread of its own.
class HashKvPoll {
 public:
  /// `client` outlives this. A member that has not got to `revision` yet is asked again until
  /// `timeout`.
  HashKvPoll(const Context& context, etcd::Client& client,
             const std::vector<etcd::ObservedMember>& members, std::int64_t revision,
             std::chrono::nanoseconds timeout);

  /// Waits for all.
  [[nodiscard]] std::vector<MemberAnswer> Wait();

 private:
  std::vector<MemberAnswer> answers_;  // each its thread's; read when they were joined
  std::vector<Thread> threads_;
};

/// A member's answer, held against the snapshot.
struct MemberVerdict {
  MemberAnswer answer;
  repo::EvidenceResult result = repo::EvidenceResult::kUnproven;
  std::string detail;
};

/// Computes the snapshot's HashKV for another compact revision, or again by the exact algorithm.
using ExactHash = std::function<Result<std::uint32_t>(std::int64_t compact_revision)>;

/// Compares each answer with the snapshot's `native` value. Answers about another compact revision
/// are compared with what `exact` says for it. When the exact algorithm gives what a member says
/// and `native` does not, `native` is put right.
[[nodiscard]] Result<std::vector<MemberVerdict>> Judge(const std::vector<MemberAnswer>& answers,
                                                       repo::HashKv& native,
                                                       const ExactHash& exact);

enum class Trust {
  kAgreed,    // nobody contradicts
  kMajority,  // some contradict, but more members have what the source has than have anything else
  kMinority,  // more members agree on something else
  kTied,      // as many
};
struct TrustDecision {
  Trust trust = Trust::kAgreed;
  std::vector<etcd::MemberId> others;  // who contradicts; of kMinority: the largest group of them
};
/// Whether the content that was read from member `source` is the cluster's.
[[nodiscard]] TrustDecision Decide(const std::vector<MemberVerdict>& verdicts,
                                   etcd::MemberId source);

}  // namespace tresor::backup
