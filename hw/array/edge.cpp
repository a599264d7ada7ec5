// SPDX-License-Identifier: Apache-2.0
#include "hw/array/edge.h"

#include <algorithm>

namespace fusesim::array {

EdgeInputs::EdgeInputs(const isa::ArrayConfig& config)
    : left(config.rows),
      left_valid(config.rows),
      tap(config.rows),
      tap_valid(config.rows),
      top(config.cols),
      top_valid(config.cols),
      drain(config.cols) {}

void EdgeInputs::clear() {
  enable = true;
  skewed = true;
  std::fill(left.begin(), left.end(), 0);
  std::fill(left_valid.begin(), left_valid.end(), 0);
  left_first = false;
  left_bank = 0;
  std::fill(tap.begin(), tap.end(), 0);
  std::fill(tap_valid.begin(), tap_valid.end(), 0);
  tap_first = false;
  tap_bank = 0;
  std::fill(top.begin(), top.end(), 0);
  std::fill(top_valid.begin(), top_valid.end(), 0);
  std::fill(drain.begin(), drain.end(), 0);
  drain_bank = 0;
}

EdgeOutputs::EdgeOutputs(const isa::ArrayConfig& config) : valid(config.cols), data(config.cols) {}

}  // namespace fusesim::array
