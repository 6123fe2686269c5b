#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/model/quantity.h"
#include "common/model/resources.h"

// What API objects remember of how they were written, so that reading and writing one gives the same text
// again. None of it takes part in comparisons. Value types, thread-compatible. spec: conversion §1 (texts)

namespace karpenter::model {

// A quantity with the text it had in the API: `1000m`, `"1024Mi"`, or a JSON number. A plain Quantity
// everywhere else; without a text of its own it is written in canonical form.
class WrittenQuantity : public Quantity {
 public:
  enum class Form : std::uint8_t { kText, kNumber };

  WrittenQuantity() = default;
  WrittenQuantity(Quantity amount)
      : Quantity(amount) {}  // NOLINT(google-explicit-constructor): is a Quantity
  // kInvalid as Quantity::parse.
  [[nodiscard]] static base::Result<WrittenQuantity> read(std::string_view text, Form form = Form::kText);

  // As it was read while the amount is still that one, else canonical.
  [[nodiscard]] std::string written() const;
  // Whether written() is to stand in JSON without quotes.
  [[nodiscard]] bool is_number() const { return form_ == Form::kNumber && is_as_read(); }
  // Whether it is written in another way than its canonical text.
  [[nodiscard]] bool is_unusual() const { return !text_.empty(); }

 private:
  [[nodiscard]] bool is_as_read() const;

  std::string text_;  // "" when canonical text
  Form form_ = Form::kText;
};

// Resources whose quantities keep their texts.
class WrittenResources : public Resources {
 public:
  using Resources::Resources;
  WrittenResources() = default;
  WrittenResources(Resources amounts)
      : Resources(std::move(amounts)) {}  // NOLINT(google-explicit-constructor): is Resources

  void set_written(std::string_view name, WrittenQuantity quantity);
  // The quantity of that name with its text, as long as its amount has not changed; zero when absent.
  [[nodiscard]] WrittenQuantity written(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, WrittenQuantity>> unusual_;
};

// JSON names of the members that stood in the object although they were empty (`values: []`, `name: ""`):
// they are written again while they are empty. The names are those of the field tables, which live for ever.
// Says nothing about the value: any two are equal.
class Blanks {
 public:
  void add(std::string_view member) { members_.push_back(member); }
  [[nodiscard]] bool contains(std::string_view member) const {
    return std::find(members_.begin(), members_.end(), member) != members_.end();
  }
  friend bool operator==(const Blanks& /*a*/, const Blanks& /*b*/) { return true; }

 private:
  std::vector<std::string_view> members_;
};

}  // namespace karpenter::model
