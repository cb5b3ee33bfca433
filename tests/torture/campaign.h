#pragma once

#include <cstdint>
#include <string>

#include "tests/torture/child.h"
#include "tests/torture/scene.h"

namespace muster::torture {

// The key that must not be found anywhere.
inline constexpr char kCanaryKey[] = "sk-canary-f4c1b0a9d8e7";

// Of a provider that does nothing to its clients.
inline constexpr char kQuickAnswers[] = R"([{"action": {"delay_ms": 1}}])";

// What a campaign does the same in all its rounds.
struct Campaign {
  std::string programs = {};  // folder of muster, muster-worker and fake-provider
  std::string folder = {};    // everything happens in there
  std::string token = {};     // in the environment of every process of the campaign
  uint64_t seed = 0;
  int64_t kills = 0;  // after so many, what is at hand is left to finish
  int64_t items = 0, workers = 0;
  int64_t slow = 1;  // moments come so many times later, for programs that are so much slower

  // One run of many of a kind, each for itself: "trial", 7.
  Scene::Shape ShapeOf(const std::string& kind, int64_t number) const {
    Scene::Shape shape;
    shape.folder = folder + "/" + kind + std::to_string(number);
    shape.token = token + " " + kind + " " + std::to_string(number);
    shape.seed = seed;
    shape.items = items;
    shape.workers = workers;
    return shape;
  }

  Child::Command RunCommand(const Scene& scene) const {
    return {{programs + "/muster", "run", scene.config(), "--run", scene.run_dir()},
            {{"TORTURE_KEY", kCanaryKey}, {"MUSTER_TORTURE", token}},
            scene.log()};
  }
  Child::Command StatusCommand(const Scene& scene) const {
    return {{programs + "/muster", "status", scene.run_dir(), "--json"},
            {{"MUSTER_TORTURE", token}},
            scene.log()};
  }
};

}  // namespace muster::torture
