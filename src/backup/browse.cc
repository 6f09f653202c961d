// SPDX-License-Identifier: Apache-2.0
#include "backup/browse.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/random.h"
#include "crypto/crypto.h"

namespace tresor::backup {
namespace {

using RecordVisit = std::function<Status(const repo::Record&, const etcd::KeyValue&)>;

bool Passes(const KeyFilter& filter, std::string_view key) {
  return key.starts_with(filter.prefix) && (!filter.matches || filter.matches(key));
}

/// Every record whose user key passes.
Status ForEachRecord(const Context& context, const Source& source, const KeyFilter& filter,
                     const RecordVisit& visit) {
  ASSIGN_OR_RETURN(const auto stream, source.Records(context, {}));
  while (true) {
    ASSIGN_OR_RETURN(const auto batch, stream->Next(context));
    if (!batch.has_value()) {
      return OkStatus();
    }
    for (const repo::Record& record : batch->records) {
      if (record.value.empty()) {
        continue;  // the record that --bump-revision wrote
      }
      const Result<etcd::KeyValue> value = etcd::DecodeKeyValue(record.value);
      if (!value.ok()) {
        return Annotate(value.status(), "record " + etcd::ToString(record.key));
      }
      if (Passes(filter, AsText(value->key))) {
        RETURN_IF_ERROR(visit(record, *value));
      }
    }
  }
}

struct Latest {
  etcd::RecordKey record;
  std::int64_t create_revision = 0;
  std::int64_t version = 0;
  std::int64_t lease = 0;
  std::uint64_t value_bytes = 0;
  std::uint64_t fingerprint = 0;  // of the whole KeyValue; only for comparing
};

using LatestByKey = std::unordered_map<std::string, Latest>;

Result<LatestByKey> FindLatest(const Context& context, const Source& source,
                               const KeyFilter& filter, crypto::Fingerprinter* fingerprint) {
  LatestByKey latest;
  RETURN_IF_ERROR(ForEachRecord(
      context, source, filter, [&](const repo::Record& record, const etcd::KeyValue& value) {
        if (record.key.tombstone) {
          latest.erase(ToString(value.key));
        } else {
          latest[ToString(value.key)] = {
              .record = record.key,
              .create_revision = value.create_revision,
              .version = value.version,
              .lease = value.lease,
              .value_bytes = value.value.size(),
              .fingerprint = fingerprint == nullptr ? 0 : (*fingerprint)(0, 0, record.value)};
        }
        return OkStatus();
      }));
  return latest;
}

LiveKey ToLiveKey(const std::string& key, const Latest& latest) {
  return {.key = key,
          .record = latest.record,
          .create_revision = latest.create_revision,
          .version = latest.version,
          .lease = latest.lease,
          .value_bytes = latest.value_bytes};
}

}  // namespace

Result<std::vector<LiveKey>> ListKeys(const Context& context, const Source& source,
                                      const KeyFilter& filter) {
  ASSIGN_OR_RETURN(LatestByKey latest, FindLatest(context, source, filter, nullptr));
  std::vector<LiveKey> keys;
  keys.reserve(latest.size());
  while (!latest.empty()) {
    auto node = latest.extract(latest.begin());
    LiveKey& key = keys.emplace_back(ToLiveKey({}, node.mapped()));
    key.key = std::move(node.key());
  }
  std::ranges::sort(keys, {}, &LiveKey::key);
  return keys;
}

Result<KeyState> GetKey(const Context& context, const Source& source, std::string_view key,
                        std::int64_t revision) {
  const etcd::StoreRevisions& revisions = source.facts().revisions;
  if (revision == 0) {
    revision = revisions.current;
  }
  if (revision > revisions.current) {
    return Error(Code::kOutOfRange, "{}: revision {} is in the future, the newest is {}",
                 source.facts().name, revision, revisions.current);
  }
  if (revision < revisions.compacted()) {
    return Error(Code::kOutOfRange, "{}: revision {} is compacted, the oldest is {}",
                 source.facts().name, revision, revisions.compacted());
  }
  ASSIGN_OR_RETURN(const repo::RecordBatch records, source.Lookup(context, AsBytes(key)));
  const repo::Record* latest = nullptr;
  for (const repo::Record& record : records.records) {
    if (record.key.main <= revision) {
      latest = &record;
    }
  }
  if (latest == nullptr || latest->key.tombstone) {
    return Error(Code::kNotFound, "{}: no key \"{}\" at revision {}", source.facts().name, key,
                 revision);
  }
  ASSIGN_OR_RETURN(const etcd::KeyValue value, etcd::DecodeKeyValue(latest->value));
  return KeyState{.key = {.key = std::string(key),
                          .record = latest->key,
                          .create_revision = value.create_revision,
                          .version = value.version,
                          .lease = value.lease,
                          .value_bytes = value.value.size()},
                  .value = ToBytes(value.value)};
}

Status ForEachLive(const Context& context, const Source& source, const KeyFilter& filter,
                   const std::function<Status(const etcd::KeyValue&)>& visit) {
  const crypto::KeyedHash hash(crypto::SecretKey::Generate(SystemRandom()));
  std::unordered_map<std::uint64_t, etcd::RecordKey> latest;  // by user key
  RETURN_IF_ERROR(ForEachRecord(context, source, filter,
                                [&](const repo::Record& record, const etcd::KeyValue& value) {
                                  latest[hash(value.key)] = record.key;
                                  return OkStatus();
                                }));
  return ForEachRecord(
      context, source, filter, [&](const repo::Record& record, const etcd::KeyValue& value) {
        const bool live = !record.key.tombstone && latest[hash(value.key)] == record.key;
        return live ? visit(value) : OkStatus();
      });
}

Result<std::vector<Difference>> DiffKeys(const Context& context, const Source& before,
                                         const Source& after, const KeyFilter& filter) {
  // One key for both sides; it never leaves this function.
  crypto::Fingerprinter fingerprint(crypto::SecretKey::Generate(SystemRandom()));
  ASSIGN_OR_RETURN(LatestByKey old_keys, FindLatest(context, before, filter, &fingerprint));
  ASSIGN_OR_RETURN(const LatestByKey new_keys, FindLatest(context, after, filter, &fingerprint));

  std::vector<Difference> differences;
  for (const auto& [key, now] : new_keys) {
    const auto was = old_keys.find(key);
    if (was == old_keys.end()) {
      differences.push_back(
          {.change = Change::kAdded, .before = std::nullopt, .after = ToLiveKey(key, now)});
      continue;
    }
    if (was->second.record != now.record || was->second.fingerprint != now.fingerprint) {
      differences.push_back({.change = Change::kChanged,
                             .before = ToLiveKey(key, was->second),
                             .after = ToLiveKey(key, now)});
    }
    old_keys.erase(was);
  }
  for (const auto& [key, was] : old_keys) {
    differences.push_back(
        {.change = Change::kRemoved, .before = ToLiveKey(key, was), .after = std::nullopt});
  }
  std::ranges::sort(differences, {}, &Difference::key);
  return differences;
}

}  // namespace tresor::backup
