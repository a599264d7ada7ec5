// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/write_timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hw/isa/write_file.h"
#include "sim/timeline/trace_events.h"

namespace fusesim::timeline {
namespace {

using control::machine::InstructionRecord;
using control::machine::Record;
using isa::machine::Pad;
using isa::machine::Program;
using isa::machine::Queue;

/// Tracks of one name, as many as overlapping slices need. Slices come by start.
class Tracks {
 public:
  Tracks(TraceEvents& events, std::string name) : events_(events), name_(std::move(name)) { add(); }

  /// A track on which nothing is under way at `start`, taken until `end`.
  std::uint32_t take(std::uint64_t start, std::uint64_t end) {
    auto free = std::find_if(tracks_.begin(), tracks_.end(), [&](const Track& each) { return each.until <= start; });
    if (free == tracks_.end()) free = add();
    free->until = end;
    return free->number;
  }

 private:
  struct Track {
    std::uint32_t number;
    std::uint64_t until;  ///< Cycle in which its last slice ends.
  };
  std::vector<Track>::iterator add() {
    const std::string name = tracks_.empty() ? name_ : fmt::format("{} {}", name_, tracks_.size() + 1);
    tracks_.push_back({events_.track(name), 0});
    return std::prev(tracks_.end());
  }

  TraceEvents& events_;
  std::string name_;
  std::vector<Track> tracks_;
};

class Timeline {
 public:
  Timeline(const Program& program, const Record& record, const TimelineCollector& collector, double clock_mhz,
           const TimelineOptions& options)
      : program_(program), record_(record), collector_(collector), events_(clock_mhz) {
    bucket_ = options.bucket_cycles != 0 ? options.bucket_cycles : record.cycles / 1000 + 1;
    for (const std::string& layer : program.layers) layers_.push_back(json_string(layer));
    for (std::uint32_t i = 0; i < program.instructions.size(); ++i)
      queues_[static_cast<std::size_t>(program.instructions[i].queue())].push_back(i);
    events_.process(program.network);
  }

  std::string_view text() {
    array();
    fused_unit();
    const auto of_unit = [&](std::uint32_t i) { return std::pair(at(i).start, at(i).end); };
    slices("vector", Queue::vector, of_unit);
    slices("load DMA", Queue::load, of_unit);
    slices("store DMA", Queue::store, of_unit);
    for (const Queue queue : {Queue::load, Queue::compute, Queue::vector, Queue::store}) {
      slices(fmt::format("{} queue", name(queue)), queue,
             [&](std::uint32_t i) { return std::pair(at(i).decoded, at(i).start); });
    }
    bandwidth("DRAM read (bytes/cycle)", false);
    bandwidth("DRAM write (bytes/cycle)", true);
    for (const Pad pad : {Pad::activations, Pad::weights, Pad::outputs}) occupancy(pad);
    return events_.finish(fmt::format(R"("network":{},"cycles":{})", json_string(program_.network), record_.cycles));
  }

 private:
  [[nodiscard]] const InstructionRecord& at(std::uint32_t instruction) const {
    return record_.instructions[instruction];
  }
  [[nodiscard]] const std::vector<std::uint32_t>& queue(Queue which) const {
    return queues_[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] const std::string& layer(std::uint32_t instruction) const {
    return layers_[program_.instructions[instruction].layer];
  }

  /// What a click on an instruction shows.
  [[nodiscard]] std::string arguments(std::uint32_t instruction) const {
    const InstructionRecord& r = at(instruction);
    std::string text =
        fmt::format(R"("instruction":{},"decoded":{},"start":{},"end":{})", instruction, r.decoded, r.start, r.end);
    const auto& work = program_.instructions[instruction].work;
    if (std::holds_alternative<isa::machine::Compute>(work)) {
      text += fmt::format(R"(,"folds":{},"macs":{},"conflict_cycles":{})", r.folds, r.macs, r.conflict_cycles);
    } else if (const auto* vector = std::get_if<isa::machine::Vector>(&work)) {
      text += fmt::format(R"(,"kind":"{}","shape":"{}x{}x{}","conflict_cycles":{})", name(vector->kind),
                          vector->channels, vector->height, vector->width, r.conflict_cycles);
    } else if (program_.instructions[instruction].is_fused()) {
      const fused::Counters& c = r.fused;
      text += fmt::format(
          R"(,"words":{},"terms":{},"survivors":{},"products":{},"live_products":{},"predictor_additions":{})"
          R"(,"composer_products":{},"list_stalls":{},"queue_stalls":{},"output_stalls":{})",
          c.words, c.terms, c.survivors, c.products, c.live_products, c.predictor_additions, c.composer_products,
          c.list_stalls, c.queue_stalls, c.output_stalls);
    } else {
      const Pad pad = std::holds_alternative<isa::machine::Load>(work) ? std::get<isa::machine::Load>(work).pad
                                                                       : std::get<isa::machine::Store>(work).pad;
      text += fmt::format(R"(,"scratchpad":"{}","bytes":{})", name(pad), r.dram_bytes);
    }
    return text;
  }

  /// `when(instruction)` is its first cycle and the one after its last; instructions of a queue start in order.
  template <class When>
  void slices(const std::string& track_name, Queue which, When when) {
    Tracks tracks(events_, track_name);
    for (const std::uint32_t i : queue(which)) {
      const auto [start, end] = when(i);
      events_.slice(tracks.take(start, end), layer(i), start, end, arguments(i));
    }
  }

  void array() {
    const std::uint32_t track = events_.track("array");
    std::vector<TimelineCollector::Fold> folds = collector_.folds();
    std::stable_sort(folds.begin(), folds.end(),
                     [](const auto& a, const auto& b) { return a.instruction < b.instruction; });
    auto fold = folds.begin();
    const std::vector<std::uint32_t>& all = queue(Queue::compute);
    for (std::size_t k = 0; k < all.size(); ++k) {
      const std::uint32_t i = all[k];
      if (program_.instructions[i].is_fused()) continue;
      const std::uint64_t next = k + 1 < all.size() ? at(all[k + 1]).start : record_.cycles;
      const std::uint64_t end = std::min(at(i).end, next);
      events_.slice(track, layer(i), at(i).start, end, arguments(i));
      for (std::uint64_t number = 0; fold != folds.end() && fold->instruction == i; ++number) {
        const auto [instruction, start, own_end] = *fold++;
        const bool last = fold == folds.end() || fold->instruction != i;
        events_.slice(track, fmt::format("\"fold {}\"", number), start, std::min(own_end, last ? end : fold->start),
                      fmt::format(R"("start":{},"end":{})", start, own_end));
      }
    }
  }

  /// One instruction after the other; machines without the unit have no track of it.
  void fused_unit() {
    std::optional<std::uint32_t> track;
    for (const std::uint32_t i : queue(Queue::compute)) {
      const isa::machine::Instruction& instruction = program_.instructions[i];
      if (!instruction.is_fused()) continue;
      if (!track) track = events_.track("fused unit");
      const std::string_view kind = isa::machine::name(instruction);
      events_.slice(*track,
                    json_string(fmt::format("{} {}", program_.layers[instruction.layer],
                                            kind.substr(std::string_view("fused_").size()))),
                    at(i).start, at(i).end, arguments(i));
    }
  }

  void bandwidth(std::string_view name, bool write) {
    const auto& requests = collector_.requests(write);
    auto request = requests.begin();
    double shown = -1;
    for (std::uint64_t begin = 0; begin < record_.cycles; begin += bucket_) {
      const std::uint64_t end = std::min(begin + bucket_, record_.cycles);
      std::uint64_t bytes = 0;
      for (; request != requests.end() && request->cycle < end; ++request) bytes += request->bytes;
      const double value = static_cast<double>(bytes) / static_cast<double>(end - begin);
      if (value != shown) events_.counter(name, begin, value);
      shown = value;
    }
    events_.counter(name, record_.cycles, 0);
  }

  void occupancy(Pad pad) {
    const std::string title = fmt::format("{} scratchpad (bytes)", name(pad));
    events_.counter(title, 0, 0);
    for (const TimelineCollector::Level& level : collector_.occupancy(pad))
      events_.counter(title, level.cycle, level.bytes);
  }

  const Program& program_;
  const Record& record_;
  const TimelineCollector& collector_;
  TraceEvents events_;
  std::uint64_t bucket_ = 1;
  std::vector<std::string> layers_;  ///< Quoted.
  std::array<std::vector<std::uint32_t>, isa::machine::queue_count> queues_;
};

}  // namespace

void write_timeline(const std::filesystem::path& path, const Program& program, const Record& record,
                    const TimelineCollector& collector, double clock_mhz, const TimelineOptions& options) {
  Timeline timeline(program, record, collector, clock_mhz, options);
  isa::write_file(path, timeline.text());
}

}  // namespace fusesim::timeline
