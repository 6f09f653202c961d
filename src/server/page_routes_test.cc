// SPDX-License-Identifier: Apache-2.0
#include "server/page_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "objects/object.h"

namespace tresor::server {
namespace {

using objects::Json;
using ::testing::HasSubstr;

net::Request Post(std::string body) {
  net::Request request;
  request.method = "POST";
  request.body = std::move(body);
  return request;
}

TEST(PageRoutesTest, TellsTheSettings) {
  net::Request request;
  request.method = "GET";
  const auto answer = AnswerSettings({.default_keep = 7}, WallTime{}, request);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Json::parse(answer.body)["defaultKeep"], 7);
  EXPECT_EQ(AnswerSettings({}, WallTime{}, Post("")).status, 405);
}

TEST(PageRoutesTest, RefusesWhatIsNoAccessToAnEtcd) {
  const Context context = Context::Background();
  for (const char* body : {"", "[]", "{}", R"({"endpoints":[]})", R"({"endpoints":"a"})"}) {
    EXPECT_EQ(AnswerEtcd(context, Post(body)).status, 400) << body;
  }
}

TEST(PageRoutesTest, SaysWhyNobodyAnswers) {
  const auto answer =
      AnswerEtcd(Context::Background(), Post(R"({"endpoints":["http://127.0.0.1:1"]})"));
  EXPECT_EQ(answer.status, 200);
  const Json json = Json::parse(answer.body);
  EXPECT_EQ(json["reached"], false);
  EXPECT_THAT(json["members"].dump(), HasSubstr("127.0.0.1:1"));
}

}  // namespace
}  // namespace tresor::server
