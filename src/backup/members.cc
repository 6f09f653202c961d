// SPDX-License-Identifier: Apache-2.0
#include "backup/members.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/hex.h"

namespace tresor::backup {
namespace {

using repo::EvidenceResult;

constexpr std::chrono::milliseconds kAskAgain{100};

// etcd has one code for "compacted" and "not there yet"; the texts are in
// api/v3rpc/rpctypes/error.go.
bool IsInFuture(const Status& status) {
  return status.code() == Code::kOutOfRange &&
         Message(status).find("future revision") != std::string_view::npos;
}

Result<repo::HashKv> Ask(const Context& context, etcd::Client& client, const MemberAnswer& member,
                         std::int64_t revision) {
  while (true) {
    const Result<etcd::HashKvResponse> response = client.HashKv(context, member.endpoint, revision);
    if (response.ok()) {
      if (response->header.member != member.id) {
        return Error(Code::kUnavailable, "{}: member {} answered instead", member.endpoint,
                     etcd::ToString(response->header.member));
      }
      return repo::HashKv{
          .hash = response->hash,
          .revision = response->hash_revision != 0 ? response->hash_revision : revision,
          .compact_revision = response->compact_revision};
    }
    if (!IsInFuture(response.status()) || !context.Sleep(kAskAgain).ok()) {
      return response.status();
    }
  }
}

}  // namespace

std::string Say(const repo::HashKv& hash_kv) {
  const std::string compacted = hash_kv.compact_revision > 0
                                    ? fmt::format("compacted {}", hash_kv.compact_revision)
                                    : "never compacted";
  return fmt::format("{} at revision {} ({})", hash_kv.hash, hash_kv.revision, compacted);
}

HashKvPoll::HashKvPoll(const Context& context, etcd::Client& client,
                       const std::vector<etcd::ObservedMember>& members, std::int64_t revision,
                       std::chrono::nanoseconds timeout) {
  answers_.reserve(members.size());
  for (const etcd::ObservedMember& observed : members) {
    MemberAnswer& answer = answers_.emplace_back();
    answer.id = observed.member.id;
    answer.name = observed.member.name;
    answer.endpoint = observed.endpoint;
    if (!observed.status.ok()) {
      answer.hash_kv = observed.status.status();
    } else {
      threads_.emplace_back([&answer, &client, revision, limited = context.WithTimeout(timeout)] {
        answer.hash_kv = Ask(limited, client, answer, revision);
      });
    }
  }
}

std::vector<MemberAnswer> HashKvPoll::Wait() {
  threads_.clear();  // joins
  return std::move(answers_);
}

Result<std::vector<MemberVerdict>> Judge(const std::vector<MemberAnswer>& answers,
                                         repo::HashKv& native, const ExactHash& exact) {
  std::map<std::int64_t, std::uint32_t> exact_hashes;  // by compact revision
  const auto exact_hash = [&](std::int64_t compact_revision) -> Result<std::uint32_t> {
    const auto known = exact_hashes.find(compact_revision);
    if (known != exact_hashes.end()) {
      return known->second;
    }
    ASSIGN_OR_RETURN(const std::uint32_t hash, exact(compact_revision));
    return exact_hashes.emplace(compact_revision, hash).first->second;
  };

  std::vector<MemberVerdict> verdicts;
  for (const MemberAnswer& answer : answers) {
    MemberVerdict& verdict = verdicts.emplace_back(MemberVerdict{.answer = answer});
    if (!answer.hash_kv.ok()) {
      verdict.detail = Message(answer.hash_kv.status());
      continue;
    }
    const repo::HashKv& theirs = *answer.hash_kv;
    if (theirs.revision != native.revision || theirs.compact_revision < native.compact_revision ||
        theirs.compact_revision > native.revision) {
      // Since 3.5.5 a server gives out hashes that it made during earlier compactions; the records
      // that these counted are gone from the snapshot.
      verdict.detail = fmt::format("HashKV {}: cannot be compared with the snapshot's {}",
                                   Say(theirs), Say(native));
      continue;
    }
    std::uint32_t ours = native.hash;
    if (theirs != native) {
      ASSIGN_OR_RETURN(ours, exact_hash(theirs.compact_revision));
      if (theirs.compact_revision == native.compact_revision) {
        native.hash = ours;
      }
    }
    verdict.result = ours == theirs.hash ? EvidenceResult::kPassed : EvidenceResult::kFailed;
    verdict.detail = "HashKV " + Say(theirs);
    if (ours != theirs.hash) {
      verdict.detail += fmt::format(", the snapshot has {}", ours);
    }
  }
  return verdicts;
}

TrustDecision Decide(const std::vector<MemberVerdict>& verdicts, etcd::MemberId source) {
  std::size_t with_source = 1;
  bool source_contradicts_itself = false;
  // Whoever agrees with each other, by what they say.
  std::map<std::tuple<std::uint32_t, std::int64_t>, std::vector<etcd::MemberId>> groups;
  std::vector<etcd::MemberId> others;
  for (const MemberVerdict& verdict : verdicts) {
    if (verdict.result == EvidenceResult::kUnproven) {
      continue;
    }
    if (verdict.result == EvidenceResult::kFailed) {
      const repo::HashKv& theirs = *verdict.answer.hash_kv;
      groups[{theirs.hash, theirs.compact_revision}].push_back(verdict.answer.id);
      others.push_back(verdict.answer.id);
      source_contradicts_itself = source_contradicts_itself || verdict.answer.id == source;
    } else if (verdict.answer.id != source) {
      ++with_source;
    }
  }
  if (others.empty()) {
    return {};
  }
  if (source_contradicts_itself) {
    --with_source;
  }
  const auto& largest = std::ranges::max_element(groups, {}, [](const auto& group) {
                          return group.second.size();
                        })->second;
  if (largest.size() > with_source) {
    return {.trust = Trust::kMinority, .others = largest};
  }
  return {.trust = largest.size() == with_source ? Trust::kTied : Trust::kMajority,
          .others = std::move(others)};
}

}  // namespace tresor::backup
