#include "controller/planner/options.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/base/strings.h"

namespace karpenter::planner {
namespace {

using base::Status;

base::Error bad(std::string what, std::string_view flag, std::string_view value) {
  return base::invalid(std::move(what)).add("flag", std::string(flag)).add("value", std::string(value));
}

base::Result<std::pair<std::string, std::string>> split_assignment(std::string_view flag,
                                                                   const std::string& value) {
  const std::size_t at = value.find('=');
  if (at == 0 || at == std::string::npos) return bad("want NAME=VALUE", flag, value);
  return std::pair(value.substr(0, at), value.substr(at + 1));
}

template <class Enum>
Status choose(std::string_view flag, const std::string& value, Enum& to,
              std::span<const std::pair<std::string_view, Enum>> words) {
  std::string wanted = "want one of";
  for (const auto& [word, meaning] : words) {
    wanted.append(" ").append(word);
    if (word != value) continue;
    to = meaning;
    return base::ok();
  }
  return bad(std::move(wanted), flag, value);
}

Status set_output(Options& to, const std::string& value) {
  static constexpr std::array words = {std::pair{std::string_view("table"), Output::kTable},
                                       std::pair{std::string_view("json"), Output::kJson}};
  return choose<Output>("-o", value, to.output, words);
}
Status set_preference(Options& to, const std::string& value) {
  using scheduling::PreferencePolicy;
  static constexpr std::array words = {std::pair{std::string_view("Respect"), PreferencePolicy::kRespect},
                                       std::pair{std::string_view("Ignore"), PreferencePolicy::kIgnore}};
  return choose<PreferencePolicy>("--preference-policy", value, to.scheduling.preferences, words);
}
Status set_min_values(Options& to, const std::string& value) {
  using scheduling::MinValuesPolicy;
  static constexpr std::array words = {
      std::pair{std::string_view("Strict"), MinValuesPolicy::kStrict},
      std::pair{std::string_view("BestEffort"), MinValuesPolicy::kBestEffort}};
  return choose<MinValuesPolicy>("--min-values-policy", value, to.scheduling.min_values, words);
}
Status set_packing(Options& to, const std::string& value) {
  using scheduling::Packing;
  static constexpr std::array words = {std::pair{std::string_view("default"), Packing::kDefault},
                                       std::pair{std::string_view("reference"), Packing::kReference}};
  return choose<Packing>("--packing", value, to.scheduling.packing, words);
}
Status set_now(Options& to, const std::string& value) {
  const auto time = base::parse_rfc3339(value);
  if (!time) return bad("want a time such as 2026-01-01T00:00:00Z", "--now", value);
  to.now = *time;
  return base::ok();
}
Status add_set(Options& to, const std::string& value) {
  ASSIGN_OR_RETURN(auto assignment, split_assignment("--set", value));
  to.set.push_back(std::move(assignment));
  return base::ok();
}
Status add_factor(Options& to, const std::string& value) {
  ASSIGN_OR_RETURN(const auto assignment, split_assignment("--price-factor", value));
  const auto factor = base::parse_double(assignment.second);
  if (!factor || *factor < 0) return bad("want CAPACITY-TYPE=NUMBER", "--price-factor", value);
  to.price_factors.emplace_back(assignment.first, *factor);
  return base::ok();
}

template <auto List>
Status append(Options& to, const std::string& value) {
  (to.*List).push_back(value);
  return base::ok();
}

struct Flag {
  std::string_view name;
  std::string_view argument;  // "" for a switch
  std::string_view help;
  Status (*set)(Options& to, const std::string& value);
  bool takes_several = false;  // every argument up to the next flag
};

constexpr std::array kFlags = {
    Flag{"--cluster", "FILE...", "the cluster: kubectl get ... -A -o yaml or json; - is standard input",
         append<&Options::cluster>, true},
    Flag{"--instance-types", "FILE", "what could be launched (format: docs/plan.md)",
         [](Options& to, const std::string& value) -> Status {
           to.instance_types = value;
           return base::ok();
         }},
    Flag{"-o", "table|json", "how the plan is printed (default table)", set_output},
    Flag{"--set", "nodepool.NAME.FIELD=VALUE",
         "what if a NodePool were different: nodepool.default.limits.cpu=100", add_set},
    Flag{"--delete-node", "NAME...", "what if the node went away: its pods need a place",
         append<&Options::delete_nodes>, true},
    Flag{"--add-pods", "FILE...", "what if these pods (or Deployments, Jobs, ...) were pending too",
         append<&Options::add_pods>, true},
    Flag{"--price-factor", "CAPACITY-TYPE=N", "what if prices were different: spot=2", add_factor},
    Flag{"--diff", "", "compare with the plan without the changes above",
         [](Options& to, const std::string&) -> Status {
           to.diff = true;
           return base::ok();
         }},
    Flag{"--preference-policy", "Respect|Ignore", "as the controller's setting (default Respect)",
         set_preference},
    Flag{"--min-values-policy", "Strict|BestEffort", "as the controller's setting (default Strict)",
         set_min_values},
    Flag{"--packing", "default|reference", "reference: plain placement as the reference does it",
         set_packing},
    Flag{"--now", "TIME", "the time it is, for annotations that expire (default: now)", set_now},
};

// `--name=value` and `--name value`.
Status take(const Flag& flag, std::span<const std::string> args, std::size_t& at, Options& out) {
  const std::string& argument = args[at++];
  const std::size_t equals = argument.starts_with("--") ? argument.find('=') : std::string::npos;
  if (flag.argument.empty()) {
    return equals == std::string::npos ? flag.set(out, "") : bad("takes no value", flag.name, argument);
  }
  if (equals != std::string::npos) return flag.set(out, argument.substr(equals + 1));
  const std::size_t first = at;
  const auto is_value = [&] { return at < args.size() && (!args[at].starts_with('-') || args[at] == "-"); };
  while (is_value() && (at == first || flag.takes_several)) RETURN_IF_ERROR(flag.set(out, args[at++]));
  if (at == first) return base::invalid("a flag has no value").add("flag", std::string(flag.name));
  return base::ok();
}

}  // namespace

base::Result<Options> parse_options(std::span<const std::string> args) {
  Options out;
  for (std::size_t at = 0; at < args.size();) {
    const std::string name =
        args[at].substr(0, args[at].starts_with("--") ? args[at].find('=') : std::string::npos);
    const auto flag = std::ranges::find_if(
        kFlags, [&](const Flag& f) { return f.name == name || (f.name == "-o" && name == "--output"); });
    if (flag == kFlags.end()) return base::invalid("unknown argument").add("argument", args[at]);
    RETURN_IF_ERROR(take(*flag, args, at, out));
  }
  if (out.cluster.empty()) return base::invalid("--cluster is missing");
  if (out.instance_types.empty()) return base::invalid("--instance-types is missing");
  if (out.diff && !out.has_changes()) return base::invalid("--diff needs a change to compare with");
  return out;
}

std::string help() {
  std::string out =
      "karpenter-controller plan: what the provisioner would do with a cluster that is given as files.\n\n"
      "  kubectl get nodes,pods,nodepools,nodeclaims,daemonsets,pvc,pv,sc,csinodes,ns,pdb -A -o json > "
      "cluster.json\n"
      "  karpenter-controller plan --cluster cluster.json --instance-types types.json\n\n";
  for (const auto& flag : kFlags) {
    std::string left = "  " + std::string(flag.name) + " " + std::string(flag.argument);
    left.resize(std::max<std::size_t>(left.size() + 2, 36), ' ');
    out += left + std::string(flag.help) + "\n";
  }
  return out +
         "\nExit code 0: planned, also when pods found no place; 2: an input or an argument is wrong.\n";
}

}  // namespace karpenter::planner
