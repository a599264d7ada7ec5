// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/machine/fused_rules.h"

#include "hw/isa/machine/fused_lists.h"
#include "hw/isa/machine/limits.h"
#include "hw/isa/machine/pad_rules.h"

namespace fusesim::isa::machine {
namespace {

template <typename T>
void check_from_to(const Where& where, const char* field, T value, std::int64_t least, std::int64_t most) {
  if (std::int64_t{value} < least || std::int64_t{value} > most) {
    fail(where, "{} is {}; it must be from {} to {}", field, value, least, most);
  }
}

void check_region(const Where& where, const char* axis, std::uint32_t region, std::uint32_t pad, std::uint32_t out,
                  const FusedGeometry& g) {
  const std::uint64_t touched = std::uint64_t{out - 1} * g.stride + g.kernel;
  if (std::uint64_t{region} + pad > touched) {
    fail(where,
         "the region has {} {} after {} of padding, but the taps of {} outputs touch only {}; leave out the rest",
         region, axis, pad, out, touched);
  }
}

void check_geometry(const Where& where, std::uint8_t buffer, const FusedGeometry& g) {
  check_from_to(where, "buffer", buffer, 0, 1);
  check_from_to(where, "channels", g.channels, 1, max_fused_channels);
  check_from_to(where, "middle", g.middle, 1, max_fused_channels);
  check_from_to(where, "kernel", g.kernel, 1, max_fused_kernel);
  check_from_to(where, "stride", g.stride, 1, 2);
  check_from_to(where, "region_rows", g.region_rows, 1, max_fused_positions);
  check_from_to(where, "region_columns", g.region_columns, 1, max_fused_positions);
  check_from_to(where, "out_rows", g.out_rows, 1, max_fused_positions);
  check_from_to(where, "out_columns", g.out_columns, 1, max_fused_positions);
  check_from_to(where, "pad_top", g.pad_top, 0, std::int64_t{g.kernel} - 1);
  check_from_to(where, "pad_left", g.pad_left, 0, std::int64_t{g.kernel} - 1);
  check_region(where, "rows", g.region_rows, g.pad_top, g.out_rows, g);
  check_region(where, "columns", g.region_columns, g.pad_left, g.out_columns, g);
}

void check_zero(const Where& where, const char* field, std::int32_t value) {
  check_from_to(where, field, value, -128, 127);
}

void check_bounds(const Where& where, const char* of, std::int8_t lowest, std::int8_t highest) {
  if (lowest > highest) {
    fail(where, "{}lowest is {} and highest {}; lowest must not be above highest", of, lowest, highest);
  }
}

void check_tile(const Where& where, const FusedTile& work) {
  check_geometry(where, work.buffer, work.geometry);
  check_zero(where, "zero_point", work.zero_point);
  for (std::size_t i = 0; i < work.thresholds.size(); ++i) {
    check_from_to(where, "a threshold", work.thresholds[i], -128, 128);
    if (i > 0 && work.thresholds[i] < work.thresholds[i - 1]) {
      fail(where, "thresholds {} and {} are {} and {}; they must ascend", i - 1, i, work.thresholds[i - 1],
           work.thresholds[i]);
    }
  }
}

const FusedConfig& fused_unit(const Where& where, const CoreConfig& core) {
  if (!core.fused.present) {
    fail(where,
         "needs the fused unit, which the machine does not have; set fused.present, or compile it for the array");
  }
  return core.fused;
}

void check_geometry_fits(const Where& where, const FusedGeometry& g, const FusedConfig& fused) {
  if (g.out_rows > fused.tile_rows || g.out_columns > fused.tile_columns) {
    fail(where,
         "{}x{} outputs are more than the tile of {}x{} (fused.tile_rows, fused.tile_columns); use smaller tiles",
         g.out_rows, g.out_columns, fused.tile_rows, fused.tile_columns);
  }
  if (g.middle > fused.mask_channels) {
    fail(where,
         "the block's middle exceeds the mask storage: it has {} channels a group, but masks of only {} are held; set "
         "fused.mask_channels to at least {}, or run the block unfused",
         g.middle, fused.mask_channels, g.middle);
  }
  const std::uint64_t positions = std::uint64_t{g.region_rows} * g.region_columns;
  if (positions > fused.mask_positions) {
    fail(
        where,
        "the region of {}x{} positions exceeds the mask storage of {}; set fused.mask_positions to at least {}, or use "
        "smaller tiles",
        g.region_rows, g.region_columns, fused.mask_positions, positions);
  }
  if (g.channels * positions > fused.tile_bytes) {
    fail(where,
         "{} channels of {} positions exceed the input tile of {} bytes; set fused.tile_bytes to at least {}, or use "
         "smaller tiles",
         g.channels, positions, fused.tile_bytes, g.channels * positions);
  }
}

std::uint64_t lists_of_a_channel(const FusedGeometry& g) {
  return std::uint64_t{g.kernel} * g.kernel * (g.channels + 1) + 1;
}

/// If no factor is zero.
std::uint64_t most_terms(const FusedAccumulate& work) {
  return work.source == FusedSource::lists
             ? work.lists_bytes / fused_term_bytes
             : work.out_channels * lists_of_a_channel(work.geometry) * work.geometry.middle;
}

void check_map(const Where& where, const char* field, const CoreConfig& core, Pad pad, const FusedMap& map,
               std::uint32_t channels, std::uint32_t rows, std::uint32_t columns) {
  machine::check_map(where, field, core, {pad, map.address, map.channel_pitch, map.line_pitch}, 1, channels, rows,
                     columns);
}

void check_lists(const Where& where, const CoreConfig& core, std::uint32_t address, std::uint32_t bytes,
                 std::uint32_t unit) {
  if (address % unit != 0) fail(where, "lists is 0x{:x}; it must be a multiple of {}", address, unit);
  check_inside(where, "lists", core, Pad::weights, address, bytes);
}

void check_least_lists(const Where& where, std::uint32_t bytes, std::uint64_t least) {
  if (bytes < least) {
    fail(where, "lists has {} bytes, but even empty lists of this block take {}", bytes, least);
  }
}

}  // namespace

void check_fields(const Where& where, const FusedTile& work) {
  check_tile(where, work);
}

void check_fields(const Where& where, const FusedPredict& work) {
  check_geometry(where, work.buffer, work.geometry);
  check_from_to(where, "round", work.round_channels, 1, max_fused_channels);
  if (work.lists_bytes % 2 != 0) fail(where, "lists has {} bytes; it must be a multiple of 2", work.lists_bytes);
  check_least_lists(where, work.lists_bytes,
                    std::uint64_t{work.geometry.middle} * (fused_expand_record_bytes + fused_depthwise_record_bytes));
}

void check_fields(const Where& where, const FusedAccumulate& work) {
  const FusedGeometry& g = work.geometry;
  check_geometry(where, work.buffer, g);
  if (work.source > FusedSource::factors) {
    fail(where, "source {} is unknown; use lists or factors", static_cast<unsigned>(work.source));
  }
  check_from_to(where, "outputs", work.out_channels, 1, max_fused_outputs);
  if (work.lists_bytes == 0) fail(where, "lists has 0 bytes; it must be at least 1");
  if (work.source == FusedSource::lists) {
    if (work.lists_bytes % fused_term_bytes != 0) {
      fail(where, "lists has {} bytes; it must be a multiple of {}", work.lists_bytes, fused_term_bytes);
    }
    check_least_lists(where, work.lists_bytes, fused_term_bytes * lists_of_a_channel(g) * work.out_channels);
  } else if (most_terms(work) > max_composed_terms) {
    // A few bytes of factors may stand for any number of terms.
    fail(where,
         "factors of {} channels, {} middle and {} output channels may compose {} terms, more than the {} allowed; "
         "give an instruction fewer output channels",
         g.channels, g.middle, work.out_channels, most_terms(work), max_composed_terms);
  }
  check_from_to(where, "bias_shifts (expand)", work.expand_bias_shift, 0, max_bias_shift);
  check_from_to(where, "bias_shifts (depthwise)", work.depthwise_bias_shift, 0, max_bias_shift);
  check_zero(where, "zero_out", work.zero_out);
  check_bounds(where, "", work.lowest, work.highest);
  if (work.residual) {
    const FusedResidual& residual = *work.residual;
    check_zero(where, "residual_zeros (result)", residual.zero_a);
    check_zero(where, "residual_zeros (residual)", residual.zero_b);
    check_zero(where, "residual_zeros (out)", residual.zero_out);
    check_from_to(where, "residual_shift", residual.shift, 1, max_shift);
    check_bounds(where, "residual_bounds: ", residual.lowest, residual.highest);
  }
  if (work.next) {
    check_tile(where, *work.next);
    if (work.next->buffer == work.buffer) {
      fail(where, "next is loaded into buffer {}, from which the instruction reads; use the other one", work.buffer);
    }
  }
}

void check_fits(const Where& where, const FusedTile& work, const CoreConfig& core) {
  const FusedGeometry& g = work.geometry;
  check_geometry_fits(where, g, fused_unit(where, core));
  check_map(where, "input", core, Pad::activations, work.input, g.channels, g.region_rows, g.region_columns);
}

void check_fits(const Where& where, const FusedPredict& work, const CoreConfig& core) {
  const FusedConfig& fused = fused_unit(where, core);
  check_geometry_fits(where, work.geometry, fused);
  if (work.round_channels > fused.level_channels) {
    fail(where,
         "round is {}, but the unit holds the levels of only {} channels; set fused.level_channels to at least "
         "{}, or make rounds smaller",
         work.round_channels, fused.level_channels, work.round_channels);
  }
  check_lists(where, core, work.lists, work.lists_bytes, 2);
}

void check_fits(const Where& where, const FusedAccumulate& work, const CoreConfig& core) {
  const FusedGeometry& g = work.geometry;
  check_geometry_fits(where, g, fused_unit(where, core));
  check_lists(where, core, work.lists, work.lists_bytes, fused_term_bytes);
  check_inside(where, "parameters", core, Pad::weights, work.parameters,
               std::uint64_t{channel_parameter_bytes} * work.out_channels);
  check_map(where, "output", core, Pad::outputs, work.output, work.out_channels, g.out_rows, g.out_columns);
  if (work.residual) {
    check_map(where, "residual", core, Pad::activations, work.residual->map, work.out_channels, g.out_rows,
              g.out_columns);
  }
  if (work.next) check_fits(where, *work.next, core);
}

std::uint64_t most_steps(const FusedTile& work) {
  return std::uint64_t{work.geometry.channels} * work.geometry.positions();
}

std::uint64_t most_steps(const FusedPredict& work, const FusedConfig& config) {
  const std::uint64_t pes = std::uint64_t{config.tile_rows} * config.tile_columns;
  return work.lists_bytes / 2 * (work.geometry.positions() + 2 * pes);
}

std::uint64_t most_steps(const FusedAccumulate& work, const FusedConfig& config) {
  const std::uint64_t pes = std::uint64_t{config.tile_rows} * config.tile_columns;
  return most_terms(work) * pes + (work.next ? most_steps(*work.next) : 0);
}

}  // namespace fusesim::isa::machine
