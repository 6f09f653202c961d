// SPDX-License-Identifier: Apache-2.0
// Status → HTTP, and to the Status object that Kubernetes' clients read. The one such table.
//
// https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#response-status-kind
// kubernetes/apimachinery pkg/api/errors/errors.go
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http_server.h"
#include "objects/object.h"

namespace tresor::api {

using objects::Json;

// Errors of HTTP itself, with Kubernetes' reasons.
[[nodiscard]] Status BadRequest(std::string_view why);                             // 400
[[nodiscard]] Status Unauthorized(std::string_view why);                           // 401
[[nodiscard]] Status Forbidden(std::string_view why);                              // 403
[[nodiscard]] Status PathNotFound();                                               // 404
[[nodiscard]] Status MethodNotAllowed();                                           // 405
[[nodiscard]] Status NotAcceptable(std::string_view why);                          // 406
[[nodiscard]] Status UnsupportedMediaType(std::string_view why);                   // 415
[[nodiscard]] Status TooManyRequests(std::string_view why, std::int32_t seconds);  // 429

[[nodiscard]] int HttpCode(const Status& error);
/// The Status object of an error.
[[nodiscard]] Json StatusObject(const Status& error);
/// A whole response, with Retry-After where that helps.
[[nodiscard]] net::Response ErrorResponse(const Status& error);
/// As ErrorResponse, for what the HTTP server refuses by itself.
[[nodiscard]] net::Response ErrorResponse(int status, std::string_view message);

[[nodiscard]] net::Response JsonResponse(int status, const Json& json);

}  // namespace tresor::api
