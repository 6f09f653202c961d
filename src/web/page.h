// SPDX-License-Identifier: Apache-2.0
// The web page's files, compiled in: what Vite made of web/, plain and compressed.
//
// Names below /assets/ hold a hash of their content, so that browsers may keep them for ever;
// index.html is asked for again each time. Any other path that a browser navigates to is a place
// within the page, and gets index.html: the page finds its way from there.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "net/http_server.h"

namespace tresor::web {

struct Asset {
  std::string_view path;  // "/assets/index-1a2b3c4d.js", "/index.html"
  std::string_view content_type;
  std::string_view etag;  // with its quotes
  std::string_view plain;
  std::string_view gzip;    // empty: not worth it
  std::string_view brotli;  // empty: not worth it
};

/// Of this program; none when it was built without its web page.
[[nodiscard]] std::span<const Asset> BuiltInAssets();

/// Answers reads. nullopt: `request` is not for the page.
[[nodiscard]] std::optional<net::Response> Answer(const net::Request& request,
                                                  std::span<const Asset> assets = BuiltInAssets());

}  // namespace tresor::web
