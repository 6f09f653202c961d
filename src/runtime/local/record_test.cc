// SPDX-License-Identifier: Apache-2.0
#include "runtime/local/record.h"

#include <nlohmann/json.hpp>

#include "base/status_matchers.h"
#include "runtime/test_util.h"

namespace tresor::runtime {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;
using Json = nlohmann::json;

TEST(RecordTest, ExampleSurvivesDecodingAndEncoding) {
  const std::string example = FormatExample("cluster.json");
  ASSERT_OK_AND_ASSIGN(ClusterRecord record, DecodeRecord(AsBytes(example), "cluster.json"));

  EXPECT_EQ(Json::parse(EncodeRecord(record)), Json::parse(example));
  EXPECT_EQ(record.members[1].stale_id, 0x8e9e05c52164694dU);
  record.restore = RestoreOrder{.id = "77ab", .until = RestoreStep::kOpen};
  record.restore_over = true;
  ASSERT_OK_AND_ASSIGN(const ClusterRecord again,
                       DecodeRecord(AsBytes(EncodeRecord(record)), "cluster.json"));
  EXPECT_EQ(again.restore->until, RestoreStep::kOpen);
  EXPECT_TRUE(again.restore_over);
}

TEST(RecordTest, EveryFieldOfClusterAndMemberIsNeeded) {
  const Json example = Json::parse(FormatExample("cluster.json"));
  for (const auto& [field, value] : example.items()) {
    Json without = example;
    without.erase(field);
    EXPECT_THAT(DecodeRecord(AsBytes(without.dump()), "cluster.json"),
                StatusIs(Code::kDataLoss, HasSubstr(field)));
  }
  for (const auto& [field, value] : example["members"][0].items()) {
    Json without = example;
    without["members"][0].erase(field);
    EXPECT_THAT(DecodeRecord(AsBytes(without.dump()), "cluster.json"),
                StatusIs(Code::kDataLoss, HasSubstr(field)));
  }
}

TEST(RecordTest, KnowsWhomARestoreGoesOnWithout) {
  ClusterRecord record;
  record.id = {.project = "p", .name = "c", .uid = "u"};
  record.restore = RestoreOrder{.id = "r", .until = RestoreStep::kForget, .without = {"m0"}};
  const auto read = DecodeRecord(AsBytes(EncodeRecord(record)), "cluster.json");
  ASSERT_OK(read);
  EXPECT_EQ(read->restore->without, std::vector<std::string>{"m0"});
  record.restore->without.clear();
  EXPECT_EQ(EncodeRecord(record).find("without"), std::string::npos) << "older ones read it";
}

TEST(RecordTest, NamesThatAreNoFoldersAreRefused) {
  Json record = Json::parse(FormatExample("cluster.json"));
  record["members"][0]["name"] = "../other";
  EXPECT_THAT(DecodeRecord(AsBytes(record.dump()), "cluster.json"), StatusIs(Code::kDataLoss));
}

}  // namespace
}  // namespace tresor::runtime
