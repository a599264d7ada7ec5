// SPDX-License-Identifier: Apache-2.0
// The output unit: takes a channel's results when all PEs have one, then works on OUTPUT_LANES of them a cycle. Bytes
// leave from a register, one cycle later.
module fused_output #(
    parameter int PES          = 4,
    parameter int OUTPUT_LANES = 2
) (
    input  logic                      clk,
    input  logic                      rst,
    input  logic [           PES-1:0] result_valid,
    input  logic [        PES*32-1:0] result,
    output logic                      takes,
    // of the channel, taken with its results
    input  logic [              31:0] bias,
    input  logic [              31:0] multiplier,
    input  logic [               5:0] shift,
    input  logic [               7:0] zero_out,
    input  logic [               7:0] lowest,
    input  logic [               7:0] highest,
    input  logic                      add_residual,
    input  logic [               7:0] zero_a,
    input  logic [               7:0] zero_b,
    input  logic [               7:0] residual_zero_out,
    input  logic [              31:0] multiplier_a,
    input  logic [              31:0] multiplier_b,
    input  logic [               5:0] residual_shift,
    input  logic [               7:0] residual_lowest,
    input  logic [               7:0] residual_highest,
    // residual bytes of the group that is worked on
    input  logic [OUTPUT_LANES*8-1:0] residual,
    output logic                      busy,
    output logic [              14:0] group,
    output logic                      emits,
    output logic [              14:0] emitted_group,
    output logic [OUTPUT_LANES*8-1:0] emitted
);

  localparam int GROUPS = (PES + OUTPUT_LANES - 1) / OUTPUT_LANES;
  localparam int PARAMETERS = 4 * 32 + 2 * 6 + 8 * 8 + 1;

  logic [GROUPS*OUTPUT_LANES*32-1:0] taken;
  logic [PARAMETERS-1:0] parameters;

  wire [31:0] t_bias, t_multiplier, t_multiplier_a, t_multiplier_b;
  wire [5:0] t_shift, t_residual_shift;
  wire [7:0] t_zero_out, t_lowest, t_highest, t_zero_a, t_zero_b, t_residual_zero_out, t_residual_lowest,
      t_residual_highest;
  wire t_add_residual;
  assign {t_bias, t_multiplier, t_shift, t_zero_out, t_lowest, t_highest, t_add_residual, t_zero_a, t_zero_b,
          t_residual_zero_out, t_multiplier_a, t_multiplier_b, t_residual_shift, t_residual_lowest,
          t_residual_highest} = parameters;

  assign takes = !busy && &result_valid;

  wire [OUTPUT_LANES*32-1:0] sums = taken[32'(group)*OUTPUT_LANES*32+:OUTPUT_LANES*32];
  wire [OUTPUT_LANES*8-1:0] bytes;

  genvar i;
  generate
    for (i = 0; i < OUTPUT_LANES; i = i + 1) begin : lanes
      fused_requantize lane (
          .sum              (sums[i*32+:32]),
          .bias             (t_bias),
          .multiplier       (t_multiplier),
          .shift            (t_shift),
          .zero_out         (t_zero_out),
          .lowest           (t_lowest),
          .highest          (t_highest),
          .add_residual     (t_add_residual),
          .residual         (residual[i*8+:8]),
          .zero_a           (t_zero_a),
          .zero_b           (t_zero_b),
          .residual_zero_out(t_residual_zero_out),
          .multiplier_a     (t_multiplier_a),
          .multiplier_b     (t_multiplier_b),
          .residual_shift   (t_residual_shift),
          .residual_lowest  (t_residual_lowest),
          .residual_highest (t_residual_highest),
          .q                (bytes[i*8+:8])
      );
    end
  endgenerate

  always_ff @(posedge clk) begin
    if (rst) begin
      taken         <= '0;
      parameters    <= '0;
      busy          <= 1'b0;
      group         <= '0;
      emits         <= 1'b0;
      emitted_group <= '0;
      emitted       <= '0;
    end else begin
      if (takes) begin
        taken <= (GROUPS * OUTPUT_LANES * 32)'(result);
        parameters <= {
          bias, multiplier, shift, zero_out, lowest, highest, add_residual, zero_a, zero_b,
          residual_zero_out, multiplier_a, multiplier_b, residual_shift, residual_lowest, residual_highest
        };
        busy <= 1'b1;
        group <= '0;
      end else if (busy) begin
        busy  <= 32'(group) + 1 < GROUPS;
        group <= group + 15'd1;
      end
      emits <= busy;
      if (busy) begin
        emitted_group <= group;
        emitted       <= bytes;
      end
    end
  end

endmodule
