// SPDX-License-Identifier: Apache-2.0
// restore-journal.json: how far a member has come with a restore, and which restores it has carried
// out. Written by the launcher before and after every step. Fields and rules: runtime/FORMAT.md.
// Pure, but for reading and writing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/status.h"
#include "io/file_system.h"
#include "runtime/runtime.h"

namespace tresor::runtime {

struct StepRecord {
  RestoreStep step{};
  std::int64_t begun_unix_nanos = 0;
  std::optional<std::int64_t> done_unix_nanos;  // none: it was begun, and may be half done
};

/// The restore that was begun last.
struct RestoreRecord {
  std::string id;
  /// In the order of RestoreStep, from kStop, without gaps; all but the last are done.
  std::vector<StepRecord> steps;
  /// There was a data directory when kSetAside began. Without it there is nothing to bring back.
  bool had_data = false;
  std::optional<RebuiltData> rebuilt;  // once kRebuild is done
  bool verified = false;               // RestoreObservation::verified
  /// Not with kOpen begun.
  std::optional<StepRecord> roll_back;

  [[nodiscard]] std::optional<RestoreStep> done() const;
  [[nodiscard]] bool begun(RestoreStep step) const;
  [[nodiscard]] bool rolled_back() const {
    return roll_back && roll_back->done_unix_nanos.has_value();
  }
  /// Rolled back, or all steps are done.
  [[nodiscard]] bool over() const;
};

struct FinishedRestore {
  std::string id;
  bool rolled_back = false;
};

struct RestoreJournal {
  /// Oldest first, without `current`; the newest kMostFinished.
  std::vector<FinishedRestore> finished;
  std::optional<RestoreRecord> current;

  static constexpr std::size_t kMostFinished = 1000;

  /// How a restore that is over ended; none: it is not known, or not over.
  [[nodiscard]] std::optional<FinishedRestore> Finished(std::string_view id) const;
  /// There is one that is not over.
  [[nodiscard]] bool busy() const { return current && !current->over(); }
};

/// What must hold in every journal. kDataLoss says what does not.
[[nodiscard]] Status CheckJournal(const RestoreJournal& journal);

// Changes; each is written before (Begin…) or after (End…) it is true on disk. kInternal: against
// the rules, a bug.

/// The next step of restore `id`; the first one makes it current. Beginning a step that was begun,
/// and not done, changes nothing.
[[nodiscard]] Status BeginStep(RestoreJournal& journal, const std::string& id, RestoreStep step,
                               WallTime now);
[[nodiscard]] Status EndStep(RestoreJournal& journal, RestoreStep step, WallTime now);
[[nodiscard]] Status BeginRollBack(RestoreJournal& journal, const std::string& id, WallTime now);
[[nodiscard]] Status EndRollBack(RestoreJournal& journal, WallTime now);

[[nodiscard]] std::string EncodeJournal(const RestoreJournal& journal);
[[nodiscard]] Result<RestoreJournal> DecodeJournal(ByteView bytes, const std::string& name);
/// An empty one when there is no file.
[[nodiscard]] Result<RestoreJournal> ReadJournal(io::FileSystem& fs, const std::string& path);
/// Atomic and durable. kInternal: it breaks the rules; nothing is written.
[[nodiscard]] Status WriteJournal(io::FileSystem& fs, const std::string& path,
                                  const RestoreJournal& journal);

}  // namespace tresor::runtime
