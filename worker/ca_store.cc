#include "worker/ca_store.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cassert>
#include <memory>

namespace muster {
namespace {

template <class T, void (*kFree)(T*)>
struct FreedBy {
  void operator()(T* object) const { kFree(object); }
};
template <class T, void (*kFree)(T*)>
using Owned = std::unique_ptr<T, FreedBy<T, kFree>>;

// Kept to the end of the process.
X509_STORE* loaded_store = nullptr;

// The first look-up sorts them: here, once, not in every process.
void Sort(X509_STORE* store) {
  Owned<X509_NAME, X509_NAME_free> nobody(X509_NAME_new());
  X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(store), X509_LU_X509, nobody.get());
}

}  // namespace

bool LoadCertificates(const char* file) {
  assert(!loaded_store);
  Owned<X509_STORE, X509_STORE_free> store(X509_STORE_new());
  if (!store || X509_STORE_load_file(store.get(), file) != 1) return false;
  // As libcurl does: what is trusted need not be a root.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  Sort(store.get());
  loaded_store = store.release();
  return true;
}

bool CertificatesLoaded() { return loaded_store != nullptr; }

void TrustLoadedCertificates(void* context) {
  SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), loaded_store);
}

void WarmUpTls() {
  Owned<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(TLS_client_method()));
  Owned<SSL, SSL_free> ssl(context ? SSL_new(context.get()) : nullptr);
  if (!ssl) return;
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_connect(ssl.get());  // as far as its first message
}

}  // namespace muster
