// SPDX-License-Identifier: Apache-2.0
#include "control/services.h"

namespace tresor::control {

Result<runtime::ClusterRuntime*> Runtimes::Of(objects::RuntimeKind kind) const {
  runtime::ClusterRuntime* found = nullptr;
  switch (kind) {
    case objects::RuntimeKind::kLocal:
      found = local;
      break;
    case objects::RuntimeKind::kKubernetes:
      found = kubernetes;
      break;
    case objects::RuntimeKind::kExternal:
      found = external;
      break;
  }
  if (found == nullptr) {
    return Error(Code::kUnimplemented, "this server has no runtime \"{}\"",
                 objects::ToString(kind));
  }
  return found;
}

}  // namespace tresor::control
