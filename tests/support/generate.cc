#include "tests/support/generate.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/schema/pattern.h"

namespace karpenter::support {
namespace {

using json::Ref;
using json::View;
using schema::Shape;
using schema::Type;
using Words = std::vector<std::string_view>;

constexpr std::size_t kMaxDepth = 12;  // of tables that hold themselves

// Texts with a meaning somewhere in the API. A text for a pattern is one of them that matches it, so a new
// pattern needs no code here, at most a word.
constexpr std::array<std::string_view, 98> kTexts{
    "a", "b1", "x-y", "A_b.c", "default", "True", "False", "Unknown", "Ready", "NoSchedule", "In", "Exists",
    // label keys and values
    "example.com/team", "team", "node.kubernetes.io/instance-type", "kubernetes.io/arch", "kubernetes.io/os",
    "karpenter.sh/capacity-type", "topology.kubernetes.io/zone", "karpenter.k8s.aws/instance-family",
    "karpenter.k8s.aws/instance-category", "karpenter.k8s.aws/instance-cpu",
    "karpenter.k8s.aws/instance-generation", "karpenter.k8s.aws/instance-tenancy",
    "node.kubernetes.io/windows-build", "karpenter.sh/nodepool", "amd64", "arm64", "linux", "windows", "spot",
    "on-demand", "reserved", "m5", "m5.large", "c", "us-west-2a", "2", "5", "17",
    "a23456789012345678901234567890123456789012345678901234567890123",
    // durations and schedules
    "0s", "30s", "90s", "1m30s", "90m", "10m", "1h", "1h30m", "1h30m0s", "24h", "720h", "720h0m0s",
    "2592000s", "Never", "@daily", "@hourly", "0 9 * * 1-5", "*/15 0-6 1,15 * *",
    // numbers, shares and quantities
    "0", "1", "10", "100", "2147483647", "0%", "10%", "100%", "1Gi", "20Gi", "1024Gi", "59000Gi", "100G",
    "64T", "58Ti", "100m", "1.5", "1k", "512Mi", "5%", "99.99%", "123456789012",
    // ids and names of AWS
    "ami-0123456789abcdef0", "ami-1", "sg-0a1b", "subnet-0a1b", "cr-0a1b", "pg-0a1b", "/dev/xvda", "amazon",
    "self", "vol-1", "snap-0123456789abcdef0", "KarpenterNodeRole", "alias/my-key",
    // objects
    "karpenter.k8s.aws", "EC2NodeClass", "karpenter.sh/v1", "0123-uid"};

// Texts for a member whose rules its table does not carry, by its name.
const std::map<std::string_view, Words>& by_name() {
  static const std::map<std::string_view, Words> kWords{
      {"alias",
       {"al2023@latest", "al2@v20240807", "bottlerocket@v1.20.1", "windows2022@latest", "al2023@v20250101"}},
      {"amiFamily", {"AL2", "AL2023", "Bottlerocket", "Ubuntu", "Windows2019", "Windows2022", "Custom"}},
      {"group", {"karpenter.k8s.aws"}},
      {"apiVersion", {"karpenter.k8s.aws/v1beta1", "karpenter.k8s.aws/v1"}},
      {"operator", {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"}},
      {"effect", {"NoSchedule", "PreferNoSchedule", "NoExecute"}},
      {"resources", {"cpu", "memory", "pods", "nodes", "ephemeral-storage", "nvidia.com/gpu"}},
      {"limits", {"cpu", "memory", "pods", "nodes"}},
      {"requests", {"cpu", "memory", "pods"}},
      {"capacity", {"cpu", "memory", "pods"}},
      {"allocatable", {"cpu", "memory", "pods"}},
      {"kubeReserved", {"cpu", "memory", "ephemeral-storage", "pid"}},
      {"systemReserved", {"cpu", "memory", "ephemeral-storage", "pid"}},
      {"evictionHard", {"memory.available", "nodefs.available", "pid.available"}},
      {"evictionSoft", {"memory.available", "nodefs.available"}},
      {"evictionSoftGracePeriod", {"memory.available", "nodefs.available"}},
      {"clusterDNS", {"10.0.100.10", "fd00::10"}},
  };
  return kWords;
}

constexpr std::array<std::string_view, 9> kOddTexts{"",
                                                    " ",
                                                    "null",
                                                    "~",
                                                    "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
                                                    "a\nb\n",
                                                    "\"quoted\"",
                                                    "\x7F\xE2\x80\xA8",
                                                    "a]b[c.d/e"};
constexpr std::array<std::string_view, 12> kQuantities{"1",    "100m", "1.5", "1Gi", "1024Mi", "0",
                                                       "1000", "1k",   "0.5", "1e3", "500Gi",  "2"};
constexpr std::array<std::string_view, 7> kOpenObjects{
    R"({"maxPods":110})",
    R"({"kubeReserved":{"cpu":"100m","memory":"512Mi"}})",
    R"({"evictionHard":{"memory.available":"5%"}})",
    R"({"evictionSoft":{"memory.available":"10%"},"evictionSoftGracePeriod":{"memory.available":"1m0s"}})",
    R"({"clusterDNS":["10.0.100.10"],"podsPerCore":5})",
    R"({"imageGCHighThresholdPercent":85,"imageGCLowThresholdPercent":80})",
    R"({"cpuCFSQuota":true})"};

bool fits(const schema::Limits& limits, std::string_view text) {
  const auto length = static_cast<std::int64_t>(text.size());
  return (limits.max_length < 0 || length <= limits.max_length) && length >= limits.min_length;
}

// The texts that match a pattern.
const Words& matching(std::string_view regex) {
  static std::map<std::string_view, Words> known;
  const auto [it, is_new] = known.try_emplace(regex);
  if (!is_new) return it->second;
  const auto pattern = schema::Pattern::compile(regex);
  KARP_CHECK(pattern.has_value());  // the patterns stand in our own tables
  std::ranges::copy_if(kTexts, std::back_inserter(it->second),
                       [&](std::string_view text) { return pattern->matches(text); });
  return it->second;
}

std::string identity(const Type& list, View item) {
  return list.list_type == "map" ? item[list.map_key].dump() : item.dump();
}

}  // namespace

std::uint64_t Generator::below(std::uint64_t bound) {  // splitmix64
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return (z ^ (z >> 31U)) % bound;
}

json::Value Generator::object(const Type& type, Draw draw) {
  draw_ = draw;
  depth_ = 0;
  json::Value out = json::Value::object();
  fill(type, "", out.ref());
  return out;
}

bool Generator::fill(const Type& type, std::string_view name, Ref to) {
  switch (type.shape) {
    case Shape::kBool:
      to.set(draw_ == Draw::kContent || one_in(2));
      return true;
    case Shape::kInt32:
    case Shape::kInt64:
      fill_integer(type, to);
      return true;
    case Shape::kIntOrString:
      fill_quantity(to);
      return true;
    case Shape::kDateTime:
      to.set(type.time_format == "micro" ? "2026-01-02T03:04:05.000006Z"
             : one_in(2)                 ? "2026-01-02T03:04:05Z"
                                         : "1970-01-01T00:00:01Z");
      return true;
    case Shape::kString:
      return fill_text(type, name, to);
    case Shape::kOpen:
      to.set_object();
      if (draw_ != Draw::kContent) to.set(json::parse(pick(kOpenObjects)).value());
      return true;
    case Shape::kList:
      return fill_list(type, name, to);
    case Shape::kMap:
      return fill_map(type, name, to);
    case Shape::kMeta:
      if (draw_ == Draw::kContent) return fill_object(type, to);
      fill_metadata(to);
      return true;
    case Shape::kObject:
      return fill_object(type, to);
  }
  return false;
}

bool Generator::fill_text(const Type& type, std::string_view name, Ref to) {
  const auto& limits = type.limits;
  if (!limits.one_of.empty()) {
    to.set(pick(limits.one_of));
    return true;
  }
  if (draw_ == Draw::kAny && limits.pattern.empty() && one_in(4)) {
    to.set(pick(kOddTexts));
    return true;
  }
  const auto named = by_name().find(name);
  const bool use_named = limits.pattern.empty() && named != by_name().end();
  const Words& words = use_named ? named->second : matching(limits.pattern);
  for (int tries = 0; tries < 8 && !words.empty(); ++tries) {
    const auto word = pick(words);
    if (!fits(limits, word)) continue;
    to.set(word);
    return true;
  }
  return false;
}

void Generator::fill_integer(const Type& type, Ref to) {
  const std::int64_t low = type.limits.minimum.value_or(draw_ == Draw::kAny ? -5 : 0);
  const std::int64_t high = type.limits.maximum.value_or(
      one_in(8) ? std::int64_t{std::numeric_limits<std::int32_t>::max()} : std::int64_t{200});
  std::int64_t value = low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  if (one_in(6)) value = low;
  if (one_in(6)) value = high;
  if (draw_ == Draw::kContent && value == 0) value = 1;
  to.set(value);
}

void Generator::fill_quantity(Ref to) {
  if (draw_ == Draw::kContent) return to.set("100m");
  if (one_in(5)) return to.set(static_cast<std::int64_t>(below(5000)));
  to.set(pick(kQuantities));
}

std::size_t Generator::count(const schema::Limits& limits) {
  const std::size_t least = limits.min_items > 0 ? static_cast<std::size_t>(limits.min_items) : 0;
  const std::size_t some = least + below(4);
  const auto most = std::max(limits.max_items, limits.max_properties);
  const std::size_t wanted = most > 0 && one_in(300) ? static_cast<std::size_t>(most) : some;
  const std::size_t bounded = most >= 0 ? std::min(wanted, static_cast<std::size_t>(most)) : wanted;
  return draw_ == Draw::kContent ? std::max<std::size_t>(bounded, 1) : bounded;
}

bool Generator::fill_list(const Type& type, std::string_view name, Ref to) {
  to.set_array();
  std::set<std::string> seen;
  const bool unique = type.list_type == "set" || type.list_type == "map";
  for (std::size_t wanted = count(type.limits); wanted > 0; --wanted) {
    json::Value item;
    if (!fill(*type.item, name, item.ref())) {
      if (draw_ == Draw::kContent) continue;
      item.ref().set_object();
      if (type.item->shape != Shape::kObject) continue;
    }
    if (unique && !seen.insert(identity(type, item)).second) continue;
    to.push_back().set(std::move(item));
  }
  return draw_ != Draw::kContent || to.view().size() > 0;
}

bool Generator::fill_map(const Type& type, std::string_view name, Ref to) {
  to.set_object();
  const auto named = by_name().find(name);
  for (std::size_t wanted = count(type.limits); wanted > 0; --wanted) {
    std::string_view key = named != by_name().end() ? pick(named->second) : pick(kTexts);
    if (draw_ == Draw::kAny && one_in(6)) key = pick(kOddTexts);
    json::Value value;
    if (fill(*type.item, "", value.ref())) to[key].set(std::move(value));
  }
  return draw_ != Draw::kContent || to.view().size() > 0;
}

bool Generator::fill_object(const Type& type, Ref to) {
  if (++depth_ > kMaxDepth) return --depth_, false;
  bool any = false;
  to.set_object();
  for (const auto& field : type.fields) {
    if (field.name == "managedFields" || field.name == "selfLink") continue;  // known, but not kept
    const bool always =
        field.type.is_required || (field.type.shape == Shape::kMeta && draw_ != Draw::kContent);
    if (!always && one_in(2)) continue;
    json::Value value;
    if (!fill(field.type, field.name, value.ref())) {
      if (!field.type.is_required) continue;
      if (value.view().is_null()) value.ref().set_object();
    }
    any = true;
    json::apply_merge_patch(to[field.name], value);  // two fields may share one JSON object
  }
  --depth_;
  return any || draw_ != Draw::kContent;
}

void Generator::fill_metadata(Ref to) {
  to.set_object();
  to["name"].set("n" + std::to_string(below(1000)));
  for (const char* member : {"labels", "annotations"}) {
    for (std::uint64_t i = below(4); i < 2; ++i)
      to[member]["example.com/k" + std::to_string(below(9))].set(one_in(3) ? "" : "v");
  }
  if (one_in(3)) to["finalizers"].push_back("karpenter.sh/termination");
}

void Generator::damage(Ref at) {
  const View view = at.view();
  if (view.size() == 0 || one_in(6)) {
    static constexpr std::array<std::string_view, 9> kJunk{
        "null", "true", "-1", "1.5", R"("junk")", "[]", R"([1])", "{}", R"({"x":[{}]})"};
    return at.set(json::parse(pick(kJunk)).value());
  }
  const std::size_t index = below(view.size());
  if (view.is_array()) return damage(at[index]);
  damage(at[std::string(view.members()[index].first)]);
}

namespace {

// Drops what can be dropped below `at`, the last first; returns whether anything was.
bool drop_some(json::Value& root, const std::function<Ref(json::Value&)>& at, bool is_root,
               const std::function<bool(View)>& fails, int& tries) {
  bool dropped = false;
  const auto attempt = [&](const auto& erase) {
    if (--tries < 0) return false;
    json::Value smaller = root;
    erase(at(smaller));
    if (!fails(smaller)) return false;
    root = std::move(smaller);
    return dropped = true;
  };
  if (at(root).view().is_array()) {
    for (std::size_t i = at(root).view().size(); i-- > 0;) {
      if (attempt([&](Ref list) { list.erase(i); })) continue;
      dropped |= drop_some(
          root, [&](json::Value& v) { return at(v)[i]; }, false, fails, tries);
    }
    return dropped;
  }
  std::vector<std::string> keys;
  for (const auto& [key, value] : at(root).view().members()) keys.emplace_back(key);
  for (const auto& key : keys) {
    if (is_root && (key == "apiVersion" || key == "kind")) continue;
    if (attempt([&](Ref object) { object.erase(key); })) continue;
    dropped |= drop_some(
        root, [&](json::Value& v) { return at(v)[key]; }, false, fails, tries);
  }
  return dropped;
}

}  // namespace

json::Value shrink(json::Value object, const std::function<bool(View)>& fails) {
  int tries = 1000;
  while (drop_some(
      object, [](json::Value& v) { return v.ref(); }, true, fails, tries)) {
  }
  return object;
}

}  // namespace karpenter::support
