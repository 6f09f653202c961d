// SPDX-License-Identifier: Apache-2.0
// The files of a member: FORMAT.md's examples, what is refused, and that nothing gets lost.
#include <fstream>
#include <sstream>
#include <string>

#include <nlohmann/json.hpp>

#include "base/status_matchers.h"
#include "runtime/member/journal.h"
#include "runtime/member/order.h"
#include "runtime/member/status_file.h"
#include "runtime/test_util.h"

namespace tresor::runtime {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using Json = nlohmann::json;

Status DecodeAny(const std::string& file, const std::string& text) {
  if (file == "order.json") {
    return DecodeOrder(AsBytes(text), file).status();
  }
  return file == "status.json" ? DecodeStatus(AsBytes(text), file).status()
                               : DecodeJournal(AsBytes(text), file).status();
}

std::string EncodeAgain(const std::string& file, const std::string& text) {
  if (file == "order.json") {
    return EncodeOrder(*DecodeOrder(AsBytes(text), file));
  }
  return file == "status.json" ? EncodeStatus(*DecodeStatus(AsBytes(text), file))
                               : EncodeJournal(*DecodeJournal(AsBytes(text), file));
}

class MemberFileTest : public ::testing::TestWithParam<std::string> {};

TEST_P(MemberFileTest, ExampleSurvivesDecodingAndEncoding) {
  const std::string example = FormatExample(GetParam());

  ASSERT_OK(DecodeAny(GetParam(), example));
  EXPECT_EQ(Json::parse(EncodeAgain(GetParam(), example)), Json::parse(example));
}

TEST_P(MemberFileTest, EveryFieldIsNeededAndNoOtherTaken) {
  const Json example = Json::parse(FormatExample(GetParam()));
  for (const auto& [field, value] : example.items()) {
    Json without = example;
    without.erase(field);
    const bool optional = field == "restore" || field == "current";
    EXPECT_EQ(DecodeAny(GetParam(), without.dump()).ok(), optional) << field;
    Json other = example;
    other[field] = Json::array({Json::array()});
    EXPECT_THAT(DecodeAny(GetParam(), other.dump()),
                StatusIs(Code::kDataLoss, HasSubstr(GetParam())))
        << field;
  }
  Json more = example;
  more["surprise"] = 1;
  EXPECT_THAT(DecodeAny(GetParam(), more.dump()),
              StatusIs(Code::kDataLoss, HasSubstr("surprise: unknown field")));
}

TEST_P(MemberFileTest, NewerVersionIsNotGuessedAt) {
  Json newer = Json::parse(FormatExample(GetParam()));
  newer["version"] = 2;
  EXPECT_THAT(DecodeAny(GetParam(), newer.dump()),
              StatusIs(Code::kUnimplemented, HasSubstr("version 2")));
}

TEST_P(MemberFileTest, EveryPrefixIsDamaged) {
  const std::string text = EncodeAgain(GetParam(), FormatExample(GetParam()));
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    ASSERT_THAT(DecodeAny(GetParam(), text.substr(0, size)), StatusIs(Code::kDataLoss)) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, MemberFileTest,
                         ::testing::Values("order.json", "status.json", "restore-journal.json"),
                         [](const auto& file) {
                           return file.param.substr(0, file.param.find_first_of(".-"));
                         });

TEST(OrderTest, IdThatIsNoFileNameIsRefused) {
  Json order = Json::parse(FormatExample("order.json"));
  order["restore"]["id"] = "../up";
  EXPECT_THAT(DecodeAny("order.json", order.dump()), StatusIs(Code::kDataLoss, HasSubstr("id")));
}

TEST(StatusFileTest, TextsOfEtcdThatAreNoUtf8AreWritten) {
  StatusFile status;
  status.message = "etcd said \xff\xfe";
  ASSERT_OK_AND_ASSIGN(const StatusFile decoded,
                       DecodeStatus(AsBytes(EncodeStatus(status)), "status.json"));
  EXPECT_THAT(decoded.message, HasSubstr("etcd said "));
}

}  // namespace
}  // namespace tresor::runtime
