#include "common/admission/syntax.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/model/labels.h"

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
  if (text.empty() || text.size() > 253) return false;
  const auto parts = base::split(text, '.');
  return std::ranges::all_of(parts, [](const std::string& part) { return is_dns_label(part); });
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
std::set<std::string_view> well_known(Era era) {
  std::set<std::string_view> out(labels::kWellKnownCore.begin(), labels::kWellKnownCore.end());
  for (const auto key : labels::kProvider) out.insert(key);
  if (era == Era::kV1) return out;
  for (const auto* key : {"instance-tenancy", "capacity-reservation-type", "capacity-reservation-id",
                          "capacity-reservation-interruptible", "instance-cpu-sustained-clock-speed-mhz",
                          "instance-capability-flex", "placement-group-id", "placement-group-partition"}) {
    out.erase("karpenter.k8s.aws/" + std::string(key));
  }
  if (era == Era::kBeta) return out;
  out.erase(labels::kNodePool);
  out.erase(labels::kZoneId);
  out.erase("karpenter.k8s.aws/instance-cpu-manufacturer");
  out.erase("karpenter.k8s.aws/instance-ebs-bandwidth");
  out.insert("karpenter.k8s.aws/instance-pods");
  out.insert("karpenter.sh/provisioner-name");
  return out;
}

std::string listed(const std::set<std::string_view>& words) {
  std::string out = "[";
  for (const auto word : words) out.append(out.size() == 1 ? "" : " ").append(word);
  return out + "]";
}

bool is_restricted_v1(std::string_view key) {
  for (const std::string_view domain : {"karpenter.sh", "karpenter.k8s.aws"}) {
    const auto mine = domain_of(key);
    if (mine == domain || mine.ends_with("." + std::string(domain))) return true;
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
  const auto parts = base::split(text, '/');
  if (parts.size() > 2) {
    return "a qualified name " + std::string(kLabelCharacters) +
           " with an optional DNS subdomain prefix and '/'";
  }
  std::vector<std::string> faults;
  const std::string& name = parts.back();
  if (parts.size() == 2) {
    if (parts[0].empty()) faults.emplace_back("prefix part must be non-empty");
    if (!parts[0].empty() && !is_subdomain(parts[0])) faults.emplace_back(kSubdomain);
  }
  if (name.empty()) faults.emplace_back("name part must be non-empty");
  if (name.size() > 63) faults.emplace_back("name part must be no more than 63 characters");
  if (!is_name(name)) faults.emplace_back("name part " + std::string(kLabelCharacters));
  if (faults.empty()) return std::nullopt;
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
  const auto known = well_known(era);
  if (known.contains(key)) return std::nullopt;
  const std::string name(key);
  if (era == Era::kV1) {
    if (!is_restricted_v1(key)) return std::nullopt;
    return "using label " + name +
           " is not allowed as it might interfere with the internal provisioning logic; specify a well known "
           "label: " +
           listed(known) +
           ", or a custom label that does not use a restricted domain: [karpenter.k8s.aws karpenter.sh]";
  }
  if (!is_restricted_before_v1(key, era)) return std::nullopt;
  return "label " + name + " is restricted; specify a well known label: " + listed(known) +
         ", or a custom label that does not use a restricted domain: [k8s.io karpenter.k8s.aws karpenter.sh "
         "kubernetes.io]";
}

std::string_view normalised_key(std::string_view key) {
  const auto* it = std::ranges::find(kAliases, key, &std::pair<std::string_view, std::string_view>::first);
  return it == kAliases.end() ? key : it->second;
}

std::string suggest_label(std::string_view key) {
  const auto known = well_known(Era::kV1);
  if (known.contains(key) || key == labels::kHostname) return "";
  const std::vector<std::string_view> words(known.begin(), known.end());
  const auto near = base::nearest_word(key, words);
  return near ? " (did you mean \"" + std::string(*near) + "\"?)" : "";
}

std::string shortened(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  const auto continues = [&] { return (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U; };
  while (bytes > 0 && continues()) --bytes;
  text.resize(bytes);
  return text;
}

std::string quoted(std::string_view text) { return shortened(json::Value::of(text).dump(), 256); }

}  // namespace karpenter::admission
