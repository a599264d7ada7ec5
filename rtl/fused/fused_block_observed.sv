// SPDX-License-Identifier: Apache-2.0
// Simulation only: the fused block (ports as there) with vector elements of whole bytes, as the plug-in hands them over, and
// buses that show its state. They are copied at a rising edge of `sample`: who does not look at a cycle does not pay for it.
//
//   obs_pe     words p * 8 ..: ternary sum, sum, factor, operand, flags, acc, result, queued of PE p
//              flags: multiply [0]  multiply_end [1]  result_valid [2]  started [3]
//   obs_mask1, obs_mask2    of middle channel obs_channel, all positions, all PEs
//   obs_level               of place obs_place, 3 bits a position
module fused_block_observed #(
    parameter int TILE_ROWS       = 2,
    parameter int TILE_COLUMNS    = 2,
    parameter int MODE            = 1,                        // 0: fixed, 1: elastic
    parameter int LANES           = 4,
    parameter int ADDERS          = 2,                        // elastic
    parameter int QUEUE_DEPTH     = 6,                        // elastic, at least LANES
    parameter int ADDER_BITS      = 20,
    parameter int LADDERS         = 2,
    parameter int MASK_CHANNELS   = 16,
    parameter int MASK_POSITIONS  = 16,                       // at least PES
    parameter int LEVEL_CHANNELS  = 4,
    parameter int TILE_BYTES      = 64,
    parameter int TILE_PORT_BYTES = 4,
    parameter int OUTPUT_LANES    = 2,
    parameter int PES             = TILE_ROWS * TILE_COLUMNS
) (
    input  logic                             clk,
    input  logic                             rst,
    input  logic [                      2:0] kernel,
    input  logic                             twice,
    input  logic [                     14:0] region_rows,
    input  logic [                     14:0] region_columns,
    input  logic [                      2:0] pad_top,
    input  logic [                      2:0] pad_left,
    input  logic [                     14:0] out_rows,
    input  logic [                     14:0] out_columns,
    input  logic                             buffer,
    input  logic [                      1:0] kind,
    input  logic [                      6:0] lane_count,
    input  logic [             LANES*16-1:0] lane_index,
    input  logic [             LANES*16-1:0] lane_weight,
    input  logic [                      4:0] ending_count,
    input  logic [            LADDERS*8-1:0] ending_lanes,
    input  logic [           LADDERS*16-1:0] ending_channel,
    input  logic [           LADDERS*16-1:0] ending_place,
    input  logic [              LADDERS-1:0] ending_falling,
    input  logic [           LADDERS*16-1:0] ending_mask,
    input  logic [          LADDERS*112-1:0] ending_levels,
    input  logic [                     13:0] pass,
    input  logic [                     11:0] open_place,
    input  logic                             last,
    input  logic                             channel_end,
    input  logic                             every_tap,
    input  logic [                      5:0] tap,
    input  logic                             constant,
    input  logic [                      3:0] shift,
    input  logic [                     11:0] channel,
    input  logic                             write,
    input  logic                             write_buffer,
    input  logic [                     24:0] write_address,
    input  logic [                     12:0] write_count,
    input  logic [   TILE_PORT_BYTES*16-1:0] write_x,
    input  logic [    TILE_PORT_BYTES*8-1:0] write_v,
    input  logic [                     31:0] bias,
    input  logic [                     31:0] multiplier,
    input  logic [                      5:0] out_shift,
    input  logic [                      7:0] zero_out,
    input  logic [                      7:0] lowest,
    input  logic [                      7:0] highest,
    input  logic                             add_residual,
    input  logic [                      7:0] zero_a,
    input  logic [                      7:0] zero_b,
    input  logic [                      7:0] residual_zero_out,
    input  logic [                     31:0] multiplier_a,
    input  logic [                     31:0] multiplier_b,
    input  logic [                      5:0] residual_shift,
    input  logic [                      7:0] residual_lowest,
    input  logic [                      7:0] residual_highest,
    input  logic [       OUTPUT_LANES*8-1:0] residual,
    output logic                             ready,
    output logic                             held,
    output logic                             takes,
    output logic                             busy,
    output logic [                     14:0] group,
    output logic                             emits,
    output logic [                     14:0] emitted_group,
    output logic [       OUTPUT_LANES*8-1:0] emitted,
    output logic                             idle,
    input  logic                             sample,
    input  logic [                     11:0] obs_channel,
    input  logic [                     11:0] obs_place,
    output logic [             PES*8*32-1:0] obs_pe,
    output logic [       MASK_POSITIONS-1:0] obs_mask1,
    output logic [                  PES-1:0] obs_mask2,
    output logic [     MASK_POSITIONS*3-1:0] obs_level
);

  // ---- elements to their width

  wire [LANES*12-1:0] n_lane_index;
  wire [LADDERS*7-1:0] n_ending_lanes;
  wire [LADDERS*12-1:0] n_ending_channel;
  wire [LADDERS*12-1:0] n_ending_place;
  wire [TILE_PORT_BYTES*9-1:0] n_write_x;
  wire [TILE_PORT_BYTES*4-1:0] n_write_v;

  genvar i;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : lanes
      assign n_lane_index[i*12+:12] = lane_index[i*16+:12];
    end
    for (i = 0; i < LADDERS; i = i + 1) begin : ladders
      assign n_ending_lanes[i*7+:7] = ending_lanes[i*8+:7];
      assign n_ending_channel[i*12+:12] = ending_channel[i*16+:12];
      assign n_ending_place[i*12+:12] = ending_place[i*16+:12];
    end
    for (i = 0; i < TILE_PORT_BYTES; i = i + 1) begin : tile_port_bytes
      assign n_write_x[i*9+:9] = write_x[i*16+:9];
      assign n_write_v[i*4+:4] = write_v[i*8+:4];
    end
  endgenerate
  wire unused_ok = &{1'b0, lane_index, ending_lanes, ending_channel, ending_place, write_x, write_v};

  fused_block #(
      .TILE_ROWS      (TILE_ROWS),
      .TILE_COLUMNS   (TILE_COLUMNS),
      .MODE           (MODE),
      .LANES          (LANES),
      .ADDERS         (ADDERS),
      .QUEUE_DEPTH    (QUEUE_DEPTH),
      .ADDER_BITS     (ADDER_BITS),
      .LADDERS        (LADDERS),
      .MASK_CHANNELS  (MASK_CHANNELS),
      .MASK_POSITIONS (MASK_POSITIONS),
      .LEVEL_CHANNELS (LEVEL_CHANNELS),
      .TILE_BYTES     (TILE_BYTES),
      .TILE_PORT_BYTES(TILE_PORT_BYTES),
      .OUTPUT_LANES   (OUTPUT_LANES)
  ) block (
      .clk              (clk),
      .rst              (rst),
      .kernel           (kernel),
      .twice            (twice),
      .region_rows      (region_rows),
      .region_columns   (region_columns),
      .pad_top          (pad_top),
      .pad_left         (pad_left),
      .out_rows         (out_rows),
      .out_columns      (out_columns),
      .buffer           (buffer),
      .kind             (kind),
      .lane_count       (lane_count),
      .lane_index       (n_lane_index),
      .lane_weight      (lane_weight),
      .ending_count     (ending_count),
      .ending_lanes     (n_ending_lanes),
      .ending_channel   (n_ending_channel),
      .ending_place     (n_ending_place),
      .ending_falling   (ending_falling),
      .ending_mask      (ending_mask),
      .ending_levels    (ending_levels),
      .pass             (pass),
      .open_place       (open_place),
      .last             (last),
      .channel_end      (channel_end),
      .every_tap        (every_tap),
      .tap              (tap),
      .constant         (constant),
      .shift            (shift),
      .channel          (channel),
      .write            (write),
      .write_buffer     (write_buffer),
      .write_address    (write_address),
      .write_count      (write_count),
      .write_x          (n_write_x),
      .write_v          (n_write_v),
      .bias             (bias),
      .multiplier       (multiplier),
      .out_shift        (out_shift),
      .zero_out         (zero_out),
      .lowest           (lowest),
      .highest          (highest),
      .add_residual     (add_residual),
      .zero_a           (zero_a),
      .zero_b           (zero_b),
      .residual_zero_out(residual_zero_out),
      .multiplier_a     (multiplier_a),
      .multiplier_b     (multiplier_b),
      .residual_shift   (residual_shift),
      .residual_lowest  (residual_lowest),
      .residual_highest (residual_highest),
      .residual         (residual),
      .ready            (ready),
      .held             (held),
      .takes            (takes),
      .busy             (busy),
      .group            (group),
      .emits            (emits),
      .emitted_group    (emitted_group),
      .emitted          (emitted),
      .idle             (idle)
  );

  // ---- observation

  localparam int CHANNEL_BITS = MASK_CHANNELS > 1 ? $clog2(MASK_CHANNELS) : 1;
  localparam int PLACE_BITS = LEVEL_CHANNELS > 1 ? $clog2(LEVEL_CHANNELS) : 1;
  wire unused_index_ok = &{1'b0, obs_channel, obs_place};

  always_ff @(posedge sample) begin
    obs_mask1 <= block.masks.mask1[CHANNEL_BITS'(obs_channel)];
    obs_mask2 <= block.masks.mask2[CHANNEL_BITS'(obs_channel)];
    obs_level <= block.masks.level[PLACE_BITS'(obs_place)];
  end

  genvar p;
  generate
    for (p = 0; p < PES; p = p + 1) begin : pe
      wire started;
      if (MODE == 0) begin : g_fixed
        assign started = 1'b0;
      end else begin : g_elastic
        assign started = block.pes[p].pe.g_elastic.queue.started;
      end
      always_ff @(posedge sample) begin
        obs_pe[p*256+:256] <= {
          32'(block.pes[p].pe.queued),
          block.pes[p].pe.result,
          block.pes[p].pe.multiplier.acc,
          28'd0,
          started,
          block.pes[p].pe.result_valid,
          block.pes[p].pe.multiply_end,
          block.pes[p].pe.multiply,
          32'(block.pes[p].pe.multiplier.operand),
          32'(block.pes[p].pe.multiplier.factor),
          32'($signed(block.pes[p].pe.sum)),
          32'($signed(block.pes[p].pe.ternary.running))
        };
      end
    end
  endgenerate

endmodule
