// SPDX-License-Identifier: Apache-2.0
#include "repo/format/catalog.h"

#include <algorithm>
#include <set>

#include "repo/format/fields.h"

namespace tresor::repo {
namespace {

enum Field : std::uint32_t {
  /// DO NOT CHANGE: these numbers are in the files.
  kSequence = 1,
  kTime = 2,
  kWriter = 3,
  kBackups = 4,
};

enum EntryField : std::uint32_t {
  /// DO NOT CHANGE: these numbers are in the files.
  kBackup = 1,
  kManifest = 2,  // id, stored size
  kCompletion = 3,
  kRevision = 4,
  kSizes = 5,  // image bytes, records, record bytes, added bytes
  kHashKv = 6,
  kClusterId = 7,
  kLineage = 8,
  kEvidence = 9,
  kTags = 10,
};

Bytes EncodeEntry(const CatalogEntry& entry) {
  const BackupInfo& info = entry.info;
  FieldWriter fields;
  const auto field = [&](EntryField number, auto&& write) {
    ByteWriter out;
    write(out);
    fields.Field(number, out.view());
  };
  fields.Field(kBackup, info.id.bytes);
  field(kManifest, [&](ByteWriter& out) {
    out.Append(info.manifest.bytes);
    out.Varint(entry.manifest_stored_size);
  });
  field(kCompletion, [&](ByteWriter& out) { out.Varint(ZigZag(info.completion_unix_nanos)); });
  field(kRevision, [&](ByteWriter& out) { out.Varint(ZigZag(info.revision)); });
  field(kSizes, [&](ByteWriter& out) {
    out.Varint(info.image_bytes);
    out.Varint(info.records);
    out.Varint(info.record_bytes);
    out.Varint(info.added_bytes);
  });
  field(kHashKv, [&](ByteWriter& out) {
    out.U32(info.hash_kv.hash);
    out.Varint(ZigZag(info.hash_kv.revision));
    out.Varint(ZigZag(info.hash_kv.compact_revision));
  });
  field(kClusterId, [&](ByteWriter& out) { out.U64(info.cluster_id); });
  fields.Field(kLineage, info.lineage.bytes);
  field(kEvidence, [&](ByteWriter& out) { out.U8(static_cast<std::uint8_t>(info.evidence)); });
  field(kTags, [&](ByteWriter& out) {
    out.Varint(info.tags.size());
    for (const std::string& tag : info.tags) {
      out.LengthPrefixed(tag);
    }
  });
  return fields.Take();
}

Result<CatalogEntry> DecodeEntry(ByteView bytes) {
  FieldReader fields(bytes);
  CatalogEntry entry;
  BackupInfo& info = entry.info;
  bool ok = true;
  const auto field = [&](EntryField number, auto&& read) {
    ByteReader reader(fields.Field(number));
    read(reader);
    ok = ok && reader.done();
  };
  const auto read_id = [](ByteReader& reader) {
    const ByteView id = reader.View(Id::kSize);
    return reader.ok() ? IdOf(id) : Id{};
  };
  field(kBackup, [&](ByteReader& in) { info.id = read_id(in); });
  field(kManifest, [&](ByteReader& in) {
    info.manifest = read_id(in);
    entry.manifest_stored_size = in.Varint();
  });
  field(kCompletion, [&](ByteReader& in) { info.completion_unix_nanos = UnZigZag(in.Varint()); });
  field(kRevision, [&](ByteReader& in) { info.revision = UnZigZag(in.Varint()); });
  field(kSizes, [&](ByteReader& in) {
    info.image_bytes = in.Varint();
    info.records = in.Varint();
    info.record_bytes = in.Varint();
    info.added_bytes = in.Varint();
  });
  field(kHashKv, [&](ByteReader& in) {
    info.hash_kv.hash = in.U32();
    info.hash_kv.revision = UnZigZag(in.Varint());
    info.hash_kv.compact_revision = UnZigZag(in.Varint());
  });
  field(kClusterId, [&](ByteReader& in) { info.cluster_id = in.U64(); });
  field(kLineage, [&](ByteReader& in) { info.lineage = read_id(in); });
  field(kEvidence, [&](ByteReader& in) {
    const std::uint8_t result = in.U8();
    if (result < static_cast<std::uint8_t>(EvidenceResult::kPassed) ||
        result > static_cast<std::uint8_t>(EvidenceResult::kFailed)) {
      in.MarkBad();
    }
    info.evidence = static_cast<EvidenceResult>(result);
  });
  field(kTags, [&](ByteReader& in) {
    const std::uint64_t count = in.Varint();
    if (count > in.remaining()) {
      in.MarkBad();
      return;
    }
    info.tags.resize(count);
    for (std::string& tag : info.tags) {
      tag = ToString(in.LengthPrefixed());
    }
  });
  if (!ok || !fields.Finish()) {
    return Error(Code::kDataLoss, "a backup's entry is malformed");
  }
  return entry;
}

}  // namespace

const CatalogEntry* Catalog::Find(const Id& backup) const {
  const auto found = std::ranges::find(
      backups, backup, [](const CatalogEntry& entry) -> const Id& { return entry.info.id; });
  return found == backups.end() ? nullptr : &*found;
}

Bytes EncodeCatalog(const Catalog& catalog) {
  FieldWriter fields;
  const auto field = [&](Field number, auto&& write) {
    ByteWriter out;
    write(out);
    fields.Field(number, out.view());
  };
  field(kSequence, [&](ByteWriter& out) { out.Varint(catalog.sequence); });
  field(kTime, [&](ByteWriter& out) { out.Varint(ZigZag(catalog.time_unix_nanos)); });
  field(kWriter, [&](ByteWriter& out) {
    out.LengthPrefixed(catalog.writer_host);
    out.Varint(ZigZag(catalog.writer_process));
    out.Varint(catalog.writer_token);
  });
  field(kBackups, [&](ByteWriter& out) {
    out.Varint(catalog.backups.size());
    for (const CatalogEntry& entry : catalog.backups) {
      out.LengthPrefixed(EncodeEntry(entry));
    }
  });
  return fields.Take();
}

Result<Catalog> DecodeCatalog(ByteView bytes) {
  FieldReader fields(bytes);
  Catalog catalog;
  bool ok = true;
  const auto field = [&](Field number, auto&& read) {
    ByteReader reader(fields.Field(number));
    read(reader);
    ok = ok && reader.done();
  };
  field(kSequence, [&](ByteReader& in) { catalog.sequence = in.Varint(); });
  field(kTime, [&](ByteReader& in) { catalog.time_unix_nanos = UnZigZag(in.Varint()); });
  field(kWriter, [&](ByteReader& in) {
    catalog.writer_host = ToString(in.LengthPrefixed());
    catalog.writer_process = UnZigZag(in.Varint());
    catalog.writer_token = in.Varint();
  });
  Status entries;
  field(kBackups, [&](ByteReader& in) {
    const std::uint64_t count = in.Varint();
    if (count > in.remaining()) {
      in.MarkBad();
      return;
    }
    for (std::uint64_t i = 0; i < count && in.ok() && entries.ok(); ++i) {
      const ByteView encoded = in.LengthPrefixed();
      if (!in.ok()) {
        return;
      }
      auto entry = DecodeEntry(encoded);
      entries = entry.status();
      if (entry.ok()) {
        catalog.backups.push_back(*std::move(entry));
      }
    }
  });
  RETURN_IF_ERROR(entries);
  if (!ok || !fields.Finish() || catalog.sequence == 0) {
    return Error(Code::kDataLoss, "fields are missing, malformed or out of order");
  }
  std::set<Id> ids;
  for (const CatalogEntry& entry : catalog.backups) {
    if (!ids.insert(entry.info.id).second) {
      return Error(Code::kDataLoss, "backup {} stands twice", entry.info.id.ToString());
    }
  }
  return catalog;
}

}  // namespace tresor::repo
