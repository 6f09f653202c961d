// SPDX-License-Identifier: Apache-2.0
#include "api/protobuf_body.h"

#include <chrono>
#include <span>
#include <string>
#include <utility>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/clock.h"

namespace tresor::api {
namespace {

using objects::Json;

enum class Type { kText, kNumber, kBool, kBytes, kTime, kMicroTime, kMessage, kTextMap, kBytesMap };

struct Field {
  std::uint64_t number;
  const char* name;
  Type type;
  bool repeated = false;
  std::span<const Field> fields = {};  // of a kMessage
};

constexpr Field kOwnerReference[] = {
    {1, "kind", Type::kText},       {3, "name", Type::kText},
    {4, "uid", Type::kText},        {5, "apiVersion", Type::kText},
    {6, "controller", Type::kBool}, {7, "blockOwnerDeletion", Type::kBool}};
constexpr Field kObjectMeta[] = {{1, "name", Type::kText},
                                 {2, "generateName", Type::kText},
                                 {3, "namespace", Type::kText},
                                 {5, "uid", Type::kText},
                                 {6, "resourceVersion", Type::kText},
                                 {7, "generation", Type::kNumber},
                                 {8, "creationTimestamp", Type::kTime},
                                 {9, "deletionTimestamp", Type::kTime},
                                 {11, "labels", Type::kTextMap},
                                 {12, "annotations", Type::kTextMap},
                                 {13, "ownerReferences", Type::kMessage, true, kOwnerReference},
                                 {14, "finalizers", Type::kText, true}};
constexpr Field kMetadataField{1, "metadata", Type::kMessage, false, kObjectMeta};

constexpr Field kNamespaceSpec[] = {{1, "finalizers", Type::kText, true}};
constexpr Field kNamespaceStatus[] = {{1, "phase", Type::kText}};
constexpr Field kNamespace[] = {kMetadataField,
                                {2, "spec", Type::kMessage, false, kNamespaceSpec},
                                {3, "status", Type::kMessage, false, kNamespaceStatus}};

constexpr Field kSecret[] = {kMetadataField,
                             {2, "data", Type::kBytesMap},
                             {3, "type", Type::kText},
                             {4, "stringData", Type::kTextMap},
                             {5, "immutable", Type::kBool}};

constexpr Field kObjectReference[] = {
    {1, "kind", Type::kText},       {2, "namespace", Type::kText},
    {3, "name", Type::kText},       {4, "uid", Type::kText},
    {5, "apiVersion", Type::kText}, {6, "resourceVersion", Type::kText},
    {7, "fieldPath", Type::kText}};
constexpr Field kEventSource[] = {{1, "component", Type::kText}, {2, "host", Type::kText}};
constexpr Field kEvent[] = {kMetadataField,
                            {2, "involvedObject", Type::kMessage, false, kObjectReference},
                            {3, "reason", Type::kText},
                            {4, "message", Type::kText},
                            {5, "source", Type::kMessage, false, kEventSource},
                            {6, "firstTimestamp", Type::kTime},
                            {7, "lastTimestamp", Type::kTime},
                            {8, "count", Type::kNumber},
                            {9, "type", Type::kText},
                            {10, "eventTime", Type::kMicroTime},
                            {12, "action", Type::kText},
                            {14, "reportingComponent", Type::kText},
                            {15, "reportingInstance", Type::kText}};

constexpr Field kPreconditions[] = {{1, "uid", Type::kText}, {2, "resourceVersion", Type::kText}};
constexpr Field kDeleteOptions[] = {{1, "gracePeriodSeconds", Type::kNumber},
                                    {2, "preconditions", Type::kMessage, false, kPreconditions},
                                    {3, "orphanDependents", Type::kBool},
                                    {4, "propagationPolicy", Type::kText},
                                    {5, "dryRun", Type::kText, true}};

constexpr Field kResourceAttributes[] = {
    {1, "namespace", Type::kText}, {2, "verb", Type::kText},     {3, "group", Type::kText},
    {4, "version", Type::kText},   {5, "resource", Type::kText}, {6, "subresource", Type::kText},
    {7, "name", Type::kText}};
constexpr Field kNonResourceAttributes[] = {{1, "path", Type::kText}, {2, "verb", Type::kText}};
constexpr Field kAccessReviewSpec[] = {
    {1, "resourceAttributes", Type::kMessage, false, kResourceAttributes},
    {2, "nonResourceAttributes", Type::kMessage, false, kNonResourceAttributes}};
constexpr Field kAccessReview[] = {kMetadataField,
                                   {2, "spec", Type::kMessage, false, kAccessReviewSpec}};
constexpr Field kRulesReviewSpec[] = {{1, "namespace", Type::kText}};
constexpr Field kRulesReview[] = {kMetadataField,
                                  {2, "spec", Type::kMessage, false, kRulesReviewSpec}};
constexpr Field kSelfReview[] = {kMetadataField};

struct KnownKind {
  std::string_view api_version;  // empty: any
  std::string_view kind;
  std::span<const Field> fields;
};
const KnownKind kKinds[] = {
    {"v1", "Namespace", kNamespace},
    {"v1", "Secret", kSecret},
    {"v1", "Event", kEvent},
    {"", "DeleteOptions", kDeleteOptions},
    {"authorization.k8s.io/v1", "SelfSubjectAccessReview", kAccessReview},
    {"authorization.k8s.io/v1", "SelfSubjectRulesReview", kRulesReview},
    {"authentication.k8s.io/v1", "SelfSubjectReview", kSelfReview},
};

// One field as it stands in a message: a number, or bytes.
struct WireField {
  std::uint64_t number = 0;
  bool is_bytes = false;
  std::uint64_t value = 0;
  ByteView bytes;
};

WireField NextField(ByteReader& reader) {
  const std::uint64_t tag = reader.Varint();
  WireField field{.number = tag >> 3};
  switch (tag & 7) {
    case 0:
      field.value = reader.Varint();
      break;
    case 1:
      field.value = reader.U64();
      break;
    case 2:
      field.is_bytes = true;
      field.bytes = reader.LengthPrefixed();
      break;
    case 5:
      field.value = reader.U32();
      break;
    default:
      reader.MarkBad();
  }
  return field;
}

Status Malformed() { return Error(Code::kInvalidArgument, "malformed protobuf body"); }

Result<WallTime> DecodeTimestamp(ByteView bytes) {
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  ByteReader reader(bytes);
  while (reader.ok() && reader.remaining() > 0) {
    const WireField field = NextField(reader);
    (field.number == 1 ? seconds : nanos) = static_cast<std::int64_t>(field.value);
  }
  // Years 1678 to 2262 are what our clock can hold.
  constexpr std::int64_t kMaxSeconds = 9'000'000'000;
  if (!reader.ok() || seconds > kMaxSeconds || seconds < -kMaxSeconds || nanos < 0 ||
      nanos >= 1'000'000'000) {
    return Malformed();
  }
  return WallTime{std::chrono::seconds{seconds} + std::chrono::nanoseconds{nanos}};
}

// A map's entry is a message of a key and a value.
Status DecodeEntry(ByteView bytes, Type type, Json& map) {
  std::string key;
  ByteView value;
  ByteReader reader(bytes);
  while (reader.ok() && reader.remaining() > 0) {
    const WireField field = NextField(reader);
    if (field.number == 1) {
      key = ToString(field.bytes);
    } else if (field.number == 2) {
      value = field.bytes;
    }
  }
  if (!reader.ok()) {
    return Malformed();
  }
  map[key] = type == Type::kBytesMap ? ToBase64(value) : ToString(value);
  return OkStatus();
}

Result<Json> DecodeMessage(ByteView bytes, std::span<const Field> fields);

Result<Json> DecodeValue(const Field& field, const WireField& wire) {
  switch (field.type) {
    case Type::kText:
      return Json(ToString(wire.bytes));
    case Type::kNumber:
      return Json(static_cast<std::int64_t>(wire.value));
    case Type::kBool:
      return Json(wire.value != 0);
    case Type::kBytes:
      return Json(ToBase64(wire.bytes));
    case Type::kTime:
    case Type::kMicroTime: {
      // An empty message is the zero time, which JSON writes as null.
      if (wire.bytes.empty()) {
        return Json(nullptr);
      }
      ASSIGN_OR_RETURN(const WallTime time, DecodeTimestamp(wire.bytes));
      return Json(FormatTime(time, field.type == Type::kMicroTime));
    }
    case Type::kMessage:
      return DecodeMessage(wire.bytes, field.fields);
    case Type::kTextMap:
    case Type::kBytesMap:
      break;
  }
  return Malformed();
}

// Recursion ends with the tables: they are not recursive.
Result<Json> DecodeMessage(ByteView bytes, std::span<const Field> fields) {
  Json message = Json::object();
  ByteReader reader(bytes);
  while (reader.ok() && reader.remaining() > 0) {
    const WireField wire = NextField(reader);
    if (!reader.ok()) {
      break;
    }
    for (const Field& field : fields) {
      if (field.number != wire.number) {
        continue;
      }
      const bool is_number = field.type == Type::kNumber || field.type == Type::kBool;
      if (is_number == wire.is_bytes) {
        return Malformed();
      }
      if (field.type == Type::kTextMap || field.type == Type::kBytesMap) {
        RETURN_IF_ERROR(DecodeEntry(wire.bytes, field.type, message[field.name]));
        continue;
      }
      ASSIGN_OR_RETURN(Json value, DecodeValue(field, wire));
      // gogo-protobuf writes empty texts, too; in JSON they are left out.
      if (field.repeated) {
        message[field.name].push_back(std::move(value));
      } else if (!value.is_string() || !value.get_ref<const std::string&>().empty()) {
        message[field.name] = std::move(value);
      }
    }
  }
  if (!reader.ok()) {
    return Malformed();
  }
  return message;
}

}  // namespace

Result<Json> DecodeProtobufBody(std::string_view body) {
  constexpr std::string_view kMagic("k8s\0", 4);
  if (!body.starts_with(kMagic)) {
    return Error(Code::kInvalidArgument, "not Kubernetes' protobuf: it does not begin with k8s");
  }
  // runtime.Unknown: 1 TypeMeta (1 apiVersion, 2 kind), 2 raw.
  std::string api_version;
  std::string kind;
  ByteView raw;
  ByteReader reader(AsBytes(body.substr(kMagic.size())));
  while (reader.ok() && reader.remaining() > 0) {
    const WireField field = NextField(reader);
    if (field.number == 2) {
      raw = field.bytes;
    } else if (field.number == 1) {
      ByteReader type(field.bytes);
      while (type.ok() && type.remaining() > 0) {
        const WireField part = NextField(type);
        (part.number == 1 ? api_version : kind) = ToString(part.bytes);
      }
    }
  }
  if (!reader.ok()) {
    return Malformed();
  }
  for (const KnownKind& known : kKinds) {
    if (known.kind == kind && (known.api_version.empty() || known.api_version == api_version)) {
      ASSIGN_OR_RETURN(Json object, DecodeMessage(raw, known.fields));
      object["apiVersion"] = api_version;
      object["kind"] = kind;
      return object;
    }
  }
  return Error(Code::kInvalidArgument, "{} {} is not accepted as protobuf: send JSON", api_version,
               kind);
}

}  // namespace tresor::api
