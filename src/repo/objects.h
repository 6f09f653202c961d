// SPDX-License-Identifier: Apache-2.0
// The repository's sealed objects, read and written whole. FORMAT.md 1, 2, 6, 7.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/context.h"
#include "base/guarded.h"
#include "base/random.h"
#include "base/status.h"
#include "blob/blob.h"
#include "repo/format/catalog.h"
#include "repo/format/manifest.h"
#include "repo/keys.h"

namespace tresor::repo {

/// Small reads that are under way at a time, where many are needed at once.
inline constexpr std::size_t kParallelReads = 8;

/// A Random for several threads. `base` outlives this.
class SharedRandom final : public Random {
 public:
  explicit SharedRandom(Random& base) : base_(&base) {}
  void Fill(MutableByteView out) override { (*base_.Lock())->Fill(out); }

 private:
  Guarded<Random*> base_;
};

/// Threads: all methods, from any thread. Errors name the object.
class Objects {
 public:
  /// All outlive this.
  Objects(blob::BlobStore& store, const KeyRing& keys, Random& random, int compression_level)
      : store_(store), keys_(keys), random_(random), compression_level_(compression_level) {}

  [[nodiscard]] blob::BlobStore& store() const { return store_; }
  [[nodiscard]] const KeyRing& keys() const { return keys_; }
  [[nodiscard]] Random& random() const { return random_; }

  /// Reads, opens. kNotFound: it isn't there. kDataLoss, kUnimplemented.
  [[nodiscard]] Result<Bytes> Read(const Context& context, ObjectKind kind,
                                   std::string_view name) const;
  /// Seals, puts, reads back and compares. kAlreadyExists: there is one of that name; left as it
  /// is. kDataLoss: what was read back differs. Returns the stored size.
  [[nodiscard]] Result<std::uint64_t> Write(const Context& context, ObjectKind kind,
                                            std::string_view name, ByteView raw) const;

  struct WrittenBlob {
    BlobRef ref;
    bool is_new = false;  // false: the repository had it already
  };
  /// A blob, under the name that its content gives. Reads back and compares in either case.
  [[nodiscard]] Result<WrittenBlob> WriteBlob(const Context& context, ByteView content) const;
  [[nodiscard]] Result<Bytes> ReadBlob(const Context& context, const Id& id) const;

  [[nodiscard]] Result<Manifest> ReadManifest(const Context& context, const Id& id) const;
  /// Also that it is the backup that the entry says.
  [[nodiscard]] Result<Manifest> ReadManifest(const Context& context,
                                              const CatalogEntry& entry) const;

  /// The manifests of all backups of `catalog`, in its order, several read at a time; each as
  /// ReadManifest's.
  [[nodiscard]] std::vector<Result<Manifest>> ReadManifests(const Context& context,
                                                            const Catalog& catalog) const;

  /// The newest catalog; an empty one with sequence 0 when there has been no commit.
  [[nodiscard]] Result<Catalog> ReadCatalog(const Context& context) const;
  /// The number of the newest catalog; 0 when there has been no commit.
  [[nodiscard]] Result<std::uint64_t> NewestSequence(const Context& context) const;
  /// The commit: catalog number `catalog.sequence`, exclusively; then removes catalogs that are
  /// older than the one before it. `removed`: the backups that it takes off the list. kAborted:
  /// another writer committed that number, or later ones that don't stand on this one.
  [[nodiscard]] Status CommitCatalog(const Context& context, const Catalog& catalog,
                                     const std::set<Id>& removed = {}) const;

 private:
  blob::BlobStore& store_;
  const KeyRing& keys_;
  Random& random_;
  const int compression_level_;
};

}  // namespace tresor::repo
