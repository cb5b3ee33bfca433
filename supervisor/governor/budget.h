#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/config/config.h"
#include "common/money.h"

namespace muster {

// A hard ceiling on money, by reservation: a call may go only when what is booked (spent, or
// unknown at its worst), what the calls in the air can cost at worst, and its own worst case fit
// under the cap together. For the run, for each provider that has a cap, and for each item. Every
// try reserves anew, so that retries cannot pass it either. Amounts are picodollars.
class Budget {
 public:
  explicit Budget(const Config& config);

  // Booked by earlier sessions.
  void AddBooked(const std::string& provider, Picodollars amount);
  void AddBookedForItem(const std::string& item, Picodollars amount);
  bool knows(const std::string& item) const { return items_.contains(item); }
  void ForgetItem(const std::string& item) { items_.erase(item); }

  bool capped() const { return run_.cap || item_cap_ || any_provider_capped_; }
  bool items_capped() const { return item_cap_.has_value(); }
  std::optional<Picodollars> cap() const { return run_.cap; }
  void SetCap(std::optional<Picodollars> cap);

  struct Claim {
    std::string provider, item;
    std::optional<Picodollars> worst;  // nullopt: not to be bounded
  };
  enum class Room {
    kYes,
    kLater,      // perhaps when a call in the air has cost less than it could have
    kNever,      // not under this cap
    kUnbounded,  // there is a cap, and nobody can say what this call may cost
  };
  enum class Whose { kRun, kProvider, kItem };
  struct Answer {
    Room room = Room::kYes;
    Whose whose = Whose::kRun;  // the account that is full
    std::string why;            // a sentence, unless there is room
  };
  Answer Ask(const Claim& claim) const;
  void Reserve(const Claim& claim);
  // The reserved try ended: `counted` is what it cost, or its worst case where that is unknown.
  void Settle(const Claim& claim, Picodollars counted);

  // Once, when the share of the cap that the config wants a warning for is used: a sentence.
  std::string TakeWarning();

 private:
  struct Account {
    std::optional<Picodollars> cap;
    Picodollars booked = 0, reserved = 0;
    bool Fits(Picodollars worst) const;
  };
  // Why the account has no room for it; nullopt: it has.
  static std::optional<Answer> Look(const Account& account, Whose whose, const std::string& name,
                                    Picodollars worst);
  static std::string Full(const std::string& whose, const Account& account, Picodollars worst);
  Account ItemAccount(const std::string& item) const;

  Account run_;
  std::map<std::string, Account> providers_;
  std::map<std::string, Account> items_;  // those in workers' hands; only when they have a cap
  std::optional<Picodollars> item_cap_;
  bool any_provider_capped_ = false;
  double warn_at_;
  bool warned_ = false;
};

}  // namespace muster
