#pragma once

#include <string>

namespace karpenter::net {

// PEM texts. Empty parts are absent.
struct TlsIdentity {
  std::string certificate_pem = {};  // leaf first, then intermediates
  std::string key_pem = {};
  friend bool operator==(const TlsIdentity&, const TlsIdentity&) = default;
};

struct ClientTls {
  std::string ca_pem = {};       // trusted roots; empty: the system's store
  TlsIdentity identity = {};     // client certificate
  std::string server_name = {};  // SNI and name check; empty: the origin's host
  bool verify = true;
};

}  // namespace karpenter::net
