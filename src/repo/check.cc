// SPDX-License-Identifier: Apache-2.0
// Looks at everything and changes nothing. What is found names the object and the backups it harms.
#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "repo/check_data.h"
#include "repo/format/config.h"
#include "repo/format/lock.h"
#include "repo/format/names.h"
#include "repo/inventory.h"
#include "repo/key_slots.h"
#include "repo/repository_impl.h"
#include "repo/segment_reader.h"

namespace tresor::repo {
namespace {

// Writers may commit while we look; what they delete then looks like a loss.
constexpr int kAttempts = 3;
constexpr std::uint64_t kSmallObjectLimit = 64 * 1024;

// What is wrong with an object, as opposed to: it can't be looked at now.
bool IsFinding(const Status& status) {
  switch (status.code()) {
    case Code::kDataLoss:
    case Code::kNotFound:
    case Code::kOutOfRange:
    case Code::kUnimplemented:
      return true;
    default:
      return false;
  }
}

class NoVisitor final : public BucketVisitor {
 public:
  Status BeginBucket(ByteView, std::uint64_t) override { return OkStatus(); }
  Status Pair(ByteView, ByteView) override { return OkStatus(); }
  Status EndBucket() override { return OkStatus(); }
};

class Checker {
 public:
  Checker(const Context& context, Repository& repository, const Objects& objects,
          const CheckOptions& options)
      : context_(context),
        repository_(repository),
        objects_(objects),
        options_(options),
        maps_(objects) {}

  Status Run() {
    RETURN_IF_ERROR(ListObjects());
    RETURN_IF_ERROR(CheckCatalogs());
    RETURN_IF_ERROR(CheckManifests());
    RETURN_IF_ERROR(CheckConfig());
    RETURN_IF_ERROR(CheckKeys());
    RETURN_IF_ERROR(CheckLocks());
    RETURN_IF_ERROR(CheckSegments());
    RETURN_IF_ERROR(CheckBlobs());
    FindOrphans();
    if (options_.read_data) {
      RETURN_IF_ERROR(ReadBuckets());
      RETURN_IF_ERROR(ReadRecords());
    }
    return OkStatus();
  }

  [[nodiscard]] std::uint64_t sequence() const { return catalog_.sequence; }
  [[nodiscard]] CheckReport& report() { return report_; }

 private:
  // Findings of one object are one finding.
  void Add(const std::string& object, const Status& status, bool fatal,
           const std::vector<std::size_t>& backups = {}) {
    std::vector<Id> ids;
    for (const std::size_t backup : backups) {
      harmed_.insert(backup);
      ids.push_back(inventory_.backups[backup]->entry.info.id);
    }
    AddIds(object, status, fatal, std::move(ids));
  }

  void AddIds(const std::string& object, const Status& status, bool fatal, std::vector<Id> ids) {
    const auto present = std::ranges::find(report_.findings, object, &Finding::object);
    if (present == report_.findings.end()) {
      report_.findings.push_back(
          {.object = object, .status = status, .fatal = fatal, .backups = std::move(ids)});
      return;
    }
    if (fatal && !present->fatal) {
      present->fatal = true;
      present->status = status;
    }
    for (const Id& id : ids) {
      if (std::ranges::find(present->backups, id) == present->backups.end()) {
        present->backups.push_back(id);
      }
    }
  }

  void Warn(const std::string& object, const Status& status) { Add(object, status, false); }

  [[nodiscard]] std::vector<Id> AllBackups() const {
    std::vector<Id> ids;
    for (const CatalogEntry& entry : catalog_.backups) {
      ids.push_back(entry.info.id);
    }
    return ids;
  }

  // A finding is added; any other error ends the check.
  Status Take(const std::string& object, const Status& status, bool fatal,
              const std::vector<std::size_t>& backups = {}) {
    if (!status.ok() && !IsFinding(status)) {
      return status;
    }
    if (!status.ok()) {
      Add(object, status, fatal, backups);
    }
    return OkStatus();
  }

  Status ListObjects() {
    ASSIGN_OR_RETURN(const auto objects, objects_.store().List(context_, ""));
    for (const blob::BlobInfo& object : objects) {
      const auto name = ParseName(object.name);
      if (!name) {
        Warn(object.name,
             Error(Code::kFailedPrecondition, "{}: not an object of a repository", object.name));
        continue;
      }
      sizes_[object.name] = object.size_bytes;
      named_[name->kind].push_back(*name);
    }
    return OkStatus();
  }

  Result<Catalog> ReadCatalogNumber(std::uint64_t sequence) {
    const std::string name = CatalogName(sequence);
    ASSIGN_OR_RETURN(const Bytes raw, objects_.Read(context_, ObjectKind::kCatalog, name));
    auto catalog = DecodeCatalog(raw);
    if (!catalog.ok()) {
      return Annotate(catalog.status(), name);
    }
    if (catalog->sequence != sequence) {
      return Error(Code::kDataLoss, "{}: says that it is number {}", name, catalog->sequence);
    }
    return catalog;
  }

  // The newest counts. Should it be damaged, the one before it says what else to look at.
  Status CheckCatalogs() {
    std::vector<std::uint64_t> sequences;
    for (const ParsedName& name : named_[ObjectKind::kCatalog]) {
      sequences.push_back(name.sequence);
    }
    std::ranges::sort(sequences, std::greater<>());
    newest_ = sequences.empty() ? 0 : sequences.front();
    bool have = false;
    std::vector<std::pair<std::string, Status>> damaged;
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      const std::string name = CatalogName(sequences[i]);
      auto catalog = ReadCatalogNumber(sequences[i]);
      if (!catalog.ok()) {
        if (!IsFinding(catalog.status())) {
          return catalog.status();
        }
        damaged.emplace_back(name, catalog.status());
        newest_damaged_ = newest_damaged_ || !have;
        continue;
      }
      if (!have) {
        catalog_ = *std::move(catalog);
        have = true;
      } else if (i > 1) {
        Warn(name, Error(Code::kFailedPrecondition,
                         "{}: an old catalog; the next commit removes it", name));
      }
    }
    for (const auto& [name, status] : damaged) {
      const bool counts = name == CatalogName(newest_);
      AddIds(name, status, counts, counts ? AllBackups() : std::vector<Id>());
    }
    return OkStatus();
  }

  Status CheckManifests() {
    std::vector<std::pair<CatalogEntry, Status>> bad;
    ASSIGN_OR_RETURN(inventory_,
                     TakeInventory(context_, objects_, catalog_,
                                   [&](const CatalogEntry& entry, const Status& status) -> Status {
                                     if (!IsFinding(status)) {
                                       return status;
                                     }
                                     bad.emplace_back(entry, status);
                                     return OkStatus();
                                   }));
    for (const auto& [entry, status] : bad) {
      AddIds(ManifestName(entry.info.manifest), status, true, {entry.info.id});
      bad_manifests_ = true;
    }
    report_.backups = catalog_.backups.size();
    for (std::size_t i = 0; i < inventory_.backups.size(); ++i) {
      const CatalogEntry& entry = inventory_.backups[i]->entry;
      const std::string name = ManifestName(entry.info.manifest);
      if (const auto size = sizes_.find(name);
          size != sizes_.end() && size->second != entry.manifest_stored_size) {
        Add(name,
            Error(Code::kDataLoss, "{}: {} bytes; the catalog says {}", name, size->second,
                  entry.manifest_stored_size),
            true, {i});
      }
      if (inventory_.manifest(i).catalog_sequence > catalog_.sequence) {
        Add(name,
            Error(Code::kDataLoss, "{}: of catalog {}, which is newer than the newest, {}", name,
                  inventory_.manifest(i).catalog_sequence, catalog_.sequence),
            true, {i});
      }
    }
    return OkStatus();
  }

  Status CheckConfig() {
    const std::string name(kConfigName);
    const auto check = [&]() -> Status {
      ASSIGN_OR_RETURN(const Bytes bytes,
                       objects_.store().GetAll(context_, name, kSmallObjectLimit));
      ASSIGN_OR_RETURN(const Config config, DecodeConfig(bytes));
      return config.repository == objects_.keys().repository()
                 ? OkStatus()
                 : Error(Code::kDataLoss, "of another repository, {}",
                         config.repository.ToString());
    };
    const Status status = check();
    if (!status.ok() && IsFinding(status)) {
      AddIds(name, Annotate(status, name), true, AllBackups());
      return OkStatus();
    }
    return status;
  }

  Status CheckKeys() {
    ASSIGN_OR_RETURN(const auto slots, ListKeySlots(context_, objects_.store(), objects_.keys()));
    bool whole = false;
    for (const KeySlot& slot : slots) {
      whole = whole || slot.status.ok();
      if (!slot.status.ok()) {
        Warn(KeyName(slot.id), slot.status);
      }
    }
    if (!whole) {
      AddIds(std::string(kKeysPrefix),
             Error(Code::kDataLoss, "no key slot is whole: add one while the repository is open"),
             true, AllBackups());
    }
    return OkStatus();
  }

  Status CheckLocks() {
    for (const ParsedName& parsed : named_[ObjectKind::kLock]) {
      const std::string name = LockName(parsed.sequence, parsed.beat);
      const auto raw = objects_.Read(context_, ObjectKind::kLock, name);
      if (raw.status().code() == Code::kNotFound) {
        continue;  // renewed or released meanwhile
      }
      const auto lock = raw.ok() ? DecodeLock(*raw) : Result<Lock>(raw.status());
      if (!lock.ok()) {
        RETURN_IF_ERROR(Take(name, lock.status(), false));
      }
    }
    return OkStatus();
  }

  static std::vector<std::size_t> BackupsOf(const std::vector<SegmentUser>& users) {
    std::vector<std::size_t> backups;
    for (const SegmentUser& user : users) {
      backups.push_back(user.backup);
    }
    return backups;
  }

  // Whether an object is there and has its size; else adds a finding.
  bool CheckSize(const std::string& name, std::uint64_t expected,
                 const std::vector<std::size_t>& backups) {
    const auto size = sizes_.find(name);
    if (size == sizes_.end()) {
      Add(name, Error(Code::kNotFound, "{}: missing", name), true, backups);
      return false;
    }
    if (size->second != expected) {
      Add(name, Error(Code::kDataLoss, "{}: {} bytes instead of {}", name, size->second, expected),
          true, backups);
      return false;
    }
    return true;
  }

  Status CheckSegments() {
    for (const auto& [id, users] : inventory_.segments) {
      const std::string name = SegmentName(id);
      const SegmentRef& ref = *users.front().ref;
      ++report_.segments;
      const auto backups = BackupsOf(users);
      CheckAgreement(users);
      if (!CheckSize(name, ref.stored_size, backups)) {
        continue;
      }
      auto reader = SegmentReader::Open(context_, objects_, ref);
      if (!reader.ok()) {
        RETURN_IF_ERROR(Take(name, reader.status(), true, backups));
        continue;
      }
      RETURN_IF_ERROR(CheckLiveMaps(users));
      segments_.push_back({.reader = *std::move(reader), .users = &users});
    }
    return OkStatus();
  }

  // All backups say the same of a segment.
  void CheckAgreement(const std::vector<SegmentUser>& users) {
    const SegmentRef& first = *users.front().ref;
    for (const SegmentUser& user : users) {
      if (user.ref->stored_size != first.stored_size || user.ref->records != first.records ||
          user.ref->directory_sealed_size != first.directory_sealed_size) {
        const std::string name = ManifestName(inventory_.backups[user.backup]->entry.info.manifest);
        Add(name,
            Error(Code::kDataLoss, "{}: disagrees with other backups about {}", name,
                  SegmentName(first.id)),
            true, {user.backup});
      }
    }
  }

  Status CheckLiveMaps(const std::vector<SegmentUser>& users) {
    for (const SegmentUser& user : users) {
      const auto live = maps_.Get(context_, *user.ref);
      if (!live.ok()) {
        RETURN_IF_ERROR(Take(BlobName(user.ref->map->blob), live.status(), true, {user.backup}));
      }
    }
    return OkStatus();
  }

  Status CheckBlobs() {
    for (const auto& [id, use] : inventory_.blobs) {
      ++report_.blobs;
      CheckSize(BlobName(id), use.stored_size, use.backups);
    }
    return OkStatus();
  }

  void FindOrphans() {
    std::set<Id> manifests;
    for (const CatalogEntry& entry : catalog_.backups) {
      manifests.insert(entry.info.manifest);
    }
    for (const ParsedName& name : named_[ObjectKind::kManifest]) {
      if (!manifests.contains(name.id)) {
        WarnOfManifest(name.id);
      }
    }
    if (bad_manifests_ || newest_damaged_) {
      return;  // what they name is not known
    }
    for (const ParsedName& name : named_[ObjectKind::kSegment]) {
      WarnIfOrphan(SegmentName(name.id), inventory_.segments.contains(name.id));
    }
    for (const ParsedName& name : named_[ObjectKind::kBlob]) {
      WarnIfOrphan(BlobName(name.id), inventory_.blobs.contains(name.id));
    }
  }

  void WarnIfOrphan(const std::string& name, bool named) {
    if (!named) {
      Warn(name, Error(Code::kFailedPrecondition,
                       "{}: no backup needs it; prune removes it, if no save is running", name));
    }
  }

  void WarnOfManifest(const Id& id) {
    const std::string name = ManifestName(id);
    const auto manifest = objects_.ReadManifest(context_, id);
    if (!manifest.ok()) {
      Warn(name, manifest.status());
    } else if (newest_damaged_) {
      // Its catalog can't say whether it was committed; the backup can't be read in any case.
      AddIds(CatalogName(newest_), Error(Code::kDataLoss, "damaged"), true, {manifest->backup});
    } else if (manifest->catalog_sequence > catalog_.sequence) {
      Warn(name, Error(Code::kFailedPrecondition,
                       "{}: of catalog {}, above the newest, {}: of a save that was interrupted or "
                       "is running; or the catalog was lost or put back to an old one",
                       name, manifest->catalog_sequence, catalog_.sequence));
    } else {
      WarnIfOrphan(name, false);
    }
  }

  Status ReadBuckets() {
    for (const auto& [id, use] : inventory_.blobs) {
      const auto blob = objects_.ReadBlob(context_, id);
      RETURN_IF_ERROR(Take(BlobName(id), blob.status(), true, use.backups));
      report_.bytes_read += use.stored_size;
    }
    NoVisitor visitor;
    for (std::size_t i = 0; i < inventory_.backups.size(); ++i) {
      if (harmed_.contains(i) || newest_damaged_) {
        continue;
      }
      const BackupInfo& info = inventory_.backups[i]->entry.info;
      auto backup = repository_.OpenBackup(context_, info.id);
      const Status status = backup.ok() ? (*backup)->Buckets(context_, visitor) : backup.status();
      RETURN_IF_ERROR(Take(ManifestName(info.manifest), status, true, {i}));
    }
    return OkStatus();
  }

  Status ReadRecords() {
    // Those whose live maps or segments are lost can't be summed up.
    std::set<std::size_t> skip = harmed_;
    std::vector<std::vector<SegmentUser>> users;
    users.reserve(segments_.size());
    Progress progress;
    for (CheckedSegment& segment : segments_) {
      std::vector<SegmentUser>& whole = users.emplace_back();
      std::ranges::copy_if(*segment.users, std::back_inserter(whole),
                           [&](const SegmentUser& user) { return !skip.contains(user.backup); });
      segment.users = &whole;
      for (const FrameInfo& frame : segment.reader->directory().frames) {
        progress.total += frame.sealed_size;
      }
    }
    const auto report_progress = [&](std::uint64_t bytes) {
      progress.done = std::min(progress.total, progress.done + bytes);
      if (options_.progress) {
        options_.progress(progress);
      }
    };
    ASSIGN_OR_RETURN(
        const DataCheckResult result,
        CheckData(context_, objects_, inventory_, segments_, std::move(skip),
                  {.bad_frame = [&](const CheckedSegment& segment, std::size_t frame,
                                    const Status& status) { AddBadFrame(segment, frame, status); },
                   .bad_backup =
                       [&](std::size_t backup, const Status& status) {
                         const std::string name =
                             ManifestName(inventory_.backups[backup]->entry.info.manifest);
                         Add(name, Annotate(status, name), true, {backup});
                       },
                   .progress = report_progress}));
    report_.records = result.records;
    report_.bytes_read += result.bytes_read;
    return OkStatus();
  }

  void AddBadFrame(const CheckedSegment& segment, std::size_t frame, const Status& status) {
    std::vector<std::size_t> backups;
    for (const SegmentUser& user : inventory_.segments.at(segment.reader->id())) {
      const auto live = maps_.Get(context_, *user.ref);
      if (!live.ok() || live->CountIn(segment.reader->frame_ordinal(frame),
                                      segment.reader->frame_ordinal(frame + 1)) > 0) {
        backups.push_back(user.backup);
      }
    }
    Add(segment.reader->name(), status, !backups.empty(), backups);
  }

  const Context& context_;
  Repository& repository_;
  const Objects& objects_;
  const CheckOptions& options_;
  LiveMaps maps_;
  CheckReport report_;

  std::map<std::string, std::uint64_t> sizes_;
  std::map<ObjectKind, std::vector<ParsedName>> named_;
  Catalog catalog_;
  std::uint64_t newest_ = 0;  // number of the newest catalog
  bool newest_damaged_ = false;
  bool bad_manifests_ = false;
  Inventory inventory_;
  std::vector<CheckedSegment> segments_;
  std::set<std::size_t> harmed_;
};

}  // namespace

bool CheckReport::ok() const {
  return std::ranges::none_of(findings, [](const Finding& finding) { return finding.fatal; });
}

Result<CheckReport> RepositoryImpl::Check(const Context& context, const CheckOptions& options) {
  for (int attempt = 1;; ++attempt) {
    Checker checker(context, *this, objects_, options);
    RETURN_IF_ERROR(checker.Run());
    if (checker.report().ok() || attempt == kAttempts) {
      return std::move(checker.report());
    }
    const auto newest = objects_.ReadCatalog(context);
    if (!newest.ok() || newest->sequence == checker.sequence()) {
      return std::move(checker.report());
    }
  }
}

}  // namespace tresor::repo
