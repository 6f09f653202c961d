// SPDX-License-Identifier: Apache-2.0
#include "cli/value.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "cli/kube.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kHexDumpBytes = 256;
constexpr std::size_t kHexDumpLine = 16;
/// Only a value that is an object or an array is worth setting out; and no deeper than a person
/// could follow.
constexpr int kJsonDepth = 200;

std::string HexDump(ByteView value) {
  std::string out = fmt::format("(binary, {})\n", FormatSize(value.size()));
  const std::size_t shown = std::min(value.size(), kHexDumpBytes);
  for (std::size_t at = 0; at < shown; at += kHexDumpLine) {
    std::string hex;
    std::string text;
    for (std::size_t i = at; i < at + kHexDumpLine; ++i) {
      const bool there = i < shown;
      const auto byte = there ? std::to_integer<unsigned>(value[i]) : 0U;
      hex += there ? fmt::format("{:02x} ", byte) : "   ";
      text +=
          !there ? "" : std::string(1, byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '.');
    }
    out += fmt::format("  {:08x}  {} {}\n", at, hex, text);
  }
  if (shown < value.size()) {
    out += fmt::format("  … and {} bytes more; --raw writes them all\n",
                       FormatCount(value.size() - shown));
  }
  return out;
}

/// Nesting alone can make a parser recurse until the stack ends.
bool IsShallow(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kJsonDepth) {
        return false;
      }
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return true;
}

std::string KubeTime(std::int64_t unix_seconds) {
  // A WallTime ends in 2262; what says more is not a time at which somebody made an object.
  constexpr auto kLast = std::chrono::floor<std::chrono::seconds>(WallTime::max());
  if (unix_seconds < 0 || unix_seconds > kLast.time_since_epoch().count()) {
    return "";
  }
  return FormatTime(WallTime{std::chrono::seconds{unix_seconds}});
}

std::string RenderKube(const KubeEnvelope& envelope) {
  const auto line = [](std::string_view name, const std::string& value) {
    return value.empty() ? "" : fmt::format("{}: {}\n", name, Escape(AsBytes(value)));
  };
  std::string out = line("apiVersion", envelope.api_version) + line("kind", envelope.kind);
  out +=
      line("namespace", envelope.space) + line("name", envelope.name) + line("uid", envelope.uid);
  if (envelope.created_unix_seconds) {
    out += line("created", KubeTime(*envelope.created_unix_seconds));
  }
  return out + fmt::format("(Kubernetes protobuf, {}; --raw writes the bytes)\n",
                           FormatSize(envelope.object_bytes));
}

std::string WithLineEnd(std::string text) {
  if (!text.ends_with('\n')) {
    text += '\n';
  }
  return text;
}

}  // namespace

std::string RenderValue(ByteView value) {
  if (value.empty()) {
    return "(empty)\n";
  }
  if (IsKubeProtobuf(value)) {
    if (const auto envelope = DecodeKubeEnvelope(value); envelope.ok()) {
      return RenderKube(*envelope);
    }
    return HexDump(value);
  }
  if (const auto encryption = KubeEncryption(value)) {
    return fmt::format("(encrypted by Kubernetes: {}; {})\n", *encryption,
                       FormatSize(value.size()));
  }
  const std::string_view text = AsText(value);
  if ((text.front() == '{' || text.front() == '[') && IsShallow(text)) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_discarded()) {
      const std::string dump = json.dump(2, ' ', false, Json::error_handler_t::replace);
      return EscapeLines(AsBytes(dump)) + "\n";
    }
  }
  return IsPrintable(value) ? WithLineEnd(EscapeLines(value)) : HexDump(value);
}

void AddKeyTo(Json& object, std::string_view key) {
  if (IsUtf8(AsBytes(key))) {
    object["key"] = key;
  } else {
    object["keyBase64"] = Base64(AsBytes(key));
  }
}

void AddValueTo(Json& object, ByteView value) {
  if (IsUtf8(value)) {
    object["value"] = AsText(value);
  } else {
    object["valueBase64"] = Base64(value);
  }
  const auto envelope = DecodeKubeEnvelope(value);
  if (!envelope.ok()) {
    return;
  }
  Json head = {{"apiVersion", envelope->api_version}, {"kind", envelope->kind}};
  head["namespace"] = envelope->space;
  head["name"] = envelope->name;
  head["uid"] = envelope->uid;
  if (envelope->created_unix_seconds) {
    head["creationTime"] = KubeTime(*envelope->created_unix_seconds);
  }
  object["kubernetes"] = std::move(head);
}

}  // namespace tresor::cli
