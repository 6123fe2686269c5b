# Compiler and linker flags: one interface library that every module of ours links.
add_library(karpenter_flags INTERFACE)
target_include_directories(karpenter_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(karpenter_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough -Werror
  -D_GLIBCXX_ASSERTIONS
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 reports these on correct std::string and std::optional code at -O2 (gcc bugs 105651, 105562).
  target_compile_options(karpenter_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-Wno-restrict -Wno-maybe-uninitialized>)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(karpenter_flags INTERFACE -Wno-error)  # fuzzes only: gcc is the judge of warnings
endif()
target_compile_options(karpenter_flags INTERFACE
  $<$<CONFIG:Release>:-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")

if(KARPENTER_SANITIZE)
  add_compile_options(-fsanitize=${KARPENTER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KARPENTER_SANITIZE})
endif()

find_program(KARPENTER_MOLD mold)
find_program(KARPENTER_CCACHE ccache)
if(KARPENTER_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
if(KARPENTER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${KARPENTER_CCACHE})
endif()
find_package(Threads REQUIRED)
link_libraries(Threads::Threads)
