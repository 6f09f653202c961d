// SPDX-License-Identifier: Apache-2.0
// Spool: where a snapshot lies between the stream's end and its storing.
//
// Small ones stay in memory. Larger ones go to a file without a name, so that no crash leaves it
// behind, encrypted with a key that lives in this object only: a stolen disk shows nothing. Layout
// of the file: chunks of kSpoolChunkBytes, each AES-256-GCM (nonce = chunk number) and followed by
// its 16-byte tag.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "base/status.h"
#include "crypto/crypto.h"
#include "io/file_system.h"

namespace tresor::backup {

/// A page of most databases: the leaves are read in another order than they lie in.
inline constexpr std::size_t kSpoolChunkBytes = 4096;

struct SpoolOptions {
  io::FileSystem* fs = &io::PosixFileSystem();           // outlives the spool
  std::string dir = "/tmp";                              // where the file lies
  std::uint64_t memory_bytes = std::uint64_t{32} << 20;  // up to here no file is made
  std::uint64_t limit_bytes = std::uint64_t{64} << 30;   // more is refused
  Random* random = &SystemRandom();
};

/// Written once, front to back, then read at random.
///
/// Threads: Append and Finish from one thread; after Finish, ReadAt from any thread, at once.
class Spool final : public io::RandomReader {
 public:
  /// `expected_bytes` (0: unknown): what will come, as far as the caller knows. kResourceExhausted:
  /// it is over the limit, or the folder's file system has no room for it.
  [[nodiscard]] static Result<std::unique_ptr<Spool>> Create(const SpoolOptions& options,
                                                             std::uint64_t expected_bytes);
  ~Spool() override;

  /// kResourceExhausted: over the limit, or the disk is full; the message says which and what to
  /// do. After an error the spool is spent.
  [[nodiscard]] Status Append(ByteView bytes);
  /// Nothing more will come. Before it nothing can be read.
  [[nodiscard]] Status Finish();

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  /// kDataLoss besides RandomReader's: the file gives back what was not written.
  [[nodiscard]] Status ReadAt(std::uint64_t offset, MutableByteView out) const override;

  [[nodiscard]] bool in_memory() const { return file_ == nullptr; }

 private:
  // What one reading thread needs; a thread takes any that is free.
  struct Reader;

  explicit Spool(const SpoolOptions& options);
  [[nodiscard]] Status TakeIn(ByteView bytes);
  [[nodiscard]] Status MoveToFile(std::uint64_t expected_bytes);
  /// Seals and writes; all but the last call have whole chunks.
  [[nodiscard]] Status Write(ByteView plain);
  [[nodiscard]] Status ReadFromFile(Reader& reader, std::uint64_t offset,
                                    MutableByteView out) const;
  [[nodiscard]] std::uint64_t ChunkBytes(std::uint64_t chunk) const;

  static constexpr std::size_t kReaders = 8;

  SpoolOptions options_;
  Bytes memory_;  // all of it, or what does not fill a write to the file yet
  std::unique_ptr<io::File> file_;
  crypto::SecretKey key_;
  std::unique_ptr<crypto::Aead> aead_;  // the writer's
  Bytes sealed_;                        // the writer's
  std::uint64_t size_ = 0;
  std::uint64_t chunks_ = 0;  // in the file
  bool finished_ = false;
  bool failed_ = false;
  std::unique_ptr<std::array<Reader, kReaders>> readers_;
};

}  // namespace tresor::backup
