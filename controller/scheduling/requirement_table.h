#pragma once

#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/model/requirements.h"
#include "controller/scheduling/bits.h"
#include "controller/scheduling/type_table.h"

namespace karpenter::scheduling {

// Every distinct requirement set has one id; intersections and the instance types that meet a set are
// computed once per id. There are few distinct sets, so the exact set algebra stays out of the hot loop.
// Not thread-safe: lookups fill memo tables. The type tables outlive it and only grow in number. spec:
// scheduling §5.6, §25.2
class RequirementTable {
 public:
  // `more_well_known`: labels that may stay undefined besides the provider's own.
  explicit RequirementTable(const std::deque<TypeTable>& tables,
                            const std::set<std::string, std::less<>>& more_well_known = {});
  RequirementTable(const RequirementTable&) = delete;
  RequirementTable& operator=(const RequirementTable&) = delete;

  [[nodiscard]] Id intern(const model::Requirements& requirements);
  [[nodiscard]] Id intern(model::Requirement requirement);  // a set of one
  [[nodiscard]] const model::Requirements& get(Id id) const { return sets_[id].requirements; }
  // How many keys of the set are not well-known: a node that gets one more may suit pods it did not before.
  [[nodiscard]] std::size_t custom_keys(Id id) const { return sets_[id].custom_keys; }
  [[nodiscard]] std::size_t size() const { return sets_.size(); }
  [[nodiscard]] const std::set<std::string_view>& well_known() const { return well_known_; }
  // `node` narrowed by `incoming`, or kNoId when incompatible (undefined well-known labels are allowed).
  // spec: §11.2 step 2
  [[nodiscard]] Id meet(Id node, Id incoming);
  // `node` is compatible with `filter`, no undefined label allowed. spec: §15.3
  [[nodiscard]] bool defines(Id node, Id filter);
  // Types of a table that meet the set and have an available offering compatible with it. spec: §12.1
  [[nodiscard]] const Bits& types(Id id, std::size_t table);
  // The signatures of the table that are compatible with the set.
  [[nodiscard]] const std::vector<Id>& signatures(Id id, std::size_t table);
  // Only the requirement half of types(), for reasons.
  [[nodiscard]] Bits meeting(Id id, std::size_t table);
  // Every type of types(), cheapest launchable compatible offering first, ties by name. spec: §12.4
  struct Priced {
    double price;  // kNoPrice when nothing is launchable
    std::uint32_t type;
  };
  [[nodiscard]] const std::vector<Priced>& by_price(Id id, std::size_t table);
  // minValues of the set, if any. spec: §12.2
  struct MinValues {
    std::string key;
    std::int64_t count;
  };
  [[nodiscard]] const std::vector<MinValues>& min_values(Id id) const { return sets_[id].min_values; }
  // How many values of `key` that the set admits `types` have between them.
  [[nodiscard]] std::int64_t distinct_values(Id id, std::string_view key, std::size_t table,
                                             const Bits& types);
  // The set with other minValues for some keys.
  [[nodiscard]] Id with_min_values(Id id, const std::vector<MinValues>& changed);

 private:
  struct Row {  // what the set means for one table
    bool known = false;
    Bits types;
    std::vector<Id> signatures;  // compatible ones
    std::vector<Priced> by_price;
  };
  struct Set {
    model::Requirements requirements;
    std::vector<MinValues> min_values;
    std::size_t custom_keys = 0;
    std::vector<Row> by_table;  // grown when asked for
  };
  const Bits& meeting_one(const model::Requirement& requirement, std::size_t table);
  Row& row(Id id, std::size_t table);

  const std::deque<TypeTable>& tables_;
  std::set<std::string, std::less<>> own_well_known_;
  std::set<std::string_view> well_known_;
  std::deque<Set> sets_;
  std::unordered_map<std::string, Id> ids_;
  std::unordered_map<std::uint64_t, Id> meets_;
  std::unordered_map<std::uint64_t, bool> defines_;
  std::unordered_map<std::string, Bits> masks_;  // by table and single requirement
};

// Two requirements on one key do not conflict: they intersect, or both accept absence. spec: scheduling §5.6
[[nodiscard]] bool agree(const model::Requirement& a, const model::Requirement& b);
// The requirement is met by a node without the label.
[[nodiscard]] bool accepts_absence(const model::Requirement& requirement);

}  // namespace karpenter::scheduling
