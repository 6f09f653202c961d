// SPDX-License-Identifier: Apache-2.0
// The one implementation of Repository. Its methods live in files by task: repository.cc (keys,
// listing, what begins reading and saving), forget.cc, prune.cc, check.cc, stats.cc.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "blob/blob.h"
#include "repo/keys.h"
#include "repo/objects.h"
#include "repo/repository.h"
#include "repo/segment_writer.h"

namespace tresor::repo {

/// Threads: all methods, from any thread.
class RepositoryImpl final : public Repository {
 public:
  /// `store` outlives this.
  RepositoryImpl(blob::BlobStore& store, KeyRing keys, const OpenOptions& options,
                 const SegmentWriterOptions& segment_options = {});

  [[nodiscard]] Id id() const override { return keys_.repository(); }
  // repository.cc
  [[nodiscard]] Result<std::vector<BackupInfo>> List(const Context& context) override;
  [[nodiscard]] Result<BackupInfo> Find(const Context& context, std::string_view name) override;
  [[nodiscard]] Result<std::unique_ptr<Backup>> OpenBackup(const Context& context,
                                                           const Id& backup) override;
  [[nodiscard]] Result<std::unique_ptr<BackupWriter>> BeginBackup(const Context& context) override;
  // forget.cc, prune.cc, check.cc, stats.cc
  [[nodiscard]] Status Forget(const Context& context, const std::vector<Id>& backups) override;
  [[nodiscard]] Result<PruneReport> Prune(const Context& context,
                                          const PruneOptions& options) override;
  [[nodiscard]] Result<CheckReport> Check(const Context& context,
                                          const CheckOptions& options) override;
  [[nodiscard]] Result<Stats> GetStats(const Context& context) override;
  // repository.cc
  [[nodiscard]] Result<std::vector<KeySlot>> ListKeys(const Context& context) override;
  [[nodiscard]] Result<KeySlot> AddKey(const Context& context, const Credential& credential,
                                       std::string_view label) override;
  [[nodiscard]] Status RemoveKey(const Context& context, const Id& slot) override;

 private:
  blob::BlobStore& store_;
  const OpenOptions options_;
  SegmentWriterOptions segment_options_;  // constant after construction
  const KeyRing keys_;
  SharedRandom random_;
  const Objects objects_;
};

}  // namespace tresor::repo
