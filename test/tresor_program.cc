// SPDX-License-Identifier: Apache-2.0
#include "test/tresor_program.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "backup/snapshot_file.h"
#include "blob/local.h"
#include "io/file_system.h"

namespace tresor::testing {
namespace {

constexpr std::chrono::minutes kRunTimeout{2};
constexpr char kKey[] = "a key file of the tests, not a secret";

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class Reader final : public backup::SourceVisitor {
 public:
  explicit Reader(Content& content) : content_(content) {}
  Status BeginBucket(ByteView name, std::uint64_t) override {
    path_.push_back((path_.empty() ? "" : path_.back() + "/") + tresor::ToString(name));
    content_[path_.back()];
    return OkStatus();
  }
  Status Pair(ByteView key, ByteView value) override {
    content_[path_.back()].emplace_back(tresor::ToString(key), tresor::ToString(value));
    return OkStatus();
  }
  Status Records(repo::RecordBatch batch) override {
    for (const repo::Record& record : batch.records) {
      RETURN_IF_ERROR(Pair(etcd::EncodeRecordKey(record.key), record.value));
    }
    return OkStatus();
  }
  Status EndBucket() override {
    path_.pop_back();
    return OkStatus();
  }

 private:
  Content& content_;
  std::vector<std::string> path_;
};

std::string Show(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes.substr(0, 80)) {
    text += byte >= ' ' && byte <= '~' ? std::string(1, byte)
                                       : fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  }
  return text + (bytes.size() > 80 ? "…" : "");
}

}  // namespace

std::string ToString(const ProgramRun& run) {
  return process::ToString(run.status) + "\n" + run.standard_output + run.standard_error;
}

Result<std::unique_ptr<TresorProgram>> TresorProgram::Create() {
  if (::access(TRESOR_PROGRAM, X_OK) != 0) {
    return Error(Code::kNotFound, "{} is missing: build the target tresor", TRESOR_PROGRAM);
  }
  ASSIGN_OR_RETURN(std::unique_ptr<ScratchDir> scratch, ScratchDir::Create());
  std::unique_ptr<TresorProgram> tresor(new TresorProgram(std::move(scratch)));
  RETURN_IF_ERROR(io::WriteFileAtomically(io::PosixFileSystem(), tresor->key_file(),
                                          AsBytes(std::string_view(kKey))));
  return tresor;
}

Result<std::unique_ptr<TresorProgram>> TresorProgram::CreateRepository() {
  ASSIGN_OR_RETURN(std::unique_ptr<TresorProgram> tresor, Create());
  ASSIGN_OR_RETURN(const ProgramRun run, tresor->Run({"repo", "init"}));
  if (!run.status.success()) {
    return Error(Code::kInternal, "repo init: {}", ToString(run));
  }
  return tresor;
}

std::vector<std::string> TresorProgram::Arguments(std::vector<std::string> words) const {
  words.insert(words.begin(), TRESOR_PROGRAM);
  words.insert(words.end(), {"--repo", repo_, "--key-file", key_file()});
  return words;
}

Result<ProgramRun> TresorProgram::Run(std::vector<std::string> words) const {
  return RunInShell("", std::move(words));
}

Result<ProgramRun> TresorProgram::RunInShell(const std::string& before,
                                             std::vector<std::string> words) const {
  return RunToEnd(before, Arguments(std::move(words)));
}

Result<ProgramRun> TresorProgram::RunCopyInShell(const std::string& before,
                                                 std::vector<std::string> words) const {
  std::vector<std::string> arguments = Arguments(std::move(words));
  arguments[0] = dir() + "/tresor";
  std::error_code error;
  std::filesystem::copy_file(TRESOR_PROGRAM, arguments[0],
                             std::filesystem::copy_options::overwrite_existing, error);
  std::filesystem::permissions(arguments[0], std::filesystem::perms{0755}, error);
  return RunToEnd(before, std::move(arguments));
}

Result<ProgramRun> TresorProgram::RunToEnd(const std::string& before,
                                           std::vector<std::string> arguments) {
  if (!before.empty()) {
    arguments.insert(arguments.begin(), {"/bin/sh", "-c", before + "\"$@\"", "sh"});
  }
  ASSIGN_OR_RETURN(process::Output output,
                   process::Run(Context::Background().WithTimeout(kRunTimeout),
                                {.arguments = std::move(arguments)}));
  return ProgramRun{.status = output.status,
                    .standard_output = std::move(output.standard_output),
                    .standard_error = std::move(output.standard_error)};
}

Result<Json> TresorProgram::RunJson(std::vector<std::string> words) const {
  const std::string command = words[0] + " " + (words.size() > 1 ? words[1] : "");
  words.insert(words.end(), {"--output", "json"});
  ASSIGN_OR_RETURN(const ProgramRun run, Run(std::move(words)));
  Json json = Json::parse(run.standard_output, nullptr, false);
  if (!run.status.success() || json.is_discarded()) {
    return Error(Code::kInternal, "tresor {}: {}", command, ToString(run));
  }
  return json;
}

Result<std::unique_ptr<process::Process>> TresorProgram::Start(
    std::vector<std::string> words) const {
  std::error_code ignored;
  std::filesystem::remove(dir() + "/stdout", ignored);
  std::filesystem::remove(dir() + "/stderr", ignored);
  return process::Process::Start({.arguments = Arguments(std::move(words)),
                                  .stdout_path = dir() + "/stdout",
                                  .stderr_path = dir() + "/stderr"});
}

ProgramRun TresorProgram::Collect(process::ExitStatus status) const {
  return {.status = status,
          .standard_output = ReadAll(dir() + "/stdout"),
          .standard_error = ReadAll(dir() + "/stderr")};
}

Result<ProgramRun> TresorProgram::RunAndKill(std::vector<std::string> words,
                                             std::chrono::nanoseconds delay) const {
  ASSIGN_OR_RETURN(const auto process, Start(std::move(words)));
  const Result<process::ExitStatus> ended = process->Wait(Context::Background().WithTimeout(delay));
  return Collect(ended.ok() ? *ended : process->Kill());
}

Result<ProgramRun> TresorProgram::RunAndSignal(std::vector<std::string> words,
                                               std::chrono::nanoseconds delay, int signal) const {
  ASSIGN_OR_RETURN(const auto process, Start(std::move(words)));
  Result<process::ExitStatus> ended = process->Wait(Context::Background().WithTimeout(delay));
  if (!ended.ok()) {
    (void)process->Signal(signal);  // it may have ended meanwhile
    ended = process->Wait(Context::Background().WithTimeout(std::chrono::seconds(30)));
  }
  RETURN_IF_ERROR(ended.status());
  return Collect(*ended);
}

Result<OpenedRepository> OpenRepository(const TresorProgram& tresor) {
  OpenedRepository opened;
  ASSIGN_OR_RETURN(opened.store, blob::OpenLocalStore(io::PosixFileSystem(), tresor.repo()));
  ASSIGN_OR_RETURN(opened.repository,
                   repo::Repository::Open(Context::Background(), *opened.store,
                                          repo::KeyFile{ToBytes(std::string_view(kKey))}));
  return opened;
}

Result<Content> ReadContent(const Context& context, const backup::Source& source) {
  Content content;
  Reader reader(content);
  RETURN_IF_ERROR(source.Visit(context, reader));
  return content;
}

Result<Content> ReadSnapshotFile(const Context& context, const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, backup::SnapshotFile::Open(context, path));
  ASSIGN_OR_RETURN(const auto source, backup::MakeSource(file->image(), path));
  return ReadContent(context, *source);
}

Result<Content> ReadBackup(const Context& context, repo::Repository& repository,
                           const std::string& id) {
  ASSIGN_OR_RETURN(const repo::BackupInfo info, repository.Find(context, id));
  ASSIGN_OR_RETURN(const auto backup, repository.OpenBackup(context, info.id));
  return ReadContent(context, *backup::MakeSource(*backup));
}

Result<Content> ReadMember(const Context& context, const std::string& data_dir) {
  const std::string path = data_dir + "/member/snap/db";
  ASSIGN_OR_RETURN(const auto file, io::PosixFileSystem().Open(path, io::OpenMode::kRead, 0));
  ASSIGN_OR_RETURN(const auto source, backup::MakeSource(*file, path));
  return ReadContent(context, *source);
}

std::optional<std::string> Difference(const Content& a, const Content& b) {
  std::vector<std::string> buckets;
  for (const Content* content : {&a, &b}) {
    for (const auto& [bucket, pairs] : *content) {
      buckets.push_back(bucket);
    }
  }
  for (const std::string& bucket : buckets) {
    if (bucket == "meta") {
      continue;
    }
    if (!a.contains(bucket) || !b.contains(bucket)) {
      return fmt::format("bucket {} is only in the {}", bucket,
                         a.contains(bucket) ? "first" : "second");
    }
    const auto& ours = a.at(bucket);
    const auto& theirs = b.at(bucket);
    const auto [x, y] = std::ranges::mismatch(ours, theirs);
    if (x != ours.end() || y != theirs.end()) {
      const auto show = [](const auto& pairs, auto at) {
        return at == pairs.end() ? std::string("nothing")
                                 : Show(at->first) + " = " + Show(at->second);
      };
      return fmt::format("bucket {}, pair {}: {} and {} ({} and {} pairs)", bucket,
                         x - ours.begin(), show(ours, x), show(theirs, y), ours.size(),
                         theirs.size());
    }
  }
  return std::nullopt;
}

}  // namespace tresor::testing
