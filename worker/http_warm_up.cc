#include "worker/http_warm_up.h"

#include "worker/ca_store.h"
#include "worker/http.h"
#include "worker/http_transfer.h"

namespace muster {

void WarmUpHttp(bool tls) {
  HttpClient once;  // libcurl's own tables
  if (!tls) return;
  if (const char* bundle = WholeBundle()) LoadCertificates(bundle);
  WarmUpTls();
}

}  // namespace muster
