#pragma once

// A run that a test does something to, with the torture's own scene, provider and questions
// (tests/torture/examination.h): whatever was done, afterwards all of I1 to I12 must hold.

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/child.h"
#include "tests/files.h"
#include "tests/torture/examination.h"

namespace muster {

// Owns the run's folder, its provider and the evidence. The real programs work on items of eight
// calls each. This process adopts what they leave while it lives.
class Ordeal {
 public:
  struct Shape {
    int64_t items = 4, workers = 3;
    uint64_t seed = 1;  // of the provider's faults
  };

  Ordeal() : Ordeal(Shape{}) {}
  explicit Ordeal(const Shape& shape);
  Ordeal(const Ordeal&) = delete;
  ~Ordeal();

  const torture::Scene& scene() const { return *scene_; }
  const std::string& folder() const { return folder_.path(); }
  std::string run_dir() const { return scene_->run_dir(); }
  std::string token() const { return token_; }  // in the environment of every process of the run
  torture::Witness& witness() { return witness_; }

  // muster run, after the words of `before` ("strace …", "sh -c … sh"), with `more` options.
  ChildOptions Command(const std::vector<std::string>& before = {},
                       const std::vector<std::string>& more = {}) const;
  // To be told how each start ended; what it printed is evidence. `killed`: with calls in the air.
  void Note(const ChildEnd& end, bool killed);
  // Requests that the provider has been asked so far, and those it is at.
  int64_t asked();
  int64_t in_the_air();

  // Everything that must hold now, with no process of the run alive.
  void Check();
  // Runs it to its end, undisturbed; then everything must hold, and once more find nothing to do.
  void FinishAndCheck();

 private:
  torture::Subject subject() const;
  void Report(const std::vector<std::string>& wrong) const;
  void Compare(bool finished);

  TempDir folder_;
  std::string token_, log_;
  std::unique_ptr<torture::Scene> scene_;
  std::unique_ptr<torture::Provider> provider_;
  torture::Witness witness_;
};

}  // namespace muster
