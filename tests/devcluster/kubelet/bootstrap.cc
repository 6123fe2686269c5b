#include "tests/devcluster/kubelet/bootstrap.h"

#include <algorithm>
#include <optional>

#include "common/base/strings.h"
#include "common/json/yaml.h"

namespace karpenter::devcluster {
namespace {

// The value of a `--flag=value` inside shell or YAML text: up to a quote, blank or line end.
std::optional<std::string> find_flag(std::string_view text, std::string_view flag) {
  const std::string needle = "--" + std::string(flag) + "=";
  auto at = text.find(needle);
  if (at == std::string_view::npos) return std::nullopt;
  at += needle.size();
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
  const auto end = text.find_first_of("\"' \t\r\n\\", at);
  return std::string(text.substr(at, end == std::string_view::npos ? end : end - at));
}

// kubelet does not start with a taint that has no key or no known effect.
base::Status check_taint(const model::Taint& taint) {
  const bool known = taint.effect == model::kNoSchedule || taint.effect == model::kPreferNoSchedule ||
                     taint.effect == model::kNoExecute;
  if (taint.key.empty() || !known) return base::invalid("malformed taint").add("taint", taint.text());
  return base::ok();
}

base::Status read_flags(std::string_view text, Bootstrap& out) {
  if (const auto labels = find_flag(text, "node-labels")) {
    for (auto& [key, value] : parse_label_list(*labels)) out.labels.insert_or_assign(key, value);
  }
  if (const auto taints = find_flag(text, "register-with-taints")) {
    ASSIGN_OR_RETURN(auto parsed, parse_taint_list(*taints));
    out.taints.insert(out.taints.end(), parsed.begin(), parsed.end());
  }
  if (const auto pods = find_flag(text, "max-pods")) {
    out.max_pods = base::parse_int64(*pods);
    if (!out.max_pods) return base::invalid("--max-pods is no number").add("value", *pods);
  }
  return base::ok();
}

base::Status read_node_config(json::View config, Bootstrap& out) {
  const auto cluster = config["spec"]["cluster"];
  if (cluster.exists()) {
    out.cluster_name = cluster["name"].string_or(out.cluster_name);
    out.api_server = cluster["apiServerEndpoint"].string_or(out.api_server);
  }
  const auto kubelet = config["spec"]["kubelet"];
  if (const auto pods = kubelet["config"]["maxPods"].integer()) out.max_pods = pods;
  for (const auto entry : kubelet["config"]["registerWithTaints"].items()) {
    model::Taint taint{.key = entry["key"].string_or(""),
                       .value = entry["value"].string_or(""),
                       .effect = entry["effect"].string_or(""),
                       .time_added = std::nullopt};
    RETURN_IF_ERROR(check_taint(taint));
    out.taints.push_back(std::move(taint));
  }
  for (const auto flag : kubelet["flags"].items()) RETURN_IF_ERROR(read_flags(flag.string_or(""), out));
  return base::ok();
}

// The parts of a MIME multipart text, or the text itself.
std::vector<std::string> mime_parts(std::string_view text) {
  const auto at = text.find("boundary=");
  if (!text.starts_with("MIME-Version:") && !text.starts_with("Content-Type:")) return {std::string(text)};
  if (at == std::string_view::npos) return {std::string(text)};
  auto rest = text.substr(at + 9);
  if (rest.starts_with('"')) rest.remove_prefix(1);
  const std::string mark = "--" + std::string(rest.substr(0, rest.find_first_of("\"\r\n;")));
  std::vector<std::string> out;
  auto from = text.find("\n" + mark);
  while (from != std::string_view::npos) {
    const auto begin = from + 1 + mark.size();
    const auto next = text.find("\n" + mark, begin);
    if (next == std::string_view::npos) break;
    const auto part = base::replace_all(std::string(text.substr(begin, next - begin)), "\r\n", "\n");
    const auto body = part.find("\n\n");
    if (body != std::string::npos) out.push_back(part.substr(body + 2));
    from = next;
  }
  return out;
}

base::Status read_part(const std::string& part, Bootstrap& out) {
  if (part.find("kind: NodeConfig") != std::string::npos) {
    ASSIGN_OR_RETURN(const auto documents, json::parse_yaml(part));
    for (const auto& document : documents) {
      if (document["kind"].string_or("") == "NodeConfig") RETURN_IF_ERROR(read_node_config(document, out));
    }
    return base::ok();
  }
  const auto script = part.find("/etc/eks/bootstrap.sh ");
  if (script == std::string::npos) return base::ok();  // a custom part
  const auto words = std::string_view(part).substr(script + 22);
  out.cluster_name = std::string(base::trim(words.substr(0, words.find_first_of(" \n"))));
  if (out.cluster_name.size() > 1 && out.cluster_name.front() == '\'') {
    out.cluster_name = out.cluster_name.substr(1, out.cluster_name.size() - 2);
  }
  if (const auto at = words.find("--apiserver-endpoint "); at != std::string_view::npos) {
    const auto from = words.substr(at + 21);
    out.api_server = base::replace_all(std::string(from.substr(0, from.find_first_of(" \\\n"))), "'", "");
  }
  return read_flags(words, out);
}

// EKS: 6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest.
std::int64_t reserved_cpu_milli(std::int64_t cores) {
  std::int64_t tenths = 0;  // of a millicore
  for (std::int64_t core = 1; core <= cores; ++core)
    tenths += core == 1 ? 600 : core == 2 ? 100 : core <= 4 ? 50 : 25;
  return tenths / 10;
}

}  // namespace

model::StringMap parse_label_list(std::string_view text) {
  model::StringMap out;
  for (const auto& pair : base::split(text, ',')) {
    const auto at = pair.find('=');
    if (at != std::string::npos) out.insert_or_assign(pair.substr(0, at), pair.substr(at + 1));
  }
  return out;
}

base::Result<std::vector<model::Taint>> parse_taint_list(std::string_view text) {
  std::vector<model::Taint> out;
  if (text.empty()) return out;
  for (const auto& entry : base::split(text, ',')) {
    const auto colon = entry.rfind(':');
    if (colon == std::string::npos) return base::invalid("taint without effect").add("taint", entry);
    const auto equals = entry.substr(0, colon).find('=');
    model::Taint taint{
        .key = entry.substr(0, std::min(equals, colon)),
        .value = equals == std::string::npos ? "" : entry.substr(equals + 1, colon - equals - 1),
        .effect = entry.substr(colon + 1),
        .time_added = std::nullopt};
    RETURN_IF_ERROR(check_taint(taint));
    out.push_back(std::move(taint));
  }
  return out;
}

base::Result<Bootstrap> read_user_data(std::string_view user_data) {
  Bootstrap out;
  for (const auto& part : mime_parts(user_data)) RETURN_IF_ERROR(read_part(part, out));
  if (out.cluster_name.empty()) return base::invalid("user data names no cluster to join");
  return out;
}

NodeSize node_size(const InstanceView& instance, std::int64_t max_pods) {
  constexpr std::int64_t kMib = 1024 * 1024;
  const auto binary = model::Quantity::Format::kBinarySI;
  const auto mib = [&](std::int64_t n) { return model::Quantity::of(n * kMib, binary); };
  NodeSize out;
  const std::int64_t usable_mib = instance.memory_mib - instance.memory_mib * 4 / 100;
  const std::int64_t disk_mib = instance.volume_gib * 1024;
  out.capacity.set(model::kCpu, model::Quantity::of(instance.vcpus));
  out.capacity.set(model::kMemory, mib(usable_mib));
  out.capacity.set(model::kEphemeralStorage, mib(disk_mib));
  out.capacity.set(model::kPods, model::Quantity::of(max_pods));
  if (instance.gpus > 0) out.capacity.set("nvidia.com/gpu", model::Quantity::of(instance.gpus));
  out.allocatable = out.capacity;
  out.allocatable.set(model::kCpu,
                      model::Quantity::of_milli(instance.vcpus * 1000 - reserved_cpu_milli(instance.vcpus)));
  out.allocatable.set(model::kMemory, mib(usable_mib - (255 + 11 * max_pods) - 100));
  out.allocatable.set(model::kEphemeralStorage, mib(disk_mib - disk_mib / 10 - 1024));
  return out;
}

}  // namespace karpenter::devcluster
