// SPDX-License-Identifier: Apache-2.0
#include "control/informer.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/test_world.h"

namespace tresor::control {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class InformerTest : public ::testing::Test {
 protected:
  InformerTest() {
    informer_.AddIndex("size", [](const Object& object) {
      return std::vector<std::string>{object.Find("spec.replicas")->dump()};
    });
    informer_.AddHandler([this](const ObjectPointer& before, const ObjectPointer& after) {
      seen_.push_back((before == nullptr  ? "+"
                       : after == nullptr ? "-"
                                          : "~") +
                      (after == nullptr ? before : after)->name());
    });
  }
  void Update() {
    Result<bool> more = true;
    while (more.ok() && *more) {
      more = informer_.Update(world_.context());
    }
    EXPECT_OK(more.status());
  }
  void Resize(const std::string& name, int replicas) {
    EXPECT_OK(store::Modify(world_.context(), *world_.store, {objects::kEtcdClusters, "p", name},
                            TestWorld::Person(),
                            [&](Object& object) -> Result<bool> {
                              object.json["spec"]["replicas"] = replicas;
                              return true;
                            })
                  .status());
  }
  void Delete(const std::string& name) {
    EXPECT_OK(
        world_.store->Delete(world_.context(), {objects::kEtcdClusters, "p", name}, {}).status());
  }

  TestWorld world_;
  int woken_ = 0;
  std::vector<std::string> seen_;
  Informer informer_{*world_.store, objects::kEtcdClusters, [this] { ++woken_; }};
};

TEST_F(InformerTest, KnowsWhatIsThereAndWhatChanges) {
  world_.MakeCluster("a");
  EXPECT_FALSE(informer_.synced());
  Update();
  EXPECT_TRUE(informer_.synced());
  world_.MakeCluster("b");
  Resize("a", 5);
  Delete("b");
  Update();

  EXPECT_THAT(seen_, ElementsAre("+a", "+b", "~a", "-b"));
  EXPECT_EQ(informer_.Get({"p", "b"}), nullptr);
  ASSERT_NE(informer_.Get({"p", "a"}), nullptr);
  EXPECT_THAT(informer_.List("p"), SizeIs(1));
  EXPECT_THAT(informer_.List("q"), IsEmpty());
}

TEST_F(InformerTest, IndexesFollowTheObjects) {
  world_.MakeCluster("a");
  world_.MakeCluster("b");
  Update();
  EXPECT_THAT(informer_.ByIndex("size", "3"), SizeIs(2));
  Resize("a", 5);
  Delete("b");
  Update();
  EXPECT_THAT(informer_.ByIndex("size", "3"), IsEmpty());
  ASSERT_THAT(informer_.ByIndex("size", "5"), SizeIs(1));
  EXPECT_THAT(informer_.ByIndex("colour", "5"), IsEmpty());
}

TEST_F(InformerTest, ListsAgainWhenItFellBehindAndTellsOnlyWhatIsDifferent) {
  store::ApiStoreOptions options;
  options.clock = &world_.clock;
  options.window_changes = 4;
  options.history_changes = 4;
  const auto store = store::NewMemoryStore(options);
  const auto make = [&](const std::string& name) {
    Object object;
    object.json = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
    EXPECT_OK(
        store->Create(world_.context(), objects::kNamespaces, object, TestWorld::Person(), nullptr)
            .status());
  };
  std::vector<std::string> seen;
  Informer informer(*store, objects::kNamespaces, [] {});
  informer.AddHandler([&](const ObjectPointer& before, const ObjectPointer& after) {
    seen.push_back((before == nullptr ? "+" : "~") + after->name());
  });
  make("a");
  ASSERT_OK(informer.Update(world_.context()).status());
  seen.clear();
  for (int i = 0; i < 20; ++i) {
    make("n" + std::to_string(i));
  }
  ASSERT_OK(store->Upkeep(world_.context()));

  Result<bool> more = true;
  for (int i = 0; i < 10 && more.ok() && *more; ++i) {
    more = informer.Update(world_.context());
  }

  ASSERT_OK(more.status());
  EXPECT_THAT(seen, SizeIs(20));
  EXPECT_NE(informer.Get({"", "n19"}), nullptr);
}

TEST_F(InformerTest, ResyncTellsOfEverything) {
  world_.MakeCluster("a");
  Update();
  seen_.clear();
  informer_.Resync();
  EXPECT_THAT(seen_, ElementsAre("~a"));
}

TEST(EventRecorderTest, TheSameThingSaidAgainRaisesTheCount) {
  TestWorld world;
  const Object cluster = world.MakeCluster("prod");
  for (int i = 0; i < 3; ++i) {
    world.events->Record(world.context(), cluster, EventType::kWarning, "Degraded", "m1 is down");
    world.clock.Advance(std::chrono::minutes(1));
  }
  world.events->Record(world.context(), cluster, EventType::kWarning, "Degraded", "m2 is down");

  const std::vector<Object> events = world.All(objects::kEvents);
  ASSERT_THAT(events, SizeIs(2));
  const Object& first = events[0].Text("message") == "m1 is down" ? events[0] : events[1];
  EXPECT_EQ(*first.Find("count"), 3);
  EXPECT_EQ(first.Text("type"), "Warning");
  EXPECT_EQ(first.Text("reason"), "Degraded");
  EXPECT_EQ(first.Text("involvedObject.name"), "prod");
  EXPECT_NE(first.Text("firstTimestamp"), first.Text("lastTimestamp"));
}

}  // namespace
}  // namespace tresor::control
