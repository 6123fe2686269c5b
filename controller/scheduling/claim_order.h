#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "controller/scheduling/bits.h"

namespace karpenter::scheduling {

// Open claims, fewest pods first. Among equals the one that grew last comes first, and new claims come after
// the others with one pod: what a stable sort before each placement leaves. spec: scheduling §9.4 step 3
class ClaimOrder {
 public:
  // The next claim, with its first pod.
  void add() {
    keys_.push_back(key_of(1, ++turn_));
    after_.push_back(kNoId);
    before_.push_back(kNoId);
    link_last(static_cast<Id>(keys_.size() - 1), 1);
  }
  // One more pod on it.
  void grow(Id claim) {
    const std::size_t pods = pods_of(claim);
    unlink(claim, pods);
    keys_[claim] = key_of(pods + 1, -++turn_);
    link_first(claim, pods + 1);
  }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

  // Visits the members of `open` in order until `visit` returns true. `open` is used up.
  template <class Visit>
  bool visit(std::vector<std::uint64_t>& open, const Visit& visit) const {
    std::size_t members = 0;
    for (std::size_t w = 0; w < open.size() && members <= kFew; ++w)
      for (std::uint64_t left = open[w]; left != 0; left &= left - 1) ++members;
    if (members == 0) return false;
    return members <= kFew ? visit_few(open, visit) : visit_many(open, visit);
  }

 private:
  static constexpr std::size_t kFew = 32;
  static constexpr std::int64_t kMiddle = std::int64_t{1} << 39U;

  static std::uint64_t key_of(std::size_t pods, std::int64_t turn) {
    return (std::uint64_t{pods} << 40U) | static_cast<std::uint64_t>(kMiddle + turn);
  }
  [[nodiscard]] std::size_t pods_of(Id claim) const { return keys_[claim] >> 40U; }

  template <class Visit>
  bool visit_few(std::vector<std::uint64_t>& open, const Visit& visit) const {
    while (true) {
      Id best = kNoId;
      for (std::size_t w = 0; w < open.size(); ++w)
        for (std::uint64_t left = open[w]; left != 0; left &= left - 1) {
          const Id c = static_cast<Id>(w * 64 + static_cast<std::size_t>(std::countr_zero(left)));
          if (best == kNoId || keys_[c] < keys_[best]) best = c;
        }
      if (best == kNoId) return false;
      if (visit(best)) return true;
      open[best / 64] &= ~(std::uint64_t{1} << (best % 64));
    }
  }
  template <class Visit>
  bool visit_many(const std::vector<std::uint64_t>& open, const Visit& visit) const {
    for (const Id head : first_)
      for (Id c = head; c != kNoId; c = after_[c])
        if (((open[c / 64] >> (c % 64)) & 1U) != 0 && visit(c)) return true;
    return false;
  }

  void make_list(std::size_t pods) {
    if (first_.size() <= pods) {
      first_.resize(pods + 1, kNoId);
      last_.resize(pods + 1, kNoId);
    }
  }
  void link_first(Id claim, std::size_t pods) {
    make_list(pods);
    after_[claim] = first_[pods];
    before_[claim] = kNoId;
    (first_[pods] == kNoId ? last_[pods] : before_[first_[pods]]) = claim;
    first_[pods] = claim;
  }
  void link_last(Id claim, std::size_t pods) {
    make_list(pods);
    before_[claim] = last_[pods];
    after_[claim] = kNoId;
    (last_[pods] == kNoId ? first_[pods] : after_[last_[pods]]) = claim;
    last_[pods] = claim;
  }
  void unlink(Id claim, std::size_t pods) {
    (before_[claim] == kNoId ? first_[pods] : after_[before_[claim]]) = after_[claim];
    (after_[claim] == kNoId ? last_[pods] : before_[after_[claim]]) = before_[claim];
  }

  std::vector<std::uint64_t> keys_;  // by claim: pods, then turn
  std::vector<Id> first_, last_;     // by number of pods
  std::vector<Id> after_, before_;   // by claim
  std::int64_t turn_ = 0;
};

}  // namespace karpenter::scheduling
