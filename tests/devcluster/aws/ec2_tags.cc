#include "common/base/strings.h"
#include "tests/devcluster/aws/ec2.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

// The tags of any resource that carries some, or null.
Tags* find_tags(Account& account, const std::string& id) {
  const auto in = [&](auto& resources) -> Tags* {
    const auto found = resources.find(id);
    return found == resources.end() ? nullptr : &found->second.tags;
  };
  if (id.starts_with("i-")) {
    const auto found = account.instances.find(id);
    return found == account.instances.end() ? nullptr : &found->second.view.tags;
  }
  if (id.starts_with("lt-")) {
    for (auto& [name, entry] : account.launch_templates) {
      if (entry.id == id) return &entry.tags;
    }
  }
  if (id.starts_with("subnet-")) return in(account.subnets);
  if (id.starts_with("sg-")) return in(account.security_groups);
  if (id.starts_with("ami-")) return in(account.images);
  return nullptr;
}

base::Result<std::vector<Tags*>> read_resources(const Ec2Call& call) {
  std::vector<Tags*> found;
  const auto ids = call.params["ResourceId"].texts();
  if (ids.empty()) return failure("MissingParameter", "The request must contain the parameter ResourceId");
  for (const auto& id : ids) {
    found.push_back(find_tags(call.account, id));
    if (found.back() != nullptr) continue;
    if (id.starts_with("i-")) return no_such_id("InvalidInstanceID", "instance ID", id, "i-");
    return failure("InvalidID", "The ID '" + id + "' is not valid");
  }
  return found;
}

}  // namespace

base::Result<std::string> create_tags(Ec2Call& call) {
  const auto tags = read_tags(call.params);
  ASSIGN_OR_RETURN(const auto resources, read_resources(call));
  RETURN_IF_ERROR(call.form.finish());
  if (tags.empty()) return failure("MissingParameter", "The request must contain the parameter Tag");
  RETURN_IF_ERROR(check_tags(tags));
  RETURN_IF_ERROR(call.ready());
  for (Tags* target : resources) {
    for (const auto& [key, value] : tags) (*target)[key] = value;
  }
  note_change(call.account);
  return Xml().flag("return", true).str();
}

base::Result<std::string> delete_tags(Ec2Call& call) {
  std::map<std::string, std::optional<std::string>> tags;  // a value limits the deletion to that value
  for (const auto& tag : call.params["Tag"].list()) tags[tag["Key"].required()] = tag["Value"].text();
  ASSIGN_OR_RETURN(const auto resources, read_resources(call));
  RETURN_IF_ERROR(call.ready());
  for (Tags* target : resources) {
    std::erase_if(*target, [&](const auto& tag) {
      if (tags.empty()) return true;
      const auto wanted = tags.find(tag.first);
      return wanted != tags.end() && (!wanted->second || *wanted->second == tag.second);
    });
  }
  note_change(call.account);
  return Xml().flag("return", true).str();
}

}  // namespace karpenter::devcluster::aws_emulator
