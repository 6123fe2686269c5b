#include "controller/planner/plan.h"

#include <utility>

#include "common/telemetry/metrics.h"
#include "controller/cluster/cluster.h"

namespace karpenter::planner {
namespace {

// The stores that watches fill in a cluster.
struct Stores {
  kube::Store<model::NodeClaim> claims;
  kube::Store<model::Node> nodes;
  kube::Store<model::Pod> pods;
  kube::Store<model::DaemonSet> daemon_sets;
  kube::Store<model::NodePool> node_pools;
  kube::Store<model::PersistentVolumeClaim> volume_claims;
  kube::Store<model::PersistentVolume> volumes;
  kube::Store<model::StorageClass> storage_classes;
  kube::Store<model::CsiNode> csi_nodes;
  kube::Store<model::Namespace> namespaces;
  kube::Store<model::PodDisruptionBudget> budgets;

  cluster::Stores for_cluster() {
    return {.claims = claims,
            .nodes = nodes,
            .pods = pods,
            .daemon_sets = daemon_sets,
            .node_pools = node_pools,
            .volume_claims = &volume_claims,
            .volumes = &volumes,
            .storage_classes = &storage_classes,
            .csi_nodes = &csi_nodes,
            .namespaces = &namespaces,
            .budgets = &budgets};
  }
};

template <class T>
void fill(kube::Store<T>& store, const Manifests::List<T>& objects) {
  for (const auto& object : objects) store.upsert(object);
}

void fill_all(Stores& stores, const Manifests& from) {
  fill(stores.node_pools, from.node_pools);
  fill(stores.claims, from.node_claims);
  fill(stores.nodes, from.nodes);
  fill(stores.daemon_sets, from.daemon_sets);
  fill(stores.volume_claims, from.volume_claims);
  fill(stores.volumes, from.volumes);
  fill(stores.storage_classes, from.storage_classes);
  fill(stores.csi_nodes, from.csi_nodes);
  fill(stores.namespaces, from.namespaces);
  fill(stores.budgets, from.budgets);
  fill(stores.pods, from.pods);
}

base::Status mark_deleted(cluster::Cluster& state, const std::vector<std::string>& names) {
  const auto snapshot = state.snapshot();
  std::vector<std::string> ids;
  for (const auto& name : names) {
    const auto node = snapshot->find_by_name(name);
    if (!node) return base::not_found("no such node to delete").add("node", name);
    ids.push_back(node->provider_id);
  }
  state.mark_for_deletion(ids);
  return base::ok();
}

std::vector<cluster::Pool> pools_of(const Question& question, std::vector<std::string>& remarks) {
  std::vector<cluster::Pool> out;
  for (const auto& pool : question.cluster.node_pools) {
    const std::string& name = pool->meta.name;
    const auto* types = question.catalogue.find(name);
    if (pool->spec.replicas) {
      remarks.push_back("NodePool " + name + " has a fixed number of nodes: left out");
    } else if (!cluster::is_usable(*pool)) {
      remarks.push_back("NodePool " + name + " is not ready: left out");
    } else if (types == nullptr || types->empty()) {
      remarks.push_back("NodePool " + name + " has no instance types: left out");
    } else {
      out.push_back({.node_pool = pool, .instance_types = *types});
    }
  }
  return out;
}

}  // namespace

base::Result<Answer> answer(runtime::Runtime& runtime, const Question& question) {
  Stores stores;
  telemetry::Metrics metrics;
  cluster::Cluster state(runtime, stores.for_cluster(), metrics, {.node_class_group = ""});
  fill_all(stores, question.cluster);
  RETURN_IF_ERROR(mark_deleted(state, question.deleted_nodes));
  const base::Mono start = runtime.mono();
  Answer out;
  const auto snapshot = state.snapshot();
  scheduling::Options options = question.options;
  options.more_well_known = question.catalogue.labels;
  options.reservation_label = question.catalogue.reservation_label;
  auto selection = cluster::select_pods(*snapshot, options.more_well_known);
  out.ignored = std::move(selection.ignored);
  out.problem = cluster::make_problem(snapshot, pools_of(question, out.remarks),
                                      {.pods = std::move(selection.pods),
                                       .without_provider_ids = {},
                                       .now = question.now,
                                       .options = std::move(options)});
  out.plan = scheduling::schedule(out.problem.problem, {});
  out.solving = runtime.mono() - start;
  return out;
}

}  // namespace karpenter::planner
