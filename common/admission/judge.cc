#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>

#include "common/admission/rules.h"
#include "common/base/strings.h"
#include "common/schema/codec.h"
#include "common/schema/validate.h"

// How what the CRD says and what the rules of this folder say become one verdict. spec: api §13.2, §13.3

namespace karpenter::admission {
namespace {

using schema::Cause;
using schema::Problem;

ViolationKind kind_of(Cause cause) {
  switch (cause) {
    case Cause::kRequired:
      return ViolationKind::kRequired;
    case Cause::kInvalid:
      return ViolationKind::kInvalid;
    case Cause::kUnsupported:
      return ViolationKind::kNotSupported;
    case Cause::kDuplicate:
      return ViolationKind::kDuplicate;
    case Cause::kTooLong:
      return ViolationKind::kTooLong;
    case Cause::kTooMany:
      return ViolationKind::kTooMany;
  }
  return ViolationKind::kInvalid;
}

// What nothing but reading the spec finds, such as a quantity without digits.
void add_misread(const base::Error& error, Violations& out) {
  for (const auto& [key, list] : error.with) {
    if (key != "errors") continue;
    for (const auto& entry : base::split(base::replace_all(list, "; ", "\n"), '\n')) {
      const auto end = std::min(entry.find(": "), entry.size());
      const auto text = entry.substr(std::min(end + 2, entry.size()));  // `is not a quantity: "x"`
      const auto value = std::min(text.find(": "), text.size());
      add(out, "spec." + entry.substr(0, end), ViolationKind::kInvalid,
          text.substr(std::min(value + 2, text.size())), text.substr(0, value));
    }
  }
}

// Paths at which the CRD has spoken.
class Spoken {
 public:
  explicit Spoken(const std::vector<Problem>& problems) {
    for (const auto& problem : problems) {
      if (problem.source != Problem::Source::kLimit) paths_.insert(problem.path);
      const bool is_unreadable = problem.cause == Cause::kInvalid || problem.cause == Cause::kRequired;
      if (problem.source == Problem::Source::kType && is_unreadable) unreadable_.push_back(problem.path);
    }
  }
  // Whether a rule need not be repeated: about the same value, or about the inside of something that is no
  // such thing.
  [[nodiscard]] bool covers(std::string_view path) const {
    return paths_.contains(path) || std::ranges::any_of(unreadable_, [&](std::string_view start) {
             return path.size() > start.size() && path.starts_with(start) &&
                    (path[start.size()] == '.' || path[start.size()] == '[');
           });
  }

 private:
  std::set<std::string_view> paths_;
  std::vector<std::string_view> unreadable_;
};

std::string_view unquoted(std::string_view json) {
  return json.size() < 2 || json.front() != '"' ? json : json.substr(1, json.size() - 2);
}

// The nearest valid word, for CEL rules about words.
std::string hint(const Problem& problem, Era era) {
  const auto value = unquoted(problem.value);
  const std::string_view message = problem.message;
  if (message.starts_with("label domain")) return suggest_label(value, era);
  if (message.starts_with("family is not supported")) {
    return schema::suggestion(value.substr(0, value.find('@')), kAliasFamilies);
  }
  if (message.starts_with("valid keys for evict")) return schema::suggestion(value, kEvictionSignals);
  if (message.starts_with("valid keys for")) return schema::suggestion(value, kReservable);
  return "";
}

// A rule speaks where a mere limit on text (a pattern, a list of words) does too; everything else of the CRD
// comes first.
Violations merged(const std::vector<Problem>& problems, Violations rules, Era era) {
  const Spoken spoken(problems);
  std::erase_if(rules, [&](const Violation& violation) { return spoken.covers(violation.path); });
  std::set<std::string, std::less<>> told;
  for (const auto& violation : rules) told.insert(violation.path);
  for (const auto& problem : problems) {
    if (problem.source == Problem::Source::kLimit && told.contains(problem.path)) continue;
    add(rules, problem.path, kind_of(problem.cause), problem.value, problem.message + hint(problem, era));
  }
  return finished(std::move(rules));
}

// A spec that may not change is not judged again: only the change is.
template <class T>
constexpr bool kIsImmutable = std::is_same_v<T, model::NodeClaim>;

template <class T>
constexpr Era era_of() {
  constexpr bool is_alpha =
      std::is_same_v<T, model::v1alpha5::Provisioner> || std::is_same_v<T, model::v1alpha1::AwsNodeTemplate>;
  constexpr bool is_beta = std::is_same_v<T, model::v1beta1::NodePool> ||
                           std::is_same_v<T, model::v1beta1::NodeClaim> ||
                           std::is_same_v<T, model::v1beta1::Ec2NodeClass>;
  return is_alpha ? Era::kAlpha : is_beta ? Era::kBeta : Era::kV1;
}

template <class T>
concept HasWarnings = requires(const T& object, const Gates& gates, Warnings& out) {
  warn(object, gates, out);
};

template <class T>
std::vector<Problem> problems_of(const Subject& subject) {
  static const schema::Checker kChecker(schema::type_of<T>(), "status");  // which is the controllers' part
  auto problems = kChecker.check(subject.object, subject.old_object);
  if (kIsImmutable<T> && subject.old_object.is_object()) {
    std::erase_if(problems,
                  [](const Problem& p) { return p.path != "spec" || p.source != Problem::Source::kRule; });
  }
  return problems;
}

// What rules look at: the names and the spec, as far as it can be read.
template <class T>
T read_object(json::View from, Violations& misread) {
  T out;
  out.meta.name = from["metadata"]["name"].string_or("");
  out.meta.generate_name = from["metadata"]["generateName"].string_or("");
  const auto& fields = schema::type_of<T>().fields;
  const auto spec = std::ranges::find(fields, std::string_view("spec"), &schema::Field::name);
  if (!from["spec"].is_object()) return out;
  const auto read = schema::read(spec->type, from["spec"], &out.spec);
  if (!read) add_misread(read.error(), misread);
  return out;
}

}  // namespace

template <class T>
Verdict judge(const Subject& subject) {
  Verdict out;
  if (!subject.object.is_object()) {
    out.violations = {{.path = "", .message = "must be an object"}};
    return out;
  }
  const auto problems = problems_of<T>(subject);
  Violations rules;
  const T object = read_object<T>(subject.object, rules);
  if constexpr (std::is_same_v<T, model::Ec2NodeClass>) {
    if (!subject.object["spec"].exists() || subject.object["spec"].is_null()) {
      add(rules, "spec", ViolationKind::kRequired, "", "an EC2NodeClass without a spec never becomes ready");
    }
  }
  check(object, subject.gates, rules);
  if (!problems.empty() || !rules.empty()) {
    out.violations = merged(problems, std::move(rules), era_of<T>());
    return out;
  }
  if constexpr (HasWarnings<T>) warn(object, subject.gates, out.warnings);
  return out;
}

// Nothing is asked of Machines. spec: api §13.5
template <>
Verdict judge<model::v1alpha5::Machine>(const Subject&) {
  return {};
}

template Verdict judge<model::NodePool>(const Subject&);
template Verdict judge<model::NodeClaim>(const Subject&);
template Verdict judge<model::Ec2NodeClass>(const Subject&);
template Verdict judge<model::NodeOverlay>(const Subject&);
template Verdict judge<model::CapacityBuffer>(const Subject&);
template Verdict judge<model::v1beta1::NodePool>(const Subject&);
template Verdict judge<model::v1beta1::NodeClaim>(const Subject&);
template Verdict judge<model::v1beta1::Ec2NodeClass>(const Subject&);
template Verdict judge<model::v1alpha5::Provisioner>(const Subject&);
template Verdict judge<model::v1alpha1::AwsNodeTemplate>(const Subject&);

Violations validate(const model::NodePool& pool, const Gates& gates) {
  return judge<model::NodePool>({.object = schema::encode(pool), .gates = gates}).violations;
}
Violations validate(const model::Ec2NodeClass& node_class, const Gates& gates) {
  return judge<model::Ec2NodeClass>({.object = schema::encode(node_class), .gates = gates}).violations;
}

Violations runtime_violations(const model::NodePool& pool) {
  Violations out;
  check(pool, {}, out);
  return finished(std::move(out));
}
Violations runtime_violations(const model::Ec2NodeClass& node_class, const Gates& gates) {
  Violations out;
  check(node_class, gates, out);
  return finished(std::move(out));
}
Violations runtime_violations(const model::NodeOverlay& overlay) {
  Violations out;
  check(overlay, {}, out);
  return finished(std::move(out));
}

}  // namespace karpenter::admission
