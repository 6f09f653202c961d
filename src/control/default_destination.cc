// SPDX-License-Identifier: Apache-2.0
#include "control/default_destination.h"

#include "objects/backup_destination.h"

namespace tresor::control {

Result<std::string> FindDefaultDestination(const Context& context, store::ObjectStore& store) {
  ASSIGN_OR_RETURN(const store::ListResult all,
                   store.List(context, objects::kBackupDestinations, {}));
  for (const objects::Object& destination : all.items) {
    if (objects::BackupDestinationSpec::FromObject(destination).is_default &&
        !destination.deletion_time().has_value()) {
      return destination.name();
    }
  }
  return std::string();
}

}  // namespace tresor::control
