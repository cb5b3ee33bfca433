#include "tests/fake_provider/meshy_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/fake_provider/digest.h"

namespace fake_provider::meshy {
namespace {

constexpr int64_t kKeptMs = 3LL * 24 * 3600 * 1000;

std::string StatusAt(const Task& task, int64_t now_ms) {
  if (now_ms >= task.finished_ms) return task.end;
  return now_ms >= task.started_ms ? "IN_PROGRESS" : "PENDING";
}

// Whole percent; a task that ends badly stays where it was.
int64_t ProgressAt(const Task& task, int64_t now_ms) {
  if (now_ms < task.started_ms) return 0;
  if (now_ms >= task.finished_ms) return task.end == "SUCCEEDED" ? 100 : 50;
  int64_t share = 100 * (now_ms - task.started_ms) / (task.finished_ms - task.started_ms);
  return task.end == "SUCCEEDED" ? share : share / 2;
}

}  // namespace

const Task& Tasks::Add(Task task, int64_t now_ms, int64_t runs_ms) {
  std::string hash = Sha256Hex(fmt::format("{} {} {}", tasks_.size(), now_ms, task.image_sha256));
  task.id = fmt::format("{:08x}-{:04x}-7{}-8{}-{}", now_ms >> 16, now_ms & 0xffff,
                        hash.substr(0, 3), hash.substr(3, 3), hash.substr(6, 12));
  task.created_ms = now_ms;
  task.started_ms = now_ms + runs_ms / 5;
  task.finished_ms = now_ms + runs_ms;
  if (task.end != "SUCCEEDED") task.credits = 0;
  credits_taken_ += task.credits;
  tasks_.push_back(std::move(task));
  return tasks_.back();
}

const Task* Tasks::Find(std::string_view id) const {
  auto found =
      std::find_if(tasks_.begin(), tasks_.end(), [id](auto& task) { return task.id == id; });
  return found == tasks_.end() ? nullptr : &*found;
}

int64_t Tasks::Busy(int64_t now_ms) const {
  return std::count_if(tasks_.begin(), tasks_.end(),
                       [now_ms](const Task& task) { return now_ms < task.finished_ms; });
}

Json Tasks::Show(const Task& task, int64_t now_ms, const std::string& host) const {
  std::string status = StatusAt(task, now_ms);
  bool done = status == "SUCCEEDED";
  Json urls = Json::object();
  if (done && task.has_glb) urls["glb"] = host + ModelPath(task) + "?" + ModelQuery(task);
  auto before = [&](const Task& other) {
    return other.created_ms < task.created_ms && now_ms < other.finished_ms;
  };
  int64_t preceding = status == "PENDING" ? std::count_if(tasks_.begin(), tasks_.end(), before) : 0;
  return {{"id", task.id},
          {"type", "image-to-3d"},
          {"model_urls", urls},
          {"thumbnail_url", ""},
          {"texture_prompt", task.texture_prompt},
          {"texture_image_url", ""},
          {"progress", ProgressAt(task, now_ms)},
          {"created_at", task.created_ms},
          {"started_at", status == "PENDING" ? 0 : task.started_ms},
          {"finished_at", now_ms >= task.finished_ms ? task.finished_ms : 0},
          {"expires_at", done ? task.finished_ms + kKeptMs : 0},
          {"status", status},
          {"texture_urls", Json::array()},
          {"preceding_tasks", preceding},
          {"task_error", {{"message", status == "FAILED" ? task.error : ""}}},
          {"consumed_credits", done ? task.credits : 0}};
}

Json Tasks::Page(int64_t number, int64_t size, bool newest_first, int64_t now_ms,
                 const std::string& host) const {
  auto count = static_cast<int64_t>(tasks_.size());
  Json page = Json::array();
  for (int64_t i = (number - 1) * size; i < std::min(count, number * size); ++i) {
    page.push_back(Show(tasks_[newest_first ? count - 1 - i : i], now_ms, host));
  }
  return page;
}

std::string ModelPath(const Task& task) {
  return fmt::format("/meshy-assets/tasks/{}/output/model.glb", task.id);
}

std::string ModelQuery(const Task& task) {
  int64_t expires = (task.finished_ms + kKeptMs) / 1000;
  return fmt::format("Expires={}&Signature={}", expires,
                     Sha256Hex(fmt::format("{} {}", task.id, expires)).substr(0, 40));
}

}  // namespace fake_provider::meshy
