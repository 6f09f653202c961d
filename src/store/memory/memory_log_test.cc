// SPDX-License-Identifier: Apache-2.0
#include "store/memory/memory_log.h"

#include "store/log_contract_test.h"

namespace tresor::store {
namespace {

class MemoryLogUnderTest final : public LogUnderTest {
 public:
  RevisionLog& log() override { return *log_; }

 private:
  std::unique_ptr<RevisionLog> log_ = NewMemoryLog();
};

std::unique_ptr<LogUnderTest> MakeMemory() { return std::make_unique<MemoryLogUnderTest>(); }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Memory, RevisionLogContract, ::testing::Values(&MakeMemory));

}  // namespace tresor::store
