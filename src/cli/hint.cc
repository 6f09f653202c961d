// SPDX-License-Identifier: Apache-2.0
#include "cli/hint.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <string_view>

namespace tresor::cli {
namespace {

bool Mentions(const Status& status, std::initializer_list<std::string_view> words) {
  std::string text(Message(status));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

}  // namespace

std::string GeneralHint(Code code) {
  switch (code) {
    case Code::kAborted:
      return "somebody else wrote at the same time; run the command again";
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      return "this may pass: run the command again";
    case Code::kResourceExhausted:
      return "free some space, or raise the quota; nothing that was complete before is harmed";
    case Code::kDataLoss:
      return "keep the damaged object as it is; `tresor repo check --read-data` names everything "
             "that is harmed";
    case Code::kUnimplemented:
      return "a newer version of tresor is probably needed";
    case Code::kInternal:
      return "this is a bug in tresor; please report it with this message";
    default:
      return "";
  }
}

std::string RepositoryHint(const Status& status, const std::string& dir) {
  switch (status.code()) {
    case Code::kNotFound:
      return "is --repo right? A new repository is made with `tresor repo init --repo " + dir + "`";
    case Code::kUnauthenticated:
      return "the passphrase or key file is not one of this repository's; a newline at the end of "
             "a file does not count";
    case Code::kPermissionDenied:
      return "the user that runs tresor needs to read " + dir +
             ", and to write there for save, forget and prune";
    case Code::kAlreadyExists:
      return "the repository is there and is unchanged; `tresor repo list` shows what is in it";
    case Code::kAborted:
      return "wait for the other writer, or give --lock-wait 10m; the lock of a writer that died "
             "runs out by itself in "
             "two minutes";
    case Code::kDataLoss:
      return "`tresor repo check --read-data --repo " + dir +
             "` names every damaged object and the backups it harms";
    case Code::kUnimplemented:
      return "the repository was made by a newer tresor: use that version";
    default:
      return GeneralHint(status.code());
  }
}

std::string EtcdHint(const Status& status, const EtcdHintInput& input) {
  if (Mentions(status,
               {"wrong version number", "wrong_version_number", "http_request", "http request"})) {
    return "the endpoint speaks plain HTTP: use http:// in --endpoints";
  }
  if (Mentions(status, {"certificate required", "bad certificate", "bad_certificate",
                        "certificate_required"})) {
    return input.client_certificate
               ? "etcd does not accept this client certificate: is it signed by etcd's CA?"
               : "etcd asks for a client certificate: give --cert and --key";
  }
  if (Mentions(status, {"certificate verify failed", "certificate_verify_failed", "self signed",
                        "self-signed", "unable to get local issuer", "hostname verification",
                        "peer name"})) {
    return "etcd's certificate is not trusted: give its CA with --cacert, and an endpoint that the "
           "certificate names";
  }
  if (Mentions(status, {"user name is empty", "user name not found", "authentication failed",
                        "invalid auth token", "invalid user id or password"}) ||
      status.code() == Code::kUnauthenticated) {
    return input.user ? "is the password right?"
                      : "etcd asks for a user: give --user and --password-file";
  }
  if (Mentions(status, {"permission denied"}) || status.code() == Code::kPermissionDenied) {
    return "a snapshot needs a user with the role root";
  }
  if (Mentions(status, {"connection refused"})) {
    return "nothing listens there: is etcd running, and is this its client port (2379, not 2380)?";
  }
  // gRPC's words when the server hangs up right after the handshake: what etcd does when it does
  // not take the client's certificate, or misses one.
  if (input.tls && Mentions(status, {"endpoint read failed"})) {
    return input.client_certificate
               ? "etcd hangs up: it may not accept this client certificate; is it signed by etcd's "
                 "CA?"
               : "etcd hangs up: it may ask for a client certificate; give --cert and --key";
  }
  if (Mentions(status, {"connection reset", "socket closed", "connection closed", "broken pipe",
                        "endpoint read failed", "goaway", "eof"})) {
    return input.tls ? "the endpoint may not speak TLS: try http:// in --endpoints"
                     : "the endpoint may want TLS: use https:// in --endpoints, and --cacert";
  }
  if (Mentions(status,
               {"name resolution", "dns", "no such host", "domain name", "name is not known"})) {
    return "the host's name is not known here: is --endpoints right?";
  }
  if (status.code() == Code::kDeadlineExceeded) {
    return "no answer in time: is the member overloaded or behind a firewall? --dial-timeout and "
           "--command-timeout wait "
           "longer";
  }
  return GeneralHint(status.code());
}

std::string TargetHint(const Status& status) {
  switch (status.code()) {
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
      return "nothing is ever overwritten: choose a target that is not there yet or is empty, or "
             "move the old one away";
    case Code::kPermissionDenied:
      return "the user that runs tresor needs to write there";
    case Code::kResourceExhausted:
      return "a restore needs as much room as the database, for each member";
    default:
      return GeneralHint(status.code());
  }
}

}  // namespace tresor::cli
