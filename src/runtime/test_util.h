// SPDX-License-Identifier: Apache-2.0
// For tests of runtime.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace tresor::runtime {

/// The example of this name in FORMAT.md.
inline std::string FormatExample(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(TRESOR_SOURCE_DIR "/src/runtime/FORMAT.md").rdbuf();
  const std::string all = text.str();
  const std::string fence = "```json " + name + "\n";
  const std::size_t begin = all.find(fence);
  EXPECT_NE(begin, std::string::npos) << name;
  const std::size_t end = all.find("\n```", begin);
  return all.substr(begin + fence.size(), end - begin - fence.size());
}

}  // namespace tresor::runtime
