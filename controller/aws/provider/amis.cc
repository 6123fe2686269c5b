#include "controller/aws/provider/amis.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "common/model/labels.h"
#include "controller/aws/client/errors.h"
#include "controller/aws/provider/selectors.h"

namespace karpenter::aws {
namespace {

using model::Requirement;
using model::Requirements;

constexpr std::chrono::hours kParameterTtl{24};
constexpr std::chrono::minutes kTermParameterTtl{5};

std::string kubernetes_arch(std::string_view architecture) {
  if (architecture == "x86_64") return "amd64";
  return architecture == "arm64" ? "arm64" : "";
}

// Whole seconds, as creation dates are compared; unreadable counts as the oldest.
std::int64_t seconds_of(const std::string& timestamp) {
  const auto parsed = base::parse_rfc3339(timestamp);
  return parsed ? std::chrono::floor<std::chrono::seconds>(*parsed).time_since_epoch().count() : 0;
}

bool is_deprecated(const Image& image, base::Time now) {
  const auto parsed = base::parse_rfc3339(image.deprecation_time);
  return parsed && *parsed <= now;
}

bool is_better(const Ami& a, const Ami& b) {
  return std::make_tuple(!a.deprecated, seconds_of(a.creation_date), std::string_view(a.name)) >
         std::make_tuple(!b.deprecated, seconds_of(b.creation_date), std::string_view(b.name));
}

std::string requirements_key(const Requirements& requirements) {
  std::string out;
  for (const auto& [key, requirement] : requirements) out += requirement.text() + ";";
  return out;
}

}  // namespace

std::vector<Ami> reduce_images(const std::vector<ImageCandidate>& candidates, base::Time now) {
  std::map<std::string, Ami> best;
  for (const auto& candidate : candidates) {
    const std::string arch = kubernetes_arch(candidate.image.architecture);
    if (arch.empty()) continue;
    auto variants = candidate.variants;
    if (variants.empty()) variants.emplace_back();
    for (auto& variant : variants) {
      variant.add(Requirement::in(model::labels::kArch, {arch}));
      Ami ami{candidate.image.id, candidate.image.name, candidate.image.creation_date,
              is_deprecated(candidate.image, now), variant};
      const std::string key = requirements_key(variant);
      const auto it = best.find(key);
      if (it == best.end()) {
        best.emplace(key, std::move(ami));
      } else if (is_better(ami, it->second)) {
        it->second = std::move(ami);
      }
    }
  }
  std::vector<Ami> out;
  for (auto& [key, ami] : best) out.push_back(std::move(ami));
  std::ranges::stable_sort(out, [](const Ami& a, const Ami& b) {
    return std::make_tuple(-seconds_of(a.creation_date), std::string_view(a.id)) <
           std::make_tuple(-seconds_of(b.creation_date), std::string_view(b.id));
  });
  return out;
}

std::vector<model::NodeSelectorRequirement> ami_requirements(const Requirements& requirements) {
  auto out = requirements.to_api();
  std::ranges::stable_sort(out, [](const auto& a, const auto& b) {
    return std::make_tuple(a.key.size(), std::string_view(a.key)) <
           std::make_tuple(b.key.size(), std::string_view(b.key));
  });
  return out;
}

const model::AmiStatus* find_ami(const model::Ec2NodeClassStatus& status, const cloud::InstanceType& type) {
  for (const auto& ami : status.amis) {
    const auto wanted = Requirements::of(ami.requirements);
    if (wanted && type.requirements.compatible(*wanted, {})) return &ami;
  }
  return nullptr;
}

AmiProvider::AmiProvider(runtime::Runtime& runtime, Ec2Api& ec2, SsmApi& ssm, ClusterData& cluster,
                         telemetry::Log& log, std::chrono::nanoseconds refresh_interval)
    : runtime_(runtime),
      ec2_(ec2),
      ssm_(ssm),
      cluster_(cluster),
      log_(log),
      refresh_interval_(refresh_interval),
      parameters_(runtime),
      images_(runtime) {}

base::Result<std::string> AmiProvider::parameter(const std::string& name, std::chrono::nanoseconds ttl,
                                                 const Call& call) {
  if (auto cached = parameters_.find(name)) return std::move(*cached);
  ASSIGN_OR_RETURN(std::string value, ssm_.get_parameter(name, call));
  parameters_.put(name, value, ttl);
  return value;
}

base::Result<AmiProvider::Query> AmiProvider::alias_query(const AmiAlias& alias, const Call& call) {
  RETURN_IF_ERROR(check_alias(alias, cluster_.version()));
  Query out;
  std::set<std::string> ids;
  base::Error last = base::not_found("no AMI parameter resolves");
  for (const auto& one : ami_parameters(alias, cluster_.version())) {
    auto id = parameter(one.path, kParameterTtl, call);
    if (!id) {  // a variant that is not published is normal
      last.add("detail", aws_text(id.error()));
      continue;
    }
    ids.insert(*id);
    auto& variants = out.variants[*id];
    variants.insert(variants.end(), one.variants.begin(), one.variants.end());
  }
  if (ids.empty()) {
    last.code = base::Code::kNotReady;
    return last.add("alias", std::string(traits_of(alias.family).alias) + "@" + alias.version);
  }
  out.input.filters = {{"image-id", {ids.begin(), ids.end()}}};
  return out;
}

base::Result<std::vector<AmiProvider::Query>> AmiProvider::queries(const model::Ec2NodeClass& node_class,
                                                                   const Call& call) {
  std::vector<Query> out;
  ASSIGN_OR_RETURN(const auto alias, find_alias(node_class.spec));
  if (alias) {
    ASSIGN_OR_RETURN(Query query, alias_query(*alias, call));
    out.push_back(std::move(query));
    return out;
  }
  std::set<std::string> ids;
  for (const auto& term : node_class.spec.ami_selector_terms) {
    if (!term.id.empty()) {
      ids.insert(term.id);
      continue;
    }
    if (!term.ssm_parameter.empty()) {
      auto id = parameter(term.ssm_parameter, kTermParameterTtl, call);
      if (!id && !is_not_found(id.error()))
        return std::move(id).error().add("ssmParameter", term.ssm_parameter);
      if (id && id->starts_with("ami-")) {
        ids.insert(*id);
      } else {
        log_.error("skipped an SSM parameter that names no AMI", {{"parameter", term.ssm_parameter}});
      }
      continue;
    }
    Query query;
    query.input.filters = tag_filters(term.tags);
    if (!term.name.empty()) query.input.filters.push_back({"name", {term.name}});
    if (query.input.filters.empty()) continue;  // an empty term would match every image there is
    if (!term.owner.empty()) {
      query.input.owners = {term.owner};
    } else if (!term.name.empty()) {
      query.input.owners = {"self", "amazon"};
    }
    out.push_back(std::move(query));
  }
  if (!ids.empty()) {
    Query query;
    query.input.filters = {{"image-id", {ids.begin(), ids.end()}}};
    out.insert(out.begin(), std::move(query));
  }
  return out;
}

base::Result<std::vector<Ami>> AmiProvider::list(const model::Ec2NodeClass& node_class, const Call& call) {
  ASSIGN_OR_RETURN(auto all, queries(node_class, call));
  std::vector<ImageCandidate> candidates;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& query = all[i];
    query.input.filters.push_back({"state", {"available"}});
    std::string key =
        node_class.meta.uid + "-" + std::to_string(node_class.meta.generation) + "-" + std::to_string(i);
    for (const auto& [id, variants] : query.variants) key += "," + id;  // a moved alias asks anew
    auto images = images_.find(key);
    if (!images) {
      ASSIGN_OR_RETURN(images, ec2_.describe_images(query.input, call));
      images_.put(key, *images, refresh_interval_);
    }
    for (const auto& image : *images) candidates.push_back({image, query.variants[image.id]});
  }
  return reduce_images(candidates, runtime_.now());
}

void AmiProvider::sweep() {
  static_cast<void>(parameters_.sweep());
  static_cast<void>(images_.sweep());
}

}  // namespace karpenter::aws
