// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>
#include <string>

#include "hw/isa/nearest.h"

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
  const auto nearest = names::nearest(shown, valid);
  const std::string hint =
      nearest ? fmt::format("did you mean '{}'? (one of {})", *nearest, fmt::join(valid, ", "))
              : fmt::format("{} {}", valid.size() == 1 ? "the only one is" : "choose one of", fmt::join(valid, ", "));
  throw std::invalid_argument(fmt::format("{} '{}' is unknown; {}", what, shown, hint));
}

}  // namespace fusesim::isa
