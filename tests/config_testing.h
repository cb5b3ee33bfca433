#pragma once

// What the tests of configs and items share.

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/config/config.h"
#include "tests/files.h"

namespace muster {

// A folder of its own for the configs and files of one test.
class ConfigFolder : public TempDir {
 public:
  // Writes a file, and the folders it needs.
  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(*this / name).parent_path());
    std::ofstream(*this / name, std::ios::binary) << text;
  }

  // Loads `yaml` as c.yaml in this folder.
  Result<Config> Load(const std::string& yaml, const ConfigOverrides& overrides = {}) const {
    Write("c.yaml", yaml);
    return LoadConfig(*this / "c.yaml", overrides);
  }

  // The mistakes of `yaml` without the folder in front of the file's name; "" when there are none.
  std::string Mistakes(const std::string& yaml, const ConfigOverrides& overrides = {}) const {
    auto loaded = Load(yaml, overrides);
    std::string text = loaded ? "" : loaded.error();
    for (size_t at; (at = text.find(path() + "/")) != std::string::npos;) {
      text.erase(at, path().size() + 1);
    }
    return text;
  }
};

// The least a config needs; 5 lines.
inline constexpr const char* kLeastConfig =
    "name: least\n"
    "items: {range: 1..3}\n"
    "steps:\n"
    "  - id: ask\n"
    "    chat: {model: mock/m, user: hello}\n";

// A variable of the environment that has another value, or none (nullptr), while this lives.
class TestVariable {
 public:
  TestVariable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  TestVariable(const TestVariable&) = delete;
  TestVariable& operator=(const TestVariable&) = delete;
  ~TestVariable() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

}  // namespace muster
