// SPDX-License-Identifier: Apache-2.0
#include "launcher/move.h"

namespace tresor::launcher {

using runtime::MemberOrder;
using runtime::RestoreJournal;
using runtime::RestoreOrder;
using runtime::RestoreRecord;
using runtime::RestoreStep;

namespace {

/// Without a restore, or after it.
Move Normal(const MemberOrder& order, const MemberData& data) {
  if (!order.run) {
    return {.kind = MoveKind::kRest};
  }
  if (!data.exists && (order.established || data.incarnation >= order.incarnation)) {
    return {.kind = MoveKind::kLost};
  }
  return {.kind = MoveKind::kServe};
}

/// What was rebuilt has gone, and etcd may have run on it: rebuilt again, or on an empty directory,
/// it would have forgotten its votes. Before kOpen a roll-back helps, after it its fellows.
bool IsLost(const RestoreRecord& record, const MemberData& data) {
  return !data.exists && !record.roll_back && record.done() >= RestoreStep::kRebuild;
}

/// The state in which a restore waits for the word to go on. `record` is not over.
Move Hold(const RestoreRecord& record, const MemberData& data, std::string refusal) {
  Move move{.kind = MoveKind::kRest, .step = {}, .refusal = std::move(refusal)};
  if (record.roll_back) {
    move.kind = MoveKind::kRollBack;  // what was begun is brought to its end
  } else if (IsLost(record, data)) {
    move.kind = MoveKind::kLost;
  } else if (!record.steps.back().done_unix_nanos) {
    move.kind = MoveKind::kStep;
    move.step = record.steps.back().step;
  } else if (record.done() == RestoreStep::kStartClosed) {
    move.kind = MoveKind::kServeClosed;
  } else if (record.done() == RestoreStep::kOpen) {
    move.kind = MoveKind::kServe;
  }
  return move;
}

Move Step(RestoreStep step) { return {.kind = MoveKind::kStep, .step = step}; }

/// One that is not over; `record` null: not begun.
Move Restore(const RestoreOrder& order, const RestoreRecord* record, const MemberData& data) {
  if (order.roll_back && record != nullptr && record->begun(RestoreStep::kOpen)) {
    return Hold(
        *record, data,
        fmt::format("restore {} cannot be rolled back: clients have been let in", order.id));
  }
  if (order.roll_back || (record != nullptr && record->roll_back)) {
    return {.kind = MoveKind::kRollBack};
  }
  if (record == nullptr) {
    return Step(RestoreStep::kStop);
  }
  if (IsLost(*record, data)) {
    return {.kind = MoveKind::kLost};
  }
  const runtime::StepRecord& last = record->steps.back();
  if (!last.done_unix_nanos) {
    return Step(last.step);
  }
  if (last.step < order.until) {
    return Step(static_cast<RestoreStep>(static_cast<int>(last.step) + 1));
  }
  return Hold(*record, data, {});
}

}  // namespace

Move NextMove(const MemberOrder& order, const RestoreJournal& journal, const MemberData& data) {
  const RestoreRecord* const busy = journal.busy() ? &*journal.current : nullptr;
  if (!order.restore) {
    return busy == nullptr
               ? Normal(order, data)
               : Hold(*busy, data,
                      fmt::format("restore {} is not over, and no order names it", busy->id));
  }
  if (journal.Finished(order.restore->id)) {
    return Normal(order, data);
  }
  if (busy != nullptr && busy->id != order.restore->id) {
    return Hold(
        *busy, data,
        fmt::format("restore {} is not over: {} cannot begin", busy->id, order.restore->id));
  }
  return Restore(*order.restore, busy, data);
}

}  // namespace tresor::launcher
