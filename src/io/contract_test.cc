// SPDX-License-Identifier: Apache-2.0
#include "io/contract_test.h"

#include "io/faults.h"
#include "io/temp_dir.h"

namespace tresor::io {
namespace {

class PosixSandbox final : public Sandbox {
 public:
  FileSystem& fs() override { return PosixFileSystem(); }
  std::string root() override { return dir_.path(); }

 private:
  TempDir dir_;
};

class MemorySandbox final : public Sandbox {
 public:
  MemorySandbox() { TRESOR_CHECK(fs_.CreateDir("/root", 0700).ok()); }
  FileSystem& fs() override { return fs_; }
  std::string root() override { return "/root"; }

 private:
  MemoryFs fs_;
};

// Without a fault it must not be noticed.
class FaultySandbox final : public Sandbox {
 public:
  FaultySandbox() { TRESOR_CHECK(fs_.memory().CreateDir("/root", 0700).ok()); }
  FileSystem& fs() override { return fs_; }
  std::string root() override { return "/root"; }

 private:
  PowerCutFs fs_;
};

template <typename T>
std::unique_ptr<Sandbox> Make() {
  return std::make_unique<T>();
}

INSTANTIATE_TEST_SUITE_P(Posix, FileSystemContract, ::testing::Values(&Make<PosixSandbox>));
INSTANTIATE_TEST_SUITE_P(Memory, FileSystemContract, ::testing::Values(&Make<MemorySandbox>));
INSTANTIATE_TEST_SUITE_P(Faulty, FileSystemContract, ::testing::Values(&Make<FaultySandbox>));

}  // namespace
}  // namespace tresor::io
