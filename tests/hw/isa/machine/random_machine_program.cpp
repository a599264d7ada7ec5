// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/isa/machine/random_machine_program.h"

#include "tests/hw/isa/machine/random/core.h"
#include "tests/hw/isa/machine/random/draft.h"
#include "tests/hw/isa/machine/random/fused_block.h"
#include "tests/hw/isa/machine/random/layers.h"

namespace fusesim::isa::machine::test {
namespace {

/// One to five layers from DRAM to DRAM. Of each, operators of the vector unit that follow the first stay on the chip.
void add_layers(ProgramDraft& draft, std::uint32_t most_round_channels) {
  const std::uint32_t count = draft.dice.upto(5);
  for (std::uint32_t i = 0; i < count; ++i) {
    draft.begin_layer();
    const DramMap source = draft.any_map();
    PadMap result = draft.program.core.fused.present && draft.dice.chance(2)
                        ? random_fused_block(draft, source, most_round_channels)
                    : draft.dice.chance(4) ? random_vector_operator(draft, draft.load_map(source))
                                           : random_convolution(draft, source);
    while (draft.dice.chance(2)) result = random_vector_operator(draft, result);
    draft.store_map(result);
    draft.end_layer();
  }
}

}  // namespace

Program random_machine_program(std::uint32_t seed, bool values) {
  ProgramDraft draft(seed);
  draft.program.core = random_core(draft.dice);
  add_layers(draft, 0);
  draft.finish(values);
  return draft.program;
}

Program random_fused_program(std::uint32_t seed, bool values) {
  ProgramDraft draft(seed);
  draft.program.core = random_core(draft.dice);
  add_random_fused_unit(draft.dice, draft.program.core);
  add_layers(draft, UINT32_MAX);
  add_spare_storage(draft.dice, draft.program.core.fused);
  draft.finish(values);
  return draft.program;
}

Program random_fused_program(std::uint32_t seed, const FusedConfig& unit) {
  ProgramDraft draft(seed);
  draft.program.core = random_core(draft.dice);
  add_fused_unit(draft.dice, unit, draft.program.core);
  add_layers(draft, unit.level_channels);
  draft.finish(true);
  return draft.program;
}

}  // namespace fusesim::isa::machine::test
