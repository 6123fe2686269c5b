#include <gtest/gtest.h>

#include "common/kube/reflector.h"

namespace karpenter::kube {
namespace {

std::string text(const ListWatch::Need& need) {
  if (const auto* list = std::get_if<ListWatch::NeedList>(&need)) return "list:" + list->continue_token;
  return "watch:" + std::get<ListWatch::NeedWatch>(need).resource_version;
}

TEST(ListWatch, lists_all_pages_then_watches_from_the_last_version) {
  ListWatch machine;
  EXPECT_EQ(text(machine.need()), "list:");
  EXPECT_FALSE(machine.on_page("10", "t1"));
  EXPECT_EQ(text(machine.need()), "list:t1");
  EXPECT_TRUE(machine.on_page("10", ""));
  EXPECT_EQ(text(machine.need()), "watch:10");
  machine.on_version("12");  // an event or a bookmark
  machine.on_version("");    // an object without version changes nothing
  machine.on_watch_end();
  EXPECT_EQ(text(machine.need()), "watch:12");
  machine.on_gone();
  EXPECT_EQ(text(machine.need()), "list:");
}

TEST(ListWatch, a_continue_token_that_expired_starts_over) {
  ListWatch machine;
  EXPECT_FALSE(machine.on_page("10", "t1"));
  machine.on_gone();
  EXPECT_EQ(text(machine.need()), "list:");
}

TEST(LineSplitter, gives_the_same_lines_however_the_text_is_cut) {
  const std::string whole = "one\n\ntwo two\nthree\nrest";
  const std::vector<std::string> want = {"one", "two two", "three"};
  for (std::size_t i = 0; i <= whole.size(); ++i) {
    for (std::size_t j = i; j <= whole.size(); ++j) {
      LineSplitter splitter;
      std::vector<std::string> got;
      for (const auto& piece : {whole.substr(0, i), whole.substr(i, j - i), whole.substr(j)}) {
        const auto lines = splitter.feed(piece).value();
        got.insert(got.end(), lines.begin(), lines.end());
      }
      EXPECT_EQ(got, want) << i << " " << j;
    }
  }
}

TEST(LineSplitter, a_line_without_end_is_refused) {
  LineSplitter splitter(8);
  EXPECT_TRUE(splitter.feed("1234"));
  EXPECT_TRUE(splitter.feed("5678\n12345678"));
  EXPECT_TRUE(splitter.feed("9").failed_with(base::Code::kInvalid));
}

}  // namespace
}  // namespace karpenter::kube
