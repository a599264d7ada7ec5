// SPDX-License-Identifier: Apache-2.0
// What a fused block's instructions read from the weights scratchpad: composed terms, the sparse factors they are
// composed of, and the predictor's records (docs/fused.md, "Lists"); and how both are cut into words. Everything that
// writes or reads these bytes does so through this file.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace fusesim::isa::machine {

/// Bytes or lists that break a rule. The message names byte (when decoding), record or list, and the rule.
class InvalidLists : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Sizes of the group that lists belong to; of an accumulate instruction with its number of output channels.
struct FusedListShape {
  std::uint32_t channels = 1;      ///< C, of the input; 1 .. 4096.
  std::uint32_t middle = 1;        ///< M; 1 .. 4096.
  std::uint32_t kernel = 3;        ///< K; 1 .. 7.
  std::uint32_t out_channels = 1;  ///< O, of one instruction. The predictor has no use for it.
  [[nodiscard]] std::uint32_t taps() const { return kernel * kernel; }
  /// Of an output channel: for each tap C lists of weights and one of the expand bias, at last the depthwise bias.
  [[nodiscard]] std::uint32_t lists_per_channel() const { return taps() * (channels + 1) + 1; }
  [[nodiscard]] std::uint64_t lists() const { return std::uint64_t{out_channels} * lists_per_channel(); }
  bool operator==(const FusedListShape&) const = default;
};

// ---- Composed terms ----

struct FusedTerm {
  std::int16_t weight = 0;
  std::uint16_t middle = 0;  ///< Below M.
  bool operator==(const FusedTerm&) const = default;
};

/// The lists of one accumulate instruction, in the order of the stream.
struct FusedTerms {
  std::vector<FusedTerm> terms;     ///< Of all lists. An empty list is a single null term: weight 0, middle 0.
  std::vector<std::uint32_t> ends;  ///< Of each list, one past its last term. Lists follow one another.
  /// Multiplications of the composer; 0 for lists that were stored composed. One for each output channel, tap and
  /// middle channel with P and D not zero, one for each term that is not null.
  std::uint64_t composer_products = 0;

  /// Ends the list that the terms added since the last call belong to; without any, adds the null term.
  void end_list();
  [[nodiscard]] std::span<const FusedTerm> list(std::size_t index) const {
    const std::uint32_t begin = index == 0 ? 0 : ends[index - 1];
    return std::span(terms).subspan(begin, ends[index] - begin);
  }
  bool operator==(const FusedTerms&) const = default;
};

inline constexpr std::uint32_t fused_term_bytes = 4;

/// What list `index` of a stream is: "list 7 (output channel 0, tap 1, input channel 2)".
[[nodiscard]] std::string describe_list(const FusedListShape& shape, std::uint64_t index);

/// Four bytes a term. Throws InvalidLists unless there are shape.lists() lists, each of at least one term, with middle
/// channels below M and no weight 0 but the null term's.
[[nodiscard]] std::vector<std::uint8_t> encode_terms(const FusedTerms& terms, const FusedListShape& shape);
/// Throws InvalidLists likewise, and when a list is not complete or bytes are left over.
[[nodiscard]] FusedTerms decode_terms(std::span<const std::uint8_t> bytes, const FusedListShape& shape);

/// Throws InvalidLists naming the first list whose magnitudes together do not fit `adder_bits` signed bits.
void check_adder_bits(const FusedTerms& terms, const FusedListShape& shape, std::uint32_t adder_bits);

// ---- Sparse factors ----

/// Row-major. A middle channel whose bias takes part in no product should have bias 0: it costs no bits then.
struct FusedFactors {
  std::vector<std::int8_t> expand;                        ///< E, M x C.
  std::vector<std::int8_t> depthwise;                     ///< D, M x K x K.
  std::vector<std::int8_t> project;                       ///< P, O x M.
  std::vector<std::int16_t> expand_bias, depthwise_bias;  ///< b1, b2: M each.
  bool operator==(const FusedFactors&) const = default;
};

/// The lists that the composer forms: of each list the terms whose factors all differ from zero, middle channels
/// ascending. Throws InvalidLists when a product does not fit 16 bits, or vectors have other sizes than the shape says.
[[nodiscard]] FusedTerms compose(const FusedFactors& factors, const FusedListShape& shape);

/// One stream: a byte each with the width (0 .. 16) of the numbers of E, D, P, b1, b2, three bytes of zero, then the
/// five, each from a new byte on: row by row a bit an element (it differs from zero) and then the elements that do, in
/// two's complement of that width; bits fill bytes from the lowest. Zeros to a multiple of four bytes.
[[nodiscard]] std::vector<std::uint8_t> encode_factors(const FusedFactors& factors, const FusedListShape& shape);
/// Throws InvalidLists when the stream ends early, is longer, stores a zero, or widths or filling bits are wrong.
[[nodiscard]] FusedFactors decode_factors(std::span<const std::uint8_t> bytes, const FusedListShape& shape);

// ---- Predictor records ----

struct FusedLane {
  std::uint16_t index = 0;  ///< Input channel, or tap.
  bool negative = false;
  bool operator==(const FusedLane&) const = default;
};

/// One ternary sum and its thresholds.
struct FusedSum {
  bool falling = false;
  std::int16_t mask = 0;                 ///< Threshold of the mask.
  std::array<std::int16_t, 7> levels{};  ///< expand only: ascending (equal ones too), descending when falling.
  std::vector<FusedLane> lanes;          ///< At most 4095.
  bool operator==(const FusedSum&) const = default;
};

/// Both stages of a group, by middle channel.
struct FusedPredictor {
  std::vector<FusedSum> expand, depthwise;
  bool operator==(const FusedPredictor&) const = default;
};

inline constexpr std::uint32_t fused_expand_record_bytes = 18, fused_depthwise_record_bytes = 4, fused_lane_bytes = 2;

/// Records in the order in which the predictor runs: rounds of `round_channels` middle channels, the last of what is
/// left. Throws InvalidLists when there are not M records a stage or one breaks a rule above.
[[nodiscard]] std::vector<std::uint8_t> encode_predictor(const FusedPredictor& predictor, const FusedListShape& shape,
                                                         std::uint32_t round_channels);
/// Throws InvalidLists likewise, and when a record is not complete, has unused bits set, or bytes are left over.
[[nodiscard]] FusedPredictor decode_predictor(std::span<const std::uint8_t> bytes, const FusedListShape& shape,
                                              std::uint32_t round_channels);

// ---- Words ----

/// Terms [begin, end) of a list, at most L of them.
struct TermWord {
  std::uint32_t list = 0;
  std::uint32_t begin = 0, end = 0;  ///< Indices into FusedTerms::terms.
  bool last = false;                 ///< The list ends.
  [[nodiscard]] std::uint32_t terms() const { return end - begin; }
  [[nodiscard]] std::uint32_t bytes() const { return fused_term_bytes * terms(); }
  bool operator==(const TermWord&) const = default;
};

/// The words of one accumulate instruction one after the other. `terms` must outlive it.
class TermWords {
 public:
  TermWords(const FusedTerms& terms, std::uint32_t lanes) : terms_(terms), lanes_(lanes) {}
  [[nodiscard]] bool done() const { return list_ == terms_.ends.size(); }
  /// Not after the last.
  [[nodiscard]] TermWord current() const;
  void advance();

 private:
  const FusedTerms& terms_;
  std::uint32_t lanes_;
  std::uint32_t list_ = 0, begin_ = 0;
};

/// The number of words.
[[nodiscard]] std::uint64_t count_words(const FusedTerms& terms, std::uint32_t lanes);

/// Where a sum ends in a word.
struct PredictorEnding {
  std::uint32_t lanes = 0;    ///< Of the word, before and with its last.
  std::uint32_t channel = 0;  ///< Middle channel.
  bool operator==(const PredictorEnding&) const = default;
};

struct PredictorWord {
  bool depthwise = false;
  std::uint32_t lane_begin = 0, lane_end = 0;      ///< Indices into PredictorWords::lanes.
  std::uint32_t ending_begin = 0, ending_end = 0;  ///< Indices into PredictorWords::endings.
  std::uint32_t open = 0;  ///< Middle channel of the sum that the lanes after the last ending belong to; else 0.
  [[nodiscard]] std::uint32_t lanes() const { return lane_end - lane_begin; }
  [[nodiscard]] std::uint32_t endings() const { return ending_end - ending_begin; }
  [[nodiscard]] std::uint32_t bytes() const {
    return fused_lane_bytes * lanes() +
           (depthwise ? fused_depthwise_record_bytes : fused_expand_record_bytes) * endings();
  }
  bool operator==(const PredictorWord&) const = default;
};

struct PredictorRound {
  std::uint32_t first_channel = 0, channels = 0;
  std::uint32_t expand_begin = 0, depthwise_begin = 0, end = 0;  ///< Indices into PredictorWords::words.
  bool operator==(const PredictorRound&) const = default;
};

/// The words of a group's predictor. Expand words are stored once, whatever the number of passes.
struct PredictorWords {
  std::vector<FusedLane> lanes;
  std::vector<PredictorEnding> endings;
  std::vector<PredictorWord> words;
  std::vector<PredictorRound> rounds;
};

/// Cuts for words of `lanes` lanes and `ladders` endings.
[[nodiscard]] PredictorWords cut_predictor(const FusedPredictor& predictor, std::uint32_t round_channels,
                                           std::uint32_t lanes, std::uint32_t ladders);

}  // namespace fusesim::isa::machine
