// SPDX-License-Identifier: Apache-2.0
#include "runtime/member/journal.h"

#include <algorithm>

#include "runtime/member/document.h"
#include "runtime/member/layout.h"
#include "runtime/member/order.h"
#include "runtime/member/restore_json.h"

namespace tresor::runtime {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMostBytes = 4 << 20;

Status Bug(std::string_view text) { return Error(Code::kInternal, "restore journal: {}", text); }
Status Bad(std::string_view text) { return Error(Code::kDataLoss, "restore journal: {}", text); }

RestoreStep StepNumber(std::size_t index) { return static_cast<RestoreStep>(index); }

Json ToJson(const StepRecord& record) {
  Json json = {{"begun", record.begun_unix_nanos}};
  if (record.done_unix_nanos) {
    json["done"] = *record.done_unix_nanos;
  }
  return json;
}

void ReadTimes(ObjectReader& reader, StepRecord& record) {
  record.begun_unix_nanos = reader.Signed("begun");
  if (reader.Optional("done") != nullptr) {
    record.done_unix_nanos = reader.Signed("done");
  }
}

Result<RestoreRecord> RecordFromJson(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  RestoreRecord record;
  record.id = reader.Text("id");
  for (const Json& item : reader.Array("steps")) {
    ObjectReader step_reader(item, where + ": steps");
    StepRecord& step = record.steps.emplace_back();
    if (const auto name = ParseRestoreStep(step_reader.Text("step"))) {
      step.step = *name;
    } else {
      step_reader.Fail("step", "no step of a restore");
    }
    ReadTimes(step_reader, step);
    reader.Fail(step_reader.Finish());
  }
  record.had_data = reader.Bool("hadData");
  record.rebuilt = ReadRebuilt(reader, "rebuilt");
  record.verified = reader.Bool("verified");
  if (const Json* roll_back = reader.Optional("rollBack")) {
    ObjectReader roll_back_reader(*roll_back, where + ": rollBack");
    ReadTimes(roll_back_reader, record.roll_back.emplace());
    reader.Fail(roll_back_reader.Finish());
  }
  RETURN_IF_ERROR(reader.Finish());
  return record;
}

Status CheckRecord(const RestoreRecord& record) {
  if (!CheckFileId("restore", record.id).ok()) {
    return Bad("an id is not a name for a file");
  }
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    if (record.steps[i].step != StepNumber(i)) {
      return Bad("steps are not in their order");
    }
    if (i + 1 < record.steps.size() && !record.steps[i].done_unix_nanos) {
      return Bad("a step was begun before the one before it was done");
    }
  }
  if (record.steps.empty() && !record.roll_back) {
    return Bad("nothing was begun");
  }
  if (record.roll_back && record.begun(RestoreStep::kOpen)) {
    return Bad("rolled back after its data was open to clients");
  }
  const bool is_rebuilt = record.done() >= RestoreStep::kRebuild;
  if (record.rebuilt.has_value() != is_rebuilt) {
    return Bad("what was rebuilt is told when, and only when, it was");
  }
  return OkStatus();
}

}  // namespace

std::optional<RestoreStep> RestoreRecord::done() const {
  std::optional<RestoreStep> last;
  for (const StepRecord& record : steps) {
    if (record.done_unix_nanos) {
      last = record.step;
    }
  }
  return last;
}

bool RestoreRecord::begun(RestoreStep step) const {
  return std::ranges::any_of(steps, [&](const StepRecord& record) { return record.step == step; });
}

bool RestoreRecord::over() const { return rolled_back() || done() == RestoreStep::kForget; }

std::optional<FinishedRestore> RestoreJournal::Finished(std::string_view id) const {
  if (current && current->id == id) {
    return current->over() ? std::optional(FinishedRestore{.id = current->id,
                                                           .rolled_back = current->rolled_back()})
                           : std::nullopt;
  }
  const auto found =
      std::ranges::find_if(finished, [&](const FinishedRestore& one) { return one.id == id; });
  return found == finished.end() ? std::nullopt : std::optional(*found);
}

Status CheckJournal(const RestoreJournal& journal) {
  if (journal.finished.size() > RestoreJournal::kMostFinished) {
    return Bad("too many restores");
  }
  if (journal.current) {
    RETURN_IF_ERROR(CheckRecord(*journal.current));
    for (const FinishedRestore& one : journal.finished) {
      if (one.id == journal.current->id) {
        return Bad("a restore was begun twice");
      }
    }
  }
  return OkStatus();
}

namespace {

/// Makes `id` the current restore, if it is not; the former one joins those that are over.
Status MakeCurrent(RestoreJournal& journal, const std::string& id) {
  if (journal.current && journal.current->id == id) {
    return journal.current->over() ? Bug("this restore is over") : OkStatus();
  }
  if (journal.busy()) {
    return Bug("another restore is not over");
  }
  if (journal.Finished(id)) {
    return Bug("this restore is over");
  }
  if (journal.current) {
    journal.finished.push_back(
        {.id = journal.current->id, .rolled_back = journal.current->rolled_back()});
    if (journal.finished.size() > RestoreJournal::kMostFinished) {
      journal.finished.erase(journal.finished.begin());
    }
  }
  journal.current = RestoreRecord{.id = id,
                                  .steps = {},
                                  .had_data = false,
                                  .rebuilt = std::nullopt,
                                  .verified = false,
                                  .roll_back = std::nullopt};
  return OkStatus();
}

}  // namespace

Status BeginStep(RestoreJournal& journal, const std::string& id, RestoreStep step, WallTime now) {
  RETURN_IF_ERROR(MakeCurrent(journal, id));
  RestoreRecord& record = *journal.current;
  if (record.roll_back) {
    return Bug("it is being rolled back");
  }
  if (record.begun(step)) {
    return record.steps.back().step == step && !record.steps.back().done_unix_nanos
               ? OkStatus()
               : Bug("this step is done");
  }
  if (StepNumber(record.steps.size()) != step ||
      (!record.steps.empty() && !record.steps.back().done_unix_nanos)) {
    return Bug("another step comes before this one");
  }
  record.steps.push_back(
      {.step = step, .begun_unix_nanos = ToUnixNanos(now), .done_unix_nanos = std::nullopt});
  return OkStatus();
}

Status EndStep(RestoreJournal& journal, RestoreStep step, WallTime now) {
  if (!journal.current || journal.current->steps.empty() ||
      journal.current->steps.back().step != step || journal.current->steps.back().done_unix_nanos) {
    return Bug("this step is not under way");
  }
  journal.current->steps.back().done_unix_nanos = ToUnixNanos(now);
  return OkStatus();
}

Status BeginRollBack(RestoreJournal& journal, const std::string& id, WallTime now) {
  RETURN_IF_ERROR(MakeCurrent(journal, id));
  RestoreRecord& record = *journal.current;
  if (record.begun(RestoreStep::kOpen)) {
    return Bug("its data is open to clients");
  }
  if (!record.roll_back) {
    record.roll_back = StepRecord{
        .step = {}, .begun_unix_nanos = ToUnixNanos(now), .done_unix_nanos = std::nullopt};
  }
  return OkStatus();
}

Status EndRollBack(RestoreJournal& journal, WallTime now) {
  if (!journal.current || !journal.current->roll_back || journal.current->rolled_back()) {
    return Bug("no roll-back is under way");
  }
  journal.current->roll_back->done_unix_nanos = ToUnixNanos(now);
  return OkStatus();
}

std::string EncodeJournal(const RestoreJournal& journal) {
  Json finished = Json::array();
  for (const FinishedRestore& one : journal.finished) {
    finished.push_back({{"id", one.id}, {"rolledBack", one.rolled_back}});
  }
  Json json = {{"version", kVersion}, {"finished", finished}};
  if (const auto& record = journal.current) {
    Json steps = Json::array();
    for (const StepRecord& step : record->steps) {
      Json item = ToJson(step);
      item["step"] = ToString(step.step);
      steps.push_back(std::move(item));
    }
    Json current = {{"id", record->id},
                    {"steps", steps},
                    {"hadData", record->had_data},
                    {"verified", record->verified}};
    if (record->rebuilt) {
      current["rebuilt"] = ToJson(*record->rebuilt);
    }
    if (record->roll_back) {
      current["rollBack"] = ToJson(*record->roll_back);
    }
    json["current"] = std::move(current);
  }
  return PrintDocument(json);
}

Result<RestoreJournal> DecodeJournal(ByteView bytes, const std::string& name) {
  ASSIGN_OR_RETURN(const Json json, ParseDocument(bytes, name, kVersion));
  ObjectReader reader(json, name);
  RestoreJournal journal;
  for (const Json& item : reader.Array("finished")) {
    ObjectReader one(item, name + ": finished");
    journal.finished.push_back({.id = one.Text("id"), .rolled_back = one.Bool("rolledBack")});
    reader.Fail(one.Finish());
  }
  if (const Json* current = reader.Optional("current")) {
    Result<RestoreRecord> record = RecordFromJson(*current, name + ": current");
    reader.Fail(record.status());
    if (record.ok()) {
      journal.current = *std::move(record);
    }
  }
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(Annotate(CheckJournal(journal), name));
  return journal;
}

Result<RestoreJournal> ReadJournal(io::FileSystem& fs, const std::string& path) {
  const Result<Bytes> bytes = io::ReadFile(fs, path, kMostBytes);
  if (bytes.status().code() == Code::kNotFound) {
    return RestoreJournal{};
  }
  RETURN_IF_ERROR(bytes.status());
  return DecodeJournal(*bytes, path);
}

Status WriteJournal(io::FileSystem& fs, const std::string& path, const RestoreJournal& journal) {
  const Status sound = CheckJournal(journal);
  if (!sound.ok()) {
    return Error(Code::kInternal, "{}", Message(sound));
  }
  return io::WriteFileAtomically(fs, path, AsBytes(EncodeJournal(journal)));
}

}  // namespace tresor::runtime
