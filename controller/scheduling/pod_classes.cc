#include "controller/scheduling/pod_classes.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace karpenter::scheduling {
namespace {

// Writes length-prefixed fields, so that no two different sequences give the same text.
class SignatureWriter {
 public:
  SignatureWriter& text(std::string_view value) {
    out_ += std::to_string(value.size());
    out_ += ':';
    out_ += value;
    return *this;
  }
  SignatureWriter& number(std::int64_t value) {
    out_ += std::to_string(value);
    out_ += ';';
    return *this;
  }
  SignatureWriter& mark(char c) {
    out_ += c;
    return *this;
  }
  void strings(const std::vector<std::string>& values) {
    number(static_cast<std::int64_t>(values.size()));
    for (const auto& value : values) text(value);
  }
  void map(const model::StringMap& values) {
    number(static_cast<std::int64_t>(values.size()));
    for (const auto& [key, value] : values) text(key).text(value);
  }
  void resources(const model::Resources& values) {
    number(static_cast<std::int64_t>(values.size()));
    for (const auto& [name, amount] : values) {
      text(name);
      const model::Int128 nano = amount.nano();
      number(static_cast<std::int64_t>(nano >> 64)).number(static_cast<std::int64_t>(nano));
    }
  }
  void selector(const std::optional<model::LabelSelector>& value) {
    mark(value ? 'S' : '-');
    if (!value) return;
    map(value->match_labels);
    for (const auto& e : value->match_expressions) {
      text(e.key).text(e.op);
      strings(e.values);
    }
    mark(']');
  }
  void term(const model::NodeSelectorTerm& value) {
    for (const auto& e : value.match_expressions) {
      text(e.key).text(e.op);
      strings(e.values);
    }
    mark('|');
  }
  void containers(const std::vector<model::Container>& values) {
    for (const auto& c : values) {
      text(c.restart_policy);
      resources(c.resources.requests);
      for (const auto& port : c.ports)
        if (port.host_port != 0) mark('p').number(port.host_port).text(port.host_ip).text(port.protocol);
    }
    mark('}');
  }
  void pod_terms(const std::vector<model::PodAffinityTerm>& values) {
    for (const auto& t : values) {
      text(t.topology_key);
      selector(t.label_selector);
      selector(t.namespace_selector);
      strings(t.namespaces);
    }
    mark(')');
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void write_affinity(SignatureWriter& out, const model::Affinity& affinity) {
  if (affinity.node_affinity && affinity.node_affinity->required)
    for (const auto& term : *affinity.node_affinity->required) out.term(term);
  out.mark('a');
  if (affinity.pod_affinity) out.pod_terms(affinity.pod_affinity->required);
  out.mark('x');
  if (affinity.pod_anti_affinity) out.pod_terms(affinity.pod_anti_affinity->required);
}

void write_spread(SignatureWriter& out, const model::TopologySpreadConstraint& constraint) {
  out.mark('t').text(constraint.topology_key).number(constraint.max_skew).text(constraint.when_unsatisfiable);
  out.number(constraint.min_domains.value_or(0)).text(constraint.node_affinity_policy);
  out.selector(constraint.label_selector);
  out.strings(constraint.match_label_keys);
}

struct OrderKey {
  model::Quantity cpu;
  model::Quantity memory;
};

bool goes_before(const QueuedPod& a, const QueuedPod& b, const std::vector<OrderKey>& keys) {
  const OrderKey& ka = keys[a.pod_class];
  const OrderKey& kb = keys[b.pod_class];
  if (ka.cpu != kb.cpu) return ka.cpu > kb.cpu;
  if (ka.memory != kb.memory) return ka.memory > kb.memory;
  const auto tail = [](const model::Pod& pod) {
    return std::tie(pod.meta.creation_timestamp, pod.meta.uid, pod.meta.namespace_name, pod.meta.name);
  };
  return tail(*a.pod) < tail(*b.pod);
}

void add_class(World& world, const model::Pod& pod, const std::vector<model::Requirements>& alternatives) {
  PodClass out{.example = &pod,
               .requests = effective_requests(pod.spec),
               .load = {},
               .ports = host_ports(pod.spec),
               .topology = world.topology.add_constraints(pod, alternatives),
               .variants = {}};
  out.load = requested(out.requests, world.resources);
  for (const auto& alternative : alternatives) {
    out.variants.push_back(static_cast<Id>(world.variants.size()));
    world.variants.push_back({.requirements = world.requirements.intern(alternative), .tolerates = {}});
  }
  world.classes.push_back(std::move(out));
}

}  // namespace

std::string class_signature(const model::Pod& pod, const std::set<std::string, std::less<>>& selector_keys) {
  SignatureWriter out;
  const auto& spec = pod.spec;
  out.text(pod.meta.namespace_name);
  for (const auto& key : selector_keys)
    if (const auto it = pod.meta.labels.find(key); it != pod.meta.labels.end())
      out.text(key).text(it->second);
  out.mark('/').map(spec.node_selector);
  if (spec.affinity) write_affinity(out, *spec.affinity);
  out.mark('/');
  for (const auto& toleration : spec.tolerations)
    out.text(toleration.key).text(toleration.op).text(toleration.value).text(toleration.effect);
  for (const auto& constraint : spec.topology_spread_constraints) write_spread(out, constraint);
  out.mark('/').containers(spec.containers);
  out.containers(spec.init_containers);
  if (spec.resources) out.resources(spec.resources->requests);
  out.mark('/').resources(spec.overhead);
  return out.take();
}

void build_classes(World& world) {
  std::set<std::string, std::less<>> selector_keys;
  for (const auto* pod : world.problem.pods) collect_selector_keys(*pod, selector_keys);
  for (const auto* pod : world.problem.bound_pods) collect_selector_keys(*pod, selector_keys);
  for (const auto& node : world.problem.nodes)
    for (const auto* pod : node.pods) collect_selector_keys(*pod, selector_keys);

  std::unordered_map<std::string, Id> ids;  // looked up only; kNoId: malformed
  for (const auto* pod : world.problem.pods) {
    const auto [it, is_new] =
        ids.emplace(class_signature(*pod, selector_keys), static_cast<Id>(world.classes.size()));
    if (is_new) {
      auto alternatives = required_alternatives(pod->spec);
      if (alternatives) {
        add_class(world, *pod, *alternatives);
      } else {
        it->second = kNoId;
      }
    }
    if (it->second != kNoId) {
      world.pods.push_back({pod, it->second});
    } else {
      const auto error = required_alternatives(pod->spec);
      world.malformed.push_back(
          {pod, {{.code = ReasonCode::kUnsupported, .node_pool = {}, .detail = error.error().text()}}});
    }
  }
  std::vector<OrderKey> keys;
  for (const auto& c : world.classes)
    keys.push_back({c.requests.get(model::kCpu), c.requests.get(model::kMemory)});
  std::ranges::stable_sort(world.pods,
                           [&](const QueuedPod& a, const QueuedPod& b) { return goes_before(a, b, keys); });
  for (auto& c : world.classes) world.topology.match(*c.example, c.topology);
}

void build_variants(World& world) {
  const bool relaxable = std::ranges::any_of(world.templates, [&](const Template& t) {
    return std::ranges::any_of(world.taint_sets[t.taints], [](const model::Taint& taint) {
      return taint.effect == model::kPreferNoSchedule;
    });
  });
  for (auto& c : world.classes) {
    const std::vector<Id> hard = c.variants;
    for (const Id v : hard) {
      if (!relaxable) break;
      c.variants.push_back(static_cast<Id>(world.variants.size()));
      world.variants.push_back({.requirements = world.variants[v].requirements,
                                .prefer = PreferNoSchedule::kTolerated,
                                .tolerates = {}});
    }
    for (const Id v : c.variants) {
      Variant& variant = world.variants[v];
      for (const auto& taints : world.taint_sets)
        variant.tolerates.push_back(
            untolerated(taints, c.example->spec.tolerations, variant.prefer).empty() ? 1 : 0);
    }
  }
}

}  // namespace karpenter::scheduling
