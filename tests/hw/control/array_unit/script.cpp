// SPDX-License-Identifier: Apache-2.0
#include "tests/hw/control/array_unit/script.h"

#include <algorithm>
#include <cstring>

#include "hw/control/feed/array_instruction.h"
#include "hw/isa/generated_values.h"
#include "tests/support/convolution.h"

namespace fusesim::test {

using isa::ConvGeometry;
using isa::machine::Compute;
using isa::machine::CoreConfig;
using isa::machine::Pad;
using isa::machine::ScratchpadConfig;

namespace {

std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

/// Hands out places in a scratchpad.
struct Room {
  std::uint64_t used = 0;

  std::uint32_t take(Random& random, std::uint64_t bytes, std::uint32_t align, std::uint64_t step, std::uint32_t at) {
    if (step > 0) {  // a multiple of it from `at`
      used = round_up(std::max<std::uint64_t>(used, at) - at, step) + at;
    } else if (random.chance(0.5)) {
      used = round_up(used + random.between(0, 13), align);
    }
    used = round_up(used, align);
    const auto address = static_cast<std::uint32_t>(used);
    used += bytes;
    return address;
  }
};

std::uint64_t map_bytes(const Compute& c) {
  const ConvGeometry& g = c.geometry;
  return std::uint64_t{g.in_channels - 1} * c.input.channel_pitch +
         std::uint64_t{g.in_height - 1} * c.input.line_pitch + g.in_width;
}

std::uint64_t weight_bytes(const Compute& c) {
  const ConvGeometry& g = c.geometry;
  return std::uint64_t{g.in_channels / g.groups * g.kernel_height * g.kernel_width - 1} * c.weights_pitch +
         g.out_channels;
}

std::uint64_t sum_bytes(const Compute& c) {
  return std::uint64_t{4} * c.geometry.out_channels * c.geometry.out_height * c.geometry.out_width;
}

ScratchpadConfig random_pad(Random& random) {
  constexpr std::uint32_t banks[] = {1, 1, 2, 2, 3, 4, 7, 64};
  ScratchpadConfig pad;
  pad.banks = banks[random.between(0, 7)];
  pad.width = 1U << (random.chance(0.5) ? 0 : random.between(1, 3));
  pad.ports = random.chance(0.8) ? 1 : random.between(2, 9);
  return pad;
}

}  // namespace

Script plain_script(const CoreConfig& core, const std::vector<Compute>& work) {
  Script script;
  script.program.network = "script";
  script.program.core = core;
  script.program.layers = {"layer"};
  for (const Compute& each : work) {
    script.program.instructions.push_back({each});
    script.issues.emplace_back();
  }
  return script;
}

Script random_script(Random& random) {
  return random_script(random, random_array(random, 9));
}

Script random_script(Random& random, const isa::ArrayConfig& array) {
  Script script;
  isa::machine::Program& program = script.program;
  program.network = "script";
  program.layers = {"layer"};
  CoreConfig& core = program.core;
  core.array = array;
  core.activations = random_pad(random);
  core.weights = random_pad(random);
  core.outputs = {.bytes = 0, .banks = core.array.cols + random.between(0, 3), .width = 4, .ports = 1};
  script.value_seed = random.between(0, 1U << 30);

  Room activations, weights, outputs;
  const std::uint32_t count = random.between(1, 9), size = random.between(1, 11);
  const bool eager = random.chance(0.4);
  std::uint64_t not_before = 0;
  for (std::uint32_t index = 0; index < count; ++index) {
    Compute compute;
    std::uint64_t activation_step = 0, weight_step = 0;
    if (index > 0 && random.chance(0.3)) {
      compute = std::get<Compute>(program.instructions[random.between(0, index - 1)].work);
      // The same banks; other banks, but the same places in words; or anywhere.
      if (random.chance(0.6)) {
        const bool same_banks = random.chance(0.5);
        activation_step = same_banks ? core.activations.row_bytes() : core.activations.width;
        weight_step = same_banks ? core.weights.row_bytes() : core.weights.width;
      }
    } else {
      const isa::ArrayInstruction instruction = random_instruction(random, core.array, size);
      compute.dataflow = instruction.dataflow;
      compute.geometry = instruction.geometry;
      compute.lines_per_row = instruction.lines_per_row;
      compute.pad_value = instruction.pad_value;
      if (random.chance(0.15)) {  // one product: leaves the array before the last columns of what came before
        compute.dataflow = isa::Dataflow::gemm;
        compute.geometry = {};
        compute.lines_per_row = 1;
      }
      const ConvGeometry& g = compute.geometry;
      compute.input.line_pitch = g.in_width + (random.chance(0.4) ? random.between(0, 9) : 0);
      compute.input.channel_pitch =
          g.in_height * compute.input.line_pitch + (random.chance(0.4) ? random.between(0, 17) : 0);
      compute.weights_pitch = g.out_channels + (random.chance(0.4) ? random.between(0, 11) : 0);
    }
    compute.input.address = activations.take(random, map_bytes(compute), 1, activation_step, compute.input.address);
    compute.weights = weights.take(random, weight_bytes(compute), 1, weight_step, compute.weights);
    compute.output = outputs.take(random, sum_bytes(compute), 4, 0, 0);
    isa::machine::Instruction& instruction = program.instructions.emplace_back();
    instruction.work = compute;
    if (random.chance(0.3)) {
      instruction.releases.push_back(
          {Pad::activations, compute.input.address, random.between(1, static_cast<std::uint32_t>(map_bytes(compute)))});
    }
    Issue issue;
    if (!eager && random.chance(0.6)) not_before += random.between(0, random.chance(0.5) ? 20 : 500);
    issue.not_before = not_before;
    if (index > 0 && random.chance(0.25)) {
      issue.after = random.between(0, index - 1);
      issue.delay = random.chance(0.5) ? 0 : random.between(0, 12);
    }
    script.issues.push_back(issue);
  }
  core.activations.bytes = round_up(activations.used, core.activations.row_bytes());
  core.weights.bytes = round_up(weights.used, core.weights.row_bytes());
  core.outputs.bytes = round_up(outputs.used, core.outputs.row_bytes());
  validate(program);
  return script;
}

std::string describe(const Script& script) {
  std::string text = isa::describe(script.program.core.array);
  for (const Pad pad : {Pad::activations, Pad::weights}) {
    const ScratchpadConfig& config = script.program.core.pad(pad);
    text += " | " + std::to_string(config.banks) + " banks of " + std::to_string(config.width) + " bytes, " +
            std::to_string(config.ports) + " ports";
  }
  for (std::size_t i = 0; i < script.issues.size(); ++i) {
    const auto& compute = std::get<Compute>(script.program.instructions[i].work);
    const ConvGeometry& g = compute.geometry;
    text += "\n" + std::to_string(i) + ": " + isa::name(compute.dataflow) + " " + std::to_string(g.in_channels) + "x" +
            std::to_string(g.in_height) + "x" + std::to_string(g.in_width) + " to " + std::to_string(g.out_channels) +
            " kernel " + std::to_string(g.kernel_height) + "x" + std::to_string(g.kernel_width) + " stride " +
            std::to_string(g.stride_height) + "x" + std::to_string(g.stride_width) + " from cycle " +
            std::to_string(script.issues[i].not_before);
    if (script.issues[i].after)
      text += " and " + std::to_string(script.issues[i].delay) + " after " + std::to_string(*script.issues[i].after);
  }
  return text;
}

std::vector<std::int8_t> pad_values(const Script& script, Pad pad) {
  std::vector<std::int8_t> values(script.program.core.pad(pad).bytes);
  isa::fill_generated(script.value_seed + static_cast<std::uint64_t>(pad), 0, values);
  return values;
}

std::vector<std::int8_t> expected_outputs(const Script& script) {
  const std::vector<std::int8_t> activations = pad_values(script, Pad::activations);
  const std::vector<std::int8_t> weights = pad_values(script, Pad::weights);
  std::vector<std::int8_t> outputs(script.program.core.outputs.bytes);
  for (const isa::machine::Instruction& instruction : script.program.instructions) {
    const auto& compute = std::get<Compute>(instruction.work);
    const isa::ConvGeometry& g = compute.geometry;
    std::vector<std::int8_t> map, filters;
    for (std::uint32_t c = 0; c < g.in_channels; ++c) {
      for (std::uint32_t y = 0; y < g.in_height; ++y) {
        for (std::uint32_t x = 0; x < g.in_width; ++x)
          map.push_back(
              activations[compute.input.address + c * compute.input.channel_pitch + y * compute.input.line_pitch + x]);
      }
    }
    const std::uint32_t taps = g.in_channels / g.groups * g.kernel_height * g.kernel_width;
    for (std::uint32_t o = 0; o < g.out_channels; ++o) {
      for (std::uint32_t t = 0; t < taps; ++t)
        filters.push_back(weights[compute.weights + t * compute.weights_pitch + o]);
    }
    const std::vector<std::int32_t> sums = convolve(control::array_instruction(compute), map, filters);
    std::memcpy(&outputs[compute.output], sums.data(), sums.size() * sizeof(std::int32_t));
  }
  return outputs;
}

}  // namespace fusesim::test
