// SPDX-License-Identifier: Apache-2.0
#include "store/row_codec.h"

#include <utility>

#include "base/bytes.h"
#include "objects/json_text.h"
#include "objects/yaml.h"
#include "store/strategy.h"

namespace tresor::store {
namespace {

using objects::Json;
using objects::Object;

// Every sealed value has a key of its own, so that the counter can be 0.
crypto::SecretKey ValueKey(const crypto::SecretKey& key, ByteView salt) {
  ByteWriter info;
  info.Append("tresor store value v1");
  info.Append(salt);
  return key.Derive(info.view());
}

// A sealed value opens only under the name that it was written for.
Bytes Associated(const LogKey& key) {
  ByteWriter writer;
  writer.LengthPrefixed(key.resource);
  writer.LengthPrefixed(key.name_space);
  writer.LengthPrefixed(key.name);
  return writer.Take();
}

std::string Dump(Object& object) {
  try {
    return object.json.dump();
  } catch (const Json::exception&) {
    // Bytes that are no UTF-8, from a process's output for example. Store what can be read back.
    std::string text = objects::JsonText(object.json);
    object.json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    return text;
  }
}

}  // namespace

LogKey ToLogKey(const objects::ObjectKey& key) {
  return {ToString(key.resource), key.name_space, key.name};
}

objects::ObjectKey ToObjectKey(const LogKey& key) {
  const auto dot = key.resource.find('.');
  objects::ResourceName resource{.group = {}, .plural = key.resource.substr(0, dot)};
  if (dot != std::string::npos) {
    resource.group = key.resource.substr(dot + 1);
  }
  return {std::move(resource), key.name_space, key.name};
}

std::string RowCodec::Encode(const LogKey& key, Object& object, bool sealed) const {
  if (const auto metadata = object.json.find("metadata"); metadata != object.json.end()) {
    metadata->erase("resourceVersion");
  }
  std::string text = Dump(object);
  if (!sealed) {
    return text;
  }
  ByteWriter writer;
  writer.U8(kSealedVersion1);
  Bytes salt(kSaltSize);
  random_->Fill(salt);
  writer.Append(salt);
  crypto::Aead(ValueKey(key_, salt)).Seal(0, Associated(key), AsBytes(text), writer.bytes());
  crypto::Wipe(std::as_writable_bytes(std::span(text)));
  return ToString(writer.view());
}

Result<std::shared_ptr<const Object>> RowCodec::Decode(const LogKey& key, std::uint64_t revision,
                                                       std::string_view value) const {
  const auto corrupt = [&](std::string_view why) {
    return Error(Code::kDataLoss, "{}, revision {}: {}", ToString(ToObjectKey(key)), revision, why);
  };
  Bytes opened;
  if (!value.empty() && value.front() != '{') {
    ByteReader reader(AsBytes(value));
    const std::uint8_t version = reader.U8();
    if (version != kSealedVersion1) {
      return corrupt(fmt::format("value of unknown form {}", version));
    }
    const ByteView salt = reader.View(kSaltSize);
    const ByteView sealed = reader.View(reader.remaining());
    if (!reader.ok()) {
      return corrupt("sealed value is cut short");
    }
    Result<Bytes> plain = crypto::Aead(ValueKey(key_, salt)).Open(0, Associated(key), sealed);
    if (!plain.ok()) {
      return corrupt(
          "sealed value does not open: it was changed, or sealed with another key than this one");
    }
    opened = *std::move(plain);
    value = AsText(opened);
  }
  // Wider than what is let in, so that nothing that was written is ever refused.
  Result<Json> json = objects::ParseJson(
      value, {.bytes = 4 * kMaxObjectBytes, .depth = 2 * kMaxDepth, .nodes = kMaxObjectBytes});
  crypto::Wipe(opened);
  if (!json.ok() || !json->is_object()) {
    return corrupt("value is no JSON object");
  }
  auto object = std::make_shared<Object>(Object{*std::move(json)});
  if (object->name() != key.name || object->name_space() != key.name_space) {
    return corrupt("value is another object's");
  }
  object->SetResourceVersion(revision);
  return object;
}

}  // namespace tresor::store
