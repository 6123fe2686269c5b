#include "common/base/strings.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/webhook.h"

namespace json = karpenter::json;

// Every body gets an answer: 400 and 413 in words, else a review with the uid, whose patch applies and, once
// applied, leaves nothing to default.
KARP_FUZZ(text) {
  static karpenter::fuzz::Webhook webhook;
  for (const char* path : {"/validate-resource", "/default-resource"}) {
    const auto response = webhook.post(path, text);
    if (response.status != 200) {
      KARP_CHECK(response.status == 400 || response.status == 413);
      continue;
    }
    auto review = json::parse(text);
    const auto answer = json::parse(response.body);
    KARP_CHECK(review.has_value() && answer.has_value());
    const auto request = std::as_const(*review)["request"];
    const auto given = std::as_const(*answer)["response"];
    KARP_CHECK(given["uid"].string_or("") == request["uid"].string_or(""));
    KARP_CHECK(given["allowed"].is_bool());
    if (!given["patch"].exists()) continue;
    const auto patch = json::parse(karpenter::base::base64_decode(given["patch"].string_or("")).value());
    KARP_CHECK(patch.has_value());
    json::Value object(request["object"]);
    KARP_CHECK(json::apply_json_patch(object, *patch).has_value());
    (*review)["request"]["object"].set(std::move(object));
    const auto again = json::parse(webhook.post(path, review->dump()).body);
    KARP_CHECK(again.has_value());
    KARP_CHECK(!std::as_const(*again)["response"]["patch"].exists());
  }
}
