#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
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
  // 0 .. size-1.
  [[nodiscard]] static Bits all(std::size_t size) {
    Bits out(size);
    out.fill(size);
    return out;
  }

  void set(std::size_t i) {
    if (i / 64 >= words_.size()) words_.resize(i / 64 + 1, 0);
    words_[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  void reset(std::size_t i) {
    if (i / 64 < words_.size()) words_[i / 64] &= ~(std::uint64_t{1} << (i % 64));
  }
  // Becomes 0 .. size-1, without allocating when it was as long before.
  void fill(std::size_t size) {
    words_.assign((size + 63) / 64, ~std::uint64_t{0});
    if (size % 64 != 0) words_.back() = (std::uint64_t{1} << (size % 64)) - 1;
  }
  void clear() { std::ranges::fill(words_, 0); }
  [[nodiscard]] bool has(std::size_t i) const {
    return i / 64 < words_.size() && ((words_[i / 64] >> (i % 64)) & 1U) != 0;
  }
  [[nodiscard]] std::uint64_t word(std::size_t w) const { return w < words_.size() ? words_[w] : 0; }
  [[nodiscard]] std::size_t word_count() const { return words_.size(); }
  [[nodiscard]] bool any() const {
    return std::ranges::any_of(words_, [](std::uint64_t word) { return word != 0; });
  }
  // Exactly one member.
  [[nodiscard]] bool is_single() const {
    std::uint64_t seen = 0;
    for (const auto word : words_) {
      if ((word & (word - 1)) != 0 || (word != 0 && seen != 0)) return false;
      seen |= word;
    }
    return seen != 0;
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    for (const auto word : words_) n += static_cast<std::size_t>(std::popcount(word));
    return n;
  }
  // The least member, or SIZE_MAX.
  [[nodiscard]] std::size_t first() const {
    for (std::size_t w = 0; w < words_.size(); ++w)
      if (words_[w] != 0) return w * 64 + static_cast<std::size_t>(std::countr_zero(words_[w]));
    return SIZE_MAX;
  }
  [[nodiscard]] bool intersects(const Bits& other) const {
    for (std::size_t w = 0; w < words_.size(); ++w)
      if ((words_[w] & other.word(w)) != 0) return true;
    return false;
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
  Bits& operator-=(const Bits& other) {
    for (std::size_t w = 0; w < words_.size(); ++w) words_[w] &= ~other.word(w);
    return *this;
  }
  friend bool operator==(const Bits&, const Bits&) = default;
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

// A running hash over fields. Not stable between builds; only for tables that compare on a hit.
class Hash {
 public:
  Hash& add(std::uint64_t value) {
    state_ = (state_ ^ value) * 0x9E3779B97F4A7C15ULL;
    state_ ^= state_ >> 29U;
    return *this;
  }
  Hash& add(std::string_view text) { return add(std::hash<std::string_view>()(text)); }
  [[nodiscard]] std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 1469598103934665603ULL;
};

}  // namespace karpenter::scheduling
