// SPDX-License-Identifier: Apache-2.0
// The end of a PE: a list's sum times its operand, added up to a channel's result. One product a cycle.
module fused_multiplier #(
    parameter int ADDER_BITS = 20
) (
    input  logic                         clk,
    input  logic                         rst,
    input  logic                         list_end,       // a list's sum comes
    input  logic        [ADDER_BITS-1:0] list_sum,
    input  logic        [          15:0] list_operand,
    input  logic                         list_done,      // and with it the channel ends
    input  logic                         take,           // the output unit takes the result
    output logic                         multiply,
    output logic                         multiply_end,   // 0 unless `multiply`
    output logic                         result_valid,
    output logic        [          31:0] result
);

  logic signed [ADDER_BITS-1:0] factor;
  logic signed [15:0] operand;
  logic [31:0] acc;

  wire [31:0] sum = acc + 32'(factor) * 32'(operand);

  always_ff @(posedge clk) begin
    if (rst) begin
      multiply     <= 1'b0;
      factor       <= '0;
      operand      <= '0;
      multiply_end <= 1'b0;
      acc          <= '0;
      result_valid <= 1'b0;
      result       <= '0;
    end else begin
      multiply     <= list_end;
      factor       <= list_end ? list_sum : '0;
      operand      <= list_end ? list_operand : '0;
      multiply_end <= list_end && list_done;
      if (multiply) acc <= multiply_end ? '0 : sum;
      if (multiply_end) begin
        result_valid <= 1'b1;
        result       <= sum;
      end else if (take) begin
        result_valid <= 1'b0;
        result       <= '0;
      end
    end
  end

endmodule
