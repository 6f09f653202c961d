# SPDX-License-Identifier: Apache-2.0
# Writes OUT: the version, and the commit of SOURCE_DIR when that is a git checkout and git is there.
cmake_minimum_required(VERSION 3.25)  # a script has no policies of its own
set(commit "")
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed)
    set(commit "")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT
"// SPDX-License-Identifier: Apache-2.0
#include \"build_info.h\"

namespace tresor {
cli::BuildInfo GetBuildInfo() { return {.version = \"@VERSION@\", .commit = \"@commit@\"}; }
}  // namespace tresor
")
