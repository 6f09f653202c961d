// SPDX-License-Identifier: Apache-2.0
// What the store must know of the kinds that it keeps.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "objects/object.h"

namespace tresor::store {

struct Kind {
  objects::ResourceName resource;
  std::string api_version;  // "tresor.dev/v1"
  std::string kind;         // "EtcdCluster"
  bool namespaced = true;
  bool has_status = false;      // a subresource of its own
  bool has_generation = false;  // counts changes of what people want
  bool sealed = false;          // encrypted at rest
  bool transient = false;       // goes by itself after a while: Events
};

/// Threads: from any thread, at once.
class Kinds {
 public:
  virtual ~Kinds() = default;
  /// nullptr: not served. Lives as long as this.
  [[nodiscard]] virtual const Kind* Find(const objects::ResourceName& resource) const = 0;
  /// Prunes unknown fields (and says so in `warnings`), sets defaults, and adds to `errors` what is
  /// wrong with the object, metadata included. `before`: what it takes the place of, or null.
  virtual void Check(const Kind& kind, objects::Object& object, const objects::Object* before,
                     std::vector<std::string>& warnings,
                     std::vector<objects::FieldError>& errors) const = 0;
};

/// The kinds of DESIGN.md 4.
[[nodiscard]] const Kinds& BuiltInKinds();

}  // namespace tresor::store
