#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace karpenter::aws {

// A form body of the EC2 and AWS query protocols, parameters in the order they were added. Absent optionals
// and empty strings are omitted, booleans are `true`/`false`, doubles in their shortest form. spec: aws §2.6
class QueryBody {
 public:
  QueryBody(std::string_view action, std::string_view version);

  void set(std::string_view name, std::string_view value);  // omitted when empty
  void set(std::string_view name, const char* value) { set(name, std::string_view(value)); }
  void set(std::string_view name, const std::string& value) { set(name, std::string_view(value)); }
  void set(std::string_view name, std::int64_t value);
  void set(std::string_view name, int value) { set(name, static_cast<std::int64_t>(value)); }
  void set(std::string_view name, double value);
  void set(std::string_view name, bool value);
  template <class T>
  void set(std::string_view name, const std::optional<T>& value) {
    if (value) set(name, *value);
  }
  // An explicit empty value (a tag value may be empty).
  void set_even_empty(std::string_view name, std::string_view value);
  // name.1, name.2, ...
  void list(std::string_view name, const std::vector<std::string>& values);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// "prefix.index.member": the spelling of nested names; index is 1-based.
[[nodiscard]] std::string nested(std::string_view prefix, std::size_t index, std::string_view member = {});

}  // namespace karpenter::aws
