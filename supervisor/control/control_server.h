#pragma once

// The supervisor's ear while a run lives: a Unix stream socket in the run directory, one JSON
// object a line each way. Other processes say what to do (ctl.h) or ask how things stand (metrics).
// It knows lines and who sent them, not what they mean.
//
//   {"do":"pause"} · {"do":"resume"} · {"do":"stop"} · {"do":"status"}
//   {"do":"cancel","item":"x"} · {"do":"retry","item":"x"}
//   {"do":"set","lane":"openai/gpt-5.1","name":"requests_per_minute","value":"300"}
//
// A lane of "" is the whole run; a value is text, "" for none. The answer is {"ok":"sentence"} or
// {"error":"sentence"}; to "status" it is an object of which every member may be missing:
//
//   {"mode":"working", "elapsed_ms":…, "uncommitted":N, "restarts":N, "deaths":N,
//    "workers":[{"name","host","state","item","step","why","for_ms"}],
//    "lanes":[{"name","in_the_air","slots","waiting","why","stopped","open_in_ms"}],
//    "latency":[{"provider","model","count","sum_ms","buckets":[[le_ms,count],…]}]}

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/fd.h"
#include "common/json.h"
#include "common/result.h"
#include "supervisor/control/control_peer.h"

namespace muster {

// The socket and its connections, at most 16, of our own user or root. Never blocks. Owned by the
// run, which holds the lock of its directory; the socket's file goes with it.
class ControlServer {
 public:
  // A parsed object; `id` is for its Reply.
  struct Request {
    int64_t id = 0;
    Json body;
  };

  // Makes the socket, in place of one that a killed supervisor left. The directory must be locked
  // by this process.
  static Result<std::unique_ptr<ControlServer>> Open(const std::string& run_dir);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();

  // An epoll of its own: readable when Take() has something to do.
  int fd() const { return epoll_.get(); }

  // Takes in and sends out what is ready, and returns the requests in it; lines that are none are
  // answered here. Each request needs one Reply.
  std::vector<Request> Take();

  // Answers a request. To a client that left it says nothing.
  void Reply(int64_t id, const Json& body);

 private:
  explicit ControlServer(Fd folder) : folder_(std::move(folder)) {}
  Result<void> SetUp(const std::string& run_dir);
  Result<void> Bind(const std::string& run_dir);
  void AcceptAll();
  Fd AcceptOne();
  void Admit(Fd socket);
  void Serve(int64_t id, uint32_t events, std::vector<Request>* requests);
  void TakeLine(int64_t id, ControlPeer& peer, std::string_view line,
                std::vector<Request>* requests);
  void Settle(int64_t id, const ControlPeer& peer);

  Fd folder_, listener_, epoll_;
  Fd spare_;                              // given up to accept, and close, when there are no more
  bool bound_ = false;                    // the file is ours to remove
  std::map<int64_t, ControlPeer> peers_;  // by number, from 1; never used again
  std::map<int64_t, int64_t> asked_by_;   // request to peer, until it is answered
  int64_t last_peer_ = 0, last_request_ = 0;
};

}  // namespace muster
