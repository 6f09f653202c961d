// SPDX-License-Identifier: Apache-2.0
#include "cli/etcd_access.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "cli/repository_access.h"
#include "io/file_system.h"

namespace tresor::cli {
namespace {

constexpr std::uint64_t kPemLimitBytes = 1 << 20;

Result<std::string> ReadPem(Invocation& invocation, std::string_view flag) {
  const Arguments& arguments = invocation.arguments();
  if (!arguments.Has(flag)) {
    return std::string();
  }
  const Result<Bytes> content =
      io::ReadFile(invocation.host().file_system, arguments.Text(flag), kPemLimitBytes);
  if (!content.ok()) {
    return Annotate(content.status(), fmt::format("reading --{}", flag));
  }
  return ToString(*content);
}

/// From --password-file, the environment, or a prompt.
Result<std::string> ReadPassword(Invocation& invocation, const std::string& user) {
  if (invocation.arguments().Has("password-file")) {
    return ReadSecretFile(invocation, invocation.arguments().Text("password-file"));
  }
  if (const auto text = invocation.host().environment("TRESOR_ETCD_PASSWORD");
      text && !text->empty()) {
    return *text;
  }
  Result<std::string> asked = invocation.host().terminal.ReadSecret(
      invocation.context(), "etcd password of " + user + ": ");
  if (!asked.ok()) {
    invocation.Hint("give --password-file or set TRESOR_ETCD_PASSWORD");
    return Annotate(asked.status(), "asking for the password of etcd's user " + user);
  }
  return asked;
}

}  // namespace

std::vector<Flag> EtcdAccessFlags() {
  return {
      {.name = "endpoints",
       .kind = ValueKind::kText,
       .value_name = "URL,...",
       .help = "client URLs of the cluster; the member to read from is chosen by health (a "
               "follower before the leader)",
       .default_text = "127.0.0.1:2379",
       .repeatable = true,
       .environment = "TRESOR_ENDPOINTS"},
      {.name = "cacert",
       .kind = ValueKind::kFile,
       .value_name = "FILE",
       .help = "CA that signed etcd's certificates; default: those the machine trusts",
       .environment = "TRESOR_CACERT"},
      {.name = "cert",
       .kind = ValueKind::kFile,
       .value_name = "FILE",
       .help = "client certificate",
       .environment = "TRESOR_CERT"},
      {.name = "key",
       .kind = ValueKind::kFile,
       .value_name = "FILE",
       .help = "key of the client certificate",
       .environment = "TRESOR_KEY"},
      {.name = "user",
       .kind = ValueKind::kText,
       .value_name = "NAME",
       .help = "etcd user; it needs the role root. The password: --password-file, "
               "TRESOR_ETCD_PASSWORD, or a prompt",
       .environment = "TRESOR_ETCD_USER"},
      {.name = "password-file",
       .kind = ValueKind::kFile,
       .value_name = "FILE",
       .help = "file whose one line is the password of --user"},
  };
}

std::vector<Flag> EtcdFlags() {
  std::vector<Flag> flags = EtcdAccessFlags();
  flags.push_back({.name = "server-name",
                   .kind = ValueKind::kText,
                   .value_name = "NAME",
                   .help = "name that etcd's certificate must have; default: the endpoint's host"});
  flags.push_back({.name = "dial-timeout",
                   .kind = ValueKind::kDuration,
                   .value_name = "TIME",
                   .help = "how long an endpoint may take to accept a connection",
                   .default_text = "5s"});
  return flags;
}

Result<etcd::ClientOptions> ReadEtcdAccess(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  etcd::ClientOptions options;
  options.endpoints = arguments.SplitList("endpoints");
  etcd::TlsOptions tls;
  ASSIGN_OR_RETURN(tls.ca_pem, ReadPem(invocation, "cacert"));
  ASSIGN_OR_RETURN(tls.certificate_pem, ReadPem(invocation, "cert"));
  ASSIGN_OR_RETURN(tls.key_pem, ReadPem(invocation, "key"));
  if (arguments.Has("cert") != arguments.Has("key")) {
    return Error(Code::kInvalidArgument, "--cert and --key belong together");
  }
  if (arguments.Has("cacert") || arguments.Has("cert")) {
    options.tls = std::move(tls);
  }
  options.user = arguments.Text("user");
  if (options.user.find(':') != std::string::npos) {
    return Error(Code::kInvalidArgument,
                 "--user takes a name only: arguments are seen by everybody on this machine, so "
                 "the password is read "
                 "from --password-file");
  }
  if (arguments.Has("password-file") && options.user.empty()) {
    return Error(Code::kInvalidArgument, "--password-file needs --user");
  }
  if (!options.user.empty()) {
    ASSIGN_OR_RETURN(options.password, ReadPassword(invocation, options.user));
  }
  return options;
}

Result<std::unique_ptr<etcd::Client>> ConnectEtcd(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  ASSIGN_OR_RETURN(etcd::ClientOptions options, ReadEtcdAccess(invocation));
  options.dial_timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(arguments.Duration("dial-timeout"));
  if (arguments.Has("server-name")) {
    options.tls = options.tls.value_or(etcd::TlsOptions());
    options.tls->server_name = arguments.Text("server-name");
  }
  return invocation.host().connect(options);
}

EtcdHintInput ReadEtcdHintInput(const Arguments& arguments) {
  const std::vector<std::string> endpoints = arguments.SplitList("endpoints");
  const bool https =
      std::any_of(endpoints.begin(), endpoints.end(),
                  [](const std::string& endpoint) { return endpoint.starts_with("https://"); });
  return {.tls = https || arguments.Has("cacert") || arguments.Has("cert"),
          .client_certificate = arguments.Has("cert"),
          .user = arguments.Has("user")};
}

}  // namespace tresor::cli
