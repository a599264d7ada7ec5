// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/fused_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

namespace fusesim::isa::machine {

namespace {

constexpr std::uint32_t most_lanes = 4095;    // The header has 12 bits for their number.
constexpr std::uint32_t last_bit = 1U << 28;  // Of a term.
constexpr std::uint16_t sign_bit = 1U << 15;  // Of a header: falling; of a lane: negative.
constexpr std::uint16_t index_bits = 0x0fff;  // Of headers, lanes, and of a term's upper half.
constexpr std::size_t factor_header_bytes = 8;
// Terms of one instruction: far above any real one, so that damaged factors cannot ask for all memory.
constexpr std::uint64_t most_terms = std::uint64_t{1} << 28;

template <class... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw InvalidLists(fmt::format(format, std::forward<Arguments>(arguments)...));
}

std::uint32_t read_16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return bytes[at] | std::uint32_t{bytes[at + 1]} << 8;
}
std::uint32_t read_32(std::span<const std::uint8_t> bytes, std::size_t at) {
  return read_16(bytes, at) | read_16(bytes, at + 2) << 16;
}
void write_16(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value));
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
}
void write_32(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
  write_16(bytes, value);
  write_16(bytes, value >> 16);
}

/// What is wrong with term `term` of a list of `count`; empty when nothing is.
std::string complaint(const FusedTerm& term, bool alone, const FusedListShape& shape) {
  if (term.middle >= shape.middle) {
    return fmt::format("middle channel {} is not one of the group's {}", term.middle, shape.middle);
  }
  if (term.weight == 0 && !(alone && term.middle == 0)) {
    return "weight 0: only an empty list has such a term, its only one, of middle channel 0";
  }
  return {};
}

}  // namespace

void FusedTerms::end_list() {
  const std::uint32_t begin = ends.empty() ? 0 : ends.back();
  if (terms.size() == begin) terms.emplace_back();
  ends.push_back(static_cast<std::uint32_t>(terms.size()));
}

std::string describe_list(const FusedListShape& shape, std::uint64_t index) {
  const std::uint64_t channel = index / shape.lists_per_channel();
  const std::uint32_t place = static_cast<std::uint32_t>(index % shape.lists_per_channel());
  if (place == shape.lists_per_channel() - 1) {
    return fmt::format("list {} (output channel {}, depthwise bias)", index, channel);
  }
  const std::uint32_t tap = place / (shape.channels + 1), c = place % (shape.channels + 1);
  if (c == shape.channels) return fmt::format("list {} (output channel {}, tap {}, expand bias)", index, channel, tap);
  return fmt::format("list {} (output channel {}, tap {}, input channel {})", index, channel, tap, c);
}

// ---- Composed terms ----

std::vector<std::uint8_t> encode_terms(const FusedTerms& terms, const FusedListShape& shape) {
  if (terms.ends.size() != shape.lists()) refuse("{} lists where there should be {}", terms.ends.size(), shape.lists());
  std::vector<std::uint8_t> bytes;
  bytes.reserve(terms.terms.size() * fused_term_bytes);
  std::uint32_t begin = 0;
  for (std::size_t list = 0; list < terms.ends.size(); ++list) {
    const std::uint32_t end = terms.ends[list];
    if (end <= begin || end > terms.terms.size()) refuse("{} has no terms", describe_list(shape, list));
    for (std::uint32_t i = begin; i < end; ++i) {
      const FusedTerm& term = terms.terms[i];
      if (const std::string wrong = complaint(term, end - begin == 1, shape); !wrong.empty()) {
        refuse("{}, term {}: {}", describe_list(shape, list), i - begin, wrong);
      }
      write_32(bytes, static_cast<std::uint16_t>(term.weight) | std::uint32_t{term.middle} << 16 |
                          (i + 1 == end ? last_bit : 0));
    }
    begin = end;
  }
  if (begin != terms.terms.size()) refuse("{} terms after the last list", terms.terms.size() - begin);
  return bytes;
}

FusedTerms decode_terms(std::span<const std::uint8_t> bytes, const FusedListShape& shape) {
  if (bytes.size() % fused_term_bytes != 0) {
    refuse("byte {}: a term has 4 bytes, and {} are left", bytes.size() / 4 * 4, bytes.size() % 4);
  }
  const std::uint64_t lists = shape.lists();
  FusedTerms result;
  result.terms.reserve(bytes.size() / fused_term_bytes);
  result.ends.reserve(std::min<std::uint64_t>(lists, bytes.size() / fused_term_bytes));
  std::uint32_t begin = 0;
  for (std::size_t at = 0; at < bytes.size(); at += fused_term_bytes) {
    if (result.ends.size() == lists) {
      refuse("byte {}: {} bytes after the last of {} lists", at, bytes.size() - at, lists);
    }
    const std::uint32_t word = read_32(bytes, at);
    if (word >= last_bit << 1) {
      refuse("byte {}: {}: bits 29 to 31 of a term must be 0, are {}", at, describe_list(shape, result.ends.size()),
             word >> 29);
    }
    const bool last = (word & last_bit) != 0;
    const FusedTerm term{static_cast<std::int16_t>(word & 0xffff), static_cast<std::uint16_t>(word >> 16 & index_bits)};
    const bool alone = last && result.terms.size() == begin;
    if (const std::string wrong = complaint(term, alone, shape); !wrong.empty()) {
      refuse("byte {}: {}, term {}: {}", at, describe_list(shape, result.ends.size()), result.terms.size() - begin,
             wrong);
    }
    result.terms.push_back(term);
    if (last) {
      begin = static_cast<std::uint32_t>(result.terms.size());
      result.ends.push_back(begin);
    }
  }
  if (result.terms.size() != begin) {
    refuse("byte {}: {} has no last term", bytes.size(), describe_list(shape, result.ends.size()));
  }
  if (result.ends.size() != lists) {
    refuse("byte {}: {} lists where there should be {}: {} is missing", bytes.size(), result.ends.size(), lists,
           describe_list(shape, result.ends.size()));
  }
  return result;
}

void check_adder_bits(const FusedTerms& terms, const FusedListShape& shape, std::uint32_t adder_bits) {
  const std::int64_t limit = (std::int64_t{1} << (adder_bits - 1)) - 1;
  std::uint32_t begin = 0;
  for (std::size_t list = 0; list < terms.ends.size(); ++list) {
    std::int64_t sum = 0;
    for (std::uint32_t i = begin; i < terms.ends[list]; ++i) sum += std::abs(std::int32_t{terms.terms[i].weight});
    begin = terms.ends[list];
    if (sum > limit) {
      refuse("{}: its magnitudes add up to {}, more than {} adder bits hold ({}): more adder bits or smaller factors",
             describe_list(shape, list), sum, adder_bits, limit);
    }
  }
}

// ---- Sparse factors ----

namespace {

void check_sizes(const FusedFactors& factors, const FusedListShape& shape) {
  const auto check = [](const char* name, std::size_t size, std::uint64_t wanted) {
    if (size != wanted) refuse("{} has {} elements where the shape has {}", name, size, wanted);
  };
  check("expand", factors.expand.size(), std::uint64_t{shape.middle} * shape.channels);
  check("depthwise", factors.depthwise.size(), std::uint64_t{shape.middle} * shape.taps());
  check("project", factors.project.size(), std::uint64_t{shape.out_channels} * shape.middle);
  check("expand_bias", factors.expand_bias.size(), shape.middle);
  check("depthwise_bias", factors.depthwise_bias.size(), shape.middle);
}

/// Bits, from the lowest of each byte.
class BitWriter {
 public:
  explicit BitWriter(std::vector<std::uint8_t>& bytes) : bytes_(bytes) {}
  void put(std::uint32_t value, std::uint32_t bits) {
    for (std::uint32_t i = 0; i < bits; ++i) {
      if (used_ == 0) bytes_.push_back(0);
      bytes_.back() = static_cast<std::uint8_t>(bytes_.back() | (value >> i & 1U) << used_);
      used_ = (used_ + 1) % 8;
    }
  }
  void align() { used_ = 0; }

 private:
  std::vector<std::uint8_t>& bytes_;
  std::uint32_t used_ = 0;  // Bits of the last byte; 0: a new one is due.
};

class BitReader {
 public:
  BitReader(std::span<const std::uint8_t> bytes, std::size_t at) : bytes_(bytes), bit_(at * 8) {}
  [[nodiscard]] std::size_t byte() const { return bit_ / 8; }
  [[nodiscard]] std::size_t bits_left() const { return bytes_.size() * 8 - bit_; }
  [[nodiscard]] std::uint32_t get(std::uint32_t bits, const char* what) {
    if (bits_left() < bits) refuse("byte {}: the stream ends within {}", bytes_.size(), what);
    std::uint32_t value = 0;
    for (std::uint32_t i = 0; i < bits; ++i, ++bit_) value |= (bytes_[bit_ / 8] >> bit_ % 8 & 1U) << i;
    return value;
  }
  void align(const char* what) {
    if (bit_ % 8 == 0) return;
    const std::uint32_t fill = get(8 - bit_ % 8, what);
    if (fill != 0) refuse("byte {}: bits that fill the byte after {} must be 0, are {}", byte() - 1, what, fill);
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t bit_;
};

/// The smallest width in two's complement that holds all elements; 0 when all are 0.
template <class T>
std::uint32_t width_of(const std::vector<T>& elements) {
  std::uint32_t width = 0;
  for (const std::int32_t element : elements) {
    if (element == 0) continue;
    const std::uint32_t magnitude = static_cast<std::uint32_t>(element < 0 ? ~element : element);
    std::uint32_t needed = 1;
    while (magnitude >> (needed - 1) != 0) ++needed;
    width = std::max(width, needed);
  }
  return width;
}

template <class T>
void write_sparse(BitWriter& out, const std::vector<T>& elements, std::size_t columns, std::uint32_t width) {
  for (std::size_t row = 0; row < elements.size(); row += columns) {
    for (std::size_t i = row; i < row + columns; ++i) out.put(elements[i] != 0, 1);
    for (std::size_t i = row; i < row + columns; ++i) {
      if (elements[i] != 0) out.put(static_cast<std::uint32_t>(std::int32_t{elements[i]}), width);
    }
  }
  out.align();
}

template <class T>
void read_sparse(BitReader& in, std::vector<T>& elements, std::uint64_t rows, std::uint64_t columns,
                 std::uint32_t width, const char* what) {
  if (width > sizeof(T) * 8) refuse("{} has elements of {} bits; at most {} are allowed", what, width, sizeof(T) * 8);
  // A bit an element at least: checked before memory is asked for.
  if (in.bits_left() < rows * columns) refuse("byte {}: the stream is too short for {}", in.byte(), what);
  elements.resize(rows * columns);
  for (std::uint64_t row = 0; row < rows; ++row) {
    T* const line = elements.data() + row * columns;
    for (std::uint64_t i = 0; i < columns; ++i) line[i] = static_cast<T>(in.get(1, what));
    for (std::uint64_t i = 0; i < columns; ++i) {
      if (line[i] == 0) continue;
      const std::size_t at = in.byte();
      const std::uint32_t bits = in.get(width, what);
      const std::uint32_t sign = width == 0 ? 0 : 1U << (width - 1);
      line[i] = static_cast<T>(static_cast<std::int32_t>(bits ^ sign) - static_cast<std::int32_t>(sign));
      if (line[i] == 0) refuse("byte {}: {}, row {}, column {}: a stored element must not be 0", at, what, row, i);
    }
  }
  in.align(what);
}

std::int16_t product_16(std::int64_t product, const FusedListShape& shape, std::uint64_t list, std::uint32_t middle) {
  if (product < std::numeric_limits<std::int16_t>::min() || product > std::numeric_limits<std::int16_t>::max()) {
    refuse("{}, middle channel {}: the product {} does not fit a term's 16 bits", describe_list(shape, list), middle,
           product);
  }
  return static_cast<std::int16_t>(product);
}

}  // namespace

FusedTerms compose(const FusedFactors& factors, const FusedListShape& shape) {
  check_sizes(factors, shape);
  FusedTerms result;
  result.ends.reserve(shape.lists());
  struct Partial {
    std::uint32_t middle;
    std::int32_t product;
  };
  std::vector<Partial> partial;  // P D of an output channel and a tap.
  const auto add = [&](std::uint32_t middle, std::int64_t product) {
    if (result.terms.size() == most_terms) refuse("more than {} terms: fewer output channels", most_terms);
    result.terms.push_back(
        {product_16(product, shape, result.ends.size(), middle), static_cast<std::uint16_t>(middle)});
    ++result.composer_products;
  };
  for (std::uint32_t o = 0; o < shape.out_channels; ++o) {
    const std::int8_t* const project = factors.project.data() + std::size_t{o} * shape.middle;
    for (std::uint32_t k = 0; k < shape.taps(); ++k) {
      partial.clear();
      for (std::uint32_t m = 0; m < shape.middle; ++m) {
        const std::int32_t product = project[m] * factors.depthwise[std::size_t{m} * shape.taps() + k];
        if (product != 0) partial.push_back({m, product});
      }
      result.composer_products += partial.size();
      for (std::uint32_t c = 0; c < shape.channels; ++c) {
        for (const Partial& p : partial) {
          const std::int32_t weight = factors.expand[std::size_t{p.middle} * shape.channels + c];
          if (weight != 0) add(p.middle, std::int64_t{p.product} * weight);
        }
        result.end_list();
      }
      for (const Partial& p : partial) {
        if (factors.expand_bias[p.middle] != 0) add(p.middle, std::int64_t{p.product} * factors.expand_bias[p.middle]);
      }
      result.end_list();
    }
    for (std::uint32_t m = 0; m < shape.middle; ++m) {
      const std::int32_t product = project[m] * factors.depthwise_bias[m];
      if (product != 0) add(m, product);
    }
    result.end_list();
  }
  return result;
}

std::vector<std::uint8_t> encode_factors(const FusedFactors& factors, const FusedListShape& shape) {
  check_sizes(factors, shape);
  const std::array<std::uint32_t, 5> widths{width_of(factors.expand), width_of(factors.depthwise),
                                            width_of(factors.project), width_of(factors.expand_bias),
                                            width_of(factors.depthwise_bias)};
  std::vector<std::uint8_t> bytes;
  bytes.reserve(factor_header_bytes);
  for (const std::uint32_t width : widths) bytes.push_back(static_cast<std::uint8_t>(width));
  bytes.resize(factor_header_bytes);
  BitWriter out(bytes);
  write_sparse(out, factors.expand, shape.channels, widths[0]);
  write_sparse(out, factors.depthwise, shape.taps(), widths[1]);
  write_sparse(out, factors.project, shape.middle, widths[2]);
  write_sparse(out, factors.expand_bias, shape.middle, widths[3]);
  write_sparse(out, factors.depthwise_bias, shape.middle, widths[4]);
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

FusedFactors decode_factors(std::span<const std::uint8_t> bytes, const FusedListShape& shape) {
  if (bytes.size() < factor_header_bytes) refuse("byte {}: the stream ends within its header of 8 bytes", bytes.size());
  for (std::size_t at = 5; at < factor_header_bytes; ++at) {
    if (bytes[at] != 0) refuse("byte {}: the last three bytes of the header must be 0, this one is {}", at, bytes[at]);
  }
  FusedFactors factors;
  BitReader in(bytes, factor_header_bytes);
  read_sparse(in, factors.expand, shape.middle, shape.channels, bytes[0], "expand");
  read_sparse(in, factors.depthwise, shape.middle, shape.taps(), bytes[1], "depthwise");
  read_sparse(in, factors.project, shape.out_channels, shape.middle, bytes[2], "project");
  read_sparse(in, factors.expand_bias, 1, shape.middle, bytes[3], "expand_bias");
  read_sparse(in, factors.depthwise_bias, 1, shape.middle, bytes[4], "depthwise_bias");
  const std::size_t end = (in.byte() + 3) / 4 * 4;
  if (bytes.size() != end) refuse("byte {}: the stream should have {} bytes and has {}", in.byte(), end, bytes.size());
  for (std::size_t at = in.byte(); at < end; ++at) {
    if (bytes[at] != 0) refuse("byte {}: bytes that fill the stream must be 0, this one is {}", at, bytes[at]);
  }
  return factors;
}

// ---- Predictor records ----

namespace {

/// What is wrong with a record; empty when nothing is.
std::string complaint(const FusedSum& sum, bool expand, std::uint32_t inputs) {
  if (sum.lanes.size() > most_lanes) return fmt::format("{} lanes; at most 4095 are possible", sum.lanes.size());
  for (std::size_t i = 0; i < sum.lanes.size(); ++i) {
    if (sum.lanes[i].index < inputs) continue;
    return fmt::format("lane {}: {} {} is not one of {}", i, expand ? "input channel" : "tap", sum.lanes[i].index,
                       inputs);
  }
  if (!expand) return {};
  for (std::size_t i = 1; i < sum.levels.size(); ++i) {
    const bool ordered = sum.falling ? sum.levels[i] <= sum.levels[i - 1] : sum.levels[i] >= sum.levels[i - 1];
    if (!ordered) {
      return fmt::format("level thresholds {}: {} after {}: they must {}", i, sum.levels[i], sum.levels[i - 1],
                         sum.falling ? "descend, since the channel is falling" : "ascend");
    }
  }
  return {};
}

const char* stage_name(bool expand) {
  return expand ? "expand" : "depthwise";
}

/// Calls visit(expand, channel) in the order of the records.
template <class Visit>
void for_records(std::uint32_t middle, std::uint32_t round_channels, Visit visit) {
  if (round_channels == 0) refuse("a round has at least one channel");
  for (std::uint32_t first = 0; first < middle; first += std::min(round_channels, middle - first)) {
    const std::uint32_t end = first + std::min(round_channels, middle - first);
    for (const bool expand : {true, false}) {
      for (std::uint32_t m = first; m < end; ++m) visit(expand, m);
    }
  }
}

}  // namespace

std::vector<std::uint8_t> encode_predictor(const FusedPredictor& predictor, const FusedListShape& shape,
                                           std::uint32_t round_channels) {
  if (predictor.expand.size() != shape.middle || predictor.depthwise.size() != shape.middle) {
    refuse("{} expand and {} depthwise records where the group has {} middle channels", predictor.expand.size(),
           predictor.depthwise.size(), shape.middle);
  }
  std::vector<std::uint8_t> bytes;
  for_records(shape.middle, round_channels, [&](bool expand, std::uint32_t m) {
    const FusedSum& sum = expand ? predictor.expand[m] : predictor.depthwise[m];
    if (const std::string wrong = complaint(sum, expand, expand ? shape.channels : shape.taps()); !wrong.empty()) {
      refuse("{} record of middle channel {}: {}", stage_name(expand), m, wrong);
    }
    write_16(bytes, static_cast<std::uint32_t>(sum.lanes.size()) | (sum.falling ? sign_bit : 0U));
    write_16(bytes, static_cast<std::uint16_t>(sum.mask));
    if (expand) {
      for (const std::int16_t level : sum.levels) write_16(bytes, static_cast<std::uint16_t>(level));
    }
    for (const FusedLane& lane : sum.lanes) write_16(bytes, lane.index | (lane.negative ? sign_bit : 0U));
  });
  return bytes;
}

FusedPredictor decode_predictor(std::span<const std::uint8_t> bytes, const FusedListShape& shape,
                                std::uint32_t round_channels) {
  FusedPredictor result;
  result.expand.resize(shape.middle);
  result.depthwise.resize(shape.middle);
  std::size_t at = 0;
  for_records(shape.middle, round_channels, [&](bool expand, std::uint32_t m) {
    const std::size_t begin = at;
    const auto read = [&] {
      if (bytes.size() - at < 2) {
        refuse("byte {}: the stream ends within the {} record of middle channel {}, which begins at byte {}",
               bytes.size(), stage_name(expand), m, begin);
      }
      at += 2;
      return read_16(bytes, at - 2);
    };
    const auto refuse_unused = [&](std::uint32_t unit, const char* what) {
      if ((unit & 0x7000U) != 0) {
        refuse("byte {}: {} record of middle channel {}: bits 12 to 14 of {} must be 0, are {}", at - 2,
               stage_name(expand), m, what, unit >> 12 & 7U);
      }
    };
    FusedSum& sum = expand ? result.expand[m] : result.depthwise[m];
    const std::uint32_t header = read();
    refuse_unused(header, "a header");
    sum.falling = (header & sign_bit) != 0;
    sum.mask = static_cast<std::int16_t>(read());
    if (expand) {
      for (std::int16_t& level : sum.levels) level = static_cast<std::int16_t>(read());
    }
    const std::uint32_t lanes = header & index_bits;
    sum.lanes.reserve(std::min<std::size_t>(lanes, (bytes.size() - at) / fused_lane_bytes));
    for (std::uint32_t i = 0; i < lanes; ++i) {
      const std::uint32_t lane = read();
      refuse_unused(lane, "a lane");
      sum.lanes.push_back({static_cast<std::uint16_t>(lane & index_bits), (lane & sign_bit) != 0});
    }
    if (const std::string wrong = complaint(sum, expand, expand ? shape.channels : shape.taps()); !wrong.empty()) {
      refuse("byte {}: {} record of middle channel {}: {}", begin, stage_name(expand), m, wrong);
    }
  });
  if (at != bytes.size()) {
    refuse("byte {}: {} bytes after the last record, the depthwise one of middle channel {}", at, bytes.size() - at,
           shape.middle - 1);
  }
  return result;
}

// ---- Words ----

TermWord TermWords::current() const {
  const std::uint32_t list_end = terms_.ends[list_];
  const std::uint32_t end = begin_ + std::min(lanes_, list_end - begin_);
  return {list_, begin_, end, end == list_end};
}

void TermWords::advance() {
  const TermWord word = current();
  begin_ = word.end;
  if (word.last) ++list_;
}

std::uint64_t count_words(const FusedTerms& terms, std::uint32_t lanes) {
  std::uint64_t words = 0;
  std::uint32_t begin = 0;
  for (const std::uint32_t end : terms.ends) {
    words += (end - begin + lanes - 1) / lanes;
    begin = end;
  }
  return words;
}

PredictorWords cut_predictor(const FusedPredictor& predictor, std::uint32_t round_channels, std::uint32_t lanes,
                             std::uint32_t ladders) {
  PredictorWords result;
  const auto lane_count = [&] { return static_cast<std::uint32_t>(result.lanes.size()); };
  const auto ending_count = [&] { return static_cast<std::uint32_t>(result.endings.size()); };
  const auto word_count = [&] { return static_cast<std::uint32_t>(result.words.size()); };
  const auto begin_word = [&](bool depthwise) {
    result.words.push_back({depthwise, lane_count(), lane_count(), ending_count(), ending_count(), 0});
  };
  const auto cut_stage = [&](bool depthwise, std::uint32_t first, std::uint32_t end) {
    const auto make_room = [&] {
      const PredictorWord& word = result.words.back();
      if (word.lanes() == lanes || word.endings() == ladders) begin_word(depthwise);
    };
    begin_word(depthwise);
    for (std::uint32_t m = first; m < end; ++m) {
      const FusedSum& sum = depthwise ? predictor.depthwise[m] : predictor.expand[m];
      if (sum.lanes.empty()) make_room();
      for (const FusedLane& lane : sum.lanes) {
        make_room();
        result.lanes.push_back(lane);
        result.words.back().lane_end = lane_count();
        result.words.back().open = m;
      }
      PredictorWord& word = result.words.back();
      result.endings.push_back({word.lanes(), m});
      word.ending_end = ending_count();
      word.open = 0;
    }
  };
  for (std::uint32_t first = 0; first < predictor.expand.size();) {
    const std::uint32_t channels =
        std::min(round_channels, static_cast<std::uint32_t>(predictor.expand.size()) - first);
    PredictorRound round{first, channels, word_count(), 0, 0};
    cut_stage(false, first, first + channels);
    round.depthwise_begin = word_count();
    cut_stage(true, first, first + channels);
    round.end = word_count();
    result.rounds.push_back(round);
    first += channels;
  }
  return result;
}

}  // namespace fusesim::isa::machine
