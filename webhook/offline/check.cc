#include "webhook/offline/check.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include "common/admission/syntax.h"
#include "common/base/strings.h"
#include "common/schema/codec.h"
#include "common/schema/crd.h"
#include "common/schema/validate.h"
#include "webhook/handlers/webhook_handler.h"

namespace karpenter::webhook::offline {
namespace {

constexpr std::string_view kRequired = "FieldValueRequired";
constexpr std::string_view kInvalid = "FieldValueInvalid";
constexpr std::string_view kUnknownField = "UnknownField";
constexpr std::string_view kUnknownKind = "UnknownKind";
constexpr std::string_view kWarning = "Warning";

constexpr std::array kRules{
    Rule{kMalformedDocument, "The document is no YAML or JSON, or no Kubernetes object."},
    Rule{kUnknownKind, "No API of Karpenter has this kind or version."},
    Rule{kUnknownField, "The API has no such field: it would be refused or dropped."},
    Rule{kRequired, "A required field is missing."},
    Rule{kInvalid, "A value breaks a rule of the API."},
    Rule{"FieldValueNotSupported", "A value is none of the words that are allowed."},
    Rule{"FieldValueDuplicate", "A value that must be unique is repeated."},
    Rule{"FieldValueForbidden", "A field must not be set here."},
    Rule{"FieldValueTooLong", "A text is too long."},
    Rule{"FieldValueTooMany", "A list or map has too many entries."},
    Rule{kWarning, "Allowed, but probably not meant."},
};

std::string_view rule_of(admission::ViolationKind kind) {
  using enum admission::ViolationKind;
  static constexpr std::array<std::pair<admission::ViolationKind, std::string_view>, 7> kNames{{
      {kRequired, offline::kRequired},
      {kInvalid, offline::kInvalid},
      {kNotSupported, "FieldValueNotSupported"},
      {kDuplicate, "FieldValueDuplicate"},
      {kForbidden, "FieldValueForbidden"},
      {kTooLong, "FieldValueTooLong"},
      {kTooMany, "FieldValueTooMany"},
  }};
  for (const auto& [known, name] : kNames) {
    if (known == kind) return name;
  }
  return offline::kInvalid;
}

struct Id {
  std::string group;
  std::string version;
  std::string kind;
};

Id id_of(json::View object) {
  const auto api_version = object["apiVersion"].string_or("");
  const auto slash = api_version.find('/');
  const bool has_group = slash != std::string::npos;
  return {.group = has_group ? api_version.substr(0, slash) : "",
          .version = has_group ? api_version.substr(slash + 1) : api_version,
          .kind = object["kind"].string_or("")};
}

const std::vector<schema::Crd>& known_crds() {
  static const std::vector<schema::Crd> kCrds = schema::described_kinds();
  return kCrds;
}

const schema::Type* find_type(const Id& id) {
  for (const auto& crd : known_crds()) {
    if (crd.group != id.group || crd.kind != id.kind) continue;
    for (const auto& version : crd.versions) {
      if (version.name == id.version) return version.type;
    }
  }
  return nullptr;
}

// A kind that is probably meant to be ours but is not: spelt wrongly, or of another version or group.
std::optional<std::string> near_miss(const Id& id) {
  std::vector<std::string_view> kinds;
  const schema::Crd* same_kind = nullptr;
  bool our_group = false;
  for (const auto& crd : known_crds()) {
    our_group = our_group || crd.group == id.group;
    kinds.push_back(crd.kind);
    if (crd.kind == id.kind) same_kind = &crd;
  }
  if (!our_group) return std::nullopt;
  const std::string what = "no kind \"" + id.kind + "\" in version \"" + id.group + "/" + id.version + "\"";
  if (same_kind != nullptr) {
    return what + " (did you mean apiVersion \"" + std::string(same_kind->group) + "/" +
           std::string(same_kind->versions.front().name) + "\"?)";
  }
  const auto near = base::nearest_word(id.kind, kinds);
  if (!near) return std::nullopt;
  return what + " (did you mean \"" + std::string(*near) + "\"?)";
}

class Findings {
 public:
  void add(std::string_view rule, std::string path, std::string message) {
    const auto severity = rule == kWarning ? Severity::kWarning : Severity::kError;
    rows_.push_back(
        {.severity = severity, .rule = rule, .path = std::move(path), .message = std::move(message)});
  }
  std::vector<Finding> sorted() && {
    std::ranges::stable_sort(rows_, {},
                             [](const Finding& f) { return std::tie(f.severity, f.path, f.message); });
    return std::move(rows_);
  }

 private:
  std::vector<Finding> rows_;
};

// What the API server checks of the metadata of any object.
void check_metadata(json::View metadata, Findings& out) {
  if (!metadata["name"].exists() && !metadata["generateName"].exists()) {
    out.add(kRequired, "metadata.name", "Required value: name or generateName is required");
  }
  for (const auto& [key, value] : metadata["labels"].members()) {
    const std::string path = "metadata.labels[" + std::string(key) + "]";
    if (const auto fault = admission::qualified_name_fault(key)) {
      out.add(kInvalid, path, "Invalid value: " + admission::quoted(key) + ": " + *fault);
    }
    const auto text = value.string();
    const auto fault =
        text ? admission::label_value_fault(*text) : std::optional<std::string>("must be a string");
    if (fault)
      out.add(kInvalid, path, "Invalid value: " + admission::shortened(value.dump(), 256) + ": " + *fault);
  }
  for (const auto& [key, value] : metadata["annotations"].members()) {
    const std::string path = "metadata.annotations[" + std::string(key) + "]";
    if (const auto fault = admission::qualified_name_fault(base::to_lower(key))) {
      out.add(kInvalid, path, "Invalid value: " + admission::quoted(key) + ": " + *fault);
    }
    if (!value.is_string()) {
      out.add(kInvalid, path,
              "Invalid value: " + admission::shortened(value.dump(), 256) + ": must be a string");
    }
  }
}

void check_object(const schema::Type& type, const Id& id, json::View given, Findings& out) {
  json::Value object(given);
  schema::apply_defaults(type, object.ref());
  AdmissionRequest request;
  request.group = id.group;
  request.version = id.version;
  request.kind = id.kind;
  request.operation = "CREATE";
  request.object = object;
  const auto answer = admit_validating(request);
  for (const auto& violation : answer.violations)
    out.add(rule_of(violation.kind), violation.path, violation.body());
  for (const auto& path : schema::unknown_fields(type, given)) out.add(kUnknownField, path, "unknown field");
  check_metadata(given["metadata"], out);
  for (const auto& warning : answer.warnings) {
    const auto colon = warning.find(": ");
    const bool has_path = colon != std::string::npos && warning.find(' ') > colon;
    out.add(kWarning, has_path ? warning.substr(0, colon) : "",
            has_path ? warning.substr(colon + 2) : warning);
  }
}

}  // namespace

std::span<const Rule> rules() { return kRules; }

bool Verdict::has_error() const {
  return std::ranges::any_of(findings, [](const Finding& f) { return f.severity == Severity::kError; });
}

Verdict check(json::View object) {
  const Id id = id_of(object);
  Findings findings;
  if (id.version.empty() || id.kind.empty()) {
    findings.add(kMalformedDocument, "", "no Kubernetes object: apiVersion or kind is missing");
    return {.is_ours = true, .findings = std::move(findings).sorted()};
  }
  const auto* type = find_type(id);
  if (type == nullptr) {
    const auto miss = near_miss(id);
    if (miss) findings.add(kUnknownKind, "", *miss);
    return {.is_ours = miss.has_value(), .findings = std::move(findings).sorted()};
  }
  check_object(*type, id, object, findings);
  return {.is_ours = true, .findings = std::move(findings).sorted()};
}

}  // namespace karpenter::webhook::offline
