#include <utility>

#include "common/base/strings.h"
#include "common/json/yaml_lines.h"
#include "webhook/offline/arguments.h"
#include "webhook/offline/offline.h"
#include "webhook/offline/report.h"

namespace karpenter::webhook::offline {
namespace {

struct ValidateOptions {
  std::vector<std::string> files;
  std::string output = "human";
  bool help = false;
};

std::vector<Flag> validate_flags(ValidateOptions& options) {
  return {
      {.name = "--filename",
       .short_name = "-f",
       .help = "File, folder or - to check.",
       .list = &options.files},
      {.name = "--output",
       .short_name = "-o",
       .help = "How to print.",
       .text = &options.output,
       .words = {"human", "json", "sarif"}},
      {.name = "--help", .short_name = "-h", .help = "This text.", .is_set = &options.help},
  };
}

constexpr std::string_view kValidateIntro =
    "karpenter-webhook validate -f FILE|DIR|-...: what a cluster would say of Karpenter's objects in "
    "manifests.\n"
    "Exit code: 0 all valid, 1 something is invalid, 2 wrong arguments or a file that cannot be read.\n\n";

// The findings of one document; lines are looked up only when there is something to show.
class Validation {
 public:
  explicit Validation(Report& report) : report_(report) {}

  void visit(const std::string& file, const Document& document) {
    const auto values = parse_document(document);
    if (!values) return malformed(file, document, values.error());
    std::vector<Row> rows;
    std::vector<std::string> paths;
    for (const auto& value : *values) {
      for (const auto& located : flatten(value)) judge(file, document, located, rows, paths);
    }
    if (rows.empty()) return;
    const auto lines = json::lines_of(document.text, paths);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (lines[i] > 0) rows[i].line = lines[i] + static_cast<int>(document.first_line) - 1;
      report_.add(rows[i]);
    }
  }

  [[nodiscard]] const Summary& summary() const { return summary_; }

 private:
  void malformed(const std::string& file, const Document& document, const base::Error& error) {
    ++summary_.objects;
    ++summary_.invalid;
    Row row{.file = file, .document = document.number, .kind = {}, .name = {}, .finding = {}};
    for (const auto& [key, value] : error.with) {
      if (key == "line") row.line = static_cast<int>(base::parse_int64(value).value_or(0));
    }
    row.finding = {.rule = kMalformedDocument, .path = {}, .message = error.text()};
    report_.add(row);
  }

  void judge(const std::string& file, const Document& document, const Located& located,
             std::vector<Row>& rows, std::vector<std::string>& paths) {
    auto verdict = check(located.object);
    ++(verdict.is_ours ? summary_.objects : summary_.others);
    if (verdict.has_error()) ++summary_.invalid;
    for (auto& finding : verdict.findings) {
      if (finding.severity == Severity::kWarning) ++summary_.warnings;
      if (!located.prefix.empty())
        finding.path = finding.path.empty() ? located.prefix : located.prefix + "." + finding.path;
      paths.push_back(finding.path);
      rows.push_back({.file = file,
                      .document = document.number,
                      .kind = located.object["kind"].string_or(""),
                      .name = located.object["metadata"]["name"].string_or(""),
                      .finding = std::move(finding)});
    }
  }

  Report& report_;
  Summary summary_;
};

}  // namespace

int validate(std::span<const std::string> args, const Streams& streams) {
  ValidateOptions options;
  const auto flags = validate_flags(options);
  auto status = read_arguments(args, flags, options.files);
  if (options.help) {
    streams.out(std::string(kValidateIntro) + flags_help(flags));
    return 0;
  }
  if (status && options.files.empty()) status = base::invalid("nothing to check: name files with -f");
  if (!status) {
    streams.err("karpenter-webhook validate: " + status.error().text() + "\n");
    return 2;
  }
  const auto report = options.output == "json"    ? json_report(streams.out)
                      : options.output == "sarif" ? sarif_report(streams.out)
                                                  : human_report(streams.out, streams.err);
  Validation validation(*report);
  const bool all_read = for_each_document(
      options.files, streams,
      [&](const std::string& file, const Document& document) { validation.visit(file, document); });
  report->finish(validation.summary());
  if (!all_read) return 2;
  return validation.summary().invalid == 0 ? 0 : 1;
}

std::optional<int> run_command(std::span<const std::string> args, const Streams& streams) {
  if (args.empty()) return std::nullopt;
  if (args[0] == "validate") return validate(args.subspan(1), streams);
  if (args[0] == "convert") return convert(args.subspan(1), streams);
  return std::nullopt;
}

Streams standard_streams() {
  const auto to = [](std::FILE* file) {
    return [file](std::string_view text) { std::fwrite(text.data(), 1, text.size(), file); };
  };
  return {.in = stdin, .out = to(stdout), .err = to(stderr)};
}

}  // namespace karpenter::webhook::offline
