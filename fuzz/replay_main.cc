// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over the files and folders given, with any compiler: what once was found stays
// fixed. Fails when there is nothing to run, as a lost corpus would otherwise look like success.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// The regular files of `path`, or itself; none when it cannot be read.
std::optional<std::vector<fs::path>> FilesOf(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    return std::vector<fs::path>{path};
  }
  std::vector<fs::path> files;
  fs::recursive_directory_iterator entry(path, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->is_regular_file(error)) {
      files.push_back(entry->path());
    }
  }
  if (error) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), error.message().c_str());
    return std::nullopt;
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool Replay(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<char> content{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) {
    std::fprintf(stderr, "%s: cannot be read\n", file.c_str());
    return false;
  }
  // Said before it runs, so that a crash has a name.
  std::printf("%s: %zu bytes\n", file.c_str(), content.size());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s <file or folder>...\n", argv[0]);
    return 2;
  }
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    const std::optional<std::vector<fs::path>> files = FilesOf(argv[i]);
    if (!files) {
      return 1;
    }
    if (files->empty()) {
      std::fprintf(stderr, "%s: no files\n", argv[i]);
      return 1;
    }
    for (const fs::path& file : *files) {
      if (!Replay(file)) {
        return 1;
      }
      ++count;
    }
  }
  std::printf("%zu inputs replayed\n", count);
  return 0;
}
