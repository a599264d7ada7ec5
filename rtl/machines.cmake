# SPDX-License-Identifier: Apache-2.0
#
# fusesim_rtl_machine(PRESET ARRAY [FUSED])
#
# A target rtl_machine_<PRESET> that builds all that a preset machine needs for `--fidelity rtl`: its array, named like
# 24x24_b2_f1_s0, and its fused block, named as in rtl/fused/verilated_fused_core.h. A test compares the names with
# sim/config/presets; tools/build-rtl takes the presets from here.

set(FUSESIM_RTL_MACHINES "")
function(fusesim_rtl_machine PRESET ARRAY)
  fusesim_rtl_array_named(${ARRAY})
  add_custom_target(rtl_machine_${PRESET} DEPENDS rtl_${ARRAY})
  if(ARGN)
    fusesim_rtl_fused(${ARGN} ON_DEMAND)
    add_dependencies(rtl_machine_${PRESET} fused_${ARGN})
  endif()
  list(APPEND FUSESIM_RTL_MACHINES "${PRESET} ${ARRAY} ${ARGN}")
  set(FUSESIM_RTL_MACHINES "${FUSESIM_RTL_MACHINES}" PARENT_SCOPE)
endfunction()

fusesim_rtl_machine(archon-8x8 8x8_b2_f0_s0 8x8_elastic_l24_a6_q30_w20_f4_m1024_p384_v64_t16384_b16_o8)
fusesim_rtl_machine(archon-8x8-fixed 8x8_b2_f0_s0 8x8_fixed_l16_a16_q0_w20_f4_m1024_p384_v64_t16384_b16_o8)
fusesim_rtl_machine(edge-16x16-lpddr4 16x16_b2_f1_s0)
fusesim_rtl_machine(fuseconv-64x64 64x64_b2_f1_s0)
fusesim_rtl_machine(fuseconv-64x64-ddr4 64x64_b2_f1_s0)
fusesim_rtl_machine(fuseconv-64x64-lpddr4 64x64_b2_f1_s0)
