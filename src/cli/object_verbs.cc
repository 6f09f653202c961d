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

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr std::string_view kAsTable =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

std::string CellText(const objects::Json& cell) {
  if (cell.is_string()) {
    return Escape(AsBytes(cell.get_ref<const std::string&>()));
  }
  return cell.is_null() ? std::string() : cell.dump();
}

/// The columns that the server has for people, those for a wide terminal left out.
void PrintTable(const objects::Json& json, std::ostream& out) {
  const Object table{json};
  const objects::Json* definitions = table.Find("columnDefinitions");
  const objects::Json* rows = table.Find("rows");
  if (definitions == nullptr || rows == nullptr) {
    return;
  }
  std::vector<Table::Column> columns;
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
    for (const std::size_t i : shown) {
      texts.push_back(i < cells.size() ? CellText(cells.at(i)) : std::string());
    }
    text.Add(std::move(texts));
  }
  text.Print(out);
}

Status List(Invocation& invocation, const ObjectVerbs& verbs) {
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  const std::string path = invocation.arguments().Switch("all-projects")
                               ? "/apis/tresor.dev/v1/" + verbs.plural
                               : client->PathOf(verbs.plural);
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
  PrintTable(table, invocation.out());
  return OkStatus();
}

Status Describe(Invocation& invocation, const ObjectVerbs& verbs) {
  ASSIGN_OR_RETURN(const auto client, ApiClient::Open(invocation));
  const std::string& name = invocation.arguments().positionals()[0];
  ASSIGN_OR_RETURN(const objects::Json json,
                   client->Get(invocation.context(), client->PathOf(verbs.plural, name)));
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
      invocation.out() << EscapeLines(AsBytes(objects::ToYaml({{part, *found}})));
    }
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

/// Until the good phase. kUnknown: a bad one, with the object's own reason. kDeadlineExceeded.
Result<Object> Wait(Invocation& invocation, ApiClient& client, const ObjectVerbs& verbs,
                    const std::string& name) {
  const Context context =
      invocation.context().WithTimeout(invocation.arguments().Duration("timeout"));
  while (true) {
    ASSIGN_OR_RETURN(Object object, [&]() -> Result<Object> {
      ASSIGN_OR_RETURN(objects::Json json, client.Get(context, client.PathOf(verbs.plural, name)));
      return Object{std::move(json)};
    }());
    const std::string phase = object.Text("status.phase");
    if (phase == verbs.good_phase) {
      invocation.progress().Clear();
      return object;
    }
    if (std::ranges::find(verbs.bad_phases, phase) != verbs.bad_phases.end()) {
      return Error(Code::kUnknown, "{} {} is {}: {}", verbs.word, name, phase,
                   object.Text("status.message"));
    }
    invocation.progress().Update(phase.empty() ? "waiting" : phase,
                                 NumberAt(object, "status.progress.bytesDone"),
                                 NumberAt(object, "status.progress.bytesTotal"));
    const Status slept = context.Sleep(kLookEvery);
    if (slept.code() == Code::kDeadlineExceeded) {
      return Error(Code::kDeadlineExceeded, "{} {} is still {}: {}", verbs.word, name,
                   phase.empty() ? "Pending" : phase, object.Text("status.message"));
    }
    RETURN_IF_ERROR(slept);
  }
}

/// Says how it ended.
Status WaitAndTell(Invocation& invocation, ApiClient& client, const ObjectVerbs& verbs,
                   const std::string& name) {
  invocation.Hint(fmt::format("see tresor {} describe {}", verbs.word, name));
  ASSIGN_OR_RETURN(const Object object, Wait(invocation, client, verbs, name));
  if (invocation.json()) {
    invocation.PrintJson(Json(object.json));
  } else {
    invocation.out() << fmt::format("{} {}: {}\n", verbs.word, name, object.Text("status.phase"));
  }
  return OkStatus();
}

Flag TimeoutFlag() {
  return {.name = "timeout",
          .kind = ValueKind::kDuration,
          .value_name = "DURATION",
          .help = "wait no longer than this",
          .default_text = "10m"};
}

Positional NamePositional(const ObjectVerbs& verbs) {
  return {.name = "NAME", .help = "name of the " + verbs.word};
}

}  // namespace

std::vector<Flag> CreateFlags() {
  std::vector<Flag> flags = ApiFlags();
  flags.push_back({.name = "wait", .help = "until it is done, with progress"});
  flags.push_back(TimeoutFlag());
  return flags;
}

Status CreateObject(Invocation& invocation, ApiClient& client, const ObjectVerbs& verbs,
                    const Object& object) {
  ASSIGN_OR_RETURN(objects::Json created,
                   client.Post(invocation.context(), client.PathOf(verbs.plural), object.json));
  const std::string name = Object{created}.name();
  if (invocation.arguments().Switch("wait")) {
    invocation.Say(fmt::format("{} {} created", verbs.word, name));
    return WaitAndTell(invocation, client, verbs, name);
  }
  if (invocation.json()) {
    invocation.PrintJson(Json(created));
  } else {
    invocation.out() << fmt::format("{} {} created\n", verbs.word, name);
  }
  return OkStatus();
}

Command ListVerb(const ObjectVerbs& verbs) {
  Command command = {
      .name = "list",
      .summary = fmt::format("list {}s", verbs.word),
      .flags = ApiFlags(),
      .examples = {{"of one project", fmt::format("tresor {} list --project demo", verbs.word)},
                   {"of all", fmt::format("tresor {} list --all-projects", verbs.word)}},
      .run = [verbs](Invocation& invocation) { return List(invocation, verbs); },
  };
  command.flags.push_back({.name = "all-projects", .letter = 'A', .help = "of all projects"});
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

}  // namespace tresor::cli
