// SPDX-License-Identifier: Apache-2.0
#include "runtime/member/arguments.h"

#include <algorithm>
#include <string_view>

namespace tresor::runtime {
namespace {

/// Flags that begin so are ours. etcd --help of 3.4 to 3.7.
constexpr std::string_view kOwned[] = {
    // where a member's data lies, and what it is part of
    "name",
    "data-dir",
    "wal-dir",
    "initial-",
    "force-new-cluster",
    "unsafe-",
    "discovery",
    "proxy",
    "config-file",
    // who reaches it
    "listen-",
    "advertise-",
    "cert-file",
    "key-file",
    "client-",
    "trusted-ca-file",
    "auto-tls",
    "peer-",
    "self-signed-cert-validity",
    "cipher-suites",
    "tls-",
    "host-whitelist",
    "socket-",
    // what is read of its log
    "log",
    "quota-backend-bytes",
    // not a server then
    "help",
    "version",
    "h",
};

}  // namespace

Status CheckExtraArgs(const std::vector<std::string>& arguments) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  for (const std::string& argument : arguments) {
    const std::string_view text = argument;
    const std::string_view name = text.substr(0, text.find('='));
    if (!name.starts_with("--") || name.size() < 3 ||
        name.find_first_not_of(kLetters) != std::string_view::npos ||
        text.find('\0') != std::string_view::npos) {
      return Error(Code::kInvalidArgument, "argument '{}' of etcd: write it as --name=value",
                   argument);
    }
    for (const std::string_view owned : kOwned) {
      if (name == fmt::format("--{}", owned) ||
          ((owned.ends_with('-') || owned == "log" || owned == "discovery" || owned == "proxy") &&
           name.substr(2).starts_with(owned))) {
        return Error(Code::kInvalidArgument, "argument '{}' of etcd: {} is set by Tresor", argument,
                     name);
      }
    }
  }
  return OkStatus();
}

std::vector<std::string> EtcdArguments(const MemberOrder& order, const MemberFiles& files,
                                       bool closed) {
  const std::string client = closed ? ClosedUrl(order) : ClientUrl(order);
  const std::string peer = PeerUrl(order.peer_port);
  const TlsFiles tls = files.tls();
  std::string cluster;
  for (const Fellow& fellow : order.members) {
    cluster += fmt::format("{}{}={}", cluster.empty() ? "" : ",", fellow.name, fellow.peer_url);
  }
  std::vector<std::string> arguments = {
      order.etcd,
      "--name=" + order.name,
      "--data-dir=" + files.data(),
      "--listen-client-urls=" + client,
      "--advertise-client-urls=" + client,
      "--listen-peer-urls=" + peer,
      "--initial-advertise-peer-urls=" + peer,
      "--initial-cluster=" + cluster,
      "--initial-cluster-token=" + order.token,
      std::string("--initial-cluster-state=") + (order.joins ? "existing" : "new"),
      "--cert-file=" + tls.server(),
      "--key-file=" + tls.server(),
      "--client-cert-auth=true",
      "--trusted-ca-file=" +
          (closed ? tls.tresor_authority_certificate() : tls.client_authorities()),
      "--peer-cert-file=" + tls.server(),
      "--peer-key-file=" + tls.server(),
      "--peer-client-cert-auth=true",
      "--peer-trusted-ca-file=" + tls.authority_certificate(),
      "--logger=zap",
      "--log-outputs=stderr"};
  if (order.quota_backend_bytes > 0) {
    arguments.push_back(fmt::format("--quota-backend-bytes={}", order.quota_backend_bytes));
  }
  arguments.insert(arguments.end(), order.extra_args.begin(), order.extra_args.end());
  if (closed) {
    // etcd's gateway would call etcd with a certificate that is not let in now.
    std::erase_if(arguments, [](const std::string& argument) {
      return argument.starts_with("--enable-grpc-gateway");
    });
    arguments.emplace_back("--enable-grpc-gateway=false");
  }
  return arguments;
}

}  // namespace tresor::runtime
