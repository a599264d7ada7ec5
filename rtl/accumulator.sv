// SPDX-License-Identifier: Apache-2.0
// One bank of a PE: `acc` holds a sum of the PE or a word on its way down, `full` says that a sum waits to be drained.
module accumulator (
    input  logic        clk,
    input  logic        rst,
    input  logic        en,
    input  logic        strobe,       // the drain strobe of the column names this bank
    input  logic        mac,          // the PE accumulates into this bank
    input  logic [31:0] sum,
    input  logic        arrive,       // a word from the PE above comes to rest here for a cycle
    input  logic [31:0] arrive_data,
    output logic [31:0] acc,
    output logic        full
);

  always_ff @(posedge clk) begin
    if (rst) begin
      acc  <= '0;
      full <= 1'b0;
    end else if (en) begin
      if (arrive) acc <= arrive_data;
      else if (mac) acc <= sum;

      if (mac) full <= 1'b1;
      else if (strobe) full <= 1'b0;
    end
  end

endmodule
