#pragma once

#include <string>
#include <vector>

#include "common/net/http.h"
#include "tests/devcluster/kube/context.h"

namespace karpenter::devcluster {

enum class FieldValidation : std::uint8_t { kIgnore, kWarn, kStrict };
// Of the query parameter fieldValidation; Warn when absent, 400 for other words.
[[nodiscard]] base::Result<FieldValidation> field_validation_of(const Context& context);

// The JSON (or, where allowed, YAML) document of a body; an empty object for an empty body.
[[nodiscard]] base::Result<json::Value> parse_body(const net::HttpRequest& request);

// Reads the object of a create or update: checks that apiVersion and kind are the ones asked for, prunes,
// canonicalises quantities and applies defaults. Unknown fields are warnings or an error, as the request
// wants.
[[nodiscard]] base::Result<json::Value> decode_object(Context& context, const net::HttpRequest& request);

// The same for an object that a patch has made.
base::Status settle_patched(Context& context, json::Ref object);

// Prune, canonicalise, default. Returns the paths of unknown fields.
[[nodiscard]] std::vector<std::string> settle(const Context& context, json::Ref object);

}  // namespace karpenter::devcluster
