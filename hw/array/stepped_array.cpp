// SPDX-License-Identifier: Apache-2.0
#include "hw/array/stepped_array.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "hw/array/delay.h"

namespace fusesim::array {

namespace {

std::uint8_t control_byte(bool valid, bool first, std::uint8_t bank) {
  if (!valid) return 0;
  return static_cast<std::uint8_t>(control_valid | (first ? control_first : 0) | (bank != 0 ? control_bank : 0));
}

bool any(const std::vector<std::uint8_t>& flags) {
  return std::memchr(flags.data(), 1, flags.size()) != nullptr;
}

}  // namespace

SteppedArray::SteppedArray(const isa::ArrayConfig& config, const RowKernels& kernels)
    : config_(config), kernels_(&kernels) {
  isa::validate(config);
  const std::uint32_t rows = config.rows, cols = config.cols;
  lanes_ = (cols + row_lanes - 1) / row_lanes * row_lanes;
  for (std::uint32_t j = 0; j < cols; ++j) {
    hop_.push_back(hop_delay(config, j));
    wire_.push_back(wire_delay(config, j));
    if (segments_.empty() || wire_[j] != wire_[j - 1]) segments_.push_back({j, j});
    segments_.back().end = j + 1;
  }
  max_delay_ = hop_.back();

  // Room for the feeder's look-ahead, the row and its padding, and enough slack that rewinding is rare.
  stream_length_ = 8 * (rows + max_delay_ + 1) + lanes_ + 64;
  stream_data_.resize(std::size_t{rows} * stream_length_);
  stream_control_.resize(stream_data_.size());
  last_valid_.resize(rows);

  const std::size_t cells = std::size_t{rows} * lanes_;
  w_.resize(cells);
  wv_.resize(cells);
  skew_slots_ = max_delay_ + 1;
  direct_slots_ = wire_.back() + 1;
  for (auto* line : {&skew_wv_, &skew_drain_, &skew_drain_bank_}) line->resize(std::size_t{skew_slots_} * lanes_);
  skew_w_.resize(std::size_t{skew_slots_} * lanes_);
  for (auto* line : {&direct_enable_, &direct_drain_, &direct_drain_bank_}) {
    line->resize(std::size_t{direct_slots_} * lanes_);
  }
  wire_taps_.resize(std::size_t{direct_slots_} * rows);
  wire_any_.resize(direct_slots_);
  tap_control_.resize(std::size_t{rows} * segments_.size());
  tap_active_.resize(rows);

  second_bank_ = config.banks() == 2 ? 1 : 0;
  for (std::uint32_t bank = 0; bank < config.banks(); ++bank) {
    acc_[bank].resize(cells);
    full_[bank].resize(cells);
  }
  mv_.resize(cells);
  mb_.resize(cells);
  row_moves_.resize(rows);
  for (auto* row : {&drain_now_, &drain_bank_now_, &enable_now_, &row_control_, &none_, &bottom_full_, &bottom_mv_,
                    &bottom_mb_}) {
    row->resize(lanes_);
  }
  row_data_.resize(lanes_);
  bottom_.resize(lanes_);
  reset();
}

void SteppedArray::reset() {
  auto zero = [](auto& values) { std::fill(values.begin(), values.end(), 0); };
  zero(stream_data_);
  zero(stream_control_);
  zero(last_valid_);
  zero(w_);
  zero(wv_);
  zero(skew_w_);
  zero(skew_wv_);
  zero(skew_drain_);
  zero(skew_drain_bank_);
  zero(direct_enable_);
  zero(direct_drain_);
  zero(direct_drain_bank_);
  std::fill(wire_taps_.begin(), wire_taps_.end(), Tap{});
  zero(wire_any_);
  zero(tap_control_);
  zero(tap_active_);
  for (int bank = 0; bank < 2; ++bank) {
    zero(acc_[bank]);
    zero(full_[bank]);
  }
  zero(mv_);
  zero(mb_);
  zero(row_moves_);
  edges_ = taps_gone_ = strobes_gone_ = 0;
  head_ = 0;
  front_ = stream_length_ - lanes_ - max_delay_ - 1;
  last_macs_ = last_moves_ = 0;
}

void SteppedArray::clock(const EdgeInputs& in, EdgeOutputs& out) {
  last_macs_ = last_moves_ = 0;
  if (!in.enable) {
    show_outputs(in, out);
    return;
  }
  accumulate();
  drain(in, out);
  shift_left_operands(in);
  shift_top_operands(in);
  if (config_.fuse_links) drive_taps(in);
  ++edges_;
}

void SteppedArray::show_outputs(const EdgeInputs& in, EdgeOutputs& out) const {
  const std::size_t skew = edges_ % skew_slots_ * lanes_, direct = edges_ % direct_slots_ * lanes_;
  for (std::uint32_t j = 0; j < config_.cols; ++j) {
    const bool port = in.drain[j] != 0 && (in.skewed ? hop_[j] : wire_[j]) == 0;
    const bool strobe = port || skew_drain_[skew + j] != 0 || direct_drain_[direct + j] != 0;
    const bool strobe_bank = (port && in.drain_bank != 0 && config_.banks() == 2) ||
                             skew_drain_bank_[skew + j] != 0 || direct_drain_bank_[direct + j] != 0;
    const std::size_t at = cell(config_.rows - 1, j);
    const bool arrived = mv_[at] != 0;
    const int bank = (arrived ? mb_[at] != 0 : strobe_bank) ? 1 : 0;
    const bool moving = arrived || (strobe && full_[bank][at] != 0);
    out.valid[j] = moving ? 1 : 0;
    out.data[j] = moving ? acc_[bank][at] : 0;
  }
}

void SteppedArray::accumulate() {
  const bool cut = segments_.size() > 1;
  std::uint32_t macs = 0;
  for (std::uint32_t i = 0; i < config_.rows; ++i) {
    const bool tapped = tap_active_[i] != 0;
    if (!tapped && last_valid_[i] + max_delay_ < edges_) continue;
    const std::size_t stream = std::size_t{i} * stream_length_ + front_;
    const std::int8_t* a = stream_data_.data() + stream;
    const std::uint8_t* control = stream_control_.data() + stream;
    if (cut || tapped) {
      // Gather the row: cuts make holes in the stream, taps bring their own control.
      for (std::size_t s = 0; s < segments_.size(); ++s) {
        const Segment& segment = segments_[s];
        const std::uint32_t length = segment.end - segment.begin;
        const std::uint8_t tap = tap_control_[i * segments_.size() + s];
        if (cut) std::memcpy(row_data_.data() + segment.begin, a + hop_[segment.begin], length);
        if ((tap & control_valid) != 0) {
          std::memset(row_control_.data() + segment.begin, tap, length);
        } else {
          std::memcpy(row_control_.data() + segment.begin, control + hop_[segment.begin], length);
        }
      }
      if (cut) a = row_data_.data();
      control = row_control_.data();
    }
    const std::size_t top = cell(top_row(i), 0);
    macs += kernels_->accumulate(lanes_, a, control, w_.data() + top, wv_.data() + top, banks_of(i));
  }
  last_macs_ = macs;
}

bool SteppedArray::collect_strobes(const EdgeInputs& in) {
  const std::uint32_t cols = config_.cols;
  if (any(in.drain)) {
    strobes_gone_ = edges_ + max_delay_ + 1;
    const std::uint8_t bank = in.drain_bank != 0 && config_.banks() == 2 ? 0xff : 0;
    for (std::uint32_t j = 0; j < cols; ++j) {
      if (in.drain[j] == 0) continue;
      if (in.skewed) {
        const std::size_t slot = (edges_ + hop_[j]) % skew_slots_ * lanes_ + j;
        skew_drain_[slot] = 0xff;
        skew_drain_bank_[slot] = bank;
      } else {
        const std::size_t slot = (edges_ + wire_[j]) % direct_slots_ * lanes_ + j;
        direct_drain_[slot] = 0xff;
        direct_drain_bank_[slot] = bank;
      }
    }
  }
  if (edges_ >= strobes_gone_) return false;
  const std::uint32_t lanes = lanes_;
  std::uint8_t* skew = skew_drain_.data() + edges_ % skew_slots_ * lanes;
  std::uint8_t* skew_bank = skew_drain_bank_.data() + edges_ % skew_slots_ * lanes;
  std::uint8_t* direct = direct_drain_.data() + edges_ % direct_slots_ * lanes;
  std::uint8_t* direct_bank = direct_drain_bank_.data() + edges_ % direct_slots_ * lanes;
  std::uint8_t* now = drain_now_.data();
  std::uint8_t* bank_now = drain_bank_now_.data();
  std::uint8_t seen = 0;
  for (std::uint32_t j = 0; j < lanes; ++j) seen |= skew[j] | direct[j];
  if (seen == 0) return false;
  for (std::uint32_t j = 0; j < lanes; ++j) {
    now[j] = skew[j] | direct[j];
    bank_now[j] = skew_bank[j] | direct_bank[j];
  }
  for (std::uint8_t* line : {skew, skew_bank, direct, direct_bank}) std::memset(line, 0, lanes);
  return true;
}

void SteppedArray::drain(const EdgeInputs& in, EdgeOutputs& out) {
  const std::uint32_t cols = config_.cols;
  const bool strobe = collect_strobes(in);
  std::uint64_t conflicts = 0;
  bool words_out = false;
  const RowBanks bottom{{bottom_.data(), bottom_.data()}, {bottom_full_.data(), bottom_full_.data()}};
  for (std::uint32_t i = config_.rows; i-- > 0;) {
    const bool last = i + 1 == config_.rows;
    std::uint8_t* to_mv = last ? bottom_mv_.data() : mv_.data() + cell(i + 1, 0);
    std::uint8_t* to_mb = last ? bottom_mb_.data() : mb_.data() + cell(i + 1, 0);
    if (!strobe && row_moves_[i] == 0) {
      if (!last && row_moves_[i + 1] != 0) {
        std::memset(to_mv, 0, lanes_);
        std::memset(to_mb, 0, lanes_);
        row_moves_[i + 1] = 0;
      }
      continue;
    }
    const std::uint64_t moved = kernels_->move(lanes_, mv_.data() + cell(i, 0), mb_.data() + cell(i, 0), strobe ? drain_now_.data() : none_.data(),
                                               drain_bank_now_.data(), banks_of(i), last ? bottom : banks_of(i + 1), to_mv, to_mb);
    const auto words = static_cast<std::uint32_t>(moved);
    conflicts += moved >> 32;
    last_moves_ += words;
    if (last) {
      words_out = words != 0;
    } else {
      row_moves_[i + 1] = words != 0 ? 1 : 0;
    }
  }
  if (row_moves_[0] != 0) {
    std::memset(mv_.data(), 0, lanes_);
    std::memset(mb_.data(), 0, lanes_);
    row_moves_[0] = 0;
  }
  if (words_out) {
    for (std::uint32_t j = 0; j < cols; ++j) {
      out.valid[j] = bottom_mv_[j] != 0 ? 1 : 0;
      out.data[j] = bottom_mv_[j] != 0 ? bottom_[j] : 0;
    }
  } else {
    std::fill(out.valid.begin(), out.valid.end(), 0);
    std::fill(out.data.begin(), out.data.end(), 0);
  }
  if (conflicts != 0) throw std::logic_error("array: two sums met in one accumulator; the timing law was broken");
}

void SteppedArray::rewind_streams() {
  const std::uint32_t live = config_.rows + max_delay_;  // feeder look-ahead and the row itself
  const std::uint32_t target = stream_length_ - lanes_ - max_delay_ - 1;
  const std::uint32_t from = front_ - (config_.rows - 1), to = target - (config_.rows - 1);
  for (std::uint32_t i = 0; i < config_.rows; ++i) {
    const std::size_t base = std::size_t{i} * stream_length_;
    std::memmove(stream_data_.data() + base + to, stream_data_.data() + base + from, live);
    std::memset(stream_data_.data() + base, 0, to);
    std::memmove(stream_control_.data() + base + to, stream_control_.data() + base + from, live);
    std::memset(stream_control_.data() + base, 0, to);
  }
  front_ = target;
}

void SteppedArray::shift_left_operands(const EdgeInputs& in) {
  if (front_ < config_.rows) rewind_streams();
  --front_;
  std::int8_t* data = stream_data_.data() + front_;
  std::uint8_t* control = stream_control_.data() + front_;
  if (!in.skewed) {
    for (std::uint32_t i = 0; i < config_.rows; ++i) {
      data[0] = in.left[i];
      control[0] = 0;
      data += stream_length_;
      control += stream_length_;
    }
    return;
  }
  const std::uint8_t byte = control_byte(true, in.left_first, config_.banks() == 2 ? in.left_bank : 0);
  const std::uint32_t rows = config_.rows;
  const std::size_t next_row = stream_length_ - 1;
  const std::int8_t* const left = in.left.data();
  const std::uint8_t* const valid = in.left_valid.data();
  std::uint64_t* const last_valid = last_valid_.data();
  const std::uint64_t arrival = edges_ + 1;
  // Row i's line is i registers long: the element reaches PE (i, 0) i edges later.
  for (std::uint32_t i = 0; i < rows; ++i) {
    *data = left[i];
    if (valid[i] != 0) {
      *control = byte;
      last_valid[i] = arrival + i;
    }
    data += next_row;
    control += next_row;
  }
}

void SteppedArray::shift_top_operands(const EdgeInputs& in) {
  const std::uint32_t cols = config_.cols;
  const std::uint32_t lanes = lanes_, slots = skew_slots_;
  if (in.skewed) {
    // Column j goes delta(j) slots ahead: a diagonal through the ring, which wraps at most once a segment.
    std::int8_t* const data = skew_w_.data();
    std::uint8_t* const valid = skew_wv_.data();
    const std::int8_t* const top = in.top.data();
    const std::uint8_t* const top_valid = in.top_valid.data();
    std::uint32_t slot = static_cast<std::uint32_t>(edges_ % slots);
    for (const Segment& segment : segments_) {
      for (std::uint32_t j = segment.begin; j < segment.end;) {
        const std::uint32_t stop = std::min(segment.end, j + (slots - slot));
        std::size_t at = std::size_t{slot} * lanes + j;
        slot += stop - j;
        for (; j < stop; ++j, at += lanes + 1) {
          data[at] = top[j];
          valid[at] = static_cast<std::uint8_t>(-top_valid[j]);
        }
        if (slot == slots) slot = 0;
      }
      if (++slot == slots) slot = 0;
    }
  } else {
    for (std::uint32_t j = 0; j < cols; ++j) {
      direct_enable_[(edges_ + wire_[j]) % direct_slots_ * lanes + j] = in.top_valid[j] != 0 ? 0xff : 0;
    }
  }
  head_ = head_ == 0 ? config_.rows - 1 : head_ - 1;
  const std::size_t top = cell(head_, 0), slot = edges_ % skew_slots_ * lanes_;
  std::memcpy(w_.data() + top, skew_w_.data() + slot, lanes_);
  std::memcpy(wv_.data() + top, skew_wv_.data() + slot, lanes_);
  std::memset(skew_w_.data() + slot, 0, lanes_);
  std::memset(skew_wv_.data() + slot, 0, lanes_);
}

void SteppedArray::drive_taps(const EdgeInputs& in) {
  const std::uint32_t rows = config_.rows;
  const std::size_t now = edges_ % direct_slots_;
  const bool tapped_now = any(in.tap_valid);
  if (!tapped_now && edges_ >= taps_gone_) {  // neither wires nor tap control registers hold anything
    if (!in.skewed) std::memset(direct_enable_.data() + now * lanes_, 0, lanes_);
    wire_any_[now] = 0;
    return;
  }
  if (tapped_now) taps_gone_ = edges_ + direct_slots_ + 1;
  std::uint8_t* enable = direct_enable_.data() + now * lanes_;
  // The ring holds the wire's registers: slot (edges - g) is what segment g sees in this cycle.
  wire_any_[now] = tapped_now ? 1 : 0;
  if (wire_any_[now] != 0) {
    for (std::uint32_t i = 0; i < rows; ++i) {
      const bool valid = in.tap_valid[i] != 0;
      wire_taps_[now * rows + i] = {valid ? in.tap[i] : std::int8_t{0},
                                    control_byte(valid, in.tap_first, config_.banks() == 2 ? in.tap_bank : 0)};
    }
  }
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    if (s > edges_) break;
    const std::size_t slot = (edges_ - s) % direct_slots_;
    const bool tapped = wire_any_[slot] != 0;
    const Segment& segment = segments_[s];
    for (std::uint32_t i = 0; i < rows; ++i) {
      std::uint8_t& control = tap_control_[i * segments_.size() + s];
      control = tapped ? wire_taps_[slot * rows + i].control : 0;
      if ((control & control_valid) == 0) continue;
      const std::size_t top = cell(top_row(i), segment.begin);
      std::memset(w_.data() + top, wire_taps_[slot * rows + i].data, segment.end - segment.begin);
      std::memcpy(wv_.data() + top, enable + segment.begin, segment.end - segment.begin);
    }
  }
  for (std::uint32_t i = 0; i < rows; ++i) {
    std::uint8_t active = 0;
    for (std::size_t s = 0; s < segments_.size(); ++s) active |= tap_control_[i * segments_.size() + s];
    tap_active_[i] = active;
  }
  std::memset(enable, 0, lanes_);
}

PeState SteppedArray::pe(std::uint32_t row, std::uint32_t col) const {
  PeState state;
  const std::size_t element = std::size_t{row} * stream_length_ + front_ + hop_.at(col);
  state.a = stream_data_[element];
  const std::uint8_t left = stream_control_[element];
  state.lv = (left & control_valid) != 0;
  state.lf = (left & control_first) != 0;
  state.lb = (left & control_bank) != 0 ? 1 : 0;
  const std::size_t top = cell(top_row(row), col);
  state.w = w_[top];
  state.wv = wv_[top] != 0;
  const std::uint8_t tap = tap_control_[row * segments_.size() + wire_[col]];
  state.fv = (tap & control_valid) != 0;
  state.ff = (tap & control_first) != 0;
  state.fb = (tap & control_bank) != 0 ? 1 : 0;
  const std::size_t at = cell(row, col);
  for (std::uint32_t bank = 0; bank < config_.banks(); ++bank) {
    state.acc[bank] = acc_[bank][at];
    state.full[bank] = full_[bank][at] != 0;
  }
  state.mv = mv_[at] != 0;
  state.mb = mb_[at] != 0 ? 1 : 0;
  return state;
}

void SteppedArray::read_accumulators(std::uint32_t bank, std::span<std::int32_t> out) const {
  for (std::uint32_t i = 0; i < config_.rows; ++i) {
    std::copy_n(acc_[bank].data() + cell(i, 0), config_.cols, out.data() + std::size_t{i} * config_.cols);
  }
}

void SteppedArray::preset_column(std::uint32_t bank, std::uint32_t col, std::int32_t value) {
  for (std::uint32_t i = 0; i < config_.rows; ++i) acc_[bank].at(cell(i, col)) = value;
}

}  // namespace fusesim::array
