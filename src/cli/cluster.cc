// SPDX-License-Identifier: Apache-2.0
// tresor cluster: list, create, connect, describe, wait, pause, unpause, delete, credentials.
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/etcd_access.h"
#include "cli/object_verbs.h"
#include "cli/server_commands.h"
#include "io/file_system.h"
#include "net/url.h"
#include "objects/etcd_cluster.h"
#include "objects/secret.h"
#include "objects/well_known.h"

namespace tresor::cli {
namespace {

const ObjectVerbs kVerbs = {.word = "cluster",
                            .plural = "etcdclusters",
                            .kind = "EtcdCluster",
                            .example = "prod",
                            .good_phase = "Running",
                            .bad_phases = {"Deleting"},
                            .deleting =
                                "Its members are stopped and their data is removed. Its backups "
                                "stay, unless their configuration says deletionPolicy Delete, and "
                                "can be restored into another cluster."};

const SpecVerb kPause = {.name = "pause",
                         .summary = "leave a cluster alone: nothing is repaired or backed up",
                         .field = "paused",
                         .value = true,
                         .done = "paused",
                         .example = "to work on its members by hand"};
const SpecVerb kUnpause = {.name = "unpause",
                           .summary = "look after a cluster again",
                           .field = "paused",
                           .value = false,
                           .done = "unpaused",
                           .example = "when that is over"};

objects::Json NewCluster(const ApiClient& client, const std::string& name, objects::Json spec) {
  return {{"apiVersion", objects::kApiVersion},
          {"kind", kVerbs.kind},
          {"metadata", {{"name", name}, {"namespace", client.project()}}},
          {"spec", std::move(spec)}};
}

Status RunCreate(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  objects::Json spec = {{"runtime", "local"}, {"replicas", arguments.Integer("replicas")}};
  if (arguments.Has("etcd-version")) {
    spec["version"] = arguments.Text("etcd-version");
  }
  if (arguments.Has("quota")) {
    spec["quotaBackendBytes"] = arguments.Size("quota");
  }
  return CreateObject(invocation, *client, kVerbs,
                      {NewCluster(*client, arguments.positionals()[0], std::move(spec))});
}

/// Makes it, or replaces the values of one that is there. Empty values are none.
Status PutSecret(const Context& context, ApiClient& client, const std::string& name,
                 objects::SecretValues values) {
  std::erase_if(values, [](const auto& value) { return value.second.empty(); });
  const objects::Object secret = objects::MakeSecret(client.project(), name, values);
  const std::string secrets =
      fmt::format("/api/v1/namespaces/{}/secrets", net::PercentEncode(client.project()));
  const Status made = client.Post(context, secrets, secret.json).status();
  if (made.code() != Code::kAlreadyExists) {
    return made;
  }
  // From a try before this one: what is given now holds.
  const std::string target = secrets + "/" + net::PercentEncode(name);
  RETURN_IF_ERROR(client.Delete(context, target).status());
  return client.Post(context, secrets, secret.json).status();
}

Status RunConnect(Invocation& invocation) {
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  ASSIGN_OR_RETURN(const etcd::ClientOptions access, ReadEtcdAccess(invocation));
  const Context& context = invocation.context();
  const std::string& name = invocation.arguments().positionals()[0];
  // As the web page names them.
  const std::string tls_secret = name + "-etcd-tls";
  const std::string auth_secret = name + "-etcd-auth";
  objects::Json spec = {{"runtime", "external"}, {"endpoints", access.endpoints}};
  if (access.tls.has_value()) {
    spec["tlsSecretRef"] = {{"name", tls_secret}};
  }
  if (!access.user.empty()) {
    spec["authSecretRef"] = {{"name", auth_secret}};
  }
  const objects::Json cluster = NewCluster(*client, name, std::move(spec));
  // Before any Secret is left behind.
  RETURN_IF_ERROR(
      client->Post(context, client->PathOf(kVerbs.plural) + "?dryRun=All", cluster).status());
  if (access.tls.has_value()) {
    RETURN_IF_ERROR(PutSecret(context, *client, tls_secret,
                              {{std::string(objects::kCaKey), access.tls->ca_pem},
                               {std::string(objects::kCertificateKey), access.tls->certificate_pem},
                               {std::string(objects::kPrivateKeyKey), access.tls->key_pem}}));
  }
  if (!access.user.empty()) {
    RETURN_IF_ERROR(PutSecret(context, *client, auth_secret,
                              {{std::string(objects::kUsernameKey), access.user},
                               {std::string(objects::kPasswordKey), access.password}}));
  }
  return CreateObject(invocation, *client, kVerbs, {cluster});
}

/// Single quotes, for shells.
std::string Quote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

Status RunCredentials(Invocation& invocation) {
  const Arguments& arguments = invocation.arguments();
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  const std::string& name = arguments.positionals()[0];
  ASSIGN_OR_RETURN(
      const objects::Json json,
      client->Get(invocation.context(),
                  fmt::format("/etcd-credentials/{}/{}", net::PercentEncode(client->project()),
                              net::PercentEncode(name))));
  if (invocation.json()) {
    invocation.PrintJson(Json(json));
    return OkStatus();
  }
  const objects::Object answer{json};
  std::string endpoints;
  for (const objects::Json& endpoint : json.value("endpoints", objects::Json::array())) {
    endpoints += (endpoints.empty() ? "" : ",") + endpoint.get<std::string>();
  }
  io::FileSystem& fs = invocation.host().file_system;
  const std::string dir = arguments.Text("dir");
  RETURN_IF_ERROR(io::CreateDirs(fs, dir));
  invocation.out() << "export ETCDCTL_API=3\nexport ETCDCTL_ENDPOINTS=" << Quote(endpoints) << '\n';
  struct Part {
    const char* field;
    const char* file;
    const char* variable;
  };
  for (const Part& part :
       {Part{"ca", "ca.crt", "ETCDCTL_CACERT"}, Part{"certificate", "client.crt", "ETCDCTL_CERT"},
        Part{"key", "client.key", "ETCDCTL_KEY"}}) {
    const std::string pem = answer.Text(part.field);
    if (pem.empty()) {
      continue;
    }
    const std::string path = io::JoinPath(dir, part.file);
    RETURN_IF_ERROR(io::WriteFileAtomically(fs, path, AsBytes(pem), 0600));
    invocation.out() << "export " << part.variable << '=' << Quote(path) << '\n';
  }
  return OkStatus();
}

Command CreateVerb() {
  Command command = {
      .name = "create",
      .summary = "make a cluster that runs on the server's machine",
      .flags = CreateFlags(),
      .positionals = {{.name = "NAME", .help = "its name"}},
      .examples = {{"three members", "tresor cluster create prod --project demo --wait"}},
      .run = RunCreate,
  };
  command.flags.push_back({.name = "replicas",
                           .kind = ValueKind::kInteger,
                           .value_name = "N",
                           .help = "members: 1, 3, 5 or 7",
                           .default_text = "3"});
  command.flags.push_back({.name = "etcd-version",
                           .kind = ValueKind::kText,
                           .value_name = "LINE",
                           .help = "\"3.5\"; default: what is installed"});
  command.flags.push_back({.name = "quota",
                           .kind = ValueKind::kSize,
                           .value_name = "SIZE",
                           .help = "of the database; default: etcd's"});
  return command;
}

Command ConnectVerb() {
  Command command = {
      .name = "connect",
      .summary = "back up an etcd that runs elsewhere",
      .description =
          "The certificates and the password become Secrets of the project. The server must reach "
          "the endpoints; --wait says whether it does. Such a cluster can't be restored in place: "
          "its backups are restored into another one, or by tresor snapshot restore.",
      .flags = CreateFlags(),
      .positionals = {{.name = "NAME", .help = "its name"}},
      .examples =
          {{"with mutual TLS",
            "tresor cluster connect edge -n demo --endpoints https://10.0.0.1:2379 --cacert "
            "ca.crt --cert client.crt --key client.key --wait"}},
      .run = RunConnect,
  };
  for (Flag& flag : EtcdAccessFlags()) {
    if (flag.name == "endpoints") {
      flag.default_text.clear();
      flag.required = true;
    }
    command.flags.push_back(std::move(flag));
  }
  return command;
}

Command CredentialsVerb() {
  Command command = {
      .name = "credentials",
      .summary = "write what etcdctl needs to reach a cluster, and print its environment",
      .description =
          "Writes ca.crt, client.crt and client.key (0600) and prints the variables "
          "that tell etcdctl of them.",
      .flags = ApiFlags(),
      .positionals = {{.name = "NAME", .help = "name of the cluster"}},
      .examples = {{"into this shell", "eval \"$(tresor cluster credentials prod -n demo)\""}},
      .run = RunCredentials,
  };
  command.flags.push_back({.name = "dir",
                           .kind = ValueKind::kDirectory,
                           .value_name = "DIR",
                           .help = "where the files go",
                           .default_text = "."});
  return command;
}

}  // namespace

Command ClusterCommand() {
  return {
      .name = "cluster",
      .summary = "make and look at the clusters of a running tresor serve",
      .examples = {{"all of them", "tresor cluster list --all-projects"},
                   {"a new one", "tresor cluster create prod --project demo --wait"}},
      .subcommands = {ListVerb(kVerbs), CreateVerb(), ConnectVerb(), DescribeVerb(kVerbs),
                      WaitVerb(kVerbs), SetVerb(kVerbs, kPause), SetVerb(kVerbs, kUnpause),
                      DeleteVerb(kVerbs), CredentialsVerb()},
  };
}

}  // namespace tresor::cli
