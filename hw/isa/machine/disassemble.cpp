// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "hw/isa/machine/text.h"
#include "hw/isa/text_writer.h"

namespace fusesim::isa::machine {
namespace {

using text::append;
using text::quoted;

void append_core(std::string& out, const CoreConfig& core) {
  text::append_array(out, core.array);
  for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) {
    const ScratchpadConfig& config = core.pad(pad);
    append(out, "scratchpad {} bytes={} banks={} width={} ports={}\n", name(pad), config.bytes, config.banks,
           config.width, config.ports);
  }
  append(out, "vector_unit lanes={} latency={}\n", core.vector.lanes, core.vector.latency);
  append(out, "controller fetch_cycles={} decode_cycles={} queue_depth={}\n", core.control.fetch_cycles,
         core.control.decode_cycles, core.control.queue_depth);
  if (const FusedConfig& fused = core.fused; fused.present) {
    append(out,
           "fused_unit tile={}x{} mode={} lanes={} adders={} queue_depth={} adder_bits={} ladders={} mask_channels={} "
           "mask_positions={} level_channels={} tile_bytes={} tile_port_bytes={} list_bytes_per_cycle={} "
           "list_fifo_bytes={} composer_terms_per_cycle={} output_lanes={}\n",
           fused.tile_rows, fused.tile_columns, name(fused.mode), fused.lanes, fused.adders, fused.queue_depth,
           fused.adder_bits, fused.ladders, fused.mask_channels, fused.mask_positions, fused.level_channels,
           fused.tile_bytes, fused.tile_port_bytes, fused.list_bytes_per_cycle, fused.list_fifo_bytes,
           fused.composer_terms_per_cycle, fused.output_lanes);
  }
}

// Fields that are at their default are left out, but for those without which a line says nothing.

void append_work(std::string& out, const Transfer& work) {
  append(out, " dram=0x{:x} pad={} address=0x{:x} run={}", work.dram, name(work.pad), work.address, work.run_bytes);
  const Transfer plain;
  if (work.counts != plain.counts) append(out, " counts={},{},{}", work.counts[0], work.counts[1], work.counts[2]);
  if (work.dram_strides != plain.dram_strides) {
    append(out, " dram_strides={},{},{}", work.dram_strides[0], work.dram_strides[1], work.dram_strides[2]);
  }
  if (work.pad_strides != plain.pad_strides) {
    append(out, " pad_strides={},{},{}", work.pad_strides[0], work.pad_strides[1], work.pad_strides[2]);
  }
}

void append_work(std::string& out, const Compute& work) {
  append(out, " input=0x{:x},{},{} weights=0x{:x},{} output=0x{:x}", work.input.address, work.input.channel_pitch,
         work.input.line_pitch, work.weights, work.weights_pitch, work.output);
  text::append_geometry(out, work.geometry);
  if (work.lines_per_row != 1) append(out, " lines={}", work.lines_per_row);
  if (work.pad_value != 0) append(out, " pad_value={}", work.pad_value);
}

void append_operand(std::string& out, const char* field, const VectorOperand& operand) {
  append(out, " {}={}:0x{:x},{},{}", field, name(operand.pad), operand.address, operand.channel_pitch,
         operand.line_pitch);
}

void append_window(std::string& out, const Window& window) {
  if (window == Window{}) return;
  append(out, " in={}x{} kernel={}x{}", window.in_height, window.in_width, window.kernel_height, window.kernel_width);
  if (window.stride_height != 1 || window.stride_width != 1) {
    append(out, " stride={}x{}", window.stride_height, window.stride_width);
  }
  if (window.pad_top != 0 || window.pad_left != 0) append(out, " pad={},{}", window.pad_top, window.pad_left);
}

template <typename T>
void append_unless(std::string& out, const char* field, T value, T plain) {
  if (value != plain) append(out, " {}={}", field, value);
}

void append_work(std::string& out, const Vector& work) {
  const Vector plain;
  append(out, " shape={}x{}x{}", work.channels, work.height, work.width);
  append_operand(out, "a", work.a);
  if (work.b != plain.b) append_operand(out, "b", work.b);
  append_operand(out, "result", work.result);
  append_window(out, work.window);
  append_unless(out, "zero_a", work.zero_a, plain.zero_a);
  append_unless(out, "zero_b", work.zero_b, plain.zero_b);
  append_unless(out, "zero_out", work.zero_out, plain.zero_out);
  append_unless(out, "multiplier_a", work.multiplier_a, plain.multiplier_a);
  append_unless(out, "multiplier_b", work.multiplier_b, plain.multiplier_b);
  append_unless(out, "shift", work.shift, plain.shift);
  append_unless(out, "lowest", work.lowest, plain.lowest);
  append_unless(out, "highest", work.highest, plain.highest);
  if (work.parameters != 0 || work.kind == VectorKind::requantize) append(out, " parameters=0x{:x}", work.parameters);
  if (work.has_table) append(out, " table=0x{:x}", work.table);
}

// What belongs to the tile that an accumulate loads meanwhile has the prefix "next_".

void append_geometry(std::string& out, std::uint8_t buffer, const FusedGeometry& g, const char* prefix = "") {
  append(out, " {}buffer={} {}channels={} {}middle={} {}region={}x{} {}out={}x{}", prefix, buffer, prefix, g.channels,
         prefix, g.middle, prefix, g.region_rows, g.region_columns, prefix, g.out_rows, g.out_columns);
  append(out, " {}kernel={}", prefix, g.kernel);
  if (g.stride != 1) append(out, " {}stride={}", prefix, g.stride);
  if (g.pad_top != 0 || g.pad_left != 0) append(out, " {}pad={},{}", prefix, g.pad_top, g.pad_left);
}

void append_map(std::string& out, const char* prefix, const char* field, const FusedMap& map) {
  append(out, " {}{}=0x{:x},{},{}", prefix, field, map.address, map.channel_pitch, map.line_pitch);
}

void append_tile(std::string& out, const FusedTile& work, const char* prefix) {
  append_geometry(out, work.buffer, work.geometry, prefix);
  append_map(out, prefix, "input", work.input);
  if (work.zero_point != 0) append(out, " {}zero_point={}", prefix, work.zero_point);
  append(out, " {}thresholds={}", prefix, fmt::join(work.thresholds, ","));
}

void append_work(std::string& out, const FusedTile& work) {
  append_tile(out, work, "");
}

void append_work(std::string& out, const FusedPredict& work) {
  append_geometry(out, work.buffer, work.geometry);
  append(out, " round={} lists=0x{:x}+{} dram=0x{:x}", work.round_channels, work.lists, work.lists_bytes,
         work.lists_dram);
}

void append_work(std::string& out, const FusedAccumulate& work) {
  const FusedAccumulate plain;
  append_geometry(out, work.buffer, work.geometry);
  append(out, " outputs={} lists=0x{:x}+{} dram=0x{:x}", work.out_channels, work.lists, work.lists_bytes,
         work.lists_dram);
  if (work.expand_bias_shift != 0 || work.depthwise_bias_shift != 0) {
    append(out, " bias_shifts={},{}", work.expand_bias_shift, work.depthwise_bias_shift);
  }
  append(out, " parameters=0x{:x}", work.parameters);
  append_unless(out, "zero_out", work.zero_out, plain.zero_out);
  append_unless(out, "lowest", work.lowest, plain.lowest);
  append_unless(out, "highest", work.highest, plain.highest);
  append_map(out, "", "output", work.output);
  if (work.residual) {
    const FusedResidual& residual = *work.residual;
    append_map(out, "", "residual", residual.map);
    append(out, " residual_zeros={},{},{} residual_multipliers={},{} residual_shift={} residual_bounds={},{}",
           residual.zero_a, residual.zero_b, residual.zero_out, residual.multiplier_a, residual.multiplier_b,
           residual.shift, residual.lowest, residual.highest);
  }
  if (work.next) append_tile(out, *work.next, "next_");
}

std::string kind_of(const Instruction& instruction) {
  if (const auto* compute = std::get_if<Compute>(&instruction.work)) return fmt::format(" {}", name(compute->dataflow));
  if (const auto* vector = std::get_if<Vector>(&instruction.work)) return fmt::format(" {}", name(vector->kind));
  if (const auto* fused = std::get_if<FusedAccumulate>(&instruction.work)) {
    return fmt::format(" {}", name(fused->source));
  }
  return "";
}

void append_instruction(std::string& out, const Instruction& instruction, std::size_t index) {
  append(out, "{} {}{} layer={}", name(instruction), index, kind_of(instruction), instruction.layer);
  std::visit([&](const auto& work) { append_work(out, work); }, instruction.work);
  const char* separator = " wait=";
  for (std::uint32_t queue = 0; queue < queue_count; ++queue) {
    if (instruction.waits[queue] == 0) continue;
    append(out, "{}{}:{}", separator, name(static_cast<Queue>(queue)), instruction.waits[queue]);
    separator = ",";
  }
  separator = " release=";
  for (const Release& release : instruction.releases) {
    append(out, "{}{}:0x{:x}+{}", separator, name(release.pad), release.address, release.bytes);
    separator = ",";
  }
  out += '\n';
}

}  // namespace

std::string disassemble(const Program& program) {
  validate(program);
  std::string out;
  append(out, "fusesim {} machine\nnetwork {}\n", text_version, quoted(program.network));
  append_core(out, program.core);
  out += "\n# layers\n";
  for (std::size_t i = 0; i < program.layers.size(); ++i) append(out, "layer {} {}\n", i, quoted(program.layers[i]));
  out += "\n# sections of DRAM\n";
  for (std::size_t i = 0; i < program.sections.size(); ++i) {
    const Section& section = program.sections[i];
    append(out, "section {} {} {} address=0x{:x} bytes={}\n", i, quoted(section.name), name(section.role),
           section.address, section.bytes);
    text::append_values(out, section.values);
  }
  out += "\n# instructions: maps as address,channel pitch,line pitch; in, out as channels x height x width\n";
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    if (i == 0 || instruction.layer != program.instructions[i - 1].layer) {
      append(out, "# {}\n", program.layers[instruction.layer]);
    }
    append_instruction(out, instruction, i);
  }
  return out;
}

}  // namespace fusesim::isa::machine
