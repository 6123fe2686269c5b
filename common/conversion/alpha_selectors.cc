#include "common/conversion/alpha_selectors.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "common/base/strings.h"
#include "common/schema/pattern.h"
#include "common/schema/patterns.h"

namespace karpenter::conversion {
namespace {

constexpr std::size_t kMaxTerms = 30;
constexpr std::size_t kMaxTags = 20;

// A selector taken apart: alternatives of each special key, and every combination of the tags.
struct Parts {
  std::vector<std::string> ids{""};
  std::vector<std::string> names{""};
  std::vector<std::string> owners{""};
  std::vector<model::StringMap> tag_sets{{}};
  int id_keys = 0;
  int other_keys = 0;

  [[nodiscard]] std::size_t terms() const {
    return ids.size() * names.size() * owners.size() * tag_sets.size();
  }
};

std::vector<std::string> alternatives(std::string_view key, std::string_view value, std::string_view path,
                                      const Sayer& say) {
  std::vector<std::string> out;
  for (const auto& piece : base::split(value, ',')) {
    const auto text = base::trim(piece);
    if (text.empty()) {
      say("W-EMPTY-VALUE", path, "an empty value of " + std::string(key) + " is removed");
    } else if (std::ranges::find(out, text) == out.end()) {  // identical terms: the first stays
      out.emplace_back(text);
    }
  }
  if (out.empty()) say("E-SELECTOR", path, std::string(key) + " selects nothing");
  return out;
}

std::vector<model::StringMap> combined(const std::vector<model::StringMap>& tag_sets, const std::string& key,
                                       const std::vector<std::string>& values) {
  std::vector<model::StringMap> out;
  for (const auto& value : values) {
    for (auto tags : tag_sets) {
      tags.insert_or_assign(key, value);
      out.push_back(std::move(tags));
    }
  }
  return out;
}

enum class Terms : std::uint8_t { kPlain, kAmi };

// Stops where the product gets too large: it grows with every key. spec: conversion §7 item 19
Parts take_apart(const model::StringMap& selector, Terms kind, std::string_view path, const Sayer& say) {
  Parts out;
  std::size_t tag_keys = 0;
  for (const auto& [key, value] : selector) {  // byte-wise ascending
    auto values = alternatives(key, value, path, say);
    if (key == "aws-ids" || key == "aws::ids") {
      ++out.id_keys;
      out.ids = std::move(values);
    } else if (kind == Terms::kAmi && key == "aws::name") {
      out.names = std::move(values);
    } else if (kind == Terms::kAmi && key == "aws::owners") {
      out.owners = std::move(values);
    } else {
      ++tag_keys;
      if (out.tag_sets.size() * values.size() <= kMaxTerms) {
        out.tag_sets = combined(out.tag_sets, key, values);
      } else {
        say("E-SELECTOR", path, "gives more than 30 terms, at " + key);
        return out;
      }
    }
    if (key != "aws-ids" && key != "aws::ids") ++out.other_keys;
  }
  if (out.id_keys > 1 || (out.id_keys == 1 && out.other_keys > 0))
    say("E-SELECTOR", path, "an id key excludes all other keys of a selector");
  if (tag_keys > kMaxTags) say("E-SELECTOR", path, "gives terms of more than 20 tags");
  if (out.terms() > kMaxTerms) say("E-SELECTOR", path, "gives more than 30 terms");
  return out;
}

void check_ids(const std::vector<std::string>& ids, std::string_view pattern, std::string_view path,
               const Sayer& say) {
  const auto wanted = schema::Pattern::compile(pattern);
  for (const auto& id : ids) {
    if (!id.empty() && !wanted->matches(id))
      say("E-SELECTOR", path, id + " does not match " + std::string(pattern));
  }
}

}  // namespace

std::vector<model::SelectorTerm> expand_selector(const model::StringMap& selector, std::string_view path,
                                                 const Sayer& say) {
  const Parts parts = take_apart(selector, Terms::kPlain, path, say);
  const bool is_subnet = path.ends_with("subnetSelector");
  check_ids(parts.ids, is_subnet ? schema::patterns::kSubnetId : schema::patterns::kSecurityGroupId, path,
            say);
  std::vector<model::SelectorTerm> out;
  if (parts.terms() > kMaxTerms) return out;
  for (const auto& id : parts.ids) {
    for (const auto& tags : parts.tag_sets) {
      if (id.empty() && tags.empty()) continue;
      out.push_back({.id = id, .name = {}, .tags = tags});
    }
  }
  return out;
}

std::vector<model::AmiSelectorTerm> expand_ami_selector(const model::StringMap& selector,
                                                        std::string_view path, const Sayer& say) {
  const Parts parts = take_apart(selector, Terms::kAmi, path, say);
  check_ids(parts.ids, schema::patterns::kAmiId, path, say);
  std::vector<model::AmiSelectorTerm> out;
  if (parts.terms() > kMaxTerms) return out;
  for (const auto& owner : parts.owners) {
    for (const auto& id : parts.ids) {
      for (const auto& name : parts.names) {
        for (const auto& tags : parts.tag_sets) {
          model::AmiSelectorTerm term;
          term.owner = owner;
          term.id = id;
          term.name = name;
          term.tags = tags;
          const bool is_owner_only = !owner.empty() && id.empty() && name.empty() && tags.empty();
          if (is_owner_only) {
            term.name = "*";  // v1 rejects a term with only an owner
            say("W-OWNER-ONLY", path, "any image of owner " + owner);
          }
          out.push_back(std::move(term));
        }
      }
    }
  }
  return out;
}

}  // namespace karpenter::conversion
