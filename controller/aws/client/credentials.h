#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/net/http.h"
#include "common/runtime/runtime.h"
#include "controller/aws/client/sigv4.h"

namespace karpenter::aws {

using runtime::Call;

// Where credentials come from. Thread-safe.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  virtual base::Result<Credentials> get(const Call& call) = 0;
};

// What the environment says about credentials; empty means unset. The app reads the environment, nothing here
// does. spec: aws §2.2
struct CredentialSettings {
  std::string access_key_id;            // AWS_ACCESS_KEY_ID or AWS_ACCESS_KEY
  std::string secret_access_key;        // AWS_SECRET_ACCESS_KEY or AWS_SECRET_KEY
  std::string session_token;            // AWS_SESSION_TOKEN
  std::string web_identity_token_file;  // AWS_WEB_IDENTITY_TOKEN_FILE
  std::string role_arn;                 // AWS_ROLE_ARN
  std::string role_session_name;        // AWS_ROLE_SESSION_NAME
  std::string shared_credentials_file;  // AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials
  std::string profile = "default";      // AWS_PROFILE or AWS_DEFAULT_PROFILE
  std::string container_relative_uri;   // AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
  std::string container_full_uri;       // AWS_CONTAINER_CREDENTIALS_FULL_URI
  std::string container_authorization;  // AWS_CONTAINER_AUTHORIZATION_TOKEN
  std::string
      container_authorization_file;  // AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE; wins, read at each refresh
  std::string metadata_endpoint = "http://169.254.169.254";  // AWS_EC2_METADATA_SERVICE_ENDPOINT
  bool metadata_disabled = false;                            // AWS_EC2_METADATA_DISABLED
};

// The source that `settings` select: static keys, web identity, shared file with static keys, container
// endpoint, instance metadata - the first that applies; a chosen source that fails is an error, without
// falling through. kInvalid when the settings contradict themselves or select nothing. `sts_endpoint` is used
// by web identity only. spec: aws §2.2
[[nodiscard]] base::Result<std::unique_ptr<CredentialsProvider>> make_credentials(
    runtime::Runtime& runtime, net::Transport& transport, const CredentialSettings& settings,
    const net::Origin& sts_endpoint);

// Keeps the credentials of `source` until five minutes before they expire, then refreshes them in the
// background; callers wait only when nothing unexpired is at hand. One refresh at a time. spec: aws §2.2
class CachingCredentials final : public CredentialsProvider {
 public:
  CachingCredentials(runtime::Runtime& runtime, CredentialsProvider& source);
  ~CachingCredentials() override;
  base::Result<Credentials> get(const Call& call) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The keys of `profile` in an AWS shared credentials file (INI). kNotFound when the profile or a key is
// missing.
[[nodiscard]] base::Result<Credentials> parse_shared_credentials(std::string_view text,
                                                                 std::string_view profile);

}  // namespace karpenter::aws
