// SPDX-License-Identifier: Apache-2.0
// The two formulas of the FuSeConv authors. Both are evaluated in double precision and in the order of their
// expressions, because the originals are: a ceiling of an exact rational would differ for strides that are not powers
// of two.
#include <cmath>

#include "sim/analytic/formulas.h"

namespace fusesim::analytic {

namespace {

/// Sizes of a layer on its padded map.
struct Shape {
  double padded_height, padded_width;
  double outputs_high, outputs_wide;  ///< (H - K + s) / s, not rounded.

  explicit Shape(const graph::Layer& layer)
      : padded_height(static_cast<double>(layer.in_height) + layer.pad_top + layer.pad_bottom),
        padded_width(static_cast<double>(layer.in_width) + layer.pad_left + layer.pad_right),
        outputs_high((padded_height - static_cast<double>(extent(layer.kernel_height, layer.dilation_height)) +
                      layer.stride_height) /
                     layer.stride_height),
        outputs_wide((padded_width - static_cast<double>(extent(layer.kernel_width, layer.dilation_width)) +
                      layer.stride_width) /
                     layer.stride_width) {}
};

/// M x T by T x N, compute only: every fold T + r + c - 1 with r rows and c columns in use. M may be a fraction (the
/// 2020 formula): full folds by floor division, the rest by its modulus.
double gemm(double m, double t, double n, const Machine& machine) {
  const double rows = machine.rows, cols = machine.cols;
  const double rest_rows = std::fmod(m, rows), rest_cols = std::fmod(n, cols);
  const double row_folds = (m - rest_rows) / rows, col_folds = (n - rest_cols) / cols;
  const auto fold = [t](double r, double c) { return t + r + c - 1; };
  double cycles = row_folds * col_folds * fold(rows, cols);
  if (rest_cols > 0) cycles += row_folds * fold(rows, rest_cols);
  if (rest_rows > 0) cycles += col_folds * fold(rest_rows, cols);
  if (rest_rows > 0 && rest_cols > 0) cycles += fold(rest_rows, rest_cols);
  return cycles;
}

/// Folds of C + K cycles over all lines of all channels, divided by the stride along the line, rounded up; `line` is
/// the length that is cut into pieces of C columns.
std::uint64_t fuse(double lines, double channels, double line, double taps, double stride, const Machine& machine) {
  return static_cast<std::uint64_t>(std::ceil(std::ceil(lines * channels / machine.rows) / stride *
                                              (machine.cols + taps) * std::ceil(line / machine.cols)));
}

/// What is not on the broadcast wires: a product for every channel or group, one after the other.
std::uint64_t gemms(const graph::Layer& layer, double pixels, const Machine& machine) {
  const double taps = static_cast<double>(layer.kernel_height) * layer.kernel_width;
  if (is_channelwise(layer)) {
    return layer.out_channels * static_cast<std::uint64_t>(gemm(pixels, taps, 1, machine));
  }
  const std::uint32_t in_channels = layer.in_channels / layer.groups, out_channels = layer.out_channels / layer.groups;
  return layer.groups * static_cast<std::uint64_t>(gemm(pixels, taps * in_channels, out_channels, machine));
}

}  // namespace

std::uint64_t authors_released_cycles(const graph::Layer& layer, const Machine& machine) {
  const Shape shape(layer);
  if (machine.fuse_links && layer.type == graph::LayerType::fuse_1xk) {
    return fuse(layer.in_height, layer.in_channels, shape.padded_width, layer.kernel_width, layer.stride_width,
                machine);
  }
  if (machine.fuse_links && layer.type == graph::LayerType::fuse_kx1) {
    return fuse(layer.in_width, layer.in_channels, shape.padded_height, layer.kernel_height, layer.stride_height,
                machine);
  }
  const double pixels = std::floor(shape.outputs_high) * std::floor(shape.outputs_wide);
  return gemms(layer, pixels, machine);
}

std::uint64_t authors_2020_cycles(const graph::Layer& layer, const Machine& machine) {
  const Shape shape(layer);
  if (machine.fuse_links && layer.type == graph::LayerType::fuse_1xk) {
    return fuse(layer.in_height, layer.in_channels, layer.in_width, layer.kernel_width, layer.stride_width, machine);
  }
  if (machine.fuse_links && layer.type == graph::LayerType::fuse_kx1) {
    return fuse(layer.in_width, layer.in_channels, layer.in_height, layer.kernel_height, layer.stride_height, machine);
  }
  const double pixels = shape.outputs_high * shape.outputs_wide;
  return gemms(layer, pixels, machine);
}

}  // namespace fusesim::analytic
