// SPDX-License-Identifier: Apache-2.0
// What the tests of bolt share: files in memory, their content as text, and fixtures made by the
// real bbolt.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/status.h"
#include "bolt/builder.h"
#include "bolt/format/meta.h"
#include "bolt/reader.h"

namespace tresor::bolt::testing {

/// The file that a Builder writes.
class MemorySink final : public PageSink {
 public:
  Status WriteAt(std::uint64_t offset, ByteView bytes) override {
    image.resize(std::max<std::size_t>(image.size(), offset + bytes.size()));
    std::memcpy(image.data() + offset, bytes.data(), bytes.size());
    return OkStatus();
  }
  Bytes image;
};

/// A walk as text, line for line what test/gotools/boltfixture prints with bbolt. Checks what every
/// visitor may trust.
class Dump final : public Visitor {
 public:
  Status BeginBucket(ByteView name, std::uint64_t sequence) override {
    text += fmt::format("bucket {} {}\n", ToHex(name), sequence);
    ++depth_;
    return OkStatus();
  }
  Status Pairs(Leaf leaf) override {
    if (leaf.pairs.empty() || depth_ == 0) {
      return Error(Code::kInternal, "pairs that no visitor must see");
    }
    leaves.push_back(leaf.page);
    for (const Pair& pair : leaf.pairs) {
      text += fmt::format("pair {} {} {:016x}\n", ToHex(pair.key), pair.value.size(),
                          format::Fnv1a64(pair.value));
    }
    return OkStatus();
  }
  Status EndBucket() override {
    text += "end\n";
    --depth_;
    return OkStatus();
  }

  std::string text;
  std::vector<PageId> leaves;

 private:
  int depth_ = 0;
};

}  // namespace tresor::bolt::testing
