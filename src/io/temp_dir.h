// SPDX-License-Identifier: Apache-2.0
// A folder on the real disk for one test, gone afterwards. Tests only.
#pragma once

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "base/check.h"
#include "io/file_system.h"

namespace tresor::io {

class TempDir {
 public:
  TempDir() : path_(::testing::TempDir() + "tresor-XXXXXX") {
    TRESOR_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~TempDir() { EXPECT_TRUE(RemoveTree(PosixFileSystem(), path_).ok()) << path_; }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tresor::io
