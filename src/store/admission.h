// SPDX-License-Identifier: Apache-2.0
// Admission: rules about writes that need more than the object itself, such as "nobody changes a
// cluster while it is restored". The store asks before each write; the rules live in control/.
#pragma once

#include <memory>
#include <string>

#include "base/context.h"
#include "base/status.h"
#include "store/object_store.h"

namespace tresor::store {

enum class Operation { kCreate, kUpdate, kDelete };

/// One write that is about to happen. Nothing of it is stored yet, and the check may be repeated
/// when somebody else was quicker.
struct AdmissionRequest {
  Requester requester;
  Operation operation = Operation::kCreate;
  ResourceName resource;
  std::string subresource;  // "" or "status"
  /// As it would be stored: valid, with defaults. kDelete: null.
  std::shared_ptr<const Object> object;
  /// As it is. kCreate: null.
  std::shared_ptr<const Object> before;
};

/// Threads: from any thread, at once.
class Admission {
 public:
  virtual ~Admission() = default;
  /// OK: go on. Anything else goes to the caller as it is: kFailedPrecondition (409, with a reason
  /// in ErrorDetails), kPermissionDenied, kInvalidArgument. May read from `store`, not write.
  [[nodiscard]] virtual Status Admit(const Context& context, ObjectStore& store,
                                     const AdmissionRequest& request) = 0;
};

}  // namespace tresor::store
