# SPDX-License-Identifier: Apache-2.0
#
# fusesim_library(NAME SOURCES ... DEPENDS ... [PRIVATE_DEPENDS ...])
#
# Declares the library of the current folder. Its headers lie beside its sources and are included by their path from
# the root of the repository ("hw/isa/program.h"). So that a target sees only the folders it links, the root itself
# is never an include directory: each library exports a directory of its own that holds nothing but a link to its
# folder. An include that breaks an arrow of the architecture therefore does not compile.
function(fusesim_library NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE FOLDER)
  set(ROOT ${CMAKE_BINARY_DIR}/include/${NAME})
  cmake_path(GET FOLDER PARENT_PATH PARENT)
  file(MAKE_DIRECTORY ${ROOT}/${PARENT})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${ROOT}/${FOLDER} SYMBOLIC)
  if(ARG_SOURCES)
    add_library(${NAME} STATIC ${ARG_SOURCES})
    target_include_directories(${NAME} PUBLIC ${ROOT})
    target_link_libraries(${NAME} PUBLIC ${ARG_DEPENDS} PRIVATE fusesim_options ${ARG_PRIVATE_DEPENDS})
    set_target_properties(${NAME} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  else()
    add_library(${NAME} INTERFACE)
    target_include_directories(${NAME} INTERFACE ${ROOT})
    target_link_libraries(${NAME} INTERFACE ${ARG_DEPENDS})
  endif()
endfunction()

# fusesim_test(NAME SOURCES ... DEPENDS ... [LABELS ...] [TIMEOUT seconds] [FIXTURE name])
# A GoogleTest program; every TEST in it becomes a ctest test, which requires the fixture.
function(fusesim_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT;FIXTURE" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_executable(${NAME} ${ARG_SOURCES})
  target_link_libraries(${NAME} PRIVATE fusesim_options ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${NAME} PRIVATE FUSESIM_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data")
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  # An empty value would vanish on the way and make the next property's name the label.
  set(LABELS "")
  if(ARG_LABELS)
    set(LABELS LABELS "${ARG_LABELS}")
  endif()
  set(FIXTURE "")
  if(ARG_FIXTURE)
    set(FIXTURE FIXTURES_REQUIRED ${ARG_FIXTURE})
  endif()
  # Parameters have names; without NO_PRETTY_VALUES their bytes would be printed after them.
  gtest_discover_tests(${NAME} NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${ARG_TIMEOUT} ${LABELS} ${FIXTURE})
endfunction()
