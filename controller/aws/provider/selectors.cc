#include "controller/aws/provider/selectors.h"

namespace karpenter::aws {

std::vector<Filter> tag_filters(const model::StringMap& tags) {
  std::vector<Filter> out;
  for (const auto& [key, value] : tags) {
    if (value == "*") {
      out.push_back({"tag-key", {key}});
    } else {
      out.push_back({"tag:" + key, {value}});
    }
  }
  return out;
}

std::vector<std::vector<Filter>> selector_queries(const std::vector<model::SelectorTerm>& terms,
                                                  const SelectorFilterNames& names) {
  Filter ids{std::string(names.id), {}};
  Filter by_name{std::string(names.name), {}};
  std::vector<std::vector<Filter>> out;
  for (const auto& term : terms) {
    if (!term.id.empty()) {
      ids.values.push_back(term.id);
    } else if (!term.name.empty()) {
      by_name.values.push_back(term.name);
    } else if (!term.tags.empty()) {  // an empty term would match everything
      out.push_back(tag_filters(term.tags));
    }
  }
  if (!by_name.values.empty()) out.insert(out.begin(), {by_name});
  if (!ids.values.empty()) out.insert(out.begin(), {ids});
  return out;
}

}  // namespace karpenter::aws
