// SPDX-License-Identifier: Apache-2.0
#include "objects/yaml.h"

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::objects {
namespace {

using ::testing::HasSubstr;
using tresor::testing::IsOkAndHolds;
using tresor::testing::StatusIs;

TEST(YamlTest, ReadsAnObject) {
  const Result<Json> json = ParseYaml(
      "# a comment\n"
      "apiVersion: tresor.dev/v1\n"
      "kind: EtcdCluster\n"
      "metadata: {name: prod, labels: {a: \"1\"}}\n"
      "spec:\n"
      "  replicas: 3\n"
      "  extraArgs:\n"
      "  - --a=b\n"
      "  - '--c'\n"
      "  text: |\n"
      "    two\n"
      "    lines\n");

  EXPECT_THAT(json, IsOkAndHolds(Json::parse(R"({"apiVersion":"tresor.dev/v1",
      "kind":"EtcdCluster","metadata":{"name":"prod","labels":{"a":"1"}},
      "spec":{"replicas":3,"extraArgs":["--a=b","--c"],"text":"two\nlines\n"}})")));
}

// What sigs.k8s.io/yaml makes of these.
TEST(YamlTest, TypesScalarsAsKubernetesDoes) {
  const std::vector<std::pair<std::string, Json>> cases = {
      {"yes", true},
      {"Yes", true},
      {"on", true},
      {"TRUE", true},
      {"y", true},
      {"n", false},
      {"No", false},
      {"OFF", false},
      {"yEs", "yEs"},
      {"~", nullptr},
      {"null", nullptr},
      {"", nullptr},
      {"nil", "nil"},
      {"0", 0},
      {"-0", 0},
      {"10", 10},
      {"+10", 10},
      {"-10", -10},
      {"1_000", 1000},
      {"0x1F", 31},
      {"-0x1f", -31},
      {"0b101", 5},
      {"0o17", 15},
      {"017", 15},
      {"08", 8},
      {"1.5", 1.5},
      {"-.5", -0.5},
      {"1.", 1},
      {"1e3", 1000},
      {"1.5e-3", 0.0015},
      {"1.0", 1},
      {"0x", "0x"},
      {"1.2.3", "1.2.3"},
      {"3.5", 3.5},
      {"1e", "1e"},
      {"-x", "-x"},
      {"2026-01-02", "2026-01-02"},
      {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"},
      {"12:30", "12:30"},
      {"'yes'", "yes"},
      {"\"10\"", "10"},
      {"!!str 10", "10"},
      {"!!int 10", 10},
      {"!!float 2", 2},
      {"! 10", 10},
      {"@every 20m", nullptr},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"18446744073709551615", std::numeric_limits<std::uint64_t>::max()},
      {"18446744073709551616", 18446744073709551616.0},
      {"a b", "a b"},
      {".", "."},
      {"<<", "<<"}};
  for (const auto& [text, expected] : cases) {
    if (text == "@every 20m") {  // `@` is reserved: it must be quoted
      EXPECT_THAT(ParseYaml("a: " + text), StatusIs(Code::kInvalidArgument));
      continue;
    }
    const Result<Json> json = ParseYaml("a: " + text);
    ASSERT_THAT(json, tresor::testing::IsOk()) << text;
    EXPECT_EQ((*json)["a"], expected) << text;
    EXPECT_EQ((*json)["a"].is_number_float(), expected.is_number_float()) << text;
  }
}

TEST(YamlTest, KeysBecomeTexts) {
  EXPECT_THAT(ParseYaml("{1: a, true: b, 1.5: c, d: e}"),
              IsOkAndHolds(Json::parse(R"({"1":"a","true":"b","1.5":"c","d":"e"})")));
  EXPECT_THAT(ParseYaml("{~: a}"), StatusIs(Code::kInvalidArgument, HasSubstr("must be a text")));
  EXPECT_THAT(ParseYaml("{[a]: b}"), StatusIs(Code::kInvalidArgument, HasSubstr("must be a text")));
}

TEST(YamlTest, AliasesAndMergesAreResolved) {
  EXPECT_THAT(ParseYaml("a: &x {k: 1, l: 2}\nb: *x\nc: {<<: *x, l: 3}\nd:\n  <<: [*x, {m: 4}]\n"),
              IsOkAndHolds(Json::parse(R"({"a":{"k":1,"l":2},"b":{"k":1,"l":2},
                                           "c":{"k":1,"l":3},"d":{"k":1,"l":2,"m":4}})")));
  EXPECT_THAT(ParseYaml("'<<': 1"), IsOkAndHolds(Json{{"<<", 1}}));
  EXPECT_THAT(ParseYaml("<<: 1"), StatusIs(Code::kInvalidArgument, HasSubstr("mapping")));
  EXPECT_THAT(ParseYaml("a: &x [*x]"), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(ParseYaml("a: *nobody"), StatusIs(Code::kInvalidArgument));
}

TEST(YamlTest, RejectsWhatIsWrongAndSaysWhere) {
  EXPECT_THAT(ParseYaml("a: 1\nb: [\n"), StatusIs(Code::kInvalidArgument, HasSubstr("YAML: line")));
  EXPECT_THAT(ParseYaml("a: 1\na: 2\n"),
              StatusIs(Code::kInvalidArgument, HasSubstr("key \"a\" is there twice")));
  EXPECT_THAT(ParseYaml("a: 1\n---\nb: 2\n"),
              StatusIs(Code::kInvalidArgument, HasSubstr("there are 2 documents")));
  EXPECT_THAT(ParseYaml("a: .nan"),
              StatusIs(Code::kInvalidArgument, HasSubstr("no place in JSON")));
  EXPECT_THAT(ParseYaml("a: !!binary aGk="), StatusIs(Code::kInvalidArgument, HasSubstr("tag")));
  EXPECT_THAT(ParseYaml("a: !own {}"), StatusIs(Code::kInvalidArgument, HasSubstr("tag")));
  EXPECT_THAT(ParseYaml("a: \xff"), StatusIs(Code::kInvalidArgument, HasSubstr("UTF-8")));
  // What lenient readers let pass.
  for (const char* text :
       {"a:\n\tb: 1", "a: \"x\nb: 1\n", "a: 'x\n", "a: 1\nfoo\n", "a:\n- 1\n-2\n", "- a\nb: 1\n",
        "[a]]", "a: 1\n}", "a: b: c", "a: 'x' y"}) {
    EXPECT_THAT(ParseYaml(text), StatusIs(Code::kInvalidArgument, HasSubstr("YAML: line"))) << text;
  }
}

TEST(YamlTest, ComplaintsAreShort) {
  std::string key;
  for (int i = 0; i < 100; ++i) {
    key += "äöü";
  }
  const Result<Json> json = ParseYaml(fmt::format("{{\"{}\": 1, \"{}\": 2}}", key, key));
  ASSERT_THAT(json, StatusIs(Code::kInvalidArgument, HasSubstr("key \"äöü")));
  EXPECT_LT(Message(json.status()).size(), 300U);
  EXPECT_NE(Json(Message(json.status())).dump(), "");  // still UTF-8
}

TEST(YamlTest, JsonIsYaml) {
  EXPECT_THAT(ParseYaml(R"( {"a": "\ud83d\ude00\/", "b": 1e2})"),
              IsOkAndHolds(Json{{"a", "\xf0\x9f\x98\x80/"}, {"b", 100}}));
}

TEST(YamlTest, AStreamHasDocuments) {
  ASSERT_OK_AND_ASSIGN(const std::vector<Json> documents,
                       ParseYamlStream("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n"));
  EXPECT_EQ(documents, (std::vector<Json>{{{"a", 1}}, {{"b", 2}}}));
  EXPECT_THAT(ParseYaml(""), IsOkAndHolds(Json()));
}

TEST(YamlTest, AliasesCannotMultiplyBeyondTheLimits) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += fmt::format("a{}: &a{} [", i, i);
    for (int k = 0; k < 10; ++k) {
      bomb += fmt::format("{}*a{}", k == 0 ? "" : ", ", i - 1);
    }
    bomb += "]\n";
  }
  EXPECT_THAT(ParseYaml(bomb), StatusIs(Code::kInvalidArgument, HasSubstr("more than 200000")));

  std::string fat = "a: &a " + std::string(100'000, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i) {
    fat += "*a, ";
  }
  fat += "]\n";
  EXPECT_THAT(ParseYaml(fat), StatusIs(Code::kInvalidArgument, HasSubstr("bytes")));

  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i) {
    deep += fmt::format("a{}: &a{} [*a{}]\n", i, i, i - 1);
  }
  EXPECT_THAT(ParseYaml(deep), StatusIs(Code::kInvalidArgument, HasSubstr("deeper than 64")));
}

TEST(YamlTest, DepthIsLimited) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  for (const auto& parse : {ParseJson, ParseYaml}) {
    EXPECT_THAT(parse(nested(64), {}), tresor::testing::IsOk());
    EXPECT_THAT(parse(nested(65), {}),
                StatusIs(Code::kInvalidArgument, HasSubstr("deeper than 64")));
    EXPECT_THAT(parse(nested(100'000), {}), StatusIs(Code::kInvalidArgument));
  }
}

TEST(JsonTest, ReadsOneValueAndNothingElse) {
  EXPECT_THAT(ParseJson(R"({"a":[1,-2,1.5,"x",true,null]})"),
              IsOkAndHolds(Json::parse(R"({"a":[1,-2,1.5,"x",true,null]})")));
  for (const char* text : {"", "{", "{}x", "{} {}", "[1,]", "{\"a\" 1}", "nul", "'a'", "\"\xff\"",
                           "{\"a\":1,\"a\":2}", "1e999"}) {
    EXPECT_THAT(ParseJson(text), StatusIs(Code::kInvalidArgument, HasSubstr("JSON"))) << text;
  }
}

TEST(JsonTest, WholeNumbersAreIntegers) {
  ASSERT_OK_AND_ASSIGN(const Json json, ParseJson("[1.0, 1e3, 1.5, 1e30]"));
  EXPECT_TRUE(json[0].is_number_integer());
  EXPECT_TRUE(json[1].is_number_integer());
  EXPECT_TRUE(json[2].is_number_float());
  EXPECT_TRUE(json[3].is_number_float());
}

TEST(JsonTest, SizeIsLimited) {
  EXPECT_THAT(ParseJson(std::string(100, ' ') + "1", {.bytes = 100}),
              StatusIs(Code::kInvalidArgument, HasSubstr("101 bytes, more than 100")));
  EXPECT_THAT(ParseJson("[1,2,3]", {.nodes = 3}),
              StatusIs(Code::kInvalidArgument, HasSubstr("more than 3 values")));
}

TEST(ToYamlTest, IsReadBackAsTheSame) {
  const Json json = Json::parse(R"({"plain":"a b-c","empty":"","yes":"yes","number":"10",
      "n":10,"f":1.5,"t":true,"z":null,"list":[1,[2,3],{"a":1,"b":[]},[]],"map":{"x":{}},
      "pem":"-----BEGIN-----\nabc\n\ndef\n-----END-----\n","odd":" a\n","tail":"a\nb",
      "quote":"it's \"x\": #1","at":"@every 20m","colon":"a: b","end":"a:","key with: colon":1,
      "unicode":"grün\u0001\u007f\u0085\u2028\ufeff\ud83d\ude00","dash":"-","star":"* * * * *","url":"https://a:2379","ts":"2026-01-02"})");

  Json with_long_key = json;
  with_long_key["map"][std::string(2000, 'k')] = {{"a", Json::array({1, {{"b", 2}}})}};

  const std::string text = ToYaml(json);

  EXPECT_THAT(ParseYaml(text), IsOkAndHolds(json)) << text;
  EXPECT_THAT(ParseYaml(ToYaml(with_long_key)), IsOkAndHolds(with_long_key));
  EXPECT_THAT(text, HasSubstr("\npem: |\n  -----BEGIN-----\n"));
  EXPECT_THAT(text, HasSubstr("\nplain: a b-c\n"));
  EXPECT_THAT(text, HasSubstr("\nurl: https://a:2379\n"));
}

TEST(ToYamlTest, LooksAsKubectlPrintsIt) {
  EXPECT_EQ(ToYaml(Json::parse(R"({"kind":"K","spec":{"a":[{"b":1,"c":"x"},2],"d":{}},
                                   "text":"a\nb\n"})")),
            "kind: K\n"
            "spec:\n"
            "  a:\n"
            "  - b: 1\n"
            "    c: x\n"
            "  - 2\n"
            "  d: {}\n"
            "text: |\n"
            "  a\n"
            "  b\n");
  EXPECT_EQ(ToYaml(Json::array()), "[]\n");
  EXPECT_EQ(ToYaml(Json("x")), "x\n");
}

}  // namespace
}  // namespace tresor::objects
