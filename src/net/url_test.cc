// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "net/http_message.h"
#include "net/rate_limit.h"

namespace tresor::net {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(TargetTest, SplitsPathAndQuery) {
  const auto target = Target::Parse("/apis/tresor.dev/v1//x%2Fy/?a=1&b=x+y%26&c&a=2");
  ASSERT_OK(target);
  EXPECT_EQ(target->path, "/apis/tresor.dev/v1//x%2Fy/");
  EXPECT_THAT(target->segments, ElementsAre("apis", "tresor.dev", "v1", "x/y"));
  EXPECT_THAT(target->query.items(),
              ElementsAre(Pair("a", "1"), Pair("b", "x y&"), Pair("c", ""), Pair("a", "2")));
  EXPECT_THAT(target->query.FindAll("a"), ElementsAre("1", "2"));
  EXPECT_EQ(target->query.Find("d"), std::nullopt);
}

TEST(TargetTest, RefusesWhatNoHonestClientSends) {
  for (const char* text : {"", "x", "*", "http://h/", "/%", "/%1", "/%gg", "/a%00b", "/a/../b",
                           "/./a", "/%2e%2E", "/a#b", "/?x=%z"}) {
    EXPECT_EQ(Target::Parse(text).status().code(), Code::kInvalidArgument) << text;
  }
}

TEST(PercentTest, EncodesSoThatDecodingGivesTheSame) {
  std::string all;
  for (int c = 1; c < 256; ++c) {
    all.push_back(static_cast<char>(c));
  }
  const auto decoded = PercentDecode(PercentEncode(all));
  ASSERT_OK(decoded);
  EXPECT_EQ(*decoded, all);
  EXPECT_EQ(PercentEncode("a/b c~"), "a%2Fb%20c~");
}

TEST(AcceptTest, SortsByQualityAndKeepsParameters) {
  // kubectl's own.
  const auto accepted = ParseAccept(
      "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s."
      "io,application/json");
  ASSERT_EQ(accepted.size(), 3u);
  EXPECT_EQ(accepted[0].type, "application/json");
  EXPECT_EQ(accepted[0].Parameter("as"), "Table");
  EXPECT_EQ(accepted[0].Parameter("g"), "meta.k8s.io");
  EXPECT_EQ(accepted[1].Parameter("v"), "v1beta1");
  EXPECT_TRUE(accepted[2].parameters.empty());

  const auto weighted = ParseAccept("a/b;q=0.2, */*;q=0, text/HTML ; q=0.9,c/d");
  ASSERT_EQ(weighted.size(), 3u);
  EXPECT_EQ(weighted[0].type, "c/d");
  EXPECT_EQ(weighted[1].type, "text/html");
  EXPECT_EQ(weighted[2].type, "a/b");
}

TEST(AcceptTest, LeavesOutWhatIsMalformed) {
  EXPECT_TRUE(ParseAccept("").empty());
  EXPECT_TRUE(ParseAccept("json, /, a/, /b, a/b/c, a/b;q=2, a/b;q=x, a/b;c, a/b;\"").empty());
  const auto quoted = ParseAccept("a/b;x=\"1,2;3\\\"\"");
  ASSERT_EQ(quoted.size(), 1u);
  EXPECT_EQ(quoted[0].Parameter("x"), "1,2;3\"");
}

TEST(CookieTest, FindsOneAndOnlyOne) {
  EXPECT_EQ(FindCookie("a=1; session=x=y; b=2", "session"), "x=y");
  EXPECT_EQ(FindCookie("a=1", "session"), std::nullopt);
  EXPECT_EQ(FindCookie("session=1; session=2", "session"), std::nullopt);
  EXPECT_EQ(FindCookie("xsession=1", "session"), std::nullopt);
}

TEST(UrlTest, TakesHttpAndHttps) {
  const auto plain = Url::Parse("http://localhost");
  ASSERT_OK(plain);
  EXPECT_EQ(plain->port, 80);
  EXPECT_EQ(plain->path, "/");
  const auto secure = Url::Parse("HTTPS://[::1]:8443/a?b=c#d");
  ASSERT_OK(secure);
  EXPECT_EQ(secure->scheme, "https");
  EXPECT_EQ(secure->host, "::1");
  EXPECT_EQ(secure->port, 8443);
  EXPECT_EQ(secure->path, "/a?b=c");
  for (const char* text :
       {"", "localhost", "ftp://x", "http://", "http://u:p@h/", "http://h:0", "http://h:65536",
        "http://h:", "http://[::1", "http://[::1]x", "http://a b/"}) {
    EXPECT_EQ(Url::Parse(text).status().code(), Code::kInvalidArgument) << text;
  }
}

TEST(HttpDateTest, IsTheOneOfTheStandard) {
  EXPECT_EQ(FormatHttpDate(FromUnixNanos(784111777'000000000)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(RateLimitTest, LetsABurstGoThenTheRate) {
  FakeClock clock;
  RateLimit limit(2, 3, clock);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limit.Take("a"), std::nullopt);
  }
  EXPECT_EQ(limit.Take("a"), std::chrono::milliseconds{500});
  EXPECT_EQ(limit.Take("b"), std::nullopt);
  clock.Advance(std::chrono::milliseconds{500});
  EXPECT_EQ(limit.Take("a"), std::nullopt);
  EXPECT_NE(limit.Take("a"), std::nullopt);
}

TEST(RateLimitTest, StaysBoundedUnderManyKeys) {
  FakeClock clock;
  RateLimit limit(1, 1, clock);
  int allowed = 0;
  for (int i = 0; i < 20'000; ++i) {
    allowed += limit.Take(std::to_string(i)) ? 0 : 1;
  }
  EXPECT_LT(allowed, 20'000);
  clock.Advance(std::chrono::seconds{2});
  EXPECT_EQ(limit.Take("new"), std::nullopt);
}

TEST(AcceptEncodingTest, NameStarAndWeight) {
  for (const char* text :
       {"gzip", "br, GZIP;q=0.5", "*", "identity;q=0, *;q=0.1", "deflate,gzip;q=1"}) {
    EXPECT_TRUE(AcceptsEncoding(text, "gzip")) << text;
  }
  for (const char* text :
       {"", "br", "gzip;q=0", "*, gzip;q=0.0", "gzip;x=1", "*;q=0", "gzip;q=2"}) {
    EXPECT_FALSE(AcceptsEncoding(text, "gzip")) << text;
  }
}

}  // namespace
}  // namespace tresor::net
