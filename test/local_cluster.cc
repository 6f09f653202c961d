// SPDX-License-Identifier: Apache-2.0
#include "test/local_cluster.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "backup/take.h"
#include "blob/local.h"
#include "repo/repository.h"

namespace tresor::testing {
namespace {

constexpr std::chrono::milliseconds kInterval{50};
constexpr std::string_view kKey = "a key file of the tests, not a secret";
constexpr std::streamoff kTailBytes = 3000;

std::string Tail(const std::string& path) {
  std::ifstream file(path);
  file.seekg(0, std::ios::end);
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kTailBytes));
  std::ostringstream text;
  text << path << ":\n" << file.rdbuf();
  return text.str();
}

}  // namespace

std::string Describe(const runtime::ClusterObservation& observation) {
  std::string text;
  for (const runtime::MemberObservation& member : observation.members) {
    text += fmt::format("{} {}{}{} {}", member.name, ToString(member.phase),
                        member.answered ? " answered" : "", member.healthy ? " healthy" : "",
                        member.message);
    if (member.restore) {
      text += fmt::format(" [restore {} done {}{}{} {}]", member.restore->id,
                          member.restore->done ? ToString(*member.restore->done) : "nothing",
                          member.restore->rolled_back ? " rolled-back" : "",
                          member.restore->verified ? " verified" : "", member.restore->error);
    }
    text += '\n';
  }
  return text;
}

Result<std::unique_ptr<LocalCluster>> LocalCluster::Make(const LocalClusterOptions& options) {
  std::unique_ptr<LocalCluster> cluster(new LocalCluster());
  ASSIGN_OR_RETURN(cluster->scratch_, ScratchDir::Create());
  ASSIGN_OR_RETURN(cluster->local_.etcd, FindTool("etcd-" + options.line));
  cluster->local_.data_dir = cluster->dir();
  // Small, so that a test need not write much.
  cluster->local_.defragment_from_bytes = 1 << 20;
  cluster->spec_.id = {.project = "demo", .name = "prod", .uid = "0123-abcd"};
  cluster->spec_.replicas = options.replicas;
  // etcd's own second would make every start a slow one.
  cluster->spec_.extra_args = {"--heartbeat-interval=50", "--election-timeout=500"};
  RETURN_IF_ERROR(cluster->UseLauncher(options.launcher));
  return cluster;
}

LocalCluster::~LocalCluster() {
  if (runtime_ != nullptr) {
    (void)runtime_->Remove(Soon(), spec_.id);
  }
}

std::string LocalCluster::member_dir(int i) const {
  return fmt::format("{}/clusters/{}/m{}", dir(), spec_.id.uid, i);
}

Status LocalCluster::UseLauncher(const std::vector<std::string>& launcher) {
  local_.launcher =
      launcher.empty() ? std::vector<std::string>{TRESOR_PROGRAM, "launch"} : launcher;
  return Reopen();
}

Status LocalCluster::Reopen() {
  runtime_.reset();
  ASSIGN_OR_RETURN(runtime_, runtime::OpenLocalRuntime(local_));
  return OkStatus();
}

Result<runtime::ClusterObservation> LocalCluster::Observe() {
  return runtime_->Observe(Soon(), spec_.id);
}

Status LocalCluster::Loop(const Context& context, bool apply, const Condition& done) {
  while (true) {
    Status applied;
    if (apply) {
      applied = runtime_->Apply(context, spec_);
    }
    const Result<runtime::ClusterObservation> seen = runtime_->Observe(context, spec_.id);
    if (seen.ok() && done(*seen)) {
      return OkStatus();
    }
    if (const Status slept = context.Sleep(kInterval); !slept.ok()) {
      return Error(slept.code(), "{}\n{}{}", Message(applied),
                   seen.ok() ? Describe(*seen) : std::string(Message(seen.status())), LogTails());
    }
  }
}

Status LocalCluster::Await(const Context& context, const Condition& done) {
  return Loop(context, false, done);
}

Status LocalCluster::ApplyUntil(const Context& context, const Condition& done) {
  return Loop(context, true, done);
}

Status LocalCluster::ApplyUntilHealthy(const Context& context) {
  return ApplyUntil(context, [&](const runtime::ClusterObservation& seen) {
    return seen.members.size() == static_cast<std::size_t>(spec_.replicas) &&
           std::ranges::all_of(seen.members, [](const runtime::MemberObservation& member) {
             return member.healthy && member.phase == runtime::MemberPhase::kRunning;
           });
  });
}

Status LocalCluster::Put(const std::string& key, const std::string& value) {
  ASSIGN_OR_RETURN(const etcd::ClientOptions options, runtime_->Access(spec_.id));
  ASSIGN_OR_RETURN(const auto client, etcd::Client::Connect(options));
  return client->Put(Soon(), {.key = key, .value = value}).status();
}

std::string LocalCluster::Get(const std::string& key) {
  const auto options = runtime_->Access(spec_.id);
  if (!options.ok()) {
    return "?" + std::string(Message(options.status()));
  }
  const auto client = etcd::Client::Connect(*options);
  if (!client.ok()) {
    return "?" + std::string(Message(client.status()));
  }
  const auto answer = (*client)->Range(Soon(), {.key = key});
  if (!answer.ok()) {
    return "?" + std::string(Message(answer.status()));
  }
  return answer->key_values.empty() ? std::string() : answer->key_values[0].value;
}

Result<std::string> LocalCluster::TakeBackup() {
  const repo::Credential credential = repo::KeyFile{ToBytes(kKey)};
  std::ofstream(key_file()) << kKey;
  ASSIGN_OR_RETURN(const auto store, blob::CreateLocalStore(io::PosixFileSystem(), repo()));
  const Status made = repo::Repository::Init(Soon(), *store, credential, "test");
  if (!made.ok() && made.code() != Code::kAlreadyExists) {
    return made;
  }
  ASSIGN_OR_RETURN(const auto repository, repo::Repository::Open(Soon(), *store, credential));
  ASSIGN_OR_RETURN(const etcd::ClientOptions access, runtime_->Access(spec_.id));
  ASSIGN_OR_RETURN(const auto client, etcd::Client::Connect(access));
  ASSIGN_OR_RETURN(const backup::TakeResult taken,
                   backup::TakeBackup(Soon(), {}, *client, *repository));
  return taken.info.id.ToString();
}

runtime::RestoreOrder LocalCluster::RestoreOf(const std::string& backup,
                                              const std::string& id) const {
  return {.id = id,
          .until = runtime::RestoreStep::kStop,
          .roll_back = false,
          .repository = repo(),
          .key_file = key_file(),
          .backup = backup,
          .bump_revision = 1'000'000'000,
          .mark_compacted = true};
}

std::string LocalCluster::LogTails() const {
  std::string text;
  for (int i = 0; i < 9; ++i) {
    for (const char* name : {"/launcher.log", "/etcd.log"}) {
      const std::string path = member_dir(i) + name;
      if (std::ifstream(path).good()) {
        text += Tail(path) + "\n";
      }
    }
  }
  return text;
}

}  // namespace tresor::testing
