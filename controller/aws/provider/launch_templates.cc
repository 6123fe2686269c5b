#include "controller/aws/provider/launch_templates.h"

#include <chrono>
#include <utility>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/aws/client/errors.h"
#include "controller/aws/provider/ami_family.h"
#include "controller/aws/provider/aws_labels.h"

namespace karpenter::aws {
namespace {

constexpr std::chrono::minutes kTemplateTtl{1};
constexpr std::size_t kUserDataWarnBytes = 14745;

}  // namespace

// One launch resolves templates at a time, without a mutex held over the requests. spec: aws §7.1
struct LaunchTemplateProvider::Gate {
  explicit Gate(runtime::Runtime& runtime) : changed(runtime.make_event()) {}

  base::Status enter(const Call& call) {
    runtime::Lock lock(mutex);
    RETURN_IF_ERROR(runtime::wait(*changed, lock, call, [&] { return !busy; }));
    busy = true;
    return base::ok();
  }
  void leave() {
    runtime::Lock lock(mutex);
    busy = false;
    changed->notify_all();
  }

  std::unique_ptr<runtime::Event> changed;
  runtime::Mutex mutex;
  bool busy KARP_GUARDED_BY(mutex) = false;
};

LaunchTemplateProvider::LaunchTemplateProvider(runtime::Runtime& runtime, Ec2Api& ec2, ClusterData& cluster,
                                               telemetry::Log& log, telemetry::Metrics& metrics,
                                               std::string region)
    : runtime_(runtime),
      ec2_(ec2),
      cluster_(cluster),
      log_(log),
      metrics_(metrics),
      region_(std::move(region)),
      known_(runtime),
      gate_(std::make_unique<Gate>(runtime)) {}

LaunchTemplateProvider::~LaunchTemplateProvider() = default;

base::Result<ClusterFacts> LaunchTemplateProvider::facts(const model::Ec2NodeClass& node_class,
                                                         const Call& call) {
  ClusterFacts out{cluster_.name(), cluster_.endpoint(), cluster_.ca_bundle(), cluster_.dns_address(), "",
                   region_};
  ASSIGN_OR_RETURN(const AmiFamily family, resolve_family(node_class.spec));
  if (family == AmiFamily::kAl2023) {
    ASSIGN_OR_RETURN(out.service_cidr, cluster_.service_cidr(call));
  }
  return out;
}

base::Status LaunchTemplateProvider::ensure_one(CreateLaunchTemplateInput input, const Call& call) {
  if (const auto known = known_.find(input.name)) {
    known_.put(input.name, *known, kTemplateTtl);
    return base::ok();
  }
  DescribeLaunchTemplatesInput query;
  query.names = {input.name};
  auto found = ec2_.describe_launch_templates(query, call);
  if (!found && !is_launch_template_not_found(found.error())) return std::move(found).error();
  if (found && found->size() > 1) {
    return base::internal("EC2 knows several launch templates of one name")
        .add("launch-template-name", input.name);
  }
  if (found && found->size() == 1) {
    known_.put(input.name, found->front(), kTemplateTtl);
    return base::ok();
  }
  input.client_token = runtime::random_uuid(runtime_);
  ASSIGN_OR_RETURN(const LaunchTemplate made, ec2_.create_launch_template(input, call));
  known_.put(input.name, made, kTemplateTtl);
  log_.debug("created launch template", {{"launch-template-name", made.name}, {"id", made.id}});
  return base::ok();
}

base::Result<std::vector<ResolvedTemplate>> LaunchTemplateProvider::ensure(const TemplateRequest& request,
                                                                           const Call& call) {
  ASSIGN_OR_RETURN(auto groups, plan_templates(request));
  ASSIGN_OR_RETURN(const ClusterFacts cluster, facts(request.node_class, call));
  std::vector<CreateLaunchTemplateInput> inputs;
  for (const auto& group : groups) {
    ASSIGN_OR_RETURN(auto input, plan_template(request, group, cluster));
    const std::size_t size = input.user_data.size() / 4 * 3;
    metrics_.gauge("karpenter_ec2nodeclasses_userdata_bytes", {{"nodeclass", request.node_class.meta.name}},
                   static_cast<double>(size));
    if (size >= kUserDataWarnBytes) {
      log_.info("user data is close to the EC2 limit of 16384 bytes",
                {{"EC2NodeClass", telemetry::object_ref(request.node_class.meta.name)}, {"bytes", size}});
    }
    inputs.push_back(std::move(input));
  }
  RETURN_IF_ERROR(gate_->enter(call));
  std::vector<ResolvedTemplate> out;
  base::Status made = base::ok();
  for (std::size_t i = 0; i < inputs.size() && made; ++i) {
    out.push_back({inputs[i].name, groups[i].image_id, std::move(groups[i].types)});
    made = ensure_one(std::move(inputs[i]), call);
  }
  gate_->leave();
  if (!made) return std::move(made).error();
  return out;
}

void LaunchTemplateProvider::sweep(const Call& call) {
  for (const auto& [name, expired] : known_.sweep()) {
    if (known_.find(name)) continue;  // a launch found it in EC2 meanwhile and needs it
    const auto removed = ec2_.delete_launch_template_by_id(expired.id, call);
    if (removed) {
      log_.debug("deleted launch template", {{"launch-template-name", name}, {"id", expired.id}});
    } else if (!is_not_found(removed.error())) {
      known_.put(name, expired, kTemplateTtl);  // for another try: nobody else knows of it
      log_.error(removed.error(), "failed to delete launch template", {{"launch-template-name", name}});
    }
  }
}

void LaunchTemplateProvider::hydrate(const Call& call) {
  DescribeLaunchTemplatesInput query;
  query.filters = {{"tag:" + std::string(tag::kClusterName), {cluster_.name()}}};
  const auto found = ec2_.describe_launch_templates(query, call);
  if (!found) {
    log_.error(found.error(), "unable to hydrate the launch template cache");
    return;
  }
  for (const auto& one : *found) known_.put(one.name, one, kTemplateTtl);
  log_.debug("hydrated launch template cache", {{"count", found->size()}});
}

base::Status LaunchTemplateProvider::delete_all(const model::Ec2NodeClass& node_class, const Call& call) {
  DescribeLaunchTemplatesInput query;
  query.filters = {{"tag:" + std::string(tag::kClusterName), {cluster_.name()}},
                   {"tag:" + std::string(model::labels::kNodeClass), {node_class.meta.name}}};
  ASSIGN_OR_RETURN(const auto found, ec2_.describe_launch_templates(query, call));
  std::vector<std::string> failures;
  for (const auto& one : found) {
    known_.erase(one.name);
    const auto removed = ec2_.delete_launch_template_by_name(one.name, call);
    if (!removed) failures.push_back(one.name + ": " + aws_text(removed.error()));
  }
  metrics_.remove("karpenter_ec2nodeclasses_userdata_bytes", {{"nodeclass", node_class.meta.name}});
  if (failures.empty()) return base::ok();
  return base::make_error(base::Code::kUnavailable, "failed to delete launch templates")
      .add("detail", base::join(failures, "; "));
}

}  // namespace karpenter::aws
