// SPDX-License-Identifier: Apache-2.0
#include "launcher/etcd_server.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/environment.h"
#include "base/log.h"
#include "base/retry.h"
#include "runtime/member/arguments.h"

namespace tresor::launcher {

using runtime::MemberOrder;

namespace {

constexpr std::chrono::milliseconds kFirstQuestions{100};
constexpr std::chrono::milliseconds kQuestions{2000};
constexpr std::chrono::milliseconds kAnswerTime{1000};
constexpr std::chrono::seconds kNewConnection{30};
/// A defragmentation may take that long; what lasts longer is worth telling.
constexpr std::chrono::seconds kSilenceToTell{10};
/// Having run so long, the next end counts as the first.
constexpr std::chrono::seconds kStable{60};
constexpr RetryOptions kBackoff{.attempts = 1'000'000,
                                .first_delay = std::chrono::milliseconds(500),
                                .max_delay = std::chrono::milliseconds(30'000)};
constexpr std::uint64_t kTailBytes = 16 << 10;
constexpr std::uint64_t kMostPemBytes = 1 << 20;
constexpr std::size_t kMostWords = 400;

/// What of our environment etcd gets. Not ETCD_…: it would count as flags.
std::vector<std::string> Environment() {
  std::vector<std::string> variables;
  for (const char* name : {"PATH", "HOME", "TMPDIR", "TZ", "GOGC", "GOMAXPROCS", "GOMEMLIMIT",
                           "GODEBUG", "ETCD_UNSUPPORTED_ARCH"}) {
    if (const auto value = GetEnvironment(name)) {
      variables.push_back(fmt::format("{}={}", name, *value));
    }
  }
  return variables;
}

/// Arguments that a member with data does not look at: fellows come and go without a restart.
std::vector<std::string> WithoutInitial(std::vector<std::string> arguments) {
  std::erase_if(arguments,
                [](const std::string& argument) { return argument.starts_with("--initial-"); });
  return arguments;
}

std::string ReadTail(io::FileSystem& fs, const std::string& path) {
  const auto file = fs.Open(path, io::OpenMode::kRead);
  if (!file.ok()) {
    return {};
  }
  const std::uint64_t size = (*file)->size();
  Bytes tail(static_cast<std::size_t>(std::min(size, kTailBytes)));
  return (*file)->ReadAt(size - tail.size(), tail).ok() ? ToString(tail) : std::string();
}

/// A field of one of zap's lines; empty: there is none.
std::string Field(const nlohmann::json& line, const char* name) {
  const auto found = line.find(name);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string LastWords(std::string_view log) {
  std::string last;
  while (!log.empty()) {
    const std::size_t end = log.find_last_not_of('\n');
    if (end == std::string_view::npos) {
      break;
    }
    log = log.substr(0, end + 1);
    const std::size_t begin = log.rfind('\n') + 1;  // npos + 1 is 0
    const std::string_view line = log.substr(begin);
    log = log.substr(0, begin);
    if (last.empty()) {
      last = line.substr(0, kMostWords);
    }
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) {
      continue;
    }
    const std::string level = Field(json, "level");
    if (level == "fatal" || level == "panic" || level == "error") {
      const std::string error = Field(json, "error");
      std::string words = Field(json, "msg");
      words += (words.empty() || error.empty() ? "" : ": ") + error;
      return words.substr(0, kMostWords);
    }
  }
  return last;
}

Status RotateLog(io::FileSystem& fs, const std::string& path, std::uint64_t limit_bytes, int keep) {
  const auto info = fs.Stat(path);
  if (!info.ok() || info->size_bytes <= limit_bytes) {
    return info.status().code() == Code::kNotFound ? OkStatus() : info.status();
  }
  for (int number = keep; number > 1; --number) {
    const Status moved =
        fs.Rename(fmt::format("{}.{}", path, number - 1), fmt::format("{}.{}", path, number));
    if (!moved.ok() && moved.code() != Code::kNotFound) {
      return moved;
    }
  }
  ASSIGN_OR_RETURN(const Bytes content, io::ReadFile(fs, path));
  RETURN_IF_ERROR(io::WriteFileAtomically(fs, path + ".1", content));
  ASSIGN_OR_RETURN(const auto file, fs.Open(path, io::OpenMode::kReadWrite));
  RETURN_IF_ERROR(file->Truncate(0));
  return file->Close();
}

EtcdServer::~EtcdServer() { Stop(); }

runtime::ProcessIdentity EtcdServer::identity() const {
  if (process_ == nullptr) {
    return {};
  }
  return {.pid = process_->pid(), .start_ticks = ProcessStartTicks(process_->pid()).value_or(0)};
}

Status EtcdServer::Serve(const MemberOrder& order, bool closed) {
  std::vector<std::string> arguments = runtime::EtcdArguments(order, files_, closed);
  if (process_ != nullptr) {
    if (WithoutInitial(arguments) == arguments_) {
      return OkStatus();
    }
    Log(LogLevel::kInfo, "etcd is to run otherwise: it is stopped and started again");
    Stop(closed_ ? kShortGrace : kStopGrace);
  } else if (WithoutInitial(arguments) != arguments_) {
    next_start_ = {};  // that it failed before says nothing
    failures_ = 0;
  }
  if (clock_.Monotonic() < next_start_) {
    return OkStatus();
  }
  const Status started = Start(order, std::move(arguments), closed);
  if (!started.ok()) {
    last_words_ = std::string(Message(started));
    next_start_ = clock_.Monotonic() + Backoff(kBackoff, ++failures_, random_);
  }
  return started;
}

Status EtcdServer::Start(const MemberOrder& order, std::vector<std::string> arguments,
                         bool closed) {
  closed_ = closed;
  arguments_ = WithoutInitial(arguments);
  url_ = closed ? ClosedUrl(order) : ClientUrl(order);
  answered_ = false;
  RETURN_IF_ERROR(Connect());
  process::ProcessOptions options;
  options.arguments = std::move(arguments);
  options.environment = Environment();
  options.working_directory = files_.dir;
  options.stdout_path = files_.etcd_log();
  options.stderr_path = files_.etcd_log();
  options.lock_path = files_.etcd_lock();
  ASSIGN_OR_RETURN(process_, process::Process::Start(options));
  started_ = last_answer_ = next_question_ = clock_.Monotonic();
  Log(LogLevel::kInfo, "etcd runs as process {}, {}", process_->pid(),
      closed ? "closed to all but Tresor" : "open to its clients");
  return OkStatus();
}

Status EtcdServer::Connect() {
  const runtime::TlsFiles tls = files_.tls();
  etcd::ClientOptions options;
  options.endpoints = {url_};
  options.tls.emplace();
  options.dial_timeout = kAnswerTime;
  for (const auto& [path, pem] : {std::pair(tls.authority_certificate(), &options.tls->ca_pem),
                                  std::pair(tls.tresor(), &options.tls->certificate_pem),
                                  std::pair(tls.tresor(), &options.tls->key_pem)}) {
    ASSIGN_OR_RETURN(const Bytes bytes, io::ReadFile(fs_, path, kMostPemBytes));
    *pem = ToString(bytes);
  }
  ASSIGN_OR_RETURN(client_, etcd::Client::Connect(options));
  connected_ = clock_.Monotonic();
  return OkStatus();
}

void EtcdServer::Stop(std::chrono::seconds grace) {
  client_.reset();  // etcd waits for its clients to hang up
  if (process_ != nullptr) {
    const auto exit = process_->Terminate(Context::Background(), grace);
    Log(LogLevel::kInfo, "etcd is stopped: {}",
        exit.ok() ? ToString(*exit) : std::string(Message(exit.status())));
    process_.reset();
  }
  url_.clear();
  answered_ = false;
  failures_ = 0;
  next_start_ = {};
  last_words_.clear();
  port_taken_ = false;
}

void EtcdServer::NoteExit(const process::ExitStatus& exit) {
  client_.reset();
  process_.reset();
  url_.clear();
  answered_ = false;
  last_words_ = LastWords(ReadTail(fs_, files_.etcd_log()));
  port_taken_ = last_words_.find("address already in use") != std::string::npos;
  ++restarts_;
  if (clock_.Monotonic() - started_ > kStable) {
    failures_ = 0;
  }
  const auto delay = Backoff(kBackoff, ++failures_, random_);
  next_start_ = clock_.Monotonic() + delay;
  last_words_ = fmt::format("etcd ended with {}{}{}", ToString(exit),
                            last_words_.empty() ? "" : ": ", last_words_);
  Log(LogLevel::kWarning, "{}; it is started again in {} ms", last_words_, delay.count());
}

void EtcdServer::Poll(const Context& context) {
  if (process_ == nullptr) {
    return;
  }
  if (const auto exit = process_->Poll()) {
    NoteExit(*exit);
    return;
  }
  const MonotonicTime now = clock_.Monotonic();
  if (now < next_question_ || client_ == nullptr) {
    return;
  }
  const Status answer = client_->StatusOf(context.WithTimeout(kAnswerTime), url_).status();
  next_question_ = clock_.Monotonic() + (answered_ ? kQuestions : kFirstQuestions);
  if (answer.ok()) {
    answered_ = true;
    port_taken_ = false;
    last_words_.clear();
    last_answer_ = clock_.Monotonic();
  } else if (now - connected_ > kNewConnection) {
    (void)Connect();  // our certificate may have been renewed; the next question shows
  }
}

std::string EtcdServer::trouble() const {
  if (process_ == nullptr) {
    return last_words_;
  }
  const auto silence = clock_.Monotonic() - last_answer_;
  if (silence < kSilenceToTell) {
    return answered_ ? std::string() : last_words_;
  }
  // Coarsely: whoever writes it down does so with every change.
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(silence).count();
  return minutes == 0 ? std::string("etcd has not answered for some seconds")
                      : fmt::format("etcd has not answered for {} min", minutes);
}

}  // namespace tresor::launcher
