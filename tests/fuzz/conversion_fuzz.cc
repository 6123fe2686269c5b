#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/webhook.h"

namespace json = karpenter::json;

// Every body gets an answer; a success has every object, at the version asked for, under its own name.
KARP_FUZZ(text) {
  static karpenter::fuzz::Webhook webhook;
  const auto response = webhook.post("/conversion/karpenter.sh", text);
  if (response.status != 200) {
    KARP_CHECK(response.status == 400 || response.status == 413);
    return;
  }
  const auto review = json::parse(text);
  const auto answer = json::parse(response.body);
  KARP_CHECK(review.has_value() && answer.has_value());
  const auto request = (*review)["request"];
  const auto given = (*answer)["response"];
  KARP_CHECK(given["uid"].string_or("") == request["uid"].string_or(""));
  if (given["result"]["status"].string_or("") != "Success") {
    KARP_CHECK(!given["result"]["message"].string_or("").empty());
    return;
  }
  KARP_CHECK(given["convertedObjects"].size() == request["objects"].size());
  for (std::size_t i = 0; i < given["convertedObjects"].size(); ++i) {
    const auto from = request["objects"][i];
    const auto to = given["convertedObjects"][i];
    KARP_CHECK(to["apiVersion"].string_or("") == request["desiredAPIVersion"].string_or(""));
    KARP_CHECK(to["kind"] == from["kind"] && to["metadata"]["name"] == from["metadata"]["name"]);
  }
}
