// SPDX-License-Identifier: Apache-2.0
// The Verilated SystemVerilog of this folder behind the interface that the C++ array implements too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "hw/array/array_model.h"

struct FusesimRtlPlugin;

namespace fusesim::rtl {

/// No Verilated array of the wanted configuration, or one that does not fit. what() says what there is and how to
/// build what is missing.
class NoSuchArray : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An assertion of the SystemVerilog failed: the controller has broken the timing law. what() is its message.
class AssertionFailed : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// "8x8_b2_f1_s0": rows x columns, accumulator banks, FuSe links, pipeline stages of the broadcast wires. Fold
/// overlap does not matter to the array. Stages count as 0 without FuSe links.
[[nodiscard]] std::string configuration_name(const isa::ArrayConfig& config);

/// Where the shared objects of Verilated arrays lie: $FUSESIM_RTL_DIR, else ../lib/fusesim/rtl from the folder of the
/// running program.
[[nodiscard]] std::filesystem::path plugin_folder();

/// "tools/build-rtl -B BUILD": how a command begins that builds what is missing from a folder of plug-ins,
/// BUILD/lib/fusesim/rtl.
[[nodiscard]] std::string build_tool(const std::filesystem::path& folder);

/// Configuration names of the shared objects in a folder, smallest array first.
[[nodiscard]] std::vector<std::string> available_arrays(const std::filesystem::path& folder = plugin_folder());

class VerilatedArray final : public array::ArrayModel {
 public:
  /// Loads the shared object for `config` from `folder`. Throws NoSuchArray, or std::invalid_argument for an invalid
  /// configuration.
  explicit VerilatedArray(const isa::ArrayConfig& config, const std::filesystem::path& folder = plugin_folder());
  /// The same without the observation buses, for measuring speed: pe() and read_accumulators() throw
  /// std::logic_error, assertions are not checked.
  [[nodiscard]] static std::unique_ptr<VerilatedArray> bare(const isa::ArrayConfig& config,
                                                            const std::filesystem::path& folder = plugin_folder());
  /// A shared object of any name. Throws NoSuchArray when it was not made for `config`.
  [[nodiscard]] static std::unique_ptr<VerilatedArray> load(const isa::ArrayConfig& config,
                                                            const std::filesystem::path& shared_object);
  ~VerilatedArray() override;
  VerilatedArray(const VerilatedArray&) = delete;
  VerilatedArray& operator=(const VerilatedArray&) = delete;

  /// Whether clock() throws AssertionFailed; on at first. Off, the array does what docs/array.md says of any input.
  void check_assertions(bool on);

  [[nodiscard]] const isa::ArrayConfig& config() const override { return config_; }
  void reset() override;
  void clock(const array::EdgeInputs& in, array::EdgeOutputs& out) override;
  [[nodiscard]] array::PeState pe(std::uint32_t row, std::uint32_t col) const override;
  void read_accumulators(std::uint32_t bank, std::span<std::int32_t> out) const override;

 private:
  struct Path {
    std::filesystem::path shared_object;
  };
  VerilatedArray(const isa::ArrayConfig& config, const Path& path);
  void observe() const;

  isa::ArrayConfig config_;
  const FusesimRtlPlugin* plugin_ = nullptr;
  void* model_ = nullptr;
  // Views of the model's registers, refreshed when first asked for after an edge.
  mutable const std::uint32_t* state_ = nullptr;
  mutable const std::int32_t* accumulators_ = nullptr;
};

}  // namespace fusesim::rtl
