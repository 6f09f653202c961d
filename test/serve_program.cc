// SPDX-License-Identifier: Apache-2.0
#include "test/serve_program.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "cli/api_access.h"
#include "io/file_system.h"
#include "net/url.h"
#include "runtime/local/local.h"

namespace tresor::testing {
namespace {

constexpr std::chrono::seconds kPatience{120};
constexpr std::chrono::milliseconds kInterval{50};

Context Patiently() { return Context::Background().WithTimeout(kPatience); }

std::string ReadText(const std::string& path) {
  const Result<Bytes> bytes = io::ReadFile(io::PosixFileSystem(), path);
  return bytes.ok() ? ToString(*bytes) : std::string();
}

}  // namespace

Result<std::unique_ptr<ServeProgram>> ServeProgram::Start(const ServeOptions& options) {
  std::unique_ptr<ServeProgram> program(new ServeProgram(options));
  ASSIGN_OR_RETURN(program->scratch_, ScratchDir::Create());
  program->etcd_ = options.etcd;
  if (options.etcd.empty()) {
    ASSIGN_OR_RETURN(program->etcd_, FindTool("etcd-" + options.line));
  }
  ASSIGN_OR_RETURN(program->kubectl_, FindTool(options.kubectl));
  RETURN_IF_ERROR(program->Start());
  return program;
}

ServeProgram::~ServeProgram() {
  server_.reset();
  if (const auto runtime = OpenRuntime(); runtime.ok()) {
    for (const std::string& uid : ClusterUids()) {
      (void)(*runtime)->Remove(Patiently(), {.project = "demo", .name = "prod", .uid = uid});
    }
  }
}

Status ServeProgram::Start() {
  ++starts_;
  const std::string out = fmt::format("{}/serve{}.out", dir(), starts_);
  process::ProcessOptions process;
  process.arguments = {
      TRESOR_PROGRAM, "serve",  "--data-dir", data_dir(),           "--listen",
      "127.0.0.1:0",  "--etcd", etcd_,        "--default-schedule", options_.default_schedule};
  process.arguments.insert(process.arguments.end(), options_.arguments.begin(),
                           options_.arguments.end());
  process.environment = Environment();
  if (!options_.hold_points.empty()) {
    process.environment->push_back("TRESOR_TEST_HOLD_POINTS=" + options_.hold_points);
  }
  process.stdout_path = out;
  process.stderr_path = dir() + "/serve.log";
  ASSIGN_OR_RETURN(server_, process::Process::Start(process));
  RETURN_IF_ERROR(Await("the server serves", [&] {
    return ReadText(out).find("KUBECONFIG") != std::string::npos || server_->Poll().has_value();
  }));
  if (const auto ended = server_->Poll()) {
    return Error(Code::kInternal, "tresor serve ended with {}\n{}", ToString(*ended), Log());
  }
  ASSIGN_OR_RETURN(const cli::ApiAddress address,
                   cli::ReadKubeconfig(ReadText(data_dir() + "/kubeconfig")));
  token_ = address.token;
  net::HttpClientOptions http;
  ASSIGN_OR_RETURN(http.server, net::Url::Parse(address.url));
  http.authority_pem = address.authority_pem;
  ASSIGN_OR_RETURN(http_, net::HttpClient::Open(std::move(http)));
  return OkStatus();
}

Result<Answer> ServeProgram::Call(const std::string& method, const std::string& path,
                                  const nlohmann::json& body) {
  net::ClientRequest request{.method = method, .target = path, .headers = {}, .body = {}};
  request.headers.Set("Authorization", "Bearer " + token_);
  if (!body.is_null()) {
    request.headers.Set("Content-Type",
                        method == "PATCH" ? "application/merge-patch+json" : "application/json");
    request.body = body.dump();
  }
  ASSIGN_OR_RETURN(const net::ClientResponse response, http_->Call(Patiently(), request));
  return Answer{.status = response.status,
                .body = nlohmann::json::parse(response.body, nullptr, false)};
}

Result<process::ExitStatus> ServeProgram::Stop() {
  RETURN_IF_ERROR(server_->Signal(SIGTERM));
  return server_->Wait(Patiently());
}

std::vector<std::string> ServeProgram::Environment() const {
  return {"PATH=/usr/bin:/bin", "HOME=" + dir(), "KUBECONFIG=" + data_dir() + "/kubeconfig"};
}

Result<std::string> ServeProgram::Kubectl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {kubectl_, "--namespace=demo"});
  process::ProcessOptions options;
  options.arguments = std::move(arguments);
  options.environment = Environment();
  ASSIGN_OR_RETURN(const process::Output output, process::Run(Patiently(), options));
  if (!output.status.success()) {
    return Error(Code::kUnknown, "{}", output.standard_error);
  }
  return output.standard_output;
}

Status ServeProgram::Apply(const nlohmann::json& object) const {
  const std::string path = dir() + "/apply.json";
  RETURN_IF_ERROR(io::WriteFileAtomically(io::PosixFileSystem(), path, AsBytes(object.dump())));
  return Kubectl({"apply", "-f", path}).status();
}

std::string ServeProgram::Value(const std::string& kind, const std::string& name,
                                const std::string& json_path) const {
  return Kubectl({"get", kind, name, "-o", "jsonpath={" + json_path + "}"}).value_or("");
}

Status ServeProgram::AwaitCondition(const std::string& object, const std::string& condition) const {
  const Status waited =
      Kubectl({"wait", object, "--for=condition=" + condition, "--timeout=100s"}).status();
  return waited.ok() ? waited
                     : Error(Code::kUnknown, "{}\n{}\n{}", Message(waited),
                             Kubectl({"get", object, "-o", "yaml"}).value_or(""), Log());
}

Status ServeProgram::Await(const std::string& what, const std::function<bool()>& look) const {
  const Context context = Patiently();
  while (!look()) {
    if (!context.Sleep(kInterval).ok()) {
      return Error(Code::kDeadlineExceeded, "waited in vain until {}\n{}", what, Log());
    }
  }
  return OkStatus();
}

Result<process::Output> ServeProgram::Tresor(std::vector<std::string> words) const {
  words.insert(words.begin(), TRESOR_PROGRAM);
  words.insert(words.end(), {"--project", "demo"});
  process::ProcessOptions options;
  options.arguments = std::move(words);
  options.environment = Environment();
  return process::Run(Patiently(), options);
}

Result<etcd::ClientOptions> ServeProgram::Credentials(const std::string& cluster) const {
  ASSIGN_OR_RETURN(const process::Output output,
                   Tresor({"cluster", "credentials", cluster, "--output", "json"}));
  const auto json = nlohmann::json::parse(output.standard_output, nullptr, false);
  if (!output.status.success() || !json.is_object()) {
    return Error(Code::kUnknown, "{}", output.standard_error);
  }
  etcd::ClientOptions options;
  options.endpoints = json.at("endpoints").get<std::vector<std::string>>();
  options.tls = etcd::TlsOptions{.ca_pem = json.at("ca"),
                                 .certificate_pem = json.at("certificate"),
                                 .key_pem = json.at("key")};
  options.dial_timeout = std::chrono::milliseconds{500};
  return options;
}

std::vector<std::string> ServeProgram::ClusterUids() const {
  std::vector<std::string> uids;
  const auto entries = io::PosixFileSystem().List(data_dir() + "/clusters");
  if (entries.ok()) {
    for (const io::DirEntry& entry : *entries) {
      if (entry.type == io::FileType::kDirectory) {
        uids.push_back(entry.name);
      }
    }
  }
  return uids;
}

std::vector<std::string> ServeProgram::MemberDirs() const {
  std::vector<std::string> dirs;
  for (const std::string& uid : ClusterUids()) {
    const std::string cluster = io::JoinPath(io::JoinPath(data_dir(), "clusters"), uid);
    const auto entries = io::PosixFileSystem().List(cluster);
    for (const io::DirEntry& entry : entries.ok() ? *entries : std::vector<io::DirEntry>{}) {
      if (entry.name.starts_with('m') && entry.type == io::FileType::kDirectory) {
        dirs.push_back(io::JoinPath(cluster, entry.name));
      }
    }
  }
  std::ranges::sort(dirs);
  return dirs;
}

Result<std::unique_ptr<runtime::ClusterRuntime>> ServeProgram::OpenRuntime() const {
  runtime::LocalOptions local;
  local.data_dir = data_dir();
  local.launcher = {TRESOR_PROGRAM, "launch"};
  local.etcd = etcd_;
  return runtime::OpenLocalRuntime(local);
}

Result<runtime::ClusterObservation> ServeProgram::Observe() const {
  ASSIGN_OR_RETURN(const auto runtime, OpenRuntime());
  const std::vector<std::string> uids = ClusterUids();
  if (uids.size() != 1) {
    return Error(Code::kFailedPrecondition, "there are {} clusters, not one", uids.size());
  }
  return runtime->Observe(Patiently(), {.project = "demo", .name = "prod", .uid = uids[0]});
}

std::string ServeProgram::Log() const { return ReadText(dir() + "/serve.log"); }

}  // namespace tresor::testing
