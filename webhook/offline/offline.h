#pragma once

#include <optional>
#include <span>
#include <string>

#include "webhook/offline/documents.h"

// The commands of karpenter-webhook that need no cluster. spec: conversion §2.16, §4, api §13.3

namespace karpenter::webhook::offline {

// `validate -f FILE|DIR|-...`: 0 nothing to refuse, 1 something is invalid, 2 unusable arguments or a file
// that cannot be read (the others are still checked). Memory is that of the largest document.
[[nodiscard]] int validate(std::span<const std::string> args, const Streams& streams);

// `convert -f FILE|DIR|-...`: manifests at one version, in the order of the input. Documents that hold one
// object which needs no conversion are printed as they were written. 0 all converted, 2 something could not
// be carried over (named on `err`), unusable arguments or input that cannot be read, 3 warnings with
// --strict. Memory grows with the input: objects are converted together.
[[nodiscard]] int convert(std::span<const std::string> args, const Streams& streams);

// Runs the command that args[0] names; nullopt when that is none of ours.
[[nodiscard]] std::optional<int> run_command(std::span<const std::string> args, const Streams& streams);

// Those of the process.
[[nodiscard]] Streams standard_streams();

}  // namespace karpenter::webhook::offline
