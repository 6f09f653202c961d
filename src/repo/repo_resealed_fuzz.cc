// SPDX-License-Identifier: Apache-2.0
// A repository that somebody changed who has its key. Nothing crashes; check finds what reading
// stumbles over; prune leaves every backup as it was.
//
// Sealed objects hide their structure from a fuzzer (tamper_test changes them as they are). So what
// is inside a small repository is edited, and sealed again, with sizes and names that fit.
//
// Input: edits of five bytes: part u8, how u8, where u16, value u8.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "blob/memory.h"
#include "repo/format/names.h"
#include "repo/key_slots.h"
#include "repo/segment_reader.h"
#include "repo/test_repository.h"

namespace tresor::repo {
namespace {

struct SegmentParts {
  Id id;
  Directory directory;
  std::vector<Bytes> frames;
  std::vector<IndexBlock> blocks;
};

/// The repository that is edited, taken apart.
struct Base {
  std::vector<std::pair<std::string, Bytes>> other;  // config, key slots, locks: as they are
  Catalog catalog;
  std::vector<Manifest> manifests;  // of catalog.backups
  std::vector<std::pair<Id, Bytes>> blobs;
  std::vector<SegmentParts> segments;
};

Base MakeBase(const Context& context) {
  const auto store = blob::MakeMemoryStore();
  SeededRandom random(1);
  TRESOR_CHECK(InitTestRepository(context, *store, random).ok());
  const auto repository = OpenTestRepository(context, *store, random).value();
  FakeEtcd etcd(2);
  for (int i = 0; i < 3; ++i) {
    etcd.Churn(25, 10, 120);
    etcd.Compact(etcd.revision() - 10);
    Snapshot snapshot = etcd.snapshot();
    snapshot.buckets.push_back({"lease", 0, {{"k", std::string(40, 'l')}}});
    snapshot.buckets.push_back({"meta", 0, {{"confState", std::string(3000, 'c')}}});
    TRESOR_CHECK(Save(context, *repository, snapshot).ok());
  }

  const KeyRing keys = Unlock(context, *store, TestCredential()).value();
  const Objects objects(*store, keys, random, 1);
  Base base;
  base.catalog = objects.ReadCatalog(context).value();
  for (const CatalogEntry& entry : base.catalog.backups) {
    base.manifests.push_back(objects.ReadManifest(context, entry).value());
  }
  const std::vector<blob::BlobInfo> present = store->List(context, "").value();
  for (const blob::BlobInfo& info : present) {
    const ParsedName name = ParseName(info.name).value();
    if (name.kind == ObjectKind::kBlob) {
      base.blobs.emplace_back(name.id, objects.ReadBlob(context, name.id).value());
    } else if (name.kind == ObjectKind::kSegment) {
      const auto reader =
          SegmentReader::OpenBySize(context, objects, name.id, info.size_bytes).value();
      SegmentParts& segment = base.segments.emplace_back();
      segment.id = name.id;
      segment.directory = reader->directory();
      const auto frames = reader->ReadFrames(context, 0, segment.directory.frames.size()).value();
      for (const OpenedFrame& frame : frames) {
        segment.frames.push_back(*frame.raw);
      }
      for (std::size_t i = 0; i < segment.directory.blocks.size(); ++i) {
        segment.blocks.push_back(reader->ReadBlock(context, i).value());
      }
    } else if (name.kind == ObjectKind::kConfig || name.kind == ObjectKind::kKey) {
      base.other.emplace_back(info.name,
                              store->GetAll(context, info.name, info.size_bytes).value());
    }
  }
  return base;
}

class Editor {
 public:
  explicit Editor(ByteView input) : input_(input) {}

  /// Makes the edits of the next part; false: there are none.
  bool Edit(Bytes& raw) {
    const auto part = next_part_++;
    bool edited = false;
    ByteReader reader(input_);
    while (reader.remaining() >= 5) {
      const std::uint8_t which = reader.U8();
      const std::uint8_t how = reader.U8();
      const std::size_t where = reader.U16();
      const auto value = static_cast<std::byte>(reader.U8());
      if (which == part) {
        edited = true;
        Apply(how % 6, where % (raw.size() + 1), value, raw);
      }
    }
    return edited;
  }

 private:
  static void Apply(int how, std::size_t where, std::byte value, Bytes& raw) {
    const auto at = raw.begin() + static_cast<std::ptrdiff_t>(where);
    if (how == 0) {
      raw.insert(at, value);
    } else if (at == raw.end()) {
      return;
    } else if (how == 1) {
      *at = value;
    } else if (how == 2) {
      *at ^= value;
    } else if (how == 3) {
      const auto count =
          std::min<std::ptrdiff_t>(std::to_integer<std::ptrdiff_t>(value), raw.end() - at);
      raw.erase(at, at + count);
    } else if (how == 4) {
      raw.resize(where);
    } else {
      const Bytes again(at, at + std::min<std::ptrdiff_t>(std::to_integer<std::ptrdiff_t>(value),
                                                          raw.end() - at));
      raw.insert(at, again.begin(), again.end());
    }
  }

  const ByteView input_;
  unsigned next_part_ = 0;
};

Bytes Decompressed(ByteView frame, std::uint64_t size) {
  Bytes raw(size);
  TRESOR_CHECK(Decompressor().Decompress(frame, raw).ok());
  return raw;
}

/// Puts the edited repository together again, in `store`.
class Rebuilder {
 public:
  Rebuilder(const Context& context, blob::BlobStore& store, const Base& base, ByteView input)
      : context_(context), store_(store), base_(base), editor_(input) {
    for (const auto& [name, bytes] : base.other) {
      Put(name, bytes);
    }
    keys_.emplace(Unlock(context, store, TestCredential()).value());
  }

  void Run() {
    // The parts that can be edited are numbered in this order.
    for (const auto& [id, content] : base_.blobs) {
      Blob(id, content);
    }
    for (const SegmentParts& segment : base_.segments) {
      Segment(segment);
    }
    Catalog catalog = base_.catalog;
    for (std::size_t i = 0; i < base_.manifests.size(); ++i) {
      CatalogEntry& entry = catalog.backups[i];
      const Manifest manifest = Fitted(base_.manifests[i]);
      entry.info.records = manifest.records;
      entry.manifest_stored_size =
          One(ObjectKind::kManifest, ManifestName(entry.info.manifest), EncodeManifest(manifest));
    }
    One(ObjectKind::kCatalog, CatalogName(catalog.sequence), EncodeCatalog(catalog));
  }

 private:
  void Put(const std::string& name, ByteView bytes) {
    // Two blobs may have become one.
    (void)store_.Put(context_, name, bytes);
  }

  std::uint64_t One(ObjectKind kind, const std::string& name, Bytes raw) {
    editor_.Edit(raw);
    const Bytes object = keys_->Seal(kind, name, raw, 1, random_);
    Put(name, object);
    return object.size();
  }

  void Blob(const Id& id, Bytes content) {
    editor_.Edit(content);
    const Id new_id = keys_->BlobId(content);
    const Bytes object = keys_->Seal(ObjectKind::kBlob, BlobName(new_id), content, 1, random_);
    Put(BlobName(new_id), object);
    blobs_[id] = {new_id, object.size()};
  }

  void Segment(const SegmentParts& parts) {
    const std::string name = SegmentName(parts.id);
    ObjectCipher cipher = keys_->NewCipher(ObjectKind::kSegment, name, random_);
    Directory directory = parts.directory;
    std::vector<IndexBlock> blocks = parts.blocks;
    Bytes object = ToBytes(ByteView(cipher.header()));
    const auto seal = [&](std::uint64_t part, ByteView plain) {
      cipher.Seal(part, plain, object);
      return plain.size() + kPartOverhead;
    };

    std::size_t frame = 0;
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      std::size_t ordinal = 0;
      for (std::size_t i = 0; i < directory.blocks[block].frames; ++i, ++frame) {
        Bytes raw = parts.frames[frame];
        if (editor_.Edit(raw)) {
          FitToFrame(raw, ordinal, directory.frames[frame], blocks[block]);
        }
        Bytes compressed;
        compressor_.Compress(raw, compressed);
        directory.frames[frame].raw_size = raw.size();
        directory.frames[frame].sealed_size = seal(frame, compressed);
        ordinal += directory.frames[frame].records;
      }
    }
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      const EncodedIndexBlock encoded = EncodeIndexBlock(blocks[block], compressor_);
      ByteReader reader(encoded.bytes);
      Bytes keys = Decompressed(reader.LengthPrefixed(), encoded.raw_keys_size);
      Bytes tags = ToBytes(reader.View(reader.remaining()));
      editor_.Edit(keys);
      editor_.Edit(tags);
      Bytes compressed;
      compressor_.Compress(keys, compressed);
      ByteWriter writer;
      writer.LengthPrefixed(compressed);
      writer.Append(tags);
      directory.blocks[block].raw_keys_size = keys.size();
      directory.blocks[block].sealed_size = seal(kIndexPart + block, writer.view());
    }
    directory.records = 0;
    for (const FrameInfo& info : directory.frames) {
      directory.records += info.records;
    }

    const Bytes encoded = EncodeDirectory(directory, compressor_);
    ByteReader reader(encoded);
    const std::uint64_t raw_size = reader.Varint();
    Bytes raw = Decompressed(reader.View(reader.remaining()), raw_size);
    editor_.Edit(raw);
    ByteWriter writer;
    writer.Varint(raw.size());
    compressor_.Compress(raw, writer.bytes());
    const std::uint64_t offset = object.size();
    const std::uint64_t directory_size = seal(kDirectoryPart, writer.view());
    AppendTrailer({offset, static_cast<std::uint32_t>(directory_size)}, object);
    Put(name, object);
    segments_[parts.id] = {.id = parts.id,
                           .stored_size = object.size(),
                           .directory_sealed_size = directory_size,
                           .records = directory.records,
                           .live = directory.records,
                           .map = {}};
  }

  /// What the directory and the index say of a frame, as it is now, if it is one.
  static void FitToFrame(ByteView raw, std::size_t ordinal, FrameInfo& info, IndexBlock& block) {
    const auto records = DecodeFrame(raw);
    if (!records.ok()) {
      return;
    }
    const auto at = static_cast<std::ptrdiff_t>(ordinal);
    const auto old = static_cast<std::ptrdiff_t>(info.records);
    block.keys.erase(block.keys.begin() + at, block.keys.begin() + at + old);
    block.tags.erase(block.tags.begin() + at, block.tags.begin() + at + old);
    std::vector<PackedKey> keys;
    for (const FrameRecord& record : *records) {
      keys.push_back(record.key);
    }
    block.keys.insert(block.keys.begin() + at, keys.begin(), keys.end());
    block.tags.insert(block.tags.begin() + at, keys.size(), 7);
    info.records = keys.size();
    info.first = keys.front();
    info.last = keys.back();
    // An index whose keys do not ascend can't be written.
    if (!std::ranges::is_sorted(block.keys)) {
      std::ranges::sort(block.keys);
    }
  }

  [[nodiscard]] Manifest Fitted(Manifest manifest) const {
    const auto fit = [&](BlobRef& ref) { ref = blobs_.at(ref.id); };
    for (BucketPart& part : manifest.bucket_parts) {
      if (auto* ref = std::get_if<BlobRef>(&part)) {
        fit(*ref);
      }
    }
    std::ranges::for_each(manifest.live_map_blobs, fit);
    manifest.records = 0;
    for (SegmentRef& ref : manifest.segments) {
      const SegmentRef& now = segments_.at(ref.id);
      ref.stored_size = now.stored_size;
      ref.directory_sealed_size = now.directory_sealed_size;
      ref.records = now.records;
      if (ref.map) {
        ref.map->blob = blobs_.at(ref.map->blob).id;
      } else {
        ref.live = now.live;
      }
      manifest.records += ref.live;
    }
    return manifest;
  }

  const Context& context_;
  blob::BlobStore& store_;
  const Base& base_;
  Editor editor_;
  std::optional<KeyRing> keys_;
  SeededRandom random_{3};
  Compressor compressor_{1};
  std::map<Id, BlobRef> blobs_;
  std::map<Id, SegmentRef> segments_;
};

using Backups = std::map<Id, Result<Snapshot>>;

Backups ReadBackups(const Context& context, Repository& repository,
                    const std::vector<BackupInfo>& list) {
  Backups backups;
  for (const BackupInfo& info : list) {
    backups.emplace(info.id, ReadAll(context, repository, info.id));
  }
  return backups;
}

void LookUp(const Context& context, Repository& repository, const BackupInfo& info) {
  if (const auto backup = repository.OpenBackup(context, info.id); backup.ok()) {
    (void)(*backup)->Lookup(context, AsBytes("/registry/leases/1")).ok();
  }
}

bool IsHarmed(const CheckReport& report, const Id& backup) {
  return std::ranges::any_of(report.findings, [&](const Finding& finding) {
    return finding.fatal && std::ranges::find(finding.backups, backup) != finding.backups.end();
  });
}

void Run(ByteView input) {
  static const FakeClock& clock = *new FakeClock;
  static const Context& context = *new Context(Context::Background().WithClock(clock));
  static const Base& base = *new Base(MakeBase(context));

  const auto store = blob::MakeMemoryStore();
  Rebuilder(context, *store, base, input).Run();
  SeededRandom random(4);
  const auto repository = OpenTestRepository(context, *store, random).value();

  const auto report = repository->Check(context, {.read_data = true});
  TRESOR_CHECK(report.ok());
  // As it was: else this looks at nothing.
  TRESOR_CHECK(!input.empty() || report->findings.empty());
  const auto list = repository->List(context);
  if (!list.ok()) {
    TRESOR_CHECK(!report->ok());
    return;
  }
  const Backups before = ReadBackups(context, *repository, *list);
  for (const auto& [id, snapshot] : before) {
    TRESOR_CHECK(snapshot.ok() || IsHarmed(*report, id));
  }
  for (const BackupInfo& info : *list) {
    LookUp(context, *repository, info);
  }
  (void)repository->GetStats(context).ok();
  (void)repository->Prune(context, {.max_unused = 0}).ok();
  const Backups after = ReadBackups(context, *repository, *list);
  for (const auto& [id, snapshot] : before) {
    const auto& now = after.at(id);
    TRESOR_CHECK(!snapshot.ok() || (now.ok() && *now == *snapshot));
  }
}

}  // namespace
}  // namespace tresor::repo

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tresor::repo::Run(std::as_bytes(std::span(data, size)));
  return 0;
}
