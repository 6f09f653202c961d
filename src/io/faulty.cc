// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <map>
#include <utility>

#include "base/guarded.h"
#include "io/faults.h"

namespace tresor::io {
namespace {

struct Fault {
  Status error;
  bool half_write = false;
};

struct Faults {
  std::uint64_t calls = 0;
  std::map<std::uint64_t, Fault> faults;
  std::uint64_t cut_at = std::numeric_limits<std::uint64_t>::max();
  bool was_cut = false;
};

Status PowerIsOff() { return Error(Code::kUnavailable, "the power is off"); }

}  // namespace

struct FaultyFs::Plan {
  // For calls that change something: what becomes of this one.
  Fault Count() {
    const auto state = faults.Lock();
    const std::uint64_t call = ++state->calls;
    if (call >= state->cut_at) {
      state->was_cut = true;
    }
    if (state->was_cut) {
      return {.error = PowerIsOff()};
    }
    const auto fault = state->faults.find(call);
    return fault == state->faults.end() ? Fault{} : fault->second;
  }

  // For the others.
  Status CheckPower() { return faults.Lock()->was_cut ? PowerIsOff() : OkStatus(); }

  Guarded<Faults> faults;
};

namespace {

// `Plan` is FaultyFs's, which is private to it.
template <typename Plan>
class FaultyFile final : public File {
 public:
  FaultyFile(std::unique_ptr<File> base, std::shared_ptr<Plan> plan)
      : base_(std::move(base)), plan_(std::move(plan)) {}

  [[nodiscard]] std::uint64_t size() const override { return base_->size(); }
  [[nodiscard]] Status ReadAt(std::uint64_t offset, MutableByteView out) const override {
    RETURN_IF_ERROR(plan_->CheckPower());
    return base_->ReadAt(offset, out);
  }
  [[nodiscard]] Status WriteAt(std::uint64_t offset, ByteView bytes) override {
    const Fault fault = plan_->Count();
    if (fault.half_write) {
      RETURN_IF_ERROR(base_->WriteAt(offset, bytes.first(bytes.size() / 2)));
    }
    RETURN_IF_ERROR(fault.error);
    return base_->WriteAt(offset, bytes);
  }
  [[nodiscard]] Status Truncate(std::uint64_t size) override {
    RETURN_IF_ERROR(plan_->Count().error);
    return base_->Truncate(size);
  }
  [[nodiscard]] Status Allocate(std::uint64_t size) override {
    RETURN_IF_ERROR(plan_->Count().error);
    return base_->Allocate(size);
  }
  void StartWriteback(std::uint64_t offset, std::uint64_t size) override {
    if (plan_->CheckPower().ok()) {
      base_->StartWriteback(offset, size);
    }
  }
  [[nodiscard]] Status Sync() override {
    RETURN_IF_ERROR(plan_->Count().error);
    return base_->Sync();
  }
  [[nodiscard]] Status Close() override {
    const Status power = plan_->CheckPower();
    const Status closed = base_->Close();
    return power.ok() ? closed : power;
  }

 private:
  const std::unique_ptr<File> base_;
  const std::shared_ptr<Plan> plan_;
};

}  // namespace

FaultyFs::FaultyFs(FileSystem& base) : base_(base), plan_(std::make_shared<Plan>()) {}
FaultyFs::~FaultyFs() = default;

void FaultyFs::FailCall(std::uint64_t n, Status error, bool half_write) {
  plan_->faults.Lock()->faults[n] = {.error = std::move(error), .half_write = half_write};
}
void FaultyFs::CutAtCall(std::uint64_t n) { plan_->faults.Lock()->cut_at = n; }
std::uint64_t FaultyFs::calls() const { return plan_->faults.Lock()->calls; }
bool FaultyFs::was_cut() const { return plan_->faults.Lock()->was_cut; }

Result<std::unique_ptr<File>> FaultyFs::Open(const std::string& path, OpenMode open_mode,
                                             std::uint32_t mode) {
  const bool changes = open_mode == OpenMode::kCreateNew || open_mode == OpenMode::kTruncate;
  RETURN_IF_ERROR(changes ? plan_->Count().error : plan_->CheckPower());
  ASSIGN_OR_RETURN(std::unique_ptr<File> file, base_.Open(path, open_mode, mode));
  return std::make_unique<FaultyFile<Plan>>(std::move(file), plan_);
}
Result<std::unique_ptr<File>> FaultyFs::OpenUnnamed(const std::string& dir) {
  RETURN_IF_ERROR(plan_->Count().error);
  ASSIGN_OR_RETURN(std::unique_ptr<File> file, base_.OpenUnnamed(dir));
  return std::make_unique<FaultyFile<Plan>>(std::move(file), plan_);
}
Result<FileInfo> FaultyFs::Stat(const std::string& path) {
  RETURN_IF_ERROR(plan_->CheckPower());
  return base_.Stat(path);
}
Result<std::vector<DirEntry>> FaultyFs::List(const std::string& path) {
  RETURN_IF_ERROR(plan_->CheckPower());
  return base_.List(path);
}
Status FaultyFs::CreateDir(const std::string& path, std::uint32_t mode) {
  RETURN_IF_ERROR(plan_->Count().error);
  return base_.CreateDir(path, mode);
}
Status FaultyFs::Rename(const std::string& from, const std::string& to) {
  RETURN_IF_ERROR(plan_->Count().error);
  return base_.Rename(from, to);
}
Status FaultyFs::Link(const std::string& from, const std::string& to) {
  RETURN_IF_ERROR(plan_->Count().error);
  return base_.Link(from, to);
}
Status FaultyFs::RemoveFile(const std::string& path) {
  RETURN_IF_ERROR(plan_->Count().error);
  return base_.RemoveFile(path);
}
Status FaultyFs::RemoveDir(const std::string& path) {
  RETURN_IF_ERROR(plan_->Count().error);
  return base_.RemoveDir(path);
}
Status FaultyFs::SyncDir(const std::string& path) {
  RETURN_IF_ERROR(plan_->Count().error);
  return base_.SyncDir(path);
}
Result<std::uint64_t> FaultyFs::FreeBytes(const std::string& path) {
  RETURN_IF_ERROR(plan_->CheckPower());
  return base_.FreeBytes(path);
}

}  // namespace tresor::io
