#include "controller/aws/client/xml.h"

#include <pugixml.hpp>

#include "common/base/strings.h"

namespace karpenter::aws {
namespace {

pugi::xml_node node_of(void* handle) { return pugi::xml_node(static_cast<pugi::xml_node_struct*>(handle)); }

std::string_view local_name(const char* name) {
  const std::string_view full(name);
  const auto colon = full.find(':');
  return colon == std::string_view::npos ? full : full.substr(colon + 1);
}

}  // namespace

struct XmlDocument::State {
  pugi::xml_document document;
};

XmlDocument::XmlDocument() : state_(std::make_unique<State>()) {}
XmlDocument::~XmlDocument() = default;
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument& XmlDocument::operator=(XmlDocument&&) noexcept = default;

XmlView XmlDocument::root() const { return XmlView(state_->document.document_element().internal_object()); }

base::Result<XmlDocument> XmlDocument::parse(std::string_view text) {
  XmlDocument out;
  const auto result = out.state_->document.load_buffer(text.data(), text.size(), pugi::parse_default);
  if (!result) {
    return base::invalid("malformed XML")
        .add("offset", std::to_string(result.offset))
        .add("detail", result.description());
  }
  if (!out.root().exists()) return base::invalid("XML document without a root element");
  return out;
}

XmlView XmlView::operator[](std::string_view name) const {
  for (auto child = node_of(node_).first_child(); child; child = child.next_sibling()) {
    if (child.type() == pugi::node_element && local_name(child.name()) == name) {
      return XmlView(child.internal_object());
    }
  }
  return {};
}

std::string_view XmlView::name() const { return local_name(node_of(node_).name()); }
std::string XmlView::text() const { return node_of(node_).text().get(); }

std::vector<XmlView> XmlView::items() const {
  std::vector<XmlView> out;
  for (auto child = node_of(node_).first_child(); child; child = child.next_sibling()) {
    if (child.type() == pugi::node_element) out.emplace_back(child.internal_object());
  }
  return out;
}

std::int64_t XmlView::integer_or(std::int64_t fallback) const {
  return base::parse_int64(base::trim(text())).value_or(fallback);
}
double XmlView::number_or(double fallback) const {
  return base::parse_double(base::trim(text())).value_or(fallback);
}

}  // namespace karpenter::aws
