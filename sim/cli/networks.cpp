// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/cli/command.h"
#include "workloads/graph/shape.h"
#include "workloads/zoo/operations.h"
#include "workloads/zoo/zoo.h"

namespace fusesim::cli {
namespace {

/// A printed figure with the decimals it is printed with; a speedup ends in "x".
report::Cell printed(std::string_view text) {
  if (text.empty()) return {};
  const std::string_view digits = text.ends_with('x') ? text.substr(0, text.size() - 1) : text;
  const std::size_t point = digits.find('.');
  return report::Fixed{std::stod(std::string(digits)),
                       point == std::string_view::npos ? 0 : static_cast<int>(digits.size() - point - 1)};
}

/// In millions with two decimals, the rest cut off, as the paper prints parameters.
report::Cell truncated_millions(std::uint64_t count) {
  return report::Fixed{static_cast<double>(count / 10'000) / 100, 2};
}

zoo::PublishedRow published(std::string_view network, std::string_view variant) {
  for (const zoo::PublishedRow& row : zoo::published_rows()) {
    if (row.network == network && row.variant == variant) return row;
  }
  return {};
}

/// Why the paper prints another figure than its own count cut to millions; empty when it prints that one.
std::string difference(std::string_view network, std::string_view variant, std::uint64_t operations,
                       std::string_view printed_millions) {
  if (printed_millions.empty()) return {};
  const std::uint64_t published_millions = std::stoull(std::string(printed_millions));
  if (published_millions == operations / 1'000'000) return {};
  const bool rounded = published_millions == (operations + 500'000) / 1'000'000;
  return fmt::format("* {} {}: counted {:.2f} M, printed {}: {}.", network, variant,
                     static_cast<double>(operations) / 1e6, printed_millions,
                     rounded ? "rounded, while the others are truncated" : "neither truncated nor rounded");
}

int print_networks(std::ostream& out, report::Format format) {
  report::Table table(
      "Networks",
      {{"network", "", "Name for other commands"},
       {"variant", "", "Name for --variant"},
       {"input", "", "Channels, height and width of the input that it was made for"},
       {"layers", "", "Layers that run on the array"},
       {"macs", "", "Multiply-accumulates of one inference, counted from the layers"},
       {"params", "", "Parameters, batch norm and unused layers included, counted from the layers"},
       {"published_params_m", "M", "Parameters as the FuSeConv paper prints them"},
       {"published_flops_m", "M", "FLOPS as the FuSeConv paper prints them; not MACs"},
       {"params_m", "M", "params truncated to two decimals"},
       {"flops_m", "M", "The paper's FLOPS counted again: MACs and the operations between layers, truncated"},
       {"flops", "", "flops_m before truncation", 3, true},
       {"params_array", "", "Weights and biases of the layers that run", 3, true},
       {"params_bn", "", "Batch norm parameters", 3, true},
       {"params_unused", "", "Weights of layers the released model owns but never runs", 3, true},
       {"published_accuracy_percent", "%", "ImageNet top-1 as the FuSeConv paper prints it", 3, true},
       {"published_speedup", "", "Speedup over the baseline at 64x64 as the FuSeConv paper prints it", 3, true}});
  std::size_t compared = 0;
  std::vector<std::string> differences;
  for (const std::string_view network : zoo::all_networks()) {
    for (const std::string_view variant : zoo::variants(network)) {
      const graph::Graph net = zoo::build(network, variant);
      const graph::Totals sum = totals(net);
      const std::uint64_t operations = zoo::published_operations(net);
      const zoo::PublishedRow row = published(network, variant);
      report::Cell published_flops = printed(row.flops_m);
      compared += row.flops_m.empty() ? 0 : 1;
      if (std::string why = difference(network, variant, operations, row.flops_m); !why.empty()) {
        differences.push_back(std::move(why));
        // The mark is for readers; CSV and JSON keep the number.
        if (format == report::Format::table) published_flops = "*" + std::string(row.flops_m);
      }
      table.add_row({std::string(network), std::string(variant), graph::to_string(net.nodes().front().shape),
                     std::uint64_t{array_layers(net).size()}, sum.macs, sum.params(), printed(row.params_m),
                     std::move(published_flops), truncated_millions(sum.params()), operations / 1'000'000, operations,
                     sum.params_array, sum.params_bn, sum.params_unused, printed(row.accuracy), printed(row.speedup)});
    }
  }
  table.add_note("macs, params, flops are counted from the layers; published_* are the FuSeConv paper's, as printed.");
  table.add_note(
      "The paper's FLOPS are MACs plus batch norm, activations, sums and pooling: compare them with flops_m.");
  table.add_note(fmt::format("They agree for {} of its {} rows; the others:", compared - differences.size(), compared));
  for (std::string& why : differences) table.add_note(std::move(why));
  report::write(out, table, format);
  return 0;
}

const Registration networks_command({10, "networks", "List the networks and variants with their sizes",
                                     [](CLI::App& app) -> Action {
                                       auto format = std::make_shared<report::Format>(report::Format::table);
                                       add_format_option(app, *format);
                                       app.footer("Example: fusesim networks --format csv > networks.csv");
                                       return [format](std::ostream& out) { return print_networks(out, *format); };
                                     }});

}  // namespace
}  // namespace fusesim::cli
