#pragma once

#include <string_view>
#include <vector>

#include "common/conversion/diagnostic.h"
#include "common/model/karpenter/v1.h"

// Selector maps of the alpha kinds multiplied out into term lists. spec: conversion §3.5.1, §4.8

namespace karpenter::conversion {

// Subnets and security groups. `path` is the selector's: the kind of its ids follows from its last word.
[[nodiscard]] std::vector<model::SelectorTerm> expand_selector(const model::StringMap& selector,
                                                               std::string_view path, const Sayer& say);
[[nodiscard]] std::vector<model::AmiSelectorTerm> expand_ami_selector(const model::StringMap& selector,
                                                                      std::string_view path,
                                                                      const Sayer& say);

}  // namespace karpenter::conversion
