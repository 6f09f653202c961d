// SPDX-License-Identifier: Apache-2.0
#include "objects/names.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tresor::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(NamesTest, ANamespaceIsADnsLabel) {
  for (const std::string& name : {std::string("a"), std::string("team-1"), std::string(63, 'a')}) {
    EXPECT_THAT(DnsLabelProblems(name), IsEmpty()) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("-a"), std::string("a-"), std::string("A"), std::string("a.b"),
        std::string("a_b"), std::string(64, 'a'), std::string("a/b"), std::string("ü")}) {
    EXPECT_THAT(DnsLabelProblems(name), Not(IsEmpty())) << name;
  }
}

TEST(NamesTest, ANameIsADnsSubdomain) {
  for (const std::string& name :
       {std::string("a"), std::string("a.b-c.d"), std::string(253, 'a')}) {
    EXPECT_THAT(DnsSubdomainProblems(name), IsEmpty()) << name;
  }
  for (const std::string& name : {std::string(), std::string("a..b"), std::string(".a"),
                                  std::string("a."), std::string("a.-b"), std::string(254, 'a')}) {
    EXPECT_THAT(DnsSubdomainProblems(name), Not(IsEmpty())) << name;
  }
  EXPECT_THAT(DnsSubdomainProblems(std::string(300, '-')),
              ElementsAre("must be no more than 253 characters",
                          HasSubstr("a lowercase RFC 1123 subdomain must consist")));
}

TEST(NamesTest, LabelKeysMayHaveOneDnsPrefix) {
  for (const char* name : {"a", "A_b.c-d", "tresor.dev/cluster", "a/B"}) {
    EXPECT_THAT(QualifiedNameProblems(name), IsEmpty()) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a/b/c"),
        std::string("A/b"), std::string("_a"), std::string("a b"), std::string(64, 'a')}) {
    EXPECT_THAT(QualifiedNameProblems(name), Not(IsEmpty())) << name;
  }
}

TEST(NamesTest, LabelValuesMayBeEmpty) {
  for (const char* value : {"", "a", "A_b.c-1"}) {
    EXPECT_THAT(LabelValueProblems(value), IsEmpty()) << value;
  }
  for (const std::string& value :
       {std::string("-"), std::string("a b"), std::string("a/b"), std::string(64, 'a')}) {
    EXPECT_THAT(LabelValueProblems(value), Not(IsEmpty())) << value;
  }
}

}  // namespace
}  // namespace tresor::objects
