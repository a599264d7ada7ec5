// SPDX-License-Identifier: Apache-2.0
#include "hw/control/window_replay.h"

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

#include "hw/array/delay.h"
#include "hw/array/stepped_array.h"
#include "hw/control/fold_operands.h"
#include "hw/control/fold_sequencer.h"
#include "hw/control/program_timer.h"

namespace fusesim::control {

namespace {

struct Placed {
  std::uint32_t instruction = 0;
  std::uint64_t fold = 0;
  std::uint64_t start = 0;
};

/// The fold that used each column of each accumulator bank last, if any.
class LastUsers {
 public:
  LastUsers(std::uint32_t banks, std::uint32_t cols)
      : users_(std::size_t{banks} * cols), used_(users_.size()), cols_(cols) {}
  void note(std::uint32_t bank, std::uint32_t col, const Placed& fold) {
    users_[std::size_t{bank} * cols_ + col] = fold;
    used_[std::size_t{bank} * cols_ + col] = true;
  }
  [[nodiscard]] const Placed* find(std::uint32_t bank, std::uint32_t col) const {
    const std::size_t at = std::size_t{bank} * cols_ + col;
    return used_[at] ? &users_[at] : nullptr;
  }

 private:
  std::vector<Placed> users_;
  std::vector<bool> used_;
  std::uint32_t cols_;
};

}  // namespace

void replay_window(const isa::Program& program, memory::TensorStore& store, std::uint64_t begin, std::uint64_t end,
                   const std::function<void(std::uint64_t cycle, const array::ArrayModel& model,
                                            const array::EdgeInputs& in, const array::EdgeOutputs& out)>& observe) {
  const isa::ArrayConfig& config = program.array;
  // Longest way through feeders and operand registers: what entered before has gone by `begin`.
  const std::uint64_t depth = config.rows + 2 * (array::hop_delay(config, config.cols - 1) + 1) + 2;
  const std::uint64_t warm = begin > depth ? begin - depth : 0;

  std::vector<FoldPlan> plans;
  for (const isa::ArrayInstruction& instruction : program.instructions) plans.emplace_back(instruction, config);
  auto operands = [&](const Placed& placed) {
    const isa::ArrayInstruction& instruction = program.instructions[placed.instruction];
    const FoldPlan& plan = plans[placed.instruction];
    return fetch_operands(plan, plan.fold(placed.fold),
                          store.bytes(instruction.input.tensor, instruction.input.channel),
                          store.bytes(instruction.weights));
  };

  // The run by the law, up to the window's end: folds that left before `warm` matter only through the sums they left
  // behind; the first later one and those after it are stepped.
  ProgramTimer timer(program);
  LastUsers before(config.banks(), config.cols);
  std::deque<Placed> stepped;
  std::uint64_t number = 0, first_stepped = 0;
  while (!timer.done() && timer.next_start() < end) {
    const auto index = static_cast<std::uint32_t>(timer.timings().size());
    timer.issue([&](std::uint64_t fold, const array::FoldShape& shape, const array::FoldTimes& times) {
      const Placed placed{index, fold, times.start};
      if (stepped.empty() && times.end <= warm) {
        const auto bank = static_cast<std::uint32_t>(number % config.banks());
        for (std::uint32_t col = 0; col < shape.cols; ++col) {
          if (plans[index].uses_column(col)) before.note(bank, col, placed);
        }
        first_stepped = number + 1;
      } else if (times.start < end) {
        stepped.push_back(placed);
      }
      ++number;
    });
  }
  const std::uint64_t stop = std::min(end, timer.end());
  if (begin >= stop) return;

  array::SteppedArray model(config);
  // After its drain a fold leaves row 0's sum in every row of a column: it is the last word that moved through.
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::vector<std::int32_t>> sums;
  for (std::uint32_t bank = 0; bank < config.banks(); ++bank) {
    for (std::uint32_t col = 0; col < config.cols; ++col) {
      const Placed* user = before.find(bank, col);
      if (user == nullptr) continue;
      auto [entry, missing] = sums.try_emplace({user->instruction, user->fold});
      if (missing) entry->second = expected_sums(operands(*user));
      model.preset_column(bank, col, entry->second[col]);
    }
  }

  FoldSequencer sequencer(config);
  sequencer.set_folds_started(first_stepped);
  sequencer.set_cycle(stepped.empty() ? begin : std::min(begin, stepped.front().start));
  array::EdgeInputs in(config);
  array::EdgeOutputs out(config);
  while (sequencer.cycle() < stop) {
    if (sequencer.wants_fold() && !stepped.empty()) {
      sequencer.offer(operands(stepped.front()), stepped.front().start);
      stepped.pop_front();
    }
    sequencer.drive(in);
    model.clock(in, out);
    if (sequencer.cycle() >= begin) observe(sequencer.cycle(), model, in, out);
    sequencer.take(out);
    sequencer.finished().clear();
  }
}

}  // namespace fusesim::control
