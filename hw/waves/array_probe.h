// SPDX-License-Identifier: Apache-2.0
// Watches an array, whichever implementation of ArrayModel it is, and writes what it sees as a waveform. The hierarchy
// follows from the configuration and the scope alone, so that waveforms of two implementations can be compared as
// files.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/array/array_model.h"
#include "hw/array/edge.h"
#include "hw/isa/array_config.h"
#include "hw/waves/vcd_writer.h"
#include "hw/waves/wave_scope.h"

namespace fusesim::waves {

/// Signals, grouped by unit (names of PE registers as in docs/array.md):
///   fusesim.array.row<i>.pe<j>      a lv lf [lb] w wv [fv ff [fb]] acc0 full0 [acc1 full1] mv [mb]
///   fusesim.feeder.control          enable skewed left_first left_bank drain_bank [tap_first tap_bank]
///   fusesim.feeder.left<i>          data valid
///   fusesim.feeder.tap<i>           data valid              with FuSe links only
///   fusesim.feeder.top<j>           data valid drain
///   fusesim.ports.bottom<j>         data valid
/// In brackets: only where the array has the register. Feeder signals are the values on the input ports.
class ArrayProbe {
 public:
  /// Declares its signals in `writer`, which must outlive the probe.
  ArrayProbe(VcdWriter& writer, const isa::ArrayConfig& config, const WaveScope& scope);

  /// Registers in `cycle`, read before its edge: the start of a stretch of samples.
  void start(std::uint64_t cycle, const array::ArrayModel& model);
  /// To be called after model.clock(inputs, outputs) for `cycle`: ports show in `cycle`, registers, as the edge has
  /// left them, in the next one. Cycles must ascend.
  void sample(std::uint64_t cycle, const array::ArrayModel& model, const array::EdgeInputs& inputs,
              const array::EdgeOutputs& outputs);

 private:
  using Signal = VcdWriter::Signal;

  /// One register of a PE: its name, its width and where it is in PeState.
  struct Register {
    const char* name;
    unsigned bits;
    bool is_signed;
    std::int64_t (*read)(const array::PeState&);
  };
  struct Element {
    WaveScope::Element at;
    bool seen = false;
    array::PeState last;
    std::vector<Signal> signals;  ///< One for each of registers_.
  };
  struct Port {
    Signal data, valid, drain;
  };

  void declare_elements(const WaveScope& scope);
  void declare_ports(const isa::ArrayConfig& config);
  std::vector<Port> declare_edge(const char* name, std::uint32_t count, unsigned bits, bool drain);
  void show_registers(const array::ArrayModel& model);
  void show_ports(const array::EdgeInputs& inputs, const array::EdgeOutputs& outputs);

  VcdWriter& writer_;
  std::vector<Register> registers_;
  std::vector<Element> elements_;
  bool ports_;
  Signal enable_, skewed_, left_first_, left_bank_, drain_bank_, tap_first_, tap_bank_;
  std::vector<Port> left_, tap_, top_, bottom_;
};

}  // namespace fusesim::waves
