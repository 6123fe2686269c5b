#include "tests/devcluster/aws/ec2.h"

#include <set>

#include "common/base/strings.h"
#include "common/net/crypto.h"

namespace karpenter::devcluster::aws_emulator {

base::Status Ec2Call::ready() const {
  RETURN_IF_ERROR(form.finish());
  if (dry_run) return failure("DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
  return base::ok();
}

std::string Ec2Call::fingerprint() const { return net::sha256(body); }

const Ec2Entry* find_ec2_operation(std::string_view name) {
  static const std::map<std::string_view, Ec2Entry> operations = {
      {"CreateFleet", {create_fleet, true}},
      {"CreateLaunchTemplate", {create_launch_template, true}},
      {"CreateTags", {create_tags, true}},
      {"DeleteLaunchTemplate", {delete_launch_template, true}},
      {"DeleteTags", {delete_tags, true}},
      {"DescribeAvailabilityZones", {describe_availability_zones, false}},
      {"DescribeCapacityReservations", {describe_capacity_reservations, false}},
      {"DescribeImages", {describe_images, false}},
      {"DescribeInstanceStatus", {describe_instance_status, false}},
      {"DescribeInstanceTypeOfferings", {describe_instance_type_offerings, false}},
      {"DescribeInstanceTypes", {describe_instance_types, false}},
      {"DescribeInstances", {describe_instances, false}},
      {"DescribeLaunchTemplates", {describe_launch_templates, false}},
      {"DescribePlacementGroups", {describe_placement_groups, false}},
      {"DescribeSecurityGroups", {describe_security_groups, false}},
      {"DescribeSpotPriceHistory", {describe_spot_price_history, false}},
      {"DescribeSubnets", {describe_subnets, false}},
      {"RebootInstances", {reboot_instances, true}},
      {"RunInstances", {run_instances, true}},
      {"TerminateInstances", {terminate_instances, true}},
  };
  const auto found = operations.find(name);
  return found == operations.end() ? nullptr : &found->second;
}

bool wildcard_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

base::Result<std::vector<Filter>> read_filters(const Param& params,
                                               std::initializer_list<std::string_view> known) {
  std::vector<Filter> filters;
  for (const auto& entry : params["Filter"].list()) {
    Filter filter{entry["Name"].required(), entry["Value"].texts()};
    const bool is_tag =
        filter.name == "tag-key" || (filter.name.starts_with("tag:") && filter.name.size() > 4);
    if (!is_tag && std::find(known.begin(), known.end(), filter.name) == known.end()) {
      return failure("InvalidParameterValue", "The filter '" + filter.name + "' is invalid");
    }
    if (filter.values.empty()) {
      return failure("InvalidParameterValue",
                     "The filter '" + filter.name + "' must have at least one value");
    }
    filters.push_back(std::move(filter));
  }
  return filters;
}

bool matches(const std::vector<Filter>& filters, const Fields& fields, const Tags& tags) {
  return std::all_of(filters.begin(), filters.end(), [&](const Filter& filter) {
    std::vector<std::string> values;
    if (filter.name == "tag-key") {
      for (const auto& [key, value] : tags) values.push_back(key);
    } else if (filter.name.starts_with("tag:")) {
      if (const auto tag = tags.find(filter.name.substr(4)); tag != tags.end()) values.push_back(tag->second);
    } else if (const auto field = fields.find(filter.name); field != fields.end()) {
      values = field->second;
    }
    return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
      return std::any_of(filter.values.begin(), filter.values.end(),
                         [&](const std::string& pattern) { return wildcard_match(pattern, value); });
    });
  });
}

base::Result<Page> read_page(const Ec2Call& call, PageBounds bounds) {
  Page page;
  const auto max = call.params["MaxResults"].integer();
  if (max && (*max < bounds.min || *max > bounds.max)) {
    return failure("InvalidParameterValue",
                   "Value ( " + std::to_string(*max) +
                       " ) for parameter maxResults is invalid. Expecting a value between " +
                       std::to_string(bounds.min) + " and " + std::to_string(bounds.max) + ".");
  }
  page.limit = static_cast<std::size_t>(max.value_or(0));
  const auto cap = static_cast<std::size_t>(call.account.switches.page_limit);
  if (cap > 0 && max) page.limit = std::min(page.limit, cap);
  const auto token = call.params["NextToken"].text_or("");
  if (token.empty()) return page;
  const auto decoded = base::base64_decode(token);
  if (!decoded || !decoded->starts_with("after:"))
    return failure("InvalidNextToken", "The specified NextToken is not valid");
  page.after = decoded->substr(6);
  return page;
}

std::string page_of(std::string_view set, std::vector<Row> rows, const Page& page) {
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  if (!page.after.empty()) std::erase_if(rows, [&](const Row& row) { return row.key <= page.after; });
  const bool more = page.limit > 0 && rows.size() > page.limit;
  if (more) rows.resize(page.limit);
  Xml xml;
  xml.node(set, [&](Xml& list) {
    for (const auto& row : rows) list.node("item", [&](Xml& item) { item.raw(row.xml); });
  });
  if (more) xml.text("nextToken", base::base64_encode("after:" + rows.back().key));
  return xml.str();
}

void write_tags(Xml& xml, const Tags& tags) {
  if (tags.empty()) return;
  xml.node("tagSet", [&](Xml& set) {
    for (const auto& [key, value] : tags) {
      set.node("item", [&](Xml& item) { item.text("key", key).text("value", value); });
    }
  });
}

Tags read_tags(const Param& parent) {
  Tags tags;
  for (const auto& tag : parent["Tag"].list()) tags[tag["Key"].required()] = tag["Value"].text_or("");
  return tags;
}

base::Result<std::map<std::string, Tags>> read_tag_specifications(
    const Param& params, std::initializer_list<std::string_view> allowed) {
  std::map<std::string, Tags> by_type;
  for (const auto& entry : params["TagSpecification"].list()) {
    const auto type = entry["ResourceType"].required();
    if (std::find(allowed.begin(), allowed.end(), type) == allowed.end()) {
      return failure("InvalidParameterValue",
                     "'" + type + "' is not a valid taggable resource type for this operation.");
    }
    auto tags = read_tags(entry);
    RETURN_IF_ERROR(check_tags(tags));
    if (!by_type.emplace(type, std::move(tags)).second) {
      return failure("InvalidParameterValue", "Duplicate resource type '" + type + "' in tag specifications");
    }
  }
  return by_type;
}

base::Status check_tags(const Tags& tags) {
  if (tags.size() > 50)
    return failure("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
  for (const auto& [key, value] : tags) {
    if (key.empty() || key.size() > 127 || key.starts_with("aws:")) {
      return failure("InvalidParameterValue",
                     "Tag keys must be 1 to 127 characters and must not start with 'aws:': '" + key + "'");
    }
    if (value.size() > 255)
      return failure("InvalidParameterValue",
                     "Tag value exceeds the maximum length of 255 characters: key '" + key + "'");
  }
  return base::ok();
}

base::Error invalid_value(std::string_view value, std::string_view parameter, std::string_view why) {
  std::string message =
      "Value (" + std::string(value) + ") for parameter " + std::string(parameter) + " is invalid.";
  if (!why.empty()) message.append(" ").append(why);
  return failure("InvalidParameterValue", std::move(message));
}

base::Error no_such_id(std::string_view code, std::string_view what, std::string_view id,
                       std::string_view prefix) {
  const bool malformed = !id.starts_with(prefix) || id.size() == prefix.size() ||
                         id.find_first_not_of("0123456789abcdef", prefix.size()) != std::string_view::npos;
  if (malformed) return failure(std::string(code) + ".Malformed", "Invalid id: \"" + std::string(id) + "\"");
  return failure(std::string(code) + ".NotFound",
                 "The " + std::string(what) + " '" + std::string(id) + "' does not exist");
}

}  // namespace karpenter::devcluster::aws_emulator
