#pragma once

#include <string>
#include <string_view>
#include <vector>

// What a conversion has to tell its user. spec: conversion §4.16

namespace karpenter::conversion {

struct Diagnostic {
  std::string code;         // "E-…" suppresses the object; "W-…" and "I-…" do not
  std::string message;      // one line
  std::string object = {};  // "Provisioner/default"; "" for the whole run
  std::string path = {};    // "spec.ttlSecondsAfterEmpty"; "" for the whole object

  [[nodiscard]] bool is_error() const { return code.starts_with("E-"); }
  [[nodiscard]] bool is_warning() const { return code.starts_with("W-"); }
  // `<ERROR|WARN|INFO> <code> <Kind>/<name> <path>: <message>`
  [[nodiscard]] std::string line() const;
  // For an AdmissionReview: code first, no line breaks, at most 120 bytes.
  [[nodiscard]] std::string warning() const;
};
using Diagnostics = std::vector<Diagnostic>;

[[nodiscard]] bool has_error(const Diagnostics& diagnostics);

// Collects what there is to say about one object.
class Sayer {
 public:
  Sayer(Diagnostics& out, std::string object) : out_(out), object_(std::move(object)) {}
  void operator()(std::string_view code, std::string_view path, std::string message) const {
    out_.push_back({.code = std::string(code),
                    .message = std::move(message),
                    .object = object_,
                    .path = std::string(path)});
  }

 private:
  Diagnostics& out_;
  std::string object_;
};

}  // namespace karpenter::conversion
