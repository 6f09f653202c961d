// SPDX-License-Identifier: Apache-2.0
// ClusterLocks: who may give orders to a cluster's runtime just now.
//
// A runtime wants calls for one cluster one at a time. And who orders has to know that nobody else
// does: the cluster controller applies a spec only after it has seen, under the lock, that no
// restore has the cluster; the restore controller orders only under the lock, after it has marked
// the cluster as its own. So neither ever undoes the other's order.
//
// Backups give no orders; they mark that they read. Members are not defragmented meanwhile: whoever
// holds the lock sees the mark, and a backup begins only when nobody holds the lock who came before
// the mark.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/guarded.h"

namespace tresor::control {

/// Threads: all methods, from any thread. Outlives what TryLock returned.
class ClusterLocks {
 public:
  class Held {
   public:
    Held(ClusterLocks& locks, std::string uid) : locks_(&locks), uid_(std::move(uid)) {}
    ~Held() {
      if (locks_ != nullptr) {
        locks_->held_.Lock()->erase(uid_);
      }
    }
    Held(Held&& other) noexcept
        : locks_(std::exchange(other.locks_, nullptr)), uid_(std::move(other.uid_)) {}
    Held& operator=(Held&&) = delete;
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    ClusterLocks* locks_;
    std::string uid_;
  };

  /// A mark; others may have theirs at the same time.
  class Reading {
   public:
    Reading(ClusterLocks& locks, std::string uid) : locks_(locks), uid_(std::move(uid)) {
      ++(*locks_.readers_.Lock())[uid_];
    }
    ~Reading() {
      auto readers = locks_.readers_.Lock();
      if (--(*readers)[uid_] == 0) {
        readers->erase(uid_);
      }
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    ClusterLocks& locks_;
    const std::string uid_;
  };
  [[nodiscard]] bool IsRead(const std::string& cluster_uid) {
    return readers_.Lock()->contains(cluster_uid);
  }

  /// None: somebody else has it. Nobody waits: workers have other clusters to look after.
  [[nodiscard]] std::optional<Held> TryLock(const std::string& cluster_uid) {
    if (!held_.Lock()->insert(cluster_uid).second) {
      return std::nullopt;
    }
    return std::optional<Held>(std::in_place, *this, cluster_uid);
  }

 private:
  Guarded<std::set<std::string>> held_;
  Guarded<std::map<std::string, int>> readers_;
};

}  // namespace tresor::control
