// SPDX-License-Identifier: Apache-2.0
// gmock matchers for Status and Result<T>. Tests only.
//   EXPECT_THAT(Open(), IsOk());   EXPECT_THAT(Open(), StatusIs(Code::kDataLoss,
//   HasSubstr("magic"))); EXPECT_THAT(Count(), IsOkAndHolds(7));   ASSERT_OK_AND_ASSIGN(auto page,
//   Read(3));
#pragma once

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"

namespace tresor::testing {

inline const Status& GetStatus(const Status& status) { return status; }
template <typename T>
const Status& GetStatus(const Result<T>& result) {
  return result.status();
}

MATCHER(IsOk, "is OK") {
  const Status& status = GetStatus(arg);
  if (!status.ok()) {
    *result_listener << "is " << CodeName(status.code()) << ": " << Message(status);
  }
  return status.ok();
}

MATCHER_P(StatusIs, code, std::string("is ") + std::string(CodeName(code))) {
  const Status& status = GetStatus(arg);
  *result_listener << "is " << CodeName(status.code()) << ": " << Message(status);
  return status.code() == code;
}

MATCHER_P2(StatusIs, code, text,
           std::string("is ") + std::string(CodeName(code)) + " with a matching text") {
  const Status& status = GetStatus(arg);
  *result_listener << "is " << CodeName(status.code()) << ": " << Message(status);
  return status.code() == code &&
         ::testing::Value(std::string(Message(status)), ::testing::MatcherCast<std::string>(text));
}

MATCHER_P(IsOkAndHolds, value, "is OK and holds the value") {
  if (!arg.ok()) {
    *result_listener << "is " << CodeName(arg.status().code()) << ": " << Message(arg.status());
    return false;
  }
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

}  // namespace tresor::testing

#define ASSERT_OK_AND_ASSIGN(lhs, expr) \
  ASSERT_OK_AND_ASSIGN_IMPL(TRESOR_CONCAT(result_, __LINE__), lhs, expr)
#define ASSERT_OK_AND_ASSIGN_IMPL(result, lhs, expr)              \
  auto result = (expr);                                           \
  ASSERT_TRUE(result.ok()) << ::tresor::Message(result.status()); \
  lhs = *std::move(result)
#define ASSERT_OK(expr) ASSERT_THAT((expr), ::tresor::testing::IsOk())
#define EXPECT_OK(expr) EXPECT_THAT((expr), ::tresor::testing::IsOk())
