#include "common/config/check_work.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "common/config/kinds.h"
#include "common/template.h"
#include "common/text.h"

namespace muster {
namespace {

// A template, or a bare name: what begins with a name that is known here is no path.
void CheckImage(const TextSource& image, const std::string& path, const KnownNames& known) {
  bool name = known.Knows(image.text) || image.text.starts_with("each.");
  if (name && IsPath(image.text)) return known.CheckPath(image.text, path);
  known.CheckText(image, path);
}

// A program beside the config must be there; one of $PATH may be on another machine only.
void CheckProgram(const Config& config, const TextSource& program, const std::string& path,
                  Problems& problems) {
  bool beside = program.text.find('/') != std::string::npos;
  if (!beside || program.text.find("{{") != std::string::npos || problems.Under(path)) return;
  std::string name = VisibleText(program.text);
  std::string full = (std::filesystem::path(config.base_dir) / program.text).string();
  std::error_code error;
  if (!std::filesystem::is_regular_file(full, error)) {
    problems.AtValue(path,
                     fmt::format("{}: no such file; expected a program beside the config", name));
  } else if (access(full.c_str(), X_OK) != 0) {
    problems.AtValue(path, fmt::format("{}: not a program; chmod +x makes it one", name));
  }
}

// Texts in a body are templates that nobody has read yet.
void CheckBody(const Json& body, const std::string& path, const KnownNames& known,
               Problems& problems) {
  if (body.is_string()) {
    std::string origin = problems.places().Text(problems.places().Value(path));
    TextSource text{body.get<std::string>(), origin};
    auto checked = CheckTemplate(text.text, origin);
    if (!checked) return problems.InTemplate(path, origin, checked.error());
    return known.CheckText(text, path);
  }
  if (!body.is_structured()) return;
  size_t i = 0;
  for (const auto& member : body.items()) {
    CheckBody(member.value(),
              body.is_array() ? ElementPath(path, i++) : MemberPath(path, member.key()), known,
              problems);
  }
}

void CheckAsked(const Config& config, const std::string& name, const std::string& path,
                Problems& problems) {
  if (name.empty() || problems.Under(path)) return;
  auto found = config.providers.find(name);
  if (found == config.providers.end()) {
    std::vector<std::string> names;
    for (const auto& [each, provider] : config.providers) {
      if (provider.api == "http") names.push_back(each);
    }
    std::string nearest = NearestName(name, names);
    return problems.AtValue(
        path, fmt::format("there is no provider \"{}\"; {}", name,
                          nearest.empty() ? "expected the name of one with api: http"
                                          : fmt::format("did you mean \"{}\"?", nearest)));
  }
  const Provider& provider = found->second;
  if (provider.api != "http") {
    problems.AtValue(path, fmt::format("provider \"{}\" has api: {}; expected one with api: http",
                                       name, provider.api));
  }
}

// A path behind the base URL, so that a key goes nowhere else.
void CheckUrlPath(const TextSource& text, const std::string& path, const KnownNames& known,
                  Problems& problems) {
  known.CheckText(text, path);
  if (problems.Under(path) || text.text.starts_with("/")) return;
  problems.AtValue(path, fmt::format("\"{}\" is \"{}\"; expected a path that begins with /, behind "
                                     "the provider's base_url",
                                     path, VisibleText(text.text)));
}

void CheckPoll(const PollRule& poll, const std::string& path, const KnownNames& known,
               Problems& problems) {
  CheckUrlPath(poll.get, MemberPath(path, "get"), known, problems);
  if (poll.every <= poll.limit || problems.Under(path)) return;
  problems.AtKey(MemberPath(path, "every"),
                 fmt::format("\"{}.every\" is {}, longer than \"{}.limit\" ({})", path,
                             DurationText(poll.every), path, DurationText(poll.limit)));
}

}  // namespace

void CheckChatTexts(const ChatStep& chat, const std::string& path, const KnownNames& known) {
  known.CheckText(chat.model, MemberPath(path, "model"));
  if (chat.system) known.CheckText(*chat.system, MemberPath(path, "system"));
  known.CheckText(chat.user, MemberPath(path, "user"));
  known.CheckTexts(chat.context, MemberPath(path, "context"));
  std::string images = MemberPath(path, "images");
  for (size_t i = 0; i < chat.images.size(); ++i) {
    CheckImage(chat.images[i], ElementPath(images, i), known);
  }
}

void CheckCommand(const Config& config, const CommandStep& command, const std::string& path,
                  const KnownNames& known, Problems& problems) {
  std::string run = MemberPath(path, "run");
  if (command.run.empty() && !problems.Under(run) && problems.places().HasKey(run)) {
    problems.AtKey(run, fmt::format("\"{}\" is empty; expected a program and its arguments", run));
  }
  known.CheckTexts(command.run, run);
  if (!command.run.empty()) CheckProgram(config, command.run[0], ElementPath(run, 0), problems);
  if (command.stdin_text) known.CheckText(*command.stdin_text, MemberPath(path, "stdin"));
  known.CheckTexts(command.produces, MemberPath(path, "produces"));
  known.CheckTexts(command.inputs, MemberPath(path, "inputs"));
  std::string env = MemberPath(path, "env");
  for (size_t i = 0; i < command.env.size(); ++i) {
    if (IsVariable(command.env[i]) || problems.Under(env)) continue;
    problems.AtValue(ElementPath(env, i), fmt::format("\"{}\" is not the name of an environment "
                                                      "variable; its value has no place here",
                                                      ElementPath(env, i)));
  }
}

void CheckRequest(const Config& config, const RequestStep& request, const std::string& path,
                  const KnownNames& known, Problems& problems) {
  CheckAsked(config, request.provider, MemberPath(path, "provider"), problems);
  CheckUrlPath(request.post, MemberPath(path, "post"), known, problems);
  CheckBody(request.body, MemberPath(path, "body"), known, problems);
  KnownNames later = request.job.empty() ? known : known.With({"job"});
  if (request.poll) CheckPoll(*request.poll, MemberPath(path, "poll"), later, problems);
  for (size_t i = 0; i < request.download.size(); ++i) {
    std::string each = ElementPath(MemberPath(path, "download"), i);
    later.CheckText(request.download[i].file, MemberPath(each, "file"));
  }
  if (!request.find) return;
  std::string find = MemberPath(path, "find");
  CheckUrlPath(request.find->get, MemberPath(find, "get"), known, problems);
  known.With({"each"}).CheckValue(request.find->match, MemberPath(find, "match"));
  if (request.job.empty() && !problems.Under(path)) {
    problems.AtKey(find, fmt::format("\"{}\" needs \"{}.job\", which says what the reply to post "
                                     "calls the job",
                                     find, path));
  }
}

}  // namespace muster
