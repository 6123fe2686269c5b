#include "common/base/error.h"

namespace karpenter::base {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kNotFound:
      return "NotFound";
    case Code::kAlreadyExists:
      return "AlreadyExists";
    case Code::kConflict:
      return "Conflict";
    case Code::kGone:
      return "Gone";
    case Code::kInvalid:
      return "Invalid";
    case Code::kForbidden:
      return "Forbidden";
    case Code::kThrottled:
      return "Throttled";
    case Code::kTimeout:
      return "Timeout";
    case Code::kUnavailable:
      return "Unavailable";
    case Code::kCancelled:
      return "Cancelled";
    case Code::kNoCapacity:
      return "NoCapacity";
    case Code::kNotReady:
      return "NotReady";
    case Code::kTerminal:
      return "Terminal";
    case Code::kInternal:
      return "Internal";
  }
  return "Internal";
}

std::string Error::text() const {
  if (with.empty()) return message;
  std::string out = message + " (";
  for (std::size_t i = 0; i < with.size(); ++i) {
    if (i != 0) out += ", ";
    out += with[i].first + "=" + with[i].second;
  }
  return out + ")";
}

Error& Error::add(std::string key, std::string value) & {
  with.emplace_back(std::move(key), std::move(value));
  return *this;
}

Error&& Error::add(std::string key, std::string value) && {
  with.emplace_back(std::move(key), std::move(value));
  return std::move(*this);
}

Error make_error(Code code, std::string message) {
  return Error{.code = code, .message = std::move(message)};
}
Error invalid(std::string message) { return make_error(Code::kInvalid, std::move(message)); }
Error not_found(std::string message) { return make_error(Code::kNotFound, std::move(message)); }
Error internal(std::string message) { return make_error(Code::kInternal, std::move(message)); }

}  // namespace karpenter::base
