#include "controller/planner/catalogue.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <utility>

#include "common/json/yaml.h"
#include "common/model/labels.h"

namespace karpenter::planner {
namespace {

using json::View;
namespace labels = model::labels;

base::Error wrong(std::string what, std::string path) {
  return base::invalid(std::move(what)).add("path", std::move(path));
}

base::Result<model::Resources> read_resources(View from, const std::string& path) {
  model::Resources out;
  for (const auto& [name, amount] : from.members()) {
    const auto number = amount.number();
    const auto text = amount.string();
    auto quantity = model::Quantity::parse(text ? std::string(*text) : number ? amount.dump() : "");
    if (!quantity) return std::move(quantity).error().add("path", path + "[" + std::string(name) + "]");
    out.set(name, *quantity);
  }
  return out;
}

base::Result<model::Requirement> read_requirement(View from, const std::string& path) {
  const auto key = from["key"].string();
  if (!key) return wrong("a requirement has no key", path);
  const auto op = model::Requirement::parse_op(from["operator"].string_or(""));
  if (!op) return wrong("a requirement has no known operator", path + ".operator");
  std::vector<std::string> values;
  for (const View value : from["values"].items()) {
    if (!value.is_string()) return wrong("a value must be a string", path + ".values");
    values.push_back(value.string_or(""));
  }
  auto out = model::Requirement::make(*key, *op, values);
  if (!out) return std::move(out).error().add("path", path);
  return out;
}

base::Result<model::Requirements> read_requirements(View from, const std::string& path) {
  model::Requirements out;
  for (std::size_t i = 0; i < from.size(); ++i) {
    ASSIGN_OR_RETURN(auto requirement, read_requirement(from[i], path + "[" + std::to_string(i) + "]"));
    out.add(std::move(requirement));
  }
  return out;
}

std::string only_value(const model::Requirements& requirements, std::string_view key) {
  const auto* found = requirements.find(key);
  return found != nullptr && !found->complement() && found->values().size() == 1 ? *found->values().begin()
                                                                                 : "";
}

base::Result<cloud::Offering> read_offering(View from, const std::string& path) {
  cloud::Offering out;
  ASSIGN_OR_RETURN(out.requirements, read_requirements(from["requirements"], path + ".requirements"));
  const auto price = from["price"].number();
  if (!price || *price < 0 || !std::isfinite(*price))
    return wrong("a price must be a number >= 0", path + ".price");
  out.price = *price;
  out.zone = only_value(out.requirements, labels::kZone);
  out.capacity_type = only_value(out.requirements, labels::kCapacityType);
  out.available = from["available"].bool_or(true);
  out.reservation_capacity = from["reservationCapacity"].integer_or(0);
  return out;
}

base::Result<cloud::InstanceType> read_type(View from, const std::string& path) {
  cloud::InstanceType out;
  out.name = from["name"].string_or("");
  if (out.name.empty()) return wrong("an instance type has no name", path + ".name");
  ASSIGN_OR_RETURN(out.requirements, read_requirements(from["requirements"], path + ".requirements"));
  if (!out.requirements.has(labels::kInstanceType))
    out.requirements.add(model::Requirement::in(labels::kInstanceType, {out.name}));
  ASSIGN_OR_RETURN(out.capacity, read_resources(from["capacity"], path + ".capacity"));
  for (const auto* part : {"kubeReserved", "systemReserved", "evictionThreshold"}) {
    ASSIGN_OR_RETURN(const auto overhead, read_resources(from["overhead"][part], path + ".overhead." + part));
    out.overhead += overhead;
  }
  const View offerings = from["offerings"];
  for (std::size_t i = 0; i < offerings.size(); ++i) {
    ASSIGN_OR_RETURN(auto offering,
                     read_offering(offerings[i], path + ".offerings[" + std::to_string(i) + "]"));
    out.offerings.push_back(std::move(offering));
  }
  std::ranges::stable_sort(out.offerings, {},
                           [](const cloud::Offering& o) { return std::tie(o.capacity_type, o.zone); });
  return out;
}

// By name; kInvalid when one is there twice.
base::Result<cloud::InstanceTypes> sorted(cloud::InstanceTypes types) {
  const auto name = [](const auto& type) { return std::string_view(type->name); };
  std::ranges::sort(types, {}, name);
  const auto twice = std::ranges::adjacent_find(types, {}, name);
  if (twice != types.end())
    return base::invalid("an instance type is given twice").add("name", (*twice)->name);
  return types;
}

base::Result<cloud::InstanceTypes> read_types(View from, const std::string& path) {
  if (!from.is_array()) return wrong("instance types must be a list", path);
  cloud::InstanceTypes out;
  for (std::size_t i = 0; i < from.size(); ++i) {
    ASSIGN_OR_RETURN(auto type, read_type(from[i], path + "[" + std::to_string(i) + "]"));
    out.push_back(std::make_shared<const cloud::InstanceType>(std::move(type)));
  }
  return sorted(std::move(out));
}

bool is_reservation_label(std::string_view key) {
  return key.ends_with("/reservation-id") || key.ends_with("/capacity-reservation-id");
}

void note_labels(const cloud::InstanceType& type, Catalogue& out) {
  for (const auto& [key, requirement] : type.requirements) out.labels.insert(key);
  for (const auto& offering : type.offerings) {
    for (const auto& [key, requirement] : offering.requirements) {
      out.labels.insert(key);
      const bool is_first = out.reservation_label.empty();
      if (is_first && is_reservation_label(key)) out.reservation_label = key;
    }
  }
}

base::Status read_lists(View root, const CloudForm& cloud_form, Catalogue& out) {
  if (root.is_array()) {
    ASSIGN_OR_RETURN(out.by_pool[""], read_types(root, ""));
    return base::ok();
  }
  if (root["InstanceTypes"].is_array() && cloud_form) {
    ASSIGN_OR_RETURN(auto types, cloud_form(root));
    ASSIGN_OR_RETURN(out.by_pool[""], sorted(std::move(types)));
    return base::ok();
  }
  if (!root.is_object())
    return base::invalid("a catalogue must be a list of instance types, or such lists by NodePool");
  for (const auto& [pool, types] : root.members()) {
    ASSIGN_OR_RETURN(out.by_pool[std::string(pool)], read_types(types, std::string(pool)));
  }
  return base::ok();
}

base::Result<Catalogue> read_document(View root, const CloudForm& cloud_form) {
  Catalogue out;
  RETURN_IF_ERROR(read_lists(root, cloud_form, out));
  for (const auto& [pool, types] : out.by_pool)
    for (const auto& type : types) note_labels(*type, out);
  return out;
}

base::Result<json::Value> parse_one(const Source& source) {
  const std::size_t first = source.text.find_first_not_of(" \t\r\n");
  const char start = first == std::string::npos ? ' ' : source.text[first];
  if (start == '[' || start == '{') return json::parse(source.text);
  ASSIGN_OR_RETURN(auto documents, json::parse_yaml(source.text));
  if (documents.size() != 1) return base::invalid("a catalogue must be one document");
  return std::move(documents.front());
}

}  // namespace

const cloud::InstanceTypes* Catalogue::find(std::string_view pool) const {
  auto it = by_pool.find(pool);
  if (it == by_pool.end()) it = by_pool.find("");
  return it == by_pool.end() ? nullptr : &it->second;
}

void Catalogue::scale_prices(std::string_view capacity_type, double factor) {
  for (auto& [pool, types] : by_pool) {
    for (auto& type : types) {
      auto changed = std::make_shared<cloud::InstanceType>(*type);
      for (auto& offering : changed->offerings)
        if (offering.capacity_type == capacity_type) offering.price *= factor;
      type = std::move(changed);
    }
  }
}

base::Result<Catalogue> read_catalogue(const Source& source, const CloudForm& cloud_form) {
  auto root = parse_one(source);
  auto out = root ? read_document(*root, cloud_form) : base::Result<Catalogue>(std::move(root).error());
  if (!out) return std::move(out).error().add("at", source.name);
  return out;
}

}  // namespace karpenter::planner
