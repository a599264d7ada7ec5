// SPDX-License-Identifier: Apache-2.0
// Whatever is wrong with the files of a trained network, the answer is one line that names file and field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/temporary_directory.h"
#include "workloads/import/import_error.h"
#include "workloads/import/trained_network.h"

namespace fusesim::trained {
namespace {

using test::TemporaryDirectory;

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// The files of a network of one convolution on 2x2 maps, its batch norm and a linear layer, every value of which the
/// test knows.
class Files : public testing::Test {
 protected:
  Files() {
    std::vector<std::uint8_t> bytes;
    const auto floats = [&](std::initializer_list<float> values) {
      const auto* from = reinterpret_cast<const std::uint8_t*>(values.begin());
      bytes.insert(bytes.end(), from, from + values.size() * sizeof(float));
    };
    json tensors;
    const auto tensor = [&](const char* name, json shape, const char* coding, std::size_t values) {
      tensors[name] = {{"shape", shape}, {"coding", coding}, {"offset", bytes.size()}, {"values", values}};
    };
    tensor("c.weight", {4, 3, 1, 1}, "sparse", 2);
    bytes.insert(bytes.end(), {0x01, 0x08});  // Elements 0 and 11.
    floats({2.5, -1});
    for (const char* part : {"n.gamma", "n.beta", "n.mean", "n.variance"}) {
      tensor(part, {4}, "dense", 4);
      floats({1, 2, 3, 4});
    }
    tensor("f.weight", {2, 4}, "dense", 8);
    floats({1, 0, 0, 0, 0, 0, 0, 1});
    tensor("f.bias", {2}, "dense", 2);
    floats({-1, 1});
    weights = bytes;
    manifest = {{"format", "fusesim trained network"},
                {"version", 1},
                {"name", "tiny"},
                {"weights", {{"file", "tiny.weights"}, {"bytes", 0}, {"crc32", 0}}},
                {"input", {{"mean", {0.5, 0.5, 0.5}}, {"deviation", {1, 1, 1}}}},
                {"epsilon", 1},
                {"predictor", {{"step", 0.8}, {"threshold", 0.7}}},
                {"nodes",
                 {{{"name", "i"}, {"op", "input"}, {"channels", 3}, {"height", 2}, {"width", 2}},
                  {{"name", "c"},
                   {"op", "conv"},
                   {"inputs", {"i"}},
                   {"in_channels", 3},
                   {"out_channels", 4},
                   {"kernel", 1},
                   {"stride", 1},
                   {"padding", 0},
                   {"groups", 1}},
                  {{"name", "n"}, {"op", "batch_norm"}, {"inputs", {"c"}}, {"channels", 4}},
                  {{"name", "p"}, {"op", "global_average_pool"}, {"inputs", {"n"}}},
                  {{"name", "f"}, {"op", "linear"}, {"inputs", {"p"}}, {"in_features", 4}, {"out_features", 2}}}},
                {"blocks", json::array()},
                {"flavours",
                 {{"vanilla", {{"accuracy", 0.9}, {"test_images", 10}}},
                  {"pruned", {{"accuracy", 0.8}, {"test_images", 10}, {"tensors", tensors}}}}}};
  }

  /// Writes both files, with the size and checksum that belong to them, and reads them.
  TrainedNetwork read(const std::string& flavour = "pruned") {
    manifest["weights"]["bytes"] = weights.size();
    manifest["weights"]["crc32"] = crc32_z(0, weights.data(), weights.size());
    return read_as_is(manifest.dump(), flavour);
  }
  TrainedNetwork read_as_is(const std::string& text, const std::string& flavour = "pruned") {
    std::ofstream(path("tiny.json"), std::ios::binary) << text;
    std::ofstream(path("tiny.weights"), std::ios::binary)
        .write(reinterpret_cast<const char*>(weights.data()), static_cast<std::streamsize>(weights.size()));
    return load(path("tiny.json"), flavour);
  }
  std::string path(const std::string& name) { return (directory.path() / name).string(); }

  std::string message(const std::function<void()>& attempt) {
    try {
      attempt();
    } catch (const ImportError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr(directory.path().string()), Not(HasSubstr("\n"))));
      return error.what();
    }
    return "accepted";
  }
  /// What is said when the value at `pointer` is another.
  std::string changed(const std::string& pointer, const json& value) {
    const json before = manifest;
    manifest[json::json_pointer(pointer)] = value;
    const std::string result = message([&] { (void)read(); });
    manifest = before;
    return result;
  }
  std::string removed(const std::string& parent, const std::string& key) {
    const json before = manifest;
    manifest[json::json_pointer(parent)].erase(key);
    const std::string result = message([&] { (void)read(); });
    manifest = before;
    return result;
  }

  TemporaryDirectory directory;
  json manifest;
  std::vector<std::uint8_t> weights;
};

TEST_F(Files, HoldWhatWasWritten) {
  const TrainedNetwork tiny = read();
  EXPECT_EQ(tiny.name, "tiny");
  EXPECT_EQ(tiny.accuracy, 0.8);
  std::vector<double> expected(12);
  expected[0] = 2.5, expected[11] = -1;
  EXPECT_EQ(tiny.network.parameters[1].weights, expected);
  EXPECT_EQ(tiny.network.parameters[2].weights[2], 3 / std::sqrt(3.0 + 1));
  EXPECT_EQ(tiny.network.parameters[2].bias[2], 3 - 3 * (3 / std::sqrt(3.0 + 1)));
  EXPECT_EQ(tiny.network.parameters[4].bias, (std::vector<double>{-1, 1}));
}

TEST_F(Files, ThatAreMissingAreNamed) {
  EXPECT_THAT(message([&] { (void)load(path("tiny.none"), "pruned"); }), HasSubstr("cannot be read"));
  EXPECT_THAT(changed("/weights/file", "tiny.gone"), HasSubstr("tiny.gone: cannot be read"));
  EXPECT_THAT(message([&] { (void)load(directory.path() / "tiny.", "pruned"); }), HasSubstr("cannot be read"));
}

TEST_F(Files, AreNamedWithTheFieldThatIsWrong) {
  EXPECT_THAT(changed("/format", "onnx"), HasSubstr(": format: is not 'fusesim trained network'"));
  EXPECT_THAT(changed("/version", 2), HasSubstr(": version: is 2, not a whole number from 1 to 1"));
  EXPECT_THAT(changed("/name", 3), HasSubstr(": name: is number, not a string"));
  EXPECT_THAT(changed("/nodes/1/op", "convv"), HasSubstr(": nodes[1].op: 'convv' is unknown; did you mean 'conv'?"));
  EXPECT_THAT(changed("/nodes/2/inputs/0", "cc"), HasSubstr(": nodes[2].inputs[0]: no node 'cc' before this"));
  EXPECT_THAT(changed("/nodes/1/inputs/0", "f"), HasSubstr(": nodes[1].inputs[0]: no node 'f' before this"));
  EXPECT_THAT(changed("/nodes/1/groups", 2), HasSubstr(": nodes[1]: "));
  EXPECT_THAT(changed("/nodes/1/groups", 0), HasSubstr(": nodes[1].groups: is 0, not a whole number from 1"));
  EXPECT_THAT(changed("/nodes/1/kernel", 1.5), HasSubstr(": nodes[1].kernel: is 1.5, not a whole number"));
  EXPECT_THAT(changed("/nodes/1/padding", -1), HasSubstr(": nodes[1].padding: is -1, not a whole number"));
  EXPECT_THAT(changed("/nodes/2/name", "c"), HasSubstr(": nodes[2]: "));
  EXPECT_THAT(changed("/nodes/2/channels", 5), HasSubstr(": nodes[2]: "));
  EXPECT_THAT(changed("/nodes/4/inputs", {"i"}), HasSubstr(": nodes[4]: "));
  EXPECT_THAT(changed("/nodes", json::array()), HasSubstr(": nodes: "));
  EXPECT_THAT(changed("/nodes", 7), HasSubstr(": nodes: is number, not a list"));
  EXPECT_THAT(changed("/input/mean", {1, 2}), HasSubstr(": input.mean: has 2 numbers, not 3"));
  EXPECT_THAT(changed("/input/deviation/1", 0), HasSubstr(": input.deviation: is not above 0"));
  EXPECT_THAT(changed("/epsilon", -1), HasSubstr(": epsilon: "));
  EXPECT_THAT(removed("", "epsilon"), HasSubstr("tiny.json: the document: has no 'epsilon'"));
  EXPECT_THAT(removed("/flavours/pruned", "accuracy"), HasSubstr(": flavours.pruned: has no 'accuracy'"));
  EXPECT_THAT(removed("/nodes/1", "stride"), HasSubstr(": nodes[1]: has no 'stride'"));
}

TEST_F(Files, AreNamedWithTheTensorThatIsWrong) {
  const std::string tensors = "/flavours/pruned/tensors/";
  EXPECT_THAT(changed(tensors + "c.weight/offset", 10000),
              HasSubstr("tensors.c.weight: needs bytes 10000 to 10002 of"));
  EXPECT_THAT(changed(tensors + "f.bias/offset", weights.size() - 7), HasSubstr("tensors.f.bias: needs bytes"));
  EXPECT_THAT(changed(tensors + "f.bias/values", 3), HasSubstr("f.bias.values: is 3, but the tensor has 2 elements"));
  EXPECT_THAT(changed(tensors + "c.weight/values", 3), HasSubstr("c.weight: 2 bits are set for 3 values"));
  EXPECT_THAT(changed(tensors + "c.weight/values", 1), HasSubstr("c.weight: 2 bits are set for 1 values"));
  EXPECT_THAT(changed(tensors + "c.weight/shape", {11, 1, 1, 1}),
              HasSubstr("c.weight: bit 11 is set, but there are only 11"));
  EXPECT_THAT(changed(tensors + "c.weight/shape", {4, 1, 3, 1}),
              HasSubstr("c.weight.shape: is 4x1x3x1, but the network needs 4x3x1x1"));
  EXPECT_THAT(changed(tensors + "c.weight/shape", {65536, 65536, 65536, 65536}), HasSubstr("shape: more than"));
  EXPECT_THAT(changed(tensors + "c.weight/coding", "dens"), HasSubstr("did you mean 'dense'?"));
  EXPECT_THAT(removed("/flavours/pruned/tensors", "n.mean"), HasSubstr("tensors: has no 'n.mean'"));
  EXPECT_THAT(changed(tensors + "x.weight", manifest["flavours"]["pruned"]["tensors"]["f.bias"]),
              HasSubstr("tensors.x.weight: belongs to no node"));
  const float infinite = std::numeric_limits<float>::infinity();
  std::memcpy(&weights[weights.size() - sizeof infinite], &infinite, sizeof infinite);
  EXPECT_THAT(message([&] { (void)read(); }), HasSubstr("tensors.f.bias: value 1 is inf"));
}

TEST_F(Files, AreNamedWithTheBlockThatIsWrong) {
  json& flavour = manifest["flavours"]["pruned"];
  flavour["survival"] = {{"b", {{"mask1", 0.5}, {"mask2", 0.25}}}};
  for (const char* part : {".gamma", ".beta", ".mean", ".variance"}) {
    for (const char* norm : {"q1", "q2"}) flavour["tensors"][norm + std::string(part)] = flavour["tensors"]["n.mean"];
  }
  manifest["blocks"] = {{{"name", "b"}, {"expand", "c"}, {"predictor1", "q1"}, {"predictor2", "q2"}}};
  const TrainedNetwork tiny = read();
  ASSERT_EQ(tiny.blocks.size(), 1u);
  EXPECT_EQ(tiny.blocks[0].predictor.expand.factor, tiny.network.parameters[2].weights);
  EXPECT_EQ(tiny.blocks[0].predictor.depthwise.offset, tiny.network.parameters[2].bias);
  EXPECT_EQ(tiny.blocks[0].survival2, 0.25);
  EXPECT_THROW((void)predicted(tiny), predict::PredictError);
  EXPECT_THAT(changed("/predictor/step", 0), HasSubstr(": predictor.step: is not above 0"));
  EXPECT_THAT(changed("/blocks/0/expand", "d"), HasSubstr(": blocks[0].expand: no node 'd' before this"));
  EXPECT_THAT(changed("/blocks/0/name", "a"), HasSubstr(": flavours.pruned.survival: has no 'a'"));
  EXPECT_THAT(changed("/blocks/0/predictor2", "q1"), HasSubstr("tensors.q1.gamma: belongs to two nodes"));
  EXPECT_THAT(removed("/blocks/0", "predictor1"), HasSubstr(": blocks[0]: has no 'predictor1'"));
}

TEST_F(Files, WithoutTheFlavourSaySo) {
  EXPECT_THAT(message([&] { (void)read("prune"); }), HasSubstr("flavours: has no 'prune'; did you mean 'pruned'?"));
  EXPECT_THAT(message([&] { (void)read("vanilla"); }), HasSubstr("flavours.vanilla: has no weights"));
}

TEST_F(Files, WithAnyByteOfTheWeightsChangedAreRefused) {
  (void)read();
  const std::string text = manifest.dump();
  for (std::uint8_t& byte : weights) {
    const std::uint8_t before = byte;
    byte ^= 0x10;
    EXPECT_THAT(message([&] { (void)read_as_is(text); }), HasSubstr("tiny.weights is damaged, or of another network"));
    byte = before;
  }
  weights.pop_back();
  EXPECT_THAT(message([&] { (void)read_as_is(text); }), HasSubstr("weights.bytes: is"));
}

TEST_F(Files, WithAnythingElseInTheManifestAreReadOrRefusedInOneLine) {
  (void)read();
  const std::string text = manifest.dump();
  for (std::size_t length = 0; length < text.size(); length += 1 + length / 50) {
    EXPECT_THAT(message([&] { (void)read_as_is(text.substr(0, length)); }), HasSubstr("is not JSON"));
  }
  std::mt19937 random(1);
  for (int i = 0; i < 600; ++i) {
    std::string damaged = text;
    damaged[random() % text.size()] = static_cast<char>(random() % 256);
    (void)message([&] { (void)read_as_is(damaged); });  // No other exception; a message names the file.
  }
  manifest["name"] = "two\nlines";
  EXPECT_EQ(read().name, "two\nlines");
  EXPECT_THAT(changed("/nodes/1/op", "two\nlines"), HasSubstr("'two?lines' is unknown"));
}

}  // namespace
}  // namespace fusesim::trained
