// SPDX-License-Identifier: Apache-2.0
// Ternary adders of a PE: sums of lanes, each added or subtracted, with segments that end at any lane. The part behind
// the last end is kept for the next word.
module fused_ternary #(
    parameter int LANES   = 4,
    parameter int LADDERS = 2
) (
    input  logic                   clk,
    input  logic                   rst,
    input  logic                   active,     // a predictor word leaves, and this PE works on it
    input  logic [    LANES*4-1:0] value,      // signed; 0 in lanes that are not used
    input  logic [      LANES-1:0] negative,
    input  logic [            4:0] endings,
    input  logic [  LADDERS*7-1:0] ending,     // lanes up to each end, ascending
    output logic [ LADDERS*17-1:0] ended       // the sums that ended: this PE's part of the ending register
);

  logic [16:0] running;             // the sum that goes on in the next word
  logic [(LANES+1)*17-1:0] prefix;  // sums of the first 0 .. LANES lanes
  logic [LADDERS*17-1:0] sums;
  logic [16:0] left_of, rest;
  logic [16:0] lane;

  always_comb begin
    prefix = '0;
    sums = '0;
    left_of = '0;
    rest = '0;
    lane = '0;
    if (active) begin
      for (int l = 0; l < LANES; l = l + 1) begin
        lane = {{13{value[l*4+3]}}, value[l*4+:4]};
        prefix[(l+1)*17+:17] = negative[l] ? prefix[l*17+:17] - lane : prefix[l*17+:17] + lane;
      end
      // What lies left of a segment's first lane; the running sum is ahead of the first segment.
      left_of = 17'd0 - running;
      for (int f = 0; f < LADDERS; f = f + 1) begin
        if (f < 32'(endings)) begin
          sums[f*17+:17] = prefix[32'(ending[f*7+:7])*17+:17] - left_of;
          left_of = prefix[32'(ending[f*7+:7])*17+:17];
        end
      end
      rest = prefix[LANES*17+:17] - left_of;
    end
  end

  always_ff @(posedge clk) begin
    if (rst) begin
      running <= '0;
      ended   <= '0;
    end else begin
      if (active) running <= rest;
      ended <= sums;
    end
  end

endmodule
