// SPDX-License-Identifier: Apache-2.0
#include "workloads/import/trained_network.h"

#include <fmt/format.h>
#include <zlib.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "hw/isa/nearest.h"
#include "workloads/import/import_error.h"
#include "workloads/import/json_field.h"
#include "workloads/import/read_file.h"
#include "workloads/import/tensors.h"
#include "workloads/predict/annotate.h"

namespace fusesim::trained {
namespace {

using graph::NodeId;

nlohmann::json parse(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file);
  try {
    return nlohmann::json::parse(bytes.begin(), bytes.end());
  } catch (const nlohmann::json::parse_error& error) {
    throw ImportError(fmt::format("{}: byte {}: is not JSON", file.string(), error.byte));
  }
}

std::vector<std::uint8_t> read_weights(const JsonField& entry, const std::filesystem::path& file) {
  std::vector<std::uint8_t> bytes = read_file(file);
  if (bytes.size() != entry["bytes"].integer()) {
    entry["bytes"].fail(fmt::format("is {}, but {} has {}", entry["bytes"].integer(), file.string(), bytes.size()));
  }
  if (crc32_z(0, bytes.data(), bytes.size()) != entry["crc32"].integer()) {
    entry["crc32"].fail(fmt::format("{} is damaged, or of another network", file.string()));
  }
  return bytes;
}

/// One node of the manifest as an operator.
graph::Operator operator_of(const JsonField& node) {
  static const std::vector<std::string> known = {"input",   "conv", "batch_norm",          "relu",
                                                 "shuffle", "add",  "global_average_pool", "linear"};
  const std::string op = node["op"].text();
  if (op == "input") {
    return graph::Input{{node["channels"].integer(1), node["height"].integer(1), node["width"].integer(1)}};
  }
  if (op == "conv") {
    graph::Conv conv;
    conv.in_channels = node["in_channels"].integer(1);
    conv.out_channels = node["out_channels"].integer(1);
    conv.kernel_height = conv.kernel_width = node["kernel"].integer(1);
    conv.stride_height = conv.stride_width = node["stride"].integer(1);
    conv.padding = graph::Padding::symmetric(node["padding"].integer(), node["padding"].integer());
    conv.groups = node["groups"].integer(1);
    return conv;
  }
  if (op == "batch_norm") return graph::BatchNorm{node["channels"].integer(1)};
  if (op == "relu") return graph::Activation{graph::ActivationKind::relu};
  if (op == "shuffle") return graph::Shuffle{node["groups"].integer(1)};
  if (op == "add") return graph::Add{};
  if (op == "global_average_pool") return graph::Pool{graph::PoolKind::global_average};
  if (op == "linear") return graph::Linear{node["in_features"].integer(1), node["out_features"].integer(1), true};
  node["op"].fail(fmt::format("'{}' is unknown{}", op, names::suggestion(op, known)));
}

/// The node that a field names.
NodeId node_named(const graph::Graph& graph, const JsonField& field) {
  const std::string name = field.text();
  if (const std::optional<NodeId> id = graph.find(name)) return *id;
  std::vector<std::string> known;
  for (const graph::Node& node : graph.nodes()) known.push_back(node.name);
  field.fail(fmt::format("no node '{}' before this{}", name, names::suggestion(name, known)));
}

graph::Graph read_graph(const JsonField& nodes) {
  graph::Graph graph;
  for (const JsonField& node : nodes.items()) {
    const graph::Operator op = operator_of(node);
    std::vector<NodeId> inputs;
    if (!std::holds_alternative<graph::Input>(op)) {
      for (const JsonField& input : node["inputs"].items()) inputs.push_back(node_named(graph, input));
    }
    try {
      graph.add(node["name"].text(), op, std::move(inputs));
    } catch (const graph::GraphError& error) {
      node.fail(error.what());
    }
  }
  try {
    graph.validate();
    (void)quantize::input_of(graph);
  } catch (const std::invalid_argument& error) {
    nodes.fail(error.what());
  }
  return graph;
}

predict::Norm read_norm(Tensors& tensors, const std::string& name, std::uint32_t channels, const JsonField& epsilon) {
  const std::array<std::uint32_t, 1> shape = {channels};
  const std::vector<double> gamma = tensors.take(name + ".gamma", shape), beta = tensors.take(name + ".beta", shape);
  const std::vector<double> mean = tensors.take(name + ".mean", shape);
  const std::vector<double> variances = tensors.take(name + ".variance", shape);
  for (const double variance : variances) {
    if (!(variance >= 0 && variance + epsilon.real() > 0)) {
      epsilon.fail(fmt::format("{} and a variance of {} in {}.variance have no root", epsilon.real(), variance, name));
    }
  }
  return predict::fold_statistics(gamma, beta, mean, variances, epsilon.real());
}

std::vector<quantize::Parameters> read_parameters(const graph::Graph& graph, Tensors& tensors,
                                                  const JsonField& epsilon) {
  std::vector<quantize::Parameters> result;
  for (const graph::Node& node : graph.nodes()) {
    quantize::Parameters& parameters = result.emplace_back();
    if (const auto* conv = std::get_if<graph::Conv>(&node.op)) {
      const std::array<std::uint32_t, 4> shape = {conv->out_channels, conv->in_channels / conv->groups,
                                                  conv->kernel_height, conv->kernel_width};
      parameters.weights = tensors.take(node.name + ".weight", shape);
    } else if (const auto* linear = std::get_if<graph::Linear>(&node.op)) {
      const std::array<std::uint32_t, 2> shape = {linear->out_features, linear->in_features};
      parameters.weights = tensors.take(node.name + ".weight", shape);
      parameters.bias = tensors.take(node.name + ".bias", std::span(shape).first(1));
    } else if (const auto* norm = std::get_if<graph::BatchNorm>(&node.op)) {
      predict::Norm read = read_norm(tensors, node.name, norm->channels, epsilon);
      parameters.weights = std::move(read.factor);
      parameters.bias = std::move(read.offset);
    }
  }
  return result;
}

std::vector<Block> read_blocks(const JsonField& document, const JsonField& survival, const graph::Graph& graph,
                               Tensors& tensors) {
  const JsonField step = document["predictor"]["step"];
  if (!(step.real() > 0)) step.fail("is not above 0");
  std::vector<Block> result;
  for (const JsonField& entry : document["blocks"].items()) {
    Block& block = result.emplace_back();
    block.name = entry["name"].text();
    const std::uint32_t channels = graph.node(node_named(graph, entry["expand"])).shape.channels;
    block.predictor.step = step.real();
    block.predictor.expand = read_norm(tensors, entry["predictor1"].text(), channels, document["epsilon"]);
    block.predictor.depthwise = read_norm(tensors, entry["predictor2"].text(), channels, document["epsilon"]);
    block.survival1 = survival[block.name]["mask1"].real();
    block.survival2 = survival[block.name]["mask2"].real();
  }
  return result;
}

std::array<double, Picture::kChannels> three(const JsonField& field) {
  const std::vector<JsonField> items = field.items();
  std::array<double, Picture::kChannels> result{};
  if (items.size() != result.size()) field.fail(fmt::format("has {} numbers, not {}", items.size(), result.size()));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = items[i].real();
  return result;
}

}  // namespace

TrainedNetwork load(const std::filesystem::path& manifest, const std::string& flavour) {
  const nlohmann::json json = parse(manifest);
  const JsonField document(json, manifest.string());
  if (const JsonField format = document["format"]; format.text() != "fusesim trained network") {
    format.fail("is not 'fusesim trained network'");
  }
  (void)document["version"].integer(1, 1);

  TrainedNetwork result;
  result.name = document["name"].text();
  result.flavour = flavour;
  const JsonField chosen = document["flavours"][flavour];
  if (!chosen.has("tensors")) chosen.fail("has no weights: only its accuracy and logits are kept");
  result.accuracy = chosen["accuracy"].real();
  result.test_images = chosen["test_images"].integer(1);
  result.mean = three(document["input"]["mean"]);
  result.deviation = three(document["input"]["deviation"]);
  for (const double deviation : result.deviation) {
    if (!(deviation > 0)) document["input"]["deviation"].fail("is not above 0");
  }

  const JsonField weights = document["weights"];
  const std::filesystem::path file = manifest.parent_path() / weights["file"].text();
  const std::vector<std::uint8_t> bytes = read_weights(weights, file);
  Tensors tensors(chosen["tensors"], bytes, file);
  result.network.graph = read_graph(document["nodes"]);
  result.network.parameters = read_parameters(result.network.graph, tensors, document["epsilon"]);
  if (chosen.has("survival")) {
    result.blocks = read_blocks(document, chosen["survival"], result.network.graph, tensors);
  }
  tensors.check_all_taken();
  return result;
}

quantize::FloatNetwork predicted(const TrainedNetwork& trained) {
  std::vector<std::string> names;
  std::vector<predict::BlockPredictor> predictors;
  for (const Block& block : trained.blocks) {
    names.push_back(block.name);
    predictors.push_back(block.predictor);
  }
  return predict::annotate(trained.network, predict::choose_blocks(trained.network.graph, names), predictors);
}

}  // namespace fusesim::trained
