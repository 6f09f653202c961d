// SPDX-License-Identifier: Apache-2.0
// The stream of a backup's records: frames are read, opened and decompressed ahead, then merged.
#include <algorithm>
#include <condition_variable>
#include <map>
#include <optional>
#include <utility>

#include "base/guarded.h"
#include "base/thread.h"
#include "repo/backup_reader.h"
#include "repo/format/names.h"
#include "repo/records_crc.h"

namespace tresor::repo {
namespace {

constexpr unsigned kDecoders = 2;
constexpr int kRereads = 8;
/// Dead frames between living ones are read along when they are smaller than a request is dear.
constexpr std::uint64_t kMaxGapBytes = std::uint64_t{128} << 10;

/// From which record on, and whether without it.
struct Start {
  PackedKey key;
  bool exclusive = false;
  [[nodiscard]] bool Includes(const PackedKey& other) const {
    return exclusive ? other > key : other >= key;
  }
};

/// A frame with live records.
struct Task {
  std::size_t segment = 0;
  std::size_t frame = 0;
  PackedKey first;
  std::uint64_t raw_size = 0;
};

/// The live records of a frame.
struct LiveFrame {
  std::shared_ptr<const Bytes> raw;
  std::vector<Record> records;
  std::uint64_t raw_size = 0;
};

/// Decodes the frames of a layout ahead of their use, in the order of their first keys. That is the
/// order in which a merge needs them, so whoever waits for the next one waits for one that is
/// already being decoded.
class FrameSource {
 public:
  FrameSource(const Context& context, std::shared_ptr<const BackupLayout> layout,
              const Start& start, const ReadAhead& read_ahead)
      : context_(context),
        layout_(std::move(layout)),
        start_(start),
        read_ahead_(read_ahead),
        tasks_(MakeTasks()) {
    MakeGroups();
    const std::size_t decoders = std::min<std::size_t>(kDecoders, groups_.size());
    for (std::size_t i = 0; i < decoders; ++i) {
      decoders_.emplace_back([this] { Decode(); });
    }
  }
  ~FrameSource() {
    state_.Lock()->stopped = true;
    changed_.notify_all();
    decoders_.clear();
  }

  [[nodiscard]] const BackupLayout& layout() const { return *layout_; }
  /// The first key of the next frame, dead records included; null: there are no more.
  [[nodiscard]] const PackedKey* next_key() const {
    return next_task_ < tasks_.size() ? &tasks_[next_task_].first : nullptr;
  }
  /// The next frame; there is one.
  [[nodiscard]] Result<LiveFrame> Next() {
    if (next_in_group_ == ready_.size()) {
      auto state = state_.Lock();
      state.Wait(changed_, [&] { return state->results.contains(next_group_); });
      auto node = state->results.extract(next_group_);
      RETURN_IF_ERROR(node.mapped().status());
      ready_ = *std::move(node.mapped());
      next_in_group_ = 0;
      ++next_group_;
    }
    LiveFrame frame = std::move(ready_[next_in_group_++]);
    ++next_task_;
    state_.Lock()->bytes_ahead -= frame.raw_size;
    changed_.notify_all();
    return frame;
  }

 private:
  /// Tasks [begin, end), neighbours in one segment.
  struct Group {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint64_t raw_size = 0;
  };
  struct State {
    bool stopped = false;
    std::size_t next_group = 0;
    std::uint64_t bytes_ahead = 0;  // of groups taken, less frames given
    std::map<std::size_t, Result<std::vector<LiveFrame>>> results;
  };

  [[nodiscard]] std::vector<Task> MakeTasks() const {
    std::vector<Task> tasks;
    for (std::size_t s = 0; s < layout_->segments.size(); ++s) {
      const BackupSegment& segment = layout_->segments[s];
      const auto& frames = segment.reader->directory().frames;
      for (std::size_t f = 0; f < frames.size(); ++f) {
        if (start_.Includes(frames[f].last) &&
            segment.live.CountIn(segment.reader->frame_ordinal(f),
                                 segment.reader->frame_ordinal(f + 1)) > 0) {
          tasks.push_back({s, f, frames[f].first, frames[f].raw_size});
        }
      }
    }
    std::ranges::stable_sort(tasks, {}, &Task::first);
    return tasks;
  }

  void MakeGroups() {
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      const Task& task = tasks_[i];
      if (!groups_.empty()) {
        Group& group = groups_.back();
        const Task& last = tasks_[group.end - 1];
        if (last.segment == task.segment &&
            group.raw_size + task.raw_size <= read_ahead_.group_bytes &&
            GapBytes(last, task) <= kMaxGapBytes) {
          group.end = i + 1;
          group.raw_size += task.raw_size;
          continue;
        }
      }
      groups_.push_back({i, i + 1, task.raw_size});
    }
  }

  [[nodiscard]] std::uint64_t GapBytes(const Task& a, const Task& b) const {
    const auto& frames = layout_->segments[a.segment].reader->directory().frames;
    std::uint64_t bytes = 0;
    for (std::size_t f = a.frame + 1; f < b.frame; ++f) {
      bytes += frames[f].sealed_size;
    }
    return bytes;
  }

  void Decode() {
    while (true) {
      std::size_t group = 0;
      {
        auto state = state_.Lock();
        state.Wait(changed_, [&] {
          return state->stopped || state->next_group == groups_.size() || state->bytes_ahead == 0 ||
                 state->bytes_ahead + groups_[state->next_group].raw_size <=
                     read_ahead_.window_bytes;
        });
        if (state->stopped || state->next_group == groups_.size()) {
          return;
        }
        group = state->next_group++;
        state->bytes_ahead += groups_[group].raw_size;
      }
      auto frames = DecodeGroup(groups_[group]);
      const bool failed = !frames.ok();
      {
        auto state = state_.Lock();
        state->results.emplace(group, std::move(frames));
        if (failed) {
          state->next_group = groups_.size();  // nobody gets past this one
        }
      }
      changed_.notify_all();
    }
  }

  Result<std::vector<LiveFrame>> DecodeGroup(const Group& group) {
    RETURN_IF_ERROR(context_.Check());
    const BackupSegment& segment = layout_->segments[tasks_[group.begin].segment];
    const std::size_t begin = tasks_[group.begin].frame;
    const std::size_t end = tasks_[group.end - 1].frame + 1;
    std::vector<bool> wanted(end - begin);
    for (std::size_t t = group.begin; t < group.end; ++t) {
      wanted[tasks_[t].frame - begin] = true;
    }
    ASSIGN_OR_RETURN(auto opened, segment.reader->ReadFrames(context_, begin, end, wanted));
    std::vector<LiveFrame> frames;
    frames.reserve(group.end - group.begin);
    for (std::size_t t = group.begin; t < group.end; ++t) {
      OpenedFrame& frame = opened[tasks_[t].frame - begin];
      LiveFrame live{std::move(frame.raw), {}, tasks_[t].raw_size};
      live.records.reserve(frame.records.size());
      std::uint64_t ordinal = segment.reader->frame_ordinal(tasks_[t].frame);
      for (const FrameRecord& record : frame.records) {
        if (segment.live.Test(ordinal++) && start_.Includes(record.key)) {
          live.records.push_back({Unpack(record.key), record.value});
        }
      }
      frames.push_back(std::move(live));
    }
    return frames;
  }

  const Context context_;
  const std::shared_ptr<const BackupLayout> layout_;
  const Start start_;
  const ReadAhead read_ahead_;
  const std::vector<Task> tasks_;
  std::vector<Group> groups_;  // constant after construction
  // The consumer's:
  std::size_t next_task_ = 0;
  std::size_t next_group_ = 0;
  std::vector<LiveFrame> ready_;
  std::size_t next_in_group_ = 0;

  std::condition_variable changed_;
  Guarded<State> state_;
  std::vector<Thread> decoders_;
};

class RecordStreamImpl final : public RecordStream {
 public:
  RecordStreamImpl(const Context& context, std::shared_ptr<BackupSource> source,
                   const etcd::RecordKey& from, const ReadAhead& read_ahead)
      : context_(context),
        source_(std::move(source)),
        from_start_(from == etcd::RecordKey{}),
        start_{Pack(from), false},
        read_ahead_(read_ahead) {}

  [[nodiscard]] Status Begin(const Context& context);
  [[nodiscard]] Result<std::optional<RecordBatch>> Next(const Context& context) override;

 private:
  /// A frame that is being merged.
  struct Open {
    LiveFrame frame;
    std::size_t position = 0;
    [[nodiscard]] bool done() const { return position == frame.records.size(); }
    [[nodiscard]] const etcd::RecordKey& key() const { return frame.records[position].key; }
  };

  [[nodiscard]] Result<std::optional<RecordBatch>> TryNext(const Context& context);
  [[nodiscard]] Result<std::optional<RecordBatch>> NextBatch();
  /// Opens the frames that may hold the next record; false: there is none.
  [[nodiscard]] Result<bool> OpenFrames();
  [[nodiscard]] RecordBatch TakeWhole(Open& open);
  [[nodiscard]] RecordBatch Merge();
  [[nodiscard]] Status Account(const RecordBatch& batch);
  [[nodiscard]] Status CheckEnd() const;

  const Context context_;
  const std::shared_ptr<BackupSource> source_;
  const bool from_start_;
  Start start_;
  const ReadAhead read_ahead_;
  std::unique_ptr<FrameSource> frames_;
  std::vector<Open> open_;
  std::uint64_t delivered_ = 0;
  RecordsCrc crc_;
  bool ended_ = false;
  Status failed_;  // an error is for ever: what follows would have a gap
};

Status RecordStreamImpl::Begin(const Context& context) {
  Status last;
  for (int attempt = 0; attempt < kRereads; ++attempt) {
    const Id manifest = source_->current_manifest();
    auto layout = source_->Layout(context);
    if (layout.ok()) {
      open_.clear();
      frames_ = std::make_unique<FrameSource>(context_, *std::move(layout), start_, read_ahead_);
      return OkStatus();
    }
    last = layout.status();
    if (last.code() != Code::kNotFound) {
      return last;
    }
    RETURN_IF_ERROR(source_->Reread(context, manifest, last));
  }
  return Error(Code::kUnavailable, "the backup is being rewritten too often: {}", Message(last));
}

Result<std::optional<RecordBatch>> RecordStreamImpl::Next(const Context& context) {
  RETURN_IF_ERROR(failed_);
  auto batch = TryNext(context);
  failed_ = batch.status();
  return batch;
}

Result<std::optional<RecordBatch>> RecordStreamImpl::TryNext(const Context& context) {
  for (int attempt = 0; attempt < kRereads; ++attempt) {
    RETURN_IF_ERROR(context.Check());
    if (ended_) {
      return std::nullopt;
    }
    auto batch = NextBatch();
    if (batch.status().code() == Code::kNotFound) {
      // Pruned under our hands: on from the same place, through the rewritten manifest.
      const Id stale = frames_->layout().manifest_id;
      frames_.reset();
      RETURN_IF_ERROR(source_->Reread(context, stale, batch.status()));
      RETURN_IF_ERROR(Begin(context));
      continue;
    }
    RETURN_IF_ERROR(batch.status());
    if (!batch->has_value()) {
      ended_ = true;
      RETURN_IF_ERROR(CheckEnd());
      return std::nullopt;
    }
    RETURN_IF_ERROR(Account(**batch));
    return batch;
  }
  return Error(Code::kUnavailable, "the backup is being rewritten too often");
}

Result<std::optional<RecordBatch>> RecordStreamImpl::NextBatch() {
  ASSIGN_OR_RETURN(const bool more, OpenFrames());
  if (!more) {
    return std::nullopt;
  }
  const PackedKey* next = frames_->next_key();
  if (open_.size() == 1 &&
      (next == nullptr || Pack(open_.front().frame.records.back().key) < *next)) {
    RecordBatch batch = TakeWhole(open_.front());
    open_.clear();
    return batch;
  }
  return Merge();
}

Result<bool> RecordStreamImpl::OpenFrames() {
  while (true) {
    const PackedKey* next = frames_->next_key();
    if (next == nullptr) {
      return !open_.empty();
    }
    if (std::ranges::any_of(open_, [&](const Open& open) { return Pack(open.key()) < *next; })) {
      return true;
    }
    ASSIGN_OR_RETURN(LiveFrame frame, frames_->Next());
    if (!frame.records.empty()) {
      open_.push_back({std::move(frame), 0});
    }
  }
}

RecordBatch RecordStreamImpl::TakeWhole(Open& open) {
  RecordBatch batch;
  batch.records = std::move(open.frame.records);
  batch.records.erase(batch.records.begin(),
                      batch.records.begin() + static_cast<std::ptrdiff_t>(open.position));
  batch.backing.push_back(std::move(open.frame.raw));
  return batch;
}

/// Record by record, up to the first key of the frame that comes next or the end of one that is
/// open.
RecordBatch RecordStreamImpl::Merge() {
  RecordBatch batch;
  for (const Open& open : open_) {
    batch.backing.push_back(open.frame.raw);
  }
  const PackedKey* next = frames_->next_key();
  while (true) {
    Open* least = nullptr;
    for (Open& open : open_) {
      if (least == nullptr || open.key() < least->key()) {
        least = &open;
      }
    }
    if (next != nullptr && Pack(least->key()) >= *next) {
      break;
    }
    batch.records.push_back(least->frame.records[least->position++]);
    if (least->done()) {
      open_.erase(open_.begin() + (least - open_.data()));
      break;
    }
  }
  return batch;
}

Status RecordStreamImpl::Account(const RecordBatch& batch) {
  for (const Record& record : batch.records) {
    const PackedKey key = Pack(record.key);
    if (!start_.Includes(key)) {
      return Error(Code::kDataLoss, "{}: record {} is in two segments, or out of order",
                   ManifestName(frames_->layout().manifest_id), etcd::ToString(record.key));
    }
    start_ = {key, true};
    crc_.Add(record.key, record.value);
  }
  delivered_ += batch.records.size();
  return OkStatus();
}

Status RecordStreamImpl::CheckEnd() const {
  if (!from_start_) {
    return OkStatus();
  }
  const Manifest& manifest = source_->manifest();
  const std::string name = ManifestName(source_->entry().info.manifest);
  if (delivered_ != manifest.records) {
    return Error(Code::kDataLoss, "{}: {} records instead of {}", name, delivered_,
                 manifest.records);
  }
  if (crc_.value() != manifest.records_crc32c) {
    return Error(Code::kDataLoss, "{}: CRC-32C of all records is {:08x} instead of {:08x}", name,
                 crc_.value(), manifest.records_crc32c);
  }
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<RecordStream>> OpenRecordStream(const Context& context,
                                                       std::shared_ptr<BackupSource> source,
                                                       const etcd::RecordKey& from,
                                                       const ReadAhead& read_ahead) {
  if (from.main < 0 || from.sub < 0) {
    return Error(Code::kInvalidArgument, "no record has the key {}", etcd::ToString(from));
  }
  auto stream = std::make_unique<RecordStreamImpl>(context, std::move(source), from, read_ahead);
  RETURN_IF_ERROR(stream->Begin(context));
  return stream;
}

}  // namespace tresor::repo
