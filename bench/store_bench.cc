// SPDX-License-Identifier: Apache-2.0
// What the object store of embedded mode does with 10,000 objects and 1,000 watchers:
//   store_bench DIRECTORY [OBJECTS] [WATCHERS]
// DIRECTORY is empty and on the disk that is to be measured.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/queue.h"
#include "base/thread.h"
#include "objects/well_known.h"
#include "store/sqlite/sqlite_store.h"

namespace tresor::bench {
namespace {

using objects::Json;
using objects::kEtcdBackups;
using store::ApiStore;
using store::Object;

MonotonicTime Now() { return SystemClock().Monotonic(); }
double Milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}
double ResidentMib() {
  ::malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}
template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", std::string(Message(result.status())).c_str());
    std::exit(1);
  }
  return *std::move(result);
}
double Percentile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

Object NewBackup(std::size_t number) {
  const std::string config = fmt::format("cluster-{:04}", number / 20);
  Object object{
      {{"apiVersion", "tresor.dev/v1"},
       {"kind", "EtcdBackup"},
       {"metadata",
        {{"name", fmt::format("{}-default-backups-{:06}", config, number)},
         {"namespace", "default"},
         {"labels", {{"tresor.dev/cluster", config}, {"tresor.dev/config", "default-backups"}}},
         {"annotations", {{"tresor.dev/scheduled-time", "2026-01-02T03:04:00Z"}}},
         {"finalizers", {"tresor.dev/backup"}}}},
       {"spec", {{"cluster", {{"name", config}}}, {"destination", {{"name", "main"}}}}}}};
  return object;
}
// As a completed backup has it.
Json CompletedStatus() {
  const auto evidence = [](const char* check, const char* detail) {
    return Json{{"check", check},
                {"result", "Passed"},
                {"detail", detail},
                {"time", "2026-01-02T03:04:05Z"}};
  };
  return {{"phase", "Completed"},
          {"observedGeneration", 1},
          {"scheduledTime", "2026-01-02T03:04:00Z"},
          {"startTime", "2026-01-02T03:04:01Z"},
          {"completionTime", "2026-01-02T03:04:09Z"},
          {"snapshot",
           {{"revision", 1234567},
            {"compactRevision", 1230000},
            {"totalKeys", 10432},
            {"dbSize", 20485760},
            {"sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
            {"etcdVersion", "3.5.16"},
            {"memberID", "8e9e05c52164694d"}}},
          {"stored", {{"newRecords", 1234}, {"newBytes", 345678}}},
          {"evidence",
           {evidence("Digest", "SHA-256 of the stream matches its trailer"),
            evidence("Structure", "every page of the database is sound"),
            evidence("HashKV", "equal on 3 of 3 members at revision 1234567"),
            evidence("ReadBack", "what was stored was read again and is the same")}},
          {"conditions",
           {{{"type", "Completed"},
             {"status", "True"},
             {"reason", "Verified"},
             {"message", "the backup is complete and proven"},
             {"lastTransitionTime", "2026-01-02T03:04:09Z"}}}},
          {"message", ""}};
}

void Fill(ApiStore& store, std::size_t count) {
  const Context context = Context::Background();
  constexpr std::size_t kThreads = 32;
  std::atomic<std::size_t> next = 0;
  const MonotonicTime start = Now();
  {
    std::vector<Thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (std::size_t number = next++; number < count; number = next++) {
          Object object = Must(store.Create(context, kEtcdBackups, NewBackup(number), {}, nullptr));
          object.json["status"] = CompletedStatus();
          (void)Must(store.UpdateStatus(context, kEtcdBackups, object, {}));
        }
      });
    }
  }
  const double seconds = Milliseconds(Now() - start) / 1000;
  std::printf("writes by %zu at once      %8.0f /s\n", kThreads,
              static_cast<double>(2 * count) / seconds);
}

void WriteAlone(ApiStore& store) {
  const Context context = Context::Background();
  std::vector<double> times;
  const objects::ObjectKey key{kEtcdBackups, "default", NewBackup(0).name()};
  for (int i = 0; i < 200; ++i) {
    Object object = Must(store.Get(context, key));
    object.json["status"]["progress"] = {{"bytesDone", i}, {"bytesTotal", 200}};
    const MonotonicTime start = Now();
    (void)Must(store.UpdateStatus(context, kEtcdBackups, object, {}));
    times.push_back(Milliseconds(Now() - start));
  }
  std::printf("one write alone            %8.2f ms median, %.2f ms p99\n", Percentile(times, 0.5),
              Percentile(times, 0.99));
}

void List(ApiStore& store, const char* what, const store::ListOptions& options) {
  const Context context = Context::Background();
  std::vector<double> times;
  std::size_t items = 0;
  for (int i = 0; i < 20; ++i) {
    store::ListOptions page = options;
    items = 0;
    const MonotonicTime start = Now();
    do {
      const store::ListResult result = Must(store.List(context, kEtcdBackups, page));
      items += result.items.size();
      page.continue_token = result.continue_token;
      page.resource_version = 0;
      page.exact = false;
    } while (!page.continue_token.empty());
    times.push_back(Milliseconds(Now() - start));
  }
  std::printf("list, %-20s %8.2f ms median, %.2f ms worst (%zu objects)\n", what,
              Percentile(times, 0.5), Percentile(times, 1), items);
}

void WatchMany(ApiStore& store, std::size_t count) {
  const Context context = Context::Background();
  constexpr int kWrites = 200;
  constexpr unsigned kPollers = 2;
  struct Client {
    std::unique_ptr<store::Watch> watch;
  };
  std::vector<Client> clients(count);
  BoundedQueue<std::size_t> ready(2 * count);
  store::WatchOptions options;
  options.resource_version = store.Stats().revision;
  const double before = ResidentMib();
  for (std::size_t i = 0; i < count; ++i) {
    clients[i].watch =
        Must(store.StartWatch(context, kEtcdBackups, options, [&, i] { (void)ready.Push(i); }));
    (void)Must(clients[i].watch->Poll(16));
  }
  std::printf("memory per watcher         %8.2f KiB\n",
              (ResidentMib() - before) * 1024 / static_cast<double>(count));
  std::atomic<MonotonicTime> written{Now()};
  std::atomic<std::size_t> received = 0;
  std::vector<std::vector<double>> latencies(kPollers);
  {
    std::vector<Thread> pollers;
    for (unsigned p = 0; p < kPollers; ++p) {
      pollers.emplace_back([&, p] {
        while (const auto i = ready.Pop()) {
          const auto events = Must(clients[*i].watch->Poll(16));
          latencies[p].insert(latencies[p].end(), events.size(),
                              Milliseconds(Now() - written.load()));
          received += events.size();
        }
      });
    }
    for (int i = 0; i < kWrites; ++i) {
      Object object = Must(store.Get(
          context, {kEtcdBackups, "default", NewBackup(static_cast<std::size_t>(i)).name()}));
      object.json["status"]["message"] = fmt::format("event {}", i);
      written = Now();
      (void)Must(store.UpdateStatus(context, kEtcdBackups, object, {}));
      while (received < count * static_cast<std::size_t>(i + 1)) {
        (void)context.Sleep(std::chrono::microseconds(200));
      }
    }
    ready.Close();
  }
  std::vector<double> all;
  for (const std::vector<double>& each : latencies) {
    all.insert(all.end(), each.begin(), each.end());
  }
  std::printf("write to event, %4zu watch  %8.2f ms median, %.2f ms p99, %.2f ms worst\n", count,
              Percentile(all, 0.5), Percentile(all, 0.99), Percentile(all, 1));
}

int Run(const std::string& directory, std::size_t objects, std::size_t watchers) {
  const Context context = Context::Background();
  Fill(*Must(store::OpenSqliteStore(context, directory, {})), objects);
  const double before = ResidentMib();
  const MonotonicTime start = Now();
  const std::unique_ptr<ApiStore> store = Must(store::OpenSqliteStore(context, directory, {}));
  std::printf("start                      %8.0f ms\n", Milliseconds(Now() - start));
  std::printf(
      "memory per object          %8.2f KiB (JSON: %.2f KiB)\n",
      (ResidentMib() - before) * 1024 / static_cast<double>(objects),
      static_cast<double>(Must(store->Get(context, {kEtcdBackups, "default", NewBackup(0).name()}))
                              .json.dump()
                              .size()) /
          1024);
  List(*store, "all", {});
  store::ListOptions options;
  options.labels = *objects::LabelSelector::Parse("tresor.dev/cluster=cluster-0001");
  List(*store, "by label", options);
  options = {};
  options.limit = 500;
  List(*store, "in pages of 500", options);
  const std::uint64_t past = store->Stats().revision;
  WriteAlone(*store);
  options = {};
  options.exact = true;
  options.resource_version = past;
  List(*store, "as it was", options);
  options.resource_version = past - 10;
  List(*store, "from the log", options);
  WatchMany(*store, watchers);
  return 0;
}

}  // namespace
}  // namespace tresor::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: store_bench DIRECTORY [OBJECTS] [WATCHERS]\n");
    return 2;
  }
  const auto number = [&](int i, std::size_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  return tresor::bench::Run(argv[1], number(2, 10'000), number(3, 1'000));
}
