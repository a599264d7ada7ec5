// SPDX-License-Identifier: Apache-2.0
// `fusesim networks` and `fusesim layers`, started as a program.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "workloads/zoo/zoo.h"

namespace fusesim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Result {
  int status;
  std::string output;
};

/// Runs a shell command in which $F is the program.
Result shell(const std::string& command) {
  FILE* pipe = popen(("F='" FUSESIM_PROGRAM "'; " + command).c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  Result result;
  char buffer[4096];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) result.output.append(buffer, n);
  const int status = pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) found.push_back(line);
  return found;
}

TEST(Networks, CsvHasARowForEveryNetworkAndVariant) {
  const Result csv = shell("\"$F\" networks --format csv");
  EXPECT_EQ(csv.status, 0);
  const auto rows = lines(csv.output);
  ASSERT_EQ(rows.size(), 39U);
  EXPECT_THAT(rows[0], StartsWith("network,variant,input,layers,macs,params,published_params_m,published_flops_m,"));
  EXPECT_THAT(rows[1], StartsWith("mobilenet_v1,baseline,3x224x224,28,568740352,4231976,4.23,589,4.23,588,"));
  EXPECT_THAT(csv.output, HasSubstr("\nmobilenet_v1,fuse_half,3x224x224,41,557149696,4202216,4.20,573,4.20,573,"));
  EXPECT_THAT(csv.output, HasSubstr("\nresnet50,baseline,3x224x224,54,4089184256,25557032,,,25.55,"));
  EXPECT_THAT(csv.output, HasSubstr("\nfusionet_c10,baseline,3x32x32,53,413988224,2534730,,,2.53,"));
}

TEST(Networks, JsonHasTheSameNumbers) {
  const auto json = nlohmann::json::parse(shell("\"$F\" networks --format json").output);
  ASSERT_EQ(json.at("rows").size(), 38U);
  for (const auto& row : json.at("rows")) {
    const graph::Graph net = zoo::build(row.at("network").get<std::string>(), row.at("variant").get<std::string>());
    EXPECT_EQ(row.at("macs"), totals(net).macs);
    EXPECT_EQ(row.at("params"), totals(net).params());
    EXPECT_EQ(row.at("layers"), array_layers(net).size());
  }
}

TEST(Networks, TableSaysWhatIsCountedAndWhatIsPublished) {
  const Result table = shell("\"$F\" networks");
  EXPECT_EQ(table.status, 0);
  EXPECT_THAT(table.output, HasSubstr("published_params_m"));
  EXPECT_THAT(table.output, HasSubstr("published_* are the FuSeConv paper's, as printed."));
  EXPECT_THAT(table.output, HasSubstr("They agree for 22 of its 25 rows"));
}

TEST(Networks, FlopsPrintedAgainstTheirCountAreMarkedAndExplained) {
  const std::string table = shell("\"$F\" networks").output;
  for (const char* text :
       {" *589 ", " *305 ", " *315 ", "* mobilenet_v1 baseline: counted 588.96 M, printed 589: rounded, while",
        "* mnasnet_b1 fuse_half: counted 304.53 M, printed 305: rounded, while",
        "* mobilenet_v2 baseline: counted 314.41 M, printed 315: neither truncated nor rounded."}) {
    EXPECT_THAT(table, HasSubstr(text));
  }
}

TEST(Layers, JsonEqualsTheGraph) {
  const auto json =
      nlohmann::json::parse(shell("\"$F\" layers mobilenet_v3_small --variant fuse_half --format json").output);
  const std::vector<graph::Layer> layers = array_layers(zoo::build("mobilenet_v3_small", "fuse_half"));
  ASSERT_EQ(json.at("rows").size(), layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto& row = json.at("rows")[i];
    const graph::Layer& layer = layers[i];
    EXPECT_EQ(row.at("index"), i);
    EXPECT_EQ(row.at("name"), layer.name);
    EXPECT_EQ(row.at("type"), graph::name(layer.type));
    const std::vector<std::uint64_t> sizes = {
        layer.in_channels,    layer.in_height,     layer.in_width,     layer.out_channels,  layer.out_height,
        layer.out_width,      layer.kernel_height, layer.kernel_width, layer.stride_height, layer.stride_width,
        layer.pad_top,        layer.pad_left,      layer.pad_bottom,   layer.pad_right,     layer.dilation_height,
        layer.dilation_width, layer.groups,        layer.macs(),       layer.params()};
    std::vector<std::uint64_t> printed;
    for (const char* column :
         {"in_c", "in_h", "in_w", "out_c", "out_h", "out_w", "kernel_h", "kernel_w", "stride_h", "stride_w", "pad_top",
          "pad_left", "pad_bottom", "pad_right", "dilation_h", "dilation_w", "groups", "macs", "params"}) {
      printed.push_back(row.at(column).get<std::uint64_t>());
    }
    EXPECT_EQ(printed, sizes) << layer.name;
    EXPECT_EQ(row.at("bias"), layer.bias);
    EXPECT_EQ(row.at("se"), layer.squeeze_excite);
    EXPECT_EQ(row.at("in_slice_begin").is_null(), !layer.slice_begin.has_value());
    if (layer.slice_end) {
      EXPECT_EQ(row.at("in_slice_end"), *layer.slice_end);
    }
  }
  EXPECT_EQ(json.at("rows")[4].at("depends_on"), "2 3");
}

TEST(Layers, BaselineIsTheDefaultVariant) {
  EXPECT_EQ(shell("\"$F\" layers mnasnet_b1 --format csv").output,
            shell("\"$F\" layers mnasnet_b1 --variant baseline --format csv").output);
}

TEST(Layers, UnknownNamesSuggestTheNearest) {
  const Result network = shell("\"$F\" layers mobilnet_v2 2>&1");
  EXPECT_EQ(network.status, 2);
  EXPECT_THAT(network.output, StartsWith("fusesim: unknown network 'mobilnet_v2'; did you mean 'mobilenet_v2'?\n"));
  const Result variant = shell("\"$F\" layers resnet50 --variant fuse-full 2>&1");
  EXPECT_EQ(variant.status, 2);
  EXPECT_THAT(variant.output,
              StartsWith("fusesim: network 'resnet50' has no variant 'fuse-full'; did you mean 'fuse_full'?\n"));
}

TEST(Output, AFullDiskIsReported) {
  const Result full = shell("\"$F\" networks 2>&1 >/dev/full");
  EXPECT_EQ(full.status, 1);
  EXPECT_EQ(full.output, "fusesim: cannot write to standard output: No space left on device\n");
}

TEST(Output, AReaderThatHasGoneIsReported) {
  // The reader closes its end before the program starts to write.
  const Result gone = shell(
      "d=$(mktemp -d); mkfifo \"$d/go\"; "
      "{ read -r _ <\"$d/go\"; \"$F\" networks 2>\"$d/err\"; echo $? >\"$d/status\"; } | { exec <&-; echo >\"$d/go\"; "
      "}; "
      "cat \"$d/err\" \"$d/status\"; rm -r \"$d\"");
  EXPECT_EQ(gone.output, "fusesim: cannot write to standard output: Broken pipe\n1\n");
}

}  // namespace
}  // namespace fusesim
