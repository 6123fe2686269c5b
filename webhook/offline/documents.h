#pragma once

#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.h"

// Manifests as people keep them: files and folders of YAML and JSON, many documents in one, lists of objects.

namespace karpenter::webhook::offline {

// Where a command reads and writes. `in` is used for the file name "-".
struct Streams {
  std::FILE* in;
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
};

// One document of a file, as text.
struct Document {
  std::string text;
  std::size_t number = 0;      // from 1; documents without content are not counted
  std::size_t first_line = 1;  // of the text in its file
};

// Cuts a stream into documents, one in memory at a time: YAML at its `---` lines, JSON where an object ends.
class DocumentReader {
 public:
  explicit DocumentReader(std::FILE* file) : file_(file) {}
  // The next document with content, nullopt at the end. kInvalid for one of more than 64 MiB (nothing can be
  // read after it), kUnavailable when reading fails.
  [[nodiscard]] base::Result<std::optional<Document>> next();

 private:
  // The line with its line break, nullopt at the end.
  std::optional<std::string> take_line();

  std::FILE* file_;
  std::string buffer_;  // read, of which `used_` bytes are taken
  std::size_t used_ = 0;
  std::optional<std::string> pending_;  // belongs to the next document
  std::size_t lines_ = 0;               // taken so far
  std::size_t documents_ = 0;
};

// What a document holds. kInvalid with the line in the file when it is no YAML.
[[nodiscard]] base::Result<std::vector<json::Value>> parse_document(const Document& document);

// An object of a document, and where: "" or "items[3]" in a list.
struct Located {
  json::View object;
  std::string prefix;
};
// Objects of a List or of a typed list (NodePoolList), lists in lists too; else the document itself.
[[nodiscard]] std::vector<Located> flatten(json::View document);

// The files to read for what the user named: a folder stands for every .yaml, .yml and .json below it, in the
// order of their paths; "-" for itself. kNotFound for what is not there.
[[nodiscard]] base::Result<std::vector<std::string>> expand(const std::string& name);

// Opens each file (or `in`) and hands over its documents in order, `visit(file, document)`. What cannot be
// read is said on `err`; the rest is still visited. Returns whether everything could be read.
[[nodiscard]] bool for_each_document(const std::vector<std::string>& names, const Streams& streams,
                                     const std::function<void(const std::string&, const Document&)>& visit);

}  // namespace karpenter::webhook::offline
