#include "tests/simulation/spec.h"

#include <fstream>
#include <iterator>
#include <set>

#include "common/base/duration.h"
#include "common/json/yaml.h"

namespace karpenter::simulation {
namespace {

// Reads members one by one, remembers which were read, and reports the rest.
class Reader {
 public:
  Reader(json::View object, std::string path, std::vector<std::string>& faults)
      : object_(object), path_(std::move(path)), faults_(faults) {}
  ~Reader() {
    for (const auto& [key, value] : object_.members()) {
      if (!read_.contains(std::string(key))) faults_.push_back(path_ + std::string(key) + ": unknown member");
    }
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  json::View get(const std::string& key) {
    read_.insert(key);
    return object_[key];
  }
  std::string text(const std::string& key) {
    const auto value = get(key);
    return value.is_string() ? value.string_or("") : value.dump();
  }
  nanoseconds duration(const std::string& key) {
    const auto value = get(key);
    if (!value.exists()) return {};
    auto parsed = base::parse_duration(value.string_or(""));
    if (parsed) return *parsed;
    faults_.push_back(path_ + key + ": " + parsed.error().text());
    return {};
  }
  double number(const std::string& key) { return get(key).number().value_or(0); }
  std::int64_t integer(const std::string& key) { return get(key).integer_or(0); }

 private:
  json::View object_;
  std::string path_;
  std::vector<std::string>& faults_;
  std::set<std::string> read_;
};

Faults read_faults(json::View object, std::vector<std::string>& wrong) {
  Reader in(object, "faults.", wrong);
  Faults out;
  out.api_refused = in.number("api_refused");
  out.api_lost = in.number("api_lost");
  out.aws_refused = in.number("aws_refused");
  out.aws_lost = in.number("aws_lost");
  out.watch_cut_every = in.duration("watch_cut_every");
  out.compact_every = in.duration("compact_every");
  out.kill_every = in.duration("kill_every");
  out.throttle_every = in.integer("throttle_every");
  out.describe_lag = in.duration("describe_lag");
  out.fleet_limit = in.integer("fleet_limit");
  out.page_size = in.integer("page_size");
  if (const auto shortage = in.get("shortage"); shortage.exists()) {
    Reader part(shortage, "faults.shortage.", wrong);
    out.shortage =
        Shortage{part.text("type"), part.text("zone"), part.text("capacity_type"), part.integer("count")};
  }
  return out;
}

Spec read(json::View object, std::vector<std::string>& wrong) {
  Reader in(object, "", wrong);
  Spec out;
  out.name = in.text("name");
  out.faults_until = in.duration("faults_until");
  out.settle_within = in.duration("settle_within");
  out.steady_for = in.duration("steady_for");
  out.quiet_for = in.duration("quiet_for");
  {
    Reader pool(in.get("nodepool"), "nodepool.", wrong);
    out.consolidate_after = pool.text("consolidate_after");
    out.budget = pool.integer("budget");
    for (const auto cpus : pool.get("cpus").items()) out.cpus.push_back(cpus.string_or(""));
  }
  if (const auto pdb = in.get("pdb"); pdb.exists()) {
    Reader part(pdb, "pdb.", wrong);
    out.pdb = Pdb{part.text("app"), part.integer("min_available")};
  }
  for (const auto item : in.get("workload").items()) {
    Reader row(item, "workload[].", wrong);
    out.workload.push_back({row.duration("at"), row.text("app"), row.integer("replicas"), row.text("cpu")});
  }
  out.faults = read_faults(in.get("faults"), wrong);
  return out;
}

}  // namespace

base::Result<Spec> read_spec(const std::string& path) {
  std::ifstream in(path);
  if (!in) return base::not_found("cannot read spec").add("path", path);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  ASSIGN_OR_RETURN(const auto documents, json::parse_yaml(text));
  if (documents.size() != 1) return base::invalid("a spec is one document").add("path", path);
  std::vector<std::string> wrong;
  Spec spec = read(documents.front(), wrong);
  if (!wrong.empty()) return base::invalid(wrong.front()).add("path", path);
  return spec;
}

}  // namespace karpenter::simulation
