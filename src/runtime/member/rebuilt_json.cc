// SPDX-License-Identifier: Apache-2.0
#include "runtime/member/rebuilt_json.h"

namespace tresor::runtime {

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
