// SPDX-License-Identifier: Apache-2.0
#include "objects/schema.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "objects/yaml.h"

namespace tresor::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tresor::testing::StatusIs;

// A schema whose field `f` is as the YAML says.
Schema Of(std::string_view field) {
  const Result<Json> json = ParseYaml(field);
  EXPECT_THAT(json, tresor::testing::IsOk()) << field;
  const Result<Schema> schema = Schema::Compile(
      {{"type", "object"},
       {"properties",
        {{"spec", {{"type", "object"}, {"properties", {{"f", json.value_or(Json())}}}}}}}});
  EXPECT_THAT(schema, tresor::testing::IsOk()) << field;
  return schema.value_or(Schema());
}

// What is wrong with a value of `f`, as people see it: "spec.f: Invalid value: …".
std::vector<std::string> Errors(const Schema& schema, const Json& value) {
  std::vector<std::string> texts;
  for (const FieldError& error : schema.Validate({{"spec", {{"f", value}}}})) {
    texts.push_back(error.field + ": " + error.message);
  }
  return texts;
}

TEST(SchemaTest, Types) {
  EXPECT_THAT(Errors(Of("type: integer"), 1), IsEmpty());
  EXPECT_THAT(Errors(Of("type: number"), 1.5), IsEmpty());
  EXPECT_THAT(Errors(Of("type: number"), 1), IsEmpty());
  EXPECT_THAT(Errors(Of("type: boolean"), true), IsEmpty());
  EXPECT_THAT(Errors(Of("type: string"), "x"), IsEmpty());
  EXPECT_THAT(Errors(Of("{type: array, items: {type: string}}"), Json::array({"x"})), IsEmpty());
  EXPECT_THAT(Errors(Of("type: integer"), "x"),
              ElementsAre("spec.f: Invalid value: \"string\": spec.f in body must be of type "
                          "integer: \"string\""));
  EXPECT_THAT(Errors(Of("type: integer"), 1.5), ElementsAre(HasSubstr("integer: \"number\"")));
  EXPECT_THAT(Errors(Of("type: string"), nullptr), ElementsAre(HasSubstr("string: \"null\"")));
  EXPECT_THAT(Errors(Of("{type: string, nullable: true}"), nullptr), IsEmpty());
  EXPECT_THAT(Errors(Of("type: object"), Json::array()),
              ElementsAre(HasSubstr("object: \"array\"")));
  EXPECT_THAT(Errors(Of("{type: array, items: {type: integer}}"), Json::array({1, "x"})),
              ElementsAre("spec.f[1]: Invalid value: \"string\": spec.f[1] in body must be of type "
                          "integer: \"string\""));
}

TEST(SchemaTest, IntOrString) {
  const Schema schema = Of("x-kubernetes-int-or-string: true");
  EXPECT_THAT(Errors(schema, 1), IsEmpty());
  EXPECT_THAT(Errors(schema, "1"), IsEmpty());
  EXPECT_THAT(Errors(schema, true), ElementsAre(HasSubstr("must be of type integer,string")));
}

TEST(SchemaTest, Numbers) {
  const Schema keep = Of("{type: integer, minimum: 1, maximum: 1000}");
  EXPECT_THAT(Errors(keep, 1), IsEmpty());
  EXPECT_THAT(Errors(keep, 1000), IsEmpty());
  EXPECT_THAT(Errors(keep, 0), ElementsAre("spec.f: Invalid value: 0: spec.f in body should be "
                                           "greater than or equal to 1"));
  EXPECT_THAT(
      Errors(keep, 1001),
      ElementsAre(
          "spec.f: Invalid value: 1001: spec.f in body should be less than or equal to 1000"));
  EXPECT_THAT(Errors(Of("{type: number, minimum: 1, exclusiveMinimum: true}"), 1),
              ElementsAre("spec.f: Invalid value: 1: spec.f in body should be greater than 1"));
  EXPECT_THAT(Errors(Of("{type: integer, multipleOf: 2}"), 3),
              ElementsAre("spec.f: Invalid value: 3: spec.f in body should be a multiple of 2"));
  EXPECT_THAT(Errors(Of("{type: integer, format: int32}"), 2147483648),
              ElementsAre(HasSubstr("must be of type int32")));
  EXPECT_THAT(Errors(Of("type: integer"), std::uint64_t{9223372036854775808U}),
              ElementsAre(HasSubstr("must be of type int64")));
}

TEST(SchemaTest, Texts) {
  EXPECT_THAT(Errors(Of("{type: string, pattern: '^a+$'}"), "ab"),
              ElementsAre("spec.f: Invalid value: \"ab\": spec.f in body should match '^a+$'"));
  EXPECT_THAT(Errors(Of("{type: string, pattern: 'b'}"), "abc"), IsEmpty());
  EXPECT_THAT(
      Errors(Of("{type: string, minLength: 2}"), "ü"),
      ElementsAre("spec.f: Invalid value: \"ü\": spec.f in body should be at least 2 chars long"));
  EXPECT_THAT(Errors(Of("{type: string, maxLength: 2}"), "üü"), IsEmpty());
  EXPECT_THAT(Errors(Of("{type: string, maxLength: 2}"), "abc"),
              ElementsAre("spec.f: Too long: may not be longer than 2"));
  EXPECT_THAT(Errors(Of("{type: string, format: date-time}"), "2026-01-02T03:04:05Z"), IsEmpty());
  EXPECT_THAT(
      Errors(Of("{type: string, format: date-time}"), "soon"),
      ElementsAre(
          "spec.f: Invalid value: \"soon\": spec.f in body must be of type date-time: \"soon\""));
  EXPECT_THAT(Errors(Of("{type: string, format: byte}"), "a"),
              ElementsAre(HasSubstr("must be of type byte")));
}

TEST(SchemaTest, Enums) {
  EXPECT_THAT(Errors(Of("{type: string, enum: [a, b]}"), "a"), IsEmpty());
  EXPECT_THAT(Errors(Of("{type: string, enum: [a, b]}"), "c"),
              ElementsAre("spec.f: Unsupported value: \"c\": supported values: \"a\", \"b\""));
  EXPECT_THAT(Errors(Of("{type: integer, enum: [1, 3]}"), 2),
              ElementsAre("spec.f: Unsupported value: 2: supported values: \"1\", \"3\""));
}

TEST(SchemaTest, Lists) {
  const Schema list = Of("{type: array, minItems: 1, maxItems: 2, items: {type: string}}");
  EXPECT_THAT(
      Errors(list, Json::array()),
      ElementsAre("spec.f: Invalid value: []: spec.f in body should have at least 1 items"));
  EXPECT_THAT(Errors(list, Json::array({"a", "b", "c"})),
              ElementsAre("spec.f: Too many: 3: must have at most 2 items"));
  EXPECT_THAT(Errors(Of("{type: array, x-kubernetes-list-type: set, items: {type: string}}"),
                     Json::array({"a", "b", "a"})),
              ElementsAre("spec.f[2]: Duplicate value: \"a\""));
  EXPECT_THAT(
      Errors(Of("{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [type], "
                "items: {type: object, properties: {type: {type: string}, n: {type: integer}}}}"),
             Json::parse(R"([{"type":"a","n":1},{"type":"b"},{"type":"a","n":2}])")),
      ElementsAre("spec.f[2]: Duplicate value: {\"type\":\"a\"}"));
}

TEST(SchemaTest, Objects) {
  const Schema object =
      Of("{type: object, required: [a], properties: {a: {type: string}}, maxProperties: 1}");
  EXPECT_THAT(Errors(object, Json::object()), ElementsAre("spec.f.a: Required value"));
  EXPECT_THAT(Errors(object, {{"a", "x"}, {"b", 1}}),
              ElementsAre("spec.f: Too many: 2: must have at most 1 items"));
  EXPECT_THAT(
      Errors(Of("{type: object, additionalProperties: {type: string}}"), {{"a", "x"}, {"b", 1}}),
      ElementsAre(HasSubstr("spec.f.b: Invalid value: \"integer\"")));
}

TEST(SchemaTest, ErrorsAreAtMostAHundred) {
  EXPECT_THAT(Errors(Of("{type: array, items: {type: string}}"), Json(std::vector<int>(500, 1))),
              SizeIs(100));
}

TEST(SchemaTest, DefaultsFillWhatIsMissing) {
  const Schema schema = Of(
      "{type: object, properties: {a: {type: integer, default: 1}, b: {type: object, default: {}, "
      "properties: {c: {type: string, default: x}}}, d: {type: array, items: {type: object, "
      "properties: {e: {type: boolean, default: false}}}}}}");
  Json json = Json::parse(R"({"spec":{"f":{"d":[{},{"e":true}]}}})");

  schema.Default(json);

  EXPECT_EQ(json["spec"]["f"],
            Json::parse(R"({"a":1,"b":{"c":"x"},"d":[{"e":false},{"e":true}]})"));
}

TEST(SchemaTest, DefaultsDoNotMakeTheirParents) {
  const Schema schema = Of("{type: object, properties: {a: {type: integer, default: 1}}}");
  Json json = Json::parse(R"({"spec":{}})");
  schema.Default(json);
  EXPECT_EQ(json, Json::parse(R"({"spec":{}})"));
}

TEST(SchemaTest, ANullThatIsNotAllowedCountsAsMissing) {
  const Schema schema =
      Of("{type: object, properties: {a: {type: string, default: x}, b: {type: string, nullable: "
         "true, default: x}, c: {type: string}}}");
  Json json = Json::parse(R"({"spec":{"f":{"a":null,"b":null,"c":null}}})");
  schema.Default(json);
  EXPECT_EQ(json["spec"]["f"], Json::parse(R"({"a":"x","b":null})"));
}

TEST(SchemaTest, PruneRemovesWhatIsNotKnownAndNamesIt) {
  const Schema schema =
      Of("{type: object, properties: {a: {type: object}, l: {type: array, items: {type: object, "
         "properties: {b: {type: string}}}}, m: {type: object, additionalProperties: {type: "
         "string}}, p: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {q: "
         "{type: object}}}}}");
  Json json = Json::parse(R"({"apiVersion":"v1","kind":"K","metadata":{"x":1},"other":1,
      "spec":{"f":{"a":{"z":1},"l":[{"b":"x"},{"c":1}],"m":{"any":"x"},
                   "p":{"any":{"deep":1},"q":{"no":1}},"u":1}}})");

  EXPECT_THAT(schema.Prune(json),
              ElementsAre("other", "spec.f.a.z", "spec.f.l[1].c", "spec.f.p.q.no", "spec.f.u"));
  EXPECT_EQ(json, Json::parse(R"({"apiVersion":"v1","kind":"K","metadata":{"x":1},
      "spec":{"f":{"a":{},"l":[{"b":"x"},{}],"m":{"any":"x"},"p":{"any":{"deep":1},"q":{}}}}})"));
}

TEST(SchemaTest, EmbeddedResourcesKeepTheirMetadata) {
  const Schema schema = Of("{type: object, x-kubernetes-embedded-resource: true}");
  Json json = Json::parse(
      R"({"spec":{"f":{"apiVersion":"v1","kind":"K","metadata":{"name":"x"},"data":1}}})");
  EXPECT_THAT(schema.Prune(json), ElementsAre("spec.f.data"));
}

TEST(SchemaTest, CompileRefusesWhatItDoesNotUnderstand) {
  const auto compile = [](std::string_view yaml) {
    return Schema::Compile(ParseYaml(yaml).value_or(Json()));
  };
  EXPECT_THAT(compile("[]"), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(compile("type: string"), StatusIs(Code::kInvalidArgument, HasSubstr("root")));
  for (const char* field :
       {"{}", "type: text", "{type: string, allOf: []}", "{type: string, pattern: '('}",
        "type: array", "{type: integer, minimum: a}", "{type: integer, multipleOf: 0}",
        "{type: string, maxLength: -1}", "{type: string, enum: []}", "{type: object, required: a}",
        "{type: object, properties: {a: 1}}", "{type: string, nullable: maybe}",
        "{type: array, uniqueItems: true, items: {type: string}}"}) {
    EXPECT_THAT(compile(fmt::format("{{type: object, properties: {{f: {}}}}}",
                                    field[0] == '{' ? field : fmt::format("{{{}}}", field))),
                StatusIs(Code::kInvalidArgument, HasSubstr("schema f")))
        << field;
  }
}

}  // namespace
}  // namespace tresor::objects
