// SPDX-License-Identifier: Apache-2.0
// One lane of the output unit: bias, requantisation and the residual.
module fused_requantize (
    input  logic signed [31:0] sum,
    input  logic signed [31:0] bias,
    input  logic signed [31:0] multiplier,
    input  logic        [ 5:0] shift,
    input  logic signed [ 7:0] zero_out,
    input  logic signed [ 7:0] lowest,
    input  logic signed [ 7:0] highest,
    input  logic               add_residual,
    input  logic signed [ 7:0] residual,
    input  logic signed [ 7:0] zero_a,
    input  logic signed [ 7:0] zero_b,
    input  logic signed [ 7:0] residual_zero_out,
    input  logic signed [31:0] multiplier_a,
    input  logic signed [31:0] multiplier_b,
    input  logic        [ 5:0] residual_shift,
    input  logic signed [ 7:0] residual_lowest,
    input  logic signed [ 7:0] residual_highest,
    output logic signed [ 7:0] q
);

  // One C++ function for all lanes.
  /* verilator no_inline_module */

  wire signed [31:0] biased = sum + bias;
  wire signed [63:0] product = 64'(biased) * 64'(multiplier);
  wire signed [7:0] a;

  fused_rounding requantized (
      .value  (product),
      .shift  (shift),
      .zero   (zero_out),
      .lowest (lowest),
      .highest(highest),
      .q      (a)
  );

  wire signed [8:0] from_a = 9'(a) - 9'(zero_a);
  wire signed [8:0] from_b = 9'(residual) - 9'(zero_b);
  wire signed [63:0] both = 64'(from_a) * 64'(multiplier_a) + 64'(from_b) * 64'(multiplier_b);
  wire signed [7:0] with_residual;

  fused_rounding added (
      .value  (both),
      .shift  (residual_shift),
      .zero   (residual_zero_out),
      .lowest (residual_lowest),
      .highest(residual_highest),
      .q      (with_residual)
  );

  assign q = add_residual ? with_residual : a;

endmodule
