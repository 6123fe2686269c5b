#include <gtest/gtest.h>

#include <cstdio>
#include <string_view>

#include "common/base/strings.h"
#include "tests/laws/object_laws.h"

namespace karpenter::laws {

Scale& scale() {
  static Scale scale;
  return scale;
}

}  // namespace karpenter::laws

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    const auto number = karpenter::base::parse_int64(arg.substr(arg.find('=') + 1));
    const bool known = arg.starts_with("--objects=") || arg.starts_with("--seed=");
    if (!known || !number || *number < 1) {
      std::fprintf(stderr, "usage: %s [--objects=N] [--seed=N]\n", argv[0]);
      return 2;
    }
    auto& target =
        arg.starts_with("--seed=") ? karpenter::laws::scale().seed : karpenter::laws::scale().objects;
    target = static_cast<std::uint64_t>(*number);
  }
  return RUN_ALL_TESTS();
}
