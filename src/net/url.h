// SPDX-License-Identifier: Apache-2.0
// Request targets and their queries, and the small grammars of HTTP header values.
//
// https://www.rfc-editor.org/rfc/rfc3986 (percent-encoding, path, query), RFC 9110 (lists, Accept,
// quoted strings), RFC 6265 (Cookie). Everything here is outside input: nothing crashes, nothing
// allocates more than a few times the input.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace tresor::net {

/// Decodes "%2F". '+' stays. kInvalidArgument: a '%' without two hex digits, or a NUL.
[[nodiscard]] Result<std::string> PercentDecode(std::string_view text);
/// Encodes all but unreserved characters (letters, digits, "-._~").
[[nodiscard]] std::string PercentEncode(std::string_view text);

/// Names and values of a query, decoded, in their order; a name may come more than once.
class Query {
 public:
  /// kInvalidArgument: bad encoding. "a" without '=' has an empty value; '+' is a space.
  [[nodiscard]] static Result<Query> Parse(std::string_view text);
  /// The first value of that name; none: it is not there.
  [[nodiscard]] std::optional<std::string_view> Find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> FindAll(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& items() const {
    return items_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

/// What a request asks for, in origin form: "/api/v1/namespaces?limit=5".
struct Target {
  std::string path;                   // as sent, without the query
  std::vector<std::string> segments;  // decoded, without empty ones: {"api", "v1", "namespaces"}
  Query query;
  /// kInvalidArgument: not in origin form, bad encoding, or a segment "." or "..", which no honest
  /// client sends.
  [[nodiscard]] static Result<Target> Parse(std::string_view text);
};

/// One element of an Accept or Content-Type header: "application/json;as=Table;q=0.5".
struct MediaType {
  std::string type;                                             // lower case, "application/json"
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case, without q
  double quality = 1;
  /// Empty: there is no such parameter.
  [[nodiscard]] std::string_view Parameter(std::string_view name) const;
};
/// Best first, equal ones in their order; elements of quality 0 and malformed ones are left out.
[[nodiscard]] std::vector<MediaType> ParseAccept(std::string_view text);
/// The one media type of a Content-Type header. kInvalidArgument.
[[nodiscard]] Result<MediaType> ParseMediaType(std::string_view text);

/// Whether an Accept-Encoding header asks for this coding, by its name or by "*".
[[nodiscard]] bool AcceptsEncoding(std::string_view text, std::string_view coding);

/// The value of cookie `name` in a Cookie header; none: it is not there, or more than once.
[[nodiscard]] std::optional<std::string_view> FindCookie(std::string_view header,
                                                         std::string_view name);

/// ASCII only.
[[nodiscard]] bool EqualsIgnoringCase(std::string_view a, std::string_view b);

/// "http://127.0.0.1:8080/x": what a client is told to connect to.
struct Url {
  std::string scheme;  // lower case
  std::string host;    // without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string path;  // with the query; at least "/"
  /// kInvalidArgument: another scheme than http and https, user information, a bad port.
  [[nodiscard]] static Result<Url> Parse(std::string_view text);
};

}  // namespace tresor::net
