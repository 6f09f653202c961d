// SPDX-License-Identifier: Apache-2.0
#include "repo/segment_writer.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "base/crc32c.h"
#include "base/guarded.h"
#include "base/queue.h"
#include "base/thread.h"
#include "repo/format/names.h"
#include "repo/segment_reader.h"

namespace tresor::repo {
namespace {

constexpr unsigned kMaxCompressors = 2;
constexpr std::size_t kFramesAhead = 3;     // between the caller and the compressors
constexpr std::size_t kFramesReadBack = 2;  // with one read
/// What a record takes in an index block: its tag, and its key compressed.
constexpr std::uint64_t kIndexBytesPerRecord = 9;
constexpr std::uint64_t kSegmentSlack = std::uint64_t{2} << 20;

/// A frame on its way. Filled by the caller, compressed by a compressor, then taken by the
/// assembler.
struct Job {
  RawFrame frame;
  std::vector<std::uint64_t> tags;
  std::size_t raw_size = 0;
  std::uint32_t raw_crc32c = 0;
  Bytes compressed;
  bool done = false;  // guarded by Pipeline::state_
};

/// What a segment must hold when it is read back.
struct Expected {
  std::vector<std::uint32_t> frame_crcs;
  std::uint32_t keys_crc = 0;
  std::uint32_t tags_crc = 0;

  void AddIndex(const std::vector<PackedKey>& keys, const std::vector<std::uint64_t>& tags) {
    keys_crc = Crc32c(keys_crc, std::as_bytes(std::span(keys)));
    tags_crc = Crc32c(tags_crc, std::as_bytes(std::span(tags)));
  }
};

struct Finished {
  Id id;
  SegmentBuilder::Segment segment;
  Expected expected;
};

Status ReadBack(const Context& context, const Objects& objects, const SegmentRef& ref,
                const Expected& expected) {
  const auto differs = [&](std::string_view what) {
    return Error(Code::kDataLoss, "{}: {} read back differ from what was written",
                 SegmentName(ref.id), what);
  };
  ASSIGN_OR_RETURN(const auto reader, SegmentReader::Open(context, objects, ref));
  const std::size_t frames = reader->directory().frames.size();
  if (frames != expected.frame_crcs.size()) {
    return differs("frames");
  }
  Expected found;
  for (std::size_t block = 0; block < reader->directory().blocks.size(); ++block) {
    ASSIGN_OR_RETURN(const IndexBlock index, reader->ReadBlock(context, block));
    found.AddIndex(index.keys, index.tags);
  }
  if (found.keys_crc != expected.keys_crc || found.tags_crc != expected.tags_crc) {
    return differs("keys or tags");
  }
  for (std::size_t begin = 0; begin < frames; begin += kFramesReadBack) {
    const std::size_t end = std::min(frames, begin + kFramesReadBack);
    ASSIGN_OR_RETURN(const auto opened, reader->ReadFrames(context, begin, end));
    for (std::size_t i = 0; i < opened.size(); ++i) {
      if (Crc32c(0, *opened[i].raw) != expected.frame_crcs[begin + i]) {
        return differs("records");
      }
    }
  }
  return OkStatus();
}

}  // namespace

/// The caller fills frames; compressors compress them, in any order; the assembler takes them in
/// order and seals them into a segment; the uploader stores a segment and reads it back while the
/// assembler fills the next one.
class SegmentWriter::Pipeline {
 public:
  Pipeline(const Context& context, const Objects& objects, const Id& lineage,
           const SegmentWriterOptions& options)
      : context_(context), objects_(objects), lineage_(lineage), options_(options) {
    const unsigned compressors = std::min(ProcessorCount(), kMaxCompressors);
    for (unsigned i = 0; i < compressors; ++i) {
      compressors_.emplace_back([this] { Compress(); });
    }
    assembler_ = Thread([this] { Assemble(); });
    uploader_ = Thread([this] { Upload(); });
  }
  ~Pipeline() { Stop(); }

  Status Add(const PackedKey& key, ByteView value, std::uint64_t tag) {
    builder_.Add(key, value);
    tags_.push_back(tag);
    if (builder_.raw_size() >= options_.frame_size_bytes ||
        builder_.records() >= kMaxFrameRecords) {
      return CloseFrame();
    }
    return OkStatus();
  }

  Result<std::vector<SegmentRef>> Finish() {
    if (!builder_.empty()) {
      RETURN_IF_ERROR(CloseFrame());
    }
    to_compress_.Finish();
    to_assemble_.Finish();
    Join();
    auto state = state_.Lock();
    RETURN_IF_ERROR(state->error);
    return std::move(state->segments);
  }

  void Stop() {
    Fail(Error(Code::kCancelled, "stopped"));
    Join();
  }

  std::vector<SegmentRef> stored() { return state_.Lock()->attempted; }

 private:
  struct State {
    Status error;
    std::vector<SegmentRef> segments;
    std::vector<SegmentRef> attempted;
    std::optional<Finished> to_upload;
    bool uploading = false;
    bool assembled_all = false;
  };

  Status CloseFrame() {
    auto job = std::make_shared<Job>();
    job->frame = builder_.Take();
    job->tags = std::exchange(tags_, {});
    // In this order: the assembler may wait for a job, a compressor never does.
    if (!to_compress_.Push(job) || !to_assemble_.Push(std::move(job))) {
      return state_.Lock()->error;
    }
    return OkStatus();
  }

  void Compress() {
    Compressor compressor(options_.compression_level);
    while (auto job = to_compress_.Pop()) {
      Job& frame = **job;
      frame.raw_size = frame.frame.raw.size();
      frame.raw_crc32c = Crc32c(0, frame.frame.raw);
      compressor.Compress(frame.frame.raw, frame.compressed);
      frame.compressed.shrink_to_fit();
      frame.frame.raw = {};
      {
        const auto state = state_.Lock();  // whoever waits for `done` holds it
        frame.done = true;
      }
      changed_.notify_all();
    }
  }

  void Assemble() {
    std::optional<SegmentBuilder> builder;
    Id id;
    Expected expected;
    std::uint64_t records = 0;
    while (auto job = to_assemble_.Pop()) {
      const Job& frame = **job;
      {
        auto state = state_.Lock();
        state.Wait(changed_, [&] { return frame.done || !state->error.ok(); });
        if (!state->error.ok()) {
          return;
        }
      }
      if (!builder) {
        id = MakeId(objects_.random());
        builder.emplace(
            objects_.keys().NewCipher(ObjectKind::kSegment, SegmentName(id), objects_.random()),
            lineage_, options_.records_per_block, options_.segment_size_bytes + kSegmentSlack);
      }
      builder->AddFrame(frame.compressed, frame.raw_size, frame.frame.keys, frame.tags);
      expected.frame_crcs.push_back(frame.raw_crc32c);
      expected.AddIndex(frame.frame.keys, frame.tags);
      records += frame.tags.size();
      if (builder->stored_size() + records * kIndexBytesPerRecord >= options_.segment_size_bytes) {
        if (!HandOver({id, builder->Finish(), std::exchange(expected, {})})) {
          return;
        }
        builder.reset();
        records = 0;
      }
    }
    if (builder && !HandOver({id, builder->Finish(), std::move(expected)})) {
      return;
    }
    state_.Lock()->assembled_all = true;
    changed_.notify_all();
  }

  /// Waits until the uploader has nothing in hand, so that there are never three segments.
  bool HandOver(Finished finished) {
    {
      auto state = state_.Lock();
      state.Wait(changed_,
                 [&] { return !state->error.ok() || (!state->uploading && !state->to_upload); });
      if (!state->error.ok()) {
        return false;
      }
      state->to_upload = std::move(finished);
    }
    changed_.notify_all();
    return true;
  }

  void Upload() {
    while (true) {
      std::optional<Finished> finished;
      {
        auto state = state_.Lock();
        state.Wait(changed_,
                   [&] { return !state->error.ok() || state->to_upload || state->assembled_all; });
        if (!state->error.ok() || !state->to_upload) {
          return;
        }
        finished = std::exchange(state->to_upload, std::nullopt);
        state->uploading = true;
      }
      const std::string name = SegmentName(finished->id);
      const SegmentRef ref{finished->id,
                           finished->segment.object.size(),
                           finished->segment.directory_sealed_size,
                           finished->segment.directory.records,
                           finished->segment.directory.records,
                           std::nullopt};
      state_.Lock()->attempted.push_back(ref);
      Status status =
          Annotate(objects_.store().Put(context_, name, finished->segment.object), name);
      finished->segment.object = {};
      if (status.ok()) {
        status = ReadBack(context_, objects_, ref, finished->expected);
      }
      if (!status.ok()) {
        Fail(status);
        return;
      }
      {
        auto state = state_.Lock();
        state->segments.push_back(ref);
        state->uploading = false;
      }
      changed_.notify_all();
    }
  }

  /// The first error stays.
  void Fail(const Status& status) {
    {
      auto state = state_.Lock();
      if (state->error.ok()) {
        state->error = status;
      }
    }
    changed_.notify_all();
    to_compress_.Close();
    to_assemble_.Close();
  }

  void Join() {
    compressors_.clear();
    assembler_ = {};
    uploader_ = {};
  }

  const Context context_;
  const Objects& objects_;
  const Id lineage_;
  const SegmentWriterOptions options_;
  FrameBuilder builder_;             // the caller's
  std::vector<std::uint64_t> tags_;  // the caller's
  BoundedQueue<std::shared_ptr<Job>> to_compress_{kFramesAhead};
  BoundedQueue<std::shared_ptr<Job>> to_assemble_{kFramesAhead};
  std::condition_variable changed_;
  Guarded<State> state_;
  std::vector<Thread> compressors_;
  Thread assembler_;
  Thread uploader_;
};

SegmentWriter::SegmentWriter(const Context& context, const Objects& objects, const Id& lineage,
                             const SegmentWriterOptions& options)
    : pipeline_(std::make_unique<Pipeline>(context, objects, lineage, options)) {}
SegmentWriter::~SegmentWriter() = default;
Status SegmentWriter::Add(const PackedKey& key, ByteView value, std::uint64_t tag) {
  return pipeline_->Add(key, value, tag);
}
Result<std::vector<SegmentRef>> SegmentWriter::Finish() { return pipeline_->Finish(); }
void SegmentWriter::Stop() { pipeline_->Stop(); }
std::vector<SegmentRef> SegmentWriter::stored() const { return pipeline_->stored(); }

}  // namespace tresor::repo
