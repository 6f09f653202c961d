// SPDX-License-Identifier: Apache-2.0
#include "control/events.h"

#include <optional>
#include <utility>

#include "base/log.h"
#include "control/names.h"

namespace tresor::control {
namespace {

// So many different things are remembered as said; what is older is said anew.
constexpr std::size_t kRemembered = 4096;
// "." and two 64-bit numbers.
constexpr std::size_t kSuffixChars = 1 + 16 + 16;
// Longer ones are cut, as Kubernetes does.
constexpr std::size_t kLongestMessage = 1024;

objects::Json Describe(const objects::Object& about) {
  objects::Json reference = {{"apiVersion", about.api_version()},
                             {"kind", about.kind()},
                             {"name", about.name()},
                             {"uid", about.uid()},
                             {"resourceVersion", std::to_string(about.resource_version())}};
  if (!about.name_space().empty()) {
    reference["namespace"] = about.name_space();
  }
  return reference;
}

}  // namespace

void EventRecorder::Record(const Context& context, const objects::Object& about, EventType type,
                           std::string_view reason, std::string_view message) {
  const std::string text(message.substr(0, kLongestMessage));
  const std::string now = FormatTime(clock_.Now());
  const std::string_view type_name = type == EventType::kNormal ? "Normal" : "Warning";
  // Cluster-scoped objects' Events go where Kubernetes puts them.
  const std::string name_space = about.name_space().empty() ? "default" : about.name_space();
  const std::string key =
      fmt::format("{}|{}|{}|{}|{}", about.uid(), about.name(), type_name, reason, text);

  std::optional<objects::ObjectKey> known;
  std::uint64_t number = 0;
  {
    auto state = state_.Lock();
    const auto place = state->by_text.find(key);
    if (place != state->by_text.end()) {
      state->recent.splice(state->recent.begin(), state->recent, place->second.used);
      known = {objects::kEvents, place->second.name_space, place->second.name};
    }
    number = state->next++;
  }
  const store::WriteOptions options = WriteAs("events");
  if (known.has_value()) {
    const Result<objects::Object> raised = store::Modify(
        context, store_, *known, options, [&](objects::Object& event) -> Result<bool> {
          const objects::Json* count = event.Find("count");
          event.json["count"] =
              (count != nullptr && count->is_number_integer() ? count->get<std::int64_t>() : 1) + 1;
          event.json["lastTimestamp"] = now;
          return true;
        });
    if (raised.ok() || raised.status().code() != Code::kNotFound) {
      return;
    }
  }

  objects::Object event;
  const std::string name =
      fmt::format("{}.{:x}{:x}", TrimmedName(about.name(), kLongestName - kSuffixChars),
                  ToUnixNanos(clock_.Now()), number);
  event.json = {{"apiVersion", "v1"},
                {"kind", "Event"},
                {"metadata", {{"name", name}, {"namespace", name_space}}},
                {"involvedObject", Describe(about)},
                {"type", type_name},
                {"reason", reason},
                {"message", text},
                {"source", {{"component", "tresor"}}},
                {"firstTimestamp", now},
                {"lastTimestamp", now},
                {"count", 1}};
  const Result<objects::Object> created = store_.Create(context, objects::kEvents, event, options);
  if (!created.ok()) {
    // A project that is being deleted takes no new objects; that is nobody's worry.
    Log(LogLevel::kDebug, "event {}: {}", name, Message(created.status()));
    return;
  }
  auto state = state_.Lock();
  if (const auto place = state->by_text.find(key); place != state->by_text.end()) {
    state->recent.erase(place->second.used);
    state->by_text.erase(place);
  }
  state->recent.push_front(key);
  state->by_text.emplace(key, Known{name_space, name, state->recent.begin()});
  if (state->recent.size() > kRemembered) {
    state->by_text.erase(state->recent.back());
    state->recent.pop_back();
  }
}

}  // namespace tresor::control
