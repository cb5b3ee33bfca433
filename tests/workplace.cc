#include "tests/workplace.h"

#include <algorithm>
#include <iterator>

#include "tests/programs.h"

namespace muster {

namespace fs = std::filesystem;

Args operator+(Args first, const Args& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

const Args kQuickly{"--set", "providers.mock.api=mock", "--set",
                    "providers.mock.mock.latency=1ms..5ms"};

Workplace::Workplace(size_t personas) {
  fs::copy("configs/transcripts", folder_ / "transcripts", fs::copy_options::recursive);
  std::vector<std::string> ids = Ids();
  for (size_t i = personas; i < ids.size(); ++i) {
    fs::remove_all(folder_ / ("transcripts/personas/" + ids[i]));
  }
  for (const char* name : {"OPENAI_API_KEY", "OPENAI_BASE_URL", "NO_COLOR", "http_proxy",
                           "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"}) {
    env_[name] = std::nullopt;
  }
  env_["TERM"] = "xterm";
}

std::string Workplace::Read(const std::string& name) const {
  std::ifstream file(folder_ / name, std::ios::binary);
  REQUIRE_MESSAGE(file, "cannot read " << name);
  return {std::istreambuf_iterator<char>(file), {}};
}

Files Workplace::FilesIn(const std::string& name) const {
  Files files;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / name)) {
    if (!entry.is_regular_file()) continue;
    std::string path = fs::relative(entry.path(), folder_ / name).string();
    std::ifstream file(entry.path(), std::ios::binary);
    files[path] = {std::istreambuf_iterator<char>(file), {}};
  }
  return files;
}

std::vector<std::string> Workplace::Ids() const {
  std::vector<std::string> ids;
  for (const auto& entry : fs::directory_iterator(folder_ / "transcripts/personas")) {
    if (entry.is_directory()) ids.push_back(entry.path().filename());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void Workplace::Ask(const FakeServer& server) {
  env_["OPENAI_API_KEY"] = FakeServer::kKey;
  asking_ = {"--set", "model=openai/gpt-5.1", "--set", "providers.openai.base_url=" + server.Url(),
             "--set", "retry.base=20ms"};
}

void Workplace::SetVariable(const std::string& name, const std::optional<std::string>& value) {
  env_[name] = value;
}

ChildOptions Workplace::Start(const std::string& program, const Args& args) const {
  ChildOptions options;
  options.argv = Args{fs::absolute(ProgramPath(program)).lexically_normal()} + args;
  options.env = env_;
  options.cwd = folder_.path();
  return options;
}

ChildOptions Workplace::Muster(const Args& args) const { return Start("muster", args); }

ChildOptions Workplace::Worker(const Args& args) const { return Start("muster-worker", args); }

ChildOptions Workplace::Run(const Args& more) const {
  return Muster(Args{"run", kTranscripts} + asking_ + more);
}

Json Workplace::Status(const std::string& run) const {
  ChildEnd end = RunChild(Muster({"status", run, "--items", "--json"}));
  REQUIRE_MESSAGE(end.code == 0, end.err);
  auto status = ParseJson(end.out);
  REQUIRE_MESSAGE(status, end.out);
  return *status;
}

int64_t CountIn(const Json& status, const std::string& group, const std::string& name) {
  const Json* members = Member(status, group);
  auto value = members ? IntMember(*members, name) : std::nullopt;
  REQUIRE_MESSAGE(value, "no " << group << "." << name << " in " << DumpJson(status));
  return *value;
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(line);
    at = end + 1;
  }
  return lines;
}

std::string CommandAfter(const std::string& label, const std::string& printed) {
  for (const std::string& line : LinesOf(printed)) {
    size_t at = line.find_first_not_of(' ');
    if (at == std::string::npos || line.compare(at, label.size(), label) != 0) continue;
    size_t command = line.find_first_not_of(' ', at + label.size());
    return command == std::string::npos ? "" : line.substr(command);
  }
  return "";
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace muster
