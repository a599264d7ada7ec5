// SPDX-License-Identifier: Apache-2.0
// The grid of PEs with the wires between them: operands hop right and down, broadcast wires run along the rows, drain
// chains down the columns. Where a broadcast wire has a pipeline register (a cut), the activations get one too.
// An operand is {data (8), valid, first, bank}, a weight {data (8), valid}, a word {valid, bank, data (32)}.
module pe_array #(
    parameter int ROWS   = 4,
    parameter int COLS   = 4,
    parameter int BANKS  = 2,
    parameter int FUSE   = 1,
    parameter int STAGES = 0
) (
    input  logic               clk,
    input  logic               rst,
    input  logic               en,
    input  logic [ROWS*11-1:0] left,
    input  logic [ROWS*11-1:0] tap,
    input  logic [ COLS*9-1:0] up,
    input  logic [   COLS-1:0] col_en,
    input  logic [   COLS-1:0] drain_valid,
    input  logic [   COLS-1:0] drain_bank,
    output logic [COLS*34-1:0] out
);

  localparam int CUTS = (FUSE != 0) ? STAGES : 0;

  genvar i, j;
  generate
    for (i = 0; i < ROWS; i = i + 1) begin : row
      for (j = 0; j < COLS; j = j + 1) begin : col
        // 1 where g(j) = g(j - 1) + 1.
        localparam int CUT = j * (CUTS + 1) / COLS - (j > 0 ? j - 1 : 0) * (CUTS + 1) / COLS;

        wire [10:0] left_wire, left_here;
        wire [8:0] above;
        wire [33:0] chain_in;
        wire [10:0] right;
        wire [8:0] below;
        wire [33:0] chain_out;
        wire [10:0] tap_here;

        if (j == 0) begin : g_edge_left
          assign left_wire = left[i*11+:11];
        end else begin : g_left
          assign left_wire = row[i].col[j-1].right;
        end
        delay_line #(
            .WIDTH(11),
            .DEPTH(CUT)
        ) left_cut (
            .clk(clk),
            .rst(rst),
            .en (en),
            .d  (left_wire),
            .q  (left_here)
        );

        if (FUSE == 0) begin : g_no_tap
          assign tap_here = 11'd0;
        end else begin : g_tap
          wire [10:0] tap_wire;
          if (j == 0) begin : g_edge_tap
            assign tap_wire = tap[i*11+:11];
          end else begin : g_along
            assign tap_wire = row[i].col[j-1].tap_here;
          end
          delay_line #(
              .WIDTH(11),
              .DEPTH(CUT)
          ) tap_cut (
              .clk(clk),
              .rst(rst),
              .en (en),
              .d  (tap_wire),
              .q  (tap_here)
          );
        end

        if (i == 0) begin : g_edge_top
          assign above    = up[j*9+:9];
          assign chain_in = 34'd0;
        end else begin : g_above
          assign above    = row[i-1].col[j].below;
          assign chain_in = row[i-1].col[j].chain_out;
        end

        pe #(
            .BANKS(BANKS),
            .FUSE (FUSE)
        ) pe_i (
            .clk            (clk),
            .rst            (rst),
            .en             (en),
            .left_data      (left_here[10:3]),
            .left_valid     (left_here[2]),
            .left_first     (left_here[1]),
            .left_bank      (left_here[0]),
            .up_data        (above[8:1]),
            .up_valid       (above[0]),
            .tap_data       (tap_here[10:3]),
            .tap_valid      (tap_here[2]),
            .tap_first      (tap_here[1]),
            .tap_bank       (tap_here[0]),
            .col_en         (col_en[j]),
            .drain_valid    (drain_valid[j]),
            .drain_bank     (drain_bank[j]),
            .chain_in_valid (chain_in[33]),
            .chain_in_bank  (chain_in[32]),
            .chain_in_data  (chain_in[31:0]),
            .chain_out_valid(chain_out[33]),
            .chain_out_bank (chain_out[32]),
            .chain_out_data (chain_out[31:0]),
            .a              (right[10:3]),
            .lv             (right[2]),
            .lf             (right[1]),
            .lb             (right[0]),
            .w              (below[8:1]),
            .wv             (below[0])
        );

        if (i == ROWS - 1) begin : g_bottom
          assign out[j*34+:34] = chain_out;
          wire unused_ok = &{1'b0, below};
        end
        if (j == COLS - 1) begin : g_right
          wire unused_ok = &{1'b0, right};
        end
      end
    end
    if (FUSE == 0) begin : g_plain
      wire unused_ok = &{1'b0, tap};
    end
  endgenerate

endmodule
