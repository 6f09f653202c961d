// SPDX-License-Identifier: Apache-2.0
#include "repo/format/buckets.h"

#include <utility>

#include "repo/format/envelope.h"
#include "repo/format/manifest.h"

namespace tresor::repo {
namespace {

enum class TokenKind : std::uint8_t {
  /// DO NOT CHANGE: these values are in the files.
  kBegin = 1,
  kPair = 2,
  kEnd = 3,
};

constexpr std::uint64_t kMaxDepth = 64;
constexpr std::size_t kMaxPart = std::size_t{4} << 20;
/// A token may be larger than a part should be, but not than an object can be.
constexpr std::size_t kMaxToken = kMaxRawSize - 64;

}  // namespace

Status BucketEncoder::BeginBucket(ByteView name, std::uint64_t sequence) {
  if (depth_ == kMaxDepth) {
    return Error(Code::kInvalidArgument, "buckets are nested more than {} deep", kMaxDepth);
  }
  ++depth_;
  ByteWriter token;
  token.U8(static_cast<std::uint8_t>(TokenKind::kBegin));
  token.LengthPrefixed(name);
  token.Varint(sequence);
  return Token(std::move(token));
}

Status BucketEncoder::Pair(ByteView key, ByteView value) {
  if (depth_ == 0) {
    return Error(Code::kInvalidArgument, "a pair outside a bucket");
  }
  ByteWriter token;
  token.U8(static_cast<std::uint8_t>(TokenKind::kPair));
  token.LengthPrefixed(key);
  token.LengthPrefixed(value);
  return Token(std::move(token));
}

Status BucketEncoder::EndBucket() {
  if (depth_ == 0) {
    return Error(Code::kInvalidArgument, "the end of a bucket that has not begun");
  }
  --depth_;
  ByteWriter token;
  token.U8(static_cast<std::uint8_t>(TokenKind::kEnd));
  RETURN_IF_ERROR(Token(std::move(token)));
  if (depth_ > 0) {
    return OkStatus();
  }
  if (was_cut_ || current_.size() > kMaxInlineBucketPart) {
    RETURN_IF_ERROR(Give(small_));
    RETURN_IF_ERROR(Give(current_));
  } else {
    if (small_.size() + current_.size() > kMaxInlineBucketPart) {
      RETURN_IF_ERROR(Give(small_));
    }
    small_.Append(current_.view());
    current_.Clear();
  }
  was_cut_ = false;
  return OkStatus();
}

Status BucketEncoder::Finish() {
  if (depth_ > 0) {
    return Error(Code::kInvalidArgument, "a bucket has not ended");
  }
  return Give(small_);
}

Status BucketEncoder::Token(ByteWriter token) {
  if (token.size() > kMaxToken) {
    return Error(Code::kInvalidArgument, "a pair of {} bytes: the limit is {}", token.size(),
                 kMaxToken);
  }
  if (current_.size() > 0 && current_.size() + token.size() > kMaxPart) {
    RETURN_IF_ERROR(Give(small_));
    RETURN_IF_ERROR(Give(current_));
    was_cut_ = true;
  }
  current_.Append(token.view());
  return OkStatus();
}

Status BucketEncoder::Give(ByteWriter& part) {
  if (part.size() == 0) {
    return OkStatus();
  }
  Bytes bytes = part.Take();
  part.Clear();
  return take_(std::move(bytes));
}

Status BucketDecoder::Part(ByteView part) {
  ByteReader reader(part);
  while (reader.remaining() > 0) {
    const auto kind = static_cast<TokenKind>(reader.U8());
    switch (kind) {
      case TokenKind::kBegin: {
        const ByteView name = reader.LengthPrefixed();
        const std::uint64_t sequence = reader.Varint();
        if (!reader.ok() || depth_ == kMaxDepth) {
          return Error(Code::kDataLoss, "buckets: cut short, or nested too deep");
        }
        ++depth_;
        RETURN_IF_ERROR(visitor_.BeginBucket(name, sequence));
        break;
      }
      case TokenKind::kPair: {
        const ByteView key = reader.LengthPrefixed();
        const ByteView value = reader.LengthPrefixed();
        if (!reader.ok() || depth_ == 0) {
          return Error(Code::kDataLoss, "buckets: cut short, or a pair outside a bucket");
        }
        RETURN_IF_ERROR(visitor_.Pair(key, value));
        break;
      }
      case TokenKind::kEnd:
        if (depth_ == 0) {
          return Error(Code::kDataLoss, "buckets: one ends that has not begun");
        }
        --depth_;
        RETURN_IF_ERROR(visitor_.EndBucket());
        break;
      default:
        return Error(Code::kDataLoss, "buckets: unknown token {}", static_cast<unsigned>(kind));
    }
  }
  return OkStatus();
}

Status BucketDecoder::Finish() const {
  return depth_ == 0 ? OkStatus() : Error(Code::kDataLoss, "buckets: one does not end");
}

}  // namespace tresor::repo
