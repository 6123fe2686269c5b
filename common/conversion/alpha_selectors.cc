#include "common/conversion/alpha_selectors.h"

#include <algorithm>
#include <string>

#include "common/base/strings.h"

namespace karpenter::conversion {
namespace {

// A selector taken apart: alternatives of each special key, and every combination of the tags.
struct Parts {
  std::vector<std::string> ids{""};
  std::vector<std::string> names{""};
  std::vector<std::string> owners{""};
  std::vector<model::StringMap> tag_sets{{}};
  int id_keys = 0;
  int other_keys = 0;
};

std::vector<std::string> alternatives(std::string_view key, std::string_view value,
                                      std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> out;
  for (const auto& piece : base::split(value, ',')) {
    const auto text = base::trim(piece);
    if (text.empty()) {
      diagnostics.push_back(
          {.code = "W-EMPTY-VALUE", .message = "empty value of " + std::string(key) + " removed"});
    } else {
      out.emplace_back(text);
    }
  }
  const auto repeated = [&](auto it) { return std::find(out.begin(), it, *it) != it; };
  for (auto it = out.begin(); it != out.end();)
    it = repeated(it) ? out.erase(it) : it + 1;  // keeps the first
  if (out.empty())
    diagnostics.push_back({.code = "E-SELECTOR", .message = std::string(key) + " selects nothing"});
  return out;
}

enum class Kind : std::uint8_t { kPlain, kAmi };

Parts take_apart(const model::StringMap& selector, Kind kind, std::vector<Diagnostic>& diagnostics) {
  Parts out;
  for (const auto& [key, value] : selector) {  // byte-wise ascending
    auto values = alternatives(key, value, diagnostics);
    if (key == "aws-ids" || key == "aws::ids") {
      ++out.id_keys;
      out.ids = std::move(values);
      continue;
    }
    ++out.other_keys;
    if (kind == Kind::kAmi && key == "aws::name") {
      out.names = std::move(values);
    } else if (kind == Kind::kAmi && key == "aws::owners") {
      out.owners = std::move(values);
    } else {
      std::vector<model::StringMap> next;
      for (const auto& alternative : values) {
        for (auto tags : out.tag_sets) {
          tags.insert_or_assign(key, alternative);
          next.push_back(std::move(tags));
        }
      }
      out.tag_sets = std::move(next);
    }
  }
  if (out.id_keys > 1 || (out.id_keys == 1 && out.other_keys > 0)) {
    diagnostics.push_back(
        {.code = "E-SELECTOR", .message = "an id key excludes all other keys of a selector"});
  }
  return out;
}

}  // namespace

std::vector<model::SelectorTerm> expand_selector(const model::StringMap& selector, std::string_view name,
                                                 std::vector<Diagnostic>& diagnostics) {
  const Parts parts = take_apart(selector, Kind::kPlain, diagnostics);
  std::vector<model::SelectorTerm> out;
  for (const auto& id : parts.ids) {
    for (const auto& tags : parts.tag_sets) {
      if (id.empty() && tags.empty()) continue;
      out.push_back({.id = id, .name = {}, .tags = tags});
    }
  }
  if (out.size() > 30) {
    diagnostics.push_back({.code = "E-SELECTOR", .message = std::string(name) + " gives more than 30 terms"});
  }
  return out;
}

std::vector<model::AmiSelectorTerm> expand_ami_selector(const model::StringMap& selector,
                                                        std::vector<Diagnostic>& diagnostics) {
  const Parts parts = take_apart(selector, Kind::kAmi, diagnostics);
  std::vector<model::AmiSelectorTerm> out;
  for (const auto& owner : parts.owners) {
    for (const auto& id : parts.ids) {
      for (const auto& name : parts.names) {
        for (const auto& tags : parts.tag_sets) {
          model::AmiSelectorTerm term;
          term.owner = owner;
          term.id = id;
          term.name = name;
          term.tags = tags;
          const bool owner_only = !owner.empty() && id.empty() && name.empty() && tags.empty();
          if (owner_only) {
            term.name = "*";  // v1 rejects a term with only an owner
            diagnostics.push_back(
                {.code = "W-OWNER-ONLY", .message = "amiSelector: any image of owner " + owner});
          }
          out.push_back(std::move(term));
        }
      }
    }
  }
  if (out.size() > 30)
    diagnostics.push_back({.code = "E-SELECTOR", .message = "amiSelector gives more than 30 terms"});
  return out;
}

}  // namespace karpenter::conversion
