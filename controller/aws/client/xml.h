#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

// XML answers without an XML library in any header; pugixml is in xml.cc only.

namespace karpenter::aws {

// A read cursor on one element. Cheap to copy, valid while its document lives. A cursor to a missing element
// answers empty to every query. Names are compared without a namespace prefix.
class XmlView {
 public:
  XmlView() = default;
  explicit XmlView(void* node) : node_(node) {}

  [[nodiscard]] bool exists() const { return node_ != nullptr; }
  XmlView operator[](std::string_view name) const;  // the first child element of that name
  [[nodiscard]] std::string_view name() const;
  [[nodiscard]] std::string text() const;  // of the element, "" when missing
  // All child elements, whatever their names: the entries of a list. spec: aws §2.6
  [[nodiscard]] std::vector<XmlView> items() const;

  [[nodiscard]] std::int64_t integer_or(std::int64_t fallback) const;
  [[nodiscard]] double number_or(double fallback) const;
  [[nodiscard]] bool is_true() const { return text() == "true"; }

 private:
  void* node_ = nullptr;
};

// Owns one parsed document.
class XmlDocument {
 public:
  XmlDocument();
  ~XmlDocument();
  XmlDocument(XmlDocument&&) noexcept;
  XmlDocument& operator=(XmlDocument&&) noexcept;
  [[nodiscard]] XmlView root() const;

  // kInvalid with the byte offset when the text is not XML. DTDs and entities other than the predefined are
  // not expanded.
  [[nodiscard]] static base::Result<XmlDocument> parse(std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace karpenter::aws
