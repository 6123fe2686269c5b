#pragma once

#include <cstdint>
#include <memory>
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
struct Field {
  std::string key;
  std::string value;
  bool is_json = false;
  Field(std::string k, std::string v) : key(std::move(k)), value(std::move(v)) {}
  Field(std::string k, std::string_view v) : key(std::move(k)), value(v) {}
  Field(std::string k, const char* v) : key(std::move(k)), value(v) {}
  Field(std::string k, Json v) : key(std::move(k)), value(std::move(v.text)), is_json(true) {}
  Field(std::string k, std::int64_t v) : key(std::move(k)), value(std::to_string(v)), is_json(true) {}
  Field(std::string k, int v) : key(std::move(k)), value(std::to_string(v)), is_json(true) {}
  Field(std::string k, std::size_t v) : key(std::move(k)), value(std::to_string(v)), is_json(true) {}
  Field(std::string k, bool v) : key(std::move(k)), value(v ? "true" : "false"), is_json(true) {}
};
using Fields = std::vector<Field>;

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

// A structured logger: constant message, fields as the spec lists them. Copies share the sink; with() adds fields to every
// line of the copy. Thread-safe. Errors' pairs are hoisted to top-level keys, sorted. spec: lifecycle §2.5
class Log {
 public:
  Log(runtime::Runtime& runtime, LogSink& sink, LogOptions options);
  [[nodiscard]] Log with(Fields fields) const;
  void debug(std::string_view message, const Fields& fields = {}) const;
  void info(std::string_view message, const Fields& fields = {}) const;
  void error(const base::Error& error, std::string_view message, const Fields& fields = {}) const;
  void error(std::string_view message, const Fields& fields = {}) const;
  [[nodiscard]] bool enabled(Level level) const;

 private:
  struct Shared;
  void emit(Level level, const base::Error* error, std::string_view message, const Fields& fields) const;
  std::shared_ptr<Shared> shared_;
  Fields bound_;
};

// stdout, stderr or files, by name, over spdlog. kInvalid with the path when a file cannot be opened.
[[nodiscard]] base::Result<std::unique_ptr<LogSink>> make_sink(const std::vector<std::string>& paths);
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
