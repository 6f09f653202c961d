// SPDX-License-Identifier: Apache-2.0
#include "api/errors.h"

#include <array>
#include <optional>
#include <utility>

#include "net/rate_limit.h"
#include "objects/json_text.h"

namespace tresor::api {
namespace {

struct Row {
  std::string_view reason;
  int http;
};

// By reason, where a code alone does not tell. kubernetes/apimachinery pkg/apis/meta/v1/types.go
constexpr std::array kByReason{
    Row{"BadRequest", 400},
    Row{"Unauthorized", 401},
    Row{"Forbidden", 403},
    Row{"NotFound", 404},
    Row{"MethodNotAllowed", 405},
    Row{"NotAcceptable", 406},
    Row{"RequestTimeout", 408},
    Row{"Conflict", 409},
    Row{"AlreadyExists", 409},
    Row{"Expired", 410},
    Row{"Gone", 410},
    Row{"RequestEntityTooLarge", 413},
    Row{"UnsupportedMediaType", 415},
    Row{"Invalid", 422},
    Row{"TooManyRequests", 429},
    Row{"InternalError", 500},
    Row{"ServiceUnavailable", 503},
    Row{"Timeout", 504},
};

Row ByCode(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return {"BadRequest", 400};
    case Code::kUnauthenticated:
      return {"Unauthorized", 401};
    case Code::kPermissionDenied:
      return {"Forbidden", 403};
    case Code::kNotFound:
      return {"NotFound", 404};
    case Code::kAlreadyExists:
      return {"AlreadyExists", 409};
    case Code::kAborted:
      return {"Conflict", 409};
    case Code::kFailedPrecondition:
      return {"Conflict", 409};
    case Code::kOutOfRange:
      return {"Expired", 410};
    case Code::kResourceExhausted:
      return {"InsufficientStorage", 507};
    case Code::kUnimplemented:
      return {"NotImplemented", 501};
    case Code::kUnavailable:
      return {"ServiceUnavailable", 503};
    case Code::kCancelled:
      return {"ServiceUnavailable", 503};
    case Code::kDeadlineExceeded:
      return {"Timeout", 504};
    default:
      return {"InternalError", 500};
  }
}

Row Classify(const Status& error, const std::optional<objects::ErrorDetails>& details) {
  const Row by_code = ByCode(error.code());
  if (!details || details->reason.empty()) {
    return by_code;
  }
  for (const Row& row : kByReason) {
    if (row.reason == details->reason) {
      return row;
    }
  }
  // A reason of our own, such as ClusterRestoring.
  return {details->reason, by_code.http};
}

Status WithReason(Code code, std::string_view reason, std::string_view why) {
  return objects::WithDetails(Error(code, "{}", why), {.reason = std::string(reason)});
}

}  // namespace

Status BadRequest(std::string_view why) {
  return WithReason(Code::kInvalidArgument, "BadRequest", why);
}
Status Unauthorized(std::string_view why) {
  return WithReason(Code::kUnauthenticated, "Unauthorized", why);
}
Status Forbidden(std::string_view why) {
  return WithReason(Code::kPermissionDenied, "Forbidden", why);
}
Status PathNotFound() {
  return WithReason(Code::kNotFound, "NotFound",
                    "the server could not find the requested resource");
}
Status MethodNotAllowed() {
  return WithReason(Code::kUnimplemented, "MethodNotAllowed",
                    "the server does not allow this method on the requested resource");
}
Status NotAcceptable(std::string_view why) {
  return WithReason(Code::kInvalidArgument, "NotAcceptable", why);
}
Status UnsupportedMediaType(std::string_view why) {
  return WithReason(Code::kInvalidArgument, "UnsupportedMediaType", why);
}
Status TooManyRequests(std::string_view why, std::int32_t seconds) {
  return objects::WithDetails(Error(Code::kResourceExhausted, "{}", why),
                              {.reason = "TooManyRequests", .retry_after_seconds = seconds});
}

int HttpCode(const Status& error) { return Classify(error, objects::DetailsOf(error)).http; }

Json StatusObject(const Status& error) {
  const auto details = objects::DetailsOf(error);
  const Row row = Classify(error, details);
  // What went wrong inside is for the log, not for whoever asks.
  const bool internal = row.http == 500;
  Json status = {{"kind", "Status"},
                 {"apiVersion", "v1"},
                 {"metadata", Json::object()},
                 {"status", "Failure"},
                 {"message", internal ? "an internal error occurred; the server's log has more"
                                      : std::string(Message(error))},
                 {"reason", row.reason},
                 {"code", row.http}};
  if (!details) {
    return status;
  }
  Json shown = Json::object();
  const auto set = [&](const char* name, const std::string& text) {
    if (!text.empty()) {
      shown[name] = text;
    }
  };
  set("name", details->name);
  set("group", details->group);
  set("kind", details->kind);
  set("uid", details->uid);
  for (const auto& cause : details->causes) {
    shown["causes"].push_back(
        {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  }
  if (details->retry_after_seconds > 0) {
    shown["retryAfterSeconds"] = details->retry_after_seconds;
  }
  if (!shown.empty()) {
    status["details"] = std::move(shown);
  }
  return status;
}

net::Response ErrorResponse(const Status& error) {
  net::Response response = JsonResponse(HttpCode(error), StatusObject(error));
  const auto details = objects::DetailsOf(error);
  const std::int32_t seconds = details ? details->retry_after_seconds : 0;
  if (seconds > 0 || response.status == 503 || response.status == 429) {
    response.headers.Set("Retry-After", net::RetryAfter(std::chrono::seconds{seconds}));
  }
  if (response.status == 401) {
    response.headers.Set("WWW-Authenticate", "Bearer realm=\"tresor\"");
  }
  return response;
}

net::Response ErrorResponse(int status, std::string_view message) {
  std::string reason;
  for (const Row& row : kByReason) {
    if (row.http == status) {
      reason = row.reason;
      break;
    }
  }
  return JsonResponse(status, {{"kind", "Status"},
                               {"apiVersion", "v1"},
                               {"metadata", Json::object()},
                               {"status", "Failure"},
                               {"message", message},
                               {"reason", reason},
                               {"code", status}});
}

net::Response JsonResponse(int status, const Json& json) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = objects::JsonText(json) + "\n",
          .stream = nullptr};
}

}  // namespace tresor::api
