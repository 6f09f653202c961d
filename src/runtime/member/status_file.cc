// SPDX-License-Identifier: Apache-2.0
#include "runtime/member/status_file.h"

#include "runtime/member/document.h"
#include "runtime/member/order.h"
#include "runtime/member/restore_json.h"

namespace tresor::runtime {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMostBytes = 1 << 20;

Json ToJson(const ProcessIdentity& process) {
  return {{"pid", process.pid}, {"startTicks", process.start_ticks}};
}

ProcessIdentity ReadProcess(ObjectReader& reader, const std::string& field) {
  const Json* json = reader.Optional(field);
  if (json == nullptr) {
    reader.Fail(field, "missing");
    return {};
  }
  ObjectReader process(*json, reader.where() + ": " + field);
  const ProcessIdentity identity{.pid = static_cast<std::int64_t>(process.Number("pid")),
                                 .start_ticks = process.Number("startTicks")};
  reader.Fail(process.Finish());
  return identity;
}

Json ToJson(const RestoreObservation& restore) {
  Json json = {{"id", restore.id},
               {"rolledBack", restore.rolled_back},
               {"bytesDone", restore.bytes_done},
               {"bytesTotal", restore.bytes_total},
               {"verified", restore.verified},
               {"error", restore.error},
               {"final", restore.final}};
  if (restore.done) {
    json["done"] = ToString(*restore.done);
  }
  if (restore.rebuilt) {
    json["rebuilt"] = ToJson(*restore.rebuilt);
  }
  return json;
}

Result<RestoreObservation> RestoreFromJson(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  RestoreObservation restore;
  restore.id = reader.Text("id");
  restore.rolled_back = reader.Bool("rolledBack");
  restore.bytes_done = reader.Number("bytesDone");
  restore.bytes_total = reader.Number("bytesTotal");
  restore.verified = reader.Bool("verified");
  restore.error = reader.Text("error");
  restore.final = reader.Bool("final");
  if (reader.Optional("done") != nullptr) {
    restore.done = ParseRestoreStep(reader.Text("done"));
    if (!restore.done) {
      reader.Fail("done", "no step of a restore");
    }
  }
  restore.rebuilt = ReadRebuilt(reader, "rebuilt");
  RETURN_IF_ERROR(reader.Finish());
  return restore;
}

}  // namespace

std::string EncodeStatus(const StatusFile& status) {
  Json json = {{"version", kVersion},
               {"bootId", status.boot_id},
               {"launcher", ToJson(status.launcher)},
               {"etcd", ToJson(status.etcd)},
               {"orderGeneration", status.order_generation},
               {"phase", ToString(status.phase)},
               {"message", status.message},
               {"restarts", status.restarts},
               {"clientUrl", status.client_url},
               {"closed", status.closed},
               {"answered", status.answered},
               {"portTaken", status.port_taken},
               {"startedIncarnation", status.started_incarnation},
               {"dataIncarnation", status.data_incarnation}};
  if (status.restore) {
    json["restore"] = ToJson(*status.restore);
  }
  return PrintDocument(json);
}

Result<StatusFile> DecodeStatus(ByteView bytes, const std::string& name) {
  ASSIGN_OR_RETURN(const Json json, ParseDocument(bytes, name, kVersion));
  ObjectReader reader(json, name);
  StatusFile status;
  status.boot_id = reader.Text("bootId");
  status.launcher = ReadProcess(reader, "launcher");
  status.etcd = ReadProcess(reader, "etcd");
  status.order_generation = reader.Number("orderGeneration");
  if (const auto phase = ParseMemberPhase(reader.Text("phase"))) {
    status.phase = *phase;
  } else {
    reader.Fail("phase", "no phase of a member");
  }
  status.message = reader.Text("message");
  status.restarts = static_cast<std::uint32_t>(reader.Number("restarts", UINT32_MAX));
  status.client_url = reader.Text("clientUrl");
  status.closed = reader.Bool("closed");
  status.answered = reader.Bool("answered");
  status.port_taken = reader.Bool("portTaken");
  status.started_incarnation =
      static_cast<std::uint32_t>(reader.Number("startedIncarnation", UINT32_MAX));
  status.data_incarnation =
      static_cast<std::uint32_t>(reader.Number("dataIncarnation", UINT32_MAX));
  if (const Json* restore = reader.Optional("restore")) {
    Result<RestoreObservation> decoded = RestoreFromJson(*restore, name + ": restore");
    reader.Fail(decoded.status());
    if (decoded.ok()) {
      status.restore = *std::move(decoded);
    }
  }
  RETURN_IF_ERROR(reader.Finish());
  return status;
}

Result<StatusFile> ReadStatus(io::FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs, path, kMostBytes));
  return DecodeStatus(bytes, path);
}

Status WriteStatus(io::FileSystem& fs, const std::string& path, const StatusFile& status) {
  return io::WriteFileAtomically(fs, path, AsBytes(EncodeStatus(status)));
}

}  // namespace tresor::runtime
