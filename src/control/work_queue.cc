// SPDX-License-Identifier: Apache-2.0
#include "control/work_queue.h"

#include <algorithm>
#include <utility>

namespace tresor::control {
namespace {

// A worker looks at the clock at least this often: a fake one, or one that stood still while the
// machine slept, notifies nobody.
constexpr std::chrono::seconds kLongestWait{1};

}  // namespace

WorkQueue::WorkQueue(const Clock& clock, const WorkQueueOptions& options)
    : clock_(clock), options_(options) {}

void WorkQueue::AddTo(State& state, const Key& key) {
  if (state.shut_down || !state.waiting.insert(key).second) {
    return;
  }
  if (!state.working.contains(key)) {
    state.ready.push_back(key);
  }
}

void WorkQueue::Add(const Key& key) {
  AddTo(*state_.Lock(), key);
  changed_.notify_one();
}

void WorkQueue::AddAfter(const Key& key, std::chrono::nanoseconds delay) {
  if (delay <= std::chrono::nanoseconds::zero()) {
    Add(key);
    return;
  }
  const MonotonicTime due = clock_.Monotonic() + delay;
  {
    auto state = state_.Lock();
    if (state->shut_down) {
      return;
    }
    const auto [place, is_new] = state->delayed.try_emplace(key, due);
    if (!is_new) {
      if (place->second <= due) {
        return;
      }
      state->by_time.erase({place->second, key});
      place->second = due;
    }
    state->by_time.insert({due, key});
  }
  changed_.notify_one();
}

std::chrono::nanoseconds WorkQueue::AddRateLimited(const Key& key) {
  std::chrono::nanoseconds delay = options_.first_delay;
  {
    auto state = state_.Lock();
    const int failures = state->failures[key]++;
    for (int i = 0; i < failures && delay < options_.max_delay; ++i) {
      delay *= 2;
    }
  }
  delay = std::min(delay, options_.max_delay);
  AddAfter(key, delay);
  return delay;
}

void WorkQueue::Forget(const Key& key) { state_.Lock()->failures.erase(key); }

void WorkQueue::MoveDue(State& state) const {
  const MonotonicTime now = clock_.Monotonic();
  while (!state.by_time.empty() && state.by_time.begin()->first <= now) {
    const Key key = state.by_time.begin()->second;
    state.by_time.erase(state.by_time.begin());
    state.delayed.erase(key);
    AddTo(state, key);
  }
}

std::optional<Key> WorkQueue::Take(State& state) {
  if (state.ready.empty()) {
    return std::nullopt;
  }
  Key key = std::move(state.ready.front());
  state.ready.pop_front();
  state.waiting.erase(key);
  state.working.insert(key);
  return key;
}

std::optional<Key> WorkQueue::Get() {
  auto state = state_.Lock();
  while (!state->shut_down) {
    MoveDue(*state);
    if (std::optional<Key> key = Take(*state)) {
      return key;
    }
    std::chrono::nanoseconds wait = kLongestWait;
    if (!state->by_time.empty()) {
      wait = std::clamp<std::chrono::nanoseconds>(
          state->by_time.begin()->first - clock_.Monotonic(), std::chrono::milliseconds(1), wait);
    }
    state.WaitFor(changed_, wait, [&] { return state->shut_down || !state->ready.empty(); });
  }
  return std::nullopt;
}

std::optional<Key> WorkQueue::TryGet() {
  auto state = state_.Lock();
  if (state->shut_down) {
    return std::nullopt;
  }
  MoveDue(*state);
  return Take(*state);
}

void WorkQueue::Done(const Key& key) {
  {
    auto state = state_.Lock();
    state->working.erase(key);
    if (state->waiting.contains(key)) {
      state->ready.push_back(key);
    }
  }
  changed_.notify_one();
}

void WorkQueue::ShutDown() {
  {
    auto state = state_.Lock();
    state->shut_down = true;
    state->ready.clear();
    state->waiting.clear();
    state->delayed.clear();
    state->by_time.clear();
  }
  changed_.notify_all();
}

std::size_t WorkQueue::size() const { return state_.Lock()->ready.size(); }

std::optional<MonotonicTime> WorkQueue::next_due() const {
  auto state = state_.Lock();
  if (state->by_time.empty()) {
    return std::nullopt;
  }
  return state->by_time.begin()->first;
}

}  // namespace tresor::control
