// SPDX-License-Identifier: Apache-2.0
#include "hw/array/stepped_array.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "hw/array/delay.h"

namespace fusesim::array {

namespace {

constexpr const char* law_broken = "array: two sums met in one accumulator; the timing law was broken";
constexpr std::uint64_t all_ones = ~std::uint64_t{0};

std::uint32_t round_up(std::uint32_t value, std::uint32_t step) {
  return (value + step - 1) / step * step;
}

bool any(const std::vector<std::uint8_t>& flags) {
  return std::memchr(flags.data(), 1, flags.size()) != nullptr;
}

/// Puts the bits `from` in the places of `where`.
void assign(std::uint64_t& to, std::uint64_t where, std::uint64_t from) {
  to = (to & ~where) | (from & where);
}

/// The 64 bits from `bit` on.
std::uint64_t window(const std::uint64_t* words, std::uint32_t bit) {
  const std::uint64_t* at = words + bit / 64;
  const std::uint32_t shift = bit % 64;
  return at[0] >> shift | (at[1] << 1) << (63 - shift);
}

void assign_bit(std::uint64_t* words, std::uint32_t bit, bool value) {
  std::uint64_t& word = words[bit / 64];
  word = (word & ~(std::uint64_t{1} << (bit % 64))) | std::uint64_t{value} << (bit % 64);
}

/// Flags of 0 or 1 to a set.
void pack(const std::uint8_t* flags, std::uint32_t count, std::uint64_t* words) {
  for (std::uint32_t begin = 0; begin < count; begin += 64) {
    std::uint64_t word = 0;
    for (std::uint32_t j = std::min(count - begin, 64U); j-- > 0;) word = word << 1 | (flags[begin + j] & 1);
    words[begin / 64] = word;
  }
}

}  // namespace

SteppedArray::SteppedArray(const isa::ArrayConfig& config, const RowKernels& kernels)
    : config_(config), kernels_(&kernels) {
  isa::validate(config);
  const std::uint32_t rows = config.rows, cols = config.cols;
  lanes_ = round_up(cols, row_lanes);
  words_ = round_up(lanes_, 64) / 64;
  for (std::uint32_t j = 0; j < cols; ++j) {
    hop_.push_back(hop_delay(config, j));
    wire_.push_back(wire_delay(config, j));
    if (segments_.empty() || wire_[j] != wire_[j - 1]) segments_.push_back({j, j});
    segments_.back().end = j + 1;
  }
  max_delay_ = hop_.back();

  all_columns_.resize(words_);
  segment_columns_.resize(segments_.size() * words_);
  reach_.resize(std::size_t{max_delay_ + 1} * words_);
  for (std::uint32_t j = 0; j < cols; ++j) {
    const std::uint64_t bit = std::uint64_t{1} << (j % 64);
    all_columns_[j / 64] |= bit;
    segment_columns_[std::size_t{wire_[j]} * words_ + j / 64] |= bit;
    for (std::uint32_t k = hop_[j]; k <= max_delay_; ++k) reach_[std::size_t{k} * words_ + j / 64] |= bit;
  }

  // Room for the feeder's look-ahead, the row and its padding, and enough slack that rewinding is rare. Distances
  // between rows are odd numbers of cache lines, so that rows do not crowd into few sets of the cache. A rewind moves
  // bits by whole words.
  const std::uint32_t live = rows + max_delay_;
  rewound_ = rows - 1 + round_up(live + 64, 64);
  stream_length_ = round_up(rewound_ + std::max(lanes_, max_delay_ + 1), 64);
  if (stream_length_ / 64 % 2 == 0) stream_length_ += 64;
  const std::uint32_t stream_words = (rewound_ + 64 * words_ + static_cast<std::uint32_t>(segments_.size())) / 64 + 2;
  stream_data_.resize(std::size_t{rows} * stream_length_);
  stream_valid_.resize(std::size_t{rows} * stream_words);
  for (Words* history : {&first_history_, &bank_history_}) history->resize(stream_words + rows / 64 + 1);
  left_valid_.resize(rows);

  top_slots_ = rows + max_delay_;
  w_.resize(std::size_t{top_slots_} * lanes_);
  wv_.resize(std::size_t{top_slots_} * words_);
  top_valid_.resize(cols);
  top_valid_set_.resize(words_);
  skew_slots_ = max_delay_ + 1;
  direct_slots_ = wire_.back() + 1;
  for (Words* line : {&skew_drain_, &skew_drain_bank_}) line->resize(std::size_t{skew_slots_} * words_);
  for (Words* line : {&direct_enable_, &direct_drain_, &direct_drain_bank_}) {
    line->resize(std::size_t{direct_slots_} * words_);
  }
  wire_taps_.resize(std::size_t{direct_slots_} * rows);
  wire_any_.resize(direct_slots_);
  wire_control_.resize(direct_slots_);
  tap_valid_.resize(std::size_t{rows} * segments_.size());
  tap_control_.resize(segments_.size());

  const std::size_t sets = std::size_t{rows} * words_;
  for (std::uint32_t bank = 0; bank < 2; ++bank) {
    if (bank < config.banks()) acc_[bank].resize((std::size_t{rows} + 1) * lanes_);
    for (Words* words : {&full_[bank], &lanes_now_[bank], &moving_[bank]}) words->resize(sets);
  }
  for (Words* words : {&mv_, &mb_, &first_now_}) words->resize(sets);
  drain_now_.resize(words_);
  enable_set_.resize(words_);
  drain_bank_now_.resize(words_);
  if (segments_.size() > 1) gathered_.resize(std::size_t{rows} * lanes_);
  reset();
}

void SteppedArray::reset() {
  auto zero = [](auto& values) { std::fill(values.begin(), values.end(), 0); };
  zero(stream_data_);
  zero(left_valid_);
  zero(w_);
  zero(top_valid_);
  for (Words* words :
       {&stream_valid_, &first_history_, &bank_history_, &wv_, &top_valid_set_, &skew_drain_, &skew_drain_bank_,
        &direct_enable_, &direct_drain_, &direct_drain_bank_, &full_[0], &full_[1], &mv_, &mb_}) {
    zero(*words);
  }
  std::fill(wire_taps_.begin(), wire_taps_.end(), Tap{});
  std::fill(wire_control_.begin(), wire_control_.end(), TapControl{});
  std::fill(tap_control_.begin(), tap_control_.end(), TapControl{});
  zero(wire_any_);
  zero(tap_valid_);
  zero(acc_[0]);
  zero(acc_[1]);
  any_moves_ = any_left_valid_ = any_top_valid_ = bank_now_ = false;
  control_ready_ = false;
  edges_ = settled_ = valid_gone_ = first_gone_ = mixed_gone_ = taps_gone_ = strobes_gone_ = 0;
  head_ = 0;
  front_ = rewound_;
  last_macs_ = last_moves_ = 0;
}

void SteppedArray::clock(const EdgeInputs& in, EdgeOutputs& out) {
  last_macs_ = last_moves_ = 0;
  if (!in.enable) {
    show_outputs(in, out);
    return;
  }
  drain(in, out);
  accumulate();
  shift_left_operands(in);
  shift_top_operands(in);
  if (config_.fuse_links) drive_taps(in);
  ++edges_;
}

void SteppedArray::show_outputs(const EdgeInputs& in, EdgeOutputs& out) const {
  const std::size_t skew = edges_ % skew_slots_ * words_, direct = edges_ % direct_slots_ * words_;
  const std::uint32_t last = config_.rows - 1;
  for (std::uint32_t j = 0; j < config_.cols; ++j) {
    const bool port = in.drain[j] != 0 && (in.skewed ? hop_[j] : wire_[j]) == 0;
    const bool strobe = port || test(skew_drain_, skew, j) || test(direct_drain_, direct, j);
    const bool strobe_bank =
        (port && second_bank(in.drain_bank)) || test(skew_drain_bank_, skew, j) || test(direct_drain_bank_, direct, j);
    const bool arrived = test_row(mv_, last, j);
    const int bank = (arrived ? test_row(mb_, last, j) : strobe_bank) ? 1 : 0;
    const bool moving = arrived || (strobe && test_row(full_[bank], last, j));
    out.valid[j] = moving ? 1 : 0;
    out.data[j] = moving ? acc_[bank][cell(last, j)] : 0;
  }
}

bool SteppedArray::collect_strobes(const EdgeInputs& in) {
  if (any(in.drain)) {
    strobes_gone_ = edges_ + max_delay_ + 1;
    const bool bank = second_bank(in.drain_bank);
    const std::uint32_t slots = in.skewed ? skew_slots_ : direct_slots_;
    const std::vector<std::uint32_t>& delay = in.skewed ? hop_ : wire_;
    std::uint64_t* const strobes = in.skewed ? skew_drain_.data() : direct_drain_.data();
    std::uint64_t* const banks = in.skewed ? skew_drain_bank_.data() : direct_drain_bank_.data();
    const auto now = static_cast<std::uint32_t>(edges_ % slots);
    for (std::uint32_t j = 0; j < config_.cols; ++j) {
      if (in.drain[j] == 0) continue;
      std::uint32_t slot = now + delay[j];
      if (slot >= slots) slot -= slots;
      assign_bit(strobes + set(slot), j, true);
      assign_bit(banks + set(slot), j, bank);
    }
  }
  if (edges_ >= strobes_gone_) return false;
  const std::size_t skew = edges_ % skew_slots_ * words_, direct = edges_ % direct_slots_ * words_;
  std::uint64_t seen = 0;
  for (std::uint32_t k = 0; k < words_; ++k) {
    drain_now_[k] = skew_drain_[skew + k] | direct_drain_[direct + k];
    drain_bank_now_[k] = skew_drain_bank_[skew + k] | direct_drain_bank_[direct + k];
    skew_drain_[skew + k] = skew_drain_bank_[skew + k] = 0;
    direct_drain_[direct + k] = direct_drain_bank_[direct + k] = 0;
    seen |= drain_now_[k];
  }
  return seen != 0;
}

void SteppedArray::drain(const EdgeInputs& in, EdgeOutputs& out) {
  const bool strobe = collect_strobes(in);
  if (!strobe && !any_moves_) {
    std::fill(out.valid.begin(), out.valid.end(), 0);
    std::fill(out.data.begin(), out.data.end(), 0);
    return;
  }
  const std::uint32_t rows = config_.rows;
  std::uint64_t any_moving[2] = {0, 0}, met = 0;
  for (std::uint32_t k = 0; k < words_; ++k) {
    std::uint64_t* const mv = mv_.data() + std::size_t{k} * rows;
    std::uint64_t* const mb = mb_.data() + std::size_t{k} * rows;
    std::uint64_t* const full[2] = {full_[0].data() + std::size_t{k} * rows, full_[1].data() + std::size_t{k} * rows};
    std::uint64_t* const moving[2] = {moving_[0].data() + std::size_t{k} * rows,
                                      moving_[1].data() + std::size_t{k} * rows};
    if (strobe) {
      const std::uint64_t second = drain_now_[k] & drain_bank_now_[k], first = drain_now_[k] & ~second;
      for (std::uint32_t i = 0; i < rows; ++i) {
        const std::uint64_t started[2] = {full[0][i] & first, full[1][i] & second};
        full[0][i] &= ~first;
        full[1][i] &= ~second;
        met |= mv[i] & (started[0] | started[1]);
        moving[0][i] = (mv[i] & ~mb[i]) | started[0];
        moving[1][i] = mb[i] | started[1];
      }
    } else {
      for (std::uint32_t i = 0; i < rows; ++i) {
        moving[0][i] = mv[i] & ~mb[i];
        moving[1][i] = mb[i];
      }
    }
    mv[0] = mb[0] = 0;
    for (std::uint32_t i = 0; i + 1 < rows; ++i) {
      met |= (moving[0][i] & full[0][i + 1]) | (moving[1][i] & full[1][i + 1]);
      mv[i + 1] = moving[0][i] | moving[1][i];
      mb[i + 1] = moving[1][i];
    }
    for (std::uint32_t i = 0; i < rows; ++i) {
      any_moving[0] |= moving[0][i];
      any_moving[1] |= moving[1][i];
    }
  }
  any_moves_ = (any_moving[0] | any_moving[1]) != 0;
  for (std::uint32_t bank = 0; bank < 2; ++bank) {
    if (any_moving[bank] == 0) continue;
    last_moves_ += kernels_->count_bits(moving_[bank].data(), moving_[bank].size());
    kernels_->move_down(rows, lanes_, {moving_[bank].data(), rows}, acc_[bank].data());
  }
  write_outputs(out);
  if (met != 0) throw std::logic_error(law_broken);
}

/// What has moved below the last row.
void SteppedArray::write_outputs(EdgeOutputs& out) const {
  const std::uint32_t cols = config_.cols, last = config_.rows - 1;
  const std::int32_t* const data[2] = {acc_[0].data() + cell(config_.rows, 0),
                                       config_.banks() == 2 ? acc_[1].data() + cell(config_.rows, 0) : nullptr};
  for (std::uint32_t begin = 0; begin < cols; begin += 64) {
    const std::uint32_t length = std::min(cols - begin, 64U);
    const std::size_t at = std::size_t{begin / 64} * config_.rows + last;
    const std::uint64_t words[2] = {moving_[0][at], moving_[1][at]};
    for (int bank = 0; bank < 2; ++bank) {
      if (words[bank] != all_columns_[begin / 64]) continue;
      std::fill_n(out.valid.data() + begin, length, 1);
      std::copy_n(data[bank] + begin, length, out.data.data() + begin);
    }
    if (words[0] == all_columns_[begin / 64] || words[1] == all_columns_[begin / 64]) continue;
    for (std::uint32_t j = 0; j < length; ++j) {
      const bool in_second = (words[1] >> j & 1) != 0, word = in_second || (words[0] >> j & 1) != 0;
      out.valid[begin + j] = word ? 1 : 0;
      out.data[begin + j] = word ? data[in_second ? 1 : 0][begin + j] : 0;
    }
  }
}

/// Which columns of each row hold a valid left operand, and where `first` and `bank` are set, if at all.
void SteppedArray::collect_left_control() {
  const std::uint32_t rows = config_.rows;
  const bool firsts = edges_ < first_gone_, mixed = edges_ < mixed_gone_;
  for (std::uint32_t k = 0; k < words_; ++k) {
    std::uint64_t* const lanes = lanes_now_[0].data() + std::size_t{k} * rows;
    std::uint64_t* const first = first_now_.data() + std::size_t{k} * rows;
    std::uint64_t* const second = lanes_now_[1].data() + std::size_t{k} * rows;
    // Cuts make holes in the streams: segment s looks s elements further.
    for (std::uint32_t s = 0; s < segments_.size(); ++s) {
      const std::uint64_t mine = segments_.size() == 1 ? all_ones : segment_columns_[std::size_t{s} * words_ + k];
      if (mine == 0) continue;
      const std::uint32_t from = front_ + 64 * k + s, shift = from % 64;
      const std::uint64_t* const near = stream_valid_.data() + std::size_t{from / 64} * rows;
      const std::uint64_t* const far = near + rows;
      for (std::uint32_t i = 0; i < rows; ++i) {
        assign(lanes[i], mine, near[i] >> shift | (far[i] << 1) << (63 - shift));
      }
      if (firsts) {
        for (std::uint32_t i = 0; i < rows; ++i) assign(first[i], mine, window(first_history_.data(), from + i));
      }
      if (mixed) {
        for (std::uint32_t i = 0; i < rows; ++i) assign(second[i], mine, window(bank_history_.data(), from + i));
      }
    }
  }
}

/// Where a row's taps are valid they bring their own control.
void SteppedArray::merge_taps() {
  const std::uint32_t rows = config_.rows;
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    const std::uint8_t* const valid = tap_valid_.data() + s * rows;
    const std::uint64_t first = tap_control_[s].first ? all_ones : 0,
                        second = tap_control_[s].second_bank ? all_ones : 0;
    for (std::uint32_t k = 0; k < words_; ++k) {
      const std::uint64_t mine = segment_columns_[s * words_ + k];
      if (mine == 0) continue;
      const std::size_t at = std::size_t{k} * rows;
      for (std::uint32_t i = 0; i < rows; ++i) {
        const std::uint64_t here = valid[i] != 0 ? mine : 0;
        lanes_now_[0][at + i] |= here;
        assign(first_now_[at + i], here, first);
        assign(lanes_now_[1][at + i], here, second);
      }
    }
  }
}

/// Which PEs accumulate at this edge and which of them start from zero.
void SteppedArray::collect_control() {
  const bool taps = edges_ < taps_gone_, operands = edges_ < valid_gone_;
  const bool firsts = taps || edges_ < first_gone_, mixed = taps || edges_ < mixed_gone_;
  auto fill = [](Words& sets, bool value) { std::fill(sets.begin(), sets.end(), value ? all_ones : 0); };
  if (taps) {
    fill(first_now_, false);
    fill(lanes_now_[1], bank_now_);
  }
  if (operands) {
    collect_left_control();
  } else {
    fill(lanes_now_[0], false);
  }
  if (taps) merge_taps();

  const std::uint32_t rows = config_.rows, above_wrap = std::min(rows, top_slots_ - head_);
  macs_now_ = 0;
  any_lane_[0] = any_lane_[1] = 0;
  for (std::uint32_t k = 0; k < words_; ++k) {
    std::uint64_t* const lanes = lanes_now_[0].data() + std::size_t{k} * rows;
    std::uint64_t* const second = lanes_now_[1].data() + std::size_t{k} * rows;
    std::uint64_t* const first = first_now_.data() + std::size_t{k} * rows;
    const std::uint64_t* const slots = wv_.data() + std::size_t{k} * top_slots_;
    for (std::uint32_t i = 0; i < above_wrap; ++i) lanes[i] &= slots[head_ + i];
    for (std::uint32_t i = above_wrap; i < rows; ++i) lanes[i] &= slots[i - above_wrap];
    std::uint64_t common = all_ones;
    for (std::uint32_t i = 0; i < rows; ++i) common &= lanes[i];
    macs_now_ += common == all_columns_[k] ? rows * static_cast<std::uint32_t>(std::popcount(common))
                                           : kernels_->count_bits(lanes, rows);
    if (firsts) {
      for (std::uint32_t i = 0; i < rows; ++i) first[i] &= lanes[i];
    }
    if (!mixed && bank_now_) {
      for (std::uint32_t i = 0; i < rows; ++i) second[i] = lanes[i];
      std::fill_n(lanes, rows, 0);
    } else if (!mixed) {
      std::fill_n(second, rows, 0);
    } else {
      for (std::uint32_t i = 0; i < rows; ++i) {
        second[i] &= lanes[i];
        lanes[i] &= ~second[i];
      }
    }
    for (std::uint32_t i = 0; i < rows; ++i) {
      any_lane_[0] |= lanes[i];
      any_lane_[1] |= second[i];
    }
  }
  any_first_ = firsts;
}

void SteppedArray::accumulate() {
  if (edges_ >= taps_gone_ && edges_ >= valid_gone_) return;
  const bool settled = edges_ >= settled_;
  if (!settled || !control_ready_) {
    collect_control();
    control_ready_ = settled;
  }
  last_macs_ = macs_now_;
  const std::uint32_t rows = config_.rows;
  std::uint64_t met = 0;
  for (std::uint32_t bank = 0; bank < 2; ++bank) {
    if (any_lane_[bank] == 0) continue;
    std::uint64_t* const full = full_[bank].data();
    const std::uint64_t* const lanes = lanes_now_[bank].data();
    for (std::size_t n = 0; n < full_[bank].size(); ++n) full[n] |= lanes[n];
    if (!any_moves_) continue;
    const std::uint64_t other_bank = bank == 0 ? all_ones : 0;
    for (std::size_t n = 0; n < mv_.size(); ++n) met |= mv_[n] & (mb_[n] ^ other_bank) & lanes[n];
  }
  if (met != 0) throw std::logic_error(law_broken);
  if (segments_.size() > 1 && (any_lane_[0] | any_lane_[1]) != 0) {
    for (std::uint32_t i = 0; i < rows; ++i) {
      const std::int8_t* const a = stream_data_.data() + std::size_t{i} * stream_length_ + front_;
      for (const Segment& segment : segments_) {
        std::memcpy(gathered_.data() + cell(i, segment.begin), a + hop_[segment.begin], segment.end - segment.begin);
      }
    }
  }
  for (std::uint32_t bank = 0; bank < 2; ++bank) {
    if (any_lane_[bank] != 0) accumulate_bank(bank);
  }
}

/// Two runs of rows: the ring of the top registers wraps between them.
void SteppedArray::accumulate_bank(std::uint32_t bank) {
  const std::uint32_t rows = config_.rows, above_wrap = std::min(rows, top_slots_ - head_);
  const bool cut = segments_.size() > 1;
  Accumulation work;
  work.columns = lanes_;
  work.a_stride = cut ? lanes_ : stream_length_;
  for (const auto& [begin, end] : {std::pair{0U, above_wrap}, std::pair{above_wrap, rows}}) {
    if (begin == end) continue;
    work.rows = end - begin;
    work.a = (cut ? gathered_.data() : stream_data_.data() + front_) + begin * work.a_stride;
    work.w = w_.data() + cell(top_row(begin), 0);
    work.lanes = {lanes_now_[bank].data() + begin, rows};
    if (any_first_) work.first = {first_now_.data() + begin, rows};
    work.acc = acc_[bank].data() + cell(begin, 0);
    kernels_->accumulate(work);
  }
}

void SteppedArray::rewind_streams() {
  // Elements 0 .. rows + max_delay - 1 are in use; the distance is a multiple of 64.
  const std::uint32_t distance = rewound_ - front_, skip = distance / 64;
  const std::uint32_t live = config_.rows + max_delay_, live_words = live / 64 + 1;
  for (std::uint32_t i = 0; i < config_.rows; ++i) {
    std::int8_t* const data = stream_data_.data() + std::size_t{i} * stream_length_;
    std::memmove(data + distance, data, live);
    std::memset(data, 0, distance);
  }
  const auto valid = stream_valid_.begin();
  const auto row_words = [&](std::uint32_t words) {
    return valid + static_cast<std::ptrdiff_t>(std::size_t{words} * config_.rows);
  };
  std::copy_backward(valid, row_words(live_words), row_words(skip + live_words));
  for (std::uint32_t i = 0; i < config_.rows; ++i) {
    for (std::uint32_t k = 0; k < skip; ++k) {
      stream_valid_[std::size_t{k} * config_.rows + i] = left_valid_[i] != 0 ? all_ones : 0;
    }
  }
  for (Words* history : {&first_history_, &bank_history_}) {
    std::copy_backward(history->begin(), history->end() - skip, history->end());
  }
  front_ = rewound_;
}

/// Control that changes at a port takes this long to reach every PE.
void SteppedArray::unsettle() {
  settled_ = edges_ + config_.rows + max_delay_ + direct_slots_ + 1;
}

/// What the left valid ports carry from now on.
void SteppedArray::expect_left_valid(const std::uint8_t* flags) {
  unsettle();
  any_left_valid_ = false;
  for (std::uint32_t i = 0; i < config_.rows; ++i) {
    const std::uint8_t flag = flags != nullptr ? flags[i] : 0;
    any_left_valid_ |= flag != 0;
    if (flag == left_valid_[i]) continue;
    left_valid_[i] = flag;
    const std::uint32_t count = front_ - i + 1;  // elements 0 .. front_ - i are still to come
    const std::uint64_t value = flag != 0 ? all_ones : 0;
    for (std::uint32_t k = 0; k < count / 64; ++k) stream_valid_[std::size_t{k} * config_.rows + i] = value;
    assign(stream_valid_[std::size_t{count / 64} * config_.rows + i], (std::uint64_t{1} << (count % 64)) - 1, value);
  }
}

void SteppedArray::shift_left_operands(const EdgeInputs& in) {
  if (front_ < config_.rows) rewind_streams();
  --front_;
  const std::uint32_t rows = config_.rows;
  std::int8_t* data = stream_data_.data() + front_;
  if (!in.skewed) {
    if (any_left_valid_) expect_left_valid(nullptr);
    for (std::uint32_t i = 0; i < rows; ++i, data += stream_length_) *data = in.left[i];
    if (edges_ < valid_gone_) {
      for (std::uint32_t i = 0; i < rows; ++i) {
        stream_valid_[std::size_t{front_ / 64} * rows + i] &= ~(std::uint64_t{1} << (front_ % 64));
      }
    }
    return;
  }
  // Row i's line is i registers long: the element reaches PE (i, 0) i edges later.
  const std::int8_t* const left = in.left.data();
  const std::size_t next_row = stream_length_ - 1;
  for (std::uint32_t i = 0; i < rows; ++i, data += next_row) *data = left[i];
  if (std::memcmp(left_valid_.data(), in.left_valid.data(), rows) != 0) expect_left_valid(in.left_valid.data());
  const std::uint64_t gone = edges_ + rows + max_delay_ + 1;
  if (any_left_valid_) valid_gone_ = gone;
  assign_bit(first_history_.data(), front_, in.left_first);
  if (in.left_first) {
    first_gone_ = gone;
    unsettle();
  }
  const bool bank = second_bank(in.left_bank);
  assign_bit(bank_history_.data(), front_, bank);
  if (bank != bank_now_) {
    mixed_gone_ = gone;
    unsettle();
  }
  bank_now_ = bank;
}

/// What the top valid ports carry from now on: column j sees it delta(j) edges later.
void SteppedArray::expect_top_valid(const std::uint8_t* flags) {
  unsettle();
  if (flags != nullptr) {
    std::copy_n(flags, config_.cols, top_valid_.data());
  } else {
    std::fill(top_valid_.begin(), top_valid_.end(), 0);
  }
  pack(top_valid_.data(), config_.cols, top_valid_set_.data());
  any_top_valid_ = any(top_valid_);
  std::uint32_t slot = head_;
  for (std::uint32_t later = 0; later <= max_delay_; ++later) {
    for (std::uint32_t k = 0; k < words_; ++k) {
      assign(wv_[std::size_t{k} * top_slots_ + slot], reach_[std::size_t{later} * words_ + k], top_valid_set_[k]);
    }
    slot = slot == 0 ? top_slots_ - 1 : slot - 1;
  }
}

void SteppedArray::shift_top_operands(const EdgeInputs& in) {
  const std::uint32_t lanes = lanes_, slots = top_slots_;
  head_ = head_ == 0 ? slots - 1 : head_ - 1;
  // The row that falls out at the bottom becomes the farthest end of the feeder.
  const std::uint32_t leaving = top_row(config_.rows == slots ? 0 : config_.rows);
  std::memset(w_.data() + cell(leaving, 0), 0, lanes);
  for (std::uint32_t k = 0; k < words_; ++k) wv_[std::size_t{k} * slots + leaving] = top_valid_set_[k];
  if (in.skewed) {
    // Column j goes delta(j) slots ahead: a diagonal through the ring, which wraps at most once.
    std::int8_t* const data = w_.data();
    const std::int8_t* const top = in.top.data();
    std::uint32_t slot = head_;
    for (const Segment& segment : segments_) {
      for (std::uint32_t j = segment.begin; j < segment.end;) {
        const std::uint32_t stop = std::min(segment.end, j + slot + 1);
        std::int8_t* at = data + cell(slot, j);
        slot -= stop - j;  // one before 0 where the ring wraps
        for (; j < stop; ++j, at -= lanes - 1) *at = top[j];
        if (slot >= slots) slot = slots - 1;
      }
      slot = slot == 0 ? slots - 1 : slot - 1;
    }
    if (std::memcmp(top_valid_.data(), in.top_valid.data(), config_.cols) != 0) expect_top_valid(in.top_valid.data());
    return;
  }
  if (any_top_valid_) expect_top_valid(nullptr);
  if (!config_.fuse_links) return;
  pack(in.top_valid.data(), config_.cols, enable_set_.data());
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    const std::size_t slot = (edges_ + s) % direct_slots_ * words_;
    for (std::uint32_t k = 0; k < words_; ++k) {
      assign(direct_enable_[slot + k], segment_columns_[s * words_ + k], enable_set_[k]);
    }
  }
}

void SteppedArray::drive_taps(const EdgeInputs& in) {
  const std::uint32_t rows = config_.rows;
  const std::size_t now = edges_ % direct_slots_, segments = segments_.size();
  std::uint64_t* const enable = direct_enable_.data() + now * words_;
  const bool tapped_now = any(in.tap_valid);
  if (!tapped_now && edges_ >= taps_gone_) {  // neither wires nor tap control registers hold anything
    std::fill_n(enable, words_, 0);
    wire_any_[now] = 0;
    return;
  }
  unsettle();
  if (tapped_now) taps_gone_ = edges_ + direct_slots_ + 1;
  // The ring holds the wire's registers: slot (edges - g) is what segment g sees in this cycle.
  wire_any_[now] = tapped_now ? 1 : 0;
  if (tapped_now) {
    for (std::uint32_t i = 0; i < rows; ++i) wire_taps_[now * rows + i] = {in.tap[i], in.tap_valid[i] != 0};
    wire_control_[now] = {in.tap_first, second_bank(in.tap_bank)};
  }
  for (std::size_t s = 0; s < segments; ++s) {
    if (s > edges_) break;
    const std::size_t slot = (edges_ - s) % direct_slots_;
    const bool tapped = wire_any_[slot] != 0;
    const Segment& segment = segments_[s];
    tap_control_[s] = wire_control_[slot];
    for (std::uint32_t i = 0; i < rows; ++i) {
      const Tap& tap = wire_taps_[slot * rows + i];
      const bool valid = tapped && tap.valid;
      tap_valid_[s * rows + i] = valid ? 1 : 0;
      if (!valid) continue;
      const std::uint32_t top = top_row(i);
      std::memset(w_.data() + cell(top, segment.begin), tap.data, segment.end - segment.begin);
      for (std::uint32_t k = 0; k < words_; ++k) {
        assign(wv_[std::size_t{k} * top_slots_ + top], segment_columns_[s * words_ + k], enable[k]);
      }
    }
  }
  std::fill_n(enable, words_, 0);
}

PeState SteppedArray::pe(std::uint32_t row, std::uint32_t col) const {
  PeState state;
  const std::uint32_t element = front_ + hop_.at(col);
  state.a = stream_data_[std::size_t{row} * stream_length_ + element];
  state.lv = (stream_valid_[std::size_t{element / 64} * config_.rows + row] >> (element % 64) & 1) != 0;
  state.lf = state.lv && (window(first_history_.data(), element + row) & 1) != 0;
  state.lb = state.lv && (window(bank_history_.data(), element + row) & 1) != 0 ? 1 : 0;
  const std::uint32_t top = top_row(row);
  state.w = w_[cell(top, col)];
  state.wv = (wv_[std::size_t{col / 64} * top_slots_ + top] >> (col % 64) & 1) != 0;
  const std::uint32_t segment = wire_[col];
  state.fv = tap_valid_[std::size_t{segment} * config_.rows + row] != 0;
  state.ff = state.fv && tap_control_[segment].first;
  state.fb = state.fv && tap_control_[segment].second_bank ? 1 : 0;
  for (std::uint32_t bank = 0; bank < config_.banks(); ++bank) {
    state.acc[bank] = acc_[bank][cell(row, col)];
    state.full[bank] = test_row(full_[bank], row, col);
  }
  state.mv = test_row(mv_, row, col);
  state.mb = test_row(mb_, row, col) ? 1 : 0;
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
