#include "webhook/offline/documents.h"

#include <gtest/gtest.h>

#include "tests/unit/webhook/offline/files.h"
#include "webhook/offline/comments.h"

namespace karpenter::webhook::offline {
namespace {

// number@line:text of each document.
std::vector<std::string> cut(const std::string& text) {
  const TextFile file(text);
  DocumentReader reader(file.get());
  std::vector<std::string> out;
  while (true) {
    const auto next = reader.next();
    if (!next) out.push_back("error: " + next.error().text());
    if (!next || !*next) return out;
    const auto& document = **next;
    out.push_back(std::to_string(document.number) + "@" + std::to_string(document.first_line) + ":" +
                  document.text);
  }
}

using Texts = std::vector<std::string>;

TEST(DocumentReader, cuts_yaml_at_its_separators_and_counts_only_what_has_content) {
  EXPECT_EQ(cut(""), Texts{});
  EXPECT_EQ(cut("# nothing\n---\n\n---\n"), Texts{});
  EXPECT_EQ(cut("a: 1"), Texts{"1@1:a: 1"});
  EXPECT_EQ(cut("a: 1\n---\n---\nb: 2\n"), (Texts{"1@1:a: 1\n", "2@2:---\n---\nb: 2\n"}));
  EXPECT_EQ(cut("# head\n---\na: |\n  ---\n  x\n--- {b: 2}\n"),
            (Texts{"1@1:# head\n---\na: |\n  ---\n  x\n", "2@6:--- {b: 2}\n"}));
  EXPECT_EQ(cut("%YAML 1.2\n---\na: 1\n"), Texts{"1@1:%YAML 1.2\n---\na: 1\n"});
  EXPECT_EQ(cut("a: ----\n---x: 1\n"), Texts{"1@1:a: ----\n---x: 1\n"});
}

TEST(DocumentReader, cuts_json_where_an_object_ends) {
  EXPECT_EQ(cut("{\"a\":\n{\"}\": \"\\\"}\"}}\n{\"b\":2} {\"c\":3}\n"),
            (Texts{"1@1:{\"a\":\n{\"}\": \"\\\"}\"}}", "2@3:{\"b\":2}", "3@3: {\"c\":3}"}));
  // Flow YAML is no JSON: its end is a separator.
  EXPECT_EQ(cut("{a: b}\nc: d\n---\ne: f\n"), (Texts{"1@1:{a: b}\nc: d\n", "2@3:---\ne: f\n"}));
}

TEST(DocumentReader, keeps_zero_bytes_and_long_lines) {
  const std::string zero("a: \0b\n", 6);
  EXPECT_EQ(cut(zero), Texts{"1@1:" + zero});
  const std::string wide = "a: " + std::string(300'000, 'x') + "\n";
  EXPECT_EQ(cut(wide + "---\nb: 1\n"), (Texts{"1@1:" + wide, "2@2:---\nb: 1\n"}));
}

TEST(DocumentReader, refuses_a_document_that_would_fill_the_memory) {
  const auto texts = cut("a: 1\n---\n" + std::string((64U << 20U) + 2, 'x'));
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_EQ(texts[1], "error: a document of more than 64 MiB");
}

TEST(Documents, an_error_names_the_line_of_the_file) {
  const auto values = parse_document({.text = "---\na: 1\nb: [\n", .number = 2, .first_line = 10});
  ASSERT_FALSE(values.has_value());
  EXPECT_NE(values.error().text().find("line=13"), std::string::npos) << values.error().text();
  EXPECT_EQ(values.error().text().find("document="), std::string::npos) << values.error().text();
}

TEST(Documents, lists_are_flattened_with_the_place_of_each_item) {
  const auto values = parse_document(
      {.text = "{kind: List, items: [{kind: A}, {kind: PodList, items: [{kind: B}]}, {kind: List}]}"});
  ASSERT_TRUE(values.has_value());
  std::vector<std::string> places;
  for (const auto& [object, prefix] : flatten(values->front()))
    places.push_back(prefix + "=" + object["kind"].string_or(""));
  EXPECT_EQ(places, (Texts{"items[0]=A", "items[1].items[0]=B", "items[2]=List"}));
}

TEST(Documents, a_folder_stands_for_its_manifests_in_order) {
  const Folder folder;
  folder.write("b.yml", "");
  folder.write("a/z.yaml", "");
  folder.write("a/x.json", "");
  folder.write("a/readme.md", "");
  const auto files = expand(folder.path());
  ASSERT_TRUE(files.has_value());
  const auto& p = folder.path();
  EXPECT_EQ(*files, (Texts{p + "/a/x.json", p + "/a/z.yaml", p + "/b.yml"}));
  EXPECT_FALSE(expand(p + "/none").has_value());
}

TEST(Comments, are_told_from_text_that_only_looks_like_them) {
  for (const char* text :
       {"# a\nb: 1\n", "b: 1 # a\n", "b: |\n  x\nc: 2 # y\n", "b: 'x' # y\n", "- |\n  x\n# y\n"})
    EXPECT_TRUE(has_comments(text)) << text;
  for (const char* text :
       {"b: 1\n", "b: a#c\n", "b: 'x # y'\n", "b: \"x \\\" # y\"\n", "b: |\n  #!/bin/sh\n  x # y\n\n  # z\n",
        "- b: >-2\n    # x\n", "{\"a\":\"b # c\"}\n"})
    EXPECT_FALSE(has_comments(text)) << text;
}

TEST(Comments, a_text_stands_alone_without_its_separator) {
  EXPECT_EQ(stand_alone("--- \na: 1"), "a: 1\n");
  EXPECT_EQ(stand_alone("a: 1\n"), "a: 1\n");
  EXPECT_FALSE(can_stand_alone("%YAML 1.1\n---\na: 1\n"));
  EXPECT_FALSE(can_stand_alone("a: 1\n...\n"));
}

}  // namespace
}  // namespace karpenter::webhook::offline
