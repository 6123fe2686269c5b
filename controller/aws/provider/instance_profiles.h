#pragma once

#include <string>
#include <string_view>

#include "common/model/karpenter/v1.h"
#include "common/runtime/runtime.h"
#include "controller/aws/client/iam_api.h"
#include "controller/aws/provider/ttl_cache.h"

namespace karpenter::aws {

using runtime::Call;

// IAM instance profiles that Karpenter makes for spec.role. Thread-safe. spec: aws §11.7
class InstanceProfileProvider {
 public:
  struct Options {
    std::string cluster_name;
    std::string region;
  };
  InstanceProfileProvider(runtime::Runtime& runtime, IamApi& iam, Options options);

  // The profile that status.instanceProfile should name. With spec.role: the present one if it carries the
  // role, else a new one. Never deletes the profile it replaces.
  base::Result<std::string> resolve(const model::Ec2NodeClass& node_class, const Call& call);
  // Removes every profile of the class, and the one that releases before per-class paths made. spec: aws
  // §11.11
  base::Status delete_all(const model::Ec2NodeClass& node_class, const Call& call);
  void sweep();

 private:
  base::Result<std::string> current_role(const std::string& profile, const Call& call);
  base::Status create(const model::Ec2NodeClass& node_class, const std::string& name, const Call& call);
  base::Status ensure_role(const InstanceProfile& profile, const std::string& role, const Call& call);
  base::Status remove(const std::string& name, const Call& call);
  [[nodiscard]] std::string path_of(const model::Ec2NodeClass& node_class) const;

  runtime::Runtime& runtime_;
  IamApi& iam_;
  Options options_;
  TtlCache<InstanceProfile> profiles_;
  TtlCache<bool> missing_roles_;
  TtlCache<std::string> recreated_;  // "<role>/<UID>" -> name
};

// `<cluster>_<FNV-1 of region + name>`: the name of releases before per-class paths. spec: aws §11.11
[[nodiscard]] std::string legacy_profile_name(std::string_view cluster, std::string_view region,
                                              std::string_view node_class);

}  // namespace karpenter::aws
