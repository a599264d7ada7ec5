// SPDX-License-Identifier: Apache-2.0
// `fusesim compile` and `fusesim run` for whole machines, started as a program.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iomanip>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/hw/waves/vcd_reader.h"
#include "tests/support/temporary_directory.h"

namespace fusesim {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Result {
  int status;
  std::string output;
};

/// Runs shell commands in an empty directory of the test's own, in which $F is the program and $N a small network.
class MachineCommands : public ::testing::Test {
 protected:
  Result shell(const std::string& command) const {
    FILE* pipe =
        popen(("cd '" + directory_.path().string() +
               "'; F='" FUSESIM_PROGRAM "'; N='mobilenet_v3_small --variant fuse_half --input-size 32x40'; { " +
               command + "; } 2>&1")
                  .c_str(),
              "r");
    if (pipe == nullptr) throw std::runtime_error("popen failed");
    Result result;
    char buffer[4096];
    for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) result.output.append(buffer, n);
    const int status = pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return result;
  }
  std::filesystem::path file(const std::string& name) const { return directory_ / name; }

 private:
  test::TemporaryDirectory directory_;
};

/// Rows of a CSV without quotes, by column.
std::vector<std::map<std::string, std::string>> csv(const std::string& text) {
  const auto cells = [](const std::string& line) {
    std::vector<std::string> found;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) found.push_back(cell);
    return found;
  };
  std::istringstream stream(text);
  std::string line;
  std::getline(stream, line);
  const std::vector<std::string> header = cells(line);
  std::vector<std::map<std::string, std::string>> rows;
  while (std::getline(stream, line)) {
    const std::vector<std::string> values = cells(line);
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < values.size(); ++i) row[header.at(i)] = values[i];
  }
  return rows;
}

TEST_F(MachineCommands, CausesSumToCyclesInEveryFormat) {
  const std::string run = "$F run $N --machine edge-16x16-lpddr4 --timing-only --format ";
  const auto rows = csv(shell(run + "csv").output);
  ASSERT_GT(rows.size(), 60U);
  const char* const causes[] = {"compute", "fill", "drain", "conflict", "load", "vector", "store", "control"};
  std::map<std::string, std::uint64_t> sums;
  for (const auto& row : rows) {
    std::uint64_t cycles = 0;
    for (const char* cause : causes) cycles += std::stoull(row.at(cause));
    EXPECT_EQ(std::to_string(cycles), row.at("cycles")) << row.at("layer");
    for (const char* column : {"cycles", "macs", "dram_read_bytes", "dram_written_bytes", "sram_read_bytes", "load"}) {
      sums[column] += std::stoull(row.at(column));
    }
  }
  const auto json = nlohmann::json::parse(shell(run + "json").output);
  std::uint64_t cycles = 0;
  for (const char* cause : causes) cycles += json.at("causes").at(cause).get<std::uint64_t>();
  EXPECT_EQ(json.at("cycles"), cycles);
  EXPECT_EQ(json.at("cycles"), sums.at("cycles"));
  EXPECT_EQ(json.at("macs"), sums.at("macs"));
  EXPECT_EQ(json.at("dram_read_bytes"), sums.at("dram_read_bytes"));
  EXPECT_EQ(json.at("dram_written_bytes"), sums.at("dram_written_bytes"));
  EXPECT_EQ(json.at("sram_read_bytes"), sums.at("sram_read_bytes"));
  EXPECT_EQ(json.at("causes").at("load"), sums.at("load"));
  EXPECT_EQ(json.at("layers").size(), rows.size());
  EXPECT_EQ(json.at("memory"), "LPDDR4-3200");
  EXPECT_EQ(json.at("dram_peak_gbps"), 6.4);
  EXPECT_LE(json.at("dram_gbps"), 6.4);
  EXPECT_LE(json.at("peak_bytes").at("activations"), 32768);
  const std::string table = shell(run + "table").output;
  EXPECT_THAT(table,
              StartsWith("mobilenet_v3_small fuse_half 32x40 on 16x16 pingpong pipelined fuse stages=0, 400 MHz, "
                         "scratchpads 32KiB/32KiB/64KiB, LPDDR4-3200, event fidelity\n"));
  EXPECT_THAT(table, HasSubstr("\n" + std::to_string(cycles) + " cycles, "));
  EXPECT_THAT(table, HasSubstr("Dataflows: gemm, fuse_row, fuse_column"));
}

TEST_F(MachineCommands, SmallRunsAreToldInSmallUnits) {
  const std::string run = "$F run $N --dram HBM2-2000 --timing-only --format ";
  const auto json = nlohmann::json::parse(shell(run + "json").output);
  const auto cycles = json.at("cycles").get<std::uint64_t>(),
             written = json.at("dram_written_bytes").get<std::uint64_t>();
  ASSERT_LT(cycles, 999'999U);
  ASSERT_GE(cycles, 1000U);
  ASSERT_LT(written, 999'000U);
  ASSERT_GE(written, 1000U);
  std::ostringstream time, bytes;
  time << '\n' << cycles << " cycles, " << cycles / 1000 << '.';
  bytes << std::fixed << std::setprecision(2) << " MB read, " << static_cast<double>(written) / 1000 << " kB written; ";
  const std::string table = shell(run + "table").output;
  EXPECT_THAT(table, HasSubstr(time.str()));
  EXPECT_THAT(table, HasSubstr(" us. compute + ..."));
  EXPECT_THAT(table, HasSubstr(bytes.str()));
  EXPECT_THAT(shell("$F run $N --array 64").output, HasSubstr(" us at 1000 MHz. compute + fill"));
}

TEST_F(MachineCommands, ATraceRunsAsTheNetworkDoes) {
  const Result result = shell(
      "$F compile $N --machine edge-16x16-lpddr4 --seed 5 -o m.trace && "
      "$F run $N --machine edge-16x16-lpddr4 --seed 5 --format csv > a.csv && "
      "$F run m.trace --machine edge-16x16-lpddr4 --format csv | cmp - a.csv && "
      "$F run m.trace --dram LPDDR4-3200 --set clock.frequency_mhz=400 --format csv | cmp - a.csv && "
      "$F compile $N --machine edge-16x16-lpddr4 --seed 5 -o /dev/stdout | cmp - m.trace && "
      "$F run $N --machine edge-16x16-lpddr4 --seed 6 --format csv > b.csv; cmp -s a.csv b.csv || echo other values");
  EXPECT_THAT(result.output, StartsWith("m.trace: "));
  EXPECT_THAT(result.output, HasSubstr(" bytes, for array 16x16 pingpong pipelined fuse stages=0, scratchpads "
                                       "32KiB/32KiB/64KiB\nother values\n"));
}

TEST_F(MachineCommands, ATraceOnAnotherMachineIsRefusedOrRunsThere) {
  ASSERT_EQ(shell("$F compile $N --machine edge-16x16-lpddr4 -o m.trace").status, 0);
  const auto expect_usage_error = [&](const std::string& options, const std::string& message) {
    const Result result = shell("$F run m.trace " + options);
    EXPECT_EQ(result.status, 2) << options;
    EXPECT_THAT(result.output, StartsWith("fusesim: m.trace: " + message)) << options;
  };
  expect_usage_error("--machine fuseconv-64x64-ddr4", "the program was compiled for array '16x16 ");
  expect_usage_error("--machine fuseconv-64x64", "the trace moves tensors from and to DRAM, but the machine has");
  expect_usage_error("--dram none", "the trace moves tensors from and to DRAM, but the machine has");
  expect_usage_error("--scratchpad 4KiB", "instruction ");
  expect_usage_error("--dw-mapping row", "a trace is already compiled");
  EXPECT_THAT(shell("$F run m.trace --bandwidth 100 --latency 7 --scratchpad 2MiB --timing-only").output,
              HasSubstr("scratchpads 512KiB/512KiB/1MiB, fixed 100 GB/s after 7 ns, event fidelity"));
  EXPECT_THAT(shell("$F run m.trace --timing-only").output, HasSubstr("DDR4-2400, event fidelity"));
}

TEST_F(MachineCommands, AnArrayTraceHasNoUseForADram) {
  const Result result = shell("$F compile mobilenet_v3_small -o a.trace >/dev/null; $F run a.trace --dram DDR4-2400");
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.output, StartsWith("fusesim: a.trace: a trace of the array alone says nothing of memory, "));
}

TEST_F(MachineCommands, FidelitiesAgreeAndWaveformsNeedRegisters) {
  const std::string run =
      "$F run mobilenet_v3_small --input-size 32 --array 6x5 --dram HBM2-2000 --dw-mapping broadcast ";
  const Result result =
      shell(run + "--format csv > event.csv && " + run + "--fidelity stepped --format csv | cmp - event.csv && " + run +
            "--vcd w.vcd --vcd-window 900:950 --vcd-scope 'pe[0][0]' --format csv 2>err | cmp - event.csv "
            "&& cat err && head -c 8 w.vcd && ls");
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(result.output,
            "fusesim: event fidelity has no registers to show: running at stepped fidelity, which takes longer\n"
            "$versionerr\nevent.csv\nw.vcd\n");
}

TEST_F(MachineCommands, AWaveformBeyondTheRunIsRefusedAndLeavesNothing) {
  const Result result = shell(
      "$F run $N --array 16 --dram HBM2-2000 --fidelity stepped --vcd w.vcd --vcd-window "
      "99999999:100000000; echo $?; ls");
  EXPECT_THAT(result.output, HasSubstr("choose an earlier window"));
  EXPECT_THAT(result.output, EndsWith("2\n"));
}

TEST_F(MachineCommands, TimelineIsWrittenForMachinesOnly) {
  const Result result = shell("$F run $N --dram DDR4-2400 --timing-only --timeline t.json >/dev/null && cat t.json");
  EXPECT_EQ(result.status, 0);
  const auto timeline = nlohmann::json::parse(result.output);
  EXPECT_GT(timeline.at("traceEvents").size(), 100U);
  const Result ideal = shell("$F run $N --timeline t.json");
  EXPECT_EQ(ideal.status, 2);
  EXPECT_THAT(ideal.output, StartsWith("fusesim: --timeline needs a machine with a DRAM"));
}

TEST_F(MachineCommands, AFileThatCannotBeWrittenDoesNotTakeTheResultWithIt) {
  const std::string run = "$F run mobilenet_v3_small --input-size 32 --array 8 --dram HBM2-2000 --format csv ";
  EXPECT_EQ(shell(run + "> plain.csv").status, 0);
  for (const std::string file :
       {"--timeline /dev/full", "--vcd /dev/full --vcd-window 0:9 --fidelity stepped --vcd-scope 'pe[0][0]'"}) {
    const Result result = shell(run + file + " > full.csv; echo $?; cmp plain.csv full.csv && ls");
    EXPECT_THAT(result.output, AllOf(HasSubstr("/dev/full"), HasSubstr("No space left on device"))) << file;
    EXPECT_THAT(result.output, EndsWith("1\nfull.csv\nplain.csv\n")) << file;
  }
  const Result beyond = shell(run + "--fidelity stepped --vcd w.vcd --vcd-window 99999999:100000000 | cmp - plain.csv");
  EXPECT_EQ(beyond.status, 0) << beyond.output;
}

TEST_F(MachineCommands, APlaceWhereNothingCanBeWrittenIsToldBeforeTheRun) {
  // A trace that would be refused as soon as it was read.
  for (const char* file : {"--timeline no/t.json", "--vcd no/w.vcd --vcd-window 0:9"}) {
    const Result result = shell(std::string("echo nothing > m.trace; $F run m.trace ") + file);
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.output, StartsWith("fusesim: no/")) << file;
    EXPECT_THAT(result.output, EndsWith(": cannot write: No such file or directory\n")) << file;
  }
}

TEST_F(MachineCommands, PlanSaysWhatTheDmaWillCount) {
  const auto plan = csv(shell("$F compile $N --dram DDR4-2400 --plan --format csv").output);
  const auto run = csv(shell("$F run $N --dram DDR4-2400 --timing-only --format csv").output);
  ASSERT_EQ(plan.size(), run.size());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    EXPECT_EQ(plan[i].at("layer"), run[i].at("layer"));
    EXPECT_EQ(plan[i].at("load_bytes"), run[i].at("dram_read_bytes")) << plan[i].at("layer");
    EXPECT_EQ(plan[i].at("store_bytes"), run[i].at("dram_written_bytes")) << plan[i].at("layer");
    EXPECT_EQ(plan[i].at("macs"), run[i].at("macs"));
  }
  EXPECT_THAT(shell("$F compile $N --dram DDR4-2400 --plan").output, HasSubstr("\ntotal "));
  EXPECT_EQ(shell("ls").output, "");
}

TEST_F(MachineCommands, IdealMemoryIsTheArrayAlone) {
  const Result ideal = shell(
      "$F run mobilenet_v3_small --format csv > a.csv; $F run mobilenet_v3_small --machine fuseconv-64x64-ddr4 --dram "
      "none "
      "--format csv | cmp - a.csv && $F run mobilenet_v3_small > table && head -1 table");
  EXPECT_EQ(ideal.output,
            "mobilenet_v3_small baseline on 64x64 pingpong pipelined fuse stages=0, event fidelity, ideal memory\n");
}

TEST_F(MachineCommands, MistakesAreNamedWithTheirCure) {
  const auto expect = [&](const std::string& options, const std::string& message) {
    const Result result = shell("$F " + options);
    EXPECT_EQ(result.status, 2) << options << ": " << result.output;
    EXPECT_THAT(result.output, StartsWith("fusesim: " + message)) << options;
  };
  expect("run $N --dram DDR4-2300",
         "--dram DDR4-2300: dram.standard must be one of none, fixed, DDR4-2400, LPDDR4-3200, "
         "HBM2-2000, not 'DDR4-2300'; did you mean 'DDR4-2400'?");
  expect("run $N --dram HBM2-2000 --bandwidth 3", "dram.bandwidth_gbps is 3, but only dram.standard = \"fixed\"");
  expect("run $N --bandwidth fast", "--bandwidth fast: dram.bandwidth_gbps must be a number from");
  expect("run $N --dram DDR4-2400 --scratchpad big", "--scratchpad: 'big' is not a size of scratchpads");
  expect("run $N --dram DDR4-2400 --scratchpad 1KiB", "layer '");
  for (const std::string command : {"run $N ", "compile $N -o a.trace "}) {
    for (const std::string machine : {"", "--dram none ", "--machine fuseconv-64x64 "}) {
      expect(command + machine + "--scratchpad 1KiB",
             "--scratchpad needs a machine with a DRAM, such as --dram DDR4-2");
    }
  }
  expect("compile $N -o a.trace >/dev/null && $F run a.trace --scratchpad 1KiB",
         "--scratchpad needs a machine with a DRAM, such as --dram DDR4-2400");
  expect("run mobilenet_v3_small --input-size 0", "--input-size 0 is not a whole number from 1 to 4096");
  for (const std::string size : {"8x", "x8", "8x8x8", "8x-1", "4097"}) {
    expect("run mobilenet_v3_small --input-size " + size,
           "--input-size " + size + " is not a whole number from 1 to 4096, nor two of them, as in 96x128");
  }
  expect("compile fusionet_c10 -o a.trace --input-size 2",
         "--input-size 2x2: node 'b8.dw': the kernel reaches over 3 elements of height but the padded map has 2; "
         "choose a size nearer to the network's own 32x32\n");
  expect("compile fusionet_c10 -o a.trace --input-size 4096",
         "--input-size 4096x4096: node 'b1.expand': its map has more than 2147483647 elements; "
         "choose a size nearer to the network's own 32x32\n");
  expect("run $N --dram DDR4-2400 --timing-only --fidelity stepped", "fidelity stepped always computes values");
  expect("run $N --dram DDR4-2400 --timing-only --vcd w.vcd --vcd-window 0:9", "--vcd shows values");
  for (const char* machine : {"--no-fuse-links", "--machine archon-8x8 --dram none", "--machine archon-8x8"}) {
    expect(std::string("compile fusionet_c10 -o a.trace --packing ") + machine,
           "--packing needs FuSe links, which this array does not have; leave it out, or set array.fuse_links\n");
  }
  expect("compile $N --plan", "--plan needs a machine with a DRAM");
  expect("compile $N", "--output is required");
  expect("compile $N --timing-only -o a.trace", "--timing-only needs a machine with a DRAM");
  expect("compile $N --dram DDR4-2400 --timing-only -o t.trace >/dev/null && $F run t.trace",
         "the program was compiled for timing only");
}

TEST_F(MachineCommands, PredictedBlocksRunOnTheFusedUnitWithEveryStallAccountedFor) {
  const std::string run =
      "$F run fusionet_c10 --input-size 8 --machine archon-8x8 --fused --blocks b1,b4 --survival 0.4 --format ";
  const nlohmann::json all = nlohmann::json::parse(shell(run + "json").output);
  EXPECT_EQ(all.at("network"), "fusionet_c10 baseline 8x8 predicted 0.4");
  std::size_t fused = 0;
  for (const auto& layer : all.at("layers")) {
    if (layer.at("dataflow") != "fused") {
      EXPECT_FALSE(layer.contains("fused"));
      continue;
    }
    ++fused;
    EXPECT_GT(layer.at("causes").at("predict").get<std::uint64_t>(), 0U);
    EXPECT_GT(layer.at("fused").at("survivors").get<std::uint64_t>(), 0U);
    EXPECT_DOUBLE_EQ(layer.at("utilization").get<double>() * 64 * layer.at("cycles").get<double>(),
                     layer.at("fused").at("products").get<double>());
  }
  EXPECT_EQ(fused, 2U);
  EXPECT_THAT(shell(run + "table").output,
              AllOf(HasSubstr("The fused unit has work: also predict, stall"),
                    HasSubstr(" survivors; utilization counts products as it does macs.\n")));
}

TEST_F(MachineCommands, WaveformsShowWordsStallsMasksAndPesOfTheFusedUnit) {
  const std::string run = "$F run fusionet_c10 --input-size 4 --machine archon-8x8 --fused --blocks b1 --survival 0.4 ";
  const nlohmann::json all = nlohmann::json::parse(shell(run + "--format json").output);
  const auto& layers = all.at("layers");
  const auto block = std::find_if(layers.begin(), layers.end(), [](const auto& l) { return l.contains("fused"); });
  ASSERT_NE(block, layers.end());
  const Result result = shell(run + "--vcd w.vcd --vcd-scope 'pe[0][0],ports' --vcd-window 0:" +
                              std::to_string(block->at("end").get<std::uint64_t>()));
  ASSERT_EQ(result.status, 0) << result.output;

  const waves::Vcd vcd = waves::read_vcd(file("w.vcd"));
  for (const std::string name :
       {"word.kind", "word.lanes", "word.last", "word.lane0.index", "word.lane0.weight", "unit.ready", "unit.held",
        "unit.idle", "unit.takes", "unit.out0.value", "masks.channel0.mask1_0", "masks.channel15.mask2_0",
        "row0.pe0.sum", "row0.pe0.queued", "row0.pe0.acc", "row0.pe0.result"}) {
    const auto signal = vcd.variables.find("fusesim.fused." + name);
    ASSERT_NE(signal, vcd.variables.end()) << name;
    EXPECT_GT(signal->second.changes.size(), 1U) << name << " never changes";
  }
  EXPECT_FALSE(vcd.variables.contains("fusesim.fused.row0.pe1.acc"));

  // A terms word is held for as many cycles as stalls are counted.
  std::uint64_t held = 0, since = 0;
  for (const auto& [time, digits] : vcd["fusesim.fused.unit.held"].changes) {
    if (digits == "1") since = time;
    if (digits == "0" && since != 0) held += time - std::exchange(since, 0);
  }
  const auto& counters = block->at("fused");
  const auto stalls =
      counters.at("queue_stalls").get<std::uint64_t>() + counters.at("output_stalls").get<std::uint64_t>();
  EXPECT_GT(stalls, 0U);
  EXPECT_EQ(vcd.timescale, "1ps");
  EXPECT_EQ(held, stalls * 1000);
}

TEST_F(MachineCommands, AShareMayBeWrittenInAnyWay) {
  const auto network = [&](const std::string& survival) {
    const std::string plan = shell(
                                 "$F compile fusionet_c10 --input-size 8 --machine archon-8x8 --fused --blocks b1 "
                                 "--plan --survival " +
                                 survival)
                                 .output;
    return plan.substr(0, plan.find(" on "));
  };
  const std::string begin = "Plan of fusionet_c10 baseline 8x8 predicted ";
  EXPECT_EQ(network("1e-1"), begin + "0.1");
  EXPECT_EQ(network("-0"), begin + "0");
}

TEST_F(MachineCommands, ATraceWithoutWeightsSaysAtOnceWhatItNeeds) {
  ASSERT_EQ(shell("$F compile fusionet_c10 --input-size 8 --machine archon-8x8 --fused --blocks b1 --timing-only "
                  "-o t.trace")
                .status,
            0);
  for (const char* options : {"", " --timing-only"}) {
    const Result result = shell(std::string("$F run t.trace") + options);
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.output, StartsWith("fusesim: t.trace: compiled for timing only, it holds no weights"));
    EXPECT_THAT(result.output, HasSubstr("; run it with --timing-only --survival SHARE, "));
  }
  EXPECT_EQ(shell("$F run t.trace --timing-only --survival 0.4").status, 0);
}

TEST_F(MachineCommands, NetworksOfWhichOnlySomeBlocksArePredictedSaySo) {
  const std::string compile =
      "$F compile mobilenet_v3_small --input-size 32 --machine archon-8x8 --fused --timing-only -o t.trace";
  EXPECT_THAT(shell(compile).output, StartsWith("fusesim: predicts 2 of the network's 11 blocks; the others "));
  EXPECT_THAT(shell(compile + " --blocks features.2.conv").output, StartsWith("t.trace: "));
}

TEST_F(MachineCommands, FusedOptionsThatMeanNothingAreRefused) {
  EXPECT_THAT(shell("$F run fusionet_c10 --machine archon-8x8 --survival 0.4").output, HasSubstr("need --fused"));
  EXPECT_THAT(shell("$F run fusionet_c10 --machine archon-8x8 --fused --survival 2").output,
              HasSubstr("--survival 2 is not a number from 0 to 1"));
  EXPECT_THAT(shell("$F run fusionet_c10 --machine archon-8x8 --fused --fused-order tile").output,
              HasSubstr("did you mean 'tiles'"));
  const Result empty = shell("$F run fusionet_c10 --machine archon-8x8 --fused --blocks b1,");
  EXPECT_EQ(empty.status, 2);
  EXPECT_THAT(empty.output, StartsWith("fusesim: --blocks: an empty value in the list 'b1,'; put one comma between"));
  EXPECT_THAT(shell("$F run mobilenet_v2 --fused").output,
              HasSubstr("--fused needs a machine with a DRAM and a fused unit"));
  EXPECT_THAT(shell("$F run fusionet_c10 --input-size 8 --dram DDR4-2400 --fused").output,
              HasSubstr("the machine has no fused unit"));
}

}  // namespace
}  // namespace fusesim
