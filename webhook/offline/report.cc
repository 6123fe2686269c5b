#include "webhook/offline/report.h"

#include <utility>

#include "common/base/strings.h"

namespace karpenter::webhook::offline {
namespace {

std::string_view severity_name(Severity severity) {
  return severity == Severity::kError ? "error" : "warning";
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

json::Value summary_json(const Summary& summary) {
  json::Value out = json::Value::object();
  const auto set = [&](std::string_view key, std::size_t value) {
    out.ref()[key].set(static_cast<std::int64_t>(value));
  };
  set("objects", summary.objects);
  set("invalid", summary.invalid);
  set("warnings", summary.warnings);
  set("others", summary.others);
  return out;
}

class HumanReport final : public Report {
 public:
  HumanReport(Sink out, Sink err) : out_(std::move(out)), err_(std::move(err)) {}

  void add(const Row& row) override {
    std::string line = row.file + ":" + std::to_string(row.document) + ": ";
    if (row.finding.severity == Severity::kWarning) line += "warning: ";
    if (!row.finding.path.empty()) line += row.finding.path + ": ";
    line += base::replace_all(row.finding.message, "\n", " ");
    if (row.line > 0) line += " (line " + std::to_string(row.line) + ")";
    out_(line + "\n");
  }
  void finish(const Summary& summary) override {
    err_(counted(summary.objects, "object") + " checked, " + std::to_string(summary.invalid) + " invalid, " +
         counted(summary.warnings, "warning") + "; " + counted(summary.others, "object") +
         " of other kinds\n");
  }

 private:
  Sink out_;
  Sink err_;
};

// Entries of one array as they come, between a head and a tail.
class ArrayPrinter {
 public:
  ArrayPrinter(Sink out, std::string_view head) : out_(std::move(out)) { out_(head); }
  void add(json::View entry) { out_((std::exchange(first_, false) ? "\n" : ",\n") + entry.dump()); }
  void close(std::string_view tail) { out_(tail); }

 private:
  Sink out_;
  bool first_ = true;
};

class JsonReport final : public Report {
 public:
  explicit JsonReport(Sink out) : printer_(std::move(out), "{\"findings\":[") {}

  void add(const Row& row) override {
    json::Value entry = json::Value::object();
    entry["file"].set(row.file);
    entry["document"].set(static_cast<std::int64_t>(row.document));
    if (row.line > 0) entry["line"].set(row.line);
    entry["kind"].set(row.kind);
    entry["name"].set(row.name);
    entry["severity"].set(severity_name(row.finding.severity));
    entry["rule"].set(row.finding.rule);
    entry["path"].set(row.finding.path);
    entry["message"].set(row.finding.message);
    printer_.add(entry);
  }
  void finish(const Summary& summary) override {
    printer_.close("\n],\"summary\":" + summary_json(summary).dump() + "}\n");
  }

 private:
  ArrayPrinter printer_;
};

json::Value sarif_tool() {
  json::Value tool = json::Value::object();
  const auto driver = tool["driver"];
  driver["name"].set("karpenter-webhook");
  driver["version"].set(KARPENTER_VERSION);
  for (const auto& rule : rules()) {
    const auto entry = driver["rules"].push_back();
    entry["id"].set(rule.id);
    entry["shortDescription"]["text"].set(rule.description);
  }
  return tool;
}

class SarifReport final : public Report {
 public:
  explicit SarifReport(Sink out)
      : printer_(
            std::move(out),
            "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":["
            "{\"tool\":" +
                sarif_tool().dump() + ",\"columnKind\":\"unicodeCodePoints\",\"results\":[") {}

  void add(const Row& row) override {
    json::Value entry = json::Value::object();
    const auto& finding = row.finding;
    entry["ruleId"].set(finding.rule);
    entry["level"].set(severity_name(finding.severity));
    const std::string subject = row.kind.empty() ? "" : row.kind + " \"" + row.name + "\": ";
    entry["message"]["text"].set(subject + (finding.path.empty() ? "" : finding.path + ": ") +
                                 finding.message);
    const auto location = entry["locations"].push_back();
    const auto physical = location["physicalLocation"];
    physical["artifactLocation"]["uri"].set(
        row.file == "-" ? "stdin" : base::percent_encode(row.file, base::Slash::kKeep));
    physical["region"]["startLine"].set(row.line > 0 ? row.line : 1);
    if (!finding.path.empty()) {
      location["logicalLocations"].push_back();
      location["logicalLocations"][std::size_t{0}]["fullyQualifiedName"].set(finding.path);
    }
    printer_.add(entry);
  }
  void finish(const Summary&) override { printer_.close("\n]}]}\n"); }

 private:
  ArrayPrinter printer_;
};

}  // namespace

std::unique_ptr<Report> human_report(Sink out, Sink err) {
  return std::make_unique<HumanReport>(std::move(out), std::move(err));
}
std::unique_ptr<Report> json_report(Sink out) { return std::make_unique<JsonReport>(std::move(out)); }
std::unique_ptr<Report> sarif_report(Sink out) { return std::make_unique<SarifReport>(std::move(out)); }

}  // namespace karpenter::webhook::offline
