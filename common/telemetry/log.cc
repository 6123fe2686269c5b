#include "common/telemetry/log.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>

#include "common/base/duration.h"
#include "common/base/time.h"

namespace karpenter::telemetry {
namespace {

constexpr std::uint64_t kSampleFirst = 100;
constexpr std::uint64_t kSampleEvery = 100;

std::string_view level_name(Level level) {
  switch (level) {
    case Level::kDebug:
      return "DEBUG";
    case Level::kInfo:
      return "INFO";
    case Level::kError:
      return "ERROR";
  }
  return "ERROR";
}

// Length of the well-formed UTF-8 sequence at the front of `text`; 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned char second = byte(1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool outside =
      (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);  // surrogate, > U+10FFFF
  return overlong || outside ? 0 : size;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (static_cast<unsigned char>(c) >= 0x20) {
    out += c;
    return;
  }
  std::array<char, 8> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "\\u%04x", static_cast<unsigned>(c));
  out += buffer.data();
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t size = utf8_length(text);
    if (size == 1) {
      append_escaped(out, text.front());
    } else {
      out += size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  out += '"';
}

std::string render_object(const Fields& fields) {
  std::string out = "{";
  for (const Field& field : fields) {
    if (out.size() > 1) out += ',';
    append_string(out, field.key);
    out += ':';
    if (field.is_json) {
      out += field.value;
    } else {
      append_string(out, field.value);
    }
  }
  return out + "}";
}

void put(Fields& fields, const Field& field) {
  const auto same = std::ranges::find(fields, field.key, &Field::key);
  if (same == fields.end()) {
    fields.push_back(field);
  } else {
    *same = field;
  }
}

// The pairs of an error as fields: sorted, a repeated key as `<key>s` with the list of its values. A field
// that the caller names itself is not overwritten.
void hoist(Fields& fields, const base::Error& error) {
  std::map<std::string, std::vector<std::string>> pairs;
  for (const auto& [key, value] : error.with) pairs[key].push_back(value);
  for (const auto& [key, values] : pairs) {
    const Field field = values.size() == 1 ? Field(key, values.front()) : Field(key + "s", json_list(values));
    if (std::ranges::find(fields, field.key, &Field::key) == fields.end()) fields.push_back(field);
  }
}

// `telemetry/log.cc:12`: the last folder is enough to find the file.
std::string short_place(const Place& place) {
  std::string_view path = place.file_name();
  const std::size_t name = path.rfind('/');
  const std::size_t folder = name == std::string_view::npos || name == 0 ? name : path.rfind('/', name - 1);
  if (folder != std::string_view::npos) path.remove_prefix(folder + 1);
  return std::string(path) + ":" + std::to_string(place.line());
}

}  // namespace

struct Log::Shared {
  runtime::Runtime& runtime;
  LogSink& sink;
  LogOptions options;
  runtime::Mutex mutex;
  std::chrono::seconds window KARP_GUARDED_BY(mutex){-1};
  // Lines per (level, message) in the current second; cleared with it, so that its size is bounded.
  std::map<std::pair<Level, std::string>, std::uint64_t, std::less<>> counts KARP_GUARDED_BY(mutex);

  Shared(runtime::Runtime& r, LogSink& s, LogOptions o) : runtime(r), sink(s), options(std::move(o)) {}

  bool sampled_out(Level level, std::string_view message) {
    if (!options.sampling) return false;
    const auto second = std::chrono::floor<std::chrono::seconds>(runtime.mono().time_since_epoch());
    const runtime::Lock lock(mutex);
    if (second != window) counts.clear();
    window = second;
    const std::uint64_t n = ++counts[{level, std::string(message)}];
    return n > kSampleFirst && (n - kSampleFirst) % kSampleEvery != 0;
  }
};

Field::Field(std::string k, double v) : key(std::move(k)), is_json(true) {
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.15g", v);
  value = std::isfinite(v) ? std::string(buffer.data()) : json_string(buffer.data()).text;  // JSON has no NaN
}

Field::Field(std::string k, std::chrono::nanoseconds v)
    : key(std::move(k)), value(base::format_duration(v)) {}

Json json_string(std::string_view text) {
  Json out;
  append_string(out.text, text);
  return out;
}

Json json_list(std::span<const std::string> texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ',';
    append_string(out, text);
  }
  return {.text = out + "]"};
}

Json object_ref(std::string_view name, std::string_view namespace_name) {
  Fields fields{{"name", name}};
  if (!namespace_name.empty()) fields.emplace_back("namespace", namespace_name);
  return {.text = render_object(fields)};
}

Log::Log(runtime::Runtime& runtime, LogSink& sink, LogOptions options)
    : shared_(std::make_shared<Shared>(runtime, sink, std::move(options))) {}

Log Log::with(Fields fields) const {
  Log copy = *this;
  for (const Field& field : fields) put(copy.bound_, field);
  return copy;
}

bool Log::enabled(Level level) const { return level >= shared_->options.level; }

void Log::debug(std::string_view message, const Fields& fields, Place place) const {
  emit(Level::kDebug, nullptr, message, fields, place);
}

void Log::info(std::string_view message, const Fields& fields, Place place) const {
  emit(Level::kInfo, nullptr, message, fields, place);
}

void Log::error(const base::Error& error, std::string_view message, const Fields& fields, Place place) const {
  emit(Level::kError, &error, message, fields, place);
}

void Log::error(std::string_view message, const Fields& fields, Place place) const {
  emit(Level::kError, nullptr, message, fields, place);
}

void Log::emit(Level level, const base::Error* error, std::string_view message, const Fields& fields,
               const Place& place) const {
  if (!enabled(level) || shared_->sampled_out(level, message)) return;
  const LogOptions& options = shared_->options;
  const std::string time = base::format_rfc3339_milli(shared_->runtime.now());
  const bool json = options.format == LogFormat::kJson;
  Fields line;
  if (json) line = {{"level", level_name(level)}, {"time", time}, {"logger", options.logger}};
  if (options.level == Level::kDebug) line.emplace_back("caller", short_place(place));
  if (json) line.emplace_back("message", message);
  if (!options.commit.empty()) line.emplace_back("commit", options.commit);
  for (const Field& field : bound_) put(line, field);
  for (const Field& field : fields) put(line, field);
  if (error != nullptr) {
    hoist(line, *error);
    put(line, {"error", error->message});
  }
  if (json) {
    shared_->sink.write(render_object(line));
    return;
  }
  std::string text =
      time + "\t" + std::string(level_name(level)) + "\t" + options.logger + "\t" + std::string(message);
  if (!line.empty()) text += "\t" + render_object(line);
  shared_->sink.write(text);
}

void MemorySink::write(std::string_view line) {
  const runtime::Lock lock(mutex_);
  lines_.emplace_back(line);
}

std::vector<std::string> MemorySink::lines() const {
  const runtime::Lock lock(mutex_);
  return lines_;
}

}  // namespace karpenter::telemetry
