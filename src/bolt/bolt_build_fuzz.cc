// SPDX-License-Identifier: Apache-2.0
// Any sequence of calls to a Builder: what it accepts can be read again, and equals a model of it.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "bolt/builder.h"
#include "bolt/model_test_util.h"
#include "bolt/reader.h"
#include "bolt/test_util.h"
#include "io/file_system.h"

namespace tresor::bolt {
namespace {

constexpr std::uint32_t kPageSizes[] = {1024, 4096, 16384, 65536};

struct OpenModel {
  testing::Model* bucket = nullptr;
  std::string last;
};

void Run(ByteReader input) {
  const BuilderOptions options{.page_size = kPageSizes[input.U8() % 4],
                               .leaf_bytes = input.U16(),
                               .write_buffer_bytes = input.U16()};
  testing::MemorySink sink;
  const auto builder = Builder::Create(sink, options);
  TRESOR_CHECK(builder.ok());
  testing::Model model;
  std::vector<OpenModel> open{{.bucket = &model, .last = {}}};
  for (int step = 0; step < 5000 && input.remaining() > 0; ++step) {
    const unsigned operation = input.U8() % 8;
    if (operation == 0) {
      const bool allowed = open.size() > 1;
      TRESOR_CHECK((*builder)->EndBucket().ok() == allowed);
      if (!allowed) {
        return;
      }
      open.pop_back();
      continue;
    }
    // Mostly keys that follow the one before: the step's number makes them grow.
    std::string key =
        ToString(input.View(std::min<std::size_t>(input.U8() % 16, input.remaining())));
    if (operation != 7) {
      key = fmt::format("{}{:08}", key, step);
    }
    const bool allowed = !key.empty() && key > open.back().last;
    if (operation == 1) {
      const std::uint64_t sequence = input.U8();
      const bool fits = allowed && open.size() <= 32;
      TRESOR_CHECK((*builder)->BeginBucket(AsBytes(key), sequence).ok() == fits);
      if (!fits) {
        return;
      }
      auto inner = std::make_unique<testing::Model>();
      inner->sequence = sequence;
      testing::Model* const bucket = inner.get();
      open.back().bucket->buckets[key] = std::move(inner);
      open.back().last = key;
      open.push_back({.bucket = bucket, .last = {}});
      continue;
    }
    const std::string value(operation == 2 ? input.U16() : input.U8(), 'v');
    const bool fits = allowed && open.size() > 1;
    TRESOR_CHECK((*builder)->Put(AsBytes(key), AsBytes(value)).ok() == fits);
    if (!fits) {
      return;
    }
    open.back().bucket->pairs[key] = value;
    open.back().last = key;
  }
  for (; open.size() > 1; open.pop_back()) {
    TRESOR_CHECK((*builder)->EndBucket().ok());
  }
  TRESOR_CHECK((*builder)->Finish().ok());

  const io::BytesReader reader(sink.image);
  const auto database = Database::Open(reader, {.exact_size = true});
  TRESOR_CHECK(database.ok());
  testing::Dump dump;
  const auto stats = (*database)->Walk(Context::Background(), &dump);
  TRESOR_CHECK(stats.ok() && stats->free_pages == 0);
  TRESOR_CHECK(dump.text == testing::DumpModel(model));
}

}  // namespace
}  // namespace tresor::bolt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tresor::bolt::Run(tresor::ByteReader(std::as_bytes(std::span(data, size))));
  return 0;
}
