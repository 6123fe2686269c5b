#pragma once

#include "common/net/http.h"
#include "tests/devcluster/aws/account.h"

namespace karpenter::devcluster::aws_emulator {

// One signed API request from bytes to bytes: service and operation, signature, throttling, faults, the work,
// counts. Takes Account::mutex itself.
[[nodiscard]] net::HttpResponse dispatch(Account& account, const net::HttpRequest& request,
                                         const net::Call& call);

}  // namespace karpenter::devcluster::aws_emulator
