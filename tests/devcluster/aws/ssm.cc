#include "common/base/strings.h"
#include "tests/devcluster/aws/services.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

// A name, or an ARN whose resource is "parameter" + name.
std::string parameter_name(std::string_view name) {
  constexpr std::string_view kMark = ":parameter";
  const auto mark = name.starts_with("arn:") ? name.find(kMark) : std::string_view::npos;
  return std::string(mark == std::string_view::npos ? name : name.substr(mark + kMark.size()));
}

base::Result<json::Value> get_parameter(JsonCall& call) {
  RETURN_IF_ERROR(check_members(call.body, {"Name"}, {"WithDecryption"}));
  const auto name = parameter_name(call.body["Name"].string_or(""));
  const auto found = call.account.parameters.find(name);
  if (found == call.account.parameters.end()) return failure("ParameterNotFound", "");
  auto out = json::Value::object();
  const auto parameter = out["Parameter"];
  parameter["ARN"].set("arn:aws:ssm:" + call.account.options.region + "::parameter" + name);
  parameter["Name"].set(name);
  parameter["Type"].set("String");
  parameter["DataType"].set("text");
  parameter["Value"].set(found->second);
  parameter["Version"].set(1);
  if (const Image* image = find_image(call.account, found->second); image != nullptr) {
    parameter["LastModifiedDate"].set(
        std::chrono::duration<double>(image->created.time_since_epoch()).count());
  }
  return out;
}

}  // namespace

JsonOperation find_ssm_operation(std::string_view name) {
  return name == "GetParameter" ? get_parameter : nullptr;
}

}  // namespace karpenter::devcluster::aws_emulator
