#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "controller/cloud/instance_type.h"

namespace karpenter::scheduling {

// A list of instance types that many new nodes of a plan share: copies cost nothing, changing one copies.
class TypeList {
 public:
  TypeList() = default;
  TypeList(cloud::InstanceTypes types)  // NOLINT(google-explicit-constructor): it is one
      : types_(std::make_shared<const cloud::InstanceTypes>(std::move(types))) {}

  operator const cloud::InstanceTypes&() const {
    return all();
  }  // NOLINT(google-explicit-constructor): is one
  [[nodiscard]] auto begin() const { return all().begin(); }
  [[nodiscard]] auto end() const { return all().end(); }
  [[nodiscard]] bool empty() const { return all().empty(); }
  [[nodiscard]] std::size_t size() const { return all().size(); }
  [[nodiscard]] const auto& front() const { return all().front(); }
  [[nodiscard]] const auto& operator[](std::size_t i) const { return all()[i]; }
  void resize(std::size_t size) {
    auto types = all();
    types.resize(size);
    *this = TypeList(std::move(types));
  }

 private:
  [[nodiscard]] const cloud::InstanceTypes& all() const {
    static const cloud::InstanceTypes none;
    return types_ ? *types_ : none;
  }
  std::shared_ptr<const cloud::InstanceTypes> types_;
};

}  // namespace karpenter::scheduling
