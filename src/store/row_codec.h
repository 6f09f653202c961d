// SPDX-License-Identifier: Apache-2.0
// How an object becomes the value of a log row, and back. FORMAT.md has the bytes.
//
// metadata.resourceVersion is not in the value: the row's revision is it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/status.h"
#include "crypto/crypto.h"
#include "objects/object.h"
#include "store/revision_log.h"

namespace tresor::store {

/// The log's key of an object, and back.
[[nodiscard]] LogKey ToLogKey(const objects::ObjectKey& key);
[[nodiscard]] objects::ObjectKey ToObjectKey(const LogKey& key);

/// Threads: all methods, from any thread.
class RowCodec {
 public:
  static constexpr std::size_t kSaltSize = 16;
  static constexpr std::uint8_t kSealedVersion1 = 1;

  /// `random` outlives the codec.
  RowCodec(crypto::SecretKey key, Random& random) : key_(std::move(key)), random_(&random) {}

  /// As JSON; encrypted when `sealed`. What is no UTF-8 in the object is replaced, in it too.
  [[nodiscard]] std::string Encode(const LogKey& key, objects::Object& object, bool sealed) const;
  /// The object with `revision` as its resourceVersion. kDataLoss: no object's bytes, or (sealed)
  /// not written with this key for this name.
  [[nodiscard]] Result<std::shared_ptr<const objects::Object>> Decode(const LogKey& key,
                                                                      std::uint64_t revision,
                                                                      std::string_view value) const;

 private:
  crypto::SecretKey key_;
  Random* random_;
};

}  // namespace tresor::store
