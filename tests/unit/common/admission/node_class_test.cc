#include <gtest/gtest.h>

#include "tests/unit/common/admission/cases.h"

namespace karpenter::admission {
namespace {

constexpr const char* kClass = R"(
metadata: {name: default}
spec:
  role: node-role
  amiSelectorTerms: [{alias: al2023@latest}]
  subnetSelectorTerms: [{tags: {a: b}}]
  securityGroupSelectorTerms: [{id: sg-1}]
)";
constexpr const char* kBetaClass = R"(
metadata: {name: default}
spec:
  role: node-role
  amiFamily: AL2
  subnetSelectorTerms: [{tags: {a: b}}]
  securityGroupSelectorTerms: [{id: sg-1}]
)";

void expect(const char* rule, const std::string& spec, const std::string& want) {
  expect_all<model::Ec2NodeClass>(kClass, {{rule, ("{spec: {" + spec + "}}").c_str(), want.c_str()}});
}
void expect_beta(const char* rule, const std::string& spec, const std::string& want) {
  expect_all<model::v1beta1::Ec2NodeClass>(kBetaClass,
                                           {{rule, ("{spec: {" + spec + "}}").c_str(), want.c_str()}});
}

// spec: api §4.3
TEST(NodeClassRules, selector_terms) {
  const std::string subnet = "spec.subnetSelectorTerms";
  const std::string group = "spec.securityGroupSelectorTerms";
  const std::string reservation = "spec.capacityReservationSelectorTerms";
  const std::string excl = "is mutually exclusive, cannot be set with a combination of other fields in a ";
  expect("valid", "", "");
  expect("EC-C1", "subnetSelectorTerms: []",
         subnet + ": Invalid value: []: subnetSelectorTerms cannot be empty");
  expect("EC-C2", "subnetSelectorTerms: [{id: subnet-1}, {}]",
         subnet + "[1]: Invalid value: {}: expected at least one, got none, ['tags', 'id']");
  expect("EC-C3 one clean term", "subnetSelectorTerms: [{id: subnet-1, tags: {a: b}}, {id: subnet-2}]", "");
  expect("EC-C3", "subnetSelectorTerms: [{id: subnet-1, tags: {a: b}}]",
         subnet + ": Invalid value: 'id' " + excl + "subnet selector term");
  expect("EC-C4", "subnetSelectorTerms: [{tags: {a: ''}}]",
         subnet + "[0].tags[a]: Invalid value: \"\": empty tag keys or values aren't supported");
  expect("EC-C5", "securityGroupSelectorTerms: []",
         group + ": Invalid value: []: securityGroupSelectorTerms cannot be empty");
  expect("EC-C6", "securityGroupSelectorTerms: [{}]",
         group + "[0]: Invalid value: {}: expected at least one, got none, ['tags', 'id', 'name']");
  expect("EC-C7", "securityGroupSelectorTerms: [{id: sg-1, tags: {a: b}}]",
         group + ": Invalid value: 'id' " + excl + "security group selector term");
  expect("EC-C8", "securityGroupSelectorTerms: [{name: x, tags: {a: b}}]",
         group + ": Invalid value: 'name' " + excl + "security group selector term");
  expect("EC-C7, C8 one clean term each", "securityGroupSelectorTerms: [{name: x, id: sg-1}, {tags: {a: b}}]",
         "");
  expect("EC-C9 owner is not enough", "capacityReservationSelectorTerms: [{ownerID: '123456789012'}]",
         reservation +
             "[0]: Invalid value: {}: expected at least one, got none, ['tags', 'id', "
             "'instanceMatchCriteria']");
  expect("EC-C10", "capacityReservationSelectorTerms: [{id: cr-1, ownerID: '123456789012'}]",
         reservation +
             ": Invalid value: 'id' is mutually exclusive, cannot be set along with other fields in a "
             "capacity reservation selector term");
  expect("EC-C11", "placementGroupSelector: {}",
         "spec.placementGroupSelector: Invalid value: {}: expected at least one, got none, ['name', 'id']");
  expect("EC-C12", "placementGroupSelector: {id: pg-1, name: x}",
         "spec.placementGroupSelector: Invalid value: 'name' and 'id' are mutually exclusive");
}

// spec: api §4.3, §4.9
TEST(NodeClassRules, images) {
  const std::string ami = "spec.amiSelectorTerms";
  const std::string excl = "is mutually exclusive, cannot be set with a combination of other ";
  expect("EC-C13 owner is not enough", "amiFamily: AL2, amiSelectorTerms: [{owner: self}]",
         ami +
             "[0]: Invalid value: {}: expected at least one, got none, ['tags', 'id', 'name', 'alias', "
             "'ssmParameter']");
  expect("EC-C14", "amiFamily: AL2, amiSelectorTerms: [{id: ami-1, owner: self}, {id: ami-2}]",
         ami + "[0]: Invalid value: 'id' " + excl + "fields in amiSelectorTerms");
  expect("EC-C14 ssm is not considered", "amiFamily: AL2, amiSelectorTerms: [{id: ami-1, ssmParameter: /x}]",
         "");
  expect("EC-C15", "amiSelectorTerms: [{alias: al2@latest, name: x}]",
         ami + "[0]: Invalid value: 'alias' " + excl + "fields in amiSelectorTerms");
  expect("EC-C16", "amiSelectorTerms: [{alias: al2@latest}, {id: ami-1}]",
         ami + ": Invalid value: 'alias' " + excl + "amiSelectorTerms");
  for (const auto* bad : {"al2", "@latest", "al-2@x", "al2@", "al2023@a@b"}) {
    expect(bad, "amiSelectorTerms: [{alias: '" + std::string(bad) + "'}]",
           ami + "[0].alias: Invalid value: \"" + bad +
               "\": 'alias' is improperly formatted, must match the format 'family@version'");
  }
  expect("EC-C18", "amiSelectorTerms: [{alias: al2022@latest}]",
         ami +
             "[0].alias: Invalid value: \"al2022@latest\": family is not supported, must be one of the "
             "following: "
             "'al2', 'al2023', 'bottlerocket', 'windows2019', 'windows2022', 'windows2025' (did you mean "
             "\"al2023\"?)");
  expect("EC-C18 lower case only", "amiSelectorTerms: [{alias: AL2@latest}]",
         ami + "[0].alias: Invalid value: \"AL2@latest\": family is not supported, ...");
  expect(
      "EC-C19", "amiSelectorTerms: [{alias: windows2022@v1}]",
      ami +
          "[0].alias: Invalid value: \"windows2022@v1\": windows families may only specify version 'latest'");
  expect("EC-C23…28 Custom is fine", "amiFamily: Custom", "");
  expect("EC-C23…28 same is fine", "amiFamily: AL2023", "");
  expect("EC-C24", "amiFamily: Bottlerocket",
         "spec.amiFamily: Invalid value: \"Bottlerocket\": if set, amiFamily must be 'AL2023' or 'Custom' "
         "when using an "
         "AL2023 alias");
  expect("EC-C27", "amiFamily: AL2, amiSelectorTerms: [{alias: windows2022@latest}]",
         "spec.amiFamily: Invalid value: \"AL2\": if set, amiFamily must be 'Windows2022' or 'Custom' when "
         "using a "
         "Windows2022 alias");
  expect(
      "EC-C29", "amiSelectorTerms: [{id: ami-1}]",
      "spec.amiFamily: Required value: must specify amiFamily if amiSelectorTerms does not contain an alias");
}

// spec: api §4.3
TEST(NodeClassRules, identity_tags_devices_and_network) {
  const std::string tag = "spec.tags[";
  const std::string one = "spec: Invalid value: must specify exactly one of ['role', 'instanceProfile']";
  expect("EC-C22 both", "instanceProfile: x", one);
  expect("EC-C22 neither", "role: null", one);
  expect("EC-C22 profile", "role: null, instanceProfile: x", "");
  expect("EC-C30", "tags: {'': x}", tag + "]: Invalid value: \"\": empty tag keys aren't supported");
  for (const auto* key : {"eks:eks-cluster-name", "karpenter.sh/nodepool", "karpenter.sh/nodeclaim",
                          "karpenter.k8s.aws/ec2nodeclass"}) {
    expect("EC-C31, C33…C35", "tags: {'" + std::string(key) + "': x}",
           tag + key + "]: Invalid value: \"" + key + "\": tag contains a restricted tag matching " + key);
  }
  expect("EC-C32 by prefix", "tags: {kubernetes.io/clusterfoo: x}",
         tag +
             "kubernetes.io/clusterfoo]: Invalid value: \"kubernetes.io/clusterfoo\": tag contains a "
             "restricted tag "
             "matching kubernetes.io/cluster/");
  expect("tags of users", "tags: {Name: x, karpenter.sh/managed-by: y}", "");
  expect("EC-C36", "blockDeviceMappings: [{rootVolume: true}, {rootVolume: true}]",
         "spec.blockDeviceMappings: Invalid value: must have only one blockDeviceMappings with rootVolume");
  expect("EC-C37", "blockDeviceMappings: [{deviceName: a, ebs: {volumeSize: 1Gi}}, {deviceName: b, ebs: {}}]",
         "spec.blockDeviceMappings[1].ebs: Invalid value: snapshotID or volumeSize must be defined");
  expect("EC-C38",
         "blockDeviceMappings: [{deviceName: a, ebs: {volumeSize: 1Gi, volumeInitializationRate: 100}}]",
         "spec.blockDeviceMappings[0].ebs: Invalid value: snapshotID must be set when "
         "volumeInitializationRate is set");
  expect("EC-C39", "networkInterfaces: [{networkCardIndex: 0, deviceIndex: 0, interfaceType: efa-only}]",
         "spec.networkInterfaces: Invalid value: networkInterfaces must include a primary interface with "
         "interfaceType='interface'");
  const std::string primary = "{networkCardIndex: 0, deviceIndex: 0, interfaceType: interface}";
  expect("EC-C39, C40 fine",
         "networkInterfaces: [" + primary +
             ", {networkCardIndex: 1, deviceIndex: 1, "
             "interfaceType: efa-only}]",
         "");
  expect("EC-C40 pair", "networkInterfaces: [" + primary + ", " + primary + "]",
         "spec.networkInterfaces[1]: Invalid value: networkInterfaces must not have duplicate ...");
  expect("EC-C40 efa",
         "networkInterfaces: [" + primary +
             ", {networkCardIndex: 1, deviceIndex: 0, interfaceType: "
             "efa-only}, {networkCardIndex: 1, deviceIndex: 1, interfaceType: efa-only}]",
         "spec.networkInterfaces[2]: Invalid value: networkInterfaces must not have duplicate ...");
  expect("EC-C41", "connectionTracking: {}",
         "spec.connectionTracking: Invalid value: {}: at least one of tcpEstablishedTimeout, "
         "udpStreamTimeout, or "
         "udpTimeout must be set");
  expect("EC-C41 fine", "connectionTracking: {udpTimeout: 40}", "");
}

// spec: api §10.3, §10.4
TEST(BetaNodeClassRules, are_those_of_the_old_webhook) {
  expect_beta("valid", "", "");
  expect_beta("BEC-W3 each term", "subnetSelectorTerms: [{id: subnet-1}, {id: subnet-2, tags: {a: b}}]",
              "spec.subnetSelectorTerms[1]: Invalid value: 'id' is mutually exclusive, ...");
  expect_beta("BEC-W4 each term", "securityGroupSelectorTerms: [{name: x}, {name: y, tags: {a: b}}]",
              "spec.securityGroupSelectorTerms[1]: Invalid value: 'name' is mutually exclusive, ...");
  expect_beta(
      "BEC-W5", "amiSelectorTerms: [{owner: self}]",
      "spec.amiSelectorTerms[0]: Invalid value: {}: expected at least one, got none, ['tags', 'id', 'name']");
  expect_beta("BEC-W5 each term", "amiSelectorTerms: [{id: ami-1}, {id: ami-2, owner: self}]",
              "spec.amiSelectorTerms[1]: Invalid value: 'id' is mutually exclusive, ...");
  expect_beta(
      "BEC-W6", "metadataOptions: {httpTokens: maybe, httpPutResponseHopLimit: 65}",
      "spec.metadataOptions.httpPutResponseHopLimit: Invalid value: 65: expected 1 <= 65 <= 64\n"
      "spec.metadataOptions.httpTokens: Unsupported value: \"maybe\": maybe not in optional, required");
  expect_beta("BEC-W7", "amiFamily: Custom", "spec.amiSelectorTerms: Required value: missing field(s)");
  expect_beta(
      "BEC-W8", "blockDeviceMappings: [{}, {deviceName: b, ebs: {volumeSize: 65T, volumeType: gp9}}]",
      "spec.blockDeviceMappings[0].deviceName: Required value: missing field(s)\n"
      "spec.blockDeviceMappings[0].ebs: Required value: missing field(s)\n"
      "spec.blockDeviceMappings[1].ebs.volumeSize: Invalid value: \"65T\": expected 1G <= 65T <= 64T\n"
      "spec.blockDeviceMappings[1].ebs.volumeType: Unsupported value: \"gp9\": gp9 not in standard, io1, "
      "io2, gp2, "
      "sc1, st1, gp3 (did you mean \"gp2\"?)");
  expect_beta("BEC-C17", "tags: {karpenter.sh/managed-by: x, 'eks:eks-cluster-name': y}",
              "spec.tags[karpenter.sh/managed-by]: Invalid value: \"karpenter.sh/managed-by\": ...");
}

// spec: api §13.5
TEST(NodeClassWarnings, say_which_term_wins) {
  const auto found = warnings(object_of<model::Ec2NodeClass>(
      kClass,
      "{spec: {subnetSelectorTerms: [{id: subnet-1, tags: {a: b}}, {id: subnet-2}], "
      "securityGroupSelectorTerms: [{id: sg-1}, {name: x, tags: {a: b}}], amiFamily: AL2, amiSelectorTerms: "
      "[{id: "
      "ami-1, ssmParameter: /x}], blockDeviceMappings: [{ebs: {volumeSize: 1Gi}}]}}"));
  EXPECT_EQ(base::join(found, "|"),
            "spec.subnetSelectorTerms[0]: id wins, the other fields are "
            "ignored|spec.securityGroupSelectorTerms[1]: "
            "name wins, the other fields are ignored|spec.amiSelectorTerms[0]: ssmParameter is ignored "
            "beside id and "
            "alias|spec.blockDeviceMappings[0]: "
            "no deviceName");
}

}  // namespace
}  // namespace karpenter::admission
