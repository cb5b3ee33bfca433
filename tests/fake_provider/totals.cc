#include "tests/fake_provider/totals.h"

#include <algorithm>

namespace fake_provider {
namespace {

int64_t NumberMember(const Json& object, std::string_view key) {
  const Json& member = MemberOf(object, key);
  return member.is_number_integer() ? member.get<int64_t>() : 0;
}

}  // namespace

void Totals::Apply(const Json& event) {
  std::string kind = StringMember(event, "event");
  if (kind == "asked") ApplyAsked(event);
  if (kind == "refused") ++refused_[StringMember(event, "model")];
  if (kind == "billed") ApplyBilled(event);
  if (kind == "job") ApplyJob(event);
  if (kind == "download") ApplyDownload(event);
  if (kind == "ended") ApplyEnded(event);
  if (kind == "restarted") open_.clear();
}

void Totals::ApplyAsked(const Json& event) {
  ++asked_;
  last_number_ = std::max<uint64_t>(last_number_, NumberMember(event, "n"));
  if (MemberOf(event, "authorized") == false) ++unauthorized_;
  asked_at_ms_.push_back(NumberMember(event, "time_ms"));
  std::string sha = StringMember(event, "body_sha256");
  Body& body = bodies_[sha];
  ++body.asked;
  if (body.answered) ++repeats_of_answered_;
  open_.emplace(NumberMember(event, "n"), std::move(sha));
  max_in_air_ = std::max<int64_t>(max_in_air_, open_.size());
}

void Totals::ApplyBilled(const Json& event) {
  ++billed_count_;
  picodollars_ += NumberMember(event, "picodollars");
  input_ += NumberMember(event, "input");
  cached_ += NumberMember(event, "cached");
  cache_write_ += NumberMember(event, "cache_write");
  cache_write_1h_ += NumberMember(event, "cache_write_1h");
  output_ += NumberMember(event, "output");
  reasoning_ += NumberMember(event, "reasoning");
}

void Totals::ApplyJob(const Json& event) {
  ++jobs_by_image_[StringMember(event, "image_sha256")];
  credits_ += NumberMember(event, "credits");
}

void Totals::ApplyDownload(const Json& event) {
  ++downloads_;
  if (MemberOf(event, "with_key") == true) ++downloads_with_key_;
}

void Totals::ApplyEnded(const Json& event) {
  std::string outcome = StringMember(event, "outcome");
  ++outcomes_[outcome];
  ++statuses_[NumberMember(event, "status")];
  auto open = open_.find(NumberMember(event, "n"));
  if (open == open_.end()) return;
  if (outcome == "sent") bodies_[open->second].answered = true;
  open_.erase(open);
}

int64_t Totals::TimesAsked(const std::string& body_sha256) const {
  auto found = bodies_.find(body_sha256);
  return found == bodies_.end() ? 0 : found->second.asked;
}

int64_t Totals::AskedSince(int64_t since_ms) const {
  return std::count_if(asked_at_ms_.begin(), asked_at_ms_.end(),
                       [since_ms](int64_t at) { return at >= since_ms; });
}

Json Totals::ToJson() const {
  auto sent = outcomes_.find("sent");
  int64_t jobs = 0;
  for (const auto& [image, count] : jobs_by_image_) jobs += count;
  Json statuses = Json::object();
  for (const auto& [status, count] : statuses_) statuses[std::to_string(status)] = count;
  return {
      {"asked", asked_},
      {"answered", sent == outcomes_.end() ? 0 : sent->second},
      {"billed_count", billed_count_},
      {"picodollars", picodollars_},
      {"input", input_},
      {"cached", cached_},
      {"cache_write", cache_write_},
      {"cache_write_1h", cache_write_1h_},
      {"output", output_},
      {"reasoning", reasoning_},
      {"in_air", open_.size()},
      {"max_in_air", max_in_air_},
      {"unauthorized", unauthorized_},
      {"distinct_bodies", bodies_.size()},
      {"repeats_of_answered", repeats_of_answered_},
      {"jobs", jobs},
      {"images_of_jobs", jobs_by_image_.size()},
      {"credits", credits_},
      {"downloads", downloads_},
      {"downloads_with_key", downloads_with_key_},
      {"refused_by_model", Json(refused_)},
      {"statuses", statuses},
      {"outcomes", Json(outcomes_)},
  };
}

}  // namespace fake_provider
