#include <algorithm>
#include <array>
#include <set>

#include "common/admission/rules.h"
#include "common/base/strings.h"
#include "common/model/labels.h"

// EC2NodeClass at v1 and v1beta1. spec: api §4.3, §4.7, §7.9, §10.3, §10.4

namespace karpenter::admission {
namespace {

void check_tags(const model::StringMap& tags, std::string_view path, Violations& out) {
  for (const auto& [key, value] : tags) {
    if (!key.empty() && !value.empty()) continue;
    add(out, member(path, key), ViolationKind::kInvalid, quoted(value),
        "empty tag keys or values aren't supported");
  }
}

// EC-C30…C35, BEC-C17.
void check_resource_tags(const model::StringMap& tags, Era era, Violations& out) {
  const std::string_view era_tag = era == Era::kV1 ? "eks:eks-cluster-name" : "karpenter.sh/managed-by";
  for (const auto& [key, value] : tags) {
    const std::string path = member("spec.tags", key);
    const auto forbid = [&](const std::string& text) {
      add(out, path, ViolationKind::kInvalid, quoted(key), text);
    };
    if (key.empty()) forbid("empty tag keys aren't supported");
    if (key.starts_with("kubernetes.io/cluster")) {
      forbid("tag contains a restricted tag matching kubernetes.io/cluster/");
    }
    for (const std::string_view restricted :
         {era_tag, std::string_view("karpenter.sh/nodepool"), std::string_view("karpenter.sh/nodeclaim"),
          model::labels::kNodeClass}) {
      if (key == restricted) forbid("tag contains a restricted tag matching " + std::string(restricted));
    }
  }
}

// Members of a term that exclude others. v1 refuses a list when all its terms mix them ("not all": one clean
// term makes the list valid); the older webhook refused each such term.
template <class Term, class Mixes>
void check_exclusion(const std::vector<Term>& terms, std::string_view path, std::string_view message, Era era,
                     const Mixes& mixes, Violations& out) {
  if (era == Era::kV1) {
    if (!terms.empty() && std::ranges::all_of(terms, mixes)) {
      add(out, std::string(path), ViolationKind::kInvalid, "", std::string(message));
    }
    return;
  }
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (mixes(terms[i])) add(out, at(path, i), ViolationKind::kInvalid, "", std::string(message));
  }
}

// EC-C1…C3, BEC-W3.
void check_subnets(const std::vector<model::SelectorTerm>& terms, Era era, Violations& out) {
  constexpr std::string_view kPath = "spec.subnetSelectorTerms";
  if (terms.empty()) {
    add(out, std::string(kPath), ViolationKind::kInvalid, "[]", "subnetSelectorTerms cannot be empty");
  }
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].id.empty() && terms[i].tags.empty()) {
      add(out, at(kPath, i), ViolationKind::kInvalid, "{}",
          "expected at least one, got none, ['tags', 'id']");
    }
    check_tags(terms[i].tags, at(kPath, i) + ".tags", out);
  }
  check_exclusion(
      terms, kPath,
      "'id' is mutually exclusive, cannot be set with a combination of other fields in a subnet selector "
      "term",
      era, [](const auto& term) { return !term.id.empty() && !term.tags.empty(); }, out);
}

// EC-C5…C8, BEC-W4.
void check_security_groups(const std::vector<model::SelectorTerm>& terms, Era era, Violations& out) {
  constexpr std::string_view kPath = "spec.securityGroupSelectorTerms";
  if (terms.empty()) {
    add(out, std::string(kPath), ViolationKind::kInvalid, "[]", "securityGroupSelectorTerms cannot be empty");
  }
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].id.empty() && terms[i].tags.empty() && terms[i].name.empty()) {
      add(out, at(kPath, i), ViolationKind::kInvalid, "{}",
          "expected at least one, got none, ['tags', 'id', 'name']");
    }
    check_tags(terms[i].tags, at(kPath, i) + ".tags", out);
  }
  const std::string tail =
      " is mutually exclusive, cannot be set with a combination of other fields in a security group selector "
      "term";
  const auto id_mixed = [](const auto& t) { return !t.id.empty() && (!t.tags.empty() || !t.name.empty()); };
  const auto name_mixed = [](const auto& t) { return !t.name.empty() && (!t.tags.empty() || !t.id.empty()); };
  check_exclusion(terms, kPath, "'id'" + tail, era, id_mixed, out);
  check_exclusion(terms, kPath, "'name'" + tail, era, name_mixed, out);
}

void check_alias(const std::string& alias, const std::string& path, Violations& out) {
  const auto at_sign = alias.find('@');
  const auto family = alias.substr(0, at_sign);
  const bool is_word = !family.empty() && std::ranges::all_of(family, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  if (at_sign == std::string::npos || !is_word || at_sign + 1 == alias.size() ||
      alias.rfind('@') != at_sign) {
    add(out, path, ViolationKind::kInvalid, quoted(alias),
        "'alias' is improperly formatted, must match the format 'family@version'");
    return;
  }
  constexpr std::array<std::string_view, 6> kFamilies{"al2",         "al2023",      "bottlerocket",
                                                      "windows2019", "windows2022", "windows2025"};
  if (std::ranges::find(kFamilies, family) == kFamilies.end()) {
    const auto near = base::nearest_word(family, kFamilies);
    add(out, path, ViolationKind::kInvalid, quoted(alias),
        "family is not supported, must be one of the following: 'al2', 'al2023', 'bottlerocket', "
        "'windows2019', "
        "'windows2022', 'windows2025'" +
            (near ? " (did you mean \"" + std::string(*near) + "\"?)" : std::string()));
  }
  if (family.starts_with("windows") && alias.substr(at_sign + 1) != "latest") {
    add(out, path, ViolationKind::kInvalid, quoted(alias),
        "windows families may only specify version 'latest'");
  }
}

void check_ami_term(const model::AmiSelectorTerm& term, const std::string& path, Violations& out) {
  const bool others = !term.tags.empty() || !term.name.empty() || !term.owner.empty();
  if (term.id.empty() && term.alias.empty() && term.name.empty() && term.tags.empty() &&
      term.ssm_parameter.empty()) {
    add(out, path, ViolationKind::kInvalid, "{}",
        "expected at least one, got none, ['tags', 'id', 'name', 'alias', 'ssmParameter']");
  }
  const std::string tail =
      " is mutually exclusive, cannot be set with a combination of other fields in amiSelectorTerms";
  if (!term.id.empty() && (others || !term.alias.empty()))
    add(out, path, ViolationKind::kInvalid, "", "'id'" + tail);
  if (!term.alias.empty() && (others || !term.id.empty()))
    add(out, path, ViolationKind::kInvalid, "", "'alias'" + tail);
  check_tags(term.tags, path + ".tags", out);
  if (!term.alias.empty()) check_alias(term.alias, path + ".alias", out);
}

// EC-C13…C19, EC-C23…C29.
void check_amis(const model::Ec2NodeClassSpec& spec, Violations& out) {
  constexpr std::string_view kPath = "spec.amiSelectorTerms";
  const auto& terms = spec.ami_selector_terms;
  for (std::size_t i = 0; i < terms.size(); ++i) check_ami_term(terms[i], at(kPath, i), out);
  const auto aliased = std::ranges::find_if(terms, [](const auto& term) { return !term.alias.empty(); });
  if (aliased == terms.end()) {
    if (spec.ami_family.empty()) {
      add(out, "spec.amiFamily", ViolationKind::kRequired, "",
          "must specify amiFamily if amiSelectorTerms does not contain an alias");
    }
    return;
  }
  if (terms.size() > 1) {
    add(out, std::string(kPath), ViolationKind::kInvalid, "",
        "'alias' is mutually exclusive, cannot be set with a combination of other amiSelectorTerms");
  }
  model::Ec2NodeClassSpec by_alias;
  by_alias.ami_selector_terms = {*aliased};
  const auto family = resolved_ami_family(by_alias);
  if (!spec.ami_family.empty() && spec.ami_family != "Custom" && family != "Custom" &&
      spec.ami_family != family) {
    const std::string article = family.starts_with('A') ? "an " : "a ";
    add(out, "spec.amiFamily", ViolationKind::kInvalid, quoted(spec.ami_family),
        "if set, amiFamily must be '" + family + "' or 'Custom' when using " + article + family + " alias");
  }
}

// BEC-W5, BEC-W7.
void check_beta_amis(const model::v1beta1::Ec2NodeClassSpec& spec, Violations& out) {
  constexpr std::string_view kPath = "spec.amiSelectorTerms";
  const auto& terms = spec.ami_selector_terms;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].id.empty() && terms[i].tags.empty() && terms[i].name.empty()) {
      add(out, at(kPath, i), ViolationKind::kInvalid, "{}",
          "expected at least one, got none, ['tags', 'id', 'name']");
    }
    check_tags(terms[i].tags, at(kPath, i) + ".tags", out);
  }
  check_exclusion(
      terms, kPath,
      "'id' is mutually exclusive, cannot be set with a combination of other fields in amiSelectorTerms",
      Era::kBeta,
      [](const auto& t) { return !t.id.empty() && (!t.tags.empty() || !t.name.empty() || !t.owner.empty()); },
      out);
  if (spec.ami_family == "Custom" && terms.empty()) {
    add(out, std::string(kPath), ViolationKind::kRequired, "", "missing field(s)");
  }
}

// EC-C22.
void check_identity(const std::string& role, const std::string& instance_profile, Violations& out) {
  if (role.empty() == instance_profile.empty()) {
    add(out, "spec", ViolationKind::kInvalid, "", "must specify exactly one of ['role', 'instanceProfile']");
  }
}

// EC-C36, BEC-W9.
void check_one_root(const std::vector<model::BlockDeviceMapping>& devices, Violations& out) {
  if (std::ranges::count_if(devices, [](const auto& d) { return d.root_volume.value_or(false); }) > 1) {
    add(out, "spec.blockDeviceMappings", ViolationKind::kInvalid, "",
        "must have only one blockDeviceMappings with rootVolume");
  }
}

// EC-C36…C38.
void check_block_devices(const std::vector<model::BlockDeviceMapping>& devices, Violations& out) {
  constexpr std::string_view kPath = "spec.blockDeviceMappings";
  check_one_root(devices, out);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (!devices[i].ebs) continue;
    const auto& ebs = *devices[i].ebs;
    const std::string path = at(kPath, i) + ".ebs";
    if (ebs.snapshot_id.empty() && !ebs.volume_size) {
      add(out, path, ViolationKind::kInvalid, "", "snapshotID or volumeSize must be defined");
    }
    if (ebs.volume_initialization_rate && ebs.snapshot_id.empty()) {
      add(out, path, ViolationKind::kInvalid, "",
          "snapshotID must be set when volumeInitializationRate is set");
    }
  }
}

void check_network(const model::Ec2NodeClassSpec& spec, Violations& out) {
  const auto& cards = spec.network_interfaces;
  const auto primary = [](const auto& c) {
    return c.device_index == 0 && c.network_card_index == 0 && c.interface_type == "interface";
  };
  if (!cards.empty() && std::ranges::none_of(cards, primary)) {
    add(out, "spec.networkInterfaces", ViolationKind::kInvalid, "",
        "networkInterfaces must include a primary interface with interfaceType='interface'");
  }
  std::set<std::pair<std::int32_t, std::int32_t>> pairs;
  std::set<std::int32_t> efa;
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const bool fresh = pairs.emplace(cards[i].network_card_index, cards[i].device_index).second;
    const bool lone = cards[i].interface_type != "efa-only" || efa.insert(cards[i].network_card_index).second;
    if (fresh && lone) continue;
    add(out, at("spec.networkInterfaces", i), ViolationKind::kInvalid, "",
        "networkInterfaces must not have duplicate networkCardIndex and deviceIndex pairs, and can have at "
        "most one "
        "efa device per network card");
  }
  const auto& tracking = spec.connection_tracking;
  if (tracking && !tracking->tcp_established_timeout && !tracking->udp_stream_timeout &&
      !tracking->udp_timeout) {
    add(out, "spec.connectionTracking", ViolationKind::kInvalid, "{}",
        "at least one of tcpEstablishedTimeout, udpStreamTimeout, or udpTimeout must be set");
  }
  if (!spec.placement_group_selector) return;
  const auto& group = *spec.placement_group_selector;
  if (group.id.empty() && group.name.empty()) {
    add(out, "spec.placementGroupSelector", ViolationKind::kInvalid, "{}",
        "expected at least one, got none, ['name', 'id']");
  }
  if (!group.id.empty() && !group.name.empty()) {
    add(out, "spec.placementGroupSelector", ViolationKind::kInvalid, "",
        "'name' and 'id' are mutually exclusive");
  }
}

// EC-C9, EC-C10.
void check_reservations(const std::vector<model::CapacityReservationSelectorTerm>& terms, Violations& out) {
  constexpr std::string_view kPath = "spec.capacityReservationSelectorTerms";
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (terms[i].id.empty() && terms[i].tags.empty() && terms[i].instance_match_criteria.empty()) {
      add(out, at(kPath, i), ViolationKind::kInvalid, "{}",
          "expected at least one, got none, ['tags', 'id', 'instanceMatchCriteria']");
    }
    check_tags(terms[i].tags, at(kPath, i) + ".tags", out);
  }
  const auto mixed = [](const auto& t) {
    return !t.id.empty() && (!t.tags.empty() || !t.owner_id.empty() || !t.instance_match_criteria.empty());
  };
  if (!terms.empty() && std::ranges::all_of(terms, mixed)) {
    add(out, std::string(kPath), ViolationKind::kInvalid, "",
        "'id' is mutually exclusive, cannot be set along with other fields in a capacity reservation "
        "selector term");
  }
}

}  // namespace

Violations validate(const model::Ec2NodeClass& node_class) {
  Violations out;
  const auto& spec = node_class.spec;
  check_subnets(spec.subnet_selector_terms, Era::kV1, out);
  check_security_groups(spec.security_group_selector_terms, Era::kV1, out);
  check_reservations(spec.capacity_reservation_selector_terms, out);
  check_amis(spec, out);
  check_identity(spec.role, spec.instance_profile, out);
  check_resource_tags(spec.tags, Era::kV1, out);
  check_block_devices(spec.block_device_mappings, out);
  check_network(spec, out);
  if (!spec.kubelet.empty()) check_open_kubelet(spec.kubelet, resolved_ami_family(spec), out);
  return finished(std::move(out));
}

std::vector<std::string> warnings(const model::Ec2NodeClass& node_class) {
  std::vector<std::string> out;
  const auto& subnets = node_class.spec.subnet_selector_terms;
  for (std::size_t i = 0; i < subnets.size(); ++i) {
    if (!subnets[i].id.empty() && !subnets[i].tags.empty()) {
      out.push_back(at("spec.subnetSelectorTerms", i) + ": id wins, the other fields are ignored");
    }
  }
  const auto& groups = node_class.spec.security_group_selector_terms;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const int given =
        (groups[i].id.empty() ? 0 : 1) + (groups[i].name.empty() ? 0 : 1) + (groups[i].tags.empty() ? 0 : 1);
    if (given > 1 && (!groups[i].id.empty() || !groups[i].name.empty())) {
      out.push_back(at("spec.securityGroupSelectorTerms", i) + ": " + (groups[i].id.empty() ? "name" : "id") +
                    " wins, the other fields are ignored");
    }
  }
  const auto& images = node_class.spec.ami_selector_terms;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (!images[i].ssm_parameter.empty() && !(images[i].id.empty() && images[i].alias.empty())) {
      out.push_back(at("spec.amiSelectorTerms", i) + ": ssmParameter is ignored beside id and alias");
    }
  }
  const auto& devices = node_class.spec.block_device_mappings;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (devices[i].device_name.empty()) out.push_back(at("spec.blockDeviceMappings", i) + ": no deviceName");
  }
  return out;
}

Violations validate(const model::v1beta1::Ec2NodeClass& node_class) {
  Violations out;
  const auto& spec = node_class.spec;
  check_name(node_class.meta, out);
  check_subnets(spec.subnet_selector_terms, Era::kBeta, out);
  check_security_groups(spec.security_group_selector_terms, Era::kBeta, out);
  check_beta_amis(spec, out);
  check_identity(spec.role, spec.instance_profile, out);
  check_resource_tags(spec.tags, Era::kBeta, out);
  if (spec.metadata_options) check_metadata_options(*spec.metadata_options, "spec.metadataOptions", out);
  if (!spec.block_device_mappings) return finished(std::move(out));
  const auto& devices = *spec.block_device_mappings;
  check_one_root(devices, out);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    check_block_device(devices[i], at("spec.blockDeviceMappings", i), out);
  }
  return finished(std::move(out));
}

}  // namespace karpenter::admission
