# SPDX-License-Identifier: Apache-2.0
# Every outside library, by its Debian package. Each is linked by the one library that owns it.
include_guard()
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)               # libfmt-dev
find_package(absl REQUIRED)              # libabsl-dev
find_package(OpenSSL REQUIRED)           # libssl-dev
find_package(Boost 1.74 REQUIRED)         # libboost-dev: headers of Asio and Beast
find_package(ZLIB REQUIRED)              # zlib1g-dev
find_package(Protobuf REQUIRED)          # libprotobuf-dev protobuf-compiler
find_package(gRPC CONFIG REQUIRED)       # libgrpc++-dev protobuf-compiler-grpc
find_package(CLI11 REQUIRED)             # libcli11-dev
find_package(nlohmann_json REQUIRED)     # nlohmann-json3-dev
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)  # libsodium-dev
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)      # libzstd-dev
pkg_check_modules(isal REQUIRED IMPORTED_TARGET libisal)      # libisal-dev
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)  # libsqlite3-dev
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1)  # libyaml-dev
find_package(prometheus-cpp CONFIG REQUIRED)  # prometheus-cpp-dev
find_library(TRESOR_RE2 re2 REQUIRED)    # libre2-dev; gRPC has a target of its name for itself
if(BUILD_TESTING)
  find_package(GTest REQUIRED)           # libgtest-dev libgmock-dev
endif()
