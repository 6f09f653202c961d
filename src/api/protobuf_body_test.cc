// SPDX-License-Identifier: Apache-2.0
#include "api/protobuf_body.h"

#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/status_matchers.h"

namespace tresor::api {
namespace {

using objects::Json;

// A message, written field by field.
class Message {
 public:
  Message& Text(std::uint64_t number, std::string_view text) {
    writer_.Varint(number << 3 | 2);
    writer_.LengthPrefixed(text);
    return *this;
  }
  Message& Number(std::uint64_t number, std::uint64_t value) {
    writer_.Varint(number << 3);
    writer_.Varint(value);
    return *this;
  }
  Message& Sub(std::uint64_t number, const Message& message) {
    return Text(number, AsText(message.writer_.view()));
  }
  [[nodiscard]] std::string text() const { return ToString(writer_.view()); }

 private:
  ByteWriter writer_;
};

std::string Body(std::string_view api_version, std::string_view kind, const Message& object) {
  return std::string("k8s\0", 4) + Message()
                                       .Sub(1, Message().Text(1, api_version).Text(2, kind))
                                       .Sub(2, object)
                                       .Text(3, "")
                                       .Text(4, "")
                                       .text();
}

TEST(ProtobufBodyTest, ReadsWhatKubectlSends) {
  const auto secret =
      DecodeProtobufBody(Body("v1", "Secret",
                              Message()
                                  .Sub(1, Message()
                                              .Text(1, "key")
                                              .Text(2, "")
                                              .Text(3, "demo")
                                              .Sub(8, Message())
                                              .Sub(11, Message().Text(1, "a").Text(2, "b"))
                                              .Text(14, "f1")
                                              .Text(14, "f2")
                                              .Text(99, "unknown"))
                                  .Sub(2, Message().Text(1, "key").Text(2, "s3cret"))
                                  .Text(3, "Opaque")
                                  .Number(5, 1)));
  ASSERT_OK(secret);
  EXPECT_EQ(*secret, Json::parse(R"({"apiVersion":"v1","kind":"Secret","type":"Opaque",
      "immutable":true,"data":{"key":"czNjcmV0"},
      "metadata":{"name":"key","namespace":"demo","creationTimestamp":null,
                  "labels":{"a":"b"},"finalizers":["f1","f2"]}})"));

  const auto options = DecodeProtobufBody(Body(
      "v1", "DeleteOptions", Message().Number(1, 0).Sub(2, Message().Text(1, "u")).Text(5, "All")));
  ASSERT_OK(options);
  EXPECT_EQ((*options)["preconditions"]["uid"], "u");
  EXPECT_EQ((*options)["dryRun"], Json::array({"All"}));

  const auto event = DecodeProtobufBody(
      Body("v1", "Event", Message().Sub(7, Message().Number(1, 1'700'000'000)).Number(8, 3)));
  ASSERT_OK(event);
  EXPECT_EQ((*event)["lastTimestamp"], "2023-11-14T22:13:20Z");
  EXPECT_EQ((*event)["count"], 3);
}

TEST(ProtobufBodyTest, RefusesEveryPrefixOfALengthPrefixedField) {
  const std::string body = Body("v1", "Namespace", Message().Sub(1, Message().Text(1, "demo")));
  ASSERT_OK(DecodeProtobufBody(body));
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto cut = DecodeProtobufBody(std::string_view(body).substr(0, size));
    // A body may end between two fields; then one is missing.
    if (cut.ok()) {
      EXPECT_NE(body.size() - size, 1u) << size;
    } else {
      EXPECT_EQ(cut.status().code(), Code::kInvalidArgument);
    }
  }
}

TEST(ProtobufBodyTest, RefusesWhatItDoesNotKnow) {
  for (const std::string& body :
       {std::string(), std::string("{}"), Body("v1", "Pod", Message()),
        Body("v2", "Namespace", Message()), Body("v1", "Namespace", Message().Number(1, 5)),
        Body("v1", "Event", Message().Sub(7, Message().Number(1, ~0ULL >> 1))),
        std::string("k8s\0\xff", 5)}) {
    EXPECT_EQ(DecodeProtobufBody(body).status().code(), Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace tresor::api
