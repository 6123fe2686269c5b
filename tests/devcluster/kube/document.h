#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/json/json.h"
#include "common/runtime/runtime.h"

namespace karpenter::devcluster {

using Schema = std::shared_ptr<const json::Value>;

// One immutable state of one object. Its text is made once and shared by all who list or watch it.
// Thread-safe.
class Document {
 public:
  // `settled_by`: the schema this state has been pruned and defaulted by, null when that is not known.
  explicit Document(json::Value value, Schema settled_by = nullptr)
      : value_(std::move(value)), settled_by_(std::move(settled_by)) {}

  operator json::View() const {
    return value_.view();
  }  // NOLINT(google-explicit-constructor): reads like a View
  [[nodiscard]] json::View view() const { return value_.view(); }
  [[nodiscard]] const Schema& settled_by() const { return settled_by_; }
  [[nodiscard]] const std::string& text() const {
    const runtime::Lock lock(mutex_);
    if (!text_.has_value()) text_ = value_.dump();
    return *text_;
  }
  // As an item of a list of a built-in kind: without apiVersion and kind, which only the list carries.
  [[nodiscard]] const std::string& item_text() const {
    const runtime::Lock lock(mutex_);
    if (!item_text_.has_value()) {
      json::Value copy(value_);
      copy.ref().erase("apiVersion");
      copy.ref().erase("kind");
      item_text_ = copy.dump();
    }
    return *item_text_;
  }

 private:
  const json::Value value_;
  const Schema settled_by_;
  mutable runtime::Mutex mutex_;
  mutable std::optional<std::string> text_ KARP_GUARDED_BY(mutex_);
  mutable std::optional<std::string> item_text_ KARP_GUARDED_BY(mutex_);
};

using Object = std::shared_ptr<const Document>;
[[nodiscard]] inline Object make_object(json::Value value, Schema settled_by = nullptr) {
  return std::make_shared<const Document>(std::move(value), std::move(settled_by));
}

}  // namespace karpenter::devcluster
