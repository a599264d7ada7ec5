// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/trace.h"

#include <fmt/format.h>

#include <vector>

#include "hw/isa/trace_payload.h"
#include "hw/isa/write_file.h"
#include "trace_generated.h"

namespace fusesim::isa {
namespace {

flatbuffers::Offset<fbs::Tensor> pack(flatbuffers::FlatBufferBuilder& builder, const Tensor& tensor) {
  const auto name = builder.CreateString(tensor.name);
  flatbuffers::Offset<flatbuffers::Vector<std::int8_t>> values;
  if (tensor.source == TensorSource::constant) values = builder.CreateVector(tensor.values);
  return fbs::CreateTensor(builder, name, static_cast<std::uint8_t>(tensor.type),
                           static_cast<std::uint8_t>(tensor.source), tensor.channels, tensor.height, tensor.width,
                           tensor.seed, values);
}

flatbuffers::Offset<fbs::Instruction> pack(flatbuffers::FlatBufferBuilder& builder,
                                           const ArrayInstruction& instruction) {
  flatbuffers::Offset<flatbuffers::Vector<std::uint32_t>> wait_for;
  if (!instruction.wait_for.empty()) wait_for = builder.CreateVector(instruction.wait_for);
  const fbs::Geometry geometry = pack(instruction.geometry);
  const fbs::Slice input(instruction.input.tensor, instruction.input.channel);
  const fbs::Slice output(instruction.output.tensor, instruction.output.channel);
  return fbs::CreateInstruction(builder, static_cast<std::uint8_t>(instruction.dataflow), &geometry, &input,
                                instruction.weights, &output, instruction.lines_per_row, instruction.pad_value,
                                instruction.layer, wait_for);
}

void check_fits(const Program& program) {
  std::uint64_t size = 1024 + program.network.size();
  for (const std::string& layer : program.layers) size += layer.size() + 16;
  for (const Tensor& tensor : program.tensors) size += tensor.name.size() + tensor.values.size() + 96;
  for (const ArrayInstruction& instruction : program.instructions) size += instruction.wait_for.size() * 4 + 192;
  check_payload_fits(size, "use generated tensors");
}

/// Turns a verified payload into a Program.
class Unpacker {
 public:
  Unpacker(const std::string& file, std::uint64_t payload_size) : budget_(file, payload_size) {}

  Program unpack_program(const fbs::Program& source) {
    Program program;
    program.network = budget_.text(*source.network());
    program.array = unpack(*source.array());
    budget_.spend(source.layers()->size());
    for (const flatbuffers::String* layer : *source.layers()) program.layers.push_back(budget_.text(*layer));
    budget_.spend(source.tensors()->size());
    for (const fbs::Tensor* tensor : *source.tensors()) program.tensors.push_back(unpack_tensor(*tensor));
    budget_.spend(source.instructions()->size());
    for (const fbs::Instruction* instruction : *source.instructions()) {
      program.instructions.push_back(unpack_instruction(*instruction));
    }
    return program;
  }

 private:
  Tensor unpack_tensor(const fbs::Tensor& source) {
    Tensor tensor;
    tensor.name = budget_.text(*source.name());
    tensor.type = static_cast<ElementType>(source.type());
    tensor.source = static_cast<TensorSource>(source.source());
    tensor.channels = source.channels();
    tensor.height = source.height();
    tensor.width = source.width();
    tensor.seed = source.seed();
    if (const auto* values = source.values()) {
      budget_.spend(values->size());
      tensor.values.assign(values->data(), values->data() + values->size());
    }
    return tensor;
  }

  ArrayInstruction unpack_instruction(const fbs::Instruction& source) {
    ArrayInstruction instruction;
    instruction.dataflow = static_cast<Dataflow>(source.dataflow());
    instruction.geometry = unpack(*source.geometry());
    instruction.input = {source.input()->tensor(), source.input()->channel()};
    instruction.weights = source.weights();
    instruction.output = {source.output()->tensor(), source.output()->channel()};
    instruction.lines_per_row = source.lines_per_row();
    instruction.pad_value = source.pad_value();
    instruction.layer = source.layer();
    if (const auto* wait_for = source.wait_for()) {
      budget_.spend(std::uint64_t{4} * wait_for->size());
      instruction.wait_for.assign(wait_for->begin(), wait_for->end());
    }
    return instruction;
  }

  UnfoldBudget budget_;
};

}  // namespace

std::uint64_t digest(const ArrayConfig& config) {
  return trace_digest(describe(config));
}

std::string encode_trace(const Program& program) {
  validate(program);
  check_fits(program);
  flatbuffers::FlatBufferBuilder builder(4096);
  std::vector<flatbuffers::Offset<fbs::Tensor>> tensors;
  for (const Tensor& tensor : program.tensors) tensors.push_back(pack(builder, tensor));
  std::vector<flatbuffers::Offset<fbs::Instruction>> instructions;
  for (const ArrayInstruction& instruction : program.instructions) instructions.push_back(pack(builder, instruction));
  const auto network = builder.CreateString(program.network);
  const fbs::Array array = pack(program.array);
  const auto layers = builder.CreateVectorOfStrings(program.layers);
  const auto tensor_vector = builder.CreateVector(tensors);
  const auto instruction_vector = builder.CreateVector(instructions);
  builder.Finish(fbs::CreateProgram(builder, network, &array, layers, tensor_vector, instruction_vector));

  return seal_trace(ProgramKind::array, payload_of(builder), digest(program.array));
}

Program decode_trace(std::string_view bytes, const std::string& file) {
  const OpenTrace trace = open_trace(bytes, file, ProgramKind::array);
  const auto& root = verified_root<fbs::Program>(trace.payload, file);
  Program program = Unpacker(file, trace.payload.size()).unpack_program(root);
  try {
    validate(program);
  } catch (const std::invalid_argument& error) {
    throw TraceError(fmt::format("{}: {}", file, error.what()));
  }
  if (trace.digest != digest(program.array)) {
    throw TraceError(fmt::format("{}: array digest: does not belong to array '{}' of the payload; write the trace anew",
                                 file, describe(program.array)));
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

}  // namespace fusesim::isa
