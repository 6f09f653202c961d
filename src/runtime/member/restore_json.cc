// SPDX-License-Identifier: Apache-2.0
#include "runtime/member/restore_json.h"

#include "runtime/member/layout.h"
#include "runtime/member/order.h"

namespace tresor::runtime {

Json ToJson(const RestoreOrder& restore) {
  Json json = {{"id", restore.id},
               {"until", ToString(restore.until)},
               {"rollBack", restore.roll_back},
               {"repository", restore.repository},
               {"keyFile", restore.key_file},
               {"backup", restore.backup},
               {"bumpRevision", restore.bump_revision},
               {"markCompacted", restore.mark_compacted}};
  if (!restore.without.empty()) {
    json["without"] = restore.without;
  }
  return json;
}

std::optional<RestoreOrder> ReadRestore(ObjectReader& outer, const std::string& field) {
  const Json* json = outer.Optional(field);
  if (json == nullptr) {
    return std::nullopt;
  }
  ObjectReader reader(*json, outer.where() + ": " + field);
  RestoreOrder restore;
  restore.id = reader.Text("id");
  if (reader.ok() && !CheckFileId("id", restore.id).ok()) {
    reader.Fail("id", "not a name for a file");
  }
  if (const auto step = ParseRestoreStep(reader.Text("until"))) {
    restore.until = *step;
  } else {
    reader.Fail("until", "no step of a restore");
  }
  restore.roll_back = reader.Bool("rollBack");
  restore.repository = reader.Text("repository");
  restore.key_file = reader.Text("keyFile");
  restore.backup = reader.Text("backup");
  restore.bump_revision = reader.Signed("bumpRevision");
  restore.mark_compacted = reader.Bool("markCompacted");
  if (reader.Optional("without") != nullptr) {
    restore.without = reader.Texts("without");
  }
  outer.Fail(reader.Finish());
  return restore;
}

Json ToJson(const RebuiltData& rebuilt) {
  return {{"revision", rebuilt.revision},
          {"compactRevision", rebuilt.compact_revision},
          {"hash", rebuilt.hash},
          {"dbBytes", rebuilt.db_bytes}};
}

std::optional<RebuiltData> ReadRebuilt(ObjectReader& reader, const std::string& field) {
  const Json* json = reader.Optional(field);
  if (json == nullptr) {
    return std::nullopt;
  }
  ObjectReader rebuilt(*json, reader.where() + ": " + field);
  RebuiltData data;
  data.revision = rebuilt.Signed("revision");
  data.compact_revision = rebuilt.Signed("compactRevision");
  data.hash = static_cast<std::uint32_t>(rebuilt.Number("hash", UINT32_MAX));
  data.db_bytes = rebuilt.Number("dbBytes");
  reader.Fail(rebuilt.Finish());
  return data;
}

}  // namespace tresor::runtime
