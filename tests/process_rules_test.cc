// What no test of behaviour can show for good, because it would go wrong once in a million: rules
// that the sources keep.

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <vector>

namespace muster {
namespace {

namespace fs = std::filesystem;

struct Line {
  std::string file, text;
};

// Lines of the programs' sources, without comments.
std::vector<Line> ReadSources() {
  std::vector<Line> found;
  for (const char* folder : {"common", "worker", "supervisor"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      fs::path path = entry.path();
      if (path.extension() != ".cc" && path.extension() != ".h") continue;
      std::ifstream file(path);
      for (std::string line; std::getline(file, line);) {
        line = line.substr(0, line.find("//"));
        found.push_back({path.string(), line});
      }
    }
  }
  return found;
}

// Those in which one of `words` stands and `pattern` is found: words are quick to look for.
std::vector<Line> LinesWith(const std::vector<std::string>& words, const std::string& pattern) {
  static const std::vector<Line> kSources = ReadSources();
  std::regex looked_for(pattern);
  std::vector<Line> found;
  for (const Line& line : kSources) {
    bool any = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return line.text.find(word) != std::string::npos;
    });
    if (any && std::regex_search(line.text, looked_for)) found.push_back(line);
  }
  return found;
}

std::map<std::string, int> CountByFile(const std::vector<Line>& lines) {
  std::map<std::string, int> counts;
  for (const Line& line : lines) ++counts[line.file];
  return counts;
}

}  // namespace

TEST_CASE("rules: signals go by pidfd, or to children that were not waited for") {
  // Where kill() may stand: the number is that of a child whose death nobody has taken note of yet.
  const std::map<std::string, std::string> kMay = {
      {"supervisor/pool/spawner.cc", "a child that was just forked"},
      {"supervisor/pool/process_pool.cc", "our children, each waited for right after"},
      {"supervisor/pool/worker_process.cc",
       "a worker that was not reaped, without signals by pidfd"},
      {"worker/command/child.cc", "a child that was just forked"},
      {"worker/command/process.cc", "the program and its group, before it is waited for"},
      {"worker/command/keeper.cc", "the keeper, waited for right after"},
  };
  for (const Line& line : LinesWith({"kill("}, R"((^|[^_A-Za-z:>.])kill\()")) {
    CAPTURE(line.text);
    CHECK_MESSAGE(kMay.contains(line.file), line.file);
  }
  CHECK(LinesWith({"kill"}, R"(\b(killpg|tgkill|tkill)\()").empty());
}

TEST_CASE("rules: processes are made in few places, and the supervisor has one thread") {
  for (const auto& [file, count] :
       CountByFile(LinesWith({"fork", "spawn", "popen", "system"},
                             R"(\b(fork|vfork|posix_spawnp?|popen|system)\()"))) {
    CAPTURE(file);
    bool known = file.starts_with("supervisor/pool/") || file.starts_with("worker/command/") ||
                 file.starts_with("worker/fork_server") ||
                 file.starts_with("supervisor/metrics/") ||
                 file.starts_with("supervisor/models/") || file.starts_with("supervisor/doctor/");
    CHECK(known);
  }
  CHECK(LinesWith({"system", "popen"}, R"(\b(system|popen)\()").empty());
  for (const Line& line :
       LinesWith({"thread", "async"}, R"(std::(j?thread|async)\b|pthread_create)")) {
    // The metrics server is a process of its own.
    CHECK_MESSAGE(line.file.starts_with("supervisor/metrics/"), line.file << ": " << line.text);
  }
}

TEST_CASE("rules: descriptors are close-on-exec from the moment they are made") {
  const std::string kMakes =
      R"((^|[^_A-Za-z:>.])(open|openat|socket|accept4|pipe2|epoll_create1|signalfd)\()";
  for (const Line& line :
       LinesWith({"open", "socket", "accept", "pipe", "epoll", "signalfd"}, kMakes + ".*;")) {
    if (line.text.find("int open(") != std::string::npos) continue;
    bool standard = line.text.find("\"/dev/null\", O_RDWR)") != std::string::npos;  // 0, 1 and 2
    bool named = std::regex_search(line.text, std::regex(R"(\b(kFolder|kHow|how)\b)"));
    bool marked = line.text.find("CLOEXEC") != std::string::npos;
    CHECK_MESSAGE((marked || named || standard), line.file << ": " << line.text);
  }
  for (const Line& line : LinesWith({"kFolder", "kHow", "how"}, R"(\b(kFolder|kHow|how) = .*O_)")) {
    CHECK_MESSAGE(line.text.find("CLOEXEC") != std::string::npos, line.file << ": " << line.text);
  }
  CHECK(LinesWith({"pipe", "accept", "creat", "epoll", "mkstemp"},
                  R"((^|[^_A-Za-z:>.])(pipe|accept|creat|epoll_create|mkstemp)\()")
            .empty());
  for (const Line& line : LinesWith({"fopen"}, R"(\bfopen\()")) {
    CHECK_MESSAGE(line.text.find("e\")") != std::string::npos, line.file << ": " << line.text);
  }
}

}  // namespace muster
