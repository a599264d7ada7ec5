// SPDX-License-Identifier: Apache-2.0
#include "tests/support/hazard_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

namespace fusesim::test {
namespace {

using isa::machine::Instruction;
using isa::machine::Pad;
using isa::machine::queue_count;
using isa::machine::Waits;

/// Of one byte. Tokens count from 1; 0 is never.
struct Byte {
  std::array<std::uint32_t, queue_count> written{}, read{};
  bool holds = false;
};

class Checker {
 public:
  explicit Checker(const isa::machine::Program& program) : program_(program), dram_(program.dram_bytes()) {
    for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) {
      pads_[static_cast<std::size_t>(pad)].resize(program.core.pad(pad).bytes);
    }
    for (const isa::machine::Section& section : program.sections) {
      const bool given = section.role != isa::machine::Role::intermediate && section.role != isa::machine::Role::output;
      if (given) std::fill_n(dram_.begin() + static_cast<std::ptrdiff_t>(section.address), section.bytes, from_start);
    }
  }

  std::optional<std::string> run() {
    for (index_ = 0; index_ < program_.instructions.size() && !problem_; ++index_) step(program_.instructions[index_]);
    for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) {
      const auto& bytes = pads_[static_cast<std::size_t>(pad)];
      const auto held = std::count_if(bytes.begin(), bytes.end(), [](const Byte& byte) { return byte.holds; });
      if (held > 0 && !problem_) {
        problem_ = fmt::format("{} bytes of the {} scratchpad are never released", held, name(pad));
      }
    }
    return problem_;
  }

 private:
  void step(const Instruction& instruction) {
    queue_ = static_cast<std::size_t>(instruction.queue());
    known_ = done_[queue_].empty() ? Waits{} : start_[queue_];
    for (std::size_t q = 0; q < queue_count; ++q) {
      const std::uint32_t count = instruction.waits[q];
      if (count == 0) continue;
      if (count > done_[q].size()) return fail("waits for an instruction that does not come before it");
      for (std::size_t k = 0; k < queue_count; ++k) known_[k] = std::max(known_[k], done_[q][count - 1][k]);
    }
    // The PEs belong to the array or to the fused block: the latter starts when all before it in its queue has
    // completed, and what comes after it waits for it.
    if (instruction.queue() == isa::machine::Queue::compute) {
      if ((instruction.is_fused() || fused_before_) && !done_[queue_].empty()) {
        for (std::size_t k = 0; k < queue_count; ++k) known_[k] = std::max(known_[k], done_[queue_].back()[k]);
      }
      fused_before_ = instruction.is_fused();
    }
    start_[queue_] = known_;
    token_ = static_cast<std::uint32_t>(done_[queue_].size() + 1);

    std::visit([this](const auto& work) { access(work); }, instruction.work);

    Waits done = known_;
    if (!done_[queue_].empty()) {
      for (std::size_t k = 0; k < queue_count; ++k) done[k] = std::max(done[k], done_[queue_].back()[k]);
    }
    done[queue_] = token_;
    done_[queue_].push_back(done);
    // A release is one more write, when the instruction completes: what is known by then counts.
    known_ = done;
    for (const isa::machine::Release& release : instruction.releases) {
      for (std::uint32_t i = 0; i < release.bytes; ++i) {
        Byte& byte = pads_[static_cast<std::size_t>(release.pad)][release.address + i];
        if (!ordered(byte.written) || !ordered(byte.read)) {
          return fail(fmt::format("releases byte 0x{:x} of the {} scratchpad that another instruction may still use",
                                  release.address + i, name(release.pad)));
        }
        byte = {};
        byte.written[queue_] = token_;
      }
    }
  }

  [[nodiscard]] bool ordered(const std::array<std::uint32_t, queue_count>& tokens) const {
    for (std::size_t q = 0; q < queue_count; ++q) {
      if (tokens[q] > known_[q]) return false;
    }
    return true;
  }

  void fail(const std::string& what) {
    if (!problem_) {
      problem_ = fmt::format("instruction {} ({}, {}) {}", index_, name(program_.instructions[index_]),
                             program_.layers[program_.instructions[index_].layer], what);
    }
  }

  void read(Pad pad, std::uint64_t address, std::uint64_t bytes) {
    for (std::uint64_t i = address; i < address + bytes; ++i) {
      Byte& byte = pads_[static_cast<std::size_t>(pad)].at(i);
      if (!byte.holds) fail(fmt::format("reads byte 0x{:x} of {}, which holds nothing", i, name(pad)));
      if (!ordered(byte.written)) fail(fmt::format("reads byte 0x{:x} of {} too early", i, name(pad)));
      byte.read[queue_] = token_;
    }
  }
  void write(Pad pad, std::uint64_t address, std::uint64_t bytes) {
    for (std::uint64_t i = address; i < address + bytes; ++i) {
      Byte& byte = pads_[static_cast<std::size_t>(pad)].at(i);
      if (!ordered(byte.written) || !ordered(byte.read)) {
        fail(fmt::format("writes byte 0x{:x} of {} too early", i, name(pad)));
      }
      byte = {};
      byte.written[queue_] = token_;
      byte.holds = true;
    }
  }

  template <typename Run>
  static void for_runs(const isa::machine::Transfer& t, Run run) {
    for (std::uint32_t k = 0; k < t.counts[2]; ++k) {
      for (std::uint32_t j = 0; j < t.counts[1]; ++j) {
        for (std::uint32_t i = 0; i < t.counts[0]; ++i) {
          run(t.dram + i * t.dram_strides[0] + j * t.dram_strides[1] + k * t.dram_strides[2],
              t.address + std::uint64_t{i} * t.pad_strides[0] + std::uint64_t{j} * t.pad_strides[1] +
                  std::uint64_t{k} * t.pad_strides[2]);
        }
      }
    }
  }

  void access(const isa::machine::Load& load) {
    for_runs(load, [&](std::uint64_t dram, std::uint64_t pad) {
      for (std::uint64_t i = dram; i < dram + load.run_bytes; ++i) {
        const std::uint32_t by = dram_.at(i);
        if (by == 0) fail(fmt::format("reads byte 0x{:x} of DRAM, which holds nothing", i));
        if (by != from_start && by > known_[static_cast<std::size_t>(isa::machine::Queue::store)]) {
          fail(fmt::format("reads byte 0x{:x} of DRAM too early", i));
        }
      }
      write(load.pad, pad, load.run_bytes);
    });
  }

  void access(const isa::machine::Store& store) {
    for_runs(store, [&](std::uint64_t dram, std::uint64_t pad) {
      for (std::uint64_t i = dram; i < dram + store.run_bytes; ++i) {
        if (dram_.at(i) != 0) fail(fmt::format("stores byte 0x{:x} of DRAM, which holds something", i));
        dram_[i] = token_;
      }
      read(store.pad, pad, store.run_bytes);
    });
  }

  void access(const isa::machine::Compute& compute) {
    const isa::ConvGeometry& g = compute.geometry;
    for (std::uint32_t c = 0; c < g.in_channels; ++c) {
      for (std::uint32_t y = 0; y < g.in_height; ++y) {
        read(Pad::activations, compute.input.address + c * compute.input.channel_pitch + y * compute.input.line_pitch,
             g.in_width);
      }
    }
    const std::uint32_t taps = g.in_channels / g.groups * g.kernel_height * g.kernel_width;
    for (std::uint32_t t = 0; t < taps; ++t) {
      read(Pad::weights, compute.weights + std::uint64_t{t} * compute.weights_pitch, g.out_channels);
    }
    write(Pad::outputs, compute.output, std::uint64_t{4} * g.out_channels * g.out_height * g.out_width);
  }

  void access(const isa::machine::Vector& v) {
    using enum isa::machine::VectorKind;
    const bool pool = v.kind == max_pool || v.kind == average_pool;
    const auto map = [&](const isa::machine::VectorOperand& at, std::uint32_t height, std::uint32_t width,
                         bool writes) {
      for (std::uint32_t c = 0; c < v.channels; ++c) {
        for (std::uint32_t y = 0; y < height; ++y) {
          const std::uint64_t line =
              at.address + std::uint64_t{c} * at.channel_pitch + std::uint64_t{y} * at.line_pitch;
          writes ? write(at.pad, line, width) : read(at.pad, line, width);
        }
      }
    };
    map(v.a, pool ? v.window.in_height : v.height, pool ? v.window.in_width : v.width * (v.kind == requantize ? 4 : 1),
        false);
    if (v.kind == add) map(v.b, v.height, v.width, false);
    if (v.kind == scale) map(v.b, 1, 1, false);
    if (v.kind == requantize) {
      read(Pad::weights, v.parameters, std::uint64_t{isa::machine::channel_parameter_bytes} * v.channels);
    }
    if (v.has_table) read(Pad::weights, v.table, isa::machine::table_bytes);
    map(v.result, v.height, v.width, true);
  }

  template <typename Touch>
  static void for_lines(const isa::machine::FusedMap& map, std::uint32_t channels, std::uint32_t rows, Touch touch) {
    for (std::uint32_t c = 0; c < channels; ++c) {
      for (std::uint32_t y = 0; y < rows; ++y) {
        touch(map.address + std::uint64_t{c} * map.channel_pitch + std::uint64_t{y} * map.line_pitch);
      }
    }
  }

  void access(const isa::machine::FusedTile& work) {
    const isa::machine::FusedGeometry& g = work.geometry;
    for_lines(work.input, g.channels, g.region_rows,
              [&](std::uint64_t line) { read(Pad::activations, line, g.region_columns); });
    loaded_[work.buffer] = g;
  }

  void access(const isa::machine::FusedPredict& work) {
    if (loaded_[work.buffer] != work.geometry) fail("predicts for a tile of another geometry than was loaded");
    read(Pad::weights, work.lists, work.lists_bytes);
    predicted_ = work.geometry;
  }

  void access(const isa::machine::FusedAccumulate& work) {
    const isa::machine::FusedGeometry& g = work.geometry;
    if (loaded_[work.buffer] != g || predicted_ != g) fail("reads a tile or masks of another geometry");
    read(Pad::weights, work.lists, work.lists_bytes);
    read(Pad::weights, work.parameters, std::uint64_t{isa::machine::channel_parameter_bytes} * work.out_channels);
    if (work.residual) {
      for_lines(work.residual->map, work.out_channels, g.out_rows,
                [&](std::uint64_t line) { read(Pad::activations, line, g.out_columns); });
    }
    for_lines(work.output, work.out_channels, g.out_rows,
              [&](std::uint64_t line) { write(Pad::outputs, line, g.out_columns); });
    if (work.next) access(*work.next);
  }

  const isa::machine::Program& program_;
  /// By byte, the store that wrote it. Nothing is stored twice, so nothing that was read is written later.
  static constexpr std::uint32_t from_start = ~0U;
  std::vector<std::uint32_t> dram_;
  std::array<std::vector<Byte>, isa::machine::pad_count> pads_;
  std::array<std::vector<Waits>, queue_count> done_;  ///< Known complete when the n-th of a queue completes.
  std::array<Waits, queue_count> start_{};            ///< Known complete when the last one started.
  std::size_t index_ = 0, queue_ = 0;
  std::uint32_t token_ = 0;
  bool fused_before_ = false;
  std::array<std::optional<isa::machine::FusedGeometry>, 2> loaded_;  ///< What the input tiles hold,
  std::optional<isa::machine::FusedGeometry> predicted_;              ///< and the masks.
  Waits known_{};
  std::optional<std::string> problem_;
};

}  // namespace

std::optional<std::string> find_hazard(const isa::machine::Program& program) {
  return Checker(program).run();
}

}  // namespace fusesim::test
