# SPDX-License-Identifier: Apache-2.0
# One precompiled header for libraries, one for tests.
include_guard()
if(NOT TRESOR_PCH)
  return()
endif()
set(_pch_headers <algorithm> <array> <cstddef> <cstdint> <functional> <map> <memory> <optional> <span> <string>
    <string_view> <utility> <variant> <vector> <fmt/format.h> <absl/status/statusor.h>)
file(WRITE ${PROJECT_BINARY_DIR}/pch.cc "")
add_library(tresor_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cc)
target_compile_features(tresor_pch PUBLIC cxx_std_20)
target_link_libraries(tresor_pch PRIVATE fmt::fmt absl::status absl::statusor Threads::Threads tresor_warnings)
target_precompile_headers(tresor_pch PRIVATE ${_pch_headers})
if(BUILD_TESTING)
  add_library(tresor_test_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cc)
  target_compile_features(tresor_test_pch PUBLIC cxx_std_20)
  target_link_libraries(tresor_test_pch PRIVATE fmt::fmt absl::status absl::statusor Threads::Threads
                        GTest::gtest GTest::gmock tresor_warnings)
  target_precompile_headers(tresor_test_pch PRIVATE ${_pch_headers} <gmock/gmock.h> <gtest/gtest.h>)
endif()
