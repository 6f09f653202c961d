// SPDX-License-Identifier: Apache-2.0
#include "objects/json_text.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace tresor::objects {
namespace {

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TEST(JsonTextTest, WritesEveryTypeAsDumpDoes) {
  for (const Json& json : {Json(), Json(true), Json(false), Json(0), Json(-1), Json(1.5),
                           Json(1e300), Json(std::numeric_limits<double>::infinity()),
                           Json(std::numeric_limits<std::int64_t>::min()),
                           Json(std::numeric_limits<std::uint64_t>::max()), Json(""), Json("plain"),
                           Json::array(), Json::object(), Json::array({1, "a", nullptr}),
                           Json({{"b", 1}, {"a", {{"c", Json::array()}}}})}) {
    EXPECT_EQ(JsonText(json), Dump(json));
  }
}

TEST(JsonTextTest, EscapesEveryByteAsDumpDoes) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text{'a', static_cast<char>(byte), 'z'};
    const Json json = {{"value", text}, {text, 1}};
    EXPECT_EQ(JsonText(json), Dump(json)) << byte;
  }
  for (const char* text : {"größer", "日本", "\xf0\x9f\x92\xbe", "\xc3", "\xed\xa0\x80"}) {
    EXPECT_EQ(JsonText(text), Dump(text));
  }
}

Json RandomValue(Random& random, int depth) {
  const auto text = [&] {
    std::string made;
    for (std::uint64_t n = random.Below(12); n > 0; --n) {
      made += static_cast<char>(random.Below(8) == 0 ? random.Below(256) : 'a' + random.Below(26));
    }
    return made;
  };
  switch (random.Below(depth > 0 ? 7 : 5)) {
    case 0:
      return text();
    case 1:
      return static_cast<std::int64_t>(random.Next());
    case 2:
      return static_cast<double>(random.Next()) / 7;
    case 3:
      return random.Below(2) == 0;
    case 4:
      return nullptr;
    case 5: {
      Json array = Json::array();
      for (std::uint64_t n = random.Below(5); n > 0; --n) {
        array.push_back(RandomValue(random, depth - 1));
      }
      return array;
    }
    default: {
      Json object = Json::object();
      for (std::uint64_t n = random.Below(5); n > 0; --n) {
        object[text()] = RandomValue(random, depth - 1);
      }
      return object;
    }
  }
}

TEST(JsonTextTest, WritesRandomValuesAsDumpDoes) {
  SeededRandom random(20);
  for (int i = 0; i < 5000; ++i) {
    const Json json = RandomValue(random, 5);
    ASSERT_EQ(JsonText(json), Dump(json));
  }
}

}  // namespace
}  // namespace tresor::objects
