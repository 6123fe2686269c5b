#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "webhook/offline/check.h"

namespace karpenter::webhook::offline {

// A finding and where it was found.
struct Row {
  std::string file;
  std::size_t document = 0;
  int line = 0;  // in the file; 0: unknown
  std::string kind;
  std::string name;
  Finding finding;
};

struct Summary {
  std::size_t objects = 0;  // looked at
  std::size_t invalid = 0;  // of them, documents that could not be read too
  std::size_t warnings = 0;
  std::size_t others = 0;  // objects of other kinds
};

// Prints rows as they come.
class Report {
 public:
  virtual ~Report() = default;
  virtual void add(const Row& row) = 0;
  virtual void finish(const Summary& summary) = 0;
};

using Sink = std::function<void(std::string_view)>;

// `file:document: path: message (line 3)`, a line each; the summary goes to `err`.
[[nodiscard]] std::unique_ptr<Report> human_report(Sink out, Sink err);
// {"findings": [{file, document, line, kind, name, severity, rule, path, message}], "summary": {…}}
[[nodiscard]] std::unique_ptr<Report> json_report(Sink out);
// SARIF 2.1.0, one run.
[[nodiscard]] std::unique_ptr<Report> sarif_report(Sink out);

}  // namespace karpenter::webhook::offline
