// SPDX-License-Identifier: Apache-2.0
// The Verilated SystemVerilog of this folder behind the interface that the C++ core implements too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "hw/fused/fused_core.h"
#include "rtl/verilated_array.h"

struct FusesimRtlFusedInputs;
struct FusesimRtlFusedOutputs;
struct FusesimRtlFusedPlugin;

namespace fusesim::rtl {

/// No Verilated fused block of the wanted configuration, or one that does not fit. what() says what there is and how
/// to build what is missing.
class NoSuchFusedCore : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// "8x8_elastic_l24_a6_q30_w20_f4_m1024_p384_v64_t16384_b16_o8": tile rows x columns, mode, lanes, adders, queue depth,
/// adder bits, ladders, mask channels, mask positions, level channels, tile bytes, tile port bytes, output lanes. What
/// feeds the lists (rates, FIFO, composer) does not matter to the core.
[[nodiscard]] std::string configuration_name(const fused::Config& config);

/// Configuration names of the shared objects in a folder, in alphabetical order.
[[nodiscard]] std::vector<std::string> available_fused_cores(const std::filesystem::path& folder = plugin_folder());

class VerilatedFusedCore final : public fused::FusedCore {
 public:
  /// Loads the shared object for `config` from `folder`. Throws NoSuchFusedCore.
  explicit VerilatedFusedCore(const fused::Config& config, const std::filesystem::path& folder = plugin_folder());
  /// A shared object of any name. Throws NoSuchFusedCore when it was not made for `config`.
  [[nodiscard]] static std::unique_ptr<VerilatedFusedCore> load(const fused::Config& config,
                                                                const std::filesystem::path& shared_object);
  ~VerilatedFusedCore() override;
  VerilatedFusedCore(const VerilatedFusedCore&) = delete;
  VerilatedFusedCore& operator=(const VerilatedFusedCore&) = delete;

  /// Whether clock() throws AssertionFailed; on at first. It says that words came sooner than the law allows.
  void check_assertions(bool on);

  [[nodiscard]] const fused::Config& config() const override { return config_; }
  void reset() override;
  void clock(const fused::CoreInputs& in) override;
  [[nodiscard]] bool ready() const override;
  [[nodiscard]] bool held() const override;
  [[nodiscard]] bool takes() const override;
  [[nodiscard]] std::optional<std::uint32_t> output_group() const override;
  [[nodiscard]] std::optional<fused::Emitted> emitted() const override;
  [[nodiscard]] bool idle() const override;
  [[nodiscard]] fused::FusedPeState pe(std::uint32_t index) const override;
  [[nodiscard]] bool mask1(std::uint32_t channel, std::uint32_t position) const override;
  [[nodiscard]] bool mask2(std::uint32_t channel, std::uint32_t pe) const override;
  [[nodiscard]] std::uint8_t level(std::uint32_t place, std::uint32_t position) const override;

 private:
  struct Path {
    std::filesystem::path shared_object;
  };
  VerilatedFusedCore(const fused::Config& config, const Path& path);
  void put_geometry(const fused::Geometry& geometry);
  void put_word(const fused::Word& word);
  void put_tile(const fused::TileWrite& tile);
  void put_parameters(const fused::OutputParameters& parameters);
  void observe(std::uint32_t channel, std::uint32_t place) const;

  fused::Config config_;
  const FusesimRtlFusedPlugin* plugin_ = nullptr;
  void* model_ = nullptr;
  bool check_assertions_ = true;
  std::unique_ptr<FusesimRtlFusedInputs> in_;
  std::unique_ptr<FusesimRtlFusedOutputs> out_;
  // What the pointers of in_ point to.
  std::vector<std::uint16_t> lane_index_, ending_channel_, ending_place_;
  std::vector<std::int16_t> lane_weight_, ending_mask_, ending_levels_, write_x_;
  std::vector<std::uint8_t> ending_lanes_;
  std::vector<std::int8_t> write_v_, residual_;
  /// Views of the model's state, refreshed when something else is asked for than the last time, or after an edge.
  struct View {
    bool valid = false;
    std::uint32_t channel = 0, place = 0;
    const std::uint32_t* pes = nullptr;
    const std::uint8_t *mask1 = nullptr, *mask2 = nullptr, *levels = nullptr;
  };
  mutable View view_;
};

}  // namespace fusesim::rtl
