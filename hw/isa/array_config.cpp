// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/array_config.h"

#include <fmt/format.h>

#include <stdexcept>

#include "hw/isa/names.h"

namespace fusesim::isa {
namespace {

void check_side(const char* field, std::uint32_t value) {
  if (value < 1 || value > ArrayConfig::max_side) {
    throw std::invalid_argument(
        fmt::format("array.{} is {}; it must be from 1 to {}", field, value, ArrayConfig::max_side));
  }
}

}  // namespace

void validate(const ArrayConfig& config) {
  check_side("rows", config.rows);
  check_side("cols", config.cols);
  if (config.accumulators > Accumulators::pingpong) {
    throw std::invalid_argument(fmt::format("array.accumulators is {}; it must be 0 (single) or 1 (pingpong)",
                                            static_cast<unsigned>(config.accumulators)));
  }
  if (config.folds > FoldOverlap::pipelined) {
    throw std::invalid_argument(
        fmt::format("array.folds is {}; it must be 0 (serial) or 1 (pipelined)", static_cast<unsigned>(config.folds)));
  }
  if (!config.fuse_links && config.broadcast_stages != 0) {
    throw std::invalid_argument(
        fmt::format("array.broadcast_stages is {}, but without array.fuse_links there is no wire to pipeline; it must "
                    "be 0",
                    config.broadcast_stages));
  }
  if (config.broadcast_stages >= config.cols) {
    throw std::invalid_argument(fmt::format("array.broadcast_stages is {}; it must be from 0 to cols - 1 = {}",
                                            config.broadcast_stages, config.cols - 1));
  }
}

std::string describe(const ArrayConfig& config) {
  return fmt::format("{}x{} {} {} {} stages={}", config.rows, config.cols,
                     name_in(accumulator_names(), config.accumulators), name_in(fold_overlap_names(), config.folds),
                     config.fuse_links ? "fuse" : "nofuse", config.broadcast_stages);
}

}  // namespace fusesim::isa
