#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/model/requirements.h"
#include "controller/scheduling/bits.h"
#include "controller/scheduling/type_table.h"

namespace karpenter::scheduling {

// Every distinct requirement set of a pass has one id; intersections and the instance types that meet a set
// are computed once per id. There are few distinct sets, so the exact set algebra stays out of the hot loop.
// Not thread-safe: lookups fill memo tables. The type tables outlive it. spec: scheduling §5.6, §25.2
class RequirementTable {
 public:
  explicit RequirementTable(const std::deque<TypeTable>& tables) : tables_(tables) {}

  [[nodiscard]] Id intern(const model::Requirements& requirements);
  [[nodiscard]] const model::Requirements& get(Id id) const { return sets_[id].requirements; }
  // `node` narrowed by `incoming`, or kNoId when incompatible (undefined well-known labels are allowed).
  // spec: §11.2 step 2
  [[nodiscard]] Id meet(Id node, Id incoming);
  // `node` narrowed to one value of `key`, or kNoId.
  [[nodiscard]] Id pin(Id node, std::string_view key, const std::string& value);
  // Types of a table that meet the set and have an available offering compatible with it. spec: scheduling
  // §12.1
  [[nodiscard]] const Bits& types(Id id, std::size_t table);
  // Only the requirement half of types(), for reasons.
  [[nodiscard]] Bits meeting(Id id, std::size_t table);
  // Cheapest available compatible offering, or kNoPrice. spec: scheduling §12.4
  [[nodiscard]] double price(Id id, std::size_t table, std::size_t type);

 private:
  struct Row {  // what the set means for one table
    bool known = false;
    Bits types;
    std::vector<Id> signatures;  // compatible ones
  };
  struct Set {
    model::Requirements requirements;
    std::vector<Row> by_table;  // grown when asked for
  };
  const Bits& meeting_one(const model::Requirement& requirement, std::size_t table);
  const Row& row(Id id, std::size_t table);

  const std::deque<TypeTable>& tables_;
  std::deque<Set> sets_;
  std::unordered_map<std::string, Id> ids_;
  std::unordered_map<std::uint64_t, Id> meets_;
  std::unordered_map<std::string, Id> pins_;
  std::unordered_map<std::string, Bits> masks_;  // by table and single requirement
};

}  // namespace karpenter::scheduling
