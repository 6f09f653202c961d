// SPDX-License-Identifier: Apache-2.0
// Server: all of `tresor serve` in one object: store, controllers, runtimes, API.
//
// The data directory: tresor.lock (who runs here), tresor.db and tresor.key (store/FORMAT.md),
// clusters/ (runtime/FORMAT.md), keys/ (of destinations, for launchers), spool/, backups/ (unless
// another place was named), credentials.json, tls/ and kubeconfig (api/server.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/random.h"
#include "base/status.h"
#include "etcd/client.h"
#include "store/object_store.h"

namespace tresor::server {

struct ServerOptions {
  std::string data_dir;  // absolute; made if need be (0700)

  std::string address = "127.0.0.1";
  std::uint16_t port = 8443;  // 0: any that is free
  bool plain_http = false;
  std::string certificate_file;  // with key_file; none: an authority of our own
  std::string key_file;
  std::vector<std::string> server_names;
  std::string public_url;
  std::string version = "dev";

  /// What starts a launcher: {"/usr/bin/tresor", "launch"}.
  std::vector<std::string> launcher;
  std::string etcd = "etcd";

  std::size_t max_parallel_backups = 4;
  std::uint64_t memory_limit_bytes = std::uint64_t{512} << 20;  // of all running backups
  /// What a new cluster gets; an empty schedule: nothing.
  std::string default_schedule = "@every 20m";
  std::int32_t default_keep = 20;

  /// Of the first destination, made at the first start. Empty: data_dir/backups.
  std::string backup_dir;
  /// Holds the key of the repositories that lie there already; empty: a new key is made.
  std::string backup_key_file;

  const Clock* clock = &SystemClock();
  Random* random = &SystemRandom();
  /// RestoreControllerOptions::at_record and LocalOptions::at_record.
  std::function<void(std::string_view point)> at_record = {};
};

/// What the first start made; shown once.
struct FirstStart {
  std::string admin_user;
  std::string admin_password;
};

/// Threads: Stop from one thread, the rest from any.
class Server {
 public:
  /// On return it serves and its controllers run; members that ran on are taken over as they are.
  /// kFailedPrecondition: another server has the data directory; repositories lie in the backup
  /// directory and their key was not given; plain HTTP elsewhere than on loopback.
  /// kInvalidArgument: the options. kAlreadyExists: the port is taken.
  [[nodiscard]] static Result<std::unique_ptr<Server>> Start(const Context& context,
                                                             const ServerOptions& options);
  /// Stops too.
  virtual ~Server() = default;

  [[nodiscard]] virtual const std::string& url() const = 0;
  [[nodiscard]] virtual const std::string& kubeconfig_path() const = 0;
  /// Of the key that opens the first destination's repositories; empty: this was not the first
  /// start.
  [[nodiscard]] virtual const std::string& backup_key_path() const = 0;
  [[nodiscard]] virtual const std::optional<FirstStart>& first_start() const = 0;
  [[nodiscard]] virtual store::ObjectStore& store() = 0;
  /// What people need to reach a cluster. kNotFound: there is none.
  [[nodiscard]] virtual Result<etcd::ClientOptions> Credentials(const Context& context,
                                                                const std::string& project,
                                                                const std::string& cluster) = 0;
  /// Requests are ended, then controllers; members run on. Idempotent.
  virtual void Stop() = 0;
  /// Stops, and then ends the members of all clusters that run here and removes their data: for a
  /// server that nobody will start again.
  [[nodiscard]] virtual Status RemoveClusters(const Context& context) = 0;
};

}  // namespace tresor::server
