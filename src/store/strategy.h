// SPDX-License-Identifier: Apache-2.0
// What happens to an object on its way into the store: pure functions from what a client sent and
// what is there to what will be there.
//
// kubernetes/apiserver pkg/registry/rest/{create,update,delete}.go
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"
#include "objects/kinds.h"
#include "objects/object.h"

namespace tresor::store {

/// Finalizers of the store's own: they mark how the deletion of an owner treats its dependents.
inline constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";
inline constexpr std::string_view kOrphanFinalizer = "orphan";

inline constexpr std::size_t kMaxDepth = 64;             // of an object's JSON
inline constexpr std::size_t kMaxObjectBytes = 3 << 19;  // 1.5 MiB of JSON, as etcd's default

/// Turns what clients send into objects of one kind.
class Strategy {
 public:
  explicit Strategy(const objects::Kind& kind) : kind_(kind) {}

  /// A new object under `key`. Errors: kInvalidArgument.
  [[nodiscard]] Result<objects::Object> Create(const objects::ObjectKey& key,
                                               objects::Object object, std::string uid,
                                               WallTime now,
                                               std::vector<std::string>& warnings) const;
  /// `wanted` in the place of `present`, with the status of `present`. Equal to `present`, its
  /// resourceVersion included: nothing changes. Errors: kInvalidArgument; kAborted: `wanted` is of
  /// another version or another object of that name.
  [[nodiscard]] Result<objects::Object> Update(const objects::ObjectKey& key,
                                               objects::Object wanted,
                                               const objects::Object& present,
                                               std::vector<std::string>& warnings) const;
  /// `present` with the status of `wanted`. Errors as Update's.
  [[nodiscard]] Result<objects::Object> UpdateStatus(const objects::ObjectKey& key,
                                                     const objects::Object& wanted,
                                                     const objects::Object& present) const;
  /// `present`, waiting for its finalizers. Equal to `present`: it does so already.
  [[nodiscard]] objects::Object MarkDeleted(const objects::Object& present, WallTime now) const;

 private:
  [[nodiscard]] Status CheckShape(const objects::ObjectKey& key, objects::Object& object) const;
  [[nodiscard]] Status CheckPreconditions(const objects::ObjectKey& key,
                                          const objects::Object& wanted,
                                          const objects::Object& present) const;
  [[nodiscard]] Status CheckContent(const objects::ObjectKey& key, objects::Object& object,
                                    const objects::Object* before,
                                    std::vector<std::string>& warnings) const;
  [[nodiscard]] bool WantsOther(const objects::Object& a, const objects::Object& b) const;

  const objects::Kind& kind_;
};

/// Whether the object is to go as soon as nothing holds it.
[[nodiscard]] bool IsTerminating(const objects::Object& object);

/// `prefix` and five random characters that make no words.
[[nodiscard]] std::string GenerateName(std::string_view prefix, Random& random);
/// RFC 9562, version 4.
[[nodiscard]] std::string GenerateUid(Random& random);

}  // namespace tresor::store
