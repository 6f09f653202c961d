// SPDX-License-Identifier: Apache-2.0
#include "repo/frame_merge.h"

#include <algorithm>

#include "base/check.h"

namespace tresor::repo {
namespace {

constexpr unsigned kMaxThreads = 4;
// Frames decoded ahead, besides the one that each thread is at.
constexpr std::size_t kReadAhead = 4;
// Of some 200 KiB each.
constexpr std::size_t kCachedBlocks = 16;

}  // namespace

FrameMerge::FrameMerge(const Context& context, std::vector<MergeSource> sources,
                       Direction direction, Inspect inspect, BadFrame bad_frame)
    : context_(context),
      sources_(std::move(sources)),
      direction_(direction),
      inspect_(std::move(inspect)),
      bad_frame_(std::move(bad_frame)),
      given_(cursors_.end()) {
  for (std::size_t source = 0; source < sources_.size(); ++source) {
    const auto& frames = sources_[source].reader->directory().frames;
    TRESOR_CHECK(sources_[source].frames.size() == frames.size());
    for (std::size_t frame = 0; frame < frames.size(); ++frame) {
      if (sources_[source].frames[frame]) {
        tasks_.push_back(
            {source, frame,
             direction_ == Direction::kAscending ? frames[frame].first : frames[frame].last});
      }
    }
  }
  std::ranges::stable_sort(
      tasks_, [this](const Task& a, const Task& b) { return IsBefore(a.edge, b.edge); });
  const std::size_t threads =
      std::min<std::size_t>(std::min(ProcessorCount(), kMaxThreads), tasks_.size());
  window_ = threads + kReadAhead;
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

FrameMerge::~FrameMerge() {
  progress_.Lock()->stopped = true;
  changed_.notify_all();
  threads_.clear();
}

void FrameMerge::Work() {
  while (true) {
    std::size_t task = 0;
    {
      auto progress = progress_.Lock();
      progress.Wait(changed_, [&] {
        return progress->stopped || progress->next == tasks_.size() ||
               progress->next < progress->consumed + window_;
      });
      if (progress->stopped || progress->next == tasks_.size()) {
        return;
      }
      task = progress->next++;
    }
    Result<Decoded> decoded = Decode(tasks_[task]);
    progress_.Lock()->ready.emplace(task, std::move(decoded));
    changed_.notify_all();
  }
}

Result<FrameMerge::Decoded> FrameMerge::Decode(const Task& task) {
  const SegmentReader& reader = *sources_[task.source].reader;
  ASSIGN_OR_RETURN(auto frames, reader.ReadFrames(context_, task.frame, task.frame + 1));
  Decoded decoded{.frame = std::move(frames.front()), .block = nullptr, .inspected = {}};
  std::size_t block = 0;
  while (reader.block_frame(block + 1) <= task.frame) {
    ++block;
  }
  ASSIGN_OR_RETURN(decoded.block, Block(task.source, block));
  decoded.block_ordinal = reader.frame_ordinal(reader.block_frame(block));
  const std::uint64_t begin = reader.frame_ordinal(task.frame) - decoded.block_ordinal;
  for (std::size_t i = 0; i < decoded.frame.records.size(); ++i) {
    if (decoded.frame.records[i].key != decoded.block->keys[begin + i]) {
      return Error(Code::kDataLoss, "{}: frame {} and index block {} disagree", reader.name(),
                   task.frame, block);
    }
  }
  if (inspect_) {
    ASSIGN_OR_RETURN(
        decoded.inspected,
        inspect_(reader, decoded.frame.records,
                 std::span(decoded.block->tags).subspan(begin, decoded.frame.records.size())));
  }
  return decoded;
}

Result<std::shared_ptr<const IndexBlock>> FrameMerge::Block(std::size_t source, std::size_t block) {
  {
    const auto blocks = blocks_.Lock();
    const auto found = std::ranges::find_if(*blocks, [&](const CachedBlock& cached) {
      return cached.source == source && cached.block == block;
    });
    if (found != blocks->end()) {
      blocks->splice(blocks->begin(), *blocks, found);
      return found->content;
    }
  }
  ASSIGN_OR_RETURN(IndexBlock content, sources_[source].reader->ReadBlock(context_, block));
  auto shared = std::make_shared<const IndexBlock>(std::move(content));
  const auto blocks = blocks_.Lock();
  blocks->push_front({source, block, shared});
  if (blocks->size() > kCachedBlocks) {
    blocks->pop_back();
  }
  return shared;
}

Result<FrameMerge::Decoded> FrameMerge::Take(std::size_t task) {
  auto progress = progress_.Lock();
  progress.Wait(changed_, [&] { return progress->ready.contains(task); });
  Result<Decoded> decoded = std::move(progress->ready.extract(task).mapped());
  progress->consumed = task + 1;
  changed_.notify_all();
  return decoded;
}

std::size_t FrameMerge::RecordAt(const Cursor& cursor) const {
  return direction_ == Direction::kAscending
             ? cursor.position
             : cursor.decoded.frame.records.size() - 1 - cursor.position;
}

const PackedKey& FrameMerge::KeyOf(const Cursor& cursor) const {
  return cursor.decoded.frame.records[RecordAt(cursor)].key;
}

Status FrameMerge::Activate() {
  while (next_task_ < tasks_.size()) {
    const Task& task = tasks_[next_task_];
    const bool needed =
        cursors_.empty() || std::ranges::none_of(cursors_, [&](const Cursor& cursor) {
          return IsBefore(KeyOf(cursor), task.edge);
        });
    if (!needed) {
      return OkStatus();
    }
    auto decoded = Take(next_task_++);
    if (decoded.ok()) {
      cursors_.push_back({task, *std::move(decoded)});
    } else {
      RETURN_IF_ERROR(context_.Check());
      RETURN_IF_ERROR(bad_frame_(task.source, task.frame, decoded.status()));
    }
  }
  return OkStatus();
}

Result<std::optional<MergedRecord>> FrameMerge::Next() {
  if (given_ != cursors_.end() && ++given_->position == given_->decoded.frame.records.size()) {
    cursors_.erase(given_);
  }
  given_ = cursors_.end();
  RETURN_IF_ERROR(Activate());
  if (cursors_.empty()) {
    return std::nullopt;
  }
  given_ = std::ranges::min_element(
      cursors_, [this](const Cursor& a, const Cursor& b) { return IsBefore(KeyOf(a), KeyOf(b)); });
  const Cursor& cursor = *given_;
  const std::size_t index = RecordAt(cursor);
  const FrameRecord& record = cursor.decoded.frame.records[index];
  const std::uint64_t ordinal =
      sources_[cursor.task.source].reader->frame_ordinal(cursor.task.frame) + index;
  const Decoded& decoded = cursor.decoded;
  return MergedRecord{.key = record.key,
                      .value = record.value,
                      .tag = decoded.block->tags[ordinal - decoded.block_ordinal],
                      .crc = inspect_ ? decoded.inspected.crcs[index] : 0,
                      .user_key = inspect_ ? decoded.inspected.user_keys[index] : 0,
                      .source = cursor.task.source,
                      .frame = cursor.task.frame,
                      .ordinal = ordinal};
}

}  // namespace tresor::repo
