#include "common/json/json.h"
#include "common/kube/reflector.h"
#include "tests/fuzz/fuzz.h"

namespace kube = karpenter::kube;

namespace {

constexpr std::size_t kMaxLine = 4096;

struct Lines {
  bool ok = true;
  std::vector<std::string> lines;
};

Lines cut(std::string_view text, std::size_t piece) {
  Lines out;
  kube::LineSplitter splitter(kMaxLine);
  while (!text.empty() && out.ok) {
    auto lines = splitter.feed(text.substr(0, piece));
    out.ok = lines.has_value();
    if (out.ok) out.lines.insert(out.lines.end(), lines->begin(), lines->end());
    text.remove_prefix(std::min(piece, text.size()));
  }
  return out;
}

}  // namespace

// A watch body has the same lines however it arrives.
KARP_FUZZ(text) {
  const Lines whole = cut(text, text.size() + 1);
  const Lines pieces = cut(text, 5);
  if (whole.ok && pieces.ok) KARP_CHECK(whole.lines == pieces.lines);
  for (const auto& line : whole.lines) static_cast<void>(karpenter::json::parse(line));
}
