#include "worker/steps/step_act.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "common/expression.h"
#include "common/fd.h"
#include "common/files.h"
#include "common/safe_name.h"
#include "common/text.h"
#include "worker/command_step.h"
#include "worker/request_step.h"
#include "worker/steps/chat_step.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

// The value of a step whose file is there already; null: it is not.
Result<Json> FindReused(const Config& config, const ReuseRule& rule, const Json& context) {
  auto name = RenderPath(rule.file.text, rule.file.origin, context);
  if (!name) return Error{name.error()};
  auto path = PathInside(config.base_dir, *name);
  if (!path) return Fail("\"{}\" is no file inside the config's folder", VisibleText(*name));
  std::error_code error;
  if (fs::is_regular_file(*path, error)) {
    return Json{{"file", *path}, {"files", Json::array({*path})}, {"reused", true}};
  }
  auto only = IsTrue(rule.only, context, false);
  if (!only) return Error{only.error()};
  if (*only) {
    return Fail("{} is not there, and the step may not make it (reuse.only)", VisibleText(*name));
  }
  return Json();
}

// A folder of its owner's alone: what a command reads and writes is nobody else's business. A link
// to one elsewhere is none.
Result<void> MakeOwnFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return {};
  int why = errno;
  std::error_code error;
  if (why == EEXIST && fs::is_directory(fs::symlink_status(path, error))) return {};
  return Fail("the work folder {} cannot be made: {}", path, ErrnoText(why));
}

// The item's, in the one of all items, in the run's folder.
Result<void> MakeWorkFolder(const std::string& path) {
  std::string of_all = fs::path(path).parent_path();
  std::error_code error;
  fs::create_directories(fs::path(of_all).parent_path(), error);
  if (auto made = MakeOwnFolder(of_all); !made) return made;
  return MakeOwnFolder(path);
}

Ended FailedAt(const std::string& path, const std::string& why) {
  return Ended{Outcome::kFailed, fmt::format("{}: {}", path, why)};
}

// What the step does where it has no chat.
Task<StepEnd> RunWork(const StepParts& parts, const Step& step, const std::string& path,
                      Json context) {
  return step.command ? RunCommandStep(parts, step, path, std::move(context))
                      : RunRequestStep(parts, step, path, std::move(context));
}

}  // namespace

Task<StepEnd> RunAct(StepParts parts, const Step& step, std::string path, Json context) {
  if (step.reuse) {
    auto reused = FindReused(parts.config, *step.reuse, context);
    if (!reused) co_return FailedAt(path, "reuse: " + reused.error());
    if (!reused->is_null()) {
      parts.tell("step", path, StringMember(*reused, "file") + " is there already");
      co_return *std::move(reused);
    }
  }
  if (step.chat) {
    Task<StepEnd> chat = RunChatStep(parts, step, path, std::move(context));
    StepEnd end = co_await chat;
    co_return end;
  }
  if (auto made = MakeWorkFolder(parts.work_folder); !made) co_return FailedAt(path, made.error());
  Task<StepEnd> work = RunWork(parts, step, path, std::move(context));
  StepEnd end = co_await work;
  co_return end;
}

}  // namespace muster
