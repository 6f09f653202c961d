// SPDX-License-Identifier: Apache-2.0
// A server that is killed: whatever it acknowledged is there when the next one starts.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status_matchers.h"
#include "base/thread.h"
#include "io/temp_dir.h"
#include "store/sqlite/sqlite_store.h"
#include "store/test_objects.h"

namespace tresor::store {
namespace {

constexpr int kWriters = 3;

/// What the server tells about one write, over a pipe. Small enough to be written at once.
struct Acknowledged {
  int writer = 0;
  int count = 0;
  std::uint64_t revision = 0;
};

std::string NameOf(int round, int writer) { return fmt::format("r{}-w{}", round, writer); }

// The life of the server, in a process of its own. Ends when it is killed.
[[noreturn]] void Serve(const std::string& directory, int round, int pipe) {
  Result<std::unique_ptr<ApiStore>> store = OpenSqliteStore(Context::Background(), directory, {});
  if (!store.ok()) {
    ::_exit(1);
  }
  std::vector<Thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      Result<Object> object =
          (*store)->Create(Context::Background(), kClusters,
                           NewCluster("default", NameOf(round, writer)), {}, nullptr);
      for (int count = 0;; ++count) {
        if (!object.ok()) {
          ::_exit(2);
        }
        const Acknowledged done{writer, count, object->resource_version()};
        if (::write(pipe, &done, sizeof(done)) != sizeof(done)) {
          ::_exit(3);
        }
        object->SetAnnotation("count", fmt::format("{}", count + 1));
        object = (*store)->Update(Context::Background(), kClusters, *object, {}, nullptr);
      }
    });
  }
  writers.clear();
  ::_exit(4);
}

TEST(SqliteStoreKillTest, WhatAKilledServerAcknowledgedIsThere) {
  const io::TempDir dir;
  const Context context = Context::Background();
  SeededRandom random(11);
  std::map<std::string, int> all_counts;  // what was acknowledged last, by name
  for (int round = 0; round < 8; ++round) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const pid_t server = ::fork();
    ASSERT_GE(server, 0);
    if (server == 0) {
      ::close(pipe[0]);
      Serve(dir.path(), round, pipe[1]);
    }
    ::close(pipe[1]);
    const std::uint64_t acknowledgements = 1 + random.Below(60);
    std::uint64_t last_revision = 0;
    Acknowledged done;
    for (std::uint64_t n = 0; ::read(pipe[0], &done, sizeof(done)) == sizeof(done); ++n) {
      int& count = all_counts[NameOf(round, done.writer)];
      count = std::max(count, done.count);
      last_revision = std::max(last_revision, done.revision);
      if (n == acknowledgements) {
        ::kill(server, SIGKILL);  // what is in the pipe still counts
      }
    }
    ::close(pipe[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(server, &status, 0), server);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "it ended by itself: " << WEXITSTATUS(status);

    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<ApiStore> store,
                         OpenSqliteStore(context, dir.path(), {}));

    EXPECT_GE(store->Stats().revision, last_revision);
    for (const auto& [name, count] : all_counts) {
      ASSERT_OK_AND_ASSIGN(const Object object, store->Get(context, {kClusters, "default", name}));
      const std::string written = object.Text("metadata.annotations.count");
      EXPECT_GE(written.empty() ? 0 : std::stoi(written), count) << name;
    }
  }
}

}  // namespace
}  // namespace tresor::store
