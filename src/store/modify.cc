// SPDX-License-Identifier: Apache-2.0
#include "store/object_store.h"

namespace tresor::store {
namespace {

constexpr int kTries = 10;

Result<Object> ModifyWith(const Context& context, ObjectStore& store, const ObjectKey& key,
                          const std::function<Result<bool>(Object&)>& change,
                          const std::function<Result<Object>(const Object& changed)>& write) {
  for (int tries = 1;; ++tries) {
    ASSIGN_OR_RETURN(Object object, store.Get(context, key));
    ASSIGN_OR_RETURN(const bool changed, change(object));
    if (!changed) {
      return object;
    }
    Result<Object> written = write(object);
    if (written.ok() || written.status().code() != Code::kAborted || tries == kTries) {
      return written;
    }
  }
}

}  // namespace

Result<Object> Modify(const Context& context, ObjectStore& store, const ObjectKey& key,
                      const WriteOptions& options,
                      const std::function<Result<bool>(Object&)>& change) {
  return ModifyWith(context, store, key, change, [&](const Object& changed) {
    return store.Update(context, key.resource, changed, options);
  });
}

Result<Object> ModifyStatus(const Context& context, ObjectStore& store, const ObjectKey& key,
                            const WriteOptions& options,
                            const std::function<Result<bool>(Object&)>& change) {
  return ModifyWith(context, store, key, change, [&](const Object& changed) {
    return store.UpdateStatus(context, key.resource, changed, options);
  });
}

}  // namespace tresor::store
