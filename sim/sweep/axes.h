// SPDX-License-Identifier: Apache-2.0
// The axes of a sweep, and the points they span.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hw/isa/array_config.h"
#include "sim/analytic/model.h"
#include "sim/config/array_size.h"
#include "sim/sweep/point.h"

namespace fusesim::sweep {

/// A mistake of the user's: one line that names the option, the value and the cure.
class UsageError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// config::split_list(), whose mistakes are UsageErrors here.
[[nodiscard]] std::vector<std::string_view> split(std::string_view option, std::string_view text);

/// Values of every axis in the order given, none twice.
struct Axes {
  std::vector<std::string> networks;
  std::vector<std::string> variants;  ///< Empty: all that a network has.
  std::vector<config::ArraySize> arrays;
  std::vector<std::optional<analytic::Model>> models;  ///< Nothing: simulated.
  std::vector<isa::Accumulators> accumulators;
  std::vector<isa::FoldOverlap> folds;
  std::vector<DepthwiseMapping> dw_mappings;
  std::vector<bool> fuse_links;
  std::vector<bool> packing;
  std::vector<std::optional<Memory>> memories;  ///< Nothing: ideal.
};

/// The axes as a user writes them, comma-separated; "all" among `networks` or `variants` stands for every one.
/// "8,48x96" are arrays of 8 x 8 and of 48 rows x 96 columns.
struct AxesText {
  std::string networks = "all";
  std::string variants = "all";
  std::string arrays = "8,16,32,64,128,256";
  std::string models = "simulated";
  std::string accumulators = "single,pingpong";
  std::string folds = "serial,pipelined";
  std::string dw_mapping = "column";
  std::string fuse_links = "yes";
  std::string packing = "no";
  std::string dram;        ///< "none", "fixed" or DRAM channels. Empty: none, unless there is a bandwidth.
  std::string bandwidth;   ///< 10^9 bytes a second of fixed memories, which join those of `dram`.
  std::string scratchpad;  ///< config::parse_scratchpads() each, for the memories that are not ideal. Empty: 1MiB.
};

/// Throws UsageError naming the option, the wrong value and the nearest valid one.
[[nodiscard]] Axes parse_axes(const AxesText& text);

struct Expansion {
  std::vector<Point> points;
  std::map<std::string, std::size_t> skipped;  ///< Combinations left out, by the rule that does so.
};

/// Every combination that makes sense (rule_against), in a fixed order. A formula knows only networks, arrays and FuSe
/// links, so the other axes do not multiply it. Throws UsageError when no combination is left.
[[nodiscard]] Expansion expand(const Axes& axes);

}  // namespace fusesim::sweep
