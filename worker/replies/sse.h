#pragma once

// The two framings of streamed replies: server-sent events and JSON lines. Pure, incremental: the
// same events whatever the pieces the bytes come in.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace muster {

// An event longer than this ends its stream: nothing more is taken.
inline constexpr size_t kMaxEventBytes = 12 * 1024 * 1024;

// The event-stream format of the HTML standard: lines end in LF, CR or CRLF; a line of "data:" adds
// to the event's data, "event:" names it, a line that begins with ":" is a comment, an empty one
// ends the event; a byte order mark at the front is dropped. An event without data is none. Unlike
// a browser it hands out an event that the end of the stream left without its empty line: servers
// stop so.
class SseDecoder {
 public:
  using OnEvent = std::function<void(std::string_view name, std::string_view data)>;

  explicit SseDecoder(OnEvent on_event) : on_event_(std::move(on_event)) {}

  void Feed(std::string_view bytes);
  void End();  // no bytes follow

 private:
  void TakeLine(std::string_view line);
  void Dispatch();

  OnEvent on_event_;
  std::string line_;         // begun, its end has not come yet
  std::string name_, data_;  // of the event that comes
  bool has_data_ = false;
  bool at_start_ = true;
  bool after_cr_ = false;  // a LF that follows belongs to the CR before
  bool overlong_ = false;
};

// JSON lines: every line that is not blank is one event without a name.
class NdjsonDecoder {
 public:
  using OnLine = std::function<void(std::string_view line)>;

  explicit NdjsonDecoder(OnLine on_line) : on_line_(std::move(on_line)) {}

  void Feed(std::string_view bytes);
  void End();

 private:
  void TakeLine();

  OnLine on_line_;
  std::string line_;
  bool overlong_ = false;
};

}  // namespace muster
