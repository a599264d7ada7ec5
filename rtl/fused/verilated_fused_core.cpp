// SPDX-License-Identifier: Apache-2.0
#include "rtl/fused/verilated_fused_core.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <system_error>

#include "rtl/fused/plugin.h"

namespace fusesim::rtl {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "fusesim_fused_", extension = ".so";

/// The command that builds the shared object.
std::string build_command(const std::string& name, const fs::path& folder) {
  return fmt::format("{} --fused {}", build_tool(folder), name);
}

fs::path find(const fused::Config& config, const fs::path& folder) {
  const std::string name = configuration_name(config);
  fs::path file = folder / fmt::format("{}{}{}", prefix, name, extension);
  if (fs::exists(file)) return file;
  const std::vector<std::string> there = available_fused_cores(folder);
  throw NoSuchFusedCore(fmt::format("no Verilated fused block {} in {} (there: {}); build it with: {}", name,
                                    folder.string(), there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", ")),
                                    build_command(name, folder)));
}

/// Shared objects stay loaded until the program ends: models may outlive whoever loaded them.
const FusesimRtlFusedPlugin& open(const fused::Config& config, const fs::path& file) {
  const std::string name = configuration_name(config);
  // Plug-ins define the same symbols; RTLD_LOCAL keeps each to its own.
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw NoSuchFusedCore(fmt::format("{}: {}", file.string(), dlerror()));
  using Entry = decltype(&fusesim_rtl_fused_plugin);
  const auto entry = reinterpret_cast<Entry>(dlsym(handle, "fusesim_rtl_fused_plugin"));
  if (entry == nullptr) {
    throw NoSuchFusedCore(fmt::format("{}: not a Verilated fused block (no fusesim_rtl_fused_plugin)", file.string()));
  }
  const FusesimRtlFusedPlugin& plugin = *entry();
  if (plugin.version != fusesim_rtl_fused_version ||
      std::string_view(plugin.source_digest) != FUSESIM_RTL_FUSED_DIGEST) {
    throw NoSuchFusedCore(fmt::format("{}: built from other sources than this program; build it again with: {}",
                                      file.string(), build_command(name, file.parent_path())));
  }
  if (plugin.configuration != name) {
    throw NoSuchFusedCore(fmt::format("{}: holds a fused block {}, not {}", file.string(), plugin.configuration, name));
  }
  return plugin;
}

std::uint8_t flag(bool value) {
  return value ? 1 : 0;
}

bool bit(const std::uint8_t* bits, std::size_t index) {
  return (bits[index / 8] >> (index % 8) & 1) != 0;
}

}  // namespace

std::string configuration_name(const fused::Config& config) {
  return fmt::format("{}x{}_{}_l{}_a{}_q{}_w{}_f{}_m{}_p{}_v{}_t{}_b{}_o{}", config.tile_rows, config.tile_columns,
                     isa::machine::name(config.mode), config.lanes, config.adders, config.queue_depth,
                     config.adder_bits, config.ladders, config.mask_channels, config.mask_positions,
                     config.level_channels, config.tile_bytes, config.tile_port_bytes, config.output_lanes);
}

std::vector<std::string> available_fused_cores(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, missing)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with(prefix) || !file.ends_with(extension)) continue;
    names.push_back(file.substr(prefix.size(), file.size() - prefix.size() - extension.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

VerilatedFusedCore::VerilatedFusedCore(const fused::Config& config, const fs::path& folder)
    : VerilatedFusedCore(config, Path{find(config, folder)}) {}

VerilatedFusedCore::VerilatedFusedCore(const fused::Config& config, const Path& path)
    : config_(config),
      plugin_(&open(config, path.shared_object)),
      in_(std::make_unique<FusesimRtlFusedInputs>()),
      out_(std::make_unique<FusesimRtlFusedOutputs>()),
      lane_index_(config.lanes),
      ending_channel_(config.ladders),
      ending_place_(config.ladders),
      lane_weight_(config.lanes),
      ending_mask_(config.ladders),
      ending_levels_(std::size_t{7} * config.ladders),
      write_x_(config.tile_port_bytes),
      ending_lanes_(config.ladders),
      write_v_(config.tile_port_bytes),
      residual_(config.output_lanes) {
  in_->lane_index = lane_index_.data();
  in_->lane_weight = lane_weight_.data();
  in_->ending_lanes = ending_lanes_.data();
  in_->ending_channel = ending_channel_.data();
  in_->ending_place = ending_place_.data();
  in_->ending_mask = ending_mask_.data();
  in_->ending_levels = ending_levels_.data();
  in_->write_x = write_x_.data();
  in_->write_v = write_v_.data();
  in_->residual = residual_.data();
  model_ = plugin_->create();
  plugin_->outputs(model_, out_.get());
}

std::unique_ptr<VerilatedFusedCore> VerilatedFusedCore::load(const fused::Config& config,
                                                             const fs::path& shared_object) {
  return std::unique_ptr<VerilatedFusedCore>(new VerilatedFusedCore(config, Path{shared_object}));
}

VerilatedFusedCore::~VerilatedFusedCore() {
  plugin_->destroy(model_);
}

void VerilatedFusedCore::check_assertions(bool on) {
  check_assertions_ = on;
  plugin_->check_assertions(model_, on ? 1 : 0);
}

/// The memories have no reset: a new model has them empty.
void VerilatedFusedCore::reset() {
  plugin_->destroy(model_);
  model_ = plugin_->create();
  plugin_->check_assertions(model_, check_assertions_ ? 1 : 0);
  plugin_->outputs(model_, out_.get());
  view_ = {};
}

void VerilatedFusedCore::clock(const fused::CoreInputs& in) {
  in_->kind = static_cast<std::uint8_t>(in.word.kind);
  if (in.word.kind != fused::WordKind::none) {
    put_geometry(in.geometry);
    in_->buffer = in.buffer;
    put_word(in.word);
  }
  in_->write = flag(in.tile.has_value());
  if (in.tile) put_tile(*in.tile);
  put_parameters(in.parameters);
  std::fill(std::copy(in.residual.begin(), in.residual.end(), residual_.begin()), residual_.end(), std::int8_t{0});
  view_.valid = false;
  const char* failure = plugin_->clock(model_, in_.get(), out_.get());
  if (failure != nullptr) throw AssertionFailed(failure);
}

void VerilatedFusedCore::put_geometry(const fused::Geometry& geometry) {
  in_->kernel = static_cast<std::uint8_t>(geometry.kernel);
  in_->twice = flag(geometry.stride == 2);
  in_->pad_top = static_cast<std::uint8_t>(geometry.pad_top);
  in_->pad_left = static_cast<std::uint8_t>(geometry.pad_left);
  in_->region_rows = static_cast<std::uint16_t>(geometry.region_rows);
  in_->region_columns = static_cast<std::uint16_t>(geometry.region_columns);
  in_->out_rows = static_cast<std::uint16_t>(geometry.out_rows);
  in_->out_columns = static_cast<std::uint16_t>(geometry.out_columns);
}

void VerilatedFusedCore::put_word(const fused::Word& word) {
  in_->lane_count = static_cast<std::uint8_t>(word.lanes.size());
  for (std::size_t l = 0; l < word.lanes.size(); ++l) {
    lane_index_[l] = word.lanes[l].index;
    lane_weight_[l] = word.lanes[l].weight;
  }
  in_->ending_count = static_cast<std::uint8_t>(word.endings.size());
  in_->ending_falling = 0;
  for (std::size_t f = 0; f < word.endings.size(); ++f) {
    const fused::Ending& ending = word.endings[f];
    ending_lanes_[f] = ending.lanes;
    ending_channel_[f] = ending.channel;
    ending_place_[f] = ending.level;
    in_->ending_falling = static_cast<std::uint16_t>(in_->ending_falling | flag(ending.falling) << f);
    ending_mask_[f] = ending.mask;
    std::copy_n(ending.levels, 7, ending_levels_.begin() + static_cast<std::ptrdiff_t>(7 * f));
  }
  in_->pass = word.pass;
  in_->open_place = word.open_level;
  in_->last = flag(word.last);
  in_->channel_end = flag(word.channel_end);
  in_->every_tap = flag(word.every_tap);
  in_->tap = word.tap;
  in_->constant = flag(word.constant);
  in_->shift = word.shift;
  in_->channel = word.channel;
}

void VerilatedFusedCore::put_tile(const fused::TileWrite& tile) {
  in_->write_buffer = tile.buffer;
  in_->write_count = static_cast<std::uint16_t>(tile.x.size());
  in_->write_address = std::uint32_t{tile.channel} * tile.positions + tile.position;
  std::copy(tile.x.begin(), tile.x.end(), write_x_.begin());
  std::copy(tile.v.begin(), tile.v.end(), write_v_.begin());
}

void VerilatedFusedCore::put_parameters(const fused::OutputParameters& parameters) {
  in_->bias = parameters.bias;
  in_->multiplier = parameters.multiplier;
  in_->out_shift = static_cast<std::uint8_t>(parameters.shift);
  in_->zero_out = static_cast<std::int8_t>(parameters.zero_out);
  in_->lowest = parameters.lowest;
  in_->highest = parameters.highest;
  in_->add_residual = flag(parameters.residual);
  in_->zero_a = static_cast<std::int8_t>(parameters.zero_a);
  in_->zero_b = static_cast<std::int8_t>(parameters.zero_b);
  in_->residual_zero_out = static_cast<std::int8_t>(parameters.residual_zero_out);
  in_->multiplier_a = parameters.multiplier_a;
  in_->multiplier_b = parameters.multiplier_b;
  in_->residual_shift = static_cast<std::uint8_t>(parameters.residual_shift);
  in_->residual_lowest = parameters.residual_lowest;
  in_->residual_highest = parameters.residual_highest;
}

bool VerilatedFusedCore::ready() const {
  return out_->ready != 0;
}

bool VerilatedFusedCore::held() const {
  return out_->held != 0;
}

bool VerilatedFusedCore::takes() const {
  return out_->takes != 0;
}

std::optional<std::uint32_t> VerilatedFusedCore::output_group() const {
  if (out_->busy == 0) return std::nullopt;
  return out_->group;
}

std::optional<fused::Emitted> VerilatedFusedCore::emitted() const {
  if (out_->emits == 0) return std::nullopt;
  const std::uint32_t first = out_->emitted_group * config_.output_lanes;
  const std::uint32_t count = std::min(config_.output_lanes, config_.tile_rows * config_.tile_columns - first);
  return fused::Emitted{out_->emitted_group, std::span(out_->emitted, count)};
}

bool VerilatedFusedCore::idle() const {
  return out_->idle != 0;
}

void VerilatedFusedCore::observe(std::uint32_t channel, std::uint32_t place) const {
  if (view_.valid && view_.channel == channel && view_.place == place) return;
  plugin_->observe(model_, static_cast<std::uint16_t>(channel), static_cast<std::uint16_t>(place), &view_.pes,
                   &view_.mask1, &view_.mask2, &view_.levels);
  view_.valid = true;
  view_.channel = channel;
  view_.place = place;
}

fused::FusedPeState VerilatedFusedCore::pe(std::uint32_t index) const {
  observe(view_.channel, view_.place);
  const std::uint32_t* words = view_.pes + std::size_t{8} * index;
  const auto value = [words](int word) { return static_cast<std::int32_t>(words[word]); };
  fused::FusedPeState state;
  state.ternary_sum = value(0);
  state.sum = value(1);
  state.multiply = (words[4] & 1) != 0;
  state.factor = value(2);
  state.operand = static_cast<std::int16_t>(value(3));
  state.multiply_end = (words[4] >> 1 & 1) != 0;
  state.acc = value(5);
  state.result_valid = (words[4] >> 2 & 1) != 0;
  state.result = value(6);
  state.queued = words[7];
  state.started = (words[4] >> 3 & 1) != 0;
  return state;
}

bool VerilatedFusedCore::mask1(std::uint32_t channel, std::uint32_t position) const {
  observe(channel, view_.place);
  return bit(view_.mask1, position);
}

bool VerilatedFusedCore::mask2(std::uint32_t channel, std::uint32_t pe) const {
  observe(channel, view_.place);
  return bit(view_.mask2, pe);
}

std::uint8_t VerilatedFusedCore::level(std::uint32_t place, std::uint32_t position) const {
  observe(view_.channel, place);
  const std::size_t first = std::size_t{3} * position;
  return static_cast<std::uint8_t>(flag(bit(view_.levels, first)) | flag(bit(view_.levels, first + 1)) << 1 |
                                   flag(bit(view_.levels, first + 2)) << 2);
}

}  // namespace fusesim::rtl
