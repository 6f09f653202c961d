// SPDX-License-Identifier: Apache-2.0
#include "base/time_zone.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

namespace tresor {
namespace {

WallTime FromAbsl(absl::Time time) { return FromUnixNanos(absl::ToUnixNanos(time)); }

// "Area/Location" and the like: nothing that could lead out of the database's folder.
bool IsZoneName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '/' && name.back() != '/' &&
         name.find("//") == std::string_view::npos && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '+' || c == '-' || c == '/';
         });
}

// absl remembers every name that it was asked for, for ever: it is asked only for those that exist.
bool IsInstalled(std::string_view name) {
  const char* folder = std::getenv("TZDIR");
  std::error_code error;
  return std::filesystem::is_regular_file(
      std::filesystem::path(folder == nullptr ? "/usr/share/zoneinfo" : folder) / name, error);
}

}  // namespace

struct TimeZone::Zone {
  absl::TimeZone zone;
};

TimeZone::TimeZone()
    : name_("UTC"), zone_(std::make_shared<const Zone>(Zone{absl::UTCTimeZone()})) {}

Result<TimeZone> TimeZone::Load(std::string_view name) {
  TimeZone zone;
  if (name == "UTC") {
    return zone;
  }
  absl::TimeZone loaded;
  // "localtime" is a file there, and says where this machine stands.
  if (!IsZoneName(name) || name == "localtime" || !IsInstalled(name) ||
      !absl::LoadTimeZone(std::string(name), &loaded)) {
    return Error(Code::kInvalidArgument, "unknown time zone \"{}\"", name.substr(0, 64));
  }
  zone.name_ = name;
  zone.zone_ = std::make_shared<const Zone>(Zone{loaded});
  return zone;
}

TimeZone::LocalTime TimeZone::ToLocal(WallTime time) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch();
  const auto info = zone_->zone.At(absl::FromUnixSeconds(seconds.count()));
  return LocalTime{seconds + std::chrono::seconds{info.offset}};
}

TimeZone::Instants TimeZone::ToInstants(LocalTime local) const {
  const absl::CivilSecond civil = absl::CivilSecond() + local.time_since_epoch().count();
  const absl::TimeZone::TimeInfo info = zone_->zone.At(civil);
  switch (info.kind) {
    case absl::TimeZone::TimeInfo::SKIPPED:
      return {.jump = FromAbsl(info.trans)};
    case absl::TimeZone::TimeInfo::REPEATED:
      return {.first = FromAbsl(info.pre), .last = FromAbsl(info.post), .jump = {}};
    case absl::TimeZone::TimeInfo::UNIQUE:
      break;
  }
  return {.first = FromAbsl(info.pre), .last = FromAbsl(info.pre), .jump = {}};
}

}  // namespace tresor
