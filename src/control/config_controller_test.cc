// SPDX-License-Identifier: Apache-2.0
// The controller of configurations by itself, over a year: what it makes are the slots of its
// schedules, each once, whatever the clocks of the places do, and it is stopped now and then.
#include "control/config_controller.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/time_zone.h"
#include "control/backup_view.h"
#include "control/test_world.h"
#include "objects/etcd_backup_config.h"
#include "objects/schedule.h"

namespace tresor::control {
namespace {

using namespace std::chrono_literals;
using objects::EtcdBackupConfigStatus;
using objects::EtcdBackupStatus;
using objects::Object;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr WallTime kNewYear = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);

/// The controller with its informers; every backup that it makes completes at once.
class ConfigWorld : public TestWorld {
 public:
  ConfigWorld() {
    clock.SetWall(kNewYear);
    MakeCluster("prod");
    Restart();
  }
  void Restart() {
    restores = std::make_unique<Informer>(*store, objects::kEtcdRestores, [] {});
    backups = std::make_unique<Informer>(*store, objects::kEtcdBackups, [] {});
    backups->AddIndex(kByConfig, OwnerUids);
    restores->AddIndex(kByBackup, BackupWord);
    controller = std::make_unique<ConfigController>(services(), *backups, *restores);
  }
  void MakeConfig(const std::string& name, const std::string& schedule, const std::string& zone) {
    const Object config = Make(
        objects::kEtcdBackupConfigs, objects::kApiVersion, "EtcdBackupConfig", "p", name,
        {{"cluster", {{"name", "prod"}}}, {"schedule", schedule}, {"timeZone", zone}, {"keep", 2}});
    since[name] = *config.creation_time();
    Look(name);
  }
  [[nodiscard]] EtcdBackupConfigStatus StatusOf(const std::string& name) const {
    return EtcdBackupConfigStatus::FromObject(Get(objects::kEtcdBackupConfigs, name));
  }
  void Look(const std::string& name) {
    for (Informer* informer : {backups.get(), restores.get()}) {
      while (informer->Update(context()).value_or(false)) {
      }
    }
    ASSERT_OK(controller->Reconcile(context(), {"p", name}).status());
    for (const Object& backup : All(objects::kEtcdBackups)) {
      if (backup.deletion_time().has_value()) {  // as its controller would
        ASSERT_OK(store::Modify(context(), *store, {objects::kEtcdBackups, "p", backup.name()},
                                Person(),
                                [](Object& object) -> Result<bool> {
                                  object.RemoveFinalizer(objects::kBackupFinalizer);
                                  return true;
                                })
                      .status());
        continue;
      }
      EtcdBackupStatus status = EtcdBackupStatus::FromObject(backup);
      if (status.phase.has_value()) {
        continue;
      }
      const auto slot = objects::ParseTime(AnnotationOf(backup, objects::kScheduledTimeAnnotation));
      ASSERT_OK(slot);
      made[backup.owner_references()[0].name].push_back(*slot);
      status.phase = objects::BackupPhase::kCompleted;
      status.scheduled_time = *slot;
      status.completion_time = clock.Now();
      SetStatus(objects::kEtcdBackups, backup.name(), status);
    }
  }
  /// To the next slot of any, or until `end`; looks at who has one. False: `end` it is.
  bool GoOn(WallTime end) {
    WallTime next = end;
    for (const auto& [name, when] : since) {
      next = std::min(next, StatusOf(name).next_schedule_time.value_or(end));
    }
    if (next >= end) {
      return false;
    }
    clock.Advance(next - clock.Now());
    for (const auto& [name, when] : since) {
      if (StatusOf(name).next_schedule_time <= next) {
        Look(name);
      }
    }
    return true;
  }
  static std::vector<WallTime> Slots(const std::string& schedule, const std::string& zone,
                                     WallTime from, WallTime end) {
    const auto parsed = objects::Schedule::Parse(schedule);
    const auto place = TimeZone::Load(zone);
    EXPECT_OK(parsed);
    EXPECT_OK(place);
    std::vector<WallTime> slots;
    for (auto next = parsed->Next(*place, from); next.has_value() && *next < end;
         next = parsed->Next(*place, *next)) {
      slots.push_back(*next);
    }
    return slots;
  }

  std::unique_ptr<Informer> backups;
  std::unique_ptr<Informer> restores;
  std::unique_ptr<ConfigController> controller;
  std::map<std::string, WallTime> since;              // by configuration
  std::map<std::string, std::vector<WallTime>> made;  // slots, by configuration
};

struct Place {
  std::string name;
  std::string schedule;
  std::string zone;
};
const std::vector<Place>& Places() {
  static const std::vector<Place> places{
      {"berlin", "30 2 * * *", "Europe/Berlin"},            // skipped once, comes twice once
      {"york", "30 1 * * *", "America/New_York"},           // comes twice once
      {"howe", "*/30 1-2 * * SUN", "Australia/Lord_Howe"},  // half an hour of summer time
      {"every", "@every 7h", "UTC"},
      {"weekly", "@weekly", "America/New_York"},
      {"months", "0 12 29,31 * *", "Europe/Berlin"}};
  return places;
}

TEST(ConfigControllerTest, AYearOfMixedSchedulesInThreeTimeZonesIsTheirSlots) {
  ConfigWorld world;
  const WallTime end = kNewYear + 365 * 24h;
  for (const Place& place : Places()) {
    world.MakeConfig(place.name, place.schedule, place.zone);
  }
  while (world.GoOn(end)) {
  }
  for (const Place& place : Places()) {
    EXPECT_EQ(world.made[place.name],
              ConfigWorld::Slots(place.schedule, place.zone, world.since[place.name], end))
        << place.name;
    // Keeps two; the one that is made when the slot comes may be a third.
    EXPECT_LE(world.StatusOf(place.name).completed, 3) << place.name;
  }
  EXPECT_EQ(world.made["berlin"].size(), 365U);
  EXPECT_EQ(world.made["months"].size(), 11U + 7U);
}

TEST(ConfigControllerTest, DowntimeLosesAllButTheLastSlotAndNothingElse) {
  SeededRandom random(7);
  ConfigWorld world;
  const WallTime end = kNewYear + 90 * 24h;
  for (const Place& place : Places()) {
    world.MakeConfig(place.name, place.schedule, place.zone);
  }
  std::vector<std::pair<WallTime, WallTime>> down;  // from, to
  while (world.GoOn(end)) {
    if (random.Below(20) == 0) {
      const WallTime from = world.clock.Now();
      world.clock.Advance(std::chrono::minutes(random.Below(4 * 24 * 60)));
      world.Restart();
      for (const auto& [name, since] : world.since) {
        world.Look(name);
      }
      down.emplace_back(from, world.clock.Now());
    }
  }
  ASSERT_GT(down.size(), 5U);
  for (const Place& place : Places()) {
    std::vector<WallTime> wanted;
    for (const WallTime slot :
         ConfigWorld::Slots(place.schedule, place.zone, world.since[place.name], end)) {
      // Several within one downtime: the last of them stands for all.
      for (const auto& [from, to] : down) {
        if (!wanted.empty() && wanted.back() > from && slot <= to && slot > from) {
          wanted.pop_back();
        }
      }
      if (slot <= world.clock.Now()) {
        wanted.push_back(slot);
      }
    }
    EXPECT_EQ(world.made[place.name], wanted) << place.name;
  }
}

TEST(ConfigControllerTest, AScheduleThatIsChangedCountsFromItsChange) {
  ConfigWorld world;
  world.MakeConfig("mine", "@every 6h", "UTC");
  EXPECT_TRUE(world.GoOn(kNewYear + 7h));
  world.clock.Advance(5h);
  EXPECT_OK(store::Modify(world.context(), *world.store, {objects::kEtcdBackupConfigs, "p", "mine"},
                          TestWorld::Person(),
                          [](Object& config) -> Result<bool> {
                            config.json["spec"]["schedule"] = "@every 1h";
                            return true;
                          })
                .status());
  world.Look("mine");
  EXPECT_THAT(world.made["mine"], ElementsAre(kNewYear + 6h));  // four hours were no missed slots
  EXPECT_EQ(world.StatusOf("mine").next_schedule_time, kNewYear + 12h);
}

}  // namespace
}  // namespace tresor::control
