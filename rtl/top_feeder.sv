// SPDX-License-Identifier: Apache-2.0
// Top edge: two delay lines a column. The skewed line (GEMM) delays weights and drain strobes by delta(j) = j + g(j)
// registers; the direct line (FuSe) delays column enables and drain strobes by g(j), as the row wires delay the taps.
// A weight is {data (8), valid}.
module top_feeder #(
    parameter int COLS   = 4,
    parameter int FUSE   = 1,
    parameter int STAGES = 0   // pipeline registers on a broadcast wire
) (
    input  logic              clk,
    input  logic              rst,
    input  logic              en,
    input  logic              skewed,
    input  logic [COLS*8-1:0] data,
    input  logic [  COLS-1:0] valid,
    input  logic [  COLS-1:0] drain,
    input  logic              bank,
    output logic [COLS*9-1:0] up,
    output logic [  COLS-1:0] col_en,
    output logic [  COLS-1:0] drain_valid,
    output logic [  COLS-1:0] drain_bank
);

  localparam int CUTS = (FUSE != 0) ? STAGES : 0;

  genvar j;
  generate
    for (j = 0; j < COLS; j = j + 1) begin : col
      localparam int WIRE = j * (CUTS + 1) / COLS;  // g(j)

      wire strobe_bank = drain[j] & bank;
      wire [10:0] skewed_q;
      wire [2:0] direct_q;

      delay_line #(
          .WIDTH(11),
          .DEPTH(j + WIRE)
      ) skewed_line (
          .clk(clk),
          .rst(rst),
          .en (en),
          .d  (skewed ? {data[j*8+:8], valid[j], drain[j], strobe_bank} : 11'd0),
          .q  (skewed_q)
      );
      delay_line #(
          .WIDTH(3),
          .DEPTH(WIRE)
      ) direct_line (
          .clk(clk),
          .rst(rst),
          .en (en),
          .d  (skewed ? 3'd0 : {valid[j], drain[j], strobe_bank}),
          .q  (direct_q)
      );

      assign up[j*9+:9]     = skewed_q[10:2];
      assign col_en[j]      = direct_q[2];
      assign drain_valid[j] = skewed_q[1] | direct_q[1];
      assign drain_bank[j]  = skewed_q[0] | direct_q[0];
    end
  endgenerate

endmodule
