// SPDX-License-Identifier: Apache-2.0
#include "workloads/graph/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "workloads/graph/graph.h"

namespace fusesim::graph {
namespace {

template <typename... Args>
[[noreturn]] void fail(const std::string& node, fmt::format_string<Args...> format, Args&&... args) {
  throw GraphError(fmt::format("node '{}': {}", node, fmt::format(format, std::forward<Args>(args)...)));
}

void require_positive(const std::string& node, std::string_view what, std::uint32_t value) {
  if (value == 0) fail(node, "{} is zero", what);
}

void require_at_most(const std::string& node, std::string_view what, std::initializer_list<std::uint32_t> factors) {
  std::uint64_t product = 1;
  for (const std::uint32_t factor : factors) {
    if (factor != 0 && product > kMaxElements / factor) {
      fail(node, "{} has more than {} elements", what, kMaxElements);
    }
    product *= factor;
  }
}

/// Positions of a window along one axis of a padded map.
struct Axis {
  std::string_view name;  // "height" or "width"
  std::uint32_t size, kernel, stride, dilation, pad_before, pad_after;
};

std::uint32_t positions(const std::string& node, const Axis& axis) {
  if (axis.kernel == 0) fail(node, "kernel {} is zero", axis.name);
  if (axis.stride == 0) fail(node, "stride along the {} is zero", axis.name);
  if (axis.dilation == 0) fail(node, "dilation along the {} is zero", axis.name);
  const std::uint64_t reach = std::uint64_t{axis.kernel - 1} * axis.dilation + 1;
  const std::uint64_t padded = std::uint64_t{axis.size} + axis.pad_before + axis.pad_after;
  if (reach > padded) {
    fail(node, "the kernel reaches over {} elements of {} but the padded map has {}", reach, axis.name, padded);
  }
  const std::uint64_t count = (padded - reach) / axis.stride + 1;
  if (count > kMaxElements) fail(node, "output {} exceeds {}", axis.name, kMaxElements);
  return static_cast<std::uint32_t>(count);
}

struct Inference {
  const std::string& node;
  std::span<const Shape> in;

  Shape operator()(const Input& op) const { return op.shape; }

  Shape operator()(const Conv& op) const {
    require_positive(node, "in_channels", op.in_channels);
    require_positive(node, "out_channels", op.out_channels);
    require_positive(node, "groups", op.groups);
    if (op.in_channels != in[0].channels) {
      fail(node, "expects {} input channels but reads a map of {} ({})", op.in_channels, in[0].channels,
           to_string(in[0]));
    }
    if (op.in_channels % op.groups != 0 || op.out_channels % op.groups != 0) {
      fail(node, "{} groups do not divide {} input and {} output channels", op.groups, op.in_channels, op.out_channels);
    }
    const Shape out{op.out_channels,
                    positions(node, {"height", in[0].height, op.kernel_height, op.stride_height, op.dilation_height,
                                     op.padding.top, op.padding.bottom}),
                    positions(node, {"width", in[0].width, op.kernel_width, op.stride_width, op.dilation_width,
                                     op.padding.left, op.padding.right})};
    require_at_most(node, "the weight tensor",
                    {op.out_channels, op.in_channels / op.groups, op.kernel_height, op.kernel_width});
    return out;
  }

  Shape operator()(const Linear& op) const {
    require_positive(node, "in_features", op.in_features);
    require_positive(node, "out_features", op.out_features);
    if (in[0].height != 1 || in[0].width != 1) {
      fail(node, "a linear layer reads a vector, not a map of {}; flatten or pool it first", to_string(in[0]));
    }
    if (op.in_features != in[0].channels) {
      fail(node, "expects {} input features but reads {}", op.in_features, in[0].channels);
    }
    require_at_most(node, "the weight matrix", {op.out_features, op.in_features});
    return {op.out_features, 1, 1};
  }

  Shape operator()(const BatchNorm& op) const {
    require_positive(node, "channels", op.channels);
    if (op.channels != in[0].channels) {
      fail(node, "normalises {} channels but reads a map of {} ({})", op.channels, in[0].channels, to_string(in[0]));
    }
    return in[0];
  }

  Shape operator()(const Pool& op) const {
    if (op.kind == PoolKind::global_average) return {in[0].channels, 1, 1};
    // Otherwise a window could lie wholly in the padding, where there is no maximum.
    if (op.padding.top >= op.kernel_height || op.padding.bottom >= op.kernel_height ||
        op.padding.left >= op.kernel_width || op.padding.right >= op.kernel_width) {
      require_positive(node, "kernel height", op.kernel_height);
      require_positive(node, "kernel width", op.kernel_width);
      fail(node, "pooling padding must be smaller than the {}x{} window", op.kernel_height, op.kernel_width);
    }
    return {in[0].channels,
            positions(node, {"height", in[0].height, op.kernel_height, op.stride_height, 1, op.padding.top,
                             op.padding.bottom}),
            positions(node,
                      {"width", in[0].width, op.kernel_width, op.stride_width, 1, op.padding.left, op.padding.right})};
  }

  Shape operator()(const Add&) const {
    for (const Shape& other : in.subspan(1)) {
      if (other != in[0]) fail(node, "adds maps of different shapes, {} and {}", to_string(in[0]), to_string(other));
    }
    return in[0];
  }

  Shape operator()(const Concat&) const {
    Shape out = in[0];
    std::uint64_t channels = in[0].channels;
    for (const Shape& other : in.subspan(1)) {
      if (other.height != out.height || other.width != out.width) {
        fail(node, "concatenates maps of different sizes, {} and {}", to_string(in[0]), to_string(other));
      }
      channels += other.channels;
    }
    if (channels > kMaxElements) fail(node, "the result has more than {} channels", kMaxElements);
    out.channels = static_cast<std::uint32_t>(channels);
    return out;
  }

  Shape operator()(const Split& op) const {
    if (op.begin >= op.end || op.end > in[0].channels) {
      fail(node, "channels [{}, {}) are not a slice of the {} it reads", op.begin, op.end, in[0].channels);
    }
    return {op.end - op.begin, in[0].height, in[0].width};
  }

  Shape operator()(const Scale&) const {
    if (in[1] != Shape{in[0].channels, 1, 1}) {
      fail(node, "the gate is {} but the map {} needs {}x1x1", to_string(in[1]), to_string(in[0]), in[0].channels);
    }
    return in[0];
  }

  Shape operator()(const Activation&) const { return in[0]; }

  Shape operator()(const Flatten&) const { return {static_cast<std::uint32_t>(in[0].elements()), 1, 1}; }

  Shape operator()(const Shuffle& op) const {
    require_positive(node, "groups", op.groups);
    if (in[0].channels % op.groups != 0) {
      fail(node, "{} groups do not divide the {} channels it shuffles", op.groups, in[0].channels);
    }
    return in[0];
  }

  Shape operator()(const PredictedBlock& op) const {
    require_positive(node, "middle_channels", op.middle_channels);
    require_positive(node, "out_channels", op.out_channels);
    require_positive(node, "groups", op.groups);
    require_positive(node, "shuffle", op.shuffle);
    if (op.in_channels % op.groups != 0 || op.middle_channels % op.groups != 0 || op.out_channels % op.groups != 0) {
      fail(node, "{} groups do not divide {} input, {} middle and {} output channels", op.groups, op.in_channels,
           op.middle_channels, op.out_channels);
    }
    if (op.out_channels % op.shuffle != 0) {
      fail(node, "{} groups do not divide the {} channels it shuffles", op.shuffle, op.out_channels);
    }
    if (op.kernel == 0 || op.kernel > 7) fail(node, "a predicted block's kernel is 1 to 7, not {}", op.kernel);
    if (op.stride == 0 || op.stride > 2) fail(node, "a predicted block's stride is 1 or 2, not {}", op.stride);
    const Padding& pad = op.padding;
    if (std::max({pad.top, pad.left, pad.bottom, pad.right}) >= op.kernel) {
      fail(node, "a predicted block's padding must be smaller than its {0}x{0} kernel", op.kernel);
    }
    const Shape middle = (*this)(expansion(op));
    const Shape windows = Inference{node, {&middle, 1}}(depthwise(op));
    const Shape out = Inference{node, {&windows, 1}}(projection(op));
    if (op.residual && out != in[0]) {
      fail(node, "adds its input {} to its result {}: a residual needs equal shapes", to_string(in[0]), to_string(out));
    }
    return out;
  }
};

void require_input_count(const std::string& node, const Operator& op, std::size_t count) {
  if (std::holds_alternative<Add>(op) || std::holds_alternative<Concat>(op)) {
    if (count < 2) fail(node, "{} needs two inputs or more, has {}", name(op), count);
    return;
  }
  const std::size_t expected = std::holds_alternative<Input>(op) ? 0 : std::holds_alternative<Scale>(op) ? 2 : 1;
  if (count != expected) {
    fail(node, "{} needs {} input{}, has {}", name(op), expected, expected == 1 ? "" : "s", count);
  }
}

}  // namespace

std::string to_string(const Shape& shape) {
  return fmt::format("{}x{}x{}", shape.channels, shape.height, shape.width);
}

Shape infer_shape(const std::string& node, const Operator& op, std::span<const Shape> inputs) {
  require_input_count(node, op, inputs.size());
  const Shape shape = std::visit(Inference{node, inputs}, op);
  if (shape.channels == 0 || shape.height == 0 || shape.width == 0) {
    fail(node, "a size of its map {} is zero", to_string(shape));
  }
  require_at_most(node, "its map", {shape.channels, shape.height, shape.width});
  return shape;
}

}  // namespace fusesim::graph
