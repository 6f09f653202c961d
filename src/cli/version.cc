// SPDX-License-Identifier: Apache-2.0
// tresor version
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

/// repo/FORMAT.md
constexpr int kRepositoryFormat = 1;
constexpr std::string_view kEtcdLines[] = {"3.4", "3.5", "3.6", "3.7"};

Status RunVersion(Invocation& invocation) {
  const BuildInfo& build = invocation.host().build;
  if (invocation.json()) {
    invocation.PrintJson({{"version", build.version},
                          {"commit", build.commit},
                          {"repositoryFormat", kRepositoryFormat},
                          {"etcdLines", kEtcdLines}});
    return OkStatus();
  }
  std::string lines;
  for (const std::string_view line : kEtcdLines) {
    lines += (lines.empty() ? "" : ", ") + std::string(line);
  }
  Sheet sheet;
  sheet.Add("tresor", build.version);
  sheet.Add("commit", build.commit);
  sheet.Add("repository format", fmt::format("{}", kRepositoryFormat));
  sheet.Add("etcd", lines);
  sheet.Print(invocation.out());
  return OkStatus();
}

}  // namespace

Command VersionCommand() {
  return {
      .name = "version",
      .summary = "show the version, the repository format and the lines of etcd that are supported",
      .examples = {{"for a script", "tresor version -o json | jq -r .version"}},
      .run = RunVersion,
  };
}

}  // namespace tresor::cli
