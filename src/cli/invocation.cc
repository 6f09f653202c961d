// SPDX-License-Identifier: Apache-2.0
#include "cli/invocation.h"

#include <nlohmann/json.hpp>

namespace tresor::cli {
namespace {

/// https://no-color.org: present and not empty.
bool WantsNoColour(const Host& host) {
  const auto no_color = host.environment("NO_COLOR");
  return (no_color && !no_color->empty()) || host.environment("TERM").value_or("") == "dumb";
}

}  // namespace

Invocation::Invocation(const Command& root, Host& host, const Context& context,
                       const Arguments& arguments)
    : root_(root),
      host_(host),
      context_(context),
      arguments_(arguments),
      json_(arguments.Text("output") == "json"),
      quiet_(arguments.Switch("quiet")),
      verbose_(arguments.Knows("verbose") && arguments.Switch("verbose")),
      colours_(host.terminal.output_is_terminal() && !WantsNoColour(host)),
      progress_(host.clock, host.terminal, host.error,
                host.terminal.error_is_terminal() && !quiet_ && !verbose_ &&
                    host.environment("TERM").value_or("") != "dumb") {}

void Invocation::Say(std::string_view line) {
  if (!quiet_) {
    progress_.Clear();
    host_.error << line << '\n';
  }
}

void Invocation::PrintJson(const Json& json) {
  // Text that came from outside and is not UTF-8 becomes U+FFFD rather than an exception.
  host_.out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

std::string Invocation::Paint(Tone tone, std::string_view text) const {
  if (!colours_) {
    return std::string(text);
  }
  const int colour = tone == Tone::kGood ? 32 : tone == Tone::kBad ? 31 : 33;
  return fmt::format("\x1b[{}m{}\x1b[0m", colour, text);
}

}  // namespace tresor::cli
