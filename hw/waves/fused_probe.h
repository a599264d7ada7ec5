// SPDX-License-Identifier: Apache-2.0
// Watches a fused core, whichever implementation of FusedCore it is, and writes what it sees as a waveform. The
// hierarchy follows from the configuration and what is asked for alone, so that waveforms of two implementations can
// be compared as files.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/fused/fused_core.h"
#include "hw/waves/vcd_writer.h"
#include "hw/waves/wave_scope.h"

namespace fusesim::waves {

/// What a waveform shows of a fused core.
struct FusedScope {
  WaveScope pes;                        ///< Elements are row and column of the tile; `ports` adds words and outputs.
  std::vector<std::uint32_t> channels;  ///< Middle channels whose masks are shown; each once.
};

/// Signals (names of PE registers as in hw/fused/fused_core.h):
///   fusesim.fused.row<i>.pe<j>   ternary_sum sum multiply factor operand multiply_end acc result_valid result
///                                [queued started]                                 in brackets: mode elastic only
///   fusesim.fused.masks.channel<m>  mask1_<r> mask2_<p>    64 positions (PEs) from r (p) on, the first in bit 0
///   fusesim.fused.word           kind (WordKind) buffer lanes endings pass last channel_end every_tap tap constant
///                                shift channel                                    the word on the input port
///   fusesim.fused.word.lane<l>   index weight
///   fusesim.fused.unit           ready held idle takes works group emits emitted_group
///   fusesim.fused.unit.out<i>    value                                            bytes that leave
/// What the input port holds without a word is shown as 0, and so are lanes and bytes beyond those in use.
class FusedProbe {
 public:
  /// Declares its signals in `writer`, which must outlive the probe.
  FusedProbe(VcdWriter& writer, const fused::Config& config, const FusedScope& scope);

  /// Registers and outputs in `cycle`, read before its edge: the start of a stretch of samples.
  void start(std::uint64_t cycle, const fused::FusedCore& core);
  /// To be called after core.clock(inputs) for `cycle`: the word shows in `cycle`, what depends on registers, as the
  /// edge has left them, in the next one. Cycles must ascend.
  void sample(std::uint64_t cycle, const fused::FusedCore& core, const fused::CoreInputs& inputs);

 private:
  using Signal = VcdWriter::Signal;

  /// One register of a PE: its name, its width and where it is in FusedPeState.
  struct Register {
    const char* name;
    unsigned bits;
    std::int64_t (*read)(const fused::FusedPeState&);
  };
  struct Element {
    std::uint32_t index;
    bool seen = false;
    fused::FusedPeState last;
    std::vector<Signal> signals;  ///< One for each of registers_.
  };
  struct Masks {
    std::uint32_t channel;
    std::vector<Signal> mask1, mask2;
  };
  struct Lane {
    Signal index, weight;
  };
  struct WordSignals {
    Signal kind, buffer, lanes, endings, pass, last, channel_end, every_tap, tap, constant, shift, channel;
  };
  struct UnitSignals {
    Signal ready, held, idle, takes, works, group, emits, emitted_group;
  };

  void declare_elements(const fused::Config& config, const WaveScope& scope);
  void declare_masks(const std::vector<std::uint32_t>& channels);
  std::vector<Signal> declare_bits(const char* name, std::uint32_t count);
  void declare_ports(const fused::Config& config);
  void show_registers(const fused::FusedCore& core);
  void show_masks(const fused::FusedCore& core);
  void show_unit(const fused::FusedCore& core);
  void show_word(const fused::CoreInputs& inputs);

  VcdWriter& writer_;
  std::uint32_t pes_, positions_;
  std::vector<Register> registers_;
  std::vector<Element> elements_;
  std::vector<Masks> masks_;
  bool ports_;
  WordSignals word_;
  std::vector<Lane> lanes_;
  UnitSignals unit_;
  std::vector<Signal> out_;
};

}  // namespace fusesim::waves
