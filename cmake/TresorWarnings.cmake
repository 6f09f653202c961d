# SPDX-License-Identifier: Apache-2.0
include_guard()
add_library(tresor_warnings INTERFACE)
target_compile_options(tresor_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wold-style-cast -Wcast-align -Wimplicit-fallthrough -Wformat=2 -Wundef
  -Wno-missing-field-initializers)  # designated initializers leave out what keeps its default
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports a false -Wrestrict on `"a" + std::string` at -O3; GCC 13+ a noisy -Wdangling-reference,
  # and GCC 14 takes the value of an empty std::optional for one that is read.
  target_compile_options(tresor_warnings INTERFACE -Wduplicated-cond -Wlogical-op -Wno-restrict)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    target_compile_options(tresor_warnings INTERFACE -Wno-dangling-reference -Wno-maybe-uninitialized)
  endif()
endif()
if(TRESOR_WERROR)
  target_compile_options(tresor_warnings INTERFACE -Werror)
endif()
