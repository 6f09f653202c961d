// SPDX-License-Identifier: Apache-2.0
// Plain snapshot files, as etcdctl, etcdutl and others leave them: the bbolt image and its SHA-256;
// also compressed.
//
// etcd's rule whether a file ends with a hash: its size mod 512 is 32
// (etcdutl/snapshot/v3_snapshot.go at v3.6). A copied member/snap/db has none. gzip and zstd are
// told by their magic numbers and unpacked into a spool.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "backup/progress.h"
#include "backup/spool.h"
#include "base/context.h"
#include "base/status.h"
#include "io/file_system.h"

namespace tresor::backup {

enum class Compression { kNone, kGzip, kZstd };

struct SnapshotFileOptions {
  io::FileSystem* fs = &io::PosixFileSystem();
  SpoolOptions spool;  // for compressed files
  /// As etcdutl's --skip-hash-check: a hash is cut off but not compared, and a file without one is
  /// taken.
  bool skip_hash_check = false;
  ProgressCallback progress;
};

/// An image that was found in a file. Threads: any.
class SnapshotFile {
 public:
  /// kDataLoss: the hash is missing ("snapshot missing hash …") or differs, or the compressed
  /// stream is damaged or cut short. kResourceExhausted: the spool is too small for what is
  /// unpacked.
  [[nodiscard]] static Result<std::unique_ptr<SnapshotFile>> Open(
      const Context& context, const std::string& path, const SnapshotFileOptions& options = {});
  /// The same of bytes that are not a file. `source` outlives the result.
  [[nodiscard]] static Result<std::unique_ptr<SnapshotFile>> FromReader(
      const Context& context, const io::RandomReader& source,
      const SnapshotFileOptions& options = {});
  ~SnapshotFile();

  /// The bbolt image, without the hash. Lives as long as this.
  [[nodiscard]] const io::RandomReader& image() const { return *image_; }
  [[nodiscard]] Compression compression() const { return compression_; }
  [[nodiscard]] bool has_hash() const { return has_hash_; }
  /// The image has the SHA-256 that the file says.
  [[nodiscard]] bool hash_checked() const { return hash_checked_; }
  /// SHA-256 of the image, when it was checked; else zeros.
  [[nodiscard]] const std::array<std::byte, 32>& sha256() const { return sha256_; }

 private:
  SnapshotFile();
  [[nodiscard]] Status Load(const Context& context, const io::RandomReader& source,
                            const SnapshotFileOptions& options);

  std::unique_ptr<io::File> file_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<io::RandomReader> image_;
  Compression compression_ = Compression::kNone;
  bool has_hash_ = false;
  bool hash_checked_ = false;
  std::array<std::byte, 32> sha256_{};
};

}  // namespace tresor::backup
