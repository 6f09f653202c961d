// SPDX-License-Identifier: Apache-2.0
// BoundedQueue: hands items from producers to consumers, and makes the faster side wait. The joint
// of every pipeline.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "base/guarded.h"

namespace tresor {

/// Threads: all methods, from any thread.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for room. False: the queue was closed, and the item is dropped.
  bool Push(T item) {
    auto state = state_.Lock();
    state.Wait(changed_, [&] { return state->closed || state->items.size() < capacity_; });
    if (state->closed) {
      return false;
    }
    state->items.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  /// Waits for an item. None: the queue is finished or closed, and there is nothing more.
  std::optional<T> Pop() {
    auto state = state_.Lock();
    state.Wait(changed_, [&] { return state->closed || state->finished || !state->items.empty(); });
    if (state->closed || state->items.empty()) {
      return std::nullopt;
    }
    std::optional<T> item(std::move(state->items.front()));
    state->items.pop_front();
    changed_.notify_all();
    return item;
  }

  /// The producer's orderly end: consumers get what is left, then none.
  void Finish() {
    state_.Lock()->finished = true;
    changed_.notify_all();
  }

  /// Either side's sudden end: nobody waits any more, what is left is dropped.
  void Close() {
    auto state = state_.Lock();
    state->closed = true;
    state->items.clear();
    changed_.notify_all();
  }

 private:
  struct State {
    std::deque<T> items;
    bool finished = false;
    bool closed = false;
  };
  const std::size_t capacity_;
  std::condition_variable changed_;
  Guarded<State> state_;
};

}  // namespace tresor
