// SPDX-License-Identifier: Apache-2.0
#include "hw/control/fold_sequencer.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "hw/array/delay.h"

namespace fusesim::control {

using array::FoldKind;

FoldSequencer::FoldSequencer(const isa::ArrayConfig& config)
    : config_(config), column_fold_(config.cols), columns_(config.cols) {}

void FoldSequencer::offer(FoldOperands fold, std::optional<std::uint64_t> forced_start) {
  waiting_ = std::move(fold);
  forced_start_ = forced_start;
}

bool FoldSequencer::may_start() const {
  if (!waiting_) return false;
  if (forced_start_) return cycle_ >= *forced_start_;
  if (!started_any_) return true;
  const array::FoldShape& shape = waiting_->shape;
  if (config_.folds == isa::FoldOverlap::serial || shape.kind != kind_) return drain_left_ <= 0;
  const std::int64_t rows = shape.rows;
  const std::int64_t lead = shape.feed + (shape.kind == FoldKind::gemm ? rows : 1);
  if (feed_left_ > 0 || lead < port_wait_ + rows) return false;
  const auto bank = folds_started_ % config_.banks();
  if (!bank_used_[bank]) return true;
  return shape.kind == FoldKind::gemm ? bank_wait_[bank] <= 0
                                      : bank_wait_[bank] + rows <= std::int64_t{shape.first_tap} + 1;
}

void FoldSequencer::start() {
  if (in_flight_.empty()) next_taken_ = folds_started_;
  InFlight& flight = in_flight_.emplace_back();
  flight.fold = std::move(*waiting_);
  waiting_.reset();
  const array::FoldShape& shape = flight.fold.shape;
  flight.result.number = folds_started_;
  flight.result.start = cycle_;
  flight.result.sums.resize(std::size_t{shape.rows} * shape.cols);
  flight.bank = static_cast<std::uint8_t>(folds_started_ % config_.banks());
  flight.lead = shape.feed + (shape.kind == FoldKind::gemm ? shape.rows : 1);
  for (const std::uint8_t used : flight.fold.columns) flight.columns_left += used != 0 ? 1 : 0;
  kind_ = shape.kind;
  feed_left_ = shape.feed;
  port_wait_ = bank_wait_[flight.bank] = flight.lead;
  bank_used_[flight.bank] = started_any_ = true;
  const std::uint32_t last = shape.cols - 1;
  const std::uint32_t spread =
      kind_ == FoldKind::gemm ? array::hop_delay(config_, last) : array::wire_delay(config_, last);
  drain_left_ = std::max<std::int64_t>(drain_left_, std::int64_t{flight.lead} + spread + config_.rows);
  ++folds_started_;
}

void FoldSequencer::feed(array::EdgeInputs& in, InFlight& flight) {
  const FoldOperands& fold = flight.fold;
  const array::FoldShape& shape = fold.shape;
  const std::uint64_t t = cycle_ - flight.result.start;
  if (t < shape.feed) {
    std::copy_n(fold.left.data() + t * shape.rows, shape.rows, in.left.data());
    if (shape.kind == FoldKind::gemm) {
      std::fill_n(in.left_valid.data(), shape.rows, 1);
      in.left_first = t == 0;
      in.left_bank = flight.bank;
      std::copy_n(fold.top.data() + t * shape.cols, shape.cols, in.top.data());
      std::fill_n(in.top_valid.data(), shape.cols, 1);
    } else if (flight.next_tap < fold.tap_cycles.size() && fold.tap_cycles[flight.next_tap] == t) {
      std::copy_n(fold.taps.data() + flight.next_tap * shape.rows, shape.rows, in.tap.data());
      std::fill_n(in.tap_valid.data(), shape.rows, 1);
      in.tap_first = flight.next_tap == 0;
      in.tap_bank = flight.bank;
      std::copy_n(fold.columns.data(), shape.cols, in.top_valid.data());
      ++flight.next_tap;
    }
  }
  if (t == flight.lead) {
    std::copy_n(fold.columns.data(), shape.cols, in.drain.data());
    in.drain_bank = flight.bank;
  }
}

void FoldSequencer::drive(array::EdgeInputs& in) {
  in.clear();
  if (may_start()) start();
  in.skewed = kind_ == FoldKind::gemm;
  for (InFlight& flight : in_flight_) feed(in, flight);
}

void FoldSequencer::count_cycle() {
  bool compute = false, fill = false, drain = false;
  for (const InFlight& flight : in_flight_) {
    const array::FoldShape& shape = flight.fold.shape;
    const std::uint64_t t = cycle_ - flight.result.start;
    if (shape.kind == FoldKind::gemm) {
      const std::uint64_t last_sum = flight.lead + array::hop_delay(config_, shape.cols - 1);
      fill |= t == 0;
      compute |= t >= 1 && t < last_sum;
      drain |= t >= flight.lead;
    } else {
      const std::uint32_t spread = array::wire_delay(config_, shape.cols - 1);
      // A tap that went out between 1 and 1 + spread cycles ago is being accumulated somewhere.
      const auto& taps = flight.fold.tap_cycles;
      const auto tap = std::lower_bound(taps.begin(), taps.end(), t >= spread + 1 ? t - spread - 1 : 0);
      const bool tapped = t >= 1 && tap != taps.end() && *tap <= t - 1;
      compute |= tapped;
      fill |= !tapped && t <= shape.feed + spread;
      drain |= t >= flight.lead;
    }
  }
  ++(compute ? breakdown_.compute : fill ? breakdown_.fill : drain ? breakdown_.drain : breakdown_.idle);
}

void FoldSequencer::take(const array::EdgeOutputs& out) {
  count_cycle();
  ++cycle_;
  --feed_left_;
  --port_wait_;
  --bank_wait_[0];
  --bank_wait_[1];
  --drain_left_;
  if (in_flight_.empty()) return;
  bool column_done = false;
  // Most cycles bring no word, or few: look at eight columns at once.
  constexpr std::uint32_t chunk = sizeof(std::uint64_t);
  for (std::uint32_t begin = 0; begin < config_.cols; begin += chunk) {
    const std::uint32_t end = std::min(begin + chunk, config_.cols);
    std::uint64_t any = 0;
    std::memcpy(&any, out.valid.data() + begin, end - begin);
    if (any == 0) continue;
    for (std::uint32_t j = begin; j < end; ++j) {
      if (out.valid[j] == 0) continue;
      Column& column = columns_[j];
      if (column.words_left == 0) next_fold(j);
      *column.sum = out.data[j];
      if (--column.words_left != 0) {
        column.sum -= column.row_length;
        continue;
      }
      InFlight& flight = in_flight_[column_fold_[j]++ - next_taken_];
      flight.result.end = cycle_;
      --flight.columns_left;
      column_done = true;
    }
  }
  if (!column_done) return;
  while (!in_flight_.empty() && in_flight_.front().columns_left == 0) {
    finished_.push_back(std::move(in_flight_.front().result));
    in_flight_.pop_front();
    ++next_taken_;
  }
}

/// Words of a column come fold by fold, the lowest row first.
void FoldSequencer::next_fold(std::uint32_t col) {
  std::uint64_t& number = column_fold_[col];
  number = std::max(number, next_taken_);
  for (;; ++number) {
    if (number - next_taken_ >= in_flight_.size()) throw std::logic_error("fold sequencer: a word nobody waits for");
    const InFlight& candidate = in_flight_[number - next_taken_];
    if (col < candidate.fold.shape.cols && candidate.fold.columns[col] != 0) break;
  }
  InFlight& flight = in_flight_[number - next_taken_];
  const array::FoldShape& shape = flight.fold.shape;
  columns_[col] = {flight.result.sums.data() + std::size_t{shape.rows - 1} * shape.cols + col, shape.rows, shape.cols};
}

}  // namespace fusesim::control
