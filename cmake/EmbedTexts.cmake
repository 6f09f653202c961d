# SPDX-License-Identifier: Apache-2.0
# cmake -DOUTPUT=x.cc -DHEADER=a/x.h -DNAMESPACE=a::b -DFUNCTION=F -DFILES=a.yaml,b.yaml -P EmbedTexts.cmake
# Writes a source with `std::string_view F(std::string_view name)`: the text of the file of that name (without
# its extension); empty for others.
set(source "// Made by cmake/EmbedTexts.cmake. Do not edit.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n\n")
string(APPEND source "std::string_view ${FUNCTION}(std::string_view name) {\n")
string(REPLACE "," ";" files "${FILES}")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" text)
  string(FIND "${text}" ")TEXT\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${file} holds what ends a raw string")
  endif()
  string(APPEND source "  if (name == \"${name}\") {\n    return R\"TEXT(${text})TEXT\";\n  }\n")
endforeach()
string(APPEND source "  return {};\n}\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUTPUT}" "${source}")
