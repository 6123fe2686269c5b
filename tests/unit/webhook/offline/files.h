#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "webhook/offline/documents.h"

// Files and streams for tests of the offline commands.

namespace karpenter::webhook::offline {

// A FILE* that reads `text`.
class TextFile {
 public:
  explicit TextFile(std::string text) : text_(std::move(text)) {
    file_ = text_.empty() ? std::fopen("/dev/null", "r") : fmemopen(text_.data(), text_.size(), "r");
  }
  ~TextFile() { std::fclose(file_); }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  [[nodiscard]] std::FILE* get() const { return file_; }

 private:
  std::string text_;
  std::FILE* file_;
};

// A folder that goes with the object.
class Folder {
 public:
  Folder() : path_(std::filesystem::path(testing::TempDir()) / ("offline_" + test_name())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, std::string_view text) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return file.string();
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  static std::string test_name() { return testing::UnitTest::GetInstance()->current_test_info()->name(); }
  std::filesystem::path path_;
};

// What a command did.
struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};
template <class Command>
Ran run(const Command& command, const std::vector<std::string>& args, const std::string& in = "") {
  Ran ran;
  const TextFile file(in);
  const Streams streams{.in = file.get(),
                        .out = [&](std::string_view text) { ran.out += text; },
                        .err = [&](std::string_view text) { ran.err += text; }};
  ran.code = command(args, streams);
  return ran;
}

}  // namespace karpenter::webhook::offline
