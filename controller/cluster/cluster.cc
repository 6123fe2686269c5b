#include "controller/cluster/cluster.h"

#include <algorithm>
#include <tuple>

#include "common/model/labels.h"
#include "controller/scheduling/pods.h"

namespace karpenter::cluster {
namespace {

using runtime::Lock;

constexpr std::chrono::minutes kConsolidationRefresh{5};
constexpr std::chrono::seconds kStrandedGrace{15};

bool has_initialized_label(const model::Node& node) {
  return node.meta.label(model::labels::kInitialized) == "true";
}

bool is_going(const model::NodeClaim& claim) {
  return claim.meta.is_deleting() || model::is_true(claim.status.conditions, "InstanceTerminating");
}

// The key of a Node's entry, or "" while the Node is not yet to be considered. spec: scheduling §4.2
std::string provider_id_of(const model::Node& node) {
  const bool managed = !node.meta.label(model::labels::kNodePool).empty();
  if (!managed) return node.spec.provider_id.empty() ? node.meta.name : node.spec.provider_id;
  const bool has_type = !node.meta.label(model::labels::kInstanceType).empty();
  const bool has_initialized = !node.meta.label(model::labels::kInitialized).empty();
  return has_type || has_initialized ? node.spec.provider_id : "";
}

const model::OwnerReference* daemon_set_owner(const model::Pod& pod) {
  for (const auto& owner : pod.meta.owner_references) {
    if (owner.api_version == "apps/v1" && owner.kind == "DaemonSet" && owner.controller.value_or(false))
      return &owner;
  }
  return nullptr;
}

// The pod that the DaemonSet will run on a new node. spec: scheduling §4.7, §8.4
PodPtr make_daemon_pod(const model::DaemonSet& daemon_set, const PodPtr& newest) {
  auto pod = std::make_shared<model::Pod>();
  if (newest) {
    *pod = *newest;
  } else {
    pod->meta = daemon_set.pod_template.meta;
    pod->meta.name = daemon_set.meta.name;
    pod->meta.namespace_name = daemon_set.meta.namespace_name;
    pod->spec = daemon_set.pod_template.spec;
  }
  const auto& affinity = daemon_set.pod_template.spec.affinity;
  if (affinity && affinity->node_affinity && affinity->node_affinity->required) {
    if (!pod->spec.affinity) pod->spec.affinity.emplace();
    if (!pod->spec.affinity->node_affinity) pod->spec.affinity->node_affinity.emplace();
    pod->spec.affinity->node_affinity->required = affinity->node_affinity->required;
  }
  return pod;
}

template <class T>
Objects<T> list_of(const kube::Store<T>* store) {
  return store == nullptr ? Objects<T>{} : store->list();
}

template <class T>
bool is_synced(const kube::Store<T>* store) {
  return store == nullptr || store->synced();
}

}  // namespace

Cluster::Cluster(runtime::Runtime& runtime, const Stores& stores, telemetry::Metrics& metrics,
                 Options options)
    : runtime_(runtime),
      stores_(stores),
      metrics_(metrics),
      options_(std::move(options)),
      ledger_(runtime, metrics) {
  {
    Lock lock(mutex_);
    bump();
    unsynced_since_ = runtime_.mono();
  }
  stores_.claims.add_listener([this](const auto& change) { on_claim(change); });
  stores_.nodes.add_listener([this](const auto& change) { on_node(change); });
  stores_.pods.add_listener([this](const auto& change) { on_pod(change); });
  stores_.daemon_sets.add_listener([this](const auto& change) { on_daemon_set(change); });
  stores_.node_pools.add_listener([this](const kube::Change<model::NodePool>& change) {
    if (!change.before || !change.after || change.before->meta.generation != change.after->meta.generation)
      mark_unconsolidated();
  });
  watch_surroundings(stores_.volume_claims);
  watch_surroundings(stores_.volumes);
  watch_surroundings(stores_.storage_classes);
  watch_surroundings(stores_.csi_nodes);
  watch_surroundings(stores_.namespaces);
  watch_surroundings(stores_.budgets);
}

// ---- feeding

template <class T>
void Cluster::watch_surroundings(kube::Store<T>* store) {
  if (store == nullptr) return;
  store->add_listener([this](const kube::Change<T>&) {
    Lock lock(mutex_);
    surroundings_ = nullptr;
    changed();
  });
}

std::shared_ptr<const Surroundings> Cluster::list_surroundings() const {
  return std::make_shared<const Surroundings>(
      Surroundings{.volume_claims = list_of(stores_.volume_claims),
                   .volumes = list_of(stores_.volumes),
                   .storage_classes = list_of(stores_.storage_classes),
                   .csi_nodes = list_of(stores_.csi_nodes),
                   .namespaces = list_of(stores_.namespaces),
                   .budgets = list_of(stores_.budgets)});
}

bool Cluster::is_ours(const model::NodeClaim& claim) const {
  if (options_.node_class_group.empty()) return true;
  const auto& ref = claim.spec.node_class_ref;
  return ref.group == options_.node_class_group && ref.kind == options_.node_class_kind;
}

void Cluster::on_claim(const kube::Change<model::NodeClaim>& change) {
  if (!is_ours(change.object())) return;
  Lock lock(mutex_);
  if (!change.after) {
    drop_claim(change.before->meta.name);
    return;
  }
  put_claim(change.after);
  if (change.before && is_going(*change.before) != is_going(*change.after)) bump();
}

void Cluster::put_claim(const std::shared_ptr<const model::NodeClaim>& claim) {
  const std::string& name = claim->meta.name;
  const std::string& id = claim->status.provider_id;
  if (const auto old = claim_ids_.find(name); old != claim_ids_.end() && old->second != id) drop_claim(name);
  claim_ids_[name] = id;
  created_.erase(name);
  changed();
  if (id.empty()) return;
  const auto [it, is_new] = entries_.try_emplace(id);
  if (is_new) bump();
  it->second.claim = claim;
  touch(it->second);
}

void Cluster::drop_claim(const std::string& name) {
  created_.erase(name);
  const auto known = claim_ids_.find(name);
  if (known == claim_ids_.end()) return;
  const auto entry = entries_.find(known->second);
  claim_ids_.erase(known);
  changed();
  if (entry == entries_.end() || !entry->second.claim || entry->second.claim->meta.name != name) return;
  bump();
  entry->second.claim = nullptr;
  touch(entry->second);
  if (!entry->second.node) entries_.erase(entry);
}

void Cluster::on_node(const kube::Change<model::Node>& change) {
  Lock lock(mutex_);
  if (!change.after) {
    drop_node(change.before->meta.name);
    return;
  }
  const std::string id = provider_id_of(*change.after);
  if (id.empty()) return;
  put_node(change.after, id);
  if (change.before && has_initialized_label(*change.before) != has_initialized_label(*change.after)) bump();
}

void Cluster::put_node(const std::shared_ptr<const model::Node>& node, const std::string& provider_id) {
  const std::string& name = node->meta.name;
  if (const auto old = node_ids_.find(name); old != node_ids_.end() && old->second != provider_id)
    drop_node(name);
  node_ids_[name] = provider_id;
  const auto [it, is_new] = entries_.try_emplace(provider_id);
  if (is_new) bump();
  it->second.node = node;
  touch(it->second);
}

void Cluster::drop_node(const std::string& name) {
  const auto known = node_ids_.find(name);
  if (known == node_ids_.end()) return;
  const auto entry = entries_.find(known->second);
  node_ids_.erase(known);
  changed();
  if (entry == entries_.end() || !entry->second.node || entry->second.node->meta.name != name) return;
  bump();
  entry->second.node = nullptr;
  touch(entry->second);
  if (!entry->second.claim) entries_.erase(entry);
}

void Cluster::on_pod(const kube::Change<model::Pod>& change) {
  const model::ObjectKey key = model::key_of(change.object().meta);
  if (!change.after) ledger_.forget(key);
  Lock lock(mutex_);
  if (change.after) note_daemon_pod(change.after);
  if (!change.after || scheduling::is_terminal(*change.after)) {
    release_pod(key);
    if (unbound_.erase(key) > 0) snapshot_ = nullptr;
    if (!change.after) bump();
    return;
  }
  if (change.after->spec.node_name.empty()) {
    release_pod(key);
    unbound_[key] = change.after;
    snapshot_ = nullptr;
    return;
  }
  if (unbound_.erase(key) > 0) snapshot_ = nullptr;
  bind_pod(change.after);
}

void Cluster::bind_pod(const PodPtr& pod) {
  const model::ObjectKey key = model::key_of(pod->meta);
  const std::string& node_name = pod->spec.node_name;
  const auto old = bindings_.find(key);
  if (old == bindings_.end() || old->second != node_name) {
    release_pod(key);
    bindings_[key] = node_name;
    bump();
  }
  pods_by_node_[node_name][key] = pod;
  touch_node(node_name);
}

void Cluster::release_pod(const model::ObjectKey& key) {
  const auto known = bindings_.find(key);
  if (known == bindings_.end()) return;
  const std::string node_name = std::move(known->second);
  bindings_.erase(known);
  const auto pods = pods_by_node_.find(node_name);
  if (pods != pods_by_node_.end()) {
    pods->second.erase(key);
    if (pods->second.empty()) pods_by_node_.erase(pods);
  }
  touch_node(node_name);
}

void Cluster::note_daemon_pod(const PodPtr& pod) {
  const auto* owner = daemon_set_owner(*pod);
  if (owner == nullptr) return;
  PodPtr& newest = newest_daemon_pod_[owner->uid];
  if (!newest || newest->meta.uid == pod->meta.uid ||
      newest->meta.creation_timestamp < pod->meta.creation_timestamp) {
    newest = pod;
    changed();
  }
}

void Cluster::on_daemon_set(const kube::Change<model::DaemonSet>& change) {
  Lock lock(mutex_);
  const model::ObjectKey key = model::key_of(change.object().meta);
  if (change.after) {
    daemon_sets_[key] = change.after;
  } else {
    newest_daemon_pod_.erase(change.before->meta.uid);
    daemon_sets_.erase(key);
  }
  changed();
}

void Cluster::touch(Entry& entry) {
  entry.built = nullptr;
  changed();
}

void Cluster::touch_node(const std::string& node_name) {
  const auto id = node_ids_.find(node_name);
  if (id == node_ids_.end()) return;
  if (const auto entry = entries_.find(id->second); entry != entries_.end()) touch(entry->second);
}

// ---- reading

StateNodePtr Cluster::build(const std::string& provider_id, const Entry& entry) const {
  auto state = std::make_shared<StateNode>();
  state->claim = entry.claim;
  state->node = entry.node;
  state->provider_id = provider_id;
  state->marked = entry.marked;
  state->nominated_until = entry.nominated_until;
  if (entry.node) {
    if (const auto pods = pods_by_node_.find(entry.node->meta.name); pods != pods_by_node_.end())
      for (const auto& [key, pod] : pods->second) state->pods.push_back(pod);
  }
  derive(*state);
  return state;
}

std::vector<PodPtr> Cluster::daemon_pods() const {
  std::vector<PodPtr> out;
  for (const auto& [key, daemon_set] : daemon_sets_) {
    const auto newest = newest_daemon_pod_.find(daemon_set->meta.uid);
    out.push_back(
        make_daemon_pod(*daemon_set, newest == newest_daemon_pod_.end() ? nullptr : newest->second));
  }
  return out;
}

SnapshotPtr Cluster::snapshot() const {
  Lock lock(mutex_);
  if (snapshot_) return snapshot_;
  auto out = std::make_shared<Snapshot>();
  out->version = version_;
  for (auto& [id, entry] : entries_) {
    if (!entry.built) entry.built = build(id, entry);
    out->nodes.push_back(entry.built);
  }
  std::ranges::sort(out->nodes, {}, [](const StateNodePtr& n) { return std::tie(n->name, n->provider_id); });
  for (std::size_t i = 0; i < out->nodes.size(); ++i) {
    const StateNode& node = *out->nodes[i];
    out->index_by_provider_id.emplace(node.provider_id, i);
    if (node.node_pool().empty() || node.marked_for_deletion()) continue;
    out->node_pool_usage[std::string(node.node_pool())] += node.capacity;
  }
  for (const auto& [key, pod] : unbound_) out->unbound_pods.push_back(pod);
  out->daemon_pods = daemon_pods();
  if (!surroundings_) surroundings_ = list_surroundings();
  out->surroundings = surroundings_;
  snapshot_ = out;
  return out;
}

bool Cluster::hydrated() const {
  if (!stores_.claims.synced() || !stores_.nodes.synced() || !stores_.pods.synced() ||
      !stores_.daemon_sets.synced() || !stores_.node_pools.synced() || !is_synced(stores_.volume_claims) ||
      !is_synced(stores_.volumes) || !is_synced(stores_.storage_classes) || !is_synced(stores_.csi_nodes) ||
      !is_synced(stores_.namespaces) || !is_synced(stores_.budgets))
    return false;
  for (const auto& claim : stores_.claims.list())
    if (is_ours(*claim) && !claim_ids_.contains(claim->meta.name)) return false;
  for (const auto& node : stores_.nodes.list())
    if (!node_ids_.contains(node->meta.name)) return false;
  return true;
}

void Cluster::drop_stranded() {
  const base::Mono now = runtime_.mono();
  for (auto it = created_.begin(); it != created_.end();) {
    if (now - it->second < kStrandedGrace || stores_.claims.find(it->first)) {
      ++it;
      continue;
    }
    claim_ids_.erase(it->first);
    it = created_.erase(it);
  }
}

bool Cluster::synced() {
  Lock lock(mutex_);
  drop_stranded();
  if (!was_synced_) was_synced_ = hydrated();
  const bool launched =
      std::ranges::none_of(claim_ids_, [](const auto& entry) { return entry.second.empty(); });
  const bool ok = was_synced_ && launched;
  const base::Mono now = runtime_.mono();
  if (ok) unsynced_since_ = now;
  const std::chrono::duration<double> unsynced = now - unsynced_since_;
  metrics_.gauge("karpenter_cluster_state_synced", {}, ok ? 1 : 0);
  metrics_.gauge("karpenter_cluster_state_unsynced_time_seconds", {}, unsynced.count());
  metrics_.gauge("karpenter_cluster_state_node_count", {}, static_cast<double>(entries_.size()));
  return ok;
}

// ---- our own doings

void Cluster::observe_created(const model::NodeClaim& claim) {
  Lock lock(mutex_);
  const auto [it, is_new] = claim_ids_.try_emplace(claim.meta.name, "");
  if (is_new) created_[claim.meta.name] = runtime_.mono();  // else the store was faster
}

void Cluster::mark_for_deletion(std::span<const std::string> provider_ids) {
  Lock lock(mutex_);
  for (const auto& id : provider_ids) {
    const auto it = entries_.find(id);
    if (it == entries_.end() || it->second.marked) continue;
    it->second.marked = true;
    touch(it->second);
    bump();
  }
}

void Cluster::unmark_for_deletion(std::span<const std::string> provider_ids) {
  Lock lock(mutex_);
  for (const auto& id : provider_ids) {
    const auto it = entries_.find(id);
    if (it == entries_.end() || !it->second.marked) continue;
    it->second.marked = false;
    touch(it->second);
    bump();
  }
}

void Cluster::nominate(std::string_view name) {
  Lock lock(mutex_);
  if (const auto id = node_ids_.find(name); id != node_ids_.end()) nominate_entry(id->second);
  if (const auto id = claim_ids_.find(name); id != claim_ids_.end()) nominate_entry(id->second);
}

void Cluster::nominate_entry(const std::string& provider_id) {
  const auto entry = entries_.find(provider_id);
  if (entry == entries_.end()) return;
  entry->second.nominated_until = runtime_.mono() + options_.nomination_ttl;
  entry->second.built = nullptr;
  snapshot_ = nullptr;
}

base::Mono Cluster::consolidation_timestamp() {
  Lock lock(mutex_);
  if (runtime_.mono() - consolidated_ >= kConsolidationRefresh) bump();
  return consolidated_;
}

void Cluster::mark_unconsolidated() {
  Lock lock(mutex_);
  bump();
}

}  // namespace karpenter::cluster
