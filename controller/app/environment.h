#pragma once

#include "common/options/setting.h"
#include "controller/app/app.h"

namespace karpenter::app {

// What AWS SDKs read from the environment, as settings: region, endpoints, credentials. kInvalid names the
// variable. spec: aws §2.2-§2.4
[[nodiscard]] base::Result<aws::AwsSettings> aws_settings(const options::Options& options,
                                                          const options::Environment& environment);

}  // namespace karpenter::app
