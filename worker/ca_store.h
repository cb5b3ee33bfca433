#pragma once

namespace muster {

// The certificates to trust, parsed once for a process and all that are forked from it. Without a
// call of LoadCertificates there are none, and every process reads its own.

// Reads a file of certificates. False, and nothing is loaded, where it is not as it should be: who
// needs it will say what is wrong with it.
bool LoadCertificates(const char* file);
bool CertificatesLoaded();
// Makes a connection trust them, and nothing else. `context` is its SSL_CTX.
void TrustLoadedCertificates(void* context);

// Has libssl make and read what it needs for its first connection, but for what comes of the other
// side.
void WarmUpTls();

}  // namespace muster
