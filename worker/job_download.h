#pragma once

#include <string>

#include "common/json.h"
#include "worker/http_job.h"

namespace muster {

// Whether a file may be taken from `url`, which a reply named: over https from anywhere that has a
// name, else only from where the provider itself is (and on this machine, if it is there). So no
// reply can make a worker fetch what only this machine or its network may see.
Result<void> CheckDownloadUrl(const std::string& url, const Provider& provider);

// A file that is taken from a finished job: into a temporary file beside its place, which it takes
// only when it is whole and on the disk. Its answer, {"path", "sha256", "bytes"}, holds as long as
// the file is what it was.
class DownloadFile : public CallWork {
 public:
  // `file`: its path in `folder`. `reply`: the job's last, whose `from` is the URL; `poll_path` is
  // asked for another one when that has expired; empty: it cannot be.
  DownloadFile(JobParts parts, std::string folder, std::string file, std::string from, Json reply,
               std::string poll_path);

  Task<HttpOutcome> Perform(const Go& go) override;
  Reading Read(const HttpReply& reply) const override;
  std::optional<Unusable> Judge(const std::string& body) const override;

 private:
  Task<HttpOutcome> Fetch(Json reply, Go go);
  Task<HttpOutcome> AskForReply(Go go);
  HttpRequest RequestFor(const std::string& url, const Go& go) const;
  HttpOutcome Refused(const HttpReply& reply, const std::string& url) const;

  JobParts parts_;
  std::string folder_, file_, from_;
  Json reply_;
  std::string poll_path_;
};

}  // namespace muster
