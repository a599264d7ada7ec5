// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace fusesim::isa {
namespace {

constexpr std::pair<std::string_view, Dataflow> kDataflows[] = {
    {"gemm", Dataflow::gemm},
    {"depthwise_column", Dataflow::depthwise_column},
    {"depthwise_row", Dataflow::depthwise_row},
    {"depthwise_broadcast", Dataflow::depthwise_broadcast},
    {"fuse_row", Dataflow::fuse_row},
    {"fuse_column", Dataflow::fuse_column},
};
constexpr std::pair<std::string_view, Accumulators> kAccumulators[] = {
    {"single", Accumulators::single},
    {"pingpong", Accumulators::pingpong},
};
constexpr std::pair<std::string_view, FoldOverlap> kFoldOverlaps[] = {
    {"serial", FoldOverlap::serial},
    {"pipelined", FoldOverlap::pipelined},
};
constexpr std::pair<std::string_view, ElementType> kElementTypes[] = {
    {"int8", ElementType::int8},
    {"int32", ElementType::int32},
};
constexpr std::pair<std::string_view, TensorSource> kTensorSources[] = {
    {"computed", TensorSource::computed},
    {"generated", TensorSource::generated},
    {"constant", TensorSource::constant},
};

// Levenshtein distance: the fewest single-letter edits that turn one word into the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

NameTable<Dataflow> dataflow_names() {
  return kDataflows;
}
NameTable<Accumulators> accumulator_names() {
  return kAccumulators;
}
NameTable<FoldOverlap> fold_overlap_names() {
  return kFoldOverlaps;
}
NameTable<ElementType> element_type_names() {
  return kElementTypes;
}
NameTable<TensorSource> tensor_source_names() {
  return kTensorSources;
}

void throw_unknown_name(std::string_view what, std::string_view text, std::span<const std::string_view> valid) {
  const std::string_view shown = text.substr(0, 64);
  const std::string_view nearest = *std::min_element(
      valid.begin(), valid.end(), [&](auto a, auto b) { return edit_distance(a, shown) < edit_distance(b, shown); });
  throw std::invalid_argument(
      fmt::format("{} '{}' is unknown; did you mean '{}'? (one of {})", what, shown, nearest, fmt::join(valid, ", ")));
}

}  // namespace fusesim::isa
