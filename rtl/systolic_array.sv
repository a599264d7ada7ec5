// SPDX-License-Identifier: Apache-2.0
// The array with its edge feeders: the ports are those of hw/array/edge.h, element i of a vector in bits [i*n +: n].
module systolic_array #(
    parameter int ROWS   = 4,
    parameter int COLS   = 4,
    parameter int BANKS  = 2,  // accumulators a PE: 1 or 2
    parameter int FUSE   = 1,  // 1: row broadcast wires present
    parameter int STAGES = 0   // pipeline registers on a broadcast wire, 0 .. COLS - 1
) (
    input  logic               clk,
    input  logic               rst,         // synchronous, wins over en
    input  logic               en,          // low: no register changes at this edge
    input  logic               skewed,      // GEMM: the feeders skew rows and columns
    input  logic [ ROWS*8-1:0] left,
    input  logic [   ROWS-1:0] left_valid,
    input  logic               left_first,
    input  logic               left_bank,
    input  logic [ ROWS*8-1:0] tap,
    input  logic [   ROWS-1:0] tap_valid,
    input  logic               tap_first,
    input  logic               tap_bank,
    input  logic [ COLS*8-1:0] top,
    input  logic [   COLS-1:0] top_valid,
    input  logic [   COLS-1:0] drain,
    input  logic               drain_bank,
    output logic [   COLS-1:0] out_valid,
    output logic [   COLS-1:0] out_bank,
    output logic [COLS*32-1:0] out_data
);

  localparam logic TWO_BANKS = BANKS == 2;

  wire [ROWS*11-1:0] row_left;
  wire [ROWS*11-1:0] row_tap;
  wire [COLS*9-1:0] col_up;
  wire [COLS-1:0] col_enable;
  wire [COLS-1:0] col_drain;
  wire [COLS-1:0] col_drain_bank;
  wire [COLS*34-1:0] bottom;

  left_feeder #(
      .ROWS(ROWS)
  ) left_edge (
      .clk   (clk),
      .rst   (rst),
      .en    (en),
      .skewed(skewed),
      .data  (left),
      .valid (left_valid),
      .first (left_first),
      .bank  (left_bank & TWO_BANKS),
      .left  (row_left)
  );

  top_feeder #(
      .COLS  (COLS),
      .FUSE  (FUSE),
      .STAGES(STAGES)
  ) top_edge (
      .clk        (clk),
      .rst        (rst),
      .en         (en),
      .skewed     (skewed),
      .data       (top),
      .valid      (top_valid),
      .drain      (drain),
      .bank       (drain_bank & TWO_BANKS),
      .up         (col_up),
      .col_en     (col_enable),
      .drain_valid(col_drain),
      .drain_bank (col_drain_bank)
  );

  pe_array #(
      .ROWS  (ROWS),
      .COLS  (COLS),
      .BANKS (BANKS),
      .FUSE  (FUSE),
      .STAGES(STAGES)
  ) grid (
      .clk        (clk),
      .rst        (rst),
      .en         (en),
      .left       (row_left),
      .tap        (row_tap),
      .up         (col_up),
      .col_en     (col_enable),
      .drain_valid(col_drain),
      .drain_bank (col_drain_bank),
      .out        (bottom)
  );

  genvar i, j;
  generate
    for (i = 0; i < ROWS; i = i + 1) begin : row
      // An idle wire is zero throughout.
      assign row_tap[i*11+:11] = tap_valid[i] ? {tap[i*8+:8], 1'b1, tap_first, tap_bank & TWO_BANKS} : 11'd0;
    end
    for (j = 0; j < COLS; j = j + 1) begin : col
      assign out_valid[j]        = bottom[j*34+33];
      assign out_bank[j]         = bottom[j*34+32];
      assign out_data[j*32+:32] = bottom[j*34+:32];
    end
  endgenerate

endmodule
