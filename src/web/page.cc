// SPDX-License-Identifier: Apache-2.0
#include "web/page.h"

#include <algorithm>
#include <string>
#include <utility>

#include "net/url.h"

namespace tresor::web {
namespace {

// Everything comes from this server and nothing else runs. The hash is that of the empty text: the
// styles' library makes an empty <style> and fills it by rules, which no policy forbids.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const Asset* Find(std::span<const Asset> assets, std::string_view path) {
  const auto found = std::ranges::find(assets, path, &Asset::path);
  return found == assets.end() ? nullptr : &*found;
}

/// A person who follows a link, and not a program that reads an API.
bool IsNavigation(const net::Request& request) {
  const auto accepted = net::ParseAccept(request.headers.Joined("Accept"));
  return std::ranges::any_of(accepted,
                             [](const net::MediaType& type) { return type.type == "text/html"; });
}

net::Response Serve(const net::Request& request, const Asset& asset) {
  net::Response response;
  net::Headers& headers = response.headers;
  const bool for_ever = asset.path.starts_with("/assets/");
  headers.Add("Cache-Control", for_ever ? "public, max-age=31536000, immutable" : "no-cache");
  headers.Add("ETag", asset.etag);
  headers.Add("Vary", "Accept-Encoding");
  headers.Add("Content-Security-Policy", kPolicy);
  headers.Add("Referrer-Policy", "same-origin");
  headers.Add("Cross-Origin-Opener-Policy", "same-origin");
  headers.Add("Cross-Origin-Resource-Policy", "same-origin");
  headers.Add("X-Frame-Options", "DENY");
  if (request.headers.Joined("If-None-Match").find(asset.etag) != std::string::npos) {
    response.status = 304;
    return response;
  }
  headers.Add("Content-Type", asset.content_type);
  const std::string codings = request.headers.Joined("Accept-Encoding");
  if (!asset.brotli.empty() && net::AcceptsEncoding(codings, "br")) {
    headers.Add("Content-Encoding", "br");
    response.body = asset.brotli;
  } else if (!asset.gzip.empty() && net::AcceptsEncoding(codings, "gzip")) {
    headers.Add("Content-Encoding", "gzip");
    response.body = asset.gzip;
  } else {
    response.body = asset.plain;
  }
  return response;
}

}  // namespace

std::optional<net::Response> Answer(const net::Request& request, std::span<const Asset> assets) {
  const std::string& path = request.target.path;
  if (const Asset* asset = Find(assets, path); asset != nullptr) {
    return Serve(request, *asset);
  }
  // An old page may ask for a file that a newer server does not have: it has to notice.
  if (path.starts_with("/assets/") || !IsNavigation(request)) {
    return std::nullopt;
  }
  const Asset* index = Find(assets, "/index.html");
  return index == nullptr ? std::nullopt : std::optional(Serve(request, *index));
}

}  // namespace tresor::web
