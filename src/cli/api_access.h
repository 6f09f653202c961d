// SPDX-License-Identifier: Apache-2.0
// How commands reach tresor serve: the kubeconfig says where and as whom.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/context.h"
#include "base/status.h"
#include "cli/command.h"
#include "cli/invocation.h"
#include "net/http_client.h"
#include "objects/object.h"

namespace tresor::cli {

/// --kubeconfig and --project.
[[nodiscard]] std::vector<Flag> ApiFlags();

/// What a kubeconfig's current context says.
struct ApiAddress {
  std::string url;
  std::string authority_pem;
  std::string token;
  std::string project;  // of the context; empty: none
};
/// kInvalidArgument: not a kubeconfig, or one that logs in by other means than a token.
[[nodiscard]] Result<ApiAddress> ReadKubeconfig(std::string_view text);

/// Threads: one.
class ApiClient {
 public:
  /// By the command's flags. Gives the invocation, which outlives it, a hint when the server can't
  /// be reached.
  [[nodiscard]] static Result<std::unique_ptr<ApiClient>> Open(Invocation& invocation);

  [[nodiscard]] const std::string& project() const { return address_.project; }
  /// "/apis/tresor.dev/v1/namespaces/demo/etcdbackups", with "/name" unless that is empty.
  [[nodiscard]] std::string PathOf(std::string_view plural, std::string_view name = {}) const;

  /// Errors as the server's, by its HTTP code: kNotFound, kAlreadyExists, kFailedPrecondition (409
  /// with a reason of its own), kInvalidArgument, kPermissionDenied, kUnauthenticated …
  [[nodiscard]] Result<objects::Json> Get(const Context& context, const std::string& target,
                                          const std::string& accept = "application/json");
  [[nodiscard]] Result<objects::Json> Post(const Context& context, const std::string& target,
                                           const objects::Json& object);

 private:
  ApiClient(Invocation& invocation, std::unique_ptr<net::HttpClient> http, ApiAddress address)
      : invocation_(invocation), http_(std::move(http)), address_(std::move(address)) {}
  [[nodiscard]] Result<objects::Json> Call(const Context& context, net::ClientRequest request);

  Invocation& invocation_;
  const std::unique_ptr<net::HttpClient> http_;
  const ApiAddress address_;
};

}  // namespace tresor::cli
