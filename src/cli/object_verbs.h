// SPDX-License-Identifier: Apache-2.0
// What the commands for API objects have in common: list, describe, wait, delete, set, create.
#pragma once

#include <string>
#include <vector>

#include "cli/api_access.h"
#include "cli/command.h"
#include "cli/invocation.h"
#include "objects/object.h"

namespace tresor::cli {

/// One kind, as its commands see it.
struct ObjectVerbs {
  std::string word;          // "backup"
  std::string plural;        // "etcdbackups"
  std::string kind;          // "EtcdBackup"
  std::string example = {};  // a name, for help
  /// A phase that is waited for, and those after which nothing more is to be hoped for.
  std::string good_phase = {};
  std::vector<std::string> bad_phases = {};
  std::string deleting = {};  // what deleting one means: paragraphs for help
  bool in_project = true;     // else of Kubernetes' core group, and in no project
};

[[nodiscard]] Command ListVerb(const ObjectVerbs& verbs);
[[nodiscard]] Command DescribeVerb(const ObjectVerbs& verbs);
[[nodiscard]] Command WaitVerb(const ObjectVerbs& verbs);
[[nodiscard]] Command DeleteVerb(const ObjectVerbs& verbs);

/// A verb that sets one field of the spec.
struct SpecVerb {
  std::string name;       // "pin"
  std::string summary;    // "keep a backup whatever retention says"
  std::string field;      // "pinned"
  bool value = true;      // what it becomes
  std::string done;       // "pinned"
  std::string example;    // what it is for
  bool can_wait = false;  // --wait: until `verbs`' good phase
};
[[nodiscard]] Command SetVerb(const ObjectVerbs& verbs, const SpecVerb& set);

/// "--wait" and "--timeout" of commands that create.
[[nodiscard]] std::vector<Flag> CreateFlags();
/// "--name" of what need not be given one, and the metadata by it.
[[nodiscard]] Flag NameFlag(const ObjectVerbs& verbs);
[[nodiscard]] objects::Json MetadataByFlag(const Invocation& invocation, const ApiClient& client,
                                           const std::string& prefix);
/// Creates `object`, says so, and waits if that was asked for.
[[nodiscard]] Status CreateObject(Invocation& invocation, ApiClient& client,
                                  const ObjectVerbs& verbs, const objects::Object& object);

}  // namespace tresor::cli
