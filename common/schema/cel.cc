#include "common/schema/cel.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "common/base/strings.h"
#include "common/schema/cel_code.h"

namespace karpenter::schema::cel {
namespace {

using Node = Program::Node;

constexpr std::size_t kMaxSteps = 1'000'000;
constexpr std::size_t kMaxBlames = 100;

Value error(std::string_view text) { return {.kind = Kind::kError, .text = text}; }
bool is_error(const Value& value) { return value.kind == Kind::kError; }

std::size_t size_of(const Value& list) { return list.list != nullptr ? list.list->size() : list.view.size(); }
Value item_of(const Value& list, std::size_t index) {
  return list.list != nullptr ? (*list.list)[index] : Value::of(list.view[index]);
}

bool equal(const Value& a, const Value& b) {
  const bool numbers =
      (a.kind == Kind::kInt && b.kind == Kind::kDouble) || (a.kind == Kind::kDouble && b.kind == Kind::kInt);
  if (numbers)
    return (a.kind == Kind::kInt ? static_cast<double>(a.integer) : a.real) ==
           (b.kind == Kind::kInt ? static_cast<double>(b.integer) : b.real);
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Kind::kBool:
      return a.truth == b.truth;
    case Kind::kInt:
      return a.integer == b.integer;
    case Kind::kDouble:
      return a.real == b.real;
    case Kind::kString:
      return a.text == b.text;
    case Kind::kObject:
      return a.view == b.view;
    case Kind::kList:
      break;
    default:
      return a.kind == Kind::kNull;
  }
  if (a.view.exists() && b.view.exists()) return a.view == b.view;
  if (size_of(a) != size_of(b)) return false;
  for (std::size_t i = 0; i < size_of(a); ++i) {
    if (!equal(item_of(a, i), item_of(b, i))) return false;
  }
  return true;
}

// base 10 with an optional sign
std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  return base::parse_int64(text);
}

template <class T>
Value arithmetic_of_reals(Op op, T a, T b) {
  switch (op) {
    case Op::kAdd:
      return Value::of(a + b);
    case Op::kSubtract:
      return Value::of(a - b);
    case Op::kMultiply:
      return Value::of(a * b);
    default:
      return Value::of(a / b);
  }
}

Value arithmetic_of_integers(Op op, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool overflows = false;
  if (op == Op::kAdd) overflows = __builtin_add_overflow(a, b, &out);
  if (op == Op::kSubtract) overflows = __builtin_sub_overflow(a, b, &out);
  if (op == Op::kMultiply) overflows = __builtin_mul_overflow(a, b, &out);
  if (op == Op::kDivide || op == Op::kModulo) {
    if (b == 0) return error(op == Op::kDivide ? "division by zero" : "modulus by zero");
    overflows = a == std::numeric_limits<std::int64_t>::min() && b == -1;
    if (!overflows) out = op == Op::kDivide ? a / b : a % b;
  }
  return overflows ? error("integer overflow") : Value::of(out);
}

Value to_integer(const Value& value) {
  if (value.kind == Kind::kInt) return value;
  if (value.kind == Kind::kDouble) {
    if (!(value.real > -0x1p63 && value.real < 0x1p63)) return error("integer overflow");
    return Value::of(static_cast<std::int64_t>(value.real));
  }
  const auto number = value.kind == Kind::kString ? parse_integer(value.text) : std::nullopt;
  return number ? Value::of(*number) : error("type conversion error");
}

Value to_real(const Value& value) {
  if (value.kind == Kind::kDouble) return value;
  if (value.kind == Kind::kInt) return Value::of(static_cast<double>(value.integer));
  const auto number = value.kind == Kind::kString ? base::parse_double(value.text) : std::nullopt;
  return number ? Value::of(*number) : error("type conversion error");
}

Value to_bool(const Value& value) {
  if (value.kind == Kind::kBool) return value;
  if (value.kind != Kind::kString) return error("type conversion error");
  if (value.text == "true" || value.text == "1" || value.text == "t") return Value::of(true);
  if (value.text == "false" || value.text == "0" || value.text == "f") return Value::of(false);
  return error("type conversion error");
}

Value compare(Op op, const Value& a, const Value& b) {
  int order = 0;
  const auto sign = [](auto x, auto y) { return x < y ? -1 : (x > y ? 1 : 0); };
  const bool a_number = a.kind == Kind::kInt || a.kind == Kind::kDouble;
  const bool b_number = b.kind == Kind::kInt || b.kind == Kind::kDouble;
  if (a.kind == Kind::kInt && b.kind == Kind::kInt) {
    order = sign(a.integer, b.integer);
  } else if (a_number && b_number) {
    const double x = to_real(a).real;
    const double y = to_real(b).real;
    if (std::isnan(x) || std::isnan(y)) return Value::of(false);
    order = sign(x, y);
  } else if (a.kind == Kind::kString && b.kind == Kind::kString) {
    order = sign(a.text, b.text);
  } else if (a.kind == Kind::kBool && b.kind == Kind::kBool) {
    order = sign(a.truth ? 1 : 0, b.truth ? 1 : 0);
  } else {
    return error("no such overload");
  }
  switch (op) {
    case Op::kLess:
      return Value::of(order < 0);
    case Op::kLessEqual:
      return Value::of(order <= 0);
    case Op::kGreater:
      return Value::of(order > 0);
    default:
      return Value::of(order >= 0);
  }
}

// One run. Texts and lists made on the way live here.
class Evaluation {
 public:
  Evaluation(const Program::Code& code, std::span<const Value> variables) {
    if (code.slots > few_.size()) many_.resize(code.slots);
    frame_ = many_.empty() ? few_.data() : many_.data();
    std::copy(variables.begin(), variables.end(), frame_);
  }
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  // `entry` of a macro whose variable is in `slot`.
  Value run_for(const Node& body, std::size_t slot, const Value& entry) {
    frame_[slot] = entry;
    steps_ = 0;
    return run(body);
  }

  Value run(const Node& node) {
    if (++steps_ > kMaxSteps) return error("too many steps");
    switch (node.op) {
      case Op::kConstant:
        return node.constant;
      case Op::kVariable:
        return frame_[node.slot];
      case Op::kSelect:
        return select(node);
      case Op::kHas:
        return has(node);
      case Op::kOr:
        return either(node, true);
      case Op::kAnd:
        return either(node, false);
      case Op::kConditional:
        return conditional(node);
      case Op::kAll:
      case Op::kExists:
      case Op::kExistsOne:
      case Op::kFilter:
      case Op::kMap:
        return macro(node);
      case Op::kListOf:
        return list(node);
      case Op::kIn:
        return node.words.empty() ? binary(node) : in_words(node);
      default:
        return node.children.size() == 1 ? unary(node) : binary(node);
    }
  }

 private:
  Value select(const Node& node) {
    const Value object = run(node.children[0]);
    if (is_error(object)) return object;
    const auto member = object.view[node.name];
    return member.exists() && !member.is_null() ? Value::of(member) : error("no such key");
  }

  Value has(const Node& node) {
    const Value object = run(node.children[0]);
    if (is_error(object)) return object;
    if (object.kind != Kind::kObject) return error("no such overload");
    const auto member = object.view[node.name];
    return Value::of(member.exists() && !member.is_null());
  }

  // || and &&: the side that decides wins over an error of the other.
  Value either(const Node& node, bool decides) {
    const Value left = run(node.children[0]);
    if (left.is(decides)) return left;
    const Value right = run(node.children[1]);
    if (right.is(decides)) return right;
    if (left.kind != Kind::kBool) return is_error(left) ? left : error("no such overload");
    return right.kind == Kind::kBool || is_error(right) ? right : error("no such overload");
  }

  Value conditional(const Node& node) {
    const Value condition = run(node.children[0]);
    if (is_error(condition)) return condition;
    if (condition.kind != Kind::kBool) return error("no such overload");
    return run(node.children[condition.truth ? 1 : 2]);
  }

  Value list(const Node& node) {
    std::vector<Value> items;
    for (const auto& child : node.children) {
      items.push_back(run(child));
      if (is_error(items.back())) return items.back();
    }
    return made(std::move(items));
  }

  Value made(std::vector<Value> items) {
    lists_.push_back(std::make_unique<std::vector<Value>>(std::move(items)));
    return {.kind = Kind::kList, .list = lists_.back().get()};
  }
  Value made(std::string text) {
    texts_.push_back(std::make_unique<std::string>(std::move(text)));
    return Value::of(std::string_view(*texts_.back()));
  }

  // The entries that a macro runs over: items of a list, keys of a map.
  std::optional<std::vector<Value>> entries(const Value& range) {
    std::vector<Value> out;
    if (range.kind == Kind::kList) {
      for (std::size_t i = 0; i < size_of(range); ++i) out.push_back(item_of(range, i));
    } else if (range.kind == Kind::kObject) {
      for (const auto& [key, value] : range.view.members()) out.push_back(Value::of(key));
    } else {
      return std::nullopt;
    }
    return out;
  }

  Value macro(const Node& node) {
    const Value range = run(node.children[0]);
    if (is_error(range)) return range;
    const auto items = entries(range);
    if (!items) return error("no such overload");
    std::vector<Value> kept;
    Value fault{};
    std::size_t hits = 0;
    for (const auto& item : *items) {
      frame_[node.slot] = item;
      const Value value = run(node.children[1]);
      if (node.op == Op::kMap) kept.push_back(value);
      if (is_error(value) || (node.op != Op::kMap && value.kind != Kind::kBool)) {
        fault = is_error(value) ? value : error("no such overload");
        if (node.op == Op::kAll || node.op == Op::kExists) continue;
        return fault;
      }
      if (node.op == Op::kAll && value.is(false)) return value;
      if (node.op == Op::kExists && value.is(true)) return value;
      if (value.is(true)) ++hits;
      if (node.op == Op::kFilter && value.is(true)) kept.push_back(item);
    }
    if (is_error(fault)) return fault;
    if (node.op == Op::kExistsOne) return Value::of(hits == 1);
    if (node.op == Op::kAll || node.op == Op::kExists) return Value::of(node.op == Op::kAll);
    return made(std::move(kept));
  }

  Value unary(const Node& node) {
    const Value value = run(node.children[0]);
    if (is_error(value)) return value;
    switch (node.op) {
      case Op::kNot:
        return value.kind == Kind::kBool ? Value::of(!value.truth) : error("no such overload");
      case Op::kNegate:
        if (value.kind == Kind::kDouble) return Value::of(-value.real);
        return value.kind == Kind::kInt ? arithmetic_of_integers(Op::kSubtract, 0, value.integer)
                                        : error("no such overload");
      case Op::kSize:
        return size(value);
      case Op::kToInt:
        return to_integer(value);
      case Op::kToDouble:
        return to_real(value);
      case Op::kToBool:
        return to_bool(value);
      case Op::kToString:
        return to_text(value);
      default:
        return value;  // kToDyn
    }
  }

  static Value size(const Value& value) {
    if (value.kind == Kind::kList) return Value::of(static_cast<std::int64_t>(size_of(value)));
    if (value.kind == Kind::kObject) return Value::of(static_cast<std::int64_t>(value.view.size()));
    if (value.kind != Kind::kString) return error("no such overload");
    std::int64_t characters = 0;
    for (const char c : value.text) characters += (static_cast<unsigned char>(c) & 0xC0U) == 0x80U ? 0 : 1;
    return Value::of(characters);
  }

  Value to_text(const Value& value) {
    if (value.kind == Kind::kString) return value;
    if (value.kind == Kind::kBool) return Value::of(std::string_view(value.truth ? "true" : "false"));
    if (value.kind == Kind::kInt) return made(std::to_string(value.integer));
    if (value.kind != Kind::kDouble) return error("no such overload");
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value.real);
    return made(std::string(buffer.data(), end.ptr));
  }

  Value binary(const Node& node) {
    const Value left = run(node.children[0]);
    if (is_error(left)) return left;
    const Value right = run(node.children[1]);
    if (is_error(right)) return right;
    switch (node.op) {
      case Op::kEqual:
        return Value::of(equal(left, right));
      case Op::kNotEqual:
        return Value::of(!equal(left, right));
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
        return compare(node.op, left, right);
      case Op::kIn:
        return is_in(left, right);
      case Op::kIndex:
        return at(left, right);
      case Op::kMin:
      case Op::kMax:
        return extreme(node.op, left, right);
      case Op::kAdd:
      case Op::kSubtract:
      case Op::kMultiply:
      case Op::kDivide:
      case Op::kModulo:
        return arithmetic(node.op, left, right);
      default:
        return on_texts(node, left, right);
    }
  }

  Value in_words(const Node& node) {
    const Value item = run(node.children[0]);
    if (item.kind != Kind::kString) return is_error(item) ? item : Value::of(false);
    return Value::of(std::find(node.words.begin(), node.words.end(), item.text) != node.words.end());
  }

  static Value is_in(const Value& item, const Value& range) {
    if (range.kind == Kind::kObject) {
      const auto member = item.kind == Kind::kString ? range.view[item.text] : json::View();
      return Value::of(member.exists());
    }
    if (range.kind != Kind::kList) return error("no such overload");
    for (std::size_t i = 0; i < size_of(range); ++i) {
      if (equal(item, item_of(range, i))) return Value::of(true);
    }
    return Value::of(false);
  }

  static Value at(const Value& range, const Value& index) {
    if (range.kind == Kind::kObject && index.kind == Kind::kString) {
      const auto member = range.view[index.text];
      return member.exists() ? Value::of(member) : error("no such key");
    }
    if (range.kind != Kind::kList || index.kind != Kind::kInt) return error("no such overload");
    const bool is_inside = index.integer >= 0 && static_cast<std::uint64_t>(index.integer) < size_of(range);
    return is_inside ? item_of(range, static_cast<std::size_t>(index.integer)) : error("index out of bounds");
  }

  static Value extreme(Op op, const Value& left, const Value& right) {
    const Value less = compare(Op::kLess, left, right);
    if (is_error(less)) return less;
    const Value& chosen = less.truth == (op == Op::kMin) ? left : right;
    return left.kind == right.kind ? chosen : to_real(chosen);
  }

  Value arithmetic(Op op, const Value& left, const Value& right) {
    if (left.kind != right.kind) return error("no such overload");
    if (left.kind == Kind::kInt) return arithmetic_of_integers(op, left.integer, right.integer);
    if (left.kind == Kind::kDouble && op != Op::kModulo)
      return arithmetic_of_reals(op, left.real, right.real);
    if (op != Op::kAdd) return error("no such overload");
    steps_ += left.kind == Kind::kString ? (left.text.size() + right.text.size()) / 16
                                         : size_of(left) + size_of(right);
    if (steps_ > kMaxSteps) return error("too many steps");
    if (left.kind == Kind::kString) return made(std::string(left.text).append(right.text));
    if (left.kind != Kind::kList) return error("no such overload");
    std::vector<Value> items;
    for (std::size_t i = 0; i < size_of(left); ++i) items.push_back(item_of(left, i));
    for (std::size_t i = 0; i < size_of(right); ++i) items.push_back(item_of(right, i));
    return made(std::move(items));
  }

  Value on_texts(const Node& node, const Value& left, const Value& right) {
    if (left.kind != Kind::kString || right.kind != Kind::kString) return error("no such overload");
    steps_ += left.text.size() / 64;
    switch (node.op) {
      case Op::kContains:
        return Value::of(left.text.find(right.text) != std::string_view::npos);
      case Op::kStartsWith:
        return Value::of(left.text.starts_with(right.text));
      case Op::kEndsWith:
        return Value::of(left.text.ends_with(right.text));
      case Op::kMatches:
        return Value::of(node.pattern->matches(left.text));
      case Op::kFindHead:
        return Value::of(left.text.substr(0, left.text.find(node.name.front())));
      default:
        break;
    }
    std::vector<Value> parts;  // kSplit
    std::string_view rest = left.text;
    for (auto end = rest.find(right.text); !right.text.empty() && end != std::string_view::npos;
         end = rest.find(right.text)) {
      parts.push_back(Value::of(rest.substr(0, end)));
      rest.remove_prefix(end + right.text.size());
    }
    parts.push_back(Value::of(rest));
    return made(std::move(parts));
  }

  std::array<Value, 4> few_{};
  std::vector<Value> many_;
  Value* frame_ = nullptr;  // by slot
  std::size_t steps_ = 0;
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<std::unique_ptr<std::vector<Value>>> lists_;
};

// The members that lead from variable 0 to the range of a macro; nullopt when it is anything else.
std::optional<std::vector<std::string_view>> steps_to(const Node& node) {
  if (node.op == Op::kVariable && node.slot == 0) return std::vector<std::string_view>();
  if (node.op != Op::kSelect) return std::nullopt;
  auto out = steps_to(node.children[0]);
  if (out) out->push_back(node.name);
  return out;
}

bool names_self(const Node& node) {
  if (node.op == Op::kVariable) return node.slot == 0;
  return std::any_of(node.children.begin(), node.children.end(), names_self);
}

// Among entries that clash with each other only the later ones are to blame: those that break the rule among
// the entries up to them.
std::vector<Blame> later_ones(const Program::Code& code, const Node& all, std::span<const Value> variables,
                              std::vector<Blame> blames) {
  std::vector<Blame> out = blames;
  std::erase_if(out, [&](const Blame& blame) {
    std::vector<Value> head;
    for (std::size_t i = 0; i <= blame.index.value_or(0); ++i) head.push_back(item_of(variables[0], i));
    std::vector<Value> changed(variables.begin(), variables.end());
    changed[0] = {.kind = Kind::kList, .list = &head};
    return Evaluation(code, changed).run_for(all.children[1], all.slot, head.back()).is(true);
  });
  return out.empty() ? blames : out;
}

}  // namespace

Value Value::of(json::View view) {
  switch (view.kind()) {
    case json::Kind::kBool:
      return of(view.bool_or(false));
    case json::Kind::kInt:
      return of(view.integer_or(0));
    case json::Kind::kDouble:
      return of(*view.number());
    case json::Kind::kString:
      return of(*view.string());
    case json::Kind::kArray:
      return {.kind = Kind::kList, .view = view};
    case json::Kind::kObject:
      return {.kind = Kind::kObject, .view = view};
    default:
      return {};
  }
}

Kind Program::result() const { return code_->root.type.kind; }
bool Program::uses(std::size_t variable) const { return code_->used[variable]; }

Value Program::evaluate(std::span<const Value> variables, std::string& keep) const {
  Evaluation evaluation(*code_, variables);
  Value out = evaluation.run(code_->root);
  if (!is_error(out)) return out;
  keep = out.text;
  out.text = keep;
  return out;
}

std::vector<Blame> Program::failures(std::span<const Value> variables) const {
  Evaluation evaluation(*code_, variables);
  const Node* rest = &code_->root;
  for (; rest->op == Op::kOr; rest = &rest->children[1]) {
    if (evaluation.run(rest->children[0]).is(true)) return {};
  }
  const auto steps = rest->op == Op::kAll ? steps_to(rest->children[0]) : std::nullopt;
  const Value range = steps ? evaluation.run(rest->children[0]) : Value();
  std::vector<Blame> out;
  if (range.kind != Kind::kList && range.kind != Kind::kObject) {
    if (!evaluation.run(*rest).is(true)) out.emplace_back();
    return out;
  }
  const auto judge = [&](const Value& entry, Blame blame) {
    if (out.size() >= kMaxBlames || evaluation.run_for(rest->children[1], rest->slot, entry).is(true)) return;
    blame.steps = *steps;
    out.push_back(std::move(blame));
  };
  if (range.kind == Kind::kObject) {
    for (const auto& [key, value] : range.view.members())
      judge(Value::of(key), {.steps = {}, .index = {}, .key = key});
    return out;
  }
  for (std::size_t i = 0; i < size_of(range); ++i)
    judge(item_of(range, i), {.steps = {}, .index = i, .key = {}});
  if (out.empty() || !steps->empty() || !names_self(rest->children[1])) return out;
  return later_ones(*code_, *rest, variables, std::move(out));
}

}  // namespace karpenter::schema::cel
