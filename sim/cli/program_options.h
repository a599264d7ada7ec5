// SPDX-License-Identifier: Apache-2.0
// The options that name a workload and a machine, shared by the commands that compile.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/isa/program.h"
#include "sim/config/machine_config.h"
#include "sim/run/network.h"

namespace fusesim::cli {

/// What the user typed; empty strings were not given.
struct ProgramOptions {
  std::string network;
  std::string variant;
  std::string machine;
  std::vector<std::string> overrides;
  std::string array, accumulators, folds, mapping;
  std::string dram, bandwidth, latency, scratchpads;
  std::string input;
  bool predicted = false;
  std::string survival, blocks, fused_source, fused_order;
  std::optional<std::uint32_t> broadcast_stages;
  bool no_fuse_links = false, packing = false;
  std::uint64_t seed = 1;
};

/// Declares --variant, --input-size, --machine, --set, --array, --accumulators, --folds, --broadcast-stages,
/// --no-fuse-links, --dram, --bandwidth, --latency, --scratchpad, --dw-mapping, --packing, --fused, --survival,
/// --blocks,
/// --fused-source, --fused-order, --seed. `options` must outlive the App.
void add_program_options(CLI::App& app, ProgramOptions& options);

/// True when an option was given that only compiling heeds; a trace has its array and mapping fixed.
[[nodiscard]] bool any_compile_option(const ProgramOptions& options);

/// True when an option was given that says on what machine a trace is to run.
[[nodiscard]] bool any_machine_option(const ProgramOptions& options);

/// --survival, or what networks are predicted with when it is not given. Throws UsageError.
[[nodiscard]] double survival_of(const ProgramOptions& options);

/// The machine that the options describe. Throws UsageError, or config::ConfigError when a file is
/// wrong.
[[nodiscard]] config::MachineConfig machine_of(const ProgramOptions& options);
/// The same, starting from `machine` instead of --machine.
[[nodiscard]] config::MachineConfig machine_of(const ProgramOptions& options, config::MachineConfig machine);

/// The network as the options name it.
[[nodiscard]] run::Network network_of(const ProgramOptions& options);

/// The network compiled for the machine's array alone. Throws UsageError.
[[nodiscard]] isa::Program compile(const ProgramOptions& options);

/// The network compiled for a whole machine, which has a DRAM. Without `values` it can only be timed. Throws
/// UsageError.
[[nodiscard]] tile::Compiled compile_whole(const ProgramOptions& options, const config::MachineConfig& machine,
                                           bool values);

}  // namespace fusesim::cli
