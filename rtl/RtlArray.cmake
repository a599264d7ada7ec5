# SPDX-License-Identifier: Apache-2.0
#
# fusesim_rtl_array(ROWS COLS BANKS FUSE STAGES [BARE] [ON_DEMAND] [SOURCE_DIR DIR] [OUTPUT_DIR DIR] [SUFFIX TEXT])
#
# Verilates the array with these parameters into a target of its own, rtl_<ROWS>x<COLS>_b<BANKS>_f<FUSE>_s<STAGES>: a
# shared object in lib/fusesim/rtl of the build folder, which rtl/verilated_array.h loads by that name. Verilated code
# thus meets neither the project's warnings nor SystemC's headers, and a size that is not there can be built later.
#
# BARE leaves out assertions and observation buses (name + "_bare"). ON_DEMAND keeps it out of the default build.
# SOURCE_DIR, OUTPUT_DIR and SUFFIX are for tests that build changed copies of the SystemVerilog.

find_program(VERILATOR verilator REQUIRED)
execute_process(COMMAND ${VERILATOR} --getenv VERILATOR_ROOT OUTPUT_VARIABLE VERILATOR_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE
                COMMAND_ERROR_IS_FATAL ANY)

set(FUSESIM_RTL_DIR ${CMAKE_CURRENT_LIST_DIR})
file(GLOB FUSESIM_RTL_SOURCES CONFIGURE_DEPENDS ${FUSESIM_RTL_DIR}/*.sv)
# A plug-in carries the digest of what it was made from, so that one left behind by an older build is not trusted.
set(FUSESIM_RTL_DIGEST "")
foreach(SOURCE IN LISTS FUSESIM_RTL_SOURCES ITEMS ${FUSESIM_RTL_DIR}/plugin.cpp ${FUSESIM_RTL_DIR}/plugin.h
                                                  ${FUSESIM_RTL_DIR}/verilated_model.h)
  file(SHA256 ${SOURCE} DIGEST)
  string(SHA256 FUSESIM_RTL_DIGEST "${FUSESIM_RTL_DIGEST}${DIGEST}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SOURCE})
endforeach()
string(SUBSTRING ${FUSESIM_RTL_DIGEST} 0 16 FUSESIM_RTL_DIGEST)

# Verilator's run-time library, compiled once for all plug-ins and hidden in each.
add_library(fusesim_verilated STATIC ${VERILATOR_ROOT}/include/verilated.cpp ${VERILATOR_ROOT}/include/verilated_threads.cpp
                                     ${FUSESIM_RTL_DIR}/plugin_print.cpp)
# The folder behind "rtl/plugin_print.h", as fusesim_library makes it for the others.
target_include_directories(fusesim_verilated PUBLIC ${CMAKE_BINARY_DIR}/include/rtl)
target_include_directories(fusesim_verilated SYSTEM PUBLIC ${VERILATOR_ROOT}/include ${VERILATOR_ROOT}/include/vltstd)
target_compile_definitions(fusesim_verilated PUBLIC VM_COVERAGE=0 VM_SC=0 VM_TRACE=0 VL_TIME_CONTEXT)
target_compile_options(fusesim_verilated PUBLIC -include ${FUSESIM_RTL_DIR}/plugin_print.h -fvisibility=hidden
                                                -fvisibility-inlines-hidden -fno-gnu-unique PRIVATE -w)
target_link_libraries(fusesim_verilated PUBLIC Threads::Threads)
set_target_properties(fusesim_verilated PROPERTIES POSITION_INDEPENDENT_CODE ON)

# All arrays of the default build: what a program that loads them by name depends on.
add_custom_target(rtl_arrays)

function(fusesim_rtl_array ROWS COLS BANKS FUSE STAGES)
  cmake_parse_arguments(ARG "BARE;ON_DEMAND" "SOURCE_DIR;OUTPUT_DIR;SUFFIX" "" ${ARGN})
  if(ARG_BARE)
    string(APPEND ARG_SUFFIX _bare)
    set(OBSERVE 0)
  else()
    set(OBSERVE 1)
  endif()
  if(NOT ARG_SOURCE_DIR)
    set(ARG_SOURCE_DIR ${FUSESIM_RTL_DIR})
  endif()
  if(NOT ARG_OUTPUT_DIR)
    set(ARG_OUTPUT_DIR ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/fusesim/rtl)
  endif()
  set(NAME ${ROWS}x${COLS}_b${BANKS}_f${FUSE}_s${STAGES}${ARG_SUFFIX})
  set(TARGET rtl_${NAME})
  if(TARGET ${TARGET}) # FUSESIM_RTL_ARRAYS may name what is built anyway.
    return()
  endif()

  set(FOLDER ${CMAKE_CURRENT_BINARY_DIR}/verilated/${NAME})
  list(TRANSFORM FUSESIM_RTL_SOURCES REPLACE "^${FUSESIM_RTL_DIR}/" "${ARG_SOURCE_DIR}/" OUTPUT_VARIABLE SOURCES)
  add_custom_command(
    OUTPUT ${FOLDER}/all.cpp
    COMMAND ${CMAKE_COMMAND} -D VERILATOR=${VERILATOR} -D SOURCE_DIR=${ARG_SOURCE_DIR} -D FOLDER=${FOLDER} -D ROWS=${ROWS}
            -D COLS=${COLS} -D BANKS=${BANKS} -D FUSE=${FUSE} -D STAGES=${STAGES} -D OBSERVE=${OBSERVE} -P
            ${FUSESIM_RTL_DIR}/verilate.cmake
    DEPENDS ${SOURCES} ${FUSESIM_RTL_DIR}/verilate.cmake
    COMMENT "Verilating the array ${NAME}"
    VERBATIM)

  add_library(${TARGET} MODULE ${FOLDER}/all.cpp ${FUSESIM_RTL_DIR}/plugin.cpp)
  target_include_directories(${TARGET} SYSTEM PRIVATE ${FOLDER})
  target_link_libraries(${TARGET} PRIVATE fusesim_verilated)
  target_compile_definitions(
    ${TARGET} PRIVATE FUSESIM_RTL_ROWS=${ROWS} FUSESIM_RTL_COLS=${COLS} FUSESIM_RTL_BANKS=${BANKS} FUSESIM_RTL_FUSE=${FUSE}
                      FUSESIM_RTL_STAGES=${STAGES} FUSESIM_RTL_OBSERVE=${OBSERVE} FUSESIM_RTL_DIGEST="${FUSESIM_RTL_DIGEST}")
  # -O1 whatever the build type: -O3 takes several times as long to compile this code and does not run faster.
  set_source_files_properties(${FOLDER}/all.cpp PROPERTIES COMPILE_OPTIONS "-w;-O1")
  target_link_options(${TARGET} PRIVATE -Wl,--exclude-libs,ALL -Wl,-Bsymbolic $<$<NOT:$<BOOL:${FUSESIM_SANITIZE}>>:-Wl,--no-undefined>)
  set_target_properties(${TARGET} PROPERTIES PREFIX "" OUTPUT_NAME fusesim_rtl_${NAME}
                                             LIBRARY_OUTPUT_DIRECTORY ${ARG_OUTPUT_DIR})
  if(ARG_ON_DEMAND)
    set_target_properties(${TARGET} PROPERTIES EXCLUDE_FROM_ALL ON)
  elseif(NOT ARG_SUFFIX)
    add_dependencies(rtl_arrays ${TARGET})
  endif()
endfunction()
