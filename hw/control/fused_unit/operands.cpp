// SPDX-License-Identifier: Apache-2.0
#include "hw/control/fused_unit/operands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "hw/isa/machine/instruction_lists.h"
#include "hw/isa/machine/limits.h"

namespace fusesim::control::machine {

using isa::machine::channel_parameter_bytes;
using isa::machine::ChannelParameters;
using isa::machine::FusedAccumulate;
using isa::machine::FusedGeometry;
using isa::machine::FusedMap;
using isa::machine::FusedPredict;
using isa::machine::FusedTile;
using isa::machine::Pad;

namespace {

/// The program is valid: one section holds them all.
std::span<const std::int8_t> section_bytes(const Context& context, std::uint64_t dram, std::uint32_t bytes) {
  const isa::machine::Section& section = context.program.sections[isa::machine::section_at(context.program, dram)];
  return std::span(section.values).subspan(dram - section.address, bytes);
}

memory::ByteGrid lines_of(const FusedMap& map, std::uint32_t channels, std::uint32_t rows, std::uint32_t columns) {
  return {.address = map.address, .run = columns, .axes = {{{rows, map.line_pitch}, {channels, map.channel_pitch}}}};
}

class Checker {
 public:
  Checker(const Context& context, std::uint32_t instruction) : context_(context), instruction_(instruction) {}

  void check(const FusedTile& work) const {
    check_map(work.input, work.geometry.channels, work.geometry.region_rows, work.geometry.region_columns);
  }

  void check(const FusedPredict& work) const { check_lists(work); }

  void check(const FusedAccumulate& work) const {
    check_lists(work);
    context_.check_written(instruction_, Pad::weights, work.parameters,
                           std::uint64_t{channel_parameter_bytes} * work.out_channels);
    if (context_.values) check_shifts(work);
    const FusedGeometry& g = work.geometry;
    if (work.residual) check_map(work.residual->map, work.out_channels, g.out_rows, g.out_columns);
    if (work.next) check(*work.next);
  }

  template <typename Other>
  void check(const Other&) const {
    throw std::logic_error("not an instruction of the fused block");
  }

 private:
  void check_map(const FusedMap& map, std::uint32_t channels, std::uint32_t rows, std::uint32_t columns) const {
    context_.check_written(instruction_, Pad::activations, lines_of(map, channels, rows, columns));
  }

  template <typename Work>
  void check_lists(const Work& work) const {
    context_.check_written(instruction_, Pad::weights, work.lists, work.lists_bytes);
    if (!context_.values) return;
    // What depends on lists is worked out once for all instructions that name the same place in DRAM, and without
    // values nothing else is there: both must be the same.
    const std::span<const std::int8_t> given = context_.pads[Pad::weights].bytes(work.lists, work.lists_bytes);
    const std::span<const std::int8_t> wanted = lists_of(context_, work);
    const auto [byte, other] = std::mismatch(given.begin(), given.end(), wanted.begin());
    if (byte == given.end()) return;
    const auto at = byte - given.begin();
    throw std::runtime_error(
        fmt::format("{}: byte {:#x} of the weights scratchpad is not that of its lists in DRAM, {:#x}; load the lists "
                    "from lists_dram, {:#x}",
                    context_.describe(instruction_), work.lists + at, work.lists_dram + static_cast<std::uint64_t>(at),
                    work.lists_dram));
  }

  void check_shifts(const FusedAccumulate& work) const {
    const std::vector<ChannelParameters> parameters = parameters_of(context_, work);
    for (std::uint32_t c = 0; c < work.out_channels; ++c) {
      if (parameters[c].shift >= 1 && parameters[c].shift <= isa::machine::max_shift) continue;
      throw std::runtime_error(fmt::format(
          "{}: the parameters of channel {}, at {:#x} of the weights scratchpad, have the shift {}; it must be from 1 "
          "to {}",
          context_.describe(instruction_), c, work.parameters + c * channel_parameter_bytes, parameters[c].shift,
          isa::machine::max_shift));
    }
  }

  const Context& context_;
  std::uint32_t instruction_;
};

}  // namespace

void check_fused_operands(const Context& context, std::uint32_t instruction) {
  std::visit([&](const auto& work) { Checker(context, instruction).check(work); },
             context.program.instructions[instruction].work);
}

std::span<const std::int8_t> lists_of(const Context& context, const FusedPredict& work) {
  return section_bytes(context, work.lists_dram, work.lists_bytes);
}

std::span<const std::int8_t> lists_of(const Context& context, const FusedAccumulate& work) {
  return section_bytes(context, work.lists_dram, work.lists_bytes);
}

std::vector<ChannelParameters> parameters_of(const Context& context, const FusedAccumulate& work) {
  static_assert(sizeof(ChannelParameters) == channel_parameter_bytes);
  std::vector<ChannelParameters> parameters(work.out_channels);
  const std::size_t bytes = std::size_t{channel_parameter_bytes} * work.out_channels;
  std::memcpy(static_cast<void*>(parameters.data()), context.pads[Pad::weights].bytes(work.parameters, bytes).data(),
              bytes);
  return parameters;
}

void mark_results(const Context& context, const FusedAccumulate& work, std::uint64_t cycle) {
  const FusedGeometry& g = work.geometry;
  context.write(Pad::outputs, lines_of(work.output, work.out_channels, g.out_rows, g.out_columns), cycle);
}

}  // namespace fusesim::control::machine
