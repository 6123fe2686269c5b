#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/json/json.h"
#include "common/net/http.h"

// The API server's errors. Inside this folder an error is a base::Error whose `reason` is the Kubernetes
// reason and whose `with` carries the details of the Status; the functions here are the only ones that make
// and read them.

namespace karpenter::devcluster {

// One entry of details.causes.
struct Cause {
  std::string reason;  // FieldValueInvalid, FieldValueRequired, ...
  std::string field;
  std::string message;
};

// `plural` with its group, as errors name it: "nodes", "nodepools.karpenter.sh".
struct Subject {
  std::string group;
  std::string plural;
  std::string kind;
  [[nodiscard]] std::string qualified() const { return group.empty() ? plural : plural + "." + group; }
};

[[nodiscard]] base::Error bad_request(std::string message);                                           // 400
[[nodiscard]] base::Error unauthorized();                                                             // 401
[[nodiscard]] base::Error forbidden(const Subject& subject, std::string_view name, std::string why);  // 403
[[nodiscard]] base::Error object_not_found(const Subject& subject, std::string_view name);            // 404
[[nodiscard]] base::Error path_not_found();                                                           // 404
[[nodiscard]] base::Error method_not_allowed(std::string message);                                    // 405
[[nodiscard]] base::Error not_acceptable(std::string message);                                        // 406
[[nodiscard]] base::Error already_exists(const Subject& subject, std::string_view name);              // 409
[[nodiscard]] base::Error conflict(const Subject& subject, std::string_view name, std::string why);   // 409
[[nodiscard]] base::Error expired(std::string message);                                               // 410
[[nodiscard]] base::Error too_large_body();                                                           // 413
[[nodiscard]] base::Error unsupported_media_type(std::string message);                                // 415
[[nodiscard]] base::Error invalid_object(std::string_view group, std::string_view kind, std::string_view name,
                                         const std::vector<Cause>& causes);                          // 422
[[nodiscard]] base::Error too_many_requests(std::string message, const std::vector<Cause>& causes);  // 429
[[nodiscard]] base::Error internal_error(std::string message);                                       // 500
[[nodiscard]] base::Error too_large_version(std::int64_t asked, std::int64_t current);               // 504

// The message of a stale write.
inline constexpr std::string_view kStaleMessage =
    "the object has been modified; please apply your changes to the latest version and try again";

// Field errors in the words of apimachinery: FieldValueInvalid `Invalid value: "x": why`, ...
[[nodiscard]] Cause invalid_value(std::string field, json::View value, std::string_view why);
[[nodiscard]] Cause required_value(std::string field, std::string_view why);
[[nodiscard]] Cause duplicate_value(std::string field, json::View value);
[[nodiscard]] Cause unsupported_value(std::string field, json::View value,
                                      const std::vector<std::string>& supported);
[[nodiscard]] Cause forbidden_value(std::string field, std::string_view why);
[[nodiscard]] Cause too_long_value(std::string field, std::size_t limit);
[[nodiscard]] Cause too_many_items(std::string field, std::size_t count, std::size_t limit);
[[nodiscard]] Cause type_error(std::string field, json::View value, std::string_view got,
                               std::string_view want);

// HTTP status and metav1.Status body of an error.
[[nodiscard]] int http_code(const base::Error& error);
[[nodiscard]] json::Value status_body(const base::Error& error);
[[nodiscard]] net::HttpResponse error_response(const base::Error& error);
// An admission webhook's own code and reason.
[[nodiscard]] base::Error error_with_code(std::string message, std::string reason, int code);
// `error` with the `details` (group, kind, name, causes) of another Status; missing ones add nothing.
[[nodiscard]] base::Error with_details(base::Error error, json::View details);

}  // namespace karpenter::devcluster
