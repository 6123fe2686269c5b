#include "webhook/offline/comments.h"

#include <algorithm>
#include <vector>

#include "common/base/strings.h"

namespace karpenter::webhook::offline {
namespace {

std::size_t indent_of(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

// Where the comment of a line starts, or npos. Quotes are followed within the line.
std::size_t comment_start(std::string_view line) {
  char quote = '\0';
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool at_start = i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t';
    if (quote != '\0') {
      if (line[i] == '\\' && quote == '"')
        ++i;
      else if (line[i] == quote)
        quote = '\0';
    } else if (line[i] == '#' && at_start) {
      return i;
    } else if (line[i] == '"' || (line[i] == '\'' && at_start)) {
      quote = line[i];
    }
  }
  return std::string_view::npos;
}

// `key: |`, `- >-2`: block text follows.
bool opens_block(std::string_view line) {
  line = base::trim(line.substr(0, comment_start(line)));
  const auto mark = line.find_last_of("|>");
  if (mark == std::string_view::npos ||
      line.find_first_not_of("+-0123456789", mark + 1) != std::string_view::npos)
    return false;
  return mark == 0 || line[mark - 1] == ' ';
}

}  // namespace

bool has_comments(std::string_view document) {
  bool in_block = false;
  std::size_t block_parent = 0;
  for (const std::string& line : base::split(document, '\n')) {
    if (base::trim(line).empty()) continue;
    const auto indent = indent_of(line);
    if (in_block && indent > block_parent) continue;
    in_block = false;
    if (comment_start(line) != std::string_view::npos) return true;
    if (!opens_block(line)) continue;
    in_block = true;
    block_parent = indent;
  }
  return false;
}

bool can_stand_alone(std::string_view document) {
  return !document.starts_with('%') && document.find("\n%") == std::string_view::npos &&
         document.find("\n...") == std::string_view::npos;
}

std::string stand_alone(std::string_view document) {
  const auto line = document.substr(0, document.find('\n'));
  if (base::trim(line) == "---") document.remove_prefix(std::min(line.size() + 1, document.size()));
  std::string out(document);
  if (!out.ends_with('\n')) out += '\n';
  return out;
}

}  // namespace karpenter::webhook::offline
