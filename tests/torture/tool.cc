#include "tests/torture/tool.h"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "tests/torture/processes.h"

namespace muster::torture {
namespace {

namespace fs = std::filesystem;

// Names of items have two digits.
constexpr int64_t kMostItems = 99;

}  // namespace

Tool::Tool(const std::string& name, Campaign defaults)
    : options("", name), campaign(std::move(defaults)), name_(name) {
  campaign.programs = "build";
  campaign.seed = std::random_device{}();
  options.option_defaults()->always_capture_default();
  options.add_option("--programs", campaign.programs, "folder of muster and of the fake provider");
  options.add_option("--seed", campaign.seed, "another seed, other decisions");
  options.add_option("--items", campaign.items, "of a run")
      ->check(CLI::Range(int64_t{1}, kMostItems));
  AddCount("--workers", campaign.workers, "of a run");
  options.add_flag("--keep", keep, "keep the folders, also of what held");
}

void Tool::AddCount(const std::string& option, int64_t& count, const std::string& what) {
  auto check = [](std::string& text) {
    return atoll(text.c_str()) >= 1 ? "" : text + " is not a number from 1 up";
  };
  options.add_option(option, count, what)->check(CLI::Validator(check, ""));
}

Result<void> Tool::CheckPrograms() {
  std::error_code error;
  campaign.programs = fs::absolute(campaign.programs, error).string();
  for (const char* name : {"muster", "muster-worker", "fake-provider"}) {
    std::string program = campaign.programs + "/" + name;
    if (access(program.c_str(), X_OK) != 0) return Fail("there is no {}", program);
  }
  return {};
}

Result<void> Tool::MakeFolder(const std::string& base) {
  const char* wanted = getenv("TMPDIR");
  std::string path =
      fmt::format("{}/muster-{}-XXXXXX", wanted && *wanted ? wanted : base.c_str(), name_);
  if (!mkdtemp(path.data())) return Fail("cannot make {}: {}", path, ErrnoText(errno));
  campaign.folder = path;
  campaign.token = name_ + "-" + fs::path(path).filename().string();
  return {};
}

std::optional<int> Tool::Begin(int argc, char** argv, const std::string& base) {
  try {
    options.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return options.exit(error) == 0 ? kHeld : kNotTried;
  }
  Result<void> ready = CheckPrograms();
  if (ready) ready = MakeFolder(base);
  if (!ready) return fmt::print(stderr, "{}: {}\n", name_, ready.error()), kNotTried;
  signal(SIGPIPE, SIG_IGN);
  // What is struck is to hear what a terminal's programs do, also when a job in the background
  // strikes it.
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGCONT}) signal(number, SIG_DFL);
  BecomeSubreaper();
  return std::nullopt;
}

int Tool::End(int code) const {
  std::error_code error;
  if (code != kFailed && !keep) fs::remove_all(campaign.folder, error);
  return code;
}

}  // namespace muster::torture
