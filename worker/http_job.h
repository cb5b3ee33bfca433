#pragma once

// The parts of an HTTP job as work for calls: the POST that begins it, the wait for its end, and
// the files that are taken from it. Names and conditions over replies are the config's.

#include <functional>
#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/json.h"
#include "common/result.h"
#include "worker/call_work.h"
#include "worker/caller.h"

namespace muster {

// What the parts of one job share. All of it outlives them.
struct JobParts {
  Caller& caller;
  const Provider& provider;
  const RequestStep& step;
  // How far the job is, for people; told when it changes.
  std::function<void(const std::string& how_far)> tell;
};

// The text at `path` in a reply, a number written as JSON does; an error names what is missing.
Result<std::string> TextAt(const Json& reply, const std::string& path);

// The job that an answer of BeginJob names; "" where the step has no `job`.
std::string JobIn(const RequestStep& step, const Json& answer);

// The POST. A try of it that may follow one of which nobody knows whether it arrived looks for that
// one's job by the step's `find` first; what it finds is its answer: {"found": job, "listed": …}.
class BeginJob : public CallWork {
 public:
  // `find_path` and `find_context` are of `find`: its path, rendered, and the names that its
  // condition may use.
  BeginJob(JobParts parts, std::string path, Json body, std::string find_path, Json find_context);

  Task<HttpOutcome> Perform(const Go& go) override;
  Reading Read(const HttpReply& reply) const override;
  std::optional<Unusable> Judge(const std::string& body) const override;

 private:
  Task<HttpOutcome> LookUpLost(Go go);
  HttpOutcome FindIn(const HttpReply& reply) const;

  JobParts parts_;
  std::string path_;
  Json body_;
  std::string find_path_;
  Json find_context_;
};

// Why the job of a reply to a poll has failed; nullopt: it has not.
Result<std::optional<std::string>> WhyFailed(const PollRule& poll, const Json& reply);

// The wait for a job's end, one call however long: asks again and again until the reply says done
// or failed, which is the answer. Trouble that passes does not end it before its limit.
class AwaitJob : public CallWork {
 public:
  AwaitJob(JobParts parts, std::string path, std::string job);

  Task<HttpOutcome> Perform(const Go& go) override;
  Reading Read(const HttpReply& reply) const override;
  std::optional<Unusable> Judge(const std::string& body) const override;

 private:
  // What a reply to a poll means: its end, or a reason to ask again.
  struct Look {
    std::optional<HttpOutcome> end;
    std::string trouble;  // empty: the job goes on
  };
  Look LookAt(const HttpOutcome& outcome) const;
  HttpOutcome OverLimit(const std::string& trouble) const;
  void TellProgress(const Json& reply) const;

  JobParts parts_;
  std::string path_, job_;
  mutable std::string told_;  // the last word about its progress
};

}  // namespace muster
