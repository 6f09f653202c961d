// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tresor::net {
namespace {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// RFC 9110 section 5.6.2.
constexpr bool IsTokenChar(char c) {
  return IsDigit(c) || IsAlpha(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

int HexValue(char c) {
  if (IsDigit(c)) {
    return c - '0';
  }
  const char lower = Lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  return lower;
}

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Cuts `text` at the first `separator` outside quoted strings; takes what was cut off `text`.
std::string_view CutUnquoted(std::string_view& text, char separator) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      const std::string_view head = text.substr(0, i);
      text.remove_prefix(i + 1);
      return head;
    }
  }
  return std::exchange(text, {});
}

// A token, or the content of a quoted string; none: neither.
std::optional<std::string> TokenOrQuoted(std::string_view text) {
  if (!text.empty() && text.front() == '"') {
    if (text.size() < 2 || text.back() != '"') {
      return std::nullopt;
    }
    std::string value;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
      if (text[i] == '\\' && i + 2 < text.size()) {
        ++i;
      } else if (text[i] == '"' || text[i] == '\\') {
        return std::nullopt;
      }
      value.push_back(text[i]);
    }
    return value;
  }
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsTokenChar)) {
    return std::nullopt;
  }
  return std::string(text);
}

// RFC 9110 section 12.4.2: 0 to 1 with up to three decimals. None: not that.
std::optional<double> ParseQuality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') ||
      (text.size() > 1 && text[1] != '.')) {
    return std::nullopt;
  }
  double thousandths = text[0] == '1' ? 1000 : 0;
  double digit_weight = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (!IsDigit(c)) {
      return std::nullopt;
    }
    thousandths += (c - '0') * digit_weight;
    digit_weight /= 10;
  }
  return thousandths <= 1000 ? std::optional(thousandths / 1000) : std::nullopt;
}

// None: malformed.
std::optional<MediaType> ParseOne(std::string_view element) {
  MediaType media;
  const std::string_view type = Trim(CutUnquoted(element, ';'));
  const auto slash = type.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == type.size() ||
      // '@' is no token's, but Kubernetes has "application/com.github.proto-openapi.spec.v2@v1.0…".
      !std::all_of(type.begin(), type.end(),
                   [](char c) { return c == '/' || c == '@' || IsTokenChar(c); }) ||
      type.find('/', slash + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  media.type = ToLower(type);
  while (!element.empty()) {
    std::string_view parameter = Trim(CutUnquoted(element, ';'));
    if (parameter.empty()) {
      continue;
    }
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos) {
      return std::nullopt;
    }
    const auto name = TokenOrQuoted(Trim(parameter.substr(0, equals)));
    const auto value = TokenOrQuoted(Trim(parameter.substr(equals + 1)));
    if (!name || !value) {
      return std::nullopt;
    }
    if (EqualsIgnoringCase(*name, "q")) {
      const auto quality = ParseQuality(*value);
      if (!quality) {
        return std::nullopt;
      }
      media.quality = *quality;
    } else {
      media.parameters.emplace_back(ToLower(*name), *value);
    }
  }
  return media;
}

}  // namespace

Result<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return Error(Code::kInvalidArgument, "a '%' without two hexadecimal digits");
      }
      c = static_cast<char>(static_cast<unsigned char>(high * 16 + low));
      i += 2;
    }
    if (c == '\0') {
      return Error(Code::kInvalidArgument, "an encoded NUL");
    }
    decoded.push_back(c);
  }
  return decoded;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (IsDigit(c) || IsAlpha(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded.push_back('%');
      encoded.push_back(kDigits[byte >> 4]);
      encoded.push_back(kDigits[byte & 15]);
    }
  }
  return encoded;
}

Result<Query> Query::Parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    std::string item(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (item.empty()) {
      continue;
    }
    std::replace(item.begin(), item.end(), '+', ' ');
    const std::string_view view = item;
    const auto equals = std::min(view.find('='), view.size());
    ASSIGN_OR_RETURN(std::string name, PercentDecode(view.substr(0, equals)));
    ASSIGN_OR_RETURN(std::string value,
                     PercentDecode(view.substr(std::min(equals + 1, view.size()))));
    query.items_.emplace_back(std::move(name), std::move(value));
  }
  return query;
}

std::optional<std::string_view> Query::Find(std::string_view name) const {
  for (const auto& [key, value] : items_) {
    if (key == name) {
      return value;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> Query::FindAll(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : items_) {
    if (key == name) {
      values.emplace_back(value);
    }
  }
  return values;
}

Result<Target> Target::Parse(std::string_view text) {
  if (text.empty() || text.front() != '/') {
    return Error(Code::kInvalidArgument, "the request target does not begin with '/'");
  }
  if (text.find('#') != std::string_view::npos) {
    return Error(Code::kInvalidArgument, "the request target has a fragment");
  }
  Target target;
  const auto question = std::min(text.find('?'), text.size());
  target.path = text.substr(0, question);
  std::string_view path = target.path;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) {
      ASSIGN_OR_RETURN(std::string segment, PercentDecode(path.substr(0, end)));
      // As a view: GCC 12 takes a string's comparison here for a read of uninitialized memory.
      if (const std::string_view view = segment; view == "." || view == "..") {
        return Error(Code::kInvalidArgument, "the request target has a segment '{}'", segment);
      }
      target.segments.push_back(std::move(segment));
    }
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  ASSIGN_OR_RETURN(target.query, Query::Parse(text.substr(std::min(question + 1, text.size()))));
  return target;
}

std::string_view MediaType::Parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) {
      return value;
    }
  }
  return {};
}

std::vector<MediaType> ParseAccept(std::string_view text) {
  std::vector<MediaType> accepted;
  while (!text.empty()) {
    if (auto media = ParseOne(CutUnquoted(text, ',')); media && media->quality > 0) {
      accepted.push_back(std::move(*media));
    }
  }
  std::stable_sort(accepted.begin(), accepted.end(),
                   [](const MediaType& a, const MediaType& b) { return a.quality > b.quality; });
  return accepted;
}

Result<MediaType> ParseMediaType(std::string_view text) {
  auto media = ParseOne(text);
  if (!media) {
    return Error(Code::kInvalidArgument, "not a media type");
  }
  return *std::move(media);
}

bool AcceptsEncoding(std::string_view text, std::string_view coding) {
  bool by_star = false;
  while (!text.empty()) {
    std::string_view element = CutUnquoted(text, ',');
    const std::string_view name = Trim(CutUnquoted(element, ';'));
    std::string_view weight = Trim(element);
    bool wanted = true;
    if (!weight.empty()) {
      const auto equals = weight.find('=');
      const auto quality = equals != std::string_view::npos &&
                                   EqualsIgnoringCase(Trim(weight.substr(0, equals)), "q")
                               ? ParseQuality(Trim(weight.substr(equals + 1)))
                               : std::nullopt;
      wanted = quality && *quality > 0;
    }
    if (EqualsIgnoringCase(name, coding)) {
      return wanted;
    }
    by_star = by_star || (name == "*" && wanted);
  }
  return by_star;
}

std::optional<std::string_view> FindCookie(std::string_view header, std::string_view name) {
  std::optional<std::string_view> found;
  while (!header.empty()) {
    const auto end = std::min(header.find(';'), header.size());
    const std::string_view pair = Trim(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) {
      continue;
    }
    if (found) {
      return std::nullopt;
    }
    found = pair.substr(equals + 1);
  }
  return found;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

Result<Url> Url::Parse(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return Error(Code::kInvalidArgument, "URL '{}': {}", text, why);
  };
  Url url;
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) {
    return bad("no scheme; expected http:// or https://");
  }
  url.scheme = ToLower(text.substr(0, scheme_end));
  if (url.scheme != "http" && url.scheme != "https") {
    return bad("the scheme is neither http nor https");
  }
  url.port = url.scheme == "https" ? 443 : 80;
  std::string_view rest = text.substr(scheme_end + 3);
  const auto authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  rest = rest.substr(0, rest.find('#'));
  url.path = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  if (authority.find('@') != std::string_view::npos) {
    return bad("user information is not accepted");
  }
  std::optional<std::string_view> port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) {
      return bad("'[' without ']'");
    }
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority.front() != ':') {
      return bad("something stands between ']' and the port");
    }
    if (!authority.empty()) {
      port = authority.substr(1);
    }
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    if (colon < authority.size()) {
      port = authority.substr(colon + 1);
    }
  }
  if (url.host.empty() || std::any_of(url.host.begin(), url.host.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '\\' || c == '%';
      })) {
    return bad("bad host");
  }
  if (port) {
    const auto [end, error] = std::from_chars(port->data(), port->data() + port->size(), url.port);
    if (error != std::errc() || end != port->data() + port->size() || url.port == 0) {
      return bad("bad port");
    }
  }
  return url;
}

}  // namespace tresor::net
