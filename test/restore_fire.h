// SPDX-License-Identifier: Apache-2.0
// Restores under fire: the real tresor serve, real launchers and real etcd, which are held at the
// points of a restore that they pass (cli/hold_points.h), killed there, and started as systemd
// would start them. What must hold of every end is in ExpectEnd.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/guarded.h"
#include "base/thread.h"
#include "test/serve_program.h"

namespace tresor::testing {

[[nodiscard]] std::string FileText(const std::string& path);

/// The test's side of cli/hold_points.h.
class HoldPoints {
 public:
  explicit HoldPoints(std::string dir) : dir_(std::move(dir)) {}
  /// Who passes there next is held. Empty: nobody.
  void HoldAt(const std::string& point);
  [[nodiscard]] bool IsHeld(const std::string& point) const;
  void LetGo(const std::string& point);
  /// Everybody, and whoever comes.
  void LetAllGo();
  /// All points that were passed since Forget, each once, in their order.
  [[nodiscard]] std::vector<std::string> Passed() const;
  void Forget();

 private:
  [[nodiscard]] std::string HeldPath(const std::string& point) const;
  const std::string dir_;
};

/// Reads the key "state" from every member, and writes keys "probe/…", as people do, all the time.
class Prober {
 public:
  explicit Prober(etcd::ClientOptions people);
  ~Prober() { Stop(); }
  void Stop();

  struct Seen {
    /// What "state" was, each time it had changed.
    std::vector<std::string> states;
    /// Keys whose write was acknowledged, by what "state" was just before.
    std::map<std::string, std::vector<std::string>> acknowledged;
    std::size_t refused = 0;  // rounds in which nobody answered
  };
  [[nodiscard]] Seen seen() { return *seen_.Lock(); }

 private:
  void Run(const etcd::ClientOptions& people);
  Guarded<Seen> seen_;
  std::atomic<bool> stop_ = false;
  Thread thread_;  // last
};

enum class Victim { kNobody, kServer, kLaunchers, kEtcd, kAll };
[[nodiscard]] std::string ToString(Victim victim);

/// The cluster "prod" in project "demo"; its backup "first" has "state" as "backup", and it is
/// "later" now. A configuration "weekly" is there to be changed.
class RestoreFireTest : public ::testing::Test {
 protected:
  using Json = nlohmann::json;
  using Keys = std::map<std::string, std::string>;

  RestoreFireTest();
  ~RestoreFireTest() override;
  void SetUp() override;
  void TearDown() override;

  void Start(int replicas, ServeOptions options = {});
  /// All of it, once more when it was deleted.
  void MakeProject(int replicas);
  /// While the next restore is held at `point`. `refused`: as the restore has the cluster; then the
  /// restore is deleted, and the project as soon as it can be. Nothing is left.
  void DeleteProjectAt(const std::string& point, bool refused);
  /// An etcd that misbehaves where it is closed to all but Tresor, when and as `trouble` says; it
  /// is the file's content: "m2 exit", "m0 hang".
  [[nodiscard]] std::string MakeEtcdWithTrouble();
  void SetTrouble(const std::string& trouble);

  // --- objects
  [[nodiscard]] static std::string PathOf(const std::string& plural, const std::string& name = {});
  Answer Call(const std::string& method, const std::string& path, const Json& body = nullptr);
  void Create(const std::string& kind, const std::string& plural, const std::string& name,
              const Json& spec);
  [[nodiscard]] Json Status(const std::string& plural, const std::string& name);
  [[nodiscard]] std::string Phase(const std::string& plural, const std::string& name) {
    return Status(plural, name).value("phase", "");
  }
  void MakeCluster(const std::string& name, int replicas);
  void TakeBackup(const std::string& name, const std::string& cluster = "prod");
  void AwaitPhase(const std::string& plural, const std::string& name, const std::string& phase);
  void AwaitHeld(const std::string& point);

  // --- data, as people reach it
  [[nodiscard]] std::unique_ptr<etcd::Client> Connect(const std::string& cluster = "prod");
  void Put(const std::string& key, const std::string& value, const std::string& cluster = "prod");
  [[nodiscard]] Keys AllKeys(const std::string& cluster = "prod");
  void WriteLater();

  // --- a restore
  /// Begins the next one; WriteLater was done before it, and somebody writes and reads all along.
  void Begin(const Json& more = Json::object());
  [[nodiscard]] const std::string& restore() const { return restore_; }
  /// Nothing of a cluster that a restore has can be changed. Only while somebody is held.
  void ExpectRefusals();
  /// And what systemd does afterwards.
  void Kill(Victim victim);
  /// The restore ends, in this phase, with the data that belongs to it; the cluster is as any other
  /// one. Returns the restore's message.
  std::string ExpectEnd(const std::string& phase);
  void ExpectFree(const std::string& state);

  /// Holds the next restore at `point`, kills, goes on; it completes.
  void KillAt(const std::string& point, Victim victim, const Json& more = Json::object());
  /// All points of a restore that nobody disturbs, and that completes.
  [[nodiscard]] std::vector<std::string> PointsForward(const Json& more = Json::object());
  /// The restore has let go of the cluster.
  [[nodiscard]] tresor::Status AwaitLetGo();

  ServeProgram& serve() { return *serve_; }
  HoldPoints& points() { return *points_; }

 private:
  void KillLaunchers();
  void KillEtcd();
  /// Launchers and etcd servers of all clusters.
  [[nodiscard]] std::vector<pid_t> Processes();
  [[nodiscard]] tresor::Status AwaitEnds(const std::vector<pid_t>& processes);

  std::unique_ptr<ScratchDir> scratch_;
  std::unique_ptr<HoldPoints> points_;
  std::unique_ptr<ServeProgram> serve_;
  std::unique_ptr<Prober> prober_;
  int number_ = 0;
  std::string restore_;
  bool members_killed_ = false;  // since it began
  Keys backup_keys_;
  Keys later_keys_;
};

}  // namespace tresor::testing
