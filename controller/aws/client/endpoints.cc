#include "controller/aws/client/endpoints.h"

#include <array>
#include <cctype>

#include "common/base/strings.h"

namespace karpenter::aws {
namespace {

struct Partition {
  std::string_view name;
  std::string_view prefixes;  // region prefixes, blank-separated, each with its trailing '-'
  std::string_view suffix;
  std::string_view dual_stack_suffix;
  std::string_view iam_host;
  std::string_view iam_fips_host;
  std::string_view iam_dual_stack_host;
  std::string_view iam_region;
};

// Longer prefixes first: "us-gov-" before "us-". spec: aws §2.4
constexpr std::array<Partition, 8> kPartitions = {{
    {"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws", "iam.us-gov.amazonaws.com",
     "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws", "us-gov-west-1"},
    {"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "iam.us-iso-east-1.c2s.ic.gov",
     "iam-fips.us-iso-east-1.c2s.ic.gov", "iam.api.aws.ic.gov", "us-iso-east-1"},
    {"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "iam.us-isob-east-1.sc2s.sgov.gov",
     "iam-fips.us-isob-east-1.sc2s.sgov.gov", "iam.api.aws.scloud", "us-isob-east-1"},
    {"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "iam.eu-isoe-west-1.cloud.adc-e.uk",
     "iam-fips.cloud.adc-e.uk", "iam.api.cloud-aws.adc-e.uk", "eu-isoe-west-1"},
    {"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "iam.us-isof-south-1.csp.hci.ic.gov",
     "iam-fips.csp.hci.ic.gov", "iam.api.aws.hci.ic.gov", "us-isof-south-1"},
    {"aws-eusc", "eusc-de-", "amazonaws.eu", "api.amazonwebservices.eu", "iam.eusc-de-east-1.amazonaws.eu",
     "iam-fips.amazonaws.eu", "iam.global.api.amazonwebservices.eu", "eusc-de-east-1"},
    {"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "iam.cn-north-1.amazonaws.com.cn",
     "iam-fips.amazonaws.com.cn", "iam.global.api.amazonwebservices.com.cn", "cn-north-1"},
    {"aws", "us- eu- ap- sa- ca- me- af- il- mx-", "amazonaws.com", "api.aws", "iam.amazonaws.com",
     "iam-fips.amazonaws.com", "iam.global.api.aws", "us-east-1"},
}};

const Partition& partition_entry(std::string_view region) {
  for (const auto& partition : kPartitions) {
    for (const auto& prefix : base::split(partition.prefixes, ' ')) {
      if (region.starts_with(prefix)) return partition;
    }
  }
  return kPartitions.back();
}

std::string_view signing_name(Service service) {
  switch (service) {
    case Service::kEc2:
      return "ec2";
    case Service::kSqs:
      return "sqs";
    case Service::kSsm:
      return "ssm";
    case Service::kIam:
      return "iam";
    case Service::kEks:
      return "eks";
    case Service::kPricing:
      return "pricing";
    case Service::kSts:
      return "sts";
  }
  return "";
}

std::string dotted(std::string_view first, std::string_view second, std::string_view third) {
  return std::string(first) + "." + std::string(second) + "." + std::string(third);
}

// An ordinary regional host "P.<region>.<suffix>" and its FIPS and dual-stack forms.
std::string regional_host(std::string_view prefix, std::string_view region, const Partition& partition,
                          const EndpointSettings& settings) {
  const bool gov = partition.name == "aws-us-gov";
  std::string first(prefix);
  if (settings.fips && !(gov && !settings.dual_stack)) first += "-fips";
  return dotted(first, region, settings.dual_stack ? partition.dual_stack_suffix : partition.suffix);
}

std::string eks_host(const Partition& partition, const EndpointSettings& settings) {
  if (settings.fips && !settings.dual_stack && partition.name == "aws") {
    return "fips.eks." + settings.region + ".amazonaws.com";
  }
  return regional_host("eks", settings.region, partition, settings);
}

std::string default_host(Service service, const EndpointSettings& settings) {
  const Partition& partition = partition_entry(settings.region);
  const std::string_view suffix = settings.dual_stack ? partition.dual_stack_suffix : partition.suffix;
  switch (service) {
    case Service::kIam:
      if (settings.fips) return std::string(partition.iam_fips_host);
      return std::string(settings.dual_stack ? partition.iam_dual_stack_host : partition.iam_host);
    case Service::kPricing:
      return dotted(settings.fips ? "api.pricing-fips" : "api.pricing", pricing_region(settings.region),
                    suffix);
    case Service::kEks:
      return eks_host(partition, settings);
    default:
      return regional_host(signing_name(service), settings.region, partition, settings);
  }
}

std::string configured_url(Service service, const EndpointSettings& settings) {
  if (settings.ignore_configured) return "";
  const auto it = settings.service_urls.find(std::string(endpoint_suffix(service)));
  return it != settings.service_urls.end() && !it->second.empty() ? it->second : settings.url;
}

}  // namespace

std::string_view service_id(Service service) {
  switch (service) {
    case Service::kEc2:
      return "EC2";
    case Service::kSqs:
      return "SQS";
    case Service::kSsm:
      return "SSM";
    case Service::kIam:
      return "IAM";
    case Service::kEks:
      return "EKS";
    case Service::kPricing:
      return "Pricing";
    case Service::kSts:
      return "STS";
  }
  return "";
}

std::string_view endpoint_suffix(Service service) {
  return service == Service::kPricing ? "PRICING" : service_id(service);
}

std::string_view partition_of(std::string_view region) { return partition_entry(region).name; }

std::string_view pricing_region(std::string_view region) {
  if (region.starts_with("ap-")) return "ap-south-1";
  if (region.starts_with("cn-")) return "cn-northwest-1";
  if (region.starts_with("eu-")) return "eu-central-1";
  return "us-east-1";
}

base::Result<Endpoint> resolve_endpoint(Service service, const EndpointSettings& settings) {
  if (settings.region.empty()) return base::invalid("no AWS region: set AWS_REGION");
  Endpoint out;
  out.scope.service = signing_name(service);
  out.scope.region = settings.region;
  if (service == Service::kIam) out.scope.region = partition_entry(settings.region).iam_region;
  if (service == Service::kPricing) out.scope.region = pricing_region(settings.region);

  const std::string url = configured_url(service, settings);
  if (url.empty()) {
    out.origin = {.scheme = "https", .host = default_host(service, settings), .port = 443};
    return out;
  }
  if (settings.fips || settings.dual_stack) {
    return base::invalid("an AWS endpoint override cannot be combined with FIPS or dual-stack")
        .add("url", url);
  }
  auto parsed = net::parse_url(url);
  if (!parsed) return std::move(parsed).error().add("aws-service-name", std::string(service_id(service)));
  out.origin = parsed->origin;
  out.base_path = parsed->target.substr(0, parsed->target.find('?'));
  while (out.base_path.ends_with('/')) out.base_path.pop_back();
  return out;
}

}  // namespace karpenter::aws
