#include "controller/aws/client/ec2_api.h"

#include <functional>
#include <utility>

#include "controller/aws/client/ec2_codec.h"
#include "controller/aws/client/errors.h"
#include "controller/aws/client/service_client.h"

namespace karpenter::aws {
namespace {

// One describe operation: where its list is and how an entry is read.
template <class T>
struct Listing {
  std::string_view operation;
  std::string_view list;  // element that holds the entries
  std::int64_t page_size = 0;
  std::function<void(XmlView, std::vector<T>&)> read;
};

class HttpEc2Api final : public Ec2Api {
 public:
  explicit HttpEc2Api(ServiceClient& client) : client_(client) {}

  base::Status probe(const Call& call) override {
    QueryBody body("DescribeInstanceTypes", kEc2Version);
    body.set("DryRun", true);
    const auto answer = client_.query("DescribeInstanceTypes", body, call);
    if (!answer && !is_dry_run_success(answer.error())) return answer.error();
    return base::ok();
  }

  base::Result<std::vector<InstanceTypeInfo>> describe_instance_types(const Call& call) override {
    const std::vector<Filter> filters = {
        {"supported-virtualization-type", {"hvm"}},
        {"processor-info.supported-architecture", {"x86_64", "arm64"}},
    };
    return collect<InstanceTypeInfo>(
        {"DescribeInstanceTypes", "instanceTypeSet", 100,
         [](XmlView item, auto& out) { out.push_back(decode_instance_type(item)); }},
        [&](QueryBody& body) { put_filters(body, filters); }, call);
  }

  base::Result<std::vector<InstanceTypeOffering>> describe_instance_type_offerings(
      const Call& call) override {
    return collect<InstanceTypeOffering>(
        {"DescribeInstanceTypeOfferings", "instanceTypeOfferingSet", 1000,
         [](XmlView item, auto& out) {
           out.push_back({item["instanceType"].text(), item["location"].text()});
         }},
        [](QueryBody& body) { body.set("LocationType", "availability-zone"); }, call);
  }

  base::Result<std::vector<SpotPrice>> describe_spot_price_history(base::Time start,
                                                                   const Call& call) override {
    return collect<SpotPrice>(
        {"DescribeSpotPriceHistory", "spotPriceHistorySet", 2000,
         [](XmlView item, auto& out) {
           out.push_back({item["instanceType"].text(), item["availabilityZone"].text(),
                          item["spotPrice"].text(), item["timestamp"].text()});
         }},
        [&](QueryBody& body) {
          body.list("ProductDescription", {"Linux/UNIX", "Linux/UNIX (Amazon VPC)"});
          body.set("StartTime", base::format_rfc3339(start));
        },
        call);
  }

  base::Result<std::vector<Subnet>> describe_subnets(const std::vector<Filter>& filters,
                                                     const Call& call) override {
    return collect<Subnet>(
        {"DescribeSubnets", "subnetSet", 500,
         [](XmlView item, auto& out) {
           out.push_back({item["subnetId"].text(), item["availabilityZone"].text(),
                          item["availabilityZoneId"].text(), item["availableIpAddressCount"].integer_or(0)});
         }},
        [&](QueryBody& body) { put_filters(body, filters); }, call);
  }

  base::Result<std::vector<SecurityGroup>> describe_security_groups(const std::vector<Filter>& filters,
                                                                    const Call& call) override {
    return collect<SecurityGroup>(
        {"DescribeSecurityGroups", "securityGroupInfo", 500,
         [](XmlView item, auto& out) {
           out.push_back({item["groupId"].text(), item["groupName"].text()});
         }},
        [&](QueryBody& body) { put_filters(body, filters); }, call);
  }

  base::Result<std::vector<Image>> describe_images(const DescribeImagesInput& input,
                                                   const Call& call) override {
    return collect<Image>(
        {"DescribeImages", "imagesSet", 1000,
         [](XmlView item, auto& out) {
           out.push_back({item["imageId"].text(), item["name"].text(), item["architecture"].text(),
                          item["creationDate"].text(), item["deprecationTime"].text()});
         }},
        [&](QueryBody& body) {
          put_filters(body, input.filters);
          body.list("Owner", input.owners);
          body.set("IncludeDeprecated", true);
        },
        call);
  }

  base::Result<std::vector<Instance>> describe_instances(const DescribeInstancesInput& input,
                                                         const Call& call) override {
    // A page size is not allowed together with ids. spec: aws §16 R11
    return collect<Instance>(
        {"DescribeInstances", "reservationSet", input.ids.empty() ? 1000 : 0,
         [](XmlView item, auto& out) {
           for (const XmlView one : item["instancesSet"].items()) {
             out.push_back(decode_instance(one));
           }
         }},
        [&](QueryBody& body) {
          body.list("InstanceId", input.ids);
          put_filters(body, input.filters);
        },
        call);
  }

  base::Result<std::vector<InstanceStateChange>> terminate_instances(const std::vector<std::string>& ids,
                                                                     const Call& call) override {
    QueryBody body("TerminateInstances", kEc2Version);
    body.list("InstanceId", ids);
    ASSIGN_OR_RETURN(const XmlDocument answer, client_.query("TerminateInstances", body, call));
    std::vector<InstanceStateChange> out;
    for (const XmlView item : answer.root()["instancesSet"].items()) {
      out.push_back({item["instanceId"].text(), item["currentState"]["name"].text(),
                     item["previousState"]["name"].text()});
    }
    return out;
  }

  base::Status create_tags(std::string_view resource_id, const Tags& tags, const Call& call) override {
    QueryBody body("CreateTags", kEc2Version);
    body.list("ResourceId", {std::string(resource_id)});
    std::size_t index = 0;
    for (const auto& [key, value] : tags) {
      ++index;
      body.set_even_empty(nested("Tag", index, "Key"), key);
      body.set_even_empty(nested("Tag", index, "Value"), value);
    }
    return done(client_.query("CreateTags", body, call));
  }

  base::Result<std::vector<LaunchTemplate>> describe_launch_templates(
      const DescribeLaunchTemplatesInput& input, const Call& call) override {
    return collect<LaunchTemplate>(
        {"DescribeLaunchTemplates", "launchTemplates", input.names.empty() ? 200 : 0,
         [](XmlView item, auto& out) {
           out.push_back({item["launchTemplateId"].text(), item["launchTemplateName"].text()});
         }},
        [&](QueryBody& body) {
          body.list("LaunchTemplateName", input.names);
          put_filters(body, input.filters);
        },
        call);
  }

  base::Result<LaunchTemplate> create_launch_template(const CreateLaunchTemplateInput& input,
                                                      const Call& call) override {
    ASSIGN_OR_RETURN(const XmlDocument answer, client_.query("CreateLaunchTemplate", encode(input), call));
    const XmlView made = answer.root()["launchTemplate"];
    return LaunchTemplate{made["launchTemplateId"].text(), made["launchTemplateName"].text()};
  }

  base::Status delete_launch_template_by_id(std::string_view id, const Call& call) override {
    QueryBody body("DeleteLaunchTemplate", kEc2Version);
    body.set("LaunchTemplateId", id);
    return done(client_.query("DeleteLaunchTemplate", body, call));
  }

  base::Status delete_launch_template_by_name(std::string_view name, const Call& call) override {
    QueryBody body("DeleteLaunchTemplate", kEc2Version);
    body.set("LaunchTemplateName", name);
    return done(client_.query("DeleteLaunchTemplate", body, call));
  }

  base::Result<CreateFleetOutput> create_fleet(const CreateFleetInput& input, const Call& call) override {
    ASSIGN_OR_RETURN(const XmlDocument answer, client_.query("CreateFleet", encode(input), call));
    return decode_fleet(answer.root());
  }

 private:
  static base::Status done(base::Result<XmlDocument> answer) {
    if (!answer) return std::move(answer).error();
    return base::ok();
  }

  // All pages of a describe operation.
  template <class T>
  base::Result<std::vector<T>> collect(const Listing<T>& listing, const std::function<void(QueryBody&)>& fill,
                                       const Call& call) {
    std::vector<T> out;
    std::string token;
    for (int page = 0; page < kMaxPages; ++page) {
      QueryBody body(listing.operation, kEc2Version);
      fill(body);
      if (listing.page_size > 0) body.set("MaxResults", listing.page_size);
      body.set("NextToken", token);
      ASSIGN_OR_RETURN(const XmlDocument answer, client_.query(listing.operation, body, call));
      for (const XmlView item : answer.root()[listing.list].items()) listing.read(item, out);
      token = answer.root()["nextToken"].text();
      if (token.empty()) return out;
    }
    return base::internal("an AWS listing has too many pages")
        .add("aws-operation-name", std::string(listing.operation));
  }

  ServiceClient& client_;
};

}  // namespace

std::unique_ptr<Ec2Api> make_ec2_api(ServiceClient& client) { return std::make_unique<HttpEc2Api>(client); }

}  // namespace karpenter::aws
