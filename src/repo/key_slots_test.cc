// SPDX-License-Identifier: Apache-2.0
#include "repo/key_slots.h"

#include "base/status_matchers.h"
#include "blob/faulty.h"
#include "blob/memory.h"
#include "repo/format/names.h"
#include "repo/hooked_store.h"

namespace tresor::repo {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

const Credential kOffice = Passphrase{"correct horse"};
const Credential kFile = KeyFile{ToBytes("0123456789abcdef")};

class KeySlotsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(InitRepository(context_, *store_, kOffice, "office", cheap_)); }
  Result<KeyRing> Open(const Credential& credential) {
    return Unlock(context_, *store_, credential);
  }
  std::vector<std::string> Slots() {
    std::vector<std::string> names;
    const auto blobs = store_->List(context_, kKeysPrefix);
    for (const auto& blob : blobs.value()) {
      names.push_back(blob.name);
    }
    return names;
  }
  // As a process of its own would.
  Status Remove(const KeyRing& keys, const Id& slot) { return Remove(keys, slot, *store_); }
  Status Remove(const KeyRing& keys, const Id& slot, blob::BlobStore& store) {
    ASSIGN_OR_RETURN(const auto lease, Lease::Take(context_, store, keys, {.operation = "remove"}));
    return RemoveKeySlot(context_, store, keys, slot, *lease);
  }
  void Replace(const std::string& name, ByteView bytes) {
    ASSERT_OK(store_->Delete(context_, name));
    ASSERT_OK(store_->Put(context_, name, bytes));
  }

  FakeClock clock_;
  Context context_ = Context::Background().WithClock(clock_);
  NewKeyOptions cheap_{.argon2 = {.passes = 1, .memory_kib = 8}};
  std::unique_ptr<blob::BlobStore> store_ = blob::MakeMemoryStore();
};

TEST_F(KeySlotsTest, OpensWithItsPassphraseOnly) {
  EXPECT_THAT(Open(kOffice), IsOk());
  EXPECT_THAT(Open(Passphrase{"wrong"}),
              StatusIs(Code::kUnauthenticated, HasSubstr(Open(kOffice)->repository().Short())));
  EXPECT_THAT(Open(kFile), StatusIs(Code::kUnauthenticated, HasSubstr("key file")));
}

TEST_F(KeySlotsTest, ASecondInitIsRefused) {
  EXPECT_THAT(InitRepository(context_, *store_, kFile, "", cheap_), StatusIs(Code::kAlreadyExists));
  EXPECT_THAT(Open(kOffice), IsOk());
}

TEST_F(KeySlotsTest, InitRefusesAPlaceThatHoldsSomethingElse) {
  const auto store = blob::MakeMemoryStore();
  ASSERT_OK(store->Put(context_, ManifestName(Id{}), AsBytes("x")));
  EXPECT_THAT(InitRepository(context_, *store, kOffice, "", cheap_),
              StatusIs(Code::kFailedPrecondition, HasSubstr("manifests/")));
}

TEST_F(KeySlotsTest, AnInitCutAnywhereDoesNotBlockTheNext) {
  for (std::uint64_t n = 1;; ++n) {
    const auto store = blob::MakeMemoryStore();
    blob::FaultyStore faulty(*store);
    faulty.CutAtCall(n);
    const Status first = InitRepository(context_, faulty, kOffice, "", cheap_);
    if (first.ok()) {
      break;
    }
    EXPECT_THAT(Unlock(context_, *store, kOffice).status(), StatusIs(Code::kNotFound));
    ASSERT_OK(InitRepository(context_, *store, kFile, "", cheap_));
    ASSERT_OK_AND_ASSIGN(const KeyRing keys, Unlock(context_, *store, kFile));
    EXPECT_THAT(Unlock(context_, *store, kOffice).status(), StatusIs(Code::kUnauthenticated));
    // What the first one left is not the last key's comfort.
    const auto slots = ListKeySlots(context_, *store, keys).value();
    const auto own = std::ranges::find_if(slots, [](const KeySlot& s) { return s.status.ok(); });
    ASSERT_NE(own, slots.end());
    EXPECT_THAT(Remove(keys, own->id, *store), StatusIs(Code::kFailedPrecondition));
  }
}

TEST_F(KeySlotsTest, EveryAddedKeyOpensUntilItIsRemoved) {
  ASSERT_OK_AND_ASSIGN(const KeyRing keys, Open(kOffice));
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_OK_AND_ASSIGN(const KeySlot added,
                       AddKeySlot(context_, *store_, keys, kFile, "safe", cheap_));

  EXPECT_THAT(Open(kFile), IsOk());
  auto slots = ListKeySlots(context_, *store_, keys).value();
  ASSERT_EQ(slots.size(), 2U);
  EXPECT_EQ(slots[0].label, "office");
  EXPECT_TRUE(slots[0].is_passphrase);
  EXPECT_EQ(slots[1].label, "safe");
  EXPECT_FALSE(slots[1].is_passphrase);

  ASSERT_OK(Remove(keys, slots[0].id));
  EXPECT_THAT(Open(kOffice), StatusIs(Code::kUnauthenticated));
  EXPECT_THAT(Remove(keys, added.id), StatusIs(Code::kFailedPrecondition, HasSubstr("last")));
  EXPECT_THAT(Remove(keys, slots[0].id), StatusIs(Code::kNotFound));
}

TEST_F(KeySlotsTest, TwoThatRemoveEachOthersLastCompanionLeaveOne) {
  for (const bool first_stalls_past_its_lease : {false, true}) {
    ASSERT_OK_AND_ASSIGN(const KeyRing keys, Open(kOffice));
    ASSERT_OK_AND_ASSIGN(const KeySlot added,
                         AddKeySlot(context_, *store_, keys, kFile, "safe", cheap_));
    const Id office = ParseName(Slots()[Slots()[0] == KeyName(added.id) ? 1 : 0])->id;
    HookedStore stalling(*store_);
    Status other = Error(Code::kUnknown, "not called");
    stalling.after_read = [&](std::string_view name) {
      // The first one has seen both slots when the second one comes.
      if (name == Slots().back() && other.code() == Code::kUnknown) {
        if (first_stalls_past_its_lease) {
          clock_.Advance(std::chrono::minutes(3));
        }
        other = Remove(keys, added.id);
      }
    };

    const Status removed = Remove(keys, office, stalling);

    if (first_stalls_past_its_lease) {
      EXPECT_OK(other);
      EXPECT_THAT(removed, StatusIs(Code::kAborted));
      EXPECT_THAT(Open(kOffice), IsOk());
    } else {
      EXPECT_THAT(other, StatusIs(Code::kFailedPrecondition, HasSubstr("another writer")));
      EXPECT_OK(removed);
      EXPECT_THAT(Open(kFile), IsOk());
      ASSERT_OK(AddKeySlot(context_, *store_, keys, kOffice, "office", cheap_).status());
      ASSERT_OK(Remove(keys, added.id));
    }
  }
}

TEST_F(KeySlotsTest, ADamagedSlotIsNamedAndTheOthersStillOpen) {
  ASSERT_OK_AND_ASSIGN(const KeyRing keys, Open(kOffice));
  const std::string office = Slots().front();
  ASSERT_OK(AddKeySlot(context_, *store_, keys, kFile, "", cheap_).status());
  Replace(office, AsBytes("garbage"));

  EXPECT_THAT(Open(kFile), IsOk());
  EXPECT_THAT(Open(kOffice), StatusIs(Code::kUnauthenticated, HasSubstr(office)));
  const auto slots = ListKeySlots(context_, *store_, keys).value();
  EXPECT_EQ(std::ranges::count_if(slots, [](const KeySlot& s) { return s.status.ok(); }), 1);
}

TEST_F(KeySlotsTest, ASlotOfAnotherRepositoryWithTheSamePassphraseIsPassedOver) {
  const auto other = blob::MakeMemoryStore();
  ASSERT_OK(InitRepository(context_, *other, kOffice, "", cheap_));
  const auto foreign = other->List(context_, kKeysPrefix).value().front().name;
  ASSERT_OK(store_->Put(context_, foreign, other->GetAll(context_, foreign, 4096).value()));

  ASSERT_OK_AND_ASSIGN(const KeyRing keys, Open(kOffice));
  const auto slots = ListKeySlots(context_, *store_, keys).value();
  EXPECT_EQ(std::ranges::count_if(slots, [](const KeySlot& s) { return s.status.ok(); }), 1);
}

TEST_F(KeySlotsTest, SaysThatANewerVersionIsUnknown) {
  Bytes config = store_->GetAll(context_, kConfigName, 4096).value();
  StoreU16(config.data() + 8, 2);
  Replace(std::string(kConfigName), config);
  EXPECT_THAT(Open(kOffice), StatusIs(Code::kUnimplemented, HasSubstr("version 2")));
}

TEST_F(KeySlotsTest, RefusesWeakCredentialsAndLabelsThatAreNotText) {
  ASSERT_OK_AND_ASSIGN(const KeyRing keys, Open(kOffice));
  const auto add = [&](const Credential& credential, std::string_view label) {
    return AddKeySlot(context_, *store_, keys, credential, label, cheap_).status();
  };
  EXPECT_THAT(add(Passphrase{""}, ""), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(add(KeyFile{Bytes(15)}, ""), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(add(kFile, std::string(101, 'x')), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(add(kFile, "\x1b[2J"), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(add(kFile, "\xc3"), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(add(kFile, "\x80"), StatusIs(Code::kInvalidArgument));
  EXPECT_THAT(add(kFile, "Büro"), IsOk());
}

}  // namespace
}  // namespace tresor::repo
