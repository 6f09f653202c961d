// SPDX-License-Identifier: Apache-2.0
#include "test/restore_fire.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "base/environment.h"
#include "base/status_matchers.h"
#include "io/file_lock.h"
#include "io/file_system.h"

namespace tresor::testing {
namespace {

namespace stdfs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::string_view kProbe = "probe/";
constexpr std::chrono::seconds kSoon{3};
constexpr std::chrono::milliseconds kProbeTime{400};
constexpr std::chrono::milliseconds kProbeInterval{25};

Context Patiently() { return Context::Background().WithTimeout(std::chrono::seconds(60)); }
Context Shortly() { return Context::Background().WithTimeout(kProbeTime); }

/// The process that `path`, a launcher's lock, is about. 0: nobody holds it.
pid_t HolderOf(const std::string& path) {
  if (!io::IsLocked(path).value_or(false)) {
    return 0;
  }
  pid_t pid = 0;
  std::ifstream(path) >> pid;
  return pid;
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code error;
  for (const auto& task : stdfs::directory_iterator(fmt::format("/proc/{}/task", parent), error)) {
    std::ifstream file(task.path() / "children");
    for (pid_t child = 0; file >> child;) {
      children.push_back(child);
    }
  }
  return children;
}

}  // namespace

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// --- HoldPoints ----------------------------------------------------------------------------------

std::string HoldPoints::HeldPath(const std::string& point) const {
  return dir_ + "/held-" + point.substr(0, point.find(' '));
}

void HoldPoints::HoldAt(const std::string& point) {
  if (point.empty()) {
    stdfs::remove(dir_ + "/hold-at");
    return;
  }
  std::ofstream(dir_ + "/hold-at.new") << point;
  stdfs::rename(dir_ + "/hold-at.new", dir_ + "/hold-at");
}

bool HoldPoints::IsHeld(const std::string& point) const {
  return FileText(HeldPath(point)) == point;
}

void HoldPoints::LetGo(const std::string& point) { stdfs::remove(HeldPath(point)); }

void HoldPoints::LetAllGo() {
  HoldAt({});
  for (const auto& entry : stdfs::directory_iterator(dir_)) {
    if (entry.path().filename().string().starts_with("held-")) {
      stdfs::remove(entry.path());
    }
  }
}

std::vector<std::string> HoldPoints::Passed() const {
  std::vector<std::string> passed;
  std::ifstream file(dir_ + "/passed");
  for (std::string line; std::getline(file, line);) {
    if (std::ranges::find(passed, line) == passed.end()) {
      passed.push_back(line);
    }
  }
  return passed;
}

void HoldPoints::Forget() { stdfs::remove(dir_ + "/passed"); }

// --- Prober --------------------------------------------------------------------------------------

Prober::Prober(etcd::ClientOptions people)
    : thread_([this, people = std::move(people)] { Run(people); }) {}

void Prober::Stop() {
  stop_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Prober::Run(const etcd::ClientOptions& people) {
  std::vector<std::unique_ptr<etcd::Client>> clients(people.endpoints.size());
  int number = 0;
  while (!stop_) {
    bool answered = false;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (clients[i] == nullptr) {
        etcd::ClientOptions one = people;
        one.endpoints = {people.endpoints[i]};
        one.dial_timeout = kProbeTime;
        clients[i] = etcd::Client::Connect(one).value_or(nullptr);
      }
      // Its own view: what each member serves counts.
      const auto read = clients[i]->Range(Shortly(), {.key = "state", .serializable = true});
      if (!read.ok() || read->key_values.empty()) {
        clients[i].reset();
        continue;
      }
      answered = true;
      const std::string state = read->key_values[0].value;
      {
        auto seen = seen_.Lock();
        if (seen->states.empty() || seen->states.back() != state) {
          seen->states.push_back(state);
        }
      }
      const std::string key = fmt::format("{}{}/{}", kProbe, i, ++number);
      if (clients[i]->Put(Shortly(), {.key = key, .value = state}).ok()) {
        seen_.Lock()->acknowledged[state].push_back(key);
      }
    }
    seen_.Lock()->refused += answered ? 0 : 1;
    (void)Context::Background().Sleep(kProbeInterval);
  }
}

std::string ToString(Victim victim) {
  switch (victim) {
    case Victim::kNobody:
      return "nobody";
    case Victim::kServer:
      return "server";
    case Victim::kLaunchers:
      return "launchers";
    case Victim::kEtcd:
      return "etcd";
    case Victim::kAll:
      return "all";
  }
  return "?";
}

// --- the test ------------------------------------------------------------------------------------

RestoreFireTest::RestoreFireTest() = default;
RestoreFireTest::~RestoreFireTest() = default;

void RestoreFireTest::TearDown() {
  if (HasFailure() && serve_ != nullptr) {
    std::cerr << serve_->Log();
    for (const std::string& dir : serve_->MemberDirs()) {
      std::cerr << dir << ":\n"
                << FileText(dir + "/launcher.log") << FileText(dir + "/status.json");
    }
    for (const std::string& point : points_->Passed()) {
      std::cerr << "passed: " << point << "\n";
    }
  }
  prober_.reset();
  if (points_ != nullptr) {
    points_->LetAllGo();
  }
}

std::string RestoreFireTest::MakeEtcdWithTrouble() {
  const auto real = FindTool("etcd-3.5");
  EXPECT_OK(real);
  const std::string path = scratch_->path() + "/etcd";
  std::ofstream(path) << "#!/bin/sh\n"
                      << "trouble=$(cat " << scratch_->path() << "/trouble 2>/dev/null)\n"
                      << "case \"$trouble $*\" in\n"
                      << "\"${trouble% *} exit --name=${trouble% *} \"*tresor-ca.crt*)\n"
                      << "  echo 'disturbed by the test' >&2; exit 1;;\n"
                      << "\"${trouble% *} hang --name=${trouble% *} \"*tresor-ca.crt*)\n"
                      << "  exec sleep 1000;;\n"
                      << "esac\n"
                      << "exec " << real.value_or("") << " \"$@\"\n";
  stdfs::permissions(path, stdfs::perms::owner_all);
  return path;
}

void RestoreFireTest::SetTrouble(const std::string& trouble) {
  std::ofstream(scratch_->path() + "/trouble.new") << trouble;
  stdfs::rename(scratch_->path() + "/trouble.new", scratch_->path() + "/trouble");
}

void RestoreFireTest::SetUp() { ASSERT_OK_AND_ASSIGN(scratch_, ScratchDir::Create()); }

void RestoreFireTest::Start(int replicas, ServeOptions options) {
  options.hold_points = scratch_->path();
  options.default_schedule = "none";
  points_ = std::make_unique<HoldPoints>(options.hold_points);
  ASSERT_OK_AND_ASSIGN(serve_, ServeProgram::Start(options));
  MakeProject(replicas);
}

void RestoreFireTest::MakeProject(int replicas) {
  ASSERT_EQ(Call("POST", "/api/v1/namespaces",
                 {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "demo"}}}})
                .status,
            201);
  ASSERT_NO_FATAL_FAILURE(MakeCluster("prod", replicas));
  Create("EtcdBackupConfig", "etcdbackupconfigs", "weekly",
         {{"cluster", {{"name", "prod"}}}, {"schedule", "@weekly"}});
  Put("state", "backup");
  Put("kept", "by the backup");
  ASSERT_NO_FATAL_FAILURE(TakeBackup("first"));
  backup_keys_ = AllKeys();
  ASSERT_FALSE(HasFailure());
}

std::string RestoreFireTest::PathOf(const std::string& plural, const std::string& name) {
  return fmt::format("/apis/tresor.dev/v1/namespaces/demo/{}{}{}", plural, name.empty() ? "" : "/",
                     name);
}

Answer RestoreFireTest::Call(const std::string& method, const std::string& path, const Json& body) {
  Result<Answer> answer = serve_->Call(method, path, body);
  EXPECT_OK(answer) << method << " " << path;
  return answer.ok() ? *std::move(answer) : Answer{};
}

void RestoreFireTest::Create(const std::string& kind, const std::string& plural,
                             const std::string& name, const Json& spec) {
  const Answer made = Call("POST", PathOf(plural),
                           {{"apiVersion", "tresor.dev/v1"},
                            {"kind", kind},
                            {"metadata", {{"name", name}, {"namespace", "demo"}}},
                            {"spec", spec}});
  ASSERT_EQ(made.status, 201) << made.body.dump(2);
}

nlohmann::json RestoreFireTest::Status(const std::string& plural, const std::string& name) {
  const Answer answer = Call("GET", PathOf(plural, name));
  return answer.status == 200 ? answer.body.value("status", Json::object()) : Json::object();
}

void RestoreFireTest::AwaitPhase(const std::string& plural, const std::string& name,
                                 const std::string& phase) {
  ASSERT_OK(serve_->Await(fmt::format("{} {} is {}", plural, name, phase), [&] {
    return Phase(plural, name) == phase;
  })) << Status(plural, name).dump(2);
}

void RestoreFireTest::AwaitHeld(const std::string& point) {
  ASSERT_OK(serve_->Await("somebody is held at \"" + point + '"',
                          [&] { return points_->IsHeld(point); }));
}

void RestoreFireTest::MakeCluster(const std::string& name, int replicas) {
  // etcd's own second would make every start a slow one.
  Create("EtcdCluster", "etcdclusters", name,
         {{"runtime", "local"},
          {"replicas", replicas},
          {"extraArgs", {"--heartbeat-interval=100", "--election-timeout=1000"}}});
  AwaitPhase("etcdclusters", name, "Running");
}

void RestoreFireTest::TakeBackup(const std::string& name, const std::string& cluster) {
  Create("EtcdBackup", "etcdbackups", name, {{"cluster", {{"name", cluster}}}});
  AwaitPhase("etcdbackups", name, "Completed");
}

std::unique_ptr<etcd::Client> RestoreFireTest::Connect(const std::string& cluster) {
  auto access = serve_->Credentials(cluster);
  EXPECT_OK(access);
  auto client = etcd::Client::Connect(*access);
  EXPECT_OK(client);
  return *std::move(client);
}

void RestoreFireTest::Put(const std::string& key, const std::string& value,
                          const std::string& cluster) {
  EXPECT_OK(Connect(cluster)->Put(Patiently(), {.key = key, .value = value}));
}

RestoreFireTest::Keys RestoreFireTest::AllKeys(const std::string& cluster) {
  const auto all =
      Connect(cluster)->Range(Patiently(), {.key = etcd::kFromKey, .range_end = etcd::kFromKey});
  EXPECT_OK(all);
  Keys keys;
  if (all.ok()) {
    for (const auto& one : all->key_values) {
      keys[one.key] = one.value;
    }
  }
  return keys;
}

void RestoreFireTest::WriteLater() {
  const auto client = Connect();
  const std::string number = std::to_string(number_);
  EXPECT_OK(client->Put(Patiently(), {.key = "state", .value = "later"}));
  EXPECT_OK(client->Put(Patiently(), {.key = "new", .value = "since the backup, " + number}));
  EXPECT_OK(client->Put(Patiently(), {.key = "new-" + number, .value = number}));
}

namespace {

std::map<std::string, std::string> WithoutProbes(std::map<std::string, std::string> keys) {
  std::erase_if(keys, [](const auto& entry) { return entry.first.starts_with(kProbe); });
  return keys;
}

}  // namespace

void RestoreFireTest::Begin(const Json& more) {
  restore_ = fmt::format("r{}", ++number_);
  members_killed_ = false;
  ASSERT_NO_FATAL_FAILURE(WriteLater());
  later_keys_ = WithoutProbes(AllKeys());
  ASSERT_OK_AND_ASSIGN(etcd::ClientOptions people, serve_->Credentials("prod"));
  prober_ = std::make_unique<Prober>(std::move(people));
  ASSERT_OK(serve_->Await("it is read", [&] { return !prober_->seen().states.empty(); }));
  Json spec = {
      {"cluster", {{"name", "prod"}}}, {"backup", {{"name", "first"}}}, {"safetyBackup", false}};
  spec.update(more);
  Create("EtcdRestore", "etcdrestores", restore_, spec);
}

void RestoreFireTest::ExpectRefusals() {
  if (Status("etcdrestores", restore_).contains("completionTime")) {
    return;
  }
  const auto expect = [](const Answer& answer, std::string_view what) {
    EXPECT_EQ(answer.status, 409) << what << answer.body.dump(2);
    EXPECT_THAT(answer.reason(), AnyOf("ClusterRestoring", "RestoreActive")) << what;
  };
  const Json backup = {{"apiVersion", "tresor.dev/v1"},
                       {"kind", "EtcdBackup"},
                       {"metadata", {{"name", "now"}, {"namespace", "demo"}}},
                       {"spec", {{"cluster", {{"name", "prod"}}}}}};
  Json again = backup;
  again["kind"] = "EtcdRestore";
  again["spec"]["backup"]["name"] = "first";
  expect(Call("POST", PathOf("etcdrestores"), again), "another restore");
  if (Status("etcdclusters", "prod").value("activeRestore", "") != restore_) {
    return;  // not yet, or not any more
  }
  EXPECT_EQ(Phase("etcdclusters", "prod"), "Restoring");
  expect(Call("PATCH", PathOf("etcdclusters", "prod"),
              {{"spec", {{"quotaBackendBytes", std::int64_t{4} << 30}}}}),
         "a change");
  expect(Call("DELETE", PathOf("etcdclusters", "prod")), "deleting");
  expect(Call("POST", PathOf("etcdbackups"), backup), "a backup");
  expect(Call("PATCH", PathOf("etcdbackupconfigs", "weekly"), {{"spec", {{"keep", 1000}}}}),
         "a configuration");
  expect(Call("DELETE", "/api/v1/namespaces/demo"), "its project");
}

std::vector<pid_t> RestoreFireTest::Processes() {
  std::vector<pid_t> all;
  for (const std::string& dir : serve_->MemberDirs()) {
    if (const pid_t launcher = HolderOf(dir + "/lock"); launcher > 0) {
      all.push_back(launcher);
      std::ranges::copy(ChildrenOf(launcher), std::back_inserter(all));
    }
  }
  return all;
}

Status RestoreFireTest::AwaitEnds(const std::vector<pid_t>& processes) {
  for (const pid_t process : processes) {
    RETURN_IF_ERROR(serve_->Await(fmt::format("process {} ends", process), [&] {
      const std::string state = FileText(fmt::format("/proc/{}/stat", process));
      return state.empty() || state.find(") Z ") != std::string::npos;
    }));
  }
  return OkStatus();
}

Status RestoreFireTest::AwaitLetGo() {
  // What the runtime still notes may come before it or after.
  return serve_->Await("the cluster is let go", [&] {
    const auto passed = points_->Passed();
    return std::ranges::find(passed, "serve after let go") != passed.end();
  });
}

void RestoreFireTest::KillLaunchers() {
  // Where nothing holds the server it may start others before we have looked at the locks.
  const std::vector<pid_t> processes = Processes();
  for (const std::string& dir : serve_->MemberDirs()) {
    if (const pid_t launcher = HolderOf(dir + "/lock"); launcher > 0) {
      ASSERT_EQ(::kill(launcher, SIGKILL), 0);
    }
  }
  ASSERT_OK(AwaitEnds(processes));
}

void RestoreFireTest::KillEtcd() {
  for (const std::string& dir : serve_->MemberDirs()) {
    if (const pid_t launcher = HolderOf(dir + "/lock"); launcher > 0) {
      for (const pid_t etcd : ChildrenOf(launcher)) {
        (void)::kill(etcd, SIGKILL);
      }
    }
  }
}

void RestoreFireTest::Kill(Victim victim) {
  if (victim == Victim::kServer || victim == Victim::kAll) {
    serve_->Kill();
  }
  if (victim == Victim::kEtcd) {
    KillEtcd();
  }
  if (victim == Victim::kLaunchers || victim == Victim::kAll) {
    ASSERT_NO_FATAL_FAILURE(KillLaunchers());
  }
  members_killed_ = members_killed_ || victim != Victim::kServer;
  points_->LetAllGo();
  if (!serve_->runs()) {
    ASSERT_OK(serve_->Start());
  }
}

std::string RestoreFireTest::ExpectEnd(const std::string& phase) {
  Json status;
  EXPECT_OK(serve_->Await("the restore is over", [&] {
    status = Status("etcdrestores", restore_);
    return status.contains("completionTime");
  })) << status.dump(2);
  EXPECT_EQ(status.value("phase", ""), phase) << status.dump(2);
  for (const Json& step : status.value("steps", Json::array())) {
    EXPECT_TRUE(step.contains("completionTime")) << step.dump();
  }
  ExpectFree(phase == "Completed" ? "backup" : "later");
  return status.value("message", "");
}

void RestoreFireTest::ExpectFree(const std::string& state) {
  EXPECT_EQ(Status("etcdclusters", "prod").value("activeRestore", ""), "");
  // It serves already, unless a member was killed just now.
  const auto serves = [&] {
    return Connect()
        ->Put(Context::Background().WithTimeout(kSoon),
              {.key = std::string(kProbe), .value = "again"})
        .ok();
  };
  EXPECT_OK(members_killed_ ? serve_->Await("it serves", serves)
            : serves()      ? OkStatus()
                            : Error(Code::kUnavailable, "it does not serve"));
  prober_->Stop();
  const Prober::Seen seen = prober_->seen();
  prober_.reset();

  // One data only, from beginning to end, and nothing that was acknowledged is missing.
  const Keys keys = AllKeys();
  EXPECT_EQ(WithoutProbes(keys), state == "backup" ? backup_keys_ : later_keys_);
  if (state == "later") {
    EXPECT_THAT(seen.states, ::testing::ElementsAre("later"));
  } else {
    EXPECT_THAT(seen.states,
                AnyOf(::testing::ElementsAre("later", "backup"), ::testing::ElementsAre("later")));
  }
  if (const auto acknowledged = seen.acknowledged.find(state);
      acknowledged != seen.acknowledged.end()) {
    for (const std::string& key : acknowledged->second) {
      EXPECT_TRUE(keys.contains(key)) << key << " was acknowledged";
    }
  }

  // As any other cluster.
  EXPECT_NO_FATAL_FAILURE(AwaitPhase("etcdclusters", "prod", "Running"));
  const Answer cluster = Call("GET", PathOf("etcdclusters", "prod"));
  EXPECT_FALSE(cluster.body["spec"].value("paused", false));
  const Answer changed = Call("PATCH", PathOf("etcdbackupconfigs", "weekly"),
                              {{"spec", {{"keep", 2 + number_ % 100}}}});
  EXPECT_EQ(changed.status, 200) << changed.body.dump(2);
  const std::string uid = cluster.body["metadata"].value("uid", "?");
  for (const std::string& dir : serve_->MemberDirs()) {
    if (dir.find(uid) == std::string::npos) {
      continue;
    }
    for (const auto& entry : stdfs::directory_iterator(dir)) {
      EXPECT_FALSE(entry.path().filename().string().starts_with("aside")) << entry.path();
    }
  }
}

void RestoreFireTest::KillAt(const std::string& point, Victim victim, const Json& more) {
  SCOPED_TRACE(fmt::format("{} killed at \"{}\"", ToString(victim), point));
  points_->HoldAt(point);
  ASSERT_NO_FATAL_FAILURE(Begin(more));
  ASSERT_NO_FATAL_FAILURE(AwaitHeld(point));
  ExpectRefusals();
  ASSERT_NO_FATAL_FAILURE(Kill(victim));
  ExpectEnd("Completed");
}

void RestoreFireTest::DeleteProjectAt(const std::string& point, bool refused) {
  SCOPED_TRACE(fmt::format("deleted at \"{}\"", point));
  const std::string project = "/api/v1/namespaces/demo";
  points_->HoldAt(point);
  ASSERT_NO_FATAL_FAILURE(Begin({{"safetyBackup", true}}));
  ASSERT_NO_FATAL_FAILURE(AwaitHeld(point));
  std::vector<pid_t> processes = Processes();
  const Answer deleted = Call("DELETE", project);
  ASSERT_EQ(deleted.status, refused ? 409 : 200) << deleted.body.dump(2);
  if (refused) {
    EXPECT_EQ(deleted.reason(), "ClusterRestoring");
    EXPECT_EQ(Call("DELETE", PathOf("etcdrestores", restore_)).status, 200);
  }
  points_->LetAllGo();
  ASSERT_OK(serve_->Await("nothing stands in the way any more", [&] {
    std::ranges::copy(Processes(), std::back_inserter(processes));
    return !refused || Call("DELETE", project).status == 200;
  }));
  ASSERT_OK(
      serve_->Await("the project is gone", [&] { return Call("GET", project).status == 404; }));
  EXPECT_EQ(serve_->MemberDirs(), std::vector<std::string>());
  ASSERT_OK(AwaitEnds(processes));
}

std::vector<std::string> RestoreFireTest::PointsForward(const Json& more) {
  points_->Forget();
  Begin(more);
  ExpectEnd("Completed");
  EXPECT_OK(AwaitLetGo());
  return points_->Passed();
}

}  // namespace tresor::testing
