#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "common/telemetry/log.h"

// The only user of spdlog: file handling and thread-safe whole-line writes. Formatting is ours (log.cc).

namespace karpenter::telemetry {
namespace {

using SpdSink = std::shared_ptr<spdlog::sinks::sink>;

base::Result<SpdSink> open_sink(const std::string& path) {
  try {
    SpdSink sink;
    if (path == "stdout") {
      sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    } else if (path == "stderr") {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    }
    sink->set_pattern("%v");
    return sink;
  } catch (const spdlog::spdlog_ex& e) {
    return base::invalid("cannot open log file").add("path", path).add("cause", e.what());
  }
}

base::Result<std::vector<SpdSink>> open_sinks(const std::vector<std::string>& paths) {
  std::vector<SpdSink> sinks;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(SpdSink sink, open_sink(path));
    sinks.push_back(std::move(sink));
  }
  return sinks;
}

class SpdlogSink final : public LogSink {
 public:
  SpdlogSink(std::vector<SpdSink> sinks, std::vector<SpdSink> fault_sinks)
      : sinks_(std::move(sinks)), fault_sinks_(std::move(fault_sinks)) {}

  void write(std::string_view line) override {
    for (const SpdSink& sink : sinks_) {
      const std::string fault = try_write(*sink, line);
      if (!fault.empty()) report(fault);
    }
  }

 private:
  // The empty text, or why the line was not written.
  static std::string try_write(spdlog::sinks::sink& sink, std::string_view line) {
    try {
      sink.log({spdlog::source_loc{}, {}, spdlog::level::info, {line.data(), line.size()}});
      sink.flush();
      return {};
    } catch (const spdlog::spdlog_ex& e) {
      return e.what();
    }
  }

  void report(const std::string& fault) const {
    for (const SpdSink& sink : fault_sinks_) static_cast<void>(try_write(*sink, "log line lost: " + fault));
  }

  std::vector<SpdSink> sinks_;
  std::vector<SpdSink> fault_sinks_;
};

}  // namespace

base::Result<std::unique_ptr<LogSink>> make_sink(const std::vector<std::string>& paths,
                                                 const std::vector<std::string>& fault_paths) {
  if (paths.empty()) return base::invalid("no log output path");
  ASSIGN_OR_RETURN(std::vector<SpdSink> sinks, open_sinks(paths));
  ASSIGN_OR_RETURN(std::vector<SpdSink> fault_sinks, open_sinks(fault_paths));
  return std::unique_ptr<LogSink>(std::make_unique<SpdlogSink>(std::move(sinks), std::move(fault_sinks)));
}

}  // namespace karpenter::telemetry
