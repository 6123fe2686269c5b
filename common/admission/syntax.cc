#include "common/admission/syntax.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/model/labels.h"
#include "common/schema/validate.h"

namespace karpenter::admission {
namespace {

namespace labels = model::labels;

constexpr std::string_view kLabelCharacters =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character";
constexpr std::string_view kSubdomain =
    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and "
    "must start and end with an alphanumeric character";

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool is_name(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) && is_alnum(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_dns_label(std::string_view text) {
  return !text.empty() && is_lower_alnum(text.front()) && is_lower_alnum(text.back()) &&
         std::ranges::all_of(text, [](char c) { return is_lower_alnum(c) || c == '-'; });
}

bool is_subdomain(std::string_view text) {
  if (text.size() > 253) return false;
  for (;;) {
    const auto dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kAliases{{
    {"beta.kubernetes.io/arch", labels::kArch},
    {"beta.kubernetes.io/instance-type", labels::kInstanceType},
    {"beta.kubernetes.io/os", labels::kOs},
    {"failure-domain.beta.kubernetes.io/region", labels::kRegion},
    {"failure-domain.beta.kubernetes.io/zone", labels::kZone},
    {"topology.ebs.csi.aws.com/zone", labels::kZone},
}};

// spec: api §7.5, §10.5
using Words = std::vector<std::string_view>;

Words make_well_known(Era era) {
  std::set<std::string_view> out(labels::kWellKnownCore.begin(), labels::kWellKnownCore.end());
  out.insert(labels::kProvider.begin(), labels::kProvider.end());
  if (era != Era::kV1) {
    for (const std::string_view key :
         {"karpenter.k8s.aws/instance-tenancy", "karpenter.k8s.aws/capacity-reservation-type",
          "karpenter.k8s.aws/capacity-reservation-id", "karpenter.k8s.aws/capacity-reservation-interruptible",
          "karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz",
          "karpenter.k8s.aws/instance-capability-flex", "karpenter.k8s.aws/placement-group-id",
          "karpenter.k8s.aws/placement-group-partition"}) {
      out.erase(key);
    }
  }
  if (era == Era::kAlpha) {
    out.erase(labels::kNodePool);
    out.erase(labels::kZoneId);
    out.erase("karpenter.k8s.aws/instance-cpu-manufacturer");
    out.erase("karpenter.k8s.aws/instance-ebs-bandwidth");
    out.insert("karpenter.k8s.aws/instance-pods");
    out.insert("karpenter.sh/provisioner-name");
  }
  return {out.begin(), out.end()};
}

// Sorted.
const Words& well_known(Era era) {
  static const std::array<Words, 3> kWords{make_well_known(Era::kAlpha), make_well_known(Era::kBeta),
                                           make_well_known(Era::kV1)};
  return kWords[static_cast<std::size_t>(era)];
}

bool contains(const Words& words, std::string_view word) { return std::ranges::binary_search(words, word); }

std::string listed(const Words& words) {
  std::string out = "[";
  for (const auto word : words) out.append(out.size() == 1 ? "" : " ").append(word);
  return out + "]";
}

bool is_restricted_v1(std::string_view key) {
  for (const std::string_view domain : {"karpenter.sh", "karpenter.k8s.aws"}) {
    const auto mine = domain_of(key);
    if (!mine.ends_with(domain)) continue;
    if (mine.size() == domain.size() || mine[mine.size() - domain.size() - 1] == '.') return true;
  }
  return key == labels::kHostname;
}

bool is_restricted_before_v1(std::string_view key, Era era) {
  if (key == labels::kHostname) return true;
  if (era == Era::kAlpha && key == "karpenter.sh/emptiness-timestamp") return true;
  const auto domain = domain_of(key);
  for (const std::string_view exception :
       {"kops.k8s.io", "node.kubernetes.io", "node-restriction.kubernetes.io"}) {
    if (domain.ends_with(exception)) return false;
  }
  for (const std::string_view restricted : {"kubernetes.io", "k8s.io", "karpenter.sh", "karpenter.k8s.aws"}) {
    if (domain.ends_with(restricted)) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> label_value_fault(std::string_view text) {
  if (text.size() > 63) return "must be no more than 63 characters";
  if (text.empty() || is_name(text)) return std::nullopt;
  return "a valid label must be an empty string or " + std::string(kLabelCharacters);
}

std::optional<std::string> qualified_name_fault(std::string_view text) {
  const auto slash = text.find('/');
  const bool has_prefix = slash != std::string_view::npos;
  const auto prefix = has_prefix ? text.substr(0, slash) : std::string_view();
  const auto name = has_prefix ? text.substr(slash + 1) : text;
  if (name.size() <= 63 && is_name(name) && (!has_prefix || is_subdomain(prefix))) return std::nullopt;
  if (name.find('/') != std::string_view::npos) {
    return "a qualified name " + std::string(kLabelCharacters) +
           " with an optional DNS subdomain prefix and '/'";
  }
  std::vector<std::string> faults;
  if (has_prefix && prefix.empty()) faults.emplace_back("prefix part must be non-empty");
  if (has_prefix && !prefix.empty() && !is_subdomain(prefix)) faults.emplace_back(kSubdomain);
  if (name.empty()) faults.emplace_back("name part must be non-empty");
  if (name.size() > 63) faults.emplace_back("name part must be no more than 63 characters");
  if (!is_name(name)) faults.emplace_back("name part " + std::string(kLabelCharacters));
  return base::join(faults, "; ");
}

bool is_dns1035_label(std::string_view text) {
  return text.size() <= 63 && is_dns_label(text) && text.front() >= 'a' && text.front() <= 'z';
}

std::string_view domain_of(std::string_view key) {
  const auto slash = key.find('/');
  return slash == std::string_view::npos ? std::string_view{} : key.substr(0, slash);
}

std::optional<std::string> restriction(std::string_view key, Era era) {
  const bool is_restricted = era == Era::kV1 ? is_restricted_v1(key) : is_restricted_before_v1(key, era);
  if (!is_restricted || contains(well_known(era), key)) return std::nullopt;
  const std::string name = shortened(std::string(key), 256);
  if (era == Era::kV1) {
    return "using label " + name +
           " is not allowed as it might interfere with the internal provisioning logic; specify a well known "
           "label: " +
           listed(well_known(era)) +
           ", or a custom label that does not use a restricted domain: [karpenter.k8s.aws karpenter.sh]";
  }
  return "label " + name + " is restricted; specify a well known label: " + listed(well_known(era)) +
         ", or a custom label that does not use a restricted domain: [k8s.io karpenter.k8s.aws karpenter.sh "
         "kubernetes.io]";
}

std::string_view normalised_key(std::string_view key) {
  const auto* it = std::ranges::find(kAliases, key, &std::pair<std::string_view, std::string_view>::first);
  return it == kAliases.end() ? key : it->second;
}

std::string suggest_label(std::string_view key, Era era) {
  if (contains(well_known(era), key) || key == labels::kHostname) return "";
  // Within one domain only the names are compared: the domain would make everything near.
  const auto domain = domain_of(key);
  Words names;
  for (const auto word : well_known(era)) {
    if (domain_of(word) == domain) names.push_back(word.substr(domain.size() + 1));
  }
  if (names.empty()) return schema::suggestion(key, well_known(era));
  const auto near = schema::suggestion(key.substr(std::min(domain.size() + 1, key.size())), names);
  return near.empty() ? near : base::replace_all(near, "mean \"", "mean \"" + std::string(domain) + "/");
}

std::string shortened(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  const auto continues = [&] { return (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U; };
  while (bytes > 0 && continues()) --bytes;
  text.resize(bytes);
  return text;
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

std::string shown(std::string_view text) { return shortened(std::string(text.substr(0, 300)), 256); }

std::string quoted(std::string_view text) {
  return shortened(json::Value::of(text.substr(0, 300)).dump(), 256);
}

}  // namespace karpenter::admission
