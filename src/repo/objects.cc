// SPDX-License-Identifier: Apache-2.0
#include "repo/objects.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"
#include "repo/format/names.h"

namespace tresor::repo {
namespace {

/// How often a newer catalog may take the place of the one that was listed, before we give up.
constexpr int kCatalogAttempts = 8;

Status CheckManifestAgainst(const CatalogEntry& entry, const Manifest& manifest) {
  const BackupInfo& info = entry.info;
  if (manifest.backup != info.id || manifest.records != info.records ||
      manifest.lineage.id != info.lineage) {
    return Error(Code::kDataLoss, "{}: is not of backup {}", ManifestName(info.manifest),
                 info.id.ToString());
  }
  return OkStatus();
}

}  // namespace

Result<Bytes> Objects::Read(const Context& context, ObjectKind kind, std::string_view name) const {
  auto stored = store_.GetAll(context, name, kMaxSealedSize);
  if (!stored.ok()) {
    return Annotate(stored.status(), name);
  }
  return keys_.Open(kind, name, *stored);
}

Result<std::uint64_t> Objects::Write(const Context& context, ObjectKind kind, std::string_view name,
                                     ByteView raw) const {
  const Bytes sealed = keys_.Seal(kind, name, raw, compression_level_, random_);
  if (Status status = store_.Put(context, name, sealed); !status.ok()) {
    return Annotate(status, name);
  }
  ASSIGN_OR_RETURN(const Bytes read_back, Read(context, kind, name));
  if (!Equal(read_back, raw)) {
    return Error(Code::kDataLoss, "{}: what was read back is not what was written", name);
  }
  return sealed.size();
}

Result<Objects::WrittenBlob> Objects::WriteBlob(const Context& context, ByteView content) const {
  WrittenBlob blob;
  blob.ref.id = keys_.BlobId(content);
  const std::string name = BlobName(blob.ref.id);
  auto written = Write(context, ObjectKind::kBlob, name, content);
  if (written.ok()) {
    blob.ref.stored_size = *written;
    blob.is_new = true;
    return blob;
  }
  if (written.status().code() != Code::kAlreadyExists) {
    return written.status();
  }
  ASSIGN_OR_RETURN(const Bytes present, Read(context, ObjectKind::kBlob, name));
  if (!Equal(present, content)) {
    return Error(Code::kDataLoss, "{}: is there, with another content than its name says", name);
  }
  auto info = store_.Stat(context, name);
  if (!info.ok()) {
    return Annotate(info.status(), name);
  }
  blob.ref.stored_size = info->size_bytes;
  return blob;
}

Result<Bytes> Objects::ReadBlob(const Context& context, const Id& id) const {
  const std::string name = BlobName(id);
  ASSIGN_OR_RETURN(Bytes content, Read(context, ObjectKind::kBlob, name));
  if (keys_.BlobId(content) != id) {
    return Error(Code::kDataLoss, "{}: another content than its name says", name);
  }
  return content;
}

Result<Manifest> Objects::ReadManifest(const Context& context, const Id& id) const {
  const std::string name = ManifestName(id);
  ASSIGN_OR_RETURN(const Bytes raw, Read(context, ObjectKind::kManifest, name));
  auto manifest = DecodeManifest(raw);
  if (!manifest.ok()) {
    return Annotate(manifest.status(), name);
  }
  return manifest;
}

Result<Manifest> Objects::ReadManifest(const Context& context, const CatalogEntry& entry) const {
  ASSIGN_OR_RETURN(Manifest manifest, ReadManifest(context, entry.info.manifest));
  RETURN_IF_ERROR(CheckManifestAgainst(entry, manifest));
  return manifest;
}

std::vector<Result<Manifest>> Objects::ReadManifests(const Context& context,
                                                     const Catalog& catalog) const {
  std::vector<Result<Manifest>> manifests(catalog.backups.size(),
                                          Error(Code::kCancelled, "not read"));
  const Status all = ForEachParallel(manifests.size(), kParallelReads, [&](std::size_t i) {
    manifests[i] = ReadManifest(context, catalog.backups[i]);
    return OkStatus();
  });
  TRESOR_CHECK(all.ok());
  return manifests;
}

Result<std::uint64_t> Objects::NewestSequence(const Context& context) const {
  ASSIGN_OR_RETURN(const auto present, store_.List(context, kCatalogPrefix));
  std::uint64_t newest = 0;
  for (const blob::BlobInfo& info : present) {
    if (const auto parsed = ParseName(info.name)) {
      newest = std::max(newest, parsed->sequence);
    }
  }
  return newest;
}

Result<Catalog> Objects::ReadCatalog(const Context& context) const {
  Status last;
  for (int attempt = 0; attempt < kCatalogAttempts; ++attempt) {
    ASSIGN_OR_RETURN(const std::uint64_t newest, NewestSequence(context));
    if (newest == 0) {
      return Catalog{};
    }
    const std::string name = CatalogName(newest);
    auto raw = Read(context, ObjectKind::kCatalog, name);
    if (raw.status().code() == Code::kNotFound) {
      last = raw.status();  // two commits have come since it was listed
      continue;
    }
    RETURN_IF_ERROR(raw.status());
    auto catalog = DecodeCatalog(*raw);
    if (!catalog.ok()) {
      return Annotate(catalog.status(), name);
    }
    if (catalog->sequence != newest) {
      return Error(Code::kDataLoss, "{}: says that it is number {}", name, catalog->sequence);
    }
    return catalog;
  }
  return Error(Code::kUnavailable, "the newest catalog changes too fast: {}", Message(last));
}

Status Objects::CommitCatalog(const Context& context, const Catalog& catalog,
                              const std::set<Id>& removed) const {
  const std::string name = CatalogName(catalog.sequence);
  const Bytes raw = EncodeCatalog(catalog);
  Status written = Write(context, ObjectKind::kCatalog, name, raw).status();
  if (written.code() == Code::kAlreadyExists) {
    // A store that repeats a Put whose answer was lost says this of our own object.
    auto present = Read(context, ObjectKind::kCatalog, name);
    if (present.ok() && Equal(*present, raw)) {
      written = OkStatus();
    } else {
      return Error(Code::kAborted, "another writer has committed {} meanwhile", name);
    }
  }
  // kNotFound: others have committed twice since, and removed ours: it stands or falls with the
  // newest one's list.
  if (!written.ok() && written.code() != Code::kNotFound) {
    return written;
  }
  ASSIGN_OR_RETURN(const auto present, store_.List(context, kCatalogPrefix));
  for (const blob::BlobInfo& info : present) {
    const auto parsed = ParseName(info.name);
    if (parsed && parsed->sequence > catalog.sequence) {
      // A number that was free because it is long past: a writer that lost its lease and slept over
      // several commits. Or somebody has committed right after us, on top of ours.
      ASSIGN_OR_RETURN(const Catalog newest, ReadCatalog(context));
      const bool on_top =
          std::ranges::all_of(catalog.backups,
                              [&](const CatalogEntry& entry) {
                                const CatalogEntry* found = newest.Find(entry.info.id);
                                return found != nullptr &&
                                       found->info.manifest == entry.info.manifest;
                              }) &&
          std::ranges::none_of(removed,
                               [&](const Id& backup) { return newest.Find(backup) != nullptr; });
      if (!on_top) {
        return Error(Code::kAborted, "another writer has committed {} meanwhile",
                     CatalogName(newest.sequence));
      }
    }
  }
  for (const blob::BlobInfo& info : present) {
    const auto parsed = ParseName(info.name);
    if (parsed && parsed->sequence + 1 < catalog.sequence) {
      // A catalog that stays does no harm; the next commit tries again.
      (void)store_.Delete(context, info.name);
    }
  }
  return OkStatus();
}

}  // namespace tresor::repo
