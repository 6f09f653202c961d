// SPDX-License-Identifier: Apache-2.0
#include "runtime/local/local.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/environment.h"
#include "base/log.h"
#include "base/thread.h"
#include "io/file_lock.h"
#include "process/process.h"
#include "runtime/ask.h"
#include "runtime/local/certificates.h"
#include "runtime/local/plan.h"
#include "runtime/local/ports.h"
#include "runtime/local/record.h"
#include "runtime/member/arguments.h"
#include "runtime/member/layout.h"
#include "runtime/member/order.h"
#include "runtime/member/status_file.h"

namespace tresor::runtime {
namespace {

constexpr std::uint64_t kMostRecordBytes = 1 << 20;
constexpr int kPortsPerMember = 3;
constexpr std::chrono::milliseconds kAskTime{2000};
constexpr std::chrono::seconds kLauncherStart{3};
constexpr std::chrono::seconds kLauncherGrace{25};  // etcd's own comes first
constexpr std::chrono::milliseconds kInterval{20};
/// Rounds of planning in one Apply: changes of the record are made at once, each by itself.
constexpr int kMostRounds = 8;

/// What an action has to do with a restore; empty: nothing.
std::string PointOf(const Action& action) {
  const auto goal = [](const RestoreOrder& restore) {
    return restore.roll_back ? std::string_view("roll-back") : ToString(restore.until);
  };
  if (const auto* save = std::get_if<SaveRecord>(&action);
      save != nullptr && save->record.restore) {
    return fmt::format("record {}{}", goal(*save->record.restore),
                       save->record.restore_over ? " over" : "");
  }
  if (const auto* give = std::get_if<GiveOrder>(&action); give != nullptr && give->order.restore) {
    return fmt::format("order {} {}", give->member, goal(*give->order.restore));
  }
  if (const auto* wipe = std::get_if<WipeMember>(&action)) {
    return "wipe " + wipe->member;
  }
  return {};
}

class LocalRuntime final : public ClusterRuntime {
 public:
  explicit LocalRuntime(const LocalOptions& options)
      : options_(options),
        fs_(*options.fs),
        ports_(options.first_port, options.end_port, *options.random) {}

  Status Load() {
    RETURN_IF_ERROR(io::CreateDirs(fs_, ClustersDir()));
    ASSIGN_OR_RETURN(const std::vector<io::DirEntry> entries, fs_.List(ClustersDir()));
    for (const io::DirEntry& entry : entries) {
      const Result<ClusterRecord> record = ReadRecord(io::JoinPath(ClustersDir(), entry.name));
      if (record.status().code() == Code::kNotFound) {
        continue;  // what a cut left of a first or a last call for it
      }
      RETURN_IF_ERROR(record.status());
      for (const MemberRecord& member : record->members) {
        NotePorts(member);
      }
    }
    return OkStatus();
  }

  Status Apply(const Context& context, const ClusterSpec& spec) override {
    RETURN_IF_ERROR(Check(spec));
    ASSIGN_OR_RETURN(const PlanOptions plan_options, OptionsFor(spec));
    const std::string dir = ClusterDir(spec.id);
    ASSIGN_OR_RETURN(ClusterRecord record, ReadOrMakeRecord(spec, dir));
    RETURN_IF_ERROR(EnsureCertificates(fs_, TlsFiles(dir), options_.clock->Now()));
    for (int round = 0; round < kMostRounds; ++round) {
      ASSIGN_OR_RETURN(const ClusterFacts facts, Gather(context, record, true));
      ASSIGN_OR_RETURN(const std::vector<Action> actions, Plan(spec, record, facts, plan_options));
      bool again = false;
      for (const Action& action : actions) {
        const std::string point = options_.at_record ? PointOf(action) : std::string();
        if (!point.empty()) {
          options_.at_record("before " + point);
        }
        RETURN_IF_ERROR(
            std::visit([&](const auto& one) { return Do(context, record, one, again); }, action));
        if (!point.empty()) {
          options_.at_record("after " + point);
        }
      }
      if (!again) {
        break;
      }
    }
    return OkStatus();
  }

  Result<ClusterObservation> Observe(const Context& context, const ClusterId& id) override {
    ASSIGN_OR_RETURN(const ClusterRecord record, FindRecord(id));
    ASSIGN_OR_RETURN(const ClusterFacts facts, Gather(context, record, false));
    ClusterObservation observation;
    const bool restoring = record.restore && !record.restore_over;
    for (std::size_t i = 0; i < record.members.size(); ++i) {
      if (restoring && record.members[i].state == MemberState::kLeaving) {
        continue;  // it has no part in it: it rests, and goes when the others are over it
      }
      const MemberFacts& member = facts.members[i];
      observation.members.push_back(ObserveMember(record.members[i], member));
      observation.has_quorum = observation.has_quorum || member.healthy;
      if (member.etcd && !observation.etcd_cluster) {
        observation.etcd_cluster = member.etcd->header.cluster;
      }
    }
    AddAlarms(context, record, facts, observation);
    return observation;
  }

  Result<etcd::ClientOptions> Access(const ClusterId& id) override {
    ASSIGN_OR_RETURN(const ClusterRecord record, FindRecord(id));
    const TlsFiles tls(ClusterDir(id));
    etcd::ClientOptions options;
    ASSIGN_OR_RETURN(options.tls, ReadClientTls(fs_, tls, tls.tresor()));
    std::vector<std::string> closed;
    for (const MemberRecord& member : record.members) {
      const MemberFiles files = FilesOf(record.id, member.name);
      const Result<StatusFile> status = ReadStatus(fs_, files.status());
      if (status.ok() && status->closed && !status->client_url.empty()) {
        closed.push_back(status->client_url);
      }
      if (member.state != MemberState::kLeaving) {
        options.endpoints.push_back(LoopbackUrl(member.client_port));
      }
    }
    if (!closed.empty()) {
      options.endpoints = std::move(closed);
    }
    return options;
  }

  Result<etcd::ClientOptions> Credentials(const ClusterId& id) override {
    ASSIGN_OR_RETURN(const ClusterRecord record, FindRecord(id));
    const TlsFiles tls(ClusterDir(id));
    etcd::ClientOptions options;
    ASSIGN_OR_RETURN(options.tls, ReadClientTls(fs_, tls, tls.people()));
    for (const MemberRecord& member : record.members) {
      if (member.state != MemberState::kLeaving) {
        options.endpoints.push_back(LoopbackUrl(member.client_port));
      }
    }
    return options;
  }

  Status Remove(const Context& context, const ClusterId& id) override {
    RETURN_IF_ERROR(CheckFileId("uid of a cluster", id.uid));
    const std::string dir = ClusterDir(id);
    Result<ClusterRecord> record = ReadRecord(dir);
    if (record.ok()) {
      record->removing = true;
      RETURN_IF_ERROR(SaveRecordTo(dir, *record));
      for (const MemberRecord& member : record->members) {
        SignalLauncher(FilesOf(id, member.name), SIGTERM);  // all stop side by side
      }
      for (const MemberRecord& member : record->members) {
        RETURN_IF_ERROR(StopLauncher(context, FilesOf(id, member.name)));
      }
    } else if (record.status().code() != Code::kNotFound) {
      return record.status();
    }
    // The record goes last: until then a cut leaves what the next call goes on with.
    RETURN_IF_ERROR(RemoveFolder(dir));
    if (record.ok()) {
      for (const MemberRecord& member : record->members) {
        ReleasePorts(member);
      }
    }
    return OkStatus();
  }

 private:
  // --- files -------------------------------------------------------------------------------------

  [[nodiscard]] std::string ClustersDir() const {
    return io::JoinPath(options_.data_dir, "clusters");
  }
  [[nodiscard]] std::string ClusterDir(const ClusterId& id) const {
    return io::JoinPath(ClustersDir(), id.uid);
  }
  [[nodiscard]] MemberFiles FilesOf(const ClusterId& id, const std::string& member) const {
    return MemberFiles(io::JoinPath(ClusterDir(id), member));
  }
  static std::string RecordPath(const std::string& cluster_dir) {
    return io::JoinPath(cluster_dir, "cluster.json");
  }

  Result<ClusterRecord> ReadRecord(const std::string& cluster_dir) {
    const std::string path = RecordPath(cluster_dir);
    ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs_, path, kMostRecordBytes));
    return DecodeRecord(bytes, path);
  }
  Status SaveRecordTo(const std::string& cluster_dir, const ClusterRecord& record) {
    return io::WriteFileAtomically(fs_, RecordPath(cluster_dir), AsBytes(EncodeRecord(record)));
  }

  /// One that is being removed is not found.
  Result<ClusterRecord> FindRecord(const ClusterId& id) {
    RETURN_IF_ERROR(CheckFileId("uid of a cluster", id.uid));
    Result<ClusterRecord> record = ReadRecord(ClusterDir(id));
    if (record.status().code() == Code::kNotFound || (record.ok() && record->removing)) {
      return Error(Code::kNotFound, "cluster {}/{} has never been started here", id.project,
                   id.name);
    }
    return record;
  }

  Result<ClusterRecord> ReadOrMakeRecord(const ClusterSpec& spec, const std::string& dir) {
    Result<ClusterRecord> record = ReadRecord(dir);
    if (record.ok() && record->removing) {
      return Error(Code::kFailedPrecondition, "cluster {}/{} is being removed", spec.id.project,
                   spec.id.name);
    }
    if (record.status().code() != Code::kNotFound) {
      return record;
    }
    RETURN_IF_ERROR(io::CreateDirs(fs_, dir));
    ClusterRecord made = NewRecord(spec);
    for (MemberRecord& member : made.members) {
      RETURN_IF_ERROR(TakePorts(member));
    }
    const Status saved = SaveRecordTo(dir, made);
    if (!saved.ok()) {
      for (const MemberRecord& member : made.members) {
        ReleasePorts(member);
      }
      return saved;
    }
    return made;
  }

  /// cluster.json last.
  Status RemoveFolder(const std::string& dir) {
    const Result<std::vector<io::DirEntry>> entries = fs_.List(dir);
    if (entries.status().code() == Code::kNotFound) {
      return OkStatus();
    }
    RETURN_IF_ERROR(entries.status());
    for (const io::DirEntry& entry : *entries) {
      const std::string path = io::JoinPath(dir, entry.name);
      if (path != RecordPath(dir)) {
        RETURN_IF_ERROR(io::RemoveTree(fs_, path));
      }
    }
    RETURN_IF_ERROR(fs_.SyncDir(dir));
    RETURN_IF_ERROR(io::RemoveTree(fs_, dir));
    return fs_.SyncDir(ClustersDir());
  }

  // --- ports -------------------------------------------------------------------------------------

  void NotePorts(const MemberRecord& member) {
    for (const std::uint16_t port : {member.client_port, member.closed_port, member.peer_port}) {
      ports_.Note(port);
    }
  }
  void ReleasePorts(const MemberRecord& member) {
    for (const std::uint16_t port : {member.client_port, member.closed_port, member.peer_port}) {
      ports_.Release(port);
    }
  }
  Status TakePorts(MemberRecord& member) {
    ASSIGN_OR_RETURN(const std::vector<std::uint16_t> ports, ports_.Take(kPortsPerMember));
    member.client_port = ports[0];
    member.closed_port = ports[1];
    member.peer_port = ports[2];
    return OkStatus();
  }

  // --- the spec ----------------------------------------------------------------------------------

  static Status Check(const ClusterSpec& spec) {
    RETURN_IF_ERROR(CheckFileId("uid of a cluster", spec.id.uid));
    if (spec.replicas != 1 && spec.replicas != 3 && spec.replicas != 5 && spec.replicas != 7) {
      return Error(Code::kInvalidArgument, "{} replicas: 1, 3, 5 or 7 are possible", spec.replicas);
    }
    constexpr std::string_view kVersionLetters = "0123456789.";
    if (spec.version.find_first_not_of(kVersionLetters) != std::string::npos) {
      return Error(Code::kInvalidArgument, "version '{}': write it as 3.5", spec.version);
    }
    if (spec.restore) {
      RETURN_IF_ERROR(CheckFileId("restore", spec.restore->id));
    }
    return CheckExtraArgs(spec.extra_args);
  }

  Result<PlanOptions> OptionsFor(const ClusterSpec& spec) const {
    PlanOptions options{.etcd = {},
                        .defragment_from_bytes = options_.defragment_from_bytes,
                        .defragment_below_use = options_.defragment_below_use};
    if (spec.version.empty()) {
      ASSIGN_OR_RETURN(options.etcd, FindInstalled(options_.etcd));
      return options;
    }
    const std::string name = "etcd-" + spec.version;
    if (options_.etcd.find('/') != std::string::npos) {
      const std::string beside = io::JoinPath(io::ParentPath(options_.etcd), name);
      if (io::Exists(fs_, beside).value_or(false)) {
        options.etcd = beside;
        return options;
      }
    }
    const Result<std::string> found = process::FindProgram(name);
    if (!found.ok()) {
      return Error(Code::kNotFound, "etcd {} is not installed: there is no {} beside {} or in PATH",
                   spec.version, name, options_.etcd);
    }
    options.etcd = *found;
    return options;
  }

  Result<std::string> FindInstalled(const std::string& program) const {
    const Result<std::string> found = process::FindProgram(program);
    if (!found.ok() || !io::Exists(fs_, *found).value_or(true)) {
      return Error(Code::kNotFound, "etcd is not installed: there is no {}{}", program,
                   program.find('/') == std::string::npos ? " in PATH" : "");
    }
    return found;
  }

  // --- what is -----------------------------------------------------------------------------------

  /// Files, locks, and what etcd says; `with_members`: also whom etcd takes for its members.
  Result<ClusterFacts> Gather(const Context& context, const ClusterRecord& record,
                              bool with_members) {
    ClusterFacts facts;
    std::vector<std::unique_ptr<etcd::Client>> clients;
    for (const MemberRecord& member : record.members) {
      ASSIGN_OR_RETURN(MemberFacts read, ReadMember(record.id, member));
      clients.emplace_back();
      if (read.launcher_runs && read.status && !read.status->client_url.empty()) {
        ASSIGN_OR_RETURN(clients.back(), ClientOf(record.id, read.status->client_url));
      }
      facts.members.push_back(std::move(read));
    }
    const Context patience = context.WithTimeout(kAskTime);
    std::vector<MemberAnswer> answers(clients.size());
    {
      std::vector<Thread> asking;
      for (std::size_t i = 0; i < clients.size(); ++i) {
        if (clients[i] != nullptr) {
          asking.emplace_back([&, i] { answers[i] = AskMember(patience, *clients[i]); });
        }
      }
    }
    RETURN_IF_ERROR(context.Check());
    for (std::size_t i = 0; i < answers.size(); ++i) {
      facts.members[i].answered = answers[i].answered;
      facts.members[i].healthy = answers[i].healthy;
      facts.members[i].etcd = std::move(answers[i].status);
      if (with_members && answers[i].healthy && !facts.etcd_members) {
        Result<std::vector<etcd::Member>> members = clients[i]->MemberList(patience);
        if (members.ok()) {
          facts.etcd_members = *std::move(members);
        }
      }
    }
    return facts;
  }

  Result<MemberFacts> ReadMember(const ClusterId& id, const MemberRecord& member) {
    const MemberFiles files = FilesOf(id, member.name);
    MemberFacts facts;
    Result<MemberOrder> order = ReadOrder(fs_, files.order());
    if (order.ok()) {
      facts.order = *std::move(order);
    } else if (order.status().code() != Code::kNotFound) {
      return order.status();
    }
    Result<StatusFile> status = ReadStatus(fs_, files.status());
    if (status.ok()) {
      facts.status = *std::move(status);
    } else if (status.status().code() != Code::kNotFound) {
      // The launcher writes it anew with its next change.
      Log(LogLevel::kWarning, "{}", Message(status.status()));
    }
    ASSIGN_OR_RETURN(facts.launcher_runs, io::IsLocked(files.lock()));
    facts.port_taken = !facts.launcher_runs && !facts.status && !member.established &&
                       !(IsPortFree(member.client_port) && IsPortFree(member.closed_port) &&
                         IsPortFree(member.peer_port));
    facts.closed_port_taken = !(facts.launcher_runs && facts.status && facts.status->closed) &&
                              !IsPortFree(member.closed_port);
    return facts;
  }

  static MemberObservation ObserveMember(const MemberRecord& member, const MemberFacts& facts) {
    MemberObservation observation;
    observation.name = member.name;
    observation.client_url = LoopbackUrl(member.client_port);
    observation.answered = facts.answered;
    observation.healthy = facts.healthy;
    observation.status = facts.etcd;
    if (facts.status) {
      const StatusFile& status = *facts.status;
      observation.phase = status.phase;
      observation.message = status.message;
      observation.restarts = status.restarts;
      observation.restore = status.restore;
      if (facts.launcher_runs) {
        observation.launcher_pid = status.launcher.pid;
        observation.etcd_pid = status.etcd.pid;
        if (!status.client_url.empty()) {
          observation.client_url = status.client_url;
        }
      }
    }
    // It has been told, whether it knows yet or not.
    if (facts.order && facts.order->restore &&
        !(observation.restore && observation.restore->id == facts.order->restore->id)) {
      observation.restore.emplace().id = facts.order->restore->id;
    }
    if (!facts.launcher_runs) {
      observation.message = "its launcher does not run";
      if (observation.phase == MemberPhase::kRunning) {
        observation.phase = MemberPhase::kStarting;
      }
    }
    return observation;
  }

  /// Alarms are the cluster's; each is shown at the member that raised it.
  void AddAlarms(const Context& context, const ClusterRecord& record, const ClusterFacts& facts,
                 ClusterObservation& observation) {
    for (std::size_t i = 0; i < facts.members.size(); ++i) {
      const MemberFacts& facts_of_one = facts.members[i];
      if (!facts_of_one.healthy || !facts_of_one.status) {
        continue;
      }
      const auto client = ClientOf(record.id, facts_of_one.status->client_url);
      if (!client.ok()) {
        continue;
      }
      const auto alarms = (*client)->AlarmList(context.WithTimeout(kAskTime));
      if (!alarms.ok()) {
        continue;
      }
      for (const etcd::Alarm& alarm : *alarms) {
        for (MemberObservation& member : observation.members) {
          if (member.status && member.status->header.member == alarm.member) {
            member.alarms.push_back(alarm.type);
          }
        }
      }
      return;
    }
  }

  /// As Tresor. Not kept: etcd waits for its clients to hang up before it ends.
  Result<std::unique_ptr<etcd::Client>> ClientOf(const ClusterId& id, const std::string& url) {
    const TlsFiles tls(ClusterDir(id));
    ASSIGN_OR_RETURN(etcd::TlsOptions options, ReadClientTls(fs_, tls, tls.tresor()));
    return etcd::Client::Connect(
        {.endpoints = {url}, .tls = std::move(options), .dial_timeout = kAskTime});
  }

  // --- actions -----------------------------------------------------------------------------------

  Status Do(const Context&, ClusterRecord& record, const SaveRecord& action, bool& again) {
    RETURN_IF_ERROR(SaveRecordTo(ClusterDir(record.id), action.record));
    record = action.record;
    again = true;
    return OkStatus();
  }

  Status Do(const Context&, ClusterRecord& record, const AddMember&, bool& again) {
    ClusterRecord next = record;
    MemberRecord& member = next.members.emplace_back();
    member.name = fmt::format("m{}", next.next_member++);
    member.state = MemberState::kJoining;
    RETURN_IF_ERROR(TakePorts(member));
    const Status saved = SaveRecordTo(ClusterDir(record.id), next);
    if (!saved.ok()) {
      ReleasePorts(member);
      return saved;
    }
    Log(LogLevel::kInfo, "cluster {}/{}: member {} is to join", record.id.project, record.id.name,
        member.name);
    record = std::move(next);
    again = true;
    return OkStatus();
  }

  Status Do(const Context&, ClusterRecord& record, const ChangePorts& action, bool& again) {
    ClusterRecord next = action.record;
    std::vector<MemberRecord> old;
    for (MemberRecord& member : next.members) {
      if (std::ranges::find(action.members, member.name) != action.members.end()) {
        old.push_back(member);
        RETURN_IF_ERROR(TakePorts(member));
        Log(LogLevel::kWarning, "cluster {}/{}: a port of {} is somebody else's; it gets others",
            record.id.project, record.id.name, member.name);
      }
    }
    RETURN_IF_ERROR(SaveRecordTo(ClusterDir(record.id), next));
    for (const MemberRecord& member : old) {
      ReleasePorts(member);
    }
    record = std::move(next);
    again = true;
    return OkStatus();
  }

  Status Do(const Context&, ClusterRecord& record, const ChangeClosedPort& action, bool& again) {
    ASSIGN_OR_RETURN(const std::vector<std::uint16_t> port, ports_.Take(1));
    ClusterRecord next = record;
    std::uint16_t old = 0;
    for (MemberRecord& member : next.members) {
      if (member.name == action.member) {
        old = std::exchange(member.closed_port, port.front());
      }
    }
    RETURN_IF_ERROR(SaveRecordTo(ClusterDir(record.id), next));
    ports_.Release(old);
    record = std::move(next);
    again = true;
    return OkStatus();
  }

  Status Do(const Context&, ClusterRecord& record, const GiveOrder& action, bool&) {
    const MemberFiles files = FilesOf(record.id, action.member);
    RETURN_IF_ERROR(io::CreateDirs(fs_, files.dir));
    return WriteOrder(fs_, files.order(), action.order);
  }

  Status Do(const Context& context, ClusterRecord& record, const StartLauncher& action, bool&) {
    const MemberFiles files = FilesOf(record.id, action.member);
    process::ProcessOptions options;
    options.arguments = options_.launcher;
    options.arguments.insert(options.arguments.end(), {"--member", files.dir});
    options.working_directory = "/";
    options.stdout_path = files.launcher_log();
    options.stderr_path = files.launcher_log();
    ASSIGN_OR_RETURN(const std::int64_t pid, process::StartDetached(options));
    Log(LogLevel::kInfo, "cluster {}/{}: launcher of {} is process {}", record.id.project,
        record.id.name, action.member, pid);
    // So that whoever looks next finds it. One that fails says why in its log.
    const Context patience = context.WithTimeout(kLauncherStart);
    while (!io::IsLocked(files.lock()).value_or(false) && ProcessStartTicks(pid) &&
           patience.Sleep(kInterval).ok()) {
    }
    return OkStatus();
  }

  Status Do(const Context& context, ClusterRecord& record, const AddToEtcd& action, bool& again) {
    ASSIGN_OR_RETURN(const auto client, AnyClient(record));
    again = true;
    return client->MemberAdd(context, {action.peer_url}, true).status();
  }

  Status Do(const Context& context, ClusterRecord& record, const PromoteInEtcd& action,
            bool& again) {
    ASSIGN_OR_RETURN(const auto client, AnyClient(record));
    const Status promoted = client->MemberPromote(context, action.id);
    if (promoted.code() == Code::kFailedPrecondition) {
      return OkStatus();  // it is still catching up
    }
    again = promoted.ok();
    return promoted;
  }

  Status Do(const Context& context, ClusterRecord& record, const RemoveFromEtcd& action,
            bool& again) {
    ASSIGN_OR_RETURN(const auto client, AnyClient(record));
    const Status removed = client->MemberRemove(context, action.id);
    again = true;
    return removed.code() == Code::kNotFound ? OkStatus() : removed;
  }

  Status Do(const Context& context, ClusterRecord& record, const WipeMember& action, bool& again) {
    Log(LogLevel::kWarning,
        "cluster {}/{}: {} did not open, and the others have; it begins anew from them",
        record.id.project, record.id.name, action.member);
    again = true;
    return RemoveMember(context, record, action.member, SIGKILL);
  }

  Status Do(const Context& context, ClusterRecord& record, const DropMember& action, bool& again) {
    RETURN_IF_ERROR(RemoveMember(context, record, action.member, SIGTERM));
    ClusterRecord next = record;
    std::erase_if(next.members,
                  [&](const MemberRecord& member) { return member.name == action.member; });
    RETURN_IF_ERROR(SaveRecordTo(ClusterDir(record.id), next));
    for (const MemberRecord& member : record.members) {
      if (member.name == action.member) {
        ReleasePorts(member);
      }
    }
    record = std::move(next);
    again = true;
    return OkStatus();
  }

  Status Do(const Context& context, ClusterRecord& record, const DefragmentMember& action, bool&) {
    const MemberFiles files = FilesOf(record.id, action.member);
    ASSIGN_OR_RETURN(const StatusFile status, ReadStatus(fs_, files.status()));
    ASSIGN_OR_RETURN(const auto client, ClientOf(record.id, status.client_url));
    Log(LogLevel::kInfo, "cluster {}/{}: {} is defragmented", record.id.project, record.id.name,
        action.member);
    return client->Defragment(context, status.client_url);
  }

  /// Its processes and its folder.
  Status RemoveMember(const Context& context, const ClusterRecord& record, const std::string& name,
                      int signal) {
    const MemberFiles files = FilesOf(record.id, name);
    SignalLauncher(files, signal);
    RETURN_IF_ERROR(StopLauncher(context, files));
    RETURN_IF_ERROR(io::RemoveTree(fs_, files.dir));
    return fs_.SyncDir(ClusterDir(record.id));
  }

  /// Of all members that run, for calls that any can answer.
  Result<std::unique_ptr<etcd::Client>> AnyClient(const ClusterRecord& record) {
    ASSIGN_OR_RETURN(etcd::ClientOptions options, Access(record.id));
    // One that joins or leaves may not answer for the others.
    options.endpoints.clear();
    for (const MemberRecord& member : record.members) {
      if (member.state == MemberState::kMember) {
        options.endpoints.push_back(LoopbackUrl(member.client_port));
      }
    }
    options.dial_timeout = kAskTime;
    return etcd::Client::Connect(options);
  }

  /// The launcher that holds the lock now, if there is one.
  void SignalLauncher(const MemberFiles& files, int signal) {
    const Result<StatusFile> status = ReadStatus(fs_, files.status());
    if (status.ok() && status->boot_id == BootId() && io::IsLocked(files.lock()).value_or(false)) {
      (void)process::SignalProcess(status->launcher.pid, status->launcher.start_ticks, signal);
    }
  }

  /// After SIGTERM. Returns when launcher and etcd are gone.
  Status StopLauncher(const Context& context, const MemberFiles& files) {
    // Within the call's own time, or one that hangs would never be killed.
    const Context grace = context.WithTimeout(std::min<std::chrono::nanoseconds>(
        kLauncherGrace, context.Remaining().value_or(2 * kLauncherGrace) / 2));
    while (true) {
      ASSIGN_OR_RETURN(const bool launcher, io::IsLocked(files.lock()));
      ASSIGN_OR_RETURN(const bool server, io::IsLocked(files.etcd_lock()));
      if (!launcher && !server) {
        return OkStatus();
      }
      if (!grace.Sleep(kInterval).ok()) {
        RETURN_IF_ERROR(context.Check());
        SignalLauncher(files, SIGKILL);  // the kernel then kills etcd
        RETURN_IF_ERROR(context.Sleep(kInterval));
      }
    }
  }

  const LocalOptions options_;
  io::FileSystem& fs_;
  Ports ports_;
};

}  // namespace

Result<std::unique_ptr<ClusterRuntime>> OpenLocalRuntime(const LocalOptions& options) {
  if (options.launcher.empty() || options.data_dir.empty()) {
    return Error(Code::kInvalidArgument, "a data directory and a launcher are needed");
  }
  auto runtime = std::make_unique<LocalRuntime>(options);
  RETURN_IF_ERROR(runtime->Load());
  return std::unique_ptr<ClusterRuntime>(std::move(runtime));
}

}  // namespace tresor::runtime
