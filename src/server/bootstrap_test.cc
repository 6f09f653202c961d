// SPDX-License-Identifier: Apache-2.0
#include "server/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "io/temp_dir.h"
#include "objects/backup_destination.h"
#include "objects/secret.h"
#include "objects/well_known.h"
#include "store/memory/memory_store.h"

namespace tresor::server {
namespace {

using testing::IsOkAndHolds;

class BootstrapTest : public ::testing::Test {
 protected:
  Result<bool> Run(const std::string& key_file = {}) {
    return Bootstrap(Context::Background(), *store_, io::PosixFileSystem(), SystemRandom(),
                     {.backup_dir = backups_, .backup_key_file = key_file});
  }
  std::string Key() {
    const auto destination = store_->Get(
        Context::Background(), {objects::kBackupDestinations, "", std::string(kFirstDestination)});
    EXPECT_OK(destination);
    const auto spec = objects::BackupDestinationSpec::FromObject(*destination);
    EXPECT_TRUE(spec.is_default);
    const auto secret =
        store_->Get(Context::Background(),
                    {objects::kSecrets, spec.encryption_key.name_space, spec.encryption_key.name});
    EXPECT_OK(secret);
    return objects::SecretData(*secret)->find("key")->second;
  }

  io::TempDir dir_;
  const std::string backups_ = dir_.path() + "/backups";
  std::unique_ptr<store::ApiStore> store_ = store::NewMemoryStore();
};

TEST_F(BootstrapTest, MakesADestinationWithAKeyOnce) {
  EXPECT_THAT(Run(), IsOkAndHolds(true));
  const std::string key = Key();
  EXPECT_EQ(key.size(), 64U);

  EXPECT_THAT(Run(), IsOkAndHolds(false));
  EXPECT_EQ(Key(), key);
}

TEST_F(BootstrapTest, WhatPeopleDeletedStaysDeleted) {
  ASSERT_OK(Run());
  const objects::ObjectKey destination{objects::kBackupDestinations, "",
                                       std::string(kFirstDestination)};
  ASSERT_OK(store_->Delete(Context::Background(), destination, {}));

  EXPECT_THAT(Run(), IsOkAndHolds(false));
  EXPECT_EQ(store_->Get(Context::Background(), destination).status().code(), Code::kNotFound);
}

TEST_F(BootstrapTest, ForeignRepositoriesNeedTheirKey) {
  ASSERT_OK(io::CreateDirs(io::PosixFileSystem(), backups_ + "/demo"));
  EXPECT_EQ(Run().status().code(), Code::kFailedPrecondition);

  const std::string key_file = dir_.path() + "/key";
  const std::string key = "a key from the safe, long enough";
  ASSERT_OK(io::WriteFileAtomically(io::PosixFileSystem(), key_file, AsBytes(key)));
  EXPECT_THAT(Run(key_file), IsOkAndHolds(true));
  EXPECT_EQ(Key(), key);
}

}  // namespace
}  // namespace tresor::server
