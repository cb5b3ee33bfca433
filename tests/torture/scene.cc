#include "tests/torture/scene.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>

namespace muster::torture {
namespace {

constexpr std::array<std::string_view, 7> kAllParts{"a", "b", "c", "d", "e", "f", "g"};
constexpr int64_t kItemConcurrency = 2;

constexpr std::string_view kConfig = R"(name: torture
items:
  directories: items/*
  files: "*.txt"
providers:
  openai:
    api: openai-responses
    base_url: http://127.0.0.1:{port}/v1
    key_env: TORTURE_KEY
workers: {workers}
retry: {retry}
guard: {{worker_deaths: 1000}}
steps:
  - id: parts
    for_each: item.files
    concurrency: {concurrency}
    chat:
      model: openai/gpt-5.1
      system: "{token}"
      user: "{{{{item.id}}}}/parts[{{{{each.stem}}}}] {{{{each.text}}}}"
  - id: whole
    chat:
      model: openai/gpt-5.1
      system: "{token}"
      user: "{{{{item.id}}}}/whole {{{{#parts}}}}<{{{{text}}}}>{{{{/parts}}}}"
outputs:
  - file: "texts/{{{{item.id}}}}.txt"
    text: "{{{{item.id}}}}\n{{{{#parts}}}}part {{{{text}}}}\n{{{{/parts}}}}whole {{{{whole.text}}}}\n"
)";

// Most requests are answered after 2 to 15 ms; the rest meets what providers do to their clients.
constexpr std::string_view kRules = R"([
  {"match": {"probability": 0.03}, "action": {"status": 429}},
  {"match": {"probability": 0.03}, "action": {"status": 500}},
  {"match": {"probability": 0.01}, "action": {"status": 503}},
  {"match": {"probability": 0.02}, "action": {"reset_at_byte": 0, "delay_ms": 3}},
  {"match": {"probability": 0.02}, "action": {"reset_at_byte": 300, "delay_ms": 3}},
  {"match": {"probability": 0.02}, "action": {"cut_at_byte": -20, "delay_ms": 3}},
  {"match": {"probability": 0.02}, "action": {"close_on_reuse": true}},
  {"match": {"probability": 0.03}, "action": {"delay_ms": 80}},
  {"match": {"probability": 0.05}, "action": {"drip": {"bytes": 400, "every_ms": 2}, "delay_ms": 2}},
  {"match": {"probability": 0.30}, "action": {"delay_ms": 2}},
  {"match": {"probability": 0.30}, "action": {"delay_ms": 5}},
  {"match": {"probability": 0.40}, "action": {"delay_ms": 9}},
  {"action": {"delay_ms": 15}}
])";

// The parts that every item of this shape has.
std::span<const std::string_view> PartsOf(const Scene::Shape& shape) {
  return std::span(kAllParts).first(shape.parts);
}

}  // namespace

Scene::Scene(const Shape& shape) : shape_(shape) {
  for (int64_t n = 1; n <= shape.items; ++n) items_.push_back(fmt::format("i{:02}", n));
}

int64_t Scene::item_concurrency() const { return kItemConcurrency; }

// With characters that are mangled where something is escaped twice, or rendered twice.
std::string Scene::PartText(const std::string& item, const std::string& part) const {
  return fmt::format("Tell “{}” of {}: \\n \"{{{{item.id}}}}\" <é> & so on.\n", part, item);
}

Result<void> Scene::Write(uint16_t port) const {
  for (const std::string& item : items_) {
    std::string folder = shape_.folder + "/items/" + item;
    std::filesystem::create_directories(folder);
    for (std::string_view part : PartsOf(shape_)) {
      std::ofstream(fmt::format("{}/{}.txt", folder, part)) << PartText(item, std::string(part));
    }
  }
  std::ofstream file(config());
  file << fmt::format(kConfig, fmt::arg("port", port), fmt::arg("token", shape_.token),
                      fmt::arg("workers", shape_.workers), fmt::arg("retry", shape_.retry),
                      fmt::arg("concurrency", kItemConcurrency));
  file.close();
  if (!file) return Fail("cannot write {}", config());
  return {};
}

std::string Scene::Script() const {
  return fmt::format("{{\"seed\": {}, \"rules\": {}}}", shape_.seed >> 1,
                     shape_.rules.empty() ? kRules : shape_.rules);
}

std::vector<std::string> Scene::PlacesOf(const std::string& item) const {
  std::vector<std::string> places;
  for (std::string_view part : PartsOf(shape_))
    places.push_back(fmt::format("{}/parts[{}]", item, part));
  places.push_back(item + "/whole");
  return places;
}

std::string Scene::OutputPath(const std::string& item) const { return "texts/" + item + ".txt"; }

std::string Scene::PromptOf(const std::string& place, const Answers& answers) const {
  std::string item = ItemOf(place);
  if (place != item + "/whole") {
    size_t from = place.find('[') + 1;
    return place + " " + PartText(item, place.substr(from, place.find(']') - from));
  }
  std::string prompt = place + " ";
  for (std::string_view part : PartsOf(shape_)) {
    auto answer = answers.find(fmt::format("{}/parts[{}]", item, part));
    if (answer == answers.end()) return "";
    prompt += "<" + answer->second + ">";
  }
  return prompt;
}

std::string Scene::OutputOf(const std::string& item, const Answers& answers) const {
  std::string text = item + "\n";
  for (const std::string& place : PlacesOf(item)) {
    auto answer = answers.find(place);
    if (answer == answers.end()) return "";
    bool last = place == item + "/whole";
    text += (last ? "whole " : "part ") + answer->second + "\n";
  }
  return text;
}

std::string PlaceIn(const std::string& prompt) { return prompt.substr(0, prompt.find(' ')); }

std::string ItemOf(const std::string& place) { return place.substr(0, place.find('/')); }

}  // namespace muster::torture
