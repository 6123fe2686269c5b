#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

// JSON documents: View reads, Ref changes, Value owns. A document lives in an arena of its own: reading one
// is a few allocations, and what changes drop is given back when the document dies or is copied. Objects keep
// their keys sorted, so that equal documents print equal bytes. Not thread-safe for writing; concurrent
// reading is safe.

namespace karpenter::json {

class Value;
class Arena;
struct Document;
struct Node;

enum class Kind : std::uint8_t { kMissing, kNull, kBool, kInt, kDouble, kString, kArray, kObject };

// A read cursor. Cheap to copy; valid while the document lives and is not changed. A cursor to something that
// does not exist is "missing": every query on it answers empty, so chains such as v["a"]["b"].string_or("")
// need no checks.
class View {
 public:
  View() = default;
  explicit View(const Node* node) : node_(node) {}

  [[nodiscard]] Kind kind() const;
  [[nodiscard]] bool exists() const { return node_ != nullptr; }  // null exists
  [[nodiscard]] bool is_null() const { return kind() == Kind::kNull; }
  [[nodiscard]] bool is_object() const { return kind() == Kind::kObject; }
  [[nodiscard]] bool is_array() const { return kind() == Kind::kArray; }
  [[nodiscard]] bool is_string() const { return kind() == Kind::kString; }
  [[nodiscard]] bool is_number() const { return kind() == Kind::kInt || kind() == Kind::kDouble; }
  [[nodiscard]] bool is_bool() const { return kind() == Kind::kBool; }

  View operator[](std::string_view key) const;  // missing unless an object with that key
  View operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  View operator[](std::size_t index) const;  // missing unless an array that long
  // RFC 6901 pointer ("/spec/template/labels/a~1b"); missing when any step misses.
  [[nodiscard]] View at_pointer(std::string_view pointer) const;

  [[nodiscard]] std::size_t size() const;         // entries of an array or object, else 0
  [[nodiscard]] std::vector<View> items() const;  // of an array, else empty
  [[nodiscard]] std::vector<std::pair<std::string_view, View>> members()
      const;  // of an object, sorted by key

  [[nodiscard]] std::optional<std::string_view> string() const;
  [[nodiscard]] std::optional<std::int64_t> integer() const;  // also a double without fraction within range
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] std::optional<bool> boolean() const;
  [[nodiscard]] std::string string_or(std::string_view fallback) const;
  [[nodiscard]] std::int64_t integer_or(std::int64_t fallback) const;
  [[nodiscard]] bool bool_or(bool fallback) const;

  [[nodiscard]] std::string dump() const;                   // compact; "" when missing
  [[nodiscard]] std::string dump_pretty() const;            // two blanks
  [[nodiscard]] Value clone() const;                        // null when missing
  void append_to(std::string& out) const;                   // dump() behind what `out` holds
  [[nodiscard]] const Node* node() const { return node_; }  // for common/json

  friend bool operator==(View a, View b);  // deep; missing == missing; 1 == 1.0

 private:
  const Node* node_ = nullptr;
};

// A write cursor into a Value: valid while that node is not removed and its parent array not resized.
class Ref {
 public:
  Ref(Node* node, Arena& arena) : node_(node), arena_(&arena) {}
  operator View() const {
    return View(node_);
  }  // NOLINT(google-explicit-constructor): a Ref reads like a View
  [[nodiscard]] View view() const { return View(node_); }

  // The member, created as null when absent; a non-object becomes an empty object first.
  Ref operator[](std::string_view key) const;
  Ref operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  Ref operator[](std::size_t index) const;  // must exist

  void set(std::nullptr_t) const;
  void set(bool value) const;
  void set(std::int64_t value) const;
  void set(int value) const { set(static_cast<std::int64_t>(value)); }
  void set(double value) const;
  void set(std::string_view value) const;
  void set(const std::string& value) const { set(std::string_view(value)); }
  void set(const char* value) const { set(std::string_view(value)); }
  void set(View value) const;  // deep copy; missing sets null
  void set(Value&& value) const;
  void set_object() const;  // {}
  void set_array() const;   // []

  bool erase(std::string_view key) const;  // of an object; false when absent
  void erase(std::size_t index) const;     // of an array
  Ref push_back() const;                   // appends null (a non-array becomes an empty array first)
  Ref insert(std::size_t index) const;     // inserts null before `index`
  void push_back(View value) const;
  void push_back(std::string_view value) const;
  [[nodiscard]] Node* node() const { return node_; }      // for common/json
  [[nodiscard]] Arena& arena() const { return *arena_; }  // for common/json

 private:
  Node* node_;
  Arena* arena_;
};

// Owns one document. Movable, deep-copyable. Null by default.
class Value {
 public:
  Value();
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();
  explicit Value(View view);
  explicit Value(std::unique_ptr<Document> document);  // for common/json

  static Value object();
  static Value array();
  static Value of(std::string_view text);

  operator View() const { return view(); }  // NOLINT(google-explicit-constructor): a Value reads like a View
  [[nodiscard]] View view() const;
  [[nodiscard]] Ref ref();
  View operator[](std::string_view key) const { return view()[key]; }
  View operator[](const char* key) const { return view()[std::string_view(key)]; }
  Ref operator[](std::string_view key) { return ref()[key]; }
  Ref operator[](const char* key) { return ref()[std::string_view(key)]; }
  [[nodiscard]] std::string dump() const { return view().dump(); }
  friend bool operator==(const Value& a, const Value& b) { return a.view() == b.view(); }

 private:
  friend class Ref;
  std::unique_ptr<Document> document_;  // none: null
};

// Strict RFC 8259, at most `max_depth` deep and `max_bytes` long. kInvalid with the byte offset. Duplicate
// keys: the last wins.
[[nodiscard]] base::Result<Value> parse(std::string_view text, std::size_t max_depth = 200,
                                        std::size_t max_bytes = std::size_t{512} << 20U);

// The entries of a text without a document, for bodies too large to hold as one: views into `text`, in its
// order. Only strings and brackets are looked at: whoever parses an entry finds what is wrong inside.
// kInvalid with the byte offset when `text` is no object (array) or cut off.
[[nodiscard]] base::Result<std::vector<std::pair<std::string, std::string_view>>> split_object(
    std::string_view text);
[[nodiscard]] base::Result<std::vector<std::string_view>> split_array(std::string_view text);

// RFC 7396: applies `patch` to `target` in place.
void apply_merge_patch(Ref target, View patch);
// The smallest merge patch that turns `before` into `after`; an empty object when they are equal. Lists are
// replaced whole.
[[nodiscard]] Value make_merge_patch(View before, View after);

// RFC 6902: all or nothing. kInvalid for a malformed patch or a missing path, kConflict for a failed `test`.
[[nodiscard]] base::Status apply_json_patch(Value& target, View patch);
// An RFC 6902 patch that turns `before` into `after`.
[[nodiscard]] Value make_json_patch(View before, View after);

// One step of an RFC 6901 pointer: '~' -> "~0", '/' -> "~1".
[[nodiscard]] std::string escape_pointer(std::string_view step);

}  // namespace karpenter::json
