// SPDX-License-Identifier: Apache-2.0
#include "server/server.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "api/authorizer.h"
#include "api/server.h"
#include "base/environment.h"
#include "base/log.h"
#include "control/admission.h"
#include "control/control_plane.h"
#include "control/destinations.h"
#include "control/repository_vault.h"
#include "io/file_lock.h"
#include "io/file_system.h"
#include "net/http_server.h"
#include "objects/etcd_cluster.h"
#include "objects/json_text.h"
#include "objects/kinds.h"
#include "objects/schedule.h"
#include "runtime/external/external.h"
#include "runtime/local/local.h"
#include "server/bootstrap.h"
#include "server/metrics.h"
#include "server/page_routes.h"
#include "store/sqlite/sqlite_store.h"
#include "web/page.h"

namespace tresor::server {
namespace {

constexpr std::string_view kCredentialsPath = "/etcd-credentials";
/// Until controllers have read everything.
constexpr std::chrono::seconds kStartTimeout{60};

Status CheckOptions(const ServerOptions& options) {
  if (!options.data_dir.starts_with('/')) {
    return Error(Code::kInvalidArgument, "the data directory \"{}\" is not an absolute path",
                 options.data_dir);
  }
  if (options.max_parallel_backups == 0) {
    return Error(Code::kInvalidArgument, "at least one backup has to run at a time");
  }
  if (options.default_keep < 1 || options.default_keep > 1000) {
    return Error(Code::kInvalidArgument, "keep {} is not between 1 and 1000", options.default_keep);
  }
  return options.default_schedule.empty()
             ? OkStatus()
             : Annotate(objects::Schedule::Parse(options.default_schedule).status(),
                        "the default schedule");
}

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(const ServerOptions& options)
      : options_(options), started_(options.clock->Now()) {}
  ~ServerImpl() override { Stop(); }

  Status Open(const Context& context) {
    RETURN_IF_ERROR(CheckOptions(options_));
    RETURN_IF_ERROR(OpenStore(context));
    RETURN_IF_ERROR(OpenRuntimes());
    RETURN_IF_ERROR(OpenDestinations(context));
    RETURN_IF_ERROR(StartControl(context));
    return StartApi();
  }

  [[nodiscard]] const std::string& url() const override { return api_->url(); }
  [[nodiscard]] const std::string& kubeconfig_path() const override {
    return api_->kubeconfig_path();
  }
  [[nodiscard]] const std::string& backup_key_path() const override { return backup_key_path_; }
  [[nodiscard]] const std::optional<FirstStart>& first_start() const override {
    return first_start_;
  }
  [[nodiscard]] store::ObjectStore& store() override { return *store_; }

  Result<etcd::ClientOptions> Credentials(const Context& context, const std::string& project,
                                          const std::string& cluster) override {
    ASSIGN_OR_RETURN(const objects::Object found,
                     store_->Get(context, {objects::kEtcdClusters, project, cluster}));
    const objects::RuntimeKind kind = objects::EtcdClusterSpec::FromObject(found).runtime;
    ASSIGN_OR_RETURN(runtime::ClusterRuntime* const runtime, Runtimes().Of(kind));
    return runtime->Credentials({.project = project, .name = cluster, .uid = found.uid()});
  }

  void Stop() override {
    if (api_ != nullptr) {
      api_->Stop();
    }
    if (control_ != nullptr) {
      control_->Stop();
    }
  }

  Status RemoveClusters(const Context& context) override {
    Stop();
    ASSIGN_OR_RETURN(const store::ListResult clusters,
                     store_->List(context, objects::kEtcdClusters, {}));
    for (const objects::Object& cluster : clusters.items) {
      if (objects::EtcdClusterSpec::FromObject(cluster).runtime == objects::RuntimeKind::kLocal) {
        RETURN_IF_ERROR(local_->Remove(
            context,
            {.project = cluster.name_space(), .name = cluster.name(), .uid = cluster.uid()}));
      }
    }
    return OkStatus();
  }

 private:
  [[nodiscard]] std::string PathOf(const std::string& name) const {
    return io::JoinPath(options_.data_dir, name);
  }
  [[nodiscard]] std::string BackupDir() const {
    return options_.backup_dir.empty() ? PathOf("backups") : options_.backup_dir;
  }

  Status OpenStore(const Context& context) {
    RETURN_IF_ERROR(io::CreateDirs(fs_, options_.data_dir));
    const std::string lock_path = PathOf("tresor.lock");
    auto lock = io::FileLock::TryAcquire(lock_path);
    if (lock.status().code() == Code::kFailedPrecondition) {
      const Result<Bytes> holder = io::ReadFile(fs_, lock_path, 64);
      return Error(
          Code::kFailedPrecondition, "another tresor serve has {}{}", options_.data_dir,
          holder.ok() && !holder->empty() ? fmt::format(" (process {})", AsText(*holder)) : "");
    }
    RETURN_IF_ERROR(lock.status());
    lock_ = *std::move(lock);
    RETURN_IF_ERROR(lock_->Write(fmt::format("{}", ProcessId())));
    store::ApiStoreOptions store_options;
    store_options.clock = options_.clock;
    store_options.random = options_.random;
    ASSIGN_OR_RETURN(store_, store::OpenSqliteStore(context, options_.data_dir, store_options));
    store_->SetAdmission(admission_);
    return OkStatus();
  }

  Status OpenRuntimes() {
    runtime::LocalOptions local;
    local.data_dir = options_.data_dir;
    local.launcher = options_.launcher;
    local.etcd = options_.etcd;
    local.random = options_.random;
    local.clock = options_.clock;
    local.at_record = options_.at_record;
    ASSIGN_OR_RETURN(local_, runtime::OpenLocalRuntime(local));
    external_ = runtime::MakeExternalRuntime();
    return OkStatus();
  }

  Status OpenDestinations(const Context& context) {
    destinations_ = std::make_unique<control::Destinations>(*store_, fs_, PathOf("keys"));
    ASSIGN_OR_RETURN(const bool first, Bootstrap(context, *store_, fs_, *options_.random,
                                                 {.backup_dir = BackupDir(),
                                                  .backup_key_file = options_.backup_key_file}));
    if (first) {
      const std::string name(kFirstDestination);
      ASSIGN_OR_RETURN(const control::Place place, destinations_->Open(context, name));
      ASSIGN_OR_RETURN(backup_key_path_, destinations_->KeyFile(name, place));
    }
    control::RepositoryVaultOptions vault;
    vault.spool.dir = PathOf("spool");
    RETURN_IF_ERROR(io::CreateDirs(fs_, vault.spool.dir));
    vault.host = HostName();
    vault_ = std::make_unique<control::RepositoryVault>(*destinations_, std::move(vault));
    return OkStatus();
  }

  Status StartControl(const Context& context) {
    control::ControlPlaneOptions control;
    control.cluster.default_schedule = options_.default_schedule;
    control.cluster.default_keep = options_.default_keep;
    control.backup.limits.running = options_.max_parallel_backups;
    control.backup.limits.running_per_destination = options_.max_parallel_backups;
    control.backup.limits.memory_bytes = options_.memory_limit_bytes;
    control.restore.at_record = options_.at_record;
    control.destination.random = options_.random;
    control_ = std::make_unique<control::ControlPlane>(
        control::ControlPlaneParts{
            .store = *store_,
            .vault = *vault_,
            .runtimes = Runtimes(),
            .clock = *options_.clock,
            .metrics = &metrics_,
            .free_bytes =
                [this](const runtime::ClusterId&) { return fs_.FreeBytes(options_.data_dir); }},
        control);
    return control_->Start(context.WithTimeout(kStartTimeout));
  }

  Status StartApi() {
    api::ServerOptions api;
    api.data_dir = options_.data_dir;
    api.address = options_.address;
    api.port = options_.port;
    api.plain_http = options_.plain_http;
    api.certificate_file = options_.certificate_file;
    api.key_file = options_.key_file;
    api.server_names = options_.server_names;
    api.public_url = options_.public_url;
    api.version = options_.version;
    ASSIGN_OR_RETURN(
        api_,
        api::Server::Start(
            api,
            {.store = *store_,
             .kinds = objects::KindRegistry::BuiltIn(),
             .authorizer = authorizer_,
             .fs = fs_,
             .random = *options_.random,
             .clock = *options_.clock,
             .routes = {{.prefix = "/metrics",
                         .handle = [this](const Context&, const net::Request&,
                                          const api::User&) { return AnswerMetrics(); }},
                        {.prefix = std::string(kCredentialsPath),
                         .handle =
                             [this](const Context& request_context, const net::Request& request,
                                    const api::User&) {
                               return AnswerCredentials(request_context, request);
                             }},
                        {.prefix = "/page/settings",
                         .handle =
                             [this](const Context&, const net::Request& request, const api::User&) {
                               return AnswerSettings(options_, started_, request);
                             }},
                        {.prefix = "/page/etcd",
                         .handle =
                             [](const Context& request_context, const net::Request& request,
                                const api::User&) {
                               return AnswerEtcd(request_context, request);
                             }}},
             .page = [](const net::Request& request) { return web::Answer(request); },
             .ready = [this] { return control_->manager().Healthy(); }}));
    serving_ = api_.get();
    if (api_->first_start()) {
      first_start_ = FirstStart{.admin_user = api_->first_start()->admin_user,
                                .admin_password = api_->first_start()->admin_password};
    }
    return OkStatus();
  }

  net::Response AnswerMetrics() {
    const api::Server* const api = serving_;
    return {.status = 200,
            .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
            .body = metrics_.Render(api == nullptr ? api::ServerStats{} : api->stats(),
                                    store_->Stats()),
            .stream = nullptr};
  }

  /// GET <kCredentialsPath>/<project>/<cluster>: what etcdctl needs.
  Result<objects::Json> FindCredentials(const Context& context, const net::Request& request) {
    const std::vector<std::string>& path = request.target.segments;
    if (path.size() != 3) {
      return Error(Code::kNotFound, "{} needs a project and a cluster", kCredentialsPath);
    }
    ASSIGN_OR_RETURN(const etcd::ClientOptions access, Credentials(context, path[1], path[2]));
    const etcd::TlsOptions tls = access.tls.value_or(etcd::TlsOptions{});
    return objects::Json{{"endpoints", access.endpoints},
                         {"ca", tls.ca_pem},
                         {"certificate", tls.certificate_pem},
                         {"key", tls.key_pem},
                         {"user", access.user}};
  }

  net::Response AnswerCredentials(const Context& context, const net::Request& request) {
    const bool read = request.method == "GET";
    const Result<objects::Json> found =
        read ? FindCredentials(context, request)
             : Error(Code::kInvalidArgument, "only GET is answered here");
    const Code code = found.status().code();
    const objects::Json body =
        found.ok() ? *found : objects::Json{{"message", Message(found.status())}};
    return {.status = !read                        ? 405
                      : found.ok()                 ? 200
                      : code == Code::kNotFound    ? 404
                      : code == Code::kUnavailable ? 503
                                                   : 500,
            .headers = {{"Content-Type", "application/json"}},
            .body = objects::JsonText(body),
            .stream = nullptr};
  }

  [[nodiscard]] control::Runtimes Runtimes() const {
    return {.local = local_.get(), .external = external_.get()};
  }

  const ServerOptions options_;
  const WallTime started_;
  io::FileSystem& fs_ = io::PosixFileSystem();
  std::string backup_key_path_;
  std::optional<FirstStart> first_start_;
  // In the order they need each other; gone in the opposite one.
  std::unique_ptr<io::FileLock> lock_;
  control::Admission admission_;
  Metrics metrics_;
  std::unique_ptr<store::ApiStore> store_;
  std::unique_ptr<runtime::ClusterRuntime> local_;
  std::unique_ptr<runtime::ClusterRuntime> external_;
  std::unique_ptr<control::Destinations> destinations_;
  std::unique_ptr<control::RepositoryVault> vault_;
  std::unique_ptr<control::ControlPlane> control_;
  api::AdminsOnly authorizer_;
  std::unique_ptr<api::Server> api_;
  std::atomic<const api::Server*> serving_ = nullptr;  // api_, as soon as it is there
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const Context& context,
                                              const ServerOptions& options) {
  auto server = std::make_unique<ServerImpl>(options);
  RETURN_IF_ERROR(server->Open(context));
  return server;
}

}  // namespace tresor::server
