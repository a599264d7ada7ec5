// SPDX-License-Identifier: Apache-2.0
// Left edge: skews the rows of a GEMM (row i is delayed by i registers), hands the rows of a FuSe fold on at once.
// An operand is {data (8), valid, first, bank}.
module left_feeder #(
    parameter int ROWS = 4
) (
    input  logic               clk,
    input  logic               rst,
    input  logic               en,
    input  logic               skewed,
    input  logic [ ROWS*8-1:0] data,
    input  logic [   ROWS-1:0] valid,
    input  logic               first,
    input  logic               bank,
    output logic [ROWS*11-1:0] left
);

  genvar i;
  generate
    for (i = 0; i < ROWS; i = i + 1) begin : row
      wire [10:0] entering = {data[i*8+:8], valid[i], first & valid[i], bank & valid[i]};
      wire [10:0] delayed;

      delay_line #(
          .WIDTH(11),
          .DEPTH(i)
      ) skew (
          .clk(clk),
          .rst(rst),
          .en (en),
          .d  (skewed ? entering : 11'd0),
          .q  (delayed)
      );

      assign left[i*11+:11] = skewed ? delayed : {data[i*8+:8], 3'b000};
    end
  endgenerate

endmodule
