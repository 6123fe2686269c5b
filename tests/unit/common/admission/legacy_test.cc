#include <gtest/gtest.h>

#include "tests/unit/common/admission/cases.h"

namespace karpenter::admission {
namespace {

using model::v1alpha1::AwsNodeTemplate;
using model::v1alpha5::Provisioner;

constexpr const char* kBetaPool = R"(
metadata: {name: default}
spec:
  template:
    spec:
      nodeClassRef: {name: default}
      requirements: [{key: kubernetes.io/os, operator: In, values: [linux]}]
)";
constexpr const char* kProvisioner = R"(
metadata: {name: default}
spec:
  providerRef: {name: default}
)";
constexpr const char* kTemplate = R"(
metadata: {name: default}
spec:
  subnetSelector: {a: b}
  securityGroupSelector: {a: b}
)";

// spec: api §10.4, §10.5
TEST(BetaNodePoolRules, are_those_of_the_old_webhook) {
  expect_all<model::v1beta1::NodePool>(
      kBetaPool,
      {
          {"valid", "{}", ""},
          {"B-W1 dots", "{metadata: {name: a.b}}",
           "metadata.name: Invalid value: \"a.b\": not a DNS 1035 label"},
          {"B-W1 digit", "{metadata: {name: 1a}}",
           "metadata.name: Invalid value: \"1a\": not a DNS 1035 label"},
          {"B-W1 none", "{metadata: {name: null}}",
           "metadata.name: Required value: name or generateName is required"},
          {"B-W1 prefix", "{metadata: {name: null, generateName: abc-}}", ""},
          {"BNP-W1", "{spec: {template: {spec: {resources: {requests: {cpu: 1}}}}}}",
           "spec.template.spec.resources.requests: Forbidden: must not set the field(s)"},
          {"BNP-W2 kubernetes.io is restricted",
           "{spec: {template: {metadata: {labels: {kubernetes.io/team: a}}}}}",
           "spec.template.metadata.labels[kubernetes.io/team]: Invalid value: \"kubernetes.io/team\": "
           "invalid key name "
           "\"kubernetes.io/team\" in labels, label kubernetes.io/team is restricted; specify a well known "
           "label: ..."},
          {"§10.5 exceptions",
           "{spec: {template: {metadata: {labels: {node.kubernetes.io/team: a, kops.k8s.io/x: b}}}}}", ""},
          {"BNP-W4",
           "{spec: {template: {spec: {requirements: [{key: karpenter.sh/nodepool, operator: Exists}]}}}}",
           "spec.template.spec.requirements[0]: Forbidden: karpenter.sh/nodepool is restricted"},
          {"BNP-W5", "{spec: {template: {spec: {taints: [{key: a, effect: x}]}}}}",
           "spec.template.spec.taints[0].effect: Unsupported value: \"x\": invalid taint effect..."},
          {"BNP-W6 no Gte",
           "{spec: {template: {spec: {requirements: [{key: a, operator: Gte, values: ['1']}]}}}}",
           "spec.template.spec.requirements[0].operator: Unsupported value: \"Gte\": ..."},
          {"BNP-W6 6", "{spec: {template: {spec: {requirements: [{key: a, operator: In}]}}}}",
           "spec.template.spec.requirements[0].values: Required value: key a with operator In must have a "
           "value defined"},
          {"BNP-W6 no known values",
           "{spec: {template: {spec: {requirements: [{key: karpenter.sh/capacity-type, operator: In, values: "
           "[x]}]}}}}",
           ""},
          {"BNP-W8", "{spec: {disruption: {consolidationPolicy: WhenUnderutilized, consolidateAfter: 30s}}}",
           "spec.disruption.consolidateAfter: Forbidden: consolidateAfter cannot be combined with "
           "consolidationPolicy=WhenUnderutilized"},
          {"BNP-W8 Never",
           "{spec: {disruption: {consolidationPolicy: WhenUnderutilized, consolidateAfter: Never}}}", ""},
          {"BNP-W9", "{spec: {disruption: {consolidationPolicy: WhenEmpty}}}",
           "spec.disruption.consolidateAfter: Required value: consolidateAfter must be specified with "
           "consolidationPolicy=WhenEmpty"},
          {"BNP-W10", "{spec: {disruption: {budgets: [{nodes: '1', schedule: '@daily'}]}}}",
           "spec.disruption.budgets[0]: Invalid value: schedule and duration must be specified together"},
      });
}

// spec: api §11.1
TEST(ProvisionerRules, are_those_of_the_old_webhook) {
  expect_all<Provisioner>(
      kProvisioner,
      {
          {"valid", "{}", ""},
          {"PR-W2", "{spec: {ttlSecondsUntilExpired: -1}}",
           "spec.ttlSecondsUntilExpired: Invalid value: -1: cannot be negative"},
          {"PR-W3 hides PR-W4", "{spec: {ttlSecondsAfterEmpty: -1, consolidation: {enabled: true}}}",
           "spec.ttlSecondsAfterEmpty: Invalid value: -1: cannot be negative"},
          {"PR-W4 even 0", "{spec: {ttlSecondsAfterEmpty: 0, consolidation: {enabled: true}}}",
           "spec.consolidation.enabled: Forbidden: expected exactly one, got both: "
           "spec.consolidation.enabled, "
           "spec.ttlSecondsAfterEmpty"},
          {"PR-W4 off", "{spec: {ttlSecondsAfterEmpty: 0, consolidation: {enabled: false}}}", ""},
          {"PR-W5 neither", "{spec: {providerRef: null}}",
           "spec.provider: Required value: expected exactly one, got neither: spec.provider, "
           "spec.providerRef"},
          {"PR-W5 both", "{spec: {provider: {subnetSelector: {a: b}, securityGroupSelector: {a: b}}}}",
           "spec.provider: Forbidden: expected exactly one, got both: spec.provider, spec.providerRef"},
          {"PR-W6", "{spec: {labels: {karpenter.sh/provisioner-name: x}}}",
           "spec.labels[karpenter.sh/provisioner-name]: Forbidden: ..."},
          {"PR-W7", "{spec: {taints: [{key: a, effect: NoExecute}, {key: a, value: b, effect: NoExecute}]}}",
           "spec.taints[1]: Duplicate value: \"a=NoExecute\": duplicate taint Key/Effect pair a=NoExecute"},
          {"PR-W7 empty effect", "{spec: {taints: [{key: a, effect: ''}]}}", ""},
          {"PR-W8", "{spec: {requirements: [{key: karpenter.sh/provisioner-name, operator: Exists}]}}",
           "spec.requirements[0]: Forbidden: karpenter.sh/provisioner-name is restricted"},
          {"PR-W9", "{spec: {requirements: [{key: a, operator: Lt, values: ['-1']}]}}",
           "spec.requirements[0].values: Invalid value: [\"-1\"]: key a with operator Lt must have a single "
           "positive "
           "integer value\nspec.requirements[0].values[0]: Invalid value: \"-1\": invalid value -1 for key "
           "a, a valid "
           "label must be an empty string or must consist of alphanumeric characters, '-', '_' or '.', and "
           "must start "
           "and end with an alphanumeric character"},
          {"§10.5 alpha only",
           "{spec: {requirements: [{key: karpenter.k8s.aws/instance-pods, operator: Exists}]}}", ""},
          {"§10.5 emptiness", "{spec: {labels: {karpenter.sh/emptiness-timestamp: x}}}",
           "spec.labels[karpenter.sh/emptiness-timestamp]: Invalid value: ..."},
      });
}

// spec: api §12.3
TEST(InlineProviderRules, are_strict) {
  const auto expect = [](const char* rule, const std::string& provider, const std::string& want) {
    const std::string change = "{spec: {providerRef: null, provider: {" + provider + "}}}";
    expect_all<Provisioner>(kProvisioner, {{rule, change.c_str(), want.c_str()}});
  };
  const std::string ok = "subnetSelector: {a: b}, securityGroupSelector: {a: b}";
  expect("valid", ok + ", apiVersion: extensions.karpenter.sh/v1alpha1, kind: AWS", "");
  expect("unknown", ok + ", userData: x", "spec.provider: Invalid value: ...");
  expect(
      "PV-W1", "subnetSelector: {a: b}, launchTemplate: x, amiFamily: AL2",
      "spec.provider.launchTemplate: Forbidden: expected exactly one, got both: launchTemplate, amiFamily");
  expect("PV-W2", "securityGroupSelector: {a: b}",
         "spec.provider.subnetSelector: Required value: missing field(s)");
  expect("PV-W2 empty is present", "subnetSelector: {}, securityGroupSelector: {a: b}", "");
  expect("PV-W3 value", "subnetSelector: {a: ''}, securityGroupSelector: {a: b}",
         "spec.provider.subnetSelector['a']: Invalid value: \"\": may not be empty");
  expect(
      "PV-W3 ids", "subnetSelector: {aws-ids: 'subnet-1,sg-2'}, securityGroupSelector: {a: b}",
      "spec.provider.subnetSelector['aws-ids']: Invalid value: \"sg-2\": must be a valid subnet-id (regex: "
      "subnet-[0-9a-z]+)");
  expect("PV-W3 alone", "subnetSelector: {aws-ids: subnet-1, a: b}, securityGroupSelector: {a: b}",
         "spec.provider.subnetSelector: Forbidden: \"aws-ids\" filter is mutually exclusive, cannot be set "
         "with a "
         "combination of other filters in");
  expect("PV-W4", "subnetSelector: {a: b}",
         "spec.provider.securityGroupSelector: Required value: missing field(s)");
  expect("PV-W4 launch template", "subnetSelector: {a: b}, launchTemplate: x", "");
  expect("PV-W5", ok + ", tags: {'': v}",
         "spec.provider.tags: Invalid value: the tag with key : '' and value : 'v' is invalid because empty "
         "tag keys "
         "aren't supported");
  expect("PV-W6", ok + ", metadataOptions: {httpEndpoint: on1}",
         "spec.provider.metadataOptions.httpEndpoint: Unsupported value: \"on1\": on1 not in disabled, "
         "enabled...");
  expect("PV-W7", ok + ", amiFamily: AL2023",
         "spec.provider.amiFamily: Unsupported value: \"AL2023\": AL2023 not in Bottlerocket, AL2, Ubuntu, "
         "Windows2019, "
         "Windows2022, Custom...");
  expect(
      "PV-W8", ok + ", blockDeviceMappings: [{deviceName: a, ebs: {volumeSize: 1M}}]",
      "spec.provider.blockDeviceMappings[0].ebs.volumeSize: Invalid value: \"1M\": expected 1G <= 1M <= 64T");
}

// spec: api §12.2
TEST(NodeTemplateRules, are_those_of_the_old_webhook) {
  const std::string both = "expected exactly one, got both: ";
  const auto expect = [](const char* rule, const std::string& spec, const std::string& want) {
    const std::string change = "{spec: {" + spec + "}}";
    expect_all<AwsNodeTemplate>(kTemplate, {{rule, change.c_str(), want.c_str()}});
  };
  expect("valid", "amiFamily: Bottlerocket, userData: x", "");
  expect("NT-W1", "securityGroupSelector: null, launchTemplate: x, userData: y",
         "spec.userData: Forbidden: " + both + "spec.userData, spec.launchTemplate");
  expect("NT-W2", "securityGroupSelector: null, launchTemplate: x, amiSelector: {a: b}",
         "spec.amiSelector: Forbidden: " + both + "spec.amiSelector, spec.launchTemplate");
  expect("NT-W3", "amiSelector: {a: ''}", "spec.amiSelector['a']: Invalid value: \"\": may not be empty");
  expect("NT-W4", "amiSelector: {'aws::ids': img-1}",
         "spec.amiSelector['aws::ids']: Invalid value: \"img-1\": must be a valid ami-id (regex: "
         "ami-[0-9a-z]+)");
  expect("NT-W5", "amiSelector: {aws-ids: ami-1, a: b}",
         "spec.amiSelector: Forbidden: \"aws-ids\" filter ...");
  expect("NT-W6", "amiFamily: Custom", "spec.amiSelector: Required value: missing field(s)");
  expect("NT-W7", "tags: {kubernetes.io/cluster/x: owned}",
         "spec.tags[kubernetes.io/cluster/x]: Invalid value: \"kubernetes.io/cluster/x\": ...");
}

}  // namespace
}  // namespace karpenter::admission
