// SPDX-License-Identifier: Apache-2.0
// One run of one command: its values, where its result and its messages go.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/context.h"
#include "base/status.h"
#include "cli/host.h"
#include "cli/parser.h"
#include "cli/progress.h"

namespace tresor::cli {

/// Keeps the order in which fields are added: the documented one.
using Json = nlohmann::ordered_json;

class Invocation {
 public:
  Invocation(const Command& root, Host& host, const Context& context, const Arguments& arguments);

  [[nodiscard]] const Command& root() const { return root_; }
  [[nodiscard]] Host& host() const { return host_; }
  [[nodiscard]] const Context& context() const { return context_; }
  [[nodiscard]] const Arguments& arguments() const { return arguments_; }
  [[nodiscard]] std::ostream& out() const { return host_.out; }
  [[nodiscard]] bool json() const { return json_; }
  [[nodiscard]] bool quiet() const { return quiet_; }
  /// Whether the log's debug lines are shown.
  [[nodiscard]] bool verbose() const { return verbose_; }
  [[nodiscard]] WallTime now() const { return host_.clock.Now(); }
  [[nodiscard]] ProgressLine& progress() { return progress_; }

  /// A line on standard error; not when --quiet.
  void Say(std::string_view line);
  /// The result, on standard output.
  void PrintJson(const Json& json);
  /// What the person can do about the error that is about to be returned; printed under it.
  void Hint(std::string hint) { hint_ = std::move(hint); }
  [[nodiscard]] const std::string& hint() const { return hint_; }

  /// `text` in green, red or yellow when standard output is a terminal that may have colours.
  enum class Tone { kGood, kBad, kDoubtful };
  [[nodiscard]] std::string Paint(Tone tone, std::string_view text) const;

 private:
  const Command& root_;
  Host& host_;
  const Context& context_;
  const Arguments& arguments_;
  const bool json_;
  const bool quiet_;
  const bool verbose_;
  const bool colours_;
  std::string hint_;
  ProgressLine progress_;
};

}  // namespace tresor::cli
