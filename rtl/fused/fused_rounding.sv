// SPDX-License-Identifier: Apache-2.0
// The one rounding of docs/arithmetic.md: floor((value + 2^(shift - 1)) / 2^shift) + zero, clamped. |value| < 2^62,
// shift 1 .. 62.
module fused_rounding (
    input  logic signed [63:0] value,
    input  logic        [ 5:0] shift,
    input  logic signed [ 7:0] zero,
    input  logic signed [ 7:0] lowest,
    input  logic signed [ 7:0] highest,
    output logic signed [ 7:0] q
);

  wire signed [63:0] half = 64'sd1 <<< (shift - 6'd1);
  wire signed [63:0] rounded = ((value + half) >>> shift) + 64'(zero);

  assign q = rounded < 64'(lowest) ? lowest : rounded > 64'(highest) ? highest : rounded[7:0];

endmodule
