// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hw/isa/generated_values.h"
#include "hw/isa/invalid_program.h"
#include "hw/isa/machine/instruction_lists.h"
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

FusedConfig read_fused_unit(Statement& statement) {
  static constexpr std::string_view keys[] = {"tile",
                                              "mode",
                                              "lanes",
                                              "adders",
                                              "queue_depth",
                                              "adder_bits",
                                              "ladders",
                                              "mask_channels",
                                              "mask_positions",
                                              "level_channels",
                                              "tile_bytes",
                                              "tile_port_bytes",
                                              "list_bytes_per_cycle",
                                              "list_fifo_bytes",
                                              "composer_terms_per_cycle",
                                              "output_lanes"};
  statement.read_fields(keys);
  FusedConfig config;
  config.present = true;
  if (const auto text = statement.field("tile")) {
    const auto tile = numbers<2>("tile", *text, 'x', "RxC");
    config.tile_rows = tile[0], config.tile_columns = tile[1];
  }
  if (const auto text = statement.field("mode")) config.mode = named(fused_mode_names(), "mode", *text);
  statement.set("lanes", config.lanes);
  statement.set("adders", config.adders);
  statement.set("queue_depth", config.queue_depth);
  statement.set("adder_bits", config.adder_bits);
  statement.set("ladders", config.ladders);
  statement.set("mask_channels", config.mask_channels);
  statement.set("mask_positions", config.mask_positions);
  statement.set("level_channels", config.level_channels);
  statement.set("tile_bytes", config.tile_bytes);
  statement.set("tile_port_bytes", config.tile_port_bytes);
  statement.set("list_bytes_per_cycle", config.list_bytes_per_cycle);
  statement.set("list_fifo_bytes", config.list_fifo_bytes);
  statement.set("composer_terms_per_cycle", config.composer_terms_per_cycle);
  statement.set("output_lanes", config.output_lanes);
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

// What belongs to the tile that an accumulate loads meanwhile has the prefix "next_".
constexpr std::string_view kGeometryKeys[] = {"buffer", "channels", "middle", "region",
                                              "out",    "kernel",   "stride", "pad"};
constexpr std::string_view kTileKeys[] = {"input", "zero_point", "thresholds"};
constexpr std::string_view kNextKeys[] = {"next_buffer", "next_channels",   "next_middle",    "next_region",
                                          "next_out",    "next_kernel",     "next_stride",    "next_pad",
                                          "next_input",  "next_zero_point", "next_thresholds"};

/// The keys of an instruction of the fused block: those of its geometry and its own.
void read_fused_fields(Statement& statement, std::initializer_list<std::span<const std::string_view>> own) {
  std::vector<std::string_view> keys(std::begin(kCommonKeys), std::end(kCommonKeys));
  keys.insert(keys.end(), std::begin(kGeometryKeys), std::end(kGeometryKeys));
  for (const auto& part : own) keys.insert(keys.end(), part.begin(), part.end());
  statement.read_fields(keys);
}

/// Fields whose names have a prefix in common.
class PrefixedFields {
 public:
  PrefixedFields(const Statement& statement, std::string_view prefix) : statement_(statement), prefix_(prefix) {}

  [[nodiscard]] std::string name(std::string_view key) const { return prefix_ + std::string(key); }
  template <typename T>
  [[nodiscard]] T required(std::string_view key) const {
    return number<T>(name(key), statement_.required(name(key)));
  }
  template <std::size_t n, typename T = std::uint32_t>
  [[nodiscard]] std::array<T, n> required(std::string_view key, char separator, std::string_view form) const {
    return numbers<n, T>(name(key), statement_.required(name(key)), separator, form);
  }
  [[nodiscard]] FusedMap map(std::string_view key) const {
    const auto at = required<3>(key, ',', "ADDRESS,CHANNEL_PITCH,LINE_PITCH");
    return {at[0], at[1], at[2]};
  }
  template <typename T>
  void set(std::string_view key, T& value) const {
    statement_.set(name(key), value);
  }
  [[nodiscard]] std::optional<std::string_view> field(std::string_view key) const {
    return statement_.field(name(key));
  }

 private:
  const Statement& statement_;
  std::string prefix_;
};

void read_fused_geometry(const PrefixedFields& fields, std::uint8_t& buffer, FusedGeometry& g) {
  buffer = fields.required<std::uint8_t>("buffer");
  g.channels = fields.required<std::uint32_t>("channels");
  g.middle = fields.required<std::uint32_t>("middle");
  const auto region = fields.required<2>("region", 'x', "RxC");
  g.region_rows = region[0], g.region_columns = region[1];
  const auto out = fields.required<2>("out", 'x', "RxC");
  g.out_rows = out[0], g.out_columns = out[1];
  fields.set("kernel", g.kernel);
  fields.set("stride", g.stride);
  if (const auto text = fields.field("pad")) {
    const auto pad = numbers<2>(fields.name("pad"), *text, ',', "top,left");
    g.pad_top = pad[0], g.pad_left = pad[1];
  }
}

FusedTile read_tile_fields(const PrefixedFields& fields) {
  FusedTile work;
  read_fused_geometry(fields, work.buffer, work.geometry);
  work.input = fields.map("input");
  fields.set("zero_point", work.zero_point);
  work.thresholds = fields.required<15, std::int16_t>("thresholds", ',', "N,N,... (15 numbers)");
  return work;
}

FusedTile read_fused_tile(Statement& statement) {
  read_fused_fields(statement, {kTileKeys});
  return read_tile_fields({statement, ""});
}

/// "ADDRESS+BYTES" and where the same bytes lie in DRAM.
template <typename Work>
void read_lists(const Statement& statement, Work& work) {
  const auto [address, bytes] = halves("lists", statement.required("lists"), '+', "ADDRESS+BYTES");
  work.lists = number<std::uint32_t>("lists", address);
  work.lists_bytes = number<std::uint32_t>("lists", bytes);
  work.lists_dram = number<std::uint64_t>("dram", statement.required("dram"));
}

FusedPredict read_fused_predict(Statement& statement) {
  static constexpr std::string_view keys[] = {"round", "lists", "dram"};
  read_fused_fields(statement, {keys});
  FusedPredict work;
  read_fused_geometry({statement, ""}, work.buffer, work.geometry);
  work.round_channels = number<std::uint32_t>("round", statement.required("round"));
  read_lists(statement, work);
  return work;
}

constexpr std::string_view kResidualKeys[] = {"residual", "residual_zeros", "residual_multipliers", "residual_shift",
                                              "residual_bounds"};

FusedResidual read_residual(const Statement& statement) {
  const PrefixedFields fields(statement, "residual");
  FusedResidual residual;
  residual.map = fields.map("");
  const auto zeros = fields.required<3, std::int32_t>("_zeros", ',', "RESULT,RESIDUAL,OUT");
  residual.zero_a = zeros[0], residual.zero_b = zeros[1], residual.zero_out = zeros[2];
  const auto multipliers = fields.required<2, std::int32_t>("_multipliers", ',', "RESULT,RESIDUAL");
  residual.multiplier_a = multipliers[0], residual.multiplier_b = multipliers[1];
  residual.shift = fields.required<std::int32_t>("_shift");
  if (const auto text = fields.field("_bounds")) {
    const auto [lowest, highest] = halves("residual_bounds", *text, ',', "LOWEST,HIGHEST");
    residual.lowest = text::int8("residual_bounds", lowest);
    residual.highest = text::int8("residual_bounds", highest);
  }
  return residual;
}

FusedAccumulate read_fused_accumulate(Statement& statement) {
  static constexpr std::string_view keys[] = {"outputs",  "lists",  "dram",    "bias_shifts", "parameters",
                                              "zero_out", "lowest", "highest", "output"};
  FusedAccumulate work;
  work.source = named(fused_source_names(), "source", statement.word("source"));
  read_fused_fields(statement, {keys, kResidualKeys, kNextKeys});
  const PrefixedFields fields{statement, ""};
  read_fused_geometry(fields, work.buffer, work.geometry);
  work.out_channels = fields.required<std::uint32_t>("outputs");
  read_lists(statement, work);
  if (const auto text = statement.field("bias_shifts")) {
    const auto shifts = numbers<2>("bias_shifts", *text, ',', "EXPAND,DEPTHWISE");
    work.expand_bias_shift = shifts[0], work.depthwise_bias_shift = shifts[1];
  }
  work.parameters = fields.required<std::uint32_t>("parameters");
  statement.set("zero_out", work.zero_out);
  statement.set("lowest", work.lowest);
  statement.set("highest", work.highest);
  work.output = fields.map("output");
  const auto any_given = [&](std::span<const std::string_view> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view key) { return statement.field(key).has_value(); });
  };
  if (any_given(kResidualKeys)) work.residual = read_residual(statement);
  if (any_given(kNextKeys)) work.next = read_tile_fields({statement, "next_"});
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
      check_lists(program_);
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
    if (message.starts_with("fused") && fused_line_ != 0) return fused_line_;
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
      store,
      fused_unit,
      fused_tile,
      fused_predict,
      fused_accumulate
    };
    static constexpr std::pair<std::string_view, Keyword> keywords[] = {
        {"network", Keyword::network},
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
        {"store", Keyword::store},
        {"fused_unit", Keyword::fused_unit},
        {"fused_tile", Keyword::fused_tile},
        {"fused_predict", Keyword::fused_predict},
        {"fused_accumulate", Keyword::fused_accumulate}};
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
      case Keyword::fused_unit:
        reader_.once(fused_line_, keyword);
        core.fused = read_fused_unit(statement);
        return;
      case Keyword::fused_tile:
        return add(statement, [&] { return read_fused_tile(statement); });
      case Keyword::fused_predict:
        return add(statement, [&] { return read_fused_predict(statement); });
      case Keyword::fused_accumulate:
        return add(statement, [&] { return read_fused_accumulate(statement); });
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
  std::size_t network_line_ = 0, array_line_ = 0, vector_line_ = 0, control_line_ = 0, fused_line_ = 0;
  std::size_t pad_lines_[pad_count] = {};
  std::vector<std::size_t> layer_lines_, section_lines_, instruction_lines_;
};

}  // namespace

Program assemble(std::string_view text, const std::string& file) {
  return Assembler(text, file).run();
}

}  // namespace fusesim::isa::machine
