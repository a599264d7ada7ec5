// SPDX-License-Identifier: Apache-2.0
// Random compute instructions, issued to a unit of the array by a script, and all that can be seen of what it does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "hw/array/array_model.h"
#include "hw/control/machine/context.h"
#include "hw/isa/machine/program.h"
#include "tests/support/random_instruction.h"

namespace fusesim::test {

/// When the script issues an instruction: in the first cycle in which the unit is ready, `not_before` has come, and,
/// where `after` is given, that instruction's token was given `delay` cycles ago or more.
struct Issue {
  std::uint64_t not_before = 0;
  std::optional<std::uint32_t> after;
  std::uint64_t delay = 0;
};

struct Script {
  isa::machine::Program program;  ///< Compute instructions only.
  std::vector<Issue> issues;      ///< One an instruction.
  std::uint64_t value_seed = 0;   ///< Of the bytes in the scratchpads.
};

/// Small arrays of all kinds, scratchpads that conflict often or never, up to nine instructions close together or far
/// apart. Operands lie at odd pitches and addresses; some instructions repeat an earlier one elsewhere.
[[nodiscard]] Script random_script(Random& random);
/// On a given array.
[[nodiscard]] Script random_script(Random& random, const isa::ArrayConfig& array);
/// Instructions as given, one after the other as soon as the unit takes them.
[[nodiscard]] Script plain_script(const isa::machine::CoreConfig& core, const std::vector<isa::machine::Compute>& work);
/// For messages.
[[nodiscard]] std::string describe(const Script& script);

struct FoldStay {
  std::uint32_t instruction = 0;
  std::uint64_t fold = 0, start = 0, end = 0;
  bool operator==(const FoldStay&) const = default;
  friend void PrintTo(const FoldStay& stay, std::ostream* out) {
    *out << "instruction " << stay.instruction << " fold " << stay.fold << ": " << stay.start << " to " << stay.end;
  }
};
struct Told {
  std::uint32_t instruction = 0;
  std::uint64_t cycle = 0;
  bool operator==(const Told&) const = default;
  friend void PrintTo(const Told& told, std::ostream* out) { *out << told.instruction << " at " << told.cycle; }
};
struct Change {
  std::uint64_t cycle = 0;
  isa::machine::Pad pad{};
  std::uint64_t bytes = 0;
  bool operator==(const Change&) const = default;
};

/// Bit n of `ready` and element n of `empty` were asked for in cycle n.
struct Outcome {
  std::vector<Told> issued, started, completed;
  std::vector<control::machine::InstructionRecord> records;
  std::vector<FoldStay> folds;
  std::vector<control::machine::CauseCycles> booked;
  std::vector<bool> ready;
  std::vector<std::uint64_t> empty;          ///< Empty cycles before now,
  std::vector<std::uint64_t> empty_earlier;  ///< and before a cycle somewhere in the past.
  std::vector<Change> occupancy;
  std::vector<std::int8_t> outputs;    ///< The whole scratchpad; none without values.
  std::uint64_t held_edges = 0;        ///< Clocked: edges with the array's enable low,
  std::uint64_t edges = 0;             ///< and all edges.
  std::vector<std::uint64_t> clocked;  ///< Clocked: cycles whose edge the array saw.
};

/// The cycle in the past that `empty_earlier` speaks of in cycle `now`.
[[nodiscard]] inline std::uint64_t earlier_than(std::uint64_t now) {
  return now * 7919 % (now + 1);
}

enum class Unit { clocked, event };
struct Watch {
  bool folds = true;
  bool values = true;
};
/// `array` holds the registers of the clocked unit's array; a SteppedArray when it is not given.
[[nodiscard]] Outcome run(const Script& script, Unit unit, Watch watch = {},
                          std::unique_ptr<array::ArrayModel> array = nullptr);

/// The same by walking through every cycle with explicit bank tables (docs/machine.md): no values, no occupancy.
[[nodiscard]] Outcome walk(const Script& script);

/// What the scratchpads hold before the run: every byte of activations and weights.
[[nodiscard]] std::vector<std::int8_t> pad_values(const Script& script, isa::machine::Pad pad);
/// The outputs scratchpad after all instructions, by the definition of convolution.
[[nodiscard]] std::vector<std::int8_t> expected_outputs(const Script& script);

}  // namespace fusesim::test
