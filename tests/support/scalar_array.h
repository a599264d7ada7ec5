// SPDX-License-Identifier: Apache-2.0
// docs/array.md written down a second time, one struct a PE and one statement a sentence: what the fast model and the
// SystemVerilog are held against. Slow, and meant to be read next to the page.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "hw/array/array_model.h"

namespace fusesim::test {

class ScalarArray final : public array::ArrayModel {
 public:
  explicit ScalarArray(const isa::ArrayConfig& config);

  [[nodiscard]] const isa::ArrayConfig& config() const override { return config_; }
  void reset() override;
  /// Takes any input, legal or not. `out.data` is 0 where `out.valid` is.
  void clock(const array::EdgeInputs& in, array::EdgeOutputs& out) override;
  [[nodiscard]] array::PeState pe(std::uint32_t row, std::uint32_t col) const override;
  void read_accumulators(std::uint32_t bank, std::span<std::int32_t> out) const override;

  /// What the timing law forbids and happened at the last edge; empty when nothing did.
  [[nodiscard]] const std::string& violation() const { return violation_; }

 private:
  struct Operand {  ///< On `left` and `tap` wires.
    std::int8_t data = 0;
    bool valid = false, first = false;
    std::uint8_t bank = 0;
  };
  struct Weight {  ///< On `up` wires.
    std::int8_t data = 0;
    bool valid = false;
  };
  struct Strobe {
    bool valid = false;
    std::uint8_t bank = 0;
  };
  struct Word {  ///< On a drain chain.
    bool valid = false;
    std::uint8_t bank = 0;
    std::int32_t data = 0;
  };
  struct Skewed {
    Weight weight;
    Strobe drain;
  };
  struct Direct {
    bool enable = false;
    Strobe drain;
  };
  /// `n` registers: what is pushed comes out n pushes later.
  template <class T>
  struct Line {
    std::deque<T> registers;
    [[nodiscard]] const T& output(const T& input) const { return registers.empty() ? input : registers.back(); }
    void push(const T& input) {
      if (registers.empty()) return;
      registers.pop_back();
      registers.push_front(input);
    }
  };

  [[nodiscard]] std::uint8_t bank_bit(std::uint8_t bank) const;
  [[nodiscard]] std::size_t at(std::uint32_t row, std::uint32_t col) const {
    return std::size_t{row} * config_.cols + col;
  }

  isa::ArrayConfig config_;
  std::vector<array::PeState> pes_;
  std::vector<Line<Operand>> left_lines_;   ///< One a row.
  std::vector<Line<Skewed>> skewed_lines_;  ///< One a column.
  std::vector<Line<Direct>> direct_lines_;
  std::vector<Operand> left_cut_, tap_cut_;  ///< In front of PE (i, j); used where g(j) = g(j - 1) + 1.
  std::string violation_;
};

}  // namespace fusesim::test
