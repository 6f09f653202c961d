// SPDX-License-Identifier: Apache-2.0
// Objects of every kind, as clients send them: what conforms once conforms again without a change,
// and can be shown and read.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "objects/backup_destination.h"
#include "objects/etcd_backup.h"
#include "objects/etcd_backup_config.h"
#include "objects/etcd_cluster.h"
#include "objects/etcd_restore.h"
#include "objects/kinds.h"
#include "objects/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor::objects;
  if (size == 0) {
    return 0;
  }
  const auto& kinds = KindRegistry::BuiltIn().all();
  const Kind& kind = kinds[data[0] % kinds.size()];
  const auto json = ParseJson({reinterpret_cast<const char*>(data + 1), size - 1});
  if (!json.ok()) {
    return 0;
  }
  Object object{*json};
  std::vector<std::string> warnings;
  const auto errors = Conform(kind, object, nullptr, warnings);
  (void)TableCells(kind, object, tresor::WallTime{});
  (void)EtcdClusterStatus::FromObject(object);
  (void)EtcdBackupConfigStatus::FromObject(object);
  (void)EtcdBackupStatus::FromObject(object);
  (void)EtcdRestoreStatus::FromObject(object);
  (void)BackupDestinationSpec::FromObject(object);
  if (errors.empty()) {
    Object again = object;
    warnings.clear();
    TRESOR_CHECK(Conform(kind, again, &object, warnings).empty());
    TRESOR_CHECK(warnings.empty() && again == object);
  }
  return 0;
}
