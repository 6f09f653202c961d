// SPDX-License-Identifier: Apache-2.0
#include "control/project_controller.h"

#include <array>

#include "control/backup_view.h"
#include "control/names.h"

namespace tresor::control {
namespace {

constexpr std::string_view kController = "project";
constexpr std::chrono::seconds kLookAgain{1};

}  // namespace

Result<std::size_t> ProjectController::Empty(const Context& context,
                                             const objects::ResourceName& resource,
                                             const std::string& project) {
  store::ListOptions options;
  options.name_space = project;
  ASSIGN_OR_RETURN(const store::ListResult all, services_.store.List(context, resource, options));
  for (const Object& object : all.items) {
    if (object.deletion_time().has_value()) {
      continue;
    }
    const Status deleted =
        services_.store
            .Delete(context, {resource, project, object.name()}, DeleteAs(kController, object))
            .status();
    // Refused for now (something uses it): it is asked again.
    if (!deleted.ok() && deleted.code() != Code::kNotFound &&
        deleted.code() != Code::kFailedPrecondition && deleted.code() != Code::kAborted) {
      return deleted;
    }
  }
  return all.items.size();
}

Result<Next> ProjectController::Reconcile(const Context& context, const Key& key) {
  const objects::ObjectKey object_key = ObjectOf(objects::kNamespaces, key);
  const Result<Object> project = services_.store.Get(context, object_key);
  if (!project.ok()) {
    return project.status().code() == Code::kNotFound ? Result<Next>(Next::WhenChanged())
                                                      : project.status();
  }
  if (!project->deletion_time().has_value()) {
    return Next::WhenChanged();
  }
  const std::array stages{objects::kEtcdRestores,      objects::kEtcdBackups,
                          objects::kEtcdBackupConfigs, objects::kEtcdClusters,
                          objects::kSecrets,           objects::kEvents};
  for (const objects::ResourceName& resource : stages) {
    const Result<std::size_t> left = Empty(context, resource, key.name);
    if (!left.ok()) {
      return left.status();
    }
    if (*left > 0) {
      return Next::After(kLookAgain);
    }
  }
  // What is empty goes by itself: that is the store's doing.
  return Next::WhenChanged();
}

}  // namespace tresor::control
