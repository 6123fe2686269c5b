#include "controller/aws/reconcile/tagging_controller.h"

#include <chrono>
#include <utility>

#include "common/model/labels.h"
#include "controller/aws/provider/aws_labels.h"

namespace karpenter::aws {
namespace {

namespace labels = model::labels;
using reconcile::Done;
using reconcile::Outcome;

// CreateTags at most once a second. spec: aws §16 R9
constexpr std::chrono::seconds kPause{1};

bool is_tagged(const model::NodeClaim& claim) {
  return claim.meta.annotation(labels::kTagged) == "true" &&
         claim.meta.annotation(labels::kClusterNameTagged) == "true";
}

}  // namespace

Tags missing_tags(const model::NodeClaim& claim, const Tags& present, std::string_view cluster) {
  Tags out;
  out[std::string(tag::kName)] = claim.status.node_name;
  out[std::string(tag::kNodeClaim)] = claim.meta.name;
  out[std::string(tag::kClusterName)] = cluster;
  std::erase_if(out, [&](const auto& entry) { return present.contains(entry.first); });
  return out;
}

TaggingController::TaggingController(AwsParts& parts, const kube::Store<model::NodeClaim>& node_claims)
    : parts_(parts), node_claims_(node_claims), api_(parts.seams.kube), log_(parts.seams.log) {}

base::Status TaggingController::tag_instance(const model::NodeClaim& claim, const std::string& id,
                                             const Call& call) {
  ASSIGN_OR_RETURN(const auto instance, parts_.instances->get(id, InstanceProvider::Cache::kSkip, call));
  const Tags wanted = missing_tags(claim, instance.tags, parts_.settings.cluster_name);
  if (wanted.empty()) return base::ok();
  auto tagged = parts_.instances->create_tags(id, wanted, call);
  RETURN_IF_ERROR(runtime::sleep_for(parts_.seams.runtime, kPause, call));
  return tagged;
}

base::Result<Outcome> TaggingController::reconcile(const model::ObjectKey& key, const Call& call) {
  const auto claim = node_claims_.find(key);
  if (!claim || claim->meta.is_deleting() || claim->status.node_name.empty() || is_tagged(*claim)) {
    return Outcome(Done{});
  }
  const auto id = instance_id_of(claim->status.provider_id);
  if (!id) {
    log_.error(id.error(), "failed parsing instance id",
               {{"NodeClaim", telemetry::object_ref(claim->meta.name)}});
    return Outcome(Done{});
  }
  if (auto tagged = tag_instance(*claim, *id, call); !tagged) {
    if (tagged.error().code == base::Code::kNotFound) return Outcome(Done{});
    return std::move(tagged).error().add("NodeClaim", claim->meta.name);
  }
  model::NodeClaim after = *claim;
  after.meta.annotations[std::string(labels::kTagged)] = "true";
  after.meta.annotations[std::string(labels::kClusterNameTagged)] = "true";
  auto written = api_.patch(*claim, after, kube::Locking::kUnlocked, call);
  if (!written) return reconcile::outcome_of(std::move(written).error());
  return Outcome(Done{});
}

}  // namespace karpenter::aws
