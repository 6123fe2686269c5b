#include <tuple>

#include "common/net/beast/messages.h"
#include "tests/fuzz/fuzz.h"

namespace net = karpenter::net;

namespace {

constexpr std::size_t kMaxHeader = 4096;
constexpr std::size_t kMaxBody = 16384;

struct Read {
  net::ParseProblem problem = net::ParseProblem::kNone;
  bool done = false;
  net::HttpRequest request;
};

Read read(std::string_view text, std::size_t piece) {
  Read out;
  net::RequestParser parser(kMaxHeader, kMaxBody);
  while (!text.empty() && out.problem == net::ParseProblem::kNone && !parser.done()) {
    out.problem = parser.feed(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
  }
  out.done = out.problem == net::ParseProblem::kNone && parser.done();
  if (out.done) out.request = parser.take();
  return out;
}

}  // namespace

// A request reads the same in one piece and in many; answers only have to be survived.
KARP_FUZZ(text) {
  const Read whole = read(text, text.size() + 1);
  const Read pieces = read(text, 7);
  KARP_CHECK(whole.done == pieces.done);
  KARP_CHECK(whole.request.method == pieces.request.method && whole.request.target == pieces.request.target);
  KARP_CHECK(whole.request.body == pieces.request.body && whole.request.body.size() <= kMaxBody);
  KARP_CHECK(whole.request.headers.fields() == pieces.request.headers.fields());
  if (whole.done) {
    static_cast<void>(whole.request.path());
    static_cast<void>(whole.request.query());
  }
  net::ResponseParser response(net::ResponseParser::Body::kExpected, kMaxBody);
  if (response.feed(text)) static_cast<void>(response.feed_end());
  static_cast<void>(net::parse_url(text));
}
