#include "controller/aws/client/credentials.h"

#include <array>
#include <map>
#include <utility>

#include "common/base/strings.h"
#include "controller/aws/client/credential_sources.h"

namespace karpenter::aws {
namespace {

constexpr std::chrono::minutes kRefreshAhead{5};

// Plain HTTP may carry credentials only to these. spec: aws §2.2
bool may_use_plain_http(std::string_view host) {
  static constexpr std::array<std::string_view, 6> kHosts = {
      "localhost", "127.0.0.1", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
  for (const auto& allowed : kHosts) {
    if (host == allowed) return true;
  }
  return host.starts_with("127.");
}

base::Result<net::Url> container_url(const CredentialSettings& settings) {
  const std::string text = settings.container_relative_uri.empty()
                               ? settings.container_full_uri
                               : "http://169.254.170.2" + settings.container_relative_uri;
  ASSIGN_OR_RETURN(net::Url url, net::parse_url(text));
  if (url.origin.scheme == "http" && !may_use_plain_http(url.origin.host)) {
    return base::invalid("AWS_CONTAINER_CREDENTIALS_FULL_URI must use https for this host").add("url", text);
  }
  return url;
}

using Sections = std::map<std::string, std::map<std::string, std::string>, std::less<>>;

Sections parse_ini(std::string_view text) {
  Sections out;
  std::string section;
  for (const auto& raw : base::split(text, '\n')) {
    const std::string_view line = base::trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      section = std::string(base::trim(line.substr(1, line.size() - 2)));
      out[section];
      continue;
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    out[section][std::string(base::trim(line.substr(0, equals)))] =
        std::string(base::trim(line.substr(equals + 1)));
  }
  return out;
}

}  // namespace

base::Result<Credentials> parse_shared_credentials(std::string_view text, std::string_view profile) {
  const Sections sections = parse_ini(text);
  const auto section = sections.find(profile);
  if (section == sections.end()) {
    return base::not_found("no such profile in the AWS credentials file")
        .add("profile", std::string(profile));
  }
  const auto value = [&](const std::string& key) {
    const auto it = section->second.find(key);
    return it == section->second.end() ? std::string() : it->second;
  };
  Credentials out;
  out.access_key_id = value("aws_access_key_id");
  out.secret_access_key = value("aws_secret_access_key");
  out.session_token = value("aws_session_token");
  if (out.access_key_id.empty() || out.secret_access_key.empty()) {
    return base::not_found("the profile has no static keys").add("profile", std::string(profile));
  }
  return out;
}

base::Result<std::unique_ptr<CredentialsProvider>> make_credentials(runtime::Runtime& runtime,
                                                                    net::Transport& transport,
                                                                    const CredentialSettings& settings,
                                                                    const net::Origin& sts_endpoint) {
  if (!settings.access_key_id.empty() && !settings.secret_access_key.empty()) {
    return make_static_source({.access_key_id = settings.access_key_id,
                               .secret_access_key = settings.secret_access_key,
                               .session_token = settings.session_token});
  }
  if (!settings.web_identity_token_file.empty()) {
    if (settings.role_arn.empty()) return base::invalid("AWS_WEB_IDENTITY_TOKEN_FILE needs AWS_ROLE_ARN");
    return make_web_identity_source(runtime, transport, settings, sts_endpoint);
  }
  if (!settings.shared_credentials_file.empty()) {
    const auto text = read_small_file(settings.shared_credentials_file);
    if (text) {
      ASSIGN_OR_RETURN(Credentials keys, parse_shared_credentials(*text, settings.profile));
      return make_static_source(std::move(keys));
    }
    if (settings.profile != "default") return text.error();  // a profile was asked for by name
  }
  if (!settings.container_relative_uri.empty() || !settings.container_full_uri.empty()) {
    ASSIGN_OR_RETURN(net::Url url, container_url(settings));
    return make_container_source(runtime, transport, std::move(url), settings);
  }
  if (settings.metadata_disabled) return base::invalid("no AWS credentials: set AWS_ACCESS_KEY_ID or a role");
  ASSIGN_OR_RETURN(net::Url url, net::parse_url(settings.metadata_endpoint));
  return make_metadata_source(runtime, transport, std::move(url));
}

// Shared with the refreshing thread, which may outlive a caller but not the runtime.
struct CachingCredentials::State {
  State(runtime::Runtime& r, CredentialsProvider& s) : runtime(r), source(s), changed(r.make_event()) {}

  runtime::Runtime& runtime;
  CredentialsProvider& source;
  std::unique_ptr<runtime::Event> changed;
  runtime::Mutex mutex;
  std::optional<Credentials> current KARP_GUARDED_BY(mutex);
  bool refreshing KARP_GUARDED_BY(mutex) = false;

  [[nodiscard]] bool usable() const KARP_REQUIRES(mutex) {
    return current && (!current->expires || *current->expires > runtime.now());
  }
  [[nodiscard]] bool due() const KARP_REQUIRES(mutex) {
    return current->expires && *current->expires - kRefreshAhead <= runtime.now();
  }
  // The caller has set `refreshing`.
  base::Status refresh(const Call& call) {
    auto fresh = source.get(call);
    runtime::Lock lock(mutex);
    refreshing = false;
    changed->notify_all();
    if (!fresh) return std::move(fresh).error();
    current = std::move(fresh).value();
    return base::ok();
  }
};

CachingCredentials::CachingCredentials(runtime::Runtime& runtime, CredentialsProvider& source)
    : state_(std::make_shared<State>(runtime, source)) {}
CachingCredentials::~CachingCredentials() = default;

base::Result<Credentials> CachingCredentials::get(const Call& call) {
  State& state = *state_;
  runtime::Lock lock(state.mutex);
  for (;;) {
    if (state.usable()) {
      if (state.due() && !state.refreshing) {
        state.refreshing = true;
        // A failure here is tried again by the next caller, while the old keys still work.
        state.runtime.spawn("aws.credentials", [shared = state_](std::stop_token stop) {
          Call background;
          background.stop = std::move(stop);
          static_cast<void>(
              shared->refresh(runtime::within(shared->runtime, background, std::chrono::minutes(1))));
        });
      }
      return *state.current;
    }
    if (!state.refreshing) break;
    RETURN_IF_ERROR(runtime::wait(*state.changed, lock, call, [&] { return !state.refreshing; }));
  }
  state.refreshing = true;
  lock.unlock();
  const auto refreshed = state.refresh(call);
  lock.lock();
  if (!refreshed) return refreshed.error();
  return *state.current;
}

}  // namespace karpenter::aws
