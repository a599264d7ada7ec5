# SPDX-License-Identifier: Apache-2.0
# cmake -P: turns the SystemVerilog in SOURCE_DIR into C++ and names all of it in one file, FOLDER/all.cpp, so that the
# build knows its outputs before Verilator has run. PARAMETERS: NAME=VALUE separated by commas.
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
string(REPLACE "," ";" PARAMETERS "${PARAMETERS}")
list(TRANSFORM PARAMETERS PREPEND "-G")
# Loops over lanes and PEs stay loops: unrolled they make three times the code. Those that write memories (over
# LADDERS) must be unrolled.
if(NOT UNROLL GREATER 4)
  set(UNROLL 4)
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
