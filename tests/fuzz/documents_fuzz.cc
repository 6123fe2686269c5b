#include <cstdio>
#include <string>

#include "common/json/json.h"
#include "tests/fuzz/fuzz.h"
#include "webhook/offline/offline.h"

namespace offline = karpenter::webhook::offline;

// Any file is checked: with an answer, and a report that a machine can read.
KARP_FUZZ(text) {
  if (text.empty()) return;
  std::string bytes(text);
  std::FILE* file = fmemopen(bytes.data(), bytes.size(), "r");
  KARP_CHECK(file != nullptr);
  std::string out;
  const offline::Streams streams{
      .in = file, .out = [&](std::string_view piece) { out += piece; }, .err = [](std::string_view) {}};
  const std::string args[] = {"-f", "-", "-o", "json"};
  const int code = offline::validate(args, streams);
  std::fclose(file);
  KARP_CHECK(code == 0 || code == 1);
  const auto report = karpenter::json::parse(out);
  KARP_CHECK(report.has_value());
  const bool invalid = (*report)["summary"]["invalid"].integer_or(0) > 0;
  KARP_CHECK(invalid == (code == 1));
}
