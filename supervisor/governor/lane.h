#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/protocol.h"
#include "supervisor/governor/learned_limit.h"
#include "supervisor/governor/outage.h"
#include "supervisor/governor/slots.h"
#include "supervisor/governor/window.h"

namespace muster {

// Tokens of one call, as far as limits count them.
struct Tokens {
  int64_t input = 0, output = 0;
};

inline constexpr size_t kLimitUnits = 4;
// What a call of so many tokens takes of a limit in that unit.
int64_t AmountIn(LimitUnit unit, const Tokens& tokens);

// A call in the air as one of its lanes remembers it.
struct Flight {
  int64_t call = 0;
  std::chrono::steady_clock::time_point sent;
  Tokens reserved;
  std::array<int64_t, kLimitUnits> taken{};  // by learned limit: what had been taken, this included
};

// How a flight ended, as far as its lanes care.
enum class Landing {
  kAnswered,    // whatever the answer says: the provider works
  kRefused,     // rate-limited: too much at once
  kOverLimit,   // rate-limited, by a limit that the reply names as used up
  kOverloaded,  // too much for the provider
  kFailed,      // other trouble of the provider, or on the way
  kUnreached,   // no connection came about
  kVanished,    // its worker is gone: nobody knows
};

// What limits, pauses and stops apply to: the run, a key, a provider, or one of its models. Knows
// no queue, only what went and when. It is asked about each call that wants to go, told of each
// that went and how it ended.
class Lane {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Level { kRun, kKey, kProvider, kModel };

  // `follow`: to learn the provider's limits and find out how many calls at once it takes, from
  // `first` on. Who writes a concurrency knows that so many are taken: it is where that begins.
  Lane(Level level, std::string name, const Limits& limits, bool follow = false,
       std::optional<int64_t> first = std::nullopt);

  const std::string& name() const { return name_; }
  const Limits& limits() const { return limits_; }

  // A try that an earlier session sent; in the order of time.
  void Prime(Time when, const Tokens& tokens);
  // Other limits from now on; what went stays counted as far as the windows are the same.
  void SetLimits(const Limits& limits);

  bool MayGo(const Tokens& tokens, Time now) const;
  // When the clock alone lets such a call go; nullopt: it waits for a call to end, or the lane is
  // stopped.
  std::optional<Time> NextChance(const Tokens& tokens, Time now) const;
  // How many calls of average size could go now; nullopt: any number.
  std::optional<int64_t> Room(Time now) const;
  // Why it has to wait now, for people: "openai has 8 of 8 calls in the air".
  std::string WhyWaiting(const Tokens& tokens, Time now) const;

  Flight Sent(int64_t call, const Tokens& tokens, Time now);
  // `used`: the true tokens; nullopt: not known, the reservation stays counted.
  void Landed(const Flight& flight, Landing landing, const std::optional<Tokens>& used, Time now);
  // What a reply says of the provider's own limits.
  void Learn(const Flight& flight, const std::vector<LimitSeen>& seen);

  int64_t in_the_air() const { return slots_.in_the_air(); }
  // How many may be; nullopt: any number.
  std::optional<int64_t> slots() const;

  // Nothing goes before `until` ("asked to wait (429)").
  void CloseUntil(Time until, const std::string& why);
  // Nothing goes any more in this session.
  void Stop(const std::string& why) { stopped_ = why; }
  bool stopped() const { return !stopped_.empty(); }
  const std::string& why_stopped() const { return stopped_; }

  bool down() const { return outage_.down(); }
  // What went wrong last, for people; kept from one outage to the next.
  void NoteTrouble(const std::string& trouble) { trouble_ = trouble; }
  const std::string& trouble() const { return trouble_; }
  std::optional<Time> down_since() const { return outage_.since(); }

  // Rate-limit replies in a row, for the back-off of a lane without Retry-After.
  int64_t rejections_in_a_row() const { return rejections_in_a_row_; }
  bool ever_answered() const { return answered_; }

 private:
  struct UnitWindow {
    LimitUnit unit;
    Window window;
  };

  void BuildWindows();
  bool HasSlot() const;
  bool CountRejection(Time sent, Time now);  // whether it is the first of its kind
  bool HasOutages() const { return level_ == Level::kProvider || level_ == Level::kModel; }
  // When the clock lets it go, slots aside.
  Time Opens(const Tokens& tokens, Time now) const;
  std::string WhyWindow(const Tokens& tokens, Time now) const;

  Level level_;
  std::string name_;
  Limits limits_;
  bool follow_;
  Slots slots_;
  std::vector<UnitWindow> windows_;
  std::array<LearnedLimit, kLimitUnits> learned_;
  Outage outage_;
  Time last_sent_ = Time::min();
  Time closed_until_ = Time::min();
  std::string why_closed_;
  std::string stopped_, trouble_;
  int64_t rejections_in_a_row_ = 0;
  Time rejected_at_ = Time::min();
  bool answered_ = false;
};

}  // namespace muster
