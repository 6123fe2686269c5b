#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/net/http.h"

// The protocols: form parameters in, XML out, and how each protocol words an error.

namespace karpenter::devcluster::aws_emulator {

// An AWS error: `code` goes into Error::reason. Its HTTP status comes from http_status(code).
[[nodiscard]] base::Error failure(std::string code, std::string message);
[[nodiscard]] int http_status(std::string_view code);

class Form;

// A place in the tree that dotted parameter names describe ("TagSpecification.1.Tag.2.Key"). Reading marks
// the parameter as known. Complaints go to the form, which keeps the first. Valid while the form lives.
class Param {
 public:
  Param operator[](std::string_view child) const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool exists() const { return node_ != nullptr; }
  [[nodiscard]] std::optional<std::string> text() const;
  [[nodiscard]] std::string text_or(std::string_view fallback) const;
  [[nodiscard]] std::string required() const;  // else MissingParameter
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] bool flag(bool fallback) const;
  // One of `allowed`, else InvalidParameterValue; `fallback` when absent.
  [[nodiscard]] std::string one_of(std::initializer_list<std::string_view> allowed,
                                   std::string_view fallback) const;
  // Name.1, Name.2, ... without holes.
  [[nodiscard]] std::vector<Param> list() const;
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  friend class Form;
  struct Node;
  Param(Form* form, const Node* node, std::string path) : form_(form), node_(node), path_(std::move(path)) {}
  void complain(std::string code, std::string message) const;

  Form* form_;
  const Node* node_;
  std::string path_;
};

// The parameters of one query request. Not thread-safe.
class Form {
 public:
  explicit Form(std::string_view body);
  ~Form();
  Form(const Form&) = delete;
  Form& operator=(const Form&) = delete;
  [[nodiscard]] Param root();
  // The first complaint of a read; else UnknownParameter for what nobody read.
  [[nodiscard]] base::Status finish() const;

 private:
  friend class Param;
  std::unique_ptr<Param::Node> root_;
  std::optional<base::Error> complaint_;
};

// Builds XML text, escaped. Elements are written in call order.
class Xml {
 public:
  Xml& text(std::string_view tag, std::string_view value);
  Xml& integer(std::string_view tag, std::int64_t value);
  Xml& flag(std::string_view tag, bool value);
  Xml& number(std::string_view tag, double value);  // shortest form
  Xml& items(std::string_view tag,
             const std::vector<std::string>& values);  // <tag><item>value</item>...</tag>
  template <class Body>
  Xml& node(std::string_view tag, const Body& body) {
    open(tag);
    body(*this);
    return close(tag);
  }
  Xml& raw(std::string_view xml);
  [[nodiscard]] const std::string& str() const { return out_; }

 private:
  void open(std::string_view tag);
  Xml& close(std::string_view tag);
  std::string out_;
};

[[nodiscard]] std::string format_number(double value);  // shortest decimal form that reads back

enum class Protocol : std::uint8_t { kEc2, kQuery, kJson, kRestJson };
struct ServiceFacts {
  std::string_view name;  // signing name
  Protocol protocol;
  std::string_view version;        // of the query API
  std::string_view target_prefix;  // of X-Amz-Target
  bool global;                     // signed for the partition's global region
};
[[nodiscard]] const ServiceFacts* find_service(std::string_view name);
// Who an unsigned request means: by target prefix or API version.
[[nodiscard]] const ServiceFacts* guess_service(const net::HttpRequest& request);

// Answers in the words of a protocol. `request_id` is shown where AWS shows it.
[[nodiscard]] net::HttpResponse error_answer(const ServiceFacts& service, const base::Error& error,
                                             int status, std::string_view request_id);
[[nodiscard]] net::HttpResponse xml_answer(const ServiceFacts& service, std::string_view operation,
                                           std::string_view xml, std::string_view request_id);
[[nodiscard]] net::HttpResponse json_answer(const ServiceFacts& service, std::string json,
                                            std::string_view request_id);

}  // namespace karpenter::devcluster::aws_emulator
