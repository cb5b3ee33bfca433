#pragma once

namespace muster {

// Makes ready what every HttpClient of this process and of those forked from it needs; with `tls`
// also what https needs. Opens no descriptor that stays.
void WarmUpHttp(bool tls);

}  // namespace muster
