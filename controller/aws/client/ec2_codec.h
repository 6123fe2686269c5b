#pragma once

#include "controller/aws/client/ec2_types.h"
#include "controller/aws/client/query.h"
#include "controller/aws/client/xml.h"

// EC2 structures to and from the wire. Pure; used by Ec2Api, tested alone. spec: aws §2.6, §2.10

namespace karpenter::aws {

inline constexpr std::string_view kEc2Version = "2016-11-15";

void put_filters(QueryBody& body, const std::vector<Filter>& filters);
void put_tag_specifications(QueryBody& body, std::string_view prefix,
                            const std::vector<TagSpecification>& specifications);
[[nodiscard]] QueryBody encode(const CreateLaunchTemplateInput& input);
[[nodiscard]] QueryBody encode(const CreateFleetInput& input);

[[nodiscard]] InstanceTypeInfo decode_instance_type(XmlView item);
[[nodiscard]] Instance decode_instance(XmlView item);
[[nodiscard]] CreateFleetOutput decode_fleet(XmlView root);

}  // namespace karpenter::aws
