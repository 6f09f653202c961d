// SPDX-License-Identifier: Apache-2.0
#include "etcd/snapshot_stream.h"

#include <string>
#include <utility>
#include <vector>

#include "base/status_matchers.h"

namespace tresor::etcd {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class StringSink final : public SnapshotSink {
 public:
  Status Begin(std::uint64_t image_bytes) override {
    announced = image_bytes;
    ++begun;
    return OkStatus();
  }
  Status Append(ByteView bytes) override {
    image += AsText(bytes);
    return result;
  }
  std::uint64_t announced = 0;
  int begun = 0;
  std::string image;
  Status result;
};

Bytes Encode(std::uint64_t remaining, std::string_view blob, std::string_view version = "") {
  ByteWriter writer;
  if (remaining != 0) {
    writer.Varint(2 << 3);
    writer.Varint(remaining);
  }
  writer.Varint(3 << 3 | 2);
  writer.LengthPrefixed(blob);
  if (!version.empty()) {
    writer.Varint(4 << 3 | 2);
    writer.LengthPrefixed(version);
  }
  return writer.Take();
}

class SnapshotGuardTest : public ::testing::Test {
 protected:
  Status Send(std::uint64_t remaining, std::string_view blob) {
    const Bytes bytes = Encode(remaining, blob, "3.6.0");
    const ByteView view = bytes;
    RETURN_IF_ERROR(DecodeSnapshotMessage({&view, 1}, message_));
    return guard_.OnMessage(message_);
  }
  [[nodiscard]] std::string Digest() const {
    return ToString(crypto::Sha256::Of(AsBytes(first_ + second_)));
  }

  const std::string first_ = std::string(1024, 'a');
  const std::string second_ = std::string(512, 'b');
  StringSink sink_;
  SnapshotVerifier verifier_{sink_};
  SnapshotGuard guard_{verifier_};
  SnapshotMessage message_;
};

TEST_F(SnapshotGuardTest, LetsASoundStreamThrough) {
  ASSERT_OK(Send(512, first_));
  ASSERT_OK(Send(0, second_));
  ASSERT_OK(Send(0, Digest()));

  ASSERT_OK_AND_ASSIGN(const SnapshotSummary summary, guard_.Finish());
  EXPECT_EQ(summary.image_bytes, 1536U);
  EXPECT_EQ(summary.version, "3.6.0");
  EXPECT_EQ(sink_.announced, 1536U);
  EXPECT_EQ(sink_.begun, 1);
  EXPECT_EQ(sink_.image, first_ + second_);
  EXPECT_THAT(verifier_.Verify(summary), IsOk());
}

TEST_F(SnapshotGuardTest, RefusesAnEmptyBlob) {
  EXPECT_THAT(Send(512, ""), StatusIs(Code::kDataLoss, HasSubstr("empty message")));
  ASSERT_OK(Send(512, first_));
  EXPECT_THAT(Send(512, ""), StatusIs(Code::kDataLoss, HasSubstr("after 1024 bytes of 1536")));
}

TEST_F(SnapshotGuardTest, RefusesRemainingBytesThatDoNotAddUp) {
  ASSERT_OK(Send(512, first_));
  EXPECT_THAT(Send(1, second_), StatusIs(Code::kDataLoss, HasSubstr("leave 0")));
}

TEST_F(SnapshotGuardTest, RefusesMoreThanAnnounced) {
  ASSERT_OK(Send(512, first_));
  EXPECT_THAT(Send(0, first_), StatusIs(Code::kDataLoss, HasSubstr("1024 bytes after 1024")));
}

TEST_F(SnapshotGuardTest, RefusesASizeThatNoDatabaseHas) {
  EXPECT_THAT(Send(100, first_), StatusIs(Code::kDataLoss, HasSubstr("multiple of 512")));
  EXPECT_EQ(sink_.begun, 0);
}

TEST_F(SnapshotGuardTest, RefusesASizeThatOverflows) {
  EXPECT_THAT(Send(~std::uint64_t{0} - 511, first_), StatusIs(Code::kDataLoss));
}

TEST_F(SnapshotGuardTest, RefusesAnEarlyEnd) {
  EXPECT_THAT(guard_.Finish(), StatusIs(Code::kDataLoss, HasSubstr("after 0 bytes")));
  ASSERT_OK(Send(512, first_));
  EXPECT_THAT(guard_.Finish(), StatusIs(Code::kDataLoss, HasSubstr("after 1024 bytes of 1536")));
}

TEST_F(SnapshotGuardTest, RefusesAMissingDigest) {
  ASSERT_OK(Send(512, first_));
  ASSERT_OK(Send(0, second_));
  EXPECT_THAT(guard_.Finish(), StatusIs(Code::kDataLoss, HasSubstr("without its digest")));
}

TEST_F(SnapshotGuardTest, RefusesADigestOfAnotherSize) {
  ASSERT_OK(Send(512, first_));
  ASSERT_OK(Send(0, second_));
  EXPECT_THAT(Send(0, Digest().substr(1)), StatusIs(Code::kDataLoss, HasSubstr("31 bytes")));
}

TEST_F(SnapshotGuardTest, RefusesMoreAfterTheDigest) {
  ASSERT_OK(Send(512, first_));
  ASSERT_OK(Send(0, second_));
  ASSERT_OK(Send(0, Digest()));
  EXPECT_THAT(Send(0, Digest()), StatusIs(Code::kDataLoss, HasSubstr("and its digest")));
}

TEST_F(SnapshotGuardTest, PassesTheSinksErrorOn) {
  sink_.result = Error(Code::kResourceExhausted, "disk full");
  EXPECT_THAT(Send(512, first_), StatusIs(Code::kResourceExhausted, HasSubstr("disk full")));
}

TEST_F(SnapshotGuardTest, VerifierRefusesAnotherImage) {
  ASSERT_OK(Send(512, std::string(1024, 'x')));
  ASSERT_OK(Send(0, second_));
  ASSERT_OK(Send(0, Digest()));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary summary, guard_.Finish());
  EXPECT_THAT(verifier_.Verify(summary), StatusIs(Code::kDataLoss, HasSubstr("SHA-256")));
}

TEST(DecodeSnapshotMessageTest, ReadsAcrossEveryCut) {
  const Bytes bytes = Encode(300, "hello, world", "3.6.0");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    for (std::size_t second = cut; second <= bytes.size(); ++second) {
      const ByteView all = bytes;
      const ByteView parts[] = {all.first(cut), all.subspan(cut, second - cut),
                                all.subspan(second)};
      SnapshotMessage message;
      ASSERT_OK(DecodeSnapshotMessage(parts, message));
      std::string blob;
      for (const ByteView part : message.blob) {
        blob += AsText(part);
      }
      ASSERT_EQ(blob, "hello, world");
      ASSERT_EQ(message.remaining_bytes, 300U);
      ASSERT_EQ(message.version, "3.6.0");
    }
  }
}

TEST(DecodeSnapshotMessageTest, RefusesEveryTruncation) {
  const Bytes bytes = Encode(300, "hello");
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const ByteView view = ByteView(bytes).first(size);
    SnapshotMessage message;
    const Status status = DecodeSnapshotMessage({&view, 1}, message);
    if (size == 3) {  // a whole remaining_bytes, and no blob: the guard refuses that
      EXPECT_THAT(status, IsOk());
      EXPECT_EQ(message.blob_bytes(), 0U);
    } else {
      EXPECT_THAT(status, StatusIs(Code::kDataLoss)) << size;
    }
  }
}

TEST(DecodeSnapshotMessageTest, PassesOverUnknownFields) {
  ByteWriter writer;
  writer.Varint(9 << 3 | 2);
  writer.LengthPrefixed("future");
  writer.Varint(1 << 3 | 2);  // the header, which no server sends
  writer.LengthPrefixed("");
  writer.Varint(10 << 3);
  writer.Varint(7);
  writer.Varint(11 << 3 | 5);
  writer.U32(7);
  writer.Varint(12 << 3 | 1);
  writer.U64(7);
  writer.Append(Encode(5, "x"));
  const ByteView view = writer.view();
  SnapshotMessage message;
  ASSERT_OK(DecodeSnapshotMessage({&view, 1}, message));
  EXPECT_EQ(message.remaining_bytes, 5U);
  EXPECT_EQ(message.blob_bytes(), 1U);
}

TEST(DecodeSnapshotMessageTest, RefusesWrongWireTypes) {
  for (const std::uint64_t tag : {2U << 3 | 2U, 3U << 3 | 0U, 4U << 3 | 0U, 0U, 9U << 3 | 3U}) {
    ByteWriter writer;
    writer.Varint(tag);
    writer.Varint(0);
    const ByteView view = writer.view();
    SnapshotMessage message;
    EXPECT_THAT(DecodeSnapshotMessage({&view, 1}, message), StatusIs(Code::kDataLoss)) << tag;
  }
}

}  // namespace
}  // namespace tresor::etcd
