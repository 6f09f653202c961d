// SPDX-License-Identifier: Apache-2.0
// Reads a bbolt file that nobody vouches for: every count, id, offset and overflow is checked
// before it is used.
//
// The format and the invariants: bolt/FORMAT.md. The file is never written.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/context.h"
#include "base/status.h"
#include "bolt/format/meta.h"
#include "bolt/format/node.h"
#include "bolt/format/page.h"
#include "io/file_system.h"

namespace tresor::bolt {

/// The pairs of one leaf page, or of an inline bucket, ascending. Owns the bytes that the pairs
/// point into; moving it keeps them valid, so it can be handed to another thread.
struct Leaf {
  PageId page{};  // for an inline bucket: the page that holds it
  Bytes bytes;
  std::vector<Pair> pairs;
};

/// A leaf page whose pairs are not in the image any more. Somebody has checked it as
/// format::DecodeLeaf does, found no buckets in it, and kept this.
struct ReducedLeaf {
  std::uint64_t run_pages = 0;  // with its overflow pages
  std::uint64_t pairs = 0;      // at least one
  std::uint64_t pair_bytes = 0;
  Bytes first_key, last_key;
  Bytes content;  // the visitor's; bolt doesn't look at it
};

/// An image of which some leaves are reduced.
/// Threads: any, at once.
class ReducedLeaves {
 public:
  virtual ~ReducedLeaves() = default;
  /// None: the page is in the image.
  [[nodiscard]] virtual Result<std::optional<ReducedLeaf>> Find(PageId page) const = 0;
};

/// Is told what a walk finds, in key order. A status that is not OK ends the walk, which returns
/// it.
class Visitor {
 public:
  virtual ~Visitor() = default;
  /// A bucket begins; inside another one when that has not ended yet.
  [[nodiscard]] virtual Status BeginBucket(ByteView name, std::uint64_t sequence) = 0;
  /// Some pairs of the innermost bucket, never none.
  [[nodiscard]] virtual Status Pairs(Leaf leaf) = 0;
  /// Instead of Pairs, for a reduced leaf; all of it, also when the walk began in its midst.
  [[nodiscard]] virtual Status Reduced(PageId page, ReducedLeaf leaf);
  [[nodiscard]] virtual Status EndBucket() = 0;
};

struct OpenOptions {
  /// A streamed snapshot: the image must be exactly high_water_mark * page_size long, and both
  /// metas must describe the same tree. False for a copied file, which bbolt may have grown ahead.
  bool exact_size = false;
  /// Of the image in `reader`; outlives the database. Null: there are none.
  const ReducedLeaves* reduced = nullptr;
};

/// What a full walk counted.
struct WalkStats {
  std::uint64_t branch_pages = 0;  // with their overflow pages
  std::uint64_t leaf_pages = 0;    // with their overflow pages
  std::uint64_t free_pages = 0;
  std::uint64_t pairs = 0;       // of all buckets
  std::uint64_t pair_bytes = 0;  // keys and values
  std::uint64_t buckets = 0;
};

/// Threads: const methods, from any thread, at once.
/// Errors of every method: kDataLoss (names page and rule: "page 17: element 3: key runs past the
/// page"), and those of the RandomReader, the ReducedLeaves and the Context. kFailedPrecondition:
/// what was asked for is in a reduced leaf.
class Database {
 public:
  /// `reader` outlives this. Finds the page size and the meta as bbolt does. kDataLoss: no valid
  /// meta, or bounds that the size does not allow. kUnimplemented: a big-endian file, or a bbolt
  /// version other than 2.
  [[nodiscard]] static Result<std::unique_ptr<Database>> Open(const io::RandomReader& reader,
                                                              const OpenOptions& options = {});
  virtual ~Database() = default;

  [[nodiscard]] virtual const Meta& meta() const = 0;
  /// high_water_mark * page_size.
  [[nodiscard]] virtual std::uint64_t image_bytes() const = 0;

  /// Walks all buckets and checks everything that `bbolt check` does and FORMAT.md's invariants
  /// besides (no page used twice, order within and between pages, freelist complete and disjoint).
  /// OK means that the file is consistent. `visitor` may be null: only check. Memory: a few pages
  /// and one bit per page.
  [[nodiscard]] virtual Result<WalkStats> Walk(const Context& context, Visitor* visitor) const = 0;

  /// The pairs of one top-level bucket with key >= `from`, leaf by leaf. kNotFound: no such bucket.
  /// A nested bucket in it is walked too.
  [[nodiscard]] virtual Status WalkBucket(const Context& context, ByteView name, ByteView from,
                                          Visitor& visitor) const = 0;
  /// Reads a leaf page again, as Walk gave it.
  [[nodiscard]] virtual Result<Leaf> ReadLeaf(PageId page) const = 0;
  /// The value of `key` in a top-level bucket; none when the key or the bucket is missing.
  [[nodiscard]] virtual Result<std::optional<Bytes>> Get(ByteView bucket, ByteView key) const = 0;
  /// The last key of a top-level bucket; none when the bucket is missing or empty.
  [[nodiscard]] virtual Result<std::optional<Bytes>> LastKey(ByteView bucket) const = 0;
};

}  // namespace tresor::bolt
