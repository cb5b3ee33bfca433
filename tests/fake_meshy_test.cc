// The fake provider's image-to-3D API: orders, how they go on, what they leave, what is refused.

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <zlib.h>

#include <chrono>
#include <cstring>
#include <set>
#include <string>
#include <thread>

#include "common/base64.h"
#include "tests/fake_apis_testing.h"
#include "tests/image_samples.h"

namespace fake_provider {
namespace {

using muster::FakeServer;

constexpr const char* kOrders = "/openapi/v1/image-to-3d";

std::string Bearer() { return fmt::format("Authorization: Bearer {}\r\n", FakeServer::kKey); }

// A PNG with a remark in it: another number, another file.
std::string Png(int number) {
  std::string bytes = muster::BytesOf(muster::kPng);
  std::string remark = fmt::format("tEXtnumber{}{}", std::string(1, '\0'), number);
  auto sum = crc32(0, reinterpret_cast<const Bytef*>(remark.data()), remark.size());
  constexpr size_t kEndBytes = 12;
  return bytes.insert(bytes.size() - kEndBytes,
                      muster::BigBytes(remark.size() - 4, 4) + remark + muster::BigBytes(sum, 4));
}

std::string Uri(int number = 1) {
  return "data:image/png;base64," + muster::EncodeBase64(Png(number));
}

std::string Order(const std::string& more = "", int picture = 1) {
  return fmt::format(R"({{"image_url": "{}"{}}})", Uri(picture), more);
}

Reply Post(const FakeServer& server, const std::string& body) {
  return ParseReply(server.Ask("POST", kOrders, Bearer(), body));
}

Reply Get(const FakeServer& server, const std::string& rest) {
  return ParseReply(server.Ask("GET", kOrders + rest, Bearer(), ""));
}

Json BodyOf(const Reply& reply) { return ParseJson(reply.body).value_or(Json()); }
std::string MessageOf(const Reply& reply) { return StringMember(BodyOf(reply), "message"); }
std::string JobOf(const Reply& reply) { return StringMember(BodyOf(reply), "result"); }

// The path and query of a URL.
std::string TargetOf(const std::string& url) {
  return url.substr(url.find('/', url.find("//") + 2));
}

// The task as it is when it has ended.
Json Awaited(const FakeServer& server, const std::string& id) {
  for (int i = 0; i < 1'000; ++i) {
    Json task = BodyOf(Get(server, "/" + id));
    std::string status = StringMember(task, "status");
    if (status != "PENDING" && status != "IN_PROGRESS") return task;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL("the task does not end");
  return {};
}

uint32_t NumberAt(const std::string& bytes, size_t at) {
  uint32_t number = 0;
  REQUIRE(at + 4 <= bytes.size());
  std::memcpy(&number, bytes.data() + at, 4);
  return number;
}

TEST_CASE("a job goes from waiting over its progress to a model, and is booked once") {
  FakeServer server("", {"--job-ms=300"});
  Reply reply = Post(server, Order(R"(, "texture_prompt": "grey")"));
  CHECK(reply.status == 202);
  std::string id = JobOf(reply);
  REQUIRE(id.size() == 36);
  std::set<std::string> seen;
  int64_t progress = 0;
  for (int i = 0; i < 1'000 && !seen.count("SUCCEEDED"); ++i) {
    Json task = BodyOf(Get(server, "/" + id));
    seen.insert(StringMember(task, "status"));
    CHECK(task["progress"] >= progress);
    progress = task["progress"].get<int64_t>();
    bool done = seen.count("SUCCEEDED");
    CHECK(task["model_urls"].contains("glb") == done);
    CHECK((task["finished_at"] > 0) == done);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(seen == std::set<std::string>{"PENDING", "IN_PROGRESS", "SUCCEEDED"});
  Json task = BodyOf(Get(server, "/" + id));
  CHECK(task["progress"] == 100);
  CHECK(task["texture_prompt"] == "grey");
  CHECK(task["task_error"]["message"] == "");
  CHECK(task["consumed_credits"] == 30);
  CHECK(server.Book("jobs") == 1);
  CHECK(server.Book("credits") == 30);
  CHECK(server.Book("picodollars") == 0);
}

TEST_CASE("its model is a whole binary glTF of triangles, another for another picture") {
  FakeServer server("", {"--job-ms=1"});
  std::set<std::string> models;
  for (int picture : {1, 2, 1}) {
    Json task = Awaited(server, JobOf(Post(server, Order("", picture))));
    std::string url = task["model_urls"]["glb"];
    CHECK(url.starts_with("http://localhost"));  // another host than the API
    std::string glb = ParseReply(server.Ask("GET", TargetOf(url), "", "")).body;
    REQUIRE(glb.starts_with("glTF"));
    CHECK(NumberAt(glb, 4) == 2);
    CHECK(NumberAt(glb, 8) == glb.size());
    size_t json_bytes = NumberAt(glb, 12);
    CHECK(glb.substr(16, 4) == "JSON");
    CHECK(json_bytes % 4 == 0);
    size_t data = 20 + json_bytes;
    CHECK(NumberAt(glb, data) == glb.size() - data - 8);
    CHECK(NumberAt(glb, data) % 4 == 0);
    CHECK(glb.substr(data + 4, 4) == std::string("BIN\0", 4));
    Json json = ParseJson(glb.substr(20, json_bytes)).value_or(Json());
    REQUIRE(json["accessors"].size() == 3);
    uint32_t vertices = json["accessors"][0]["count"], indices = json["accessors"][2]["count"];
    CHECK(indices == vertices / 4 * 6);
    CHECK(json["buffers"][0]["byteLength"] == glb.size() - data - 8);
    CHECK(vertices * 24 + indices * 2 <= glb.size() - data - 8);
    for (uint32_t i = 0; i < indices; ++i) {
      uint16_t index = 0;
      std::memcpy(&index, glb.data() + data + 8 + vertices * 24 + 2 * i, 2);
      REQUIRE(index < vertices);
    }
    models.insert(glb);
  }
  CHECK(models.size() == 2);
  CHECK(server.Book("jobs") == 3);
  CHECK(server.Book("images_of_jobs") == 2);
  CHECK(server.Book("downloads") == 3);
  CHECK(server.Book("downloads_with_key") == 0);
}

TEST_CASE(
    "a model is given to whoever has its whole URL, and the books tell who sent a key along") {
  FakeServer server("", {"--job-ms=1"});
  Json task = Awaited(server, JobOf(Post(server, Order())));
  std::string target = TargetOf(task["model_urls"]["glb"]);
  CHECK(ParseReply(server.Ask("GET", target, Bearer(), "")).status == 200);
  CHECK(server.Book("downloads_with_key") == 1);
  CHECK(ParseReply(server.Ask("GET", target.substr(0, target.size() - 1), "", "")).status == 403);
  CHECK(ParseReply(server.Ask("GET", target.substr(0, target.find('?')), "", "")).status == 403);
  CHECK(ParseReply(server.Ask("GET", "/meshy-assets/tasks/none/output/model.glb", "", "")).status ==
        404);
}

TEST_CASE("a list has the newest first or last, in pages") {
  FakeServer server("", {"--job-ms=1"});
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(JobOf(Post(server, Order("", i))));
  auto listed = [&server](const std::string& query) {
    std::vector<std::string> found;
    for (const Json& task : BodyOf(Get(server, query))) found.push_back(task["id"]);
    return found;
  };
  CHECK(listed("") == std::vector{ids[2], ids[1], ids[0]});
  CHECK(listed("?sort_by=%2Bcreated_at") == ids);
  CHECK(listed("?page_size=2&sort_by=-created_at") == std::vector{ids[2], ids[1]});
  CHECK(listed("?page_size=2&page_num=2&sort_by=-created_at") == std::vector{ids[0]});
  CHECK(listed("?page_num=9").empty());
  for (const char* wrong : {"?page_size=51", "?page_num=0", "?sort_by=name", "?limit=3"}) {
    CHECK(Get(server, wrong).status == 400);
  }
}

TEST_CASE("orders that the real API refuses are refused, with a message and nothing booked") {
  FakeServer server;
  auto refused = [&server](const std::string& body) {
    Reply reply = Post(server, body);
    return reply.status == 400 ? MessageOf(reply) : fmt::format("{}", reply.status);
  };
  CHECK(refused("[]") == "Invalid JSON body");
  CHECK(refused("{}") == "image_url or input_task_id is required");
  CHECK(refused(R"({"image_url": "https://example.com/a.png"})").starts_with("image_url is not"));
  std::string png = Png(1);
  auto as_uri = [](const std::string& type, const std::string& bytes) {
    return fmt::format(R"({{"image_url": "data:{};base64,{}"}})", type,
                       muster::EncodeBase64(bytes));
  };
  CHECK(refused(as_uri("image/png", png.substr(0, png.size() / 2))) ==
        "image_url: the PNG is cut short");
  std::string flipped = png;
  flipped[flipped.size() - 20] ^= 1;
  CHECK(refused(as_uri("image/png", flipped)) == "image_url: a checksum of the PNG is wrong");
  CHECK(refused(as_uri("image/jpeg", png)) == "image_url: the image is not what its data URI says");
  CHECK(refused(as_uri("image/gif", "GIF89a")) ==
        "image_url: only image/jpeg and image/png are taken");
  CHECK(refused(Order(R"(, "enable_pbr": true, "should_texture": false)")) ==
        "enable_pbr requires should_texture");
  CHECK(refused(Order(R"(, "texture_prompt": ")" + std::string(601, 'a') + "\"")) ==
        "texture_prompt exceeds 600 characters");
  for (const char* wrong :
       {R"("topology": "hexagon")", R"("target_polycount": 99)", R"("decimation_mode": 5)",
        R"("should_texture": "yes")", R"("target_formats": ["gif"])", R"("target_formats": [])",
        R"("ai_model": "meshy-1")", R"("shuold_texture": true)"}) {
    CAPTURE(wrong);
    CHECK(Post(server, Order(std::string(", ") + wrong)).status == 400);
  }
  CHECK(server.Book("jobs") == 0);
  CHECK(Post(server, as_uri("image/jpeg", muster::BytesOf(muster::kJpeg))).status == 202);
  CHECK(Post(server, as_uri("image/jpg", muster::BytesOf(muster::kJpeg))).status == 202);
  CHECK(Get(server, "/no-such-task").status == 404);
  CHECK(ParseReply(server.Ask("POST", kOrders, "", Order())).status == 401);
  CHECK(ParseReply(server.Ask("DELETE", kOrders, Bearer(), "")).status == 405);
  CHECK(server.Book("jobs") == 2);
}

TEST_CASE("too many jobs at once, too many requests a second and no credits are three refusals") {
  FakeServer server("", {"--job-ms=60000", "--jobs-at-once=1", "--credits=60"});
  CHECK(Post(server, Order()).status == 202);
  Reply second = Post(server, Order());
  CHECK(second.status == 429);
  CHECK(MessageOf(second) == "NoMoreConcurrentTasks");
  server.SetScript(R"({"rules": [{"action": {"error": "billing"}}]})");
  CHECK(Post(server, Order()).status == 402);
  server.SetScript(R"({"rules": []})");
  server.SetLimits(R"({"limits": [{"model": "meshy", "requests": 1, "per": "60s"}]})");
  Get(server, "");
  Reply limited = Get(server, "");
  CHECK(limited.status == 429);
  CHECK(MessageOf(limited) == "RateLimitExceeded");
  CHECK(server.Book("jobs") == 1);
}

TEST_CASE("credits that are used up are a 402, and a job that fails uses none") {
  FakeServer server(R"({"rules": [{"match": {"nth": 1}, "action": {"job": {"end": "FAILED"}}}]})",
                    {"--job-ms=1", "--credits=30"});
  CHECK(Post(server, Order()).status == 202);
  CHECK(Post(server, Order()).status == 202);
  Reply third = Post(server, Order());
  CHECK(third.status == 402);
  CHECK(MessageOf(third) == "Insufficient credits");
  CHECK(server.Book("credits") == 30);
}

TEST_CASE("a script says how a job ends and how long it takes") {
  FakeServer server(R"({"rules": [
      {"match": {"body": "one"}, "action": {"job": {"end": "FAILED", "error": "too dark", "ms": 1}}},
      {"match": {"body": "two"}, "action": {"job": {"end": "CANCELED", "ms": 1}}},
      {"match": {"body": "three"}, "action": {"job": {"ms": 100000}}}]})");
  auto order = [&server](const std::string& prompt) {
    return JobOf(Post(server, Order(fmt::format(R"(, "texture_prompt": "{}")", prompt))));
  };
  Json failed = Awaited(server, order("one"));
  CHECK(failed["status"] == "FAILED");
  CHECK(failed["task_error"]["message"] == "too dark");
  CHECK(failed["consumed_credits"] == 0);
  CHECK_FALSE(failed["model_urls"].contains("glb"));
  CHECK(Awaited(server, order("two"))["status"] == "CANCELED");
  CHECK(BodyOf(Get(server, "/" + order("three")))["status"] == "PENDING");
}

TEST_CASE("a job is begun although its reply is lost, or says something else; else there is none") {
  auto jobs_after = [](const std::string& action) {
    FakeServer server(R"({"rules": [{"match": {"path": "/image-to-3d", "body": "image_url"},
                                     "action": )" +
                      action + "}]}");
    Reply reply = Post(server, Order(R"(, "texture_prompt": "seven")"));
    CHECK(reply.status != 202);
    Json listed = BodyOf(Get(server, "?page_size=50"));
    CHECK(listed.size() == static_cast<size_t>(server.Book("jobs")));
    if (!listed.empty()) CHECK(listed[0]["texture_prompt"] == "seven");
    return server.Book("jobs");
  };
  CHECK(jobs_after(R"({"cut_at_byte": 0})") == 1);
  CHECK(jobs_after(R"({"reset_at_byte": 0})") == 1);
  CHECK(jobs_after(R"({"status": 504, "bill": true})") == 1);
  CHECK(jobs_after(R"({"status": 504})") == 0);
  CHECK(jobs_after(R"({"error": "server_error"})") == 0);
}

TEST_CASE("an order that was answered and comes again is told in the books") {
  FakeServer server("", {"--job-ms=1"});
  Post(server, Order());
  Get(server, "");
  Get(server, "");
  CHECK(server.Book("repeats_of_answered") == 0);
  Post(server, Order());
  CHECK(server.Book("repeats_of_answered") == 1);
  CHECK(server.Book("answered") == 2);
}

}  // namespace
}  // namespace fake_provider
