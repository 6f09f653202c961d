// SPDX-License-Identifier: Apache-2.0
#include "bolt/builder.h"

#include <algorithm>
#include <utility>

#include "bolt/format/meta.h"
#include "bolt/format/node.h"
#include "bolt/format/page.h"

namespace tresor::bolt {
namespace {

using format::NodeWriter;
using format::PageType;

constexpr std::size_t kMaxNesting = 32;
/// A closed branch keeps two children and leaves two, so that none has a single one.
constexpr std::size_t kMinChildrenToSplit = 3;
constexpr std::size_t kMinPairsToSplit = 2;
/// A leaf is closed at once where it fills its pages this well: waiting for better only makes
/// longer runs.
constexpr std::uint64_t kGoodFillPercent = 98;

/// Takes page runs, hands out their ids, writes them front to back.
class PageAppender {
 public:
  PageAppender(PageSink& sink, const BuilderOptions& options)
      : sink_(sink), page_size_(options.page_size), buffer_limit_(options.write_buffer_bytes) {
    buffer_.reserve(buffer_limit_ + page_size_);
  }

  /// Writes the first `count` elements of `node` as the next run.
  [[nodiscard]] Result<PageId> Append(NodeWriter& node, std::size_t count, PageType type) {
    const PageId id{next_page_};
    const std::uint64_t run_pages = (node.SizeOf(count) + page_size_ - 1) / page_size_;
    node.TakeFront(count,
                   {.id = id, .type = type, .overflow = static_cast<std::uint32_t>(run_pages - 1)},
                   buffer_);
    next_page_ += run_pages;
    buffer_.resize(static_cast<std::size_t>(next_page_ * page_size_ - written_));
    if (buffer_.size() >= buffer_limit_) {
      RETURN_IF_ERROR(Flush());
    }
    return id;
  }

  [[nodiscard]] Status Flush() {
    if (!buffer_.empty()) {
      RETURN_IF_ERROR(sink_.WriteAt(written_, buffer_));
      written_ += buffer_.size();
      buffer_.clear();
    }
    return OkStatus();
  }

  [[nodiscard]] Status WriteMetas(Meta meta) {
    Bytes pages(std::size_t{2} * page_size_);
    for (std::uint64_t index = 0; index < 2; ++index) {
      meta.txid = index;  // bbolt puts transaction T on page T mod 2
      format::EncodeMetaPage(meta, index, MutableByteView(pages).subspan(index * page_size_));
    }
    return sink_.WriteAt(0, pages);
  }

  [[nodiscard]] std::uint32_t page_size() const { return page_size_; }
  [[nodiscard]] std::uint64_t next_page() const { return next_page_; }

 private:
  PageSink& sink_;
  const std::uint32_t page_size_;
  const std::size_t buffer_limit_;
  std::uint64_t next_page_ = ToNumber(format::kFirstDataPage);
  std::uint64_t written_ = ToNumber(format::kFirstDataPage) * page_size_;
  Bytes buffer_;  // begins at offset written_
};

/// The pages of one bucket: the leaf in progress, and above it one branch in progress per level.
class TreeBuilder {
 public:
  TreeBuilder(PageAppender& pages, std::uint64_t leaf_bytes)
      : pages_(pages), leaf_bytes_(leaf_bytes) {}

  /// Keys ascend.
  [[nodiscard]] Status Add(ByteView key, ByteView value, bool is_bucket) {
    const std::uint64_t added = format::kElementSize + key.size() + value.size();
    while (leaf_.count() >= kMinPairsToSplit &&
           (leaf_.size() + added > leaf_bytes_ || leaf_.count() == format::kMaxElements)) {
      RETURN_IF_ERROR(CloseLeaf(ChooseCut()));
    }
    leaf_.AddPair(key, value, is_bucket);
    has_buckets_ = has_buckets_ || is_bucket;
    return OkStatus();
  }

  /// Whether bbolt would keep the bucket inside its parent's leaf: bucket.go, inlineable(), at
  /// v1.4.3.
  [[nodiscard]] bool FitsInline() const {
    return branches_.empty() && !has_buckets_ && leaf_.size() <= pages_.page_size() / 4;
  }
  /// Only when FitsInline().
  [[nodiscard]] NodeWriter& leaf() { return leaf_; }

  /// Writes what is left; the result is the root page.
  [[nodiscard]] Result<PageId> Finish() {
    if (branches_.empty()) {
      return pages_.Append(leaf_, leaf_.count(), PageType::kLeaf);
    }
    RETURN_IF_ERROR(CloseLeaf(leaf_.count()));
    for (std::size_t level = 0; level + 1 < branches_.size(); ++level) {
      RETURN_IF_ERROR(CloseBranch(level, branches_[level].count()));
    }
    return pages_.Append(branches_.back(), branches_.back().count(), PageType::kBranch);
  }

 private:
  /// How many elements of the leaf make the run that wastes least of its last page; the longer one
  /// of two equals.
  [[nodiscard]] std::size_t ChooseCut() const {
    std::size_t best = kMinPairsToSplit;
    std::uint64_t best_size = 0;
    std::uint64_t best_room = 1;
    for (std::size_t count = kMinPairsToSplit; count <= leaf_.count(); ++count) {
      const std::uint64_t size = leaf_.SizeOf(count);
      const std::uint64_t room =
          (size + pages_.page_size() - 1) / pages_.page_size() * pages_.page_size();
      if (room > best_room && best_size * 100 >= best_room * kGoodFillPercent) {
        break;
      }
      if (size * best_room >= best_size * room) {
        best = count;
        best_size = size;
        best_room = room;
      }
    }
    return best;
  }

  [[nodiscard]] Status CloseLeaf(std::size_t count) {
    const Bytes first_key = ToBytes(leaf_.first_key());
    ASSIGN_OR_RETURN(const PageId page, pages_.Append(leaf_, count, PageType::kLeaf));
    return AddChild(0, first_key, page);
  }

  [[nodiscard]] Status CloseBranch(std::size_t level, std::size_t count) {
    const Bytes first_key = ToBytes(branches_[level].first_key());
    ASSIGN_OR_RETURN(const PageId page, pages_.Append(branches_[level], count, PageType::kBranch));
    return AddChild(level + 1, first_key, page);
  }

  [[nodiscard]] Status AddChild(std::size_t level, ByteView key, PageId child) {
    if (level == branches_.size()) {
      branches_.emplace_back();
    }
    const std::uint64_t grown = branches_[level].size() + format::kElementSize + key.size();
    const std::size_t count = branches_[level].count();
    if (count >= kMinChildrenToSplit &&
        (grown > pages_.page_size() || count == format::kMaxElements)) {
      RETURN_IF_ERROR(CloseBranch(level, count - 1));
    }
    branches_[level].AddChild(key, child);
    return OkStatus();
  }

  PageAppender& pages_;
  const std::uint64_t leaf_bytes_;
  bool has_buckets_ = false;
  NodeWriter leaf_;
  std::vector<NodeWriter> branches_;  // lowest first
};

struct OpenBucket {
  Bytes name;
  std::uint64_t sequence = 0;
  TreeBuilder tree;
  Bytes last_key;
};

class FileBuilder final : public Builder {
 public:
  FileBuilder(PageSink& sink, const BuilderOptions& options)
      : pages_(sink, options), leaf_bytes_(std::max(options.leaf_bytes, options.page_size)) {
    open_.push_back(MakeBucket({}, 0));
  }

  Status BeginBucket(ByteView name, std::uint64_t sequence) override {
    return Guard([&]() -> Status {
      if (open_.size() > kMaxNesting) {
        return Error(Code::kInvalidArgument, "buckets nested deeper than {}", kMaxNesting);
      }
      RETURN_IF_ERROR(TakeKey(name));
      open_.push_back(MakeBucket(name, sequence));
      return OkStatus();
    });
  }

  Status Put(ByteView key, ByteView value) override {
    return Guard([&]() -> Status {
      if (open_.size() == 1) {
        return Error(Code::kInvalidArgument, "a pair outside of a bucket");
      }
      if (value.size() > format::kMaxValueSize) {
        return Error(Code::kInvalidArgument, "value of {} bytes is over {}", value.size(),
                     format::kMaxValueSize);
      }
      RETURN_IF_ERROR(TakeKey(key));
      return open_.back().tree.Add(key, value, false);
    });
  }

  Status EndBucket() override {
    return Guard([&]() -> Status {
      if (open_.size() == 1) {
        return Error(Code::kInvalidArgument, "no bucket to end");
      }
      OpenBucket bucket = std::move(open_.back());
      open_.pop_back();
      Bytes value;
      if (bucket.tree.FitsInline()) {
        value = format::EncodeInlineBucketValue(bucket.sequence, bucket.tree.leaf());
      } else {
        ASSIGN_OR_RETURN(const PageId root, bucket.tree.Finish());
        value = format::EncodeBucketValue(root, bucket.sequence);
      }
      return open_.back().tree.Add(bucket.name, value, true);
    });
  }

  Result<BuildResult> Finish() override {
    BuildResult result;
    const Status status = Guard([&]() -> Status {
      if (open_.size() != 1) {
        return Error(Code::kInvalidArgument, "a bucket is not ended");
      }
      ASSIGN_OR_RETURN(const PageId root, open_.back().tree.Finish());
      RETURN_IF_ERROR(pages_.Flush());
      result = {.image_bytes = pages_.next_page() * pages_.page_size(),
                .pages = pages_.next_page()};
      RETURN_IF_ERROR(pages_.WriteMetas({.page_size = pages_.page_size(),
                                         .root = root,
                                         .root_sequence = 0,
                                         .freelist = std::nullopt,
                                         .high_water_mark = pages_.next_page(),
                                         .txid = 0}));
      spent_ = true;
      return OkStatus();
    });
    RETURN_IF_ERROR(status);
    return result;
  }

 private:
  OpenBucket MakeBucket(ByteView name, std::uint64_t sequence) {
    return {.name = ToBytes(name),
            .sequence = sequence,
            .tree = TreeBuilder(pages_, leaf_bytes_),
            .last_key = {}};
  }

  /// The next key of the innermost bucket.
  [[nodiscard]] Status TakeKey(ByteView key) {
    if (key.empty() || key.size() > format::kMaxKeySize) {
      return Error(Code::kInvalidArgument, "key of {} bytes is not 1 to {}", key.size(),
                   format::kMaxKeySize);
    }
    Bytes& last = open_.back().last_key;
    if (Compare(last, key) >= 0) {
      return Error(Code::kInvalidArgument, "keys are not ascending");
    }
    last.assign(key.begin(), key.end());
    return OkStatus();
  }

  /// After an error the tree is in pieces: later calls must not make a file of them.
  template <typename Step>
  [[nodiscard]] Status Guard(Step step) {
    if (spent_) {
      return Error(Code::kInvalidArgument, "the builder is spent");
    }
    Status status = step();
    spent_ = spent_ || !status.ok();
    return status;
  }

  PageAppender pages_;
  const std::uint64_t leaf_bytes_;
  std::vector<OpenBucket> open_;  // the root bucket first
  bool spent_ = false;
};

}  // namespace

Result<std::unique_ptr<Builder>> Builder::Create(PageSink& sink, const BuilderOptions& options) {
  if (!format::IsPageSize(options.page_size)) {
    return Error(Code::kInvalidArgument, "page size {} is not a power of two from {} to {}",
                 options.page_size, format::kMinPageSize, format::kMaxPageSize);
  }
  return std::make_unique<FileBuilder>(sink, options);
}

}  // namespace tresor::bolt
