// SPDX-License-Identifier: Apache-2.0
// Commands on a repository in memory, whole: words in, streams and exit code out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/status_matchers.h"
#include "blob/local.h"
#include "cli/test_host.h"
#include "repo/records_crc.h"
#include "repo/repository.h"

namespace tresor::cli {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";

class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() {
    EXPECT_TRUE(host_.file_system->CreateDir("/etc", 0755).ok());
    host_.WriteFile("/etc/key", kKey);
    host_.environment = {{"TRESOR_REPO", "/backup/prod"}, {"TRESOR_KEY_FILE", "/etc/key"}};
  }

  void Init() { ASSERT_EQ(host_.Run({"repo", "init"}).code, ExitCode::kOk); }

  /// What a key was at each revision from 2 on; an empty value: deleted.
  using History = std::vector<std::pair<std::string, std::string>>;

  /// Adds a backup of a store with this history.
  repo::Id Save(const History& history, std::vector<std::string> tags = {},
                repo::EvidenceResult evidence = repo::EvidenceResult::kPassed) {
    const Context context = Context::Background();
    auto store = blob::OpenLocalStore(*host_.file_system, "/backup/prod");
    TRESOR_CHECK(store.ok());
    auto repository = repo::Repository::Open(context, **store, repo::KeyFile{ToBytes(kKey)});
    TRESOR_CHECK(repository.ok());
    auto writer = (*repository)->BeginBackup(context);
    TRESOR_CHECK(writer.ok());
    const std::vector<std::pair<etcd::RecordKey, Bytes>> records = Records(history);
    const auto tagger = (*writer)->MakeTagger();
    std::vector<std::pair<std::size_t, std::uint64_t>> missing;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& [key, value] = records[i];
      const std::uint64_t tag = tagger->Tag(key, AsBytes(history[i].first), value);
      auto known = (*writer)->Classify(context, key, repo::PieceOf(key, value), tag);
      TRESOR_CHECK(known.ok());
      if (*known != repo::Known::kStored) {
        missing.emplace_back(i, tag);
      }
    }
    TRESOR_CHECK((*writer)->FinishClassify(context).ok());
    for (const auto& [i, tag] : missing) {
      TRESOR_CHECK((*writer)->Add(context, records[i].first, records[i].second, tag).ok());
    }
    repo::BackupDescription description;
    description.revision = static_cast<std::int64_t>(history.size()) + 1;
    description.completion_unix_nanos = ToUnixNanos(host_.clock.Now());
    description.evidence = {
        {.check = "hashkv", .result = evidence, .detail = "all 3 members agree"}};
    description.tags = std::move(tags);
    auto info = (*writer)->Commit(context, description);
    TRESOR_CHECK(info.ok());
    return info->id;
  }

  static std::vector<std::pair<etcd::RecordKey, Bytes>> Records(const History& history) {
    std::vector<std::pair<etcd::RecordKey, Bytes>> records;
    std::map<std::string, etcd::KeyValue> live;
    std::int64_t revision = 1;
    for (const auto& [key, value] : history) {
      ++revision;
      etcd::KeyValue& state = live[key];
      state.key = AsBytes(key);
      if (value.empty()) {
        records.emplace_back(etcd::RecordKey{.main = revision, .sub = 0, .tombstone = true},
                             etcd::EncodeKeyValue({.key = AsBytes(key)}));
        live.erase(key);
        continue;
      }
      state.create_revision = state.version == 0 ? revision : state.create_revision;
      state.mod_revision = revision;
      ++state.version;
      state.value = AsBytes(value);
      records.emplace_back(etcd::RecordKey{.main = revision, .sub = 0, .tombstone = false},
                           etcd::EncodeKeyValue(state));
    }
    return records;
  }

  TestHost host_;
};

TEST_F(CommandsTest, WithoutWordsShowsHelpAndFails) {
  const Outcome outcome = host_.Run({});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_THAT(outcome.out, HasSubstr("usage: tresor COMMAND"));
}

TEST_F(CommandsTest, UsageErrorsAreOneLineAndAHint) {
  const Outcome outcome = host_.Run({"repo", "lst"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.error,
            "tresor: unknown command 'lst' (did you mean list?)\nhint: see tresor repo --help\n");
}

TEST_F(CommandsTest, VersionSaysWhatWasBuilt) {
  const json version = json::parse(host_.Run({"version", "-o", "json"}).out);
  EXPECT_EQ(version["version"], "1.2.3");
  EXPECT_EQ(version["commit"], "abc");
  EXPECT_EQ(version["etcdLines"], json::array({"3.4", "3.5", "3.6", "3.7"}));
}

TEST_F(CommandsTest, NoRepositoryThereSaysHowToMakeOne) {
  const Outcome outcome = host_.Run({"repo", "list"});
  EXPECT_EQ(outcome.code, ExitCode::kNotFound);
  EXPECT_THAT(outcome.error, StartsWith("tresor: opening the repository /backup/prod: "));
  EXPECT_THAT(outcome.error,
              HasSubstr("hint: is --repo right? A new repository is made with `tresor repo init"));
}

TEST_F(CommandsTest, InitMakesARepositoryOnce) {
  const Outcome first = host_.Run({"repo", "init", "-o", "json"});
  ASSERT_EQ(first.code, ExitCode::kOk) << first.error;
  EXPECT_EQ(json::parse(first.out)["repository"], "/backup/prod");

  const Outcome second = host_.Run({"repo", "init"});
  EXPECT_EQ(second.code, ExitCode::kInTheWay);
  EXPECT_THAT(second.error, HasSubstr("is there and is unchanged"));
}

TEST_F(CommandsTest, APromptAsksTwiceForAFirstPassphraseAndOnceLater) {
  host_.environment.erase("TRESOR_KEY_FILE");
  host_.terminal.secrets = {"secret", "secret", "secret"};

  EXPECT_EQ(host_.Run({"repo", "init"}).code, ExitCode::kOk);
  EXPECT_EQ(host_.Run({"repo", "list"}).code, ExitCode::kOk);

  EXPECT_THAT(host_.terminal.prompts,
              ElementsAre("passphrase of /backup/prod: ", "passphrase of /backup/prod again: ",
                          "passphrase of /backup/prod: "));
}

TEST_F(CommandsTest, TwoDifferentFirstPassphrasesMakeNothing) {
  host_.environment.erase("TRESOR_KEY_FILE");
  host_.terminal.secrets = {"secret", "secert"};

  const Outcome outcome = host_.Run({"repo", "init"});

  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_THAT(outcome.error, HasSubstr("differ"));
  EXPECT_EQ(host_.Run({"repo", "list", "--key-file", "/etc/key"}).code, ExitCode::kNotFound);
}

TEST_F(CommandsTest, WithoutAnyPassphraseOrTerminalSaysWhatToGive) {
  Init();
  host_.environment.erase("TRESOR_KEY_FILE");

  const Outcome outcome = host_.Run({"repo", "list"});

  EXPECT_EQ(outcome.code, ExitCode::kAccess);
  EXPECT_THAT(outcome.error, HasSubstr("hint: give --passphrase-file or --key-file"));
}

TEST_F(CommandsTest, AWrongKeyIsToldFromADamagedRepository) {
  Init();
  host_.WriteFile("/etc/other", "another key file of 32 bytes ...");

  const Outcome outcome = host_.Run({"repo", "list", "--key-file", "/etc/other"});

  EXPECT_EQ(outcome.code, ExitCode::kAccess);
  EXPECT_THAT(outcome.error,
              HasSubstr("hint: the passphrase or key file is not one of this repository's"));
}

TEST_F(CommandsTest, WhatIsTypedWinsOverTheEnvironment) {
  host_.WriteFile("/etc/pass", "secret\n");
  ASSERT_EQ(host_.Run({"repo", "init", "--passphrase-file", "/etc/pass"}).code, ExitCode::kOk);

  EXPECT_EQ(host_.Run({"repo", "list", "--passphrase-file", "/etc/pass"}).code, ExitCode::kOk);
  EXPECT_EQ(host_.Run({"repo", "list"}).code, ExitCode::kAccess);
  EXPECT_EQ(
      host_.Run({"repo", "list", "--passphrase-file", "/etc/pass", "--key-file", "/etc/key"}).code,
      ExitCode::kUsage);
}

TEST_F(CommandsTest, APassphraseFileMustBeOneLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "is empty"}, {"\n", "is empty"}, {"a\nb\n", "more than one line"}};
  for (const auto& [content, text] : cases) {
    host_.WriteFile("/etc/pass", content);
    const Outcome outcome = host_.Run({"repo", "init", "--passphrase-file", "/etc/pass"});
    EXPECT_EQ(outcome.code, ExitCode::kUsage);
    EXPECT_THAT(outcome.error, HasSubstr(text));
  }
}

TEST_F(CommandsTest, ASecretThatOthersMayReadIsWarnedOf) {
  host_.WriteFile("/etc/key", kKey, 0644);
  EXPECT_THAT(host_.Run({"repo", "init"}).error,
              HasSubstr("warning: /etc/key can be read by others (mode 0644)"));
}

TEST_F(CommandsTest, AnEmptyRepositoryListsNothing) {
  Init();
  EXPECT_EQ(json::parse(host_.Run({"repo", "list", "-o", "json"}).out), json::array());
  const Outcome table = host_.Run({"repo", "list"});
  EXPECT_EQ(table.out, "");
  EXPECT_EQ(table.error, "no backups\n");
}

TEST_F(CommandsTest, ListShowsIdAgeAndEvidence) {
  Init();
  const repo::Id id = Save({{"a", "1"}}, {"release"});
  host_.clock.Advance(std::chrono::hours(3));

  const Outcome table = host_.Run({"repo", "list"});
  EXPECT_THAT(table.out, AllOf(StartsWith("ID "), HasSubstr(id.Short()), HasSubstr("3 h ago"),
                               HasSubstr("release"), HasSubstr("passed")));
  const json list = json::parse(host_.Run({"repo", "list", "-o", "json"}).out);
  EXPECT_EQ(list[0]["id"], id.ToString());
  EXPECT_EQ(list[0]["tags"], json::array({"release"}));
  EXPECT_EQ(json::parse(host_.Run({"repo", "list", "-o", "json", "--tag", "other"}).out),
            json::array());
}

TEST_F(CommandsTest, OutputIsColouredOnlyOnATerminalThatMayHaveIt) {
  Init();
  Save({{"a", "1"}});
  EXPECT_THAT(host_.Run({"repo", "list"}).out, Not(HasSubstr("\x1b")));
  host_.terminal.output_terminal = true;
  EXPECT_THAT(host_.Run({"repo", "list"}).out, HasSubstr("\x1b[32mpassed"));
  host_.environment["NO_COLOR"] = "1";
  EXPECT_THAT(host_.Run({"repo", "list"}).out, Not(HasSubstr("\x1b")));
}

TEST_F(CommandsTest, ForgetKeepsTheNewestAndPruneFreesTheRest) {
  Init();
  Save({{"a", "1"}});
  Save({{"a", "1"}, {"a", "2"}});
  const repo::Id newest = Save({{"a", "1"}, {"a", "2"}, {"a", "3"}});

  const json dry =
      json::parse(host_.Run({"repo", "forget", "--keep-last", "1", "--dry-run", "-o", "json"}).out);
  EXPECT_EQ(dry["forgotten"].size(), 2U);
  EXPECT_EQ(json::parse(host_.Run({"repo", "list", "-o", "json"}).out).size(), 3U);

  const Outcome outcome =
      host_.Run({"repo", "forget", "--keep-last", "1", "--prune", "-o", "json"});
  ASSERT_EQ(outcome.code, ExitCode::kOk) << outcome.error;
  EXPECT_TRUE(json::parse(outcome.out).contains("prune"));
  const json list = json::parse(host_.Run({"repo", "list", "-o", "json"}).out);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0]["id"], newest.ToString());
}

TEST_F(CommandsTest, ForgetRefusesTheLastGoodOneUnlessForced) {
  Init();
  const repo::Id id = Save({{"a", "1"}});

  const Outcome refused = host_.Run({"repo", "forget", id.Short()});
  EXPECT_EQ(refused.code, ExitCode::kInTheWay);
  EXPECT_THAT(refused.error,
              AllOf(HasSubstr("last good one"), HasSubstr("hint: take another backup first")));

  EXPECT_EQ(host_.Run({"repo", "forget", id.Short(), "--force"}).code, ExitCode::kOk);
}

TEST_F(CommandsTest, ForgetNeedsOneWayToChoose) {
  Init();
  EXPECT_EQ(host_.Run({"repo", "forget"}).code, ExitCode::kUsage);
  EXPECT_EQ(host_.Run({"repo", "forget", "abcd", "--keep-last", "1"}).code, ExitCode::kUsage);
  EXPECT_EQ(host_.Run({"repo", "forget", "--keep-last", "0"}).code, ExitCode::kUsage);
  EXPECT_EQ(host_.Run({"repo", "forget", "abcd"}).code, ExitCode::kNotFound);
}

TEST_F(CommandsTest, CheckFindsNothingAndThenTheObjectThatIsGone) {
  Init();
  const repo::Id id = Save({{"a", "1"}});
  const Outcome good = host_.Run({"repo", "check", "--read-data"});
  EXPECT_EQ(good.code, ExitCode::kOk) << good.error;
  EXPECT_THAT(good.out, HasSubstr("no damage"));

  const json manifests = json::array();
  const auto files = host_.file_system->List("/backup/prod/manifests");
  ASSERT_TRUE(files.ok() && !files->empty());
  ASSERT_TRUE(host_.file_system->RemoveFile("/backup/prod/manifests/" + files->front().name).ok());

  const Outcome bad = host_.Run({"repo", "check", "-o", "json"});
  EXPECT_EQ(bad.code, ExitCode::kIntegrity);
  const json report = json::parse(bad.out);
  EXPECT_EQ(report["ok"], false);
  EXPECT_THAT(report["findings"][0]["object"].get<std::string>(), HasSubstr("manifests/"));
  EXPECT_EQ(report["findings"][0]["backups"], json::array({id.ToString()}));
}

TEST_F(CommandsTest, StatsAddUp) {
  Init();
  Save({{"a", "1"}});
  const json stats = json::parse(host_.Run({"repo", "stats", "-o", "json"}).out);
  EXPECT_EQ(stats["backups"].size(), 1U);
  EXPECT_EQ(stats["logicalBytes"], stats["backups"][0]["logicalBytes"]);
  EXPECT_THAT(host_.Run({"repo", "stats"}).out, HasSubstr("stored:"));
}

TEST_F(CommandsTest, KeysAreAddedListedChangedAndRemovedButNotTheLast) {
  Init();
  host_.WriteFile("/etc/second", "the second key file, 32 bytes ..");
  ASSERT_EQ(
      host_.Run({"repo", "keys", "add", "--new-key-file", "/etc/second", "--label", "nightly"})
          .code,
      ExitCode::kOk);

  const json keys = json::parse(host_.Run({"repo", "keys", "list", "-o", "json"}).out);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0]["kind"], "keyFile");

  const json& first = keys[0]["label"] == "first" ? keys[0] : keys[1];
  const Outcome removed = host_.Run({"repo", "keys", "remove", first["id"]});
  EXPECT_EQ(removed.code, ExitCode::kOk) << removed.error;
  EXPECT_EQ(host_.Run({"repo", "list"}).code, ExitCode::kAccess);
  EXPECT_EQ(host_.Run({"repo", "list", "--key-file", "/etc/second"}).code, ExitCode::kOk);

  const json& last = keys[0]["label"] == "first" ? keys[1] : keys[0];
  const Outcome refused =
      host_.Run({"repo", "keys", "remove", last["id"], "--key-file", "/etc/second"});
  EXPECT_EQ(refused.code, ExitCode::kInTheWay);
  EXPECT_THAT(refused.error, HasSubstr("add another key first"));
  EXPECT_EQ(host_.Run({"repo", "keys", "remove", "ffffffff", "--key-file", "/etc/second"}).code,
            ExitCode::kNotFound);

  host_.WriteFile("/etc/third", "the third key file, 32 bytes ...");
  EXPECT_EQ(host_
                .Run({"repo", "keys", "passwd", last["id"], "--key-file", "/etc/second",
                      "--new-key-file", "/etc/third"})
                .code,
            ExitCode::kOk);
  EXPECT_EQ(host_.Run({"repo", "list", "--key-file", "/etc/second"}).code, ExitCode::kAccess);
  EXPECT_EQ(host_.Run({"repo", "list", "--key-file", "/etc/third"}).code, ExitCode::kOk);
}

TEST_F(CommandsTest, SaveSaysWhatToDoWhenNobodyListens) {
  Init();
  const Outcome outcome =
      host_.Run({"snapshot", "save", "--endpoints", "10.0.0.1:2379,10.0.0.2:2379"});

  EXPECT_EQ(outcome.code, ExitCode::kTemporary);
  ASSERT_EQ(host_.connected.size(), 1U);
  EXPECT_THAT(host_.connected[0].endpoints, ElementsAre("10.0.0.1:2379", "10.0.0.2:2379"));
  EXPECT_EQ(host_.connected[0].tls, std::nullopt);
}

TEST_F(CommandsTest, SaveRefusesAPasswordAsAnArgument) {
  Init();
  const Outcome outcome = host_.Run({"snapshot", "save", "--user", "root:secret"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_THAT(outcome.error, AllOf(HasSubstr("--password-file"), Not(HasSubstr("secret"))));
}

TEST_F(CommandsTest, SaveReadsCertificatesAndPassword) {
  Init();
  host_.WriteFile("/etc/ca", "CA");
  host_.WriteFile("/etc/crt", "CRT");
  host_.WriteFile("/etc/pem", "KEY");
  host_.WriteFile("/etc/pw", "pw\n");

  (void)host_.Run({"snapshot", "save", "--cacert", "/etc/ca", "--cert", "/etc/crt", "--key",
                   "/etc/pem", "--user", "root", "--password-file", "/etc/pw", "--dial-timeout",
                   "2s"});

  ASSERT_EQ(host_.connected.size(), 1U);
  const etcd::ClientOptions& options = host_.connected[0];
  ASSERT_TRUE(options.tls);
  EXPECT_EQ(options.tls->ca_pem, "CA");
  EXPECT_EQ(options.tls->certificate_pem, "CRT");
  EXPECT_EQ(options.tls->key_pem, "KEY");
  EXPECT_EQ(options.password, "pw");
  EXPECT_EQ(options.dial_timeout, std::chrono::seconds(2));
  EXPECT_EQ(host_.Run({"snapshot", "save", "--cert", "/etc/crt"}).code, ExitCode::kUsage);
}

TEST_F(CommandsTest, LsGetAndDiffShowKeysValuesAndChanges) {
  Init();
  const repo::Id first = Save(
      {{"/registry/pods/a/web", "{\"x\":1}"}, {"/registry/pods/b/web", "two"}, {"/other", "o"}});
  Save({{"/registry/pods/a/web", "{\"x\":1}"},
        {"/registry/pods/b/web", "two"},
        {"/other", "o"},
        {"/registry/pods/b/web", ""},
        {"/other", "changed"},
        {"/new", "n"}});

  const Outcome ls =
      host_.Run({"snapshot", "ls", first.Short(), "--kind", "po", "--name", "web", "--keys-only"});
  EXPECT_EQ(ls.out, "/registry/pods/a/web\n/registry/pods/b/web\n") << ls.error;
  const json limited =
      json::parse(host_.Run({"snapshot", "ls", "latest", "--limit", "1", "-o", "json"}).out);
  ASSERT_EQ(limited.size(), 1U);
  EXPECT_EQ(limited[0]["key"], "/new");
  EXPECT_EQ(limited[0]["modRevision"], 7);

  const Outcome get = host_.Run({"snapshot", "get", "latest", "/registry/pods/a/web"});
  EXPECT_EQ(get.out, "/registry/pods/a/web  (revision 2, version 1, 7 B)\n{\n  \"x\": 1\n}\n")
      << get.error;
  EXPECT_EQ(host_.Run({"snapshot", "get", "latest", "/other", "--raw"}).out, "changed");
  EXPECT_EQ(host_.Run({"snapshot", "get", "latest", "/registry/pods/b/web"}).code,
            ExitCode::kNotFound);
  const json selected =
      json::parse(host_.Run({"snapshot", "get", "latest", "--prefix", "/", "-o", "json"}).out);
  ASSERT_EQ(selected.size(), 3U);
  EXPECT_EQ(selected[1]["value"], "changed");
  const json history = json::parse(host_
                                       .Run({"snapshot", "get", "latest", "/registry/pods/b/web",
                                             "--all-revisions", "-o", "json"})
                                       .out);
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[1]["deleted"], true);

  const Outcome diff = host_.Run({"snapshot", "diff", "latest~1", "latest"});
  EXPECT_EQ(
      diff.out,
      "+ /new  (revision 7)\n~ /other  (revision 4 -> 6)\n- /registry/pods/b/web  (revision 3)\n")
      << diff.error;
  EXPECT_EQ(diff.error, "1 added, 1 changed, 1 removed\n");
  const json values = json::parse(host_
                                      .Run({"snapshot", "diff", first.Short(), "latest", "--prefix",
                                            "/other", "--values", "-o", "json"})
                                      .out);
  EXPECT_EQ(values[0]["before"]["value"], "o");
  EXPECT_EQ(values[0]["after"]["value"], "changed");
}

TEST_F(CommandsTest, WhatNamesABackupNeedsARepository) {
  host_.environment.erase("TRESOR_REPO");
  const Outcome outcome = host_.Run({"snapshot", "status", "latest"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_THAT(outcome.error, HasSubstr("hint: give --repo"));
  const Outcome file = host_.Run({"snapshot", "status", "/no/such.db"});
  EXPECT_EQ(file.code, ExitCode::kNotFound);
  EXPECT_THAT(file.error, StartsWith("tresor: opening the snapshot file: /no/such.db: "));
}

TEST_F(CommandsTest, StatusShowsTheEvidence) {
  Init();
  Save({{"a", "1"}});
  EXPECT_THAT(host_.Run({"snapshot", "status", "latest"}).out, HasSubstr("all 3 members agree"));
  const json status = json::parse(host_.Run({"snapshot", "status", "latest", "-o", "json"}).out);
  EXPECT_EQ(status["checks"][0]["result"], "passed");
  EXPECT_EQ(host_.Run({"snapshot", "status", "ffff"}).code, ExitCode::kNotFound);
  EXPECT_EQ(host_.Run({"snapshot", "status", "latest~0"}).code, ExitCode::kOk);
  EXPECT_EQ(host_.Run({"snapshot", "status", "latest~1"}).code, ExitCode::kNotFound);
  EXPECT_EQ(host_.Run({"snapshot", "status", "latest~x"}).code, ExitCode::kUsage);
}

TEST_F(CommandsTest, RestoreRefusesABumpWithoutItsMark) {
  Init();
  const Outcome outcome = host_.Run({"snapshot", "restore", "latest", "--bump-revision", "1000"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_THAT(outcome.error, HasSubstr("--mark-compacted"));
}

TEST_F(CommandsTest, AStopIsReportedAsAnInterruption) {
  Init();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(host_.Run({"repo", "list"}, Context::Background().WithStop(stop.get_token())).code,
            ExitCode::kInterrupted);
}

TEST_F(CommandsTest, QuietLeavesOnlyErrorsAndVerboseTellsEveryCallToTheStore) {
  EXPECT_EQ(host_.Run({"repo", "init", "--quiet"}).error, "");
  EXPECT_THAT(host_.Run({"repo", "list", "--verbose"}).error, HasSubstr("store: list \"catalog/"));
  EXPECT_THAT(host_.Run({"repo", "list"}).error, Not(HasSubstr("store:")));
}

TEST_F(CommandsTest, ManWritesAPageForEachCommand) {
  EXPECT_EQ(host_.Run({"man", "/man"}).code, ExitCode::kOk);
  const auto pages = host_.file_system->List("/man");
  ASSERT_TRUE(pages.ok());
  EXPECT_EQ(pages->size(), WalkCommands(RootCommand()).size());
}

}  // namespace
}  // namespace tresor::cli
