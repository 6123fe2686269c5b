# karpenter_subdirectories(DIR...): adds each folder.
function(karpenter_subdirectories)
  foreach(dir IN LISTS ARGN)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/CMakeLists.txt)
      add_subdirectory(${dir})
    endif()
  endforeach()
endfunction()

# karpenter_module(NAME SOURCES a.cc... DEPS other_module... SYSTEM lib...)
# A static library named after its folder (common/base -> common_base). DEPS are modules of ours and must agree with
# hack/layers.toml; SYSTEM are third-party libraries. A module without SOURCES is header-only. NO_UNITY: its files have
# unnamed helpers of the same names, so the release preset must not join them into one.
function(karpenter_module name)
  cmake_parse_arguments(ARG "NO_UNITY" "" "SOURCES;DEPS;SYSTEM" ${ARGN})
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC karpenter_flags ${ARG_DEPS} PRIVATE ${ARG_SYSTEM})
    if(ARG_NO_UNITY)
      set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
    endif()
    karpenter_use_pch(${name})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE karpenter_flags ${ARG_DEPS} ${ARG_SYSTEM})
  endif()
endfunction()

# The std-only precompiled header, built once and reused (architecture §6).
function(karpenter_use_pch name)
  if(TARGET karpenter_pch)
    target_precompile_headers(${name} REUSE_FROM karpenter_pch)
  endif()
endfunction()

# karpenter_hot(NAME): optimised in every build, for what simulation spends its time in. The shared precompiled header is
# compiled without optimisation and cannot be used then.
function(karpenter_hot name)
  target_compile_options(${name} PRIVATE -O2 $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized>)
  set_target_properties(${name} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
endfunction()

# karpenter_program(NAME SOURCES main.cc DEPS module...)
function(karpenter_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;SYSTEM" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE karpenter_flags ${ARG_DEPS} ${ARG_SYSTEM})
  target_compile_definitions(${name} PRIVATE KARPENTER_VERSION="${PROJECT_VERSION}")
endfunction()

# karpenter_test(NAME LEVEL unit SOURCES x_test.cc... DEPS module... [ARGS ...] [TIMEOUT s])
# One gtest binary, registered as one ctest test that carries the label of its level.
function(karpenter_test name)
  cmake_parse_arguments(ARG "" "LEVEL;TIMEOUT" "SOURCES;DEPS;SYSTEM;ARGS" ${ARGN})
  if(NOT ARG_LEVEL)
    message(FATAL_ERROR "${name}: a test needs a LEVEL")
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE karpenter_flags ${ARG_DEPS} ${ARG_SYSTEM} gtest gmock gtest_main)
  karpenter_use_pch(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} ${ARG_ARGS})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LEVEL} TIMEOUT ${ARG_TIMEOUT} COST ${ARG_TIMEOUT}  # long ones start first
    ENVIRONMENT "KARPENTER_SOURCE_DIR=${PROJECT_SOURCE_DIR};KARPENTER_BINARY_DIR=${PROJECT_BINARY_DIR}")
endfunction()
