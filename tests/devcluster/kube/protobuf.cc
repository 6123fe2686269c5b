#include "tests/devcluster/kube/protobuf.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/base/strings.h"

namespace karpenter::devcluster {
namespace {

enum class FieldType : std::uint8_t {
  kString,
  kInteger,
  kBool,
  kMessage,
  kStrings,
  kTextMap,
  kBytesMap,
  kEmpty
};

// One field of one message; kEmpty are messages that clients send without content (status, zero times).
struct ProtoField {
  std::string_view message;
  std::uint64_t number;
  std::string_view name;
  FieldType type;
  std::string_view child = "";
};

constexpr std::array kProtoFields = {
    ProtoField{"TypeMeta", 1, "apiVersion", FieldType::kString},
    ProtoField{"TypeMeta", 2, "kind", FieldType::kString},
    ProtoField{"ObjectMeta", 1, "name", FieldType::kString},
    ProtoField{"ObjectMeta", 2, "generateName", FieldType::kString},
    ProtoField{"ObjectMeta", 3, "namespace", FieldType::kString},
    ProtoField{"ObjectMeta", 4, "selfLink", FieldType::kString},
    ProtoField{"ObjectMeta", 5, "uid", FieldType::kString},
    ProtoField{"ObjectMeta", 6, "resourceVersion", FieldType::kString},
    ProtoField{"ObjectMeta", 7, "generation", FieldType::kInteger},
    ProtoField{"ObjectMeta", 8, "creationTimestamp", FieldType::kEmpty},
    ProtoField{"ObjectMeta", 11, "labels", FieldType::kTextMap},
    ProtoField{"ObjectMeta", 12, "annotations", FieldType::kTextMap},
    ProtoField{"ObjectMeta", 14, "finalizers", FieldType::kStrings},
    ProtoField{"Namespace", 1, "metadata", FieldType::kMessage, "ObjectMeta"},
    ProtoField{"Namespace", 2, "spec", FieldType::kEmpty},
    ProtoField{"Namespace", 3, "status", FieldType::kEmpty},
    ProtoField{"ServiceAccount", 1, "metadata", FieldType::kMessage, "ObjectMeta"},
    ProtoField{"ConfigMap", 1, "metadata", FieldType::kMessage, "ObjectMeta"},
    ProtoField{"ConfigMap", 2, "data", FieldType::kTextMap},
    ProtoField{"ConfigMap", 3, "binaryData", FieldType::kBytesMap},
    ProtoField{"ConfigMap", 4, "immutable", FieldType::kBool},
    ProtoField{"Secret", 1, "metadata", FieldType::kMessage, "ObjectMeta"},
    ProtoField{"Secret", 2, "data", FieldType::kBytesMap},
    ProtoField{"Secret", 3, "type", FieldType::kString},
    ProtoField{"Secret", 4, "stringData", FieldType::kTextMap},
    ProtoField{"Secret", 5, "immutable", FieldType::kBool},
    ProtoField{"Preconditions", 1, "uid", FieldType::kString},
    ProtoField{"Preconditions", 2, "resourceVersion", FieldType::kString},
    ProtoField{"DeleteOptions", 1, "gracePeriodSeconds", FieldType::kInteger},
    ProtoField{"DeleteOptions", 2, "preconditions", FieldType::kMessage, "Preconditions"},
    ProtoField{"DeleteOptions", 3, "orphanDependents", FieldType::kBool},
    ProtoField{"DeleteOptions", 4, "propagationPolicy", FieldType::kString},
    ProtoField{"DeleteOptions", 5, "dryRun", FieldType::kStrings},
    ProtoField{"Eviction", 1, "metadata", FieldType::kMessage, "ObjectMeta"},
    ProtoField{"Eviction", 2, "deleteOptions", FieldType::kMessage, "DeleteOptions"},
    ProtoField{"ResourceAttributes", 1, "namespace", FieldType::kString},
    ProtoField{"ResourceAttributes", 2, "verb", FieldType::kString},
    ProtoField{"ResourceAttributes", 3, "group", FieldType::kString},
    ProtoField{"ResourceAttributes", 4, "version", FieldType::kString},
    ProtoField{"ResourceAttributes", 5, "resource", FieldType::kString},
    ProtoField{"ResourceAttributes", 6, "subresource", FieldType::kString},
    ProtoField{"ResourceAttributes", 7, "name", FieldType::kString},
    ProtoField{"NonResourceAttributes", 1, "path", FieldType::kString},
    ProtoField{"NonResourceAttributes", 2, "verb", FieldType::kString},
    ProtoField{"AccessSpec", 1, "resourceAttributes", FieldType::kMessage, "ResourceAttributes"},
    ProtoField{"AccessSpec", 2, "nonResourceAttributes", FieldType::kMessage, "NonResourceAttributes"},
    ProtoField{"SelfSubjectAccessReview", 1, "metadata", FieldType::kMessage, "ObjectMeta"},
    ProtoField{"SelfSubjectAccessReview", 2, "spec", FieldType::kMessage, "AccessSpec"},
    ProtoField{"SelfSubjectAccessReview", 3, "status", FieldType::kEmpty},
};

base::Error malformed(std::string_view why) { return base::invalid("protobuf body: " + std::string(why)); }

// One field on the wire: a varint or a piece of bytes.
struct WireField {
  std::uint64_t number = 0;
  std::uint64_t integer = 0;
  std::string_view bytes;
};

class WireReader {
 public:
  explicit WireReader(std::string_view data) : data_(data) {}

  [[nodiscard]] bool done() const { return at_ >= data_.size(); }

  base::Result<WireField> next() {
    ASSIGN_OR_RETURN(const std::uint64_t tag, varint());
    WireField field{.number = tag >> 3U, .integer = 0, .bytes = {}};
    ASSIGN_OR_RETURN(field.integer, varint());
    if ((tag & 7U) == 0) return field;
    if ((tag & 7U) != 2) return malformed("unexpected wire type");
    if (field.integer > data_.size() - at_) return malformed("cut short");
    field.bytes = data_.substr(at_, field.integer);
    at_ += field.integer;
    return field;
  }

 private:
  base::Result<std::uint64_t> varint() {
    std::uint64_t out = 0;
    for (unsigned shift = 0; shift < 64 && at_ < data_.size(); shift += 7) {
      const auto byte = static_cast<unsigned char>(data_[at_++]);
      out |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return out;
    }
    return malformed("bad varint");
  }
  std::string_view data_;
  std::size_t at_ = 0;
};

// The map entry message: key = 1, value = 2.
base::Status put_entry(json::Ref map, std::string_view bytes, bool encode) {
  WireReader reader(bytes);
  std::string key;
  std::string value;
  while (!reader.done()) {
    ASSIGN_OR_RETURN(const WireField field, reader.next());
    (field.number == 1 ? key : value) = std::string(field.bytes);
  }
  map[key].set(encode ? base::base64_encode(value) : value);
  return base::ok();
}

base::Status put_message(json::Ref out, std::string_view bytes, std::string_view message);

base::Status put_field(json::Ref out, const ProtoField& known, const WireField& field) {
  switch (known.type) {
    case FieldType::kString:
      if (!field.bytes.empty()) out[known.name].set(field.bytes);
      return base::ok();
    case FieldType::kInteger:
      if (field.integer != 0 || known.message != "ObjectMeta")
        out[known.name].set(static_cast<std::int64_t>(field.integer));
      return base::ok();
    case FieldType::kBool:
      out[known.name].set(field.integer != 0);
      return base::ok();
    case FieldType::kStrings:
      out[known.name].push_back(field.bytes);
      return base::ok();
    case FieldType::kTextMap:
      return put_entry(out[known.name], field.bytes, false);
    case FieldType::kBytesMap:
      return put_entry(out[known.name], field.bytes, true);
    case FieldType::kMessage:
      out[known.name].set_object();
      return put_message(out[known.name], field.bytes, known.child);
    case FieldType::kEmpty:
      break;
  }
  // A status may hold empty strings and zeros; anything longer means something.
  if (field.bytes.size() > 8) return malformed(std::string(known.name) + " is not supported");
  return base::ok();
}

base::Status put_message(json::Ref out, std::string_view bytes, std::string_view message) {
  WireReader reader(bytes);
  while (!reader.done()) {
    ASSIGN_OR_RETURN(const WireField field, reader.next());
    const auto* known = std::ranges::find_if(kProtoFields, [&](const ProtoField& entry) {
      return entry.message == message && entry.number == field.number;
    });
    if (known == kProtoFields.end()) {
      return malformed("field " + std::to_string(field.number) + " of " + std::string(message) +
                       " is not supported");
    }
    RETURN_IF_ERROR(put_field(out, *known, field));
  }
  return base::ok();
}

}  // namespace

base::Result<json::Value> decode_protobuf(std::string_view body) {
  constexpr std::string_view kMagic("k8s\0", 4);
  if (!body.starts_with(kMagic)) return malformed("no magic number");
  // runtime.Unknown: typeMeta = 1, raw = 2.
  WireReader reader(body.substr(kMagic.size()));
  json::Value out = json::Value::object();
  std::string_view raw;
  while (!reader.done()) {
    ASSIGN_OR_RETURN(const WireField field, reader.next());
    if (field.number == 1) RETURN_IF_ERROR(put_message(out.ref(), field.bytes, "TypeMeta"));
    if (field.number == 2) raw = field.bytes;
  }
  const std::string kind = out.view()["kind"].string_or("");
  if (std::ranges::find(kProtoFields, std::string_view(kind), &ProtoField::message) == kProtoFields.end()) {
    return malformed("kind " + kind + " is not supported");
  }
  RETURN_IF_ERROR(put_message(out.ref(), raw, kind));
  return out;
}

}  // namespace karpenter::devcluster
