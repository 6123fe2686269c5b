#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "common/admission/admission.h"
#include "common/conversion/conversion.h"
#include "common/model/karpenter/capacity_buffer.h"
#include "common/model/karpenter/node_overlay.h"
#include "common/schema/codec.h"
#include "common/schema/validate.h"
#include "tests/laws/object_laws.h"
#include "tests/support/admitted.h"
#include "webhook/handlers/webhook_handler.h"
#include "webhook/offline/check.h"

// Laws of defaulting, validation and conversion over objects drawn from the field tables. A broken law prints
// the seed and the smallest part of the object that still breaks it.

namespace karpenter::laws {
namespace {

using json::Value;
using json::View;
using support::Draw;
using support::DrawnKind;

// What is wrong, or nullopt when the law holds.
using Law = std::function<std::optional<std::string>(const DrawnKind& kind, View object)>;

void report(const DrawnKind& kind, std::uint64_t seed, const Value& object, const Law& law) {
  const auto smallest = support::shrink(object, [&](View smaller) { return law(kind, smaller).has_value(); });
  ADD_FAILURE() << kind.kind << " " << kind.version << ", seed " << seed << "\n"
                << smallest.dump() << "\n"
                << *law(kind, smallest);
}

void for_drawn(const DrawnKind& kind, Draw draw, const Law& law) {
  for (std::uint64_t seed = scale().seed; seed < scale().seed + scale().objects; ++seed) {
    support::Generator generator(seed);
    const Value object = support::draw(generator, kind, draw);
    if (law(kind, object)) return report(kind, seed, object, law);
  }
}

// Only over objects that are accepted; a part of one that is not accepted breaks no law.
void for_admitted(const DrawnKind& kind, const Law& law) {
  const Law of_accepted = [&](const DrawnKind& k, View object) -> std::optional<std::string> {
    if (webhook::offline::check(object).has_error()) return std::nullopt;
    return law(k, object);
  };
  std::uint64_t refused = 0;
  std::string refusal;
  for (std::uint64_t seed = scale().seed; seed < scale().seed + scale().objects; ++seed) {
    support::Generator generator(seed);
    const auto object = support::draw_admitted(generator, kind, refusal);
    if (!object) ++refused;
    if (object && law(kind, *object)) return report(kind, seed, *object, of_accepted);
  }
  EXPECT_LE(refused * 10, scale().objects)
      << kind.kind << " " << kind.version << ": too few objects are accepted: " << refusal;
}

// The kind at its other version, null when it has one only.
const DrawnKind* find_other_version(const DrawnKind& kind) {
  static const auto kKinds = support::drawn_kinds();
  const auto it = std::ranges::find_if(kKinds, [&](const DrawnKind& other) {
    return other.kind == kind.kind && other.version != kind.version;
  });
  return it == kKinds.end() ? nullptr : &*it;
}

std::string api_version(const DrawnKind& kind) {
  return std::string(kind.group) + "/" + std::string(kind.version);
}

// ---- codec

bool lacks_required(const schema::Type& type, View value) {
  if (type.shape == schema::Shape::kList) {
    const auto items = value.items();
    return std::ranges::any_of(items, [&](View item) { return lacks_required(*type.item, item); });
  }
  return type.shape == schema::Shape::kObject &&
         std::ranges::any_of(type.fields, [&](const schema::Field& field) {
           const View member = value[field.name];
           return member.exists() ? lacks_required(field.type, member) : field.type.is_required;
         });
}

// The spec of current kinds stays as it is written; of older kinds, of status and metadata only what is said.
template <class T>
std::optional<std::string> codec_fault_of(const DrawnKind& kind, View object) {
  if (lacks_required(*kind.type, object)) return std::nullopt;  // written, it is there
  const auto decoded = schema::decode<T>(object);
  if (!decoded) return "cannot be decoded: " + decoded.error().text();
  const Value again = schema::encode(*decoded);
  const bool as_written = kind.version == "v1" || kind.version == "v1beta1";
  const bool same_spec = !as_written || !object["spec"].exists() || again["spec"] == object["spec"];
  if (same_spec && support::meaning(*kind.type, again) == support::meaning(*kind.type, object))
    return std::nullopt;
  return "written it is another:\n" + object.dump() + "\n" + again.dump();
}

std::optional<std::string> codec_fault(const DrawnKind& kind, View object) {
  using Codec = std::optional<std::string> (*)(const DrawnKind&, View);
  static const std::map<std::string, Codec> kCodecs{
      {"AWSNodeTemplate v1alpha1", codec_fault_of<model::v1alpha1::AwsNodeTemplate>},
      {"CapacityBuffer v1beta1", codec_fault_of<model::CapacityBuffer>},
      {"EC2NodeClass v1", codec_fault_of<model::Ec2NodeClass>},
      {"EC2NodeClass v1beta1", codec_fault_of<model::v1beta1::Ec2NodeClass>},
      {"Machine v1alpha5", codec_fault_of<model::v1alpha5::Machine>},
      {"NodeClaim v1", codec_fault_of<model::NodeClaim>},
      {"NodeClaim v1beta1", codec_fault_of<model::v1beta1::NodeClaim>},
      {"NodeOverlay v1alpha1", codec_fault_of<model::NodeOverlay>},
      {"NodePool v1", codec_fault_of<model::NodePool>},
      {"NodePool v1beta1", codec_fault_of<model::v1beta1::NodePool>},
      {"Provisioner v1alpha5", codec_fault_of<model::v1alpha5::Provisioner>},
  };
  const auto codec = kCodecs.find(std::string(kind.kind) + " " + std::string(kind.version));
  return codec == kCodecs.end() ? "add it to the table" : codec->second(kind, object);
}

TEST(ObjectLaws, encoding_undoes_decoding) {
  for (const auto& kind : support::drawn_kinds()) for_drawn(kind, Draw::kAny, codec_fault);
}

// ---- defaults

std::optional<Value> webhook_defaults(const DrawnKind& kind, View object) {
  webhook::AdmissionRequest request;
  request.group = kind.group;
  request.version = kind.version;
  request.kind = kind.kind;
  request.operation = "CREATE";
  request.object = object;
  const auto answer = webhook::admit_defaulting(request);
  Value out(object);
  if (!json::apply_json_patch(out, answer.patch)) return std::nullopt;
  return out;
}

Value schema_defaults(const DrawnKind& kind, View object) {
  Value out(object);
  schema::apply_defaults(*kind.type, out.ref());
  return out;
}

// Everything in `small` is in `large`, lists from their start. null counts as absent.
bool contains(View large, View small) {
  if (small.is_null()) return true;
  if (small.is_object()) {
    if (!large.is_object()) return false;
    for (const auto& [key, value] : small.members()) {
      if (!value.is_null() && !contains(large[key], value)) return false;
    }
    return true;
  }
  if (!small.is_array()) return large == small;
  for (std::size_t i = 0; i < small.size(); ++i) {
    if (!contains(large[i], small[i])) return false;
  }
  return large.is_array();
}

std::optional<std::string> defaults_fault(const DrawnKind& kind, View object) {
  const auto once = webhook_defaults(kind, object);
  if (!once) return "the patch does not apply";
  if (!contains(*once, object)) return "the webhook's defaults changed something: " + once->dump();
  const auto twice = webhook_defaults(kind, *once);
  if (!twice || !(*twice == *once))
    return "the webhook's defaults do it again: " + (twice ? twice->dump() : "");
  const auto by_schema = schema_defaults(kind, object);
  if (!contains(by_schema, object)) return "the schema's defaults changed something: " + by_schema.dump();
  if (!(schema_defaults(kind, by_schema) == by_schema)) return "the schema's defaults do it again";
  return std::nullopt;
}

TEST(ObjectLaws, defaults_add_once_and_change_nothing_that_is_there) {  // spec: api §13.4
  for (const auto& kind : support::drawn_kinds()) for_drawn(kind, Draw::kAny, defaults_fault);
}

// ---- conversion

base::Result<Value> convert(View object, const DrawnKind& to) {
  return conversion::convert(object, api_version(to), {});
}

// Why an object is refused; "" for what only v1 says of values that v1beta1 never looked at. spec: api §7.7
std::string error_of(const Value& object) {
  for (const auto& finding : webhook::offline::check(object).findings) {
    if (finding.severity != webhook::offline::Severity::kError) continue;
    const bool is_known_value = finding.message.find("no valid values found in") != std::string::npos;
    // v1 counts `tags: {}` beside an id, v1beta1 did not.
    const bool is_empty_tags = finding.message.find("'id' is mutually exclusive") != std::string::npos;
    if (!is_known_value && !is_empty_tags) return finding.path + ": " + finding.message;
  }
  return "";
}

// v1beta1 has no place for some of v1's status, and controllers write it anew: there only metadata and spec
// count.
std::string meaning_of(const DrawnKind& kind, const Value& object) {
  Value out = support::meaning(*kind.type, object);
  if (kind.version == "v1") out.ref().erase("status");
  // Ignored beside an alias, and not carried. spec: api §13.5
  const auto terms = out.view()["spec"]["amiSelectorTerms"].size();
  for (std::size_t i = 0; i < terms; ++i) {
    const auto term = out["spec"]["amiSelectorTerms"][i];
    if (term.view()["alias"].exists()) term.erase("ssmParameter");
  }
  return out.dump();
}

// As in a cluster: the API server defaults at the version of the request before it converts. What v1beta1
// refuses and v1 does not is no fault: nobody validates what is read.
std::optional<std::string> round_trip_fault(const DrawnKind& kind, View given) {
  const auto& other = *find_other_version(kind);
  if (!given["spec"].exists()) return std::nullopt;  // the API server of v1beta1 accepts that, v1 does not
  const Value object = schema_defaults(kind, given);
  const auto there = convert(object, other);
  if (!there) return "cannot be converted: " + there.error().text();
  if (other.version == "v1" && !error_of(*there).empty())
    return "converted it is refused: " + error_of(*there) + "\n" + there->dump();
  const auto back = convert(*there, kind);
  if (!back) return "cannot be converted back: " + back.error().text();
  const auto before = meaning_of(kind, object);
  const auto after = meaning_of(kind, *back);
  if (before != after) return "means something else after the round trip:\n" + before + "\n" + after;
  return std::nullopt;
}

TEST(ObjectLaws, conversion_there_and_back_keeps_the_meaning_and_stays_valid) {  // spec: conversion §2, §2.14
  for (const auto& kind : support::drawn_kinds()) {
    if (find_other_version(kind) != nullptr) for_admitted(kind, round_trip_fault);
  }
}

template <class T>
std::optional<std::string> hash_fault(const DrawnKind& kind, View given, std::string (*hash)(const T&)) {
  const Value object = schema_defaults(kind, given);
  const auto there = convert(object, *find_other_version(kind));
  const auto back = there ? convert(*there, kind) : there;
  if (!back) return "cannot be converted";
  const auto before = schema::decode<T>(object);
  const auto after = schema::decode<T>(*back);
  if (!before || !after) return "cannot be decoded";
  if (hash(*before) != hash(*after)) return "another hash after the round trip: " + back->dump();
  return std::nullopt;
}

TEST(ObjectLaws, conversion_keeps_the_hash) {  // spec: conversion §2.10
  for (const auto& kind : support::drawn_kinds()) {
    if (kind.version != "v1") continue;
    if (kind.kind == "NodePool")
      for_admitted(kind, [](const DrawnKind& k, View object) {
        return hash_fault<model::NodePool>(k, object, admission::node_pool_hash);
      });
    if (kind.kind == "EC2NodeClass")
      for_admitted(kind, [](const DrawnKind& k, View object) {
        return hash_fault<model::Ec2NodeClass>(k, object, [](const model::Ec2NodeClass& node_class) {
          return admission::node_class_hash(node_class);
        });
      });
  }
}

}  // namespace
}  // namespace karpenter::laws
