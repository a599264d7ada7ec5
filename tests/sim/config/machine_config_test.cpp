// SPDX-License-Identifier: Apache-2.0
#include "sim/config/machine_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sim/config/keys.h"

namespace fusesim::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// The text of the ConfigError that `action` throws.
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), Not(HasSubstr("\n"))) << "an error is one line";
    return error.what();
  }
  ADD_FAILURE() << "no ConfigError";
  return "";
}

std::string parse_error(std::string_view toml) {
  return error_of([&] { (void)parse(toml, "m.toml"); });
}

std::string override_error(std::string_view assignment) {
  return error_of([&] {
    MachineConfig config;
    apply_override(config, assignment);
  });
}

MachineConfig unusual_machine() {
  MachineConfig config;
  config.description = "a \"quoted\" \\ name,\twith a tab";
  config.core.array = {.rows = 3,
                       .cols = 4096,
                       .accumulators = isa::Accumulators::single,
                       .folds = isa::FoldOverlap::serial,
                       .fuse_links = true,
                       .broadcast_stages = 17};
  config.core.activations = {.bytes = 3 * 5 * 4 * 7, .banks = 5, .width = 4, .ports = 3};
  config.core.weights = {.bytes = 1 << 20, .banks = 0, .width = 64, .ports = 2};
  config.core.outputs.bytes = 4096 * 4;
  config.core.vector = {.lanes = 3, .latency = 0};
  config.core.control = {.fetch_cycles = 0, .decode_cycles = 7, .queue_depth = 1};
  config.memory.standard = "fixed";
  config.memory.fixed_gigabytes_per_second = 0.1;
  config.memory.fixed_latency_ns = 1.0 / 3;
  config.memory.dma_request_bytes = 256;
  config.memory.dma_outstanding = 1;
  config.memory.dma_descriptors = 9;
  config.memory.dma_arbitration = "store_first";
  config.frequency_mhz = 433.3333333333333;
  return config;
}

TEST(MachineFile, SetsEveryKeyItNames) {
  const MachineConfig config = parse(R"(
    description = "tall and narrow"
    [array]
    rows = 128
    cols = 7
    accumulators = "single"
    folds = "serial"
    fuse_links = true
    broadcast_stages = 2
    [clock]
    frequency_mhz = 250.5
  )",
                                     "m.toml");
  EXPECT_EQ(config.description, "tall and narrow");
  const isa::ArrayConfig array{.rows = 128,
                               .cols = 7,
                               .accumulators = isa::Accumulators::single,
                               .folds = isa::FoldOverlap::serial,
                               .fuse_links = true,
                               .broadcast_stages = 2};
  EXPECT_EQ(config.core.array, array);
  EXPECT_EQ(config.frequency_mhz, 250.5);
}

TEST(MachineFile, GivesKeysLeftOutTheirDefaults) {
  EXPECT_EQ(parse("", "m.toml"), MachineConfig{});
  MachineConfig expected;
  expected.core.array.rows = 8;
  EXPECT_EQ(parse("array.rows = 8", "m.toml"), expected);
}

TEST(MachineFile, TakesAWholeNumberForARealKey) {
  EXPECT_EQ(parse("clock.frequency_mhz = 250", "m.toml").frequency_mhz, 250.0);
}

TEST(MachineFile, ComesBackEqualAfterWriting) {
  std::vector<MachineConfig> machines{MachineConfig{}, unusual_machine()};
  for (const Preset& preset : presets()) machines.push_back(load(preset.name));
  for (const MachineConfig& config : machines) {
    EXPECT_EQ(parse(to_toml(config), "m.toml"), config) << to_toml(config);
  }
}

TEST(MachineFile, UnknownKeyNamesFileLineAndNearestKey) {
  EXPECT_THAT(parse_error("[array]\nrows = 4\nclos = 4\n"),
              AllOf(StartsWith("m.toml:3:1: key 'array.clos' is unknown"), HasSubstr("did you mean 'array.cols'?"),
                    HasSubstr("clock.frequency_mhz")));
  EXPECT_THAT(parse_error("rows = 4"),
              AllOf(StartsWith("m.toml:1:1: key 'rows' is unknown"), HasSubstr("'array.rows'")));
}

TEST(MachineFile, UnknownTableNamesFileLineAndNearestTable) {
  EXPECT_THAT(parse_error("\n[aray]\nrows = 4\n"),
              AllOf(StartsWith("m.toml:2:2: table 'aray' is unknown"), HasSubstr("did you mean 'array'?")));
}

TEST(MachineFile, ATableInPlaceOfAKeyIsAnError) {
  EXPECT_THAT(parse_error("[array.rows]\nx = 1\n"),
              AllOf(StartsWith("m.toml:1:"), HasSubstr("array.rows must be an integer from 1 to 4096"),
                    HasSubstr("not a table")));
}

TEST(MachineFile, AValueInPlaceOfATableIsAnError) {
  EXPECT_THAT(parse_error("array = 5"), AllOf(StartsWith("m.toml:1:1: 'array' is a table"), HasSubstr("not 5")));
}

TEST(MachineFile, AWrongTypeNamesPlaceKeyAndWhatIsAllowed) {
  EXPECT_THAT(parse_error("[array]\nrows = \"64\"\n"),
              AllOf(StartsWith("m.toml:2:8: array.rows must be an integer from 1 to 4096 (processing elements), not "),
                    HasSubstr("64")));
  EXPECT_THAT(parse_error("array.rows = 64.0"), HasSubstr("must be an integer"));
  EXPECT_THAT(parse_error("array.rows = [64]"), HasSubstr("not an array"));
  EXPECT_THAT(parse_error("array.rows = 2020-01-01"), HasSubstr("must be an integer"));
  EXPECT_THAT(parse_error("array.fuse_links = 1"), HasSubstr("array.fuse_links must be true or false, not 1"));
  EXPECT_THAT(parse_error("array.folds = true"), HasSubstr("array.folds must be one of serial, pipelined, not true"));
  EXPECT_THAT(parse_error("clock.frequency_mhz = \"fast\""), HasSubstr("must be a number"));
  EXPECT_THAT(parse_error("description = 3"), HasSubstr("description must be a text in quotes, not 3"));
}

TEST(MachineFile, AValueOutOfRangeNamesTheRange) {
  for (const char* toml : {"array.rows = 0", "array.rows = 4097", "array.rows = -1", "array.rows = 4294967297"}) {
    EXPECT_THAT(parse_error(toml), HasSubstr("array.rows must be an integer from 1 to 4096")) << toml;
  }
  EXPECT_THAT(parse_error("array.cols = 0"), HasSubstr("array.cols must be"));
  EXPECT_THAT(parse_error("array.broadcast_stages = -1"), HasSubstr("array.broadcast_stages must be"));
  for (const char* toml : {"clock.frequency_mhz = 0", "clock.frequency_mhz = nan", "clock.frequency_mhz = inf"}) {
    EXPECT_THAT(parse_error(toml), HasSubstr("clock.frequency_mhz must be a number from")) << toml;
  }
  EXPECT_THAT(parse_error("array.accumulators = \"double\""), HasSubstr("must be one of single, pingpong"));
}

TEST(MachineFile, KeysThatDoNotFitEachOtherAreAnError) {
  EXPECT_THAT(parse_error("[array]\ncols = 4\nbroadcast_stages = 4\n"),
              AllOf(StartsWith("m.toml: "), HasSubstr("broadcast_stages")));
}

TEST(MachineFile, SetsScratchpadsVectorUnitControllerAndMemory) {
  const MachineConfig config = parse(R"(
    [activations]
    bytes = "96KiB"
    banks = 24
    width = 4
    ports = 2
    [weights]
    bytes = 65536
    [outputs]
    bytes = "1 MiB"
    banks = 128
    [vector]
    lanes = 16
    latency = 5
    [control]
    fetch_cycles = 1
    decode_cycles = 3
    queue_depth = 4
    [dram]
    standard = "HBM2-2000"
    address_map = "row:bankgroup:bank:column"
    scheduler = "fcfs"
    queue_bursts = 7
    refresh = false
    [dma]
    request_bytes = 128
    outstanding = 2
    descriptors = 1
    arbitration = "load_first"
  )",
                                     "m.toml");
  const isa::machine::CoreConfig core = core_of(config);
  EXPECT_EQ(core.activations, (isa::machine::ScratchpadConfig{.bytes = 98304, .banks = 24, .width = 4, .ports = 2}));
  EXPECT_EQ(core.weights, (isa::machine::ScratchpadConfig{.bytes = 65536, .banks = 64, .width = 1, .ports = 1}));
  EXPECT_EQ(core.outputs, (isa::machine::ScratchpadConfig{.bytes = 1048576, .banks = 128, .width = 4, .ports = 1}));
  EXPECT_EQ(core.vector, (isa::machine::VectorConfig{.lanes = 16, .latency = 5}));
  EXPECT_EQ(core.control, (isa::machine::ControlConfig{.fetch_cycles = 1, .decode_cycles = 3, .queue_depth = 4}));
  accelerator::MemoryConfig memory;
  memory.standard = "HBM2-2000";
  memory.address_map = "row:bankgroup:bank:column";
  memory.scheduler = "fcfs";
  memory.queue_bursts = 7;
  memory.refresh = false;
  memory.dma_request_bytes = 128;
  memory.dma_outstanding = 2;
  memory.dma_descriptors = 1;
  memory.dma_arbitration = "load_first";
  EXPECT_EQ(config.memory, memory);
  EXPECT_TRUE(config.has_dram());
}

TEST(MachineFile, AMachineHasIdealMemoryUnlessItSaysOtherwise) {
  EXPECT_FALSE(MachineConfig{}.has_dram());
  EXPECT_FALSE(load("fuseconv-64x64").has_dram());
  EXPECT_EQ(load("fuseconv-64x64-ddr4").memory.standard, "DDR4-2400");
  EXPECT_EQ(load("fuseconv-64x64-ddr4").core.array, load("fuseconv-64x64").core.array);
  EXPECT_EQ(load("fuseconv-64x64-lpddr4").memory.standard, "LPDDR4-3200");
  EXPECT_EQ(load("fuseconv-64x64-lpddr4").core, load("fuseconv-64x64-ddr4").core);
  EXPECT_EQ(load("edge-16x16-lpddr4").core.array.rows, 16u);
}

TEST(Banks, ThatAreLeftOpenFollowTheArray) {
  const auto banks = [](const char* array) {
    const isa::machine::CoreConfig core = core_of(parse(array, "m.toml"));
    EXPECT_EQ(core.activations.banks, core.weights.banks);
    EXPECT_EQ(core.activations.banks, core.outputs.banks);
    return core.outputs.banks;
  };
  EXPECT_EQ(banks(""), 64u);
  EXPECT_EQ(banks("[array]\nrows = 8\ncols = 8\n"), 32u);
  EXPECT_EQ(banks("[array]\nrows = 65\ncols = 3\n"), 128u);
  EXPECT_EQ(banks("[array]\nrows = 4\ncols = 4096\n"), 4096u);
}

TEST(Contradiction, OfAScratchpadNamesItsKeysAndTheCure) {
  EXPECT_EQ(parse_error("activations.bytes = 100000"),
            "m.toml: activations.bytes is 100000; it must be a multiple of banks * width = 128, such as 100096");
  EXPECT_EQ(parse_error("weights.bytes = 10\nweights.banks = 3\nweights.width = 4"),
            "m.toml: weights.bytes is 10; it must be a multiple of banks * width = 12, such as 12");
  EXPECT_THAT(parse_error("outputs.banks = 32"),
              StartsWith("m.toml: outputs.banks is 32; it must be at least array.cols = 64"));
  EXPECT_EQ(parse_error("weights.width = 3"), "m.toml: weights.width is 3; it must be a power of two");
}

TEST(Contradiction, OfTheMemoryNamesItsKeysAndTheCure) {
  EXPECT_EQ(parse_error("dram.standard = \"DDR4-2400\"\ndram.bandwidth_gbps = 8"),
            "m.toml: dram.bandwidth_gbps is 8, but only dram.standard = \"fixed\" takes it and this machine's is "
            "\"DDR4-2400\"; leave it out or set it to 16");
  EXPECT_THAT(parse_error("dram.latency_ns = 8"),
              AllOf(StartsWith("m.toml: dram.latency_ns is 8, but only "), HasSubstr("\"none\"")));
  for (const char* key :
       {"address_map = \"row:bankgroup:bank:column\"", "scheduler = \"fcfs\"", "queue_bursts = 4", "refresh = false"}) {
    const std::string name = std::string("dram.") + std::string(key).substr(0, std::string(key).find(' '));
    EXPECT_THAT(parse_error(std::string("[dram]\nstandard = \"fixed\"\n") + key),
                AllOf(StartsWith("m.toml: " + name + " is "), HasSubstr("has no banks, queue or refresh")));
  }
  EXPECT_THAT(parse_error("[dram]\nstandard = \"HBM2-2000\"\naddress_map = \"row:bank:column\""),
              StartsWith("m.toml: dram.address_map: "));
  EXPECT_EQ(parse_error("dma.request_bytes = 96"),
            "m.toml: dma.request_bytes is 96; it must be a power of two, such as 64 or 128");
  EXPECT_THAT(parse_error("[dram]\nstandard = \"HBM2-2000\"\n[clock]\nfrequency_mhz = 0.5"),
              StartsWith("m.toml: clock.frequency_mhz is 0.5, but a machine with a DRAM needs 1 or more"));
}

TEST(Contradiction, OfUnusedDramKeysIsNoneWithoutADram) {
  MachineConfig config = parse("[dram]\nstandard = \"HBM2-2000\"\nscheduler = \"fcfs\"\nqueue_bursts = 4\n", "m.toml");
  apply_override(config, "dram.standard=none");
  EXPECT_FALSE(config.has_dram());
}

TEST(MachineFile, AMisspeltNameGivesTheNearest) {
  EXPECT_EQ(override_error("dram.standard=DDR4-2300"),
            "--set dram.standard=DDR4-2300: dram.standard must be one of none, fixed, DDR4-2400, LPDDR4-3200, "
            "HBM2-2000, not 'DDR4-2300'; did you mean 'DDR4-2400'?");
  EXPECT_THAT(override_error("dram.standard=zzzzzzzzzz"), ::testing::EndsWith("not 'zzzzzzzzzz'"));
  EXPECT_THAT(override_error("dma.arbitration=loadfirst"), HasSubstr("did you mean 'load_first'?"));
}

TEST(Bytes, AreReadAsNumbersAndAsText) {
  for (const auto& [text, bytes] :
       {std::pair{"0", 0}, std::pair{"262144", 262144}, std::pair{"7B", 7}, std::pair{"256KiB", 262144},
        std::pair{"3 MiB", 3145728}, std::pair{"1GiB", 1073741824}}) {
    EXPECT_EQ(parse_bytes(text), bytes) << text;
  }
  for (const char* text : {"", "KiB", "-1", "1.5KiB", "256KB", "256kib", "1KiB ", "99999999999999999999", "8388608TiB",
                           "4611686018427387905KiB"}) {
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
  }
  for (const std::uint64_t bytes : {1ULL, 1023ULL, 1024ULL, 98304ULL, 1048576ULL, 1048577ULL, 1073741824ULL}) {
    EXPECT_EQ(parse_bytes(bytes_text(bytes)), static_cast<std::int64_t>(bytes)) << bytes_text(bytes);
  }
  EXPECT_EQ(bytes_text(98304), "96KiB");
  MachineConfig config;
  apply_override(config, "outputs.bytes=1MiB");
  EXPECT_EQ(config.core.outputs.bytes, 1048576u);
  apply_override(config, "outputs.bytes=4096");
  EXPECT_EQ(config.core.outputs.bytes, 4096u);
  EXPECT_EQ(override_error("outputs.bytes=256KB"),
            "--set outputs.bytes=256KB: outputs.bytes must be a size from 1 to 1073741824 (bytes), such as 262144 or "
            "\"256KiB\", not '256KB'");
  EXPECT_THAT(override_error("outputs.bytes=2GiB"), HasSubstr("outputs.bytes must be a size from 1 to 1073741824"));
  EXPECT_THAT(parse_error("outputs.bytes = \"big\""), HasSubstr("must be a size"));
  EXPECT_THAT(parse_error("outputs.bytes = 1.5"), HasSubstr("must be a size"));
}

TEST(MachineFile, BrokenTomlNamesItsLine) {
  EXPECT_THAT(parse_error("[array]\nrows = = 4\n"), StartsWith("m.toml:2:"));
  EXPECT_THAT(parse_error("[array]\nrows = 4\nrows = 5\n"), StartsWith("m.toml:3:"));
}

TEST(Machine, IsLoadedFromAFile) {
  const std::string path = ::testing::TempDir() + "machine_config_test.toml";
  std::ofstream(path) << to_toml(unusual_machine());
  EXPECT_EQ(load(path), unusual_machine());
  std::ofstream(path) << "array.rows = 0\n";
  EXPECT_THAT(error_of([&] { (void)load(path); }), StartsWith(path + ":1:"));
  std::remove(path.c_str());
}

TEST(Machine, ANameThatIsNeitherPresetNorFileGivesTheNearestPreset) {
  EXPECT_THAT(error_of([] { (void)load("fuseconv64x64"); }),
              AllOf(HasSubstr("no such file"), HasSubstr("preset machine 'fuseconv64x64' is unknown"),
                    HasSubstr("did you mean 'fuseconv-64x64'?")));
}

TEST(Machine, ANameNobodyHasIsToldApartFromAFileThatIsWrong) {
  EXPECT_THROW((void)load("fuseconv64x64"), UnknownMachine);
  const std::string loop = ::testing::TempDir() + "machine_config_test_loop";
  std::filesystem::remove(loop);
  std::filesystem::create_symlink(loop, loop);
  EXPECT_EQ(error_of([&] { (void)load(loop); }), loop + ": cannot read: Too many levels of symbolic links");
  std::filesystem::remove(loop);
}

TEST(Machine, AFileThatNeverEndsIsAnError) {
  EXPECT_THAT(error_of([] { (void)load("/dev/zero"); }), StartsWith("/dev/zero: longer than 67108864 bytes"));
}

TEST(MachineFile, StagesOnWiresThatAreNotThereAreAnError) {
  EXPECT_THAT(parse_error("[array]\nfuse_links = false\nbroadcast_stages = 3\n"),
              AllOf(StartsWith("m.toml: array.broadcast_stages is 3"), HasSubstr("it must be 0")));
}

TEST(Machine, AFileThatCannotBeReadIsAnError) {
  EXPECT_THAT(error_of([] { (void)load(::testing::TempDir()); }), HasSubstr("is a directory"));
  EXPECT_THAT(error_of([] { (void)load_file("no/such/machine.toml"); }),
              StartsWith("no/such/machine.toml: cannot read: No such file or directory"));
}

TEST(Presets, AllLoadAndDescribeThemselves) {
  ASSERT_FALSE(presets().empty());
  for (const Preset& preset : presets()) {
    EXPECT_FALSE(load(preset.name).description.empty()) << preset.name;
  }
}

TEST(Presets, HaveThePublishedSizes) {
  const MachineConfig fuseconv = load("fuseconv-64x64");
  EXPECT_EQ(fuseconv.core.array.rows, 64u);
  EXPECT_EQ(fuseconv.core.array.cols, 64u);
  EXPECT_TRUE(fuseconv.core.array.fuse_links);
  const MachineConfig archon = load("archon-8x8");
  EXPECT_EQ(archon.core.array.rows, 8u);
  EXPECT_EQ(archon.core.array.cols, 8u);
  EXPECT_FALSE(archon.core.array.fuse_links);
  EXPECT_TRUE(archon.has_dram());
  isa::machine::FusedConfig elastic;  // The defaults are that design.
  elastic.present = true;
  EXPECT_EQ(archon.core.fused, elastic);
  EXPECT_EQ(elastic.lanes, 24u);
  EXPECT_EQ(elastic.adders, 6u);
  EXPECT_EQ(elastic.queue_depth, 30u);
  const MachineConfig fixed = load("archon-8x8-fixed");
  EXPECT_EQ(fixed.core.fused.mode, isa::machine::FusedMode::fixed);
  EXPECT_EQ(fixed.core.fused.lanes, 16u);
  EXPECT_EQ(fixed.core.fused.adders, 16u);
  MachineConfig alike = fixed;
  alike.description = archon.description;
  alike.core.fused = archon.core.fused;
  EXPECT_EQ(alike, archon);
}

TEST(FusedKeys, SetEveryFieldOfTheUnit) {
  MachineConfig config;
  const std::string assignments[] = {"array.rows=6",
                                     "array.cols=4",
                                     "fused.present=true",
                                     "fused.tile_rows=8",
                                     "fused.tile_columns=3",
                                     "fused.mode=fixed",
                                     "fused.lanes=7",
                                     "fused.adders=7",
                                     "fused.queue_depth=0",
                                     "fused.adder_bits=19",
                                     "fused.ladders=3",
                                     "fused.mask_channels=100",
                                     "fused.mask_positions=101",
                                     "fused.level_channels=102",
                                     "fused.tile_bytes=2KiB",
                                     "fused.tile_port_bytes=5",
                                     "fused.list_bytes_per_cycle=11",
                                     "fused.list_fifo_bytes=333",
                                     "fused.composer_terms_per_cycle=6",
                                     "fused.output_lanes=9"};
  apply_overrides(config, assignments);
  const isa::machine::FusedConfig fused = {.present = true,
                                           .tile_rows = 8,
                                           .tile_columns = 3,
                                           .mode = isa::machine::FusedMode::fixed,
                                           .lanes = 7,
                                           .adders = 7,
                                           .queue_depth = 0,
                                           .adder_bits = 19,
                                           .ladders = 3,
                                           .mask_channels = 100,
                                           .mask_positions = 101,
                                           .level_channels = 102,
                                           .tile_bytes = 2048,
                                           .tile_port_bytes = 5,
                                           .list_bytes_per_cycle = 11,
                                           .list_fifo_bytes = 333,
                                           .composer_terms_per_cycle = 6,
                                           .output_lanes = 9};
  EXPECT_EQ(core_of(config).fused, fused);
  EXPECT_EQ(parse(to_toml(config), "again"), config);
}

TEST(FusedKeys, SayNothingWithoutTheUnit) {
  MachineConfig config = load("archon-8x8");
  const std::uint64_t with = digest(config);
  apply_override(config, "fused.present=false");
  EXPECT_EQ(core_of(config).fused, isa::machine::FusedConfig{});
  EXPECT_NE(digest(config), with);
  MachineConfig other = config;
  apply_override(other, "fused.lanes=3");
  EXPECT_EQ(digest(other), digest(config));
}

TEST(FusedKeys, ErrorsNameTheKeyAndTheCure) {
  MachineConfig config = load("archon-8x8");
  const auto error = [&](const std::string& assignment) {
    return error_of([&] { apply_override(config, assignment); });
  };
  EXPECT_THAT(error("fused.lane=3"), HasSubstr("key 'fused.lane' is unknown; did you mean 'fused.lanes'?"));
  EXPECT_THAT(error("fused.mode=elastik"), HasSubstr("did you mean 'elastic'?"));
  EXPECT_THAT(error("fused.lanes=65"), HasSubstr("fused.lanes must be an integer from 1 to 64"));
  EXPECT_THAT(error("fused.adders=25"), HasSubstr("fused.adders is 25; it must be from 1 to 24"));
  EXPECT_THAT(error("fused.queue_depth=23"), HasSubstr("fused.queue_depth is 23; it must be from 24 to 4096"));
  EXPECT_THAT(error("fused.mode=fixed"), HasSubstr("make them 24 and 0, or use mode elastic"));
  EXPECT_THAT(error("fused.list_fifo_bytes=119"), HasSubstr("fused.list_fifo_bytes is 119; it must be from 120 to"));
  EXPECT_THAT(error("array.rows=16"), HasSubstr("fused.tile_rows x fused.tile_columns is 8x8, but the array has 16x8"));
}

TEST(Override, SetsOneKeyOfEveryType) {
  MachineConfig config;
  apply_override(config, "array.rows=32");
  EXPECT_EQ(config.core.array.rows, 32u);
  apply_override(config, " array.accumulators = single ");
  EXPECT_EQ(config.core.array.accumulators, isa::Accumulators::single);
  apply_override(config, "array.folds=\"serial\"");
  EXPECT_EQ(config.core.array.folds, isa::FoldOverlap::serial);
  apply_override(config, "array.fuse_links=false");
  EXPECT_FALSE(config.core.array.fuse_links);
  apply_override(config, "clock.frequency_mhz=2.5e2");
  EXPECT_EQ(config.frequency_mhz, 250.0);
  apply_override(config, "description=a=b");
  EXPECT_EQ(config.description, "a=b");
}

TEST(Override, ErrorsNameTheOverrideTheKeyAndTheCure) {
  EXPECT_THAT(override_error("array.rows"), HasSubstr("written key=value"));
  EXPECT_THAT(override_error("array.row=3"),
              AllOf(StartsWith("--set array.row=3: key 'array.row' is unknown"), HasSubstr("'array.rows'")));
  EXPECT_THAT(override_error("=3"), HasSubstr("key '' is unknown"));
  EXPECT_THAT(override_error("array.rows=many"),
              HasSubstr("array.rows must be an integer from 1 to 4096 (processing elements), not 'many'"));
  for (const char* text : {"", "3 4", "0", "4097", "2.0", "99999999999999999999", "0x10"}) {
    EXPECT_THAT(override_error(std::string("array.rows=") + text), HasSubstr("must be an integer")) << text;
  }
  EXPECT_THAT(override_error("array.fuse_links=yes"), HasSubstr("must be true or false, not 'yes'"));
  EXPECT_THAT(override_error("array.folds=overlapped"), HasSubstr("must be one of serial, pipelined"));
}

TEST(Override, ThatFailsChangesNothing) {
  MachineConfig config = load("fuseconv-64x64");
  const std::vector<std::string> assignments{"array.rows=32", "array.cols=none"};
  EXPECT_THROW(apply_overrides(config, assignments), ConfigError);
  EXPECT_EQ(config, load("fuseconv-64x64"));
}

TEST(Override, SeveralAreCheckedAgainstEachOtherOnlyTogether) {
  MachineConfig config = parse("array.cols = 4", "m.toml");
  EXPECT_THAT(error_of([&] { apply_override(config, "array.broadcast_stages=7"); }), HasSubstr("broadcast_stages"));
  const std::vector<std::string> assignments{"array.broadcast_stages=7", "array.cols=8"};
  apply_overrides(config, assignments);
  EXPECT_EQ(config.core.array.broadcast_stages, 7u);
  EXPECT_EQ(config.core.array.cols, 8u);
}

TEST(Digest, ChangesWithEveryKeyThatChangesTheMachineAndWithNoOther) {
  const MachineConfig base;
  EXPECT_EQ(digest(base), digest(MachineConfig{}));
  for (const char* change : {"array.rows=63",           "array.cols=63",           "array.accumulators=single",
                             "array.folds=serial",      "array.fuse_links=false",  "array.broadcast_stages=1",
                             "clock.frequency_mhz=999", "activations.bytes=1KiB",  "activations.banks=32",
                             "activations.width=4",     "activations.ports=2",     "weights.bytes=1KiB",
                             "weights.banks=32",        "weights.width=4",         "weights.ports=2",
                             "outputs.bytes=1KiB",      "outputs.banks=128",       "vector.lanes=32",
                             "vector.latency=9",        "control.fetch_cycles=9",  "control.decode_cycles=9",
                             "control.queue_depth=9",   "dram.standard=HBM2-2000", "dma.request_bytes=64",
                             "dma.outstanding=3",       "dma.descriptors=3",       "dma.arbitration=load_first"}) {
    MachineConfig changed = base;
    apply_override(changed, change);
    EXPECT_NE(digest(changed), digest(base)) << change;
  }
  MachineConfig renamed = base;
  renamed.description = "another name";
  EXPECT_EQ(digest(renamed), digest(base));
}

TEST(Keys, AreAllInTheHelpWithUnitAndMeaning) {
  for (const Key& key : keys()) {
    for (const std::string& text : {keys_help(), keys_markdown()}) {
      EXPECT_THAT(text, AllOf(HasSubstr(std::string(key.name)), HasSubstr(std::string(key.unit)),
                              HasSubstr(std::string(key.description))));
    }
  }
}

TEST(Keys, TableInTheGuideIsTheOneTheProgramPrints) {
  std::ifstream file(FUSESIM_TEST_DATA "/../../docs/guide.md");
  const std::string guide(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(guide, HasSubstr(keys_markdown())) << "docs/guide.md must hold the table above";
}

}  // namespace
}  // namespace fusesim::config
