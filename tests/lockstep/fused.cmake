# SPDX-License-Identifier: Apache-2.0
# Included by CMakeLists.txt: the fused block.
fusesim_library(test_fused_lockstep
  SOURCES fused_comparison.cpp fused_lockstep.cpp fused_traffic.cpp
  DEPENDS hw_fused
  PRIVATE_DEPENDS fmt::fmt)

fusesim_test(fused_lockstep_test SOURCES fused_blocks_test.cpp fused_lockstep_test.cpp DEPENDS test_fused_lockstep rtl_fused)
add_dependencies(fused_lockstep_test rtl_fused_blocks)
fusesim_test(fused_waves_test SOURCES fused_waves_test.cpp DEPENDS test_fused_lockstep hw_waves rtl_fused test_support)
add_dependencies(fused_waves_test rtl_fused_blocks)

# A copy of the block for each fault of fused_mutants.json: small, with every option, so that every fault can show.
set(MUTANT_CONFIG_elastic 2x2_elastic_l3_a2_q4_w18_f2_m12_p40_v3_t200_b3_o1)
set(MUTANT_CONFIG_fixed 2x2_fixed_l3_a3_q0_w18_f2_m12_p40_v3_t200_b3_o1)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS fused_mutants.json)
file(READ fused_mutants.json FUSED_MUTANTS)
string(JSON COUNT LENGTH "${FUSED_MUTANTS}")
math(EXPR LAST "${COUNT} - 1")
set(FUSED_MUTANT_DIR ${CMAKE_CURRENT_BINARY_DIR}/fused_mutants)
foreach(INDEX RANGE ${LAST})
  string(JSON NAME GET "${FUSED_MUTANTS}" ${INDEX} name)
  string(JSON MODE ERROR_VARIABLE MISSING GET "${FUSED_MUTANTS}" ${INDEX} mode)
  if(MISSING)
    set(MODE elastic)
  endif()
  list(TRANSFORM FUSESIM_RTL_FUSED_SOURCES REPLACE "^${FUSESIM_RTL_FUSED_DIR}/" "${FUSED_MUTANT_DIR}/${NAME}/"
                                           OUTPUT_VARIABLE MUTATED)
  add_custom_command(
    OUTPUT ${MUTATED}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/mutate.py ${CMAKE_CURRENT_SOURCE_DIR}/fused_mutants.json ${NAME}
            ${FUSESIM_RTL_FUSED_DIR} ${FUSED_MUTANT_DIR}/${NAME}
    DEPENDS mutate.py fused_mutants.json ${FUSESIM_RTL_FUSED_SOURCES}
    COMMENT "Planting the fault ${NAME}"
    VERBATIM)
  fusesim_rtl_fused(${MUTANT_CONFIG_${MODE}} SOURCE_DIR ${FUSED_MUTANT_DIR}/${NAME} OUTPUT_DIR ${FUSED_MUTANT_DIR} SUFFIX _${NAME})
  list(APPEND FUSED_MUTANT_TARGETS fused_${MUTANT_CONFIG_${MODE}}_${NAME})
endforeach()
# The healthy blocks of the same size: what is found in the others is then the fault, not the size.
foreach(MODE elastic fixed)
  fusesim_rtl_fused(${MUTANT_CONFIG_${MODE}} OUTPUT_DIR ${FUSED_MUTANT_DIR} SUFFIX _healthy)
  list(APPEND FUSED_MUTANT_TARGETS fused_${MUTANT_CONFIG_${MODE}}_healthy)
endforeach()

fusesim_test(fused_mutation_test
  SOURCES fused_mutation_test.cpp
  DEPENDS test_fused_lockstep rtl_fused nlohmann_json::nlohmann_json)
target_compile_definitions(
  fused_mutation_test PRIVATE MUTANTS="${CMAKE_CURRENT_SOURCE_DIR}/fused_mutants.json" MUTANT_DIR="${FUSED_MUTANT_DIR}"
                              CONFIG_ELASTIC="${MUTANT_CONFIG_elastic}" CONFIG_FIXED="${MUTANT_CONFIG_fixed}")
add_dependencies(fused_mutation_test ${FUSED_MUTANT_TARGETS})

# Array and fused block of the preset archon-8x8 are built when the long tests are run, before them.
add_test(NAME build_rtl_archon COMMAND ${CMAKE_COMMAND} --build ${CMAKE_BINARY_DIR} --target rtl_machine_archon-8x8)
set_tests_properties(build_rtl_archon PROPERTIES FIXTURES_SETUP rtl_archon LABELS long TIMEOUT 1800)
fusesim_test(fused_lockstep_long_test
  SOURCES fused_lockstep_long_test.cpp
  DEPENDS test_fused_lockstep rtl_fused sim_config
  LABELS long TIMEOUT 3600 FIXTURE rtl_archon)
add_dependencies(fused_lockstep_long_test rtl_fused_blocks)
