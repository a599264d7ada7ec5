// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/verify.h"

#include <fmt/format.h>

#include <deque>
#include <exception>
#include <utility>

#include "hw/control/fold_sequencer.h"
#include "sim/verify/random_layers.h"

namespace fusesim::verify {

namespace {

/// A fold on its way through the array.
struct Pending {
  std::vector<std::int32_t> sums;  ///< By definition, [rows][cols].
  std::uint32_t cols = 1;
  isa::Dataflow dataflow{};
  bool last_of_layer = false;
};

class Run {
 public:
  Run(const Options& options, array::ArrayModel& first, array::ArrayModel& second)
      : options_(options),
        layers_(options.array, options.seed),
        stalls_(options.array, ~options.seed),
        lockstep_(first, second, options.first_name, options.second_name, options.registers_every),
        sequencer_(options.array),
        inputs_(options.array) {}

  Report run() {
    while (step()) {
    }
    report_.clocks = lockstep_.clocks();
    report_.full_comparisons = lockstep_.full_comparisons();
    report_.words = lockstep_.words();
    report_.mismatches = lockstep_.mismatches();
    report_.first_mismatch = lockstep_.first_mismatch();
    return report_;
  }

 private:
  bool step() {
    if (lockstep_.mismatches() >= options_.max_mismatches || lockstep_.clocks() >= options_.max_clocks) return false;
    offer();
    if (sequencer_.idle()) return false;
    if (stalling_ && stalls_.one_in(4)) {
      // Ports may show anything while the array stands still: here, what the last cycle showed.
      inputs_.enable = false;
      ++report_.stalled_clocks;
      clock();
      return !lockstep_.stopped();
    }
    sequencer_.drive(inputs_);
    clock();
    if (lockstep_.stopped()) return false;
    try {
      sequencer_.take(lockstep_.first_outputs());
    } catch (const std::exception& error) {
      // Words at the wrong time: no sum can be told from another any more.
      note_wrong_sum(fmt::format("clock {}: {}", lockstep_.clocks() - 1, error.what()));
      return false;
    }
    for (; !sequencer_.finished().empty(); sequencer_.finished().pop_front()) finish(sequencer_.finished().front());
    return true;
  }

  void clock() {
    lockstep_.clock(inputs_);
    if (options_.observe) options_.observe(lockstep_.clocks() - 1, inputs_, lockstep_);
  }

  /// Keeps a fold waiting at the sequencer as long as there are any.
  void offer() {
    if (!sequencer_.wants_fold()) return;
    if (!layer_) {
      if (offered_layers_ >= options_.cases && lockstep_.clocks() >= options_.min_clocks) return;
      layer_ = layers_.next();
      next_fold_ = 0;
      stalling_ = options_.stalls && layers_.one_in(4);
      ++offered_layers_;
    }
    const control::FoldPlan& plan = layer_->plan;
    control::FoldOperands operands =
        control::fetch_operands(plan, plan.fold(next_fold_), layer_->input, layer_->weights);
    const bool last = ++next_fold_ == plan.folds();
    pending_.push_back({control::expected_sums(operands), operands.shape.cols, plan.instruction().dataflow, last});
    if (last) layer_.reset();
    if (options_.tamper) options_.tamper(operands);
    sequencer_.offer(std::move(operands));
  }

  void finish(const control::FinishedFold& fold) {
    const Pending& expected = pending_.front();
    for (std::size_t k = 0; k < fold.sums.size(); ++k) {
      if (fold.sums[k] == expected.sums[k]) continue;
      note_wrong_sum(fmt::format("fold {} ({}), row {}, column {}: {} left the array, the layer needs {}", fold.number,
                                 isa::name(expected.dataflow), k / expected.cols, k % expected.cols, fold.sums[k],
                                 expected.sums[k]));
    }
    ++report_.folds;
    if (expected.last_of_layer) {
      ++report_.cases;
      ++report_.cases_of_dataflow[static_cast<std::size_t>(expected.dataflow)];
    }
    pending_.pop_front();
  }

  void note_wrong_sum(std::string text) {
    if (report_.wrong_sums++ == 0) report_.first_wrong_sum = std::move(text);
  }

  const Options& options_;
  RandomLayers layers_;
  RandomLayers stalls_;  ///< Its own sequence, so that stalls do not change the layers.
  Lockstep lockstep_;
  control::FoldSequencer sequencer_;
  array::EdgeInputs inputs_;
  std::optional<RandomLayer> layer_;  ///< Whose folds are being offered.
  std::uint64_t next_fold_ = 0, offered_layers_ = 0;
  bool stalling_ = false;
  std::deque<Pending> pending_;
  Report report_;
};

}  // namespace

Report verify(const Options& options, array::ArrayModel& first, array::ArrayModel& second) {
  return Run(options, first, second).run();
}

}  // namespace fusesim::verify
