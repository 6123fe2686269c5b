#include "tests/devcluster/kube/pattern.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <utility>

namespace karpenter::devcluster {
namespace {

using Bytes = std::bitset<256>;

Bytes byte_range(unsigned char first, unsigned char last) {
  Bytes out;
  for (std::size_t c = first; c <= last; ++c) out.set(c);
  return out;
}

const Bytes kDigits = byte_range('0', '9');
const Bytes kWords = kDigits | byte_range('a', 'z') | byte_range('A', 'Z') | byte_range('_', '_');

Bytes blanks() {
  Bytes out;
  for (const unsigned char c : {' ', '\t', '\n', '\r', '\f', '\v'}) out.set(c);
  return out;
}

// The class a letter after a backslash stands for.
std::optional<Bytes> escape_class(char letter) {
  switch (letter) {
    case 'd':
      return kDigits;
    case 'D':
      return ~kDigits;
    case 'w':
      return kWords;
    case 'W':
      return ~kWords;
    case 's':
      return blanks();
    case 'S':
      return ~blanks();
    default:
      return std::nullopt;
  }
}

unsigned char escape_char(char letter) {
  switch (letter) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    default:
      return static_cast<unsigned char>(letter);
  }
}

bool is_word_byte(std::string_view text, std::size_t at) {
  return at < text.size() && kWords.test(static_cast<unsigned char>(text[at]));
}

}  // namespace

// Recursive descent over the text, emitting steps. A fragment is [start, steps.size()): it falls through at
// its end.
class PatternCompiler {
 public:
  explicit PatternCompiler(std::string_view text) : text_(text) {}

  base::Result<Pattern> run() {
    RETURN_IF_ERROR(alternatives());
    if (at_ < text_.size()) return wrong("unexpected )");
    emit({.op = Pattern::Op::kAccept});
    Pattern pattern;
    pattern.steps_ = std::move(steps_);
    return pattern;
  }

 private:
  using Op = Pattern::Op;
  using Step = Pattern::Step;
  static constexpr std::size_t kMaxSteps = 100'000;

  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return done() ? '\0' : text_[at_]; }
  [[nodiscard]] base::Error wrong(std::string_view why) const {
    return base::invalid("invalid pattern: " + std::string(why))
        .add("pattern", std::string(text_))
        .add("offset", std::to_string(at_));
  }
  void emit(Step step) { steps_.push_back(step); }
  void emit_bytes(const Bytes& bytes) {
    emit({.op = Op::kBytes, .first = steps_.size() + 1, .second = 0, .bytes = bytes});
  }

  // Moves the steps from `start` on by one and puts `step` before them.
  void insert(std::size_t start, Step step) {
    for (std::size_t i = start; i < steps_.size(); ++i) shift(steps_[i], start, 1);
    steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(start), step);
  }
  static void shift(Step& step, std::size_t from, std::size_t by) {
    if (step.first >= from) step.first += by;
    if (step.op == Op::kSplit && step.second >= from) step.second += by;
  }

  base::Status alternatives() {
    const std::size_t start = steps_.size();
    std::vector<std::size_t> exits;
    RETURN_IF_ERROR(sequence());
    while (peek() == '|') {
      ++at_;
      emit({.op = Op::kJump});
      insert(start, {.op = Op::kSplit, .first = start + 1, .second = steps_.size() + 1});
      for (std::size_t& exit : exits) ++exit;
      exits.push_back(steps_.size() - 1);
      // Earlier alternatives are nested in the first branch; the new one is the second.
      RETURN_IF_ERROR(sequence());
    }
    for (const std::size_t exit : exits) steps_[exit].first = steps_.size();
    return base::ok();
  }

  base::Status sequence() {
    while (!done() && peek() != '|' && peek() != ')') {
      const std::size_t start = steps_.size();
      RETURN_IF_ERROR(atom());
      RETURN_IF_ERROR(repetition(start));
      if (steps_.size() > kMaxSteps) return wrong("too large");
    }
    return base::ok();
  }

  base::Status atom() {
    const char c = text_[at_++];
    switch (c) {
      case '(':
        return group();
      case '[':
        return bracket();
      case '.':
        emit_bytes(~byte_range('\n', '\n'));
        return base::ok();
      case '^':
        emit({.op = Op::kBegin, .first = steps_.size() + 1});
        return base::ok();
      case '$':
        emit({.op = Op::kEnd, .first = steps_.size() + 1});
        return base::ok();
      case '*':
      case '+':
      case '?':
        return wrong("nothing to repeat");
      case '\\':
        return escaped();
      default:
        emit_bytes(byte_range(static_cast<unsigned char>(c), static_cast<unsigned char>(c)));
        return base::ok();
    }
  }

  base::Status escaped() {
    if (done()) return wrong("trailing backslash");
    const char letter = text_[at_++];
    if (letter == 'b' || letter == 'A' || letter == 'z') {
      emit({.op = letter == 'b'   ? Op::kWordBoundary
                  : letter == 'A' ? Op::kBegin
                                  : Op::kEnd,
            .first = steps_.size() + 1});
      return base::ok();
    }
    const auto set = escape_class(letter);
    const unsigned char c = escape_char(letter);
    emit_bytes(set.has_value() ? *set : byte_range(c, c));
    return base::ok();
  }

  base::Status group() {
    if (text_.substr(at_).starts_with("?:")) {
      at_ += 2;
    } else if (text_.substr(at_).starts_with("?P<")) {
      const std::size_t close = text_.find('>', at_);
      if (close == std::string_view::npos) return wrong("unclosed group name");
      at_ = close + 1;
    } else if (peek() == '?') {
      return wrong("unsupported group");
    }
    RETURN_IF_ERROR(alternatives());
    if (peek() != ')') return wrong("missing )");
    ++at_;
    return base::ok();
  }

  base::Status bracket() {
    const bool negated = peek() == '^';
    if (negated) ++at_;
    Bytes set;
    bool first = true;
    while (!done() && (peek() != ']' || first)) {
      first = false;
      std::optional<Bytes> whole;
      const unsigned char low = bracket_char(whole);
      if (whole.has_value()) {
        set |= *whole;
        continue;
      }
      unsigned char high = low;
      if (peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        ++at_;
        high = bracket_char(whole);
      }
      if (high < low) return wrong("bad range in class");
      set |= byte_range(low, high);
    }
    if (done()) return wrong("missing ]");
    ++at_;
    emit_bytes(negated ? ~set : set);
    return base::ok();
  }

  // One character of a class; `whole` is set instead for \d and the like and for [:alpha:].
  unsigned char bracket_char(std::optional<Bytes>& whole) {
    const char c = text_[at_++];
    if (c != '\\' || done()) return static_cast<unsigned char>(c);
    const char letter = text_[at_++];
    whole = escape_class(letter);
    return escape_char(letter);
  }

  base::Status repetition(std::size_t start) {
    while (!done()) {
      std::size_t low = 0;
      std::optional<std::size_t> high;
      const char c = peek();
      if (c == '{' && !read_bounds(low, high)) return base::ok();  // a literal brace
      if (c == '+') low = 1;
      if (c == '?') high = 1;
      if (c != '*' && c != '+' && c != '?' && c != '{') return base::ok();
      if (c != '{') ++at_;
      if (peek() == '?') ++at_;  // lazy
      if (low > 1000 || high.value_or(0) > 1000) return wrong("bad repetition operator");
      repeat(start, low, high);
    }
    return base::ok();
  }

  bool read_bounds(std::size_t& low, std::optional<std::size_t>& high) {
    const std::size_t close = text_.find('}', at_);
    if (close == std::string_view::npos) return false;
    const std::string_view body = text_.substr(at_ + 1, close - at_ - 1);
    const std::size_t comma = body.find(',');
    const std::string_view left = body.substr(0, comma);
    if (left.empty() || !std::ranges::all_of(body, [](char c) { return c == ',' || (c >= '0' && c <= '9'); }))
      return false;
    low = std::stoul(std::string(left));
    if (comma == std::string_view::npos) {
      high = low;
    } else if (comma + 1 < body.size()) {
      high = std::stoul(std::string(body.substr(comma + 1)));
    }
    at_ = close + 1;
    return true;
  }

  // Replaces the fragment at `start` by `low` to `high` (none: any number of) copies of it.
  void repeat(std::size_t start, std::size_t low, std::optional<std::size_t> high) {
    const std::vector<Step> body(steps_.begin() + static_cast<std::ptrdiff_t>(start), steps_.end());
    steps_.resize(start);
    const auto append = [&] {
      const std::size_t by = steps_.size() - start;
      for (Step step : body) {
        shift(step, 0, by);
        emit(step);
      }
    };
    for (std::size_t i = 0; i < low; ++i) append();
    if (!high.has_value()) {
      const std::size_t loop = steps_.size();
      emit({.op = Op::kSplit, .first = loop + 1});
      append();
      emit({.op = Op::kJump, .first = loop});
      steps_[loop].second = steps_.size();
      return;
    }
    std::vector<std::size_t> splits;
    for (std::size_t i = low; i < *high && steps_.size() < kMaxSteps; ++i) {
      splits.push_back(steps_.size());
      emit({.op = Op::kSplit, .first = steps_.size() + 1});
      append();
    }
    for (const std::size_t split : splits) steps_[split].second = steps_.size();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Step> steps_;
};

base::Result<Pattern> Pattern::compile(std::string_view text) { return PatternCompiler(text).run(); }

void Pattern::follow(std::vector<std::size_t>& threads, std::vector<bool>& seen, std::size_t step,
                     std::string_view text, std::size_t at) const {
  std::vector<std::size_t> open = {step};
  while (!open.empty()) {
    const std::size_t next = open.back();
    open.pop_back();
    if (seen[next]) continue;
    seen[next] = true;
    const Step& here = steps_[next];
    switch (here.op) {
      case Op::kBytes:
      case Op::kAccept:
        threads.push_back(next);
        break;
      case Op::kSplit:
        open.push_back(here.second);
        [[fallthrough]];
      case Op::kJump:
        open.push_back(here.first);
        break;
      case Op::kBegin:
        if (at == 0) open.push_back(here.first);
        break;
      case Op::kEnd:
        if (at == text.size()) open.push_back(here.first);
        break;
      case Op::kWordBoundary:
        if ((at > 0 && is_word_byte(text, at - 1)) != is_word_byte(text, at)) open.push_back(here.first);
        break;
    }
  }
}

bool Pattern::matches(std::string_view text) const {
  std::vector<std::size_t> threads;
  std::vector<std::size_t> next;
  std::vector<bool> seen(steps_.size());
  std::vector<bool> seen_next(steps_.size());
  for (std::size_t at = 0; at <= text.size(); ++at) {
    follow(threads, seen, 0, text, at);  // a match may begin anywhere
    for (const std::size_t thread : threads) {
      if (steps_[thread].op == Op::kAccept) return true;
    }
    if (at == text.size()) return false;
    next.clear();
    seen_next.assign(steps_.size(), false);
    for (const std::size_t thread : threads) {
      if (!steps_[thread].bytes.test(static_cast<unsigned char>(text[at]))) continue;
      follow(next, seen_next, steps_[thread].first, text, at + 1);
    }
    threads.swap(next);
    seen.swap(seen_next);
  }
  return false;
}

}  // namespace karpenter::devcluster
