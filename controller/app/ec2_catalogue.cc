#include "controller/app/ec2_catalogue.h"

#include <cctype>
#include <cmath>
#include <set>
#include <utility>

#include "common/base/strings.h"
#include "common/model/labels.h"
#include "controller/aws/client/ec2_codec.h"
#include "controller/aws/provider/instance_type_build.h"

namespace karpenter::app {
namespace {

using json::View;
namespace labels = model::labels;

std::string escaped(std::string text) {
  text = base::replace_all(std::move(text), "&", "&amp;");
  text = base::replace_all(std::move(text), "<", "&lt;");
  return text;
}

std::string element(std::string_view name, View value);

// The command prints the answer's XML with other names and brackets: `instanceType` as `InstanceType`, items
// as lists.
std::string inner(View value) {
  if (const auto text = value.string()) return escaped(std::string(*text));
  std::string out;
  for (const auto& [name, member] : value.members()) {
    std::string lower(name);
    if (!lower.empty()) lower[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(lower[0])));
    out += element(lower, member);
  }
  for (const View item : value.items()) out += element("item", item);
  return value.is_object() || value.is_array() ? out : value.dump();
}

std::string element(std::string_view name, View value) {
  return "<" + std::string(name) + ">" + inner(value) + "</" + std::string(name) + ">";
}

base::Result<cloud::Offering> read_offering(View from) {
  cloud::Offering out;
  out.zone = from["Zone"].string_or("");
  out.capacity_type = from["CapacityType"].string_or("");
  const auto price = from["Price"].number();
  if (out.zone.empty()) return base::invalid("an offering has no Zone");
  if (out.capacity_type != labels::kOnDemand && out.capacity_type != labels::kSpot)
    return base::invalid("the CapacityType of an offering must be on-demand or spot");
  if (!price || *price < 0 || !std::isfinite(*price))
    return base::invalid("the Price of an offering must be a number >= 0");
  out.price = *price;
  out.available = from["Available"].bool_or(true);
  out.requirements.add(model::Requirement::in(labels::kCapacityType, {out.capacity_type}));
  out.requirements.add(model::Requirement::in(labels::kZone, {out.zone}));
  return out;
}

base::Result<std::shared_ptr<const cloud::InstanceType>> read_type(View from) {
  ASSIGN_OR_RETURN(const auto document, aws::XmlDocument::parse(element("item", from)));
  const aws::InstanceTypeInfo info = aws::decode_instance_type(document.root());
  if (info.name.empty()) return base::invalid("an instance type has no InstanceType");
  std::vector<cloud::Offering> offerings;
  std::set<std::string> zones;
  aws::BuildContext context;
  for (const View entry : from["Offerings"].items()) {
    auto offering = read_offering(entry);
    if (!offering) return std::move(offering).error().add("instance-type", info.name);
    if (zones.insert(offering->zone).second)
      context.zones.push_back({.zone = offering->zone, .zone_id = "", .subnet_ids = {}});
    offerings.push_back(std::move(*offering));
  }
  const std::string zone = zones.empty() ? "" : *zones.begin();
  context.region = zone.substr(0, zone.find_last_not_of("abcdefghijklmnopqrstuvwxyz") + 1);
  auto type = aws::build_instance_type(info, zones, context);
  type.offerings = std::move(offerings);
  return std::make_shared<const cloud::InstanceType>(std::move(type));
}

}  // namespace

base::Result<cloud::InstanceTypes> read_ec2_catalogue(View answer) {
  cloud::InstanceTypes out;
  for (const View item : answer["InstanceTypes"].items()) {
    ASSIGN_OR_RETURN(auto type, read_type(item));
    out.push_back(std::move(type));
  }
  if (out.empty()) return base::invalid("no InstanceTypes");
  return out;
}

}  // namespace karpenter::app
