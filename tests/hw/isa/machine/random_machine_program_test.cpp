// SPDX-License-Identifier: Apache-2.0
// Random programs keep what they promise: any machine that honours the tokens runs them with the same result.
#include "tests/hw/isa/machine/random_machine_program.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/hw/isa/machine/touched_bytes.h"

namespace fusesim::isa::machine {
namespace {

/// For each instruction, those that have completed when it starts, by tokens alone.
std::vector<std::set<std::size_t>> completed_before(const Program& program) {
  std::vector<std::size_t> queues[queue_count];
  std::vector<std::set<std::size_t>> before;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    std::set<std::size_t> done;
    for (std::size_t queue = 0; queue < queue_count; ++queue) {
      // Only what has been fetched before: nothing waits for a later instruction.
      EXPECT_LE(instruction.waits[queue], queues[queue].size()) << i;
      for (std::size_t k = 0; k < instruction.waits[queue]; ++k) {
        const std::size_t earlier = queues[queue].at(k);
        done.insert(earlier);
        done.insert(before[earlier].begin(), before[earlier].end());
      }
    }
    // Of the fused block and around it, the compute queue's instruction before has completed too.
    auto& compute = queues[static_cast<std::size_t>(Queue::compute)];
    if (instruction.queue() == Queue::compute && !compute.empty() &&
        (instruction.is_fused() || program.instructions[compute.back()].is_fused())) {
      // Instructions of a queue complete in order.
      for (const std::size_t earlier : compute) {
        done.insert(earlier);
        done.insert(before[earlier].begin(), before[earlier].end());
      }
    }
    before.push_back(done);
    queues[static_cast<std::size_t>(instruction.queue())].push_back(i);
  }
  return before;
}

/// Who wrote, read and released a byte last.
struct Byte {
  std::vector<std::size_t> users;  ///< Since it was written, the writer included.
  bool written = false;
};

/// Follows every byte of scratchpads and DRAM through the program, in fetch order.
class Follow {
 public:
  explicit Follow(const Program& program) : program_(program), before_(completed_before(program)) {
    for (const Section& section : program.sections) {
      if (section.role == Role::intermediate || section.role == Role::output) continue;
      for (std::uint64_t i = 0; i < section.bytes; ++i) dram_[section.address + i].written = true;
    }
  }

  void run() {
    for (std::size_t i = 0; i < program_.instructions.size(); ++i) {
      const auto runs = test::touched_bytes(program_.instructions[i]);
      for (const bool write : {false, true}) {
        for (const test::Touched& run : runs) {
          if (run.write != write) continue;
          for (std::uint64_t k = 0; k < run.bytes; ++k) touch(i, byte_of(run, k), write);
        }
      }
      for (const Release& release : program_.instructions[i].releases) {
        for (std::uint64_t k = 0; k < release.bytes; ++k) this->release(i, pads_[release.pad][release.address + k]);
      }
    }
  }

 private:
  Byte& byte_of(const test::Touched& run, std::uint64_t k) {
    return run.dram ? dram_[run.address + k] : pads_[run.pad][run.address + k];
  }

  void touch(std::size_t i, Byte& byte, bool write) {
    if (!write) {
      ASSERT_TRUE(byte.written) << "instruction " << i << " reads what nobody wrote";
      if (!byte.users.empty()) expect_completed(i, byte.users.front());
      byte.users.push_back(i);
      return;
    }
    for (const std::size_t user : byte.users) expect_completed(i, user);
    byte.users = {i};
    byte.written = true;
  }

  void release(std::size_t i, Byte& byte) {
    for (const std::size_t user : byte.users) expect_completed(i, user);
    byte.users = {i};
    byte.written = false;
  }

  void expect_completed(std::size_t i, std::size_t earlier) const {
    ASSERT_TRUE(earlier == i || before_[i].contains(earlier))
        << "instruction " << i << " does not wait for " << earlier;
  }

  const Program& program_;
  std::vector<std::set<std::size_t>> before_;
  std::map<std::uint64_t, Byte> dram_;
  std::map<Pad, std::map<std::uint64_t, Byte>> pads_;
};

TEST(RandomMachineProgram, WaitsForAllItNeeds) {
  std::map<std::string, int> seen;
  for (std::uint32_t seed = 0; seed < 150; ++seed) {
    const Program program =
        seed % 3 == 0 ? test::random_fused_program(seed, false) : test::random_machine_program(seed, false);
    Follow(program).run();
    ASSERT_FALSE(testing::Test::HasFailure()) << seed;
    for (const Instruction& instruction : program.instructions) {
      std::string kind = name(instruction);
      if (const auto* compute = std::get_if<Compute>(&instruction.work)) kind = name(compute->dataflow);
      if (const auto* vector = std::get_if<Vector>(&instruction.work)) kind = name(vector->kind);
      ++seen[kind];
    }
  }
  EXPECT_EQ(seen.size(), 17U);  // 6 dataflows, 6 vector kinds, load, store, 3 of the fused block
  for (const auto& [kind, count] : seen) EXPECT_GE(count, 10) << kind;
}

}  // namespace
}  // namespace fusesim::isa::machine
