#include "controller/aws/client/iam_api.h"

#include "controller/aws/client/ec2_api.h"
#include "controller/aws/client/service_client.h"

namespace karpenter::aws {
namespace {

constexpr std::string_view kVersion = "2010-05-08";

InstanceProfile decode_profile(XmlView profile) {
  InstanceProfile out;
  out.name = profile["InstanceProfileName"].text();
  for (const XmlView role : profile["Roles"].items()) out.roles.push_back(role["RoleName"].text());
  return out;
}

class HttpIamApi final : public IamApi {
 public:
  explicit HttpIamApi(ServiceClient& client) : client_(client) {}

  base::Result<InstanceProfile> get_instance_profile(std::string_view name, const Call& call) override {
    QueryBody body("GetInstanceProfile", kVersion);
    body.set("InstanceProfileName", name);
    ASSIGN_OR_RETURN(const XmlDocument answer, client_.query("GetInstanceProfile", body, call));
    return decode_profile(answer.root()["GetInstanceProfileResult"]["InstanceProfile"]);
  }

  base::Result<InstanceProfile> create_instance_profile(std::string_view name, std::string_view path,
                                                        const Tags& tags, const Call& call) override {
    QueryBody body("CreateInstanceProfile", kVersion);
    body.set("InstanceProfileName", name);
    body.set("Path", path);
    std::size_t index = 0;
    for (const auto& [key, value] : tags) {
      ++index;
      body.set_even_empty(nested("Tags.member", index, "Key"), key);
      body.set_even_empty(nested("Tags.member", index, "Value"), value);
    }
    ASSIGN_OR_RETURN(const XmlDocument answer, client_.query("CreateInstanceProfile", body, call));
    return decode_profile(answer.root()["CreateInstanceProfileResult"]["InstanceProfile"]);
  }

  base::Status add_role(std::string_view profile, std::string_view role, const Call& call) override {
    return change("AddRoleToInstanceProfile", profile, role, call);
  }
  base::Status remove_role(std::string_view profile, std::string_view role, const Call& call) override {
    return change("RemoveRoleFromInstanceProfile", profile, role, call);
  }
  base::Status delete_instance_profile(std::string_view name, const Call& call) override {
    return change("DeleteInstanceProfile", name, "", call);
  }

  base::Result<std::vector<std::string>> list_instance_profiles(std::string_view path_prefix,
                                                                const Call& call) override {
    std::vector<std::string> out;
    std::string marker;
    for (int page = 0; page < kMaxPages; ++page) {
      QueryBody body("ListInstanceProfiles", kVersion);
      body.set("PathPrefix", path_prefix);
      body.set("Marker", marker);
      ASSIGN_OR_RETURN(const XmlDocument answer, client_.query("ListInstanceProfiles", body, call));
      const XmlView result = answer.root()["ListInstanceProfilesResult"];
      for (const XmlView one : result["InstanceProfiles"].items())
        out.push_back(one["InstanceProfileName"].text());
      marker = result["Marker"].text();
      if (!result["IsTruncated"].is_true() || marker.empty()) return out;
    }
    return base::internal("an AWS listing has too many pages")
        .add("aws-operation-name", "ListInstanceProfiles");
  }

 private:
  base::Status change(std::string_view operation, std::string_view profile, std::string_view role,
                      const Call& call) {
    QueryBody body(operation, kVersion);
    body.set("InstanceProfileName", profile);
    body.set("RoleName", role);
    auto answer = client_.query(operation, body, call);
    if (!answer) return std::move(answer).error();
    return base::ok();
  }

  ServiceClient& client_;
};

}  // namespace

std::unique_ptr<IamApi> make_iam_api(ServiceClient& client) { return std::make_unique<HttpIamApi>(client); }

}  // namespace karpenter::aws
