#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/requirements.h"
#include "controller/cloud/instance_type.h"
#include "controller/scheduling/amounts.h"
#include "controller/scheduling/bits.h"

namespace karpenter::scheduling {

inline constexpr double kNoPrice = std::numeric_limits<double>::infinity();

// The instance types of one NodePool as dense columns: ids are positions in the list. spec: scheduling §25.2
// items 2-4
class TypeTable {
 public:
  // `reservation_label`: the label of offerings that names their reservation.
  TypeTable(cloud::InstanceTypes types, std::string_view reservation_label);

  // Adds columns for resources that got an id since; a load may only name known ones.
  void know(const Interner& names);

  [[nodiscard]] std::size_t size() const { return types_.size(); }
  [[nodiscard]] const cloud::InstanceType& type(std::size_t i) const { return *types_[i]; }
  [[nodiscard]] const std::shared_ptr<const cloud::InstanceType>& pointer(std::size_t i) const {
    return types_[i];
  }
  [[nodiscard]] const cloud::InstanceTypes& types() const { return types_; }

  // Leaves in `set` the types whose allocatable holds `load`. One binary search and one AND per resource.
  void keep_fitting(const Amounts& load, Bits& set) const;
  // Allocatable by type, floored to milli-units.
  [[nodiscard]] const std::vector<std::int64_t>& allocatable(Id resource) const {
    return columns_[resource].by_type;
  }

  // The most of a resource that one type of the set can give; 0 for an empty set.
  [[nodiscard]] std::int64_t most(Id resource, const Bits& set) const { return columns_[resource].most(set); }
  // Leaves in `set` the types whose whole capacity of a resource is at most `amount`. spec: §9.4 step 5
  void keep_at_most(const std::string& resource, std::int64_t amount, Bits& set);
  // The largest capacity of a resource among the set. spec: §8.6
  [[nodiscard]] std::int64_t most_capacity(const std::string& resource, const Bits& set);

  // Distinct requirement sets of available offerings: zone x capacity type and the like.
  struct Signature {
    model::Requirements requirements;
    Bits types;                  // with an available offering of this kind
    std::vector<double> prices;  // by type; kNoPrice where not launchable
    bool reserved = false;       // then:
    std::string reservation_id = {};
    Bits full = {};  // types whose reservation is used up
  };
  [[nodiscard]] const std::vector<Signature>& signatures() const { return signatures_; }
  [[nodiscard]] bool has_reservations() const { return has_reservations_; }

 private:
  void index_offerings(std::string_view reservation_label);
  static void add_offering(Signature& signature, std::size_t type, const cloud::Offering& offering);

  struct Column {
    explicit Column(std::vector<std::int64_t> amounts_by_type);
    [[nodiscard]] std::int64_t most(const Bits& set) const;
    std::vector<std::int64_t> by_type;
    std::vector<std::int64_t> amounts;  // distinct, ascending
    std::vector<Bits> at_least;         // by position in `amounts`
  };
  const Column& capacity(const std::string& resource);
  cloud::InstanceTypes types_;
  std::vector<model::Resources> allocatable_;
  std::vector<Column> columns_;                            // by resource id
  std::map<std::string, Column, std::less<>> capacities_;  // made when asked for
  Bits usable_;                                            // types whose allocatable is nowhere negative
  std::vector<Signature> signatures_;
  bool has_reservations_ = false;
};

// Available, and if reserved with instances left. spec: scheduling §17.3
[[nodiscard]] bool is_launchable(const cloud::Offering& offering);
// The reservation that a reserved offering belongs to. spec: scheduling §17.1
[[nodiscard]] std::string reservation_of(const cloud::Offering& offering, std::string_view label);

// A text that is equal for equal requirement sets only.
[[nodiscard]] std::string fingerprint(const model::Requirements& requirements);
[[nodiscard]] std::string fingerprint(const model::Requirement& requirement);

}  // namespace karpenter::scheduling
