#include "common/admission/rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "common/base/duration.h"
#include "common/base/strings.h"
#include "common/model/labels.h"
#include "common/schema/validate.h"

namespace karpenter::admission {
namespace {

constexpr std::size_t kMostViolations = 100;
constexpr std::size_t kMaxPath = 1024;   // keys of maps may be as long as the object
constexpr std::size_t kGathered = 1000;  // from which the first hundred in order are taken

void check_taint(const model::Taint& taint, const Path& path, Violations& out) {
  if (const auto fault = qualified_name_fault(taint.key)) {
    add(out, step(path, "key").text(), ViolationKind::kInvalid, quoted(taint.key), *fault);
  }
  if (!taint.value.empty()) {
    if (const auto fault = qualified_name_fault(taint.value)) {
      add(out, step(path, "value").text(), ViolationKind::kInvalid, quoted(taint.value), *fault);
    }
  }
  constexpr std::array<std::string_view, 4> kEffects{"", "NoExecute", "NoSchedule", "PreferNoSchedule"};
  if (!is_one_of(taint.effect, kEffects)) {
    add(out, step(path, "effect").text(), ViolationKind::kNotSupported, quoted(taint.effect),
        "must be NoSchedule, PreferNoSchedule or NoExecute" + schema::suggestion(taint.effect, kEffects));
  }
}

// Why `key` may not be a label: all reasons. spec: api §2.4 (NP-R1, R2, R4), §10.4 (BNP-W2)
std::vector<std::string> label_faults(std::string_view key, Era era, std::string_view own_label) {
  std::vector<std::string> out;
  if (key == own_label) out.emplace_back("restricted");
  if (const auto fault = qualified_name_fault(key)) out.push_back(*fault);
  if (const auto text = restriction(key, era); text && key != own_label)
    out.push_back(*text + suggest_label(key, era));
  return out;
}

}  // namespace

bool is_full(const Violations& out) { return out.size() >= kGathered; }

void add(Violations& out, std::string path, ViolationKind kind, std::string value, std::string message) {
  if (is_full(out)) return;
  path = shortened(std::move(path), kMaxPath);
  out.push_back(
      {.path = std::move(path), .message = std::move(message), .kind = kind, .value = std::move(value)});
}

Violations finished(Violations out) {
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out);
  out.erase(repeated.begin(), repeated.end());
  if (out.size() > kMostViolations) out.resize(kMostViolations);
  return out;
}

void check_labels(const model::StringMap& values, const Path& path, Era era, std::string_view own_label,
                  Violations& out) {
  for (const auto& [key, value] : values) {
    if (is_full(out)) return;
    const Path here = entry(path, key);
    for (const auto& fault : label_faults(key, era, own_label)) {
      add(out, here.text(), ViolationKind::kInvalid, quoted(key),
          "invalid key name \"" + shown(key) + "\"" + (era == Era::kV1 ? " in labels, " : ": ") + fault);
    }
    if (const auto fault = label_value_fault(value)) {
      add(out, here.text(), ViolationKind::kInvalid, quoted(value),
          era == Era::kV1 ? "invalid value: " + shown(value) + " for label[" + shown(key) + "], " + *fault
                          : shown(value) + ", " + *fault);
    }
  }
}

void check_taints(std::span<const model::Taint> taints, std::span<const model::Taint> startup_taints,
                  const Path& parent, Violations& out) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  const auto check_list = [&](std::span<const model::Taint> list, const Path& path) {
    for (std::size_t i = 0; i < list.size() && !is_full(out); ++i) {
      const Path here = item(path, i);
      check_taint(list[i], here, out);
      if (seen.emplace(list[i].key, list[i].effect).second) continue;
      const std::string pair = shown(list[i].key) + "=" + shown(list[i].effect);
      add(out, here.text(), ViolationKind::kDuplicate, quoted(pair),
          "duplicate taint Key/Effect pair " + pair);
    }
  };
  check_list(taints, step(parent, "taints"));
  check_list(startup_taints, step(parent, "startupTaints"));
}

void check_name(const model::ObjectMeta& meta, Violations& out) {
  constexpr std::string_view kLabel =
      "must be at most 63 lower case alphanumeric characters or '-', start with a letter and end with an "
      "alphanumeric character";
  if (meta.name.empty() && meta.generate_name.empty()) {
    add(out, "metadata.name", ViolationKind::kRequired, "", "name or generateName is required");
  }
  if (!meta.name.empty() && !is_dns1035_label(meta.name)) {
    add(out, "metadata.name", ViolationKind::kInvalid, quoted(meta.name),
        "not a DNS 1035 label: [" + std::string(kLabel) + "]");
  }
  std::string_view prefix = meta.generate_name;
  if (prefix.ends_with('-')) prefix.remove_suffix(1);
  if (!meta.generate_name.empty() && !is_dns1035_label(prefix)) {
    add(out, "metadata.generateName", ViolationKind::kInvalid, quoted(meta.generate_name),
        "not a DNS 1035 label prefix: [" + std::string(kLabel) + "]");
  }
}

void check_duration(const std::optional<std::string>& text, const Path& path, Violations& out) {
  if (!text || *text == "Never") return;
  const auto parsed = base::parse_duration(*text);
  if (parsed) return;
  const bool is_long = !text->empty() && text->find_first_not_of("0123456789smh") == std::string::npos;
  add(out, path.text(), ViolationKind::kInvalid, quoted(*text),
      is_long ? "longer than 2562047h47m16s, which is the most a duration can be" : parsed.error().message);
}

void check_budgets(std::span<const model::Budget> budgets, const Path& path, Violations& out) {
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    const auto& budget = budgets[i];
    const Path here = item(path, i);
    if (budget.schedule) {
      if (const auto fault = schedule_fault(*budget.schedule)) {
        add(out, step(here, "schedule").text(), ViolationKind::kInvalid, quoted(*budget.schedule),
            "invalid schedule " + *fault);
      }
    }
    check_duration(budget.duration, step(here, "duration"), out);
    const bool is_digits = std::ranges::all_of(budget.nodes, [](char c) { return c >= '0' && c <= '9'; });
    const auto count = base::parse_int64(budget.nodes);
    if (!budget.nodes.empty() && is_digits && (!count || *count > 2147483647)) {
      add(out, step(here, "nodes").text(), ViolationKind::kInvalid, quoted(budget.nodes),
          "must be at most 2147483647");
    }
  }
}

void check_word(std::string_view value, std::span<const std::string_view> words, const Path& path,
                Violations& out) {
  if (is_one_of(value, words)) return;
  std::string text = shown(value) + " not in ";
  for (std::size_t i = 0; i < words.size(); ++i) text.append(i == 0 ? "" : ", ").append(words[i]);
  add(out, path.text(), ViolationKind::kNotSupported, quoted(value), text + schema::suggestion(value, words));
}

void check_metadata_options(const model::MetadataOptions& options, const Path& path, Violations& out) {
  constexpr std::array<std::string_view, 2> kSwitch{"disabled", "enabled"};
  constexpr std::array<std::string_view, 2> kTokens{"optional", "required"};
  const auto check_text = [&](const std::optional<std::string>& text, std::string_view name,
                              const auto& words) {
    if (text) check_word(*text, words, step(path, name), out);
  };
  check_text(options.http_endpoint, "httpEndpoint", kSwitch);
  check_text(options.http_protocol_ipv6, "httpProtocolIPv6", kSwitch);
  check_text(options.http_tokens, "httpTokens", kTokens);
  const std::string hops = std::to_string(options.http_put_response_hop_limit.value_or(1));
  if (options.http_put_response_hop_limit.value_or(1) < 1 ||
      options.http_put_response_hop_limit.value_or(1) > 64) {
    add(out, step(path, "httpPutResponseHopLimit").text(), ViolationKind::kInvalid, hops,
        "expected 1 <= " + hops + " <= 64");
  }
}

void check_block_device(const model::BlockDeviceMapping& device, const Path& path, Violations& out) {
  constexpr std::array<std::string_view, 7> kTypes{"standard", "io1", "io2", "gp2", "sc1", "st1", "gp3"};
  constexpr std::string_view kMissing = "missing field(s)";
  const auto need = [&](const Path& at) {
    add(out, at.text(), ViolationKind::kRequired, "", std::string(kMissing));
  };
  if (device.device_name.empty()) need(step(path, "deviceName"));
  const Path ebs = step(path, "ebs");
  if (!device.ebs) return need(ebs);
  if (!device.ebs->volume_type.empty())
    check_word(device.ebs->volume_type, kTypes, step(ebs, "volumeType"), out);
  const auto& size = device.ebs->volume_size;
  const Path at = step(ebs, "volumeSize");
  if (!size && device.ebs->snapshot_id.empty()) need(at);
  if (size &&
      (*size < model::Quantity::of(1'000'000'000) || *size > model::Quantity::of(64'000'000'000'000))) {
    add(out, at.text(), ViolationKind::kInvalid, quoted(size->written()),
        "expected 1G <= " + size->written() + " <= 64T");
  }
}

std::string Violation::text() const { return path.empty() ? body() : path + ": " + body(); }

std::string Violation::body() const {
  constexpr std::array<std::string_view, 7> kHeads{"Required value",  "Invalid value", "Unsupported value",
                                                   "Duplicate value", "Forbidden",     "Too long",
                                                   "Too many"};
  std::string out(kHeads[static_cast<std::size_t>(kind)]);
  if (!value.empty()) out += ": " + value;
  if (!message.empty()) out += ": " + message;
  return out;
}

}  // namespace karpenter::admission
