// SPDX-License-Identifier: Apache-2.0
// The real `tresor`, as a script and as a person at a terminal would run it. No etcd is needed.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/environment.h"
#include "base/status_matchers.h"
#include "bolt/builder.h"
#include "crypto/crypto.h"
#include "etcd/format/record.h"
#include "io/file_system.h"
#include "io/temp_dir.h"
#include "process/process.h"

namespace tresor {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Writes pages straight into a file.
class FileSink final : public bolt::PageSink {
 public:
  explicit FileSink(io::File& file) : file_(file) {}
  Status WriteAt(std::uint64_t offset, ByteView bytes) override {
    return file_.WriteAt(offset, bytes);
  }

 private:
  io::File& file_;
};

class CliTest : public ::testing::Test {
 protected:
  CliTest() {
    Write("pass", "correct horse\n");
    Write("key", "0123456789abcdef0123456789abcdef");
  }

  [[nodiscard]] std::string Path(const std::string& name) const {
    return io::JoinPath(dir_.path(), name);
  }
  void Write(const std::string& name, std::string_view text) {
    TRESOR_CHECK(io::WriteFileAtomically(io::PosixFileSystem(), Path(name), AsBytes(text)).ok());
  }

  process::Output RunProgram(std::vector<std::string> words,
                             std::vector<std::string> environment = {}) {
    environment.push_back("PATH=/usr/bin:/bin");
    auto output = process::Run(Context::Background().WithTimeout(std::chrono::seconds(60)),
                               {.arguments = std::move(words), .environment = environment});
    TRESOR_CHECK(output.ok());
    return *std::move(output);
  }
  process::Output Tresor(std::vector<std::string> words,
                         std::vector<std::string> environment = {}) {
    words.insert(words.begin(), TRESOR_PROGRAM);
    return RunProgram(std::move(words), std::move(environment));
  }

  /// A snapshot file of some MiB, as etcdctl would leave it.
  std::string MakeSnapshot() {
    const std::string path = Path("snapshot.db");
    auto file = io::PosixFileSystem().Open(path, io::OpenMode::kCreateNew, 0600);
    TRESOR_CHECK(file.ok());
    FileSink sink(**file);
    auto builder = bolt::Builder::Create(sink);
    TRESOR_CHECK(builder.ok() && (*builder)->BeginBucket(AsBytes("key"), 0).ok());
    const std::string value(8000, 'v');
    for (std::int64_t revision = 2; revision < 1002; ++revision) {
      const std::string key = "/app/" + std::to_string(revision);
      const Bytes encoded = etcd::EncodeKeyValue({.key = AsBytes(key),
                                                  .create_revision = revision,
                                                  .mod_revision = revision,
                                                  .version = 1,
                                                  .value = AsBytes(value)});
      TRESOR_CHECK((*builder)->Put(etcd::EncodeRecordKey({.main = revision}), encoded).ok());
    }
    TRESOR_CHECK((*builder)->EndBucket().ok());
    TRESOR_CHECK((*builder)->BeginBucket(AsBytes("meta"), 0).ok() && (*builder)->EndBucket().ok());
    const auto built = (*builder)->Finish();
    TRESOR_CHECK(built.ok());
    Bytes image(built->image_bytes);
    TRESOR_CHECK((*file)->ReadAt(0, image).ok());
    TRESOR_CHECK((*file)->WriteAt(image.size(), crypto::Sha256::Of(image)).ok() &&
                 (*file)->Close().ok());
    return path;
  }

  io::TempDir dir_;
};

/// What a child on a terminal of its own wrote, and how it ended.
struct TerminalRun {
  std::string text;
  int wait_status = 0;
};

/// `typed`: answers, each given when the child has asked for it (its text ends with ": ").
TerminalRun RunOnTerminal(const std::vector<std::string>& words,
                          std::vector<std::string> typed = {}) {
  std::vector<std::string> all = {TRESOR_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  std::string term = "TERM=xterm";
  char* const environment[] = {term.data(), nullptr};
  winsize size{.ws_row = 24, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
  int master = -1;
  const pid_t child = forkpty(&master, nullptr, nullptr, &size);
  if (child == 0) {
    execve(TRESOR_PROGRAM, arguments.data(), environment);
    _exit(127);
  }
  TRESOR_CHECK(child > 0);
  TerminalRun run;
  std::size_t answered = 0;
  char buffer[4096];
  // The read fails with EIO when the child's side is closed.
  for (ssize_t count = 0; (count = read(master, buffer, sizeof buffer)) > 0;) {
    run.text.append(buffer, static_cast<std::size_t>(count));
    if (run.text.ends_with(": ") && answered < typed.size()) {
      const std::string line = typed[answered++] + "\n";
      TRESOR_CHECK(write(master, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    }
  }
  TRESOR_CHECK(waitpid(child, &run.wait_status, 0) == child);
  close(master);
  return run;
}

int ExitCodeOf(const TerminalRun& run) {
  return WIFEXITED(run.wait_status) ? WEXITSTATUS(run.wait_status) : -1;
}

TEST_F(CliTest, UsageErrorsExitWith2AndSayNothingOnStandardOutput) {
  const std::vector<std::vector<std::string>> cases = {
      {"nonsense"},         {"repo", "list", "--frobnicate"}, {"repo", "list"},
      {"snapshot", "save"}, {"snapshot", "restore"},          {"version", "-o", "yaml"}};
  for (const auto& words : cases) {
    const process::Output output = Tresor(words);
    EXPECT_EQ(output.status.exit_code, 2) << words[0];
    EXPECT_EQ(output.standard_output, "");
    EXPECT_THAT(output.standard_error, StartsWith("tresor: "));
  }
}

TEST_F(CliTest, VersionAndHelpWork) {
  const json version = json::parse(Tresor({"version", "-o", "json"}).standard_output);
  EXPECT_EQ(version["repositoryFormat"], 1);
  const process::Output help = Tresor({"snapshot", "restore", "--help"});
  EXPECT_EQ(help.status.exit_code, 0);
  EXPECT_THAT(help.standard_output, AllOf(HasSubstr("--bump-revision"), HasSubstr("examples:")));
}

TEST_F(CliTest, InitThenAnEmptyListThenTheWrongPassphrase) {
  const std::vector<std::string> environment = {"TRESOR_REPO=" + Path("repo"),
                                                "TRESOR_PASSPHRASE_FILE=" + Path("pass")};
  const process::Output init = Tresor({"repo", "init", "-o", "json"}, environment);
  ASSERT_EQ(init.status.exit_code, 0) << init.standard_error;
  EXPECT_EQ(json::parse(init.standard_output)["repository"], Path("repo"));

  const process::Output list = Tresor({"repo", "list", "-o", "json"}, environment);
  EXPECT_EQ(list.status.exit_code, 0) << list.standard_error;
  EXPECT_EQ(json::parse(list.standard_output), json::array());

  const process::Output wrong =
      Tresor({"repo", "list"}, {"TRESOR_REPO=" + Path("repo"), "TRESOR_PASSPHRASE=wrong"});
  EXPECT_EQ(wrong.status.exit_code, 5);
  EXPECT_EQ(wrong.standard_output, "");
  EXPECT_THAT(wrong.standard_error, HasSubstr("hint: "));

  EXPECT_EQ(Tresor({"repo", "init"}, environment).status.exit_code, 9);
  EXPECT_EQ(Tresor({"snapshot", "status", "latest"}, environment).status.exit_code, 3);
}

TEST_F(CliTest, ThePassphraseIsAskedForTwiceAndNeverShown) {
  const TerminalRun run =
      RunOnTerminal({"repo", "init", "--repo", Path("repo")}, {"geheim", "geheim"});

  EXPECT_EQ(ExitCodeOf(run), 0) << run.text;
  EXPECT_THAT(run.text,
              AllOf(HasSubstr("passphrase of "), HasSubstr(" again: "), Not(HasSubstr("geheim"))));
  EXPECT_EQ(Tresor({"repo", "list"}, {"TRESOR_REPO=" + Path("repo"), "TRESOR_PASSPHRASE=geheim"})
                .status.exit_code,
            0);
}

TEST_F(CliTest, WithoutATerminalNobodyIsAsked) {
  ASSERT_EQ(
      Tresor({"repo", "init", "--repo", Path("repo"), "--key-file", Path("key")}).status.exit_code,
      0);
  // The child is given no terminal to open: setsid is what a service manager does.
  const process::Output output =
      RunProgram({"setsid", "-w", TRESOR_PROGRAM, "repo", "list", "--repo", Path("repo")});
  EXPECT_EQ(output.status.exit_code, 5);
  EXPECT_THAT(output.standard_error, HasSubstr("hint: give --passphrase-file"));
}

TEST_F(CliTest, ProgressShowsOnATerminalAndNeverInAPipe) {
  const std::string snapshot = MakeSnapshot();

  const TerminalRun terminal = RunOnTerminal({"snapshot", "check", snapshot});
  EXPECT_EQ(ExitCodeOf(terminal), 0) << terminal.text;
  EXPECT_THAT(terminal.text, AllOf(HasSubstr("%"), HasSubstr("\r\x1b[K"), HasSubstr("structure")));

  const process::Output pipe = Tresor({"snapshot", "check", snapshot});
  EXPECT_EQ(pipe.status.exit_code, 0) << pipe.standard_error;
  EXPECT_EQ(pipe.standard_error, "");
  EXPECT_THAT(pipe.standard_output,
              AllOf(HasSubstr("structure"), Not(HasSubstr("\x1b")), Not(HasSubstr("\r"))));

  const TerminalRun quiet = RunOnTerminal({"snapshot", "check", snapshot, "--quiet"});
  EXPECT_THAT(quiet.text, Not(HasSubstr("\r\x1b[K")));
}

TEST_F(CliTest, FilesAreLookedIntoRestoredAndNeverOverwritten) {
  const std::string snapshot = MakeSnapshot();
  const json status =
      json::parse(Tresor({"snapshot", "status", snapshot, "-o", "json"}).standard_output);
  EXPECT_EQ(status["revision"], 1001);
  EXPECT_EQ(status["liveKeys"], 1000);
  const json keys = json::parse(
      Tresor({"snapshot", "ls", snapshot, "--prefix", "/app/99", "-o", "json"}).standard_output);
  EXPECT_EQ(keys.size(), 11U);  // 99, 990 to 999
  EXPECT_EQ(Tresor({"snapshot", "get", snapshot, "/app/7", "--raw"}).standard_output,
            std::string(8000, 'v'));

  const process::Output restored =
      Tresor({"snapshot", "restore", snapshot, "--data-dir", Path("data"), "-o", "json"});
  ASSERT_EQ(restored.status.exit_code, 0) << restored.standard_error;
  EXPECT_EQ(json::parse(restored.standard_output)["revision"], 1001);
  ASSERT_OK_AND_ASSIGN(const bool there,
                       io::Exists(io::PosixFileSystem(), Path("data/member/snap/db")));
  EXPECT_TRUE(there);
  const process::Output again =
      Tresor({"snapshot", "restore", snapshot, "--data-dir", Path("data")});
  EXPECT_EQ(again.status.exit_code, 9);
  EXPECT_THAT(again.standard_error, HasSubstr("hint: nothing is ever overwritten"));

  const process::Output exported =
      Tresor({"snapshot", "export", snapshot, "--out", Path("out.db")});
  EXPECT_EQ(exported.status.exit_code, 0) << exported.standard_error;
  EXPECT_EQ(Tresor({"snapshot", "diff", snapshot, Path("out.db"), "-o", "json"}).standard_output,
            "[]\n");
}

TEST_F(CliTest, ADamagedFileExitsWith4) {
  const std::string snapshot = MakeSnapshot();
  auto file = io::PosixFileSystem().Open(snapshot, io::OpenMode::kReadWrite);
  ASSERT_TRUE(file.ok());
  ASSERT_OK((*file)->WriteAt(1'000'000, AsBytes("X")));

  const process::Output output = Tresor({"snapshot", "check", snapshot});

  EXPECT_EQ(output.status.exit_code, 4);
  EXPECT_THAT(output.standard_error, HasSubstr(snapshot));
}

TEST_F(CliTest, NobodyListeningExitsWith7) {
  ASSERT_EQ(
      Tresor({"repo", "init", "--repo", Path("repo"), "--key-file", Path("key")}).status.exit_code,
      0);
  // Port 1 of the loopback: nothing listens there, and nothing is sent out.
  const process::Output output =
      Tresor({"snapshot", "save", "--repo", Path("repo"), "--key-file", Path("key"), "--endpoints",
              "127.0.0.1:1", "--dial-timeout", "2s"});
  EXPECT_EQ(output.status.exit_code, 7) << output.standard_error;
  EXPECT_THAT(output.standard_error, AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("hint: ")));
}

TEST_F(CliTest, AFullDiskUnderStandardOutputIsAnError) {
  const process::Output output =
      RunProgram({"sh", "-c", std::string("exec ") + TRESOR_PROGRAM + " version > /dev/full"});
  EXPECT_EQ(output.status.exit_code, 1);
  EXPECT_THAT(output.standard_error, HasSubstr("standard output"));
}

TEST_F(CliTest, CompletionsAreSyntacticallyRight) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    Write(shell, Tresor({"completion", shell}).standard_output);
    if (RunProgram({"sh", "-c", std::string("command -v ") + shell}).status.success()) {
      const process::Output checked = RunProgram({shell, "-n", Path(shell)});
      EXPECT_EQ(checked.standard_error, "") << shell;
      EXPECT_TRUE(checked.status.success()) << shell;
    }
  }
}

TEST_F(CliTest, BashCompletesCommandsFlagsChoicesAndFiles) {
  Write("completion", Tresor({"completion", "bash"}).standard_output);
  const auto complete = [&](const std::string& line) {
    const std::string script =
        "source " + Path("completion") + "; cd " + Path("") + "; COMP_WORDS=(" + line +
        "); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _tresor 2>/dev/null; echo \"${COMPREPLY[*]}\"";
    return RunProgram({"bash", "-c", script}).standard_output;
  };
  EXPECT_EQ(complete("tresor sn"), "snapshot\n");
  EXPECT_EQ(complete("tresor repo keys pa"), "passwd\n");
  EXPECT_EQ(complete("tresor snapshot restore --bump"), "--bump-revision\n");
  EXPECT_EQ(complete("tresor repo list -o j"), "json\n");
  EXPECT_EQ(complete("tresor completion f"), "fish\n");
  EXPECT_EQ(complete("tresor repo list --passphrase-file pa"), "pass\n");
}

TEST_F(CliTest, FishCompletesCommandsFlagsChoicesAndFiles) {
  if (!RunProgram({"sh", "-c", "command -v fish"}).status.success()) {
    GTEST_SKIP() << "fish is not installed";
  }
  Write("completion.fish", Tresor({"completion", "fish"}).standard_output);
  // fish keeps a history and settings where HOME is.
  const auto complete = [&](const std::string& line) {
    const process::Output output =
        RunProgram({"fish", "--no-config", "-c",
                    "cd " + Path("") + "; source completion.fish; complete -C '" + line + "'"},
                   {"HOME=" + Path("")});
    EXPECT_EQ(output.standard_error, "") << line;
    // A candidate and its description to a line.
    std::string candidates;
    std::istringstream lines(output.standard_output);
    for (std::string text; std::getline(lines, text);) {
      candidates += (candidates.empty() ? "" : " ") + text.substr(0, text.find('\t'));
    }
    return candidates;
  };
  EXPECT_EQ(complete("tresor sn"), "snapshot");
  EXPECT_EQ(complete("tresor repo keys "), "add list passwd remove");
  EXPECT_EQ(complete("tresor snapshot restore --bump"), "--bump-revision");
  EXPECT_EQ(complete("tresor snapshot save --out"), "--out --output");
  EXPECT_EQ(complete("tresor repo list -o j"), "json");
  EXPECT_EQ(complete("tresor completion f"), "fish");
  EXPECT_EQ(complete("tresor repo list --passphrase-file pa"), "pass");
  EXPECT_EQ(complete("tresor snapshot check pa"), "pass");
  EXPECT_EQ(complete("tresor repo list pa"), "");
}

TEST_F(CliTest, ManualPagesRenderWithoutWarnings) {
  ASSERT_EQ(Tresor({"man", Path("man")}).status.exit_code, 0);
  if (!RunProgram({"sh", "-c", "command -v man"}).status.success()) {
    GTEST_SKIP() << "man is not installed";
  }
  ASSERT_OK_AND_ASSIGN(const auto pages, io::PosixFileSystem().List(Path("man")));
  EXPECT_GT(pages.size(), 20U);
  for (const io::DirEntry& page : pages) {
    const process::Output output = RunProgram(
        {"man", "--warnings", "-E", "UTF-8", "-l", "-P", "cat", Path("man/" + page.name)},
        {"MANWIDTH=80", "LC_ALL=C.UTF-8"});
    EXPECT_TRUE(output.status.success()) << page.name;
    EXPECT_EQ(output.standard_error, "") << page.name;
    EXPECT_THAT(output.standard_output, HasSubstr("EXIT STATUS")) << page.name;
  }
}

}  // namespace
}  // namespace tresor
