#pragma once

#include <memory>

#include "controller/aws/client/credentials.h"

// The sources behind make_credentials, one factory each. Each get() asks its source anew; CachingCredentials
// keeps the answer. spec: aws §2.2, §2.3

namespace karpenter::aws {

[[nodiscard]] std::unique_ptr<CredentialsProvider> make_static_source(Credentials credentials);
// STS AssumeRoleWithWebIdentity, unsigned; the token file is read at each call.
[[nodiscard]] std::unique_ptr<CredentialsProvider> make_web_identity_source(runtime::Runtime& runtime,
                                                                            net::Transport& transport,
                                                                            CredentialSettings settings,
                                                                            net::Origin sts);
[[nodiscard]] std::unique_ptr<CredentialsProvider> make_container_source(runtime::Runtime& runtime,
                                                                         net::Transport& transport,
                                                                         net::Url url,
                                                                         CredentialSettings settings);
// IMDSv2 instance role. The credentials count as expiring within the hour.
[[nodiscard]] std::unique_ptr<CredentialsProvider> make_metadata_source(runtime::Runtime& runtime,
                                                                        net::Transport& transport,
                                                                        net::Url url);

// The whole file; kNotFound with the path when it cannot be read, kInvalid above 1 MiB.
[[nodiscard]] base::Result<std::string> read_small_file(const std::string& path);

}  // namespace karpenter::aws
