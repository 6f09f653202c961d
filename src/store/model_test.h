// SPDX-License-Identifier: Apache-2.0
// Random writes to an ApiStore against the simplest thing that can be right: every change, kept for
// ever. Lists of any version and watches from any version must show exactly those.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "store/api_store.h"
#include "store/test_objects.h"

namespace tresor::store {

/// Where the model's store keeps its log.
class StoreHome {
 public:
  virtual ~StoreHome() = default;
  /// The store of before, if there was one: it is closed.
  [[nodiscard]] virtual std::unique_ptr<ApiStore> Open(const ApiStoreOptions& options) = 0;
  [[nodiscard]] virtual bool survives() const = 0;
};
using MakeHome = std::unique_ptr<StoreHome> (*)();

class StoreModel : public ::testing::TestWithParam<MakeHome> {
 protected:
  using Name = std::pair<std::string, std::string>;  // namespace and name
  using State = std::map<Name, Object>;
  struct ModelChange {
    std::uint64_t revision = 0;
    ResourceName resource;
    Name name;
    std::optional<Object> before;
    std::optional<Object> after;
  };
  struct ModelWatch {
    std::unique_ptr<Watch> watch;
    ResourceName resource;
    WatchOptions options;
    std::uint64_t start = 0;    // changes after this count
    std::vector<Object> first;  // initial objects
    std::size_t delivered = 0;
  };
  struct Expected {
    WatchEvent::Type type;
    Object object;
  };

  void SetUp() override {
    home_ = GetParam()();
    Open();
    ASSERT_OK(store_->Create(context_, kNamespaces, NewNamespace("other"), {}, nullptr));
    first_revision_ = store_->Stats().revision;
  }
  void Open() {
    store_.reset();
    store_ = home_->Open({.clock = &clock_, .window_changes = 16, .history_changes = 60});
  }

  [[nodiscard]] std::uint64_t revision() const {
    return changes_.empty() ? first_revision_ : changes_.back().revision;
  }
  [[nodiscard]] ResourceName RandomResource() {
    return random_.Below(3) == 0 ? kConfigs : kClusters;
  }
  [[nodiscard]] std::string RandomNamespace() {
    return random_.Below(2) == 0 ? "default" : "other";
  }

  /// The state of a resource at a revision.
  [[nodiscard]] State StateAt(const ResourceName& resource, std::uint64_t at) const {
    State state;
    for (const ModelChange& change : changes_) {
      if (change.revision > at) {
        break;
      }
      if (change.resource != resource) {
        continue;
      }
      if (change.after) {
        state[change.name] = *change.after;
      } else {
        state.erase(change.name);
      }
    }
    return state;
  }

  void WriteSomething() {
    const ResourceName resource = RandomResource();
    const std::string name_space = RandomNamespace();
    const std::string name = fmt::format("o{}", random_.Below(6));
    State& now = now_[resource];
    const auto present = now.find({name_space, name});
    ModelChange change{.revision = revision() + 1,
                       .resource = resource,
                       .name = {name_space, name},
                       .before = std::nullopt,
                       .after = std::nullopt};
    if (present == now.end()) {
      Object object =
          resource == kClusters ? NewCluster(name_space, name) : NewConfig(name_space, name);
      object.SetLabel("color", random_.Below(2) == 0 ? "red" : "blue");
      ASSERT_OK_AND_ASSIGN(change.after, store_->Create(context_, resource, object, {}, nullptr));
    } else {
      change.before = present->second;
      Object object = present->second;
      const std::uint64_t choice = random_.Below(3);
      if (choice == 0) {
        ASSERT_OK(store_->Delete(context_, {resource, name_space, name}, {}));
      } else {
        if (choice == 1) {
          object.SetLabel("color", object.labels().at("color") == "red" ? "blue" : "red");
        } else {
          object.SetAnnotation("count", fmt::format("{}", change.revision));
        }
        ASSERT_OK_AND_ASSIGN(change.after, store_->Update(context_, resource, object, {}, nullptr));
      }
    }
    if (change.after) {
      ASSERT_EQ(change.after->resource_version(), change.revision);
      now[change.name] = *change.after;
    } else {
      now.erase(change.name);
    }
    changes_.push_back(std::move(change));
  }

  void StartSomeWatch() {
    ModelWatch watch{.watch = nullptr, .resource = RandomResource(), .options = {}, .first = {}};
    if (random_.Below(2) == 0) {
      watch.options.name_space = RandomNamespace();
    }
    if (random_.Below(2) == 0) {
      watch.options.labels = *objects::LabelSelector::Parse("color=red");
    }
    watch.start = revision();
    if (random_.Below(3) == 0) {
      for (const auto& [name, object] : StateAt(watch.resource, revision())) {
        if (Selects(watch, &object)) {
          watch.first.push_back(object);
        }
      }
    } else {
      watch.start -= random_.Below(std::min<std::uint64_t>(revision(), 80));
      watch.options.resource_version = watch.start;
    }
    Result<std::unique_ptr<Watch>> started =
        store_->StartWatch(context_, watch.resource, watch.options, [] {});
    if (watch.start < store_->Stats().compacted) {
      ASSERT_THAT(started, testing::StatusIs(Code::kOutOfRange));
      return;
    }
    ASSERT_OK(started);
    watch.watch = *std::move(started);
    watches_.push_back(std::move(watch));
  }

  [[nodiscard]] static bool Selects(const ModelWatch& watch, const Object* object) {
    return object != nullptr &&
           (watch.options.name_space.empty() || watch.options.name_space == object->name_space()) &&
           watch.options.labels.Matches(*object);
  }

  /// All that this watch is to tell from its start to now.
  [[nodiscard]] std::vector<Expected> Story(const ModelWatch& watch) const {
    std::vector<Expected> story;
    for (const Object& object : watch.first) {
      story.push_back({WatchEvent::Type::kAdded, object});
    }
    for (const ModelChange& change : changes_) {
      if (change.revision <= watch.start || change.resource != watch.resource) {
        continue;
      }
      const bool before = Selects(watch, change.before ? &*change.before : nullptr);
      const bool after = Selects(watch, change.after ? &*change.after : nullptr);
      if (after) {
        story.push_back(
            {before ? WatchEvent::Type::kModified : WatchEvent::Type::kAdded, *change.after});
      } else if (before) {
        Object last = *change.before;
        last.SetResourceVersion(change.revision);
        story.push_back({WatchEvent::Type::kDeleted, std::move(last)});
      }
    }
    return story;
  }

  void PollSomeWatch() {
    if (watches_.empty()) {
      return;
    }
    const auto at = watches_.begin() + static_cast<std::ptrdiff_t>(random_.Below(watches_.size()));
    const std::size_t max = 1 + random_.Below(20);
    const std::uint64_t position = at->watch->position();
    const Result<std::vector<WatchEvent>> events = at->watch->Poll(max);
    if (!events.ok()) {
      ASSERT_THAT(events, testing::StatusIs(Code::kOutOfRange));
      ASSERT_LT(position, store_->Stats().compacted) << "nothing was lost";
      watches_.erase(at);
      return;
    }
    const std::vector<Expected> story = Story(*at);
    ASSERT_LE(at->delivered, story.size());
    ASSERT_EQ(events->size(), std::min(max, story.size() - at->delivered));
    for (const WatchEvent& event : *events) {
      const Expected& expected = story[at->delivered++];
      ASSERT_EQ(event.type, expected.type);
      ASSERT_EQ(event.object->json, expected.object.json);
    }
    if (events->size() < max) {
      ASSERT_EQ(at->watch->position(), revision());
    }
  }

  void ListSomePast() {
    const ResourceName resource = RandomResource();
    ListOptions options;
    options.resource_version = 1 + random_.Below(revision());
    options.exact = true;
    options.limit = random_.Below(4);
    if (random_.Below(2) == 0) {
      options.name_space = RandomNamespace();
    }
    if (random_.Below(2) == 0) {
      options.labels = *objects::LabelSelector::Parse("color=red");
    }
    const std::uint64_t at = options.resource_version;
    std::vector<Object> listed;
    do {
      const Result<ListResult> page = store_->List(context_, resource, options);
      if (at < store_->Stats().compacted) {
        ASSERT_THAT(page, testing::StatusIs(Code::kOutOfRange));
        return;
      }
      ASSERT_OK(page);
      ASSERT_EQ(page->resource_version, at);
      listed.insert(listed.end(), page->items.begin(), page->items.end());
      options.continue_token = page->continue_token;
      options.resource_version = 0;
      options.exact = false;
    } while (!options.continue_token.empty());
    std::vector<Object> expected;
    for (const auto& [name, object] : StateAt(resource, at)) {
      if ((options.name_space.empty() || options.name_space == name.first) &&
          options.labels.Matches(object)) {
        expected.push_back(object);
      }
    }
    ASSERT_EQ(listed, expected) << "at " << at << " of " << revision();
  }

  const Context context_ = Context::Background();
  FakeClock clock_;
  SeededRandom random_{4711};
  std::unique_ptr<StoreHome> home_;
  std::unique_ptr<ApiStore> store_;
  std::uint64_t first_revision_ = 0;
  std::vector<ModelChange> changes_;
  std::map<ResourceName, State> now_;
  std::vector<ModelWatch> watches_;
};

TEST_P(StoreModel, EveryListAndWatchShowsExactlyWhatWasWritten) {
  for (int step = 0; step < 800 && !HasFatalFailure(); ++step) {
    switch (random_.Below(10)) {
      case 0:
        StartSomeWatch();
        break;
      case 1:
      case 2:
      case 3:
        PollSomeWatch();
        break;
      case 4:
        ListSomePast();
        break;
      default:
        WriteSomething();
    }
    if (random_.Below(60) == 0) {
      ASSERT_OK(store_->Upkeep(context_));
    }
    if (home_->survives() && random_.Below(200) == 0) {
      watches_.clear();
      Open();
    }
  }
  EXPECT_GT(store_->Stats().compacted, 0u);
}

}  // namespace tresor::store
