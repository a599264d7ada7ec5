// SPDX-License-Identifier: Apache-2.0
// Runs of whole machines with all that they leave behind, and what must hold of any of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <tuple>
#include <vector>

#include "hw/accelerator/machine.h"
#include "tests/support/machine_interpreter.h"
#include "tests/support/random_instruction.h"

namespace fusesim::accelerator::test {

using fusesim::test::Random;

/// A memory, a DMA and a clock; small queues now and then.
inline MachineOptions random_options(Random& random) {
  MachineOptions options;
  MemoryConfig& memory = options.memory;
  constexpr const char* standards[] = {"DDR4-2400", "LPDDR4-3200", "HBM2-2000", "fixed"};
  memory.standard = standards[random.between(0, 3)];
  memory.fixed_gigabytes_per_second = random.between(1, 200) / 4.0;
  memory.fixed_latency_ns = random.between(0, 200);
  memory.scheduler = random.chance(0.5) ? "fcfs" : "fr_fcfs";
  memory.queue_bursts = random.between(1, 40);
  memory.refresh = random.chance(0.7);
  memory.dma_request_bytes = 16U << random.between(0, 7);
  memory.dma_outstanding = random.between(1, 10);
  memory.dma_descriptors = random.between(1, 5);
  constexpr const char* arbitrations[] = {"round_robin", "load_first", "store_first"};
  memory.dma_arbitration = arbitrations[random.between(0, 2)];
  options.clock_mhz = random.chance(0.5) ? 1000 : random.between(50, 3000);
  options.keep_tensors = true;
  return options;
}

struct Watched {
  MachineResult result;
  std::vector<std::tuple<std::uint32_t, std::uint64_t, std::uint64_t, std::uint64_t>> folds;
  std::vector<std::tuple<std::uint64_t, isa::machine::Pad, std::uint64_t>> occupancy;
  std::vector<std::tuple<std::uint64_t, bool, std::uint32_t>> requests;
};

inline Watched watch(const isa::machine::Program& program, MachineOptions options, Fidelity fidelity) {
  Watched watched;
  options.fidelity = fidelity;
  options.observer.fold = [&](std::uint32_t instruction, std::uint64_t fold, std::uint64_t start, std::uint64_t end) {
    watched.folds.emplace_back(instruction, fold, start, end);
  };
  options.observer.occupancy = [&](std::uint64_t cycle, isa::machine::Pad pad, std::uint64_t bytes) {
    watched.occupancy.emplace_back(cycle, pad, bytes);
  };
  options.observer.request = [&](std::uint64_t cycle, bool write, std::uint32_t bytes) {
    watched.requests.emplace_back(cycle, write, bytes);
  };
  watched.result = run(program, program.core, options);
  // Folds of an instruction come in order, those of several in any.
  std::sort(watched.folds.begin(), watched.folds.end());
  return watched;
}

/// Everything that does not depend on values.
inline void expect_equal_times(const Watched& a, const Watched& b) {
  const control::machine::Record &x = a.result.record, &y = b.result.record;
  ASSERT_EQ(x.instructions.size(), y.instructions.size());
  for (std::size_t i = 0; i < x.instructions.size(); ++i) {
    const auto &l = x.instructions[i], &r = y.instructions[i];
    EXPECT_EQ(l.decoded, r.decoded) << "instruction " << i;
    EXPECT_EQ(l.start, r.start) << "instruction " << i;
    EXPECT_EQ(l.end, r.end) << "instruction " << i;
    EXPECT_EQ(l.folds, r.folds) << "instruction " << i;
    EXPECT_EQ(l.macs, r.macs) << "instruction " << i;
    EXPECT_EQ(l.dram_bytes, r.dram_bytes) << "instruction " << i;
    EXPECT_EQ(l.conflict_cycles, r.conflict_cycles) << "instruction " << i;
    EXPECT_EQ(l.read_bytes, r.read_bytes) << "instruction " << i;
    EXPECT_EQ(l.written_bytes, r.written_bytes) << "instruction " << i;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_EQ(x.cycles, y.cycles);
  EXPECT_EQ(x.causes, y.causes);
  EXPECT_EQ(x.layer_causes, y.layer_causes);
  EXPECT_EQ(x.pads, y.pads);
  EXPECT_EQ(x.dram_bytes_read, y.dram_bytes_read);
  EXPECT_EQ(x.dram_bytes_written, y.dram_bytes_written);
  ASSERT_EQ(x.statistics.size(), y.statistics.size());
  for (std::size_t unit = 0; unit < x.statistics.size(); ++unit) {
    ASSERT_EQ(x.statistics[unit].first, y.statistics[unit].first);
    for (std::size_t i = 0; i < x.statistics[unit].second.size(); ++i) {
      EXPECT_EQ(x.statistics[unit].second[i].value, y.statistics[unit].second[i].value)
          << x.statistics[unit].first << " " << x.statistics[unit].second[i].name;
    }
  }
  EXPECT_EQ(a.folds, b.folds);
  EXPECT_EQ(a.occupancy, b.occupancy);
  EXPECT_EQ(a.requests, b.requests);
}

inline void expect_equal(const Watched& a, const Watched& b) {
  expect_equal_times(a, b);
  const auto &x = a.result.record.instructions, &y = b.result.record.instructions;
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i].fused, y[i].fused) << "instruction " << i;
  EXPECT_EQ(a.result.tensors, b.result.tensors);
}

/// What a run that fails says.
inline std::string error_of(const isa::machine::Program& program, const MachineOptions& options) {
  try {
    static_cast<void>(run(program, program.core, options));
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

/// The tensors in DRAM are what the instructions give by their definitions, in program order.
inline void expect_meant(const isa::machine::Program& program, const Watched& watched) {
  fusesim::test::MachineInterpreter interpreter(program);
  interpreter.run();
  ASSERT_EQ(watched.result.tensors.size(), program.sections.size());
  for (std::size_t i = 0; i < program.sections.size(); ++i) {
    const isa::machine::Section& section = program.sections[i];
    if (section.role == isa::machine::Role::constant || section.role == isa::machine::Role::lists) {
      EXPECT_TRUE(watched.result.tensors[i].empty());
      continue;
    }
    const auto begin = interpreter.dram().begin() + static_cast<std::ptrdiff_t>(section.address);
    const std::vector<std::int8_t> meant(begin, begin + static_cast<std::ptrdiff_t>(section.bytes));
    EXPECT_EQ(watched.result.tensors[i], meant) << "section " << i;
  }
}

/// What a record says twice, it says alike; tokens and order of queues are kept.
inline void expect_consistent(const isa::machine::Program& program, const Watched& watched) {
  const control::machine::Record& record = watched.result.record;
  control::machine::CauseCycles sum{};
  std::uint64_t all = 0;
  for (const auto& layer : record.layer_causes) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += layer[i];
  }
  EXPECT_EQ(sum, record.causes);
  for (const std::uint64_t cycles : sum) all += cycles;
  EXPECT_EQ(all, record.cycles);

  std::array<std::vector<std::uint64_t>, isa::machine::queue_count> ends;
  std::uint64_t last = 0, read = 0, written = 0;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const auto& instruction = program.instructions[i];
    const auto& times = record.instructions[i];
    const auto queue = static_cast<std::size_t>(instruction.queue());
    EXPECT_LE(times.decoded, times.start);
    EXPECT_LT(times.start, times.end);
    for (std::size_t other = 0; other < ends.size(); ++other) {
      const std::uint32_t wait = instruction.waits[other];
      if (wait != 0) {
        EXPECT_LE(ends[other].at(wait - 1), times.start) << "instruction " << i;
      }
    }
    if (!ends[queue].empty()) {
      EXPECT_LE(ends[queue].back(), times.end) << "instruction " << i;
    }
    ends[queue].push_back(times.end);
    last = std::max(last, times.end);
    if (const auto* load = std::get_if<isa::machine::Load>(&instruction.work)) read += load->bytes();
    if (const auto* store = std::get_if<isa::machine::Store>(&instruction.work)) written += store->bytes();
  }
  EXPECT_EQ(record.cycles, last);
  EXPECT_EQ(record.dram_bytes_read, read);
  EXPECT_EQ(record.dram_bytes_written, written);
  std::uint64_t requested[2] = {0, 0}, cycle = 0;
  for (const auto& [at, write, bytes] : watched.requests) {
    EXPECT_LE(cycle, at);
    cycle = at;
    requested[write ? 1 : 0] += bytes;
  }
  EXPECT_EQ(requested[0], read);
  EXPECT_EQ(requested[1], written);
  std::array<std::uint64_t, isa::machine::pad_count> peaks{};
  cycle = 0;
  for (const auto& [at, pad, bytes] : watched.occupancy) {
    EXPECT_LE(cycle, at);
    cycle = at;
    auto& peak = peaks[static_cast<std::size_t>(pad)];
    peak = std::max(peak, bytes);
  }
  for (std::size_t pad = 0; pad < peaks.size(); ++pad) EXPECT_EQ(record.pads[pad].peak_bytes, peaks[pad]);
}

/// Where the cycles of a run went, from the times of its instructions and folds and the law alone.
class CausesByLaw {
 public:
  CausesByLaw(const isa::machine::Program& program, const Watched& watched)
      : program_(program),
        records_(watched.result.record.instructions),
        on_array(program.layers.size()),
        idle(program.layers.size()) {
    std::vector<bool> holds(watched.result.record.cycles);
    for (const auto& [instruction, fold, start, end] : watched.folds) {
      for (std::uint64_t cycle = start; cycle < end; ++cycle) holds.at(cycle) = true;
    }
    for (std::size_t i = 0; i < records_.size(); ++i) {
      if (!program.instructions[i].is_fused()) continue;
      for (std::uint64_t cycle = records_[i].start; cycle < records_[i].end; ++cycle) {
        EXPECT_FALSE(holds.at(cycle)) << "instruction " << i << " runs in cycle " << cycle << ", and so does another";
        holds[cycle] = true;
      }
    }
    for (cycle_ = 0; cycle_ < holds.size(); ++cycle_) {
      while (decoded_ < records_.size() && records_[decoded_].decoded <= cycle_) ++decoded_;
      if (holds[cycle_]) {
        ++on_array[program.instructions[started_last()].layer];
      } else {
        book_empty_cycle();
      }
    }
  }

 private:
  using Queue = isa::machine::Queue;
  using Cause = control::machine::Cause;
  const isa::machine::Program& program_;
  const std::vector<control::machine::InstructionRecord>& records_;
  std::uint64_t cycle_ = 0;
  std::size_t decoded_ = 0;

 public:
  /// By layer: cycles in which the array held a fold or a fused instruction ran,
  std::vector<std::uint64_t> on_array;
  std::vector<control::machine::CauseCycles> idle;  ///< and the others.

 private:
  [[nodiscard]] Queue queue(std::size_t index) const { return program_.instructions[index].queue(); }
  [[nodiscard]] std::size_t started_last() const {
    std::size_t last = 0;
    for (std::size_t i = 0; i < decoded_; ++i) {
      if (queue(i) == Queue::compute && records_[i].start <= cycle_) last = i;
    }
    return last;
  }
  /// The first of a queue that has not completed; the number of instructions when there is none.
  [[nodiscard]] std::size_t first_left(Queue which) const {
    for (std::size_t i = 0; i < records_.size(); ++i) {
      if (queue(i) == which && records_[i].end > cycle_) return i;
    }
    return records_.size();
  }
  void book_empty_cycle() {
    const std::size_t head = first_left(Queue::compute);
    if (head < decoded_) return follow(head);
    if (decoded_ < records_.size()) return follow(decoded_);
    for (const Queue each : {Queue::vector, Queue::store, Queue::load}) {
      if (first_left(each) < records_.size()) return follow(first_left(each));
    }
    ADD_FAILURE() << "nothing is left to do in cycle " << cycle_;
  }
  /// Whether the queue of the next instruction to be decoded has no place for it.
  [[nodiscard]] bool decoder_held_up() const {
    std::uint32_t waiting = 0;
    for (std::size_t i = 0; i < decoded_; ++i) {
      waiting += queue(i) == queue(decoded_) && records_[i].start >= cycle_ ? 1U : 0U;
    }
    return waiting >= program_.core.control.queue_depth;
  }
  void follow(std::size_t index, bool past_decoder = false) {
    if (index >= decoded_) {
      if (past_decoder || !decoder_held_up()) return book(Cause::control, decoded_);
      return follow(first_left(queue(decoded_)), true);
    }
    if (records_[index].start <= cycle_) {
      switch (queue(index)) {
        case Queue::load:
          return book(Cause::load, index);
        case Queue::vector:
          return book(Cause::vector, index);
        case Queue::store:
          return book(Cause::store, index);
        case Queue::compute:
          ADD_FAILURE() << "instruction " << index << " is under way in cycle " << cycle_ << " on an empty array";
          return;
      }
    }
    for (const Queue each : {Queue::load, Queue::vector, Queue::store, Queue::compute}) {
      std::uint32_t done = 0;
      for (std::size_t i = 0; i < decoded_; ++i) done += queue(i) == each && records_[i].end <= cycle_ ? 1U : 0U;
      if (done < program_.instructions[index].waits[static_cast<std::size_t>(each)])
        return follow(first_left(each), past_decoder);
    }
    ADD_FAILURE() << "instruction " << index << " could have started in cycle " << cycle_;
  }
  void book(Cause cause, std::size_t index) {
    ++idle[program_.instructions[index].layer][static_cast<std::size_t>(cause)];
  }
};

inline void expect_causes(const isa::machine::Program& program, const Watched& watched) {
  using control::machine::Cause;
  const CausesByLaw law(program, watched);
  for (std::size_t layer = 0; layer < program.layers.size(); ++layer) {
    const auto& booked = watched.result.record.layer_causes.at(layer);
    const auto of = [&](Cause cause) { return booked[static_cast<std::size_t>(cause)]; };
    EXPECT_EQ(of(Cause::compute) + of(Cause::fill) + of(Cause::drain) + of(Cause::conflict) + of(Cause::predict) +
                  of(Cause::stall),
              law.on_array[layer])
        << "layer " << layer;
    for (const Cause cause : {Cause::load, Cause::vector, Cause::store, Cause::control}) {
      EXPECT_EQ(of(cause), law.idle[layer][static_cast<std::size_t>(cause)])
          << "layer " << layer << " " << control::machine::name(cause);
    }
  }
}

/// Runs by law, by modules that speak TLM-2.0, and with registers (stepped or rtl) agree on every figure and byte, and
/// compute what the program means. Returns the run by law.
inline Watched expect_fidelities_agree(const isa::machine::Program& program, MachineOptions options,
                                       Fidelity registers = Fidelity::stepped) {
  const Watched event = watch(program, options, Fidelity::event);
  expect_equal(event, watch(program, options, registers));
  options.tlm = true;
  expect_equal(event, watch(program, options, Fidelity::event));
  expect_meant(program, event);
  expect_consistent(program, event);
  expect_causes(program, event);
  return event;
}

}  // namespace fusesim::accelerator::test
