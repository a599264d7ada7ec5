// SPDX-License-Identifier: Apache-2.0
// Timelines of runs, read back as JSON.
#include "sim/timeline/write_timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hw/accelerator/machine.h"
#include "tests/hw/accelerator/machine_support.h"
#include "tests/hw/accelerator/tiled_program.h"
#include "tests/hw/isa/machine/random_machine_program.h"
#include "tests/support/temporary_directory.h"

namespace fusesim::timeline {
namespace {

using control::machine::Record;
using isa::machine::Pad;
using isa::machine::Program;
using isa::machine::Queue;

struct Slice {
  std::string name;
  std::int64_t begin, end;  ///< Nanoseconds.
  nlohmann::json arguments;
};

/// A timeline file, by track and by counter; times are whole nanoseconds, or reading fails.
struct Read {
  std::map<std::string, std::vector<Slice>> slices;
  std::map<std::string, std::vector<std::pair<std::int64_t, double>>> counters;
  nlohmann::json about;

  explicit Read(const std::filesystem::path& path) {
    std::ifstream file(path);
    const nlohmann::json json = nlohmann::json::parse(file);
    about = json.at("otherData");
    std::map<int, std::string> tracks;
    for (const auto& event : json.at("traceEvents")) {
      EXPECT_EQ(event.at("pid"), 1);
      const std::string phase = event.at("ph"), name = event.at("name");
      if (phase == "M") {
        if (name == "thread_name") {
          EXPECT_TRUE(tracks.emplace(event.at("tid"), event.at("args").at("name")).second);
          slices[tracks.at(event.at("tid"))];
        }
        continue;
      }
      const std::int64_t begin = nanoseconds(event.at("ts"));
      if (phase == "C") {
        counters[name].emplace_back(begin, event.at("args").at("value"));
      } else {
        EXPECT_EQ(phase, "X");
        slices.at(tracks.at(event.at("tid")))
            .push_back({name, begin, begin + nanoseconds(event.at("dur")), event.at("args")});
      }
    }
  }

  static std::int64_t nanoseconds(double microseconds) {
    const double nanoseconds = microseconds * 1000;
    EXPECT_NEAR(nanoseconds, std::round(nanoseconds), 1e-3);
    return std::llround(nanoseconds);
  }

  /// The slices of a name's tracks: "load DMA", "load DMA 2", ...
  [[nodiscard]] std::vector<const std::vector<Slice>*> tracks_of(const std::string& name) const {
    std::vector<const std::vector<Slice>*> all;
    for (const auto& [track, on_it] : slices) {
      const std::string first = track.substr(0, track.find_last_not_of("0123456789") + 1);
      if (track == name || first == name + " ") all.push_back(&on_it);
    }
    return all;
  }
};

struct Finished {
  Program program;
  accelerator::MachineOptions options;
  TimelineCollector collector;
  Record record;
};

Finished random_run(std::uint64_t seed, bool folds = true) {
  fusesim::test::Random random(static_cast<unsigned>(seed));
  Finished run;
  isa::ArrayConfig array;
  array.rows = random.between(1, 6);
  array.cols = random.between(1, 6);
  run.program = accelerator::test::TiledProgram(random, array).make(3);
  run.program.layers[0] = "first \"layer\" \\ caf\u00e9";
  run.options = accelerator::test::random_options(random);
  run.options.observer = run.collector.observer(folds);
  run.record = accelerator::run(run.program, run.program.core, run.options).record;
  return run;
}

Read written(const Finished& run, const TimelineOptions& options = {}) {
  const fusesim::test::TemporaryDirectory directory;
  write_timeline(directory / "timeline.json", run.program, run.record, run.collector, run.options.clock_mhz, options);
  return Read(directory / "timeline.json");
}

std::int64_t at_cycle(const Finished& run, std::uint64_t cycle) {
  return std::llround(static_cast<double>(cycle) * 1000 / run.options.clock_mhz);
}

constexpr std::uint64_t runs = 12;

TEST(Timeline, ShowsTheFusedUnitsInstructionsOnATrackOfTheirOwn) {
  std::size_t seen = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    fusesim::test::Random random(seed);
    Finished run;
    run.program = isa::machine::test::random_fused_program(seed);
    for (std::size_t l = 0; l < run.program.layers.size(); ++l)
      run.program.layers[l] = "a \"layer\" " + std::to_string(l);
    run.options = accelerator::test::random_options(random);
    run.options.observer = run.collector.observer(true);
    run.record = accelerator::run(run.program, run.program.core, run.options).record;
    const Read timeline = written(run);
    const auto track = timeline.slices.find("fused unit");
    std::vector<Slice> slices;
    if (track != timeline.slices.end()) slices = track->second;
    std::size_t next = 0;
    for (std::size_t i = 0; i < run.program.instructions.size(); ++i) {
      const auto& instruction = run.program.instructions[i];
      if (!instruction.is_fused()) continue;
      ASSERT_LT(next, slices.size());
      const Slice& slice = slices[next++];
      const control::machine::InstructionRecord& record = run.record.instructions[i];
      const std::string& layer = run.program.layers[instruction.layer];
      const char* const kinds[] = {" tile", " predict", " accumulate"};
      EXPECT_EQ(slice.name, layer + kinds[instruction.work.index() - isa::machine::queue_count]);
      EXPECT_EQ(slice.begin, at_cycle(run, record.start));
      EXPECT_EQ(slice.end, at_cycle(run, record.end));
      EXPECT_EQ(slice.arguments.at("instruction"), i);
      EXPECT_EQ(slice.arguments.at("words"), record.fused.words);
      EXPECT_EQ(slice.arguments.at("terms"), record.fused.terms);
      EXPECT_EQ(slice.arguments.at("survivors"), record.fused.survivors);
      EXPECT_EQ(slice.arguments.at("products"), record.fused.products);
      EXPECT_EQ(slice.arguments.at("live_products"), record.fused.live_products);
      EXPECT_EQ(slice.arguments.at("predictor_additions"), record.fused.predictor_additions);
      EXPECT_EQ(slice.arguments.at("composer_products"), record.fused.composer_products);
      EXPECT_EQ(slice.arguments.at("list_stalls"), record.fused.list_stalls);
      EXPECT_EQ(slice.arguments.at("queue_stalls"), record.fused.queue_stalls);
      EXPECT_EQ(slice.arguments.at("output_stalls"), record.fused.output_stalls);
    }
    EXPECT_EQ(next, slices.size());
    for (const Slice& slice : timeline.slices.at("array")) {
      if (!slice.arguments.contains("instruction")) continue;  // A fold.
      EXPECT_FALSE(run.program.instructions.at(slice.arguments.at("instruction")).is_fused());
    }
    seen += next;
  }
  EXPECT_GT(seen, 100u);
}

TEST(Timeline, SlicesOfATrackNestAndStayWithinTheRun) {
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    const Finished run = random_run(seed);
    const Read timeline = written(run);
    for (const auto& [track, slices] : timeline.slices) {
      std::vector<Slice> open;
      std::int64_t latest = 0;
      for (const Slice& slice : slices) {
        EXPECT_GE(slice.begin, latest) << track;
        EXPECT_LE(slice.begin, slice.end) << track;
        EXPECT_LE(slice.end, at_cycle(run, run.record.cycles)) << track;
        latest = slice.begin;
        while (!open.empty() && open.back().end <= slice.begin) open.pop_back();
        if (!open.empty()) {
          EXPECT_LE(slice.end, open.back().end) << track;
        }
        open.push_back(slice);
      }
    }
  }
}

TEST(Timeline, ShowsEachInstructionOnceInItsUnitAndOnceInItsQueue) {
  const std::map<Queue, std::string> units = {
      {Queue::load, "load DMA"}, {Queue::compute, "array"}, {Queue::vector, "vector"}, {Queue::store, "store DMA"}};
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    const Finished run = random_run(seed);
    const Read timeline = written(run);
    for (const auto& [queue, unit] : units) {
      for (const bool waiting : {false, true}) {
        std::map<std::uint32_t, Slice> found;
        const std::string track_name = waiting ? std::string(name(queue)) + " queue" : unit;
        for (const auto* slices : timeline.tracks_of(track_name)) {
          for (const Slice& slice : *slices) {
            if (!slice.arguments.contains("instruction")) continue;
            EXPECT_TRUE(found.emplace(slice.arguments.at("instruction"), slice).second);
          }
        }
        std::uint64_t next_start = run.record.cycles;
        for (std::uint32_t i = static_cast<std::uint32_t>(run.program.instructions.size()); i-- > 0;) {
          if (run.program.instructions[i].queue() != queue) continue;
          ASSERT_TRUE(found.contains(i)) << track_name << " " << i;
          const Slice& slice = found.at(i);
          const auto& record = run.record.instructions[i];
          EXPECT_EQ(slice.name, run.program.layers[run.program.instructions[i].layer]);
          EXPECT_EQ(slice.arguments.at("decoded"), record.decoded);
          EXPECT_EQ(slice.arguments.at("start"), record.start);
          EXPECT_EQ(slice.arguments.at("end"), record.end);
          EXPECT_EQ(slice.begin, at_cycle(run, waiting ? record.decoded : record.start));
          const std::uint64_t end = queue == Queue::compute ? std::min(record.end, next_start) : record.end;
          EXPECT_EQ(slice.end, at_cycle(run, waiting ? record.start : end));
          next_start = record.start;
          found.erase(i);
        }
        EXPECT_TRUE(found.empty());
      }
    }
  }
}

TEST(Timeline, BusySlicesAndGapsOfTheArrayAreTheRun) {
  std::int64_t busy_of_all = 0;
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    const Finished run = random_run(seed);
    const Read timeline = written(run);
    std::int64_t busy = 0, gaps = 0, last_end = 0;
    for (const Slice& slice : timeline.slices.at("array")) {
      if (!slice.arguments.contains("instruction")) continue;
      EXPECT_GE(slice.begin, last_end);
      gaps += slice.begin - last_end;
      busy += slice.end - slice.begin;
      last_end = slice.end;
    }
    gaps += at_cycle(run, run.record.cycles) - last_end;
    EXPECT_EQ(busy + gaps, at_cycle(run, run.record.cycles));
    busy_of_all += busy;
  }
  EXPECT_GT(busy_of_all, 0);
}

TEST(Timeline, FoldsLieInTheirInstructionsOneAfterTheOther) {
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    const Finished run = random_run(seed);
    const Read timeline = written(run);
    const Slice* instruction = nullptr;
    std::uint64_t folds = 0, of_instruction = 0;
    const auto check_count = [&] {
      if (instruction != nullptr) {
        EXPECT_EQ(instruction->arguments.at("folds"), of_instruction);
      }
    };
    for (const Slice& slice : timeline.slices.at("array")) {
      if (slice.arguments.contains("instruction")) {
        check_count();
        instruction = &slice;
        of_instruction = 0;
        continue;
      }
      ASSERT_NE(instruction, nullptr);
      EXPECT_EQ(slice.name, "fold " + std::to_string(of_instruction++));
      EXPECT_GE(slice.begin, instruction->begin);
      EXPECT_LE(slice.end, instruction->end);
      EXPECT_EQ(slice.arguments.at("start"), run.collector.folds()[folds].start);
      EXPECT_EQ(slice.arguments.at("end"), run.collector.folds()[folds].end);
      ++folds;
    }
    check_count();
    EXPECT_EQ(folds, run.collector.folds().size());
  }
}

TEST(Timeline, LeavesFoldsOutWhereNoneWereKept) {
  const Finished run = random_run(3, false);
  const Read timeline = written(run);
  for (const Slice& slice : timeline.slices.at("array")) EXPECT_TRUE(slice.arguments.contains("instruction"));
}

TEST(Timeline, HasAsManyTracksAsWereUnderWayAtATime) {
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    const Finished run = random_run(seed);
    const Read timeline = written(run);
    for (const Queue queue : {Queue::load, Queue::store}) {
      std::size_t most = 1;
      for (const auto& a : run.record.instructions) {
        std::size_t together = 0;
        for (std::size_t i = 0; i < run.record.instructions.size(); ++i) {
          const auto& b = run.record.instructions[i];
          if (run.program.instructions[i].queue() == queue && b.start <= a.start && a.start < b.end) ++together;
        }
        most = std::max(most, together);
      }
      EXPECT_EQ(timeline.tracks_of(std::string(name(queue)) + " DMA").size(), most);
    }
  }
}

TEST(Timeline, BandwidthIntegratesToTheBytesOfDma) {
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    Finished run = random_run(seed);
    run.options.clock_mhz = 1000;  // A cycle a nanosecond: times in the file are exact.
    const Read timeline = written(run, {.bucket_cycles = seed % 2 == 0 ? 0 : 1 + seed * 13});
    const auto integral = [&](const std::string& name) {
      const auto& samples = timeline.counters.at(name);
      EXPECT_EQ(samples.back(), std::pair(at_cycle(run, run.record.cycles), 0.0));
      double sum = 0;
      for (std::size_t i = 0; i + 1 < samples.size(); ++i) {
        sum += samples[i].second * static_cast<double>(samples[i + 1].first - samples[i].first);
      }
      return std::llround(sum);
    };
    EXPECT_GT(run.record.dram_bytes_read, 0U);
    EXPECT_GT(run.record.dram_bytes_written, 0U);
    EXPECT_EQ(integral("DRAM read (bytes/cycle)"), static_cast<std::int64_t>(run.record.dram_bytes_read));
    EXPECT_EQ(integral("DRAM write (bytes/cycle)"), static_cast<std::int64_t>(run.record.dram_bytes_written));
  }
}

TEST(Timeline, OccupancyRisesToThePeakOfTheRecord) {
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    const Finished run = random_run(seed);
    const Read timeline = written(run);
    for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) {
      double most = 0;
      std::int64_t latest = 0;
      for (const auto& [time, bytes] : timeline.counters.at(std::string(name(pad)) + " scratchpad (bytes)")) {
        EXPECT_GE(time, latest);
        latest = time;
        most = std::max(most, bytes);
      }
      EXPECT_EQ(most, static_cast<double>(run.record.pads[static_cast<std::size_t>(pad)].peak_bytes));
    }
  }
}

TEST(Timeline, NamesNetworkAndCycles) {
  Finished run = random_run(1);
  run.program.network = "net \"1\"";
  const Read timeline = written(run);
  EXPECT_EQ(timeline.about.at("network"), "net \"1\"");
  EXPECT_EQ(timeline.about.at("cycles"), run.record.cycles);
}

TEST(Timeline, LayerNamesThatAreNotTextDoNotSpoilTheFile) {
  Finished run = random_run(1);
  run.program.layers[0] = "\xff\n";
  std::size_t found = 0, expected = 0;
  for (const auto& [track, slices] : written(run).slices) {
    for (const Slice& slice : slices) found += slice.name == "\uFFFD\n" ? 1 : 0;
  }
  for (const auto& instruction : run.program.instructions) expected += instruction.layer == 0 ? 2 : 0;
  EXPECT_GT(expected, 0U);
  EXPECT_EQ(found, expected);  // In its unit and in its queue.
}

TEST(Timeline, WritesTheWholeFileOrNothing) {
  const Finished run = random_run(1);
  const fusesim::test::TemporaryDirectory directory;
  const auto missing = directory / "missing" / "timeline.json";
  EXPECT_THAT([&] { write_timeline(missing, run.program, run.record, run.collector, 1000); },
              testing::ThrowsMessage<std::runtime_error>(testing::HasSubstr(missing.string())));
  EXPECT_THAT([&] { write_timeline(directory / "timeline.json", run.program, run.record, run.collector, 0); },
              testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("0 MHz")));
  EXPECT_EQ(directory.files(), 0U);
}

}  // namespace
}  // namespace fusesim::timeline
