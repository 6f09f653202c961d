// SPDX-License-Identifier: Apache-2.0
// What every ObjectStore must do: what a Kubernetes API server with Tresor's CRDs does. Nothing in
// here asks for more, so that one can be put under test. Include in one test file and say for which
// ones:
//   INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreContract, ::testing::Values(&MakeMemory));
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/status_matchers.h"
#include "base/thread.h"
#include "store/object_store.h"
#include "store/test_objects.h"

namespace tresor::store {

/// A store; others may use it too.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  [[nodiscard]] virtual ObjectStore& store() = 0;
};
using MakeStore = std::unique_ptr<StoreUnderTest> (*)();

/// Every test has a namespace of its own.
class ObjectStoreContract : public ::testing::TestWithParam<MakeStore> {
 protected:
  void SetUp() override {
    under_test_ = GetParam()();
    ns_ = fmt::format("contract-{:016x}", SystemRandom().Next());
    ASSERT_OK(store().Create(context_, kNamespaces, NewNamespace(ns_), options_));
  }

  [[nodiscard]] ObjectStore& store() { return under_test_->store(); }
  [[nodiscard]] ObjectKey Key(const std::string& name) const { return {kClusters, ns_, name}; }
  [[nodiscard]] Result<Object> Get(const std::string& name) {
    return store().Get(context_, Key(name));
  }
  [[nodiscard]] Result<Object> Create(const Object& object) {
    return store().Create(context_, ResourceOf(object), object, options_);
  }
  [[nodiscard]] Result<Object> Create(const std::string& name) {
    return Create(NewCluster(ns_, name));
  }
  [[nodiscard]] Result<Object> Create(const std::string& name, const std::string& label) {
    Object object = NewCluster(ns_, name);
    object.SetLabel("color", label);
    return Create(object);
  }
  [[nodiscard]] Result<Object> Update(const Object& object) {
    return store().Update(context_, ResourceOf(object), object, options_);
  }
  [[nodiscard]] Result<Object> UpdateStatus(const Object& object) {
    return store().UpdateStatus(context_, ResourceOf(object), object, options_);
  }
  [[nodiscard]] Result<Object> Delete(const std::string& name, DeleteOptions options = {}) {
    return store().Delete(context_, Key(name), options);
  }
  [[nodiscard]] ListOptions Here() const {
    ListOptions options;
    options.name_space = ns_;
    return options;
  }
  [[nodiscard]] Result<ListResult> List(const ListOptions& options) {
    return store().List(context_, kClusters, options);
  }
  /// The collection's version.
  [[nodiscard]] std::uint64_t Version() {
    const Result<ListResult> list = List(Here());
    EXPECT_OK(list);
    return list.ok() ? list->resource_version : 0;
  }
  [[nodiscard]] std::unique_ptr<Watch> StartWatch(std::uint64_t version,
                                                  const std::string& labels = {}) {
    WatchOptions options;
    options.name_space = ns_;
    options.resource_version = version;
    options.labels = *objects::LabelSelector::Parse(labels);
    Result<std::unique_ptr<Watch>> watch =
        store().StartWatch(context_, kClusters, options, waiter_.on_ready());
    EXPECT_OK(watch);
    return watch.ok() ? *std::move(watch) : nullptr;
  }
  [[nodiscard]] std::vector<WatchEvent> Events(Watch& watch, std::size_t count) {
    Result<std::vector<WatchEvent>> events = waiter_.Next(watch, count);
    EXPECT_OK(events);
    return events.ok() ? *std::move(events) : std::vector<WatchEvent>();
  }
  /// Waits until a cluster's object is gone.
  void AwaitGone(const std::string& name) {
    const std::unique_ptr<Watch> watch = StartWatch(0);
    std::set<std::string> there;
    for (;;) {
      const Result<Object> object = Get(name);
      if (!object.ok()) {
        EXPECT_EQ(object.status().code(), Code::kNotFound);
        return;
      }
      ASSERT_EQ(Events(*watch, 1).size(), 1u) << name << " does not go";
    }
  }
  static ResourceName ResourceOf(const Object& object) {
    return object.kind() == "EtcdCluster"        ? kClusters
           : object.kind() == "EtcdBackupConfig" ? kConfigs
           : object.kind() == "Secret"           ? kSecrets
           : object.kind() == "Event"            ? kEvents
                                                 : kNamespaces;
  }
  static std::string ReasonOf(const Status& status) {
    const std::optional<objects::ErrorDetails> details = objects::DetailsOf(status);
    return details ? details->reason : "";
  }

  const Context context_ = Context::Background();
  const WriteOptions options_{.requester = {.user = "contract-test", .groups = {}}};
  std::string ns_;

 private:
  std::unique_ptr<StoreUnderTest> under_test_;
  EventWaiter waiter_;
};

namespace contract {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using tresor::testing::IsOk;
using tresor::testing::StatusIs;

// --- create

TEST_P(ObjectStoreContract, CreateFillsInWhatIsTheStores) {
  Object object = NewCluster(ns_, "a");
  object.json["metadata"]["uid"] = "00000000-0000-0000-0000-000000000000";
  object.json["metadata"]["generation"] = 7;
  object.json["status"] = {{"phase", "Running"}};

  ASSERT_OK_AND_ASSIGN(const Object created, Create(object));

  EXPECT_EQ(created.uid().size(), 36u);
  EXPECT_NE(created.uid(), "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(created.generation(), 1);
  EXPECT_GT(created.resource_version(), 0u);
  EXPECT_TRUE(created.creation_time().has_value());
  EXPECT_EQ(created.Find("status.phase"), nullptr) << "status has its own way in";
  EXPECT_EQ(created.json["spec"]["replicas"], 3);
  ASSERT_OK_AND_ASSIGN(const Object got, Get("a"));
  EXPECT_EQ(got, created);
}

TEST_P(ObjectStoreContract, CreateRefusesANameThatIsTaken) {
  ASSERT_OK(Create("a"));

  const Status status = Create("a").status();

  EXPECT_THAT(status, StatusIs(Code::kAlreadyExists,
                               HasSubstr("etcdclusters.tresor.dev \"a\" already exists")));
  EXPECT_EQ(ReasonOf(status), "AlreadyExists");
}

TEST_P(ObjectStoreContract, CreateRefusesAResourceVersion) {
  Object object = NewCluster(ns_, "a");
  object.SetResourceVersion(1);

  EXPECT_THAT(Create(object), StatusIs(Code::kInvalidArgument));
}

TEST_P(ObjectStoreContract, CreateWantsAName) {
  Object object = NewCluster(ns_, "a");
  object.json["metadata"].erase("name");

  const Status status = Create(object).status();

  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument, HasSubstr("metadata.name")));
  EXPECT_EQ(ReasonOf(status), "Invalid");
}

TEST_P(ObjectStoreContract, CreateMakesNamesFromAPrefix) {
  Object object = NewCluster(ns_, "a");
  object.json["metadata"].erase("name");
  object.json["metadata"]["generateName"] = "nightly-";

  ASSERT_OK_AND_ASSIGN(const Object first, Create(object));
  ASSERT_OK_AND_ASSIGN(const Object second, Create(object));

  EXPECT_THAT(first.name(), AllOf(StartsWith("nightly-"), ::testing::SizeIs(13)));
  EXPECT_NE(first.name(), second.name());
}

TEST_P(ObjectStoreContract, CreateWantsItsNamespaceToBeThere) {
  EXPECT_THAT(Create(NewCluster(ns_ + "-missing", "a")),
              StatusIs(Code::kNotFound, HasSubstr("namespaces")));
}

TEST_P(ObjectStoreContract, UnknownResourcesAreNotFound) {
  const ResourceName unknown{.group = "tresor.dev", .plural = "dragons"};

  EXPECT_THAT(List({}), IsOk());
  EXPECT_THAT(store().List(context_, unknown, {}), StatusIs(Code::kNotFound));
  EXPECT_THAT(store().Get(context_, {unknown, ns_, "a"}), StatusIs(Code::kNotFound));
}

TEST_P(ObjectStoreContract, DryRunsChangeNothing) {
  WriteOptions dry = options_;
  dry.dry_run = true;
  ASSERT_OK_AND_ASSIGN(Object created,
                       store().Create(context_, kClusters, NewCluster(ns_, "a"), dry));
  EXPECT_EQ(created.name(), "a");
  EXPECT_THAT(Get("a"), StatusIs(Code::kNotFound));

  ASSERT_OK_AND_ASSIGN(const Object real, Create("a"));
  Object changed = real;
  changed.SetLabel("color", "red");
  ASSERT_OK_AND_ASSIGN(const Object updated, store().Update(context_, kClusters, changed, dry));
  EXPECT_EQ(updated.labels().at("color"), "red");
  ASSERT_OK(Delete("a", {.requester = {}, .dry_run = true}));
  ASSERT_OK_AND_ASSIGN(const Object got, Get("a"));
  EXPECT_EQ(got, real);
}

// --- schemas

TEST_P(ObjectStoreContract, WhatTheSchemaForbidsIsRefusedWithTheField) {
  Object object = NewConfig(ns_, "c");
  object.json["spec"]["keep"] = 0;

  const Status status = Create(object).status();

  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument,
                               AllOf(HasSubstr("EtcdBackupConfig.tresor.dev \"c\" is invalid"),
                                     HasSubstr("spec.keep"))));
  EXPECT_EQ(ReasonOf(status), "Invalid");
  const std::optional<objects::ErrorDetails> details = objects::DetailsOf(status);
  ASSERT_TRUE(details.has_value());
  ASSERT_EQ(details->causes.size(), 1u);
  EXPECT_EQ(details->causes[0].field, "spec.keep");
}

TEST_P(ObjectStoreContract, WhatTheSchemaDoesNotKnowIsDroppedWithAWarning) {
  Object object = NewCluster(ns_, "a");
  object.json["spec"]["dragons"] = 3;
  std::vector<std::string> warnings;

  ASSERT_OK_AND_ASSIGN(const Object created,
                       store().Create(context_, kClusters, object, options_, &warnings));

  EXPECT_THAT(warnings, ElementsAre(HasSubstr("unknown field \"spec.dragons\"")));
  EXPECT_EQ(created.Find("spec.dragons"), nullptr);
}

TEST_P(ObjectStoreContract, DefaultsAreFilledIn) {
  Object object = NewConfig(ns_, "c");
  object.json["spec"].erase("keep");

  ASSERT_OK_AND_ASSIGN(const Object created, Create(object));

  EXPECT_EQ(created.json["spec"]["keep"], 20);
}

TEST_P(ObjectStoreContract, NamesAndLabelsHaveTheirGrammar) {
  EXPECT_THAT(Create("Not_A_Name"), StatusIs(Code::kInvalidArgument, HasSubstr("metadata.name")));
  EXPECT_THAT(Create("a", "not a label!"),
              StatusIs(Code::kInvalidArgument, HasSubstr("metadata.labels")));
}

// --- update

TEST_P(ObjectStoreContract, GenerationCountsChangesOfTheSpecOnly) {
  ASSERT_OK_AND_ASSIGN(Object object, Create("a"));
  object.SetLabel("color", "red");
  ASSERT_OK_AND_ASSIGN(object, Update(object));
  EXPECT_EQ(object.generation(), 1);
  object.json["status"]["phase"] = "Running";
  ASSERT_OK_AND_ASSIGN(object, UpdateStatus(object));
  EXPECT_EQ(object.generation(), 1);

  object.json["spec"]["paused"] = true;
  ASSERT_OK_AND_ASSIGN(object, Update(object));

  EXPECT_EQ(object.generation(), 2);
}

TEST_P(ObjectStoreContract, VersionsGoUpWithEveryWriteAcrossResources) {
  ASSERT_OK_AND_ASSIGN(Object cluster, Create("a"));
  ASSERT_OK_AND_ASSIGN(const Object config, Create(NewConfig(ns_, "c")));
  cluster.SetLabel("color", "red");
  ASSERT_OK_AND_ASSIGN(const Object updated, Update(cluster));

  EXPECT_LT(cluster.resource_version(), config.resource_version());
  EXPECT_LT(config.resource_version(), updated.resource_version());
}

TEST_P(ObjectStoreContract, AnUpdateOfAnOldVersionIsAborted) {
  ASSERT_OK_AND_ASSIGN(const Object old, Create("a"));
  Object object = old;
  object.SetLabel("color", "red");
  ASSERT_OK(Update(object));
  object.SetLabel("color", "blue");

  const Status status = Update(object).status();

  EXPECT_THAT(status, StatusIs(Code::kAborted, HasSubstr("the object has been modified")));
  EXPECT_EQ(ReasonOf(status), "Conflict");
  EXPECT_THAT(UpdateStatus(object), StatusIs(Code::kAborted));
  ASSERT_OK_AND_ASSIGN(const Object got, Get("a"));
  EXPECT_EQ(got.labels().at("color"), "red");
}

TEST_P(ObjectStoreContract, AStatusUpdateWithoutAVersionGoesThrough) {
  ASSERT_OK_AND_ASSIGN(Object object, Create("a"));
  object.SetLabel("color", "red");
  ASSERT_OK_AND_ASSIGN(object, Update(object));
  object.json["metadata"].erase("resourceVersion");
  object.json["status"]["phase"] = "Running";

  ASSERT_OK_AND_ASSIGN(const Object updated, UpdateStatus(object));

  EXPECT_EQ(updated.Text("status.phase"), "Running");
}

TEST_P(ObjectStoreContract, UpdateLeavesStatusAloneAndUpdateStatusEverythingElse) {
  ASSERT_OK_AND_ASSIGN(Object object, Create("a"));
  object.json["spec"]["paused"] = true;
  object.SetLabel("color", "red");
  object.json["status"]["phase"] = "Running";

  ASSERT_OK_AND_ASSIGN(const Object with_status, UpdateStatus(object));
  EXPECT_EQ(with_status.Text("status.phase"), "Running");
  EXPECT_NE(with_status.json["spec"].value("paused", false), true);
  EXPECT_FALSE(with_status.labels().contains("color"));

  object.SetResourceVersion(with_status.resource_version());
  object.json["status"]["phase"] = "Degraded";
  ASSERT_OK_AND_ASSIGN(const Object with_spec, Update(object));
  EXPECT_EQ(with_spec.Text("status.phase"), "Running");
  EXPECT_EQ(with_spec.json["spec"]["paused"], true);
  EXPECT_EQ(with_spec.labels().at("color"), "red");
}

TEST_P(ObjectStoreContract, AnUpdateThatChangesNothingWritesNothing) {
  ASSERT_OK_AND_ASSIGN(const Object object, Create("a"));
  const std::unique_ptr<Watch> watch = StartWatch(object.resource_version());

  ASSERT_OK_AND_ASSIGN(const Object updated, Update(object));
  ASSERT_OK_AND_ASSIGN(const Object status_updated, UpdateStatus(object));

  EXPECT_EQ(updated.resource_version(), object.resource_version());
  EXPECT_EQ(status_updated.resource_version(), object.resource_version());
  ASSERT_OK(Create("b"));
  EXPECT_THAT(ToTexts(Events(*watch, 1)), ElementsAre("ADDED b"));
}

TEST_P(ObjectStoreContract, AnUpdateOfAnotherObjectOfThatNameIsAborted) {
  ASSERT_OK_AND_ASSIGN(Object object, Create("a"));
  object.json["metadata"]["uid"] = "00000000-0000-0000-0000-000000000000";
  object.json["metadata"].erase("resourceVersion");

  EXPECT_THAT(UpdateStatus(object), StatusIs(Code::kAborted));
}

TEST_P(ObjectStoreContract, UpdateOfWhatIsNotThereIsNotFound) {
  EXPECT_THAT(UpdateStatus(NewCluster(ns_, "a")), StatusIs(Code::kNotFound));
  Object object = NewCluster(ns_, "a");
  object.SetResourceVersion(1);
  EXPECT_THAT(Update(object), StatusIs(Code::kNotFound));
}

TEST_P(ObjectStoreContract, WritersWhoReadAgainLoseNothing) {
  ASSERT_OK(Create("a"));
  constexpr int kWriters = 4;
  constexpr int kWrites = 5;
  {
    std::vector<Thread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([this, writer] {
        for (int i = 0; i < kWrites; ++i) {
          for (Status status = Error(Code::kAborted, "not yet"); status.code() == Code::kAborted;) {
            status =
                Modify(context_, store(), Key("a"), options_, [&](Object& object) -> Result<bool> {
                  object.SetAnnotation(fmt::format("w{}-{}", writer, i), "done");
                  return true;
                }).status();
            EXPECT_TRUE(status.ok() || status.code() == Code::kAborted) << status;
          }
        }
      });
    }
  }
  ASSERT_OK_AND_ASSIGN(const Object object, Get("a"));
  EXPECT_EQ(object.annotations().size(), static_cast<std::size_t>(kWriters * kWrites));
}

TEST_P(ObjectStoreContract, ModifyWritesOnlyWhenThereIsAChange) {
  ASSERT_OK_AND_ASSIGN(const Object object, Create("a"));

  ASSERT_OK_AND_ASSIGN(const Object same, Modify(context_, store(), Key("a"), options_,
                                                 [](Object&) -> Result<bool> { return false; }));
  EXPECT_EQ(same, object);
  ASSERT_OK_AND_ASSIGN(
      const Object other,
      ModifyStatus(context_, store(), Key("a"), options_, [](Object& changed) -> Result<bool> {
        changed.json["status"]["phase"] = "Running";
        return true;
      }));
  EXPECT_EQ(other.Text("status.phase"), "Running");
}

// --- delete

TEST_P(ObjectStoreContract, WhatIsDeletedIsGoneAndItsNameFree) {
  ASSERT_OK_AND_ASSIGN(const Object first, Create("a"));

  ASSERT_OK(Delete("a"));

  EXPECT_THAT(Get("a"),
              StatusIs(Code::kNotFound, HasSubstr("etcdclusters.tresor.dev \"a\" not found")));
  EXPECT_THAT(Delete("a"), StatusIs(Code::kNotFound));
  ASSERT_OK_AND_ASSIGN(const Object second, Create("a"));
  EXPECT_NE(first.uid(), second.uid());
}

TEST_P(ObjectStoreContract, DeleteHoldsToItsPreconditions) {
  ASSERT_OK_AND_ASSIGN(const Object object, Create("a"));
  DeleteOptions other_uid;
  other_uid.uid = "00000000-0000-0000-0000-000000000000";
  DeleteOptions other_version;
  other_version.resource_version = object.resource_version() - 1;
  DeleteOptions right;
  right.uid = object.uid();
  right.resource_version = object.resource_version();

  EXPECT_THAT(Delete("a", other_uid), StatusIs(Code::kAborted));
  EXPECT_THAT(Delete("a", other_version), StatusIs(Code::kAborted));
  EXPECT_THAT(Delete("a", right), IsOk());
}

TEST_P(ObjectStoreContract, FinalizersHoldAnObjectUntilTheLastIsGone) {
  Object object = NewCluster(ns_, "a");
  object.AddFinalizer("tresor.dev/one");
  object.AddFinalizer("tresor.dev/two");
  ASSERT_OK_AND_ASSIGN(object, Create(object));
  const std::unique_ptr<Watch> watch = StartWatch(object.resource_version());

  ASSERT_OK_AND_ASSIGN(const Object waiting, Delete("a"));
  EXPECT_TRUE(waiting.deletion_time().has_value());
  ASSERT_OK_AND_ASSIGN(object, Get("a"));
  EXPECT_EQ(object.deletion_time(), waiting.deletion_time());
  object.RemoveFinalizer("tresor.dev/one");
  ASSERT_OK_AND_ASSIGN(object, Update(object));
  object.RemoveFinalizer("tresor.dev/two");
  ASSERT_OK(Update(object));

  EXPECT_THAT(Get("a"), StatusIs(Code::kNotFound));
  EXPECT_THAT(ToTexts(Events(*watch, 3)), ElementsAre("MODIFIED a", "MODIFIED a", "DELETED a"));
}

TEST_P(ObjectStoreContract, ASecondDeleteOfWhatWaitsChangesNothing) {
  Object object = NewCluster(ns_, "a");
  object.AddFinalizer("tresor.dev/one");
  ASSERT_OK(Create(object));
  ASSERT_OK_AND_ASSIGN(const Object first, Delete("a"));

  ASSERT_OK_AND_ASSIGN(const Object second, Delete("a"));

  EXPECT_EQ(first.resource_version(), second.resource_version());
}

TEST_P(ObjectStoreContract, WhatIsBeingDeletedTakesNoNewFinalizer) {
  Object object = NewCluster(ns_, "a");
  object.AddFinalizer("tresor.dev/one");
  ASSERT_OK(Create(object));
  ASSERT_OK_AND_ASSIGN(object, Delete("a"));
  object.AddFinalizer("tresor.dev/two");

  EXPECT_THAT(Update(object), StatusIs(Code::kInvalidArgument, HasSubstr("finalizers")));
}

TEST_P(ObjectStoreContract, ADeletionCannotBeTakenBack) {
  Object object = NewCluster(ns_, "a");
  object.AddFinalizer("tresor.dev/one");
  ASSERT_OK(Create(object));
  ASSERT_OK_AND_ASSIGN(object, Delete("a"));
  object.json["metadata"].erase("deletionTimestamp");
  object.SetLabel("color", "red");

  ASSERT_OK_AND_ASSIGN(const Object updated, Update(object));

  EXPECT_TRUE(updated.deletion_time().has_value());
}

TEST_P(ObjectStoreContract, DependentsFollowTheirOwner) {
  ASSERT_OK_AND_ASSIGN(const Object owner, Create(NewConfig(ns_, "owner")));
  Object dependent = NewCluster(ns_, "a");
  dependent.AddOwner(OwnerOf(owner));
  ASSERT_OK(Create(dependent));

  ASSERT_OK(store().Delete(context_, {kConfigs, ns_, "owner"}, {}));

  AwaitGone("a");
}

TEST_P(ObjectStoreContract, DependentsWithAnotherOwnerStay) {
  ASSERT_OK_AND_ASSIGN(const Object first, Create(NewConfig(ns_, "first")));
  ASSERT_OK_AND_ASSIGN(const Object second, Create(NewConfig(ns_, "second")));
  Object both = NewCluster(ns_, "both");
  both.AddOwner(OwnerOf(first));
  both.AddOwner(OwnerOf(second));
  ASSERT_OK(Create(both));
  Object one = NewCluster(ns_, "one");
  one.AddOwner(OwnerOf(first));
  ASSERT_OK(Create(one));

  ASSERT_OK(store().Delete(context_, {kConfigs, ns_, "first"}, {}));
  AwaitGone("one");

  EXPECT_THAT(Get("both"), IsOk());
  ASSERT_OK(store().Delete(context_, {kConfigs, ns_, "second"}, {}));
  AwaitGone("both");
}

TEST_P(ObjectStoreContract, OrphansStayAndForgetTheirOwner) {
  ASSERT_OK_AND_ASSIGN(const Object owner, Create(NewConfig(ns_, "owner")));
  Object dependent = NewCluster(ns_, "a");
  dependent.AddOwner(OwnerOf(owner));
  ASSERT_OK_AND_ASSIGN(const Object created, Create(dependent));
  const std::unique_ptr<Watch> watch = StartWatch(created.resource_version());

  ASSERT_OK(store().Delete(context_, {kConfigs, ns_, "owner"},
                           {.requester = {},
                            .dry_run = false,
                            .uid = {},
                            .resource_version = 0,
                            .propagation = DeleteOptions::Propagation::kOrphan}));

  const std::vector<WatchEvent> events = Events(*watch, 1);
  ASSERT_THAT(ToTexts(events), ElementsAre("MODIFIED a"));
  EXPECT_THAT(events[0].object->owner_references(), IsEmpty());
}

TEST_P(ObjectStoreContract, AForegroundDeletionWaitsForTheDependents) {
  ASSERT_OK_AND_ASSIGN(const Object owner, Create("owner"));
  Object dependent = NewCluster(ns_, "held");
  dependent.AddOwner(OwnerOf(owner, /*blocks=*/true));
  dependent.AddFinalizer("tresor.dev/one");
  ASSERT_OK(Create(dependent));
  const std::unique_ptr<Watch> watch = StartWatch(Version());

  DeleteOptions foreground;
  foreground.propagation = DeleteOptions::Propagation::kForeground;
  ASSERT_OK(Delete("owner", foreground));
  EXPECT_THAT(ToTexts(Events(*watch, 2)), ElementsAre("MODIFIED owner", "MODIFIED held"));
  ASSERT_OK_AND_ASSIGN(const Object waiting, Get("owner"));
  EXPECT_TRUE(waiting.deletion_time().has_value());
  ASSERT_OK(Modify(context_, store(), Key("held"), options_, [](Object& object) -> Result<bool> {
    object.RemoveFinalizer("tresor.dev/one");
    return true;
  }));

  AwaitGone("held");
  AwaitGone("owner");
}

// --- list

TEST_P(ObjectStoreContract, ListsAreInOrderAndOfOneNamespace) {
  for (const char* name : {"b", "a-1", "a", "c"}) {
    ASSERT_OK(Create(name));
  }
  const std::string other = ns_ + "-other";
  ASSERT_OK(Create(NewNamespace(other)));
  ASSERT_OK(Create(NewCluster(other, "z")));

  ASSERT_OK_AND_ASSIGN(const ListResult list, List(Here()));

  EXPECT_THAT(NamesOf(list.items), ElementsAre("a", "a-1", "b", "c"));
  EXPECT_TRUE(list.continue_token.empty());
  ASSERT_OK_AND_ASSIGN(const ListResult everywhere, List({}));
  EXPECT_GE(everywhere.items.size(), 5u);
}

TEST_P(ObjectStoreContract, ListsSelectByLabelAndName) {
  ASSERT_OK(Create("a", "red"));
  ASSERT_OK(Create("b", "blue"));
  ASSERT_OK(Create("c"));
  ListOptions red = Here();
  red.labels = *objects::LabelSelector::Parse("color=red");
  ListOptions not_red = Here();
  not_red.labels = *objects::LabelSelector::Parse("color!=red");
  ListOptions named = Here();
  named.fields = *objects::FieldSelector::Parse("metadata.name=b");

  ASSERT_OK_AND_ASSIGN(const ListResult a, List(red));
  ASSERT_OK_AND_ASSIGN(const ListResult b_c, List(not_red));
  ASSERT_OK_AND_ASSIGN(const ListResult b, List(named));

  EXPECT_THAT(NamesOf(a.items), ElementsAre("a"));
  EXPECT_THAT(NamesOf(b_c.items), ElementsAre("b", "c"));
  EXPECT_THAT(NamesOf(b.items), ElementsAre("b"));
}

TEST_P(ObjectStoreContract, PagesShowOneStateWhateverIsWrittenMeanwhile) {
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    ASSERT_OK(Create(name));
  }
  ListOptions options = Here();
  options.limit = 2;
  ASSERT_OK_AND_ASSIGN(const ListResult first, List(options));
  EXPECT_THAT(NamesOf(first.items), ElementsAre("a", "b"));
  EXPECT_FALSE(first.continue_token.empty());
  ASSERT_OK(Delete("c"));
  ASSERT_OK(Create("b-1"));
  ASSERT_OK_AND_ASSIGN(Object d, Get("d"));
  d.SetLabel("color", "red");
  ASSERT_OK(Update(d));

  options.continue_token = first.continue_token;
  ASSERT_OK_AND_ASSIGN(const ListResult second, List(options));
  options.continue_token = second.continue_token;
  ASSERT_OK_AND_ASSIGN(const ListResult third, List(options));

  EXPECT_THAT(NamesOf(second.items), ElementsAre("c", "d"));
  EXPECT_FALSE(second.items[1].labels().contains("color"));
  EXPECT_THAT(NamesOf(third.items), ElementsAre("e"));
  EXPECT_TRUE(third.continue_token.empty());
  EXPECT_EQ(second.resource_version, first.resource_version);
  EXPECT_EQ(third.resource_version, first.resource_version);
}

TEST_P(ObjectStoreContract, PagesCountWhatRemainsAndSelect) {
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    ASSERT_OK(Create(name, name == std::string("b") ? "blue" : "red"));
  }
  ListOptions options = Here();
  options.limit = 2;
  ASSERT_OK_AND_ASSIGN(const ListResult first, List(options));
  EXPECT_EQ(first.remaining, 3u);

  options.labels = *objects::LabelSelector::Parse("color=red");
  std::vector<std::string> names;
  do {
    ASSERT_OK_AND_ASSIGN(const ListResult page, List(options));
    ASSERT_LE(page.items.size(), 2u);
    std::ranges::copy(NamesOf(page.items), std::back_inserter(names));
    options.continue_token = page.continue_token;
  } while (!options.continue_token.empty());

  EXPECT_THAT(names, ElementsAre("a", "c", "d", "e"));
}

TEST_P(ObjectStoreContract, AListCanBeOfAPastVersion) {
  ASSERT_OK(Create("a"));
  ASSERT_OK(Create("b"));
  const std::uint64_t version = Version();
  ASSERT_OK(Delete("a"));
  ASSERT_OK(Create("c"));
  ListOptions options = Here();
  options.resource_version = version;
  options.exact = true;

  ASSERT_OK_AND_ASSIGN(const ListResult then, List(options));
  options.exact = false;
  ASSERT_OK_AND_ASSIGN(const ListResult now, List(options));

  EXPECT_THAT(NamesOf(then.items), ElementsAre("a", "b"));
  EXPECT_EQ(then.resource_version, version);
  EXPECT_GE(now.resource_version, version);
}

TEST_P(ObjectStoreContract, BadContinueTokensAreRefused) {
  ListOptions options = Here();
  options.limit = 1;
  for (const char* token : {"x", "garbage!", "eyJ2IjoibWV0YSJ9", "00", "\xff\xfe"}) {
    options.continue_token = token;
    EXPECT_THAT(List(options), StatusIs(Code::kInvalidArgument)) << token;
  }
}

// --- watch

TEST_P(ObjectStoreContract, AWatchFromAListGetsEveryLaterChangeOnceInOrder) {
  ASSERT_OK(Create("before"));
  const std::unique_ptr<Watch> watch = StartWatch(Version());
  ASSERT_OK_AND_ASSIGN(Object a, Create("a"));
  a.SetLabel("color", "red");
  ASSERT_OK_AND_ASSIGN(a, Update(a));
  ASSERT_OK(Create(NewConfig(ns_, "another-resource")));
  a.json["status"]["phase"] = "Running";
  ASSERT_OK_AND_ASSIGN(a, UpdateStatus(a));
  ASSERT_OK(Delete("before"));
  ASSERT_OK(Create("before"));

  const std::vector<WatchEvent> events = Events(*watch, 5);

  EXPECT_THAT(ToTexts(events),
              ElementsAre("ADDED a", "MODIFIED a", "MODIFIED a", "DELETED before", "ADDED before"));
  EXPECT_EQ(*events[2].object, a);
  for (std::size_t i = 1; i < events.size(); ++i) {
    EXPECT_LT(events[i - 1].object->resource_version(), events[i].object->resource_version());
  }
}

TEST_P(ObjectStoreContract, AWatchFromAPastVersionGetsWhatWasSince) {
  ASSERT_OK_AND_ASSIGN(const Object a, Create("a"));
  ASSERT_OK(Create("b"));
  ASSERT_OK(Delete("a"));

  const std::unique_ptr<Watch> watch = StartWatch(a.resource_version());

  EXPECT_THAT(ToTexts(Events(*watch, 2)), ElementsAre("ADDED b", "DELETED a"));
}

TEST_P(ObjectStoreContract, AWatchWithoutAVersionBeginsWithWhatIsThere) {
  ASSERT_OK(Create("b"));
  ASSERT_OK(Create("a"));

  const std::unique_ptr<Watch> watch = StartWatch(0);
  EXPECT_THAT(ToTexts(Events(*watch, 2)), ::testing::UnorderedElementsAre("ADDED a", "ADDED b"));
  ASSERT_OK(Create("c"));

  EXPECT_THAT(ToTexts(Events(*watch, 1)), ElementsAre("ADDED c"));
}

TEST_P(ObjectStoreContract, ADeletionTellsTheLastStateWithItsOwnVersion) {
  ASSERT_OK_AND_ASSIGN(Object object, Create("a", "red"));
  const std::unique_ptr<Watch> watch = StartWatch(object.resource_version());
  ASSERT_OK(Delete("a"));

  const std::vector<WatchEvent> events = Events(*watch, 1);

  ASSERT_THAT(ToTexts(events), ElementsAre("DELETED a"));
  EXPECT_GT(events[0].object->resource_version(), object.resource_version());
  EXPECT_EQ(events[0].object->labels().at("color"), "red");
  EXPECT_EQ(events[0].object->uid(), object.uid());
}

TEST_P(ObjectStoreContract, SelectorsTurnChangesIntoComingsAndGoings) {
  const std::unique_ptr<Watch> watch = StartWatch(Version(), "color=red");
  ASSERT_OK_AND_ASSIGN(Object a, Create("a", "blue"));
  a.SetLabel("color", "red");
  ASSERT_OK_AND_ASSIGN(a, Update(a));
  a.SetLabel("size", "large");
  ASSERT_OK_AND_ASSIGN(a, Update(a));
  a.SetLabel("color", "blue");
  ASSERT_OK_AND_ASSIGN(a, Update(a));
  ASSERT_OK(Delete("a"));
  ASSERT_OK(Create("b", "red"));
  ASSERT_OK(Delete("b"));

  const std::vector<WatchEvent> events = Events(*watch, 5);

  ASSERT_THAT(ToTexts(events),
              ElementsAre("ADDED a", "MODIFIED a", "DELETED a", "ADDED b", "DELETED b"));
  EXPECT_EQ(events[2].object->labels().at("color"), "red") << "as it was when it still matched";
  EXPECT_EQ(events[2].object->resource_version(), a.resource_version());
}

TEST_P(ObjectStoreContract, AWatchIsOfItsNamespace) {
  const std::string other = ns_ + "-other";
  ASSERT_OK(Create(NewNamespace(other)));
  const std::unique_ptr<Watch> watch = StartWatch(Version());
  ASSERT_OK(Create(NewCluster(other, "a")));
  ASSERT_OK(Create("b"));

  EXPECT_THAT(ToTexts(Events(*watch, 1)), ElementsAre("ADDED b"));
}

TEST_P(ObjectStoreContract, PositionFollowsWhatWasDelivered) {
  const std::unique_ptr<Watch> watch = StartWatch(Version());
  ASSERT_OK_AND_ASSIGN(const Object object, Create("a"));

  ASSERT_EQ(Events(*watch, 1).size(), 1u);

  EXPECT_GE(watch->position(), object.resource_version());
  EXPECT_THAT(ToTexts(Events(*StartWatch(watch->position()), 0)), IsEmpty());
}

TEST_P(ObjectStoreContract, ManyWatchersGetTheSameWhileManyWrite) {
  constexpr std::size_t kWriters = 4;
  constexpr std::size_t kWrites = 10;
  const std::uint64_t version = Version();
  std::vector<std::vector<std::string>> seen(3);
  {
    std::vector<Thread> threads;
    for (std::vector<std::string>& mine : seen) {
      threads.emplace_back([&, this] {
        EventWaiter waiter;
        WatchOptions options;
        options.name_space = ns_;
        options.resource_version = version;
        const Result<std::unique_ptr<Watch>> watch =
            store().StartWatch(context_, kClusters, options, waiter.on_ready());
        ASSERT_OK(watch);
        const Result<std::vector<WatchEvent>> events = waiter.Next(**watch, 2 * kWriters * kWrites);
        ASSERT_OK(events);
        for (const WatchEvent& event : *events) {
          mine.push_back(fmt::format("{} {}", ToText(event), event.object->resource_version()));
        }
      });
    }
    for (std::size_t writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([&, writer, this] {
        for (std::size_t i = 0; i < kWrites; ++i) {
          const std::string name = fmt::format("w{}-{}", writer, i);
          ASSERT_OK(Create(name));
          ASSERT_OK(Delete(name));
        }
      });
    }
  }
  EXPECT_EQ(seen[0].size(), 2 * kWriters * kWrites);
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(seen[0], seen[2]);
}

// --- namespaces

TEST_P(ObjectStoreContract, AnEmptyNamespaceGoes) {
  const std::string name = ns_ + "-empty";
  ASSERT_OK_AND_ASSIGN(const Object created, Create(NewNamespace(name)));
  EXPECT_EQ(created.Text("status.phase"), "Active");
  WatchOptions options;
  options.resource_version = created.resource_version();
  options.fields = *objects::FieldSelector::Parse("metadata.name=" + name);
  EventWaiter waiter;
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Watch> watch,
                       store().StartWatch(context_, kNamespaces, options, waiter.on_ready()));

  ASSERT_OK(store().Delete(context_, {kNamespaces, "", name}, {}));

  for (;;) {
    ASSERT_OK_AND_ASSIGN(const std::vector<WatchEvent> events, waiter.Next(*watch, 1));
    ASSERT_EQ(events.size(), 1u) << "the namespace does not go";
    if (events[0].type == WatchEvent::Type::kDeleted) {
      break;
    }
    EXPECT_EQ(events[0].object->Text("status.phase"), "Terminating");
  }
  EXPECT_THAT(Create(NewCluster(name, "a")), StatusIs(Code::kNotFound));
}

}  // namespace contract
}  // namespace tresor::store
