#include "common/json/json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace karpenter::json {
namespace {

using Node = nlohmann::json;

// The offset of the first bracket that nests deeper than `max_depth`. The parser itself has no limit, and
// everything that walks a document recursively (printing, patching) relies on one.
std::optional<std::size_t> find_too_deep(std::string_view text, std::size_t max_depth) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if ((c == '[' || c == '{') && ++depth > max_depth) return i;
    if ((c == ']' || c == '}') && depth > 0) --depth;
  }
  return std::nullopt;
}

// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error ..." -> from "syntax error"
// on.
std::string parser_message(std::string_view what) {
  if (const auto end = what.find("] "); end != std::string_view::npos) what.remove_prefix(end + 2);
  if (const auto end = what.find(": "); what.starts_with("parse error") && end != std::string_view::npos) {
    what.remove_prefix(end + 2);
  }
  return std::string(what);
}

base::Error parse_failure(std::string_view what, std::size_t offset) {
  return base::invalid("malformed JSON")
      .add("offset", std::to_string(offset))
      .add("reason", parser_message(what));
}

std::string dump_node(const Node* node, int indent) {
  return node == nullptr ? std::string() : node->dump(indent, ' ', false, Node::error_handler_t::replace);
}

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
  switch (node_->type()) {
    case Node::value_t::boolean:
      return Kind::kBool;
    case Node::value_t::number_integer:
      return Kind::kInt;
    case Node::value_t::number_unsigned:
      return integer() ? Kind::kInt : Kind::kDouble;
    case Node::value_t::number_float:
      return Kind::kDouble;
    case Node::value_t::string:
      return Kind::kString;
    case Node::value_t::array:
      return Kind::kArray;
    case Node::value_t::object:
      return Kind::kObject;
    default:
      return Kind::kNull;
  }
}

View View::operator[](std::string_view key) const {
  if (node_ == nullptr || !node_->is_object()) return {};
  const auto it = node_->find(key);
  return it == node_->end() ? View() : View(&*it);
}

View View::operator[](std::size_t index) const {
  if (node_ == nullptr || !node_->is_array() || index >= node_->size()) return {};
  return View(&(*node_)[index]);
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

std::size_t View::size() const {
  return node_ != nullptr && (node_->is_array() || node_->is_object()) ? node_->size() : 0;
}

std::vector<View> View::items() const {
  std::vector<View> out;
  if (node_ == nullptr || !node_->is_array()) return out;
  out.reserve(node_->size());
  for (const auto& item : *node_) out.emplace_back(&item);
  return out;
}

std::vector<std::pair<std::string_view, View>> View::members() const {
  std::vector<std::pair<std::string_view, View>> out;
  const auto* object = node_ == nullptr ? nullptr : node_->get_ptr<const Node::object_t*>();
  if (object == nullptr) return out;
  out.reserve(object->size());
  for (const auto& [key, value] : *object) out.emplace_back(key, View(&value));
  return out;
}

std::optional<std::string_view> View::string() const {
  const auto* text = node_ == nullptr ? nullptr : node_->get_ptr<const std::string*>();
  return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
}

std::optional<std::int64_t> View::integer() const {
  if (node_ == nullptr) return std::nullopt;
  if (const auto* big = node_->get_ptr<const Node::number_unsigned_t*>()) {
    if (*big > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(*big);
  }
  if (const auto* whole = node_->get_ptr<const Node::number_integer_t*>()) return *whole;
  const auto* real = node_->get_ptr<const Node::number_float_t*>();
  // 2^63 is exact as a double, max() is not.
  if (real == nullptr || *real < -0x1p63 || *real >= 0x1p63 || std::trunc(*real) != *real)
    return std::nullopt;
  return static_cast<std::int64_t>(*real);
}

std::optional<double> View::number() const {
  return is_number() ? std::optional<double>(node_->get<double>()) : std::nullopt;
}

std::optional<bool> View::boolean() const {
  return is_bool() ? std::optional<bool>(node_->get<bool>()) : std::nullopt;
}

std::string View::string_or(std::string_view fallback) const {
  return std::string(string().value_or(fallback));
}
std::int64_t View::integer_or(std::int64_t fallback) const { return integer().value_or(fallback); }
bool View::bool_or(bool fallback) const { return boolean().value_or(fallback); }

std::string View::dump() const { return dump_node(node_, -1); }
std::string View::dump_pretty() const { return dump_node(node_, 2); }
Value View::clone() const { return Value(*this); }

bool operator==(View a, View b) {
  if (a.node_ == nullptr || b.node_ == nullptr) return a.node_ == b.node_;
  return a.node_ == b.node_ || *a.node_ == *b.node_;
}

Ref Ref::operator[](std::string_view key) const {
  if (!node_->is_object()) *node_ = Node::object();
  return Ref(&(*node_)[std::string(key)]);
}

Ref Ref::operator[](std::size_t index) const {
  KARP_CHECK(node_->is_array() && index < node_->size());
  return Ref(&(*node_)[index]);
}

void Ref::set(std::nullptr_t) const { *node_ = nullptr; }
void Ref::set(bool value) const { *node_ = value; }
void Ref::set(std::int64_t value) const { *node_ = value; }
void Ref::set(double value) const { *node_ = value; }
void Ref::set(std::string_view value) const { *node_ = value; }
void Ref::set(View value) const {
  // Through a copy: `value` may be a part of what it replaces.
  *node_ = value.exists() ? Node(*value.node()) : Node(nullptr);
}
void Ref::set(Value&& value) const {
  Node moved = std::move(*value.ref().node());
  *node_ = std::move(moved);
}
void Ref::set_object() const { *node_ = Node::object(); }
void Ref::set_array() const { *node_ = Node::array(); }

bool Ref::erase(std::string_view key) const {
  if (!node_->is_object()) return false;
  const auto it = node_->find(key);
  if (it == node_->end()) return false;
  node_->erase(it);
  return true;
}

void Ref::erase(std::size_t index) const {
  KARP_CHECK(node_->is_array() && index < node_->size());
  node_->erase(index);
}

Ref Ref::push_back() const {
  if (!node_->is_array()) *node_ = Node::array();
  return Ref(&node_->emplace_back(nullptr));
}

Ref Ref::insert(std::size_t index) const {
  KARP_CHECK(node_->is_array() && index <= node_->size());
  return Ref(&*node_->insert(node_->begin() + static_cast<std::ptrdiff_t>(index), Node(nullptr)));
}

void Ref::push_back(View value) const {
  Node copy = value.exists() ? Node(*value.node()) : Node(nullptr);
  *push_back().node_ = std::move(copy);
}
void Ref::push_back(std::string_view value) const { push_back().set(value); }

Value::Value() : node_(std::make_unique<Node>(nullptr)) {}
Value::Value(const Value& other) : node_(std::make_unique<Node>(*other.node_)) {}
// A moved-from Value is null again, never empty-handed.
Value::Value(Value&& other) noexcept : node_(std::exchange(other.node_, std::make_unique<Node>(nullptr))) {}
Value& Value::operator=(const Value& other) {
  if (this != &other) *node_ = *other.node_;
  return *this;
}
Value& Value::operator=(Value&& other) noexcept {
  std::swap(node_, other.node_);
  return *this;
}
Value::~Value() = default;
Value::Value(View view) : node_(std::make_unique<Node>(view.exists() ? Node(*view.node()) : Node(nullptr))) {}

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

base::Result<Value> parse(std::string_view text, std::size_t max_depth, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return base::invalid("JSON document too large").add("bytes", std::to_string(text.size()));
  }
  if (const auto offset = find_too_deep(text, max_depth)) {
    return base::invalid("JSON nested too deeply").add("offset", std::to_string(*offset));
  }
  try {
    Value out;
    *out.ref().node() = Node::parse(text.begin(), text.end());
    return out;
  } catch (const Node::parse_error& e) {
    return parse_failure(e.what(), e.byte);
  } catch (const Node::exception& e) {
    return parse_failure(e.what(), 0);  // a number out of range
  }
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
