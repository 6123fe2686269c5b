#include <chrono>
#include <optional>

#include "controller/aws/client/batcher.h"
#include "controller/aws/client/ec2_api.h"

namespace karpenter::aws {
namespace {

std::string filters_key(const std::vector<Filter>& filters) {
  std::string out;
  for (const auto& filter : filters) {
    out += filter.name + "=";
    for (const auto& value : filter.values) out += value + ",";
    out += ";";
  }
  return out;
}

// Merges describes and terminations of single instances; everything else passes through. CreateFleet is left
// alone: its client token belongs to one NodeClaim.
class BatchingEc2Api final : public Ec2Api {
 public:
  BatchingEc2Api(runtime::Runtime& runtime, telemetry::Metrics& metrics, Ec2Api& inner)
      : inner_(inner),
        describes_(runtime, metrics, window("describe_instances")),
        terminations_(runtime, metrics, window("terminate_instances")) {}

  base::Result<std::vector<Instance>> describe_instances(const DescribeInstancesInput& input,
                                                         const Call& call) override {
    if (input.ids.size() != 1) return inner_.describe_instances(input, call);
    return describes_.submit(filters_key(input.filters), input.ids.front(), call,
                             [&](const std::vector<std::string>& ids, const Call& batch_call) {
                               return describe_together(ids, input.filters, batch_call);
                             });
  }

  base::Result<std::vector<InstanceStateChange>> terminate_instances(const std::vector<std::string>& ids,
                                                                     const Call& call) override {
    if (ids.size() != 1) return inner_.terminate_instances(ids, call);
    return terminations_.submit("", ids.front(), call,
                                [&](const std::vector<std::string>& all, const Call& batch_call) {
                                  return terminate_together(all, batch_call);
                                });
  }

  base::Status probe(const Call& call) override { return inner_.probe(call); }
  base::Result<std::vector<InstanceTypeInfo>> describe_instance_types(const Call& call) override {
    return inner_.describe_instance_types(call);
  }
  base::Result<std::vector<InstanceTypeOffering>> describe_instance_type_offerings(
      const Call& call) override {
    return inner_.describe_instance_type_offerings(call);
  }
  base::Result<std::vector<SpotPrice>> describe_spot_price_history(base::Time start,
                                                                   const Call& call) override {
    return inner_.describe_spot_price_history(start, call);
  }
  base::Result<std::vector<Subnet>> describe_subnets(const std::vector<Filter>& filters,
                                                     const Call& call) override {
    return inner_.describe_subnets(filters, call);
  }
  base::Result<std::vector<SecurityGroup>> describe_security_groups(const std::vector<Filter>& filters,
                                                                    const Call& call) override {
    return inner_.describe_security_groups(filters, call);
  }
  base::Result<std::vector<Image>> describe_images(const DescribeImagesInput& input,
                                                   const Call& call) override {
    return inner_.describe_images(input, call);
  }
  base::Status create_tags(std::string_view resource_id, const Tags& tags, const Call& call) override {
    return inner_.create_tags(resource_id, tags, call);
  }
  base::Result<std::vector<LaunchTemplate>> describe_launch_templates(
      const DescribeLaunchTemplatesInput& input, const Call& call) override {
    return inner_.describe_launch_templates(input, call);
  }
  base::Result<LaunchTemplate> create_launch_template(const CreateLaunchTemplateInput& input,
                                                      const Call& call) override {
    return inner_.create_launch_template(input, call);
  }
  base::Status delete_launch_template_by_id(std::string_view id, const Call& call) override {
    return inner_.delete_launch_template_by_id(id, call);
  }
  base::Status delete_launch_template_by_name(std::string_view name, const Call& call) override {
    return inner_.delete_launch_template_by_name(name, call);
  }
  base::Result<CreateFleetOutput> create_fleet(const CreateFleetInput& input, const Call& call) override {
    return inner_.create_fleet(input, call);
  }

 private:
  using Describes = Batcher<std::vector<Instance>>;
  using Terminations = Batcher<std::vector<InstanceStateChange>>;

  static BatchWindow window(std::string name) {
    BatchWindow out;
    out.name = std::move(name);
    return out;
  }

  // One bad id fails a whole call: what the call does not answer is asked one by one. spec: aws §2.9, §16 R8
  Describes::Answers describe_together(const std::vector<std::string>& ids,
                                       const std::vector<Filter>& filters, const Call& call) {
    Describes::Answers out;
    auto found = inner_.describe_instances({ids, filters}, call);
    if (ids.size() == 1) {
      out.emplace(ids.front(), std::move(found));
      return out;
    }
    if (found) {
      for (auto& instance : *found) {
        const std::string id = instance.id;
        out.emplace(id, std::vector<Instance>{std::move(instance)});
      }
    }
    for (const auto& id : ids) {
      if (!out.contains(id)) out.emplace(id, inner_.describe_instances({{id}, filters}, call));
    }
    return out;
  }

  Terminations::Answers terminate_together(const std::vector<std::string>& ids, const Call& call) {
    Terminations::Answers out;
    auto changed = inner_.terminate_instances(ids, call);
    if (ids.size() == 1) {
      out.emplace(ids.front(), std::move(changed));
      return out;
    }
    if (changed) {
      for (const auto& one : *changed) {
        if (one.current != "shutting-down" && one.current != "terminated") continue;
        out.emplace(one.id, std::vector<InstanceStateChange>{one});
      }
    }
    for (const auto& id : ids) {
      if (!out.contains(id)) out.emplace(id, inner_.terminate_instances({id}, call));
    }
    return out;
  }

  Ec2Api& inner_;
  Describes describes_;
  Terminations terminations_;
};

}  // namespace

void observe_batch(telemetry::Metrics& metrics, const BatchWindow& window, std::size_t size,
                   std::chrono::nanoseconds length) {
  static const std::vector<double> kSizes = {1,   2,   4,   5,   10,  15,  20,  25,  30,  40,  50,  60,
                                             70,  80,  90,  100, 125, 150, 175, 200, 225, 250, 275, 300,
                                             350, 400, 450, 500, 550, 600, 700, 800, 900, 1000};
  static const std::vector<double> kSeconds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  const telemetry::Labels labels = {{"batcher", window.name}};
  metrics.observe("karpenter_cloudprovider_batcher_batch_size", labels, static_cast<double>(size), kSizes);
  metrics.observe("karpenter_cloudprovider_batcher_batch_time_seconds", labels,
                  std::chrono::duration<double>(length).count(), kSeconds);
}

std::unique_ptr<Ec2Api> make_batching_ec2_api(runtime::Runtime& runtime, telemetry::Metrics& metrics,
                                              Ec2Api& inner) {
  return std::make_unique<BatchingEc2Api>(runtime, metrics, inner);
}

}  // namespace karpenter::aws
