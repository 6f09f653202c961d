// SPDX-License-Identifier: Apache-2.0
// Admission: what may be written given what else there is. The store asks before every write, so
// these rules hold for kubectl, the web page and everybody else alike.
//
//   a cluster that is Restoring: nothing of it may be changed, deleted, backed up or restored
//     (409, reason ClusterRestoring); its configurations neither
//   but one whose restore is stuck, or gone, may be deleted
//   etcd's version goes up one line at a time, and not down (422, spec.version)
//   what is referred to must be there: cluster, destination (and allowed for the project), backup
//     (and Completed)
//   one restore of a cluster at a time (409, reason RestoreActive)
//   a backup that a restore uses stays (409, reason BackupInUse)
//   a destination in use stays (409, reason DestinationInUse); one default at most
//   the system's own namespace stays
//
// Our own controllers ("system:tresor:…") are not asked: they are what carries the restore out.
// A restore may always be cancelled, and metadata of what is being deleted may always be changed.
#pragma once

#include "store/admission.h"

namespace tresor::control {

class Admission final : public store::Admission {
 public:
  [[nodiscard]] Status Admit(const Context& context, store::ObjectStore& store,
                             const store::AdmissionRequest& request) override;
};

}  // namespace tresor::control
