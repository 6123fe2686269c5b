#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/runtime/runtime.h"

namespace karpenter::telemetry {

enum class Level : std::uint8_t { kDebug, kInfo, kError };

// A structured value that is already JSON (an object reference, a number, a list).
struct Json {
  std::string text;
};
// One key with its value. Numbers and booleans print as JSON, durations as Go duration strings.
struct Field {
  std::string key;
  std::string value;
  bool is_json = false;
  Field(std::string k, std::string v) : key(std::move(k)), value(std::move(v)) {}
  Field(std::string k, std::string_view v) : key(std::move(k)), value(v) {}
  Field(std::string k, const char* v) : key(std::move(k)), value(v) {}
  Field(std::string k, Json v) : key(std::move(k)), value(std::move(v.text)), is_json(true) {}
  Field(std::string k, bool v) : key(std::move(k)), value(v ? "true" : "false"), is_json(true) {}
  Field(std::string k, double v);
  Field(std::string k, std::chrono::nanoseconds v);
  template <std::integral Number>
  Field(std::string k, Number v) : key(std::move(k)), value(std::to_string(v)), is_json(true) {}
};
using Fields = std::vector<Field>;

// The text as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] Json json_string(std::string_view text);
// `["a","b"]`.
[[nodiscard]] Json json_list(std::span<const std::string> texts);
// `{"name":"x"}` or `{"name":"x","namespace":"y"}`. spec: lifecycle §2.5
[[nodiscard]] Json object_ref(std::string_view name, std::string_view namespace_name = {});

// Where lines go. Thread-safe.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(std::string_view line) = 0;  // one line without the newline
};

enum class LogFormat : std::uint8_t { kJson, kConsole };
struct LogOptions {
  Level level = Level::kInfo;
  LogFormat format = LogFormat::kJson;
  std::string logger = "controller";
  std::string commit = {};
  bool sampling = true;  // per second and (level, message): the first 100, then every 100th
};

// Where a line was logged; printed as `caller` at level debug.
using Place = std::source_location;

// A structured logger: constant message, fields as the spec lists them. Copies share the sink, which must
// outlive them; with() adds fields to every line of the copy. A key occurs once in a line: the later field
// wins. Thread-safe, never blocks on anything but the sink. Errors' pairs are hoisted to top-level keys,
// sorted. spec: lifecycle §2.5
class Log {
 public:
  Log(runtime::Runtime& runtime, LogSink& sink, LogOptions options);
  [[nodiscard]] Log with(Fields fields) const;
  void debug(std::string_view message, const Fields& fields = {}, Place place = Place::current()) const;
  void info(std::string_view message, const Fields& fields = {}, Place place = Place::current()) const;
  void error(const base::Error& error, std::string_view message, const Fields& fields = {},
             Place place = Place::current()) const;
  void error(std::string_view message, const Fields& fields = {}, Place place = Place::current()) const;
  [[nodiscard]] bool enabled(Level level) const;

 private:
  struct Shared;
  void emit(Level level, const base::Error* error, std::string_view message, const Fields& fields,
            const Place& place) const;
  std::shared_ptr<Shared> shared_;
  Fields bound_;
};

// A sink that writes every line to all of `paths` (stdout, stderr or files, which are appended to) and
// flushes it; over spdlog. A line that cannot be written is reported to `fault_paths` (without effect when
// that fails too). kInvalid with the path when a file cannot be opened.
[[nodiscard]] base::Result<std::unique_ptr<LogSink>> make_sink(const std::vector<std::string>& paths,
                                                               const std::vector<std::string>& fault_paths = {
                                                                   "stderr"});
// Keeps lines in memory, for tests.
class MemorySink final : public LogSink {
 public:
  void write(std::string_view line) override;
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  mutable runtime::Mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace karpenter::telemetry
