// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509.h"

#include "base/status_matchers.h"

namespace tresor::crypto {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr WallTime kNow{std::chrono::seconds{1'700'000'000}};
constexpr Validity kYear{.not_before = kNow, .not_after = kNow + std::chrono::hours(24 * 365)};

CertifiedKey Authority() {
  Result<CertifiedKey> authority = MakeAuthority("test authority", kYear);
  EXPECT_THAT(authority, IsOk());
  return *std::move(authority);
}

CertificateRequest Server() {
  return {.common_name = "m0",
          .dns_names = {"localhost"},
          .ip_addresses = {"127.0.0.1", "::1"},
          .server = true,
          .client = true};
}

TEST(X509Test, AuthoritySignsWhatItIssues) {
  const CertifiedKey authority = Authority();
  ASSERT_OK_AND_ASSIGN(const CertifiedKey server, IssueCertificate(authority, Server(), kYear));

  EXPECT_OK(CheckCertificate(server, authority.certificate_pem));
  EXPECT_THAT(CheckCertificate(server, Authority().certificate_pem),
              StatusIs(Code::kDataLoss, HasSubstr("not signed")));
}

TEST(X509Test, KeyOfAnotherCertificateIsFound) {
  const CertifiedKey authority = Authority();
  ASSERT_OK_AND_ASSIGN(CertifiedKey one, IssueCertificate(authority, Server(), kYear));
  ASSERT_OK_AND_ASSIGN(const CertifiedKey two, IssueCertificate(authority, Server(), kYear));
  one.key_pem = two.key_pem;

  EXPECT_THAT(CheckCertificate(one, authority.certificate_pem),
              StatusIs(Code::kDataLoss, HasSubstr("key")));
}

TEST(X509Test, TellsNameAndTimes) {
  ASSERT_OK_AND_ASSIGN(const CertifiedKey client,
                       IssueCertificate(Authority(), {.common_name = "root", .client = true},
                                        {.not_before = kNow, .not_after = kYear.not_after}));

  ASSERT_OK_AND_ASSIGN(const CertificateFacts facts, ReadCertificate(client.certificate_pem));
  EXPECT_EQ(facts.common_name, "root");
  EXPECT_EQ(facts.validity.not_before, kNow);
  EXPECT_EQ(facts.validity.not_after, kYear.not_after);
}

TEST(X509Test, RefusesNamesThatWouldChangeTheMeaning) {
  CertificateRequest request = Server();
  request.dns_names = {"a,IP:10.0.0.1"};
  EXPECT_THAT(IssueCertificate(Authority(), request, kYear), StatusIs(Code::kInvalidArgument));
  request = Server();
  request.common_name = "";
  EXPECT_THAT(IssueCertificate(Authority(), request, kYear), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(IssueCertificate(Authority(), {.common_name = "x"}, kYear),
              StatusIs(Code::kInvalidArgument));
}

TEST(X509Test, TextThatIsNoPemIsDataLoss) {
  EXPECT_THAT(ReadCertificate(""), StatusIs(Code::kDataLoss));
  EXPECT_THAT(IssueCertificate({.certificate_pem = "x", .key_pem = "y"}, Server(), kYear),
              StatusIs(Code::kDataLoss));
}

}  // namespace
}  // namespace tresor::crypto
