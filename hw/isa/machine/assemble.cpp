// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "hw/isa/generated_values.h"
#include "hw/isa/invalid_program.h"
#include "hw/isa/machine/names.h"
#include "hw/isa/machine/text.h"
#include "hw/isa/read_file.h"
#include "hw/isa/statement.h"

namespace fusesim::isa::machine {
namespace {

using text::fail;
using text::named;
using text::number;
using text::numbers;
using text::Statement;
using text::StatementReader;

ScratchpadConfig read_scratchpad(Statement& statement, ScratchpadConfig config) {
  static constexpr std::string_view keys[] = {"bytes", "banks", "width", "ports"};
  statement.read_fields(keys);
  statement.set("bytes", config.bytes);
  statement.set("banks", config.banks);
  statement.set("width", config.width);
  statement.set("ports", config.ports);
  return config;
}

VectorConfig read_vector_unit(Statement& statement) {
  static constexpr std::string_view keys[] = {"lanes", "latency"};
  statement.read_fields(keys);
  VectorConfig config;
  statement.set("lanes", config.lanes);
  statement.set("latency", config.latency);
  return config;
}

ControlConfig read_controller(Statement& statement) {
  static constexpr std::string_view keys[] = {"fetch_cycles", "decode_cycles", "queue_depth"};
  statement.read_fields(keys);
  ControlConfig config;
  statement.set("fetch_cycles", config.fetch_cycles);
  statement.set("decode_cycles", config.decode_cycles);
  statement.set("queue_depth", config.queue_depth);
  return config;
}

/// What stands before and after the first `separator`.
std::pair<std::string_view, std::string_view> halves(std::string_view what, std::string_view text, char separator,
                                                     std::string_view form) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) fail("{}: must have the form {}", what, form);
  return {text.substr(0, at), text.substr(at + 1)};
}

/// Calls read(part) for each of the parts between commas.
template <typename Read>
void for_each_part(std::string_view text, Read read) {
  while (true) {
    const std::size_t comma = text.find(',');
    read(text.substr(0, comma));
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

Waits read_waits(std::string_view text) {
  Waits waits{};
  for_each_part(text, [&](std::string_view part) {
    const auto [queue, count] = halves("wait", part, ':', "QUEUE:COUNT,...");
    std::uint32_t& wait = waits[static_cast<std::size_t>(named(queue_names(), "queue", queue))];
    if (wait != 0) fail("wait: queue {} is given twice", queue);
    wait = number<std::uint32_t>("wait", count);
  });
  return waits;
}

std::vector<Release> read_releases(std::string_view text) {
  std::vector<Release> releases;
  for_each_part(text, [&](std::string_view part) {
    constexpr std::string_view form = "SCRATCHPAD:ADDRESS+BYTES,...";
    const auto [pad, range] = halves("release", part, ':', form);
    const auto [address, bytes] = halves("release", range, '+', form);
    releases.push_back({named(pad_names(), "scratchpad", pad), number<std::uint32_t>("release", address),
                        number<std::uint32_t>("release", bytes)});
  });
  return releases;
}

VectorOperand read_operand(std::string_view field, std::string_view text) {
  constexpr std::string_view form = "SCRATCHPAD:ADDRESS,CHANNEL_PITCH,LINE_PITCH";
  const auto [pad, map] = halves(field, text, ':', form);
  const auto at = numbers<3>(field, map, ',', form);
  return {named(pad_names(), "scratchpad", pad), at[0], at[1], at[2]};
}

// Every instruction has these besides its own.
constexpr std::string_view kCommonKeys[] = {"layer", "wait", "release"};

template <std::size_t n>
void read_fields(Statement& statement, const std::string_view (&own)[n]) {
  std::array<std::string_view, n + std::size(kCommonKeys)> keys;
  std::copy(std::begin(kCommonKeys), std::end(kCommonKeys), keys.begin());
  std::copy(std::begin(own), std::end(own), keys.begin() + std::size(kCommonKeys));
  statement.read_fields(keys);
}

template <typename Direction>
Direction read_transfer(Statement& statement) {
  static constexpr std::string_view keys[] = {"dram", "pad", "address", "run", "counts", "dram_strides", "pad_strides"};
  read_fields(statement, keys);
  Direction work;
  work.dram = number<std::uint64_t>("dram", statement.required("dram"));
  work.pad = named(pad_names(), "pad", statement.required("pad"));
  work.address = number<std::uint32_t>("address", statement.required("address"));
  work.run_bytes = number<std::uint32_t>("run", statement.required("run"));
  if (const auto text = statement.field("counts")) work.counts = numbers<3>("counts", *text, ',', "N,N,N");
  if (const auto text = statement.field("dram_strides")) {
    work.dram_strides = numbers<3, std::uint64_t>("dram_strides", *text, ',', "BYTES,BYTES,BYTES");
  }
  if (const auto text = statement.field("pad_strides")) {
    work.pad_strides = numbers<3>("pad_strides", *text, ',', "BYTES,BYTES,BYTES");
  }
  return work;
}

Compute read_compute(Statement& statement) {
  static constexpr std::string_view keys[] = {"input",  "weights",  "output", "in",     "out",   "kernel",
                                              "stride", "dilation", "pad",    "groups", "lines", "pad_value"};
  Compute work;
  work.dataflow = named(dataflow_names(), "dataflow", statement.word("dataflow"));
  read_fields(statement, keys);
  const auto input = numbers<3>("input", statement.required("input"), ',', "ADDRESS,CHANNEL_PITCH,LINE_PITCH");
  work.input = {input[0], input[1], input[2]};
  const auto weights = numbers<2>("weights", statement.required("weights"), ',', "ADDRESS,PITCH");
  work.weights = weights[0];
  work.weights_pitch = weights[1];
  work.output = number<std::uint32_t>("output", statement.required("output"));
  work.geometry = text::read_geometry(statement);
  statement.set("lines", work.lines_per_row);
  statement.set("pad_value", work.pad_value);
  return work;
}

Window read_window(const Statement& statement) {
  Window window;
  if (const auto text = statement.field("in")) {
    const auto in = numbers<2>("in", *text, 'x', "HxW");
    window.in_height = in[0], window.in_width = in[1];
  }
  if (const auto text = statement.field("kernel")) {
    const auto kernel = numbers<2>("kernel", *text, 'x', "HxW");
    window.kernel_height = kernel[0], window.kernel_width = kernel[1];
  }
  if (const auto text = statement.field("stride")) {
    const auto stride = numbers<2>("stride", *text, 'x', "HxW");
    window.stride_height = stride[0], window.stride_width = stride[1];
  }
  if (const auto text = statement.field("pad")) {
    const auto pad = numbers<2>("pad", *text, ',', "top,left");
    window.pad_top = pad[0], window.pad_left = pad[1];
  }
  return window;
}

Vector read_vector(Statement& statement) {
  static constexpr std::string_view keys[] = {
      "shape",        "a",     "b",      "result",  "in",         "kernel",
      "stride",       "pad",   "zero_a", "zero_b",  "zero_out",   "multiplier_a",
      "multiplier_b", "shift", "lowest", "highest", "parameters", "table"};
  Vector work;
  work.kind = named(vector_kind_names(), "kind", statement.word("kind"));
  read_fields(statement, keys);
  const auto shape = numbers<3>("shape", statement.required("shape"), 'x', "CxHxW");
  work.channels = shape[0], work.height = shape[1], work.width = shape[2];
  work.a = read_operand("a", statement.required("a"));
  if (const auto text = statement.field("b")) work.b = read_operand("b", *text);
  work.result = read_operand("result", statement.required("result"));
  work.window = read_window(statement);
  statement.set("zero_a", work.zero_a);
  statement.set("zero_b", work.zero_b);
  statement.set("zero_out", work.zero_out);
  statement.set("multiplier_a", work.multiplier_a);
  statement.set("multiplier_b", work.multiplier_b);
  statement.set("shift", work.shift);
  statement.set("lowest", work.lowest);
  statement.set("highest", work.highest);
  statement.set("parameters", work.parameters);
  work.has_table = statement.field("table").has_value();
  statement.set("table", work.table);
  return work;
}

/// Reads a text line by line and remembers where everything stands, for the messages of the final validation.
class Assembler {
 public:
  Assembler(std::string_view text, const std::string& file) : reader_(text, file, ProgramKind::machine) {}

  Program run() {
    reader_.for_each([&](const std::string& keyword, Statement& statement) {
      read_statement(keyword, statement);
      after_section_ = keyword == "section" || keyword == "hex";
    });
    if (array_line_ == 0) {
      reader_.fail_at(reader_.line(), "there is no 'array' line; add 'array rows=R cols=C'");
    }
    try {
      validate(program_);
    } catch (const InvalidProgram& error) {
      reader_.fail_at(line_of(error), error.what());
    }
    return std::move(program_);
  }

 private:
  [[nodiscard]] std::size_t line_of(const InvalidProgram& error) const {
    switch (error.part) {
      case InvalidProgram::Part::array:
        return core_line_of(error.what());
      case InvalidProgram::Part::network:
        return network_line_;
      case InvalidProgram::Part::layer:
        return layer_lines_[error.index];
      case InvalidProgram::Part::tensor:
        break;
      case InvalidProgram::Part::section:
        return section_lines_[error.index];
      case InvalidProgram::Part::instruction:
        return instruction_lines_[error.index];
    }
    return reader_.line();
  }

  /// Messages about the machine begin with the unit. A unit without a line has its defaults: those do not suit the
  /// array.
  [[nodiscard]] std::size_t core_line_of(std::string_view message) const {
    for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) {
      const std::size_t line = pad_lines_[static_cast<std::size_t>(pad)];
      if (message.starts_with(name(pad)) && line != 0) return line;
    }
    if (message.starts_with("vector") && vector_line_ != 0) return vector_line_;
    if (message.starts_with("control") && control_line_ != 0) return control_line_;
    return array_line_;
  }

  void read_statement(const std::string& keyword, Statement& statement) {
    enum class Keyword {
      network,
      array,
      scratchpad,
      vector_unit,
      controller,
      layer,
      section,
      hex,
      load,
      compute,
      vector,
      store
    };
    static constexpr std::pair<std::string_view, Keyword> keywords[] = {{"network", Keyword::network},
                                                                        {"array", Keyword::array},
                                                                        {"scratchpad", Keyword::scratchpad},
                                                                        {"vector_unit", Keyword::vector_unit},
                                                                        {"controller", Keyword::controller},
                                                                        {"layer", Keyword::layer},
                                                                        {"section", Keyword::section},
                                                                        {"hex", Keyword::hex},
                                                                        {"load", Keyword::load},
                                                                        {"compute", Keyword::compute},
                                                                        {"vector", Keyword::vector},
                                                                        {"store", Keyword::store}};
    CoreConfig& core = program_.core;
    switch (named(NameTable<Keyword>(keywords), "keyword", keyword)) {
      case Keyword::network:
        reader_.once(network_line_, keyword);
        program_.network = statement.quoted("network name");
        return;
      case Keyword::array:
        reader_.once(array_line_, keyword);
        core.array = text::read_array(statement);
        return;
      case Keyword::scratchpad:
        read_pad(statement);
        return;
      case Keyword::vector_unit:
        reader_.once(vector_line_, keyword);
        core.vector = read_vector_unit(statement);
        return;
      case Keyword::controller:
        reader_.once(control_line_, keyword);
        core.control = read_controller(statement);
        return;
      case Keyword::layer:
        statement.index("layer", program_.layers.size());
        layer_lines_.push_back(reader_.line());
        program_.layers.push_back(statement.quoted("layer name"));
        return;
      case Keyword::section:
        statement.index("section", program_.sections.size());
        section_lines_.push_back(reader_.line());
        program_.sections.push_back(read_section(statement));
        return;
      case Keyword::hex:
        if (!after_section_) fail("hex: values must follow their section at once");
        text::read_values(statement.word("hex digits"), program_.sections.back().values);
        return;
      case Keyword::load:
        return add(statement, [&] { return read_transfer<Load>(statement); });
      case Keyword::compute:
        return add(statement, [&] { return read_compute(statement); });
      case Keyword::vector:
        return add(statement, [&] { return read_vector(statement); });
      case Keyword::store:
        return add(statement, [&] { return read_transfer<Store>(statement); });
    }
  }

  void read_pad(Statement& statement) {
    const Pad pad = named(pad_names(), "scratchpad", statement.word("scratchpad"));
    reader_.once(pad_lines_[static_cast<std::size_t>(pad)], fmt::format("scratchpad {}", name(pad)));
    CoreConfig& core = program_.core;
    ScratchpadConfig& config = pad == Pad::activations ? core.activations
                               : pad == Pad::weights   ? core.weights
                                                       : core.outputs;
    config = read_scratchpad(statement, config);
  }

  Section read_section(Statement& statement) {
    static constexpr std::string_view keys[] = {"address", "bytes", "seed"};
    Section section;
    section.name = statement.quoted("section name");
    section.role = named(role_names(), "role", statement.word("role"));
    statement.read_fields(keys);
    section.address = number<std::uint64_t>("address", statement.required("address"));
    section.bytes = number<std::uint64_t>("bytes", statement.required("bytes"));
    if (const auto seed = statement.field("seed")) {
      const auto value = number<std::uint64_t>("seed", *seed);
      // One line must not ask for more memory than a text can hold.
      if (section.bytes > max_text_bytes - generated_) {
        fail("seed: the values of a text are at most {} bytes", max_text_bytes);
      }
      generated_ += section.bytes;
      section.values.resize(section.bytes);
      fill_generated(value, 0, section.values);
    }
    return section;
  }

  template <typename Read>
  void add(Statement& statement, Read read) {
    statement.index("instruction", program_.instructions.size());
    Instruction instruction{read(), {}, 0, {}};
    instruction.layer = number<std::uint32_t>("layer", statement.required("layer"));
    if (const auto text = statement.field("wait")) instruction.waits = read_waits(*text);
    if (const auto text = statement.field("release")) instruction.releases = read_releases(*text);
    instruction_lines_.push_back(reader_.line());
    program_.instructions.push_back(std::move(instruction));
  }

  StatementReader reader_;
  Program program_;
  bool after_section_ = false;
  std::uint64_t generated_ = 0;
  std::size_t network_line_ = 0, array_line_ = 0, vector_line_ = 0, control_line_ = 0;
  std::size_t pad_lines_[pad_count] = {};
  std::vector<std::size_t> layer_lines_, section_lines_, instruction_lines_;
};

}  // namespace

Program assemble(std::string_view text, const std::string& file) {
  return Assembler(text, file).run();
}

}  // namespace fusesim::isa::machine
