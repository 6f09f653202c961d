// SPDX-License-Identifier: Apache-2.0
// The Watch of ApiStore: a position among a resource's changes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "store/object_cache.h"
#include "store/object_store.h"
#include "store/revision_log.h"
#include "store/row_codec.h"

namespace tresor::store {

/// What a watch reads from. It may outlive the store, and then only says so.
struct ChangeSource {
  std::shared_ptr<ObjectCache> cache;
  std::shared_ptr<RevisionLog> log;
  std::shared_ptr<const RowCodec> codec;
};

class ObjectWatch final : public Watch {
 public:
  /// Without a resourceVersion in `options`, `initial` is delivered first.
  ObjectWatch(ChangeSource source, ResourceName resource, WatchOptions options,
              ObjectCache::State initial, std::function<void()> on_ready);
  ~ObjectWatch() override;
  ObjectWatch(const ObjectWatch&) = delete;
  ObjectWatch& operator=(const ObjectWatch&) = delete;

  Result<std::vector<WatchEvent>> Poll(std::size_t max) override;
  std::uint64_t position() const override { return position_; }

 private:
  [[nodiscard]] bool Matches(const SharedObject& object) const;
  void Deliver(const PublishedChange& change, std::vector<WatchEvent>& events) const;
  [[nodiscard]] Status ReadHistory(std::uint64_t window_begin, std::size_t max,
                                   std::vector<WatchEvent>& events);

  const ChangeSource source_;
  const ResourceName resource_;
  const WatchOptions options_;
  const std::shared_ptr<Watcher> watcher_;
  std::deque<SharedObject> initial_;
  std::uint64_t start_ = 0;  // position once `initial_` is delivered
  std::uint64_t position_ = 0;
};

}  // namespace tresor::store
