// Talking to a live run: muster ctl, muster status, and the metrics it serves.

#include "tests/tcp_server.h"
#include "tests/workplace.h"

namespace muster {
namespace {

const std::string kRun = "runs/transcripts";

std::string Ctl(const Workplace& place, const Args& words) {
  ChildEnd end = RunChild(place.Muster(Args{"ctl", kRun} + words));
  return std::to_string(end.code) + " " + end.out + end.err;
}

}  // namespace

TEST_CASE("e2e: a run is paused, gone on with, given more workers and stopped by hand") {
  FakeServer server("", {"--latency-ms=300"});
  Workplace place(6);
  place.Ask(server);
  Child run(place.Run({"-j", "2"}));
  REQUIRE(run.ReadUntil([&] { return server.Book("answered") >= 2; }));
  CHECK(Ctl(place, {"pause"}).starts_with("0 paused"));
  REQUIRE(run.ReadUntil([&] { return server.Book("in_air") == 0; }));
  int64_t asked = server.Book("asked");
  std::string paused = RunChild(place.Muster({"status"})).out;
  CHECK(Has(paused, "the run is paused"));
  CHECK(Has(paused, "  w1 ["));
  CHECK(server.Book("asked") == asked);
  CHECK(Ctl(place, {"set", "workers=5", "openai.rpm=6000"}) ==
        "0 workers is 5, was 2\nopenai.requests_per_minute is 6000, was 500\n");
  CHECK(Ctl(place, {"resume"}) == "0 resumed\n");
  CHECK(Ctl(place, {"resume"}).starts_with("1 "));
  REQUIRE(run.ReadUntil([&] { return run.Workers().size() == 5; }));
  CHECK(Ctl(place, {"cancel", place.Ids().back()}).starts_with("0 item "));
  CHECK(Ctl(place, {"cancel", "nobody"}).starts_with("1 "));
  CHECK(Ctl(place, {"stop"}).starts_with("0 stopping"));
  ChildEnd end = run.Wait();
  CHECK_MESSAGE(end.code == 5, end.out << end.err);
  CHECK(Has(end.out, "stopped by hand"));
  CHECK(Ctl(place, {"pause"}).starts_with("2 "));

  Json status = place.Status();
  CHECK(CountIn(status, "counts", "failed") == 1);
  ChildEnd rest = place.RunToEnd({"--retry-failed"});
  CHECK_MESSAGE(rest.code == 0, rest.out << rest.err);
  CHECK(server.Book("repeats_of_answered") == 0);
}

TEST_CASE("e2e: a run's numbers are served to Prometheus while it lives") {
  FakeServer server("", {"--latency-ms=300"});
  Workplace place(3);
  place.Ask(server);
  int port = 0;
  {
    TcpServer free_port([](TcpConnection&) {});  // a number that nobody has at this moment
    port = free_port.port();
  }
  std::string address = "127.0.0.1:" + std::to_string(port);
  Child run(place.Run({"--set", "metrics=" + address}));
  REQUIRE(run.ReadUntil([&] { return server.Book("answered") >= 3; }));
  ChildOptions fetch;
  fetch.argv = {"python3", "-c",
                "import sys,urllib.request;"
                "sys.stdout.write(urllib.request.urlopen(sys.argv[1],timeout=5).read().decode())",
                "http://" + address + "/metrics"};
  std::string page = RunChild(fetch).out;
  CHECK(Has(page, "muster_up 1\n"));
  CHECK(Has(page, "muster_items{status=\"running\"} 3\n"));
  CHECK(Has(page, "muster_calls_total{"));
  CHECK(run.Wait().code == 0);
  CHECK(RunChild(fetch).code != 0);  // it ended with the run
}

}  // namespace muster
