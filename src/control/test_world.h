// SPDX-License-Identifier: Apache-2.0
// For tests: a store, a clock and fakes of everything else that controllers are given.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/status_matchers.h"
#include "control/events.h"
#include "control/fake_runtime.h"
#include "control/fake_vault.h"
#include "control/faulty_store.h"
#include "control/names.h"
#include "control/services.h"
#include "objects/etcd_backup.h"
#include "objects/etcd_cluster.h"
#include "objects/etcd_restore.h"
#include "store/memory/memory_store.h"

namespace tresor::control {

struct TestWorld {
  TestWorld() {
    for (const char* project : {"p", "tresor-system"}) {
      Make(objects::kNamespaces, "v1", "Namespace", "", project);
    }
    runtime.before = vault.before = [this](std::string_view what) { return faults.Before(what); };
    runtime.after = vault.after = [this](std::string_view what) { return faults.After(what); };
  }

  [[nodiscard]] static Context context() { return Context::Background(); }

  [[nodiscard]] Services services() {
    return {.store = faulty,
            .clock = clock,
            .events = *events,
            .metrics = metrics,
            .vault = vault,
            .runtimes = {.local = &runtime, .kubernetes = nullptr, .external = &external},
            .locks = locks,
            .connect = [](const etcd::ClientOptions&) -> Result<std::unique_ptr<etcd::Client>> {
              return Error(Code::kUnavailable, "no etcd here");
            }};
  }

  objects::Object Make(const objects::ResourceName& resource, std::string_view api_version,
                       std::string_view kind, const std::string& name_space,
                       const std::string& name, const objects::Json& spec = nullptr,
                       const objects::Json& metadata = objects::Json::object()) {
    objects::Object object;
    object.json = {{"apiVersion", api_version}, {"kind", kind}, {"metadata", metadata}};
    object.json["metadata"]["name"] = name;
    if (!name_space.empty()) {
      object.json["metadata"]["namespace"] = name_space;
    }
    if (!spec.is_null()) {
      object.json["spec"] = spec;
    }
    Result<objects::Object> made = store->Create(context(), resource, object, Person(), nullptr);
    EXPECT_TRUE(made.ok()) << Message(made.status());
    return made.ok() ? *std::move(made) : object;
  }
  objects::Object MakeCluster(const std::string& name,
                              const objects::Json& spec = {{"runtime", "local"}, {"replicas", 3}}) {
    return Make(objects::kEtcdClusters, objects::kApiVersion, "EtcdCluster", "p", name, spec);
  }

  [[nodiscard]] objects::Object Get(const objects::ResourceName& resource,
                                    const std::string& name) const {
    Result<objects::Object> found = store->Get(
        context(), {resource, resource == objects::kBackupDestinations ? "" : "p", name});
    EXPECT_TRUE(found.ok()) << Message(found.status());
    return found.ok() ? *std::move(found) : objects::Object{};
  }
  [[nodiscard]] bool Has(const objects::ResourceName& resource, const std::string& name) const {
    return store->Get(context(), {resource, "p", name}).ok();
  }
  [[nodiscard]] std::vector<objects::Object> All(const objects::ResourceName& resource) const {
    const Result<store::ListResult> list = store->List(context(), resource, {.name_space = "p"});
    EXPECT_TRUE(list.ok());
    return {list->items.begin(), list->items.end()};
  }
  template <typename View>
  void SetStatus(const objects::ResourceName& resource, const std::string& name,
                 const View& status) {
    EXPECT_OK(store::ModifyStatus(context(), *store, {resource, "p", name}, Person(),
                                  [&](objects::Object& object) -> Result<bool> {
                                    status.WriteTo(object);
                                    return true;
                                  })
                  .status());
  }

  [[nodiscard]] static store::WriteOptions Person() {
    store::WriteOptions options;
    options.requester.user = "somebody";
    return options;
  }

  FakeClock clock;
  std::unique_ptr<store::ApiStore> store = store::NewMemoryStore({.clock = &clock});
  Faults faults;
  FaultyStore faulty{*store, faults};
  FakeRuntime runtime;
  FakeRuntime external;
  FakeVault vault;
  Metrics metrics;
  ClusterLocks locks;
  std::unique_ptr<EventRecorder> events = std::make_unique<EventRecorder>(*store, clock);
};

}  // namespace tresor::control
