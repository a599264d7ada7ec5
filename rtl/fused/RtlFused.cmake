# SPDX-License-Identifier: Apache-2.0
#
# fusesim_rtl_fused(NAME [ON_DEMAND] [SOURCE_DIR DIR] [OUTPUT_DIR DIR] [SUFFIX TEXT])
#
# Verilates the fused block with the parameters that NAME stands for, such as
# 8x8_elastic_l24_a6_q30_w20_f4_m1024_p384_v64_t16384_b16_o8 (rtl/fused/verilated_fused_core.h says what is what), into a
# target of its own, fused_NAME: a shared object in lib/fusesim/rtl of the build folder, which the program loads by that
# name.
#
# ON_DEMAND keeps it out of the default build. SOURCE_DIR, OUTPUT_DIR and SUFFIX are for tests that build changed copies
# of the SystemVerilog.

set(FUSESIM_RTL_FUSED_DIR ${CMAKE_CURRENT_LIST_DIR})
file(GLOB FUSESIM_RTL_FUSED_SOURCES CONFIGURE_DEPENDS ${FUSESIM_RTL_FUSED_DIR}/*.sv)
# A plug-in carries the digest of what it was made from, so that one left behind by an older build is not trusted.
set(FUSESIM_RTL_FUSED_DIGEST "")
foreach(SOURCE IN LISTS FUSESIM_RTL_FUSED_SOURCES ITEMS ${FUSESIM_RTL_FUSED_DIR}/plugin.cpp ${FUSESIM_RTL_FUSED_DIR}/plugin.h
                                                        ${FUSESIM_RTL_DIR}/verilated_model.h)
  file(SHA256 ${SOURCE} DIGEST)
  string(SHA256 FUSESIM_RTL_FUSED_DIGEST "${FUSESIM_RTL_FUSED_DIGEST}${DIGEST}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SOURCE})
endforeach()
string(SUBSTRING ${FUSESIM_RTL_FUSED_DIGEST} 0 16 FUSESIM_RTL_FUSED_DIGEST)
# For fusesim_rtl_fused() in tests/lockstep.
foreach(VARIABLE FUSESIM_RTL_FUSED_DIR FUSESIM_RTL_FUSED_SOURCES FUSESIM_RTL_FUSED_DIGEST)
  set(${VARIABLE} "${${VARIABLE}}" CACHE INTERNAL "")
endforeach()

# All fused blocks of the default build: what a program that loads them by name depends on.
add_custom_target(rtl_fused_blocks)

function(fusesim_rtl_fused NAME)
  cmake_parse_arguments(ARG "ON_DEMAND" "SOURCE_DIR;OUTPUT_DIR;SUFFIX" "" ${ARGN})
  if(NOT ARG_SOURCE_DIR)
    set(ARG_SOURCE_DIR ${FUSESIM_RTL_FUSED_DIR})
  endif()
  if(NOT ARG_OUTPUT_DIR)
    set(ARG_OUTPUT_DIR ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/fusesim/rtl)
  endif()
  set(NUMBER "[1-9][0-9]*")
  set(PATTERN "${NUMBER}x${NUMBER}_(fixed|elastic)_l${NUMBER}_a${NUMBER}_q[0-9]+_w${NUMBER}_f${NUMBER}")
  if(NOT NAME MATCHES "^${PATTERN}_m${NUMBER}_p${NUMBER}_v${NUMBER}_t${NUMBER}_b${NUMBER}_o${NUMBER}$")
    message(FATAL_ERROR "fusesim_rtl_fused: '${NAME}' is not like 8x8_elastic_l24_a6_q30_w20_f4_m1024_p384_v64_t16384_b16_o8")
  endif()
  if(CMAKE_MATCH_1 STREQUAL "fixed")
    set(PARAMETERS MODE=0)
  else()
    set(PARAMETERS MODE=1)
  endif()
  set(NAMES TILE_ROWS TILE_COLUMNS LANES ADDERS QUEUE_DEPTH ADDER_BITS LADDERS MASK_CHANNELS MASK_POSITIONS LEVEL_CHANNELS
            TILE_BYTES TILE_PORT_BYTES OUTPUT_LANES)
  string(REGEX MATCHALL "[0-9]+" VALUES ${NAME})
  foreach(PARAMETER VALUE IN ZIP_LISTS NAMES VALUES)
    set(${PARAMETER} ${VALUE})
    list(APPEND PARAMETERS ${PARAMETER}=${VALUE})
  endforeach()
  list(JOIN PARAMETERS "," PARAMETERS)
  set(TARGET fused_${NAME}${ARG_SUFFIX})
  if(TARGET ${TARGET}) # FUSESIM_RTL_FUSED may name what is built anyway.
    return()
  endif()

  set(FOLDER ${CMAKE_CURRENT_BINARY_DIR}/verilated/${NAME}${ARG_SUFFIX})
  list(TRANSFORM FUSESIM_RTL_FUSED_SOURCES REPLACE "^${FUSESIM_RTL_FUSED_DIR}/" "${ARG_SOURCE_DIR}/" OUTPUT_VARIABLE SOURCES)
  add_custom_command(
    OUTPUT ${FOLDER}/all.cpp
    COMMAND ${CMAKE_COMMAND} -D VERILATOR=${VERILATOR} -D SOURCE_DIR=${ARG_SOURCE_DIR} -D FOLDER=${FOLDER} -D
            PARAMETERS=${PARAMETERS} -D UNROLL=${LADDERS} -P ${FUSESIM_RTL_FUSED_DIR}/verilate.cmake
    DEPENDS ${SOURCES} ${FUSESIM_RTL_FUSED_DIR}/verilate.cmake
    COMMENT "Verilating the fused block ${NAME}${ARG_SUFFIX}"
    VERBATIM)

  add_library(${TARGET} MODULE ${FOLDER}/all.cpp ${FUSESIM_RTL_FUSED_DIR}/plugin.cpp)
  target_include_directories(${TARGET} SYSTEM PRIVATE ${FOLDER})
  # The folder behind "rtl/fused/plugin.h", as fusesim_library makes it for the others.
  target_include_directories(${TARGET} PRIVATE ${CMAKE_BINARY_DIR}/include/rtl_fused)
  target_link_libraries(${TARGET} PRIVATE fusesim_verilated)
  target_compile_definitions(
    ${TARGET} PRIVATE FUSESIM_RTL_LANES=${LANES} FUSESIM_RTL_LADDERS=${LADDERS} FUSESIM_RTL_PORT=${TILE_PORT_BYTES}
                      FUSESIM_RTL_OUTPUT_LANES=${OUTPUT_LANES} FUSESIM_RTL_CONFIGURATION="${NAME}"
                      FUSESIM_RTL_DIGEST="${FUSESIM_RTL_FUSED_DIGEST}")
  # -O1 whatever the build type, as for the arrays; -O0 for changed copies, which run for a moment only.
  if(ARG_SUFFIX)
    set(OPTIMISE -O0)
  else()
    set(OPTIMISE -O1)
  endif()
  set_source_files_properties(${FOLDER}/all.cpp PROPERTIES COMPILE_OPTIONS "-w;${OPTIMISE}")
  target_link_options(${TARGET} PRIVATE -Wl,--exclude-libs,ALL -Wl,-Bsymbolic $<$<NOT:$<BOOL:${FUSESIM_SANITIZE}>>:-Wl,--no-undefined>)
  set_target_properties(${TARGET} PROPERTIES PREFIX "" OUTPUT_NAME fusesim_fused_${NAME}${ARG_SUFFIX}
                                             LIBRARY_OUTPUT_DIRECTORY ${ARG_OUTPUT_DIR})
  if(ARG_ON_DEMAND)
    set_target_properties(${TARGET} PROPERTIES EXCLUDE_FROM_ALL ON)
  elseif(NOT ARG_SUFFIX)
    add_dependencies(rtl_fused_blocks ${TARGET})
  endif()
endfunction()
