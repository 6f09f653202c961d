// SPDX-License-Identifier: Apache-2.0
#include "store/kinds.h"

#include <map>

namespace tresor::store {
namespace {

using objects::FieldError;
using objects::Object;
using objects::ResourceName;

class BuiltIn final : public Kinds {
 public:
  BuiltIn() {
    const auto add = [this](Kind kind) { kinds_.emplace(kind.resource, kind); };
    const auto ours = [&](std::string plural, std::string kind, bool namespaced) {
      add({.resource = {"tresor.dev", std::move(plural)},
           .api_version = "tresor.dev/v1",
           .kind = std::move(kind),
           .namespaced = namespaced,
           .has_status = true,
           .has_generation = true});
    };
    ours("etcdclusters", "EtcdCluster", true);
    ours("etcdbackupconfigs", "EtcdBackupConfig", true);
    ours("etcdbackups", "EtcdBackup", true);
    ours("etcdrestores", "EtcdRestore", true);
    ours("backupdestinations", "BackupDestination", false);
    add({.resource = {"", "namespaces"},
         .api_version = "v1",
         .kind = "Namespace",
         .namespaced = false,
         .has_status = true});
    add({.resource = {"", "secrets"}, .api_version = "v1", .kind = "Secret", .sealed = true});
    add({.resource = {"", "events"}, .api_version = "v1", .kind = "Event", .transient = true});
    add({.resource = {"rbac.authorization.k8s.io", "rolebindings"},
         .api_version = "rbac.authorization.k8s.io/v1",
         .kind = "RoleBinding"});
    for (const auto& [plural, kind] : {std::pair("users", "User"), std::pair("tokens", "Token")}) {
      add({.resource = {"tresor.dev", plural},
           .api_version = "tresor.dev/v1",
           .kind = kind,
           .namespaced = false,
           .has_status = true,
           .has_generation = true,
           .sealed = true});
    }
  }

  const Kind* Find(const ResourceName& resource) const override {
    const auto found = kinds_.find(resource);
    return found == kinds_.end() ? nullptr : &found->second;
  }
  void Check(const Kind&, Object&, const Object*, std::vector<std::string>&,
             std::vector<FieldError>&) const override {}

 private:
  std::map<ResourceName, Kind> kinds_;
};

}  // namespace

const Kinds& BuiltInKinds() {
  static const BuiltIn kinds;
  return kinds;
}

}  // namespace tresor::store
