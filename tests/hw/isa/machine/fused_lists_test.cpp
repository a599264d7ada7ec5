// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/fused_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace fusesim::isa::machine {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using Random = std::mt19937;
using Bytes = std::vector<std::uint8_t>;

std::uint32_t between(Random& random, std::uint32_t low, std::uint32_t high) {
  return std::uniform_int_distribution<std::uint32_t>(low, high)(random);
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InvalidLists& error) {
    return error.what();
  }
  return "no error";
}

FusedListShape random_shape(Random& random) {
  return {between(random, 1, 5), between(random, 1, 9), 1 + 2 * between(random, 0, 2), between(random, 1, 4)};
}

FusedFactors random_factors(Random& random, const FusedListShape& shape, std::uint32_t percent, std::int32_t most) {
  FusedFactors factors;
  const auto fill = [&](auto& elements, std::uint64_t count, std::int32_t limit) {
    elements.resize(count);
    for (auto& element : elements) {
      if (between(random, 1, 100) > percent) continue;
      const std::int32_t value = std::uniform_int_distribution<std::int32_t>(-limit, limit)(random);
      element = static_cast<std::decay_t<decltype(element)>>(value);
    }
  };
  fill(factors.expand, std::uint64_t{shape.middle} * shape.channels, most);
  fill(factors.depthwise, std::uint64_t{shape.middle} * shape.taps(), most);
  fill(factors.project, std::uint64_t{shape.out_channels} * shape.middle, most);
  fill(factors.expand_bias, shape.middle, most);
  fill(factors.depthwise_bias, shape.middle, 20 * most);
  return factors;
}

FusedPredictor random_predictor(Random& random, const FusedListShape& shape) {
  FusedPredictor predictor;
  const auto sum = [&](std::uint32_t inputs, bool expand) {
    FusedSum record;
    record.falling = between(random, 0, 1) == 1;
    record.mask = static_cast<std::int16_t>(between(random, 0, 65535));
    if (expand) {
      for (std::int16_t& level : record.levels) level = static_cast<std::int16_t>(between(random, 0, 65535));
      std::ranges::sort(record.levels);
      if (record.falling) std::ranges::reverse(record.levels);
    }
    for (std::uint32_t i = 0; i < inputs; ++i) {
      if (between(random, 0, 2) != 0)
        record.lanes.push_back({static_cast<std::uint16_t>(i), between(random, 0, 1) == 1});
    }
    return record;
  };
  for (std::uint32_t m = 0; m < shape.middle; ++m) {
    predictor.expand.push_back(sum(shape.channels, true));
    predictor.depthwise.push_back(sum(shape.taps(), false));
  }
  return predictor;
}

// ---- What the bytes are ----

TEST(FusedTerms, BytesAreThoseOfTheDocument) {
  FusedTerms terms;
  const FusedListShape shape{1, 0x235, 1, 1};  // Three lists.
  terms.terms = {{-2, 0x234}, {0x1234, 1}};
  terms.end_list();
  terms.end_list();  // Empty.
  terms.terms.push_back({5, 0});
  terms.end_list();
  EXPECT_THAT(encode_terms(terms, shape),
              ElementsAre(0xfe, 0xff, 0x34, 0x02, 0x34, 0x12, 0x01, 0x10, 0, 0, 0, 0x10, 5, 0, 0, 0x10));
}

TEST(FusedPredictor, BytesAreThoseOfTheDocument) {
  const FusedListShape shape{3, 2, 1, 1};
  FusedPredictor predictor;
  predictor.expand = {{false, -3, {1, 2, 3, 4, 5, 6, 7}, {{0, false}, {2, true}}},
                      {true, 9, {7, 6, 5, 4, 3, 2, -1}, {}}};
  predictor.depthwise = {{true, 2, {}, {{0, true}}}, {false, 1, {}, {}}};
  const Bytes first_expand{2, 0, 0xfd, 0xff, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0, 0, 2, 0x80};
  const Bytes second_expand{0, 0x80, 9, 0, 7, 0, 6, 0, 5, 0, 4, 0, 3, 0, 2, 0, 0xff, 0xff};
  const Bytes first_depthwise{1, 0x80, 2, 0, 0, 0x80};
  const Bytes second_depthwise{0, 0, 1, 0};
  const auto joined = [](const std::vector<Bytes>& parts) {
    Bytes all;
    for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  };
  EXPECT_EQ(encode_predictor(predictor, shape, 2),
            joined({first_expand, second_expand, first_depthwise, second_depthwise}));
  EXPECT_EQ(encode_predictor(predictor, shape, 1),
            joined({first_expand, first_depthwise, second_expand, second_depthwise}));
}

TEST(FusedFactors, BytesAreThoseOfTheDocument) {
  const FusedListShape shape{3, 2, 1, 1};
  FusedFactors factors;
  factors.expand = {3, 0, -4, 0, 0, 1};  // Three bits each.
  factors.depthwise = {-1, 0};           // One bit.
  factors.project = {0, 0};              // None.
  factors.expand_bias = {0, 127};        // Eight bits.
  factors.depthwise_bias = {-300, 0};    // Ten bits.
  // E: row 0 presence 101, 011 (3), 100 (-4), row 1 presence 001, 001: bits, the first lowest:
  //    1 0 1 | 1 1 0 | 0 0   1 | 0 0 1 | 1 0 0 | fill 0
  // D: 1 | 1 | 0    P: 0 0    b1: 0 1 | 1111111 0    b2: 1 0 | -300 = ..1011010100 from the lowest 0 0 1 0 1 0 1 1 0 1
  EXPECT_THAT(encode_factors(factors, shape),
              ElementsAreArray({3, 1, 0, 8, 10, 0, 0, 0, 0b00011101, 0b00011001, 0b00000011, 0, 0b11111110, 0b00000001,
                                0b01010001, 0b00001011}));
}

// ---- There and back ----

TEST(FusedTerms, DecodeIsTheInverseOfEncode) {
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const FusedListShape shape = random_shape(random);
    FusedTerms terms = compose(random_factors(random, shape, between(random, 0, 100), 31), shape);
    const Bytes bytes = encode_terms(terms, shape);
    EXPECT_EQ(bytes.size(), terms.terms.size() * 4);
    terms.composer_products = 0;
    EXPECT_EQ(decode_terms(bytes, shape), terms);
  }
}

TEST(FusedPredictor, DecodeIsTheInverseOfEncode) {
  Random random(2);
  for (int i = 0; i < 200; ++i) {
    const FusedListShape shape = random_shape(random);
    const FusedPredictor predictor = random_predictor(random, shape);
    const std::uint32_t round = between(random, 1, 12);
    EXPECT_EQ(decode_predictor(encode_predictor(predictor, shape, round), shape, round), predictor);
  }
}

TEST(FusedFactors, DecodeIsTheInverseOfEncode) {
  Random random(3);
  for (int i = 0; i < 300; ++i) {
    const FusedListShape shape = random_shape(random);
    const FusedFactors factors = random_factors(random, shape, between(random, 0, 100), i % 3 == 0 ? 127 : 31);
    const Bytes bytes = encode_factors(factors, shape);
    EXPECT_EQ(bytes.size() % 4, 0);
    EXPECT_EQ(decode_factors(bytes, shape), factors);
  }
}

TEST(FusedFactors, ExtremesFit) {
  const FusedListShape shape{1, 2, 1, 1};
  FusedFactors factors;
  factors.expand = {-128, 127};
  factors.depthwise = {1, -1};
  factors.project = {0, 1};
  factors.expand_bias = {-32768, 32767};
  factors.depthwise_bias = {32767, 0};
  EXPECT_EQ(decode_factors(encode_factors(factors, shape), shape), factors);
}

TEST(FusedFactors, ComposeFormsEveryProductInTheOrderOfTheStream) {
  Random random(4);
  for (int i = 0; i < 100; ++i) {
    const FusedListShape shape = random_shape(random);
    const FusedFactors f = random_factors(random, shape, between(random, 0, 100), 31);
    const FusedTerms terms = compose(f, shape);
    ASSERT_EQ(terms.ends.size(), shape.lists());
    // Weights by output channel, tap, input channel (C: expand bias) and middle channel; tap K * K: depthwise bias.
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>, std::int32_t> wanted, found;
    for (std::uint32_t o = 0; o < shape.out_channels; ++o) {
      for (std::uint32_t m = 0; m < shape.middle; ++m) {
        const std::int32_t p = f.project[o * shape.middle + m];
        wanted[{o, shape.taps(), 0, m}] = p * f.depthwise_bias[m];
        for (std::uint32_t k = 0; k < shape.taps(); ++k) {
          const std::int32_t pd = p * f.depthwise[m * shape.taps() + k];
          for (std::uint32_t c = 0; c < shape.channels; ++c)
            wanted[{o, k, c, m}] = pd * f.expand[m * shape.channels + c];
          wanted[{o, k, shape.channels, m}] = pd * f.expand_bias[m];
        }
      }
    }
    std::erase_if(wanted, [](const auto& entry) { return entry.second == 0; });
    std::size_t list = 0;
    for (std::uint32_t o = 0; o < shape.out_channels; ++o) {
      for (std::uint32_t k = 0; k <= shape.taps(); ++k) {
        for (std::uint32_t c = 0; c <= (k < shape.taps() ? shape.channels : 0); ++c, ++list) {
          std::int32_t before = -1;
          for (const FusedTerm& term : terms.list(list)) {
            EXPECT_GT(term.middle, before);
            before = term.middle;
            if (term.weight != 0) found[{o, k, c, term.middle}] = term.weight;
            EXPECT_TRUE(term.weight != 0 || terms.list(list).size() == 1);
          }
        }
      }
    }
    ASSERT_EQ(list, shape.lists());
    ASSERT_EQ(found, wanted);
  }
}

// ---- Errors ----

TEST(FusedTerms, ErrorsNameByteListAndRule) {
  const FusedListShape shape{1, 3, 1, 1};
  const Bytes good{1, 0, 2, 0x10, 0, 0, 0, 0x10, 5, 0, 0, 0, 6, 0, 1, 0x10};
  EXPECT_EQ(message_of([&] { static_cast<void>(decode_terms(good, shape)); }), "no error");
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return message_of([&] { static_cast<void>(decode_terms(bytes, shape)); });
  };
  EXPECT_EQ(with(2, 3),
            "byte 0: list 0 (output channel 0, tap 0, input channel 0), term 0: middle channel 3 is not one of the "
            "group's 3");
  EXPECT_EQ(with(4, 0), "no error");
  EXPECT_EQ(with(12, 0),
            "byte 12: list 2 (output channel 0, depthwise bias), term 1: weight 0: only an empty list has such a term, "
            "its only "
            "one, of middle channel 0");
  EXPECT_THAT(with(6, 1), HasSubstr("byte 4: list 1 (output channel 0, tap 0, expand bias), term 0: weight 0"));
  EXPECT_THAT(with(8, 0), HasSubstr("byte 8: list 2"));
  EXPECT_THAT(
      with(7, 0x30),
      HasSubstr("byte 4: list 1 (output channel 0, tap 0, expand bias): bits 29 to 31 of a term must be 0, are 1"));
  EXPECT_EQ(with(11, 0x10), "byte 12: 4 bytes after the last of 3 lists");
  EXPECT_EQ(with(15, 0), "byte 16: list 2 (output channel 0, depthwise bias) has no last term");
  const auto cut = [&](std::size_t size) {
    return message_of([&] {
      static_cast<void>(decode_terms(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)), shape));
    });
  };
  EXPECT_EQ(cut(8), "byte 8: 2 lists where there should be 3: list 2 (output channel 0, depthwise bias) is missing");
  EXPECT_EQ(cut(7), "byte 4: a term has 4 bytes, and 3 are left");
  EXPECT_THAT(cut(0), HasSubstr("byte 0: 0 lists where there should be 3"));
  FusedTerms terms = decode_terms(good, shape);
  terms.terms.back().middle = 7;
  EXPECT_THAT(message_of([&] { static_cast<void>(encode_terms(terms, shape)); }),
              HasSubstr("list 2 (output channel 0, depthwise bias), term 1: middle channel 7"));
  terms.ends.pop_back();
  EXPECT_EQ(message_of([&] { static_cast<void>(encode_terms(terms, shape)); }), "2 lists where there should be 3");
}

TEST(FusedTerms, MagnitudesBeyondTheAddersAreRefused) {
  const FusedListShape shape{1, 3, 1, 1};
  FusedTerms terms;
  terms.end_list();
  terms.terms.insert(terms.terms.end(), {{100, 0}, {-27, 1}, {1, 2}});
  terms.end_list();
  terms.end_list();
  EXPECT_NO_THROW(check_adder_bits(terms, shape, 9));
  EXPECT_EQ(message_of([&] { check_adder_bits(terms, shape, 8); }),
            "list 1 (output channel 0, tap 0, expand bias): its magnitudes add up to 128, more than 8 adder bits hold "
            "(127): more "
            "adder bits or smaller factors");
  terms.terms[3].weight = 0;
  EXPECT_NO_THROW(check_adder_bits(terms, shape, 8));
}

TEST(FusedFactors, ProductsBeyondATermAreRefused) {
  const FusedListShape shape{1, 2, 1, 1};
  FusedFactors factors;
  factors.expand = {1, 32};
  factors.depthwise = {1, -32};
  factors.project = {1, 32};
  factors.expand_bias = factors.depthwise_bias = {0, 0};
  EXPECT_NO_THROW(static_cast<void>(compose(factors, shape)));  // -32768 fits.
  factors.project[1] = -32;
  EXPECT_EQ(message_of([&] { static_cast<void>(compose(factors, shape)); }),
            "list 0 (output channel 0, tap 0, input channel 0), middle channel 1: the product 32768 does not fit a "
            "term's 16 bits");
  factors.expand.pop_back();
  EXPECT_EQ(message_of([&] { static_cast<void>(compose(factors, shape)); }),
            "expand has 1 elements where the shape has 2");
}

TEST(FusedFactors, ErrorsNameByteAndMatrix) {
  const FusedListShape shape{8, 1, 1, 1};
  FusedFactors factors;
  factors.expand = {1, 2, 3, -4, 1, 2, 3, 1};
  factors.depthwise = {1};
  factors.project = {-1};
  factors.expand_bias = {5};
  factors.depthwise_bias = {0};
  const Bytes good = encode_factors(factors, shape);  // 8 of header, 4 of E, 1 each of the others.
  ASSERT_EQ(good.size(), 16);
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return message_of([&] { static_cast<void>(decode_factors(bytes, shape)); });
  };
  EXPECT_EQ(with(0, 9), "expand has elements of 9 bits; at most 8 are allowed");
  EXPECT_EQ(with(6, 1), "byte 6: the last three bytes of the header must be 0, this one is 1");
  EXPECT_EQ(with(9, good[9] & 0xf8), "byte 9: expand, row 0, column 0: a stored element must not be 0");
  EXPECT_EQ(with(12, good[12] | 0x80), "byte 12: bits that fill the byte after depthwise must be 0, are 16");
  Bytes longer = good;
  longer.resize(20);
  EXPECT_EQ(message_of([&] { static_cast<void>(decode_factors(longer, shape)); }),
            "byte 16: the stream should have 16 bytes and has 20");
  const Bytes shorter(good.begin(), good.begin() + 10);
  EXPECT_EQ(message_of([&] { static_cast<void>(decode_factors(shorter, shape)); }),
            "byte 10: the stream ends within expand");
  EXPECT_EQ(message_of([&] { static_cast<void>(decode_factors(Bytes(7), shape)); }),
            "byte 7: the stream ends within its header of 8 bytes");
}

TEST(FusedPredictor, ErrorsNameByteRecordAndRule) {
  const FusedListShape shape{2, 1, 3, 1};
  FusedPredictor predictor;
  predictor.expand = {{false, 0, {1, 2, 3, 4, 5, 6, 7}, {{1, false}}}};
  predictor.depthwise = {{false, 0, {}, {{8, true}}}};
  const Bytes good = encode_predictor(predictor, shape, 4);
  ASSERT_EQ(good.size(), 26);
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes bytes = good;
    bytes[at] = value;
    return message_of([&] { static_cast<void>(decode_predictor(bytes, shape, 4)); });
  };
  EXPECT_EQ(with(8, 1), "byte 0: expand record of middle channel 0: level thresholds 2: 1 after 2: they must ascend");
  EXPECT_EQ(with(1, 0x80),
            "byte 0: expand record of middle channel 0: level thresholds 1: 2 after 1: they must descend, since the "
            "channel is "
            "falling");
  EXPECT_EQ(with(1, 0x10), "byte 0: expand record of middle channel 0: bits 12 to 14 of a header must be 0, are 1");
  EXPECT_EQ(with(19, 0x40), "byte 18: expand record of middle channel 0: bits 12 to 14 of a lane must be 0, are 4");
  EXPECT_EQ(with(18, 2), "byte 0: expand record of middle channel 0: lane 0: input channel 2 is not one of 2");
  EXPECT_EQ(with(24, 9), "byte 20: depthwise record of middle channel 0: lane 0: tap 9 is not one of 9");
  EXPECT_EQ(with(20, 0), "byte 24: 2 bytes after the last record, the depthwise one of middle channel 0");
  EXPECT_EQ(with(20, 2),
            "byte 26: the stream ends within the depthwise record of middle channel 0, which begins at byte 20");
  const Bytes cut(good.begin(), good.begin() + 5);
  EXPECT_EQ(message_of([&] { static_cast<void>(decode_predictor(cut, shape, 4)); }),
            "byte 5: the stream ends within the expand record of middle channel 0, which begins at byte 0");
  predictor.expand[0].lanes[0].index = 2;
  EXPECT_EQ(message_of([&] { static_cast<void>(encode_predictor(predictor, shape, 4)); }),
            "expand record of middle channel 0: lane 0: input channel 2 is not one of 2");
  predictor.expand.clear();
  EXPECT_EQ(message_of([&] { static_cast<void>(encode_predictor(predictor, shape, 4)); }),
            "0 expand and 1 depthwise records where the group has 1 middle channels");
}

/// Whatever is decoded from damaged bytes is something that encodes to these bytes, or an InvalidLists was thrown.
TEST(FusedLists, RandomDamageGivesAnErrorOrAnotherValidList) {
  Random random(5);
  std::uint32_t errors = 0, accepted = 0;
  const auto attempt = [&](const Bytes& bytes, const std::function<Bytes(const Bytes&)>& there_and_back) {
    try {
      EXPECT_EQ(there_and_back(bytes), bytes);
      ++accepted;
    } catch (const InvalidLists&) {
      ++errors;
    }
  };
  for (int i = 0; i < 3000; ++i) {
    const FusedListShape shape = random_shape(random);
    const std::uint32_t round = between(random, 1, 10);
    Bytes bytes;
    const std::uint32_t kind = between(random, 0, 2);
    const FusedFactors factors = random_factors(random, shape, 50, 31);
    if (kind == 0) bytes = encode_terms(compose(factors, shape), shape);
    if (kind == 1) bytes = encode_factors(factors, shape);
    if (kind == 2) bytes = encode_predictor(random_predictor(random, shape), shape, round);
    const auto at = [&] {
      return static_cast<std::ptrdiff_t>(between(random, 0, static_cast<std::uint32_t>(bytes.size()) - 1));
    };
    for (std::uint32_t n = between(random, 1, 3); n > 0 && !bytes.empty(); --n) {
      const std::uint32_t damage = between(random, 0, 4);
      std::uint8_t& byte = bytes[static_cast<std::size_t>(at())];
      if (damage == 0) byte = static_cast<std::uint8_t>(byte ^ 1U << between(random, 0, 7));
      if (damage == 1) byte = static_cast<std::uint8_t>(between(random, 0, 255));
      if (damage == 2) bytes.resize(static_cast<std::size_t>(at()));
      if (damage == 3) bytes.insert(bytes.begin() + at(), static_cast<std::uint8_t>(between(random, 0, 255)));
      if (damage == 4) bytes.erase(bytes.begin() + at());
    }
    if (kind == 0) attempt(bytes, [&](const Bytes& b) { return encode_terms(decode_terms(b, shape), shape); });
    if (kind == 2)
      attempt(bytes, [&](const Bytes& b) { return encode_predictor(decode_predictor(b, shape, round), shape, round); });
    if (kind == 1) {
      try {
        const FusedFactors decoded = decode_factors(bytes, shape);
        EXPECT_EQ(decode_factors(encode_factors(decoded, shape), shape), decoded);  // Widths may be larger than needed.
        static_cast<void>(compose(decoded, shape));
        ++accepted;
      } catch (const InvalidLists&) {
        ++errors;
      }
    }
  }
  EXPECT_GT(errors, 1000);
  EXPECT_GT(accepted, 150);
}

// ---- Words ----

TEST(TermWords, HoldOneListEachAndAreFilled) {
  FusedTerms terms;
  for (const std::uint32_t length : {1U, 4U, 5U, 9U, 0U, 3U}) {
    for (std::uint32_t i = 0; i < length; ++i) terms.terms.push_back({1, static_cast<std::uint16_t>(i)});
    terms.end_list();
  }
  std::vector<TermWord> words;
  for (TermWords all(terms, 4); !all.done(); all.advance()) words.push_back(all.current());
  EXPECT_THAT(words, ElementsAre(TermWord{0, 0, 1, true}, TermWord{1, 1, 5, true}, TermWord{2, 5, 9, false},
                                 TermWord{2, 9, 10, true}, TermWord{3, 10, 14, false}, TermWord{3, 14, 18, false},
                                 TermWord{3, 18, 19, true}, TermWord{4, 19, 20, true}, TermWord{5, 20, 23, true}));
  EXPECT_EQ(count_words(terms, 4), words.size());
  EXPECT_EQ(words[2].bytes(), 16);
}

FusedSum sum_of(std::uint32_t lanes) {
  FusedSum sum;
  for (std::uint32_t i = 0; i < lanes; ++i) sum.lanes.push_back({static_cast<std::uint16_t>(i), false});
  return sum;
}

TEST(PredictorWords, FillGreedilyUntilLanesOrEndingsAreUsedUp) {
  FusedPredictor predictor;
  // Four lanes, two endings: three lanes and one of two | the other and a sum without lanes | ...
  for (const std::uint32_t lanes : {3U, 2U, 0U, 0U, 4U, 0U, 5U}) predictor.expand.push_back(sum_of(lanes));
  for (std::uint32_t m = 0; m < 7; ++m) predictor.depthwise.push_back(sum_of(m == 6 ? 9 : 1));
  const PredictorWords words = cut_predictor(predictor, 7, 4, 2);
  ASSERT_EQ(words.rounds.size(), 1);
  EXPECT_EQ(words.rounds[0], (PredictorRound{0, 7, 0, 5, 11}));
  ASSERT_EQ(words.words.size(), 11);
  EXPECT_THAT(std::vector(words.words.begin(), words.words.begin() + 5),
              ElementsAre(PredictorWord{false, 0, 4, 0, 1, 1},   // Sum 0, begin of 1.
                          PredictorWord{false, 4, 5, 1, 3, 0},   // End of 1, sum 2 without lanes.
                          PredictorWord{false, 5, 9, 3, 5, 0},   // Sum 3 without lanes, sum 4.
                          PredictorWord{false, 9, 13, 5, 6, 6},  // Sum 5 without lanes, begin of 6.
                          PredictorWord{false, 13, 14, 6, 7, 0}));
  EXPECT_THAT(std::vector(words.words.begin() + 5, words.words.end()),
              ElementsAre(PredictorWord{true, 14, 16, 7, 9, 0}, PredictorWord{true, 16, 18, 9, 11, 0},
                          PredictorWord{true, 18, 20, 11, 13, 0}, PredictorWord{true, 20, 24, 13, 13, 6},
                          PredictorWord{true, 24, 28, 13, 13, 6}, PredictorWord{true, 28, 29, 13, 14, 0}));
  EXPECT_EQ(words.endings[0], (PredictorEnding{3, 0}));
  EXPECT_EQ(words.endings[1], (PredictorEnding{1, 1}));
  EXPECT_EQ(words.endings[2], (PredictorEnding{1, 2}));
  EXPECT_EQ(words.words[1].bytes(), 2 * 1 + 18 * 2);
  EXPECT_EQ(words.words[5].bytes(), 2 * 2 + 4 * 2);
}

TEST(PredictorWords, ASumWithoutLanesBehindAFullWordBeginsANewOne) {
  FusedPredictor predictor;
  for (const std::uint32_t lanes : {4U, 0U}) predictor.expand.push_back(sum_of(lanes));
  for (int m = 0; m < 2; ++m) predictor.depthwise.push_back(sum_of(0));
  const PredictorWords words = cut_predictor(predictor, 2, 4, 8);
  EXPECT_THAT(words.words, ElementsAre(PredictorWord{false, 0, 4, 0, 1, 0}, PredictorWord{false, 4, 4, 1, 2, 0},
                                       PredictorWord{true, 4, 4, 2, 4, 0}));
}

TEST(PredictorWords, RoundsAndStagesBeginNewWords) {
  FusedPredictor predictor;
  for (int m = 0; m < 5; ++m) {
    predictor.expand.push_back(sum_of(1));
    predictor.depthwise.push_back(sum_of(1));
  }
  const PredictorWords words = cut_predictor(predictor, 2, 64, 16);
  EXPECT_THAT(words.rounds,
              ElementsAre(PredictorRound{0, 2, 0, 1, 2}, PredictorRound{2, 2, 2, 3, 4}, PredictorRound{4, 1, 4, 5, 6}));
  EXPECT_EQ(words.words.size(), 6);
}

}  // namespace
}  // namespace fusesim::isa::machine
