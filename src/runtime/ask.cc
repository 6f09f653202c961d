// SPDX-License-Identifier: Apache-2.0
#include "runtime/ask.h"

namespace tresor::runtime {

MemberAnswer AskMember(const Context& context, etcd::Client& client) {
  MemberAnswer answer;
  const Result<etcd::MemberStatus> status = client.StatusOf(context, client.endpoints().front());
  if (!status.ok()) {
    answer.error = std::string(Message(status.status()));
    return answer;
  }
  answer.answered = true;
  answer.status = *status;
  // As etcdctl endpoint health does; who may not read it was let in all the same, by the leader.
  const Status read = client.Range(context, {.key = "health", .limit = 1}).status();
  answer.healthy = read.ok() || read.code() == Code::kPermissionDenied;
  if (!answer.healthy) {
    answer.error = std::string(Message(read));
  }
  return answer;
}

}  // namespace tresor::runtime
