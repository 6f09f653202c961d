// SPDX-License-Identifier: Apache-2.0
// tresor man
#include "cli/commands.h"
#include "cli/invocation.h"
#include "cli/man.h"
#include "io/file_system.h"

namespace tresor::cli {
namespace {

Status RunMan(Invocation& invocation) {
  const std::vector<std::string>& positionals = invocation.arguments().positionals();
  const std::string& version = invocation.host().build.version;
  if (positionals.empty()) {
    invocation.out() << MakeManPage(CommandPath{{&invocation.root()}}, version).text;
    return OkStatus();
  }
  io::FileSystem& file_system = invocation.host().file_system;
  const std::string& dir = positionals[0];
  RETURN_IF_ERROR(Annotate(io::CreateDirs(file_system, dir, 0755), "writing manual pages"));
  for (const ManPage& page : MakeManPages(invocation.root(), version)) {
    RETURN_IF_ERROR(Annotate(io::WriteFileAtomically(file_system, io::JoinPath(dir, page.file_name),
                                                     AsBytes(page.text), 0644),
                             "writing manual pages"));
  }
  return OkStatus();
}

}  // namespace

Command ManCommand() {
  return {
      .name = "man",
      .summary = "write the manual pages",
      .description =
          "Writes tresor.1 and a page for every command into a folder; without one, tresor.1 to "
          "standard "
          "output.",
      .positionals = {{.name = "DIR",
                       .help = "folder for the pages",
                       .required = false,
                       .kind = ValueKind::kDirectory}},
      .examples = {{"read the first page", "tresor man | man -l -"},
                   {"install all", "tresor man /usr/local/share/man/man1"}},
      .run = RunMan,
  };
}

}  // namespace tresor::cli
