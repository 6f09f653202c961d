// SPDX-License-Identifier: Apache-2.0
#include "objects/object.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <utility>

#include "objects/json_text.h"

namespace tresor::objects {
namespace {

constexpr std::string_view kDetailsType = "tresor.dev/error-details";

const Json* Member(const Json& json, std::string_view name) {
  if (!json.is_object()) {
    return nullptr;
  }
  const auto member = json.find(name);
  return member == json.end() ? nullptr : &*member;
}

std::string TextOf(const Json* json) {
  return json != nullptr && json->is_string() ? json->get<std::string>() : std::string();
}
std::string TextMember(const Json& json, std::string_view name) {
  return TextOf(Member(json, name));
}
bool BoolMember(const Json& json, std::string_view name) {
  const Json* member = Member(json, name);
  return member != nullptr && member->is_boolean() && member->get<bool>();
}

const Json* Metadata(const Object& object, std::string_view name) {
  const Json* metadata = Member(object.json, "metadata");
  return metadata == nullptr ? nullptr : Member(*metadata, name);
}

// metadata[name], made when it is not there or has another type.
Json& MetadataOf(Object& object, const char* name, Json::value_t type) {
  if (!object.json.is_object()) {
    object.json = Json::object();
  }
  Json& metadata = object.json["metadata"];
  if (!metadata.is_object()) {
    metadata = Json::object();
  }
  Json& value = metadata[name];
  if (value.type() != type) {
    value = Json(type);
  }
  return value;
}

std::map<std::string, std::string> TextMap(const Json* json) {
  std::map<std::string, std::string> map;
  if (json != nullptr && json->is_object()) {
    for (const auto& [name, value] : json->items()) {
      if (value.is_string()) {
        map.emplace(name, value.get<std::string>());
      }
    }
  }
  return map;
}

std::optional<WallTime> TimeOf(const Json* json) {
  const Result<WallTime> time = ParseTime(TextOf(json));
  return time.ok() ? std::optional(*time) : std::nullopt;
}

// Reads RFC 3339 from the front; any failure sticks.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  unsigned Digits(std::size_t count) {
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!NextIsDigit()) {
        bad_ = true;
        return 0;
      }
      value = value * 10 + static_cast<unsigned>(rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  void Expect(char wanted) {
    if (!Skip(wanted)) {
      bad_ = true;
    }
  }
  bool Skip(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }
  // After the point: as many digits as there are, those past nanoseconds cut off.
  std::chrono::nanoseconds Fraction() {
    std::chrono::nanoseconds::rep nanos = 0;
    std::chrono::nanoseconds::rep unit = 100'000'000;
    bad_ = bad_ || !NextIsDigit();
    while (NextIsDigit()) {
      nanos += unit * (rest_.front() - '0');
      unit /= 10;
      rest_.remove_prefix(1);
    }
    return std::chrono::nanoseconds{nanos};
  }
  [[nodiscard]] bool done() const { return !bad_ && rest_.empty(); }

 private:
  [[nodiscard]] bool NextIsDigit() const {
    return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
  }
  std::string_view rest_;
  bool bad_ = false;
};

}  // namespace

std::string ToString(const ResourceName& resource) {
  return resource.group.empty() ? resource.plural
                                : fmt::format("{}.{}", resource.plural, resource.group);
}

std::string ToString(const ObjectKey& key) {
  return key.name_space.empty()
             ? fmt::format("{} \"{}\"", ToString(key.resource), key.name)
             : fmt::format("{} \"{}/{}\"", ToString(key.resource), key.name_space, key.name);
}

std::string Object::api_version() const { return TextMember(json, "apiVersion"); }
std::string Object::kind() const { return TextMember(json, "kind"); }
std::string Object::name() const { return TextOf(Metadata(*this, "name")); }
std::string Object::name_space() const { return TextOf(Metadata(*this, "namespace")); }
std::string Object::uid() const { return TextOf(Metadata(*this, "uid")); }

std::uint64_t Object::resource_version() const {
  const std::string text = TextOf(Metadata(*this, "resourceVersion"));
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  return error == std::errc() && end == text.data() + text.size() ? version : 0;
}

std::int64_t Object::generation() const {
  const Json* generation = Metadata(*this, "generation");
  return generation != nullptr && generation->is_number_integer() ? generation->get<std::int64_t>()
                                                                  : 0;
}

std::optional<WallTime> Object::creation_time() const {
  return TimeOf(Metadata(*this, "creationTimestamp"));
}
std::optional<WallTime> Object::deletion_time() const {
  return TimeOf(Metadata(*this, "deletionTimestamp"));
}
std::map<std::string, std::string> Object::labels() const {
  return TextMap(Metadata(*this, "labels"));
}
std::map<std::string, std::string> Object::annotations() const {
  return TextMap(Metadata(*this, "annotations"));
}

std::vector<std::string> Object::finalizers() const {
  std::vector<std::string> finalizers;
  if (const Json* list = Metadata(*this, "finalizers"); list != nullptr && list->is_array()) {
    for (const Json& item : *list) {
      if (item.is_string()) {
        finalizers.push_back(item.get<std::string>());
      }
    }
  }
  return finalizers;
}

std::vector<OwnerReference> Object::owner_references() const {
  std::vector<OwnerReference> owners;
  if (const Json* list = Metadata(*this, "ownerReferences"); list != nullptr && list->is_array()) {
    for (const Json& item : *list) {
      if (item.is_object()) {
        owners.push_back({.api_version = TextMember(item, "apiVersion"),
                          .kind = TextMember(item, "kind"),
                          .name = TextMember(item, "name"),
                          .uid = TextMember(item, "uid"),
                          .controller = BoolMember(item, "controller"),
                          .block_owner_deletion = BoolMember(item, "blockOwnerDeletion")});
      }
    }
  }
  return owners;
}

void Object::SetResourceVersion(std::uint64_t version) {
  MetadataOf(*this, "resourceVersion", Json::value_t::string) = std::to_string(version);
}

void Object::SetLabel(std::string_view name, std::string_view value) {
  MetadataOf(*this, "labels", Json::value_t::object)[std::string(name)] = value;
}

void Object::SetAnnotation(std::string_view name, std::string_view value) {
  MetadataOf(*this, "annotations", Json::value_t::object)[std::string(name)] = value;
}

void Object::AddFinalizer(std::string_view finalizer) {
  Json& list = MetadataOf(*this, "finalizers", Json::value_t::array);
  if (std::ranges::find(list, Json(finalizer)) == list.end()) {
    list.push_back(finalizer);
  }
}

void Object::RemoveFinalizer(std::string_view finalizer) {
  if (Metadata(*this, "finalizers") == nullptr) {
    return;
  }
  Json& list = MetadataOf(*this, "finalizers", Json::value_t::array);
  list.erase(std::remove(list.begin(), list.end(), Json(finalizer)), list.end());
  if (list.empty()) {
    json["metadata"].erase("finalizers");
  }
}

void Object::AddOwner(const OwnerReference& owner) {
  Json& list = MetadataOf(*this, "ownerReferences", Json::value_t::array);
  if (std::ranges::any_of(list,
                          [&](const Json& item) { return TextMember(item, "uid") == owner.uid; })) {
    return;
  }
  list.push_back({{"apiVersion", owner.api_version},
                  {"kind", owner.kind},
                  {"name", owner.name},
                  {"uid", owner.uid},
                  {"controller", owner.controller},
                  {"blockOwnerDeletion", owner.block_owner_deletion}});
}

const Json* Object::Find(std::string_view path) const {
  const Json* at = &json;
  while (at != nullptr) {
    const auto dot = path.find('.');
    at = Member(*at, path.substr(0, dot));
    if (dot == std::string_view::npos) {
      break;
    }
    path.remove_prefix(dot + 1);
  }
  return at;
}

std::string Object::Text(std::string_view path) const { return TextOf(Find(path)); }

Result<WallTime> ParseTime(std::string_view text) {
  using namespace std::chrono;
  TimeReader in(text);
  const int year_number = static_cast<int>(in.Digits(4));
  in.Expect('-');
  const unsigned month_number = in.Digits(2);
  in.Expect('-');
  const unsigned day_number = in.Digits(2);
  in.Expect('T');
  const unsigned hour = in.Digits(2);
  in.Expect(':');
  const unsigned minute = in.Digits(2);
  in.Expect(':');
  const unsigned second = in.Digits(2);
  const nanoseconds fraction = in.Skip('.') ? in.Fraction() : nanoseconds{0};
  minutes offset{0};
  if (!in.Skip('Z')) {
    const bool west = in.Skip('-');
    if (!west) {
      in.Expect('+');
    }
    const unsigned offset_hours = in.Digits(2);
    in.Expect(':');
    const unsigned offset_minutes = in.Digits(2);
    if (offset_hours > 23 || offset_minutes > 59) {
      in.Expect('\0');
    }
    offset = hours{offset_hours} + minutes{offset_minutes};
    offset = west ? -offset : offset;
  }
  const year_month_day date{year{year_number}, month{month_number}, day{day_number}};
  if (!in.done() || !date.ok() || hour > 23 || minute > 59 || second > 59) {
    return Error(Code::kInvalidArgument, "\"{}\" is not a time as RFC 3339 writes it", text);
  }
  // What 64 bits of nanoseconds hold, less a day for the offset.
  if (date <= year{1678} / 1 / 1 || date >= year{2262} / 1 / 1) {
    return Error(Code::kInvalidArgument, "time {} is out of range", text);
  }
  return WallTime{sys_days{date} + hours{hour} + minutes{minute} + seconds{second} - offset +
                  fraction};
}

Status WithDetails(Status status, const ErrorDetails& details) {
  Json causes = Json::array();
  for (const FieldError& cause : details.causes) {
    causes.push_back({cause.reason, cause.field, cause.message});
  }
  const Json json = {{"reason", details.reason},
                     {"group", details.group},
                     {"kind", details.kind},
                     {"name", details.name},
                     {"uid", details.uid},
                     {"causes", std::move(causes)},
                     {"retryAfterSeconds", details.retry_after_seconds}};
  // Messages may quote what a client sent, which need not be UTF-8.
  return WithPayload(std::move(status), kDetailsType, JsonText(json));
}

std::optional<ErrorDetails> DetailsOf(const Status& status) {
  const std::optional<std::string> payload = PayloadOf(status, kDetailsType);
  if (!payload.has_value()) {
    return std::nullopt;
  }
  const Json json = Json::parse(*payload, nullptr, /*allow_exceptions=*/false);
  ErrorDetails details{.reason = TextMember(json, "reason"),
                       .group = TextMember(json, "group"),
                       .kind = TextMember(json, "kind"),
                       .name = TextMember(json, "name"),
                       .uid = TextMember(json, "uid")};
  if (const Json* causes = Member(json, "causes"); causes != nullptr) {
    for (const Json& cause : *causes) {
      details.causes.push_back(
          {.reason = TextOf(&cause[0]), .field = TextOf(&cause[1]), .message = TextOf(&cause[2])});
    }
  }
  if (const Json* seconds = Member(json, "retryAfterSeconds"); seconds != nullptr) {
    details.retry_after_seconds = seconds->get<std::int32_t>();
  }
  return details;
}

}  // namespace tresor::objects
