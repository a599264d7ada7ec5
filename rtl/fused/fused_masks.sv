// SPDX-License-Identifier: Apache-2.0
// What the predictor leaves: mask 1 of each middle channel and region position, mask 2 of each middle channel and PE,
// and the levels of a round's channels, which the second stage of the predictor reads. The ladders write, the words
// read. The memories have no reset; they start as zeros.
module fused_masks #(
    parameter int TILE_ROWS    = 2,
    parameter int TILE_COLUMNS = 2,
    parameter int LANES        = 4,
    parameter int LADDERS      = 2,
    parameter int CHANNELS     = 16,
    parameter int POSITIONS    = 16,
    parameter int LEVELS       = 4,                        // middle channels of a round
    parameter int PES          = TILE_ROWS * TILE_COLUMNS
) (
    input  logic                           clk,
    // what the ladders say of the sums that ended
    input  logic                           write_expand,
    input  logic                           write_depthwise,
    input  logic [                    4:0] write_count,
    input  logic [                   14:0] write_position,  // of PE 0
    input  logic [                PES-1:0] works,
    input  logic [         LADDERS*12-1:0] write_channel,
    input  logic [         LADDERS*12-1:0] write_place,
    input  logic [        LADDERS*PES-1:0] write_mask,
    input  logic [      LADDERS*PES*3-1:0] write_level,
    // masks of the lanes of a terms word
    input  logic                           read_masks,
    input  logic [           LANES*12-1:0] channel,
    input  logic [              LANES-1:0] lane_valid,
    input  logic                           every_tap,
    input  logic [                PES-1:0] tap_inside,  // the word's tap
    input  logic [             PES*15-1:0] position,
    output logic [          PES*LANES-1:0] survive,
    // levels of the lanes of a depthwise word
    input  logic                           read_levels,
    input  logic [           LANES*12-1:0] place,
    input  logic [            LANES*3-1:0] lane_ky,
    input  logic [            LANES*3-1:0] lane_kx,
    input  logic [        7*TILE_ROWS-1:0] row_inside,  // fused_taps.sv
    input  logic [     7*TILE_ROWS*15-1:0] row_start,
    input  logic [     7*TILE_COLUMNS-1:0] column_inside,
    input  logic [  7*TILE_COLUMNS*15-1:0] column,
    output logic [        PES*LANES*3-1:0] lane_level
);

  localparam int CHANNEL_BITS = CHANNELS > 1 ? $clog2(CHANNELS) : 1;
  localparam int LEVEL_BITS = LEVELS > 1 ? $clog2(LEVELS) : 1;
  localparam int POSITION_BITS = POSITIONS > 1 ? $clog2(POSITIONS) : 1;

  logic [POSITIONS-1:0] mask1[CHANNELS];
  logic [PES-1:0] mask2[CHANNELS];
  logic [POSITIONS*3-1:0] level[LEVELS];

  initial begin
    for (int i = 0; i < CHANNELS; i = i + 1) begin
      mask1[i] = '0;
      mask2[i] = '0;
    end
    for (int i = 0; i < LEVELS; i = i + 1) level[i] = '0;
  end

  // ---- write

  logic [PES*3-1:0] works_level;
  always_comb begin
    works_level = '0;
    for (int p = 0; p < PES; p = p + 1) works_level[p*3+:3] = {3{works[p]}};
  end

  wire [POSITIONS-1:0] enable = POSITIONS'(works) << write_position;
  wire [POSITIONS*3-1:0] level_enable = (POSITIONS * 3)'(works_level) << (32'(write_position) * 3);

  always_ff @(posedge clk) begin
    for (int f = 0; f < LADDERS; f = f + 1) begin
      if (f < 32'(write_count)) begin
        if (write_expand) begin
          mask1[CHANNEL_BITS'(write_channel[f*12+:12])] <=
              (mask1[CHANNEL_BITS'(write_channel[f*12+:12])] & ~enable) |
              ((POSITIONS'(write_mask[f*PES+:PES]) << write_position) & enable);
          level[LEVEL_BITS'(write_place[f*12+:12])] <=
              (level[LEVEL_BITS'(write_place[f*12+:12])] & ~level_enable) |
              (((POSITIONS * 3)'(write_level[f*PES*3+:PES*3]) << (32'(write_position) * 3)) & level_enable);
        end
        if (write_depthwise) mask2[CHANNEL_BITS'(write_channel[f*12+:12])] <= write_mask[f*PES+:PES] & works;
      end
    end
  end

  // ---- read

  logic [POSITIONS-1:0] mask_row;
  logic [PES-1:0] pe_row;
  logic [POSITIONS*3-1:0] level_row;
  int tap_row, tap_column;

  always_comb begin
    survive = '0;
    lane_level = '0;
    mask_row = '0;
    pe_row = '0;
    level_row = '0;
    tap_row = 0;
    tap_column = 0;
    if (read_masks) begin
      for (int l = 0; l < LANES; l = l + 1) begin
        if (lane_valid[l]) begin
          mask_row = mask1[CHANNEL_BITS'(channel[l*12+:12])];
          pe_row = mask2[CHANNEL_BITS'(channel[l*12+:12])];
          if (!every_tap) pe_row = pe_row & tap_inside;
          for (int p = 0; p < PES; p = p + 1) begin
            survive[p*LANES+l] = pe_row[p] && (every_tap || mask_row[POSITION_BITS'(position[p*15+:15])]);
          end
        end
      end
    end
    if (read_levels) begin
      for (int l = 0; l < LANES; l = l + 1) begin
        if (lane_valid[l]) begin
          level_row = level[LEVEL_BITS'(place[l*12+:12])];
          for (int i = 0; i < TILE_ROWS; i = i + 1) begin
            for (int j = 0; j < TILE_COLUMNS; j = j + 1) begin
              tap_row = 32'(lane_ky[l*3+:3]) * TILE_ROWS + i;
              tap_column = 32'(lane_kx[l*3+:3]) * TILE_COLUMNS + j;
              if (row_inside[tap_row] && column_inside[tap_column]) begin
                lane_level[((i*TILE_COLUMNS+j)*LANES+l)*3+:3] =
                    level_row[(32'(row_start[tap_row*15+:15])+32'(column[tap_column*15+:15]))*3+:3];
              end
            end
          end
        end
      end
    end
  end

endmodule
