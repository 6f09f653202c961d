// SPDX-License-Identifier: Apache-2.0
#include "cli/object_verbs.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cli/text.h"
#include "net/url.h"
#include "objects/yaml.h"

namespace tresor::cli {
namespace {

using objects::Object;

constexpr std::string_view kAsTable =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// Where the kind's objects are: those of the project that was asked for.
std::string CollectionOf(const ApiClient& client, const ObjectVerbs& verbs) {
  return verbs.in_project ? client.PathOf(verbs.plural) : "/api/v1/" + verbs.plural;
}
std::string TargetOf(const ApiClient& client, const ObjectVerbs& verbs, const std::string& name) {
  return CollectionOf(client, verbs) + "/" + net::PercentEncode(name);
}

std::string CellText(const objects::Json& cell) {
  if (cell.is_string()) {
    return Escape(AsBytes(cell.get_ref<const std::string&>()));
  }
  return cell.is_null() ? std::string() : cell.dump();
}

/// The columns that the server has for people, those for a wide terminal left out.
void PrintTable(const objects::Json& json, bool with_project, std::ostream& out) {
  const Object table{json};
  const objects::Json* definitions = table.Find("columnDefinitions");
  const objects::Json* rows = table.Find("rows");
  if (definitions == nullptr || rows == nullptr) {
    return;
  }
  std::vector<Table::Column> columns;
  if (with_project) {
    columns.push_back({.title = "PROJECT"});
  }
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < definitions->size(); ++i) {
    if (definitions->at(i).value("priority", 0) == 0) {
      std::string title = definitions->at(i).value("name", "");
      std::ranges::transform(title, title.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      });
      columns.push_back({.title = std::move(title)});
      shown.push_back(i);
    }
  }
  Table text(std::move(columns));
  for (const objects::Json& row : *rows) {
    const objects::Json cells = row.value("cells", objects::Json::array());
    std::vector<std::string> texts;
    if (with_project) {
      texts.push_back(Object{row}.Text("object.metadata.namespace"));
    }
    for (const std::size_t i : shown) {
      texts.push_back(i < cells.size() ? CellText(cells.at(i)) : std::string());
    }
    text.Add(std::move(texts));
  }
  text.Print(out);
}

Status List(Invocation& invocation, const ObjectVerbs& verbs) {
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  const bool all = verbs.in_project && invocation.arguments().Switch("all-projects");
  const std::string path =
      all ? "/apis/tresor.dev/v1/" + verbs.plural : CollectionOf(*client, verbs);
  if (invocation.json()) {
    ASSIGN_OR_RETURN(const objects::Json list, client->Get(invocation.context(), path));
    invocation.PrintJson(Json(list));
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const objects::Json table,
                   client->Get(invocation.context(), path, std::string(kAsTable)));
  if (table.value("rows", objects::Json::array()).empty()) {
    invocation.Say(fmt::format("no {}s", verbs.word));
  }
  PrintTable(table, all, invocation.out());
  return OkStatus();
}

/// A list of the status that people read as a table: what is in it, and which members of its
/// elements.
struct ListTable {
  std::string_view field;
  std::vector<std::pair<std::string, std::string>> columns;  // title, member
};
const std::vector<ListTable> kListTables = {
    {"members",
     {{"MEMBER", "name"},
      {"PHASE", "phase"},
      {"HEALTHY", "healthy"},
      {"LEADER", "leader"},
      {"VERSION", "version"},
      {"REVISION", "revision"},
      {"DB SIZE", "dbSize"},
      {"ENDPOINT", "endpoint"},
      {"MESSAGE", "message"}}},
    {"evidence", {{"EVIDENCE", "check"}, {"RESULT", "result"}, {"DETAIL", "detail"}}},
    {"steps",
     {{"STEP", "name"},
      {"STARTED", "startTime"},
      {"COMPLETED", "completionTime"},
      {"MESSAGE", "message"}}},
    {"conditions",
     {{"CONDITION", "type"},
      {"STATUS", "status"},
      {"SINCE", "lastTransitionTime"},
      {"MESSAGE", "message"}}},
};

void PrintList(const Object& object, const ListTable& list, std::ostream& out) {
  const objects::Json* const found = object.Find(fmt::format("status.{}", list.field));
  if (found == nullptr || !found->is_array()) {
    return;
  }
  std::vector<Table::Column> columns;
  for (const auto& [title, member] : list.columns) {
    columns.push_back({.title = title});
  }
  Table table(std::move(columns));
  for (const objects::Json& element : *found) {
    const Object row{element};
    std::vector<std::string> cells;
    for (const auto& [title, member] : list.columns) {
      const objects::Json* const cell = row.Find(member);
      cells.push_back(cell == nullptr ? std::string() : CellText(*cell));
    }
    table.Add(std::move(cells));
  }
  table.Print(out);
}

Status Describe(Invocation& invocation, const ObjectVerbs& verbs) {
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  const std::string& name = invocation.arguments().positionals()[0];
  ASSIGN_OR_RETURN(const objects::Json json,
                   client->Get(invocation.context(), TargetOf(*client, verbs, name)));
  if (invocation.json()) {
    invocation.PrintJson(Json(json));
    return OkStatus();
  }
  const Object object{json};
  Sheet sheet;
  sheet.Add(verbs.word, object.name());
  sheet.Add("project", object.name_space());
  sheet.Add("created", object.Text("metadata.creationTimestamp"));
  sheet.Print(invocation.out());
  for (const char* part : {"spec", "status"}) {
    if (const objects::Json* found = object.Find(part); found != nullptr) {
      objects::Json rest = *found;
      for (const ListTable& list : kListTables) {
        rest.erase(std::string(list.field));
      }
      invocation.out() << EscapeLines(AsBytes(objects::ToYaml({{part, rest}})));
    }
  }
  for (const ListTable& list : kListTables) {
    PrintList(object, list, invocation.out());
  }
  const std::string selector = net::PercentEncode(
      fmt::format("involvedObject.kind={},involvedObject.name={}", verbs.kind, name));
  ASSIGN_OR_RETURN(const objects::Json events,
                   client->Get(invocation.context(),
                               fmt::format("/api/v1/namespaces/{}/events?fieldSelector={}",
                                           net::PercentEncode(client->project()), selector)));
  Table table(
      {{.title = "LAST SEEN"}, {.title = "TYPE"}, {.title = "REASON"}, {.title = "MESSAGE"}});
  for (const objects::Json& item : events.value("items", objects::Json::array())) {
    const Object event{item};
    table.Add({event.Text("lastTimestamp"), event.Text("type"), event.Text("reason"),
               Escape(AsBytes(event.Text("message")))});
  }
  table.Print(invocation.out());
  return OkStatus();
}

std::uint64_t NumberAt(const Object& object, std::string_view path) {
  const objects::Json* found = object.Find(path);
  return found != nullptr && found->is_number_integer() && found->get<std::int64_t>() > 0
             ? found->get<std::uint64_t>()
             : 0;
}

/// Whether its phase is of the object as it is now: what was just changed is not settled yet.
bool IsSettled(const Object& object) {
  const std::uint64_t observed = NumberAt(object, "status.observedGeneration");
  return observed == 0 || observed >= static_cast<std::uint64_t>(object.generation());
}

Context WithFlagTimeout(const Invocation& invocation) {
  return invocation.context().WithTimeout(invocation.arguments().Duration("timeout"));
}

/// Until the good phase. kUnknown: a bad one, with the object's own reason. kDeadlineExceeded.
Result<Object> Wait(Invocation& invocation, ApiClient& client, const ObjectVerbs& verbs,
                    const std::string& name) {
  Object last;
  std::string said;
  const Status followed =
      client.Follow(WithFlagTimeout(invocation), CollectionOf(client, verbs), name,
                    [&](const Object& object) -> Result<bool> {
                      last = object;
                      const std::string phase = object.Text("status.phase");
                      if (phase == verbs.good_phase && IsSettled(object)) {
                        return true;
                      }
                      if (std::ranges::find(verbs.bad_phases, phase) != verbs.bad_phases.end()) {
                        return Error(Code::kUnknown, "{} {} is {}: {}", verbs.word, name, phase,
                                     object.Text("status.message"));
                      }
                      if (phase != said) {
                        invocation.progress().Clear();
                        invocation.Say(fmt::format("{} {}: {}", verbs.word, name, phase));
                        said = phase;
                      }
                      invocation.progress().Update(phase.empty() ? "waiting" : phase,
                                                   NumberAt(object, "status.progress.bytesDone"),
                                                   NumberAt(object, "status.progress.bytesTotal"));
                      return false;
                    });
  invocation.progress().Clear();
  if (followed.code() == Code::kDeadlineExceeded && !last.name().empty()) {
    return Error(Code::kDeadlineExceeded, "{} {} is still {}: {}", verbs.word, name,
                 said.empty() ? "Pending" : said, last.Text("status.message"));
  }
  RETURN_IF_ERROR(followed);
  return last;
}

/// Says how it ended.
Status WaitAndTell(Invocation& invocation, ApiClient& client, const ObjectVerbs& verbs,
                   const std::string& name) {
  const Result<Object> object = Wait(invocation, client, verbs, name);
  if (!object.ok()) {
    if (const Code code = object.status().code();
        code == Code::kUnknown || code == Code::kDeadlineExceeded) {
      invocation.Hint(fmt::format("see tresor {} describe {}", verbs.word, name));
    }
    return object.status();
  }
  if (invocation.json()) {
    invocation.PrintJson(Json(object->json));
  } else {
    invocation.out() << fmt::format("{} {}: {}\n", verbs.word, name, object->Text("status.phase"));
  }
  return OkStatus();
}

/// Says what was done to it, in the answer's own words when JSON was asked for.
void Tell(Invocation& invocation, const ObjectVerbs& verbs, const std::string& name,
          std::string_view done, const objects::Json& answer) {
  if (invocation.json()) {
    invocation.PrintJson(Json(answer));
  } else {
    invocation.out() << fmt::format("{} {} {}\n", verbs.word, name, done);
  }
}

Status Delete(Invocation& invocation, const ObjectVerbs& verbs) {
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  const std::string& name = invocation.arguments().positionals()[0];
  ASSIGN_OR_RETURN(const objects::Json answer,
                   client->Delete(invocation.context(), TargetOf(*client, verbs, name)));
  // Finalizers hold it while Tresor takes away what belongs to it.
  const Object object{answer};
  if (!object.deletion_time().has_value()) {
    Tell(invocation, verbs, name, "deleted", answer);
    return OkStatus();
  }
  if (!invocation.arguments().Switch("wait")) {
    Tell(invocation, verbs, name, "is being deleted", answer);
    return OkStatus();
  }
  const std::string uid = object.uid();
  const Status followed = client->Follow(WithFlagTimeout(invocation), CollectionOf(*client, verbs),
                                         name, [&](const Object& now) -> Result<bool> {
                                           invocation.progress().Update("deleting", 0, 0);
                                           return now.uid() != uid;  // another one of the same name
                                         });
  invocation.progress().Clear();
  if (followed.code() == Code::kDeadlineExceeded) {
    invocation.Hint(fmt::format("see tresor {} describe {}", verbs.word, name));
    return Error(Code::kDeadlineExceeded, "{} {} is still being deleted", verbs.word, name);
  }
  if (!followed.ok() && followed.code() != Code::kNotFound) {
    return followed;
  }
  Tell(invocation, verbs, name, "deleted", answer);
  return OkStatus();
}

Status Set(Invocation& invocation, const ObjectVerbs& verbs, const SpecVerb& set) {
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  const std::string& name = invocation.arguments().positionals()[0];
  ASSIGN_OR_RETURN(const objects::Json answer,
                   client->Patch(invocation.context(), TargetOf(*client, verbs, name),
                                 {{"spec", {{set.field, set.value}}}}));
  if (!set.can_wait) {
    Tell(invocation, verbs, name, set.done, answer);
    return OkStatus();
  }
  if (const std::string phase = Object{answer}.Text("status.phase");
      std::ranges::find(verbs.bad_phases, phase) != verbs.bad_phases.end()) {
    return Error(Code::kFailedPrecondition, "{} {} is {} already", verbs.word, name, phase);
  }
  if (invocation.arguments().Switch("wait")) {
    return WaitAndTell(invocation, *client, verbs, name);
  }
  Tell(invocation, verbs, name, set.done, answer);
  return OkStatus();
}

Flag TimeoutFlag() {
  return {.name = "timeout",
          .kind = ValueKind::kDuration,
          .value_name = "DURATION",
          .help = "wait no longer than this",
          .default_text = "10m"};
}

Flag WaitFlag(std::string help) { return {.name = "wait", .help = std::move(help)}; }

Positional NamePositional(const ObjectVerbs& verbs) {
  return {.name = "NAME", .help = "name of the " + verbs.word};
}

}  // namespace

std::vector<Flag> CreateFlags() {
  std::vector<Flag> flags = ApiFlags();
  flags.push_back(WaitFlag("until it is done, with progress"));
  flags.push_back(TimeoutFlag());
  return flags;
}

Flag NameFlag(const ObjectVerbs& verbs) {
  return {.name = "name",
          .kind = ValueKind::kText,
          .value_name = "NAME",
          .help = fmt::format("of the {}; default: one is made up", verbs.word)};
}

objects::Json MetadataByFlag(const Invocation& invocation, const ApiClient& client,
                             const std::string& prefix) {
  const Arguments& arguments = invocation.arguments();
  objects::Json metadata = {{"namespace", client.project()}};
  if (arguments.Has("name")) {
    metadata["name"] = arguments.Text("name");
  } else {
    metadata["generateName"] = prefix;
  }
  return metadata;
}

Status CreateObject(Invocation& invocation, ApiClient& client, const ObjectVerbs& verbs,
                    const Object& object) {
  ASSIGN_OR_RETURN(objects::Json created,
                   client.Post(invocation.context(), CollectionOf(client, verbs), object.json));
  const std::string name = Object{created}.name();
  if (!verbs.good_phase.empty() && invocation.arguments().Switch("wait")) {
    invocation.Say(fmt::format("{} {} created", verbs.word, name));
    return WaitAndTell(invocation, client, verbs, name);
  }
  Tell(invocation, verbs, name, "created", created);
  return OkStatus();
}

Command ListVerb(const ObjectVerbs& verbs) {
  Command command = {
      .name = "list",
      .summary = fmt::format("list {}s", verbs.word),
      .flags = ApiFlags(),
      .run = [verbs](Invocation& invocation) { return List(invocation, verbs); },
  };
  if (verbs.in_project) {
    command.flags.push_back({.name = "all-projects", .letter = 'A', .help = "of all projects"});
    command.examples = {
        {"of one project", fmt::format("tresor {} list --project demo", verbs.word)},
        {"of all", fmt::format("tresor {} list --all-projects", verbs.word)}};
  } else {
    command.examples = {{"all of them", fmt::format("tresor {} list", verbs.word)}};
  }
  return command;
}

Command DescribeVerb(const ObjectVerbs& verbs) {
  return {
      .name = "describe",
      .summary = fmt::format("show all of a {}, and what happened to it", verbs.word),
      .flags = ApiFlags(),
      .positionals = {NamePositional(verbs)},
      .examples = {{"with its events",
                    fmt::format("tresor {} describe {} -n demo", verbs.word, verbs.example)}},
      .run = [verbs](Invocation& invocation) { return Describe(invocation, verbs); },
  };
}

Command WaitVerb(const ObjectVerbs& verbs) {
  Command command = {
      .name = "wait",
      .summary = fmt::format("wait until a {} is {}, with progress", verbs.word, verbs.good_phase),
      .flags = ApiFlags(),
      .positionals = {NamePositional(verbs)},
      .examples = {{"at most an hour", fmt::format("tresor {} wait {} -n demo --timeout 1h",
                                                   verbs.word, verbs.example)}},
      .run = [verbs](Invocation& invocation) -> Status {
        ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
        return WaitAndTell(invocation, *client, verbs, invocation.arguments().positionals()[0]);
      },
  };
  command.flags.push_back(TimeoutFlag());
  return command;
}

Command DeleteVerb(const ObjectVerbs& verbs) {
  Command command = {
      .name = "delete",
      .summary = fmt::format("delete a {}", verbs.word),
      .description = verbs.deleting,
      .flags = ApiFlags(),
      .positionals = {NamePositional(verbs)},
      .examples = {{"and wait until it is gone",
                    fmt::format("tresor {} delete {}{} --wait", verbs.word, verbs.example,
                                verbs.in_project ? " -n demo" : "")}},
      .run = [verbs](Invocation& invocation) { return Delete(invocation, verbs); },
  };
  command.flags.push_back(WaitFlag("until it is gone"));
  command.flags.push_back(TimeoutFlag());
  return command;
}

Command SetVerb(const ObjectVerbs& verbs, const SpecVerb& set) {
  Command command = {
      .name = set.name,
      .summary = set.summary,
      .flags = ApiFlags(),
      .positionals = {NamePositional(verbs)},
      .examples = {{set.example,
                    fmt::format("tresor {} {} {} -n demo", verbs.word, set.name, verbs.example)}},
      .run = [verbs, set](Invocation& invocation) { return Set(invocation, verbs, set); },
  };
  if (set.can_wait) {
    command.flags.push_back(WaitFlag(fmt::format("until it is {}", verbs.good_phase)));
    command.flags.push_back(TimeoutFlag());
  }
  return command;
}

}  // namespace tresor::cli
