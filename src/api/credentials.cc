// SPDX-License-Identifier: Apache-2.0
#include "api/credentials.h"

#include <array>
#include <utility>

#include "base/hex.h"
#include "objects/object.h"
#include "objects/yaml.h"

namespace tresor::api {
namespace {

using objects::Json;

constexpr std::size_t kMinPasswordBytes = 8;
// More than this makes Argon2 no safer, and hashing it costs us.
constexpr std::size_t kMaxPasswordBytes = 1024;
constexpr std::size_t kMaxSessions = 10'000;
// Password checks at once: each takes 64 MiB.
constexpr int kMaxChecks = 2;

std::string HashOf(std::string_view secret) { return ToHex(crypto::Sha256::Of(AsBytes(secret))); }

Status WrongPassword() { return Error(Code::kUnauthenticated, "wrong user name or password"); }

Json UserToJson(const User& user) { return {{"name", user.name}, {"groups", user.groups}}; }

// Empty when a member is missing or of another type: the caller's check of the result finds out.
std::string Text(const Json& json, const char* name) {
  const auto member = json.find(name);
  return member != json.end() && member->is_string() ? member->get<std::string>() : std::string();
}

Result<User> UserFromJson(const Json& json) {
  User user{.name = Text(json, "name"), .groups = {}};
  const auto groups = json.find("groups");
  if (user.name.empty() || groups == json.end() || !groups->is_array()) {
    return Error(Code::kDataLoss, "an account without name or groups");
  }
  for (const Json& group : *groups) {
    if (!group.is_string()) {
      return Error(Code::kDataLoss, "a group that is no text");
    }
    user.groups.push_back(group.get<std::string>());
  }
  return user;
}

const Json& ArrayOf(const Json& json, const char* name) {
  static const Json kNone = Json::array();
  const auto member = json.find(name);
  return member != json.end() && member->is_array() ? *member : kNone;
}

std::uint32_t Number(const Json& json, const char* name) {
  const auto member = json.find(name);
  return member != json.end() && member->is_number_unsigned() &&
                 member->get<std::uint64_t>() <= (1U << 30)
             ? member->get<std::uint32_t>()
             : 0;
}

}  // namespace

std::string RandomSecret(Random& random) {
  std::array<std::byte, 32> bytes;
  random.Fill(bytes);
  return ToHex(bytes);
}

bool SameSecret(std::string_view a, std::string_view b) {
  // Of equal length, and nothing about where the secrets differ can be learnt from hashes.
  return crypto::Sha256::Of(AsBytes(a)) == crypto::Sha256::Of(AsBytes(b));
}

Result<std::unique_ptr<Credentials>> Credentials::Open(io::FileSystem& fs, Random& random,
                                                       const Clock& clock, std::string path,
                                                       const crypto::Argon2Parameters& argon2) {
  std::unique_ptr<Credentials> credentials(
      new Credentials(fs, random, clock, std::move(path), argon2));
  const auto bytes = io::ReadFile(fs, credentials->path_, std::uint64_t{16} << 20);
  if (bytes.status().code() == Code::kNotFound) {
    return credentials;
  }
  RETURN_IF_ERROR(bytes.status());
  auto state = Decode(AsText(*bytes));
  if (!state.ok()) {
    return Annotate(state.status(), credentials->path_);
  }
  *credentials->state_.Lock() = *std::move(state);
  return credentials;
}

Result<Credentials::State> Credentials::Decode(std::string_view text) {
  const auto json = objects::ParseJson(text, {.bytes = std::size_t{16} << 20});
  if (!json.ok() || !json->is_object()) {
    return Error(Code::kDataLoss, "not a JSON object");
  }
  if (Number(*json, "version") != 1) {
    return Error(Code::kDataLoss, "not of version 1, the only one that this Tresor knows");
  }
  State state;
  for (const Json& item : ArrayOf(*json, "accounts")) {
    const Json* password = item.contains("password") ? &item["password"] : nullptr;
    if (password == nullptr || !password->is_object()) {
      return Error(Code::kDataLoss, "an account without a password");
    }
    ASSIGN_OR_RETURN(User user, UserFromJson(item));
    const auto salt = FromHex(Text(*password, "salt"));
    const auto hash = FromHex(Text(*password, "argon2id"));
    const crypto::Argon2Parameters argon2{.passes = Number(*password, "passes"),
                                          .memory_kib = Number(*password, "memoryKiB")};
    if (!salt.ok() || !hash.ok() || salt->size() != 16 || hash->size() != 32 || argon2.passes < 1 ||
        argon2.memory_kib < 8) {
      return Error(Code::kDataLoss, "account '{}': bad password hash", user.name);
    }
    const std::string name = user.name;
    state.accounts[name] =
        Account{std::move(user), Password{.salt = *salt, .argon2 = argon2, .hash = *hash}};
  }
  for (const Json& item : ArrayOf(*json, "tokens")) {
    const std::string hash = Text(item, "sha256");
    if (const auto bytes = FromHex(hash); !bytes.ok() || bytes->size() != 32) {
      return Error(Code::kDataLoss, "a token without its hash");
    }
    ASSIGN_OR_RETURN(User user, UserFromJson(item));
    state.tokens[hash] = Token{.user = std::move(user),
                               .description = Text(item, "description"),
                               .created = Text(item, "created")};
  }
  return state;
}

std::string Credentials::Encode(const State& state) {
  Json json = {{"version", 1}, {"accounts", Json::array()}, {"tokens", Json::array()}};
  for (const auto& [name, account] : state.accounts) {
    Json item = UserToJson(account.user);
    item["password"] = {{"salt", ToHex(account.password.salt)},
                        {"passes", account.password.argon2.passes},
                        {"memoryKiB", account.password.argon2.memory_kib},
                        {"argon2id", ToHex(account.password.hash)}};
    json["accounts"].push_back(std::move(item));
  }
  for (const auto& [hash, token] : state.tokens) {
    Json item = UserToJson(token.user);
    item["sha256"] = hash;
    item["description"] = token.description;
    item["created"] = token.created;
    json["tokens"].push_back(std::move(item));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Status Credentials::Replace(State& present, State state) {
  RETURN_IF_ERROR(io::WriteFileAtomically(fs_, path_, AsBytes(Encode(state))));
  present = std::move(state);
  return OkStatus();
}

bool Credentials::empty() const {
  const auto state = state_.Lock();
  return state->accounts.empty() && state->tokens.empty();
}

std::optional<User> Credentials::FindToken(std::string_view token) const {
  // By hash: how long the search takes tells nothing about the token.
  const std::string hash = HashOf(token);
  const auto state = state_.Lock();
  const auto found = state->tokens.find(hash);
  return found == state->tokens.end() ? std::nullopt : std::optional(found->second.user);
}

Result<std::string> Credentials::AddToken(const User& user, std::string_view description) {
  std::string secret = "tresor-" + RandomSecret(random_);
  const auto present = state_.Lock();
  State state = *present;
  state.tokens[HashOf(secret)] = Token{
      .user = user, .description = std::string(description), .created = FormatTime(clock_.Now())};
  RETURN_IF_ERROR(Replace(*present, std::move(state)));
  return secret;
}

Status Credentials::SetPassword(const User& user, std::string_view password) {
  if (user.name.empty()) {
    return Error(Code::kInvalidArgument, "an account needs a name");
  }
  if (password.size() < kMinPasswordBytes || password.size() > kMaxPasswordBytes) {
    return Error(Code::kInvalidArgument, "a password has {} to {} bytes", kMinPasswordBytes,
                 kMaxPasswordBytes);
  }
  Bytes salt(16);
  random_.Fill(salt);
  ASSIGN_OR_RETURN(const crypto::SecretKey hash,
                   crypto::DeriveFromPassphrase(password, salt, argon2_));
  const auto present = state_.Lock();
  State state = *present;
  state.accounts[user.name] =
      Account{user, Password{.salt = salt, .argon2 = argon2_, .hash = ToBytes(hash.bytes())}};
  return Replace(*present, std::move(state));
}

Result<User> Credentials::CheckPassword(std::string_view name, std::string_view password) const {
  // An account that nobody has, so that a name that is not there takes as long.
  Account account{User{}, Password{.salt = Bytes(16), .argon2 = argon2_, .hash = Bytes(32)}};
  bool known = false;
  {
    const auto state = state_.Lock();
    if (const auto found = state->accounts.find(name); found != state->accounts.end()) {
      account = found->second;
      known = true;
    }
  }
  if (password.size() > kMaxPasswordBytes) {
    return WrongPassword();
  }
  struct Check {
    explicit Check(std::atomic<int>& running_checks) : running(running_checks), number(++running) {}
    ~Check() { --running; }
    Check(const Check&) = delete;
    Check& operator=(const Check&) = delete;
    std::atomic<int>& running;
    const int number;
  };
  const Check check(checks_);
  if (check.number > kMaxChecks) {
    return Error(Code::kResourceExhausted, "others are logging in right now; try again");
  }
  ASSIGN_OR_RETURN(
      const crypto::SecretKey hash,
      crypto::DeriveFromPassphrase(password, account.password.salt, account.password.argon2));
  if (!SameSecret(AsText(hash.bytes()), AsText(account.password.hash)) || !known) {
    return WrongPassword();
  }
  return account.user;
}

std::pair<std::string, Sessions::Session> Sessions::Begin(const User& user) {
  std::string id = RandomSecret(random_);
  const MonotonicTime now = clock_.Monotonic();
  Session session{.user = user,
                  .csrf_token = RandomSecret(random_),
                  .expires = now + std::chrono::duration_cast<MonotonicTime::duration>(lifetime_)};
  const auto sessions = sessions_.Lock();
  std::erase_if(*sessions, [&](const auto& item) { return item.second.expires <= now; });
  if (sessions->size() >= kMaxSessions) {
    // Whoever can log in ten thousand times loses the oldest by chance; others' logins go on.
    sessions->erase(sessions->begin());
  }
  sessions->insert_or_assign(HashOf(id), session);
  return {std::move(id), std::move(session)};
}

std::optional<Sessions::Session> Sessions::Find(std::string_view id) const {
  const std::string hash = HashOf(id);
  const auto sessions = sessions_.Lock();
  const auto found = sessions->find(hash);
  if (found == sessions->end() || found->second.expires <= clock_.Monotonic()) {
    return std::nullopt;
  }
  return found->second;
}

void Sessions::End(std::string_view id) { sessions_.Lock()->erase(HashOf(id)); }

}  // namespace tresor::api
