#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// The small-integer ground the scheduler stands on: strings become dense ids, sets of ids become bitsets.

namespace karpenter::scheduling {

using Id = std::uint32_t;
inline constexpr Id kNoId = UINT32_MAX;

// Strings to dense ids in order of first sight. Ids never reach an output; only names do.
class Interner {
 public:
  Id intern(std::string_view text) {
    if (const auto it = ids_.find(text); it != ids_.end()) return it->second;
    names_.emplace_back(text);
    const Id id = static_cast<Id>(names_.size() - 1);
    ids_.emplace(names_.back(), id);
    return id;
  }
  [[nodiscard]] Id find(std::string_view text) const {
    const auto it = ids_.find(text);
    return it == ids_.end() ? kNoId : it->second;
  }
  [[nodiscard]] const std::string& name(Id id) const { return names_[id]; }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  std::deque<std::string> names_;  // stable addresses for the views
  std::unordered_map<std::string_view, Id> ids_;
};

// A set of ids. Grows when an id is set; ids beyond the end are absent.
class Bits {
 public:
  Bits() = default;
  explicit Bits(std::size_t size) : words_((size + 63) / 64, 0) {}

  void set(std::size_t i) {
    if (i / 64 >= words_.size()) words_.resize(i / 64 + 1, 0);
    words_[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  [[nodiscard]] bool has(std::size_t i) const {
    return i / 64 < words_.size() && ((words_[i / 64] >> (i % 64)) & 1U) != 0;
  }
  [[nodiscard]] std::uint64_t word(std::size_t w) const { return w < words_.size() ? words_[w] : 0; }
  [[nodiscard]] std::size_t word_count() const { return words_.size(); }
  [[nodiscard]] bool any() const {
    return std::ranges::any_of(words_, [](std::uint64_t word) { return word != 0; });
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    for (const auto word : words_) n += static_cast<std::size_t>(std::popcount(word));
    return n;
  }
  Bits& operator&=(const Bits& other) {
    for (std::size_t w = 0; w < words_.size(); ++w) words_[w] &= other.word(w);
    return *this;
  }
  Bits& operator|=(const Bits& other) {
    if (words_.size() < other.words_.size()) words_.resize(other.words_.size(), 0);
    for (std::size_t w = 0; w < other.words_.size(); ++w) words_[w] |= other.words_[w];
    return *this;
  }
  // Calls `visit(i)` for each member, ascending.
  template <class Visit>
  void each(const Visit& visit) const {
    for (std::size_t w = 0; w < words_.size(); ++w)
      for (std::uint64_t left = words_[w]; left != 0; left &= left - 1)
        visit(w * 64 + static_cast<std::size_t>(std::countr_zero(left)));
  }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace karpenter::scheduling
