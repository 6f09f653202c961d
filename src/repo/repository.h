// SPDX-License-Identifier: Apache-2.0
// A repository of one cluster's backups: deduplicating by record, compressed, always encrypted.
//
// The format, the order of writes and what a cut leaves: repo/FORMAT.md.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/context.h"
#include "base/crc_algebra.h"
#include "base/random.h"
#include "base/status.h"
#include "blob/blob.h"
#include "etcd/format/record.h"
#include "repo/id.h"
#include "repo/known_tags.h"

namespace tresor::repo {

// --- what a manifest says
// -------------------------------------------------------------------------------------------

struct Source {
  std::uint64_t cluster_id = 0;
  std::uint64_t member_id = 0;
  std::string member_name;
  std::string endpoint;
  std::string etcd_version;
  std::uint32_t page_size_bytes = 0;
  std::uint64_t image_bytes = 0;       // without the trailer
  std::array<std::byte, 32> sha256{};  // of the image as the server sent it
};

struct HashKv {
  std::uint32_t hash = 0;
  std::int64_t revision = 0;
  std::int64_t compact_revision = -1;
  friend bool operator==(const HashKv&, const HashKv&) = default;
};

enum class EvidenceResult : std::uint8_t {
  /// DO NOT CHANGE: these values are in the files.
  kPassed = 1,
  kUnproven = 2,  // could not be looked at: a member did not answer, no trailer
  kFailed = 3,    // looked at, and wrong; kept because it is what was there
};

/// One thing that was checked. `check` is a fixed word: "sha256", "structure", "hashkv", "member
/// <id>", "lineage", "read-back".
struct Evidence {
  std::string check;
  EvidenceResult result = EvidenceResult::kUnproven;
  std::string detail;
  std::int64_t time_unix_nanos = 0;
};

struct Lineage {
  Id id;
  std::optional<Id> parent;                         // none: the repository's first
  std::optional<etcd::RecordKey> first_difference;  // from the parent
};

/// What the caller of a save knows about the backup; the repository adds the rest.
struct BackupDescription {
  std::int64_t start_unix_nanos = 0;
  std::int64_t completion_unix_nanos = 0;
  Source source;
  std::int64_t revision = 0;           // current revision of the store
  std::int64_t compact_revision = -1;  // as a running server would have it; -1: never compacted
  std::int64_t finished_compact_revision = -1;
  std::int64_t scheduled_compact_revision = -1;
  std::uint64_t live_keys = 0;     // distinct user keys with a value at `revision`
  std::uint64_t bucket_pairs = 0;  // pairs of all buckets
  HashKv hash_kv;
  bool has_key_bucket = true;
  std::uint64_t key_bucket_sequence = 0;
  std::vector<Evidence> evidence;
  std::string host;
  std::vector<std::string> tags;
};

/// A backup as `list` shows it, from the catalog alone.
struct BackupInfo {
  Id id;
  Id manifest;
  std::int64_t completion_unix_nanos = 0;
  std::int64_t revision = 0;
  std::uint64_t cluster_id = 0;
  Id lineage;
  HashKv hash_kv;
  std::uint64_t image_bytes = 0;
  std::uint64_t records = 0;
  std::uint64_t record_bytes = 0;  // keys and values
  std::uint64_t added_bytes = 0;   // stored by this backup: segments, blobs, manifest
  EvidenceResult evidence = EvidenceResult::kUnproven;  // the worst of the manifest's
  std::vector<std::string> tags;
};

/// The manifest in full, but for how records are found.
struct BackupDetails {
  BackupInfo info;
  BackupDescription description;
  Lineage lineage;
  std::uint32_t records_crc32c = 0;  // over key || value of all records in order
  std::uint64_t added_records = 0;
  std::uint64_t added_record_bytes = 0;
  std::uint64_t segments = 0;
};

// --- keys
// -----------------------------------------------------------------------------------------------------------

struct Passphrase {
  std::string text;
};
struct KeyFile {
  Bytes content;  // at least 16 bytes
};
/// What opens a key slot.
using Credential = std::variant<Passphrase, KeyFile>;

struct KeySlot {
  Id id;
  bool is_passphrase = false;
  std::string label;
  std::int64_t created_unix_nanos = 0;
  /// Not OK: it is damaged, or not of this repository; says which. The other fields but `id` may be
  /// empty then.
  Status status;
};

// --- reading
// --------------------------------------------------------------------------------------------------------

struct Record {
  etcd::RecordKey key;
  ByteView value;
};

/// Some records, ascending. Owns what the records point into; can be moved to another thread.
struct RecordBatch {
  std::vector<Record> records;
  std::vector<std::shared_ptr<const Bytes>> backing;
};

/// The records of a backup, ascending from where the stream was opened.
/// Reads, opens and decompresses ahead on other threads, within a fixed memory (some 24 MiB).
/// Threads: one.
class RecordStream {
 public:
  virtual ~RecordStream() = default;
  /// The next records; none at the end. kDataLoss names the object. kAborted: the backup was
  /// forgotten meanwhile.
  [[nodiscard]] virtual Result<std::optional<RecordBatch>> Next(const Context& context) = 0;
};

/// Is told the buckets other than `key`, in name order; they may nest.
class BucketVisitor {
 public:
  virtual ~BucketVisitor() = default;
  [[nodiscard]] virtual Status BeginBucket(ByteView name, std::uint64_t sequence) = 0;
  [[nodiscard]] virtual Status Pair(ByteView key, ByteView value) = 0;
  [[nodiscard]] virtual Status EndBucket() = 0;
};

/// One backup, for reading. Threads: const methods from any thread. Must not outlive its
/// Repository.
class Backup {
 public:
  virtual ~Backup() = default;
  [[nodiscard]] virtual const BackupDetails& details() const = 0;
  /// Records with key >= `from`.
  [[nodiscard]] virtual Result<std::unique_ptr<RecordStream>> Records(
      const Context& context, etcd::RecordKey from = {}) const = 0;
  [[nodiscard]] virtual Status Buckets(const Context& context, BucketVisitor& visitor) const = 0;
  /// All records of one user key in this backup, ascending, without reading the others.
  [[nodiscard]] virtual Result<RecordBatch> Lookup(const Context& context,
                                                   ByteView user_key) const = 0;
};

// --- writing
// --------------------------------------------------------------------------------------------------------

enum class Known {
  kNew,      // to be stored
  kStored,   // the same record is there
  kDiffers,  // the repository has this (main, sub) with another content: another lineage; to be
             // stored
};

/// Makes tags (FORMAT.md 4). Threads: one; make one per thread.
class RecordTagger {
 public:
  virtual ~RecordTagger() = default;
  /// `user_key` is the KeyValue's key inside `value`.
  [[nodiscard]] virtual std::uint64_t Tag(const etcd::RecordKey& key, ByteView user_key,
                                          ByteView value) = 0;
};

/// One save. First every record of the snapshot is classified, ascending; then those that are not
/// kStored are given, ascending; then the other buckets; then Commit. Dropped without Commit: the
/// repository is as before (what was written is removed as far as possible, else by the next
/// prune).
///
/// Threads: one. Compresses and stores on other threads, within a fixed memory (some 48 MiB).
class BackupWriter {
 public:
  virtual ~BackupWriter() = default;
  [[nodiscard]] virtual std::unique_ptr<RecordTagger> MakeTagger() const = 0;
  /// Those of the stored records' tags that fit into `limit_bytes`, the newest backup's first: for
  /// finding out beforehand what Classify will say, in any order.
  [[nodiscard]] virtual Result<KnownTags> LoadKnownTags(const Context& context,
                                                        std::size_t limit_bytes) const = 0;
  /// `record`: of key || value; the CRC of the whole backup is made of them.
  [[nodiscard]] virtual Result<Known> Classify(const Context& context, const etcd::RecordKey& key,
                                               const CrcPiece& record, std::uint64_t tag) = 0;
  /// After the last Classify: the lineage chosen. It is the newest backup's, if no record differs
  /// from it; else another one that the repository knows, if none differs from that; else a new
  /// one.
  [[nodiscard]] virtual Result<Lineage> FinishClassify(const Context& context) = 0;
  /// After FinishClassify: the first record that differs from the lineage of the newest backup, if
  /// any.
  [[nodiscard]] virtual std::optional<etcd::RecordKey> first_difference() const = 0;
  [[nodiscard]] virtual Status Add(const Context& context, const etcd::RecordKey& key,
                                   ByteView value, std::uint64_t tag) = 0;
  /// All other buckets, in name order, nested ones in their place.
  [[nodiscard]] virtual BucketVisitor& buckets() = 0;
  /// Writes what is left, reads back what this save stored and compares it, commits. On OK the
  /// backup is durable and listed. kAborted: another writer committed meanwhile (the lease was
  /// lost). kDataLoss: what was read back differs.
  [[nodiscard]] virtual Result<BackupInfo> Commit(const Context& context,
                                                  BackupDescription description) = 0;
  /// Evidence that Commit adds by itself ("read-back") need not be in the description.
};

struct Progress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};
using ProgressCallback = std::function<void(const Progress&)>;

struct PruneOptions {
  /// Segments are rewritten until dead records are at most this share of all stored record bytes.
  double max_unused = 0.10;
  bool dry_run = false;
};
struct PruneReport {
  std::uint64_t segments_before = 0, segments_after = 0, segments_rewritten = 0,
                segments_removed = 0;
  std::uint64_t stored_bytes_before = 0, stored_bytes_after = 0;
  std::uint64_t written_bytes = 0;  // by prune itself
  std::uint64_t orphans_removed = 0, orphan_bytes = 0;
};

struct Finding {
  std::string object;       // blob name
  Status status;            // what is wrong; kDataLoss, kNotFound, kUnimplemented …
  bool fatal = true;        // false: a leftover or a warning, no backup is harmed
  std::vector<Id> backups;  // that it harms
};
struct CheckOptions {
  bool read_data = false;  // every frame and blob; CRC and HashKV of every backup
  ProgressCallback progress;
};
struct CheckReport {
  std::vector<Finding> findings;
  std::uint64_t backups = 0, segments = 0, blobs = 0, records = 0, bytes_read = 0;
  [[nodiscard]] bool ok() const;  // no fatal finding
};

struct BackupStats {
  BackupInfo info;
  std::uint64_t logical_bytes = 0;  // record bytes of the backup
  std::uint64_t unique_bytes =
      0;  // stored bytes that only this backup needs (compressed, estimated by frame)
};
struct Stats {
  std::vector<BackupStats> backups;
  std::uint64_t logical_bytes = 0;  // sum over backups
  std::uint64_t record_bytes = 0;   // distinct live records, uncompressed
  std::uint64_t stored_bytes = 0;   // all objects
  std::uint64_t dead_bytes =
      0;  // stored bytes of records that no backup needs (compressed, estimated by frame)
  std::uint64_t segments = 0, blobs = 0, objects = 0;
};

struct OpenOptions {
  /// Waits this long for another writer's lease; then kFailedPrecondition, naming the holder.
  std::chrono::milliseconds lock_wait{0};
  int compression_level = 3;  // zstd's; a first backup uses at most 1: docs/design/0003
  /// For ids and salts; outlives the repository. Tests pass their own.
  Random* random = &SystemRandom();
};

/// Threads: all methods, from any thread; one write operation at a time (the lease sees to it).
/// Errors of every method besides its own: those of the blob store; kDataLoss naming the object
/// that is damaged, missing or not of this repository; kUnimplemented for a newer format version.
class Repository {
 public:
  /// Makes a new repository in an empty store. kAlreadyExists: there is one.
  [[nodiscard]] static Status Init(const Context& context, blob::BlobWriter& store,
                                   const Credential& credential, std::string_view label);
  /// `store` outlives this. kNotFound: no repository there. kUnauthenticated: no key slot opens
  /// with `credential`. Needs only to read; operations that write say kPermissionDenied on a
  /// read-only store.
  [[nodiscard]] static Result<std::unique_ptr<Repository>> Open(const Context& context,
                                                                blob::BlobStore& store,
                                                                const Credential& credential,
                                                                const OpenOptions& options = {});
  virtual ~Repository() = default;

  [[nodiscard]] virtual Id id() const = 0;
  /// All backups, oldest first, as of now.
  [[nodiscard]] virtual Result<std::vector<BackupInfo>> List(const Context& context) = 0;
  /// "latest", an id or a unique prefix of one. kNotFound, kInvalidArgument (ambiguous).
  [[nodiscard]] virtual Result<BackupInfo> Find(const Context& context, std::string_view name) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Backup>> OpenBackup(const Context& context,
                                                                   const Id& backup) = 0;

  /// Takes the lease and begins a save. kFailedPrecondition: another writer has it.
  [[nodiscard]] virtual Result<std::unique_ptr<BackupWriter>> BeginBackup(
      const Context& context) = 0;
  /// Removes backups from the list; prune frees their room. kNotFound: one of them is not there
  /// (nothing is done).
  [[nodiscard]] virtual Status Forget(const Context& context, const std::vector<Id>& backups) = 0;
  [[nodiscard]] virtual Result<PruneReport> Prune(const Context& context,
                                                  const PruneOptions& options) = 0;
  [[nodiscard]] virtual Result<CheckReport> Check(const Context& context,
                                                  const CheckOptions& options) = 0;
  [[nodiscard]] virtual Result<Stats> GetStats(const Context& context) = 0;

  [[nodiscard]] virtual Result<std::vector<KeySlot>> ListKeys(const Context& context) = 0;
  /// Takes no lease: a new slot has a name of its own and touches no other, so any number can be
  /// added at once, also while a save runs.
  [[nodiscard]] virtual Result<KeySlot> AddKey(const Context& context, const Credential& credential,
                                               std::string_view label) = 0;
  /// Takes the lease: of two that remove each other's last companion one must wait.
  /// kFailedPrecondition: it is the last one that is whole, or another writer has the lease.
  /// kNotFound. kAborted: the lease was lost before anything was done.
  [[nodiscard]] virtual Status RemoveKey(const Context& context, const Id& slot) = 0;
};

}  // namespace tresor::repo
