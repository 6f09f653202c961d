// SPDX-License-Identifier: Apache-2.0
#include "repo/format/live_map.h"

#include <bit>

#include "base/check.h"

namespace tresor::repo {
namespace {

enum class Form : std::uint8_t {
  /// DO NOT CHANGE: these values are in the files.
  kBitmap = 1,
  kLiveGaps = 2,
  kDeadGaps = 3,
};

/// One varint per member (a live or a dead ordinal): how many ordinals lie between it and the one
/// before. Stops early, with a result that is too long, when it would be longer than `limit`.
Bytes EncodeGaps(const LiveSet& live, bool members_live, std::size_t limit) {
  ByteWriter writer;
  writer.U8(static_cast<std::uint8_t>(members_live ? Form::kLiveGaps : Form::kDeadGaps));
  std::uint64_t next = 0;
  for (std::uint64_t i = 0; i < live.size() && writer.size() <= limit; ++i) {
    if (live.Test(i) == members_live) {
      writer.Varint(i - next);
      next = i + 1;
    }
  }
  return writer.Take();
}

}  // namespace

LiveSet LiveSet::All(std::uint64_t size) {
  LiveSet all(size);
  for (std::uint64_t& word : all.words_) {
    word = ~std::uint64_t{0};
  }
  if (size % 64 != 0) {
    all.words_.back() = (std::uint64_t{1} << (size % 64)) - 1;
  }
  return all;
}

std::uint64_t LiveSet::CountIn(std::uint64_t begin, std::uint64_t end) const {
  TRESOR_CHECK(begin <= end && end <= size_);
  std::uint64_t count = 0;
  while (begin < end && begin % 64 != 0) {
    count += Test(begin++) ? 1U : 0U;
  }
  for (; end - begin >= 64; begin += 64) {
    count += static_cast<std::uint64_t>(std::popcount(words_[begin / 64]));
  }
  while (begin < end) {
    count += Test(begin++) ? 1U : 0U;
  }
  return count;
}

void LiveSet::Union(const LiveSet& other) {
  TRESOR_CHECK(size_ == other.size_);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    words_[i] |= other.words_[i];
  }
}

void LiveSet::Intersect(const LiveSet& other) {
  TRESOR_CHECK(size_ == other.size_);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    words_[i] &= other.words_[i];
  }
}

void LiveSet::Subtract(const LiveSet& other) {
  TRESOR_CHECK(size_ == other.size_);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    words_[i] &= ~other.words_[i];
  }
}

Bytes EncodeLiveMap(const LiveSet& live) {
  ByteWriter bitmap;
  bitmap.U8(static_cast<std::uint8_t>(Form::kBitmap));
  for (std::uint64_t i = 0; i < live.size(); i += 8) {
    bitmap.U8(static_cast<std::uint8_t>(live.words_[i / 64] >> (i % 64)));
  }
  Bytes best = bitmap.Take();
  for (const bool members_live : {true, false}) {
    Bytes gaps = EncodeGaps(live, members_live, best.size());
    if (gaps.size() < best.size()) {
      best = std::move(gaps);
    }
  }
  return best;
}

Result<LiveSet> DecodeLiveMap(ByteView bytes, std::uint64_t records, std::uint64_t live) {
  ByteReader reader(bytes);
  const auto form = static_cast<Form>(reader.U8());
  LiveSet set(records);
  switch (form) {
    case Form::kBitmap: {
      const ByteView bitmap = reader.View((records + 7) / 8);
      for (std::uint64_t i = 0; reader.ok() && i < bitmap.size() * 8; ++i) {
        if ((static_cast<unsigned>(bitmap[i / 8]) >> (i % 8) & 1) != 0) {
          if (i >= records) {
            return Error(Code::kDataLoss, "live map: a bit beyond the last record");
          }
          set.Set(i);
        }
      }
      break;
    }
    case Form::kLiveGaps:
    case Form::kDeadGaps: {
      const bool members_live = form == Form::kLiveGaps;
      if (!members_live) {
        set = LiveSet::All(records);
      }
      std::uint64_t next = 0;
      while (reader.ok() && reader.remaining() > 0) {
        const std::uint64_t gap = reader.Varint();
        if (next >= records || gap >= records - next) {
          return Error(Code::kDataLoss, "live map: an ordinal beyond the last record");
        }
        next += gap + 1;
        if (members_live) {
          set.Set(next - 1);
        } else {
          set.Clear(next - 1);
        }
      }
      break;
    }
    default:
      return Error(Code::kDataLoss, "live map of unknown form {}", static_cast<unsigned>(form));
  }
  if (!reader.done()) {
    return Error(Code::kDataLoss, "live map: wrong size");
  }
  if (set.Count() != live) {
    return Error(Code::kDataLoss, "live map: {} live records instead of {}", set.Count(), live);
  }
  return set;
}

}  // namespace tresor::repo
