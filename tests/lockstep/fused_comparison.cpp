// SPDX-License-Identifier: Apache-2.0
#include "tests/lockstep/fused_comparison.h"

namespace fusesim::test {

FusedComparison compare_on_traffic(fused::FusedCore& first, fused::FusedCore& second, std::uint64_t seed,
                                   std::uint64_t clocks) {
  FusedLockstep lockstep(first, second);
  FusedTraffic traffic(
      first, [&](const fused::CoreInputs& in) { return lockstep.clock(in); }, seed);
  traffic.hooks.ending = [&](auto channel, auto place, auto positions) { lockstep.watch(channel, place, positions); };
  traffic.hooks.predicted = [&](auto channels, auto positions, auto places) {
    lockstep.compare_storage(channels, positions, places);
  };
  while (traffic.seen().clocks < clocks && traffic.episode() && lockstep.ok()) {
  }
  return {traffic.seen(), lockstep.mismatch()};
}

}  // namespace fusesim::test
