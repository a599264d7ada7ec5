// SPDX-License-Identifier: Apache-2.0
// The tables of Selvam, Ganesan, Kumar: FuSeConv, Fully Separable Convolutions for Fast Inference on Systolic Arrays,
// DATE 2021, as printed with the authors' released code.
#include <array>

#include "workloads/zoo/zoo.h"

namespace fusesim::zoo {
namespace {

constexpr std::array rows = std::to_array<PublishedRow>({
    {"mobilenet_v1", "baseline", "70.60", "589", "4.23", "1x"},
    {"mobilenet_v1", "fuse_full", "72.86", "1122", "7.36", "4.1x"},
    {"mobilenet_v1", "fuse_half", "72.00", "573", "4.20", "6.76x"},
    {"mobilenet_v1", "fuse_full_50", "72.42", "764", "4.35", "2.3x"},
    {"mobilenet_v1", "fuse_half_50", "71.77", "578", "4.22", "2.36x"},
    {"mobilenet_v2", "baseline", "72.00", "315", "3.50", "1x"},
    {"mobilenet_v2", "fuse_full", "72.49", "430", "4.46", "5.1x"},
    {"mobilenet_v2", "fuse_half", "70.80", "300", "3.46", "7.23x"},
    {"mobilenet_v2", "fuse_full_50", "72.11", "361", "3.61", "2.0x"},
    {"mobilenet_v2", "fuse_half_50", "71.98", "305", "3.49", "2.1x"},
    {"mnasnet_b1", "baseline", "73.50", "325", "4.38", "1x"},
    {"mnasnet_b1", "fuse_full", "73.16", "440", "5.66", "5.06x"},
    {"mnasnet_b1", "fuse_half", "71.48", "305", "4.25", "7.15x"},
    {"mnasnet_b1", "fuse_full_50", "73.52", "361", "4.47", "1.88x"},
    {"mnasnet_b1", "fuse_half_50", "72.61", "312", "4.35", "1.97x"},
    {"mobilenet_v3_small", "baseline", "67.40", "66", "2.93", "1x"},
    {"mobilenet_v3_small", "fuse_full", "67.17", "84", "4.44", "3.02x"},
    {"mobilenet_v3_small", "fuse_half", "64.55", "61", "2.89", "4.16x"},
    {"mobilenet_v3_small", "fuse_full_50", "67.91", "73", "3.18", "1.6x"},
    {"mobilenet_v3_small", "fuse_half_50", "66.90", "63", "2.92", "1.68x"},
    {"mobilenet_v3_large", "baseline", "75.20", "238", "5.47", "1x"},
    {"mobilenet_v3_large", "fuse_full", "74.40", "322", "10.57", "3.61x"},
    {"mobilenet_v3_large", "fuse_half", "73.02", "225", "5.40", "5.45x"},
    {"mobilenet_v3_large", "fuse_full_50", "74.50", "264", "5.57", "1.76x"},
    {"mobilenet_v3_large", "fuse_half_50", "73.80", "230", "5.46", "1.83x"},
});

}  // namespace

std::span<const PublishedRow> published_rows() {
  return rows;
}

}  // namespace fusesim::zoo
