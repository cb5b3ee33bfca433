#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/result.h"
#include "supervisor/governor/lane.h"

namespace muster {

// The lanes of a run, by name: "" the run as a whole, "openai" a provider, "openai/gpt-5.1" one of
// its models, "key OPENAI_API_KEY" a key. A lane is made when it is first asked for and stays.
class Lanes {
 public:
  explicit Lanes(const Config& config);

  // Those that a call to this model obeys, the widest first.
  struct Path {
    Lane* run;
    Lane* key;  // nullptr: the provider needs none
    Lane* provider;
    Lane* model;
    std::vector<Lane*> all;  // the same, without nullptr
  };
  const Path& PathOf(const std::string& provider, const std::string& model);

  // nullptr: there is no such provider.
  Lane* Find(const std::string& name);
  void ForEach(const std::function<void(const Lane&)>& visit) const;

 private:
  Lane& Get(Lane::Level level, const std::string& name, const Limits& limits, bool follow,
            std::optional<int64_t> first_slots = std::nullopt);
  Lane& Run();

  const Config& config_;
  std::map<std::string, std::unique_ptr<Lane>> lanes_;
  std::map<std::string, Path> paths_;  // by "provider/model"
};

}  // namespace muster
