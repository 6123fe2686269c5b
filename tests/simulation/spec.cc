#include "tests/simulation/spec.h"

#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

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
  // The value that `key` names in a table.
  template <class T, std::size_t kSize>
  T word(const std::string& key, const std::array<std::pair<const char*, T>, kSize>& words) {
    const auto given = text(key);
    for (const auto& [name, value] : words) {
      if (given == name) return value;
    }
    faults_.push_back(path_ + key + ": unknown word " + given);
    return {};
  }
  [[nodiscard]] bool has(const std::string& key) const { return object_[key].exists(); }
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

constexpr std::array kOutcomes{std::pair{"ready", Until::Outcome::kReady},
                               std::pair{"rest", Until::Outcome::kRest},
                               std::pair{"cheaper", Until::Outcome::kCheaper},
                               std::pair{"replaced", Until::Outcome::kReplaced},
                               std::pair{"interrupted", Until::Outcome::kInterrupted},
                               std::pair{"empty", Until::Outcome::kEmpty},
                               std::pair{"clean", Until::Outcome::kClean},
                               std::pair{"pending", Until::Outcome::kPending}};
constexpr std::array kOutages{std::pair{"api", Brownout::Of::kApi}, std::pair{"aws", Brownout::Of::kAws}};

Act read_act(Reader& row) {
  if (row.has("scale"))
    return Scale{row.text("scale"), row.integer("replicas"), row.text("cpu"), row.text("pool")};
  if (row.has("apply")) return Change{Change::Verb::kApply, row.get("apply").clone()};
  if (row.has("patch")) return Change{Change::Verb::kPatch, row.get("patch").clone()};
  if (row.has("delete")) return Change{Change::Verb::kDelete, row.get("delete").clone()};
  if (row.has("interrupt")) return Interrupt{row.integer("interrupt")};
  if (row.has("brownout")) return Brownout{row.word("brownout", kOutages), row.duration("for")};
  if (row.has("capacity")) return Capacity{row.text("capacity"), row.integer("left")};
  if (row.has("until")) return Until{row.word("until", kOutcomes), row.text("pool")};
  return {};
}

Step read_step(json::View item, std::vector<std::string>& wrong) {
  Reader row(item, "story[].", wrong);
  return {.at = row.duration("at"), .phase = row.text("phase"), .act = read_act(row)};
}

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
  if (in.has("instance_shutdown")) out.instance_shutdown = in.duration("instance_shutdown");
  for (const auto item : in.get("pdbs").items()) {
    Reader pdb(item, "pdbs[].", wrong);
    out.pdbs.push_back({pdb.text("app"), pdb.integer("min_available")});
  }
  for (const auto item : in.get("story").items()) out.story.push_back(read_step(item, wrong));
  out.faults = read_faults(in.get("faults"), wrong);
  Reader least(in.get("at_least"), "at_least.", wrong);
  out.min_lives = static_cast<std::size_t>(least.integer("lives"));
  out.min_launched = static_cast<std::size_t>(least.integer("launched"));
  Reader most(in.get("at_most"), "at_most.", wrong);
  out.max_aws_errors = static_cast<std::uint64_t>(most.get("aws_errors").integer_or(1000));
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
