#include "worker/replies/stream.h"

#include <algorithm>

#include "worker/replies/sse.h"

namespace muster {
namespace {

constexpr std::string_view kDone = "[DONE]";  // OpenAI's last event, which is no JSON

// Either decoder, by the form.
class Decoder {
 public:
  Decoder(Framing framing, const SseDecoder::OnEvent& on_event)
      : framing_(framing),
        sse_(on_event),
        lines_([on_event](std::string_view line) { on_event("", line); }) {}

  void Feed(std::string_view bytes) {
    framing_ == Framing::kSse ? sse_.Feed(bytes) : lines_.Feed(bytes);
  }
  void End() { framing_ == Framing::kSse ? sse_.End() : lines_.End(); }

 private:
  Framing framing_;
  SseDecoder sse_;
  NdjsonDecoder lines_;
};

class Watcher : public StreamWatch {
 public:
  explicit Watcher(const StreamForm& form)
      : decoder_(form.framing, [this, is_last = form.is_last](auto name, auto data) {
          ended_ = ended_ || is_last(name, data);
        }) {}

  bool Take(std::string_view bytes) override {
    if (!ended_) decoder_.Feed(bytes);
    return ended_;
  }

 private:
  bool ended_ = false;
  Decoder decoder_;
};

bool StartsLikeSse(std::string_view body) {
  body.remove_prefix(std::min(body.find_first_not_of("\xef\xbb\xbf\r\n"), body.size()));
  for (std::string_view field : {"data:", "event:", "id:", "retry:", ":"}) {
    if (body.starts_with(field)) return true;
  }
  return false;
}

// More than one JSON line, as against one JSON text, which may have line breaks inside.
bool StartsLikeLines(std::string_view body) {
  size_t end = body.find('\n');
  if (!body.starts_with('{') || end == body.npos || !ParseJson(body.substr(0, end))) return false;
  return body.find_first_not_of(" \t\r\n", end) != body.npos;
}

}  // namespace

bool IsStream(const StreamForm& form, const HttpReply& reply) {
  std::string_view type = reply.Header("content-type");
  type = type.substr(0, type.find(';'));
  if (form.framing == Framing::kSse) {
    return type == "text/event-stream" || StartsLikeSse(reply.body);
  }
  return type == "application/x-ndjson" || type == "application/jsonl" ||
         StartsLikeLines(reply.body);
}

Result<Folded> FoldStream(const StreamForm& form, std::string_view body) {
  std::unique_ptr<StreamFold> fold = form.fold();
  std::string wrong;
  Decoder decoder(form.framing, [&](std::string_view name, std::string_view data) {
    if (!wrong.empty()) return;
    if (data == kDone) return fold->Take(name, Json());
    auto json = ParseJson(data);
    if (!json) {
      wrong = json.error();
    } else {
      fold->Take(name, *json);
    }
  });
  decoder.Feed(body);
  decoder.End();
  if (!wrong.empty()) return Fail("an event of its stream is no JSON: {}", wrong);
  return fold->Finish();
}

std::unique_ptr<StreamWatch> WatchStream(const StreamForm& form) {
  return std::make_unique<Watcher>(form);
}

}  // namespace muster
