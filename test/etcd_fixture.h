// SPDX-License-Identifier: Apache-2.0
// Real etcd clusters on this machine, for tests, benchmarks and the demo. The programs are those
// that test/gotools/build made. No gtest here: whoever uses it decides what a failure is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "etcd/client.h"
#include "process/process.h"

namespace tresor::testing {

/// "etcd-3.5", "etcdctl-3.6", "etcdutl-3.7", "bbolt": the path of the program, in
/// $TRESOR_TEST_TOOLS or else build/tools of the source tree. kNotFound: says how to build it.
[[nodiscard]] Result<std::string> FindTool(const std::string& name);

/// Runs a tool to its end. kInternal: it failed; with what it wrote.
[[nodiscard]] Result<process::Output> RunTool(const Context& context, const std::string& name,
                                              std::vector<std::string> arguments);

/// A folder under $TMPDIR that goes with the object, and all that is in it.
class ScratchDir {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ScratchDir>> Create();
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit ScratchDir(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

struct EtcdOptions {
  std::string line = "3.5";  // 3.4, 3.5, 3.6, 3.7
  int members = 1;
  /// TLS for clients, with a new authority; clients must show a certificate (its CN is "root").
  bool tls = false;
  std::vector<std::string> flags = {};  // more of them, for every member
  /// Who client() is, in a store where authentication is on already; EnableAuth sets them too.
  std::string user = {};
  std::string password = {};
};

/// One cluster. Members are called m0, m1, …, listen on free ports of 127.0.0.1 and keep their
/// data in a ScratchDir. Destruction kills them.
///
///   ASSERT_OK_AND_ASSIGN(auto etcd, EtcdCluster::Start({.line = "3.6"}));
///   etcd->client().Put(…);
///
/// A restored cluster: Plan(); write data_dir(i) with name(i), peer_url(i), initial_cluster();
/// StartAll().
///
/// Threads: one.
class EtcdCluster {
 public:
  /// Starts all members and waits until they are healthy, at most a minute.
  [[nodiscard]] static Result<std::unique_ptr<EtcdCluster>> Start(const EtcdOptions& options);
  /// Only chooses names, ports and folders, and makes certificates.
  [[nodiscard]] static Result<std::unique_ptr<EtcdCluster>> Plan(const EtcdOptions& options);
  ~EtcdCluster();

  /// Starts members that don't run and waits until all are healthy: each answers a read that goes
  /// through the leader.
  [[nodiscard]] Status StartAll();
  /// Starts member `i`, with `flags` besides, without waiting for more than its process.
  [[nodiscard]] Status StartMember(int i, const std::vector<std::string>& flags = {});
  [[nodiscard]] Status WaitHealthy(int i, const Context& context);
  /// SIGTERM, and its end. A server waits up to five seconds for its clients to hang up, and an
  /// idle client does not notice: Disconnect() first where that counts.
  void StopMember(int i);
  /// SIGKILL, and its end.
  void KillMember(int i);
  [[nodiscard]] process::Process* member(int i);  // null: does not run

  [[nodiscard]] int size() const { return static_cast<int>(members_.size()); }
  [[nodiscard]] const std::string& dir() const { return scratch_->path(); }
  [[nodiscard]] const std::string& name(int i) const { return Get(i).name; }
  [[nodiscard]] const std::string& data_dir(int i) const { return Get(i).data_dir; }
  [[nodiscard]] const std::string& log_path(int i) const { return Get(i).log_path; }
  /// The client URL.
  [[nodiscard]] const std::string& endpoint(int i) const { return Get(i).endpoint; }
  [[nodiscard]] const std::string& peer_url(int i) const { return Get(i).peer_url; }
  [[nodiscard]] std::string initial_cluster() const;
  [[nodiscard]] std::string ca_path() const { return dir() + "/ca.pem"; }
  [[nodiscard]] std::string client_cert_path() const { return dir() + "/client.pem"; }
  [[nodiscard]] std::string client_key_path() const { return dir() + "/client.key"; }

  /// Makes a user "root" with this password and the role root, and turns authentication on.
  /// client_options() and client() are root's from then on.
  [[nodiscard]] Status EnableAuth(const std::string& password);
  [[nodiscard]] const etcd::ClientOptions& client_options() const { return client_options_; }
  /// A client of all members.
  [[nodiscard]] etcd::Client& client() { return *client_; }
  /// Hangs up, and makes another client(): references to the old one are void.
  [[nodiscard]] Status Disconnect() { return Connect(); }
  /// --endpoints … and what TLS and authentication need, for etcdctl.
  [[nodiscard]] std::vector<std::string> EtcdctlFlags() const;

  /// The end of every member's log, for a failed test to show.
  [[nodiscard]] std::string LogTails() const;

 private:
  struct Node {
    std::string name, data_dir, endpoint, peer_url, log_path;
    std::unique_ptr<process::Process> process;
  };
  explicit EtcdCluster(EtcdOptions options) : options_(std::move(options)) {}
  [[nodiscard]] const Node& Get(int i) const { return members_.at(static_cast<std::size_t>(i)); }
  [[nodiscard]] Node& Get(int i) { return members_.at(static_cast<std::size_t>(i)); }
  [[nodiscard]] Status ChooseAddresses();
  [[nodiscard]] Status MakeCertificates();
  [[nodiscard]] Status Connect();

  const EtcdOptions options_;
  std::string program_;
  std::unique_ptr<ScratchDir> scratch_;
  std::vector<Node> members_;
  etcd::ClientOptions client_options_;
  std::unique_ptr<etcd::Client> client_;
};

}  // namespace tresor::testing
