// SPDX-License-Identifier: Apache-2.0
// Random traffic for a fused core that keeps to the order of words of docs/fused.md and to nothing else: words of any
// length, stalls between them, tiles written meanwhile, another geometry for every tile. Sees to it that what it sends
// does something (survive, end, overflow a queue), so that faults can show.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "hw/fused/fused_core.h"

namespace fusesim::test {

class FusedTraffic {
 public:
  /// Clocks the core (cores) with the inputs; false to stop. The core tells what is ready.
  using Clock = std::function<bool(const fused::CoreInputs&)>;

  /// `core` is looked at only. Both must outlive the traffic.
  FusedTraffic(const fused::FusedCore& core, Clock clock, std::uint64_t seed);

  /// What happens around words; all may be empty.
  struct Hooks {
    /// Sums of these middle channels and places are about to end; the region has `positions` positions.
    std::function<void(std::uint32_t channel, std::uint32_t place, std::uint32_t positions)> ending;
    /// The predictor is done: masks of `channels` channels and levels of `places` places stand.
    std::function<void(std::uint32_t channels, std::uint32_t positions, std::uint32_t places)> predicted;
  };
  Hooks hooks;

  /// Loads a tile, predicts and accumulates once. False when the clock said so.
  bool episode();

  // What has been seen so far.
  struct Seen {
    std::uint64_t clocks = 0, held = 0, expand = 0, depthwise = 0, terms = 0, results = 0, tile_writes = 0;
  };
  [[nodiscard]] const Seen& seen() const { return seen_; }

 private:
  [[nodiscard]] std::uint32_t pick(std::uint32_t low, std::uint32_t high);  ///< Both included.
  [[nodiscard]] bool chance(double probability);
  [[nodiscard]] fused::Geometry random_geometry();
  [[nodiscard]] fused::OutputParameters random_parameters();
  void random_tile(std::uint32_t count);
  void random_ending(fused::Ending& ending, const std::vector<std::uint32_t>& order, std::uint32_t& next,
                     bool depthwise);

  void cycle(const fused::Word& word);
  void idle_cycles(std::uint32_t count);
  /// Presents the word until it is taken.
  void present(const fused::Word& word);
  void write_tile(std::uint8_t buffer, const fused::Geometry& geometry);
  void predict();
  void predictor_words(fused::WordKind kind, std::uint32_t pass);
  void accumulate();
  void list(bool channel_end);

  const fused::FusedCore& core_;
  const fused::Config& config_;
  Clock clock_;
  std::mt19937_64 random_;
  bool running_ = true;
  Seen seen_;

  std::uint32_t pes_;
  fused::Geometry geometry_;
  std::uint8_t buffer_ = 0;
  std::uint32_t round_channels_ = 1;
  std::vector<std::uint32_t> round_;  ///< Middle channels of the round.
  double idle_chance_ = 0;
  int survival_ = 0;  ///< Lowers mask thresholds: more survive.
  fused::OutputParameters parameters_;
  std::vector<std::int8_t> residual_;
  std::vector<std::int16_t> tile_x_;
  std::vector<std::int8_t> tile_v_;
  std::vector<fused::Lane> lanes_;
  std::vector<fused::Ending> endings_;
  fused::Geometry background_;  ///< Of the tile that is written while words run.
};

}  // namespace fusesim::test
