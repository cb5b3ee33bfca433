#include "worker/command_plan.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "common/config/glob.h"
#include "common/template.h"
#include "common/text.h"
#include "common/text_source.h"
#include "worker/produced_files.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInherited[] = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"};
constexpr char kPathOtherwise[] = "PATH=/usr/local/bin:/usr/bin:/bin";
// What stands for the folders in a command's identity; no path begins so.
constexpr char kWorkWord[] = "\x01work";
constexpr char kBaseWord[] =
    "\x01"
    "base";

void ReplaceAll(std::string& text, const std::string& what, const std::string& by) {
  if (what.empty()) return;
  for (size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

// Keys are no longer in the environment when this is read; one of their names is never passed on.
bool HoldsKey(const Config& config, const std::string& name) {
  return std::ranges::any_of(config.providers,
                             [&](const auto& each) { return each.second.key_env == name; });
}

std::vector<std::string> EnvironmentOf(const Config& config, const CommandStep& command) {
  std::vector<std::string> names(std::begin(kInherited), std::end(kInherited));
  names.insert(names.end(), command.env.begin(), command.env.end());
  std::map<std::string, std::string> entries;
  for (const std::string& name : names) {
    const char* value = std::getenv(name.c_str());
    if (value && !HoldsKey(config, name)) entries[name] = name + "=" + value;
  }
  entries.try_emplace("PATH", kPathOtherwise);
  std::vector<std::string> environment;
  for (auto& [name, entry] : entries) environment.push_back(std::move(entry));
  return environment;
}

// Whether a value anywhere in `json` is this text.
bool Mentions(const Json& json, const std::string& text) {
  if (json.is_string()) return json.get_ref<const std::string&>() == text;
  if (!json.is_structured()) return false;
  return std::any_of(json.begin(), json.end(),
                     [&](const Json& each) { return Mentions(each, text); });
}

Result<std::vector<std::string>> RenderAll(const std::vector<TextSource>& texts,
                                           const Json& context) {
  std::vector<std::string> all;
  for (const TextSource& text : texts) {
    auto rendered = Render(text.text, text.origin, context);
    if (!rendered) return Error{rendered.error()};
    if (rendered->find('\0') != rendered->npos) {
      return Fail("{}: a NUL character cannot be passed to a program", text.origin);
    }
    all.push_back(*std::move(rendered));
  }
  return all;
}

// Gathers what one command reads.
class Inputs {
 public:
  Inputs(const Config& config, const std::string& work_folder, const Json& context)
      : base_(config.base_dir), work_(work_folder), context_(context) {}

  // An argument counts where it names a file that was there before the command.
  Result<void> AddArgument(const std::string& argument) {
    fs::path path = (fs::path(base_) / argument).lexically_normal();
    std::error_code error;
    if (argument.empty() || !fs::is_regular_file(path, error)) return {};
    if (IsIn(path, work_) ? !Mentions(context_, argument) : !IsIn(path, base_)) return {};
    return Add(path);
  }

  Result<void> AddGlob(const std::string& glob) {
    bool of_work = !work_.empty() && glob.starts_with(work_ + "/");
    const std::string& folder = of_work ? work_ : base_;
    std::string inside = of_work ? glob.substr(work_.size() + 1) : glob;
    if (fs::path(inside).is_absolute() || inside.empty()) {
      return Fail("inputs: \"{}\" is not a path or glob beside the config", VisibleText(glob));
    }
    auto found = Glob(folder, inside, GlobFor::kFiles);
    if (!found) return Fail("inputs: {}", found.error());
    if (found->empty()) return Fail("inputs: no file is \"{}\"", VisibleText(glob));
    for (const std::string& each : *found) {
      if (auto added = Add((fs::path(folder) / each).lexically_normal()); !added) return added;
    }
    return {};
  }

  std::string WithoutFolders(std::string text) const {
    ReplaceAll(text, work_, kWorkWord);
    ReplaceAll(text, base_, kBaseWord);
    return text;
  }

  const Json& hashes() const { return hashes_; }

 private:
  static bool IsIn(const fs::path& path, const std::string& folder) {
    if (folder.empty()) return false;
    fs::path relative = path.lexically_relative(folder);
    return !relative.empty() && *relative.begin() != "..";
  }

  Result<void> Add(const fs::path& path) {
    std::string name = WithoutFolders(path.string());
    if (hashes_.contains(name)) return {};
    auto hash = HashOfFile(path.string());
    if (!hash) return Error{hash.error()};
    hashes_[name] = *std::move(hash);
    return {};
  }

  const std::string& base_;
  const std::string& work_;
  const Json& context_;
  Json hashes_ = Json::object();
};

Result<Json> IdentityOf(const CommandPlan& plan, Inputs& inputs,
                        const std::vector<std::string>& globs) {
  Json argv = Json::array();
  for (const std::string& argument : plan.argv) {
    if (auto added = inputs.AddArgument(argument); !added) return Error{added.error()};
    argv.push_back(inputs.WithoutFolders(argument));
  }
  for (const std::string& glob : globs) {
    if (auto added = inputs.AddGlob(glob); !added) return Error{added.error()};
  }
  Json produces = Json::array();
  for (const std::string& glob : plan.produces) produces.push_back(inputs.WithoutFolders(glob));
  return Json{{"argv", std::move(argv)},
              {"stdin", inputs.WithoutFolders(plan.stdin_text)},
              {"produces", std::move(produces)},
              {"inputs", inputs.hashes()}};
}

}  // namespace

Result<CommandPlan> PlanCommand(const Config& config, const Step& step,
                                const std::string& work_folder, const Json& context) {
  const CommandStep& command = *step.command;
  CommandPlan plan;
  auto argv = RenderAll(command.run, context);
  if (!argv) return Error{argv.error()};
  if (argv->empty() || argv->front().empty()) return Fail("{}: no program is given", step.origin);
  plan.argv = *std::move(argv);
  plan.program_by_item = command.run.front().text.find("{{") != std::string::npos;
  std::string& program = plan.argv.front();
  if (program.find('/') != program.npos) {
    program = (fs::path(config.base_dir) / program).lexically_normal().string();
  }
  if (command.stdin_text) {
    auto text = RenderSource(*command.stdin_text, config.base_dir, context);
    if (!text) return Error{text.error()};
    plan.stdin_text = *std::move(text);
  }
  auto produces = RenderAll(command.produces, context);
  if (!produces) return Error{produces.error()};
  plan.produces = *std::move(produces);
  plan.environment = EnvironmentOf(config, command);
  auto globs = RenderAll(command.inputs, context);
  if (!globs) return Error{globs.error()};
  Inputs inputs(config, work_folder, context);
  auto identity = IdentityOf(plan, inputs, *globs);
  if (!identity) return Error{identity.error()};
  plan.identity = *std::move(identity);
  return plan;
}

}  // namespace muster
