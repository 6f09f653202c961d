// SPDX-License-Identifier: Apache-2.0
#include "backup/receive.h"

#include <optional>
#include <utility>

#include "base/hex.h"

namespace tresor::backup {
namespace {

constexpr std::size_t kBuffers = 8;

}  // namespace

ReceivingSink::ReceivingSink(ImageStore& store, const ProgressCallback& progress)
    : store_(store), progress_(progress), free_(kBuffers), full_(kBuffers) {}

ReceivingSink::~ReceivingSink() {
  full_.Close();
  free_.Close();
}

Status ReceivingSink::Begin(std::uint64_t image_bytes) {
  image_bytes_ = image_bytes;
  RETURN_IF_ERROR(store_.Begin(image_bytes));
  for (std::size_t i = 0; i < kBuffers; ++i) {
    auto buffer = std::make_unique<Bytes>();
    buffer->reserve(kReceiveBytes);
    (void)free_.Push(std::move(buffer));
  }
  buffer_ = *free_.Pop();
  thread_ = Thread([this] { Run(); });
  return OkStatus();
}

Status ReceivingSink::Append(ByteView bytes) {
  received_bytes_ += bytes.size();
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), kReceiveBytes - buffer_->size());
    buffer_->insert(buffer_->end(), bytes.begin(),
                    bytes.begin() + static_cast<std::ptrdiff_t>(part));
    bytes = bytes.subspan(part);
    if (buffer_->size() == kReceiveBytes) {
      RETURN_IF_ERROR(Send());
    }
  }
  return OkStatus();
}

Status ReceivingSink::Send() {
  if (progress_ && received_bytes_ % (std::uint64_t{1} << 20) < kReceiveBytes) {
    progress_(
        {.phase = Phase::kReceive, .done_bytes = received_bytes_, .total_bytes = image_bytes_});
  }
  if (!full_.Push(std::move(buffer_))) {
    return Join();
  }
  std::optional<std::unique_ptr<Bytes>> next = free_.Pop();
  if (!next.has_value()) {
    return Join();
  }
  buffer_ = *std::move(next);
  return OkStatus();
}

// Only after the thread's own end or Finish of what it reads.
Status ReceivingSink::Join() {
  if (thread_.joinable()) {
    thread_.join();
  }
  return stored_;
}

Status ReceivingSink::Finish(const etcd::SnapshotSummary& summary) {
  RETURN_IF_ERROR(Send());
  full_.Finish();
  RETURN_IF_ERROR(Join());
  const crypto::Sha256Digest digest = hash_.Finish();
  if (digest != summary.digest) {
    return Error(Code::kDataLoss,
                 "the image that came has the SHA-256 {}, the server says {}: damaged on its way",
                 ToHex(digest), ToHex(summary.digest));
  }
  return OkStatus();
}

void ReceivingSink::Run() {
  while (std::optional<std::unique_ptr<Bytes>> buffer = full_.Pop()) {
    hash_.Update(**buffer);
    stored_ = store_.Append(**buffer);
    if (!stored_.ok()) {
      full_.Close();
      free_.Close();
      return;
    }
    (*buffer)->clear();
    (void)free_.Push(*std::move(buffer));
  }
}

}  // namespace tresor::backup
