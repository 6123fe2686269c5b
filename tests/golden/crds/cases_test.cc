#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "common/schema/codec.h"
#include "common/schema/crd.h"
#include "common/schema/validate.h"

// The cases of this folder, judged by the field tables; README.md.

namespace karpenter::schema {
namespace {

std::vector<json::Value> suites_of(const std::string& name) {
  const char* root = std::getenv("KARPENTER_SOURCE_DIR");  // set by ctest
  std::ifstream file(std::string(root == nullptr ? "." : root) + "/tests/golden/crds/" + name);
  auto suites = json::parse_yaml(std::string{std::istreambuf_iterator<char>(file), {}});
  EXPECT_TRUE(suites.has_value()) << suites.error().text();
  return suites ? std::move(suites).value() : std::vector<json::Value>();
}

const Type* type_of_kind(json::View suite) {
  for (const auto& crd : crds()) {
    for (const auto& version : crd.versions) {
      const bool is_it = crd.group == suite["group"].string_or("") &&
                         crd.kind == suite["kind"].string_or("") &&
                         version.name == suite["version"].string_or("");
      if (is_it) return version.type;
    }
  }
  return nullptr;
}

// The server drops members that it does not know, and null; then it fills in defaults.
void prune(const Type& type, json::Ref at);
void prune_members(const Type& type, json::Ref at) {
  json::Value kept = json::Value::object();
  for (const auto& [name, value] : at.view().members()) {
    const auto known = std::find_if(type.fields.begin(), type.fields.end(),
                                    [&, key = name](const Field& field) { return field.name == key; });
    const bool is_kept = type.shape == Shape::kMap || known != type.fields.end();
    if (!is_kept || value.is_null()) continue;
    kept[name].set(value);
    prune(type.shape == Shape::kMap ? *type.item : known->type, kept[name]);
  }
  at.set(std::move(kept));
}
void prune(const Type& type, json::Ref at) {
  if (type.shape == Shape::kList) {
    for (std::size_t i = 0; i < at.view().size(); ++i) prune(*type.item, at[i]);
  }
  const bool has_members =
      type.shape == Shape::kObject || type.shape == Shape::kMap || type.shape == Shape::kMeta;
  if (has_members && at.view().is_object()) prune_members(type, at);
}

// decode.yaml, as the tables have it; tests/peers/crdcheck puts the same cases to the API server's own code.
// spec: api §1.5, §2.2, §4.2, §10.1, §10.3
TEST(Decoding, is_the_api_servers) {
  int count = 0;
  for (const auto& suite : suites_of("decode.yaml")) {
    const Type* type = type_of_kind(suite);
    ASSERT_NE(type, nullptr) << suite["kind"].dump();
    for (const auto test : suite["decodes"].items()) {
      const std::string name = suite["kind"].string_or("") + ": " + test["name"].string_or("");
      auto unknown = unknown_fields(*type, test["object"]);
      std::set<std::string> wanted;
      for (const auto path : test["unknown"].items()) wanted.insert(path.string_or(""));
      EXPECT_EQ(std::set<std::string>(unknown.begin(), unknown.end()), wanted) << name;
      json::Value stored(test["object"]);
      prune(*type, stored.ref());
      apply_defaults(*type, stored.ref());
      stored["metadata"].erase("managedFields");
      const json::View expected = test["stored"].exists() ? test["stored"] : test["object"];
      EXPECT_EQ(stored.dump(), expected.dump()) << name;
      ++count;
    }
  }
  EXPECT_GE(count, 19);
}

// The member that a JSON pointer names, made when it is not there.
json::Ref make_at(json::Ref at, std::string_view pointer) {
  for (const auto& step : base::split(pointer.substr(1), '/')) {
    at = at.view().is_array() ? at[static_cast<std::size_t>(base::parse_int64(step).value())] : at[step];
  }
  return at;
}

void remove_at(json::Ref at, std::string_view pointer) {
  const auto slash = pointer.rfind('/');
  if (slash > 0) at = make_at(at, pointer.substr(0, slash));
  at.erase(pointer.substr(slash + 1));
}

// "/spec/taints/0/key" -> "spec.taints[0].key", with map keys and indexes in brackets.
bool is_below(std::string_view path, std::string_view pointer) {
  std::string bare;
  for (const char c : path) bare += c == '.' || c == '[' ? "/" : c == ']' ? "" : std::string(1, c);
  return ("/" + bare).starts_with(pointer);
}

std::string lines(const std::vector<Problem>& problems) {
  std::string out;
  for (const auto& problem : problems) out += "\n  " + problem.path + ": " + problem.text();
  return out;
}

// fields.yaml.
class FieldCase {
 public:
  FieldCase(const Checker& checker, const Type& type, json::View suite, json::View test)
      : checker_(checker), type_(type), base_(suite["base"]), at_(test["at"].string_or("")), test_(test) {
    name_ = suite["kind"].string_or("") + " " + suite["version"].string_or("") + " " + at_;
  }

  // How many objects it looked at.
  std::size_t run() const {
    if (const auto required = test_["required"].boolean()) {
      json::Value object(base_);
      remove_at(object.ref(), at_);
      expect(!*required, object, "absent");
    }
    for (const auto value : test_["accepts"].items()) expect(true, with(value), value.dump());
    for (const auto value : test_["rejects"].items()) expect(false, with(value), value.dump());
    return test_["accepts"].size() + test_["rejects"].size() + (test_["required"].exists() ? 1 : 0);
  }

 private:
  json::Value with(json::View value) const {
    json::Value object(base_);
    make_at(object.ref(), at_).set(value);
    return object;
  }

  // A default fills in an absent member before the check, as in the server.
  void expect(bool accepted, json::Value object, const std::string& what) const {
    apply_defaults(type_, object.ref());
    const auto problems = checker_.check(object);
    EXPECT_EQ(problems.empty(), accepted) << name_ << " " << what << lines(problems);
    const bool is_named = std::any_of(problems.begin(), problems.end(),
                                      [&](const Problem& problem) { return is_below(problem.path, at_); });
    EXPECT_TRUE(accepted || is_named) << name_ << " " << what << lines(problems);
  }

  const Checker& checker_;
  const Type& type_;
  json::View base_;
  std::string at_;
  json::View test_;
  std::string name_;
};

// spec: api §1.2, §2.2, §3.2, §4.2, §4.5, §4.8, §5, §6, §7.3, §8.1, §10.1, §10.2, §10.3, §11.1, §12.1
TEST(Fields, accept_what_the_reference_says) {
  std::size_t count = 0;
  for (const auto& suite : suites_of("fields.yaml")) {
    const Type* type = type_of_kind(suite);
    ASSERT_NE(type, nullptr) << suite["kind"].dump();
    const Checker checker(*type);
    EXPECT_EQ(checker.check(suite["base"]), std::vector<Problem>()) << suite["kind"].dump();
    for (const auto test : suite["fields"].items()) count += FieldCase(checker, *type, suite, test).run();
  }
  EXPECT_GE(count, 1300U);
}

}  // namespace
}  // namespace karpenter::schema
