// SPDX-License-Identifier: Apache-2.0
#include "test/etcd_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/environment.h"
#include "base/random.h"

namespace tresor::testing {
namespace {

constexpr std::chrono::seconds kStartTimeout{60};
constexpr std::chrono::milliseconds kPollInterval{10};
constexpr int kStartAttempts = 3;  // another program may take a port before the member does

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string Tail(const std::string& text, int lines) {
  std::size_t begin = text.size();
  for (int i = 0; i <= lines && begin > 0 && begin != std::string::npos; ++i) {
    begin = text.rfind('\n', begin - 1);
  }
  return begin == std::string::npos ? text : text.substr(begin);
}

/// Ports that nothing listens on at this moment; all are held until the last is known, so that
/// they differ. They are below those that Linux gives to outgoing connections (ip_local_port_range,
/// from 32768), one of which might take a port before the member does.
Result<std::vector<int>> FreePorts(int count) {
  constexpr int kFirst = 10000;
  constexpr int kEnd = 32000;
  constexpr int kMostAttempts = 1000;
  std::vector<int> sockets;
  std::vector<int> ports;
  for (int attempt = 0; attempt < kMostAttempts && static_cast<int>(ports.size()) < count;
       ++attempt) {
    const int port = kFirst + static_cast<int>(SystemRandom().Below(kEnd - kFirst));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockets.push_back(fd);
    if (fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
      ports.push_back(port);
    }
  }
  for (const int fd : sockets) {
    ::close(fd);
  }
  if (static_cast<int>(ports.size()) < count) {
    return Error(Code::kUnavailable, "no free port: {}", std::strerror(errno));
  }
  return ports;
}

Status RunOpenssl(const std::string& dir, const std::string& name, const std::string& common_name,
                  std::vector<std::string> more) {
  std::vector<std::string> arguments{"openssl",
                                     "req",
                                     "-x509",
                                     "-newkey",
                                     "ec",
                                     "-pkeyopt",
                                     "ec_paramgen_curve:prime256v1",
                                     "-nodes",
                                     "-days",
                                     "2",
                                     "-subj",
                                     "/CN=" + common_name,
                                     "-keyout",
                                     dir + "/" + name + ".key",
                                     "-out",
                                     dir + "/" + name + ".pem"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  ASSIGN_OR_RETURN(const process::Output output,
                   process::Run(Context::Background().WithTimeout(kStartTimeout),
                                {.arguments = std::move(arguments)}));
  if (!output.status.success()) {
    return Error(Code::kInternal, "openssl: {}", output.standard_error);
  }
  return OkStatus();
}

}  // namespace

Result<std::string> FindTool(const std::string& name) {
  const std::string dir =
      GetEnvironment("TRESOR_TEST_TOOLS").value_or(TRESOR_SOURCE_DIR "/build/tools");
  std::string path = dir + "/" + name;
  if (::access(path.c_str(), X_OK) != 0) {
    return Error(Code::kNotFound, "{} is missing: run test/gotools/build {}", path, dir);
  }
  return path;
}

Result<process::Output> RunTool(const Context& context, const std::string& name,
                                std::vector<std::string> arguments) {
  ASSIGN_OR_RETURN(const std::string program, FindTool(name));
  arguments.insert(arguments.begin(), program);
  // 3.4's etcdctl speaks the old API unless told otherwise; an ETCDCTL_… of the caller would count.
  process::ProcessOptions options{
      .arguments = std::move(arguments),
      .environment = {{"ETCDCTL_API=3", "PATH=/usr/bin:/bin", "HOME=/nonexistent"}}};
  ASSIGN_OR_RETURN(process::Output output, process::Run(context, options));
  if (!output.status.success()) {
    return Error(Code::kInternal, "{}: {}: {}{}", name, ToString(output.status),
                 output.standard_output, output.standard_error);
  }
  return output;
}

Result<std::unique_ptr<ScratchDir>> ScratchDir::Create() {
  std::string path = GetEnvironment("TMPDIR").value_or("/tmp") + "/tresor_test.XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return Error(Code::kUnavailable, "{}: {}", path, std::strerror(errno));
  }
  return std::unique_ptr<ScratchDir>(new ScratchDir(std::move(path)));
}

ScratchDir::~ScratchDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<std::unique_ptr<EtcdCluster>> EtcdCluster::Plan(const EtcdOptions& options) {
  std::unique_ptr<EtcdCluster> cluster(new EtcdCluster(options));
  ASSIGN_OR_RETURN(cluster->program_, FindTool("etcd-" + options.line));
  ASSIGN_OR_RETURN(cluster->scratch_, ScratchDir::Create());
  cluster->client_options_.user = options.user;
  cluster->client_options_.password = options.password;
  if (options.tls) {
    RETURN_IF_ERROR(cluster->MakeCertificates());
  }
  for (int i = 0; i < options.members; ++i) {
    Node& node = cluster->members_.emplace_back();
    node.name = fmt::format("m{}", i);
    node.data_dir = cluster->dir() + "/" + node.name;
    node.log_path = node.data_dir + ".log";
  }
  RETURN_IF_ERROR(cluster->ChooseAddresses());
  return cluster;
}

Result<std::unique_ptr<EtcdCluster>> EtcdCluster::Start(const EtcdOptions& options) {
  Status status;
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    ASSIGN_OR_RETURN(std::unique_ptr<EtcdCluster> cluster, Plan(options));
    status = cluster->StartAll();
    if (status.ok()) {
      return cluster;
    }
    if (Message(status).find("address already in use") == std::string_view::npos) {
      break;
    }
  }
  return status;
}

EtcdCluster::~EtcdCluster() {
  client_.reset();
  for (int i = 0; i < size(); ++i) {
    KillMember(i);
  }
}

Status EtcdCluster::ChooseAddresses() {
  ASSIGN_OR_RETURN(const std::vector<int> ports, FreePorts(2 * size()));
  client_options_.endpoints.clear();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i].endpoint =
        fmt::format("{}://127.0.0.1:{}", options_.tls ? "https" : "http", ports[2 * i]);
    members_[i].peer_url = fmt::format("http://127.0.0.1:{}", ports[2 * i + 1]);
    client_options_.endpoints.push_back(members_[i].endpoint);
  }
  return Connect();
}

Status EtcdCluster::MakeCertificates() {
  const std::string& dir = scratch_->path();
  const std::vector<std::string> signed_by{"-CA", dir + "/ca.pem", "-CAkey", dir + "/ca.key"};
  RETURN_IF_ERROR(RunOpenssl(dir, "ca", "Tresor test authority", {}));
  std::vector<std::string> server = signed_by;
  server.insert(server.end(),
                {"-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:etcd.test"});
  RETURN_IF_ERROR(RunOpenssl(dir, "server", "server", server));
  RETURN_IF_ERROR(RunOpenssl(dir, "client", "root", signed_by));
  client_options_.tls = etcd::TlsOptions{.ca_pem = ReadAll(ca_path()),
                                         .certificate_pem = ReadAll(client_cert_path()),
                                         .key_pem = ReadAll(client_key_path()),
                                         .server_name = {}};
  return OkStatus();
}

Status EtcdCluster::Connect() {
  ASSIGN_OR_RETURN(client_, etcd::Client::Connect(client_options_));
  return OkStatus();
}

std::string EtcdCluster::initial_cluster() const {
  std::string text;
  for (const Node& node : members_) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", node.name, node.peer_url);
  }
  return text;
}

Status EtcdCluster::StartMember(int i, const std::vector<std::string>& flags) {
  Node& node = Get(i);
  process::ProcessOptions options;
  options.arguments = {
      program_, "--name=" + node.name, "--data-dir=" + node.data_dir,
      "--listen-client-urls=" + node.endpoint, "--advertise-client-urls=" + node.endpoint,
      "--listen-peer-urls=" + node.peer_url, "--initial-advertise-peer-urls=" + node.peer_url,
      "--initial-cluster=" + initial_cluster(),
      // Ten and one hundred milliseconds would be quicker still, but a busy
      // machine would change leaders in the middle of tests.
      "--heartbeat-interval=50", "--election-timeout=500"};
  if (options_.line != "3.4") {
    options.arguments.push_back("--unsafe-no-fsync");
  }
  if (options_.tls) {
    options.arguments.insert(
        options.arguments.end(),
        {"--cert-file=" + dir() + "/server.pem", "--key-file=" + dir() + "/server.key",
         "--trusted-ca-file=" + ca_path(), "--client-cert-auth"});
  }
  options.arguments.insert(options.arguments.end(), options_.flags.begin(), options_.flags.end());
  options.arguments.insert(options.arguments.end(), flags.begin(), flags.end());
  // ETCD_VERIFY: a member that ends looks at what it leaves; a flaw is a panic. Since 3.5.
  options.environment = {"PATH=/usr/bin:/bin", "HOME=" + dir(), "ETCD_VERIFY=all"};
  options.stdout_path = options.stderr_path = node.log_path;
  ASSIGN_OR_RETURN(node.process, process::Process::Start(options));
  return OkStatus();
}

Status EtcdCluster::StartAll() {
  for (int i = 0; i < size(); ++i) {
    if (member(i) == nullptr) {
      RETURN_IF_ERROR(StartMember(i));
    }
  }
  const Context context = Context::Background().WithTimeout(kStartTimeout);
  for (int i = 0; i < size(); ++i) {
    RETURN_IF_ERROR(WaitHealthy(i, context));
  }
  return OkStatus();
}

Status EtcdCluster::WaitHealthy(int i, const Context& context) {
  Node& node = Get(i);
  etcd::ClientOptions options = client_options_;
  options.endpoints = {node.endpoint};
  // A new client each time: one that failed waits before it connects again.
  while (true) {
    ASSIGN_OR_RETURN(const auto client, etcd::Client::Connect(options));
    const Status read =
        client->Range(context, {.key = "health", .limit = 1, .count_only = true}).status();
    if (read.ok() || read.code() == Code::kPermissionDenied) {
      return OkStatus();
    }
    if (node.process == nullptr || node.process->Poll()) {
      return Error(Code::kInternal, "etcd {} {} has ended:\n{}", options_.line, node.name,
                   Tail(ReadAll(node.log_path), 15));
    }
    if (const Status status = context.Sleep(kPollInterval); !status.ok()) {
      return Error(status.code(), "etcd {} {} is not healthy in time: {}\n{}", options_.line,
                   node.name, Message(read), Tail(ReadAll(node.log_path), 15));
    }
  }
}

void EtcdCluster::StopMember(int i) {
  if (Get(i).process != nullptr) {
    (void)Get(i).process->Terminate(Context::Background(), std::chrono::seconds(20));
    Get(i).process.reset();
  }
}

void EtcdCluster::KillMember(int i) { Get(i).process.reset(); }

process::Process* EtcdCluster::member(int i) { return Get(i).process.get(); }

Status EtcdCluster::EnableAuth(const std::string& password) {
  const Context context = Context::Background().WithTimeout(kStartTimeout);
  RETURN_IF_ERROR(client_->UserAdd(context, "root", password));
  RETURN_IF_ERROR(client_->RoleAdd(context, "root"));
  RETURN_IF_ERROR(client_->UserGrantRole(context, "root", "root"));
  RETURN_IF_ERROR(client_->AuthEnable(context));
  client_options_.user = "root";
  client_options_.password = password;
  return Connect();
}

std::vector<std::string> EtcdCluster::EtcdctlFlags() const {
  std::string endpoints;
  for (const Node& node : members_) {
    endpoints += (endpoints.empty() ? "" : ",") + node.endpoint;
  }
  std::vector<std::string> flags{"--endpoints=" + endpoints};
  if (options_.tls) {
    flags.insert(flags.end(), {"--cacert=" + ca_path(), "--cert=" + client_cert_path(),
                               "--key=" + client_key_path()});
  }
  if (!client_options_.user.empty()) {
    flags.push_back("--user=" + client_options_.user + ":" + client_options_.password);
  }
  return flags;
}

std::string EtcdCluster::LogTails() const {
  std::string text;
  for (const Node& node : members_) {
    text += fmt::format("---- {}\n{}\n", node.log_path, Tail(ReadAll(node.log_path), 40));
  }
  return text;
}

}  // namespace tresor::testing
