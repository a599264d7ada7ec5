// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <optional>

#include "sim/cli/command.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::cli {
namespace {

struct Options {
  std::string network, variant = "baseline";
  report::Format format = report::Format::table;
};

report::Cell optional(const std::optional<std::uint32_t>& value) {
  return value ? report::Cell{std::uint64_t{*value}} : report::Cell{};
}

graph::Graph build(const Options& options) {
  try {
    return zoo::build(options.network, options.variant);
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
}

int print_layers(std::ostream& out, const Options& options) {
  const graph::Graph net = build(options);
  report::Table table(
      fmt::format("Layers of {}, {}, that run on the array, in execution order", options.network, options.variant),
      {{"index", "", "Place in execution order, from 0"},
       {"name", "", "As in the released model"},
       {"type", "", "conv, pw (1x1), dw (depthwise), fuse_1xk, fuse_kx1 or linear"},
       {"in_c", "", "Input channels"},
       {"in_h", "", "Input height"},
       {"in_w", "", "Input width"},
       {"out_c", "", "Output channels"},
       {"out_h", "", "Output height"},
       {"out_w", "", "Output width"},
       {"kernel_h", "", "Kernel height"},
       {"kernel_w", "", "Kernel width"},
       {"stride_h", "", "Stride along the height"},
       {"stride_w", "", "Stride along the width"},
       {"pad_top", "", "Zeros added above", 3, true},
       {"pad_left", "", "Zeros added to the left", 3, true},
       {"pad_bottom", "", "Zeros added below", 3, true},
       {"pad_right", "", "Zeros added to the right", 3, true},
       {"dilation_h", "", "Dilation along the height", 3, true},
       {"dilation_w", "", "Dilation along the width", 3, true},
       {"groups", "", "Channel groups", 3, true},
       {"bias", "", "Whether it has a bias", 3, true},
       {"se", "", "Whether it is part of a squeeze-and-excite gate", 3, true},
       {"in_slice_begin", "", "First channel of its producer that it reads", 3, true},
       {"in_slice_end", "", "One past the last channel of its producer that it reads", 3, true},
       {"macs", "", "Multiply-accumulates"},
       {"params", "", "Weights and bias"},
       {"depends_on", "", "Indices of the layers whose results it needs"}});
  std::uint64_t index = 0;
  for (const graph::Layer& l : array_layers(net)) {
    const auto n = [](std::uint32_t value) { return report::Cell{std::uint64_t{value}}; };
    table.add_row({index++,
                   l.name,
                   std::string(graph::name(l.type)),
                   n(l.in_channels),
                   n(l.in_height),
                   n(l.in_width),
                   n(l.out_channels),
                   n(l.out_height),
                   n(l.out_width),
                   n(l.kernel_height),
                   n(l.kernel_width),
                   n(l.stride_height),
                   n(l.stride_width),
                   n(l.pad_top),
                   n(l.pad_left),
                   n(l.pad_bottom),
                   n(l.pad_right),
                   n(l.dilation_height),
                   n(l.dilation_width),
                   n(l.groups),
                   l.bias,
                   l.squeeze_excite,
                   optional(l.slice_begin),
                   optional(l.slice_end),
                   l.macs(),
                   l.params(),
                   fmt::format("{}", fmt::join(l.depends_on, " "))});
  }
  report::write(out, table, options.format);
  return 0;
}

const Registration layers_command(
    {11, "layers", "List the layers of a network", [](CLI::App& app) -> Action {
       auto options = std::make_shared<Options>();
       app.add_option("NETWORK", options->network, "Network, as listed by `fusesim networks`")
           ->required()
           ->type_name("");
       app.add_option("--variant", options->variant,
                      "baseline, fuse_full, fuse_half, fuse_full_50 or fuse_half_50 (default baseline)")
           ->type_name("VARIANT");
       add_format_option(app, options->format);
       app.footer(
           "The table shows the main columns; csv and json have padding, dilation, groups and slices too.\n"
           "Example: fusesim layers mobilenet_v2 --variant fuse_half");
       return [options](std::ostream& out) { return print_layers(out, *options); };
     }});

}  // namespace
}  // namespace fusesim::cli
