#include "tests/unit/controller/disruption/mini_cluster.h"

#include <algorithm>
#include <utility>

#include "common/base/strings.h"
#include "common/json/json.h"
#include "common/json/yaml.h"
#include "common/model/conditions.h"
#include "common/model/labels.h"

namespace karpenter::test {

namespace {

namespace labels = model::labels;
using std::chrono::seconds;

const net::Origin kAdmin{.scheme = "http", .host = "admin", .port = 80};
const net::Origin kControllers{.scheme = "http", .host = "controllers", .port = 80};

std::shared_ptr<const cloud::InstanceType> a_type(std::string name, std::int64_t cpu, double price) {
  auto type = std::make_shared<cloud::InstanceType>();
  type->name = name;
  for (const auto& [key, value] :
       std::map<std::string_view, std::string>{{labels::kInstanceType, name},
                                               {labels::kArch, "amd64"},
                                               {labels::kOs, "linux"},
                                               {labels::kZone, "z1"},
                                               {labels::kCapacityType, "on-demand"}}) {
    type->requirements.add(model::Requirement::in(key, {value}));
  }
  auto& offering = type->offerings.emplace_back();
  offering.requirements.add(model::Requirement::in(labels::kZone, {"z1"}));
  offering.requirements.add(model::Requirement::in(labels::kCapacityType, {"on-demand"}));
  offering.zone = "z1";
  offering.capacity_type = "on-demand";
  offering.price = price;
  offering.available = true;
  type->capacity = {{"cpu", model::Quantity::of(cpu)},
                    {"memory", model::Quantity::of(cpu << 32U)},
                    {"pods", model::Quantity::of(110)}};
  return type;
}

const cloud::InstanceTypes& catalogue() {
  static const cloud::InstanceTypes kTypes{a_type("m5.large", 2, 0.10), a_type("m5.xlarge", 4, 0.20)};
  return kTypes;
}

constexpr std::string_view kCrd = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: PLURAL.karpenter.sh}
spec:
  group: karpenter.sh
  names: {plural: PLURAL, singular: SINGULAR, kind: KIND, listKind: KINDList}
  scope: Cluster
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
)";

}  // namespace

// ---- the cloud

base::Result<model::NodeClaim> FakeCloud::create(const model::NodeClaim& claim, const Call&) {
  if (out_of_capacity) return base::make_error(base::Code::kNoCapacity, "all offerings are gone");
  auto requirements = model::Requirements::of(claim.spec.requirements);
  KARP_CHECK(requirements.has_value());
  const auto* wanted = requirements->find(labels::kInstanceType);
  const auto type = std::ranges::find_if(
      catalogue(), [&](const auto& t) { return wanted == nullptr || wanted->has(t->name); });
  KARP_CHECK(type != catalogue().end());
  model::NodeClaim out;
  out.meta.name = claim.meta.name;
  out.meta.creation_timestamp = runtime_.now();
  out.meta.labels = {{std::string(labels::kInstanceType), (*type)->name},
                     {std::string(labels::kZone), "z1"},
                     {std::string(labels::kCapacityType), "on-demand"}};
  out.status.provider_id = "aws:///z1/i-" + std::to_string(++launches);
  out.status.image_id = "ami-1";
  out.status.capacity = (*type)->capacity;
  out.status.allocatable = (*type)->allocatable();
  instances.emplace(out.status.provider_id, out);
  return out;
}

base::Status FakeCloud::remove(const model::NodeClaim& claim, const Call&) {
  const auto it = instances.find(claim.status.provider_id);
  if (it == instances.end()) return base::not_found("no such instance");
  if (shutting_down.insert(it->first).second) return base::ok();
  instances.erase(it);
  return base::not_found("terminated");
}

base::Result<model::NodeClaim> FakeCloud::get(std::string_view provider_id, const Call&) {
  const auto it = instances.find(provider_id);
  if (it == instances.end()) return base::not_found("no such instance");
  return it->second;
}

base::Result<std::vector<model::NodeClaim>> FakeCloud::list(const Call&) {
  std::vector<model::NodeClaim> out;
  for (const auto& [id, claim] : instances) out.push_back(claim);
  return out;
}

base::Result<cloud::InstanceTypes> FakeCloud::instance_types(const model::NodePool&, const Call&) {
  return catalogue();
}

// ---- the controllers, wired as the composition root does it

struct MiniCluster::Controllers {
  explicit Controllers(MiniCluster& world)
      : cluster(world.runtime,
                {world.stores_.claims, world.stores_.nodes, world.stores_.pods, world.stores_.daemon_sets,
                 world.stores_.pools},
                world.metrics, {}),
        creator(cluster, world.stores_.pools, world.client_, world.log_, world.metrics),
        claim_services{.runtime = world.runtime,
                       .log = world.log_,
                       .metrics = world.metrics,
                       .events = world.recorder_,
                       .client = world.client_,
                       .cloud = world.cloud,
                       .claims = world.stores_.claims,
                       .nodes = world.stores_.nodes},
        node_services{world.runtime,
                      world.log_,
                      world.metrics,
                      world.recorder_,
                      world.client_,
                      world.cloud,
                      world.stores_.nodes,
                      world.stores_.claims,
                      world.stores_.pods,
                      world.stores_.attachments,
                      world.stores_.volume_claims},
        disruption_services{.runtime = world.runtime,
                            .log = world.log_,
                            .metrics = world.metrics,
                            .events = world.recorder_,
                            .client = world.client_,
                            .cloud = world.cloud,
                            .cluster = cluster,
                            .creator = creator,
                            .pools = world.stores_.pools,
                            .nodes = world.stores_.nodes,
                            .claims = world.stores_.claims,
                            .budgets = world.stores_.budgets},
        pool_services{.runtime = world.runtime,
                      .log = world.log_,
                      .client = world.client_,
                      .pools = world.stores_.pools,
                      .claims = world.stores_.claims,
                      .node_classes = world.stores_.node_classes},
        lifecycle(claim_services, [](const auto&, auto, const auto&) { return base::ok(); }),
        expiration(claim_services, world.stores_.pods),
        garbage(claim_services),
        conditions(claim_services, world.stores_.pools),
        consistency(claim_services),
        pod_events(claim_services, world.stores_.pods),
        hash(pool_services),
        counter(pool_services, cluster),
        evictions(node_services),
        termination(node_services, evictions, {}),
        commands(disruption_services, {}),
        disruption(disruption_services, commands, {}),
        manager(world.runtime, world.log_, world.metrics) {
    auto& by_claim = manager.add(nodeclaim::Lifecycle::spec(), lifecycle);
    auto& expiring = manager.add(nodeclaim::Expiration::spec(), expiration);
    auto& conditional = manager.add(nodeclaim::DisruptionConditions::spec(), conditions);
    auto& checked = manager.add(nodeclaim::Consistency::spec(), consistency);
    auto& touched = manager.add(nodeclaim::PodEvents::spec(), pod_events);
    auto& hashed = manager.add(nodepool::Hash::spec(), hash);
    auto& counted = manager.add(nodepool::Counter::spec(), counter);
    auto& terminating = manager.add(node::Termination::spec(), termination);
    evictions.attach(manager.add(node::EvictionQueue::spec(), evictions));
    commands.attach(manager.add(disruption::OrchestrationQueue::spec(), commands));
    manager.add(nodeclaim::GarbageCollection::spec(), garbage);
    manager.add(disruption::Disruption::spec(), disruption);
    world.stores_.claims.add_listener([&](const auto& change) {
      const auto key = model::key_of(change.object().meta);
      for (auto* queue : {&by_claim, &expiring, &conditional, &checked}) queue->add(key);
    });
    world.stores_.nodes.add_listener([&, this](const auto& change) {
      terminating.add(model::key_of(change.object().meta));
      if (const auto claim = nodeclaim::claim_of(claim_services, change.object()))
        by_claim.add(model::key_of(claim->meta));
    });
    world.stores_.pods.add_listener([&](const auto& change) {
      if (nodeclaim::is_pod_event(change)) touched.add(model::key_of(change.object().meta));
    });
    world.stores_.pools.add_listener([&](const auto& change) {
      hashed.add(model::key_of(change.object().meta));
      if (!change.before) counted.add(model::key_of(change.object().meta));
      for (const auto& claim : world.stores_.claims.list()) {
        if (claim->meta.label(labels::kNodePool) == change.object().meta.name)
          conditional.add(model::key_of(claim->meta));
      }
    });
    manager.start();
  }

  cluster::Cluster cluster;
  cluster::ClaimCreator creator;
  nodeclaim::Services claim_services;
  node::Services node_services;
  disruption::Services disruption_services;
  nodepool::Services pool_services;
  nodeclaim::Lifecycle lifecycle;
  nodeclaim::Expiration expiration;
  nodeclaim::GarbageCollection garbage;
  nodeclaim::DisruptionConditions conditions;
  nodeclaim::Consistency consistency;
  nodeclaim::PodEvents pod_events;
  nodepool::Hash hash;
  nodepool::Counter counter;
  node::EvictionQueue evictions;
  node::Termination termination;
  disruption::OrchestrationQueue commands;
  disruption::Disruption disruption;
  reconcile::Manager manager;
};

// ---- the world

devcluster::ApiServerOptions MiniCluster::server_options() {
  devcluster::ApiServerOptions out;
  out.tokens = {{"admin", {.name = "admin", .groups = {"system:masters"}}},
                {"controllers", {.name = "karpenter", .groups = {"system:masters"}}}};
  out.allow_all = true;
  const auto from_controllers = [](const net::HttpRequest& request) {
    return request.headers.get("Authorization") == "Bearer controllers";
  };
  out.faults.before =
      [this, from_controllers](const net::HttpRequest& request) -> std::optional<net::HttpResponse> {
    return faults.before && from_controllers(request) ? faults.before(request) : std::nullopt;
  };
  out.faults.after = [this,
                      from_controllers](const net::HttpRequest& request) -> std::optional<net::HttpResponse> {
    return faults.after && from_controllers(request) ? faults.after(request) : std::nullopt;
  };
  return out;
}

MiniCluster::MiniCluster()
    : log_(runtime, sink_, {.level = telemetry::Level::kDebug, .sampling = false}),
      server_(runtime, server_options()),
      client_(runtime, transport_, {.origin = kControllers, .bearer_token = [] { return "controllers"; }}),
      admin_(runtime, transport_,
             {.origin = kAdmin, .bearer_token = [] { return "admin"; }, .qps = 100000, .burst = 100000}) {
  transport_.route(kAdmin, server_);
  transport_.route(kControllers, server_);
  install_crds();
  controllers_ = std::make_unique<Controllers>(*this);
  reflect(stores_.claims);
  reflect(stores_.nodes);
  reflect(stores_.pods);
  reflect(stores_.daemon_sets);
  reflect(stores_.pools);
  reflect(stores_.budgets);
  reflect(stores_.attachments);
  reflect(stores_.volume_claims);
}

MiniCluster::~MiniCluster() {
  runtime.stop_all();
  controllers_->manager.stop(seconds(1));
  runtime.join_all();
}

template <class T>
void MiniCluster::reflect(kube::Store<T>& store) {
  runtime.spawn("reflect", [this, &store](std::stop_token stop) {
    kube::reflect<T>(client_, store, {}, log_, {}, stop);
  });
}

void MiniCluster::install_crds() {
  for (const auto& [plural, kind] :
       {std::pair("nodeclaims", "NodeClaim"), std::pair("nodepools", "NodePool")}) {
    auto text = base::replace_all(std::string(kCrd), "PLURAL", plural);
    text = base::replace_all(base::replace_all(text, "SINGULAR", base::to_lower(kind)), "KIND", kind);
    const kube::Kind crd{.group = "apiextensions.k8s.io",
                         .version = "v1",
                         .kind = "CustomResourceDefinition",
                         .plural = "customresourcedefinitions"};
    auto documents = json::parse_yaml(text);
    KARP_CHECK(documents.has_value());
    auto created = admin_.send(kube::create_request(crd, "", documents->front()), {});
    KARP_CHECK(created.has_value());
  }
}

bool MiniCluster::run(const std::function<bool()>& done, seconds limit) {
  for (seconds passed{0}; passed < limit; passed += seconds(1)) {
    if (done()) return true;
    boot_nodes();
    remove_evicted_pods();
    runtime.run_for(seconds(1));
  }
  return done();
}

void MiniCluster::run_for(seconds duration) {
  run([] { return false; }, duration);
}

void MiniCluster::boot_nodes() {
  const auto nodes = all<model::Node>();
  const kube::Api<model::Node> api(admin_);
  for (const auto& [id, instance] : cloud.instances) {
    const auto known =
        std::ranges::any_of(nodes, [&](const auto& node) { return node.spec.provider_id == id; });
    if (known || cloud.shutting_down.contains(id)) continue;
    model::Node node;
    node.meta.name = "node-" + id.substr(id.rfind('/') + 1);
    node.meta.labels = {
        {std::string(labels::kInstanceType), std::string(instance.meta.label(labels::kInstanceType))},
        {std::string(labels::kHostname), node.meta.name}};
    node.spec.provider_id = id;
    node.spec.taints = {{.key = std::string(labels::kUnregisteredTaint),
                         .value = "",
                         .effect = "NoExecute",
                         .time_added = {}}};
    auto created = api.create(node, {});
    KARP_CHECK(created.has_value());
    auto ready = *created;
    ready.status.capacity = instance.status.capacity;
    ready.status.allocatable = instance.status.allocatable;
    auto& condition = ready.status.conditions.emplace_back();
    condition.type = "Ready";
    condition.status = "True";
    KARP_CHECK(api.patch_status(*created, ready, kube::Locking::kUnlocked, {}).has_value());
  }
}

void MiniCluster::remove_evicted_pods() {
  const kube::Api<model::Pod> api(admin_);
  for (const auto& pod : all<model::Pod>()) {
    if (!pod.meta.is_deleting()) continue;
    (void)api.remove(model::key_of(pod.meta), {.grace_period_seconds = 0}, {}).has_value();
  }
}

void MiniCluster::create_pool(const std::string& consolidate_after) {
  model::NodePool pool;
  pool.meta.name = "default";
  pool.spec.node_template.spec.node_class_ref = {
      .group = "karpenter.k8s.aws", .kind = "EC2NodeClass", .name = "default"};
  pool.spec.disruption = model::Disruption{.consolidate_after = consolidate_after,
                                           .consolidation_policy = "WhenEmptyOrUnderutilized",
                                           .budgets = std::vector<model::Budget>(1)};
  pool.spec.disruption->budgets->front().nodes = "100%";
  const kube::Api<model::NodePool> api(admin_);
  auto created = api.create(pool, {});
  KARP_CHECK(created.has_value());
  auto ready = *created;
  auto conditions = model::conditions_of(ready, runtime.now());
  conditions.set_true("ValidationSucceeded");
  conditions.set_true("NodeClassReady");
  KARP_CHECK(api.patch_status(*created, ready, kube::Locking::kUnlocked, {}).has_value());
  KARP_CHECK(
      run([&] { return !find<model::NodePool>("default")->meta.annotation(labels::kNodePoolHash).empty(); }));
}

void MiniCluster::edit_pool(const std::function<void(model::NodePool&)>& edit) {
  const auto before = find<model::NodePool>("default");
  auto after = *before;
  edit(after);
  const kube::Api<model::NodePool> api(admin_);
  KARP_CHECK(api.patch(*before, after, kube::Locking::kUnlocked, {}).has_value());
}

void MiniCluster::taint_disrupted(const std::string& node) {
  const auto before = find<model::Node>(node);
  auto after = *before;
  after.spec.taints.push_back(
      {.key = std::string(labels::kDisruptedTaint), .value = "", .effect = "NoSchedule", .time_added = {}});
  KARP_CHECK(kube::Api<model::Node>(admin_).patch(*before, after, kube::Locking::kUnlocked, {}).has_value());
}

void MiniCluster::set_ready(const std::string& node, std::string_view status) {
  const auto before = find<model::Node>(node);
  auto after = *before;
  after.status.conditions.front().status = status;
  KARP_CHECK(
      kube::Api<model::Node>(admin_).patch_status(*before, after, kube::Locking::kUnlocked, {}).has_value());
}

std::string MiniCluster::create_claim(const std::string& instance_type) {
  const auto pool = find<model::NodePool>("default");
  KARP_CHECK(pool.has_value());
  scheduling::NewNode planned;
  planned.node_pool = "default";
  planned.requirements.add(model::Requirement::in(labels::kInstanceType, {instance_type}));
  planned.requirements.add(model::Requirement::in(labels::kCapacityType, {"on-demand"}));
  auto created = kube::Api<model::NodeClaim>(admin_).create(scheduling::make_node_claim(planned, *pool), {});
  KARP_CHECK(created.has_value());
  return created->meta.name;
}

std::string MiniCluster::create_node(const std::string& instance_type) {
  const auto claim = create_claim(instance_type);
  const bool up = run([&] {
    const auto now = find<model::NodeClaim>(claim);
    return now && model::is_true(now->status.conditions, "Initialized");
  });
  KARP_CHECK(up);
  return find<model::NodeClaim>(claim)->status.node_name;
}

void MiniCluster::create_pod(const std::string& name, const std::string& node, const std::string& cpu,
                             const std::function<void(model::Pod&)>& edit) {
  model::Pod pod;
  pod.meta.name = name;
  pod.meta.namespace_name = "default";
  pod.meta.labels["app"] = "web";
  pod.spec.node_name = node;
  auto& container = pod.spec.containers.emplace_back();
  container.name = "main";
  container.resources.requests.set("cpu", *model::Quantity::parse(cpu));
  if (edit) edit(pod);
  auto document = kube::encode(pod);
  document["spec"]["containers"][std::size_t{0}]["image"].set("pause");
  const kube::Kind& kind = kube::kind_of<model::Pod>();
  auto created = admin_.send(kube::create_request(kind, "default", document), {});
  KARP_CHECK(created.has_value());
  auto stored = find<model::Pod>(name, "default");
  auto running = *stored;
  running.status.phase = "Running";
  KARP_CHECK(
      kube::Api<model::Pod>(admin_).patch_status(*stored, running, kube::Locking::kUnlocked, {}).has_value());
}

void MiniCluster::create_budget(std::int32_t allowed) {
  model::PodDisruptionBudget budget;
  budget.meta.name = "pdb";
  budget.meta.namespace_name = "default";
  budget.selector = model::LabelSelector{.match_labels = {{"app", "web"}}, .match_expressions = {}};
  KARP_CHECK(kube::Api<model::PodDisruptionBudget>(admin_).create(budget, {}).has_value());
  allow_disruptions(allowed);
}

void MiniCluster::allow_disruptions(std::int32_t allowed) {
  // What the disruption controller would write; the model carries no observedGeneration.
  auto patch = json::Value::object();
  patch["status"]["disruptionsAllowed"].set(static_cast<std::int64_t>(allowed));
  patch["status"]["observedGeneration"].set(std::int64_t{1});
  const model::ObjectKey key{.namespace_name = "default", .name = "pdb"};
  auto patched = admin_.send(kube::patch_request(kube::kind_of<model::PodDisruptionBudget>(), key,
                                                 kube::PatchType::kMerge, patch, "status"),
                             {});
  KARP_CHECK(patched.has_value());
}

std::optional<model::NodeClaim> MiniCluster::claim_of_node(const std::string& node) {
  for (auto& claim : all<model::NodeClaim>()) {
    if (claim.status.node_name == node) return std::move(claim);
  }
  return std::nullopt;
}

bool MiniCluster::has_disrupted_taint(const std::string& node) {
  const auto found = find<model::Node>(node);
  return found && std::ranges::any_of(found->spec.taints,
                                      [](const auto& t) { return t.key == "karpenter.sh/disrupted"; });
}

bool MiniCluster::has_event(std::string_view reason) const {
  return std::ranges::any_of(events, [&](const auto& event) { return event.reason == reason; });
}

}  // namespace karpenter::test
