// SPDX-License-Identifier: Apache-2.0
// What every writer does to the catalog that it read, before it commits it as the next one.
#pragma once

#include "base/clock.h"
#include "base/context.h"
#include "base/environment.h"
#include "repo/format/catalog.h"
#include "repo/lease.h"

namespace tresor::repo {

/// Gives it the next number, and says who wrote it.
inline void SignCatalog(const Context& context, const Lease& lease, Catalog& catalog) {
  ++catalog.sequence;
  catalog.time_unix_nanos = ToUnixNanos(context.clock().Now());
  catalog.writer_host = HostName();
  catalog.writer_process = ProcessId();
  catalog.writer_token = lease.token();
}

}  // namespace tresor::repo
