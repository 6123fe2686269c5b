// Prints cases for crdcheck: the objects of tests/golden/crds/fields.yaml changed at random by the field
// tables, with what our own checker says of them. Usage: crdcheck_cases FIELDS SEED COUNT

#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "common/schema/crd.h"
#include "common/schema/validate.h"

namespace karpenter::schema {
namespace {

constexpr std::string_view kWords[] = {"",
                                       "a",
                                       "A b",
                                       "a/b/c",
                                       "karpenter.sh/nodepool",
                                       "karpenter.sh/capacity-type",
                                       "karpenter.sh/x",
                                       "mykarpenter.sh/x",
                                       "kubernetes.io/hostname",
                                       "kubernetes.io/os",
                                       "kubernetes.io/foo",
                                       "node.kubernetes.io/x",
                                       "node.kubernetes.io/instance-type",
                                       "kops.k8s.io/a",
                                       "k8s.io/x",
                                       "karpenter.k8s.aws/instance-family",
                                       "karpenter.k8s.aws/instance-tenancy",
                                       "karpenter.k8s.aws/ec2nodeclass",
                                       "karpenter.k8s.aws/foo",
                                       "x.karpenter.k8s.aws/y",
                                       "karpenter.sh/nodeclaim",
                                       "karpenter.sh/managed-by",
                                       "eks:eks-cluster-name",
                                       "kubernetes.io/clusterfoo",
                                       "example.com/team",
                                       "0",
                                       "-1",
                                       "-0",
                                       "5",
                                       "+5",
                                       "99999999999999999999",
                                       "1.5",
                                       "10%",
                                       "100.0%",
                                       "101%",
                                       "1h",
                                       "90m",
                                       "1h30m",
                                       "1h30m0s",
                                       "Never",
                                       "fooNever",
                                       "10minutes",
                                       "100Mi",
                                       "1000m",
                                       "-5",
                                       "1e3",
                                       "lots",
                                       "ami-1",
                                       "xsg-1",
                                       "subnet-1",
                                       "cr-1",
                                       "pg-1",
                                       "123456789012",
                                       "al2@latest",
                                       "al2023@v1",
                                       "al2023@a@b",
                                       "windows2022@latest",
                                       "windows2022@v1",
                                       "windows2022",
                                       "bottlerocket@1",
                                       "ubuntu@1",
                                       "@",
                                       "@daily",
                                       "@weekly x",
                                       "0 0 * * *",
                                       "* * *",
                                       "18Ti",
                                       "20Gi",
                                       "5T",
                                       "Ti",
                                       "0.25",
                                       "+1%",
                                       "-100%",
                                       "-101%",
                                       "+.5",
                                       "True",
                                       "cpu",
                                       "pods",
                                       "nodes",
                                       "memory.available",
                                       "pid",
                                       "2026-01-02T03:04:05Z",
                                       "yesterday",
                                       "\xC3\xA4\xC3\xB6",
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  // Changes one place below `at`, which is of that type.
  void change(const Type& type, json::Ref at) {
    const std::size_t size = at.view().size();
    if (one_in(6) || (size == 0 && type.shape != Shape::kObject)) return replace(type, at);
    if (type.shape == Shape::kObject) return change_member(type, at);
    if (type.shape == Shape::kMap) return change_entry(type, at);
    if (type.shape != Shape::kList) return replace(type, at);
    if (one_in(4)) return at.push_back(at.view()[below(size)]);
    if (one_in(4)) return at.erase(below(size));
    change(*type.item, at[below(size)]);
  }

 private:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string_view word() { return kWords[below(std::size(kWords))]; }

  void change_member(const Type& type, json::Ref at) {
    const Field& field = type.fields[below(type.fields.size())];
    if (field.type.shape == Shape::kMeta || field.name == "status") return;
    const bool is_there = at.view()[field.name].exists();
    if (is_there && one_in(8)) {
      at.erase(field.name);
    } else if (is_there) {
      change(field.type, at[field.name]);
    } else {
      replace(field.type, at[field.name]);
    }
  }

  void change_entry(const Type& type, json::Ref at) {
    const auto members = at.view().members();
    const std::string key(one_in(2) ? word() : members[below(members.size())].first);
    replace(*type.item, at[key]);
  }

  void replace(const Type& type, json::Ref at) {
    if (one_in(40)) return at.set(std::int64_t{7});
    if (one_in(60)) return at.set("odd");
    switch (type.shape) {
      case Shape::kBool:
        return at.set(one_in(2));
      case Shape::kInt32:
      case Shape::kInt64:
        return at.set(number(type.limits));
      case Shape::kIntOrString:
        return one_in(3) ? at.set(std::int64_t{5}) : at.set(word());
      case Shape::kList:
        return fill_list(type, at);
      case Shape::kMap:
        at.set_object();
        for (std::size_t i = below(4); i > 0; --i) replace(*type.item, at[word()]);
        return;
      case Shape::kObject:
        at.set_object();
        for (const auto& field : type.fields) {
          if (field.type.is_required ? !one_in(12) : one_in(3)) replace(field.type, at[field.name]);
        }
        return;
      case Shape::kString:
      case Shape::kDateTime:
        return at.set(text(type.limits));
      default:
        return at.set_object();
    }
  }

  void fill_list(const Type& type, json::Ref at) {
    at.set_array();
    const auto most = type.limits.max_items;
    const bool is_too_long = most > 0 && most <= 100 && one_in(20);
    for (std::size_t i = is_too_long ? static_cast<std::size_t>(most) + 1 : below(4); i > 0; --i)
      replace(*type.item, at.push_back());
  }

  std::int64_t number(const Limits& limits) {
    const std::int64_t least = limits.minimum.value_or(-2);
    const std::int64_t most = limits.maximum.value_or(1000);
    const std::int64_t choices[] = {least - 1, least, least + 1, most - 1, most, most + 1, 0, 1, 5};
    return choices[below(std::size(choices))];
  }

  std::string_view text(const Limits& limits) {
    if (limits.one_of.empty() || one_in(6)) return word();
    return limits.one_of[below(limits.one_of.size())];
  }

  std::mt19937_64 random_;
};

const Type* type_of_kind(json::View base) {
  for (const auto& crd : crds()) {
    for (const auto& version : crd.versions) {
      const bool is_it = crd.group == base["group"].string_or("") && crd.kind == base["kind"].string_or("") &&
                         version.name == base["version"].string_or("");
      if (is_it) return version.type;
    }
  }
  return nullptr;
}

// Of a creation, or of an update when there is an old object (defaults in both).
void write_case(const Checker& checker, const Type& type, std::string_view name, const json::Value& object,
                const json::Value* old, json::Ref out) {
  json::Value now(object);
  apply_defaults(type, now.ref());
  json::Value before;
  if (old != nullptr) {
    before = *old;
    apply_defaults(type, before.ref());
    out["old"].set(*old);
  }
  out["rule"].set("random");
  out["name"].set(name);
  out["judge"].set("cel");
  out["patch"].set(object);
  for (const auto& problem : checker.check(now, old == nullptr ? json::View() : before.view())) {
    out["rejected"].push_back(problem.path + ": " + problem.text());
    if (problem.source == Problem::Source::kRule) out["rules"].push_back(problem.message);
  }
}

json::Value suite(json::View base, Generator& generator, int count) {
  const Type& type = *type_of_kind(base);
  const Checker checker(type);
  json::Value out = json::Value::object();
  for (const char* member : {"group", "version", "kind"}) out[member].set(base[member]);
  out["base"].set_object();
  const json::Value original(base["base"]);
  json::Value valid = original;
  write_case(checker, type, "the base", original, nullptr, out["cases"].push_back());
  for (int i = 0; i < count; ++i) {
    json::Value object = i % 3 == 2 ? valid : original;
    for (int changes = 1 + i % 3; changes > 0; --changes) generator.change(type, object.ref());
    object["metadata"].set(original["metadata"]);
    // Of an update the old object is valid, so that nothing unchanged is tolerated.
    const json::Value* old = i % 3 == 2 ? &valid : nullptr;
    const json::Ref test = out["cases"].push_back();
    write_case(checker, type, std::to_string(i), object, old, test);
    if (old == nullptr && !test.view()["rejected"].exists()) valid = std::move(object);
  }
  return out;
}

int generate(const std::string& file, std::uint64_t seed, int count) {
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto bases = json::parse_yaml(text);
  if (!bases) {
    std::fprintf(stderr, "%s: %s\n", file.c_str(), bases.error().text().c_str());
    return 1;
  }
  Generator generator(seed);
  for (const auto& base : *bases) std::printf("%s\n---\n", suite(base, generator, count).dump().c_str());
  return 0;
}

}  // namespace
}  // namespace karpenter::schema

int main(int argc, char** argv) {
  const auto seed = argc == 4 ? karpenter::base::parse_int64(argv[2]) : std::nullopt;
  const auto count = argc == 4 ? karpenter::base::parse_int64(argv[3]) : std::nullopt;
  if (!seed || !count || *count < 0 || *count > 1'000'000) {
    std::fputs("usage: crdcheck_cases FIELDS SEED COUNT\n", stderr);
    return 2;
  }
  return karpenter::schema::generate(argv[1], static_cast<std::uint64_t>(*seed), static_cast<int>(*count));
}
