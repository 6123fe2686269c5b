#include <algorithm>
#include <utility>

#include "common/base/strings.h"
#include "common/schema/cel_code.h"

// Text to a checked tree: recursive descent that looks up names and checks operands on the way.

namespace karpenter::schema::cel {
namespace {

using Node = Program::Node;

constexpr std::size_t kMaxText = 100'000;

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
bool is_known(Kind kind) { return kind != Kind::kDyn; }
bool fits(Kind kind, Kind wanted) { return kind == wanted || !is_known(kind); }
bool is_number(Kind kind) { return kind == Kind::kInt || kind == Kind::kDouble || !is_known(kind); }

struct Operator {
  std::string_view text;
  Op op;
};
constexpr std::array<Operator, 6> kRelations{{{"==", Op::kEqual},
                                              {"!=", Op::kNotEqual},
                                              {"<=", Op::kLessEqual},
                                              {">=", Op::kGreaterEqual},
                                              {"<", Op::kLess},
                                              {">", Op::kGreater}}};
constexpr std::array<Operator, 2> kSums{{{"+", Op::kAdd}, {"-", Op::kSubtract}}};
constexpr std::array<Operator, 3> kProducts{{{"*", Op::kMultiply}, {"/", Op::kDivide}, {"%", Op::kModulo}}};
constexpr std::array<Operator, 5> kMacros{{{"all", Op::kAll},
                                           {"exists", Op::kExists},
                                           {"exists_one", Op::kExistsOne},
                                           {"filter", Op::kFilter},
                                           {"map", Op::kMap}}};

// A function as a method of its first operand, or called with all of them; both forms where CEL has both.
struct Function {
  std::string_view name;
  Op op;
  std::size_t operands;
  bool is_method;
  bool is_global;
  Kind first;   // kDyn: anything
  Kind result;  // kDyn: as the operands
};
constexpr std::array kFunctions{
    Function{"size", Op::kSize, 1, true, true, Kind::kDyn, Kind::kInt},
    Function{"int", Op::kToInt, 1, false, true, Kind::kDyn, Kind::kInt},
    Function{"double", Op::kToDouble, 1, false, true, Kind::kDyn, Kind::kDouble},
    Function{"string", Op::kToString, 1, false, true, Kind::kDyn, Kind::kString},
    Function{"bool", Op::kToBool, 1, false, true, Kind::kDyn, Kind::kBool},
    Function{"dyn", Op::kToDyn, 1, false, true, Kind::kDyn, Kind::kDyn},
    Function{"contains", Op::kContains, 2, true, false, Kind::kString, Kind::kBool},
    Function{"startsWith", Op::kStartsWith, 2, true, false, Kind::kString, Kind::kBool},
    Function{"endsWith", Op::kEndsWith, 2, true, false, Kind::kString, Kind::kBool},
    Function{"matches", Op::kMatches, 2, true, true, Kind::kString, Kind::kBool},
};
constexpr std::array kCrdFunctions{
    Function{"find", Op::kFindHead, 2, true, false, Kind::kString, Kind::kString},
    Function{"split", Op::kSplit, 2, true, false, Kind::kString, Kind::kList},
};
constexpr std::array kKubeletFunctions{
    Function{"min", Op::kMin, 2, false, true, Kind::kDyn, Kind::kDyn},
    Function{"max", Op::kMax, 2, false, true, Kind::kDyn, Kind::kDyn},
};

class Compiler {
 public:
  Compiler(Program::Code& code, std::span<const Variable> variables, Library library)
      : code_(code), text_(code.expression), library_(library) {
    for (const auto& variable : variables) names_.push_back({variable.name, {.kind = variable.kind}});
    code_.slots = names_.size();
  }

  base::Status run() {
    code_.root = expression();
    skip();
    if (!failed_ && at_ != text_.size()) fail("unexpected text");
    if (failed_) {
      return base::invalid("malformed expression")
          .add("offset", std::to_string(at_failure_))
          .add("reason", reason_);
    }
    return base::ok();
  }

 private:
  struct Name {
    std::string_view name;
    StaticType type;
  };

  // ---- text

  void fail(std::string reason) {
    if (failed_) return;
    failed_ = true;
    reason_ = std::move(reason);
    at_failure_ = at_;
  }
  void skip() {
    while (at_ < text_.size() && std::string_view(" \t\n\r\f").find(text_[at_]) != std::string_view::npos)
      ++at_;
    if (text_.substr(at_).starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
      skip();
    }
  }
  bool accept(std::string_view token) {
    skip();
    if (failed_ || !text_.substr(at_).starts_with(token)) return false;
    const bool is_word = is_name_start(token.front());
    const auto end = at_ + token.size();
    if (is_word && end < text_.size() && is_name_part(text_[end])) return false;
    at_ = end;
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail("expected '" + std::string(token) + "'");
  }
  std::string_view word() {
    skip();
    const auto start = at_;
    if (at_ < text_.size() && is_name_start(text_[at_])) {
      while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    }
    if (start == at_) fail("expected a name");
    return text_.substr(start, at_ - start);
  }

  // ---- nodes

  Node make(Op op, StaticType type, std::vector<Node> children) {
    Node out{.op = op, .type = type, .children = std::move(children)};
    for (const auto& child : out.children) out.depth = std::max(out.depth, child.depth + 1);
    if (out.depth > kMaxDepth) fail("nested too deep");
    return out;
  }
  static std::vector<Node> list_of(Node a) {
    std::vector<Node> out;
    out.push_back(std::move(a));
    return out;
  }
  static std::vector<Node> list_of(Node a, Node b) {
    auto out = list_of(std::move(a));
    out.push_back(std::move(b));
    return out;
  }
  static Node constant(Value value) { return {.type = {.kind = value.kind}, .constant = value}; }

  void no_overload(std::string_view what, const Node& a, const Node& b) {
    fail("found no matching overload for '" + std::string(what) + "' applied to (" +
         std::string(kind_name(a.type.kind)) + ", " + std::string(kind_name(b.type.kind)) + ")");
  }
  void need(const Node& node, Kind wanted) {
    if (fits(node.type.kind, wanted)) return;
    fail("expected " + std::string(kind_name(wanted)) + ", found " + std::string(kind_name(node.type.kind)));
  }

  // ---- grammar

  Node expression() {
    if (++nesting_ > kMaxDepth) fail("nested too deep");
    Node out = failed_ ? Node() : disjunction();
    if (accept("?")) {
      need(out, Kind::kBool);
      Node yes = disjunction();
      expect(":");
      Node no = expression();
      const bool same = yes.type.kind == no.type.kind;
      if (!same && is_known(yes.type.kind) && is_known(no.type.kind)) no_overload("?:", yes, no);
      const StaticType type = same ? yes.type : StaticType();
      auto parts = list_of(std::move(out), std::move(yes));
      parts.push_back(std::move(no));
      out = make(Op::kConditional, type, std::move(parts));
    }
    --nesting_;
    return out;
  }

  Node disjunction() {
    Node left = conjunction();
    while (accept("||")) left = logical(Op::kOr, std::move(left), conjunction());
    return left;
  }
  Node conjunction() {
    Node left = relation();
    while (accept("&&")) left = logical(Op::kAnd, std::move(left), relation());
    return left;
  }
  Node logical(Op op, Node left, Node right) {
    need(left, Kind::kBool);
    need(right, Kind::kBool);
    return make(op, {.kind = Kind::kBool}, list_of(std::move(left), std::move(right)));
  }

  template <std::size_t N>
  const Operator* accept_one_of(const std::array<Operator, N>& operators) {
    const auto it =
        std::find_if(operators.begin(), operators.end(), [&](const Operator& o) { return accept(o.text); });
    return it == operators.end() ? nullptr : &*it;
  }

  Node relation() {
    Node left = sum();
    for (;;) {
      if (accept("in")) {
        left = membership(std::move(left), sum());
        continue;
      }
      const auto* relation = accept_one_of(kRelations);
      if (relation == nullptr) return left;
      left = comparison(*relation, std::move(left), sum());
    }
  }
  Node membership(Node left, Node right) {
    const Kind kind = right.type.kind;
    const bool can_hold = kind == Kind::kList || kind == Kind::kObject || !is_known(kind);
    if (!can_hold) no_overload("in", left, right);
    Node out = make(Op::kIn, {.kind = Kind::kBool}, list_of(std::move(left), std::move(right)));
    const auto* list = out.children[1].op == Op::kConstant ? out.children[1].constant.list : nullptr;
    const bool is_words = list != nullptr && std::all_of(list->begin(), list->end(), [](const Value& v) {
                            return v.kind == Kind::kString;
                          });
    for (std::size_t i = 0; is_words && i < list->size(); ++i) out.words.push_back((*list)[i].text);
    return out;
  }
  Node comparison(const Operator& relation, Node left, Node right) {
    const Kind a = left.type.kind;
    const Kind b = right.type.kind;
    const bool is_equality = relation.op == Op::kEqual || relation.op == Op::kNotEqual;
    const bool has_null = is_equality && (a == Kind::kNull || b == Kind::kNull);
    const bool ordered = is_number(a) || a == Kind::kString || a == Kind::kBool;
    if ((is_known(a) && is_known(b) && a != b && !has_null) || (!is_equality && !ordered))
      no_overload(relation.text, left, right);
    return make(relation.op, {.kind = Kind::kBool}, list_of(std::move(left), std::move(right)));
  }

  Node sum() {
    Node left = product();
    while (const auto* op = accept_one_of(kSums)) left = arithmetic(*op, std::move(left), product());
    return left;
  }
  Node product() {
    Node left = unary();
    while (const auto* op = accept_one_of(kProducts)) left = arithmetic(*op, std::move(left), unary());
    return left;
  }
  Node arithmetic(const Operator& op, Node left, Node right) {
    const Kind a = left.type.kind;
    const Kind b = right.type.kind;
    const bool joins = op.op == Op::kAdd && ((fits(a, Kind::kString) && fits(b, Kind::kString)) ||
                                             (fits(a, Kind::kList) && fits(b, Kind::kList)));
    const bool counts =
        is_number(a) && is_number(b) && !(op.op == Op::kModulo && (a == Kind::kDouble || b == Kind::kDouble));
    const bool agree = a == b || !is_known(a) || !is_known(b);
    if (!agree || !(joins || counts)) no_overload(op.text, left, right);
    const StaticType type = is_known(a) ? left.type : right.type;
    return make(op.op, type, list_of(std::move(left), std::move(right)));
  }

  Node unary() {
    if (++nesting_ > kMaxDepth) fail("nested too deep");
    Node out = failed_ ? Node() : signed_member();
    --nesting_;
    return out;
  }
  Node signed_member() {
    skip();
    if (!text_.substr(at_).starts_with("!=") && accept("!")) {
      Node inner = unary();
      need(inner, Kind::kBool);
      return make(Op::kNot, {.kind = Kind::kBool}, list_of(std::move(inner)));
    }
    if (accept("-")) {
      skip();
      if (at_ < text_.size() && is_digit(text_[at_])) return postfix(number("-"));
      Node inner = unary();
      if (!is_number(inner.type.kind)) fail("'-' needs a number");
      const StaticType type = inner.type;
      return make(Op::kNegate, type, list_of(std::move(inner)));
    }
    return postfix(primary());
  }

  Node postfix(Node node) {
    for (;;) {
      if (accept("[")) {
        Node index = expression();
        expect("]");
        const StaticType type{.kind = node.type.kind == Kind::kList ? node.type.element : Kind::kDyn};
        if (is_known(node.type.kind) && node.type.kind != Kind::kList) no_overload("[]", node, index);
        node = make(Op::kIndex, type, list_of(std::move(node), std::move(index)));
      } else if (accept(".")) {
        const auto name = word();
        if (failed_) return node;
        node = accept("(") ? method(std::move(node), name) : select(std::move(node), name);
      } else {
        return node;
      }
    }
  }
  Node select(Node node, std::string_view name) {
    if (is_known(node.type.kind))
      fail("type '" + std::string(kind_name(node.type.kind)) + "' has no field '" + std::string(name) + "'");
    Node out = make(Op::kSelect, {}, list_of(std::move(node)));
    out.name = name;
    return out;
  }

  Node primary() {
    skip();
    if (failed_ || at_ == text_.size()) {
      fail("unexpected end");
      return {};
    }
    const char c = text_[at_];
    if (accept("(")) {
      Node inner = expression();
      expect(")");
      return inner;
    }
    if (accept("[")) return list();
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return number("");
    if (c == '"' || c == '\'') return text_literal(false);
    if ((c == 'r' || c == 'R') && at_ + 1 < text_.size() &&
        (text_[at_ + 1] == '"' || text_[at_ + 1] == '\'')) {
      ++at_;
      return text_literal(true);
    }
    const auto name = word();
    if (failed_) return {};
    if (name == "true" || name == "false") return constant(Value::of(name == "true"));
    if (name == "null") return constant({});
    if (accept("(")) return call(name);
    return variable(name);
  }

  Node variable(std::string_view name) {
    for (std::size_t i = names_.size(); i-- > 0;) {
      if (names_[i].name != name) continue;
      code_.used.set(i);
      return {.op = Op::kVariable, .type = names_[i].type, .slot = i};
    }
    fail("undeclared reference to '" + std::string(name) + "'");
    return {};
  }

  Node list() {
    std::vector<Node> items;
    bool is_constant = true;
    StaticType type{.kind = Kind::kList};
    while (!failed_ && !accept("]")) {
      if (!items.empty()) expect(",");
      if (accept("]")) break;
      items.push_back(expression());
      is_constant = is_constant && items.back().op == Op::kConstant;
      const Kind kind = items.back().type.kind;
      type.element = items.size() == 1 || type.element == kind ? kind : Kind::kDyn;
    }
    if (!is_constant || failed_) return make(Op::kListOf, type, std::move(items));
    auto& values = code_.lists.emplace_back();
    for (const auto& item : items) values.push_back(item.constant);
    return {.type = type, .constant = {.kind = Kind::kList, .list = &values}};
  }

  Node number(std::string_view sign) {
    const auto start = at_;
    bool is_real = false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool is_exponent_sign =
          (c == '+' || c == '-') && at_ > start && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
      const bool is_dot = c == '.' && !is_real && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]);
      if (!is_name_part(c) && !is_dot && !is_exponent_sign) break;
      is_real = is_real || is_dot || c == 'e' || c == 'E';
      ++at_;
    }
    const std::string text = std::string(sign) + std::string(text_.substr(start, at_ - start));
    if (const auto whole = base::parse_int64(text)) return constant(Value::of(*whole));
    if (const auto real = base::parse_double(text); real && is_real) return constant(Value::of(*real));
    fail("unsupported number '" + text + "'");
    return {};
  }

  Node text_literal(bool is_raw) {
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      const char c = text_[at_++];
      if (c != '\\' || is_raw) {
        out += c;
        continue;
      }
      constexpr std::string_view kEscapes = "\\'\"`?nrtfvab";
      constexpr std::string_view kMeanings = "\\'\"`?\n\r\t\f\v\a\b";
      const auto which = at_ < text_.size() ? kEscapes.find(text_[at_]) : std::string_view::npos;
      if (which == std::string_view::npos) {
        fail("unsupported escape");
        return {};
      }
      ++at_;
      out += kMeanings[which];
    }
    if (at_ == text_.size() || text_[at_] != quote) {
      fail("unterminated text");
      return {};
    }
    ++at_;
    return constant(Value::of(std::string_view(code_.texts.emplace_back(std::move(out)))));
  }

  // ---- calls

  std::vector<Node> arguments() {
    std::vector<Node> out;
    while (!failed_ && !accept(")")) {
      if (!out.empty()) expect(",");
      if (!failed_) out.push_back(expression());
    }
    return out;
  }

  Node call(std::string_view name) {
    if (name == "has") {
      Node field = expression();
      expect(")");
      if (field.op != Op::kSelect) fail("has() needs a field");
      field.op = Op::kHas;
      field.type = {.kind = Kind::kBool};
      return field;
    }
    return apply(name, arguments(), false);
  }

  Node method(Node target, std::string_view name) {
    const auto* macro =
        std::find_if(kMacros.begin(), kMacros.end(), [&](const Operator& m) { return m.text == name; });
    if (macro != kMacros.end()) return run_macro(macro->op, std::move(target));
    std::vector<Node> operands = arguments();
    operands.insert(operands.begin(), std::move(target));
    return apply(name, std::move(operands), true);
  }

  Node run_macro(Op op, Node range) {
    const Kind kind = range.type.kind;
    if (is_known(kind) && kind != Kind::kList && kind != Kind::kObject) fail("a macro needs a list or map");
    const auto name = word();
    expect(",");
    if (names_.size() >= kMaxSlots) fail("too many nested macros");
    if (failed_) return {};
    const std::size_t slot = names_.size();
    names_.push_back({name, {.kind = kind == Kind::kList ? range.type.element : Kind::kDyn}});
    code_.slots = std::max(code_.slots, names_.size());
    Node body = expression();
    names_.pop_back();
    code_.used.reset(slot);
    expect(")");
    if (op != Op::kMap) need(body, Kind::kBool);
    StaticType type{.kind = Kind::kBool};
    if (op == Op::kFilter) type = {.kind = Kind::kList, .element = range.type.element};
    if (op == Op::kMap) type = {.kind = Kind::kList, .element = body.type.kind};
    Node out = make(op, type, list_of(std::move(range), std::move(body)));
    out.slot = slot;
    return out;
  }

  const Function* find_function(std::string_view name, bool as_method) const {
    const auto find = [&](const auto& functions) -> const Function* {
      for (const auto& function : functions) {
        if (function.name == name && (as_method ? function.is_method : function.is_global)) return &function;
      }
      return nullptr;
    };
    if (const auto* found = find(kFunctions)) return found;
    return library_ == Library::kCrd ? find(kCrdFunctions) : find(kKubeletFunctions);
  }

  Node apply(std::string_view name, std::vector<Node> operands, bool as_method) {
    const auto* function = find_function(name, as_method);
    if (function == nullptr) fail("undeclared reference to '" + std::string(name) + "'");
    if (failed_) return {};
    if (operands.size() != function->operands) {
      fail("'" + std::string(name) + "' takes " + std::to_string(function->operands) + " operands");
      return {};
    }
    if (is_known(function->first)) {
      for (const auto& operand : operands) need(operand, function->first);
    }
    check_operands(*function, operands);
    StaticType type{.kind = function->result};
    if (function->op == Op::kSplit) type.element = Kind::kString;
    if (function->op == Op::kMin || function->op == Op::kMax) type = common_number(name, operands);
    Node out = make(function->op, type, std::move(operands));
    if (!failed_ && function->op == Op::kMatches) compile_pattern(out);
    if (!failed_ && function->op == Op::kFindHead) read_head_pattern(out);
    return out;
  }

  void check_operands(const Function& function, const std::vector<Node>& operands) {
    const Kind kind = operands.front().type.kind;
    const bool sized =
        kind == Kind::kString || kind == Kind::kList || kind == Kind::kObject || !is_known(kind);
    const bool scalar = is_number(kind) || kind == Kind::kString;
    const bool is_fine = function.op == Op::kSize                                    ? sized
                         : function.op == Op::kToInt || function.op == Op::kToDouble ? scalar
                         : function.op == Op::kToString ? scalar || kind == Kind::kBool
                         : function.op == Op::kToBool   ? fits(kind, Kind::kString) || kind == Kind::kBool
                                                        : true;
    if (!is_fine) fail("'" + std::string(function.name) + "' cannot take " + std::string(kind_name(kind)));
  }

  // Mixed operands give a double.
  StaticType common_number(std::string_view name, const std::vector<Node>& operands) {
    const Kind a = operands[0].type.kind;
    const Kind b = operands[1].type.kind;
    if (!is_number(a) || !is_number(b)) no_overload(name, operands[0], operands[1]);
    if (!is_known(a) || !is_known(b)) return {};
    return {.kind = a == b ? a : Kind::kDouble};
  }

  void compile_pattern(Node& node) {
    if (node.children[1].op != Op::kConstant) return fail("matches() needs a literal pattern");
    auto pattern = Pattern::compile(node.children[1].constant.text);
    if (!pattern) return fail("unsupported pattern");
    node.pattern = std::make_shared<const Pattern>(std::move(pattern).value());
  }
  // The one search that rules need: everything before a character.
  void read_head_pattern(Node& node) {
    const auto text =
        node.children[1].op == Op::kConstant ? node.children[1].constant.text : std::string_view();
    const bool is_head = text.size() == 6 && text.starts_with("^[^") && text.ends_with("]*");
    if (!is_head) return fail("find() knows patterns such as ^[^/]* only");
    node.name = text.substr(3, 1);
  }

  Program::Code& code_;
  std::string_view text_;
  Library library_;
  std::vector<Name> names_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  bool failed_ = false;
  std::string reason_;
  std::size_t at_failure_ = 0;
};

}  // namespace

std::string_view kind_name(Kind kind) {
  constexpr std::array<std::string_view, 9> kNames{"error",  "dyn",    "null", "bool", "int",
                                                   "double", "string", "list", "map"};
  return kNames[static_cast<std::size_t>(kind)];
}

base::Result<Program> Program::compile(std::string_view expression, std::span<const Variable> variables,
                                       Library library) {
  if (expression.size() > kMaxText)
    return base::invalid("malformed expression").add("reason", "longer than 100000 bytes");
  KARP_CHECK(variables.size() <= kMaxSlots);
  auto code = std::make_shared<Code>();
  code->expression = expression;
  RETURN_IF_ERROR(Compiler(*code, variables, library).run());
  Program out;
  out.code_ = std::move(code);
  return out;
}

}  // namespace karpenter::schema::cel
