// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/trace.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "hw/isa/trace_payload.h"
#include "hw/isa/write_file.h"
#include "machine_generated.h"

namespace fusesim::isa::machine {
namespace {

fbs::Scratchpad pack(const ScratchpadConfig& pad) {
  return {pad.bytes, pad.banks, pad.width, pad.ports};
}

ScratchpadConfig unpack(const fbs::Scratchpad& pad) {
  return {pad.bytes(), pad.banks(), pad.width(), pad.ports()};
}

fbs::Core pack(const CoreConfig& core) {
  return {isa::pack(core.array),     pack(core.activations),     pack(core.weights),
          pack(core.outputs),        core.vector.lanes,          core.vector.latency,
          core.control.fetch_cycles, core.control.decode_cycles, core.control.queue_depth};
}

CoreConfig unpack(const fbs::Core& core) {
  return {isa::unpack(core.array()),
          unpack(core.activations()),
          unpack(core.weights()),
          unpack(core.outputs()),
          {core.lanes(), core.latency()},
          {core.fetch_cycles(), core.decode_cycles(), core.queue_depth()},
          {}};
}

fbs::Transfer pack(const Transfer& work) {
  return {work.dram,
          work.dram_strides[0],
          work.dram_strides[1],
          work.dram_strides[2],
          work.address,
          work.run_bytes,
          work.counts[0],
          work.counts[1],
          work.counts[2],
          work.pad_strides[0],
          work.pad_strides[1],
          work.pad_strides[2],
          static_cast<std::uint8_t>(work.pad)};
}

template <typename Direction>
Direction unpack(const fbs::Transfer& source) {
  Direction work;
  work.dram = source.dram();
  work.pad = static_cast<Pad>(source.pad());
  work.address = source.address();
  work.run_bytes = source.run_bytes();
  work.counts = {source.count_0(), source.count_1(), source.count_2()};
  work.dram_strides = {source.dram_stride_0(), source.dram_stride_1(), source.dram_stride_2()};
  work.pad_strides = {source.pad_stride_0(), source.pad_stride_1(), source.pad_stride_2()};
  return work;
}

fbs::Compute pack(const Compute& work) {
  return {isa::pack(work.geometry),
          work.lines_per_row,
          {work.input.address, work.input.channel_pitch, work.input.line_pitch},
          work.weights,
          work.weights_pitch,
          work.output,
          static_cast<std::uint8_t>(work.dataflow),
          work.pad_value};
}

Compute unpack(const fbs::Compute& source) {
  const fbs::Map& input = source.input();
  return {static_cast<Dataflow>(source.dataflow()),
          isa::unpack(source.geometry()),
          source.lines_per_row(),
          source.pad_value(),
          {input.address(), input.channel_pitch(), input.line_pitch()},
          source.weights(),
          source.weights_pitch(),
          source.output()};
}

fbs::Operand pack(const VectorOperand& operand) {
  return {{operand.address, operand.channel_pitch, operand.line_pitch}, static_cast<std::uint8_t>(operand.pad)};
}

VectorOperand unpack(const fbs::Operand& source) {
  const fbs::Map& at = source.at();
  return {static_cast<Pad>(source.pad()), at.address(), at.channel_pitch(), at.line_pitch()};
}

fbs::Vector pack(const Vector& work) {
  const Window& w = work.window;
  return {work.channels,
          work.height,
          work.width,
          pack(work.a),
          pack(work.b),
          pack(work.result),
          {w.in_height, w.in_width, w.kernel_height, w.kernel_width, w.stride_height, w.stride_width, w.pad_top,
           w.pad_left},
          work.zero_a,
          work.zero_b,
          work.zero_out,
          work.multiplier_a,
          work.multiplier_b,
          work.shift,
          work.parameters,
          work.table,
          static_cast<std::uint8_t>(work.kind),
          work.lowest,
          work.highest,
          work.has_table};
}

Vector unpack(const fbs::Vector& source) {
  const fbs::Window& w = source.window();
  Vector work;
  work.kind = static_cast<VectorKind>(source.kind());
  work.channels = source.channels();
  work.height = source.height();
  work.width = source.width();
  work.a = unpack(source.a());
  work.b = unpack(source.b());
  work.result = unpack(source.result());
  work.window = {w.in_height(),     w.in_width(),     w.kernel_height(), w.kernel_width(),
                 w.stride_height(), w.stride_width(), w.pad_top(),       w.pad_left()};
  work.zero_a = source.zero_a();
  work.zero_b = source.zero_b();
  work.zero_out = source.zero_out();
  work.multiplier_a = source.multiplier_a();
  work.multiplier_b = source.multiplier_b();
  work.shift = source.shift();
  work.lowest = source.lowest();
  work.highest = source.highest();
  work.parameters = source.parameters();
  work.has_table = source.has_table();
  work.table = source.table();
  return work;
}

fbs::FusedUnit pack(const FusedConfig& fused) {
  return {fused.tile_rows,
          fused.tile_columns,
          fused.lanes,
          fused.adders,
          fused.queue_depth,
          fused.adder_bits,
          fused.ladders,
          fused.mask_channels,
          fused.mask_positions,
          fused.level_channels,
          fused.tile_bytes,
          fused.tile_port_bytes,
          fused.list_bytes_per_cycle,
          fused.list_fifo_bytes,
          fused.composer_terms_per_cycle,
          fused.output_lanes,
          static_cast<std::uint8_t>(fused.mode)};
}

FusedConfig unpack(const fbs::FusedUnit& source) {
  return {.present = true,
          .tile_rows = source.tile_rows(),
          .tile_columns = source.tile_columns(),
          .mode = static_cast<FusedMode>(source.mode()),
          .lanes = source.lanes(),
          .adders = source.adders(),
          .queue_depth = source.queue_depth(),
          .adder_bits = source.adder_bits(),
          .ladders = source.ladders(),
          .mask_channels = source.mask_channels(),
          .mask_positions = source.mask_positions(),
          .level_channels = source.level_channels(),
          .tile_bytes = source.tile_bytes(),
          .tile_port_bytes = source.tile_port_bytes(),
          .list_bytes_per_cycle = source.list_bytes_per_cycle(),
          .list_fifo_bytes = source.list_fifo_bytes(),
          .composer_terms_per_cycle = source.composer_terms_per_cycle(),
          .output_lanes = source.output_lanes()};
}

fbs::FusedGeometry pack(const FusedGeometry& g) {
  return {g.channels,       g.middle,  g.kernel,   g.stride,   g.region_rows,
          g.region_columns, g.pad_top, g.pad_left, g.out_rows, g.out_columns};
}

FusedGeometry unpack(const fbs::FusedGeometry& g) {
  return {.channels = g.channels(),
          .middle = g.middle(),
          .kernel = g.kernel(),
          .stride = g.stride(),
          .region_rows = g.region_rows(),
          .region_columns = g.region_columns(),
          .pad_top = g.pad_top(),
          .pad_left = g.pad_left(),
          .out_rows = g.out_rows(),
          .out_columns = g.out_columns()};
}

fbs::Map pack(const FusedMap& map) {
  return {map.address, map.channel_pitch, map.line_pitch};
}

FusedMap unpack(const fbs::Map& map) {
  return {map.address(), map.channel_pitch(), map.line_pitch()};
}

fbs::FusedTile pack(const FusedTile& work) {
  return {pack(work.geometry), pack(work.input), work.zero_point,
          flatbuffers::span<const std::int16_t, 15>(work.thresholds), work.buffer};
}

FusedTile unpack(const fbs::FusedTile& source) {
  FusedTile work;
  work.buffer = source.buffer();
  work.geometry = unpack(source.geometry());
  work.input = unpack(source.input());
  work.zero_point = source.zero_point();
  for (std::uint16_t i = 0; i < work.thresholds.size(); ++i) work.thresholds[i] = source.thresholds()->Get(i);
  return work;
}

fbs::FusedPredict pack(const FusedPredict& work) {
  return {work.lists_dram, pack(work.geometry), work.round_channels, work.lists, work.lists_bytes, work.buffer};
}

FusedPredict unpack(const fbs::FusedPredict& source) {
  return {.buffer = source.buffer(),
          .geometry = unpack(source.geometry()),
          .round_channels = source.round_channels(),
          .lists = source.lists(),
          .lists_bytes = source.lists_bytes(),
          .lists_dram = source.lists_dram()};
}

fbs::FusedResidual pack(const FusedResidual& residual) {
  return {pack(residual.map),    residual.zero_a, residual.zero_b, residual.zero_out, residual.multiplier_a,
          residual.multiplier_b, residual.shift,  residual.lowest, residual.highest};
}

FusedResidual unpack(const fbs::FusedResidual& source) {
  return {.map = unpack(source.map()),
          .zero_a = source.zero_a(),
          .zero_b = source.zero_b(),
          .zero_out = source.zero_out(),
          .multiplier_a = source.multiplier_a(),
          .multiplier_b = source.multiplier_b(),
          .shift = source.shift(),
          .lowest = source.lowest(),
          .highest = source.highest()};
}

/// Without residual and next, which have fields of their own.
fbs::FusedAccumulate pack(const FusedAccumulate& work) {
  return {work.lists_dram,
          pack(work.geometry),
          work.out_channels,
          work.lists,
          work.lists_bytes,
          work.expand_bias_shift,
          work.depthwise_bias_shift,
          work.parameters,
          work.zero_out,
          pack(work.output),
          static_cast<std::uint8_t>(work.source),
          work.buffer,
          work.lowest,
          work.highest};
}

FusedAccumulate unpack(const fbs::FusedAccumulate& source, const fbs::FusedResidual* residual,
                       const fbs::FusedTile* next) {
  FusedAccumulate work;
  work.buffer = source.buffer();
  work.geometry = unpack(source.geometry());
  work.source = static_cast<FusedSource>(source.source());
  work.out_channels = source.out_channels();
  work.lists = source.lists();
  work.lists_bytes = source.lists_bytes();
  work.lists_dram = source.lists_dram();
  work.expand_bias_shift = source.expand_bias_shift();
  work.depthwise_bias_shift = source.depthwise_bias_shift();
  work.parameters = source.parameters();
  work.zero_out = source.zero_out();
  work.lowest = source.lowest();
  work.highest = source.highest();
  work.output = unpack(source.output());
  if (residual != nullptr) work.residual = unpack(*residual);
  if (next != nullptr) work.next = unpack(*next);
  return work;
}

flatbuffers::Offset<fbs::Section> pack(flatbuffers::FlatBufferBuilder& builder, const Section& section) {
  const auto name = builder.CreateString(section.name);
  flatbuffers::Offset<flatbuffers::Vector<std::int8_t>> values;
  if (!section.values.empty()) values = builder.CreateVector(section.values);
  return fbs::CreateSection(builder, name, static_cast<std::uint8_t>(section.role), section.address, section.bytes,
                            values);
}

/// Adds the work to an instruction's table, in the field of its kind.
class AddWork {
 public:
  explicit AddWork(fbs::InstructionBuilder& table) : table_(table) {}
  void operator()(const Load& work) const { add(&fbs::InstructionBuilder::add_load, pack(work)); }
  void operator()(const Compute& work) const { add(&fbs::InstructionBuilder::add_compute, pack(work)); }
  void operator()(const Vector& work) const { add(&fbs::InstructionBuilder::add_vector, pack(work)); }
  void operator()(const Store& work) const { add(&fbs::InstructionBuilder::add_store, pack(work)); }
  void operator()(const FusedTile& work) const { add(&fbs::InstructionBuilder::add_fused_tile, pack(work)); }
  void operator()(const FusedPredict& work) const { add(&fbs::InstructionBuilder::add_fused_predict, pack(work)); }
  void operator()(const FusedAccumulate& work) const {
    add(&fbs::InstructionBuilder::add_fused_accumulate, pack(work));
    if (work.residual) add(&fbs::InstructionBuilder::add_residual, pack(*work.residual));
    if (work.next) add(&fbs::InstructionBuilder::add_next, pack(*work.next));
  }

 private:
  template <typename Packed>
  void add(void (fbs::InstructionBuilder::*field)(const Packed*), const Packed& packed) const {
    (table_.*field)(&packed);
  }
  fbs::InstructionBuilder& table_;
};

flatbuffers::Offset<fbs::Instruction> pack(flatbuffers::FlatBufferBuilder& builder, const Instruction& instruction) {
  flatbuffers::Offset<flatbuffers::Vector<const fbs::Release*>> releases;
  if (!instruction.releases.empty()) {
    std::vector<fbs::Release> packed;
    for (const Release& release : instruction.releases) {
      packed.emplace_back(release.address, release.bytes, static_cast<std::uint8_t>(release.pad));
    }
    releases = builder.CreateVectorOfStructs(packed);
  }
  const Waits& waits = instruction.waits;
  const fbs::Waits packed_waits(waits[0], waits[1], waits[2], waits[3]);
  fbs::InstructionBuilder table(builder);
  table.add_waits(&packed_waits);
  table.add_layer(instruction.layer);
  if (!releases.IsNull()) table.add_releases(releases);
  std::visit(AddWork(table), instruction.work);
  return table.Finish();
}

void check_fits(const Program& program) {
  std::uint64_t size = 1024 + program.network.size();
  for (const std::string& layer : program.layers) size += layer.size() + 16;
  for (const Section& section : program.sections) size += section.name.size() + section.values.size() + 96;
  for (const Instruction& instruction : program.instructions) {
    size += instruction.releases.size() * sizeof(fbs::Release) + sizeof(fbs::FusedAccumulate) +
            sizeof(fbs::FusedResidual) + sizeof(fbs::FusedTile) + 128;
  }
  check_payload_fits(size, "compile a smaller network, or one without values");
}

/// Turns a verified payload into a Program.
class Unpacker {
 public:
  Unpacker(const std::string& file, std::uint64_t payload_size) : file_(file), budget_(file, payload_size) {}

  Program unpack_program(const fbs::Program& source) {
    Program program;
    program.network = budget_.text(*source.network());
    program.core = unpack(*source.core());
    if (const auto* fused = source.fused()) program.core.fused = unpack(*fused);
    budget_.spend(source.layers()->size());
    for (const flatbuffers::String* layer : *source.layers()) program.layers.push_back(budget_.text(*layer));
    for (const fbs::Section* section : *source.sections()) program.sections.push_back(unpack_section(*section));
    for (const fbs::Instruction* instruction : *source.instructions()) {
      program.instructions.push_back(unpack_instruction(*instruction, program.instructions.size()));
    }
    return program;
  }

 private:
  Section unpack_section(const fbs::Section& source) {
    budget_.spend(sizeof(flatbuffers::uoffset_t));
    Section section{
        budget_.text(*source.name()), static_cast<Role>(source.role()), source.address(), source.bytes(), {}};
    if (const auto* values = source.values()) {
      budget_.spend(values->size());
      section.values.assign(values->data(), values->data() + values->size());
    }
    return section;
  }

  Instruction unpack_instruction(const fbs::Instruction& source, std::size_t index) {
    Instruction instruction;
    const int works = (source.load() != nullptr) + (source.compute() != nullptr) + (source.vector() != nullptr) +
                      (source.store() != nullptr) + (source.fused_tile() != nullptr) +
                      (source.fused_predict() != nullptr) + (source.fused_accumulate() != nullptr);
    if (works != 1) {
      throw TraceError(
          fmt::format("{}: instruction {}: holds {} pieces of work, but must hold one; compile the trace anew", file_,
                      index, works));
    }
    if (source.fused_accumulate() == nullptr && (source.residual() != nullptr || source.next() != nullptr)) {
      throw TraceError(fmt::format(
          "{}: instruction {}: has a residual or a next tile, which only fused_accumulate has; compile the trace anew",
          file_, index));
    }
    budget_.spend(sizeof(fbs::Waits));
    if (const auto* load = source.load()) instruction.work = spent(unpack<Load>(*load), sizeof *load);
    if (const auto* compute = source.compute()) instruction.work = spent(unpack(*compute), sizeof *compute);
    if (const auto* vector = source.vector()) instruction.work = spent(unpack(*vector), sizeof *vector);
    if (const auto* store = source.store()) instruction.work = spent(unpack<Store>(*store), sizeof *store);
    if (const auto* tile = source.fused_tile()) instruction.work = spent(unpack(*tile), sizeof *tile);
    if (const auto* predict = source.fused_predict()) instruction.work = spent(unpack(*predict), sizeof *predict);
    if (const auto* accumulate = source.fused_accumulate()) {
      const std::uint64_t bytes = sizeof *accumulate + (source.residual() != nullptr ? sizeof(fbs::FusedResidual) : 0) +
                                  (source.next() != nullptr ? sizeof(fbs::FusedTile) : 0);
      instruction.work = spent(unpack(*accumulate, source.residual(), source.next()), bytes);
    }
    instruction.waits = {source.waits()->load(), source.waits()->compute(), source.waits()->vector(),
                         source.waits()->store()};
    instruction.layer = source.layer();
    if (const auto* releases = source.releases()) {
      budget_.spend(std::uint64_t{sizeof(fbs::Release)} * releases->size());
      for (const fbs::Release* release : *releases) {
        instruction.releases.push_back({static_cast<Pad>(release->pad()), release->address(), release->bytes()});
      }
    }
    return instruction;
  }

  template <typename Work>
  Work spent(Work work, std::uint64_t bytes) {
    budget_.spend(bytes);
    return work;
  }

  const std::string& file_;
  UnfoldBudget budget_;
};

}  // namespace

std::uint64_t digest(const CoreConfig& config) {
  return trace_digest(describe(config));
}

std::string encode_trace(const Program& program) {
  validate(program);
  check_fits(program);
  flatbuffers::FlatBufferBuilder builder(4096);
  std::vector<flatbuffers::Offset<fbs::Section>> sections;
  for (const Section& section : program.sections) sections.push_back(pack(builder, section));
  std::vector<flatbuffers::Offset<fbs::Instruction>> instructions;
  for (const Instruction& instruction : program.instructions) instructions.push_back(pack(builder, instruction));
  const auto network = builder.CreateString(program.network);
  const fbs::Core core = pack(program.core);
  const auto layers = builder.CreateVectorOfStrings(program.layers);
  const auto section_vector = builder.CreateVector(sections);
  const auto instruction_vector = builder.CreateVector(instructions);
  const fbs::FusedUnit fused = pack(program.core.fused);
  builder.Finish(fbs::CreateProgram(builder, network, &core, layers, section_vector, instruction_vector,
                                    program.core.fused.present ? &fused : nullptr));
  return seal_trace(ProgramKind::machine, payload_of(builder), digest(program.core));
}

Program decode_trace(std::string_view bytes, const std::string& file) {
  const OpenTrace trace = open_trace(bytes, file, ProgramKind::machine);
  const auto& root = verified_root<fbs::Program>(trace.payload, file);
  Program program = Unpacker(file, trace.payload.size()).unpack_program(root);
  try {
    validate(program);
  } catch (const std::invalid_argument& error) {
    throw TraceError(fmt::format("{}: {}", file, error.what()));
  }
  if (trace.digest != digest(program.core)) {
    throw TraceError(
        fmt::format("{}: machine digest: does not belong to the machine of the payload; write the trace anew", file));
  }
  return program;
}

void write_trace(const std::filesystem::path& path, const Program& program) {
  write_file(path, encode_trace(program));
}

Program read_trace(const std::filesystem::path& path) {
  const MappedFile file = map_trace(path);
  return decode_trace(file.bytes, path.string());
}

}  // namespace fusesim::isa::machine
