#pragma once

#include <string_view>
#include <vector>

#include "common/conversion/conversion.h"

// Selector maps of the alpha kinds multiplied out into term lists. spec: conversion §3.5.1, §4.8

namespace karpenter::conversion {

// Subnets and security groups. `name` is the selector's, for messages.
[[nodiscard]] std::vector<model::SelectorTerm> expand_selector(const model::StringMap& selector,
                                                               std::string_view name,
                                                               std::vector<Diagnostic>& diagnostics);
[[nodiscard]] std::vector<model::AmiSelectorTerm> expand_ami_selector(const model::StringMap& selector,
                                                                      std::vector<Diagnostic>& diagnostics);

}  // namespace karpenter::conversion
