// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_options.h"

#include <chrono>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/environment.h"
#include "base/heap.h"
#include "base/log.h"
#include "cli/hold_points.h"

namespace tresor::cli {
namespace {

constexpr std::chrono::hours kLong{24};

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

void LogTo(Host& host, bool json) {
  SetLogSink(LogLevel::kInfo, [&host, json](LogLevel level, std::string_view line) {
    const std::string time = FormatTime(host.clock.Now(), true);
    if (json) {
      host.error << Json{{"time", time}, {"level", LevelName(level)}, {"message", line}}.dump(
                        -1, ' ', false, Json::error_handler_t::replace)
                 << std::endl;
    } else {
      host.error << fmt::format("{} {:<7} {}", time, LevelName(level), line) << std::endl;
    }
  });
}

/// "127.0.0.1:8443", "[::1]:0"
Status ReadListen(const std::string& listen, server::ServerOptions& options) {
  const std::size_t colon = listen.rfind(':');
  const Result<std::uint64_t> port =
      ParseInteger(colon == std::string::npos ? "" : listen.substr(colon + 1));
  std::string address = listen.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  if (!port.ok() || *port > 65535 || address.empty()) {
    return Error(Code::kInvalidArgument, "--listen: \"{}\" is not ADDRESS:PORT", listen);
  }
  options.address = std::move(address);
  options.port = static_cast<std::uint16_t>(*port);
  return OkStatus();
}

}  // namespace

Result<server::ServerOptions> ReadServerOptions(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  server::ServerOptions options;
  options.data_dir = arguments.Text("data-dir");
  RETURN_IF_ERROR(ReadListen(arguments.Text("listen"), options));
  options.plain_http = arguments.Switch("plain-http");
  options.certificate_file = arguments.Text("tls-cert-file");
  options.key_file = arguments.Text("tls-key-file");
  options.server_names = arguments.SplitList("server-name");
  options.public_url = arguments.Text("public-url");
  options.version = invocation.host().build.version;
  options.launcher = {ProgramPath(), "launch"};
  options.etcd = arguments.Text("etcd");
  options.max_parallel_backups = arguments.Integer("max-parallel-backups");
  options.memory_limit_bytes = arguments.Size("memory-limit");
  options.default_schedule =
      arguments.Text("default-schedule") == "none" ? "" : arguments.Text("default-schedule");
  const std::uint64_t keep = arguments.Integer("default-keep");
  if (keep < 1 || keep > 1000) {
    return Error(Code::kInvalidArgument, "--default-keep: {} is not between 1 and 1000", keep);
  }
  options.default_keep = static_cast<std::int32_t>(keep);
  options.backup_dir = arguments.Text("backup-dir");
  options.backup_key_file = arguments.Text("backup-key-file");
  options.clock = &invocation.host().clock;
  options.random = &invocation.host().random;
  options.at_record = HoldPoints(invocation.host(), "serve");
  return options;
}

Result<std::unique_ptr<server::Server>> StartServer(Invocation& invocation,
                                                    const server::ServerOptions& options) {
  ShareHeap();  // 1,000 clusters: a quarter less memory
  LogTo(invocation.host(), invocation.arguments().Text("log-format") == "json");
  auto server = server::Server::Start(invocation.context(), options);
  if (server.status().code() == Code::kAlreadyExists) {
    invocation.Hint("choose another address or port with --listen");
  }
  return server;
}

void Announce(Invocation& invocation, const server::Server& server) {
  std::ostream& out = invocation.out();
  if (!server.backup_key_path().empty()) {
    out << fmt::format(
        "key of the backups: {}\n"
        "  Without it no backup can ever be read: keep a copy elsewhere.\n",
        server.backup_key_path());
  }
  out << fmt::format("web page and API: {}\n", server.url());
  if (server.first_start()) {
    out << fmt::format("log in, shown once: user {}, password {}\n",
                       server.first_start()->admin_user, server.first_start()->admin_password);
  }
  out << fmt::format("export KUBECONFIG={}\n", server.kubeconfig_path());
  out.flush();
}

void ServeUntilStopped(const Invocation& invocation, server::Server& server) {
  while (invocation.context().Sleep(kLong).ok()) {
  }
  Log(LogLevel::kInfo, "stopping");
  server.Stop();
}

std::vector<Flag> ServeFlags() {
  return {{.name = "data-dir",
           .kind = ValueKind::kDirectory,
           .value_name = "DIR",
           .help = "where everything is kept; an absolute path",
           .default_text = "/var/lib/tresor",
           .environment = "TRESOR_DATA_DIR"},
          {.name = "listen",
           .kind = ValueKind::kText,
           .value_name = "ADDRESS:PORT",
           .help = "an IP address of this machine, or 0.0.0.0 for all; port 0 is any free one",
           .default_text = "127.0.0.1:8443"},
          {.name = "plain-http",
           .help = "without TLS, behind a proxy; only on loopback, and kubectl sends no token "
                   "then"},
          {.name = "tls-cert-file",
           .kind = ValueKind::kFile,
           .value_name = "FILE",
           .help = "certificate chain in PEM; default: one by an authority of its own"},
          {.name = "tls-key-file",
           .kind = ValueKind::kFile,
           .value_name = "FILE",
           .help = "the certificate's key in PEM"},
          {.name = "server-name",
           .kind = ValueKind::kText,
           .value_name = "NAME,...",
           .help = "more names and addresses that its own certificate is for",
           .repeatable = true},
          {.name = "public-url",
           .kind = ValueKind::kText,
           .value_name = "URL",
           .help = "what the kubeconfig tells clients to connect to"},
          {.name = "etcd",
           .kind = ValueKind::kFile,
           .value_name = "PATH",
           .help = "etcd of clusters that name no version; etcd-3.5 and the like beside it",
           .default_text = "etcd"},
          {.name = "max-parallel-backups",
           .kind = ValueKind::kInteger,
           .value_name = "N",
           .help = "backups that run at the same time",
           .default_text = "4"},
          {.name = "memory-limit",
           .kind = ValueKind::kSize,
           .value_name = "SIZE",
           .help = "memory of all running backups together; others wait",
           .default_text = "512MiB"},
          {.name = "default-schedule",
           .kind = ValueKind::kText,
           .value_name = "SCHEDULE",
           .help = "of the backups that a new cluster gets by itself; \"none\": it gets none",
           .default_text = "@every 20m"},
          {.name = "default-keep",
           .kind = ValueKind::kInteger,
           .value_name = "N",
           .help = "how many of those are kept",
           .default_text = "20"},
          {.name = "backup-dir",
           .kind = ValueKind::kDirectory,
           .value_name = "DIR",
           .help = "at the first start: where backups lie; default: backups in the data "
                   "directory"},
          {.name = "backup-key-file",
           .kind = ValueKind::kFile,
           .value_name = "FILE",
           .help = "at the first start: key of the backups that lie there already"},
          {.name = "log-format",
           .kind = ValueKind::kChoice,
           .value_name = "FORMAT",
           .help = "of standard error",
           .default_text = "text",
           .choices = {"text", "json"}}};
}

}  // namespace tresor::cli
