#include "common/net/http.h"

#include <algorithm>
#include <chrono>

#include "common/base/strings.h"

namespace karpenter::net {
namespace {

constexpr std::size_t kMaxErrorBody = 64U << 10U;

base::Error bad_url(std::string why, std::string_view url) {
  return base::invalid(std::move(why)).add("url", std::string(url));
}

// The largest prefix of `text` that holds none of `stops`; the rest stays in `text`.
std::string_view take_until(std::string_view& text, std::string_view stops) {
  const auto end = std::min(text.find_first_of(stops), text.size());
  const auto head = text.substr(0, end);
  text.remove_prefix(end);
  return head;
}

base::Result<Origin> parse_authority(std::string scheme, std::string_view authority, std::string_view url) {
  Origin origin{.scheme = std::move(scheme), .host = "", .port = 443};
  if (origin.scheme == "http") origin.port = 80;
  std::string_view rest = authority;
  if (rest.starts_with('[')) {
    rest.remove_prefix(1);
    origin.host = take_until(rest, "]");
    if (rest.empty()) return bad_url("unclosed bracket in URL", url);
    rest.remove_prefix(1);
  } else {
    origin.host = take_until(rest, ":");
  }
  if (origin.host.empty()) return bad_url("URL without host", url);
  if (rest.empty()) return origin;
  const auto port = rest.front() == ':' ? base::parse_int64(rest.substr(1)) : std::nullopt;
  if (!port || *port < 1 || *port > 65535) return bad_url("bad port in URL", url);
  origin.port = static_cast<std::uint16_t>(*port);
  return origin;
}

base::Code code_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return base::Code::kForbidden;
    case 404:
      return base::Code::kNotFound;
    case 408:
    case 504:
      return base::Code::kTimeout;
    case 409:
      return base::Code::kConflict;
    case 410:
      return base::Code::kGone;
    case 429:
      return base::Code::kThrottled;
    default:
      break;
  }
  if (status >= 500) return base::Code::kUnavailable;
  return status >= 400 ? base::Code::kInvalid : base::Code::kInternal;
}

}  // namespace

void Headers::set(std::string_view name, std::string value) {
  const auto same = [&](const auto& field) { return base::equals_ignore_case(field.first, name); };
  const auto first = std::ranges::find_if(fields_, same);
  if (first == fields_.end()) return add(std::string(name), std::move(value));
  first->second = std::move(value);
  fields_.erase(std::remove_if(first + 1, fields_.end(), same), fields_.end());
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return base::equals_ignore_case(field.first, name); });
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (base::equals_ignore_case(key, name)) return value;
  }
  return std::nullopt;
}

std::string Headers::get(std::string_view name) const { return std::string(find(name).value_or("")); }

std::string Origin::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return scheme + "://" + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

base::Result<Url> parse_url(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return bad_url("URL without scheme", text);
  std::string scheme = base::to_lower(text.substr(0, colon));
  if (scheme != "http" && scheme != "https") return bad_url("URL scheme is neither http nor https", text);
  if (std::ranges::any_of(text, [](char c) { return c <= ' ' || c == '\x7f'; })) {
    return bad_url("blank or control character in URL", text);
  }
  std::string_view rest = text.substr(colon + 3);
  const auto authority = take_until(rest, "/?#");
  if (authority.find('@') != std::string_view::npos)
    return base::invalid("user name in URL is not supported");
  Url url;
  ASSIGN_OR_RETURN(url.origin, parse_authority(std::move(scheme), authority, text));
  const auto target = take_until(rest, "#");
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return url;
}

std::string_view HttpRequest::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string_view HttpRequest::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

base::Error error_of_status(int status, const Headers& headers, std::string_view body) {
  auto error = base::make_error(code_of_status(status), "unexpected HTTP status");
  error.add("status", std::to_string(status)).add("body", std::string(body.substr(0, kMaxErrorBody)));
  if (const auto seconds = base::parse_int64(headers.get("Retry-After")); seconds && *seconds >= 0) {
    error.retry_after = std::chrono::seconds(std::min<std::int64_t>(*seconds, 3600));
  }
  return error;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& part : base::split(query, '&')) {
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    const auto decoded = [](std::string_view text) {
      return base::percent_decode(text).value_or(std::string(text));  // malformed escapes stay as they are
    };
    const auto value = std::string_view(part).substr(std::min(equals + 1, part.size()));
    out.emplace_back(decoded(std::string_view(part).substr(0, equals)), decoded(value));
  }
  return out;
}

HttpResponse text_response(int status, std::string body) {
  HttpResponse response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  return response;
}

HttpResponse json_response(int status, std::string body) {
  HttpResponse response{.status = status, .headers = {}, .body = std::move(body)};
  response.headers.add("Content-Type", "application/json");
  return response;
}

}  // namespace karpenter::net
