// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/unstored.h"

#include <algorithm>
#include <utility>

#include "hw/isa/machine/grid.h"

namespace fusesim::isa::machine {
namespace {

struct Range {
  std::uint64_t begin, end;
};

/// Runs to be looked at, so that a damaged program cannot ask for all memory.
constexpr std::uint64_t most_runs = std::uint64_t{1} << 22;

class StoredRanges {
 public:
  explicit StoredRanges(const Section& section) : section_(section) {}

  void add(const Store& store) {
    if (store.dram < section_.address || store.dram - section_.address >= section_.bytes) return;
    const std::uint64_t runs = store.bytes() / store.run_bytes;
    if (runs > most_runs - runs_) {
      const Axis axes[] = {{store.counts[0], store.dram_strides[0]},
                           {store.counts[1], store.dram_strides[1]},
                           {store.counts[2], store.dram_strides[2]}};
      ranges_.push_back({store.dram, store.dram + reach(store.run_bytes, axes)});
      return;
    }
    runs_ += runs;
    for (std::uint64_t k = 0; k < store.counts[2]; ++k) {
      for (std::uint64_t j = 0; j < store.counts[1]; ++j) {
        for (std::uint64_t i = 0; i < store.counts[0]; ++i) {
          const std::uint64_t begin =
              store.dram + i * store.dram_strides[0] + j * store.dram_strides[1] + k * store.dram_strides[2];
          ranges_.push_back({begin, begin + store.run_bytes});
        }
      }
    }
  }

  [[nodiscard]] std::uint64_t unstored() && {
    std::ranges::sort(ranges_, {}, &Range::begin);
    std::uint64_t bytes = 0, end = section_.address;
    for (const Range& range : ranges_) {
      if (range.begin > end) bytes += range.begin - end;
      end = std::max(end, range.end);
    }
    return bytes + section_.address + section_.bytes - end;
  }

 private:
  const Section& section_;
  std::vector<Range> ranges_;
  std::uint64_t runs_ = 0;
};

}  // namespace

std::vector<Unstored> unstored_outputs(const Program& program) {
  std::vector<Unstored> found;
  for (std::size_t s = 0; s < program.sections.size(); ++s) {
    if (program.sections[s].role != Role::output) continue;
    StoredRanges stored(program.sections[s]);
    for (const Instruction& instruction : program.instructions) {
      if (const auto* store = std::get_if<Store>(&instruction.work)) stored.add(*store);
    }
    if (const std::uint64_t bytes = std::move(stored).unstored(); bytes > 0) found.push_back({s, bytes});
  }
  return found;
}

}  // namespace fusesim::isa::machine
