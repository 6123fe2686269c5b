#include "common/conversion/manifest_strip.h"

#include <array>
#include <string>

#include "common/conversion/annotations.h"
#include "common/conversion/conversion.h"

namespace karpenter::conversion {
namespace {

bool is_of_a_cluster(std::string_view annotation) {
  const bool is_hash =
      (annotation.starts_with("karpenter.sh/") || annotation.starts_with("karpenter.k8s.aws/")) &&
      annotation.find("-hash") != std::string_view::npos;
  return is_hash || annotation.starts_with("compatibility.karpenter.") ||
         annotation == kStoredVersionMigrated ||
         annotation == "kubectl.kubernetes.io/last-applied-configuration";
}

// Lists count whole: what is missing in one entry is seldom clear without the others.
void name_leaves(json::View at, const std::string& path, const Sayer& say) {
  if (!at.is_object() || at.size() == 0) {
    say("W-LOST", path, "v1beta1 has no place for " + at.dump());
    return;
  }
  for (const auto& [key, value] : at.members()) {
    name_leaves(value, path.empty() ? std::string(key) : path + "." + std::string(key), say);
  }
}

}  // namespace

void strip(json::Ref object) {
  object.erase("status");
  const auto metadata = object["metadata"];
  for (const auto* key : {"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
                          "deletionGracePeriodSeconds", "managedFields", "selfLink", "ownerReferences"})
    metadata.erase(key);
  const auto annotations = metadata.view()["annotations"];
  std::vector<std::string> doomed;
  for (const auto& [key, value] : annotations.members()) {
    if (is_of_a_cluster(key)) doomed.emplace_back(key);
  }
  for (const auto& key : doomed) metadata["annotations"].erase(key);
  if (annotations.exists() && annotations.size() == 0) metadata.erase("annotations");
}

json::Value downgraded(json::View object, std::string_view api_version, const Sayer& say) {
  auto converted = convert(object, api_version, {});
  if (!converted) {
    say("E-INVALID", "", converted.error().text());
    return {};
  }
  const auto annotations = converted->view()["metadata"]["annotations"];
  const auto stash = json::parse(annotations[kFields].string_or("{}"));
  if (stash && (*stash)["spec"].exists()) name_leaves((*stash)["spec"], "spec", say);
  if (const auto version = annotations[kAliasVersion].string())
    say("W-LOST", "spec.amiSelectorTerms", "v1beta1 has no place for version " + std::string(*version));
  strip(converted->ref());
  return std::move(converted).value();
}

}  // namespace karpenter::conversion
