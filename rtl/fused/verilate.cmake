# SPDX-License-Identifier: Apache-2.0
# cmake -P: turns the SystemVerilog in SOURCE_DIR into C++ and names all of it in one file, FOLDER/all.cpp, so that the
# build knows its outputs before Verilator has run. PARAMETERS: NAME=VALUE separated by commas.
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
string(REPLACE "," ";" PARAMETERS "${PARAMETERS}")
list(TRANSFORM PARAMETERS PREPEND "-G")
# Loops stay loops: unrolled over lanes and PEs they make three times the code. Verilator insists on unrolling those that
# write memories, over LADDERS.
if(NOT UNROLL GREATER 2)
  set(UNROLL 2)
endif()
execute_process(
  COMMAND ${VERILATOR} --cc -O3 --x-assign fast --x-initial fast --assert --unroll-count ${UNROLL} ${PARAMETERS}
          --top-module fused_block_observed --prefix Vfused_block --Mdir ${FOLDER} -y ${SOURCE_DIR}
          ${SOURCE_DIR}/fused_block_observed.sv
  RESULT_VARIABLE RESULT)
if(NOT RESULT EQUAL 0)
  message(FATAL_ERROR "verilator failed for ${SOURCE_DIR} with ${PARAMETERS}")
endif()
file(GLOB SOURCES RELATIVE ${FOLDER} ${FOLDER}/Vfused_block*.cpp)
list(SORT SOURCES)
list(TRANSFORM SOURCES REPLACE "(.+)" "#include \"\\1\"\n")
list(JOIN SOURCES "" TEXT)
file(WRITE ${FOLDER}/all.cpp "${TEXT}")
