#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "webhook/handlers/webhook_handler.h"

// The cases of this folder (README.md), and that every rule of docs/spec/api.md has its cases.

namespace karpenter::webhook {
namespace {

namespace fs = std::filesystem;

fs::path source_dir() {
  const char* dir = std::getenv("KARPENTER_SOURCE_DIR");  // set by ctest
  return dir == nullptr ? fs::path(".") : fs::path(dir);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

json::Value read_yaml(const fs::path& path) {
  auto documents = json::parse_yaml(read_file(path));
  if (documents.has_value() && documents->size() == 1) return std::move(documents->front());
  ADD_FAILURE() << path << ": " << (documents ? "not one document" : documents.error().text());
  return {};
}

struct Rulebook {
  fs::path path;
  json::Value file;
};

std::vector<Rulebook> rulebooks() {
  std::vector<Rulebook> out;
  for (const auto& file : fs::directory_iterator(source_dir() / "tests/golden/admission")) {
    if (file.path().extension() != ".yaml" || file.path().stem() == "untestable") continue;
    out.push_back({file.path(), read_yaml(file.path())});
  }
  std::ranges::sort(out, {}, &Rulebook::path);
  return out;
}

json::Value patched(json::View file, json::View patch) {
  json::Value out(file["base"]);
  json::apply_merge_patch(out.ref(), patch);
  out["apiVersion"].set(file["group"].string_or("") + "/" + file["version"].string_or(""));
  out["kind"].set(file["kind"]);
  return out;
}

json::Value review_of(json::View file, json::View test) {
  json::Value review = json::Value::object();
  review["apiVersion"].set("admission.k8s.io/v1");
  review["kind"].set("AdmissionReview");
  const auto request = review["request"];
  request["uid"].set("u");
  for (const auto* member : {"group", "version", "kind"}) request["kind"][member].set(file[member]);
  request["operation"].set(test["old"].exists() ? "UPDATE" : "CREATE");
  request["object"].set(patched(file, test["patch"]));
  if (test["old"].exists()) request["oldObject"].set(patched(file, test["old"]));
  return review;
}

admission::Gates gates_of(json::View names) {
  admission::Gates out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto name = names[i].string_or("");
    if (name == "NodeClassCEL") out.node_class_cel = true;
    if (name == "StaticCapacity") out.static_capacity = true;
    if (name == "NodeOverlay") out.node_overlay = true;
  }
  return out;
}

// What defaulting makes of a member of the request.
void set_defaulted(json::Ref request, std::string_view member, std::string_view operation) {
  AdmissionRequest asked;
  asked.group = request["kind"]["group"].view().string_or("");
  asked.version = request["kind"]["version"].view().string_or("");
  asked.kind = request["kind"]["kind"].view().string_or("");
  asked.operation = operation;
  asked.object = request[member];
  json::Value object(asked.object);
  EXPECT_TRUE(json::apply_json_patch(object, admit_defaulting(asked).patch));
  request[member].set(std::move(object));
}

// Defaulting, then validation, as the API server calls them; what was stored before had its defaults, too.
AdmissionAnswer answer_to(json::Value review, const admission::Gates& gates) {
  const auto request = review["request"];
  const auto operation = request["operation"].view().string_or("");
  if (request.view()["oldObject"].exists()) set_defaulted(request, "oldObject", "CREATE");
  set_defaulted(request, "object", operation);
  return admit_validating(read_admission_review(review).value(), gates);
}

std::vector<std::string> texts(json::View list) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < list.size(); ++i) out.push_back(list[i].string_or(""));
  return out;
}

bool agree(const std::string& want, const std::string& got) {
  return want.ends_with("...") ? got.starts_with(want.substr(0, want.size() - 3)) : got == want;
}

std::string shown(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += "\n  - '" + base::replace_all(line, "'", "''") + "'";
  return out;
}

void expect_lines(const std::vector<std::string>& want, const std::vector<std::string>& got,
                  const std::string& what) {
  const bool same = want.size() == got.size() && std::equal(want.begin(), want.end(), got.begin(), agree);
  EXPECT_TRUE(same) << what << shown(got) << "\nwanted" << shown(want);
}

// spec: api §2.2, §2.3, §2.4, §3.3, §3.4, §4.2, §4.3, §4.4, §4.5, §4.7, §4.9, §4.10, §5, §6
// spec: api §7.1, §7.2, §7.3, §7.4, §7.5, §7.7, §7.8, §7.9, §10.1, §10.2, §10.3, §10.4, §10.5
// spec: api §11.1, §12.2, §12.3, §13.2, §13.3, §13.5, §13.6, §14
TEST(AdmissionCases, come_out_as_written) {
  std::size_t count = 0;
  for (const auto& [path, file] : rulebooks()) {
    std::set<std::string> names;
    const json::View tests = file["cases"];
    for (std::size_t i = 0; i < tests.size(); ++i, ++count) {
      const auto test = tests[i];
      const auto name =
          path.filename().string() + ": " + test["rule"].string_or("") + " " + test["name"].string_or("");
      EXPECT_TRUE(names.insert(name).second) << "twice: " << name;
      const auto answer = answer_to(review_of(file, test), gates_of(test["gates"]));
      std::vector<std::string> got;
      for (const auto& violation : answer.violations) got.push_back(violation.text());
      expect_lines(texts(test["rejected"]), got, name + ": rejected");
      expect_lines(texts(test["warnings"]), answer.warnings, name + ": warnings");
    }
  }
  EXPECT_GT(count, 300U);
}

TEST(AdmissionCases, use_only_the_words_of_the_format) {
  const std::set<std::string_view> known{"rule",  "name",     "judge",    "patch", "old",
                                         "gates", "rejected", "warnings", "crd"};
  const std::set<std::string> judges{"schema", "cel", "runtime", "webhook"};
  for (const auto& [path, file] : rulebooks()) {
    const json::View tests = file["cases"];
    for (std::size_t i = 0; i < tests.size(); ++i) {
      const auto name = path.filename().string() + ": " + tests[i]["rule"].string_or("") + " " +
                        tests[i]["name"].string_or("");
      for (const auto& [key, value] : tests[i].members())
        EXPECT_TRUE(known.contains(key)) << name << ": " << key;
      EXPECT_TRUE(judges.contains(tests[i]["judge"].string_or(""))) << name;
      EXPECT_TRUE(tests[i]["patch"].is_object()) << name;
    }
  }
}

// ---- the rules that the reference names

struct RuleId {
  std::string family;  // "NP-C"
  int number = 0;
};

// The id at `at`, such as EC-C23; `at` is behind it then.
std::optional<RuleId> read_id(std::string_view text, std::size_t& at) {
  std::size_t end = at;
  while (end < text.size() && std::isupper(static_cast<unsigned char>(text[end])) != 0) ++end;
  if (end == at || end - at > 3 || end + 1 >= text.size() || text[end] != '-') return std::nullopt;
  if (std::string_view("CRW").find(text[end + 1]) == std::string_view::npos) return std::nullopt;
  const auto digits = end + 2;
  auto last = digits;
  while (last < text.size() && std::isdigit(static_cast<unsigned char>(text[last])) != 0) ++last;
  if (last == digits) return std::nullopt;
  RuleId out{.family = std::string(text.substr(at, digits - at)),
             .number = static_cast<int>(*base::parse_int64(text.substr(digits, last - digits)))};
  at = last;
  return out;
}

// What follows an id: `..C4`, `…28`, `…NP-C20` (up to), `/5` (and). The number, with `at` behind it.
std::optional<int> read_more(std::string_view text, std::size_t& at, std::string_view sign) {
  if (!text.substr(at).starts_with(sign)) return std::nullopt;
  auto next = at + sign.size();
  while (next < text.size() &&
         (std::isupper(static_cast<unsigned char>(text[next])) != 0 || text[next] == '-'))
    ++next;
  auto end = next;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
  if (end == next) return std::nullopt;
  at = end;
  return static_cast<int>(*base::parse_int64(text.substr(next, end - next)));
}

std::set<std::string> ids_in(std::string_view text) {
  std::set<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const bool inside_word =
        at > 0 && (std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0 || text[at - 1] == '-');
    const auto id = inside_word ? std::nullopt : read_id(text, at);
    if (!id) {
      ++at;
      continue;
    }
    const auto add = [&](int number) { out.insert(id->family + std::to_string(number)); };
    add(id->number);
    for (const std::string_view sign : {"..", "…"}) {
      if (const auto last = read_more(text, at, sign)) {
        for (int i = id->number; i <= *last; ++i) add(i);
      }
    }
    while (const auto also = read_more(text, at, "/")) add(*also);
  }
  return out;
}

std::set<std::string> untestable() {
  std::set<std::string> out;
  const auto file = read_yaml(source_dir() / "tests/golden/admission/untestable.yaml");
  for (const auto& [id, why] : file.view().members()) {
    EXPECT_GT(why.string_or("").size(), 20U) << id << " needs a reason";
    out.insert(std::string(id));
  }
  return out;
}

// spec: api §1.1, §13.5
TEST(AdmissionCases, cover_every_rule_of_the_reference) {
  const auto wanted = ids_in(read_file(source_dir() / "docs/spec/api.md"));
  ASSERT_GT(wanted.size(), 180U);
  std::map<std::string, std::set<bool>> covered;
  for (const auto& [path, file] : rulebooks()) {
    const json::View tests = file["cases"];
    for (std::size_t i = 0; i < tests.size(); ++i) {
      for (const auto& id : ids_in(tests[i]["rule"].string_or("")))
        covered[id].insert(tests[i]["rejected"].exists());
    }
  }
  const auto exceptions = untestable();
  for (const auto& id : wanted) {
    if (exceptions.contains(id)) continue;
    EXPECT_TRUE(covered[id].contains(false)) << id << " has no accepted case";
    EXPECT_TRUE(covered[id].contains(true)) << id << " has no rejected case";
  }
  for (const auto& [id, sides] : covered)
    EXPECT_TRUE(wanted.contains(id)) << id << " is no rule of the reference";
}

}  // namespace
}  // namespace karpenter::webhook
