// SPDX-License-Identifier: Apache-2.0
// The rules a machine program must obey before anything runs it. Sizes come from files: sums and products of them are
// made in 64 bits, each only after what it is made of is known to be small enough.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "hw/isa/limits.h"
#include "hw/isa/machine/fused_order.h"
#include "hw/isa/machine/fused_rules.h"
#include "hw/isa/machine/grid.h"
#include "hw/isa/machine/limits.h"
#include "hw/isa/machine/pad_rules.h"
#include "hw/isa/machine/program.h"
#include "hw/isa/rules.h"

namespace fusesim::isa::machine {
namespace {

using Part = InvalidProgram::Part;

template <typename Stride>
std::array<Axis, 3> axes(const std::array<std::uint32_t, 3>& counts, const std::array<Stride, 3>& strides) {
  return {{{counts[0], strides[0]}, {counts[1], strides[1]}, {counts[2], strides[2]}}};
}

bool is_pool(VectorKind kind) {
  return kind == VectorKind::max_pool || kind == VectorKind::average_pool;
}

void check_pad(const Where& where, const char* field, Pad pad) {
  if (pad > Pad::outputs) fail(where, "{} names scratchpad {}, which is unknown", field, static_cast<unsigned>(pad));
}

/// Which bytes of the scratchpads an instruction may name: all that depends on their sizes, and on the fused unit.
class PadChecker {
 public:
  PadChecker(const Where& where, const CoreConfig& core) : where_(where), core_(core) {}

  void check(const Instruction& instruction) const {
    std::visit([&](const auto& work) { check_work(work); }, instruction.work);
    for (const Release& release : instruction.releases) {
      check_pad(where_, "release", release.pad);
      if (release.bytes == 0) fail(where_, "release of no bytes at 0x{:x}; leave it out", release.address);
      check_inside(where_, "release", core_, release.pad, release.address, release.bytes);
    }
  }

 private:
  void check_work(const Transfer& work) const {
    check_inside(where_, "address", core_, work.pad, work.address,
                 reach(work.run_bytes, axes(work.counts, work.pad_strides)));
  }

  void check_work(const Compute& work) const {
    const ConvGeometry& g = work.geometry;
    const VectorOperand input{Pad::activations, work.input.address, work.input.channel_pitch, work.input.line_pitch};
    check_map(where_, "input", core_, input, 1, g.in_channels, g.in_height, g.in_width);
    if (work.weights_pitch < g.out_channels) {
      fail(where_, "weights_pitch is {}; it must be at least out_channels = {}", work.weights_pitch, g.out_channels);
    }
    const std::uint64_t taps = std::uint64_t{g.kernel_height} * g.kernel_width;
    const std::uint64_t channels = g.in_channels / g.groups;
    std::uint64_t rows = 0, bytes = 0;
    if (__builtin_mul_overflow(taps, channels, &rows) ||
        __builtin_mul_overflow(rows - 1, std::uint64_t{work.weights_pitch}, &bytes) ||
        __builtin_add_overflow(bytes, g.out_channels, &bytes)) {
      bytes = UINT64_MAX;
    }
    check_inside(where_, "weights", core_, Pad::weights, work.weights, bytes);
    if (work.output % 4 != 0) fail(where_, "output is 0x{:x}; it must be a multiple of 4", work.output);
    const Axis sums[] = {{g.out_channels, std::uint64_t{4} * g.out_width}};
    std::uint64_t output = 0;
    if (__builtin_mul_overflow(reach(std::uint64_t{4} * g.out_width, sums), std::uint64_t{g.out_height}, &output)) {
      output = UINT64_MAX;
    }
    check_inside(where_, "output", core_, Pad::outputs, work.output, output);
  }

  void check_work(const Vector& work) const {
    if (is_pool(work.kind)) {
      check_map(where_, "a", core_, work.a, 1, work.channels, work.window.in_height, work.window.in_width);
    } else {
      const std::uint64_t element = work.kind == VectorKind::requantize ? 4 : 1;
      check_map(where_, "a", core_, work.a, element, work.channels, work.height, work.width);
    }
    if (work.kind == VectorKind::add) check_map(where_, "b", core_, work.b, 1, work.channels, work.height, work.width);
    if (work.kind == VectorKind::scale) check_map(where_, "b", core_, work.b, 1, work.channels, 1, 1);
    check_map(where_, "result", core_, work.result, 1, work.channels, work.height, work.width);
    if (work.kind == VectorKind::requantize) {
      check_inside(where_, "parameters", core_, Pad::weights, work.parameters,
                   std::uint64_t{channel_parameter_bytes} * work.channels);
    }
    if (work.has_table) check_inside(where_, "table", core_, Pad::weights, work.table, table_bytes);
  }

  void check_work(const FusedTile& work) const { check_fits(where_, work, core_); }
  void check_work(const FusedPredict& work) const { check_fits(where_, work, core_); }
  void check_work(const FusedAccumulate& work) const { check_fits(where_, work, core_); }

  const Where& where_;
  const CoreConfig& core_;
};

class ProgramChecker {
 public:
  explicit ProgramChecker(const Program& program) : program_(program) {}

  void check() {
    try {
      validate(program_.core);
    } catch (const std::invalid_argument& error) {
      throw InvalidProgram(Part::array, 0, error.what());
    }
    check_name({Part::network, 0, "network"}, program_.network);
    for (std::size_t i = 0; i < program_.layers.size(); ++i) {
      check_name({Part::layer, i, fmt::format("layer {}", i)}, program_.layers[i]);
    }
    check_sections();
    for (const Instruction& instruction : program_.instructions)
      ++queued_[static_cast<std::size_t>(instruction.queue())];
    for (std::size_t i = 0; i < program_.instructions.size(); ++i) check_instruction(i);
  }

 private:
  void check_sections() {
    for (std::size_t i = 0; i < program_.sections.size(); ++i) {
      check_section(program_.sections[i], {Part::section, i, fmt::format("section {}", i)});
      by_address_.push_back(i);
    }
    std::sort(by_address_.begin(), by_address_.end(), [&](std::size_t a, std::size_t b) {
      return program_.sections[a].address < program_.sections[b].address;
    });
    for (std::size_t i = 1; i < by_address_.size(); ++i) {
      const Section& before = program_.sections[by_address_[i - 1]];
      const Section& after = program_.sections[by_address_[i]];
      if (before.address + before.bytes > after.address) {
        const auto [first, second] = std::minmax(by_address_[i - 1], by_address_[i]);
        fail({Part::section, second, fmt::format("section {}", second)},
             "its bytes 0x{:x} to 0x{:x} overlap section {}; give every section DRAM of its own", after.address,
             std::min(before.address + before.bytes, after.address + after.bytes) - 1, first);
      }
    }
  }

  static void check_section(const Section& section, const Where& where) {
    check_name(where, section.name);
    if (section.role > Role::lists) fail(where, "role {} is unknown", static_cast<unsigned>(section.role));
    if (section.bytes == 0) fail(where, "bytes is 0; it must be at least 1");
    if (section.bytes > max_dram_bytes || section.address > max_dram_bytes - section.bytes) {
      fail(where, "{} bytes from 0x{:x} on leave the {} bytes of DRAM a program may use", section.bytes,
           section.address, max_dram_bytes);
    }
    if (section.role == Role::lists && section.values.empty()) {
      fail(where, "no values are given, but lists have theirs even in a program made for timing only");
    }
    if (section.values.empty()) return;
    if (section.role == Role::intermediate || section.role == Role::output) {
      fail(where, "{} values are given, but only input, constant and lists sections have values",
           section.values.size());
    }
    if (section.values.size() != section.bytes) {
      fail(where, "{} values are given for {} bytes; give all or none", section.values.size(), section.bytes);
    }
  }

  void check_instruction(std::size_t index) {
    const Instruction& instruction = program_.instructions[index];
    if (instruction.layer >= program_.layers.size()) {
      fail({Part::instruction, index, fmt::format("instruction {}", index)},
           "layer is {}, but the program has {} layers", instruction.layer, program_.layers.size());
    }
    const Where where{Part::instruction, index, {}, name(instruction), program_.layers[instruction.layer]};
    check_waits(where, instruction);
    std::visit([&](const auto& work) { check_work(where, work); }, instruction.work);
    PadChecker(where, program_.core).check(instruction);
    std::visit([&](const auto& work) { check_reach(where, work); }, instruction.work);
    if (instruction.is_fused()) std::visit([&](const auto& work) { check_order(where, work); }, instruction.work);
    add_steps(where, std::visit([&](const auto& work) { return steps(work); }, instruction.work));
  }

  void check_waits(const Where& where, const Instruction& instruction) {
    const auto own = static_cast<std::size_t>(instruction.queue());
    std::uint64_t& before = passed_[own];
    for (std::uint32_t queue = 0; queue < queue_count; ++queue) {
      const std::uint32_t count = instruction.waits[queue];
      if (count > queued_[queue]) {
        fail(where, "waits for {} completed {} instructions, but the program has only {}", count,
             name(static_cast<Queue>(queue)), queued_[queue]);
      }
      if (queue == own && count > before) {
        fail(where, "waits for {} completed {} instructions, but only {} come before it in its own queue", count,
             name(static_cast<Queue>(queue)), before);
      }
    }
    ++before;
  }

  // What does not depend on addresses.

  static void check_work(const Where& where, const Transfer& work) {
    check_pad(where, "pad", work.pad);
    if (work.run_bytes == 0) fail(where, "run_bytes is 0; it must be at least 1");
    for (const std::uint32_t count : work.counts) {
      if (count == 0) {
        fail(where, "counts are {}, {}, {}; each must be at least 1", work.counts[0], work.counts[1], work.counts[2]);
      }
    }
  }

  void check_work(const Where& where, const Compute& work) const {
    check_geometry(where, work.geometry);
    check_dataflow(where, work.dataflow, work.geometry, work.lines_per_row, program_.core.array);
  }

  static void check_work(const Where& where, const Vector& work) {
    if (work.kind > VectorKind::average_pool) fail(where, "kind {} is unknown", static_cast<unsigned>(work.kind));
    if (work.channels == 0 || work.height == 0 || work.width == 0) {
      fail(where, "shape {}x{}x{} has a zero; every size must be at least 1", work.channels, work.height, work.width);
    }
    check_pad(where, "a", work.a.pad);
    check_pad(where, "b", work.b.pad);
    check_pad(where, "result", work.result.pad);
    if (work.result.pad == Pad::weights) {
      fail(where, "result lies in the weights scratchpad, which only loads write; use activations or outputs");
    }
    if (work.kind == VectorKind::requantize &&
        (work.a.address % 4 != 0 || work.a.channel_pitch % 4 != 0 || work.a.line_pitch % 4 != 0)) {
      fail(where,
           "a has address 0x{:x}, channel_pitch {} and line_pitch {}; for int32 sums each must be a multiple of 4",
           work.a.address, work.a.channel_pitch, work.a.line_pitch);
    }
    check_zero(where, "zero_a", work.zero_a);
    check_zero(where, "zero_b", work.zero_b);
    check_zero(where, "zero_out", work.zero_out);
    if (work.shift < 1 || work.shift > max_shift) {
      fail(where, "shift is {}; it must be from 1 to {}", work.shift, max_shift);
    }
    if (work.lowest > work.highest) {
      fail(where, "lowest is {} and highest {}; lowest must not be above highest", work.lowest, work.highest);
    }
    if (!work.has_table && work.table != 0) {
      fail(where, "table is 0x{:x}, but has_table is not set; set it or make table 0", work.table);
    }
    if (is_pool(work.kind)) check_window(where, work);
  }

  static void check_work(const Where& where, const FusedTile& work) { check_fields(where, work); }
  static void check_work(const Where& where, const FusedPredict& work) { check_fields(where, work); }
  static void check_work(const Where& where, const FusedAccumulate& work) { check_fields(where, work); }

  static void check_zero(const Where& where, const char* field, std::int32_t value) {
    if (value < -128 || value > 127) fail(where, "{} is {}; it must be from -128 to 127", field, value);
  }

  static void check_window(const Where& where, const Vector& work) {
    const Window& w = work.window;
    check_window_axis(where, "height", w.in_height, work.height, w.kernel_height, w.stride_height, w.pad_top);
    check_window_axis(where, "width", w.in_width, work.width, w.kernel_width, w.stride_width, w.pad_left);
    const std::uint64_t elements = std::uint64_t{w.kernel_height} * w.kernel_width;
    if (elements > max_window) {
      fail(where, "the window of {}x{} has more than the {} elements allowed", w.kernel_height, w.kernel_width,
           max_window);
    }
  }

  static void check_window_axis(const Where& where, const char* axis, std::uint32_t in, std::uint32_t out,
                                std::uint32_t kernel, std::uint32_t stride, std::uint32_t pad) {
    if (in == 0 || kernel == 0 || stride == 0) {
      fail(where, "in, kernel and stride {} of the window are {}, {}, {}; each must be at least 1", axis, in, kernel,
           stride);
    }
    if (pad >= kernel) {
      fail(where, "the first window lies outside the map: its {} is {}, and {} of that are padding", axis, kernel, pad);
    }
    const std::uint64_t last = std::uint64_t{out - 1} * stride;
    if (last >= std::uint64_t{in} + pad) {
      fail(where, "window {} along the {} begins at position {}, but map and padding before it have only {}", out - 1,
           axis, last, std::uint64_t{in} + pad);
    }
  }

  // What does.

  void check_reach(const Where& where, const Load& work) const {
    if (!disjoint(work.run_bytes, axes(work.counts, work.pad_strides))) {
      fail(where, "pad_strides {}, {}, {} lay runs of {} bytes over one another", work.pad_strides[0],
           work.pad_strides[1], work.pad_strides[2], work.run_bytes);
    }
    static_cast<void>(section_of(where, work.dram, reach(work.run_bytes, axes(work.counts, work.dram_strides))));
  }

  void check_reach(const Where& where, const Store& work) const {
    if (!disjoint(work.run_bytes, axes(work.counts, work.dram_strides))) {
      fail(where, "dram_strides {}, {}, {} lay runs of {} bytes over one another", work.dram_strides[0],
           work.dram_strides[1], work.dram_strides[2], work.run_bytes);
    }
    const std::size_t index = section_of(where, work.dram, reach(work.run_bytes, axes(work.counts, work.dram_strides)));
    const Section& section = program_.sections[index];
    if (section.role != Role::intermediate && section.role != Role::output) {
      fail(where, "stores to section {} ({}), which is {}; only intermediate and output sections may be written", index,
           section.name, section.role == Role::input ? "the input" : "constant");
    }
  }

  static void check_reach(const Where&, const Compute&) {}
  static void check_reach(const Where&, const Vector&) {}
  static void check_reach(const Where&, const FusedTile&) {}
  void check_reach(const Where& where, const FusedPredict& work) const {
    check_lists(where, work.lists_dram, work.lists_bytes);
  }
  void check_reach(const Where& where, const FusedAccumulate& work) const {
    check_lists(where, work.lists_dram, work.lists_bytes);
  }

  void check_lists(const Where& where, std::uint64_t dram, std::uint64_t bytes) const {
    const std::size_t index = section_of(where, dram, bytes);
    const Section& section = program_.sections[index];
    if (section.role != Role::lists) {
      fail(where, "dram 0x{:x} lies in section {} ({}), whose role is {}; lists have a role of their own, lists", dram,
           index, section.name, name(section.role));
    }
  }

  /// The one section in which all these bytes lie.
  [[nodiscard]] std::size_t section_of(const Where& where, std::uint64_t dram, std::uint64_t bytes) const {
    const auto after = std::upper_bound(
        by_address_.begin(), by_address_.end(), dram,
        [&](std::uint64_t address, std::size_t index) { return address < program_.sections[index].address; });
    if (after != by_address_.begin()) {
      const std::size_t index = *(after - 1);
      const Section& section = program_.sections[index];
      const std::uint64_t offset = dram - section.address;
      if (offset < section.bytes && bytes <= section.bytes - offset) return index;
      if (offset < section.bytes) {
        fail(where, "dram needs {} bytes from 0x{:x} on, but section {} ({}) ends at 0x{:x}; a transfer stays in one",
             bytes, dram, index, section.name, section.address + section.bytes);
      }
    }
    fail(where, "dram 0x{:x} lies in no section; declare what it is", dram);
  }

  // What the fused unit holds: all of its instructions are in the compute queue, which keeps the program's order.

  template <typename Work>
  void check_order(const Where& where, const Work& work) {
    if constexpr (requires { fused_order_.follow(where, work); }) fused_order_.follow(where, work);
  }

  // Addresses are checked: all sizes are at most those of the scratchpads.

  static std::uint64_t steps(const Transfer& work) { return work.bytes(); }

  [[nodiscard]] std::uint64_t steps(const Compute& work) const {
    const ConvGeometry& g = work.geometry;
    const ArrayConfig& array = program_.core.array;
    const std::uint64_t outputs = std::uint64_t{g.out_channels} * g.out_height * g.out_width;
    const std::uint64_t through = std::uint64_t{array.rows} + array.cols + array.broadcast_stages;
    const std::uint64_t feed = work.dataflow >= Dataflow::depthwise_broadcast ? fold_feed(work.dataflow, g, array) : 0;
    return g.macs() + outputs * (through + feed);
  }

  static std::uint64_t steps(const Vector& work) {
    const std::uint64_t elements = std::uint64_t{work.channels} * work.height * work.width;
    return is_pool(work.kind) ? elements * work.window.kernel_height * work.window.kernel_width : elements;
  }

  static std::uint64_t steps(const FusedTile& work) { return most_steps(work); }
  [[nodiscard]] std::uint64_t steps(const FusedPredict& work) const { return most_steps(work, program_.core.fused); }
  [[nodiscard]] std::uint64_t steps(const FusedAccumulate& work) const { return most_steps(work, program_.core.fused); }

  void add_steps(const Where& where, std::uint64_t steps) {
    steps_ += steps;
    if (steps_ > max_program_steps) {
      fail(where, "the instructions up to here take more than the {} steps allowed", max_program_steps);
    }
  }

  const Program& program_;
  std::vector<std::size_t> by_address_;  ///< Sections, ascending.
  std::array<std::uint64_t, queue_count> queued_{}, passed_{};
  FusedOrder fused_order_;
  std::uint64_t steps_ = 0;
};

}  // namespace

void validate(const Program& program) {
  ProgramChecker(program).check();
}

void validate(const Program& program, const CoreConfig& core) {
  validate(program);
  validate(core);
  if (core.array != program.core.array) {
    throw InvalidProgram(
        Part::array, 0,
        fmt::format("the program was compiled for array '{}', but the machine has '{}'; compile it anew",
                    isa::describe(program.core.array), isa::describe(core.array)));
  }
  if (program.core.fused.present && core.fused.present && core.fused.adder_bits < program.core.fused.adder_bits) {
    throw InvalidProgram(
        Part::array, 0,
        fmt::format("the program was compiled for composed weights of {} bits, but fused.adder_bits is "
                    "{}; raise it, or compile the program anew",
                    program.core.fused.adder_bits, core.fused.adder_bits));
  }
  // What lies in the scratchpads of its own core was checked with the rest of the program.
  if (core == program.core) return;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    PadChecker({Part::instruction, i, {}, name(instruction), program.layers[instruction.layer]}, core)
        .check(instruction);
  }
}

}  // namespace fusesim::isa::machine
