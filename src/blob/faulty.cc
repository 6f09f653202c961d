// SPDX-License-Identifier: Apache-2.0
#include "blob/faulty.h"

#include <utility>

namespace tresor::blob {

void FaultyStore::FailCall(std::uint64_t n, Status error) {
  plan_.Lock()->faults[n] = {.error = std::move(error)};
}
void FaultyStore::LoseAnswer(std::uint64_t n, Status error) {
  plan_.Lock()->faults[n] = {.error = std::move(error), .does_it = true};
}
void FaultyStore::CutAtCall(std::uint64_t n) { plan_.Lock()->cut_at = n; }
std::uint64_t FaultyStore::calls() { return plan_.Lock()->calls; }
bool FaultyStore::was_cut() {
  const auto plan = plan_.Lock();
  return plan->calls >= plan->cut_at;
}

template <typename Call>
auto FaultyStore::Do(Call call) -> decltype(call()) {
  Fault fault;
  {
    const auto plan = plan_.Lock();
    const std::uint64_t n = ++plan->calls;
    if (n >= plan->cut_at) {
      return Error(Code::kUnavailable, "the store is cut off");
    }
    if (const auto planned = plan->faults.find(n); planned != plan->faults.end()) {
      fault = planned->second;
    }
  }
  if (fault.error.ok()) {
    return call();
  }
  if (fault.does_it) {
    (void)call();
  }
  return fault.error;
}

Result<Bytes> FaultyStore::Get(const Context& context, std::string_view name, ByteRange range) {
  return Do([&] { return base_.Get(context, name, range); });
}
Result<Bytes> FaultyStore::GetAll(const Context& context, std::string_view name,
                                  std::uint64_t limit_bytes) {
  return Do([&] { return base_.GetAll(context, name, limit_bytes); });
}
Result<BlobInfo> FaultyStore::Stat(const Context& context, std::string_view name) {
  return Do([&] { return base_.Stat(context, name); });
}
Result<std::vector<BlobInfo>> FaultyStore::List(const Context& context, std::string_view prefix) {
  return Do([&] { return base_.List(context, prefix); });
}
Status FaultyStore::Put(const Context& context, std::string_view name, ByteView bytes) {
  return Do([&] { return base_.Put(context, name, bytes); });
}
Status FaultyStore::Delete(const Context& context, std::string_view name) {
  return Do([&] { return base_.Delete(context, name); });
}

}  // namespace tresor::blob
