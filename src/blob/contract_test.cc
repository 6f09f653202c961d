// SPDX-License-Identifier: Apache-2.0
#include "blob/contract_test.h"

#include "blob/decorators.h"
#include "blob/faulty.h"
#include "blob/local.h"
#include "blob/memory.h"
#include "io/faults.h"
#include "io/temp_dir.h"

namespace tresor::blob {
namespace {

class MemoryUnderTest final : public StoreUnderTest {
 public:
  BlobStore& store() override { return *store_; }

 private:
  std::unique_ptr<BlobStore> store_ = MakeMemoryStore();
};

class LocalOnDisk final : public StoreUnderTest {
 public:
  BlobStore& store() override { return *store_; }

 private:
  io::TempDir dir_;
  std::unique_ptr<BlobStore> store_ =
      *CreateLocalStore(io::PosixFileSystem(), dir_.path() + "/store");
};

class LocalInMemory final : public StoreUnderTest {
 public:
  BlobStore& store() override { return *store_; }

 private:
  io::MemoryFs fs_;
  std::unique_ptr<BlobStore> store_ = *CreateLocalStore(fs_, "/");
};

// All decorators that let everything through.
class Decorated final : public StoreUnderTest {
 public:
  BlobStore& store() override { return counting_; }

 private:
  std::unique_ptr<BlobStore> store_ = MakeRetryingStore(
      MakeLoggedStore(MakeThrottledStore(MakeMemoryStore(), {})), {}, SystemRandom());
  FaultyStore faulty_{*store_};
  CountingStore counting_{faulty_};
};

template <typename T>
std::unique_ptr<StoreUnderTest> Make() {
  return std::make_unique<T>();
}

INSTANTIATE_TEST_SUITE_P(Memory, BlobStoreContract, ::testing::Values(&Make<MemoryUnderTest>));
INSTANTIATE_TEST_SUITE_P(LocalOnDisk, BlobStoreContract, ::testing::Values(&Make<LocalOnDisk>));
INSTANTIATE_TEST_SUITE_P(LocalInMemory, BlobStoreContract, ::testing::Values(&Make<LocalInMemory>));
INSTANTIATE_TEST_SUITE_P(Decorated, BlobStoreContract, ::testing::Values(&Make<Decorated>));

}  // namespace
}  // namespace tresor::blob
