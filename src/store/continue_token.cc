// SPDX-License-Identifier: Apache-2.0
#include "store/continue_token.h"

#include <limits>

#include "base/bytes.h"
#include "base/hex.h"
#include "store/errors.h"

namespace tresor::store {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxNameBytes = 253;  // of a name, as Kubernetes limits it
constexpr std::size_t kMaxTextSize = 2 * (1 + 10 + 2 * (2 + kMaxNameBytes));

}  // namespace

std::string EncodeContinueToken(const ContinueToken& token) {
  ByteWriter writer;
  writer.U8(kVersion);
  writer.Varint(token.revision);
  writer.LengthPrefixed(token.name_space);
  writer.LengthPrefixed(token.name);
  return ToHex(writer.view());
}

Result<ContinueToken> DecodeContinueToken(std::string_view text) {
  const Status bad = BadRequest("continue key is not valid: use the one of the page before");
  if (text.size() > kMaxTextSize) {
    return bad;
  }
  const Result<Bytes> bytes = FromHex(text);
  if (!bytes.ok()) {
    return bad;
  }
  ByteReader reader(*bytes);
  const std::uint8_t version = reader.U8();
  ContinueToken token{.revision = reader.Varint(), .name_space = {}, .name = {}};
  token.name_space = ToString(reader.LengthPrefixed());
  token.name = ToString(reader.LengthPrefixed());
  // Revisions are SQLite's integers: signed.
  if (!reader.done() || version != kVersion || token.revision == 0 || token.name.empty() ||
      token.revision > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return bad;
  }
  return token;
}

}  // namespace tresor::store
