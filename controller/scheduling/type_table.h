#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "common/model/requirements.h"
#include "controller/cloud/instance_type.h"
#include "controller/scheduling/amounts.h"
#include "controller/scheduling/bits.h"

namespace karpenter::scheduling {

inline constexpr double kNoPrice = std::numeric_limits<double>::infinity();

// The instance types of one NodePool as dense columns: ids are positions in the list. Immutable once built.
// spec: scheduling §25.2 items 2-4
class TypeTable {
 public:
  // Knows the resources that have an id in `names` at that time.
  TypeTable(cloud::InstanceTypes types, const Interner& names);

  [[nodiscard]] std::size_t size() const { return types_.size(); }
  [[nodiscard]] const cloud::InstanceType& type(std::size_t i) const { return *types_[i]; }
  [[nodiscard]] const std::shared_ptr<const cloud::InstanceType>& pointer(std::size_t i) const {
    return types_[i];
  }
  [[nodiscard]] const cloud::InstanceTypes& types() const { return types_; }

  // Leaves in `set` the types whose allocatable holds `load`. One binary search and one AND per resource.
  void keep_fitting(const Amounts& load, Bits& set) const;

  // Distinct requirement sets of available offerings: zone x capacity type and the like.
  struct Signature {
    model::Requirements requirements;
    Bits types;                  // with an available offering of this kind
    std::vector<double> prices;  // by type; kNoPrice where not offered
  };
  [[nodiscard]] const std::vector<Signature>& signatures() const { return signatures_; }

 private:
  void index_resource(Id resource, const std::vector<Amounts>& allocatable);
  void index_offerings();

  struct Column {
    std::vector<std::int64_t> amounts;  // distinct, ascending
    std::vector<Bits> at_least;         // by position in `amounts`
  };
  cloud::InstanceTypes types_;
  std::vector<Column> columns_;  // by resource id
  Bits usable_;                  // types whose allocatable is nowhere negative
  std::vector<Signature> signatures_;
};

// A text that is equal for equal requirement sets only.
[[nodiscard]] std::string fingerprint(const model::Requirements& requirements);
[[nodiscard]] std::string fingerprint(const model::Requirement& requirement);

}  // namespace karpenter::scheduling
