// SPDX-License-Identifier: Apache-2.0
#include "web/page.h"

#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::array kAssets{
    Asset{.path = "/index.html",
          .content_type = "text/html; charset=utf-8",
          .etag = "\"1\"",
          .plain = "<html>",
          .gzip = "gz",
          .brotli = "br"},
    Asset{.path = "/assets/index-1a.js",
          .content_type = "text/javascript; charset=utf-8",
          .etag = "\"2\"",
          .plain = "script"},
};

net::Request Get(std::string_view target, net::Headers headers = {}) {
  net::Request request;
  request.method = "GET";
  request.target = *net::Target::Parse(target);
  request.headers = std::move(headers);
  return request;
}

std::string Header(const net::Response& response, std::string_view name) {
  return response.headers.Joined(name);
}

TEST(PageTest, ServesItsFilesWithAStrictPolicy) {
  const auto index = Answer(Get("/index.html"), kAssets);
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->body, "<html>");
  EXPECT_EQ(Header(*index, "Cache-Control"), "no-cache");
  const std::string policy = Header(*index, "Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, Not(HasSubstr("http")));
}

TEST(PageTest, HashedFilesMayBeKeptForEver) {
  const auto script = Answer(Get("/assets/index-1a.js"), kAssets);
  ASSERT_TRUE(script.has_value());
  EXPECT_THAT(Header(*script, "Cache-Control"), HasSubstr("immutable"));
  EXPECT_EQ(Header(*script, "Content-Type"), "text/javascript; charset=utf-8");
}

TEST(PageTest, CompressesAsTheBrowserTakesIt) {
  const auto with = [](std::string codings) {
    return Answer(Get("/index.html", {{"Accept-Encoding", std::move(codings)}}), kAssets)->body;
  };
  EXPECT_EQ(with("gzip, deflate, br"), "br");
  EXPECT_EQ(with("gzip;q=0.5"), "gz");
  EXPECT_EQ(with("br;q=0, gzip"), "gz");
  EXPECT_EQ(with("identity"), "<html>");
  const auto script =
      Answer(Get("/assets/index-1a.js", {{"Accept-Encoding", "br, gzip"}}), kAssets);
  EXPECT_EQ(script->body, "script");
  EXPECT_EQ(Header(*script, "Content-Encoding"), "");
}

TEST(PageTest, SaysThatNothingChanged) {
  const auto again = Answer(Get("/index.html", {{"If-None-Match", "W/\"0\", \"1\""}}), kAssets);
  EXPECT_EQ(again->status, 304);
  EXPECT_EQ(again->body, "");
}

TEST(PageTest, LeadsPeopleToThePageAndProgramsNot) {
  const net::Headers browser{{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}};
  EXPECT_EQ(Answer(Get("/projects/demo/clusters?x=1", browser), kAssets)->body, "<html>");
  EXPECT_EQ(Answer(Get("/", browser), kAssets)->body, "<html>");
  EXPECT_FALSE(Answer(Get("/", {{"Accept", "application/json, */*"}}), kAssets).has_value());
  EXPECT_FALSE(Answer(Get("/projects/demo"), kAssets).has_value());
  EXPECT_FALSE(Answer(Get("/assets/index-old.js", browser), kAssets).has_value());
}

TEST(PageTest, WithoutAPageThereIsNone) {
  EXPECT_FALSE(Answer(Get("/", {{"Accept", "text/html"}}), {}).has_value());
}

TEST(PageTest, WhatIsBuiltInIsWhole) {
  if (BuiltInAssets().empty()) {
    GTEST_SKIP() << "built with TRESOR_WEB=OFF";
  }
  const auto index = Answer(Get("/", {{"Accept", "text/html"}}));
  ASSERT_TRUE(index.has_value());
  EXPECT_THAT(index->body, HasSubstr("<div id=\"root\">"));
  EXPECT_THAT(index->body, Not(HasSubstr("://")));
  for (const Asset& asset : BuiltInAssets()) {
    EXPECT_FALSE(asset.plain.empty()) << asset.path;
    EXPECT_LT(asset.brotli.size(), asset.plain.size()) << asset.path;
  }
}

}  // namespace
}  // namespace tresor::web
