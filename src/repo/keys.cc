// SPDX-License-Identifier: Apache-2.0
#include "repo/keys.h"

#include <utility>

#include "repo/repository.h"

namespace tresor::repo {
namespace {

class Tagger final : public RecordTagger {
 public:
  Tagger(const crypto::SecretKey& record_key, const crypto::KeyedHash& user_key_hash)
      : fingerprinter_(record_key), user_key_hash_(user_key_hash) {}

  std::uint64_t Tag(const etcd::RecordKey& key, ByteView user_key, ByteView value) override {
    const auto low = static_cast<std::uint32_t>(static_cast<std::uint64_t>(key.sub) * 2 +
                                                (key.tombstone ? 1 : 0));
    const std::uint64_t content = fingerprinter_(static_cast<std::uint64_t>(key.main), low, value);
    return (user_key_hash_(user_key) & kTagUserKeyMask) | (content & ~kTagUserKeyMask);
  }

 private:
  crypto::Fingerprinter fingerprinter_;
  crypto::KeyedHash user_key_hash_;
};

}  // namespace

KeyRing::KeyRing(crypto::SecretKey master, const Id& repository)
    : master_(std::move(master)),
      repository_(repository),
      blob_name_key_(master_.Derive(AsBytes("tresor blob name v1"))),
      record_key_(master_.Derive(AsBytes("tresor record v1"))),
      user_key_hash_(master_.Derive(AsBytes("tresor user key v1"))) {}

crypto::SecretKey KeyRing::ObjectKey(ObjectKind kind, std::string_view name,
                                     const Salt& salt) const {
  ByteWriter info;
  info.Append("tresor object v1");
  info.Append(repository_.bytes);
  info.Append(KindName(kind));
  info.U8(0);
  info.Append(name);
  info.Append(salt);
  return master_.Derive(info.view());
}

ObjectCipher KeyRing::NewCipher(ObjectKind kind, std::string_view name, Random& random) const {
  Salt salt;
  random.Fill(salt);
  return {ObjectKey(kind, name, salt), EncodeHeader(kind, salt)};
}

Result<ObjectCipher> KeyRing::CipherOf(ObjectKind kind, std::string_view name,
                                       ByteView object) const {
  auto header = DecodeHeader(kind, object);
  if (!header.ok()) {
    return Annotate(header.status(), name);
  }
  return ObjectCipher(ObjectKey(kind, name, SaltOf(*header)), *header);
}

Bytes KeyRing::Seal(ObjectKind kind, std::string_view name, ByteView raw, int level,
                    Random& random) const {
  ObjectCipher cipher = NewCipher(kind, name, random);
  return SealOnePart(cipher, raw, level);
}

Result<Bytes> KeyRing::Open(ObjectKind kind, std::string_view name, ByteView object) const {
  ASSIGN_OR_RETURN(ObjectCipher cipher, CipherOf(kind, name, object));
  auto raw = OpenOnePart(cipher, object);
  if (!raw.ok()) {
    return Annotate(raw.status(), name);
  }
  return raw;
}

Id KeyRing::BlobId(ByteView content) const {
  return IdOf(crypto::HmacSha256(blob_name_key_, content));
}

Id KeyRing::KeySlotId(ByteView slot) const {
  return IdOf(crypto::HmacSha256(master_.Derive(AsBytes("tresor key slot v1")), slot));
}

std::unique_ptr<RecordTagger> KeyRing::MakeTagger() const {
  return std::make_unique<Tagger>(record_key_, user_key_hash_);
}

}  // namespace tresor::repo
