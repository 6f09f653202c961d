// SPDX-License-Identifier: Apache-2.0
#include "backup/restore.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "backup/image_writer.h"
#include "backup/proof.h"
#include "backup/restore_target.h"
#include "bolt/builder.h"
#include "etcd/format/restore_plan.h"
#include "etcd/format/snap.h"
#include "etcd/format/wal.h"

namespace tresor::backup {
namespace {

// A packed database is as large as its records and a little more; page and element headers, and
// room that the last element of a page leaves.
constexpr double kImageOverhead = 1.1;

struct Plan {
  etcd::InitialCluster cluster;
  std::vector<etcd::MemberId> ids;  // as the options' members
  std::vector<std::unique_ptr<RestoreTarget>> targets;
};

std::string WithoutTrailingSlashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

bool IsInside(const std::string& path, const std::string& dir) {
  return path == dir || path.starts_with(dir == "/" ? dir : dir + "/");
}

Result<etcd::MemberId> FindMember(const etcd::InitialCluster& cluster,
                                  const RestoreMember& member) {
  if (!member.peer_urls.empty()) {
    ASSIGN_OR_RETURN(const auto urls, etcd::ParsePeerUrls(member.peer_urls));
    ASSIGN_OR_RETURN(const auto found, etcd::FindLocalMember(cluster, member.name, urls));
    return found.id;
  }
  for (const etcd::MemberSpec& spec : cluster.members) {
    if (spec.name == member.name) {
      return spec.id;
    }
  }
  return Error(Code::kInvalidArgument, "member \"{}\" is not in the initial cluster", member.name);
}

Result<Plan> MakePlan(const RestoreOptions& options) {
  if (options.members.empty()) {
    return Error(Code::kInvalidArgument, "no member to restore");
  }
  if (options.bump_revision < 0 || (options.bump_revision > 0 && !options.mark_compacted)) {
    return Error(Code::kInvalidArgument,
                 "a revision bump must be above 0 and comes with mark-compacted");
  }
  Plan plan;
  ASSIGN_OR_RETURN(plan.cluster, etcd::ParseInitialCluster(options.initial_cluster,
                                                           options.initial_cluster_token));
  std::set<etcd::MemberId> ids;
  std::vector<std::string> dirs;
  for (const RestoreMember& member : options.members) {
    ASSIGN_OR_RETURN(const etcd::MemberId id, FindMember(plan.cluster, member));
    if (!ids.insert(id).second) {
      return Error(Code::kInvalidArgument, "member \"{}\" is named twice", member.name);
    }
    plan.ids.push_back(id);
    if (member.data_dir.empty()) {
      return Error(Code::kInvalidArgument, "member \"{}\": no data directory", member.name);
    }
    const std::string data_dir = WithoutTrailingSlashes(member.data_dir);
    std::string wal_dir = WithoutTrailingSlashes(member.wal_dir);
    if (wal_dir == data_dir + "/member/wal") {
      wal_dir.clear();
    }
    dirs.push_back(data_dir);
    if (!wal_dir.empty()) {
      dirs.push_back(wal_dir);
    }
    plan.targets.push_back(std::make_unique<RestoreTarget>(
        *options.fs, data_dir, std::move(wal_dir),
        RestoredWal{.used = etcd::EncodeRestoredWal(plan.cluster, plan.ids.back()),
                    .file_bytes = options.wal_file_bytes}));
  }
  for (std::size_t i = 0; i < dirs.size(); ++i) {
    for (std::size_t j = 0; j < dirs.size(); ++j) {
      if (i != j && IsInside(dirs[i], dirs[j])) {
        return Error(Code::kInvalidArgument, "{} and {} are the same or inside each other", dirs[i],
                     dirs[j]);
      }
    }
  }
  return plan;
}

/// The nearest folder above `path` that exists.
std::string ExistingParent(io::FileSystem& fs, std::string path) {
  while (path != "/" && path != ".") {
    if (const auto exists = io::Exists(fs, path); !exists.ok() || *exists) {
      break;
    }
    path = io::ParentPath(path);
  }
  return path;
}

// Members whose folders have the same parent are taken to share a file system.
Status CheckRoom(const RestoreOptions& options, const SourceFacts& facts) {
  const auto db_bytes =
      static_cast<std::uint64_t>(static_cast<double>(facts.record_bytes) * kImageOverhead);
  std::map<std::string, std::uint64_t> needed;
  for (const RestoreMember& member : options.members) {
    const std::string& wal_dir = member.wal_dir.empty() ? member.data_dir : member.wal_dir;
    needed[ExistingParent(*options.fs, io::ParentPath(member.data_dir))] += db_bytes;
    needed[ExistingParent(*options.fs, io::ParentPath(wal_dir))] += options.wal_file_bytes;
  }
  for (const auto& [dir, bytes] : needed) {
    ASSIGN_OR_RETURN(const std::uint64_t free, options.fs->FreeBytes(dir));
    if (free < bytes) {
      return Error(Code::kResourceExhausted, "{}: {} MiB are needed, {} MiB are free", dir,
                   bytes >> 20, free >> 20);
    }
  }
  return OkStatus();
}

}  // namespace

Result<RestoreResult> Restore(const Context& context, const Source& source,
                              const RestoreOptions& options) {
  ASSIGN_OR_RETURN(const Plan plan, MakePlan(options));
  for (const auto& target : plan.targets) {
    RETURN_IF_ERROR(target->Inspect());
  }
  const SourceFacts& facts = source.facts();
  RETURN_IF_ERROR(CheckRoom(options, facts));
  ASSIGN_OR_RETURN(etcd::RestorePlan changes,
                   etcd::RestorePlan::Make({.bump_revision = options.bump_revision,
                                            .portable = options.portable,
                                            .clear_alarms = options.clear_alarms},
                                           plan.cluster));
  ASSIGN_OR_RETURN(const auto proof, RecordProof::Prepare(context, source));

  std::vector<io::File*> files;
  for (const auto& target : plan.targets) {
    RETURN_IF_ERROR(target->Begin(*options.random));
    files.push_back(&target->db());
  }
  RestoreResult result;
  {
    FanOutSink sink(files);
    ASSIGN_OR_RETURN(const auto builder,
                     bolt::Builder::Create(sink, {.page_size = options.page_size_bytes,
                                                  .leaf_bytes = options.leaf_bytes}));
    BuildingVisitor visitor(context, *builder, *proof, &changes, facts, options.progress);
    RETURN_IF_ERROR(source.Visit(context, visitor));
    RETURN_IF_ERROR(visitor.Finish());
    RETURN_IF_ERROR(proof->Finish(context));
    ASSIGN_OR_RETURN(const bolt::BuildResult built, builder->Finish());
    result.db_bytes = built.image_bytes;
    result.revision = visitor.bumped_revision().value_or(facts.revisions.current);
    result.compact_revision = visitor.bumped_revision().value_or(facts.revisions.compacted());
    if (options.progress) {
      options.progress({.phase = Phase::kSync, .done_bytes = 0, .total_bytes = built.image_bytes});
    }
    RETURN_IF_ERROR(sink.Finish());
  }
  const Bytes snap = etcd::EncodeRestoredSnap(plan.cluster);
  for (const auto& target : plan.targets) {
    RETURN_IF_ERROR(
        target->WriteSmallFiles(etcd::RestoredSnapFileName(plan.cluster), snap, options.snap_mode));
  }
  RETURN_IF_ERROR(context.Check());
  for (const auto& target : plan.targets) {
    RETURN_IF_ERROR(target->Publish());
  }
  for (const auto& target : plan.targets) {
    RETURN_IF_ERROR(target->RemoveDataMarker());
  }
  for (const auto& target : plan.targets) {
    RETURN_IF_ERROR(target->RemoveWalMarker());
  }

  result.cluster_id = plan.cluster.id;
  result.member_ids = plan.ids;
  result.records = proof->records();
  result.hash_kv = proof->hash_kv();
  result.hash_kv_compared = facts.hash_kv.has_value();
  return result;
}

}  // namespace tresor::backup
