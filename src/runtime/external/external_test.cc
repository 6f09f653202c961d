// SPDX-License-Identifier: Apache-2.0
#include "runtime/external/external.h"

#include "base/status_matchers.h"

namespace tresor::runtime {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

ClusterSpec Spec() {
  ClusterSpec spec;
  spec.id = {.project = "p", .name = "c", .uid = "u"};
  spec.external = etcd::ClientOptions{.endpoints = {"http://127.0.0.1:1"}};
  return spec;
}

TEST(ExternalRuntimeTest, RestoreIsRefusedAndSaysWhatToDo) {
  const auto runtime = MakeExternalRuntime();
  ClusterSpec spec = Spec();
  spec.restore = RestoreOrder{.id = "r"};
  EXPECT_THAT(runtime->Apply(Context::Background(), spec),
              StatusIs(Code::kFailedPrecondition, HasSubstr("tresor snapshot restore")));
}

TEST(ExternalRuntimeTest, IsKnownFromApplyToRemove) {
  const auto runtime = MakeExternalRuntime();
  const ClusterSpec spec = Spec();
  EXPECT_THAT(runtime->Access(spec.id), StatusIs(Code::kNotFound));
  EXPECT_THAT(runtime->Observe(Context::Background(), spec.id), StatusIs(Code::kNotFound));
  ASSERT_OK(runtime->Apply(Context::Background(), spec));
  ASSERT_OK_AND_ASSIGN(const etcd::ClientOptions access, runtime->Access(spec.id));
  EXPECT_EQ(access.endpoints, spec.external->endpoints);
  ASSERT_OK(runtime->Remove(Context::Background(), spec.id));
  EXPECT_THAT(runtime->Access(spec.id), StatusIs(Code::kNotFound));
}

TEST(ExternalRuntimeTest, SpecWithoutGoodEndpointsIsRefused) {
  const auto runtime = MakeExternalRuntime();
  ClusterSpec spec = Spec();
  spec.external.reset();
  EXPECT_THAT(runtime->Apply(Context::Background(), spec), StatusIs(Code::kInvalidArgument));
  spec = Spec();
  spec.external->endpoints = {"ftp://x:1"};
  EXPECT_THAT(runtime->Apply(Context::Background(), spec), StatusIs(Code::kInvalidArgument));
}

TEST(ExternalRuntimeTest, WhenNobodyAnswersTheEndpointsAreShownWithTheReason) {
  const auto runtime = MakeExternalRuntime();
  const ClusterSpec spec = Spec();  // nothing listens on port 1
  ASSERT_OK(runtime->Apply(Context::Background(), spec));
  ASSERT_OK_AND_ASSIGN(
      const ClusterObservation seen,
      runtime->Observe(Context::Background().WithTimeout(std::chrono::seconds(10)), spec.id));
  ASSERT_EQ(seen.members.size(), 1U);
  EXPECT_FALSE(seen.members[0].answered);
  EXPECT_FALSE(seen.has_quorum);
  EXPECT_THAT(seen.members[0].message, HasSubstr("127.0.0.1:1"));
}

}  // namespace
}  // namespace tresor::runtime
