// SPDX-License-Identifier: Apache-2.0
// Targets, Accept and Cookie headers, URLs: the text that net parses itself.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto target = Target::Parse(text); target.ok()) {
    for (const auto& segment : target->segments) {
      TRESOR_CHECK(!segment.empty() && segment != ".." && segment.find('\0') == std::string::npos);
    }
  }
  for (const auto& media : ParseAccept(text)) {
    TRESOR_CHECK(media.quality > 0 && media.quality <= 1 && !media.type.empty());
  }
  (void)AcceptsEncoding(text, "gzip");
  (void)FindCookie(text, "session");
  if (const auto url = Url::Parse(text); url.ok()) {
    TRESOR_CHECK(url->port != 0 && !url->host.empty() && url->path.front() == '/');
  }
  const auto decoded = PercentDecode(PercentEncode(text));
  TRESOR_CHECK(text.find('\0') != std::string_view::npos ? !decoded.ok() : *decoded == text);
  return 0;
}
