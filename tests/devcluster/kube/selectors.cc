#include "tests/devcluster/kube/selectors.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "common/base/strings.h"

namespace karpenter::devcluster {
namespace {

base::Error unparsable(std::string_view text, const std::string& why) {
  return bad_request("unable to parse requirement: " + why + " in \"" + std::string(text) + "\"");
}

bool is_selector_word_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' || c == '/';
}

// A hand-written scanner: words, and the punctuation of the selector grammar.
class SelectorScanner {
 public:
  explicit SelectorScanner(std::string_view text) : text_(text) {}

  std::string word() {
    skip_blanks();
    const std::size_t start = at_;
    while (at_ < text_.size() && is_selector_word_char(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  bool take(std::string_view token) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  bool done() {
    skip_blanks();
    return at_ >= text_.size();
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

base::Result<std::vector<std::string>> read_value_set(SelectorScanner& scan, std::string_view text) {
  std::vector<std::string> values;
  if (!scan.take("(")) return unparsable(text, "expected '('");
  do {
    values.push_back(scan.word());
  } while (scan.take(","));
  if (!scan.take(")")) return unparsable(text, "expected ')'");
  return values;
}

base::Result<LabelTerm> read_label_term(SelectorScanner& scan, std::string_view text) {
  const bool absent = scan.take("!");
  LabelTerm term{.key = scan.word(), .op = absent ? "DoesNotExist" : "Exists", .values = {}};
  if (term.key.empty()) return unparsable(text, "expected a label key");
  if (absent || scan.done()) return term;
  if (scan.take("!=")) {
    term.op = "NotIn";
  } else if (scan.take("==") || scan.take("=")) {
    term.op = "In";
  } else if (scan.take(">")) {
    term.op = "Gt";
  } else if (scan.take("<")) {
    term.op = "Lt";
  } else {
    const bool negated = scan.take("notin");
    if (!negated && !scan.take("in")) return term;  // "Exists", followed by ','
    term.op = negated ? "NotIn" : "In";
    ASSIGN_OR_RETURN(term.values, read_value_set(scan, text));
    return term;
  }
  term.values.push_back(scan.word());
  return term;
}

bool label_matches(const LabelTerm& term, json::View labels) {
  const auto value = labels[term.key].string();
  if (term.op == "Exists") return value.has_value();
  if (term.op == "DoesNotExist") return !value.has_value();
  const bool listed = value.has_value() && std::ranges::find(term.values, *value) != term.values.end();
  if (term.op == "In") return listed;
  if (term.op == "NotIn") return !listed;
  if (!value.has_value() || term.values.size() != 1) return false;
  const auto have = base::parse_int64(*value);
  const auto want = base::parse_int64(term.values.front());
  if (!have.has_value() || !want.has_value()) return false;
  return term.op == "Gt" ? *have > *want : *have < *want;
}

struct SelectableFields {
  std::string_view id;
  std::string_view fields;  // blank separated
};
constexpr std::array kSelectable = {
    SelectableFields{
        "/pods",
        "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork "
        "status.phase status.podIP status.nominatedNodeName"},
    SelectableFields{"/nodes", "spec.unschedulable"},
    SelectableFields{"/namespaces", "status.phase"},
    SelectableFields{"/secrets", "type"},
    SelectableFields{
        "/events",
        "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid "
        "involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath reason "
        "reportingComponent source type"},
    SelectableFields{"apps/replicasets", "status.replicas"},
    SelectableFields{"batch/jobs", "status.successful"},
};

bool is_selectable(const std::string& path, const Resource& resource, const ResourceVersion& version) {
  if (path == "metadata.name") return true;
  if (path == "metadata.namespace") return resource.namespaced;
  if (std::ranges::find(version.selectable_fields, "." + path) != version.selectable_fields.end())
    return true;
  const auto* row = std::ranges::find(kSelectable, std::string_view(resource.id()), &SelectableFields::id);
  if (resource.custom || row == kSelectable.end()) return false;
  const std::vector<std::string> fields = base::split(row->fields, ' ');
  return std::ranges::find(fields, path) != fields.end();
}

std::string field_text(json::View object, const std::string& path) {
  json::View at = object;
  for (const std::string& step : base::split(path, '.')) at = at[step];
  if (at.is_string()) return at.string_or("");
  if (at.exists() && !at.is_null()) return at.dump();
  if (path == "spec.unschedulable" || path == "spec.hostNetwork") return "false";
  return "";
}

}  // namespace

base::Result<LabelTerms> parse_label_selector(std::string_view text) {
  LabelTerms terms;
  if (base::trim(text).empty()) return terms;
  SelectorScanner scan(text);
  do {
    ASSIGN_OR_RETURN(LabelTerm term, read_label_term(scan, text));
    terms.push_back(std::move(term));
  } while (scan.take(","));
  if (!scan.done()) return unparsable(text, "found unexpected characters");
  return terms;
}

base::Result<LabelTerms> label_terms_of(json::View selector) {
  LabelTerms terms;
  for (const auto& [key, value] : selector["matchLabels"].members()) {
    terms.push_back({std::string(key), "In", {value.string_or("")}});
  }
  for (const json::View entry : selector["matchExpressions"].items()) {
    LabelTerm term{entry["key"].string_or(""), entry["operator"].string_or(""), {}};
    for (const json::View value : entry["values"].items()) term.values.push_back(value.string_or(""));
    const bool set = term.op == "In" || term.op == "NotIn";
    const bool exists = term.op == "Exists" || term.op == "DoesNotExist";
    if (!set && !exists) return base::invalid("\"" + term.op + "\" is not a valid label selector operator");
    if (set == term.values.empty()) return base::invalid("values: wrong number for operator " + term.op);
    terms.push_back(std::move(term));
  }
  return terms;
}

bool labels_match(const LabelTerms& terms, json::View labels) {
  return std::ranges::all_of(terms, [&](const LabelTerm& term) { return label_matches(term, labels); });
}

std::string label_selector_text(const LabelTerms& terms) {
  std::vector<std::string> parts;
  for (const LabelTerm& term : terms) {
    if (term.op == "Exists") {
      parts.push_back(term.key);
    } else if (term.op == "DoesNotExist") {
      parts.push_back("!" + term.key);
    } else if (term.op == "In" && term.values.size() == 1) {
      parts.push_back(term.key + "=" + term.values.front());
    } else {
      parts.push_back(term.key + (term.op == "In" ? " in (" : " notin (") + base::join(term.values, ",") +
                      ")");
    }
  }
  return base::join(parts, ",");
}

base::Result<FieldTerms> parse_field_selector(std::string_view text, const Resource& resource,
                                              const ResourceVersion& version) {
  FieldTerms terms;
  if (text.empty()) return terms;
  for (const std::string& part : base::split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0) {
      return bad_request("invalid selector: '" + std::string(text) + "'; can't understand '" + part + "'");
    }
    FieldTerm term{.path = part.substr(0, equals), .value = part.substr(equals + 1), .equal = true};
    if (term.path.back() == '!') {
      term.path.pop_back();
      term.equal = false;
    } else if (term.value.starts_with('=')) {
      term.value.erase(0, 1);
    }
    if (!is_selectable(term.path, resource, version)) {
      return bad_request("field label not supported: " + term.path);
    }
    terms.push_back(std::move(term));
  }
  return terms;
}

bool fields_match(const FieldTerms& terms, json::View object) {
  return std::ranges::all_of(terms, [&](const FieldTerm& term) {
    return (field_text(object, term.path) == term.value) == term.equal;
  });
}

}  // namespace karpenter::devcluster
