// SPDX-License-Identifier: Apache-2.0
// RebuildJob: kRebuild on a thread of its own, so that the launcher goes on listening to its order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/guarded.h"
#include "base/thread.h"
#include "launcher/rebuild.h"
#include "launcher/restore_data.h"

namespace tresor::launcher {

/// Begins when made. The destructor stops it, and waits.
class RebuildJob {
 public:
  RebuildJob(io::FileSystem& fs, Random& random, runtime::MemberOrder order,
             runtime::MemberFiles files, runtime::RestoreRecord record)
      : thread_([this, &fs, &random, order = std::move(order), files = std::move(files),
                 record = std::move(record)] {
          Result<runtime::RebuiltData> result = Run(fs, random, order, files, record);
          state_.Lock()->result = std::move(result);
        }) {}
  ~RebuildJob() { stop_.request_stop(); }
  RebuildJob(const RebuildJob&) = delete;
  RebuildJob& operator=(const RebuildJob&) = delete;

  /// None: it goes on.
  [[nodiscard]] std::optional<Result<runtime::RebuiltData>> Poll() { return state_.Lock()->result; }
  [[nodiscard]] backup::Progress progress() { return state_.Lock()->progress; }

 private:
  [[nodiscard]] Result<runtime::RebuiltData> Run(io::FileSystem& fs, Random& random,
                                                 const runtime::MemberOrder& order,
                                                 const runtime::MemberFiles& files,
                                                 const runtime::RestoreRecord& record) {
    RETURN_IF_ERROR(ClearForRebuild(fs, files, record));
    Result<runtime::RebuiltData> rebuilt =
        Rebuild(Context::Background().WithStop(stop_.get_token()), fs, random, order, files,
                [this](const backup::Progress& progress) {
                  if (progress.phase == backup::Phase::kRead) {
                    state_.Lock()->progress = progress;
                  }
                });
    if (!rebuilt.ok()) {
      // Half of it is of no use, and on a full disk its room is: for the journal of the way back.
      (void)ClearForRebuild(fs, files, record);
    }
    return rebuilt;
  }

  struct State {
    std::optional<Result<runtime::RebuiltData>> result;
    backup::Progress progress;
  };
  Guarded<State> state_;
  std::stop_source stop_;
  Thread thread_;  // last: joined before the rest goes
};

}  // namespace tresor::launcher
