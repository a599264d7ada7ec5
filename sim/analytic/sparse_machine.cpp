// SPDX-License-Identifier: Apache-2.0
#include "sim/analytic/sparse_machine.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "sim/analytic/formulas.h"

namespace fusesim::analytic {

std::uint64_t sparse_layer_cycles(std::span<const std::uint32_t> nonzeros, std::uint64_t pixels, std::uint32_t pes) {
  if (pes == 0) throw std::invalid_argument("a machine needs at least one PE");
  if (nonzeros.empty()) return 0;
  const std::uint64_t teams = std::max<std::uint64_t>(1, pes / nonzeros.size());
  std::vector<std::uint64_t> load(std::min<std::size_t>(pes, nonzeros.size()));
  for (std::size_t filter = 0; filter < nonzeros.size(); ++filter) load[filter % load.size()] += nonzeros[filter];
  return ceil_div(pixels, teams) * *std::max_element(load.begin(), load.end());
}

}  // namespace fusesim::analytic
