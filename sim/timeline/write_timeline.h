// SPDX-License-Identifier: Apache-2.0
// A run of the machine as a timeline that https://ui.perfetto.dev and chrome://tracing show.
#pragma once

#include <cstdint>
#include <filesystem>

#include "hw/control/machine/record.h"
#include "hw/isa/machine/program.h"
#include "sim/timeline/timeline_collector.h"

namespace fusesim::timeline {

struct TimelineOptions {
  std::uint64_t bucket_cycles = 0;  ///< Over which bandwidth is averaged; 0: about a thousandth of the run.
};

/// Writes the run as Chrome trace events (JSON), the whole file or nothing. One process with these tracks:
///
///   array                  a slice an instruction, named by its layer, in it one a fold. A slice ends where the next
///                          one starts, if that is before its own end: sums leave while the next operands enter
///   fused unit             a slice an instruction, named "LAYER tile", "LAYER predict" or "LAYER accumulate"; only if
///                          there are any
///   vector                 a slice an instruction
///   load DMA, store DMA    a slice a transfer; as many tracks as transfers were under way at a time
///   load queue, ...        a slice an instruction, from decoding to start; as many tracks as instructions waited
///
/// and counters: DRAM bytes read and written a cycle, averaged over buckets, and the bytes occupied in each scratchpad.
/// Times are microseconds of a clock of `clock_mhz`, rounded to the nanosecond, which is all that Perfetto reads; each
/// slice has its exact cycles among its arguments.
///
/// `record` and `collector` must be of a run of `program` to its end. Throws std::invalid_argument unless the clock is
/// above zero, std::runtime_error naming the file when it cannot be written.
void write_timeline(const std::filesystem::path& path, const isa::machine::Program& program,
                    const control::machine::Record& record, const TimelineCollector& collector, double clock_mhz,
                    const TimelineOptions& options = {});

}  // namespace fusesim::timeline
