#include "controller/aws/provider/aws.h"

#include <utility>

#include "controller/aws/provider/aws_parts.h"

namespace karpenter::aws {
namespace {

constexpr std::chrono::seconds kSweepInterval{10};
constexpr std::chrono::seconds kPriceLimit{30};
constexpr int kSlowSweepEvery = 6;  // of the 10 s sweeps: once a minute

base::Result<ServiceClient*> add_client(AwsParts& parts, Service service) {
  ServiceOptions options;
  options.service = service;
  ASSIGN_OR_RETURN(options.endpoint, resolve_endpoint(service, parts.settings.endpoints));
  options.max_attempts = parts.settings.max_attempts;
  options.user_agent = "karpenter.sh-" + parts.settings.version;
  parts.clients.push_back(std::make_unique<ServiceClient>(parts.seams.runtime, parts.seams.transport,
                                                          *parts.credentials, parts.seams.metrics,
                                                          std::move(options)));
  return parts.clients.back().get();
}

base::Status make_clients(AwsParts& parts) {
  ASSIGN_OR_RETURN(const Endpoint sts, resolve_endpoint(Service::kSts, parts.settings.endpoints));
  ASSIGN_OR_RETURN(parts.credential_source, make_credentials(parts.seams.runtime, parts.seams.transport,
                                                             parts.settings.credentials, sts.origin));
  parts.credentials = std::make_unique<CachingCredentials>(parts.seams.runtime, *parts.credential_source);
  ASSIGN_OR_RETURN(ServiceClient * ec2, add_client(parts, Service::kEc2));
  ASSIGN_OR_RETURN(ServiceClient * sqs, add_client(parts, Service::kSqs));
  ASSIGN_OR_RETURN(ServiceClient * ssm, add_client(parts, Service::kSsm));
  ASSIGN_OR_RETURN(ServiceClient * iam, add_client(parts, Service::kIam));
  ASSIGN_OR_RETURN(ServiceClient * eks, add_client(parts, Service::kEks));
  ASSIGN_OR_RETURN(ServiceClient * pricing, add_client(parts, Service::kPricing));
  parts.plain_ec2 = make_ec2_api(*ec2);
  parts.ec2 = make_batching_ec2_api(parts.seams.runtime, parts.seams.metrics, *parts.plain_ec2);
  parts.sqs = make_sqs_api(*sqs);
  parts.ssm = make_ssm_api(*ssm);
  parts.iam = make_iam_api(*iam);
  parts.eks = make_eks_api(*eks);
  parts.pricing_api = make_pricing_api(*pricing);
  return base::ok();
}

void make_providers(AwsParts& parts) {
  const AwsSettings& settings = parts.settings;
  const AwsSeams& seams = parts.seams;
  const std::string& region = settings.endpoints.region;
  parts.cluster = std::make_unique<ClusterData>(
      *parts.eks, seams.kube, seams.log,
      ClusterData::Options{settings.cluster_name, settings.cluster_endpoint, settings.cluster_ca_bundle,
                           settings.eks_control_plane});
  parts.unavailable = std::make_unique<UnavailableOfferings>(seams.runtime);
  parts.pricing = std::make_unique<PricingProvider>(seams.runtime, *parts.ec2, *parts.pricing_api, seams.log,
                                                    PricingProvider::Options{region, settings.isolated_vpc});
  parts.types = std::make_unique<InstanceTypeProvider>(
      seams.runtime, *parts.ec2, *parts.pricing, *parts.unavailable, seams.log, seams.metrics,
      InstanceTypeProvider::Options{region, settings.vm_memory_overhead_percent, settings.reserved_enis});
  parts.subnets =
      std::make_unique<SubnetProvider>(seams.runtime, *parts.ec2, settings.subnet_refresh_interval);
  parts.security_groups = std::make_unique<SecurityGroupProvider>(seams.runtime, *parts.ec2,
                                                                  settings.security_group_refresh_interval);
  parts.amis = std::make_unique<AmiProvider>(seams.runtime, *parts.ec2, *parts.ssm, *parts.cluster, seams.log,
                                             settings.ami_refresh_interval);
  parts.profiles = std::make_unique<InstanceProfileProvider>(
      seams.runtime, *parts.iam, InstanceProfileProvider::Options{settings.cluster_name, region});
  parts.templates = std::make_unique<LaunchTemplateProvider>(seams.runtime, *parts.ec2, *parts.cluster,
                                                             seams.log, seams.metrics, region);
  parts.instances = std::make_unique<InstanceProvider>(
      InstanceProvider::Seams{seams.runtime, *parts.ec2, *parts.templates, *parts.subnets, *parts.unavailable,
                              seams.events, seams.log, seams.metrics},
      settings.cluster_name);
  parts.cloud = std::make_unique<AwsCloudProvider>(
      AwsCloudProvider::Seams{seams.runtime, seams.node_classes, seams.node_pools, *parts.types,
                              *parts.instances, seams.events, seams.log},
      settings.cluster_name);
}

base::Error at_step(base::Error error, std::string step) {
  return std::move(error).add("step", std::move(step));
}

}  // namespace

Aws::Aws(std::unique_ptr<AwsParts> parts) : parts_(std::move(parts)) {}
Aws::~Aws() = default;

base::Result<std::unique_ptr<Aws>> Aws::make(AwsSettings settings, AwsSeams seams) {
  if (settings.cluster_name.empty()) return base::invalid("CLUSTER_NAME is required");
  if (settings.vm_memory_overhead_percent < 0)
    return base::invalid("VM_MEMORY_OVERHEAD_PERCENT must not be negative");
  if (settings.reserved_enis < 0) return base::invalid("RESERVED_ENIS must not be negative");
  auto parts = std::make_unique<AwsParts>(std::move(settings), seams);
  RETURN_IF_ERROR(make_clients(*parts));
  make_providers(*parts);
  return std::unique_ptr<Aws>(new Aws(std::move(parts)));
}

base::Status Aws::start(const Call& call) {
  AwsParts& parts = *parts_;
  if (auto reached = parts.ec2->probe(call); !reached) {
    return at_step(std::move(reached).error(), "ec2 api connectivity check");
  }
  RETURN_IF_ERROR(parts.cluster->start(call));
  if (auto types = parts.types->update(call); !types) {
    return at_step(std::move(types).error(), "instance types and offerings");
  }
  // No static price table is shipped: without prices nothing is launchable. Not fatal, `providers.pricing`
  // keeps trying.
  if (auto prices = parts.pricing->update_on_demand(runtime::within(parts.seams.runtime, call, kPriceLimit));
      !prices) {
    parts.seams.log.error(prices.error(), "on-demand prices are not known yet");
  } else if (parts.settings.isolated_vpc) {
    parts.seams.log.error(
        "isolated VPC: there is no built-in price table yet, no offering will be available");
  }
  return base::ok();
}

void Aws::on_elected(const Call& call) {
  parts_->templates->hydrate(call);
  parts_->seams.runtime.spawn("aws.sweeper", [parts = parts_.get()](std::stop_token stop) {
    Call until_stop;
    until_stop.stop = std::move(stop);
    for (int round = 1; runtime::sleep_for(parts->seams.runtime, kSweepInterval, until_stop); ++round) {
      parts->unavailable->sweep();
      if (round % kSlowSweepEvery != 0) continue;
      parts->templates->sweep(runtime::within(parts->seams.runtime, until_stop, std::chrono::minutes(1)));
      parts->subnets->sweep();
      parts->security_groups->sweep();
      parts->amis->sweep();
      parts->profiles->sweep();
    }
  });
}

cloud::CloudProvider& Aws::cloud() { return *parts_->cloud; }
AwsParts& Aws::parts() { return *parts_; }

}  // namespace karpenter::aws
