// SPDX-License-Identifier: Apache-2.0
// What a launcher does next: from the order, the journal and what lies on disk. Pure; the whole
// course of a restore is decided here.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/member/journal.h"
#include "runtime/member/order.h"

namespace tresor::launcher {

enum class MoveKind {
  kRest,         // etcd shall not run
  kServe,        // etcd shall run, open to its clients
  kServeClosed,  // etcd shall run, reachable for Tresor alone
  kStep,         // `step` of the order's restore is to be carried out
  kRollBack,     // the order's restore is to be undone
  kLost,         // there is no data, and there was: etcd must not run, it would forget its votes
};

struct Move {
  MoveKind kind = MoveKind::kRest;
  runtime::RestoreStep step{};  // of kStep
  /// What the order asks for and cannot be had; the move is what is done all the same.
  std::string refusal = {};
  friend bool operator==(const Move&, const Move&) = default;
};

struct MemberData {
  bool exists = false;
  std::uint32_t incarnation = 0;  // the last that served clients with data; 0: none
};

[[nodiscard]] Move NextMove(const runtime::MemberOrder& order,
                            const runtime::RestoreJournal& journal, const MemberData& data);

}  // namespace tresor::launcher
