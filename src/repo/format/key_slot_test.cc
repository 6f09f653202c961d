// SPDX-License-Identifier: Apache-2.0
#include "repo/format/key_slot.h"

#include "base/random.h"
#include "base/status_matchers.h"

namespace tresor::repo {
namespace {

using ::testing::HasSubstr;
using ::tresor::testing::StatusIs;

struct Slot {
  KeySlotHead head{.argon2 = {.passes = 1, .memory_kib = 8},
                   .created_unix_nanos = 1'700'000'000'000'000'000,
                   .label = "office"};
  Id repository = MakeId(SystemRandom());
  crypto::SecretKey kek = crypto::SecretKey::Generate(SystemRandom());
  crypto::SecretKey master = crypto::SecretKey::Generate(SystemRandom());
  [[nodiscard]] Bytes Wrap() const { return WrapMasterKey(head, repository, kek, master); }
};

TEST(KeySlotTest, UnwrapsWhatItWrapped) {
  const Slot slot;
  const Bytes bytes = slot.Wrap();

  ASSERT_OK_AND_ASSIGN(const KeySlotHead head, DecodeKeySlotHead(bytes));
  ASSERT_OK_AND_ASSIGN(const auto master, UnwrapMasterKey(bytes, slot.repository, slot.kek));

  EXPECT_EQ(head.label, "office");
  EXPECT_EQ(head.created_unix_nanos, slot.head.created_unix_nanos);
  EXPECT_EQ(head.argon2.memory_kib, 8U);
  EXPECT_TRUE(Equal(master.bytes(), slot.master.bytes()));
}

TEST(KeySlotTest, DoesNotOpenWithAnotherKeyOrForAnotherRepository) {
  const Slot slot;
  const Bytes bytes = slot.Wrap();

  EXPECT_THAT(UnwrapMasterKey(bytes, slot.repository, slot.master),
              StatusIs(Code::kUnauthenticated));
  EXPECT_THAT(UnwrapMasterKey(bytes, Id{}, slot.kek), StatusIs(Code::kUnauthenticated));
}

TEST(KeySlotTest, EveryFlippedBitAndEveryCutIsRefused) {
  const Slot slot;
  const Bytes bytes = slot.Wrap();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes flipped = bytes;
    flipped[i] ^= std::byte{1};
    EXPECT_FALSE(UnwrapMasterKey(flipped, slot.repository, slot.kek).ok()) << i;
    EXPECT_THAT(UnwrapMasterKey(ByteView(bytes).first(i), slot.repository, slot.kek).status(),
                StatusIs(Code::kDataLoss));
  }
}

TEST(KeySlotTest, RefusesArgon2ParametersOutOfBoundsBeforeUsingThem) {
  for (const auto& [passes, memory] :
       {std::pair<std::uint32_t, std::uint32_t>{0, 64}, {65, 64}, {1, 7}, {1, 1024 * 1024 + 1}}) {
    Slot slot;
    slot.head.argon2 = {.passes = passes, .memory_kib = memory};
    EXPECT_THAT(DecodeKeySlotHead(slot.Wrap()).status(),
                StatusIs(Code::kDataLoss, HasSubstr("Argon2")));
  }
}

TEST(KeySlotTest, SaysThatANewerVersionOrKindIsUnknown) {
  Bytes version = Slot().Wrap();
  StoreU16(version.data() + 8, 2);
  EXPECT_THAT(DecodeKeySlotHead(version).status(), StatusIs(Code::kUnimplemented));

  Bytes kind = Slot().Wrap();
  kind[10] = std::byte{9};
  EXPECT_THAT(DecodeKeySlotHead(kind).status(), StatusIs(Code::kUnimplemented));
}

}  // namespace
}  // namespace tresor::repo
