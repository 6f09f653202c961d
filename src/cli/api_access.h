// SPDX-License-Identifier: Apache-2.0
// How commands reach tresor serve: the kubeconfig says where and as whom.
#pragma once

#include <functional>
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
  /// A JSON merge patch.
  [[nodiscard]] Result<objects::Json> Patch(const Context& context, const std::string& target,
                                            const objects::Json& patch);
  /// The object as it is while it is being deleted, or a Status when it is gone.
  [[nodiscard]] Result<objects::Json> Delete(const Context& context, const std::string& target);

  /// Whether that was enough.
  using Look = std::function<Result<bool>(const objects::Object&)>;
  /// Shows `look` the object as it is now, and then after each change, until it has seen enough.
  /// Goes on when the server was away in between. kNotFound: there is no such object (any more);
  /// else as Get, and what `look` returns.
  [[nodiscard]] Status Follow(const Context& context, const std::string& collection,
                              const std::string& name, const Look& look);

 private:
  ApiClient(Invocation& invocation, std::unique_ptr<net::HttpClient> http, ApiAddress address)
      : invocation_(invocation), http_(std::move(http)), address_(std::move(address)) {}
  [[nodiscard]] Result<objects::Json> Call(const Context& context, net::ClientRequest request);
  /// What the server meant by it.
  [[nodiscard]] Result<objects::Json> Judge(const Result<net::ClientResponse>& answer);
  /// One GET and one watch. False: the watch ended, and the object is to be read again.
  [[nodiscard]] Result<bool> FollowOnce(const Context& context, const std::string& collection,
                                        const std::string& name, const Look& look, bool& reached);

  Invocation& invocation_;
  const std::unique_ptr<net::HttpClient> http_;
  const ApiAddress address_;
};

}  // namespace tresor::cli
