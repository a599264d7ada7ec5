# SPDX-License-Identifier: Apache-2.0
# Included by CMakeLists.txt: the fused block.
fusesim_library(test_fused_lockstep
  SOURCES fused_lockstep.cpp fused_traffic.cpp
  DEPENDS hw_fused
  PRIVATE_DEPENDS fmt::fmt)

fusesim_test(fused_lockstep_test SOURCES fused_lockstep_test.cpp DEPENDS test_fused_lockstep rtl_fused)
add_dependencies(fused_lockstep_test rtl_fused_blocks)
