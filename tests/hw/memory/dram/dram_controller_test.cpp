// SPDX-License-Identifier: Apache-2.0
#include "hw/memory/dram/dram_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <stdexcept>

#include "hw/memory/dram/dram_standards.h"
#include "tests/hw/memory/dram/command_checker.h"

namespace fusesim::memory {
namespace {

using memory_test::breaches;
using memory_test::IssuedCommand;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

struct Request {
  std::uint64_t address;
  bool write;
  Cycle arrival;
};

struct Outcome {
  std::vector<DramRunDone> done;
  std::vector<IssuedCommand> log;
  std::map<std::string_view, std::uint64_t> statistics;
  Cycle end = 0;  ///< Edge of the last data.
};

/// Runs the controller to each request's arrival and, when the queue is full, to the clock after a command made room.
Outcome run(const DramSpec& spec, const DramControllerOptions& options, const std::vector<Request>& requests) {
  DramController controller(spec, options);
  Outcome outcome;
  controller.observe([&](DramCommand command, std::uint32_t bank, std::uint32_t row, Cycle at) {
    outcome.log.push_back({command, bank, row, at});
  });
  Cycle now = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    now = std::max(now, requests[i].arrival);
    controller.run_until(now, outcome.done);
    while (controller.full()) {
      now = controller.next_command() + 1;
      controller.run_until(now, outcome.done);
    }
    controller.push(i, requests[i].address, requests[i].write, now);
  }
  while (!controller.empty()) controller.step(outcome.done);
  for (const DramRunDone& burst : outcome.done) outcome.end = std::max(outcome.end, burst.data_end);
  for (const Statistic& each : controller.statistics()) outcome.statistics[each.name] = each.value;
  return outcome;
}

std::vector<Request> stream(const DramSpec& spec, std::size_t bursts, bool write) {
  std::vector<Request> requests(bursts);
  for (std::size_t i = 0; i < bursts; ++i) requests[i] = {i * spec.burst_bytes(), write, 0};
  return requests;
}

/// Reads and writes that keep returning to a few rows of a few banks, with idle times between them.
std::vector<Request> traffic(const DramSpec& spec, const std::string& order, std::size_t bursts, unsigned seed) {
  std::mt19937 random(seed);
  const AddressMap map(spec, order);
  const auto below = [&](std::uint32_t n) { return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random); };
  std::vector<Request> requests(bursts);
  Cycle arrival = 0;
  DramLocation at;
  for (Request& request : requests) {
    if (below(3) != 0) at = {below(spec.banks()), below(3), 0};
    at.column = below(spec.bursts_per_row());
    if (below(50) == 0) arrival += below(2000);
    arrival += below(4);
    request = {map.address(at), below(5) < 2, arrival};
  }
  return requests;
}

/// What refresh takes from a stream, of tREFI clocks each time: the last read's tRTP, the precharge, the refresh and
/// the first new row.
double lost_to_refresh(const DramSpec& spec) {
  const DramTimings& t = spec.timing;
  return static_cast<double>(t.rtp + t.rp_all + t.rfc + t.rcd_read) / static_cast<double>(t.refi);
}

double share_of_peak(const DramSpec& spec, const Outcome& outcome) {
  return static_cast<double>(outcome.done.size() * spec.burst_clocks()) / static_cast<double>(outcome.end);
}

TEST(DramController, StreamsReadAtThePeakRateLessRefresh) {
  for (const DramSpec& spec : dram_standards()) {
    SCOPED_TRACE(spec.name);
    const std::size_t bursts = 40 * spec.timing.refi / spec.burst_clocks();
    const Outcome outcome = run(spec, {}, stream(spec, bursts, false));
    const double expected = 1 - lost_to_refresh(spec);
    const double reached = share_of_peak(spec, outcome);
    std::printf("%-12s %.2f GB/s peak, %.4f of it expected, %.4f reached, deviation %+.2f %%\n", spec.name.c_str(),
                spec.peak_bytes_per_second() / 1e9, expected, reached, 100 * (reached - expected));
    EXPECT_NEAR(reached, expected, 0.004);
    EXPECT_LE(reached, 1 - static_cast<double>(spec.timing.rfc) / static_cast<double>(spec.timing.refi));
  }
}

TEST(DramController, StreamsReachThePeakRateWithoutRefresh) {
  for (const DramSpec& spec : dram_standards()) {
    SCOPED_TRACE(spec.name);
    DramControllerOptions options;
    options.refresh = false;
    constexpr std::size_t bursts = 50'000;
    const Outcome reads = run(spec, options, stream(spec, bursts, false));
    const DramTimings& t = spec.timing;
    // On DDR4 every burst follows the one before without a gap: only the first row is waited for. On LPDDR4 the
    // commands that open a row take half the command bus's time between two reads and may push one back by a few
    // clocks; on HBM2 activates 4 clocks apart leave gaps between the first reads, which take 2.
    const Cycle least = spec.command.activate - 1 + t.rcd_read + t.cl + bursts * spec.burst_clocks();
    EXPECT_GE(reads.end, least);
    EXPECT_LE(static_cast<double>(reads.end), static_cast<double>(least) * (spec.name == "DDR4-2400" ? 1 : 1.007));
    const Outcome writes = run(spec, options, stream(spec, bursts, true));
    EXPECT_EQ(writes.statistics.at("write_bursts"), bursts);
    EXPECT_GT(share_of_peak(spec, writes), 0.97);
  }
}

TEST(DramController, OneBankGroupStreamsAtCcdL) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  DramControllerOptions options;
  options.refresh = false;
  options.address_map = "row:bank:bankgroup:column";
  const Outcome outcome = run(spec, options, stream(spec, spec.bursts_per_row(), false));
  EXPECT_EQ(outcome.end, 16 + (spec.bursts_per_row() - 1) * 6 + 16 + 4);
}

TEST(DramController, RandomAccessesFallFarBelowThePeak) {
  for (const DramSpec& spec : dram_standards()) {
    SCOPED_TRACE(spec.name);
    std::mt19937_64 random(5);
    std::vector<Request> requests(20'000);
    for (Request& request : requests) request = {random() % spec.bytes(), false, 0};
    const Outcome first_ready = run(spec, {}, requests);
    DramControllerOptions in_order;
    in_order.scheduler = DramScheduler::fcfs;
    const Outcome fcfs = run(spec, in_order, requests);
    std::printf("%-12s random reads: %.3f of the peak, fcfs %.3f\n", spec.name.c_str(),
                share_of_peak(spec, first_ready), share_of_peak(spec, fcfs));
    EXPECT_LT(share_of_peak(spec, first_ready), 0.75);
    EXPECT_LT(share_of_peak(spec, fcfs), 0.25);
    EXPECT_LT(share_of_peak(spec, fcfs), share_of_peak(spec, first_ready));
  }
}

TEST(DramController, KeepsEveryConstraintInRandomTraffic) {
  unsigned seed = 1;
  for (const DramSpec& spec : dram_standards()) {
    for (const char* order : {"row:bank:column:bankgroup", "row:bankgroup:bank:column", "bank:row:column:bankgroup"}) {
      for (const DramScheduler scheduler : {DramScheduler::fcfs, DramScheduler::fr_fcfs}) {
        SCOPED_TRACE(spec.name + " " + order);
        DramControllerOptions options;
        options.address_map = order;
        options.scheduler = scheduler;
        const std::vector<Request> requests = traffic(spec, order, 1500, seed++);
        const Outcome outcome = run(spec, options, requests);
        EXPECT_THAT(breaches(spec, outcome.log), IsEmpty());
        // Each burst once, after its arrival, at its own place.
        std::set<std::uint64_t> tags;
        for (const DramRunDone& burst : outcome.done) {
          EXPECT_TRUE(tags.insert(burst.tag).second);
          EXPECT_GE(burst.command, requests[burst.tag].arrival);
          EXPECT_EQ(burst.write, requests[burst.tag].write);
          EXPECT_EQ(burst.address, requests[burst.tag].address);
        }
        EXPECT_EQ(tags.size(), requests.size());
        const auto& counters = outcome.statistics;
        EXPECT_EQ(counters.at("row_hits") + counters.at("row_misses") + counters.at("row_conflicts"), requests.size());
        EXPECT_EQ(counters.at("data_busy"), requests.size() * spec.burst_clocks());
        EXPECT_GT(counters.at("row_hits"), 0U);
        EXPECT_GT(counters.at("row_conflicts"), 0U);
        EXPECT_GT(counters.at("refreshes"), 1U);
      }
    }
  }
}

// The checker has teeth: a controller whose figure is one clock short is caught.
TEST(DramController, CheckerCatchesEveryTimingThatIsOneClockShort) {
  struct Field {
    const char* name;
    Cycle DramTimings::*member;
  };
  constexpr Field fields[] = {
      {"rcd_read", &DramTimings::rcd_read},
      {"rcd_write", &DramTimings::rcd_write},
      {"rp", &DramTimings::rp},
      {"ras", &DramTimings::ras},
      {"rc", &DramTimings::rc},
      {"rrd_s", &DramTimings::rrd_s},
      {"rrd_l", &DramTimings::rrd_l},
      {"faw", &DramTimings::faw},
      {"ccd_l", &DramTimings::ccd_l},
      {"rtw", &DramTimings::rtw},
      {"wtr_s", &DramTimings::wtr_s},
      {"wtr_l", &DramTimings::wtr_l},
      {"wr", &DramTimings::wr},
      {"rtp", &DramTimings::rtp},
      {"rfc", &DramTimings::rfc},
      {"cwl", &DramTimings::cwl},
      {"rp_all", &DramTimings::rp_all},
      {"ppd", &DramTimings::ppd},
  };
  DramSpec spec = dram_standard("DDR4-2400");
  // Figures that no other one hides: tRC beyond tRAS + tRP, a longer precharge of all banks, precharges apart.
  spec.timing.rc = 60;
  spec.timing.rp_all = 20;
  spec.timing.ppd = 4;
  const std::string order = "row:bank:column:bankgroup";
  for (const Field& field : fields) {
    SCOPED_TRACE(field.name);
    DramSpec wrong = spec;
    --(wrong.timing.*field.member);
    bool caught = false;
    for (unsigned seed = 1; seed <= 8 && !caught; ++seed) {
      caught = !breaches(spec, run(wrong, {}, traffic(spec, order, 1500, seed)).log).empty();
    }
    EXPECT_TRUE(caught);
  }
  DramSpec short_bus = dram_standard("LPDDR4-3200");
  short_bus.command.column = 3;
  EXPECT_FALSE(
      breaches(dram_standard("LPDDR4-3200"), run(short_bus, {}, traffic(short_bus, order, 1500, 3)).log).empty());
}

TEST(DramController, RefreshesOnceAnIntervalBusyOrIdle) {
  for (const DramSpec& spec : dram_standards()) {
    SCOPED_TRACE(spec.name);
    std::vector<Request> requests = stream(spec, 3000, false);
    requests.push_back({0, true, 20 * spec.timing.refi + 50});  // long idle before it
    const Outcome outcome = run(spec, {}, requests);
    Cycle due = 0;
    std::uint64_t refreshes = 0;
    for (const IssuedCommand& each : outcome.log) {
      if (each.command != DramCommand::refresh) continue;
      due += spec.timing.refi;
      ++refreshes;
      EXPECT_GE(each.at, due);
      // Longest: a write just before, its recovery, the precharge.
      const DramTimings& t = spec.timing;
      EXPECT_LE(each.at, due + t.ras + t.cwl + spec.burst_clocks() + t.wr + t.rp_all + t.rc);
    }
    EXPECT_EQ(refreshes, 20U);
    EXPECT_EQ(outcome.statistics.at("refreshes"), 20U);
  }
}

TEST(DramController, ARefreshInterruptsAStreamForItsComputedTime) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const Outcome outcome = run(spec, {}, stream(spec, 3000, false));
  std::vector<Cycle> reads;
  Cycle precharged = 0, refreshed = 0;
  for (const IssuedCommand& each : outcome.log) {
    if (each.command == DramCommand::precharge_all) precharged = each.at;
    if (each.command == DramCommand::refresh) refreshed = each.at;
    if (each.command == DramCommand::read) reads.push_back(each.at);
  }
  const auto after = std::upper_bound(reads.begin(), reads.end(), 9360);
  const Cycle last = *(after - 1);
  EXPECT_LT(last, 9360U);  // none once the refresh is due
  EXPECT_EQ(precharged, std::max<Cycle>(9360, last + 9));
  EXPECT_EQ(refreshed, precharged + 16);
  EXPECT_EQ(*after, refreshed + 420 + 16);
}

TEST(DramController, CountsHitsMissesAndConflicts) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const AddressMap map(spec, DramControllerOptions{}.address_map);
  const auto at = [&](std::uint32_t bank, std::uint32_t row, std::uint32_t column, Cycle arrival) {
    return Request{map.address({bank, row, column}), false, arrival};
  };
  const Outcome outcome =
      run(spec, {}, {at(0, 0, 0, 0), at(0, 0, 1, 100), at(0, 0, 2, 200), at(0, 1, 0, 300), at(1, 5, 0, 400)});
  EXPECT_EQ(outcome.statistics.at("row_misses"), 2U);
  EXPECT_EQ(outcome.statistics.at("row_hits"), 2U);
  EXPECT_EQ(outcome.statistics.at("row_conflicts"), 1U);
  EXPECT_EQ(outcome.statistics.at("activates"), 3U);
  EXPECT_EQ(outcome.statistics.at("precharges"), 1U);
  EXPECT_EQ(outcome.statistics.at("data_bytes"), 5U * 64);
  // A miss: tRCD + CL + BL/2; a hit: CL + BL/2; a conflict: tRP more than a miss.
  EXPECT_EQ(outcome.done[0].data_end, 16U + 16 + 4);
  EXPECT_EQ(outcome.done[1].data_end, 100U + 16 + 4);
  EXPECT_EQ(outcome.done[3].data_end, 300U + 16 + 16 + 16 + 4);
}

TEST(DramController, FirstReadyServesAHitBeforeAnOlderConflict) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const AddressMap map(spec, DramControllerOptions{}.address_map);
  const std::vector<Request> requests{
      {map.address({0, 0, 0}), false, 0}, {map.address({0, 1, 0}), false, 50}, {map.address({0, 0, 1}), false, 50}};
  const auto order = [&](DramScheduler scheduler) {
    DramControllerOptions options;
    options.scheduler = scheduler;
    std::vector<std::uint64_t> tags;
    for (const DramRunDone& burst : run(spec, options, requests).done) tags.push_back(burst.tag);
    return tags;
  };
  EXPECT_EQ(order(DramScheduler::fr_fcfs), (std::vector<std::uint64_t>{0, 2, 1}));
  EXPECT_EQ(order(DramScheduler::fcfs), (std::vector<std::uint64_t>{0, 1, 2}));
}

TEST(DramController, NoBurstIsPassedMoreOftenThanTheLimit) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const AddressMap map(spec, DramControllerOptions{}.address_map);
  std::vector<Request> requests{{map.address({0, 0, 0}), false, 0}, {map.address({0, 1, 0}), false, 0}};
  for (std::uint32_t i = 0; i < 500; ++i) requests.push_back({map.address({0, 0, i % 128}), false, 0});
  DramControllerOptions options;
  options.bypass_limit = 10;
  const Outcome outcome = run(spec, options, requests);
  const auto position =
      std::find_if(outcome.done.begin(), outcome.done.end(), [](const auto& b) { return b.tag == 1; });
  EXPECT_EQ(position - outcome.done.begin(), 1 + 10);
}

TEST(DramController, BurstsToTheSameBytesKeepTheirOrder) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  std::mt19937 random(9);
  std::vector<Request> requests(4000);
  for (Request& request : requests) request = {random() % 24 * 64 * 1024 / 8, random() % 2 == 0, 0};
  const Outcome outcome = run(spec, {}, requests);
  std::map<std::uint64_t, std::uint64_t> last_write, last_any;
  bool reordered = false;
  std::uint64_t highest = 0;
  for (const DramRunDone& burst : outcome.done) {
    reordered |= burst.tag < highest;
    highest = std::max(highest, burst.tag);
    if (burst.write && last_any.contains(burst.address)) {
      EXPECT_GT(burst.tag, last_any[burst.address]);
    }
    if (last_write.contains(burst.address)) {
      EXPECT_GT(burst.tag, last_write[burst.address]);
    }
    if (burst.write) last_write[burst.address] = burst.tag;
    last_any[burst.address] = std::max(last_any[burst.address], burst.tag);
  }
  EXPECT_TRUE(reordered);  // others do overtake
}

TEST(DramController, DecisionsDoNotDependOnHowItIsCalled) {
  const DramSpec& spec = dram_standard("DDR4-2400");
  const std::string order = DramControllerOptions{}.address_map;
  const std::vector<Request> requests = traffic(spec, order, 3000, 77);
  // Requests given ahead of their arrival, and the clock advanced in steps of any size.
  const auto log = [&](unsigned seed) {
    std::mt19937 random(seed);
    DramControllerOptions options;
    options.queue_bursts = requests.size();
    DramController controller(spec, options);
    std::vector<IssuedCommand> commands;
    std::vector<DramRunDone> done;
    controller.observe([&](DramCommand command, std::uint32_t bank, std::uint32_t row, Cycle at) {
      commands.push_back({command, bank, row, at});
    });
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (seed != 0 && requests[i].arrival > 0) {
        const Cycle limit = requests[i].arrival - random() % std::min<Cycle>(requests[i].arrival, 20);
        controller.run_until(limit, done);
        if (random() % 4 == 0) (void)controller.next_command();
      } else {
        controller.run_until(requests[i].arrival, done);
      }
      controller.push(i, requests[i].address, requests[i].write, requests[i].arrival);
    }
    while (!controller.empty()) controller.step(done);
    return commands;
  };
  const std::vector<IssuedCommand> reference = log(0);
  EXPECT_EQ(log(1), reference);
  EXPECT_EQ(log(2), reference);
}

TEST(DramController, RefusesMisuse) {
  const DramSpec& spec = dram_standard("HBM2-2000");
  DramControllerOptions options;
  options.queue_bursts = 1;
  DramController controller(spec, options);
  EXPECT_THROW(controller.push(0, spec.bytes(), false, 0), std::logic_error);
  controller.push(0, 0, false, 0);
  EXPECT_THROW(controller.push(1, 0, false, 0), std::logic_error);
  options.queue_bursts = 0;
  EXPECT_THAT([&] { DramController(spec, options); }, ThrowsMessage<std::invalid_argument>(HasSubstr("queue_bursts")));
  EXPECT_THAT([] { (void)dram_scheduler("frfcfs"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("did you mean 'fr_fcfs'")));
}

}  // namespace
}  // namespace fusesim::memory
