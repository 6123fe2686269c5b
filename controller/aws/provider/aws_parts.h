#pragma once

#include <memory>
#include <vector>

#include "controller/aws/client/ec2_api.h"
#include "controller/aws/client/eks_api.h"
#include "controller/aws/client/iam_api.h"
#include "controller/aws/client/pricing_api.h"
#include "controller/aws/client/service_client.h"
#include "controller/aws/client/sqs_api.h"
#include "controller/aws/client/ssm_api.h"
#include "controller/aws/provider/amis.h"
#include "controller/aws/provider/aws.h"
#include "controller/aws/provider/aws_cloud_provider.h"
#include "controller/aws/provider/cluster_data.h"
#include "controller/aws/provider/instance_profiles.h"
#include "controller/aws/provider/instance_types.h"
#include "controller/aws/provider/instances.h"
#include "controller/aws/provider/launch_templates.h"
#include "controller/aws/provider/pricing.h"
#include "controller/aws/provider/security_groups.h"
#include "controller/aws/provider/subnets.h"
#include "controller/aws/provider/unavailable_offerings.h"

namespace karpenter::aws {

// Everything an Aws object owns, each part standing on those before it.
struct AwsParts {
  AwsParts(AwsSettings given_settings, const AwsSeams& given_seams)
      : settings(std::move(given_settings)), seams(given_seams) {}

  AwsSettings settings;
  AwsSeams seams;

  std::unique_ptr<CredentialsProvider> credential_source;
  std::unique_ptr<CredentialsProvider> credentials;
  std::vector<std::unique_ptr<ServiceClient>> clients;
  std::unique_ptr<Ec2Api> plain_ec2;
  std::unique_ptr<Ec2Api> ec2;  // batching, over plain_ec2
  std::unique_ptr<SqsApi> sqs;
  std::unique_ptr<SsmApi> ssm;
  std::unique_ptr<IamApi> iam;
  std::unique_ptr<EksApi> eks;
  std::unique_ptr<PricingApi> pricing_api;

  std::unique_ptr<ClusterData> cluster;
  std::unique_ptr<UnavailableOfferings> unavailable;
  std::unique_ptr<PricingProvider> pricing;
  std::unique_ptr<InstanceTypeProvider> types;
  std::unique_ptr<SubnetProvider> subnets;
  std::unique_ptr<SecurityGroupProvider> security_groups;
  std::unique_ptr<AmiProvider> amis;
  std::unique_ptr<InstanceProfileProvider> profiles;
  std::unique_ptr<LaunchTemplateProvider> templates;
  std::unique_ptr<InstanceProvider> instances;
  std::unique_ptr<AwsCloudProvider> cloud;
};

}  // namespace karpenter::aws
