// SPDX-License-Identifier: Apache-2.0
#include "test/restored_cluster.h"

#include <fstream>
#include <sstream>
#include <utility>

namespace tresor::testing {

Result<RestoredCluster> RestoreToCluster(const Context& context, const backup::Source& source,
                                         const EtcdOptions& options, backup::RestoreOptions how) {
  ASSIGN_OR_RETURN(auto etcd, EtcdCluster::Plan(options));
  for (int i = 0; i < etcd->size(); ++i) {
    how.members.push_back({.name = etcd->name(i),
                           .peer_urls = etcd->peer_url(i),
                           .data_dir = etcd->data_dir(i),
                           .wal_dir = {}});
  }
  how.initial_cluster = etcd->initial_cluster();
  ASSIGN_OR_RETURN(backup::RestoreResult result, backup::Restore(context, source, how));
  return RestoredCluster{std::move(etcd), std::move(result)};
}

Status StartTogether(const std::vector<EtcdCluster*>& clusters) {
  for (EtcdCluster* cluster : clusters) {
    for (int i = 0; i < cluster->size(); ++i) {
      if (cluster->member(i) == nullptr) {
        RETURN_IF_ERROR(cluster->StartMember(i));
      }
    }
  }
  for (EtcdCluster* cluster : clusters) {
    RETURN_IF_ERROR(cluster->StartAll());
  }
  return OkStatus();
}

Status StopAndCheck(const Context& context, EtcdCluster& etcd, const std::string& line) {
  RETURN_IF_ERROR(etcd.Disconnect());
  for (int i = 0; i < etcd.size(); ++i) {
    etcd.StopMember(i);
    std::ostringstream log;
    log << std::ifstream(etcd.log_path(i)).rdbuf();
    const std::string text = log.str();
    const std::size_t asked = text.rfind("verification of persisted state");
    const std::size_t content = text.rfind("verification of persisted state successful");
    if (line != "3.4" && (content == std::string::npos || content != asked)) {
      return Error(Code::kDataLoss, "etcd {} {}: ETCD_VERIFY is not content:\n{}", line,
                   etcd.name(i), etcd.LogTails());
    }
    const Result<process::Output> check =
        RunTool(context, "bbolt", {"check", etcd.data_dir(i) + "/member/snap/db"});
    if (!check.ok()) {
      return Error(
          check.status().code() == Code::kInternal ? Code::kDataLoss : check.status().code(),
          "etcd {} {}: {}", line, etcd.name(i), Message(check.status()));
    }
  }
  return OkStatus();
}

}  // namespace tresor::testing
