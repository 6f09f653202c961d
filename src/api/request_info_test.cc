// SPDX-License-Identifier: Apache-2.0
#include "api/request_info.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace tresor::api {
namespace {

RequestInfo Parse(const char* method, const char* target) {
  net::Request request{.method = method};
  auto parsed = net::Target::Parse(target);
  EXPECT_OK(parsed);
  request.target = *std::move(parsed);
  return RequestInfo::Of(request);
}

std::string Text(const RequestInfo& info) {
  return info.is_resource
             ? info.verb + " " + info.group + "|" + info.version + "|" + info.name_space + "|" +
                   info.resource + "|" + info.name + "|" + info.subresource
             : "path " + info.verb;
}

TEST(RequestInfoTest, ReadsPathsAsKubernetesDoes) {
  struct {
    const char* method;
    const char* target;
    const char* expected;
  } const cases[] = {
      {"GET", "/api/v1/namespaces", "list |v1||namespaces||"},
      {"GET", "/api/v1/namespaces/demo", "get |v1||namespaces|demo|"},
      {"PUT", "/api/v1/namespaces/demo/status", "update |v1||namespaces|demo|status"},
      {"PUT", "/api/v1/namespaces/demo/finalize", "update |v1||namespaces|demo|finalize"},
      {"POST", "/api/v1/namespaces/demo/secrets", "create |v1|demo|secrets||"},
      {"GET", "/api/v1/secrets?limit=1", "list |v1||secrets||"},
      {"GET", "/apis/tresor.dev/v1/namespaces/demo/etcdclusters/prod",
       "get tresor.dev|v1|demo|etcdclusters|prod|"},
      {"PATCH", "/apis/tresor.dev/v1/namespaces/demo/etcdclusters/prod/status",
       "patch tresor.dev|v1|demo|etcdclusters|prod|status"},
      {"DELETE", "/apis/tresor.dev/v1/namespaces/demo/etcdclusters",
       "deletecollection tresor.dev|v1|demo|etcdclusters||"},
      {"DELETE", "/apis/tresor.dev/v1/namespaces/demo/etcdclusters/a",
       "delete tresor.dev|v1|demo|etcdclusters|a|"},
      {"GET", "/apis/tresor.dev/v1/etcdclusters?watch=1", "watch tresor.dev|v1||etcdclusters||"},
      {"GET", "/apis/tresor.dev/v1/etcdclusters?watch=false", "list tresor.dev|v1||etcdclusters||"},
      {"GET", "/apis/tresor.dev/v1/backupdestinations/x",
       "get tresor.dev|v1||backupdestinations|x|"},
      {"GET", "/apis/tresor.dev/v1", "path get"},
      {"GET", "/api", "path get"},
      {"GET", "/", "path get"},
      {"GET", "/apis/tresor.dev/v1/namespaces/demo/etcdclusters/prod/status/more", "path get"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Text(Parse(c.method, c.target)), c.expected) << c.method << " " << c.target;
  }
}

}  // namespace
}  // namespace tresor::api
