# SPDX-License-Identifier: Apache-2.0
# Compiler flags every target of the project gets. Verilated code is kept out of the strict warnings by its own target.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(fusesim_options INTERFACE)
target_compile_options(fusesim_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                                                 -Woverloaded-virtual -Wold-style-cast)
# g++ 12 warns of overlapping copies inside its own std::string (GCC bug 105651) whatever the caller does.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(fusesim_options INTERFACE -Wno-restrict)
endif()
if(FUSESIM_WERROR)
  target_compile_options(fusesim_options INTERFACE -Werror)
endif()
# Instrumentation goes to every object, Verilated ones too: mixing instrumented and plain code hides errors.
if(FUSESIM_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(FUSESIM_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
