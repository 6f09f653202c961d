// SPDX-License-Identifier: Apache-2.0
// How this process keeps free memory.
#pragma once

namespace tresor {

/// For a process of many threads that lives long: they share two arenas of the heap. By default
/// glibc makes eight for each core, and what threads free in one waits there for that one's next
/// use. Before the first thread; no effect with other C libraries.
void ShareHeap();

}  // namespace tresor
