// SPDX-License-Identifier: Apache-2.0
// Sources behind TLS and authentication: backups get through with what they were given, and say
// what is wrong when it is not enough.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/restore.h"
#include "backup/snapshot_file.h"
#include "backup/source.h"
#include "backup/take.h"
#include "base/status_matchers.h"
#include "etcd/client.h"
#include "io/file_system.h"
#include "test/etcd_fixture.h"
#include "test/restored_cluster.h"
#include "test/rich_store.h"
#include "test/tresor_program.h"

namespace tresor::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

Context Soon() { return Context::Background().WithTimeout(std::chrono::seconds(120)); }

class SecuredSourceTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_OK_AND_ASSIGN(scratch_, ScratchDir::Create()); }

  void Start(bool tls) {
    ASSERT_OK_AND_ASSIGN(etcd_, EtcdCluster::Start({.line = GetParam(), .tls = tls}));
    ASSERT_OK(FillRichStore(Soon(), etcd_->client()));
    ASSERT_OK_AND_ASSIGN(store_, DescribeStore(Soon(), etcd_->client()));
  }

  [[nodiscard]] std::string path() const { return scratch_->path() + "/snapshot.db"; }

  /// Saves with these options; nothing is left of what failed.
  [[nodiscard]] Status Save(const etcd::ClientOptions& options) {
    ASSIGN_OR_RETURN(const auto client, etcd::Client::Connect(options));
    const Status saved =
        backup::SaveSnapshotFile(Soon(), {}, *client, io::PosixFileSystem(), path()).status();
    if (!saved.ok()) {
      const auto left = io::PosixFileSystem().List(scratch_->path());
      EXPECT_TRUE(left.ok() && left->empty()) << "something is left";
    }
    return saved;
  }

  /// What was saved is what the source has. `restored_options`: of the cluster it is looked at in.
  void ExpectSaved(const EtcdOptions& restored_options) {
    ASSERT_OK_AND_ASSIGN(const auto file, backup::SnapshotFile::Open(Soon(), path()));
    ASSERT_OK_AND_ASSIGN(const auto source, backup::MakeSource(file->image(), path()));
    ASSERT_OK_AND_ASSIGN(const RestoredCluster restored,
                         RestoreToCluster(Soon(), *source, restored_options));
    ASSERT_OK(restored.etcd->StartAll());
    ASSERT_OK_AND_ASSIGN(const auto described, DescribeStore(Soon(), restored.etcd->client()));
    EXPECT_THAT(described, ElementsAreArray(store_));
  }

  /// Saving with these flags fails, and the hint says `hint`.
  static void ExpectProgramFails(const TresorProgram& tresor, std::vector<std::string> flags,
                                 const std::string& hint) {
    SCOPED_TRACE(::testing::PrintToString(flags));
    flags.insert(flags.begin(), {"snapshot", "save"});
    ASSERT_OK_AND_ASSIGN(const ProgramRun run, tresor.Run(std::move(flags)));
    EXPECT_FALSE(run.status.success());
    const std::size_t hint_at = run.standard_error.find("hint: ");
    ASSERT_NE(hint_at, std::string::npos) << run.standard_error;
    EXPECT_THAT(run.standard_error.substr(hint_at), HasSubstr(hint)) << run.standard_error;
  }

  std::unique_ptr<ScratchDir> scratch_;
  std::unique_ptr<EtcdCluster> etcd_;
  std::vector<std::string> store_;
};

INSTANTIATE_TEST_SUITE_P(Lines, SecuredSourceTest, ::testing::Values("3.4", "3.5", "3.6", "3.7"),
                         [](const auto& test) { return "etcd_3_" + test.param.substr(2); });

TEST_P(SecuredSourceTest, ClientCertificateOpensTls) {
  ASSERT_NO_FATAL_FAILURE(Start(true));

  ASSERT_OK(Save(etcd_->client_options()));
  ExpectSaved({.line = GetParam()});
}

// The certificate's common name is the user.
TEST_P(SecuredSourceTest, ClientCertificateIsTheUser) {
  ASSERT_NO_FATAL_FAILURE(Start(true));
  const etcd::ClientOptions without_user = etcd_->client_options();
  ASSERT_OK(SecureStore(Soon(), *etcd_, GetParam()));

  ASSERT_OK(Save(without_user));
  ExpectSaved({.line = GetParam(), .user = "root", .password = kRootPassword});
}

TEST_P(SecuredSourceTest, UserAndPasswordOpenAuthentication) {
  ASSERT_NO_FATAL_FAILURE(Start(false));
  ASSERT_OK(SecureStore(Soon(), *etcd_, GetParam()));

  ASSERT_OK(Save(etcd_->client_options()));
  ExpectSaved({.line = GetParam(), .user = "root", .password = kRootPassword});
}

TEST_P(SecuredSourceTest, WrongUsersAreTurnedAway) {
  ASSERT_NO_FATAL_FAILURE(Start(false));
  ASSERT_OK(SecureStore(Soon(), *etcd_, GetParam()));
  etcd::ClientOptions options = etcd_->client_options();

  options.password = "guess";
  EXPECT_THAT(Save(options), StatusIs(Code::kUnauthenticated, HasSubstr("root")));

  options.user = "guest";
  options.password = kGuestPassword;
  EXPECT_THAT(Save(options), StatusIs(Code::kPermissionDenied, HasSubstr("permission denied")));

  options.user.clear();
  EXPECT_THAT(Save(options), StatusIs(Code::kUnauthenticated, HasSubstr("user name is empty")));
}

TEST_P(SecuredSourceTest, DistrustedServersAreNotAsked) {
  ASSERT_NO_FATAL_FAILURE(Start(true));

  etcd::ClientOptions no_authority = etcd_->client_options();
  no_authority.tls->ca_pem.clear();
  EXPECT_THAT(Save(no_authority),
              StatusIs(Code::kUnauthenticated,
                       AllOf(HasSubstr("127.0.0.1"), HasSubstr("certificate verify failed"))));

  etcd::ClientOptions other_name = etcd_->client_options();
  other_name.tls->server_name = "other.test";
  EXPECT_THAT(Save(other_name),
              StatusIs(Code::kUnauthenticated,
                       AllOf(HasSubstr("127.0.0.1"), HasSubstr("other.test is not in"))));
}

// A server that hangs up does not say why; the program does.
TEST_P(SecuredSourceTest, ProgramSaysWhatIsMissing) {
  ASSERT_NO_FATAL_FAILURE(Start(true));
  ASSERT_OK_AND_ASSIGN(const auto plain, EtcdCluster::Start({.line = GetParam()}));
  ASSERT_OK_AND_ASSIGN(const auto tresor, TresorProgram::CreateRepository());
  const auto address_of = [](const EtcdCluster& etcd) {
    return etcd.endpoint(0).substr(etcd.endpoint(0).find("//") + 2);
  };
  const std::string https = "--endpoints=https://" + address_of(*etcd_);
  const std::string ca = "--cacert=" + etcd_->ca_path();

  ExpectProgramFails(*tresor, {https, ca}, "--cert and --key");
  ExpectProgramFails(
      *tresor, {https, "--cert=" + etcd_->client_cert_path(), "--key=" + etcd_->client_key_path()},
      "--cacert");
  ExpectProgramFails(*tresor, {"--endpoints=" + address_of(*etcd_)}, "https://");
  ExpectProgramFails(*tresor, {"--endpoints=http://" + address_of(*etcd_)}, "https://");
  ExpectProgramFails(*tresor, {"--endpoints=https://" + address_of(*plain), ca}, "http://");
}

TEST_P(SecuredSourceTest, ProgramBacksUpAndRestores) {
  ASSERT_NO_FATAL_FAILURE(Start(true));
  ASSERT_OK(SecureStore(Soon(), *etcd_, GetParam()));
  ASSERT_OK_AND_ASSIGN(const auto tresor, TresorProgram::CreateRepository());
  const std::string password = tresor->dir() + "/password";
  ASSERT_OK(io::WriteFileAtomically(io::PosixFileSystem(), password,
                                    AsBytes(std::string(kRootPassword) + "\n")));
  ASSERT_OK_AND_ASSIGN(
      const auto restored,
      EtcdCluster::Plan({.line = GetParam(), .user = "root", .password = kRootPassword}));

  ASSERT_OK(tresor->RunJson({"snapshot", "save", "--endpoints=" + etcd_->endpoint(0),
                             "--cacert=" + etcd_->ca_path(), "--cert=" + etcd_->client_cert_path(),
                             "--key=" + etcd_->client_key_path(), "--user=root",
                             "--password-file=" + password}));
  ASSERT_OK(tresor->RunJson({"snapshot", "check", "latest"}));
  ASSERT_OK(tresor->RunJson({"snapshot", "restore", "latest", "--name=" + restored->name(0),
                             "--data-dir=" + restored->data_dir(0),
                             "--initial-cluster=" + restored->initial_cluster(),
                             "--initial-advertise-peer-urls=" + restored->peer_url(0)}));

  ASSERT_OK(restored->StartAll());
  ASSERT_OK_AND_ASSIGN(const auto described, DescribeStore(Soon(), restored->client()));
  EXPECT_THAT(described, ElementsAreArray(store_));
}

}  // namespace
}  // namespace tresor::testing
