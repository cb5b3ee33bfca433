#include "supervisor/rehearse/rehearse_work.h"

#include <algorithm>
#include <filesystem>

#include "common/config/glob.h"
#include "common/config/kinds.h"
#include "common/safe_name.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

Result<void> IsThere(const Config& config, const std::string& path, const std::string& origin) {
  std::error_code error;
  if (fs::is_regular_file(fs::path(config.base_dir) / path, error)) return {};
  return Fail("{}: {}: no such file", origin, VisibleText(path));
}

// ---- commands ----

// What a command reads beside the config; what earlier steps make is not there yet.
Result<void> FindInputs(const Config& config, const ExampleContext& context,
                        const CommandStep& command) {
  std::string work = StringMember(context.names(), "work");
  for (const TextSource& input : command.inputs) {
    auto path = context.RenderText(input);
    if (!path) return Error{path.error()};
    if (context.Uses(input) || path->starts_with(work)) continue;
    auto found = Glob(config.base_dir, *path, GlobFor::kFiles);
    if (!found) return Fail("{}: inputs: {}", input.origin, found.error());
    if (found->empty()) {
      return Fail("{}: inputs: no file is \"{}\"", input.origin, VisibleText(*path));
    }
  }
  return {};
}

Result<void> RenderCommand(const Config& config, const ExampleContext& context,
                           const CommandStep& command, RehearsedCall& call) {
  for (const TextSource& text : command.run) {
    auto rendered = context.RenderText(text);
    if (!rendered) return Error{rendered.error()};
    call.exact = call.exact && !context.Uses(text);
    call.run.push_back(*std::move(rendered));
  }
  const TextSource& program = command.run.front();
  if (call.run.front().find('/') != std::string::npos && !context.Uses(program)) {
    if (auto there = IsThere(config, call.run.front(), program.origin); !there) return there;
  }
  if (command.stdin_text) {
    auto text = context.RenderText(*command.stdin_text);
    if (!text) return Error{text.error()};
    call.exact = call.exact && !context.Uses(*command.stdin_text);
  }
  for (const TextSource& text : command.produces) {
    if (auto rendered = context.RenderText(text); !rendered) return Error{rendered.error()};
  }
  return FindInputs(config, context, command);
}

Left ExampleOfCommand(ExampleContext& context, const Step& step, size_t index) {
  Json value{{"text", ExampleAnswer(index)}};
  Json parsed = context.examples().ValueOf(step, index);
  if (!parsed.is_null()) value["value"] = parsed;
  Json files = Json::array();
  if (!step.command->produces.empty()) {
    files.push_back(
        fmt::format("{}/(a file of {})", StringMember(context.names(), "work"), step.id));
  }
  value["file"] = files.empty() ? Json() : files.front();
  value["files"] = std::move(files);
  value["exit_code"] = 0;
  Left left{std::move(value), Json()};
  if (parsed.is_null() || parsed == left.value["text"]) return left;
  left.marked = left.value;
  left.marked["value"] = MarkedValue(parsed, index);
  return left;
}

// ---- requests ----

// Texts in a body are templates; {data_uri: path} names a file.
Result<void> RenderBody(const Config& config, const ExampleContext& context, const Json& body,
                        const std::string& origin, RehearsedCall& call) {
  if (body.is_string()) {
    TextSource text{body.get<std::string>(), origin};
    auto rendered = context.RenderText(text);
    call.exact = call.exact && !context.Uses(text);
    return rendered ? Result<void>() : Error{rendered.error()};
  }
  if (!body.is_structured()) return {};
  for (const Json& each : body) {
    auto rendered = RenderBody(config, context, each, origin, call);
    if (!rendered) return rendered;
  }
  const Json* file = body.is_object() && body.size() == 1 ? Member(body, "data_uri") : nullptr;
  if (!file || !file->is_string()) return {};
  TextSource text{file->get<std::string>(), origin};
  if (context.Uses(text)) return {};
  return IsThere(config, *context.RenderText(text), origin + ": data_uri");
}

// Adds to `names` what stands behind `prefix` anywhere in the texts of `json`.
void FindNamesBehind(const Json& json, const std::string& prefix, std::vector<std::string>& names) {
  if (json.is_string()) {
    const std::string& text = json.get_ref<const std::string&>();
    for (size_t at = 0; (at = text.find(prefix, at)) != std::string::npos;) {
      at += prefix.size();
      size_t end = at;
      while (end < text.size() && (text[end] == '.' || IsIdentifier("_" + text.substr(end, 1)))) {
        ++end;
      }
      std::string name = text.substr(at, end - at);
      if (IsPath(name)) names.push_back(name);
    }
  } else if (json.is_structured()) {
    for (const Json& each : json) FindNamesBehind(each, prefix, names);
  }
}

// Nobody knows what a reply will have; it is taken to have what the config asks of it.
Json ExampleOfReply(const Config& config, const Step& step, size_t index) {
  std::vector<std::string> names;
  FindNamesBehind(ConfigToJson(config), step.id + ".reply.", names);
  std::sort(names.begin(), names.end());
  Json reply = Json::object();
  for (const std::string& name : names) {
    Json* place = &reply;
    for (size_t begin = 0; begin <= name.size();) {
      size_t end = std::min(name.find('.', begin), name.size());
      if (!place->is_object()) *place = Json::object();
      place = &(*place)[name.substr(begin, end - begin)];
      begin = end + 1;
    }
    *place = ExampleAnswer(index);
  }
  return reply;
}

// Where downloads go; `known` has the job's name.
Result<Json> FilesOf(const Config& config, const RequestStep& request, const Json& known) {
  Json files = Json::array();
  for (const Download& each : request.download) {
    auto path = RenderPath(each.file.text, each.file.origin, known);
    if (!path) return Error{path.error()};
    files.push_back((fs::path(config.base_dir) / *path).lexically_normal().string());
  }
  return files;
}

Result<Left> ExampleOfRequest(const Config& config, const ExampleContext& context, const Step& step,
                              size_t index) {
  const RequestStep& request = *step.request;
  Json known = context.names();
  known["job"] = request.job.empty() ? Json() : Json(fmt::format("(job of {})", step.id));
  for (const TextSource* text :
       {request.poll ? &request.poll->get : nullptr, request.find ? &request.find->get : nullptr}) {
    if (!text) continue;
    if (auto path = Render(text->text, text->origin, known); !path) return Error{path.error()};
  }
  auto files = FilesOf(config, request, known);
  if (!files) return Error{files.error()};
  Json file = files->empty() ? Json() : files->front();
  return Left{Json{{"reply", ExampleOfReply(config, step, index)},
                   {"job", known["job"]},
                   {"file", std::move(file)},
                   {"files", *std::move(files)}},
              Json()};
}

}  // namespace

Result<Left> RehearseCommand(const Config& config, ExampleContext& context, const Step& step,
                             RehearsedCall call, Rehearsal& rehearsal) {
  call.kind = CallKind::kCommand;
  call.provider = "command";
  call.model = step.id;
  call.fixed_cost = step.command->cost_per_call.value_or(0);
  auto rendered = RenderCommand(config, context, *step.command, call);
  if (!rendered) return Error{rendered.error()};
  rehearsal.calls.push_back(std::move(call));
  return ExampleOfCommand(context, step, rehearsal.calls.size() - 1);
}

Result<Left> RehearseRequest(const Config& config, ExampleContext& context, const Step& step,
                             RehearsedCall call, Rehearsal& rehearsal) {
  const RequestStep& request = *step.request;
  const Provider& provider = config.providers.at(request.provider);
  call.kind = CallKind::kRequest;
  call.provider = provider.name;
  call.model = step.id;
  call.fixed_cost = request.cost_per_call;
  auto post = context.RenderText(request.post);
  if (!post) return Error{post.error()};
  call.url = provider.base_url + *post;
  call.exact = call.exact && !context.Uses(request.post);
  auto body = RenderBody(config, context, request.body, request.post.origin, call);
  if (!body) return Error{body.error()};
  size_t index = rehearsal.calls.size();
  rehearsal.calls.push_back(std::move(call));
  return ExampleOfRequest(config, context, step, index);
}

}  // namespace muster
