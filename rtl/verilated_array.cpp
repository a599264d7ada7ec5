// SPDX-License-Identifier: Apache-2.0
#include "rtl/verilated_array.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <tuple>

#include "rtl/plugin.h"

namespace fusesim::rtl {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "fusesim_rtl_", bare_suffix = "_bare", extension = ".so";

std::uint32_t stages(const isa::ArrayConfig& config) {
  return config.fuse_links ? config.broadcast_stages : 0;
}

fs::path file_of(const isa::ArrayConfig& config, const fs::path& folder, std::string_view suffix) {
  return folder / fmt::format("{}{}{}{}", prefix, configuration_name(config), suffix, extension);
}

/// The command that builds the shared object.
std::string build_command(const isa::ArrayConfig& config, const fs::path& folder, std::string_view suffix) {
  std::string command = fmt::format("{} {}x{}", build_tool(folder), config.rows, config.cols);
  if (config.accumulators == isa::Accumulators::single) command += " --single";
  if (!config.fuse_links) command += " --no-fuse";
  if (stages(config) != 0) command += fmt::format(" --stages {}", stages(config));
  if (suffix == bare_suffix) command += " --bare";
  return command;
}

fs::path find(const isa::ArrayConfig& config, const fs::path& folder, std::string_view suffix) {
  isa::validate(config);
  fs::path file = file_of(config, folder, suffix);
  if (fs::exists(file)) return file;
  const std::vector<std::string> there = available_arrays(folder);
  throw NoSuchArray(fmt::format("no Verilated array {}{} in {} (there: {}); build it with: {}",
                                configuration_name(config), suffix, folder.string(),
                                there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", ")),
                                build_command(config, folder, suffix)));
}

/// Shared objects stay loaded until the program ends: models may outlive whoever loaded them.
const FusesimRtlPlugin& open(const isa::ArrayConfig& config, const fs::path& file) {
  // Plug-ins define the same symbols; RTLD_LOCAL keeps each to its own.
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw NoSuchArray(fmt::format("{}: {}", file.string(), dlerror()));
  using Entry = decltype(&fusesim_rtl_plugin);
  const auto entry = reinterpret_cast<Entry>(dlsym(handle, "fusesim_rtl_plugin"));
  if (entry == nullptr)
    throw NoSuchArray(fmt::format("{}: not a Verilated array (no fusesim_rtl_plugin)", file.string()));
  const FusesimRtlPlugin& plugin = *entry();
  const auto suffix = plugin.version == fusesim_rtl_plugin_version && plugin.observed == 0 ? bare_suffix : "";
  if (plugin.version != fusesim_rtl_plugin_version || std::string_view(plugin.source_digest) != FUSESIM_RTL_DIGEST) {
    throw NoSuchArray(fmt::format("{}: built from other sources than this program; build it again with: {}",
                                  file.string(), build_command(config, file.parent_path(), suffix)));
  }
  if (std::tie(plugin.rows, plugin.cols, plugin.banks) != std::tuple(config.rows, config.cols, config.banks()) ||
      plugin.fuse != (config.fuse_links ? 1U : 0U) || plugin.stages != stages(config)) {
    throw NoSuchArray(fmt::format("{}: holds an array {}x{}_b{}_f{}_s{}, not {}", file.string(), plugin.rows,
                                  plugin.cols, plugin.banks, plugin.fuse, plugin.stages, configuration_name(config)));
  }
  return plugin;
}

bool bit(std::uint32_t word, unsigned position) {
  return (word >> position & 1U) != 0;
}

}  // namespace

std::string configuration_name(const isa::ArrayConfig& config) {
  return fmt::format("{}x{}_b{}_f{}_s{}", config.rows, config.cols, config.banks(), config.fuse_links ? 1 : 0,
                     stages(config));
}

fs::path plugin_folder() {
  if (const char* folder = std::getenv("FUSESIM_RTL_DIR"); folder != nullptr && *folder != '\0') return folder;
  return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib" / "fusesim" / "rtl";
}

std::string build_tool(const fs::path& folder) {
  std::error_code ignored;
  const fs::path absolute = fs::absolute(folder, ignored).lexically_normal().parent_path().parent_path().parent_path();
  // The script reads relative paths from the root of the repository, which is where it is likely called from.
  const fs::path near = fs::proximate(absolute, ignored);
  const fs::path build = near.empty() || near.string().starts_with(".") ? absolute : near;
  return fmt::format("tools/build-rtl -B {}", build.string());
}

std::vector<std::string> available_arrays(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, missing)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with(prefix) || !file.ends_with(extension)) continue;
    names.push_back(file.substr(prefix.size(), file.size() - prefix.size() - extension.size()));
  }
  auto key = [](const std::string& name) {
    const std::size_t by = name.find('x');
    const long rows = std::strtol(name.c_str(), nullptr, 10);
    const long cols = by == std::string::npos ? 0 : std::strtol(name.c_str() + by + 1, nullptr, 10);
    return std::tuple(rows * cols, rows, name);
  };
  std::sort(names.begin(), names.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  return names;
}

VerilatedArray::VerilatedArray(const isa::ArrayConfig& config, const fs::path& folder)
    : VerilatedArray(config, Path{find(config, folder, "")}) {}

VerilatedArray::VerilatedArray(const isa::ArrayConfig& config, const Path& path)
    : config_(config), plugin_(&open(config, path.shared_object)), model_(plugin_->create()) {
  reset();
}

std::unique_ptr<VerilatedArray> VerilatedArray::bare(const isa::ArrayConfig& config, const fs::path& folder) {
  return std::unique_ptr<VerilatedArray>(new VerilatedArray(config, Path{find(config, folder, bare_suffix)}));
}

std::unique_ptr<VerilatedArray> VerilatedArray::load(const isa::ArrayConfig& config, const fs::path& shared_object) {
  return std::unique_ptr<VerilatedArray>(new VerilatedArray(config, Path{shared_object}));
}

VerilatedArray::~VerilatedArray() {
  plugin_->destroy(model_);
}

void VerilatedArray::check_assertions(bool on) {
  plugin_->check_assertions(model_, on ? 1 : 0);
}

void VerilatedArray::reset() {
  plugin_->reset(model_);
  state_ = nullptr;
}

void VerilatedArray::clock(const array::EdgeInputs& in, array::EdgeOutputs& out) {
  const FusesimRtlInputs ports{static_cast<std::uint8_t>(in.enable ? 1 : 0),
                               static_cast<std::uint8_t>(in.skewed ? 1 : 0),
                               in.left.data(),
                               in.left_valid.data(),
                               static_cast<std::uint8_t>(in.left_first ? 1 : 0),
                               in.left_bank,
                               in.tap.data(),
                               in.tap_valid.data(),
                               static_cast<std::uint8_t>(in.tap_first ? 1 : 0),
                               in.tap_bank,
                               in.top.data(),
                               in.top_valid.data(),
                               in.drain.data(),
                               in.drain_bank};
  state_ = nullptr;
  const char* failure = plugin_->clock(model_, &ports, out.valid.data(), out.data.data());
  for (std::uint32_t j = 0; j < config_.cols; ++j) {
    if (out.valid[j] == 0) out.data[j] = 0;
  }
  if (failure != nullptr) throw AssertionFailed(failure);
}

void VerilatedArray::observe() const {
  if (state_ != nullptr) return;
  if (plugin_->observed == 0) {
    throw std::logic_error("Verilated array " + configuration_name(config_) + " was built without observation");
  }
  plugin_->observe(model_, &state_, &accumulators_);
}

array::PeState VerilatedArray::pe(std::uint32_t row, std::uint32_t col) const {
  observe();
  const std::size_t cells = std::size_t{config_.rows} * config_.cols, cell = std::size_t{row} * config_.cols + col;
  const std::uint32_t word = state_[cell];
  array::PeState pe;
  pe.a = static_cast<std::int8_t>(word & 0xff);
  pe.w = static_cast<std::int8_t>(word >> 8 & 0xff);
  pe.lv = bit(word, 16);
  pe.lf = bit(word, 17);
  pe.lb = bit(word, 18) ? 1 : 0;
  pe.wv = bit(word, 19);
  pe.fv = bit(word, 20);
  pe.ff = bit(word, 21);
  pe.fb = bit(word, 22) ? 1 : 0;
  pe.full[0] = bit(word, 23);
  pe.full[1] = bit(word, 24);
  pe.mv = bit(word, 25);
  pe.mb = bit(word, 26) ? 1 : 0;
  for (std::uint32_t bank = 0; bank < config_.banks(); ++bank) pe.acc[bank] = accumulators_[bank * cells + cell];
  return pe;
}

void VerilatedArray::read_accumulators(std::uint32_t bank, std::span<std::int32_t> out) const {
  observe();
  const std::size_t cells = std::size_t{config_.rows} * config_.cols;
  std::copy_n(accumulators_ + bank * cells, cells, out.begin());
}

}  // namespace fusesim::rtl
