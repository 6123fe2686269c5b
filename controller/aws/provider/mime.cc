#include "controller/aws/provider/mime.h"

#include "common/base/strings.h"

namespace karpenter::aws {
namespace {

constexpr std::string_view kContentType = "content-type:";

bool is_header(std::string_view line, std::string_view lower_name) {
  return base::to_lower(line.substr(0, lower_name.size())) == lower_name;
}

// Header lines up to the first blank one; the rest is left in `text`. Folded lines are joined.
base::Result<std::vector<std::string>> take_headers(std::string_view& text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) return out;
    if ((line.front() == ' ' || line.front() == '\t') && !out.empty()) {
      out.back() += " " + std::string(base::trim(line));
    } else if (line.find(':') == std::string_view::npos) {
      return base::invalid("malformed MIME header in user data").add("line", std::string(line));
    } else {
      out.emplace_back(line);
    }
  }
  return out;
}

std::string boundary_of(std::string_view content_type) {
  const auto at = base::to_lower(content_type).find("boundary=");
  if (at == std::string::npos) return "";
  std::string_view value = content_type.substr(at + std::string_view("boundary=").size());
  if (value.starts_with('"')) return std::string(value.substr(1, value.find('"', 1) - 1));
  return std::string(base::trim(value.substr(0, value.find(';'))));
}

}  // namespace

std::string MimePart::content_type() const {
  for (const auto& line : headers) {
    if (is_header(line, kContentType))
      return std::string(base::trim(std::string_view(line).substr(kContentType.size())));
  }
  return "";
}

MimePart make_part(std::string_view content_type, std::string body) {
  return {{"Content-Type: " + std::string(content_type)}, std::move(body)};
}

bool looks_like_mime(std::string_view text) {
  const auto trimmed = base::trim(text);
  return trimmed.starts_with("MIME-Version:") || trimmed.starts_with("Content-Type:");
}

base::Result<std::vector<MimePart>> parse_mime(std::string_view raw) {
  const std::string clean = base::replace_all(std::string(raw), "\r", "");
  std::string_view text = clean;
  MimePart top;
  ASSIGN_OR_RETURN(top.headers, take_headers(text));
  const std::string type = top.content_type();
  const std::string boundary = boundary_of(type);
  if (!base::to_lower(type).starts_with("multipart/") || boundary.empty()) {
    return base::invalid("user data is not a MIME multipart archive").add("content-type", type);
  }
  const std::string separator = "--" + boundary;
  std::vector<MimePart> out;
  bool inside = false;
  std::string part;
  for (const auto& line : base::split(text, '\n')) {
    const bool last = base::trim(line) == separator + "--";
    if (!last && base::trim(line) != separator) {
      if (inside) part += line + "\n";
      continue;
    }
    if (inside) {
      std::string_view rest = part;
      MimePart one;
      ASSIGN_OR_RETURN(one.headers, take_headers(rest));
      one.body = std::string(rest.substr(0, rest.size() - (rest.ends_with('\n') ? 1 : 0)));
      out.push_back(std::move(one));
    }
    if (last) return out;
    inside = true;
    part.clear();
  }
  return base::invalid("user data is a MIME archive without its closing boundary").add("boundary", boundary);
}

std::string write_mime(const std::vector<MimePart>& parts) {
  std::string out = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n";
  for (const auto& part : parts) {
    out += "--//\n";
    for (const auto& header : part.headers) out += header + "\n";
    out += "\n" + part.body + "\n";
  }
  out += "--//--\n";
  return base::replace_all(std::move(out), "\r", "");
}

}  // namespace karpenter::aws
