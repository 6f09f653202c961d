// SPDX-License-Identifier: Apache-2.0
#include "backup/spool.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "backup/snapshot_file.h"
#include "backup/test_util.h"
#include "base/status_matchers.h"
#include "base/thread.h"
#include "io/faults.h"

namespace tresor::backup {
namespace {

using ::testing::HasSubstr;
using testing::StoreModel;
using tresor::testing::IsOk;
using tresor::testing::StatusIs;

Bytes RandomBytes(std::size_t size, std::uint64_t seed) {
  SeededRandom random(seed);
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}

/// Sees what is written to unnamed files, and can change a byte of what is read back.
class SpyFs final : public io::FaultyFs {
 public:
  explicit SpyFs(io::MemoryFs& memory) : FaultyFs(memory), memory_(memory) {}

  Result<std::unique_ptr<io::File>> OpenUnnamed(const std::string& dir) override {
    ASSIGN_OR_RETURN(auto file, memory_.OpenUnnamed(dir));
    return std::make_unique<SpyFile>(std::move(file), *this);
  }

  Bytes written;
  bool damage_reads = false;

 private:
  class SpyFile final : public io::File {
   public:
    SpyFile(std::unique_ptr<io::File> base, SpyFs& spy) : base_(std::move(base)), spy_(spy) {}
    std::uint64_t size() const override { return base_->size(); }
    Status ReadAt(std::uint64_t offset, MutableByteView out) const override {
      RETURN_IF_ERROR(base_->ReadAt(offset, out));
      if (spy_.damage_reads) {
        out[out.size() / 2] ^= std::byte{1};
      }
      return OkStatus();
    }
    Status WriteAt(std::uint64_t offset, ByteView bytes) override {
      spy_.written.insert(spy_.written.end(), bytes.begin(), bytes.end());
      return base_->WriteAt(offset, bytes);
    }
    Status Truncate(std::uint64_t size) override { return base_->Truncate(size); }
    Status Allocate(std::uint64_t size) override { return base_->Allocate(size); }
    void StartWriteback(std::uint64_t, std::uint64_t) override {}
    Status Sync() override { return base_->Sync(); }
    Status Close() override { return base_->Close(); }

   private:
    std::unique_ptr<io::File> base_;
    SpyFs& spy_;
  };
  io::MemoryFs& memory_;
};

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() : spy_(memory_) { StoreModel::Require(memory_.CreateDir("/spool", 0700)); }

  SpoolOptions Options(std::uint64_t memory_bytes) {
    return {.fs = &spy_, .dir = "/spool", .memory_bytes = memory_bytes};
  }
  static Result<std::unique_ptr<Spool>> Fill(const SpoolOptions& options, ByteView bytes,
                                             std::uint64_t expected) {
    ASSIGN_OR_RETURN(auto spool, Spool::Create(options, expected));
    for (ByteView rest = bytes; !rest.empty();) {
      const ByteView part = rest.first(std::min<std::size_t>(rest.size(), 32768));
      RETURN_IF_ERROR(spool->Append(part));
      rest = rest.subspan(part.size());
    }
    RETURN_IF_ERROR(spool->Finish());
    return spool;
  }

  io::MemoryFs memory_;
  SpyFs spy_;
};

TEST_F(SpoolTest, GivesBackWhatWasWrittenFromMemoryAndFromAFile) {
  for (const std::size_t size : {0U, 1U, 16384U, 300'001U, 1'048'576U}) {
    for (const std::uint64_t memory : {0U, 100'000U, 2'000'000U}) {
      for (const std::uint64_t expected : {std::uint64_t{0}, std::uint64_t{size}}) {
        const Bytes bytes = RandomBytes(size, size + 1);
        ASSERT_OK_AND_ASSIGN(const auto spool, Fill(Options(memory), bytes, expected));

        ASSERT_EQ(spool->size(), size);
        EXPECT_EQ(spool->in_memory(), size <= memory);
        Bytes whole(size);
        ASSERT_OK(spool->ReadAt(0, whole));
        EXPECT_EQ(whole, bytes);
        SeededRandom random(7);
        for (int i = 0; i < 200 && size > 0; ++i) {
          const std::size_t offset = random.Below(size);
          Bytes part(std::min<std::size_t>(random.Below(70'000), size - offset));
          ASSERT_OK(spool->ReadAt(offset, part));
          ASSERT_TRUE(std::equal(part.begin(), part.end(),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(offset)));
        }
      }
    }
  }
}

TEST_F(SpoolTest, PutsNothingReadableOnTheDiskAndNoName) {
  const Bytes bytes(500'000, std::byte{'s'});
  ASSERT_OK_AND_ASSIGN(const auto spool, Fill(Options(0), bytes, 0));

  EXPECT_GE(spy_.written.size(), bytes.size());
  const Bytes run(8, std::byte{'s'});
  EXPECT_EQ(std::search(spy_.written.begin(), spy_.written.end(), run.begin(), run.end()),
            spy_.written.end());
  ASSERT_OK_AND_ASSIGN(const auto names, memory_.List("/spool"));
  EXPECT_TRUE(names.empty());
}

TEST_F(SpoolTest, NoticesThatTheFileChanged) {
  ASSERT_OK_AND_ASSIGN(const auto spool, Fill(Options(0), RandomBytes(100'000, 1), 0));
  spy_.damage_reads = true;

  Bytes out(4096);
  EXPECT_THAT(spool->ReadAt(50'000, out), StatusIs(Code::kDataLoss, HasSubstr("spool")));
}

TEST_F(SpoolTest, RefusesMoreThanItsLimitAndReadsPastTheEnd) {
  SpoolOptions options = Options(1000);
  options.limit_bytes = 50'000;
  EXPECT_THAT(Spool::Create(options, 50'001).status(),
              StatusIs(Code::kResourceExhausted, HasSubstr("limit")));
  EXPECT_THAT(Fill(options, Bytes(50'001), 0).status(),
              StatusIs(Code::kResourceExhausted, HasSubstr("limit")));

  ASSERT_OK_AND_ASSIGN(const auto spool, Fill(options, Bytes(50'000), 0));
  Bytes out(2);
  EXPECT_THAT(spool->ReadAt(49'999, out), StatusIs(Code::kOutOfRange));
  EXPECT_THAT(spool->ReadAt(~std::uint64_t{0}, out), StatusIs(Code::kOutOfRange));
}

TEST_F(SpoolTest, SaysWhenTheDiskHasNoRoom) {
  memory_.SetCapacity(100'000);

  EXPECT_THAT(Spool::Create(Options(1000), 200'000).status(),
              StatusIs(Code::kResourceExhausted, HasSubstr("/spool")));
  EXPECT_THAT(Fill(Options(1000), Bytes(400'000), 0).status(), StatusIs(Code::kResourceExhausted));
}

TEST_F(SpoolTest, CanBeReadByManyThreadsAtOnce) {
  const Bytes bytes = RandomBytes(400'000, 3);
  ASSERT_OK_AND_ASSIGN(const auto spool, Fill(Options(0), bytes, 0));

  std::vector<int> wrong(12);
  {
    std::vector<Thread> threads;
    for (std::size_t t = 0; t < wrong.size(); ++t) {
      threads.emplace_back([&, t] {
        SeededRandom random(t);
        for (int i = 0; i < 200; ++i) {
          Bytes part(4096);
          const std::size_t offset = random.Below(bytes.size() - part.size());
          if (!spool->ReadAt(offset, part).ok() ||
              !std::equal(part.begin(), part.end(),
                          bytes.begin() + static_cast<std::ptrdiff_t>(offset))) {
            ++wrong[t];
          }
        }
      });
    }
  }
  EXPECT_THAT(wrong, ::testing::Each(0));
}

// --- snapshot files
// -------------------------------------------------------------------------------

Bytes Gzip(ByteView bytes) {
  z_stream stream{};
  TRESOR_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  Bytes out(deflateBound(&stream, bytes.size()));
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  TRESOR_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Bytes Zstd(ByteView bytes) {
  Bytes out(ZSTD_compressBound(bytes.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

Bytes Join(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class SnapshotFileTest : public SpoolTest {
 protected:
  Result<std::unique_ptr<SnapshotFile>> Read(const Bytes& bytes, bool skip = false) {
    bytes_ = bytes;
    reader_ = std::make_unique<io::BytesReader>(bytes_);
    return SnapshotFile::FromReader(Context::Background(), *reader_,
                                    {.fs = &memory_, .spool = Options(0), .skip_hash_check = skip});
  }
  static Bytes ImageOf(const SnapshotFile& file) {
    Bytes image(file.image().size());
    StoreModel::Require(file.image().ReadAt(0, image));
    return image;
  }
  const Bytes image_ = RandomBytes(512 * 700, 5);
  const Bytes file_ = testing::WithHash(image_);
  Bytes bytes_;
  std::unique_ptr<io::BytesReader> reader_;
};

TEST_F(SnapshotFileTest, ReadsPlainGzipAndZstdAlsoInSeveralParts) {
  const auto half = static_cast<std::ptrdiff_t>(file_.size() / 2);
  const Bytes first(file_.begin(), file_.begin() + half);
  const Bytes second(file_.begin() + half, file_.end());
  const std::vector<std::pair<Bytes, Compression>> forms = {
      {file_, Compression::kNone},
      {Gzip(file_), Compression::kGzip},
      {Join(Gzip(first), Gzip(second)), Compression::kGzip},
      {Zstd(file_), Compression::kZstd},
      {Join(Zstd(first), Zstd(second)), Compression::kZstd},
  };
  for (const auto& [bytes, compression] : forms) {
    ASSERT_OK_AND_ASSIGN(const auto file, Read(bytes));

    EXPECT_EQ(file->compression(), compression);
    EXPECT_TRUE(file->hash_checked());
    EXPECT_EQ(file->sha256(), crypto::Sha256::Of(image_));
    EXPECT_TRUE(ImageOf(*file) == image_);
  }
}

TEST_F(SnapshotFileTest, RefusesADamagedImageAndADamagedHash) {
  for (const std::size_t at :
       {std::size_t{0}, image_.size() - 1, image_.size(), file_.size() - 1}) {
    Bytes damaged = file_;
    damaged[at] ^= std::byte{4};
    EXPECT_THAT(Read(damaged).status(), StatusIs(Code::kDataLoss, HasSubstr("SHA-256")));
    EXPECT_THAT(Read(damaged, true), IsOk());
  }
}

TEST_F(SnapshotFileTest, TakesAFileWithoutHashOnlyWhenTold) {
  EXPECT_THAT(Read(image_).status(), StatusIs(Code::kDataLoss, HasSubstr("snapshot missing hash")));
  Bytes cut(file_.begin(), file_.end() - 1);
  EXPECT_THAT(Read(cut).status(), StatusIs(Code::kDataLoss, HasSubstr("snapshot missing hash")));

  ASSERT_OK_AND_ASSIGN(const auto file, Read(image_, true));
  EXPECT_FALSE(file->has_hash());
  EXPECT_FALSE(file->hash_checked());
  EXPECT_TRUE(ImageOf(*file) == image_);
  ASSERT_OK_AND_ASSIGN(const auto skipped, Read(file_, true));
  EXPECT_TRUE(skipped->has_hash());
  EXPECT_FALSE(skipped->hash_checked());
  EXPECT_TRUE(ImageOf(*skipped) == image_);
}

TEST_F(SnapshotFileTest, RefusesACompressedStreamThatIsCutOrDamagedOrFollowedByOther) {
  for (const Bytes& packed : {Gzip(file_), Zstd(file_)}) {
    const Bytes cut(packed.begin(), packed.end() - 5);
    EXPECT_THAT(Read(cut).status(), StatusIs(Code::kDataLoss));
    Bytes damaged = packed;
    damaged[damaged.size() / 2] ^= std::byte{1};
    EXPECT_THAT(Read(damaged).status(), StatusIs(Code::kDataLoss));
    EXPECT_THAT(Read(Join(packed, Bytes(64))).status(), StatusIs(Code::kDataLoss));
  }
}

TEST_F(SnapshotFileTest, TellsThatWhatIsUnpackedIsLargerThanTheSpool) {
  memory_.SetCapacity(100'000);
  EXPECT_THAT(Read(Zstd(Bytes(10'000'000))).status(), StatusIs(Code::kResourceExhausted));
}

}  // namespace
}  // namespace tresor::backup
