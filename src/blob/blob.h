// SPDX-License-Identifier: Apache-2.0
// Blob stores: named, immutable byte strings on a local disk, in memory, later in S3.
//
// The interface is what S3 can do: whole objects, ranged reads, list by prefix; no rename, no
// append, no overwrite. What S3 promises:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
//
// Names: one or more parts of [a-z0-9._-], joined by '/', each 1 to 100 characters, none
// starting with '.'; 512 in all. No blob has the name of another's folder: with "a/b" there is no
// "a".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/context.h"
#include "base/status.h"

namespace tresor::blob {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

struct BlobInfo {
  std::string name;
  std::uint64_t size_bytes = 0;
  friend bool operator==(const BlobInfo&, const BlobInfo&) = default;
};

/// kInvalidArgument: not a name as above.
[[nodiscard]] Status CheckName(std::string_view name);

/// Can read. Restore, check and list are given this and nothing more.
///
/// Every implementation promises (contract_test.h checks it):
///  - whole: a reader gets all of a blob or kNotFound, never a part, also after a crash of the
///  writer;
///  - settled: a call that starts after Put or Delete returned sees what it did.
///
/// Threads: all methods, from any thread, at once.
/// Errors of every method, besides its own: kUnavailable (try again; RetryingStore does),
/// kPermissionDenied, kResourceExhausted, kInvalidArgument (name), and kCancelled and
/// kDeadlineExceeded from `context`.
class BlobReader {
 public:
  virtual ~BlobReader() = default;

  /// Reads exactly `range`. kNotFound: no such blob. kOutOfRange: the blob ends before `range`
  /// does.
  [[nodiscard]] virtual Result<Bytes> Get(const Context& context, std::string_view name,
                                          ByteRange range) = 0;
  /// Reads the whole blob. kNotFound: no such blob. kResourceExhausted: it is larger than
  /// `limit_bytes`.
  [[nodiscard]] virtual Result<Bytes> GetAll(const Context& context, std::string_view name,
                                             std::uint64_t limit_bytes) = 0;
  /// kNotFound: no such blob.
  [[nodiscard]] virtual Result<BlobInfo> Stat(const Context& context, std::string_view name) = 0;
  /// All blobs whose name starts with `prefix` ("" for all; need not end at a '/'), sorted by name.
  /// A blob that is put or deleted meanwhile may be there or not.
  [[nodiscard]] virtual Result<std::vector<BlobInfo>> List(const Context& context,
                                                           std::string_view prefix) = 0;
};

/// Can also add. Backup is given this: with it nothing can be lost.
class BlobWriter : public BlobReader {
 public:
  /// Stores `bytes` under `name`. When this returns OK the blob survives power loss.
  ///
  /// kAlreadyExists: there is a blob of that name; it is unchanged. Of several at once exactly one
  /// succeeds. kFailedPrecondition: `name` is a folder of other blobs, or a folder in it is a blob
  /// (not every implementation minds). After any other error the blob is there whole or not at all.
  [[nodiscard]] virtual Status Put(const Context& context, std::string_view name,
                                   ByteView bytes) = 0;
};

/// Can also delete. Only forget and prune are given this.
class BlobStore : public BlobWriter {
 public:
  /// OK also when there is no such blob. When this returns OK the blob stays gone.
  [[nodiscard]] virtual Status Delete(const Context& context, std::string_view name) = 0;
};

}  // namespace tresor::blob
