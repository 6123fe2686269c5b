#include "controller/planner/program.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "controller/planner/options.h"
#include "controller/planner/plan.h"
#include "controller/planner/report.h"
#include "controller/planner/what_if.h"

namespace karpenter::planner {
namespace {

base::Result<Source> read_source(const Io& io, const std::string& path) {
  ASSIGN_OR_RETURN(auto text, io.read(path));
  return Source{.name = path == "-" ? "standard input" : path, .text = std::move(text)};
}

base::Result<Question> read_question(const Options& options, base::Time now, const Io& io) {
  Question out;
  std::vector<Source> sources;
  for (const auto& path : options.cluster) {
    ASSIGN_OR_RETURN(auto source, read_source(io, path));
    sources.push_back(std::move(source));
  }
  ASSIGN_OR_RETURN(out.cluster, read_manifests(sources));
  ASSIGN_OR_RETURN(const auto types, read_source(io, options.instance_types));
  ASSIGN_OR_RETURN(out.catalogue, read_catalogue(types, io.cloud_form));
  out.options = options.scheduling;
  out.now = options.now.value_or(now);
  return out;
}

base::Status change(Question& question, const Options& options, const Io& io) {
  for (const auto& [path, value] : options.set) RETURN_IF_ERROR(set_field(question.cluster, path, value));
  for (const auto& path : options.add_pods) {
    ASSIGN_OR_RETURN(const auto source, read_source(io, path));
    RETURN_IF_ERROR(add_pods(question.cluster, source));
  }
  for (const auto& [capacity_type, factor] : options.price_factors)
    question.catalogue.scale_prices(capacity_type, factor);
  question.deleted_nodes = options.delete_nodes;
  return base::ok();
}

void print_remarks(const Question& question, const Answer& answer, const Io& io) {
  for (const auto& kind : question.cluster.ignored_kinds)
    io.err("plan: objects of kind " + kind + " are not looked at\n");
  for (const auto& remark : answer.remarks) io.err("plan: " + remark + "\n");
}

base::Status print_diff(const Answer& before, const Answer& after, const Timing& timing,
                        const Options& options, const Io& io) {
  if (options.output == Output::kTable) {
    io.out(to_table(after) + "\n" + diff_table(before, after));
    return base::ok();
  }
  json::Value out = json::Value::object();
  out["before"].set(to_json(before, {.loading = timing.loading, .solving = before.solving}));
  out["after"].set(to_json(after, timing));
  out["diff"].set(diff_json(before, after));
  io.out(out.view().dump_pretty() + "\n");
  return base::ok();
}

base::Status plan(const Options& options, runtime::Runtime& runtime, const Io& io) {
  const base::Mono start = runtime.mono();
  ASSIGN_OR_RETURN(Question question, read_question(options, runtime.now(), io));
  std::unique_ptr<Answer> before;
  if (options.diff) {
    ASSIGN_OR_RETURN(auto unchanged, answer(runtime, question));
    before = std::make_unique<Answer>(std::move(unchanged));
  }
  RETURN_IF_ERROR(change(question, options, io));
  ASSIGN_OR_RETURN(const Answer after, answer(runtime, question));
  const Timing timing{
      .loading = runtime.mono() - start - after.solving - (before ? before->solving : base::Nanos{}),
      .solving = after.solving};
  print_remarks(question, after, io);
  if (before) return print_diff(*before, after, timing, options, io);
  io.out(options.output == Output::kTable ? to_table(after)
                                          : to_json(after, timing).view().dump_pretty() + "\n");
  return base::ok();
}

base::Result<std::string> read_file(const std::string& path) {
  const bool is_stdin = path == "-";
  const auto close = [&](std::FILE* file) { is_stdin ? 0 : std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(is_stdin ? stdin : std::fopen(path.c_str(), "rb"),
                                                         close);
  if (!file)
    return base::not_found("cannot open a file").add("path", path).add("reason", std::strerror(errno));
  std::string out;
  std::string chunk(1U << 18U, '\0');
  while (const std::size_t n = std::fread(chunk.data(), 1, chunk.size(), file.get())) out.append(chunk, 0, n);
  if (std::ferror(file.get()) != 0) return base::invalid("cannot read a file").add("path", path);
  return out;
}

}  // namespace

int run_plan(std::span<const std::string> args, runtime::Runtime& runtime, const Io& io) {
  const bool wants_help = std::ranges::any_of(args, [](const auto& a) { return a == "--help" || a == "-h"; });
  if (wants_help) {
    io.out(help());
    return 0;
  }
  const auto options = parse_options(args);
  const base::Status status = options ? plan(*options, runtime, io) : base::Status(options.error());
  if (status) return 0;
  io.err("karpenter-controller plan: " + status.error().text() + "\n");
  return 2;
}

int plan_main(std::span<const std::string> args, CloudForm cloud_form) {
  const auto runtime = runtime::make_real_runtime();
  const auto print_to = [](std::FILE* file) {
    return [file](std::string_view text) { std::fwrite(text.data(), 1, text.size(), file); };
  };
  return run_plan(args, *runtime,
                  {.read = read_file,
                   .out = print_to(stdout),
                   .err = print_to(stderr),
                   .cloud_form = std::move(cloud_form)});
}

}  // namespace karpenter::planner
