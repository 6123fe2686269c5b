#pragma once

#include <string>
#include <vector>

#include "common/json/json.h"
#include "common/schema/type.h"

// JSON <-> model objects, driven by the field tables.

namespace karpenter::schema {

// Reads `from` into the object at `to`, which must be of the C++ type that `type` describes and freshly made.
// Types only: limits and required members are validate()'s business; unknown members and null are ignored.
// kInvalid names every wrong value with its full path, at most 100.
[[nodiscard]] base::Status read(const Type& type, json::View from, void* to);
// Writes every present member: set optionals, non-empty and non-zero values, required members and members
// that were read empty (model::Blanks) always. Quantities of CRD kinds as they were written. What was read
// and not changed thus gives the same JSON, but for null members, members not in the table, the sub-seconds
// and zones of times, and numbers among the reserved resources of v1alpha5 (they become text).
void write(const Type& type, const void* from, json::Ref to);
// Paths of the members that the table does not know (nothing below open objects), in document order: what
// the API server prunes, and what kubectl's strict validation names as `unknown field "spec.foo"`. At
// most 100.
[[nodiscard]] std::vector<std::string> unknown_fields(const Type& type, json::View object);
// kInvalid with all of them when there are any.
[[nodiscard]] base::Status refuse_unknown_fields(const Type& type, json::View object);

template <class T>
[[nodiscard]] base::Result<T> decode(json::View from) {
  T out;
  RETURN_IF_ERROR(read(type_of<T>(), from, &out));
  return out;
}
// decode() that also refuses unknown members.
template <class T>
[[nodiscard]] base::Result<T> decode_strict(json::View from) {
  RETURN_IF_ERROR(refuse_unknown_fields(type_of<T>(), from));
  return decode<T>(from);
}
// Without apiVersion and kind; see kube::encode.
template <class T>
[[nodiscard]] json::Value encode(const T& object) {
  json::Value out = json::Value::object();
  write(type_of<T>(), &object, out.ref());
  return out;
}

}  // namespace karpenter::schema
