// SPDX-License-Identifier: Apache-2.0
#include "backup/take.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "backup/members.h"
#include "backup/plain_file.h"
#include "backup/prefix_reader.h"
#include "backup/receive.h"
#include "backup/sieve.h"
#include "base/check.h"
#include "base/hex.h"
#include "etcd/client.h"
#include "etcd/select.h"

namespace tresor::backup {
namespace {

using repo::EvidenceResult;

// Answering Status takes a member milliseconds.
constexpr std::chrono::seconds kStatusTimeout{5};
// The second attempt reads from the majority; more only if that changes under our hands.
constexpr int kAttempts = 3;
// Room for 3 million records' tags. Leaves with records beyond are kept.
constexpr std::size_t kKnownTagsBytes = std::size_t{32} << 20;

struct Image {
  const io::RandomReader* bytes = nullptr;
  const bolt::ReducedLeaves* reduced = nullptr;  // may stay null
};

/// Where one attempt puts what it takes.
class Destination {
 public:
  virtual ~Destination() = default;
  /// Before the stream, so that what makes storing impossible shows early.
  [[nodiscard]] virtual Status Begin(const Context& context) = 0;
  [[nodiscard]] virtual ImageStore& image_store() = 0;
  /// When all of it has come.
  [[nodiscard]] virtual Result<Image> image() = 0;
  /// What the destination wants of the check.
  virtual void Prepare(CheckOptions& options) = 0;
  /// Whether an attempt failed because something was asked for that is not in the image any more.
  [[nodiscard]] virtual bool missed() const = 0;
  /// The image is proven as well as it can be: keep it.
  [[nodiscard]] virtual Status Store(const Context& context, const bolt::Database& database,
                                     const etcd::SnapshotSummary& summary, TakeResult& result) = 0;
};

/// "1 page", "12 pages"
std::string Counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

void AddEvidence(const Context& context, TakeResult& result, std::string check,
                 EvidenceResult outcome, std::string detail) {
  result.evidence.push_back({.check = std::move(check),
                             .result = outcome,
                             .detail = std::move(detail),
                             .time_unix_nanos = ToUnixNanos(context.clock().Now())});
}

// --- into a repository
// ----------------------------------------------------------------------------

/// Asks the repository about each record, and remembers in which leaves new ones are.
class Classifier final : public RecordObserver {
 public:
  Classifier(const Context& context, repo::BackupWriter& writer)
      : context_(context), writer_(writer), tagger_(writer.MakeTagger()) {}

  Status Leaf(bolt::PageId page, std::span<const RecordSummary> records, bool reduced) override {
    ++leaves_;
    const std::size_t first_bit = is_new_.size();
    bool any_new = false;
    for (const RecordSummary& record : records) {
      ASSIGN_OR_RETURN(const repo::Known known,
                       writer_.Classify(context_, record.key, record.record, record.tag));
      is_new_.push_back(known != repo::Known::kStored);
      any_new = any_new || is_new_.back();
    }
    if (any_new && reduced) {
      missed_ = true;
      return Error(Code::kAborted, "page {}: holds new records, but is not at hand any more",
                   bolt::ToNumber(page));
    }
    if (any_new) {
      new_leaves_.push_back({.page = page, .first_bit = first_bit, .records = records.size()});
    } else {
      is_new_.resize(first_bit);
    }
    return OkStatus();
  }

  [[nodiscard]] bool missed() const { return missed_; }

  /// Gives the new records to the writer, ascending. Reads only leaves that have some.
  Status AddNew(const bolt::Database& database, const ProgressCallback& progress) {
    std::uint64_t done = 0;
    if (leaves_ == 1 && !new_leaves_.empty()) {
      // A lone leaf may lie inline in another page, where only a walk finds it.
      WholeBucket visitor([&](const bolt::Leaf& leaf) { return AddLeaf(leaf, new_leaves_[0]); });
      return database.WalkBucket(context_, AsBytes(etcd::kBucketKey), {}, visitor);
    }
    for (const NewLeaf& new_leaf : new_leaves_) {
      ASSIGN_OR_RETURN(const bolt::Leaf leaf, database.ReadLeaf(new_leaf.page));
      RETURN_IF_ERROR(AddLeaf(leaf, new_leaf));
      if (progress && ++done % 256 == 0) {
        const std::uint64_t page_size = database.meta().page_size;
        progress({.phase = Phase::kStore,
                  .done_bytes = done * page_size,
                  .total_bytes = new_leaves_.size() * page_size});
      }
    }
    return OkStatus();
  }

 private:
  struct NewLeaf {
    bolt::PageId page{};
    std::size_t first_bit = 0;
    std::size_t records = 0;
  };
  class WholeBucket final : public bolt::Visitor {
   public:
    explicit WholeBucket(std::function<Status(const bolt::Leaf&)> take) : take_(std::move(take)) {}
    Status BeginBucket(ByteView, std::uint64_t) override { return OkStatus(); }
    Status Pairs(bolt::Leaf leaf) override { return take_(leaf); }
    Status EndBucket() override { return OkStatus(); }

   private:
    std::function<Status(const bolt::Leaf&)> take_;
  };

  Status AddLeaf(const bolt::Leaf& leaf, const NewLeaf& new_leaf) {
    if (leaf.pairs.size() != new_leaf.records) {
      return Error(Code::kDataLoss, "page {}: {} records now, {} before",
                   static_cast<std::uint64_t>(new_leaf.page), leaf.pairs.size(), new_leaf.records);
    }
    for (std::size_t i = 0; i < leaf.pairs.size(); ++i) {
      if (!is_new_[new_leaf.first_bit + i]) {
        continue;
      }
      const bolt::Pair& pair = leaf.pairs[i];
      ASSIGN_OR_RETURN(const etcd::RecordKey key, etcd::DecodeRecordKey(pair.key));
      ASSIGN_OR_RETURN(const ByteView user_key, etcd::DecodeUserKey(pair.value));
      RETURN_IF_ERROR(
          writer_.Add(context_, key, pair.value, tagger_->Tag(key, user_key, pair.value)));
    }
    return OkStatus();
  }

  const Context& context_;
  repo::BackupWriter& writer_;
  std::unique_ptr<repo::RecordTagger> tagger_;
  std::uint64_t leaves_ = 0;
  std::vector<NewLeaf> new_leaves_;
  std::vector<bool> is_new_;  // of the records of new_leaves_
  bool missed_ = false;
};

/// Passes other buckets on.
class BucketForwarder final : public bolt::Visitor {
 public:
  explicit BucketForwarder(repo::BucketVisitor& out) : out_(out) {}
  Status BeginBucket(ByteView name, std::uint64_t sequence) override {
    return out_.BeginBucket(name, sequence);
  }
  Status Pairs(bolt::Leaf leaf) override {
    for (const bolt::Pair& pair : leaf.pairs) {
      RETURN_IF_ERROR(out_.Pair(pair.key, pair.value));
    }
    return OkStatus();
  }
  Status EndBucket() override { return out_.EndBucket(); }

 private:
  repo::BucketVisitor& out_;
};

class RepositoryDestination final : public Destination {
 public:
  /// `whole`: keeps all of the image.
  RepositoryDestination(const TakeOptions& options, repo::Repository& repository, bool whole)
      : options_(options), repository_(repository), whole_(whole) {}

  Status Begin(const Context& context) override {
    start_unix_nanos_ = ToUnixNanos(context.clock().Now());
    ASSIGN_OR_RETURN(const auto backups, repository_.List(context));
    if (!backups.empty()) {
      newest_ = backups.back();
    }
    ASSIGN_OR_RETURN(writer_, repository_.BeginBackup(context));
    classifier_ = std::make_unique<Classifier>(context, *writer_);
    repo::KnownTags known;
    if (!whole_) {
      ASSIGN_OR_RETURN(known, writer_->LoadKnownTags(context, kKnownTagsBytes));
    }
    tagger_ = writer_->MakeTagger();
    sieve_ = std::make_unique<Sieve>(options_.spool, user_key_hash_, writer_->MakeTagger(),
                                     std::move(known));
    return OkStatus();
  }
  ImageStore& image_store() override { return *sieve_; }
  Result<Image> image() override {
    RETURN_IF_ERROR(sieve_->Finish());
    return Image{.bytes = sieve_.get(), .reduced = sieve_->reduced()};
  }
  void Prepare(CheckOptions& options) override {
    options.observer = classifier_.get();
    options.user_key_hash = user_key_hash_;
    options.tagger = tagger_.get();
  }
  bool missed() const override {
    return sieve_ != nullptr && (sieve_->missed() || classifier_->missed());
  }

  Status Store(const Context& context, const bolt::Database& database,
               const etcd::SnapshotSummary& summary, TakeResult& result) override {
    const auto begin = context.clock().Monotonic();
    ASSIGN_OR_RETURN(result.lineage, writer_->FinishClassify(context));
    AddLineageEvidence(context, result);
    RETURN_IF_ERROR(classifier_->AddNew(database, options_.progress));
    BucketForwarder forwarder(writer_->buckets());
    for (const std::string& bucket : result.facts.buckets) {
      if (bucket != etcd::kBucketKey) {
        RETURN_IF_ERROR(database.WalkBucket(context, AsBytes(bucket), {}, forwarder));
      }
    }
    ASSIGN_OR_RETURN(result.info, writer_->Commit(context, Describe(context, summary, result)));
    // As the repository has recorded it: a commit without it is none.
    AddEvidence(context, result, "read-back", EvidenceResult::kPassed,
                "what was stored was read again, opened and is equal");
    result.times.store = context.clock().Monotonic() - begin;
    return OkStatus();
  }

 private:
  void AddLineageEvidence(const Context& context, TakeResult& result) const {
    const std::int64_t revision = result.facts.revisions.current;
    std::string back;
    if (newest_.has_value() && revision < newest_->revision) {
      back = fmt::format("revision {} is below the newest backup's {}: the source was set back",
                         revision, newest_->revision);
      result.warnings.push_back(back);
      back = "; " + back;
    }
    const repo::Lineage& lineage = result.lineage;
    if (!newest_.has_value() || newest_->lineage == lineage.id) {
      AddEvidence(context, result, "lineage", EvidenceResult::kPassed,
                  "lineage " + lineage.id.Short() + back);
      return;
    }
    // Whether it is a restored cluster or a corrupt one, the members' agreement tells, not the
    // repository.
    std::string difference =
        fmt::format("lineage {} after {}", lineage.id.Short(), newest_->lineage.Short());
    if (lineage.first_difference.has_value()) {
      difference += ", first difference at record " + etcd::ToString(*lineage.first_difference);
    }
    AddEvidence(context, result, "lineage", EvidenceResult::kUnproven, difference + back);
    result.warnings.push_back("the content is not that of the backups before: " + difference);
  }

  repo::BackupDescription Describe(const Context& context, const etcd::SnapshotSummary& summary,
                                   const TakeResult& result) const {
    const SnapshotFacts& facts = result.facts;
    repo::BackupDescription description;
    description.start_unix_nanos = start_unix_nanos_;
    description.completion_unix_nanos = ToUnixNanos(context.clock().Now());
    description.source = result.source;
    description.source.sha256 = summary.digest;
    description.revision = facts.revisions.current;
    description.compact_revision = facts.revisions.compacted();
    description.finished_compact_revision = facts.revisions.finished;
    description.scheduled_compact_revision = facts.revisions.scheduled;
    description.live_keys = facts.live_keys;
    description.bucket_pairs = facts.bucket_pairs;
    description.hash_kv = facts.hash_kv;
    description.has_key_bucket = facts.has_key_bucket;
    description.key_bucket_sequence = facts.key_bucket_sequence;
    description.evidence = result.evidence;
    description.host = options_.host;
    description.tags = options_.tags;
    return description;
  }

  const TakeOptions& options_;
  repo::Repository& repository_;
  const bool whole_;
  const crypto::KeyedHash user_key_hash_ = NewUserKeyHash();
  std::unique_ptr<Sieve> sieve_;
  std::unique_ptr<repo::RecordTagger> tagger_;  // the check's
  std::int64_t start_unix_nanos_ = 0;
  std::optional<repo::BackupInfo> newest_;
  std::unique_ptr<repo::BackupWriter> writer_;
  std::unique_ptr<Classifier> classifier_;
};

// --- into a file
// ----------------------------------------------------------------------------------

class FileDestination final : public Destination, private ImageStore {
 public:
  FileDestination(io::FileSystem& fs, const std::string& path) : fs_(fs), path_(path) {}

  Status Begin(const Context&) override {
    ASSIGN_OR_RETURN(file_, PlainFile::Create(fs_, path_));
    return OkStatus();
  }
  ImageStore& image_store() override { return *this; }
  Result<Image> image() override {
    image_ = std::make_unique<PrefixReader>(file_->file(), written_bytes_);
    return Image{.bytes = image_.get()};
  }
  void Prepare(CheckOptions&) override {}
  bool missed() const override { return false; }
  Status Store(const Context& context, const bolt::Database&, const etcd::SnapshotSummary& summary,
               TakeResult& result) override {
    const auto begin = context.clock().Monotonic();
    RETURN_IF_ERROR(file_->file().WriteAt(written_bytes_, summary.digest));
    RETURN_IF_ERROR(file_->Commit());
    result.times.store = context.clock().Monotonic() - begin;
    return OkStatus();
  }

 private:
  Status Begin(std::uint64_t image_bytes) override {
    ASSIGN_OR_RETURN(const std::uint64_t free, fs_.FreeBytes(io::ParentPath(path_)));
    if (free < image_bytes) {
      return Error(Code::kResourceExhausted, "{}: {} MiB are needed, {} MiB are free", path_,
                   image_bytes >> 20, free >> 20);
    }
    return OkStatus();
  }
  Status Append(ByteView bytes) override {
    RETURN_IF_ERROR(file_->file().WriteAt(written_bytes_, bytes));
    file_->file().StartWriteback(written_bytes_, bytes.size());
    written_bytes_ += bytes.size();
    return OkStatus();
  }

  io::FileSystem& fs_;
  const std::string path_;
  std::unique_ptr<PlainFile> file_;
  std::unique_ptr<io::RandomReader> image_;
  std::uint64_t written_bytes_ = 0;
};

// --- one attempt
// ----------------------------------------------------------------------------------

struct Candidates {
  std::vector<etcd::ObservedMember> members;
  std::string wanted;  // empty: any
};

Result<Candidates> FindCandidates(const Context& context, const TakeOptions& options,
                                  etcd::Client& client) {
  Candidates candidates;
  ASSIGN_OR_RETURN(candidates.members, etcd::ObserveMembers(context, client, kStatusTimeout));
  candidates.wanted = options.member;
  if (candidates.wanted.empty() && client.endpoints().size() == 1) {
    // Whoever names one endpoint means that member, as with etcdctl; it may be called by another
    // name than its own.
    ASSIGN_OR_RETURN(const etcd::MemberStatus status,
                     client.StatusOf(context, client.endpoints().front()));
    candidates.wanted = etcd::ToString(status.header.member);
  }
  return candidates;
}

std::string NameOf(const etcd::ObservedMember& observed) {
  return fmt::format("{} ({})", observed.member.name, etcd::ToString(observed.member.id));
}

void AddMemberEvidence(const Context& context, const std::vector<MemberVerdict>& verdicts,
                       TakeResult& result) {
  for (const MemberVerdict& verdict : verdicts) {
    AddEvidence(context, result, "member " + etcd::ToString(verdict.answer.id), verdict.result,
                verdict.detail);
  }
}

/// What became of an attempt that did not fail.
struct Attempt {
  TakeResult result;
  bool stored = false;
  std::vector<etcd::MemberId> majority;  // not stored: read from one of these
};

std::string JoinIds(const std::vector<etcd::MemberId>& ids) {
  std::string text;
  for (const etcd::MemberId id : ids) {
    text += (text.empty() ? "" : ", ") + etcd::ToString(id);
  }
  return text;
}

Result<Attempt> TryTake(const Context& context, const TakeOptions& options, etcd::Client& client,
                        const Candidates& candidates, const etcd::ObservedMember& source,
                        Destination& destination) {
  Attempt attempt;
  TakeResult& result = attempt.result;
  TRESOR_CHECK(source.status.ok());
  result.source = {.cluster_id = static_cast<std::uint64_t>(source.status->header.cluster),
                   .member_id = static_cast<std::uint64_t>(source.member.id),
                   .member_name = source.member.name,
                   .endpoint = source.endpoint,
                   .etcd_version = source.status->version};

  RETURN_IF_ERROR(destination.Begin(context));
  const auto begin = context.clock().Monotonic();
  ReceivingSink sink(destination.image_store(), options.progress);
  ASSIGN_OR_RETURN(const etcd::SnapshotSummary summary,
                   client.Snapshot(context, source.endpoint, sink));
  RETURN_IF_ERROR(Annotate(sink.Finish(summary), "snapshot from " + source.endpoint));
  ASSIGN_OR_RETURN(const Image image, destination.image());
  result.source.image_bytes = summary.image_bytes;
  result.source.sha256 = summary.digest;
  AddEvidence(context, result, "sha256", EvidenceResult::kPassed, ToHex(summary.digest));
  const auto received = context.clock().Monotonic();
  result.times.receive = received - begin;

  ASSIGN_OR_RETURN(
      const auto database,
      bolt::Database::Open(*image.bytes, {.exact_size = true, .reduced = image.reduced}));
  result.source.page_size_bytes = database->meta().page_size;
  ASSIGN_OR_RETURN(const etcd::StoreRevisions revisions, ReadRevisions(*database));
  HashKvPoll poll(context, client, candidates.members, revisions.current, options.hash_kv_timeout);
  CheckOptions check{
      .exact_size = true, .user_key_hash = NewUserKeyHash(), .progress = options.progress};
  destination.Prepare(check);
  const Result<SnapshotFacts> facts = CheckDatabase(context, *database, check);
  if (!facts.ok()) {
    return Annotate(facts.status(), "snapshot from " + source.endpoint);
  }
  result.facts = *facts;
  AddEvidence(
      context, result, "structure", EvidenceResult::kPassed,
      fmt::format("{} of {}, {}",
                  Counted(result.facts.walk.branch_pages + result.facts.walk.leaf_pages, "page"),
                  Counted(result.facts.walk.buckets, "bucket"),
                  Counted(result.facts.records, "record")));
  const auto checked = context.clock().Monotonic();
  result.times.check = checked - received;

  repo::HashKv& native = result.facts.hash_kv;
  const auto exact = [&](std::int64_t compact_revision) {
    return ExactHashKv(context, *database, *check.user_key_hash,
                       {.revision = native.revision, .compact_revision = compact_revision});
  };
  ASSIGN_OR_RETURN(const auto verdicts, Judge(poll.Wait(), native, exact));
  result.times.members = context.clock().Monotonic() - checked;
  AddEvidence(context, result, "hashkv", EvidenceResult::kPassed, Say(native));
  AddMemberEvidence(context, verdicts, result);

  const TrustDecision decision = Decide(verdicts, source.member.id);
  const std::string difference =
      fmt::format("member {} at {} has HashKV {}, member {} differs", NameOf(source),
                  source.endpoint, Say(native), JoinIds(decision.others));
  switch (decision.trust) {
    case Trust::kAgreed:
      break;
    case Trust::kMajority:
      result.warnings.push_back(difference + ": the latter is corrupt");
      break;
    case Trust::kMinority:
      if (options.allow_disagreement) {
        result.warnings.push_back(difference + ": the former is corrupt, stored as told");
        break;
      }
      if (candidates.wanted.empty()) {
        result.warnings.push_back(difference + ": the former is corrupt, not read from");
        attempt.majority = decision.others;
        return attempt;
      }
      return Error(Code::kDataLoss, "{}: the former is corrupt, read from another member",
                   difference);
    case Trust::kTied:
      if (!options.allow_disagreement) {
        return Error(Code::kDataLoss, "{}: one of them is corrupt, and there is no majority",
                     difference);
      }
      result.warnings.push_back(difference + ": one of them is corrupt, stored as told");
      break;
  }
  RETURN_IF_ERROR(destination.Store(context, *database, summary, result));
  attempt.stored = true;
  return attempt;
}

Result<TakeResult> Take(const Context& context, const TakeOptions& options, etcd::Client& client,
                        const std::function<std::unique_ptr<Destination>(bool)>& make_destination) {
  std::vector<std::string> warnings;
  bool whole = false;
  std::vector<etcd::MemberId> majority;  // empty: not known
  for (int i = 0; i < kAttempts; ++i) {
    ASSIGN_OR_RETURN(Candidates candidates, FindCandidates(context, options, client));
    std::vector<etcd::ObservedMember> eligible = candidates.members;
    if (!majority.empty()) {
      std::erase_if(eligible, [&](const etcd::ObservedMember& observed) {
        return std::ranges::find(majority, observed.member.id) == majority.end();
      });
    }
    ASSIGN_OR_RETURN(const etcd::SelectedMember selected,
                     etcd::SelectMember(eligible, candidates.wanted));
    std::unique_ptr<Destination> destination = make_destination(whole);
    Result<Attempt> taken =
        TryTake(context, options, client, candidates, eligible[selected.index], *destination);
    if (!taken.ok() && !whole && destination->missed()) {
      whole = true;
      destination.reset();  // ends its save
      destination = make_destination(whole);
      taken = TryTake(context, options, client, candidates, eligible[selected.index], *destination);
    }
    ASSIGN_OR_RETURN(Attempt attempt, std::move(taken));
    if (attempt.stored) {
      TakeResult result = std::move(attempt.result);
      warnings.insert(warnings.end(), result.warnings.begin(), result.warnings.end());
      if (!candidates.wanted.empty()) {
        // Of a member that was asked for by name, its own faults stand here.
        warnings.insert(warnings.end(), selected.passed_over.begin(), selected.passed_over.end());
      }
      result.warnings = std::move(warnings);
      return result;
    }
    majority = std::move(attempt.majority);
    warnings.insert(warnings.end(), attempt.result.warnings.begin(), attempt.result.warnings.end());
  }
  return Error(Code::kUnavailable, "the members go on disagreeing: {}", warnings.back());
}

}  // namespace

Result<TakeResult> TakeBackup(const Context& context, const TakeOptions& options,
                              etcd::Client& client, repo::Repository& repository) {
  return Take(context, options, client, [&](bool whole) {
    return std::make_unique<RepositoryDestination>(options, repository, whole);
  });
}

Result<TakeResult> SaveSnapshotFile(const Context& context, const TakeOptions& options,
                                    etcd::Client& client, io::FileSystem& fs,
                                    const std::string& path) {
  return Take(context, options, client,
              [&](bool) { return std::make_unique<FileDestination>(fs, path); });
}

}  // namespace tresor::backup
