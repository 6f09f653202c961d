// SPDX-License-Identifier: Apache-2.0
#include "backup/progress.h"

namespace tresor::backup {

const char* PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kReceive:
      return "receiving";
    case Phase::kCheck:
      return "checking";
    case Phase::kStore:
      return "storing";
    case Phase::kRead:
      return "reading";
    case Phase::kSync:
      return "syncing";
  }
  return "working";
}

}  // namespace tresor::backup
