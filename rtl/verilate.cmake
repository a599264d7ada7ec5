# SPDX-License-Identifier: Apache-2.0
# cmake -P: turns the SystemVerilog in SOURCE_DIR into C++ and names all of it in one file, FOLDER/all.cpp, so that the
# build knows its outputs before Verilator has run.
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
set(OPTIONS -GROWS=${ROWS} -GCOLS=${COLS} -GBANKS=${BANKS} -GFUSE=${FUSE} -GSTAGES=${STAGES} -GOBSERVE=${OBSERVE})
if(OBSERVE)
  list(APPEND OPTIONS --assert)
endif()
execute_process(
  COMMAND ${VERILATOR} --cc -O3 --x-assign fast --x-initial fast ${OPTIONS} --top-module systolic_array_observed
          --prefix Vsystolic_array --Mdir ${FOLDER} -y ${SOURCE_DIR} ${SOURCE_DIR}/systolic_array_observed.sv
  RESULT_VARIABLE RESULT)
if(NOT RESULT EQUAL 0)
  message(FATAL_ERROR "verilator failed for ${SOURCE_DIR} at ${ROWS}x${COLS}")
endif()
file(GLOB SOURCES RELATIVE ${FOLDER} ${FOLDER}/Vsystolic_array*.cpp)
list(SORT SOURCES)
list(TRANSFORM SOURCES REPLACE "(.+)" "#include \"\\1\"\n")
list(JOIN SOURCES "" TEXT)
file(WRITE ${FOLDER}/all.cpp "${TEXT}")
