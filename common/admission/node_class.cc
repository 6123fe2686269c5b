#include <algorithm>
#include <array>

#include "common/admission/rules.h"

// EC2NodeClass at v1 and v1beta1: what the CRDs do not say. spec: api §4.4, §4.9, §10.4, §13.5

namespace karpenter::admission {
namespace {

// The members of a term that are set, in the order in which they win when the term is resolved.
struct Members {
  std::string_view name;
  bool is_set;
};

// What the CEL of v1 lets pass as long as another term is clean: a term of which only one member counts.
void warn_mixed(std::span<const Members> members, std::span<const std::string_view> winners, const Path& path,
                Warnings& out) {
  const auto set = std::ranges::count_if(members, [](const Members& m) { return m.is_set; });
  if (set < 2) return;
  const auto winner = std::ranges::find_if(members, [&](const Members& m) {
    return m.is_set && std::ranges::find(winners, m.name) != winners.end();
  });
  if (winner == members.end()) return;
  out.push_back(path.text() + ": '" + std::string(winner->name) +
                "' wins, the other fields of the term are ignored");
}

void warn_terms(const model::Ec2NodeClassSpec& of, const Path& spec, Warnings& out) {
  constexpr std::array<std::string_view, 2> kById{"id", "name"};
  const Path subnets = step(spec, "subnetSelectorTerms");
  for (std::size_t i = 0; i < of.subnet_selector_terms.size(); ++i) {
    const auto& term = of.subnet_selector_terms[i];
    warn_mixed(std::array{Members{"id", !term.id.empty()}, Members{"tags", !term.tags.empty()}}, kById,
               item(subnets, i), out);
  }
  const Path groups = step(spec, "securityGroupSelectorTerms");
  for (std::size_t i = 0; i < of.security_group_selector_terms.size(); ++i) {
    const auto& term = of.security_group_selector_terms[i];
    warn_mixed(std::array{Members{"id", !term.id.empty()}, Members{"name", !term.name.empty()},
                          Members{"tags", !term.tags.empty()}},
               kById, item(groups, i), out);
  }
  const Path reservations = step(spec, "capacityReservationSelectorTerms");
  for (std::size_t i = 0; i < of.capacity_reservation_selector_terms.size(); ++i) {
    const auto& term = of.capacity_reservation_selector_terms[i];
    warn_mixed(std::array{Members{"id", !term.id.empty()}, Members{"tags", !term.tags.empty()},
                          Members{"ownerID", !term.owner_id.empty()},
                          Members{"instanceMatchCriteria", !term.instance_match_criteria.empty()}},
               kById, item(reservations, i), out);
  }
  const Path images = step(spec, "amiSelectorTerms");
  for (std::size_t i = 0; i < of.ami_selector_terms.size(); ++i) {
    const auto& term = of.ami_selector_terms[i];
    if (term.ssm_parameter.empty() || (term.id.empty() && term.alias.empty())) continue;
    out.push_back(item(images, i).text() + ": 'ssmParameter' is ignored beside '" +
                  (term.id.empty() ? "alias" : "id") + "'");
  }
}

// gp2 where no type is given.
void warn_device(const model::BlockDeviceMapping& device, const Path& path, Warnings& out) {
  if (device.device_name.empty())
    out.push_back(step(path, "deviceName").text() + ": missing, so the mapping has no effect");
  if (!device.ebs || device.ebs->volume_type.empty()) return;
  const auto& type = device.ebs->volume_type;
  const Path ebs = step(path, "ebs");
  const bool has_iops = type == "io1" || type == "io2" || type == "gp3";
  if (device.ebs->iops && !has_iops)
    out.push_back(step(ebs, "iops").text() + ": not supported by volume type " + type);
  if (device.ebs->throughput && type != "gp3") {
    out.push_back(step(ebs, "throughput").text() + ": not supported by volume type " + type);
  }
}

// BEC-W3…W5: one of the members excludes all others of its term.
void check_exclusive(std::string_view member, bool is_set, bool has_others, const Path& path,
                     Violations& out) {
  if (!is_set || !has_others) return;
  add(out, path.text(), ViolationKind::kForbidden, "",
      "\"" + std::string(member) +
          "\" is mutually exclusive, cannot be set with a combination of other fields in");
}

void check_terms(const model::v1beta1::Ec2NodeClassSpec& of, const Path& spec, Violations& out) {
  const Path subnets = step(spec, "subnetSelectorTerms");
  for (std::size_t i = 0; i < of.subnet_selector_terms.size(); ++i) {
    const auto& term = of.subnet_selector_terms[i];
    check_exclusive("id", !term.id.empty(), !term.tags.empty(), item(subnets, i), out);
  }
  const Path groups = step(spec, "securityGroupSelectorTerms");
  for (std::size_t i = 0; i < of.security_group_selector_terms.size(); ++i) {
    const auto& term = of.security_group_selector_terms[i];
    const bool tags = !term.tags.empty();
    check_exclusive("id", !term.id.empty(), tags || !term.name.empty(), item(groups, i), out);
    check_exclusive("name", !term.name.empty(), tags || !term.id.empty(), item(groups, i), out);
  }
  const Path images = step(spec, "amiSelectorTerms");
  for (std::size_t i = 0; i < of.ami_selector_terms.size(); ++i) {
    const auto& term = of.ami_selector_terms[i];
    const bool others = !term.tags.empty() || !term.name.empty() || !term.owner.empty();
    check_exclusive("id", !term.id.empty(), others, item(images, i), out);
  }
}

}  // namespace

void check(const model::Ec2NodeClass& node_class, const Gates& gates, Violations& out) {
  const Path root;
  const Path spec = step(root, "spec");
  const Path images = step(spec, "amiSelectorTerms");
  const auto& terms = node_class.spec.ami_selector_terms;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (std::ranges::count(terms[i].alias, '@') < 2) continue;
    const Path here = item(images, i);
    add(out, step(here, "alias").text(), ViolationKind::kInvalid, quoted(terms[i].alias),
        "'alias' is improperly formatted, must match the format 'family@version'");
  }
  if (!node_class.spec.kubelet.empty()) {
    check_open_kubelet(node_class.spec.kubelet, resolved_ami_family(node_class.spec), gates, out);
  }
}

void warn(const model::Ec2NodeClass& node_class, const Gates&, Warnings& out) {
  const Path root;
  const Path spec = step(root, "spec");
  warn_terms(node_class.spec, spec, out);
  const Path devices = step(spec, "blockDeviceMappings");
  for (std::size_t i = 0; i < node_class.spec.block_device_mappings.size(); ++i) {
    warn_device(node_class.spec.block_device_mappings[i], item(devices, i), out);
  }
}

void check(const model::v1beta1::Ec2NodeClass& node_class, const Gates&, Violations& out) {
  const Path root;
  const Path spec = step(root, "spec");
  check_name(node_class.meta, out);
  check_terms(node_class.spec, spec, out);
  if (node_class.spec.metadata_options) {
    check_metadata_options(*node_class.spec.metadata_options, step(spec, "metadataOptions"), out);
  }
  if (!node_class.spec.block_device_mappings) return;
  const Path devices = step(spec, "blockDeviceMappings");
  for (std::size_t i = 0; i < node_class.spec.block_device_mappings->size(); ++i) {
    check_block_device((*node_class.spec.block_device_mappings)[i], item(devices, i), out);
  }
}

}  // namespace karpenter::admission
