// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/trace.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>
#include <boost/iostreams/device/mapped_file.hpp>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "hw/isa/write_file.h"
#include "trace_generated.h"

namespace fusesim::isa {
namespace {

// The header, all numbers little-endian:
//   0 magic (8)   8 version (4)   12 zero (4)   16 payload size (8)   24 payload XXH3 (8)   32 array digest (8)
constexpr std::string_view kMagic{
    "\x89"
    "FUSE\r\n\x1a",
    8};
constexpr std::size_t kHeaderSize = 40;
// FlatBuffers offsets are 32 bits with a sign.
constexpr std::uint64_t kMaxPayload = (std::uint64_t{1} << 31) - 1;

template <typename T>
T load(std::string_view bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<unsigned char>(bytes[at + i])) << (8 * i));
  }
  return value;
}

template <typename T>
void append(std::string& bytes, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

fbs::Geometry pack(const ConvGeometry& g) {
  return {g.in_channels,   g.in_height,    g.in_width,      g.out_channels, g.out_height,      g.out_width,
          g.kernel_height, g.kernel_width, g.stride_height, g.stride_width, g.dilation_height, g.dilation_width,
          g.pad_top,       g.pad_left,     g.pad_bottom,    g.pad_right,    g.groups};
}

ConvGeometry unpack(const fbs::Geometry& g) {
  return {g.in_channels(),     g.in_height(),      g.in_width(),     g.out_channels(),  g.out_height(),
          g.out_width(),       g.kernel_height(),  g.kernel_width(), g.stride_height(), g.stride_width(),
          g.dilation_height(), g.dilation_width(), g.pad_top(),      g.pad_left(),      g.pad_bottom(),
          g.pad_right(),       g.groups()};
}

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

/// FlatBuffers cannot grow past its 31-bit offsets and asserts when it does; refuse before it comes to that.
void check_fits(const Program& program) {
  std::uint64_t size = 1024 + program.network.size();
  for (const std::string& layer : program.layers) size += layer.size() + 16;
  for (const Tensor& tensor : program.tensors) size += tensor.name.size() + tensor.values.size() + 96;
  for (const ArrayInstruction& instruction : program.instructions) size += instruction.wait_for.size() * 4 + 192;
  if (size > kMaxPayload) {
    throw std::invalid_argument(fmt::format(
        "the program needs about {} bytes, but a trace holds at most {}; use generated tensors", size, kMaxPayload));
  }
}

/// Turns a verified payload into a Program. Vectors of a hostile file may share their bytes, so that a small file
/// unfolds to a huge program; ours never do, hence what is unfolded may not exceed the payload.
class Unpacker {
 public:
  Unpacker(const std::string& file, std::uint64_t payload_size) : file_(file), left_(payload_size) {}

  Program unpack_program(const fbs::Program& source) {
    Program program;
    program.network = text(*source.network());
    const fbs::Array& array = *source.array();
    program.array = {array.rows(),
                     array.cols(),
                     static_cast<Accumulators>(array.accumulators()),
                     static_cast<FoldOverlap>(array.folds()),
                     array.fuse_links(),
                     array.broadcast_stages()};
    spend(source.layers()->size());
    for (const flatbuffers::String* layer : *source.layers()) program.layers.push_back(text(*layer));
    spend(source.tensors()->size());
    for (const fbs::Tensor* tensor : *source.tensors()) program.tensors.push_back(unpack_tensor(*tensor));
    spend(source.instructions()->size());
    for (const fbs::Instruction* instruction : *source.instructions()) {
      program.instructions.push_back(unpack_instruction(*instruction));
    }
    return program;
  }

 private:
  void spend(std::uint64_t bytes) {
    if (bytes > left_) {
      throw TraceError(fmt::format("{}: payload: parts of it are used more than once; write the trace anew", file_));
    }
    left_ -= bytes;
  }

  std::string text(const flatbuffers::String& source) {
    spend(source.size());
    return source.str();
  }

  Tensor unpack_tensor(const fbs::Tensor& source) {
    Tensor tensor;
    tensor.name = text(*source.name());
    tensor.type = static_cast<ElementType>(source.type());
    tensor.source = static_cast<TensorSource>(source.source());
    tensor.channels = source.channels();
    tensor.height = source.height();
    tensor.width = source.width();
    tensor.seed = source.seed();
    if (const auto* values = source.values()) {
      spend(values->size());
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
      spend(std::uint64_t{4} * wait_for->size());
      instruction.wait_for.assign(wait_for->begin(), wait_for->end());
    }
    return instruction;
  }

  const std::string& file_;
  std::uint64_t left_;
};

/// Checks everything the header says and returns the payload.
std::string_view open_payload(std::string_view bytes, const std::string& file) {
  const std::string_view start = bytes.substr(0, kMagic.size());
  if (start != kMagic.substr(0, start.size())) {
    throw TraceError(
        fmt::format("{}: magic: not a fusesim trace (a text form must go through 'fusesim asm' first)", file));
  }
  if (bytes.size() < kHeaderSize) {
    throw TraceError(
        fmt::format("{}: header: truncated at byte {} of {}; write the trace anew", file, bytes.size(), kHeaderSize));
  }
  const auto version = load<std::uint32_t>(bytes, 8);
  if (version != trace_version) {
    throw TraceError(fmt::format("{}: version: is {}, but this fusesim reads version {}; compile the trace anew", file,
                                 version, trace_version));
  }
  if (load<std::uint32_t>(bytes, 12) != 0) {
    throw TraceError(fmt::format("{}: header: bytes 12 to 15 must be zero; write the trace anew", file));
  }
  const auto size = load<std::uint64_t>(bytes, 16);
  const std::string_view payload = bytes.substr(kHeaderSize);
  if (size > kMaxPayload) {
    throw TraceError(fmt::format("{}: payload size: is {}, but a trace holds at most {}; write the trace anew", file,
                                 size, kMaxPayload));
  }
  if (payload.size() < size) {
    throw TraceError(fmt::format("{}: payload: truncated at byte {} of {}; copy or write the trace anew", file,
                                 bytes.size(), kHeaderSize + size));
  }
  if (payload.size() > size) {
    throw TraceError(fmt::format("{}: payload: {} bytes follow its end at byte {}; copy or write the trace anew", file,
                                 payload.size() - size, kHeaderSize + size));
  }
  const auto stored = load<std::uint64_t>(bytes, 24);
  const std::uint64_t actual = XXH3_64bits(payload.data(), payload.size());
  if (stored != actual) {
    throw TraceError(fmt::format(
        "{}: checksum: stored {:016x}, computed {:016x}: the payload is damaged; copy or write the trace anew", file,
        stored, actual));
  }
  return payload;
}

}  // namespace

std::uint64_t digest(const ArrayConfig& config) {
  const std::string text = describe(config);
  return XXH3_64bits(text.data(), text.size());
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
  const fbs::Array array(program.array.rows, program.array.cols, program.array.broadcast_stages,
                         static_cast<std::uint8_t>(program.array.accumulators),
                         static_cast<std::uint8_t>(program.array.folds), program.array.fuse_links);
  const auto layers = builder.CreateVectorOfStrings(program.layers);
  const auto tensor_vector = builder.CreateVector(tensors);
  const auto instruction_vector = builder.CreateVector(instructions);
  builder.Finish(fbs::CreateProgram(builder, network, &array, layers, tensor_vector, instruction_vector));

  const std::string_view payload(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  std::string bytes(kMagic);
  bytes.reserve(kHeaderSize + payload.size());
  append(bytes, trace_version);
  append(bytes, std::uint32_t{0});
  append(bytes, std::uint64_t{payload.size()});
  append(bytes, std::uint64_t{XXH3_64bits(payload.data(), payload.size())});
  append(bytes, digest(program.array));
  bytes += payload;
  return bytes;
}

Program decode_trace(std::string_view bytes, const std::string& file) {
  const std::string_view payload = open_payload(bytes, file);
  // Every table takes at least 4 bytes, so this allows all a payload can hold; the nesting is 3 deep.
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size(), 8,
                                 static_cast<flatbuffers::uoffset_t>(payload.size() / 4 + 1));
  if (!verifier.VerifyBuffer<fbs::Program>(nullptr)) {
    throw TraceError(fmt::format("{}: payload: its structure is broken; compile the trace anew", file));
  }
  Program program = Unpacker(file, payload.size()).unpack_program(*flatbuffers::GetRoot<fbs::Program>(payload.data()));
  try {
    validate(program);
  } catch (const std::invalid_argument& error) {
    throw TraceError(fmt::format("{}: {}", file, error.what()));
  }
  if (load<std::uint64_t>(bytes, 32) != digest(program.array)) {
    throw TraceError(fmt::format("{}: array digest: does not belong to array '{}' of the payload; write the trace anew",
                                 file, describe(program.array)));
  }
  return program;
}

void write_trace(const std::filesystem::path& path, const Program& program) {
  write_file(path, encode_trace(program));
}

Program read_trace(const std::filesystem::path& path) {
  const std::string file = path.string();
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    throw TraceError(
        fmt::format("{}: cannot read: {}", file,
                    error ? error.message() : std::make_error_code(std::errc::no_such_file_or_directory).message()));
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw TraceError(fmt::format("{}: cannot read: a trace is mapped into memory and must be a regular file", file));
  }
  // An empty file cannot be mapped.
  if (std::filesystem::file_size(path, error) == 0 && !error) return decode_trace({}, file);
  boost::iostreams::mapped_file_source map;
  try {
    map.open(file);
  } catch (const std::exception& failure) {
    throw TraceError(fmt::format("{}: cannot read: {}", file, failure.what()));
  }
  return decode_trace({map.data(), map.size()}, file);
}

}  // namespace fusesim::isa
