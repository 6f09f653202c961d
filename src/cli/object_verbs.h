// SPDX-License-Identifier: Apache-2.0
// What `tresor cluster`, `tresor backup` and `tresor restore` have in common: list, describe, wait.
#pragma once

#include <functional>
#include <string>

#include "cli/api_access.h"
#include "cli/command.h"
#include "cli/invocation.h"
#include "objects/object.h"

namespace tresor::cli {

/// One kind, as its commands see it.
struct ObjectVerbs {
  std::string word;     // "backup"
  std::string plural;   // "etcdbackups"
  std::string kind;     // "EtcdBackup"
  std::string example;  // a name, for help
  /// A phase that is waited for, and those after which nothing more is to be hoped for.
  std::string good_phase;
  std::vector<std::string> bad_phases;
};

[[nodiscard]] Command ListVerb(const ObjectVerbs& verbs);
[[nodiscard]] Command DescribeVerb(const ObjectVerbs& verbs);
[[nodiscard]] Command WaitVerb(const ObjectVerbs& verbs);

/// "--wait" and "--timeout" of commands that create.
[[nodiscard]] std::vector<Flag> CreateFlags();
/// Creates `object`, says so, and waits if that was asked for.
[[nodiscard]] Status CreateObject(Invocation& invocation, ApiClient& client,
                                  const ObjectVerbs& verbs, const objects::Object& object);

}  // namespace tresor::cli
