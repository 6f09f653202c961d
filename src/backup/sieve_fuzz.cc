// SPDX-License-Identifier: Apache-2.0
// An image that is sifted with everything known must look as it does whole: the check says the
// same, or it asks for a page that is gone, which is noticed.
#include "backup/sieve.h"
#include "backup/sieve_test_util.h"
#include "base/check.h"
#include "io/file_system.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tresor;
  using namespace tresor::backup;
  const ByteView image(reinterpret_cast<const std::byte*>(data), size);
  const Context context = Context::Background();
  const crypto::KeyedHash hash = NewUserKeyHash();
  Sieve sieve({.dir = "/nowhere", .memory_bytes = std::uint64_t{4} << 20}, hash,
              std::make_unique<testing::FakeTagger>(), testing::TagsOf(image));
  if (!testing::Feed(sieve, image).ok()) {
    return 0;
  }
  const CheckOptions options{.exact_size = true, .user_key_hash = hash};
  const auto whole = CheckSnapshot(context, io::BytesReader(image), options);
  const auto database =
      bolt::Database::Open(sieve, {.exact_size = true, .reduced = sieve.reduced()});
  if (!database.ok()) {
    TRESOR_CHECK(!whole.ok() || sieve.missed());
    return 0;
  }
  const auto sifted = CheckDatabase(context, **database, options);
  if (!sieve.missed()) {
    TRESOR_CHECK(whole.ok() == sifted.ok());
    TRESOR_CHECK(!whole.ok() || testing::SameFacts(*whole, *sifted));
  }
  return 0;
}
