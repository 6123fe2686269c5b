#include <algorithm>
#include <utility>

#include "common/model/labels.h"
#include "controller/app/parts.h"

namespace karpenter::app {
namespace {

using Keys = std::vector<model::ObjectKey>;

// Wakes `queue` with the keys that `map` makes of each change.
template <class T, class Map>
void watch(kube::Store<T>& store, reconcile::Queue& queue, Map map) {
  store.add_listener([&queue, map = std::move(map)](const kube::Change<T>& change) {
    for (const auto& key : map(change)) queue.add(key);
  });
}

// The changed object itself; deletions wake nobody.
template <class T>
Keys own_key(const kube::Change<T>& change) {
  if (!change.after) return {};
  return {model::key_of(change.after->meta)};
}

Keys named(std::string_view name) {
  if (name.empty()) return {};
  return {{.namespace_name = "", .name = std::string(name)}};
}

// The claims of a NodePool or NodeClass, for changes that concern all of them.
template <class Matches>
Keys claims_where(const kube::Store<model::NodeClaim>& claims, const Matches& matches) {
  Keys out;
  for (const auto& claim : claims.list()) {
    if (matches(*claim)) out.push_back(model::key_of(claim->meta));
  }
  return out;
}

provisioning::BatchOptions batch_options(const options::Options& options) {
  return {.idle = options.batch_idle_duration, .max = options.batch_max_duration};
}

disruption::Disruption::Options disruption_options(const options::Options& options) {
  disruption::Disruption::Options out;
  out.period = options.disruption_poll_interval;
  out.validation_delay = options.consolidation_validation_delay;
  return out;
}

// spec: scheduling §1.3
cluster::Options cluster_options(const options::Options& options) {
  cluster::Options out;
  out.nomination_ttl =
      std::max<std::chrono::nanoseconds>(2 * options.batch_max_duration, std::chrono::seconds(10));
  return out;
}

scheduling::Options scheduling_options(const options::Options& options) {
  scheduling::Options out;
  if (options.preference_policy == options::PreferencePolicy::kIgnore)
    out.preferences = scheduling::PreferencePolicy::kIgnore;
  if (options.min_values_policy == options::MinValuesPolicy::kBestEffort)
    out.min_values = scheduling::MinValuesPolicy::kBestEffort;
  out.reserved = options.feature_gates.reserved_capacity ? scheduling::ReservedMode::kStrict
                                                         : scheduling::ReservedMode::kOff;
  out.ignore_dra_requests = options.ignore_dra_requests;
  return out;
}

conversion::AlphaSettings alpha_settings(const options::Options& options) {
  return {.cluster_name = options.cluster_name, .default_instance_profile = {}, .cluster_version = {}};
}

reconcile::ControllerSpec trigger_spec(std::string name, std::string kind) {
  reconcile::ControllerSpec out;
  out.name = std::move(name);
  out.kind = std::move(kind);
  out.workers = 10;
  return out;
}

}  // namespace

App::Parts::Controllers::Controllers(Parts& p)
    : cluster(p.seams.runtime,
              {p.stores.claims, p.stores.nodes, p.stores.pods, p.stores.daemon_sets, p.stores.pools,
               &p.stores.volume_claims, &p.stores.volumes, &p.stores.storage_classes, &p.stores.csi_nodes,
               &p.stores.namespaces, &p.stores.budgets},
              p.seams.metrics, cluster_options(p.settings.options)),
      creator(cluster, p.stores.pools, p.seams.client, p.seams.log, p.seams.metrics),
      claim_services{p.seams.runtime, p.seams.log,    p.seams.metrics, p.events,
                     p.seams.client,  p.aws->cloud(), p.stores.claims, p.stores.nodes},
      node_services{p.seams.runtime, p.seams.log,          p.seams.metrics,       p.events,
                    p.seams.client,  p.aws->cloud(),       p.stores.nodes,        p.stores.claims,
                    p.stores.pods,   p.stores.attachments, p.stores.volume_claims},
      pool_services{p.seams.runtime, p.seams.log,     p.seams.client,
                    p.stores.pools,  p.stores.claims, p.stores.node_classes},
      disruption_services{p.seams.runtime, p.seams.log,    p.seams.metrics, p.events,
                          p.seams.client,  p.aws->cloud(), cluster,         creator,
                          p.stores.pools,  p.stores.nodes, p.stores.claims, p.stores.budgets},
      pool_counter(pool_services, cluster),
      pool_hash(pool_services),
      pool_readiness(pool_services),
      pool_validation(pool_services),
      pool_health(pool_services),
      claim_lifecycle(
          claim_services,
          [this](const model::NodeClaim& claim, nodeclaim::RegistrationSample sample, const net::Call& call) {
            return pool_health.record(claim, sample == nodeclaim::RegistrationSample::kRegistered, call);
          }),
      claim_expiration(claim_services, p.stores.pods),
      claim_garbage(claim_services),
      claim_consistency(claim_services),
      claim_conditions(claim_services, p.stores.pools),
      pod_events(claim_services, p.stores.pods),
      claim_hydration(claim_services),
      node_hydration(claim_services),
      evictions(node_services),
      node_termination(node_services, evictions, {}),
      batcher(p.seams.runtime, batch_options(p.settings.options)),
      provisioner({p.seams.runtime, cluster, p.stores.pools, p.aws->cloud(), creator, p.seams.log,
                   p.seams.metrics, p.events},
                  batcher, scheduling_options(p.settings.options)),
      pod_trigger(p.stores.pods, cluster.pods(), batcher),
      node_trigger(p.stores.nodes, batcher),
      disruption_queue(disruption_services, {}),
      disruption(disruption_services, disruption_queue, disruption_options(p.settings.options)),
      migration({p.stores.provisioners, p.stores.node_templates, p.stores.pools, p.stores.node_classes},
                p.seams.client, p.events, p.seams.log, alpha_settings(p.settings.options)),
      storage_migration({p.stores.pools, p.stores.claims, p.stores.node_classes}, p.seams.client,
                        p.seams.log),
      aws_controllers(*p.aws, {p.stores.claims, p.stores.nodes}),
      manager(p.seams.runtime, p.seams.log, p.seams.metrics) {
  watch_pools(p);
  watch_claims(p);
  watch_nodes(p);
  watch_pods(p);
  watch_aws(p);
  watch_legacy(p);
  add_singletons();
}

void App::Parts::Controllers::watch_pools(Parts& p) {
  const auto of_pool = own_key<model::NodePool>;
  const auto of_class = [this](const kube::Change<model::Ec2NodeClass>& change) {
    return nodepool::pools_of(pool_services, change.object());
  };
  watch(p.stores.pools, manager.add(nodepool::Counter::spec(), pool_counter),
        [](const kube::Change<model::NodePool>& change) { return change.before ? Keys{} : own_key(change); });
  watch(p.stores.pools, manager.add(nodepool::Hash::spec(), pool_hash), of_pool);
  watch(p.stores.pools, manager.add(nodepool::Validation::spec(), pool_validation), of_pool);
  auto& readiness = manager.add(nodepool::Readiness::spec(), pool_readiness);
  watch(p.stores.pools, readiness, of_pool);
  watch(p.stores.node_classes, readiness, of_class);
  auto& health = manager.add(nodepool::RegistrationHealth::spec(), pool_health);
  watch(p.stores.pools, health, of_pool);
  watch(p.stores.node_classes, health, of_class);
}

void App::Parts::Controllers::watch_claims(Parts& p) {
  const auto of_claim = own_key<model::NodeClaim>;
  auto& lifecycle = manager.add(nodeclaim::Lifecycle::spec(), claim_lifecycle);
  auto& consistency = manager.add(nodeclaim::Consistency::spec(), claim_consistency);
  auto& conditions = manager.add(nodeclaim::DisruptionConditions::spec(), claim_conditions);
  watch(p.stores.claims, lifecycle, of_claim);
  watch(p.stores.claims, consistency, of_claim);
  watch(p.stores.claims, conditions, of_claim);
  watch(p.stores.claims, manager.add(nodeclaim::Expiration::spec(), claim_expiration), of_claim);
  watch(p.stores.claims, manager.add(nodeclaim::Hydration::spec(), claim_hydration), of_claim);

  const auto claim_of_node = [this](const kube::Change<model::Node>& change) {
    const auto claim = nodeclaim::claim_of(claim_services, change.object());
    return claim ? named(claim->meta.name) : Keys{};
  };
  watch(p.stores.nodes, lifecycle, claim_of_node);
  watch(p.stores.nodes, consistency, claim_of_node);

  auto& claims = p.stores.claims;
  watch(p.stores.pools, conditions, [&claims](const kube::Change<model::NodePool>& change) {
    const auto& name = change.object().meta.name;
    return claims_where(
        claims, [&](const auto& claim) { return claim.meta.label(model::labels::kNodePool) == name; });
  });
  watch(p.stores.node_classes, conditions, [&claims](const kube::Change<model::Ec2NodeClass>& change) {
    const auto& name = change.object().meta.name;
    return claims_where(claims, [&](const auto& claim) { return claim.spec.node_class_ref.name == name; });
  });
  auto& nodes = p.stores.nodes;
  watch(p.stores.pods, conditions, [this, &nodes](const kube::Change<model::Pod>& change) {
    const auto node = nodes.find(change.object().spec.node_name);
    const auto claim = node ? nodeclaim::claim_of(claim_services, *node) : nullptr;
    return claim ? named(claim->meta.name) : Keys{};
  });
}

void App::Parts::Controllers::watch_nodes(Parts& p) {
  const auto of_node = own_key<model::Node>;
  auto& hydration = manager.add(nodeclaim::NodeHydration::spec(), node_hydration);
  auto& termination = manager.add(node::Termination::spec(), node_termination);
  watch(p.stores.nodes, hydration, of_node);
  watch(p.stores.claims, hydration,
        [](const kube::Change<model::NodeClaim>& change) { return named(change.object().status.node_name); });
  watch(p.stores.nodes, termination, [](const kube::Change<model::Node>& change) {
    return change.object().meta.is_deleting() ? own_key(change) : Keys{};
  });
  watch(p.stores.nodes, manager.add(trigger_spec("provisioner.trigger.node", "Node"), node_trigger), of_node);
}

void App::Parts::Controllers::watch_pods(Parts& p) {
  watch(p.stores.pods, manager.add(trigger_spec("provisioner.trigger.pod", "Pod"), pod_trigger),
        [](const kube::Change<model::Pod>& change) {
          return change.object().spec.node_name.empty() ? own_key(change) : Keys{};
        });
  watch(p.stores.pods, manager.add(nodeclaim::PodEvents::spec(), pod_events),
        [](const kube::Change<model::Pod>& change) {
          return nodeclaim::is_pod_event(change) ? Keys{model::key_of(change.object().meta)} : Keys{};
        });
  evictions.attach(manager.add(node::EvictionQueue::spec(), evictions));
}

void App::Parts::Controllers::watch_aws(Parts& p) {
  for (const auto& controller : aws_controllers.list()) {
    auto& queue = manager.add(controller.spec, *controller.reconciler);
    switch (controller.trigger) {
      case aws::Trigger::kSingleton:
        break;
      case aws::Trigger::kNodeClass:
        watch(p.stores.node_classes, queue, own_key<model::Ec2NodeClass>);
        break;
      case aws::Trigger::kNodeClassAndClaimDeletions:
        watch(p.stores.node_classes, queue, own_key<model::Ec2NodeClass>);
        watch(p.stores.claims, queue, [](const kube::Change<model::NodeClaim>& change) {
          return change.after ? Keys{} : named(change.before->spec.node_class_ref.name);
        });
        break;
      case aws::Trigger::kNodeClaim:
        watch(p.stores.claims, queue, own_key<model::NodeClaim>);
        break;
    }
  }
}

void App::Parts::Controllers::watch_legacy(Parts& p) {
  auto& queue = manager.add(migration::ProvisionerReconciler::spec(), migration);
  watch(p.stores.provisioners, queue, own_key<model::v1alpha5::Provisioner>);
  auto& provisioners = p.stores.provisioners;
  const auto of_made = [&provisioners](const auto& change) {
    return migration::sources_of(change.object().meta, provisioners);
  };
  watch(p.stores.pools, queue, of_made);
  watch(p.stores.node_classes, queue, of_made);
  watch(p.stores.node_templates, queue, [&provisioners](const auto& change) {
    return migration::users_of(change.object().meta.name, provisioners);
  });
}

void App::Parts::Controllers::add_singletons() {
  reconcile::ControllerSpec spec;
  spec.name = "provisioner";
  spec.singleton = true;
  spec.timeout = std::chrono::minutes(5);
  static_cast<void>(manager.add(spec, provisioner));
  static_cast<void>(manager.add(nodeclaim::GarbageCollection::spec(), claim_garbage));
  static_cast<void>(manager.add(disruption::Disruption::spec(), disruption));
  static_cast<void>(manager.add(migration::StorageMigration::spec(), storage_migration));
  disruption_queue.attach(manager.add(disruption::OrchestrationQueue::spec(), disruption_queue));
}

}  // namespace karpenter::app
