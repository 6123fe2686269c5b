#include "common/schema/pattern.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>
#include <map>
#include <optional>
#include <utility>

namespace karpenter::schema {

// A Thompson automaton: kSplit and kJump move without input, kSet consumes one byte.
struct Pattern::Instruction {
  enum class Op : std::uint8_t { kSet, kSplit, kJump, kBegin, kEnd, kMatch };
  Op op = Op::kMatch;
  std::bitset<256> set = {};
  std::size_t next = 0;   // of kSplit and kJump
  std::size_t other = 0;  // of kSplit
};

namespace {

using Instruction = Pattern::Instruction;
using Op = Instruction::Op;
using Program = std::vector<Instruction>;
using Bytes = std::bitset<256>;

constexpr std::size_t kMaxProgram = 20'000;
constexpr std::size_t kMaxRepeat = 1000;
constexpr int kMaxNesting = 100;

// Recursive descent; each rule returns a piece of program whose targets are relative to its own start.
class Parser {
 public:
  explicit Parser(std::string_view regex) : regex_(regex) {}

  base::Result<Program> parse() {
    Program program = alternatives();
    if (!failed_ && at_ != regex_.size()) fail();
    if (failed_) {
      return base::invalid("unsupported pattern")
          .add("pattern", std::string(regex_))
          .add("offset", std::to_string(*failed_));
    }
    program.push_back({.op = Op::kMatch});
    return program;
  }

 private:
  [[nodiscard]] bool done() const { return failed_ || at_ >= regex_.size(); }
  [[nodiscard]] bool accept(std::string_view text) {
    if (done() || !regex_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  void fail() {
    if (!failed_) failed_ = at_;
  }

  static void append(Program& program, const Program& piece) {
    const std::size_t shift = program.size();
    for (Instruction instruction : piece) {
      instruction.next += shift;
      instruction.other += shift;
      program.push_back(instruction);
    }
  }

  Program alternatives() {
    if (++nesting_ > kMaxNesting) fail();
    Program left = sequence();
    while (accept("|")) {
      const Program right = sequence();
      Program both = {{.op = Op::kSplit, .next = 1, .other = left.size() + 2}};
      append(both, left);
      both.push_back({.op = Op::kJump, .next = left.size() + right.size() + 2});
      append(both, right);
      left = std::move(both);
    }
    --nesting_;
    return left;
  }

  Program sequence() {
    Program program;
    while (!done() && regex_[at_] != '|' && regex_[at_] != ')') {
      append(program, repeated(atom()));
      if (program.size() > kMaxProgram) fail();
    }
    return program;
  }

  Program atom() {
    if (accept("(")) {
      if (!accept("?:") && !done() && regex_[at_] == '?') fail();
      Program inner = alternatives();
      if (!accept(")")) fail();
      return inner;
    }
    if (accept("^")) return {{.op = Op::kBegin}};
    if (accept("$")) return {{.op = Op::kEnd}};
    if (accept(".")) return {{.op = Op::kSet, .set = ~single('\n')}};
    if (accept("[")) return {{.op = Op::kSet, .set = char_class()}};
    if (accept("\\")) return {{.op = Op::kSet, .set = escape()}};
    if (done() || std::string_view("*+?{").find(regex_[at_]) != std::string_view::npos) {
      fail();
      return {};
    }
    return {{.op = Op::kSet, .set = single(regex_[at_++])}};
  }

  static Bytes single(char c) { return Bytes().set(static_cast<unsigned char>(c)); }
  static Bytes range(char from, char to) {
    Bytes out;
    for (int c = static_cast<unsigned char>(from); c <= static_cast<unsigned char>(to); ++c) {
      out.set(static_cast<std::size_t>(c));
    }
    return out;
  }

  Bytes escape() {
    if (done()) {
      fail();
      return {};
    }
    const char c = regex_[at_++];
    const Bytes digits = range('0', '9');
    const Bytes word = digits | range('a', 'z') | range('A', 'Z') | single('_');
    const Bytes space = single(' ') | single('\t') | single('\n') | single('\f') | single('\r');
    switch (c) {
      case 'd':
        return digits;
      case 'D':
        return ~digits;
      case 'w':
        return word;
      case 'W':
        return ~word;
      case 's':
        return space;
      case 'S':
        return ~space;
      case 'n':
        return single('\n');
      case 't':
        return single('\t');
      case 'r':
        return single('\r');
      default:
        break;
    }
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) fail();  // \b, \p, back references, …
    return single(c);
  }

  Bytes char_class() {
    const bool negated = accept("^");
    Bytes out;
    for (bool first = true; first || (!done() && regex_[at_] != ']'); first = false) {
      if (done()) break;
      if (accept("\\")) {
        out |= escape();
        continue;
      }
      const char from = regex_[at_++];
      const bool is_range = at_ + 1 < regex_.size() && regex_[at_] == '-' && regex_[at_ + 1] != ']';
      if (!is_range) {
        out |= single(from);
        continue;
      }
      ++at_;
      out |= range(from, regex_[at_++]);
    }
    if (!accept("]")) fail();
    return negated ? ~out : out;
  }

  std::optional<std::size_t> number() {
    std::optional<std::size_t> value;
    while (!done() && std::isdigit(static_cast<unsigned char>(regex_[at_])) != 0) {
      value = value.value_or(0) * 10 + static_cast<std::size_t>(regex_[at_++] - '0');
      if (*value > kMaxRepeat) fail();
    }
    return value;
  }

  Program repeated(Program piece) {
    while (!done()) {
      if (accept("*")) {
        piece = star(piece);
      } else if (accept("+")) {
        piece = repeat(piece, 1, std::nullopt);
      } else if (accept("?")) {
        piece = repeat(piece, 0, 1);
      } else if (accept("{")) {
        const auto least = number();
        const auto most = accept(",") ? number() : least;
        if (!least || !accept("}") || (most && *most < *least)) fail();
        if (!failed_) piece = repeat(piece, *least, most);
      } else {
        break;
      }
    }
    return piece;
  }

  static Program star(const Program& piece) {
    Program out = {{.op = Op::kSplit, .next = 1, .other = piece.size() + 2}};
    append(out, piece);
    out.push_back({.op = Op::kJump, .next = 0});
    return out;
  }

  Program repeat(const Program& piece, std::size_t least, std::optional<std::size_t> most) {
    Program out;
    if (piece.size() * (most.value_or(least) + 1) > kMaxProgram) {
      fail();
      return out;
    }
    for (std::size_t i = 0; i < least; ++i) append(out, piece);
    if (!most) append(out, star(piece));
    for (std::size_t i = least; most && i < *most; ++i) {
      append(out, {{.op = Op::kSplit, .next = 1, .other = piece.size() + 1}});
      append(out, piece);
    }
    return out;
  }

  std::string_view regex_;
  std::size_t at_ = 0;
  std::optional<std::size_t> failed_;
  int nesting_ = 0;
};

// The set of states after a position, without duplicates.
class States {
 public:
  explicit States(std::size_t size) : seen_(size, false) {}
  void clear() {
    for (const auto state : list_) seen_[state] = false;
    list_.clear();
  }
  [[nodiscard]] const std::vector<std::size_t>& list() const { return list_; }

  // Adds `start` and everything reachable from it without input.
  void add(const Program& program, std::size_t start, bool at_begin, bool at_end) {
    todo_.push_back(start);
    while (!todo_.empty()) {
      const std::size_t state = todo_.back();
      todo_.pop_back();
      if (seen_[state]) continue;
      seen_[state] = true;
      list_.push_back(state);
      const auto& instruction = program[state];
      if (instruction.op == Op::kJump || instruction.op == Op::kSplit) todo_.push_back(instruction.next);
      if (instruction.op == Op::kSplit) todo_.push_back(instruction.other);
      const bool holds = (instruction.op == Op::kBegin && at_begin) || (instruction.op == Op::kEnd && at_end);
      if (holds) todo_.push_back(state + 1);
    }
  }

 private:
  std::vector<bool> seen_;
  std::vector<std::size_t> list_;
  std::vector<std::size_t> todo_;
};

constexpr std::size_t kMaxStates = 1000;
constexpr std::size_t kMaxEntries = 100'000;  // of all sets together

}  // namespace

// The automaton with its sets of states worked out: one table look-up a byte.
struct Pattern::Table {
  std::array<std::uint8_t, 256> class_of{};  // bytes that no set tells apart
  std::size_t classes = 0;
  std::vector<std::uint16_t> next;           // by state and class; a state that has matched stays
  std::vector<std::uint8_t> matches_at_end;  // by state
};

namespace {

class TableBuilder {
 public:
  explicit TableBuilder(const Program& program) : program_(program), closure_(program.size()) {}

  // Null when there would be too many states.
  std::shared_ptr<const Pattern::Table> build() {
    classify();
    table_.classes = samples_.size();
    state_of({0}, true);
    for (std::size_t state = 0; state < sets_.size(); ++state) {
      if (sets_.size() > kMaxStates || entries_ > kMaxEntries) return nullptr;
      expand(state);
    }
    return std::make_shared<const Pattern::Table>(std::move(table_));
  }

 private:
  using Set = std::vector<std::size_t>;  // states of the program before moves without input; sorted

  void classify() {
    std::map<std::vector<bool>, std::uint8_t> seen;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      std::vector<bool> members;
      for (const auto& instruction : program_) {
        if (instruction.op == Op::kSet) members.push_back(instruction.set[byte]);
      }
      const auto fresh = static_cast<std::uint8_t>(seen.size());
      const auto [it, added] = seen.emplace(std::move(members), fresh);
      table_.class_of[byte] = it->second;
      if (added) samples_.push_back(byte);
    }
  }

  std::uint16_t state_of(const Set& set, bool at_begin) {
    const auto [it, added] = states_.emplace(std::pair(set, at_begin), sets_.size());
    if (added) {
      sets_.emplace_back(set, at_begin);
      entries_ += set.size();
    }
    return static_cast<std::uint16_t>(it->second);
  }

  [[nodiscard]] bool close(const Set& set, bool at_begin, bool at_end) {
    closure_.clear();
    for (const auto state : set) closure_.add(program_, state, at_begin, at_end);
    return std::any_of(closure_.list().begin(), closure_.list().end(),
                       [&](std::size_t state) { return program_[state].op == Op::kMatch; });
  }

  void expand(std::size_t state) {
    const auto [set, at_begin] = sets_[state];
    table_.matches_at_end.push_back(close(set, at_begin, true) ? 1 : 0);
    const bool has_matched = close(set, at_begin, false);
    const Set reached = closure_.list();
    for (const auto sample : samples_) {
      Set next{0};  // a match may begin anywhere
      for (const auto at : reached) {
        if (program_[at].op == Op::kSet && program_[at].set[sample]) next.push_back(at + 1);
      }
      std::sort(next.begin(), next.end());
      table_.next.push_back(has_matched ? static_cast<std::uint16_t>(state) : state_of(next, false));
    }
  }

  const Program& program_;
  States closure_;
  Pattern::Table table_;
  std::vector<std::size_t> samples_;  // a byte of each class
  std::map<std::pair<Set, bool>, std::size_t> states_;
  std::vector<std::pair<Set, bool>> sets_;
  std::size_t entries_ = 0;
};

}  // namespace

base::Result<Pattern> Pattern::compile(std::string_view regex) {
  ASSIGN_OR_RETURN(auto program, Parser(regex).parse());
  Pattern out;
  out.table_ = TableBuilder(program).build();
  if (!out.table_) out.program_ = std::make_shared<const Program>(std::move(program));
  return out;
}

bool Pattern::matches(std::string_view text) const {
  if (!table_) return matches_slowly(text);
  const Table& table = *table_;
  std::size_t state = 0;
  for (const char c : text)
    state = table.next[state * table.classes + table.class_of[static_cast<unsigned char>(c)]];
  return table.matches_at_end[state] != 0;
}

bool Pattern::matches_slowly(std::string_view text) const {
  const Program& program = *program_;
  States now(program.size());
  States next(program.size());
  for (std::size_t i = 0; i <= text.size(); ++i) {
    now.add(program, 0, i == 0, i == text.size());  // a match may begin anywhere
    next.clear();
    for (const auto state : now.list()) {
      const auto& instruction = program[state];
      if (instruction.op == Op::kMatch) return true;
      const bool consumes = instruction.op == Op::kSet && i < text.size() &&
                            instruction.set[static_cast<unsigned char>(text[i])];
      if (consumes) next.add(program, state + 1, false, i + 1 == text.size());
    }
    std::swap(now, next);
  }
  return false;
}

}  // namespace karpenter::schema
