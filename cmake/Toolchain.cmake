# SPDX-License-Identifier: Apache-2.0
# Compiler flags every target of the project gets. Verilated code is kept out of the strict warnings by its own target.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(fusesim_options INTERFACE)
target_compile_options(fusesim_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                                                 -Woverloaded-virtual -Wold-style-cast)
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
