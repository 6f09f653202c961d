// SPDX-License-Identifier: Apache-2.0
// Buckets as maps: what a Builder is given, and what a Database must give back.
#pragma once

#include <map>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "base/check.h"
#include "base/hex.h"
#include "base/random.h"
#include "bolt/builder.h"
#include "bolt/test_util.h"

namespace tresor::bolt::testing {

/// A bucket. A name is in `pairs` or in `buckets`, not in both. The root has buckets only.
struct Model {
  std::uint64_t sequence = 0;
  std::map<std::string, std::string> pairs;
  std::map<std::string, std::unique_ptr<Model>> buckets;
};

/// Calls `pair(key, value)` and `bucket(name, model)` in key order, while they are OK.
template <typename OnPair, typename OnBucket>
Status ForEachInOrder(const Model& model, OnPair pair, OnBucket bucket) {
  auto next_bucket = model.buckets.begin();
  for (const auto& [key, value] : model.pairs) {
    for (; next_bucket != model.buckets.end() && next_bucket->first < key; ++next_bucket) {
      RETURN_IF_ERROR(bucket(next_bucket->first, *next_bucket->second));
    }
    RETURN_IF_ERROR(pair(key, value));
  }
  for (; next_bucket != model.buckets.end(); ++next_bucket) {
    RETURN_IF_ERROR(bucket(next_bucket->first, *next_bucket->second));
  }
  return OkStatus();
}

inline Status PutModel(const Model& model, Builder& builder) {
  return ForEachInOrder(
      model,
      [&](const std::string& key, const std::string& value) {
        return builder.Put(AsBytes(key), AsBytes(value));
      },
      [&](const std::string& name, const Model& inner) -> Status {
        RETURN_IF_ERROR(builder.BeginBucket(AsBytes(name), inner.sequence));
        RETURN_IF_ERROR(PutModel(inner, builder));
        return builder.EndBucket();
      });
}

inline Result<BuildResult> BuildModel(const Model& model, const BuilderOptions& options,
                                      PageSink& sink) {
  ASSIGN_OR_RETURN(const auto builder, Builder::Create(sink, options));
  RETURN_IF_ERROR(PutModel(model, *builder));
  return builder->Finish();
}

inline void AppendDump(const Model& model, std::string& text) {
  const Status status = ForEachInOrder(
      model,
      [&](const std::string& key, const std::string& value) {
        text += fmt::format("pair {} {} {:016x}\n", ToHex(AsBytes(key)), value.size(),
                            format::Fnv1a64(AsBytes(value)));
        return OkStatus();
      },
      [&](const std::string& name, const Model& inner) {
        text += fmt::format("bucket {} {}\n", ToHex(AsBytes(name)), inner.sequence);
        AppendDump(inner, text);
        text += "end\n";
        return OkStatus();
      });
  TRESOR_CHECK(status.ok());
}

/// The text that Dump makes of a file with this content.
inline std::string DumpModel(const Model& model) {
  std::string text;
  AppendDump(model, text);
  return text;
}

/// Keys and values of all sizes, mostly small; buckets within buckets.
inline void FillModel(Random& random, int depth, Model& model) {
  const auto random_text = [&](std::uint64_t size) {
    Bytes bytes(size);
    random.Fill(bytes);
    return ToString(bytes);
  };
  const auto random_key = [&] {
    return random_text(1 + (random.Below(50) == 0 ? random.Below(3000) : random.Below(24)));
  };
  model.sequence = random.Below(3);
  if (depth > 0) {
    const std::uint64_t shape = random.Below(4);
    const std::uint64_t count = shape == 0 ? 0 : shape == 1 ? random.Below(10) : random.Below(400);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t size = random.Below(30) == 0 ? random.Below(9000) : random.Below(200);
      model.pairs[random_key()] = random_text(size);
    }
  }
  const std::uint64_t buckets = depth == 0 ? random.Below(40) : random.Below(4);
  for (std::uint64_t i = 0; depth < 4 && i < buckets; ++i) {
    std::string name = random_key();
    if (!model.pairs.contains(name)) {
      auto inner = std::make_unique<Model>();
      FillModel(random, depth + 1 + static_cast<int>(random.Below(3)), *inner);
      model.buckets[std::move(name)] = std::move(inner);
    }
  }
}

[[nodiscard]] inline Model RandomModel(Random& random) {
  Model model;
  FillModel(random, 0, model);
  return model;
}

}  // namespace tresor::bolt::testing
