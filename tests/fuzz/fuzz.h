#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/check.h"

// A fuzz target: KARP_FUZZ(text) { ...KARP_CHECK what must hold for every text... }. The same function is
// driven by libFuzzer (preset fuzz) and, with the files of corpus/<target>, by a test (replay_main.cc).

#define KARP_FUZZ(text)                                                               \
  static void fuzz_one(std::string_view text);                                        \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    fuzz_one({reinterpret_cast<const char*>(data), size}); /* bytes are bytes */      \
    return 0;                                                                         \
  }                                                                                   \
  static void fuzz_one(std::string_view text)
