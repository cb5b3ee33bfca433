// Servers whose certificates are not what they should be: nothing is said to them.

#include <filesystem>

#include "tests/workplace.h"

namespace muster {
namespace {

// Certificates of an authority that the programs are told to trust, and of others.
constexpr char kMake[] = R"sh(
set -e
new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" "${@:2}" 2>/dev/null; }
sign() { openssl x509 -req -in server.csr -CA "$1.pem" -CAkey "$1.key" -CAcreateserial -out "$2.pem" -days "$3" -extfile "$4" 2>/dev/null; }
new ca -x509 -days 30 -keyout ca.key -out ca.pem
new stranger -x509 -days 30 -keyout stranger.key -out stranger.pem
new server -keyout server.key -out server.csr
echo subjectAltName=IP:127.0.0.1 > here
echo subjectAltName=DNS:elsewhere.example > elsewhere
sign ca good 30 here
sign ca expired -1 here
sign ca another-host 30 elsewhere
sign stranger unknown 30 here
openssl x509 -req -in server.csr -signkey server.key -out self-signed.pem -days 30 -extfile here 2>/dev/null
)sh";

constexpr char kOneCall[] =
    "name: one\nitems: {range: 1..2}\nlimits: {time: {first_byte: 1s}}\n"
    "retry: {attempts: 1}\nproviders:\n"
    "  openai: {api: openai-responses, key_env: OPENAI_API_KEY}\n"
    "steps:\n  - {id: ask, chat: {model: openai/gpt-5.1, user: hello}}\n"
    "outputs:\n  - {file: \"{{item.id}}.txt\", text: \"{{ask.text}}\"}\n";

// A TLS server with that certificate while it lives; what it was sent stands in its output.
class TlsServer {
 public:
  TlsServer(const Workplace& place, const std::string& certificate)
      : child_(Options(place, certificate)) {
    REQUIRE(child_.ReadUntil(
        [&] { return child_.out().find("ACCEPT 127.0.0.1:") != std::string::npos; }));
    size_t at = child_.out().find("ACCEPT 127.0.0.1:");
    REQUIRE(child_.ReadUntil([&] { return child_.out().find('\n', at) != std::string::npos; }));
    port_ = std::atoi(child_.out().c_str() + at + 17);
  }
  std::string Url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/v1"; }
  // All that it was sent, once `word` is in it; else what there is after a moment.
  const std::string& Heard(const std::string& word) {
    auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    child_.ReadUntil(
        [&] { return Has(child_.out(), word) || std::chrono::steady_clock::now() > until; });
    return child_.out();
  }

 private:
  static ChildOptions Options(const Workplace& place, const std::string& certificate) {
    ChildOptions options = place.Muster({});
    // It ends with its input, which is none of a test's programs.
    options.argv = {"sh", "-c",
                    "sleep 60 | openssl s_server -accept 127.0.0.1:0 -key server.key -cert " +
                        certificate + ".pem"};
    return options;
  }
  Child child_;
  int port_ = 0;
};

}  // namespace

TEST_CASE(
    "tls: certificates that are expired, of another host or signed by a stranger are refused") {
  Workplace place(0);
  ChildOptions make = place.Muster({});
  make.argv = {"bash", "-c", kMake};
  if (RunChild(make).code != 0) {
    MESSAGE("skipped: no openssl to make certificates with");
    return;
  }
  place.Write("one.yaml", kOneCall);
  place.SetVariable("OPENAI_API_KEY", FakeServer::kKey);
  place.SetVariable("SSL_CERT_FILE", place / "ca.pem");
  place.SetVariable("CURL_CA_BUNDLE", std::nullopt);
  for (std::string name : {"good", "expired", "another-host", "unknown", "self-signed"}) {
    CAPTURE(name);
    bool good = name == "good";
    TlsServer server(place, name);
    ChildEnd end = RunChild(place.Muster(
        {"run", "one.yaml", "--fresh", "--set", "providers.openai.base_url=" + server.Url()}));
    CHECK(end.code != 0);  // nobody answers there
    CHECK(Has(server.Heard("hello"), FakeServer::kKey) == good);
    CHECK(Has(server.Heard("hello"), "hello") == good);
    CHECK_MESSAGE(Has(end.out, "certificate") == !good, end.out);
    if (!good) CHECK(CountIn(place.Status("runs/one"), "counts", "pending") == 2);
  }
}

}  // namespace muster
