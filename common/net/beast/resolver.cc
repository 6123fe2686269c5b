#include "common/net/beast/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <map>

namespace karpenter::net {
namespace {

constexpr auto kFresh = std::chrono::seconds(30);

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> out{};
  return inet_pton(AF_INET, host.c_str(), out.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), out.data()) == 1;
}

base::Result<std::vector<std::string>> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
    return base::make_error(base::Code::kUnavailable, "cannot resolve host")
        .add("host", host)
        .add("cause", gai_strerror(code));
  }
  std::vector<std::string> out;
  for (const addrinfo* item = found; item != nullptr; item = item->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(item->ai_addr, item->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) !=
        0) {
      continue;
    }
    std::string address = text.data();
    if (std::ranges::find(out, address) == out.end()) out.push_back(std::move(address));
  }
  freeaddrinfo(found);
  return out;
}

}  // namespace

struct Resolver::State {
  struct Entry {
    std::vector<std::string> addresses;
    std::optional<base::Error> error;  // of the last look-up
    runtime::Mono fresh_until = runtime::Mono::min();
    bool running = false;
  };
  runtime::Mutex mutex;
  std::unique_ptr<runtime::Event> changed;
  std::map<std::string, Entry> entries;  // as many as there are host names in our configuration
};

Resolver::Resolver(runtime::Runtime& runtime) : runtime_(runtime), state_(std::make_shared<State>()) {
  state_->changed = runtime.make_event();
}

base::Result<std::vector<std::string>> Resolver::resolve(const std::string& host, const runtime::Call& call) {
  if (is_address(host)) return std::vector<std::string>{host};
  runtime::Lock lock(state_->mutex);
  auto& entry = state_->entries[host];
  if (runtime_.mono() < entry.fresh_until) return entry.addresses;
  if (!entry.running) {
    entry.running = true;
    runtime_.spawn("net-resolve", [state = state_, host, &runtime = runtime_](const std::stop_token&) {
      auto result = look_up(host);
      const runtime::Lock inner(state->mutex);
      auto& mine = state->entries[host];
      mine.running = false;
      mine.error = result ? std::nullopt : std::optional(result.error());
      // Known addresses outlive a failing name server.
      if (result) mine.addresses = std::move(result).value();
      if (result) mine.fresh_until = runtime.mono() + kFresh;
      state->changed->notify_all();
    });
  }
  RETURN_IF_ERROR(runtime::wait(*state_->changed, lock, call, [&entry] { return !entry.running; }));
  if (entry.addresses.empty() && entry.error) return *entry.error;
  return entry.addresses;
}

}  // namespace karpenter::net
