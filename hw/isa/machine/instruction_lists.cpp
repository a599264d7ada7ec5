// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/instruction_lists.h"

#include <array>
#include <set>
#include <stdexcept>
#include <variant>

#include "hw/isa/rules.h"

namespace fusesim::isa::machine {

FusedListShape list_shape(const FusedAccumulate& accumulate) {
  const FusedGeometry& geometry = accumulate.geometry;
  return {geometry.channels, geometry.middle, geometry.kernel, accumulate.out_channels};
}

FusedListShape list_shape(const FusedPredict& predict) {
  return {predict.geometry.channels, predict.geometry.middle, predict.geometry.kernel, 1};
}

FusedTerms read_lists(const FusedAccumulate& accumulate, std::span<const std::uint8_t> bytes,
                      std::uint32_t adder_bits) {
  const FusedListShape shape = list_shape(accumulate);
  FusedTerms terms = accumulate.source == FusedSource::lists ? decode_terms(bytes, shape)
                                                             : compose(decode_factors(bytes, shape), shape);
  check_adder_bits(terms, shape, adder_bits);
  return terms;
}

FusedPredictor read_lists(const FusedPredict& predict, std::span<const std::uint8_t> bytes) {
  return decode_predictor(bytes, list_shape(predict), predict.round_channels);
}

std::size_t section_at(const Program& program, std::uint64_t dram) {
  for (std::size_t i = 0; i < program.sections.size(); ++i) {
    const Section& section = program.sections[i];
    if (dram >= section.address && dram - section.address < section.bytes) return i;
  }
  throw std::logic_error("lists lie in no section");
}

namespace {

class ListChecker {
 public:
  explicit ListChecker(const Program& program) : program_(program) {}

  void check(const Where& where, const FusedAccumulate& work) {
    check(where, work, work.source == FusedSource::lists ? 0 : 1, work.out_channels,
          [&](const auto& bytes) { static_cast<void>(read_lists(work, bytes, program_.core.fused.adder_bits)); });
  }
  void check(const Where& where, const FusedPredict& work) {
    check(where, work, 2, work.round_channels, [&](const auto& bytes) { static_cast<void>(read_lists(work, bytes)); });
  }
  template <typename Other>
  void check(const Where&, const Other&) {}

 private:
  template <typename Work, typename Read>
  void check(const Where& where, const Work& work, std::uint64_t kind, std::uint64_t channels, Read read) {
    const FusedGeometry& g = work.geometry;
    // Every tile of a group reads the same ones.
    if (!read_.insert({kind, work.lists_dram, work.lists_bytes, g.channels, g.middle, g.kernel, channels}).second)
      return;
    const std::size_t index = section_at(program_, work.lists_dram);
    const Section& section = program_.sections[index];
    const auto* const values = reinterpret_cast<const std::uint8_t*>(section.values.data());
    try {
      read(std::span(values, section.values.size()).subspan(work.lists_dram - section.address, work.lists_bytes));
    } catch (const InvalidLists& error) {
      fail(where,
           "its lists at 0x{:x} in section {} ({}): {}; correct the bytes, or the sizes by which instruction and fused "
           "unit read them",
           work.lists_dram, index, section.name, error.what());
    }
  }

  const Program& program_;
  std::set<std::array<std::uint64_t, 7>> read_;  ///< Bytes, and what they are read as.
};

}  // namespace

void check_lists(const Program& program) {
  ListChecker checker(program);
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    const Where where{InvalidProgram::Part::instruction, i, {}, name(instruction), program.layers[instruction.layer]};
    std::visit([&](const auto& work) { checker.check(where, work); }, instruction.work);
  }
}

}  // namespace fusesim::isa::machine
