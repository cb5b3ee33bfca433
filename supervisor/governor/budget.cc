#include "supervisor/governor/budget.h"

#include <fmt/format.h>

#include <algorithm>

namespace muster {

Budget::Budget(const Config& config)
    : item_cap_(config.budget.max_cost_per_item), warn_at_(config.budget.warn_at) {
  run_.cap = config.budget.max_cost;
  for (const auto& [name, provider] : config.providers) {
    if (!provider.max_cost) continue;
    providers_[name].cap = provider.max_cost;
    any_provider_capped_ = true;
  }
}

bool Budget::Account::Fits(Picodollars worst) const {
  return !cap || AddMoney(AddMoney(booked, reserved), worst) <= *cap;
}

void Budget::AddBooked(const std::string& provider, Picodollars amount) {
  run_.booked = AddMoney(run_.booked, amount);
  Account& own = providers_[provider];
  own.booked = AddMoney(own.booked, amount);
}

void Budget::AddBookedForItem(const std::string& item, Picodollars amount) {
  if (!item_cap_) return;
  Account& own = items_[item];
  own.booked = AddMoney(own.booked, amount);
}

void Budget::SetCap(std::optional<Picodollars> cap) {
  run_.cap = cap;
  warned_ = false;
}

std::string Budget::Full(const std::string& whose, const Account& account, Picodollars worst) {
  Picodollars left = std::max<Picodollars>(*account.cap - account.booked, 0);
  return fmt::format("the budget of {}, {}, has {} left, and the next call can cost {}", whose,
                     FormatMoney(*account.cap), FormatMoney(left), FormatMoney(worst));
}

Budget::Account Budget::ItemAccount(const std::string& item) const {
  auto known = items_.find(item);
  Account account = known == items_.end() ? Account() : known->second;
  account.cap = item_cap_;
  return account;
}

Budget::Answer Budget::Ask(const Claim& claim) const {
  if (!capped()) return {};
  if (!claim.worst) {
    return {Room::kUnbounded, Whose::kItem,
            "what this call may cost cannot be bounded, and the run has a budget: its model needs "
            "a price and max_tokens"};
  }
  Account item = ItemAccount(claim.item);
  if (auto answer = Look(item, Whose::kItem, "the item", *claim.worst)) return *answer;
  if (auto own = providers_.find(claim.provider); own != providers_.end()) {
    std::string name = "provider " + claim.provider;
    if (auto answer = Look(own->second, Whose::kProvider, name, *claim.worst)) return *answer;
  }
  return Look(run_, Whose::kRun, "the run", *claim.worst).value_or(Answer());
}

std::optional<Budget::Answer> Budget::Look(const Account& account, Whose whose,
                                           const std::string& name, Picodollars worst) {
  if (account.Fits(worst)) return std::nullopt;
  if (account.reserved > 0) {
    return Answer{
        Room::kLater, whose,
        fmt::format("what is left of the budget of {} is reserved for calls in the air", name)};
  }
  return Answer{Room::kNever, whose, Full(name, account, worst)};
}

void Budget::Reserve(const Claim& claim) {
  Picodollars worst = claim.worst.value_or(0);
  run_.reserved = AddMoney(run_.reserved, worst);
  Account& provider = providers_[claim.provider];
  provider.reserved = AddMoney(provider.reserved, worst);
  if (item_cap_) items_[claim.item].reserved = AddMoney(items_[claim.item].reserved, worst);
}

void Budget::Settle(const Claim& claim, Picodollars counted) {
  Picodollars worst = claim.worst.value_or(0);
  auto settle = [&](Account& account) {
    account.reserved -= worst;
    account.booked = AddMoney(account.booked, counted);
  };
  settle(run_);
  settle(providers_[claim.provider]);
  if (auto item = items_.find(claim.item); item != items_.end()) settle(item->second);
}

std::string Budget::TakeWarning() {
  if (warned_ || !run_.cap || *run_.cap == 0) return "";
  double share = static_cast<double>(run_.booked) / static_cast<double>(*run_.cap);
  if (share < warn_at_) return "";
  warned_ = true;
  return fmt::format("{:.0f} % of the budget is used: {} of {}", share * 100,
                     FormatMoney(run_.booked), FormatMoney(*run_.cap));
}

}  // namespace muster
