#pragma once

#include <string>

namespace karpenter::net {

// PEM texts. Empty parts are absent.
struct TlsIdentity {
  std::string certificate_pem;  // leaf first, then intermediates
  std::string key_pem;
};

}  // namespace karpenter::net
