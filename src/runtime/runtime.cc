// SPDX-License-Identifier: Apache-2.0
#include "runtime/runtime.h"

namespace tresor::runtime {

std::string_view ToString(RestoreStep step) {
  switch (step) {
    case RestoreStep::kStop:
      return "stop";
    case RestoreStep::kSetAside:
      return "set-aside";
    case RestoreStep::kRebuild:
      return "rebuild";
    case RestoreStep::kStartClosed:
      return "start-closed";
    case RestoreStep::kOpen:
      return "open";
    case RestoreStep::kForget:
      return "forget";
  }
  return "unknown";
}

std::string_view ToString(MemberPhase phase) {
  switch (phase) {
    case MemberPhase::kStarting:
      return "starting";
    case MemberPhase::kRunning:
      return "running";
    case MemberPhase::kBackingOff:
      return "backing-off";
    case MemberPhase::kStopped:
      return "stopped";
    case MemberPhase::kRestoring:
      return "restoring";
    case MemberPhase::kLost:
      return "lost";
  }
  return "unknown";
}

}  // namespace tresor::runtime
