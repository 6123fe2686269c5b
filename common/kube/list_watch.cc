#include "common/kube/reflector.h"

namespace karpenter::kube {

ListWatch::Need ListWatch::need() const {
  if (watching_) return NeedWatch{.resource_version = version_};
  return NeedList{.continue_token = continue_};
}

bool ListWatch::on_page(std::string resource_version, std::string continue_token) {
  version_ = std::move(resource_version);
  continue_ = std::move(continue_token);
  watching_ = continue_.empty();
  return watching_;
}

void ListWatch::on_version(std::string resource_version) {
  if (!resource_version.empty()) version_ = std::move(resource_version);
}

void ListWatch::on_gone() {
  watching_ = false;
  continue_.clear();
  version_.clear();
}

void ListWatch::on_watch_end() {}  // the next watch goes on from the last version seen

base::Result<std::vector<std::string>> LineSplitter::feed(std::string_view chunk) {
  std::vector<std::string> out;
  for (;;) {
    const auto newline = chunk.find('\n');
    const auto piece = chunk.substr(0, newline);
    if (rest_.size() + piece.size() > max_line_) return base::invalid("line of a watch is too long");
    rest_.append(piece);
    if (newline == std::string_view::npos) return out;
    if (!rest_.empty()) out.push_back(std::exchange(rest_, {}));
    chunk.remove_prefix(newline + 1);
  }
}

}  // namespace karpenter::kube
