// SPDX-License-Identifier: Apache-2.0
// What ApiStore does beyond the contract: admission, sealing, compaction, cleaning up, failures.
#include "store/api_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "store/test_log.h"
#include "store/test_objects.h"

namespace tresor::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using tresor::testing::IsOk;
using tresor::testing::StatusIs;

/// Remembers what it was asked; refuses what the test says.
class TestAdmission final : public Admission {
 public:
  Status Admit(const Context&, ObjectStore&, const AdmissionRequest& request) override {
    auto state = state_.Lock();
    state->asked.push_back(request);
    return state->verdict ? state->verdict(request) : OkStatus();
  }
  struct State {
    std::vector<AdmissionRequest> asked;
    std::function<Status(const AdmissionRequest&)> verdict;
  };
  Guarded<State> state_;
};

class ApiStoreTest : public ::testing::Test {
 protected:
  ApiStoreTest() { Open({}); }

  void Open(ApiStoreOptions options) {
    store_.reset();
    options.clock = &clock_;
    Result<std::unique_ptr<ApiStore>> store =
        ApiStore::Open(context_, std::make_unique<TestLog>(plan_), key_.Clone(), options);
    EXPECT_OK(store);
    store_ = *std::move(store);
  }
  [[nodiscard]] Result<Object> Create(const ResourceName& resource, const Object& object) {
    return store_->Create(context_, resource, object, {.requester = {.user = "tester"}}, nullptr);
  }
  [[nodiscard]] Result<Object> Update(const Object& object) {
    return store_->Update(context_, kClusters, object, {}, nullptr);
  }
  [[nodiscard]] Result<Object> Get(const ResourceName& resource, const std::string& name) {
    return store_->Get(context_, {resource, "default", name});
  }
  [[nodiscard]] Status Delete(const ResourceName& resource, const std::string& name_space,
                              const std::string& name) {
    return store_->Delete(context_, {resource, name_space, name}, {}).status();
  }
  [[nodiscard]] std::unique_ptr<Watch> StartWatch(const ResourceName& resource,
                                                  std::uint64_t version = 0) {
    WatchOptions options;
    options.resource_version = version;
    Result<std::unique_ptr<Watch>> watch =
        store_->StartWatch(context_, resource, options, waiter_.on_ready());
    EXPECT_OK(watch);
    return *std::move(watch);
  }
  /// Waits until an event says so.
  void Await(Watch& watch, const std::string& text) {
    for (;;) {
      ASSERT_OK_AND_ASSIGN(const std::vector<WatchEvent> events, waiter_.Next(watch, 1));
      ASSERT_EQ(events.size(), 1u) << "never seen: " << text;
      if (ToText(events[0]) == text) {
        return;
      }
    }
  }
  /// What is in the log under a key.
  [[nodiscard]] std::string RawValue(const ResourceName& resource, const std::string& name) {
    const Result<std::vector<LogRow>> rows = plan_->log->List({.resource = ToString(resource),
                                                               .name_space = "default",
                                                               .after = std::nullopt,
                                                               .revision = 0,
                                                               .limit = 0});
    for (const LogRow& row : *rows) {
      if (row.key.name == name) {
        return row.value;
      }
    }
    return "";
  }

  const Context context_ = Context::Background();
  FakeClock clock_;
  const std::shared_ptr<TestLog::Plan> plan_ = std::make_shared<TestLog::Plan>();
  const crypto::SecretKey key_ = crypto::SecretKey::Generate(SystemRandom());
  EventWaiter waiter_;
  TestAdmission admission_;
  std::unique_ptr<ApiStore> store_;
};

// --- admission

TEST_F(ApiStoreTest, AdmissionIsAskedBeforeEveryWrite) {
  store_->SetAdmission(admission_);
  ASSERT_OK_AND_ASSIGN(const Object created, Create(kClusters, NewCluster("default", "a")));
  Object object = created;
  object.json["spec"]["paused"] = true;
  ASSERT_OK_AND_ASSIGN(object, Update(object));
  object.json["status"]["phase"] = "Running";
  ASSERT_OK_AND_ASSIGN(object, store_->UpdateStatus(context_, kClusters, object, {}));
  ASSERT_OK(Delete(kClusters, "default", "a"));

  const auto state = admission_.state_.Lock();

  ASSERT_EQ(state->asked.size(), 4u);
  EXPECT_EQ(state->asked[0].operation, Operation::kCreate);
  EXPECT_EQ(state->asked[0].requester.user, "tester");
  EXPECT_EQ(state->asked[0].before, nullptr);
  EXPECT_EQ(state->asked[0].object->uid(), created.uid());
  EXPECT_EQ(state->asked[1].operation, Operation::kUpdate);
  EXPECT_EQ(state->asked[1].subresource, "");
  EXPECT_EQ(*state->asked[1].before, created);
  EXPECT_EQ(state->asked[1].object->json["spec"]["paused"], true);
  EXPECT_EQ(state->asked[2].subresource, "status");
  EXPECT_EQ(state->asked[3].operation, Operation::kDelete);
  EXPECT_EQ(*state->asked[3].before, object);
  EXPECT_EQ(state->asked[3].object, nullptr);
}

TEST_F(ApiStoreTest, WhatAdmissionRefusesIsNotWritten) {
  ASSERT_OK_AND_ASSIGN(const Object created, Create(kClusters, NewCluster("default", "a")));
  store_->SetAdmission(admission_);
  admission_.state_.Lock()->verdict = [](const AdmissionRequest&) {
    return objects::WithDetails(Error(Code::kFailedPrecondition, "the cluster is being restored"),
                                {.reason = "ClusterRestoring"});
  };
  Object object = created;
  object.json["spec"]["paused"] = true;

  const Status updated = Update(object).status();
  const Status deleted = Delete(kClusters, "default", "a");
  WriteOptions dry;
  dry.dry_run = true;
  const Status dry_run =
      store_->Create(context_, kClusters, NewCluster("default", "b"), dry, nullptr).status();

  EXPECT_THAT(updated, StatusIs(Code::kFailedPrecondition));
  EXPECT_EQ(objects::DetailsOf(updated)->reason, "ClusterRestoring");
  EXPECT_THAT(deleted, StatusIs(Code::kFailedPrecondition));
  EXPECT_THAT(dry_run, StatusIs(Code::kFailedPrecondition));
  ASSERT_OK_AND_ASSIGN(const Object got, Get(kClusters, "a"));
  EXPECT_EQ(got, created);
  EXPECT_OK(Update(created)) << "what changes nothing is not asked about";
}

// --- schemas and rules

TEST_F(ApiStoreTest, RulesSeeWhatWasBefore) {
  Object restore{{{"apiVersion", "tresor.dev/v1"},
                  {"kind", "EtcdRestore"},
                  {"metadata", {{"name", "r"}, {"namespace", "default"}}},
                  {"spec", {{"cluster", {{"name", "prod"}}}, {"backup", {{"name", "b"}}}}}}};
  ASSERT_OK_AND_ASSIGN(Object created, Create(objects::kEtcdRestores, restore));
  Object cancelled = created;
  cancelled.json["spec"]["cancel"] = true;
  created.json["spec"]["backup"]["name"] = "another";

  EXPECT_THAT(store_->Update(context_, objects::kEtcdRestores, created, {}, nullptr),
              StatusIs(Code::kInvalidArgument, HasSubstr("spec")));
  EXPECT_OK(store_->Update(context_, objects::kEtcdRestores, cancelled, {}, nullptr));
}

TEST_F(ApiStoreTest, StatusIsCheckedBySchemaToo) {
  ASSERT_OK_AND_ASSIGN(Object object, Create(kClusters, NewCluster("default", "a")));
  object.json["status"]["phase"] = "Dancing";

  EXPECT_THAT(store_->UpdateStatus(context_, kClusters, object, {}),
              StatusIs(Code::kInvalidArgument, HasSubstr("status.phase")));
}

// --- what lies in the log

TEST_F(ApiStoreTest, SecretsAreSealedInTheLogAndOthersReadable) {
  ASSERT_OK_AND_ASSIGN(const Object secret, Create(kSecrets, NewSecret("default", "s")));
  ASSERT_OK(Create(kClusters, NewCluster("default", "a")));

  EXPECT_THAT(RawValue(kSecrets, "s"), Not(HasSubstr("c3dvcmRmaXNo")));
  EXPECT_THAT(RawValue(kSecrets, "s"), Not(HasSubstr("password")));
  EXPECT_THAT(RawValue(kClusters, "a"), HasSubstr(R"("replicas":3)"));
  Open({});
  ASSERT_OK_AND_ASSIGN(const Object again, Get(kSecrets, "s"));
  EXPECT_EQ(again, secret);
}

TEST_F(ApiStoreTest, AnotherKeyIsToldApart) {
  ASSERT_OK(Create(kSecrets, NewSecret("default", "s")));

  EXPECT_THAT(ApiStore::Open(context_, std::make_unique<TestLog>(plan_),
                             crypto::SecretKey::Generate(SystemRandom()), {}),
              StatusIs(Code::kDataLoss, HasSubstr("secrets \"default/s\"")));
}

TEST_F(ApiStoreTest, ReopeningFindsEverythingAsItWas) {
  ASSERT_OK_AND_ASSIGN(Object object, Create(kClusters, NewCluster("default", "a")));
  object.json["status"]["phase"] = "Running";
  ASSERT_OK_AND_ASSIGN(object, store_->UpdateStatus(context_, kClusters, object, {}));
  const std::uint64_t before = store_->Stats().revision;

  Open({});

  ASSERT_OK_AND_ASSIGN(const Object again, Get(kClusters, "a"));
  EXPECT_EQ(again, object);
  EXPECT_EQ(store_->Stats().revision, before);
  const std::unique_ptr<Watch> watch = StartWatch(kClusters, object.resource_version() - 1);
  ASSERT_OK_AND_ASSIGN(const std::vector<WatchEvent> events, waiter_.Next(*watch, 1));
  EXPECT_THAT(ToTexts(events), ElementsAre("MODIFIED a"));
}

TEST_F(ApiStoreTest, TextThatIsNoUtf8IsReplaced) {
  ASSERT_OK_AND_ASSIGN(Object object, Create(kClusters, NewCluster("default", "a")));
  object.json["status"]["phase"] = "Degraded";
  object.json["status"]["message"] = "etcd said \xff\xfe";

  ASSERT_OK_AND_ASSIGN(const Object written, store_->UpdateStatus(context_, kClusters, object, {}));

  Open({});
  ASSERT_OK_AND_ASSIGN(const Object again, Get(kClusters, "a"));
  EXPECT_EQ(again, written);
  EXPECT_EQ(again.json.dump().find('\xff'), std::string::npos);
}

// --- failures of the log

TEST_F(ApiStoreTest, AWriteThatFailsIsNotSeenAndTheNextOneGoesOn) {
  *plan_->before_commit.Lock() = [](std::span<const LogWrite>) {
    return Error(Code::kResourceExhausted, "disk full");
  };
  EXPECT_THAT(Create(kClusters, NewCluster("default", "a")),
              StatusIs(Code::kResourceExhausted, HasSubstr("disk full")));
  EXPECT_THAT(Get(kClusters, "a"), StatusIs(Code::kNotFound));

  *plan_->before_commit.Lock() = nullptr;

  EXPECT_OK(Create(kClusters, NewCluster("default", "a")));
}

TEST_F(ApiStoreTest, WhoIsOvertakenBetweenReadAndWriteLooksAgain) {
  ASSERT_OK_AND_ASSIGN(const Object created, Create(kClusters, NewCluster("default", "a")));
  // While the first write is on its way through admission, another one overtakes it.
  class Overtaker final : public Admission {
   public:
    explicit Overtaker(const Object& object) : object_(object) {}
    Status Admit(const Context& context, ObjectStore& store, const AdmissionRequest&) override {
      if (!std::exchange(done_, true)) {
        Object other = object_;
        other.SetLabel("other", "was-here");
        EXPECT_OK(store.Update(context, kClusters, other, {}));
      }
      return OkStatus();
    }

   private:
    const Object& object_;
    bool done_ = false;
  } overtaker(created);
  store_->SetAdmission(overtaker);
  Object mine = created;
  mine.json["metadata"].erase("resourceVersion");
  mine.json["status"]["phase"] = "Running";

  ASSERT_OK_AND_ASSIGN(const Object updated, store_->UpdateStatus(context_, kClusters, mine, {}));

  EXPECT_EQ(updated.labels().at("other"), "was-here");
  EXPECT_EQ(updated.Text("status.phase"), "Running");
}

TEST_F(ApiStoreTest, ALogThatSomebodyElseChangedDoesNotHangWriters) {
  ASSERT_OK_AND_ASSIGN(Object object, Create(kClusters, NewCluster("default", "a")));
  const LogWrite theirs{.key = ToLogKey({kClusters, "default", "a"}),
                        .expected = object.resource_version(),
                        .deleted = true,
                        .value = {},
                        .guard = std::nullopt};
  ASSERT_OK(plan_->log->Commit(std::span(&theirs, 1)));
  object.SetLabel("color", "red");

  EXPECT_THAT(Update(object), StatusIs(Code::kUnavailable, HasSubstr("another program")));
}

TEST_F(ApiStoreTest, WritersWhoWaitGoTogetherIntoOneCommit) {
  constexpr std::size_t kWaiting = 5;
  const auto plan = std::make_shared<TestLog::Plan>();
  TestLog test_log(plan);
  Committer committer(test_log, [](const std::vector<Change>&) {});
  std::vector<std::size_t> commits;
  *plan->before_commit.Lock() = [&](std::span<const LogWrite> writes) {
    commits.push_back(writes.size());
    while (commits.size() == 1 && committer.waiting() < kWaiting) {
      // The first commit lasts until the others have come.
    }
    return OkStatus();
  };
  {
    std::vector<Thread> threads;
    for (std::size_t i = 0; i <= kWaiting; ++i) {
      threads.emplace_back([&committer, i] {
        PendingWrite write{.key = {},
                           .write = {.key = {"things", "", fmt::format("{}", i)},
                                     .expected = 0,
                                     .deleted = false,
                                     .value = "x",
                                     .guard = std::nullopt},
                           .object = nullptr};
        EXPECT_OK(committer.Write(std::span(&write, 1)));
        EXPECT_NE(write.revision, 0u);
      });
    }
  }
  EXPECT_THAT(commits, ElementsAre(1, kWaiting));
}

// --- history

TEST_F(ApiStoreTest, CompactedVersionsAreExpired) {
  Open({.history_changes = 5});
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_OK(Create(kClusters, NewCluster("default", name)));
  }
  ListOptions pages;
  pages.limit = 1;
  ASSERT_OK_AND_ASSIGN(const ListResult page, store_->List(context_, kClusters, pages));
  pages.continue_token = page.continue_token;
  ASSERT_OK_AND_ASSIGN(Object object, Get(kClusters, "a"));
  for (int i = 0; i < 10; ++i) {
    object.SetLabel("count", fmt::format("{}", i));
    ASSERT_OK_AND_ASSIGN(object, Update(object));
  }

  ASSERT_OK(store_->Upkeep(context_));

  EXPECT_EQ(store_->Stats().compacted, store_->Stats().revision - 5);
  ListOptions past;
  past.resource_version = page.resource_version;
  past.exact = true;
  WatchOptions since;
  since.resource_version = page.resource_version;
  for (const Status& status : {store_->List(context_, kClusters, pages).status(),
                               store_->List(context_, kClusters, past).status(),
                               store_->StartWatch(context_, kClusters, since, [] {}).status()}) {
    EXPECT_THAT(status, StatusIs(Code::kOutOfRange));
    EXPECT_EQ(objects::DetailsOf(status)->reason, "Expired");
  }
}

TEST_F(ApiStoreTest, HistoryIsCompactedByAge) {
  Open({.history_age = std::chrono::minutes(10)});
  ASSERT_OK(Create(kClusters, NewCluster("default", "a")));
  const std::uint64_t old = store_->Stats().revision;
  ASSERT_OK(store_->Upkeep(context_));
  clock_.Advance(std::chrono::minutes(6));
  ASSERT_OK(Create(kClusters, NewCluster("default", "b")));
  ASSERT_OK(store_->Upkeep(context_));
  EXPECT_EQ(store_->Stats().compacted, 0u);

  clock_.Advance(std::chrono::minutes(6));
  ASSERT_OK(store_->Upkeep(context_));

  EXPECT_EQ(store_->Stats().compacted, old);
}

TEST_F(ApiStoreTest, VersionsOfTheFutureAreNotBelieved) {
  ListOptions options;
  options.resource_version = 1'000'000;
  const Status list = store_->List(context_, kClusters, options).status();
  WatchOptions watch;
  watch.resource_version = 1'000'000;

  EXPECT_THAT(list, StatusIs(Code::kDeadlineExceeded, HasSubstr("Too large resource version")));
  EXPECT_EQ(objects::DetailsOf(list)->causes.at(0).reason, "ResourceVersionTooLarge");
  EXPECT_THAT(store_->StartWatch(context_, kClusters, watch, [] {}), StatusIs(Code::kOutOfRange));
}

TEST_F(ApiStoreTest, EventsGoWhenTheyAreOldOrTooMany) {
  Open({.event_age = std::chrono::hours(1), .max_events = 3});
  const auto names = [this] {
    EXPECT_OK(store_->Upkeep(context_));
    return NamesOf(store_->List(context_, kEvents, {})->items);
  };
  Object seen_again = NewEvent("default", "seen-again");
  seen_again.json["lastTimestamp"] = FormatTime(clock_.Now() + std::chrono::minutes(30));
  ASSERT_OK(Create(kEvents, seen_again));
  ASSERT_OK(Create(kEvents, NewEvent("default", "old")));
  clock_.Advance(std::chrono::minutes(61));
  ASSERT_OK(Create(kEvents, NewEvent("default", "e1")));
  EXPECT_THAT(names(), ElementsAre("e1", "seen-again"));
  for (const char* name : {"e2", "e3"}) {
    clock_.Advance(std::chrono::seconds(1));
    ASSERT_OK(Create(kEvents, NewEvent("default", name)));
  }

  EXPECT_THAT(names(), ElementsAre("e1", "e2", "e3"));
}

// --- watching

TEST_F(ApiStoreTest, WatchersAreWokenForTheirOwnAndOnce) {
  std::atomic<int> here = 0;
  std::atomic<int> elsewhere = 0;
  std::atomic<int> other_resource = 0;
  WatchOptions in_default;
  in_default.name_space = "default";
  WatchOptions in_other;
  in_other.name_space = "other";
  ASSERT_OK_AND_ASSIGN(const auto first,
                       store_->StartWatch(context_, kClusters, in_default, [&] { ++here; }));
  ASSERT_OK_AND_ASSIGN(const auto second,
                       store_->StartWatch(context_, kClusters, in_other, [&] { ++elsewhere; }));
  ASSERT_OK_AND_ASSIGN(const auto third, store_->StartWatch(context_, kConfigs, in_default,
                                                            [&] { ++other_resource; }));
  ASSERT_OK(Create(kClusters, NewCluster("default", "a")));
  ASSERT_OK(Create(kClusters, NewCluster("default", "b")));
  EXPECT_EQ(here, 1) << "once until it is polled";
  ASSERT_OK(first->Poll(100));
  ASSERT_OK(Create(kClusters, NewCluster("default", "c")));

  EXPECT_EQ(here, 2);
  EXPECT_EQ(elsewhere, 0);
  EXPECT_EQ(other_resource, 0);
  EXPECT_EQ(store_->Stats().watchers, 3u);
}

TEST_F(ApiStoreTest, NobodyIsWokenAfterItsWatchEnded) {
  int woken = 0;
  ASSERT_OK_AND_ASSIGN(auto watch, store_->StartWatch(context_, kClusters, {}, [&] { ++woken; }));
  watch.reset();

  ASSERT_OK(Create(kClusters, NewCluster("default", "a")));

  EXPECT_EQ(woken, 0);
  EXPECT_EQ(store_->Stats().watchers, 0u);
}

TEST_F(ApiStoreTest, WatchersShareTheEventsObjects) {
  const std::unique_ptr<Watch> first = StartWatch(kClusters);
  const std::unique_ptr<Watch> second = StartWatch(kClusters);
  ASSERT_OK(Create(kClusters, NewCluster("default", "a")));
  ASSERT_OK(Delete(kClusters, "default", "a"));

  ASSERT_OK_AND_ASSIGN(const std::vector<WatchEvent> a, first->Poll(10));
  ASSERT_OK_AND_ASSIGN(const std::vector<WatchEvent> b, second->Poll(10));

  ASSERT_EQ(a.size(), 2u);
  EXPECT_EQ(a[0].object, b[0].object);
  EXPECT_EQ(a[1].object, b[1].object);
}

TEST_F(ApiStoreTest, WatchesEndWithTheStore) {
  const std::unique_ptr<Watch> watch = StartWatch(kClusters);
  ASSERT_OK(watch->Poll(10));

  store_.reset();

  EXPECT_THAT(waiter_.Next(*watch, 1), StatusIs(Code::kUnavailable));
}

// --- namespaces and owners

TEST_F(ApiStoreTest, TheDefaultNamespaceIsThereAndStays) {
  EXPECT_OK(store_->Get(context_, {kNamespaces, "", "default"}));
  EXPECT_THAT(Delete(kNamespaces, "", "default"), StatusIs(Code::kPermissionDenied));
}

TEST_F(ApiStoreTest, ANamespaceThatIsBeingDeletedTakesNothingNewAndGoesWithTheLast) {
  ASSERT_OK(Create(kNamespaces, NewNamespace("demo")));
  ASSERT_OK(Create(kClusters, NewCluster("demo", "a")));
  const std::unique_ptr<Watch> watch = StartWatch(kNamespaces, store_->Stats().revision);

  ASSERT_OK(Delete(kNamespaces, "", "demo"));

  const Status refused = Create(kClusters, NewCluster("demo", "b")).status();
  EXPECT_THAT(refused, StatusIs(Code::kPermissionDenied, HasSubstr("being terminated")));
  EXPECT_EQ(objects::DetailsOf(refused)->causes.at(0).reason, "NamespaceTerminating");
  ASSERT_OK_AND_ASSIGN(const Object waiting, store_->Get(context_, {kNamespaces, "", "demo"}));
  EXPECT_EQ(waiting.Text("status.phase"), "Terminating");
  ASSERT_OK(Delete(kClusters, "demo", "a"));
  Await(*watch, "DELETED demo");
}

TEST_F(ApiStoreTest, NothingIsLeftInANamespaceThatWentWhileOthersCreated) {
  for (int round = 0; round < 20; ++round) {
    ASSERT_OK(Create(kNamespaces, NewNamespace("demo")));
    const std::unique_ptr<Watch> watch = StartWatch(kNamespaces, store_->Stats().revision);
    {
      std::vector<Thread> threads;
      for (int i = 0; i < 3; ++i) {
        threads.emplace_back(
            [this, i] { (void)Create(kClusters, NewCluster("demo", fmt::format("c{}", i))); });
      }
      threads.emplace_back([this] { ASSERT_OK(Delete(kNamespaces, "", "demo")); });
    }
    ListOptions demo;
    demo.name_space = "demo";
    ASSERT_OK_AND_ASSIGN(const ListResult list, store_->List(context_, kClusters, demo));
    if (!list.items.empty()) {
      EXPECT_OK(store_->Get(context_, {kNamespaces, "", "demo"}));
      for (const Object& object : list.items) {
        ASSERT_OK(Delete(kClusters, "demo", object.name()));
      }
    }
    Await(*watch, "DELETED demo");
  }
}

TEST_F(ApiStoreTest, DeletionsThatACrashCutShortAreCompletedAtTheNextStart) {
  ASSERT_OK_AND_ASSIGN(const Object owner, Create(kConfigs, NewConfig("default", "owner")));
  Object dependent = NewCluster("default", "dependent");
  dependent.AddOwner(OwnerOf(owner));
  ASSERT_OK(Create(kClusters, dependent));
  ASSERT_OK(Create(kNamespaces, NewNamespace("demo")));
  ASSERT_OK_AND_ASSIGN(const Object inside, Create(kClusters, NewCluster("demo", "inside")));
  ASSERT_OK(Delete(kNamespaces, "", "demo"));
  store_.reset();
  // The process ended right after these two were committed.
  const std::vector<LogWrite> last = {{.key = ToLogKey({kConfigs, "default", "owner"}),
                                       .expected = owner.resource_version(),
                                       .deleted = true,
                                       .value = {},
                                       .guard = std::nullopt},
                                      {.key = ToLogKey({kClusters, "demo", "inside"}),
                                       .expected = inside.resource_version(),
                                       .deleted = true,
                                       .value = {},
                                       .guard = std::nullopt}};
  ASSERT_OK(plan_->log->Commit(last));
  ASSERT_OK_AND_ASSIGN(const LogBounds bounds, plan_->log->Bounds());

  Open({});

  const std::unique_ptr<Watch> clusters = StartWatch(kClusters, bounds.revision);
  Await(*clusters, "DELETED dependent");
  const std::unique_ptr<Watch> namespaces = StartWatch(kNamespaces, bounds.revision);
  Await(*namespaces, "DELETED demo");
}

TEST_F(ApiStoreTest, CleaningUpThatWasRefusedIsTriedAgain) {
  ASSERT_OK_AND_ASSIGN(const Object owner, Create(kConfigs, NewConfig("default", "owner")));
  Object dependent = NewCluster("default", "dependent");
  dependent.AddOwner(OwnerOf(owner));
  ASSERT_OK(Create(kClusters, dependent));
  std::atomic<bool> refused = false;
  EventWaiter asked;
  const auto tell = asked.on_ready();
  admission_.state_.Lock()->verdict = [&](const AdmissionRequest& request) {
    if (request.resource != kClusters || refused.exchange(true)) {
      return OkStatus();
    }
    tell();
    return Error(Code::kFailedPrecondition, "not now");
  };
  store_->SetAdmission(admission_);
  const std::unique_ptr<Watch> watch = StartWatch(kClusters, store_->Stats().revision);
  ASSERT_OK(Delete(kConfigs, "default", "owner"));
  while (!refused) {
  }

  // The refusal is noted soon after it was given: upkeep is asked until it has seen it.
  std::vector<WatchEvent> events;
  while (events.empty()) {
    ASSERT_OK(store_->Upkeep(context_));
    ASSERT_OK_AND_ASSIGN(events, watch->Poll(1));
  }

  EXPECT_THAT(ToTexts(events), ElementsAre("DELETED dependent"));
}

TEST_F(ApiStoreTest, WhoseOwnerNeverWasGoesToo) {
  Object dependent = NewCluster("default", "dependent");
  dependent.AddOwner({.api_version = "tresor.dev/v1",
                      .kind = "EtcdBackupConfig",
                      .name = "ghost",
                      .uid = "11111111-2222-4333-8444-555555555555"});
  const std::unique_ptr<Watch> watch = StartWatch(kClusters);
  ASSERT_OK(Create(kClusters, dependent));

  Await(*watch, "DELETED dependent");
}

// --- hostile objects

TEST_F(ApiStoreTest, HostileShapesAreRefused) {
  Object deep = NewCluster("default", "a");
  objects::Json nested = 1;
  for (int i = 0; i < 100; ++i) {
    nested = objects::Json::array({std::move(nested)});
  }
  deep.json["spec"]["nested"] = std::move(nested);
  Object list{.json = objects::Json::array()};
  Object labels = NewCluster("default", "a");
  labels.json["metadata"]["labels"] = {{"color", 3}};
  Object metadata = NewCluster("default", "a");
  metadata.json["metadata"]["finalizers"] = "text";
  Object other_kind = NewConfig("default", "a");

  for (const Object* object : {&deep, &labels, &metadata, &other_kind}) {
    EXPECT_THAT(Create(kClusters, *object), StatusIs(Code::kInvalidArgument))
        << object->json.dump().substr(0, 200);
  }
  EXPECT_THAT(Create(kClusters, list), Not(IsOk()));
  EXPECT_THAT(Update(list), Not(IsOk()));
}

TEST_F(ApiStoreTest, TooLargeObjectsAreRefused) {
  Object object = NewCluster("default", "a");
  for (int i = 0; i < 20; ++i) {
    object.SetAnnotation(fmt::format("a{}", i), std::string(100'000, 'x'));
  }

  EXPECT_THAT(Create(kClusters, object), StatusIs(Code::kInvalidArgument));
}

}  // namespace
}  // namespace tresor::store
