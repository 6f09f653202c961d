// SPDX-License-Identifier: Apache-2.0
#include "runtime/local/certificates.h"

#include <map>
#include <memory>

#include "base/status_matchers.h"
#include "crypto/x509.h"
#include "io/faults.h"

namespace tresor::runtime {
namespace {

constexpr WallTime kNow{std::chrono::seconds{1'700'000'000}};
const TlsFiles kFiles("/c");

std::map<std::string, std::string> ReadAll(io::FileSystem& fs) {
  std::map<std::string, std::string> files;
  for (const std::string& path :
       {kFiles.authority(), kFiles.authority_certificate(), kFiles.tresor_authority(),
        kFiles.tresor_authority_certificate(), kFiles.client_authorities(), kFiles.server(),
        kFiles.tresor(), kFiles.people()}) {
    const auto bytes = io::ReadFile(fs, path);
    EXPECT_TRUE(bytes.ok()) << path;
    files[path] = bytes.ok() ? ToString(*bytes) : "";
  }
  return files;
}

class CertificatesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(fs_.CreateDir("/c", 0700));
    ASSERT_OK(EnsureCertificates(fs_, kFiles, kNow));
  }
  io::MemoryFs fs_;
};

TEST_F(CertificatesTest, TresorsOwnIsNotSignedByThePeoplesAuthority) {
  const auto files = ReadAll(fs_);
  const auto check = [&](const std::string& pem, const std::string& authority) {
    return crypto::CheckCertificate({.certificate_pem = files.at(pem), .key_pem = files.at(pem)},
                                    files.at(authority))
        .ok();
  };
  EXPECT_TRUE(check(kFiles.people(), kFiles.authority_certificate()));
  EXPECT_FALSE(check(kFiles.people(), kFiles.tresor_authority_certificate()));
  EXPECT_TRUE(check(kFiles.tresor(), kFiles.tresor_authority_certificate()));
  EXPECT_FALSE(check(kFiles.tresor(), kFiles.authority_certificate()));
  EXPECT_TRUE(check(kFiles.server(), kFiles.authority_certificate()));
  ASSERT_OK_AND_ASSIGN(const io::FileInfo info, fs_.Stat(kFiles.authority()));
  EXPECT_EQ(info.mode, 0600U);
}

TEST_F(CertificatesTest, AreKeptUntilAThirdOfTheirTimeIsLeft) {
  const auto first = ReadAll(fs_);
  ASSERT_OK(EnsureCertificates(fs_, kFiles, kNow + kCertificateLife * 3 / 5));
  EXPECT_EQ(ReadAll(fs_), first);

  ASSERT_OK(EnsureCertificates(fs_, kFiles, kNow + kCertificateLife * 7 / 10));
  const auto renewed = ReadAll(fs_);
  for (const std::string& path : {kFiles.server(), kFiles.tresor(), kFiles.people()}) {
    EXPECT_NE(renewed.at(path), first.at(path)) << path;
  }
  EXPECT_EQ(renewed.at(kFiles.authority()), first.at(kFiles.authority()));
}

TEST_F(CertificatesTest, DamagedOneIsMadeAnew) {
  const auto first = ReadAll(fs_);
  ASSERT_OK(io::WriteFileAtomically(fs_, kFiles.server(), AsBytes(first.at(kFiles.people()))));
  ASSERT_OK(io::WriteFileAtomically(fs_, kFiles.people(), AsBytes("?")));
  ASSERT_OK(EnsureCertificates(fs_, kFiles, kNow));
  EXPECT_OK(ReadClientTls(fs_, kFiles, kFiles.people()));
  ASSERT_OK_AND_ASSIGN(const auto tls, ReadClientTls(fs_, kFiles, kFiles.people()));
  EXPECT_OK(crypto::CheckCertificate(
      {.certificate_pem = tls.certificate_pem, .key_pem = tls.key_pem}, tls.ca_pem));
}

TEST(CertificatesCutTest, CutAtAnyCallIsMadeGoodByTheNext) {
  for (std::uint64_t call = 1;; call += 3) {
    io::PowerCutFs fs;
    ASSERT_OK(io::CreateDirs(fs, "/c"));
    fs.CutAtCall(fs.calls() + call);
    const bool whole = EnsureCertificates(fs, kFiles, kNow).ok();
    const auto disk = fs.AfterPowerCut(io::MemoryFs::Unsynced::kMixed, call);
    ASSERT_OK(io::CreateDirs(*disk, "/c"));
    ASSERT_OK(EnsureCertificates(*disk, kFiles, kNow)) << call;
    (void)ReadAll(*disk);
    if (whole) {
      break;
    }
  }
}

}  // namespace
}  // namespace tresor::runtime
