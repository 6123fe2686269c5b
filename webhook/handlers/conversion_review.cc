#include "webhook/handlers/conversion_review.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "common/json/json.h"

namespace karpenter::webhook {
namespace {

// What a request says besides its objects, and their texts.
struct ConversionRequest {
  json::Value api_version;
  json::Value uid = json::Value::of("");
  std::string desired;
  std::vector<std::string_view> objects;
};

base::Status read_request(std::string_view text, ConversionRequest& out) {
  ASSIGN_OR_RETURN(const auto members, json::split_object(text));
  for (const auto& [key, value] : members) {
    if (key == "uid") {
      ASSIGN_OR_RETURN(out.uid, json::parse(value));
    } else if (key == "desiredAPIVersion") {
      ASSIGN_OR_RETURN(const auto desired, json::parse(value));
      out.desired = desired.view().string_or("");
    } else if (key == "objects" && value != "null") {
      ASSIGN_OR_RETURN(out.objects, json::split_array(value));
    }
  }
  return base::ok();
}

base::Result<ConversionRequest> read_conversion_review(std::string_view body) {
  ASSIGN_OR_RETURN(const auto members, json::split_object(body));
  ConversionRequest out;
  std::string kind;
  for (const auto& [key, value] : members) {
    if (key == "request") {
      RETURN_IF_ERROR(read_request(value, out));
    } else if (key == "apiVersion") {
      ASSIGN_OR_RETURN(out.api_version, json::parse(value));
    } else if (key == "kind") {
      ASSIGN_OR_RETURN(const auto text, json::parse(value));
      kind = text.view().string_or("");
    }
  }
  if (kind != "ConversionReview") return base::invalid("the body is no ConversionReview");
  if (std::ranges::count(out.desired, '/') != 1) {
    return base::invalid("desiredAPIVersion is not group/version").add("desiredAPIVersion", out.desired);
  }
  return out;
}

// Asks for each name once.
conversion::Lookups remembering(const conversion::Lookups& lookups) {
  conversion::Lookups out;
  if (!lookups.expire_after) return out;
  using Known = std::map<std::string, std::optional<std::string>, std::less<>>;
  out.expire_after = [&lookups, known = std::make_shared<Known>()](
                         std::string_view name) -> base::Result<std::optional<std::string>> {
    if (const auto found = known->find(name); found != known->end()) return found->second;
    ASSIGN_OR_RETURN(auto answer, lookups.expire_after(name));
    return known->emplace(name, std::move(answer)).first->second;
  };
  return out;
}

std::string head_of(const ConversionRequest& request) {
  return R"({"apiVersion":)" + request.api_version.dump() + R"(,"kind":"ConversionReview","response":{)";
}

std::string failed(const ConversionRequest& request, std::string_view message) {
  return head_of(request) + R"("convertedObjects":[],"result":{"message":)" +
         json::Value::of(message).dump() + R"(,"status":"Failure"},"uid":)" + request.uid.dump() + "}}";
}

}  // namespace

base::Result<ConversionAnswer> convert_review(std::string_view body, const conversion::Lookups& lookups) {
  ASSIGN_OR_RETURN(const auto request, read_conversion_review(body));
  const auto cached = remembering(lookups);
  ConversionAnswer answer;
  answer.body.reserve(body.size() + body.size() / 4 + 256);  // pages that stay unused cost nothing
  answer.body = head_of(request) + R"("convertedObjects":[)";
  for (const auto text : request.objects) {
    ASSIGN_OR_RETURN(auto object, json::parse(text));
    const auto status = conversion::convert_in_place(object.ref(), request.desired, cached,
                                                     {.upstream_compat = false, .remarks = &answer.remarks});
    if (!status) {
      const auto name = object.view()["metadata"]["name"].string_or("");
      answer.failure = base::Error(status.error()).add("name", name).text();
      answer.body = failed(request, answer.failure);
      return answer;
    }
    if (answer.body.back() == '}') answer.body += ',';
    object.view().append_to(answer.body);
  }
  answer.body += R"(],"result":{"status":"Success"},"uid":)" + request.uid.dump() + "}}";
  return answer;
}

}  // namespace karpenter::webhook
