#pragma once

#include <string>
#include <string_view>

// YAML text that is passed on as it was written.

namespace karpenter::webhook::offline {

// Whether a YAML text has comments; '#' in block and quoted text is none.
[[nodiscard]] bool has_comments(std::string_view document);
// Whether the text of a document means the same in another stream: it has no directives.
[[nodiscard]] bool can_stand_alone(std::string_view document);
// The text to print behind a `---` line of ours: without its own, ending with a line break.
[[nodiscard]] std::string stand_alone(std::string_view document);

}  // namespace karpenter::webhook::offline
