// SPDX-License-Identifier: Apache-2.0
// Who somebody is: accounts with passwords, bearer tokens, and the sessions of the web page.
//
// The file, credentials.json (0600), holds nothing that opens a door by itself: of passwords their
// Argon2id, of tokens their SHA-256 (a token is 256 random bits, so a slow hash would add nothing).
// Sessions live in memory: a restart logs people out.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/authorizer.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/random.h"
#include "base/status.h"
#include "crypto/crypto.h"
#include "io/file_system.h"

namespace tresor::api {

/// 256 random bits, as text for URLs and headers.
[[nodiscard]] std::string RandomSecret(Random& random);

/// Threads: all methods, from any thread.
class Credentials {
 public:
  /// A file that is not there is one without accounts. kDataLoss: it is damaged (names the file).
  [[nodiscard]] static Result<std::unique_ptr<Credentials>> Open(
      io::FileSystem& fs, Random& random, const Clock& clock, std::string path,
      const crypto::Argon2Parameters& argon2 = {});

  [[nodiscard]] bool empty() const;

  /// None: nobody's.
  [[nodiscard]] std::optional<User> FindToken(std::string_view token) const;
  /// Makes a token; durable on return. It is told once, here.
  [[nodiscard]] Result<std::string> AddToken(const User& user, std::string_view description);

  /// Makes or changes an account; durable on return. kInvalidArgument: an empty name, or a password
  /// of fewer than 8 bytes.
  [[nodiscard]] Status SetPassword(const User& user, std::string_view password);
  /// Takes some 60 ms and 64 MiB; whether the account is there or not. kUnauthenticated: wrong
  /// password or no such account. kResourceExhausted: others are being checked, come again.
  [[nodiscard]] Result<User> CheckPassword(std::string_view name, std::string_view password) const;

 private:
  struct Password {
    Bytes salt;
    crypto::Argon2Parameters argon2;
    Bytes hash;
  };
  struct Account {
    User user;
    Password password;
  };
  struct Token {
    User user;
    std::string description;
    std::string created;
  };
  struct State {
    std::map<std::string, Account, std::less<>> accounts;  // by name
    std::map<std::string, Token, std::less<>> tokens;      // by SHA-256 in hex
  };

  Credentials(io::FileSystem& fs, Random& random, const Clock& clock, std::string path,
              const crypto::Argon2Parameters& argon2)
      : fs_(fs), random_(random), clock_(clock), path_(std::move(path)), argon2_(argon2) {}
  [[nodiscard]] static Result<State> Decode(std::string_view text);
  [[nodiscard]] static std::string Encode(const State& state);
  /// Writes `state`, then makes it the present one.
  [[nodiscard]] Status Replace(State& present, State state);

  io::FileSystem& fs_;
  Random& random_;
  const Clock& clock_;
  const std::string path_;
  const crypto::Argon2Parameters argon2_;
  mutable Guarded<State> state_;
  mutable std::atomic<int> checks_{0};
};

/// Threads: all methods, from any thread.
class Sessions {
 public:
  struct Session {
    User user;
    std::string csrf_token;  // must come along with every write
    MonotonicTime expires;
  };

  Sessions(Random& random, const Clock& clock, std::chrono::nanoseconds lifetime)
      : random_(random), clock_(clock), lifetime_(lifetime) {}

  /// Returns the session's id, for the cookie, and the session.
  [[nodiscard]] std::pair<std::string, Session> Begin(const User& user);
  /// None: there is no such session, or not any more.
  [[nodiscard]] std::optional<Session> Find(std::string_view id) const;
  void End(std::string_view id);

 private:
  Random& random_;
  const Clock& clock_;
  const std::chrono::nanoseconds lifetime_;
  mutable Guarded<std::map<std::string, Session, std::less<>>> sessions_;  // by SHA-256 of the id
};

/// Whether two secrets are the same, in a time that does not tell how much of them is.
[[nodiscard]] bool SameSecret(std::string_view a, std::string_view b);

}  // namespace tresor::api
