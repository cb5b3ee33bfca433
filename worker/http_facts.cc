#include "worker/http_facts.h"

#include <curl/curl.h>

#include "common/protocol.h"
#include "worker/ca_store.h"
#include "worker/http_transfer.h"

namespace muster {
namespace {

std::string Text(const char* text) { return text ? text : ""; }

}  // namespace

Json HttpFacts() {
  const curl_version_info_data& info = *curl_version_info(CURLVERSION_NOW);
  const char* bundle = WholeBundle();
  bool found = bundle ? LoadCertificates(bundle) : info.capath != nullptr;
  return Json{{"protocol", kProtocolVersion},
              {"build", BuildId()},
              {"libcurl", Text(info.version)},
              {"tls", Text(info.ssl_version)},
              {"certificates", Text(bundle ? bundle : info.capath)},
              {"found", found}};
}

}  // namespace muster
