#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "common/json/json.h"
#include "common/schema/type.h"

// Random objects drawn from the field tables alone: what a table says is all that is known about a kind.

namespace karpenter::support {

enum class Draw : std::uint8_t {
  kContent,  // types right, nothing empty or zero: what even a partial model keeps
  kAny,      // types right; empty, zero, huge, negative, odd text
  kValid,    // what schema::validate accepts, with the limits themselves among the values
};

// Draws objects. The same seed and table give the same objects. Not thread-safe.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : state_(seed) {}

  // An object of `type`, without apiVersion and kind.
  [[nodiscard]] json::Value object(const schema::Type& type, Draw draw);
  // Replaces one random node below `at` by something of another kind.
  void damage(json::Ref at);

  [[nodiscard]] std::uint64_t below(std::uint64_t bound);  // [0, bound), bound > 0
  [[nodiscard]] bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  // False when there is nothing to set (no value fits, or an object without members in kContent).
  bool fill(const schema::Type& type, std::string_view name, json::Ref to);
  bool fill_list(const schema::Type& type, std::string_view name, json::Ref to);
  bool fill_map(const schema::Type& type, std::string_view name, json::Ref to);
  bool fill_object(const schema::Type& type, json::Ref to);
  bool fill_text(const schema::Type& type, std::string_view name, json::Ref to);
  void fill_integer(const schema::Type& type, json::Ref to);
  void fill_quantity(json::Ref to);
  void fill_metadata(json::Ref to);
  std::size_t count(const schema::Limits& limits);
  std::string_view pick(std::span<const std::string_view> words) { return words[below(words.size())]; }

  std::uint64_t state_;
  Draw draw_ = Draw::kAny;
  std::size_t depth_ = 0;
};

// The smallest part of `object` that still `fails`: members and items are dropped one by one. apiVersion,
// kind and metadata.name stay.
[[nodiscard]] json::Value shrink(json::Value object, const std::function<bool(json::View)>& fails);

}  // namespace karpenter::support
