// SPDX-License-Identifier: Apache-2.0
// The vector unit register by register.
#pragma once

#include <cstdint>
#include <systemc>
#include <vector>

#include "hw/control/machine/context.h"
#include "hw/control/machine/unit.h"
#include "hw/vector/law.h"

namespace fusesim::vector {

/// One clock edge a cycle, in its middle, while an instruction is under way. At each edge at which DMA has none of the
/// ports it uses,
///
///   the address stage  counts the port cycles of a group's accesses; with the last of them the lanes take their
///                      operands, and at a pool add them to (or compare them with) what they hold;
///   the lanes          move on by one of `latency` registers. Offset, multiplication, rounding, clamp and table stand
///                      between the registers, spread evenly; with few registers several stand between two;
///   the last register  is written to the scratchpad.
class SteppedVectorUnit final : public sc_core::sc_module, public control::machine::UnitIf {
 public:
  SC_HAS_PROCESS(SteppedVectorUnit);
  SteppedVectorUnit(const sc_core::sc_module_name& module_name, const control::machine::Context& context);

  [[nodiscard]] bool ready() const override { return !busy_; }
  void issue(std::uint32_t instruction) override;

 private:
  struct Lane {
    std::int64_t value = 0;   ///< Sum, difference, largest, product, ... as far as its operations have come.
    std::int64_t second = 0;  ///< Of b: element or gate.
    std::uint32_t channel = 0, y = 0, x = 0;
  };
  /// The lanes of a group between two registers.
  struct Stage {
    bool full = false;
    std::uint32_t age = 0;  ///< Registers it has passed.
    std::uint32_t lanes = 0;
    std::vector<Lane> lane;
  };
  enum class Operation : std::uint8_t { offset, multiply, round, clamp, look_up };
  static constexpr std::uint32_t operations = 5;

  void edge();
  void advance();
  void take_operands();
  void take_operand(Lane& lane, bool first_of_group);
  void move_on(Stage& stage);
  void operate(Operation operation, Stage& stage) const;
  void operate(Operation operation, Lane& lane) const;
  void write(const Stage& stage);
  void finish();
  [[nodiscard]] bool stands_still() const;
  [[nodiscard]] std::int8_t byte(isa::machine::Pad pad, std::uint64_t address) const;
  [[nodiscard]] std::int32_t word(isa::machine::Pad pad, std::uint64_t address) const;

  const control::machine::Context& context_;
  sc_core::sc_event edge_, finish_;

  // The instruction under way.
  bool busy_ = false;
  std::uint32_t instruction_ = 0;
  const isa::machine::Vector* vector_ = nullptr;
  VectorCycles law_;
  PortsUsed ports_{};

  // Address stage.
  Lane next_;                         ///< Place of the next group's first element.
  std::uint64_t elements_left_ = 0;   ///< From there on.
  std::uint64_t window_step_ = 0;     ///< Element of the window that is being read.
  std::uint64_t access_cycle_ = 0;    ///< Of the accesses of one step.
  std::uint32_t channels_begun_ = 0;  ///< Channels whose parameters or gate have been read.
  Stage operands_;                    ///< What the lanes hold of the group that is being read.

  std::vector<Stage> registers_;  ///< `latency` of them, in a ring.
  std::size_t newest_ = 0;        ///< The one that a group enters at the next edge.
  std::uint64_t unwritten_ = 0;   ///< Elements of the result.
};

}  // namespace fusesim::vector
