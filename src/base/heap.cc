// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tresor {

void ShareHeap() {
#ifdef __GLIBC__
  (void)::mallopt(M_ARENA_MAX, 2);
#endif
}

}  // namespace tresor
