#include "common/json/json.h"

#include <cmath>
#include <limits>
#include <utility>

#include "common/json/document.h"

namespace karpenter::json {
namespace {

const Node kNullNode{};

std::string unescape_pointer(std::string_view step) {
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] == '~' && i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1')) {
      out += step[++i] == '0' ? '~' : '/';
    } else {
      out += step[i];
    }
  }
  return out;
}

View step_into(View at, std::string_view step) {
  if (at.is_object()) return at[unescape_pointer(step)];
  if (!at.is_array() || step.empty() || step.size() > 9 || (step.size() > 1 && step[0] == '0')) return {};
  std::size_t index = 0;
  for (const char c : step) {
    if (c < '0' || c > '9') return {};
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  return at[index];
}

}  // namespace

Kind View::kind() const {
  if (node_ == nullptr) return Kind::kMissing;
  switch (node_->kind) {
    case NodeKind::kNull:
      return Kind::kNull;
    case NodeKind::kBool:
      return Kind::kBool;
    case NodeKind::kInt:
      return Kind::kInt;
    case NodeKind::kUnsigned:
    case NodeKind::kDouble:
      return Kind::kDouble;
    case NodeKind::kString:
      return Kind::kString;
    case NodeKind::kArray:
      return Kind::kArray;
    case NodeKind::kObject:
      return Kind::kObject;
  }
  return Kind::kNull;
}

View View::operator[](std::string_view key) const {
  return View(node_ == nullptr ? nullptr : find_member(*node_, key));
}

View View::operator[](std::size_t index) const {
  if (kind() != Kind::kArray || index >= node_->size) return {};
  return View(node_->items + index);
}

View View::at_pointer(std::string_view pointer) const {
  View at = *this;
  if (!pointer.empty() && pointer[0] != '/') return {};
  while (!pointer.empty() && at.exists()) {
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    at = step_into(at, pointer.substr(0, end));
    pointer.remove_prefix(end);
  }
  return at;
}

std::size_t View::size() const { return is_array() || is_object() ? node_->size : 0; }

std::vector<View> View::items() const {
  std::vector<View> out;
  if (!is_array()) return out;
  out.reserve(node_->size);
  for (std::size_t i = 0; i < node_->size; ++i) out.emplace_back(node_->items + i);
  return out;
}

std::vector<std::pair<std::string_view, View>> View::members() const {
  std::vector<std::pair<std::string_view, View>> out;
  if (!is_object()) return out;
  out.reserve(node_->size);
  for (std::size_t i = 0; i < node_->size; ++i) {
    out.emplace_back(node_->members[i].key, View(node_->members[i].value));
  }
  return out;
}

std::optional<std::string_view> View::string() const {
  return is_string() ? std::optional(text_of(*node_)) : std::nullopt;
}

std::optional<std::int64_t> View::integer() const {
  if (kind() == Kind::kInt) return node_->integer;
  if (node_ == nullptr || node_->kind != NodeKind::kDouble) return std::nullopt;
  const double real = node_->real;
  // 2^63 is exact as a double, max() is not.
  if (!(real >= -0x1p63 && real < 0x1p63) || std::trunc(real) != real) return std::nullopt;
  return static_cast<std::int64_t>(real);
}

std::optional<double> View::number() const {
  if (kind() == Kind::kInt) return static_cast<double>(node_->integer);
  if (kind() != Kind::kDouble) return std::nullopt;
  return node_->kind == NodeKind::kUnsigned ? static_cast<double>(node_->big) : node_->real;
}

std::optional<bool> View::boolean() const {
  return is_bool() ? std::optional<bool>(node_->boolean) : std::nullopt;
}

std::string View::string_or(std::string_view fallback) const {
  return std::string(string().value_or(fallback));
}
std::int64_t View::integer_or(std::int64_t fallback) const { return integer().value_or(fallback); }
bool View::bool_or(bool fallback) const { return boolean().value_or(fallback); }

std::string View::dump() const {
  std::string out;
  append_to(out);
  return out;
}
std::string View::dump_pretty() const {
  std::string out;
  if (node_ != nullptr) print(*node_, 2, out);
  return out;
}
void View::append_to(std::string& out) const {
  if (node_ != nullptr) print(*node_, -1, out);
}
Value View::clone() const { return Value(*this); }

bool operator==(View a, View b) {
  if (a.node_ == nullptr || b.node_ == nullptr) return a.node_ == b.node_;
  return a.node_ == b.node_ || equal(*a.node_, *b.node_);
}

Ref Ref::operator[](std::string_view key) const { return {&get_member(*node_, key, *arena_), *arena_}; }

Ref Ref::operator[](std::size_t index) const {
  KARP_CHECK(view().is_array() && index < node_->size);
  return {node_->items + index, *arena_};
}

void Ref::set(std::nullptr_t) const { *node_ = Node{}; }
void Ref::set(bool value) const {
  *node_ = Node{};
  node_->kind = NodeKind::kBool;
  node_->boolean = value;
}
void Ref::set(std::int64_t value) const {
  *node_ = Node{};
  node_->kind = NodeKind::kInt;
  node_->integer = value;
}
void Ref::set(double value) const { *node_ = make_real(value); }
void Ref::set(std::string_view value) const { *node_ = make_string(value, *arena_); }
void Ref::set(View value) const {
  // Through a copy: `value` may be a part of what it replaces.
  *node_ = value.exists() ? deep_copy(*value.node(), *arena_) : Node{};
}
void Ref::set(Value&& value) const {
  const auto document = std::exchange(value.document_, nullptr);
  if (document != nullptr) {
    KARP_CHECK(&document->arena != arena_);  // a document cannot move into itself
    arena_->adopt(document->arena);
  }
  *node_ = document != nullptr ? document->root : Node{};
}
void Ref::set_object() const {
  *node_ = Node{};
  node_->kind = NodeKind::kObject;
  node_->members = nullptr;
}
void Ref::set_array() const {
  *node_ = Node{};
  node_->kind = NodeKind::kArray;
  node_->items = nullptr;
}

bool Ref::erase(std::string_view key) const { return erase_member(*node_, key); }

void Ref::erase(std::size_t index) const {
  KARP_CHECK(view().is_array() && index < node_->size);
  erase_item(*node_, index);
}

Ref Ref::push_back() const { return insert(view().is_array() ? node_->size : 0); }

Ref Ref::insert(std::size_t index) const {
  KARP_CHECK(index <= (view().is_array() ? node_->size : 0));
  return {&insert_item(*node_, index, *arena_), *arena_};
}

void Ref::push_back(View value) const {
  const Node copy = value.exists() ? deep_copy(*value.node(), *arena_) : Node{};
  *push_back().node_ = copy;
}
void Ref::push_back(std::string_view value) const { push_back().set(value); }

Value::Value() = default;
Value::Value(const Value& other) : Value(other.view()) {}
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(const Value& other) {
  if (this != &other) *this = Value(other);
  return *this;
}
Value& Value::operator=(Value&& other) noexcept {
  std::swap(document_, other.document_);
  return *this;
}
Value::~Value() = default;
Value::Value(std::unique_ptr<Document> document) : document_(std::move(document)) {}
Value::Value(View view) {
  if (!view.exists() || view.is_null()) return;
  document_ = std::make_unique<Document>();
  document_->arena.expect(bytes_of(*view.node()));
  document_->root = deep_copy(*view.node(), document_->arena);
}

View Value::view() const { return View(document_ == nullptr ? &kNullNode : &document_->root); }
Ref Value::ref() {
  if (document_ == nullptr) document_ = std::make_unique<Document>();
  return {&document_->root, document_->arena};
}

Value Value::object() {
  Value out;
  out.ref().set_object();
  return out;
}
Value Value::array() {
  Value out;
  out.ref().set_array();
  return out;
}
Value Value::of(std::string_view text) {
  Value out;
  out.ref().set(text);
  return out;
}

std::string escape_pointer(std::string_view step) {
  std::string out;
  for (const char c : step) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace karpenter::json
