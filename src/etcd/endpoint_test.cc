// SPDX-License-Identifier: Apache-2.0
#include "etcd/endpoint.h"

#include "base/status_matchers.h"

namespace tresor::etcd {
namespace {

using ::testing::HasSubstr;
using testing::IsOkAndHolds;
using testing::StatusIs;

TEST(EndpointTest, TakesHostAndPort) {
  EXPECT_THAT(ParseEndpoint("etcd-0.local:2379", false),
              IsOkAndHolds(Endpoint{"etcd-0.local", "etcd-0.local:2379", false}));
}

TEST(EndpointTest, SchemeDecidesAboutTls) {
  EXPECT_THAT(ParseEndpoint("https://10.0.0.1:2379/", false),
              IsOkAndHolds(Endpoint{"10.0.0.1", "10.0.0.1:2379", true}));
  EXPECT_THAT(ParseEndpoint("http://10.0.0.1:2379", true),
              IsOkAndHolds(Endpoint{"10.0.0.1", "10.0.0.1:2379", false}));
  EXPECT_THAT(ParseEndpoint("10.0.0.1:2379", true),
              IsOkAndHolds(Endpoint{"10.0.0.1", "10.0.0.1:2379", true}));
}

TEST(EndpointTest, Ipv6NeedsBrackets) {
  EXPECT_THAT(ParseEndpoint("http://[::1]:2379", false),
              IsOkAndHolds(Endpoint{"::1", "[::1]:2379", false}));
  EXPECT_THAT(ParseEndpoint("::1:2379", false),
              StatusIs(Code::kInvalidArgument, HasSubstr("brackets")));
}

TEST(EndpointTest, RefusesWhatIsNoEndpoint) {
  for (const char* text :
       {"", "host", "host:", ":2379", "host:0", "host:65536", "host:http", "unix://socket:1",
        "http://host:2379/path", "user@host:2379", "a:1,b:2", "http://[]:2379", "host :2379"}) {
    EXPECT_THAT(ParseEndpoint(text, false), StatusIs(Code::kInvalidArgument, HasSubstr(text)))
        << text;
  }
}

}  // namespace
}  // namespace tresor::etcd
